"""Places on roofs where shade is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from data import parameters

_CLOSED: Final = 5
"""Coordinates of a closed rectangle: what `shapely.oriented_envelope` gives of a footprint that has an area."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class RoofPoints:
    """Points on roofs, those of a roof together: roof r has ``starts[r]`` to ``starts[r + 1]``.

    `x` and `y` are in the projection of the footprints [m], `roof` is the row of each point's footprint.
    """

    x: Floats
    y: Floats
    roof: Ints
    starts: Longs


def roof_points(footprints: npt.ArrayLike) -> RoofPoints:
    """Spread points evenly over each roof: n × n, in the middles of the n × n cells of its smallest rectangle.

    n is 2, and 3 for large roofs (rows of ``horizon.csv``). A middle that is not inside the footprint gives way to a
    point of the footprint inside the cell, that of `shapely.point_on_surface`; where the cell has no part of the
    footprint, to the roof's point nearest to the middle, which then counts once more.

    Parameters
    ----------
    footprints : array_like of shapely geometries, shape (n,)
        Polygons and MultiPolygons in projected metres. One that is absent, empty or without area has no points.

    Returns
    -------
    RoofPoints
        Roof by roof, in the order of `footprints`.
    """
    given = np.asarray(footprints, dtype=object)
    area = np.nan_to_num(shapely.area(given))
    rectangle = shapely.oriented_envelope(given)
    whole = (area > 0) & (shapely.get_num_coordinates(rectangle) == _CLOSED)
    corners = np.zeros((len(given), 3, 2))
    corners[whole] = shapely.get_coordinates(rectangle[whole]).reshape(-1, _CLOSED, 2)[:, [0, 1, 3]]
    sides = np.where(
        area > parameters.value("horizon", "large_roof_m2"),
        parameters.value("horizon", "points_a_side_large"),
        parameters.value("horizon", "points_a_side"),
    ).astype(np.int64)
    count = np.where(whole, sides**2, 0)
    starts = np.concatenate([[0], np.cumsum(count)])
    roof = np.repeat(np.arange(len(given)), count)
    step = 1 / sides[roof]
    nth = np.arange(len(roof)) - starts[roof]
    cell = np.column_stack([nth // sides[roof], nth % sides[roof]]) * step[:, None]
    points = _place(corners[roof], cell + step[:, None] / 2)
    outside = np.flatnonzero(~shapely.contains_xy(given[roof], points))
    found = _inside(given[roof[outside]], corners[roof[outside]], cell[outside], step[outside])
    points[outside] = _place(corners[roof[outside]], found)
    lost = outside[np.isnan(points[outside, 0])]
    wanted = _place(corners[roof[lost]], cell[lost] + step[lost, None] / 2)
    points[lost] = points[_nearest(points, wanted, starts[roof[lost]], starts[roof[lost] + 1])]
    return RoofPoints(points[:, 0].copy(), points[:, 1].copy(), roof.astype(np.int32), starts)


def _place(corners: Floats, share: Floats) -> Floats:
    """Return the points at shares of the two sides that leave the first of three corners."""
    first, along, across = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    return first + share[..., :1] * (along - first) + share[..., 1:] * (across - first)


def _inside(footprints: Geometries, corners: Floats, cell: Floats, step: Floats) -> Floats:
    """Return a point of each footprint in its cell, in shares of the sides; NaN where the cell has no part of it."""
    whole = footprints.copy()
    twisted = ~shapely.is_valid(footprints)
    whole[twisted] = shapely.make_valid(footprints[twisted])
    vertices, of = shapely.get_coordinates(whole, return_index=True)
    square = shapely.set_coordinates(whole, _share(corners[of], vertices))
    part = np.empty(len(square), dtype=object)
    for west, south, side in np.unique(np.column_stack([cell, step]), axis=0):
        some = (cell == (west, south)).all(axis=1) & (step == side)
        part[some] = shapely.clip_by_rect(square[some], west, south, west + side, south + side)
    there = shapely.area(part) > 0
    found = np.full((len(part), 2), np.nan)
    found[there] = shapely.get_coordinates(shapely.point_on_surface(part[there]))
    return found


def _share(corners: Floats, points: Floats) -> Floats:
    """Return the shares of the two sides at which points lie: the reverse of `_place`."""
    # solved and not projected: GEOS' rectangles are not square to the last digits
    (ex, ey), (ax, ay), (bx, by) = (
        (points - corners[:, 0]).T,
        *((corners[:, side] - corners[:, 0]).T for side in (1, 2)),
    )
    shares: Floats = np.column_stack([ex * by - ey * bx, ax * ey - ay * ex]) / (ax * by - ay * bx)[:, np.newaxis]
    return shares


def _nearest(points: Floats, wanted: Floats, begin: Longs, end: Longs) -> Longs:
    """Return, of the points from `begin` to `end`, the first that is nearest to each wanted place."""
    most = int((end - begin).max(initial=1))
    at = np.minimum(begin[:, None] + np.arange(most), end[:, None] - 1)
    square = ((points[at] - wanted[:, None]) ** 2).sum(axis=-1)
    nearest: Longs = at[np.arange(len(at)), np.argmin(np.nan_to_num(square, nan=np.inf), axis=1)]
    return nearest
