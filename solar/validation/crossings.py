"""The horizon by brute force: every ray cut with every outline that it meets, by shapely."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from data import parameters

RAYS: Final = 360

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]


def ray_horizons(
    footprints: npt.NDArray[Any],
    top_m: npt.ArrayLike,
    *,
    reach_m: npt.ArrayLike,
    points: npt.ArrayLike,
    own: npt.ArrayLike = -1,
    north_deg: npt.ArrayLike = 0.0,
) -> tuple[Floats, Longs]:
    """Return the horizon of points and who makes it, one line and its crossings at a time.

    Parameters
    ----------
    footprints : array of shapely geometries, shape (n,)
        Projected metres.
    top_m, reach_m : array_like, shape (n,) or ()
        Heights of the tops above the datum and distances to look [m].
    points : array_like, shape (m, 3)
        x, y and z [m].
    own, north_deg : array_like, shape (m,) or ()
        Row of the building to leave out, and meridian convergence [deg].

    Returns
    -------
    tangents : ndarray, shape (m, 360)
        Greatest (top − z)/distance of each ray, at least 0.
    owners : ndarray, shape (m, 360)
        Row of the building that makes it, −1 where none does; the lowest of several.
    """
    places = np.atleast_2d(np.asarray(points, dtype=float))
    outlines = shapely.boundary(footprints)
    tree = shapely.STRtree(outlines)
    top, reach = (np.broadcast_to(np.asarray(one, dtype=float), outlines.shape) for one in (top_m, reach_m))
    left_out, north = (np.broadcast_to(np.asarray(one), len(places)) for one in (own, north_deg))
    tangents = np.zeros((len(places), RAYS))
    owners = np.full((len(places), RAYS), -1)
    for row, (x, y, z) in enumerate(places):
        azimuth = np.radians(np.arange(RAYS) + 0.5 - north[row])
        ends = np.column_stack([x + np.sin(azimuth) * reach.max(), y + np.cos(azimuth) * reach.max()])
        lines = np.asarray(shapely.linestrings(np.stack([np.broadcast_to((x, y), ends.shape), ends], axis=1)))
        ray, building = tree.query(lines, predicate="intersects")
        counts = (top[building] > z) & (building != left_out[row])
        ray, building = ray[counts], building[counts]
        distance = np.asarray(
            shapely.distance(shapely.Point(x, y), shapely.intersection(lines[ray], outlines[building]))
        )
        near = distance <= reach[building]
        ray, building, distance = ray[near], building[near], distance[near]
        tangent = (top[building] - z) / np.maximum(distance, parameters.value("horizon", "nearest_m"))
        order = np.lexsort((-building, tangent))
        tangents[row, ray[order]] = tangent[order]
        owners[row, ray[order]] = building[order]
    return tangents, owners
