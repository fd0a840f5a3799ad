"""The exact horizon that neighbouring buildings make, from the edges of their footprints.

A ray from a point meets the walls of the buildings around it; a wall whose top is h above the point at distance d
raises the horizon to the tangent h/d. Heights of tops and points are above one datum: that of the terrain model, or the
ground where it is flat. The work is done in `solar.horizon_kernels`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from data import parameters
from solar.horizon_kernels import (
    BINS,
    CROWD,
    NOBODY,
    TOP,
    Floats,
    Grid,
    Ints,
    Longs,
    Tangents,
    horizons,
)
from solar.jit import compiled
from solar.obstacles import Obstacles

__all__ = ["BINS", "NOBODY", "Obstacles", "horizon_owners", "obstacles", "point_horizons", "reaches"]

_CELL_M: Final = 100.0
_MARGIN_M: Final = 12.0  # how far past a cell its list still holds: roofs that lie across are then not torn apart
_MOST_CELLS: Final = 4_000_000
POLYGON: Final = shapely.GeometryType.POLYGON


def reaches(height_m: npt.ArrayLike) -> Floats:
    """Return how far [m] the shade of buildings of these heights above ground [m] is followed."""
    tower = np.asarray(height_m, dtype=float) >= parameters.value("horizon", "tower_height_m")
    return np.where(tower, parameters.value("horizon", "reach_tower_m"), parameters.value("horizon", "reach_m"))


def obstacles(footprints: npt.ArrayLike, top_m: npt.ArrayLike, *, reach_m: npt.ArrayLike) -> Obstacles:
    """Lay out buildings for `point_horizons`.

    Parameters
    ----------
    footprints : array_like of shapely geometries, shape (n,)
        Polygons and MultiPolygons in projected metres. An empty or absent one is no obstacle.
    top_m : array_like, shape (n,)
        Height of the tops [m] above the datum of the points; a building without one (NaN) is no obstacle.
    reach_m : array_like, shape (n,) or ()
        Distance [m] from a point past which a crossing with the building is not counted; see `reaches`.

    Raises
    ------
    ValueError
        If lengths differ, or a reach is not a positive number.
    """
    given = np.asarray(footprints, dtype=object)
    top = np.asarray(top_m, dtype=float)
    if given.ndim != 1 or top.shape != given.shape:
        raise ValueError(f"{given.shape} footprints do not go with {top.shape} tops")
    reach = np.broadcast_to(np.asarray(reach_m, dtype=float), given.shape)
    number = np.flatnonzero(np.isfinite(top) & ~(shapely.is_missing(given) | shapely.is_empty(given)))
    if not (np.isfinite(reach[number]) & (reach[number] > 0)).all():
        raise ValueError("the reach of a building is a positive number of metres")
    bounds = shapely.bounds(given)
    grid = _grid(bounds[number], reach[number])
    middle = (bounds[number, :2] + bounds[number, 2:]) / 2
    number = number[np.lexsort(((middle[:, 0] - grid[0]) // grid[2], (middle[:, 1] - grid[1]) // grid[2]))]
    place = np.full(len(given) + 1, NOBODY, dtype=np.int32)
    place[number] = np.arange(len(number), dtype=np.int32)
    footprint, bounds = given[number], bounds[number]
    boxes = np.column_stack([bounds, top[number], reach[number], ~shapely.is_valid(footprint)])
    x, y, begins = _walls(footprint)
    cells, listed = _lists(boxes, grid)
    return Obstacles(
        boxes=boxes,
        x=x,
        y=y,
        begins=begins,
        number=number.astype(np.int32),
        place=place,
        grid=grid,
        cells=cells,
        listed=listed,
        nearest_m=parameters.value("horizon", "nearest_m"),
        crowded=int(np.diff(cells).max(initial=0)),
        longest=int(np.diff(begins).max(initial=0)),
    )


def point_horizons(
    around: Obstacles,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    z: npt.ArrayLike,
    own: npt.ArrayLike,
    *,
    north_deg: npt.ArrayLike = 0.0,
) -> Tangents:
    """Return the horizon that buildings make around points.

    The horizon of a ray is the greatest of (top − z)/d over all its crossings with outlines of buildings other than the
    point's own, at distances d within the building's reach, and at least 0.

    Parameters
    ----------
    around : Obstacles
        Buildings, from `obstacles`.
    x, y, z : array_like, shape (n,) or ()
        Points [m], in the projection of the footprints and above the datum of their tops.
    own : array_like of int, shape (n,) or ()
        Row of the building that a point stands on, which does not shade it; −1 for none.
    north_deg : array_like, shape (n,) or ()
        Meridian convergence [deg]: true azimuth less grid azimuth.

    Returns
    -------
    ndarray of float32, shape (n, 360)
        Tangent of the horizon's elevation; column k is the ray at k + 0.5 degrees clockwise from true north. NaN where
        a coordinate of the point is not known.

    Raises
    ------
    ValueError
        If shapes do not go together, or `own` names no row.

    Notes
    -----
    Threads can each work on a block of points: the interpreter lock is free meanwhile.
    """
    return _run(around, np.broadcast_arrays(x, y, z, own, north_deg), owned=False)[0]


def horizon_owners(
    around: Obstacles,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    z: npt.ArrayLike,
    own: npt.ArrayLike,
    *,
    north_deg: npt.ArrayLike = 0.0,
    without: int = NOBODY,
) -> tuple[Tangents, Ints]:
    """Return the horizon of points and the building that makes each of its rays.

    Parameters
    ----------
    around, x, y, z, own, north_deg
        As of `point_horizons`.
    without : int, optional
        Row of one more building to leave out, to see what it costs.

    Returns
    -------
    tangents : ndarray of float32, shape (n, 360)
        As of `point_horizons`.
    owners : ndarray of int32, shape (n, 360)
        Row of the building that makes the horizon, −1 where none does; the lowest row of several.

    Raises
    ------
    ValueError
        If shapes do not go together, or `own` or `without` names no row.
    """
    return _run(around, np.broadcast_arrays(x, y, z, own, north_deg), owned=True, without=without)


def _run(
    around: Obstacles, given: tuple[npt.NDArray[Any], ...], *, owned: bool, without: int = NOBODY
) -> tuple[Tangents, Ints]:
    """Prepare points given as arrays of x, y, z, own and north, and fill their horizons."""
    x, y, z, own, north = map(np.atleast_1d, given)
    known = len(around.place) - 1
    if x.ndim != 1:
        raise ValueError(f"points are a list, not of shape {x.shape}")
    if not (((own >= NOBODY) & (own < known)).all() and NOBODY <= without < known):
        raise ValueError(f"a building is a row from 0 to {known - 1}, or {NOBODY} for none")
    points = np.column_stack([x, y, z, np.mod(north, 360.0)]).astype(np.float64)
    tangents = np.empty((len(x), BINS), dtype=np.float32)
    owners = np.full((len(x) if owned else 0, BINS), NOBODY, dtype=np.int32)
    place = around.place[own]
    groups = _groups(around.grid, points, place)
    horizons(around, points, place, int(around.place[without]), groups, tangents, owners)
    return tangents, owners


def _groups(grid: Grid, points: Floats, own: Ints) -> tuple[Longs, Longs]:
    """Return where groups of points begin that have all but their place in a cell in common, and the cell of each.

    Points of one roof take the cell of their middle if they are in it or not far from it.
    """
    first = _changes(np.column_stack([own, points[:, 2:]]))
    count = np.diff(np.append(first, len(points)))
    middle = np.add.reduceat(points[:, :2], first) / count[:, np.newaxis] if len(points) else points[:, :2]
    cell, _ = _cells(grid, points[:, :2], points[:, :2])
    shared, near = _cells(grid, np.repeat(middle, count, axis=0), points[:, :2])
    whole = np.repeat(np.logical_and.reduceat(near, first), count) if len(points) else near
    cell = np.where(whole, shared, cell)
    cell[~np.isfinite(points).all(axis=1)] = -1
    starts = _changes(np.column_stack([cell, own, points[:, 2:]]))
    pieces = -(-np.diff(np.append(starts, len(points))) // CROWD)
    nth = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.append(np.repeat(starts, pieces) + nth * CROWD, len(points)).astype(np.int64)
    return starts, cell[starts[:-1]].astype(np.int64)


def _changes(rows: Floats) -> Longs:
    """Return where runs of equal rows begin."""
    differ = (rows[1:] != rows[:-1]).any(axis=1)
    return np.flatnonzero(np.concatenate([np.ones(min(len(rows), 1), dtype=bool), differ]))


def _cells(grid: Grid, middle: Floats, points: Floats) -> tuple[Longs, npt.NDArray[np.bool_]]:
    """Return the cell of each middle, the last for all outside, and whether its list holds for the point too."""
    west, south, size, columns, rows = grid
    column, row = np.floor((middle[:, 0] - west) / size), np.floor((middle[:, 1] - south) / size)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    corner = np.column_stack([west + column * size, south + row * size])
    away = np.maximum(np.maximum(corner - points, points - corner - size), 0.0)
    near = np.hypot(away[:, 0], away[:, 1]) <= _MARGIN_M
    return np.where(inside, row * columns + column, rows * columns).astype(np.int64), inside & near


def _grid(bounds: Floats, reach: Floats) -> Grid:
    """Return west and south edge and size of cells [m], columns and rows of a grid over all places in reach."""
    if not len(bounds):
        return 0.0, 0.0, _CELL_M, 1, 1
    far = reach[:, None] + _MARGIN_M
    west, south = (bounds[:, :2] - far).min(axis=0)
    width, length = (bounds[:, 2:] + far).max(axis=0) - (west, south)
    cell = max(_CELL_M, math.sqrt(width * length / _MOST_CELLS))
    return float(west), float(south), cell, int(width / cell) + 1, int(length / cell) + 1


def _walls(footprints: npt.NDArray[np.object_]) -> tuple[Floats, Floats, Longs]:
    """Return the vertices of all rings, x and y, a NaN before each ring, and where each building's begin."""
    points = shapely.get_coordinates(footprints)
    length, building, hole = _rings(footprints)
    opens = np.cumsum(length) - length
    ring = np.repeat(np.arange(len(length)), length)
    about = points - points[opens[ring]]
    cross = np.append(about[:-1, 0] * about[1:, 1] - about[1:, 0] * about[:-1, 1], 0.0)
    # the last vertex of a ring is its first, so what it has with the next ring is nothing
    turned = (np.add.reduceat(cross, opens) < 0 if len(opens) else np.zeros(0, dtype=bool)) != hole
    nth = np.arange(len(points))
    points = points[np.where(turned[ring], (2 * opens + length - 1)[ring] - nth, nth)]
    x, y = (np.insert(points[:, axis], opens, np.nan) for axis in (0, 1))
    owner = np.repeat(building, length + 1)
    return x, y, np.searchsorted(owner, np.arange(len(footprints) + 1))


def _rings(footprints: npt.NDArray[np.object_]) -> tuple[Longs, Longs, npt.NDArray[np.bool_]]:
    """Return the vertices of each ring, its building and whether it is a hole, in the order of the coordinates."""
    simple = (shapely.get_type_id(footprints) == POLYGON) & (shapely.get_num_interior_rings(footprints) == 0)
    several = np.flatnonzero(~simple)
    parts, of = shapely.get_parts(footprints[several], return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    building = np.concatenate([np.flatnonzero(simple), several[of[part]]])
    length = np.concatenate([shapely.get_num_coordinates(one) for one in (footprints[simple], rings)]).astype(np.int64)
    hole = np.concatenate([np.zeros(simple.sum(), dtype=bool), np.diff(part, prepend=-1) == 0])
    order = np.argsort(building, kind="stable")
    order = order[length[order] > 0]
    return length[order], building[order], hole[order]


def _lists(boxes: Floats, grid: Grid) -> tuple[Longs, Ints]:
    """Return the buildings in reach of each cell, from the highest top down, and where each cell's begin."""
    order = np.argsort(-boxes[:, TOP], kind="stable")
    count = np.zeros(grid[3] * grid[4] + 1, dtype=np.int64)
    _enlist(boxes, order, grid, count, np.empty(0, dtype=np.int32))
    cells = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(count)])
    listed = np.empty(int(cells[-1]), dtype=np.int32)
    if listed.size:
        _enlist(boxes, order, grid, cells.copy(), listed)
    return cells, listed


@compiled
def _enlist(boxes: Floats, order: Longs, grid: Grid, cursor: Longs, listed: Ints) -> None:
    """Put each building into the cells that it can shade; count them only while `listed` is empty."""
    west, south, cell, columns, _ = grid
    for building in order:
        x0, y0, x1, y1, _, reach, _ = boxes[building]
        far = reach + _MARGIN_M
        for row in range(int((y0 - far - south) / cell), int((y1 + far - south) / cell) + 1):
            base = south + row * cell
            dy = max(y0 - base - cell, base - y1, 0.0)
            for column in range(int((x0 - far - west) / cell), int((x1 + far - west) / cell) + 1):
                side = west + column * cell
                dx = max(x0 - side - cell, side - x1, 0.0)
                if dx * dx + dy * dy <= far * far * (1 + 1e-9):
                    at = row * columns + column
                    if listed.size:
                        listed[cursor[at]] = building
                    cursor[at] += 1
