"""What stands round every roof: its sample points, the buildings that shade them, and the terrain behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.errors import DataError, Fault
from geo.crs import convergence_deg
from geo.raster import LAYER, Elevation, ground_m
from solar.heights import building_heights
from solar.horizon import obstacles, point_horizons, reaches
from solar.obstacles import Obstacles
from solar.roof_points import RoofPoints, roof_points
from solar.terrain import expand, terrain_horizons

BINS: Final = 360
AZIMUTHS: Final = 72
"""Directions in which the terrain's horizon is computed; between them it is interpolated."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Buildings as the sun meets them; rows are those of the buildings that it was built from.

    Attributes
    ----------
    around : Obstacles or None
        Buildings that shade; None where their shade is left out.
    points : RoofPoints
        Sample points of each roof whose horizon may be asked for.
    roof_m : ndarray, shape (buildings,)
        Height of the roofs above the datum [m].
    north_deg : ndarray, shape (buildings,)
        Meridian convergence [deg].
    terrain : ndarray of float32, shape (buildings, azimuths), or None
        Tangent of the terrain's horizon; rows that nobody asked for are 0. None on flat terrain.
    nearby : ndarray of int, shape (buildings,)
        Place along a Hilbert curve: buildings with like numbers are neighbours.
    heights : pandas.DataFrame
        As `solar.heights.building_heights` gives them.
    """

    around: Obstacles | None
    points: RoofPoints
    roof_m: Floats
    north_deg: Floats
    terrain: Singles | None
    nearby: Ints
    heights: pd.DataFrame

    def points_of(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return the sample points of roofs as places in `points`, and which of `rows` each belongs to."""
        starts = self.points.starts
        count = starts[rows + 1] - starts[rows]
        owner = np.repeat(np.arange(len(rows)), count)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        return starts[rows][owner] + within, owner

    def horizons(self, rows: Ints) -> Singles:
        """Return the horizons of roofs that have equally many points.

        Returns
        -------
        ndarray of float32, shape (roofs, 1 + points, 360)
            Tangents at azimuth k + 0.5°: of the terrain alone, then of terrain and buildings at each point.
        """
        place, owner = self.points_of(rows)
        count = len(place) // max(len(rows), 1)
        found = np.empty((len(rows), 1 + count, BINS), dtype=np.float32)
        found[:, 0] = 0.0 if self.terrain is None else expand(self.terrain[rows], BINS)
        if self.around is not None:
            roof = rows[owner]
            found[:, 1:] = point_horizons(
                self.around,
                self.points.x[place],
                self.points.y[place],
                self.roof_m[roof],
                roof,
                north_deg=self.north_deg[roof],
            ).reshape(len(rows), count, BINS)
            if self.terrain is not None:
                np.maximum(found[:, 1:], found[:, :1], out=found[:, 1:])
        else:
            found[:, 1:] = found[:, :1]
        return found


def build_scene(
    buildings: gpd.GeoDataFrame,
    *,
    lit: npt.NDArray[np.bool_],
    elevation: Elevation | None = None,
    building_shade: bool = True,
    progress: Progress | None = None,
) -> Scene:
    """Set up the scene of a city.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Columns ``use``, ``floors``, ``height_m`` and the footprint, in a projected system in metres. Every building
        shades, whether it takes panels or not.
    lit : ndarray of bool, shape (buildings,)
        Whose horizons will be asked for.
    elevation : Elevation, optional
        Terrain, in the same projection; flat without it.
    building_shade : bool
        Whether buildings shade each other.
    progress : callable, optional
        Told the share done of the terrain.

    Raises
    ------
    ValueError
        If the elevation is in another projection.
    """
    if elevation is not None and elevation.crs != buildings.crs:
        raise ValueError(f"the elevation is in {elevation.crs.name}, the buildings are in {buildings.crs.name}")
    footprints = buildings.geometry.to_numpy()
    heights = building_heights(buildings)
    there = ~(shapely.is_missing(footprints) | shapely.is_empty(footprints))
    x, y = np.full((2, len(buildings)), np.nan)
    middle = shapely.centroid(footprints[there])
    x[there], y[there] = shapely.get_x(middle), shapely.get_y(middle)
    ground = np.zeros(len(buildings)) if elevation is None else _ground(elevation, x, y)
    height = heights["height_m"].to_numpy(dtype=float)
    roof = ground + height
    north = np.zeros(len(buildings))
    if there.any():
        north[there] = convergence_deg(buildings.crs, x[there], y[there])
    terrain = None
    if elevation is not None:
        asked = np.flatnonzero(lit & there)
        terrain = np.zeros((len(buildings), AZIMUTHS), dtype=np.float32)
        terrain[asked] = terrain_horizons(
            elevation,
            x[asked],
            y[asked],
            roof[asked],
            azimuths=AZIMUTHS,
            north_deg=float(np.median(north[there])),
            progress=progress,
        )
    return Scene(
        around=obstacles(footprints, roof, reach_m=reaches(height)) if building_shade else None,
        points=roof_points(np.where(lit, footprints, None)),
        roof_m=roof,
        north_deg=north,
        terrain=terrain,
        nearby=_nearby(buildings, there),
        heights=heights,
    )


def _ground(elevation: Elevation, x: Floats, y: Floats) -> Floats:
    """Return the ground below each building [m]; where the model has none, that of the nearest building that has.

    Raises
    ------
    data.errors.DataError
        If no building stands on the model.
    """
    ground = ground_m(elevation, x, y)
    there, known = np.isfinite(x) & np.isfinite(y), np.isfinite(ground)
    if there.any() and not known.any():
        files = ", ".join(elevation.files)
        raise DataError([Fault(rule="elevation.no_ground", effect="refused", file=files, layer=LAYER)])
    lost = there & ~known
    if lost.any():
        _, nearest = cKDTree(np.column_stack([x[known], y[known]])).query(np.column_stack([x[lost], y[lost]]))
        ground[lost] = ground[known][nearest]
    return np.where(there, ground, 0.0)


def _nearby(buildings: gpd.GeoDataFrame, there: npt.NDArray[np.bool_]) -> Ints:
    place = np.zeros(len(buildings), dtype=np.int64)
    if there.any():
        place[there] = buildings.geometry[there].hilbert_distance().to_numpy()
    return place
