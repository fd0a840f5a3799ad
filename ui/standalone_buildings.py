"""Outlines and tooltips of all buildings in a few bytes each, for the stand-alone map.

The data is gzip over columns of whole numbers from 0, each in byte planes: the lowest byte of every number first,
then the second, and so on, as many as the column needs. Where a number n may be negative (±), 2n stands for it, or
-2n - 1 below zero. Buildings come along a space-filling curve, so that neighbours, who are alike, stand together.
The columns, in order:

- ``rings``: rings of each building, outer ones counter-clockwise, holes clockwise;
- ``corners``: corners of each ring, which ends before it returns to its first;
- ``start_x, start_y``: first corner of each ring less that of the ring before, ± [1e-6 degrees];
- ``step_x, step_y``: every further corner less the one before it, ± [1e-6 degrees]; in a ring of four, the first
  step is added to the last, which leaves nothing in a rectangle;
- a column for each code, an index into its ``words``;
- a column for each figure: 0 where unknown, else the figure, ±, plus 1;
- a column for each colouring that does not draw every building: 1 where it is drawn.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.catalog import label
from ui.building_tip import CODES, FIGURES, UNKNOWN, code_words

Integers = NDArray[np.int64]
Columns = dict[str, Integers]

PER_DEGREE: Final = 1_000_000
_LEVEL: Final = 9
_BYTE: Final = 8
# The browser computes in doubles, which hold whole numbers up to 2⁵³, and the coding doubles a figure.
_GREATEST: Final = 2.0**52


@dataclass(frozen=True, slots=True)
class Packed:
    """What the browser must know to read the data, and the data."""

    head: dict[str, Any]
    data: bytes = field(repr=False)


def pack(buildings: gpd.GeoDataFrame, drawn: Mapping[str, NDArray[np.bool_]], language: str) -> Packed | None:
    """Return the buildings that at least one colouring draws, or None if there are none.

    Parameters
    ----------
    buildings : GeoDataFrame
        Assessed buildings in lon-lat.
    drawn : mapping of str to ndarray of bool
        For each colouring, whether it draws a building.
    language : str
        Language of the words.

    Raises
    ------
    ValueError
        If a figure is too large for the browser.
    """
    wanted = np.logical_or.reduce([np.zeros(len(buildings), bool), *drawn.values()])
    geometry = buildings.geometry.to_numpy()
    rows = np.flatnonzero(wanted & ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry))
    if not len(rows):
        return None
    rows = rows[np.argsort(buildings.geometry.iloc[rows].hilbert_distance().to_numpy(), kind="stable")]
    frame = buildings.iloc[rows]
    columns = _outlines(geometry[rows])
    words: dict[str, list[str]] = {}
    for name in CODES:
        columns[name], words[name] = _codes(frame[name], language)
    for name in FIGURES:
        columns[name] = _figures(frame[name])
    masks = {name: mask[rows] for name, mask in drawn.items()}
    columns |= {_mask(name): mask.astype(np.int64) for name, mask in masks.items() if not mask.all()}
    planes = {name: _planes(values) for name, values in columns.items()}
    head = {
        "per_degree": PER_DEGREE,
        "count": len(rows),
        "columns": [[name, len(values), len(planes[name])] for name, values in columns.items()],
        "codes": [[name, label("column", name, language), words[name]] for name in CODES],
        "figures": [[name, label("column", name, language)] for name in FIGURES],
        "masks": {name: None if mask.all() else _mask(name) for name, mask in masks.items()},
        "unknown": UNKNOWN,
    }
    raw = b"".join(plane for column in planes.values() for plane in column)
    return Packed(head, gzip.compress(raw, _LEVEL, mtime=0))


def _mask(name: str) -> str:
    return f"drawn_by_{name}"


def _outlines(geometry: NDArray[Any]) -> Columns:
    """Return the columns of the outlines."""
    parts, row_of = shapely.get_parts(shapely.orient_polygons(geometry), return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    lonlat, ring_of = shapely.get_coordinates(rings, return_index=True)
    closing = np.append(ring_of[1:] != ring_of[:-1], True)
    corner = np.rint(lonlat[~closing] * PER_DEGREE).astype(np.int64)
    counts = np.bincount(ring_of[~closing], minlength=len(rings))
    begin = np.cumsum(counts) - counts
    step = np.diff(corner, axis=0, prepend=0)
    last = begin[counts == 4] + 3
    step[last] += step[last - 2]
    inner = np.ones(len(corner), bool)
    inner[begin] = False
    start, step = _unsigned(np.diff(corner[begin], axis=0, prepend=0)), _unsigned(step[inner])
    return {
        "rings": np.bincount(row_of[part_of], minlength=len(geometry)),
        "corners": counts,
        "start_x": start[:, 0],
        "start_y": start[:, 1],
        "step_x": step[:, 0],
        "step_y": step[:, 1],
    }


def _codes(values: pd.Series, language: str) -> tuple[Integers, list[str]]:
    """Return the place of each value's label in the list of labels, and that list."""
    places, known = pd.factorize(values, use_na_sentinel=False)
    return places.astype(np.int64), [code_words(str(values.name), value, language) for value in known]


def _figures(values: pd.Series) -> Integers:
    """Return figures rounded as they are shown, coded so that 0 stands for an unknown one."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(numbers)
    shown = np.rint(np.where(known, numbers, 0.0))
    if (np.abs(shown) >= _GREATEST).any():
        raise ValueError(f"{values.name} has figures beyond {_GREATEST:.0f}")
    return np.where(known, _unsigned(shown.astype(np.int64)) + 1, 0)


def _unsigned(values: Integers) -> Integers:
    """Return whole numbers as non-negative ones, small for small."""
    return np.where(values < 0, -2 * values - 1, 2 * values)


def _planes(values: Integers) -> list[bytes]:
    """Return the byte planes of whole numbers from 0, the lowest first."""
    count = max(1, -(-int(values.max(initial=0)).bit_length() // _BYTE))
    return [(values >> (_BYTE * plane) & 0xFF).astype(np.uint8).tobytes() for plane in range(count)]
