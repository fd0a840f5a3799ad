"""The solar engine against pvlib's ModelChain, and what a city costs: core-seconds and ratios of one run."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from bench.core import core_seconds, modelchain_s
from solar import kernel, packing
from solar.engine import city_yield
from solar.roofs import design_roofs
from solar.scene import build_scene
from solar.sky import sky_of
from solar.system import system
from solar.weather import typical_year

FOOTPRINTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "buildings" / "new_york_osm_102k.parquet"
CRS = "+proj=tmerc +lon_0=-74 +k=1 +ellps=GRS80"
PLANES = 8192

pytestmark = pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear")
real = pytest.mark.skipif(not FOOTPRINTS.is_file(), reason=f"the real footprints are not there: {FOOTPRINTS}")


def packed(suns):
    rng = np.random.default_rng(1)
    planes = packing.planes(
        tilt=np.full(PLANES, 15.0),
        azimuth=rng.uniform(90, 270, PLANES),
        ridge_gcr=np.full(PLANES, 0.59),
        sky_view=np.full((2, PLANES), 0.95),
        albedo=0.2,
    )
    # buildings of all heights to the tangent of 0.4, as in a town
    horizon = rng.uniform(0, 0.4, (PLANES, 2, 72)).repeat(5, axis=2).astype(np.float32)
    horizon[:, 0] = 0.0
    return packing.pack_hours(sky_of(typical_year(), suns_per_hour=suns), system(), "tilted_flat"), planes, horizon


@pytest.mark.parametrize("suns", [1, 4])
def test_kernel_against_modelchain(benchmark, suns):
    work = packed(suns)
    kernel.run(*work)
    ours = core_seconds(lambda: kernel.run(*work))
    benchmark.group = "kernel, a horizon of 72 steps"
    benchmark.extra_info |= {
        "suns_per_hour": suns,
        "roof_years_per_core_second": PLANES / ours,
        "times_modelchain": PLANES / ours * modelchain_s(),
    }
    benchmark.pedantic(kernel.run, args=work, rounds=1)


def town(copies):
    frame = gpd.read_parquet(FOOTPRINTS)
    columns = {"use": "unknown", "roof_kind": "unknown", "height_m": frame["height"], "floors": np.nan}
    one = gpd.GeoDataFrame(columns | {"year_built": np.nan}, geometry=frame.geometry, crs=4326).to_crs(CRS)
    if copies < 1:
        return one.iloc[: int(len(one) * copies)].reset_index(drop=True)
    west, south, east, north = one.total_bounds
    side = int(np.ceil(np.sqrt(copies)))
    parts = [
        one.set_geometry(one.geometry.translate((n % side) * (east - west + 500), (n // side) * (north - south + 500)))
        for n in range(int(copies))
    ]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)


@real
@pytest.mark.parametrize("copies", [0.1, 1, 4])
def test_city(benchmark, copies):
    buildings = town(copies)
    roofs = design_roofs(buildings)
    lit = (roofs["capacity_kw"] > 0).to_numpy()
    city_yield(roofs.iloc[:600], build_scene(buildings.iloc[:600], lit=lit[:600]), [typical_year()])

    def whole():
        return city_yield(roofs, build_scene(buildings, lit=lit), [typical_year()])

    spent = core_seconds(whole, rounds=1)
    benchmark.pedantic(whole, rounds=1)
    benchmark.group = "footprints to hourly AC"
    benchmark.extra_info |= {
        "footprints": len(buildings),
        "roofs": int(lit.sum()),
        "core_seconds": spent,
        "core_seconds_per_100k_footprints": spent / len(buildings) * 1e5,
        "modelchain_years_per_100k_footprints": spent / len(buildings) * 1e5 / modelchain_s(),
    }
