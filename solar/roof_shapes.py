"""What footprints tell of roofs: areas, net areas within a setback, and the long axis from true north."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.crs import convergence_deg

_MOST_DISTORTION: Final = 0.01
"""Areal distortion of a projection past which its areas are refused: EPSG:3857 has 0.65 here."""
_NOISE_DEG: Final = 1e-6
_EAST: Final = 90.0
_HALF_TURN: Final = 180.0

Floats = npt.NDArray[np.float64]


def require_metres(buildings: gpd.GeoDataFrame) -> None:
    """Refuse footprints that are not in projected metres with true areas.

    Raises
    ------
    ValueError
        If the system is missing, geographic, in other units, or distorts areas by more than 1 %.
    """
    crs = buildings.crs
    if crs is None or not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        raise ValueError(f"roofs need a projected coordinate system in metres, not {crs.name if crs else None}")
    west, south, east, north = buildings.total_bounds
    if np.isnan(west):
        return
    to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_degrees.transform((west + east) / 2, (south + north) / 2)
    scale = pyproj.Proj(crs).get_factors(longitude, latitude).areal_scale
    if not abs(scale - 1) <= _MOST_DISTORTION:
        raise ValueError(f"areas in {crs.name} are {scale:.3f} times the true ones here: use another projection")


def roof_shapes(buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return area, long axis and latitude of each footprint.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Footprints in projected metres.

    Returns
    -------
    pandas.DataFrame
        On the index of `buildings`: ``roof_m2``, the footprint without its holes [m2], 0 without one;
        ``orientation_deg``, the azimuth of the long axis of the smallest rectangle round it [deg from true north,
        0 to 180]; ``latitude`` [deg]. Of a square, the axis nearer to east–west is the long one, so that a plane
        looks south. Angles are NaN where there is no area.
    """
    footprint = buildings.geometry.to_numpy()
    latitude, convergence = _latitude_and_convergence(buildings)
    rectangle = shapely.oriented_envelope(_near_origin(footprint))
    whole = shapely.get_num_coordinates(rectangle) == 5
    corner = shapely.get_coordinates(rectangle[whole]).reshape(-1, 5, 2)
    sides = np.diff(corner[:, :3], axis=1)
    length = np.hypot(sides[..., 0], sides[..., 1])
    azimuth = _axis(np.degrees(np.arctan2(sides[..., 0], sides[..., 1])) + convergence[whole, np.newaxis])
    from_east = np.abs(azimuth - _EAST)
    square = np.isclose(length[:, 0], length[:, 1], rtol=1e-3)
    first = np.where(square, from_east[:, 0] <= from_east[:, 1], length[:, 0] > length[:, 1])
    orientation = np.full(len(buildings), np.nan)
    orientation[whole] = np.where(first, azimuth[:, 0], azimuth[:, 1])
    columns = {"roof_m2": np.nan_to_num(shapely.area(footprint)), "orientation_deg": orientation, "latitude": latitude}
    return pd.DataFrame(columns, index=buildings.index)


def _near_origin(footprint: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Move each footprint to the origin: at 4,000 km from it rounding turns the rectangle by up to 1e-3°."""
    of_geometry = shapely.get_coordinates(footprint, return_index=True)[1]
    corner = shapely.bounds(footprint)[of_geometry, :2]
    moved: npt.NDArray[np.object_] = shapely.transform(footprint, lambda points: points - corner)
    return moved


def _axis(azimuth: Floats) -> Floats:
    """Fold azimuths [deg] of axes into 0 to 180; rounding does not make a north–south axis one of 180°."""
    folded = np.mod(azimuth, _HALF_TURN)
    return np.where(folded > _HALF_TURN - _NOISE_DEG, 0.0, folded)


def _latitude_and_convergence(buildings: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """Return latitude and meridian convergence [deg] at each footprint, NaN where there is none.

    The convergence is the true azimuth of grid north, so that true azimuth = grid azimuth + convergence.
    """
    footprint = buildings.geometry.to_numpy()
    there = ~(shapely.is_missing(footprint) | shapely.is_empty(footprint))
    found = np.full((2, len(buildings)), np.nan)
    if there.any():
        middle = shapely.centroid(footprint[there])
        to_degrees = pyproj.Transformer.from_crs(buildings.crs, buildings.crs.geodetic_crs, always_xy=True)
        x, y = shapely.get_x(middle), shapely.get_y(middle)
        found[:, there] = to_degrees.transform(x, y)[1], convergence_deg(buildings.crs, x, y)
    return found[0], found[1]


def net_area(buildings: gpd.GeoDataFrame, setback_m: float) -> pd.Series:
    """Return what is left of each footprint [m2] when a strip along its outer and inner edges is taken off.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Footprints in projected metres.
    setback_m : float
        Width of the strip [m].
    """
    net = shapely.area(shapely.buffer(buildings.geometry.to_numpy(), -setback_m))
    return pd.Series(np.nan_to_num(net), index=buildings.index)


def rectangle_share(width_m: npt.ArrayLike, length_m: npt.ArrayLike, setback_m: npt.ArrayLike) -> Floats:
    """Return the share of a rectangle that a setback leaves: (W − 2s)(L − 2s)/(W L).

    >>> float(rectangle_share(10.0, 20.0, 1.0))
    0.72
    """
    width, length, setback = (np.asarray(side, dtype=float) for side in (width_m, length_m, setback_m))
    share: Floats = np.maximum(width - 2 * setback, 0.0) * np.maximum(length - 2 * setback, 0.0) / (width * length)
    return share
