"""An empty workbook with the headers that every layer is read from, and what may stand below them."""

from __future__ import annotations

from typing import Final

import pandas as pd

from data.catalog import LAYERS, label, text
from data.schemas import GEOMETRY_TYPES, IDENTIFIERS, allowed, data_columns, schema, title
from geo.export import xlsx_bytes
from geo.vocabulary import words

PLACES: Final = ("longitude", "latitude")
OUTLINE: Final = "wkt"


def headers(layer: str, language: str = "zh") -> dict[str, str]:
    """Return the headers of a layer's template with our column for each; outlines are written as WKT."""
    kinds = GEOMETRY_TYPES[layer]
    places = PLACES if "Point" in kinds and "LineString" not in kinds else (OUTLINE,)
    return {title(layer, name, language): name for name in data_columns(layer)} | {
        label("gate.column", name, language): name for name in places
    }


def _explained(layer: str, language: str) -> pd.DataFrame:
    fields = schema(layer).columns
    rows = []
    for header, name in headers(layer, language).items():
        field = fields.get(name)
        needed = name in (*PLACES, OUTLINE) or (field is not None and not field.nullable and not allowed(layer, name))
        said = words(layer, name) if field is not None and allowed(layer, name) else []
        rows.append(
            {
                text("column.layer", language): label("layer", layer, language),
                text("gate.header", language): header,
                text("gate.needed", language): text("gate.yes" if needed else "gate.no", language),
                text("gate.allowed", language): " / ".join(said),
                text("gate.remark", language): text("gate.identifier", language) if name == IDENTIFIERS[layer] else "",
            }
        )
    return pd.DataFrame(rows)


def template(language: str = "zh") -> bytes:
    """Return a workbook with one empty sheet a layer, named as the layer, and a sheet that explains the columns."""
    empty = {label("layer", layer, language): pd.DataFrame(columns=list(headers(layer, language))) for layer in LAYERS}
    explained = pd.concat([_explained(layer, language) for layer in LAYERS], ignore_index=True)
    return xlsx_bytes({text("gate.explained", language): explained} | empty)
