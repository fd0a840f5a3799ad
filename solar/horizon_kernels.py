"""Compiled kernels of `solar.horizon`: which buildings can shade a place, and the sweep of their edges over the rays.

Along one straight edge the tangent h/d is linear in the direction of the ray, so an edge costs one division and each of
its rays two products. Points of one roof share the search: buildings are tried from the steepest possible one
downwards, and left out where all the rays that they could meet are already higher from every point. A kernel and what
it calls stand in this one file: see `solar.jit`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from solar.jit import compiled, fused

if TYPE_CHECKING:
    from solar.obstacles import Obstacles

BINS: Final = 360
"""Rays of a horizon: number k points to k + 0.5 degrees clockwise from true north."""
NOBODY: Final = -1
"""Owner of a ray that meets no building, and own building of a point that stands on none."""
TOP, REACH, TWISTED = 4, 5, 6
"""Columns of `Obstacles.boxes` after the four edges."""
_CLASSES: Final = 64  # classes of steepness that buildings are sorted into: for speed alone
_WINDOW: Final = 8  # rays of which the lowest level is kept, from each ray on
CROWD: Final = 16  # points that are worked on together at most: for speed and memory
_BATCH: Final = 64  # vertices that are collected before they are swept: for speed alone
_FULL: Final = 4  # vertices that are swept together at least: for speed alone
_LANES: Final = 8  # rays that are raised at once
_SURE: Final = 1 + 1e-6  # margin for rounding, that of levels too, where something is left out


def _arctangent() -> tuple[float, ...]:
    """Return coefficients of s in atan(√s)/√s [deg], for s from 0 to tan²(π/8), right to the last digits."""
    wide = math.tan(math.pi / 8) ** 2
    made = np.polynomial.Chebyshev.interpolate(lambda s: np.degrees(np.arctan(np.sqrt(s)) / np.sqrt(s)), 10, [0, wide])
    return tuple(float(one) for one in made.convert(kind=np.polynomial.Polynomial).coef)


_ARC: Final = _arctangent()
_EIGHTH: Final = math.tan(math.pi / 8)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Tangents = npt.NDArray[np.float32]
Point = tuple[float, float, float, float]
Grid = tuple[float, float, float, int, int]


@compiled
def horizons(
    around: Obstacles,
    points: Floats,
    own: Ints,
    without: int,
    groups: tuple[Longs, Longs],
    tangents: Tangents,
    owners: Ints,
) -> None:
    """Fill the horizon of each point (x, y, z, north from 0 to 360) and, unless `owners` is empty, who makes it.

    Points share the search from ``starts[g]`` to ``starts[g + 1]``: they have one building of their own, z, north and
    cell, which are `groups`; a cell below 0 stands for points that are not known.
    """
    most, longest = around.crowded, around.longest
    boxes, cells, listed, nearest = around.boxes, around.cells, around.listed, around.nearest_m
    xs, ys, begins, number = around.x, around.y, around.begins, around.number
    near, order, group = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.int32)
    about, spans = np.empty((5, most)), np.empty((2, most), np.int32)
    longest += _BATCH + 2 * _FULL
    walls, seen, marks = np.empty((5, longest)), np.empty((5, longest)), np.empty((2, longest), np.int32)
    steps = np.radians(np.arange(BINS + _LANES) + 0.5)
    even, rays = (np.sin(steps), np.cos(steps)), np.empty((2, BINS + _LANES))
    levels, single = np.zeros((CROWD, BINS + _LANES), np.float32), np.zeros((1, BINS + _LANES), np.float32)
    lowest, spare = np.empty(2 * BINS, np.float32), np.empty(BINS + _WINDOW, np.float32)
    room = 1 if len(owners) else _BATCH
    turned = np.nan
    for crowd in range(len(groups[1])):
        begin, end, cell = groups[0][crowd], groups[0][crowd + 1], groups[1][crowd]
        z, north = points[begin, 2], points[begin, 3]
        if cell < 0:
            tangents[begin:end] = np.nan
            continue
        _turn(rays, even, north, turned)
        turned = north
        place = _place(points[begin:end])
        few = listed[cells[cell] : cells[cell + 1]]
        found = _candidates(boxes, few, place, (z, nearest), (own[begin], without), near, about)
        _steepest_first(about[0, :found], group, order)
        _spans(about, found, north, spans)
        levels[: end - begin], lowest[:] = 0.0, 0.0
        turn = 0
        while turn < found:
            size = 0
            while turn < found and size < room:
                which = order[turn]
                turn += 1
                if not _hidden(lowest, spans[0, which], spans[1, which], about[0, which] * _SURE):
                    building = near[which]
                    span = (begins[building], begins[building + 1])
                    size = _collect(xs, ys, span, place, _edge(boxes[building], place, z, nearest), walls, size)
            if size == 0:
                break
            size = _pad(walls, size)
            if len(owners):
                for nth in range(begin, end):
                    _sweep(walls, size, points[nth : nth + 1], place, rays, seen, marks, single)
                    _merge(single[0], levels[nth - begin], owners[nth], number[building])
            else:
                _sweep(walls, size, points[begin:end], place, rays, seen, marks, levels)
            _settle(levels, end - begin if turn < found else 0, spare, lowest)
        for nth in range(begin, end):
            _copy(levels[nth - begin], tangents[nth])


@compiled
def _turn(rays: Floats, even: tuple[Floats, Floats], north: float, before: float) -> None:
    """Set the grid directions of the rays, and of some after the last, where north is not what it was."""
    sine, cosine = math.sin(math.radians(north)), math.cos(math.radians(north))
    sines, cosines, east, up = even[0], even[1], rays[0], rays[1]
    for k in range(len(east) if north != before else 0):
        east[k], up[k] = sines[k] * cosine - cosines[k] * sine, cosines[k] * cosine + sines[k] * sine


@compiled
def _place(points: Floats) -> Point:
    """Return the middle of points and half the width and length of their box."""
    west, south, east, north = points[0, 0], points[0, 1], points[0, 0], points[0, 1]
    for nth in range(1, len(points)):
        west, east = min(west, points[nth, 0]), max(east, points[nth, 0])
        south, north = min(south, points[nth, 1]), max(north, points[nth, 1])
    x, y = (west + east) / 2, (south + north) / 2
    return x, y, max(east - x, x - west), max(north - y, y - south)


@compiled
def _candidates(
    boxes: Floats, few: Ints, place: Point, level: tuple[float, float], skip: tuple[int, int], near: Ints, about: Floats
) -> int:
    """Collect the buildings that rise above points within their reach.

    `about` takes the tangent that each does not exceed, and its box about the middle of the points, which is widened by
    theirs: so it holds every way from a point to the building.
    """
    x, y, wide, long = place
    z, nearest = level
    own, without = skip
    found = 0
    for building in few:
        height = boxes[building, TOP] - z
        if height <= 0:
            break
        x0, y0 = boxes[building, 0] - x - wide, boxes[building, 1] - y - long
        x1, y1 = boxes[building, 2] - x + wide, boxes[building, 3] - y + long
        dx, dy = max(x0, -x1, 0.0), max(y0, -y1, 0.0)
        square = dx * dx + dy * dy
        far = boxes[building, REACH]
        near[found] = building
        about[0, found] = height / max(math.sqrt(square), nearest)
        about[1, found], about[2, found], about[3, found], about[4, found] = x0, y0, x1, y1
        found += 1 if (square <= far * far * _SURE) & (building != own) & (building != without) else 0
    return found


@compiled
def _steepest_first(bound: Floats, group: Ints, order: Ints) -> None:
    """Order by classes of falling steepness: a counting sort."""
    begin = np.zeros(_CLASSES + 1, np.int32)
    for nth in range(len(bound)):
        group[nth] = np.int32((_CLASSES - 1) / (1 + 4 * bound[nth]))
    for nth in range(len(bound)):
        begin[group[nth] + 1] += 1
    for nth in range(_CLASSES):
        begin[nth + 1] += begin[nth]
    for nth in range(len(bound)):
        order[begin[group[nth]]] = nth
        begin[group[nth]] += 1


@fused
def _azimuth(dx: float, dy: float) -> float:
    """Return the grid azimuth [deg] of a direction, from 0 to 360."""
    east, north = abs(dx), abs(dy)
    less, more = (east, north) if east < north else (north, east)
    t = (less - _EIGHTH * more) / max(1e-300, more + _EIGHTH * less)
    s = t * t
    low = _ARC[0] + s * (_ARC[1] + s * (_ARC[2] + s * (_ARC[3] + s * (_ARC[4] + s * _ARC[5]))))
    high = _ARC[6] + s * (_ARC[7] + s * (_ARC[8] + s * (_ARC[9] + s * _ARC[10])))
    angle = 22.5 + t * (low + s * s * s * (s * s * s) * high)
    angle = 90.0 - angle if east > north else angle
    angle = 180.0 - angle if dy < 0 else angle
    return 360.0 - angle if dx < 0 else angle


@compiled
def _spans(about: Floats, found: int, north: float, spans: Ints) -> None:
    """Find the first ray, from 0 to 359, that can meet each building, and the last one, from there on."""
    west, south, east, up, first_of, last_of = about[1], about[2], about[3], about[4], spans[0], spans[1]
    for nth in range(found):
        x0, y0, x1, y1 = west[nth], south[nth], east[nth], up[nth]
        ahead, behind = y0 > 0, y1 < 0
        ax = x0 if ahead else x1 if behind else x0 if x0 > 0 else x1
        ay = (y0 if x0 < 0 else y1) if ahead else (y1 if x1 > 0 else y0) if behind else y1 if x0 > 0 else y0
        bx = x1 if ahead else x0 if behind else x0 if x0 > 0 else x1
        by = (y0 if x1 > 0 else y1) if ahead else (y1 if x0 < 0 else y0) if behind else y0 if x0 > 0 else y1
        around = (not ahead) & (not behind) & (x0 <= 0) & (x1 >= 0)
        first = _azimuth(ax, ay) + north + (BINS - 0.51)
        last = _azimuth(bx, by) + north + (BINS - 0.49)
        last = last + 360.0 if last < first else last
        begin = np.int32(first) + np.int32(1)
        begin = begin - BINS if begin >= BINS else begin
        begin = begin - BINS if begin >= BINS else begin
        count = np.int32(last) - np.int32(first)
        first_of[nth] = np.int32(0) if around else begin
        last_of[nth] = np.int32(BINS - 1) if around else begin + count


@compiled
def _hidden(lows: Tangents, first: int, last: int, bound: float) -> bool:
    """Return whether all rays of a span are already above what a building can reach."""
    for k in range(first, last - _WINDOW + 1, _WINDOW):
        if lows[k] <= bound:
            return False
    return bool(lows[max(first, last - _WINDOW + 1)] > bound)


@compiled
def _settle(levels: Tangents, few: int, low: Tangents, lowest: Tangents) -> None:
    """Find the lowest levels anew: of each ray and the seven that follow it, of so many points."""
    if few == 0:
        return
    _copy(levels[0], low[:BINS])
    for nth in range(1, few):
        level = levels[nth]
        for k in range(BINS):
            lowest[k] = min(low[k], level[k])
        _copy(lowest, low[:BINS])
    _copy(low, low[BINS:])
    for k in range(BINS):
        one = min(low[k], low[k + 1], low[k + 2], low[k + 3])
        lowest[k] = min(one, low[k + 4], low[k + 5], low[k + 6], low[k + 7])
    _copy(lowest, lowest[BINS:])


@compiled
def _copy(one: Tangents, other: Tangents) -> None:
    for k in range(len(other)):
        other[k] = one[k]


@compiled
def _collect(xs: Floats, ys: Floats, span: tuple[int, int], place: Point, edge: Point, walls: Floats, size: int) -> int:
    """Add the edges of a building that can face one of the points to `walls`, which then has this many vertices.

    Its rows are x and y of vertices about the middle of the points and, of the edge to the next vertex, the height of
    the building, 0 where there is none, and the least and greatest tangent that count.
    """
    x, y, wide, long = place
    height, least, most, spare = edge
    before, ax, ay = False, np.nan, np.nan
    for at in range(span[0], span[1]):
        bx, by = xs[at] - x, ys[at] - y
        ex, ey = bx - ax, by - ay
        faces = ax * ey - ay * ex <= wide * abs(ey) + long * abs(ex) + spare
        walls[0, size], walls[1, size], walls[2, size] = ax, ay, height if faces else 0.0
        walls[3, size], walls[4, size] = least, most
        size += 1 if faces | before else 0
        before, ax, ay = faces, bx, by
    walls[0, size], walls[1, size], walls[2, size] = ax, ay, 0.0
    return size + (1 if before else 0)


@compiled
def _edge(box: Floats, place: Point, z: float, nearest: float) -> Point:
    """Return height, least and greatest tangent of a building, and how far [m2] an edge that counts may face away."""
    x, y, wide, long = place
    height = box[TOP] - z
    both = box[0] - wide <= x <= box[2] + wide and box[1] - long <= y <= box[3] + long
    return height, height / box[REACH], height / nearest, math.inf if both or box[TWISTED] != 0 else 1e-6


@compiled
def _pad(walls: Floats, size: int) -> int:
    """Fill up with vertices that have no edge, to a whole number of long vectors."""
    full = (size + _FULL - 1) // _FULL * _FULL + 1
    for at in range(size, full):
        walls[0, at], walls[1, at], walls[2, at] = 1.0, 1.0, 0.0
    return full


@fused
def _sweep(
    walls: Floats, size: int, points: Floats, place: Point, rays: Floats, seen: Floats, marks: Ints, levels: Tangents
) -> None:
    """Raise the rays from points that meet edges to their tangents.

    An edge from a to b, clockwise as seen from the point, is met by the rays from the first that is not before a to the
    last that is not after b. With the edge e = b − a, the ray u meets it at the distance (a × e)/(u × e).
    """
    xs, ys, height, least, most = walls[0], walls[1], walls[2], walls[3], walls[4]
    east, up, where, p, q = seen[0], seen[1], seen[2], seen[3], seen[4]
    first, last, sines, cosines = marks[0], marks[1], rays[0], rays[1]
    turn = points[0, 3] - 0.5
    for which in range(len(points)):
        x, y = points[which, 0] - place[0], points[which, 1] - place[1]
        for nth in range(size):
            dx, dy = xs[nth] - x, ys[nth] - y
            east[nth], up[nth] = dx, dy
            ray = _azimuth(dx, dy) + turn
            ray = ray - 360.0 if ray >= 360.0 else ray
            where[nth] = ray + 360.0 if ray < 0.0 else ray
        on = 0
        for nth in range(size - 1):
            ax, ay, bx, by = east[nth], up[nth], east[nth + 1], up[nth + 1]
            area = ax * by - ay * bx
            pull = height[nth] / area
            p[nth], q[nth] = pull * (by - ay), pull * (ax - bx)
            a, b = where[nth], where[nth + 1]
            low, high = (a, b) if area < 0 else (b, a)
            high = high + 360.0 if high - low < -180.0 else high
            high = high - 360.0 if high - low > 180.0 else high
            begin = np.int32(low)
            first[nth] = begin + np.int32(1) if begin < low else begin
            last[nth] = np.int32(high + 1.0) - np.int32(1) if (height[nth] > 0.0) & (area != 0.0) else np.int32(-1)
            on += 1 if (height[nth] > 0.0) & (area == 0.0) & (ax * bx + ay * by <= 0.0) else 0
        level = levels[which]
        for nth in range(size - 1):
            k, end = first[nth], min(last[nth], np.int32(BINS - 1))
            while k <= end:
                _lift(level, sines, cosines, k, end, p[nth], q[nth], least[nth], most[nth])
                k += np.int32(_LANES)
            k, end = np.int32(0), last[nth] - np.int32(BINS)
            while k <= end:
                _lift(level, sines, cosines, k, end, p[nth], q[nth], least[nth], most[nth])
                k += np.int32(_LANES)
        if on:
            _touch(walls, size, east, up, level)


@compiled
def _touch(walls: Floats, size: int, east: Floats, up: Floats, level: Tangents) -> None:
    """Raise all rays from a point to the tangents of the edges that it lies on."""
    for nth in range(size - 1):
        ax, ay, bx, by = east[nth], up[nth], east[nth + 1], up[nth + 1]
        if walls[2, nth] > 0.0 and ax * by - ay * bx == 0.0 and ax * bx + ay * by <= 0.0:
            for k in range(BINS):
                level[k] = max(level[k], walls[4, nth])


@intrinsic  # type: ignore[untyped-decorator]
def _lift(  # noqa: PLR0913, PLR0917 - called by place as all compiled functions are
    _: Any, level: Any, sines: Any, cosines: Any, k: Any, last: Any, p: Any, q: Any, least: Any, most: Any
) -> Any:
    """Raise eight rays from `k`, those past `last` not, to p sin + q cos, up to `most` and where not below `least`."""
    lanes, fewer = ir.VectorType(ir.DoubleType(), _LANES), ir.VectorType(ir.FloatType(), _LANES)
    halves = ir.VectorType(ir.IntType(32), _LANES)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def spread(value: Any) -> Any:
            lane = ir.Constant(ir.VectorType(value.type, _LANES), ir.Undefined)
            one = builder.insert_element(lane, value, ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(one, one, ir.Constant(halves, [0] * _LANES))

        kinds = signature.args
        ray, final = (context.cast(builder, given[at], kinds[at], types.int64) for at in (3, 4))
        data = [context.make_array(kinds[at])(context, builder, given[at]).data for at in range(3)]
        places = [builder.gep(one, [ray]) for one in data]
        there = builder.bitcast(places[0], fewer.as_pointer())
        sine, cosine = (builder.load(builder.bitcast(one, lanes.as_pointer()), align=8) for one in places[1:])
        before = builder.load(there, align=4)
        east, north, low, high = (spread(one) for one in given[5:])
        tangent = builder.fadd(builder.fmul(sine, east), builder.fmul(cosine, north))
        tangent = builder.select(builder.fcmp_ordered(">=", tangent, low), tangent, ir.Constant(lanes, [0.0] * _LANES))
        tangent = builder.fptrunc(builder.select(builder.fcmp_ordered("<", tangent, high), tangent, high), fewer)
        steps = ir.Constant(halves, list(range(_LANES)))
        counts = builder.icmp_signed("<=", steps, spread(builder.trunc(builder.sub(final, ray), ir.IntType(32))))
        higher = builder.select(builder.fcmp_ordered(">", tangent, before), tangent, before)
        builder.store(builder.select(counts, higher, before), there, align=4)
        return context.get_dummy_value()

    return types.void(level, sines, cosines, k, last, p, q, least, most), generate


@compiled
def _merge(single: Tangents, level: Tangents, owner: Ints, number: int) -> None:
    """Take over what one building raises, and clear it; the lower row owns a tie."""
    for k in range(BINS):
        one = single[k]
        single[k] = 0.0
        if one > level[k] or (one == level[k] and one > 0 and number < owner[k]):
            level[k] = one
            owner[k] = number
