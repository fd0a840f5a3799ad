"""Horizon of the terrain: how high the land stands in every direction, seen from roofs.

The surface of an elevation model is cut along parallel lines one cell apart, and every line is swept once from its
far end, the upper convex hull of what lies ahead kept on a stack (Dozier, Bruno & Downey 1981). Lines are exact where
they cross the columns of cell centres, linear between two centres. An observer is not a point of the hull: the hull
is walked for the point of tangency and stays as it is. What lies within eight cells is marched exactly along the
observer's own ray; beyond, the tangents from the two neighbouring lines are interpolated. (A hull alone, even of two
lines, errs by degrees in steep land, for near slopes change within one cell.)

Curvature and refraction: over the tangent plane of an observer i, a point j at distance d stands at
z_j - d²/(2 R_e), with R_e = R/(1 - k), so that tan = (z_j - z_i)/d - d/(2 R_e). With heights w = z - s²/(2 R_e) along
a line, s its coordinate and d = s_j - s_i,

    (w_j - w_i)/d = (z_j - z_i)/d - (s_j + s_i)/(2 R_e) = tan - s_i/R_e:

one hull of the heights w serves all observers of the line, and s_i/R_e is added back.

References
----------
Dozier, J., Bruno, J. & Downey, P. (1981). A faster solution to the horizon problem. Comput. Geosci. 7, 145-151.
doi:10.1016/0098-3004(81)90026-2
Dozier, J. (2022). Revisiting topographic horizons in the era of big data and parallel computing. IEEE Geosci.
Remote Sens. Lett. 19. doi:10.1109/LGRS.2021.3125278
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data import parameters
from geo.raster import Elevation, ground_m
from solar.jit import fused

Progress = Callable[[float], None]
Floats = NDArray[np.float32]
Sites = Any

AZIMUTHS: Final = 72
_NEAR: Final = 6
_BORDER: Final = _NEAR + 4
_NOTHING: Final = -1e6
_LOWEST: Final = -100.0  # metres a column: what a line that finds no ground reports
_ALIGNED: Final = 1e-12
_THREADS: Final = min(8, os.cpu_count() or 1)
_CHUNK: Final = 4096
_SITE: Final = np.dtype([("line", np.float32), ("along", np.float32), ("z", np.float32), ("index", np.int32)])


@fused
def _bucket(sites: Sites, slope: np.float32, first: int, count: int) -> tuple[Sites, NDArray[np.uint32]]:
    """Sort sites by the scan line at or before them, keeping their order within a line; also return the starts."""
    start = np.zeros(count + 2, np.uint32)
    bucket = (sites["line"] - slope * sites["along"] - np.float32(first)).astype(np.uint32)
    for n in range(sites.size):
        start[bucket[n] + np.uint32(2)] += np.uint32(1)
    for b in range(2, count + 2):
        start[b] += start[b - 1]
    found = np.empty_like(sites)
    for n in range(sites.size):
        after = bucket[n] + np.uint32(1)
        place = start[after]
        start[after] = place + np.uint32(1)
        found[place] = sites[n]
    return found, start


@fused
def _span(base: int, slope: float, lines: int, low: int, high: int) -> tuple[int, int]:
    """Return the first and last column, within `low` to `high`, where a scan line is inside the array."""
    if slope == 0:
        return (low, high) if 0 <= base <= lines - 1 else (low, low - 1)
    enter, leave = -base / slope, (lines - 1 - base) / slope
    if slope < 0:
        enter, leave = leave, enter
    return max(low, int(np.ceil(enter))), min(high, int(np.floor(leave)))


@fused
def _cut(
    z: Floats, columns: int, way: tuple[int, float], span: tuple[int, int, float], w: Any, at: Any, level: Any
) -> np.uint64:
    """Write the heights `w` and columns `at` of a scan line, far end first, and return how many.

    Points below the chord of their neighbours are left out, as no hull has them but for one that begins there: for
    those, `level` has the height at every column.
    """
    base, slope = way
    low, high, bend = span
    count = np.uint64(0)
    before = current = -1e30
    for n in range(high - low + 1):
        k = high - n
        p = base + slope * k
        i = np.int32(p)
        cell = np.uint64(i) * np.uint64(columns) + np.uint64(k)
        mix = np.float32(p - i)
        height = float(z[cell] + (z[cell + np.uint64(columns)] - z[cell]) * mix) - bend * float(k) * float(k)
        level[k] = height
        w[count] = current
        at[count] = k + 1
        count += np.uint64((current - before) > (height - current))
        before, current = current, height
    w[count] = current
    at[count] = low
    return count + np.uint64(1)


@fused
def _close(z: Floats, columns: int, sites: Sites, span: tuple[int, int, float, float], far: Any, out: Floats) -> None:
    """Write the horizons of some sites: `far`, or what stands higher at a cell border of the near part of the ray."""
    first, last, slope, bend = span
    lean, bow = np.float32(slope), np.float32(bend)
    inverse = np.float32(1.0 / slope) if slope != 0 else np.float32(0)
    ahead = np.uint64(columns)
    way = np.int32(1 if slope > 0 else -1)
    for n in range(first, last):
        line, along, own = sites[n].line, sites[n].along, sites[n].z
        best = np.float32(far[n])
        start = np.uint64(along) + np.uint64(1)
        for m in range(_NEAR):
            d = np.float32(start) - along + np.float32(m)
            p = line + lean * d
            i = np.int32(p)
            cell = np.uint64(i) * ahead + start + np.uint64(m)
            rise = z[cell] - own + (z[cell + ahead] - z[cell]) * (p - np.float32(i))
            tangent = rise / d - bow * d
            best = tangent if tangent > best else best  # noqa: FURB136 -- max() asks for NaN, and branches
        row = np.int32(line) if slope > 0 else np.int32(np.ceil(line))
        for _ in range(int(_NEAR * abs(slope))):
            row += way
            d = (np.float32(row) - line) * inverse
            p = along + d
            k = np.int32(p)
            cell = np.uint64(row) * ahead + np.uint64(k)
            rise = z[cell] - own + (z[cell + np.uint64(1)] - z[cell]) * (p - np.float32(k))
            tangent = rise / d - bow * d
            best = tangent if tangent > best else best  # noqa: FURB136 -- as above
        out[sites[n].index] = max(best, np.float32(0))


@fused
def _distant(
    points: tuple[Any, Any, Any, int],
    sites: Sites,
    some: tuple[int, int, int],
    way: tuple[int, float, float, int, int],
    far: Any,
) -> None:
    """Sweep one scan line and add its share of the distant tangents [m a column] of the sites on either side of it.

    Parameters
    ----------
    points : tuple
        Heights and columns of the line's points from its far end, its height at every column, and their number.
    sites : array of `_SITE`
        All sites, line by line.
    some : tuple of int
        Where the sites before the line begin, those after it, and where these end.
    way : tuple
        The line's number, its slope, the bend of the Earth [m a column²], and its first and last column.
    far : array of float
        Receives the shares, by place in `sites`.
    """
    w, at, level, count = points
    x, here, after = some
    base, slope, bend, low, high = way
    hull_w, hull_at, steep = np.empty(count), np.empty(count), np.empty(count)
    hull_w[0], hull_at[0], steep[0] = w[0], float(at[0]), -1e30
    y, top, done = here, np.uint64(0), np.uint64(1)
    while x < here or y < after:
        if y == after or (x < here and int(sites[x].along) >= int(sites[y].along)):
            n, x = x, x + 1
        else:
            n, y = y, y + 1
        along = float(sites[n].along)
        until = int(along) + 1 + _NEAR
        while done < np.uint64(count) and at[done] >= until:
            height, column = w[done], float(at[done])
            fall = (hull_w[top] - height) / (hull_at[top] - column)
            while fall <= steep[top]:
                top -= np.uint64(1)
                fall = (hull_w[top] - height) / (hull_at[top] - column)
            top += np.uint64(1)
            hull_w[top], hull_at[top], steep[top] = height, column, fall
            done += np.uint64(1)
        own = float(sites[n].z) - bend * along * along
        touch = top
        rise, run = hull_w[touch] - own, hull_at[touch] - along
        while steep[touch] * run >= rise:
            touch -= np.uint64(1)
            rise, run = hull_w[touch] - own, hull_at[touch] - along
        tangent = rise / run
        if low <= until <= high:
            first = (level[until] - own) / (float(until) - along)
            tangent = first if first > tangent else tangent  # noqa: FURB136 -- max() asks for NaN, and branches
        tangent += 2.0 * bend * along
        share = 1.0 - abs(float(sites[n].line) - slope * along - base)
        far[n] += share * (tangent if tangent > _LOWEST else _LOWEST)  # noqa: FURB136 -- as above


@fused
def _sweep(z: Floats, shape: tuple[int, int], sites: Sites, way: tuple[float, float, float], out: Floats) -> None:
    """Write the horizon of all sites in one direction, in metres a column.

    Parameters
    ----------
    z : array of float32, flat
        Heights [m], turned so that the direction runs with the columns, with a border of `_BORDER` cells.
    shape : tuple of int
        Lines and columns of `z`.
    sites : array of `_SITE`
        Positions in cells of `z`, by falling whole column.
    way : tuple of float
        Lines crossed a column (within ±1), fall of the Earth at a distance of one column [m], and reach in columns.
    out : array of float32
        Receives the tangents, by the sites' index.
    """
    lines, columns = shape
    slope, bend, reach = way
    lean = np.float32(slope)
    place = sites["line"] - lean * sites["along"]
    lowest = int(np.floor(place.min())) - 1  # rounding may differ by a bit where the lines are told
    count = int(np.floor(place.max())) - lowest + 2
    some, start = _bucket(sites, lean, lowest, count)
    far = np.zeros(sites.size)
    w, level, at = np.empty(columns + 1), np.empty(columns + 1), np.empty(columns + 1, np.int64)
    for b in range(count + 1):
        before, here, after = int(start[max(b - 1, 0)]), int(start[b]), int(start[min(b + 1, count)])
        if before == after:
            continue
        base = lowest + b
        nearest, farthest = some[after - 1].along, some[before].along
        if before < here < after:
            nearest, farthest = min(nearest, some[here - 1].along), max(farthest, some[here].along)
        low, high = int(nearest) + 1 + _NEAR, min(columns - 1, int(farthest) + 1 + int(reach))
        low, high = _span(base, slope, lines, low, high)
        found = int(_cut(z, columns, (base, slope), (low, high, bend), w, at, level))
        _distant((w, at, level, found), some, (before, here, after), (base, slope, bend, low, high), far)
        _close(z, columns, some, (before, here, slope, bend), far, out)


def _turned(z: Floats, line: ArrayLike, along: ArrayLike, turns: int) -> tuple[Floats, Any, Any]:
    """Turn an array and positions in it clockwise by quarters."""
    for _ in range(turns):
        line, along = along, z.shape[0] - 1 - np.asarray(line)
        z = np.rot90(z, -1)
    return z, np.asarray(line), np.asarray(along)


def _prepared(z: Floats, line: Any, along: Any, height: Any, turns: int) -> tuple[Floats, Sites]:
    """Return heights with their border and the sites in them, for the directions about one side of the grid."""
    turned, line, along = _turned(z, line, along, turns)
    bordered = np.pad(turned, _BORDER, constant_values=_NOTHING)
    sites = np.empty(len(line), _SITE)
    sites["line"], sites["along"], sites["z"] = line + _BORDER, along + _BORDER, height
    sites["index"] = np.arange(len(sites))
    column = bordered.shape[1] - sites["along"].astype(np.int64)
    order = np.argsort(column.astype(np.min_scalar_type(bordered.shape[1])), kind="stable")
    return np.ascontiguousarray(bordered), sites[order]


def _around(elevation: Elevation, x: Any, y: Any, reach_m: float) -> tuple[Floats, Any, Any]:
    """Return the heights within reach of the points' rectangle, NaN made a pit, and the points' rows and columns."""
    row = (elevation.north_m - y) / elevation.step_m
    column = (x - elevation.west_m) / elevation.step_m
    reach = int(np.ceil(reach_m / elevation.step_m)) + 1
    top, left = max(0, int(row.min()) - reach), max(0, int(column.min()) - reach)
    z = elevation.z_m[top : int(row.max()) + reach + 2, left : int(column.max()) + reach + 2]
    return np.where(np.isnan(z), np.float32(_NOTHING), z), row - top, column - left


def terrain_horizons(
    elevation: Elevation,
    x: ArrayLike,
    y: ArrayLike,
    z_m: ArrayLike,
    *,
    azimuths: int = AZIMUTHS,
    north_deg: float = 0.0,
    reach_m: float | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Return the horizon of the terrain round points.

    Parameters
    ----------
    elevation : geo.raster.Elevation
        Heights; cells without one are no obstacle.
    x, y : array of float, shape (points,)
        Places of the points [m] in ``elevation.crs``.
    z_m : array of float, shape (points,)
        Heights of the points above sea level [m]. One below the ground of its place is taken to be on the ground.
    azimuths : int
        Number of directions, evenly spaced.
    north_deg : float
        Meridian convergence [deg] (`geo.crs.convergence_deg`): true azimuth = grid azimuth + `north_deg`.
    reach_m : float, optional
        Terrain up to this distance [m] is always seen, farther terrain may be; default ``terrain.terrain_reach_m``.
    progress : callable, optional
        Told the share that is done, from 0 to 1.

    Returns
    -------
    array of float32, shape (points, azimuths)
        Tangent of the horizon's elevation angle, never below 0; column k looks to k·360/azimuths degrees clockwise
        from true north. All 0 for points without ground (`geo.raster.ground_m` is NaN there) and for those whose
        `z_m` is NaN.

    Raises
    ------
    ValueError
        If `azimuths` or `reach_m` is not positive, or the shapes differ.
    """
    x, y, z = (np.asarray(values, dtype=float) for values in (x, y, z_m))
    reach = parameters.value("terrain", "terrain_reach_m") if reach_m is None else reach_m
    if azimuths < 1 or not reach > 0 or not x.shape == y.shape == z.shape == (x.size,):
        raise ValueError("terrain_horizons needs one-dimensional x, y, z_m of one length, azimuths ≥ 1 and reach_m > 0")
    ground = ground_m(elevation, x, y)
    usable = np.flatnonzero(np.isfinite(ground) & np.isfinite(z))
    found = np.zeros((azimuths, len(usable)), dtype=np.float32)
    if len(usable):
        heights, row, column = _around(elevation, x[usable], y[usable], reach)
        height = np.maximum(z, ground)[usable]
        points = row, column, height
        for done, _ in enumerate(_directions(heights, points, elevation.step_m, reach, found, north_deg)):
            if progress is not None:
                progress((done + 1) / azimuths)
    if progress is not None:
        progress(1.0)
    whole = np.zeros((x.size, azimuths), dtype=np.float32)
    for first in range(0, len(usable), _CHUNK):
        whole[usable[first : first + _CHUNK]] = found[:, first : first + _CHUNK].T
    return whole


def _directions(
    heights: Floats, points: tuple[Any, Any, Any], step_m: float, reach_m: float, found: Floats, north_deg: float
) -> Iterator[None]:
    """Fill the rows of `found`, one direction each, side after side of the grid, yielding after each."""
    curvature = (1 - parameters.value("terrain", "refraction_coefficient")) / (
        2 * parameters.value("terrain", "earth_radius_m")
    )
    grid = (np.arange(len(found)) * 360 / len(found) - north_deg) % 360
    side = ((grid + 45) // 90).astype(int) % 4
    with ThreadPoolExecutor(_THREADS) as pool:
        for quarter in range(4):
            turns, members = (1 - quarter) % 4, np.flatnonzero(side == quarter)
            if not len(members):
                continue
            z, sites = _prepared(heights, *points, turns)

            def look(number: int, turns: int = turns, z: Floats = z, sites: Sites = sites) -> None:
                angle = np.radians(grid[number] + 90 * turns)
                slope = float(-np.cos(angle) / np.sin(angle))
                slope = 0.0 if abs(slope) < _ALIGNED else slope
                step = step_m * float(np.hypot(1, slope))
                way = slope, curvature * step * step, max(reach_m / step, float(_BORDER))
                _sweep(z.ravel(), z.shape, sites, way, found[number])
                found[number] /= step

            for _ in pool.map(look, members):
                yield


def expand(horizon: Floats, bins: int = 360) -> Floats:
    """Resample horizons to more directions, linearly round the circle.

    Parameters
    ----------
    horizon : array of float32, shape (points, azimuths)
        Column k looks to k·360/azimuths degrees.
    bins : int
        Number of columns wanted; column b looks to the middle of its bin, (b + ½)·360/bins degrees.

    Returns
    -------
    array of float32, shape (points, bins)
    """
    azimuths = horizon.shape[1]
    place = (np.arange(bins) + 0.5) * azimuths / bins
    low = place.astype(int)
    share = (place - low).astype(np.float32)
    found: Floats = horizon[:, low % azimuths] * (1 - share) + horizon[:, (low + 1) % azimuths] * share
    return found
