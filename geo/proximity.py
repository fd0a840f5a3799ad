"""Distances that decide verdicts: geodesics on GRS80, exact to the point or to a plant's fence."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from geo.crs import GEOD, distance_m


@dataclass(frozen=True, slots=True)
class Nearest:
    """Nearest target of each place; `position` is -1 and `metres` infinite where there is no target."""

    position: NDArray[np.intp]
    metres: NDArray[np.float64]


def _lon_lat(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    if frame.crs is None or not frame.crs.is_geographic:
        raise ValueError("geodesic distances need longitude and latitude")
    return np.asarray(frame.geometry.to_numpy(), dtype=object)


def azimuthal_point(area: shapely.Geometry, longitude: float, latitude: float) -> tuple[float, float]:
    """Return the point of `area` nearest to a place, both in degrees, by an equidistant projection on the place.

    The projection is centred on the place, so that plane distances from it are geodesic ones: the nearest point
    of each straight edge is found exactly up to the edge's own departure from a geodesic (< 1 mm on 1 km).
    """
    plane = Proj(proj="aeqd", lat_0=float(latitude), lon_0=float(longitude), ellps="GRS80")
    flat = shapely.transform(area, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1])))
    near = shapely.get_coordinates(shapely.shortest_line(flat, shapely.Point(0.0, 0.0)))[0]
    x, y = plane(near[0], near[1], inverse=True)
    return float(x), float(y)


def distance_to(places: gpd.GeoDataFrame, target: BaseGeometry) -> NDArray[np.float64]:
    """Return the geodesic distance [m] from each place (a point) to a point or an area; 0 inside the area."""
    points = _lon_lat(places)
    x, y = shapely.get_x(points), shapely.get_y(points)
    if isinstance(target, shapely.Point):
        return distance_m(x, y, target.x, target.y)
    shapely.prepare(target)
    metres = np.zeros(len(points))
    for at in np.flatnonzero(~shapely.intersects(target, points)):
        metres[at] = distance_m(x[at], y[at], *azimuthal_point(target, x[at], y[at])).item()
    return metres


def nearest(places: gpd.GeoDataFrame, targets: gpd.GeoDataFrame) -> Nearest:
    """Find the nearest target of every place by geodesic distance.

    Parameters
    ----------
    places : geopandas.GeoDataFrame
        Points, lon-lat.
    targets : geopandas.GeoDataFrame
        Points or areas, lon-lat; few of them (plants), so every pair is measured.

    Returns
    -------
    Nearest
        Position of the target in `targets` and the distance [m].
    """
    best = np.full(len(places), np.inf)
    position = np.full(len(places), -1, dtype=np.intp)
    for at, target in enumerate(_lon_lat(targets)):
        metres = distance_to(places, target)
        closer = metres < best
        best[closer], position[closer] = metres[closer], at
    return Nearest(position, best)


def ring(longitude: float, latitude: float, radius_m: float, *, points: int = 360) -> shapely.Polygon:
    """Return the geodesic circle round a point as a polygon in degrees: for display, never for a verdict."""
    azimuths = np.linspace(0.0, 360.0, points, endpoint=False)
    x, y, _ = GEOD.fwd(
        np.full(points, longitude), np.full(points, latitude), azimuths, np.full(points, float(radius_m))
    )
    return shapely.Polygon(np.column_stack((x, y)))


def holding(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all pairs (place, area) where the place's point lies in or on the area, in any common CRS."""
    if places.crs != areas.crs:
        raise ValueError(f"places are in {places.crs}, areas in {areas.crs}")
    points = places.geometry.representative_point().to_numpy()
    if not len(points) or not len(areas):
        empty = np.empty(0, dtype=np.intp)
        return empty, empty
    at_place, at_area = shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="intersects")
    order = np.lexsort((at_area, at_place))
    return at_place[order], at_area[order]


def margin_to_edge(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the distance [m] of each place to the nearest edge of any area: positive inside, negative outside.

    Both frames are in the same projected CRS; without areas the margin is minus infinity.
    """
    points = places.geometry.representative_point().to_numpy()
    if not len(areas):
        return np.full(len(points), -np.inf)
    whole = shapely.union_all(areas.geometry.to_numpy())
    shapely.prepare(whole)
    gap = shapely.distance(shapely.boundary(whole), points)
    return np.asarray(np.where(shapely.intersects(whole, points), gap, -gap), dtype=float)
