"""Heat networks without a source, without a document, or with pipes that nearly meet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import parameters
from geo.quality.clusters import Positions, labels
from geo.quality.findings import Finding
from geo.quality.sheets import City, Objects, Sheet, written


def _limit(name: str) -> float:
    return parameters.value("quality", name)


def _silent(values: Objects) -> NDArray[np.bool_]:
    return np.array([value is None for value in values], dtype=bool)


def _sources(city: City, sheet: Sheet) -> list[Finding]:
    plant = sheet.words("plant_id")
    found = sheet.whole("network_no_source", "note", _silent(plant))
    plants = city.get("plants")
    if plants is None:
        return found
    strays = ~_silent(plant) & ~pd.Series(plant, dtype=object).isin(list(plants.words("plant_id"))).to_numpy()
    for code in sorted(set(plant[strays])):
        found += sheet.whole("network_plant_unknown", "error", strays & (plant == code), plant=str(code))
    return found


def _declarations(sheet: Sheet) -> list[Finding]:
    kind = sheet.words("kind")
    areas = np.asarray(kind == "service_area", dtype=bool)
    found = sheet.whole("area_no_supplier", "question", areas & _silent(sheet.words("supplier")))
    found += sheet.whole("area_no_document", "question", areas & _silent(sheet.words("document")))
    found += sheet.whole("pipe_no_dn", "note", np.asarray(kind == "pipe") & np.isnan(sheet.numbers("dn_mm")))
    size, areas = sheet.area_m2, areas & sheet.polygonal
    for at in np.flatnonzero(areas & ((size < _limit("service_least_m2")) | (size > _limit("service_most_km2") * 1e6))):
        found.append(sheet.doubt("area_size", "question", [at], area=written(size[at] / 1e6)))
    return found


def _ends(lines: Objects) -> tuple[Objects, Positions]:
    """Return the end points of all parts of some lines, with the position of the line of each."""
    parts, owner = shapely.get_parts(shapely.line_merge(lines), return_index=True)
    parts_ends = np.concatenate((shapely.get_point(parts, 0), shapely.get_point(parts, -1)))
    owners = np.concatenate((owner, owner)).astype(np.intp)
    there = ~shapely.is_missing(parts_ends)
    return parts_ends[there], owners[there]


def _near_meetings(lines: Objects) -> tuple[Positions, Positions, NDArray[np.float64]]:
    """Return which line's end comes near which other line, and the gap [m]."""
    points, owner = _ends(lines)
    at_end, at_line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=_limit("pipe_gap_m"))
    other = owner[at_end] != at_line
    at_end, at_line = at_end[other], at_line[other]
    gap = np.asarray(shapely.distance(points[at_end], lines[at_line]), dtype=float)
    return owner[at_end], at_line.astype(np.intp), gap


def _gaps(sheet: Sheet) -> list[Finding]:
    """Find pipes whose ends nearly meet another pipe of a piece that they are not joined with.

    A pipe that runs along the other all its length is its return pipe, and no gap.
    """
    own = np.flatnonzero((shapely.get_dimensions(sheet.local) == 1) & (sheet.words("kind") == "pipe"))
    if len(own) < 2:
        return []
    lines = sheet.local[own]
    one, two, gap = _near_meetings(lines)
    joined = gap <= _limit("pipe_touch_m")
    piece = labels(one[joined], two[joined], len(own))
    apart = piece[one] != piece[two]
    one, two, gap = one[apart], two[apart], gap[apart]
    along = shapely.within(lines[one], shapely.buffer(lines[two], 2 * _limit("pipe_gap_m")))
    along |= shapely.within(lines[two], shapely.buffer(lines[one], 2 * _limit("pipe_gap_m")))
    one, two, gap = one[~along], two[~along], gap[~along]
    pairs = pd.DataFrame({"first": np.minimum(one, two), "second": np.maximum(one, two), "gap": gap})
    nearest = pairs.groupby(["first", "second"], as_index=False, sort=True)["gap"].min()
    return [
        sheet.doubt("pipe_gap", "question", (own[a], own[b]), gap=written(float(f"{metres:.2g}")))
        for a, b, metres in nearest.itertuples(index=False)
    ]


def examine_networks(city: City) -> list[Finding]:
    """Find networks that lack what a coverage verdict rests on."""
    sheet = city.get("networks")
    return [] if sheet is None else _sources(city, sheet) + _declarations(sheet) + _gaps(sheet)
