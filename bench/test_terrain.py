"""Speed of the terrain's horizon: a city of 20 × 20 km on real mountains, and a sample of it ray by ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import CRS

from bench.core import core_seconds, modelchain_s
from geo.raster import Elevation, ground_m, read_elevation
from solar.terrain import AZIMUTHS, terrain_horizons
from solar.validation.rays import Floats, marched

MOUNTAINS = Path(__file__).resolve().parents[2] / "shared" / "data" / "dem" / "bigtujunga.tif"
City = tuple[Elevation, Floats, Floats, Floats]
STEP_M = 30.0
SIDE = 667
REACH = 1000
RAYS = 72


@pytest.fixture(scope="module")
def city() -> City:
    """Return mirrored real mountains, 80 × 80 km, and the cells of the 20 × 20 km in their middle."""
    if not MOUNTAINS.is_file():
        pytest.skip(f"the real elevation model is not there: {MOUNTAINS.name}")
    crs = CRS.from_epsg(32611)
    real, _ = read_elevation([MOUNTAINS], crs=crs, bounds=(376500, 3788800, 412000, 3807700), margin_m=0)
    whole = 2 * REACH + SIDE
    z = np.block([[real.z_m, real.z_m[:, ::-1]], [real.z_m[::-1], real.z_m[::-1, ::-1]]])
    z = np.ascontiguousarray(np.tile(z, (3, 2))[:whole, :whole])
    elevation = Elevation(z_m=z, west_m=0.0, north_m=0.0, step_m=STEP_M, crs=crs)
    row, column = np.mgrid[REACH : REACH + SIDE, REACH : REACH + SIDE].reshape(2, -1) * STEP_M
    x, y = column, -row
    return elevation, x, y, ground_m(elevation, x, y) + 10


def test_horizons_of_a_city(benchmark: Any, city: City) -> None:
    elevation, x, y, z = city
    terrain_horizons(elevation, x[:9], y[:9], z[:9])
    benchmark.group = "terrain"
    spent = core_seconds(lambda: terrain_horizons(*city), rounds=2)
    benchmark.extra_info |= {
        "horizons": len(x) * AZIMUTHS,
        "core_seconds": spent,
        "modelchain_years": spent / modelchain_s(),
    }
    benchmark.pedantic(terrain_horizons, args=city, rounds=3)


def test_horizons_ray_by_ray(benchmark: Any, city: City) -> None:
    elevation, x, y, z = city
    some = np.random.default_rng(1).integers(0, len(x), RAYS)
    benchmark.group = "terrain"
    benchmark.extra_info["horizons"] = RAYS
    azimuth = np.arange(RAYS) * 360.0 / RAYS
    benchmark.pedantic(marched, args=(elevation, x[some], y[some], z[some], azimuth), kwargs={"part": 0.5}, rounds=3)
