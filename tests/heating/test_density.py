"""Heat on a grid keeps every sum, lies where its buildings lie, and reads back the same."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from heating_samples import LOCAL, buildings, square
from rasterio.io import MemoryFile

from data.catalog import text
from data.errors import DataError
from geo.crs import STORED
from geo.proximity import points_of
from heating.assessment import assess
from heating.density import BANDS, geotiff, heat_density
from heating.scenario import Scenario


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


def test_the_sums_are_those_of_the_buildings(done):
    found = heat_density(done.buildings, done.crs)
    assert np.nansum(found.heat_mwh) == pytest.approx(done.buildings["heat_gj"].sum() / 3.6)
    assert np.nansum(found.peak_kw) == pytest.approx(done.buildings["peak_kw"].sum())
    assert np.nansum(found.unknown) == done.buildings["heat_gj"].isna().sum()


@pytest.mark.parametrize("cell_m", [50.0, 100.0, 333.0])
def test_each_cell_is_the_sum_of_the_buildings_in_it(done, cell_m):
    found = heat_density(done.buildings, done.crs, cell_m=cell_m)
    points = gpd.GeoSeries(points_of(done.buildings), crs=done.buildings.crs).to_crs(done.crs)
    rows, columns = rasterio.transform.rowcol(found.transform, points.x.to_numpy(), points.y.to_numpy())
    table = pd.DataFrame({"row": rows, "column": columns, "heat": done.buildings["heat_gj"].to_numpy() / 3.6})
    wanted = table.groupby(["row", "column"])["heat"].sum()
    for (row, column), heat in wanted.items():
        assert found.heat_mwh[int(row), int(column)] == pytest.approx(heat)
    assert np.isfinite(found.heat_mwh).sum() == len(wanted)
    assert found.transform.c % cell_m == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("synthetic", [False, True])
def test_the_file_reads_back_with_its_place_bands_and_notice(done, synthetic):
    found = heat_density(done.buildings, done.crs)
    content = geotiff(found, synthetic=synthetic)
    with MemoryFile(content) as memory, memory.open() as read:
        assert read.count == len(BANDS)
        np.testing.assert_allclose(read.read(1), found.heat_mwh.astype(np.float32))
        assert read.descriptions == tuple(text(f"density.{name}") for name in BANDS)
        assert read.transform == found.transform
        assert read.tags().get("NOTICE") == (text("app.synthetic_long") if synthetic else None)
        west, south, east, north = (
            gpd.GeoSeries(points_of(done.buildings), crs=done.buildings.crs)
            .to_crs(rasterio.crs.CRS(read.crs).to_wkt())
            .total_bounds
        )
        assert read.bounds.left <= west <= east <= read.bounds.right
        assert read.bounds.bottom <= south <= north <= read.bounds.top
    assert geotiff(found, synthetic=synthetic) == content


def test_a_stray_building_at_the_end_of_the_world_makes_no_grid_of_it():
    frame = buildings({}, {"geometry": square(3_000, 20.0)})
    frame = frame.assign(heat_gj=1.0, peak_kw=1.0)
    far = gpd.GeoDataFrame(frame.iloc[[0]], geometry=[square(3_000_000, 20.0)], crs=STORED)
    with pytest.raises(DataError, match="格网"):
        heat_density(gpd.GeoDataFrame(pd.concat([frame, far]), crs=STORED), LOCAL, cell_m=1.0)
