"""OpenStreetMap extracts (.osm, .osm.pbf): areas with their tags as columns, by the driver of GDAL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from data.catalog import LAYERS
from geo.vocabulary import columns

AREAS: Final = "multipolygons"
BUILDINGS: Final = "buildings"
IS_BUILDING: Final = "building IS NOT NULL"
OPTIONS: Final = {"TAGS_FORMAT": "JSON"}
_TAGS: Final = "other_tags"


def _tags(cell: object) -> dict[str, Any]:
    if isinstance(cell, str):
        cell = json.loads(cell)
    return dict(cell) if isinstance(cell, Mapping) else {}


def spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Return an extract with a column for each tag that the vocabulary knows, and one identifier.

    Parameters
    ----------
    frame : pandas.DataFrame
        What GDAL gives: ``osm_id`` of relations, ``osm_way_id`` of ways, and the lesser tags in ``other_tags``, which
        stays as it is.
    """
    done = frame.copy()
    if "osm_way_id" in done:
        way = "way/" + done["osm_way_id"].astype("string")
        relation = "relation/" + done["osm_id"].astype("string")
        done["osm_id"] = way.fillna(relation).astype(object)
        done = done.drop(columns="osm_way_id")
    empty = [name for name in done if name not in ("geometry", "osm_id", _TAGS) and done[name].isna().all()]
    done = done.drop(columns=empty)
    if _TAGS not in done:
        return done
    tags = [_tags(cell) for cell in done[_TAGS]]
    keys = sorted({key for row in tags for key in row} - set(done))
    for key in (key for key in keys if any(columns(layer, [key]) for layer in LAYERS)):
        done[key] = [row.get(key) for row in tags]
    return done
