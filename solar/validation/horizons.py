"""Horizons of buildings and of terrain against brute force: on real data where it stands beside the project."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyproj import CRS

from data import demo, parameters
from geo.crs import working_crs
from geo.raster import Elevation, ground_m, read_elevation
from solar.horizon import obstacles, point_horizons, reaches
from solar.roof_points import roof_points
from solar.terrain import AZIMUTHS, terrain_horizons
from solar.validation.crossings import ray_horizons
from solar.validation.rays import marched
from solar.validation.rows import Row

REAL: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
FOOTPRINTS: Final = REAL / "buildings" / "new_york_osm_102k.parquet"
MOUNTAINS: Final = REAL / "dem" / "bigtujunga.tif"
_POINTS: Final = 60
_RAYS: Final = 4000

Floats = npt.NDArray[np.float64]


def _footprints() -> tuple[gpd.GeoDataFrame, str]:
    """Return real footprints in metres with their height, or those of a demo city where the real ones are absent."""
    if FOOTPRINTS.is_file():
        return gpd.read_parquet(FOOTPRINTS).to_crs(32618).rename(columns={"height": "height_m"}), "real New York blocks"
    with tempfile.TemporaryDirectory() as folder:
        city = gpd.read_parquet(demo.build(Path(folder) / "city", buildings=2000) / "buildings.parquet")
    return city.to_crs(working_crs(106.5)), "a synthetic city"


def building_rows() -> Iterator[Row]:
    """Compare horizons of buildings with shapely's crossings of rays and outlines."""
    town, where = _footprints()
    shapes = town.geometry.to_numpy()
    top = town["height_m"].fillna(town["height_m"].median()).to_numpy(dtype=float)
    points = roof_points(shapes)
    chosen = np.sort(np.random.default_rng(5).choice(len(points.x), _POINTS, replace=False))
    own = points.roof[chosen]
    x, y, z = points.x[chosen], points.y[chosen], top[own]
    reach = reaches(top)
    wanted, _ = ray_horizons(shapes, top, reach_m=reach, points=np.column_stack([x, y, z]), own=own)
    found = point_horizons(obstacles(shapes, top, reach_m=reach), x, y, z, own)
    worst = float((np.abs(found - wanted) / np.maximum(wanted, 1e-9)).max())
    yield (
        f"horizon of buildings, {_POINTS} points × 360 rays",
        f"shapely, every crossing, {where}",
        f"≤ {worst:.1e}",
        f"relative, of the tangent; {int((wanted > 0).mean() * 100)} % of the rays meet a building",
    )


def terrain_rows() -> Iterator[Row]:
    """Compare the horizon of terrain with single rays on real mountains, and with a peak that is known exactly."""
    if MOUNTAINS.is_file():
        yield _mountains()
    metres, reach = 30.0, 1100
    peak = 2000.0
    z = np.zeros((5, reach + 5), dtype=np.float32)
    z[:, reach] = peak
    crs = CRS.from_epsg(32648)
    plain = Elevation(z_m=z, west_m=0.0, north_m=0.0, step_m=metres, crs=crs)
    east = terrain_horizons(plain, [0.0], [-2 * metres], [10.0], reach_m=40_000.0)[0, AZIMUTHS // 4]
    distance = reach * metres
    effective = parameters.value("terrain", "earth_radius_m") / (
        1 - parameters.value("terrain", "refraction_coefficient")
    )
    exact = (peak - 10) / distance - distance / (2 * effective)
    yield (
        f"horizon of a ridge at {distance / 1000:.0f} km",
        "(H − z)/d − d(1 − k)/2R",
        f"Δ {float(east) - exact:+.1e}",
        f"tangent {exact:.5f}",
    )


def _mountains() -> Row:
    crs = CRS.from_epsg(32611)
    real, _ = read_elevation([MOUNTAINS], crs=crs, bounds=(376500, 3788800, 412000, 3807700), margin_m=0)
    rng = np.random.default_rng(6)
    rows, columns = real.z_m.shape
    x = real.west_m + rng.uniform(12, columns - 13, _RAYS) * real.step_m
    y = real.north_m - rng.uniform(12, rows - 13, _RAYS) * real.step_m
    z = ground_m(real, x, y) + 10
    azimuth = rng.integers(0, AZIMUTHS, _RAYS)
    found = terrain_horizons(real, x, y, z)[np.arange(_RAYS), azimuth]
    wanted = marched(real, x, y, z, azimuth * 360.0 / AZIMUTHS)
    off = np.degrees(np.arctan(found) - np.arctan(wanted))
    return (
        f"horizon of terrain, {_RAYS} points, 10 m above ground",
        f"single rays on {MOUNTAINS.name} (SRTM, 30 m)",
        f"rmse {np.sqrt((off**2).mean()):.3f}°, max {np.abs(off).max():.2f}°",
        f"bias {off.mean():+.4f}°; horizons up to {np.degrees(np.arctan(wanted.max())):.0f}°",
    )
