"""Foreign column names and coded values, translated once by the tables of data/vocabulary."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Final

import pandas as pd

from data.catalog import DATA_DIR, LAYERS

GEOMETRY_COLUMNS: Final = ("longitude", "latitude", "wkt")


def normalise(name: object) -> str:
    """Fold what people write differently: case, spaces, full-width brackets, unit glyphs."""
    folded = str(name).strip().lower()
    for old, new in (("（", "("), ("）", ")"), ("㎡", "m²"), ("／", "/"), (" ", ""), ("\u3000", ""), ("\n", "")):
        folded = folded.replace(old, new)
    return folded


@cache
def _columns() -> dict[str, dict[str, tuple[str, str, str]]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "columns.csv", dtype=str, keep_default_na=False)
    found: dict[str, dict[str, tuple[str, str, str]]] = defaultdict(dict)
    for layer, column, foreign, unit in table.itertuples(index=False):
        found[layer][normalise(foreign)] = (column, unit, foreign)
    return dict(found)


@cache
def _values() -> dict[tuple[str, str], dict[str, str]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "values.csv", dtype=str, keep_default_na=False)
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for layer, column, foreign, value in table.itertuples(index=False):
        found[layer, column][normalise(foreign)] = value
    return dict(found)


def columns(layer: str, names: list[str]) -> dict[str, tuple[str, str]]:
    """Return, for each foreign name that the layer knows, our column and the unit of the foreign one.

    A column is taken once per unit: the first name in file order that means it wins.
    """
    known = _columns().get(layer, {})
    found: dict[str, tuple[str, str]] = {}
    exact = {column for column, _, foreign in known.values() if foreign in names and column == foreign}
    for name in names:
        entry = known.get(normalise(name))
        if entry is None or (entry[0] in exact and name != entry[0] and not entry[1]):
            continue
        if (entry[0], entry[1]) not in found.values():
            found[name] = (entry[0], entry[1])
    return found


def coded(layer: str, column: str) -> dict[str, str]:
    """Return the foreign values of a coded column, folded, with the value that each stands for."""
    return _values().get((layer, column), {})


def guess_layer(names: list[str], geometry_kinds: set[str]) -> tuple[str, int]:
    """Return the layer whose vocabulary knows most of the names, and how many it knows.

    Geometry settles what names leave open: lines are networks, and only buildings and boundaries are areas.
    """
    scores = {}
    for layer in LAYERS:
        found = {column for column, _ in columns(layer, names).values()} - set(GEOMETRY_COLUMNS)
        scores[layer] = len(found - {"name"}) * 2 + ("name" in found)
    areas = bool(geometry_kinds) and geometry_kinds <= {"Polygon", "MultiPolygon"}
    if geometry_kinds & {"LineString", "MultiLineString"}:
        return "networks", scores["networks"]
    for layer in ("boilers",) if areas else ("buildings", "counties", "parcels") if geometry_kinds else ():
        scores[layer] = -1
    best = max(scores, key=lambda layer: scores[layer])
    return best, scores[best]
