"""Footprints that overlap, repeat or cannot be a building, and districts that do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from data import parameters
from geo.crs import STORED
from geo.quality.clusters import Positions, close_pairs, clusters, equal_groups
from geo.quality.findings import Finding
from geo.quality.sheets import City, Objects, Sheet, span, written

_GRID_M: Final = 0.01
_BLOCK: Final = 50_000
_TURNS: Final = 9


def _limit(name: str) -> float:
    return parameters.value("quality", name)


def _copies(sheet: Sheet) -> list[Positions]:
    """Return the groups of footprints that are the same shape to the last digit."""
    shapes = shapely.normalize(sheet.shapes)
    return equal_groups(np.array(shapely.to_wkb(shapes), dtype=object))


def _boxes(shapes: Objects) -> Iterator[NDArray[np.float64]]:
    """Give the boxes round some polygons, in a plane that is turned step by step; shape (n, 4)."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    start = np.flatnonzero(np.diff(owner, prepend=-1))
    for turn in np.linspace(0.0, np.pi / 2, _TURNS, endpoint=False):
        u = xy @ np.array([np.cos(turn), np.sin(turn)])
        v = xy @ np.array([-np.sin(turn), np.cos(turn)])
        sides = [reduce.reduceat(axis, start) for reduce in (np.minimum, np.maximum) for axis in (u, v)]
        yield np.column_stack(sides)


def _box_overlap(bounds: NDArray[np.float64], first: Positions, second: Positions) -> NDArray[np.float64]:
    """Return the area [m2] that the boxes of each pair share: no pair of shapes shares more."""
    one, two = bounds[first], bounds[second]
    sides = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    return np.asarray(np.clip(sides, 0, None).prod(axis=1), dtype=float)


def overlaps(
    shapes: Objects, area_m2: NDArray[np.float64], *, least_m2: float, least_share: float
) -> tuple[Positions, Positions, NDArray[np.float64]]:
    """Find the pairs of areas that share more than a little.

    Parameters
    ----------
    shapes : array of geometry
        Polygons in metres; shape (n,).
    area_m2 : array of float
        Their areas [m2].
    least_m2, least_share : float
        Least shared area [m2], and least share of the smaller one [1].

    Returns
    -------
    first, second : array of int
        Positions, first < second.
    shared_m2 : array of float
        What they share [m2].
    """
    boxes = list(_boxes(shapes)) if len(shapes) else []
    parts = []
    for left, right in close_pairs(shapes):
        first, second = left, right
        for bounds in boxes:  # walls in common are told from overlaps by some turn, and cost no intersection
            needed = np.maximum(least_m2, least_share * np.minimum(area_m2[first], area_m2[second]))
            maybe = _box_overlap(bounds, first, second) >= needed
            first, second = first[maybe], second[maybe]
        needed = np.maximum(least_m2, least_share * np.minimum(area_m2[first], area_m2[second]))
        for at in range(0, len(first), _BLOCK):
            some = slice(at, at + _BLOCK)
            shared = shapely.area(shapely.intersection(shapes[first[some]], shapes[second[some]]))
            keep = shared >= needed[some]
            parts.append((first[some][keep], second[some][keep], shared[keep]))
    if not parts:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0)
    one, two, shared = (np.concatenate([part[turn] for part in parts]) for turn in range(3))
    order = np.lexsort((two, one))
    return one[order], two[order], shared[order]


def _buildings_twice(sheet: Sheet, groups: list[Positions]) -> list[Finding]:
    area = sheet.area_m2
    return [
        sheet.doubt("building_twice", "error", at, mend="drop_later", count=str(len(at)), area=span(area[at].round(1)))
        for at in groups
    ]


def _overlapping(sheet: Sheet) -> list[Finding]:
    copies = _copies(sheet)
    first_of = np.arange(len(sheet))
    for group in copies:
        first_of[group] = group[0]
    own = np.flatnonzero(sheet.polygonal & (first_of == np.arange(len(sheet))))
    left, right, shared = overlaps(
        sheet.local[own],
        sheet.area_m2[own],
        least_m2=_limit("overlap_min_m2"),
        least_share=_limit("overlap_share"),
    )
    first, second = own[left], own[right]
    area = sheet.area_m2
    union = area[first] + area[second] - shared
    same = shared > _limit("iou_twice") * union
    copied = [(group[:-1], group[1:]) for group in copies]
    joined = [*copied, (first[same], second[same])]
    twice = clusters(*(np.concatenate([pair[side] for pair in joined]) for side in (0, 1)))
    found = _buildings_twice(sheet, twice)
    for a, b, metres in zip(first[~same], second[~same], shared[~same], strict=True):
        share = metres / min(area[a], area[b])
        outer, inner = (a, b) if area[a] >= area[b] else (b, a)
        values = {"shared": written(float(metres.round(1))), "share": f"{share:.0%}"}
        values |= {"outer": str(sheet.ids[outer]), "inner": str(sheet.ids[inner])}
        if share >= _limit("inside_share"):
            found.append(sheet.doubt("building_inside", "question", (a, b), **values))
        else:
            found.append(sheet.doubt("building_overlap", "question", (a, b), mend="clip_overlap", **values))
    return found


def _touching_parts(shapes: Objects) -> NDArray[np.bool_]:
    """Tell which shapes have parts that touch one another: what a repair leaves of a ring that crossed itself."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    several = np.bincount(owner, minlength=len(shapes))[owner] > 1
    parts, owner = parts[several], owner[several]
    hit = np.zeros(len(shapes), dtype=bool)
    if len(parts):
        for first, second in close_pairs(parts):
            hit[owner[first[owner[first] == owner[second]]]] = True
    return hit


def _forms(sheet: Sheet) -> list[Finding]:
    area = sheet.area_m2
    length = np.asarray(shapely.length(sheet.local), dtype=float)
    width = np.divide(2 * area, length, out=np.zeros_like(area), where=length > 0)
    tiny = sheet.polygonal & (area < _limit("tiny_m2"))
    sliver = sheet.polygonal & ~tiny & (width < _limit("sliver_width_m"))
    found: list[Finding] = []
    for rule, mask, values in (("footprint_tiny", tiny, area), ("footprint_sliver", sliver, width)):
        if mask.any():
            limit = _limit("tiny_m2" if mask is tiny else "sliver_width_m")
            found += sheet.whole(rule, "note", mask, span=span(values[mask].round(2)), limit=written(limit))
    for at in np.flatnonzero(area > _limit("huge_m2")):
        values_said = {"area": written(float(area[at].round())), "limit": written(_limit("huge_m2"))}
        found.append(sheet.doubt("footprint_huge", "question", [at], **values_said))
    return found + sheet.whole("footprint_pinched", "note", _touching_parts(sheet.local))


def _districts(sheet: Sheet) -> list[Finding]:
    """Find neighbouring villages or counties that overlap, and narrow gaps between them."""
    own = np.flatnonzero(sheet.polygonal)
    if len(own) < 2:
        return []
    names = sheet.words("name")
    shapes = sheet.local[own]
    least = _limit("neighbour_overlap_m2")
    found = []
    for a, b, shared in zip(*overlaps(shapes, sheet.area_m2[own], least_m2=least, least_share=0.0), strict=True):
        pair = own[[a, b]]
        said = "、".join(str(names[at] or sheet.ids[at]) for at in pair)
        found.append(sheet.doubt("areas_overlap", "question", pair, names=said, area=written(shared / 1e4)))
    for gap, at in _gaps(shapes):
        said = "、".join(str(names[one] or sheet.ids[one]) for one in own[at][:4])
        middle = shapely.get_coordinates(shapely.point_on_surface(gap))
        place = _degrees(sheet, middle)
        found.append(
            sheet.doubt(
                "areas_gap", "question", own[at], names=said, area=written(float(shapely.area(gap)) / 1e4), place=place
            )
        )
    return found


def _degrees(sheet: Sheet, xy: NDArray[np.float64]) -> str:
    x, y = Transformer.from_crs(sheet.crs, STORED, always_xy=True).transform(*xy[0])
    return f"{x:.5f}, {y:.5f}"


def _gaps(shapes: Objects) -> list[tuple[shapely.Geometry, Positions]]:
    """Return the narrow places that no district covers and at least two districts border."""
    whole = shapely.union_all(shapes)
    half = _limit("neighbour_gap_width_m") / 2
    closed = shapely.buffer(shapely.buffer(whole, half, join_style="mitre"), -half, join_style="mitre")
    left = shapely.get_parts(shapely.difference(closed, whole))
    left = left[(shapely.get_dimensions(left) == 2) & (shapely.area(left) >= _limit("neighbour_gap_m2"))]
    tree = shapely.STRtree(shapes)
    found = []
    for gap in left:
        at = np.sort(tree.query(gap, predicate="dwithin", distance=_GRID_M))
        if len(at) > 1:
            found.append((gap, at))
    return found


def examine_footprints(city: City) -> list[Finding]:
    """Find footprints and districts whose shapes contradict one another or cannot be what they say."""
    found: list[Finding] = []
    if buildings := city.get("buildings"):
        found += _overlapping(buildings) + _forms(buildings)
    for layer in ("villages", "counties"):
        if sheet := city.get(layer):
            found += _districts(sheet)
    return found
