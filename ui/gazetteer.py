"""Finding places by name, code or coordinates: what the search field of the map asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

PLACE: Final = "place"
MOST_HITS: Final = 12
LONGEST: Final = 80
_RANKED: Final = 200
_NUMBER: Final = r"([+-]?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEWnsew北南东西]?)"
_POSITION: Final = re.compile(rf"^\s*{_NUMBER}[\s,，;；]+{_NUMBER}\s*$")
_NORTH: Final = frozenset("NSns北南")
_SOUTH_WEST: Final = frozenset("SsWw南西")
_MOST_LATITUDE: Final = 85.0
_MOST_LONGITUDE: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place that was found: what it is, its name and code, where [degrees], its row, and what else tells it apart."""

    kind: str
    name: str
    code: str
    lon: float
    lat: float
    row: int | None = None
    note: str = ""


def position(query: str) -> tuple[float, float] | None:
    """Return longitude and latitude [degrees] that a person typed in either order, or None.

    >>> position("39.01, 106.38"), position("106.38 39.01"), position("106.38E，39.01N"), position("大武口")
    ((106.38, 39.01), (106.38, 39.01), (106.38, 39.01), None)
    """
    found = _POSITION.match(query)
    if found is None:
        return None
    first, mark, second, other = found.groups()
    values = [-float(n) if m in _SOUTH_WEST and m else float(n) for n, m in ((first, mark), (second, other))]
    # a letter tells; else the greater one is the longitude, as everywhere in China
    swapped = mark in _NORTH if mark else other not in _NORTH if other else abs(values[0]) < abs(values[1])
    lon, lat = (values[1], values[0]) if swapped else (values[0], values[1])
    return (lon, lat) if abs(lon) <= _MOST_LONGITUDE and abs(lat) <= _MOST_LATITUDE else None


class Gazetteer:
    """Names and codes of all that can be looked for, ready to be searched.

    Parameters
    ----------
    layers : sequence of tuple
        Kind, frame in lon-lat, column of the code, column of the name or None, and column of a note or None. Where
        several rows share a code, the first counts.
    """

    def __init__(self, layers: Sequence[tuple[str, gpd.GeoDataFrame, str, str | None, str | None]]) -> None:
        kinds, codes, names, notes, rows, points = [], [], [], [], [], []
        for kind, frame, code, name, note in layers:
            first = np.flatnonzero(~frame[code].duplicated().to_numpy() & ~frame.geometry.is_empty.to_numpy())
            kept = frame.iloc[first]
            kinds.append(np.full(len(kept), kind))
            codes.append(_words(kept, code))
            names.append(_words(kept, name))
            notes.append(_words(kept, note))
            rows.append(first)
            points.append(_middles(kept))
        self._kinds = np.concatenate(kinds) if kinds else np.zeros(0, dtype=str)
        self._rows = np.concatenate(rows) if rows else np.zeros(0, dtype=int)
        self._points = np.concatenate(points) if points else np.zeros((0, 2))
        self._codes, self._names, self._notes = (_joined(parts) for parts in (codes, names, notes))

    def find(self, query: str, *, most: int = MOST_HITS) -> list[Hit]:
        """Return what fits best: a position, then equal codes and names, then beginnings, then parts.

        Upper and lower case are alike. Nothing is found for an empty query or one of more than 80 characters.
        """
        wanted = query.strip()
        if not wanted or len(wanted) > LONGEST:
            return []
        spot = position(wanted)
        if spot is not None:
            return [Hit(kind=PLACE, name=f"{spot[0]:.6f}, {spot[1]:.6f}", code="", lon=spot[0], lat=spot[1])]
        there = np.zeros(len(self._kinds), dtype=bool)
        for words in (self._codes, self._names):
            there |= np.asarray(pc.match_substring(words, wanted, ignore_case=True))
        places = self._likely(there, wanted)
        ranks = [self._rank(int(place), wanted.casefold()) for place in places]
        # buildings are the many: among equals they come last, as the order of the layers has it
        order = sorted(range(len(places)), key=lambda nth: (ranks[nth], int(places[nth])))[:most]
        return [self._hit(int(places[nth])) for nth in order]

    def _likely(self, there: NDArray[np.bool_], wanted: str) -> NDArray[np.intp]:
        """Return the places that begin with what is wanted, then the others, as many as are worth ranking."""
        starts = np.zeros(len(there), dtype=bool)
        for words in (self._codes, self._names):
            starts |= np.asarray(pc.starts_with(words, wanted, ignore_case=True))
        equal = np.zeros(len(there), dtype=bool)
        for words in (self._codes, self._names):
            equal |= np.asarray(pc.equal(pc.utf8_lower(words), wanted.lower()))
        groups = (equal, starts & ~equal, there & ~starts)
        return np.concatenate([np.flatnonzero(group)[:_RANKED] for group in groups])

    def _rank(self, place: int, wanted: str) -> tuple[int, int]:
        words = [self._codes[place].as_py().casefold(), self._names[place].as_py().casefold()]
        best = 0 if wanted in words else 1 if any(word.startswith(wanted) for word in words) else 2
        return best, min(len(word) for word in words if wanted in word)

    def _hit(self, place: int) -> Hit:
        code, name = self._codes[place].as_py(), self._names[place].as_py()
        lon, lat = self._points[place].tolist()
        note = " · ".join(part for part in (code if name else "", self._notes[place].as_py()) if part)
        return Hit(
            kind=str(self._kinds[place]),
            name=name or code,
            code=code,
            lon=lon,
            lat=lat,
            row=int(self._rows[place]),
            note=note,
        )


def _words(frame: gpd.GeoDataFrame, column: str | None) -> pa.Array:
    if column is None or column not in frame.columns:
        return pa.array([""] * len(frame), type=pa.string())
    return pa.array(frame[column].astype(object).where(frame[column].notna(), "").astype(str), type=pa.string())


def _joined(parts: list[pa.Array]) -> pa.Array:
    return pa.concat_arrays(parts) if parts else pa.array([], type=pa.string())


def _middles(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    inside = shapely.point_on_surface(frame.geometry.to_numpy())
    return np.column_stack([shapely.get_x(inside), shapely.get_y(inside)])


def as_json(hits: Sequence[Hit], labels: dict[str, str]) -> list[dict[str, Any]]:
    """Return hits as the browser takes them, kinds named by `labels`."""
    return [
        {
            "kind": hit.kind,
            "kind_label": labels.get(hit.kind, ""),
            "name": hit.name,
            "id": hit.code or None,
            "lon": hit.lon,
            "lat": hit.lat,
            "row": hit.row if hit.kind == "building" else None,
            "note": hit.note,
        }
        for hit in hits
    ]
