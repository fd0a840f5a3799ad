"""Distances that decide verdicts: geodesics on GRS80, exact to the point or to a plant's fence."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from geo.crs import GEOD, distance_m

_SAME_M = 1e-3


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


class Distances:
    """Geodesic distances of places to shapes, each shape measured once however often it is asked for.

    Parameters
    ----------
    places : geopandas.GeoDataFrame
        Points, lon-lat.
    """

    def __init__(self, places: gpd.GeoDataFrame) -> None:
        self.places = places
        self._known: dict[bytes, NDArray[np.float64]] = {}

    def __call__(self, shapes: Iterable[BaseGeometry], *, to_points: bool = False) -> NDArray[np.float64]:
        """Return the distance of each place to the nearest of some shapes [m]; infinite where there are none.

        Parameters
        ----------
        shapes : iterable of shapely geometry
            Points or areas, lon-lat; few of them (plants), so every pair is measured.
        to_points : bool
            Measure to a point in each shape, not to its edge.
        """
        found = np.full(len(self.places), np.inf)
        for shape in shapes:
            target = shape.representative_point() if to_points else shape
            key = shapely.to_wkb(target)
            if key not in self._known:
                self._known[key] = distance_to(self.places, target)
            found = np.minimum(found, self._known[key])
        return found


def ring(longitude: float, latitude: float, radius_m: float, *, points: int = 360) -> shapely.Polygon:
    """Return the geodesic circle round a point as a polygon in degrees: for display, never for a verdict."""
    azimuths = np.linspace(0.0, 360.0, points, endpoint=False)
    x, y, _ = GEOD.fwd(
        np.full(points, longitude), np.full(points, latitude), azimuths, np.full(points, float(radius_m))
    )
    return shapely.Polygon(np.column_stack((x, y)))


def points_of(places: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the point that stands for each place: itself, or one on its surface."""
    shapes = places.geometry.to_numpy()
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        return np.asarray(shapes, dtype=object)
    return np.asarray(shapely.point_on_surface(shapes), dtype=object)


def holding(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all pairs (place, area) where the place's point lies in or on the area, in any common CRS."""
    if places.crs != areas.crs:
        raise ValueError(f"places are in {places.crs}, areas in {areas.crs}")
    at_place, at_area = pairs_of(points_of(places), areas.geometry.to_numpy())
    order = np.lexsort((at_area, at_place))
    return at_place[order], at_area[order]


def pairs_of(points: NDArray[np.object_], areas: NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all pairs (point, area) where the point lies in or on the area, in no particular order.

    The tree is that of the points: the areas are then prepared, which is what makes outlines of many corners quick.
    """
    if not len(points) or not len(areas):
        empty = np.empty(0, dtype=np.intp)
        return empty, empty
    at_area, at_point = shapely.STRtree(points).query(areas, predicate="intersects")
    return at_point, at_area


class Outline:
    """The outer edge of some areas taken together: a border between two of them is no edge.

    Parameters
    ----------
    areas : geopandas.GeoDataFrame
        Polygons in a projected CRS [m].
    """

    def __init__(self, areas: gpd.GeoDataFrame) -> None:
        self._shapes = areas.geometry.to_numpy()
        self._whole = shapely.union_all(self._shapes)
        shapely.prepare(self._whole)
        self.segments, _ = segments_of(np.array([self._whole], dtype=object))
        self._tree = shapely.STRtree(self.segments)

    def margins(
        self, points: NDArray[np.object_], *, within_m: float | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
        """Return the distance of each point to the edge, and the pairs (point, segment) of the nearest segments.

        Parameters
        ----------
        points : array of shapely.Point
            In the CRS of the areas.
        within_m : float, optional
            Farther from the edge than this it is not measured [m].

        Returns
        -------
        margin_m : array
            Positive inside, negative outside, infinite where it is not measured; minus infinity without areas.
        at_point, at_segment : array of positions
            A point that is nearest to a corner has two segments.
        """
        if not len(self.segments):
            empty = np.empty(0, dtype=np.intp)
            return np.full(len(points), -np.inf), empty, empty
        (at_point, at_segment), found = self._tree.query_nearest(points, max_distance=within_m, return_distance=True)
        gap = np.full(len(points), np.inf)
        gap[at_point] = found
        return np.where(shapely.intersects(self._whole, points), gap, -gap), at_point, at_segment

    def owners(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the pairs (segment, area) of the areas that each segment of the edge belongs to."""
        middles = shapely.line_interpolate_point(self.segments, 0.5, normalized=True)
        at_segment, at_area = shapely.STRtree(self._shapes).query(middles, predicate="dwithin", distance=_SAME_M)
        return at_segment, at_area


def segments_of(areas: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return the straight segments of the boundaries of areas, and the position of the area of each."""
    rings, of_area = shapely.get_parts(shapely.boundary(areas), return_index=True)
    corners, of_ring = shapely.get_coordinates(rings, return_index=True)
    joined = of_ring[:-1] == of_ring[1:]
    lines = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)[joined])
    return np.asarray(lines, dtype=object), np.asarray(of_area[of_ring[:-1][joined]], dtype=np.intp)


def margin_to_edge(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the distance [m] of each place to the nearest edge of any area: positive inside, negative outside.

    Both frames are in the same projected CRS; without areas the margin is minus infinity.
    """
    return Outline(areas).margins(points_of(places))[0]
