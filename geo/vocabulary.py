"""Foreign column names and coded values, translated once by the tables of data/vocabulary."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Final

import pandas as pd

from data.catalog import DATA_DIR, LAYERS
from data.schemas import IDENTIFIERS, allowed

GEOMETRY_COLUMNS: Final = ("longitude", "latitude", "wkt")
_GLYPHS: Final = str.maketrans({"（": "(", "）": ")", "㎡": "m²", "／": "/", " ": None, "\u3000": None, "\n": None})


def normalise(name: object) -> str:
    """Fold what people write differently: case, spaces, full-width brackets, unit glyphs."""
    return str(name).strip().lower().translate(_GLYPHS)


@cache
def _columns() -> dict[str, dict[str, tuple[str, str]]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "columns.csv", dtype=str, keep_default_na=False)
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for layer, column, foreign, unit in table.itertuples(index=False):
        found[layer][normalise(foreign)] = (column, unit)
    return dict(found)


@cache
def _values() -> dict[tuple[str, str], dict[str, str]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "values.csv", dtype=str, keep_default_na=False)
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for layer, column, foreign, value in table.itertuples(index=False):
        found[layer, column][normalise(foreign)] = value
    return dict(found)


@cache
def _every_name() -> frozenset[str]:
    return frozenset(name for known in _columns().values() for name in known)


def is_known(name: str) -> bool:
    """Tell whether any layer knows a column of this name."""
    return normalise(name) in _every_name()


def columns(layer: str, names: list[str]) -> dict[str, tuple[str, str]]:
    """Return, for each foreign name that the layer knows, our column and the unit of the foreign one.

    The order is the vocabulary's: where several names mean one column, the first is the one to believe. A column
    under our own name stands alone, except for those in other units.
    """
    known = _columns().get(layer, {})
    order = {folded: rank for rank, folded in enumerate(known)}
    ranked = sorted((name for name in names if normalise(name) in known), key=lambda name: order[normalise(name)])
    found = {name: known[normalise(name)] for name in ranked}
    own = {column for name, (column, _) in found.items() if name == column}
    return {
        name: (column, unit) for name, (column, unit) in found.items() if unit or column not in own or name == column
    }


def coded(layer: str, column: str) -> dict[str, str]:
    """Return the foreign values of a coded column, folded, with the value that each stands for."""
    return _values().get((layer, column), {})


def words(layer: str, column: str) -> list[str]:
    """Return one word a person may write for each coded value of a column: the first that the table has."""
    first: dict[str, str] = {}
    for foreign, value in coded(layer, column).items():
        first.setdefault(value, foreign)
    return list(first.values()) or list(allowed(layer, column) or ())


def guess_layer(names: list[str], geometry_kinds: set[str]) -> tuple[list[str], int]:
    """Return the layers whose vocabulary knows most of the names, and how many points that makes.

    Geometry settles what names leave open: lines are networks, areas are no boilers, and points are no outlines.
    More than one layer, or no point, means that the kind cannot be told.
    """
    scores = {}
    for layer in LAYERS:
        found = {column for column, _ in columns(layer, names).values()} - set(GEOMETRY_COLUMNS)
        scores[layer] = len(found - {"name"}) * 2 + ("name" in found) + (IDENTIFIERS[layer] in found)
    if geometry_kinds & {"LineString", "MultiLineString"}:
        return ["networks"], scores["networks"]
    areas = bool(geometry_kinds) and geometry_kinds <= {"Polygon", "MultiPolygon"}
    for layer in ("boilers",) if areas else ("buildings", "counties", "parcels", "networks") if geometry_kinds else ():
        scores[layer] = 0
    best = max(scores.values())
    return [layer for layer, score in scores.items() if score == best], best
