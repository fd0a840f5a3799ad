"""Elevation models: tiles of any system in one metric grid, and every fault of every file."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from numpy.testing import assert_allclose, assert_array_equal
from pyproj import CRS, Geod, Transformer
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from data.catalog import LANGUAGES
from data.errors import DataError
from geo.crs import convergence_deg, working_crs
from geo.raster import Elevation, bounds_near, ground_m, read_elevation

CITY = working_crs(106.5)
SECOND = 1 / 3600
TO_CITY = Transformer.from_crs(4326, CITY, always_xy=True)
EAST, NORTH = TO_CITY.transform(106.38, 39.03)
BOUNDS = (EAST - 500, NORTH - 400, EAST + 500, NORTH + 400)
MARGIN = 600.0


def hills(x, y):
    """Return heights [m] of smooth hills at places of the city's system."""
    return 1200 + 80 * np.sin((x - EAST) / 400) + 60 * np.cos((y - NORTH) / 300)


def write(path, z, to, crs, *, nodata=None, unit=None, scale=None, **options):
    bands = z if z.ndim == 3 else z[None]
    profile = {"driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(path, "w", dtype=z.dtype, transform=to, crs=crs, nodata=nodata, **profile, **options) as raster:
        raster.write(bands)
        if unit:
            raster.units = (unit,)
        if scale:
            raster.scales, raster.offsets = (scale[0],), (scale[1],)
    return path


def degrees_tile(path, west, north, shape, **options):
    """Write a tile of one-second cells in EPSG:4326."""
    lon = west + (np.arange(shape[1]) + 0.5) * SECOND
    lat = north - (np.arange(shape[0]) + 0.5) * SECOND
    z = hills(*TO_CITY.transform(*np.meshgrid(lon, lat))).astype(np.float32)
    return write(path, z, Affine(SECOND, 0, west, 0, -SECOND, north), "EPSG:4326", **options)


def metric_tile(path, *, step=30.0, crs=CITY, size=100, z=None, dx=0.0, **options):
    west, north = np.round(EAST - size * step / 2) + dx, np.round(NORTH + size * step / 2)
    x, y = west + (np.arange(size) + 0.5) * step, north - (np.arange(size) + 0.5) * step
    z = hills(*np.meshgrid(x, y)).astype(np.float32) if z is None else z
    return write(path, z, Affine(step, 0, west, 0, -step, north), crs.to_wkt(), **options)


def read(*paths, bounds=BOUNDS, margin_m=MARGIN):
    return read_elevation(paths, crs=CITY, bounds=bounds, margin_m=margin_m)


def centres(elevation):
    rows, columns = elevation.z_m.shape
    x = elevation.west_m + np.arange(columns) * elevation.step_m
    y = elevation.north_m - np.arange(rows) * elevation.step_m
    return np.meshgrid(x, y)


def rules(error):
    return [fault.rule for fault in error.value.faults]


def test_a_tile_in_degrees_becomes_metres(tmp_path):
    path = degrees_tile(tmp_path / "n39.tif", 106.36, 39.05, (150, 150))
    elevation, faults = read(path)
    assert faults == ()
    assert elevation.files == ("n39.tif",)
    assert elevation.z_m.dtype == np.float32
    assert elevation.step_m == pytest.approx(np.sqrt(24.0 * 30.85), rel=0.01)
    x, y = centres(elevation)
    assert x.min() <= BOUNDS[0] - MARGIN
    assert x.max() >= BOUNDS[2] + MARGIN
    assert y.min() <= BOUNDS[1] - MARGIN
    assert y.max() >= BOUNDS[3] + MARGIN
    assert_allclose(elevation.z_m, hills(x, y), atol=0.3)


def test_cells_of_the_same_system_are_read_as_they_are(tmp_path):
    path = metric_tile(tmp_path / "dem.tif", step=12.5, size=250)
    elevation, _ = read(path)
    assert elevation.step_m == 12.5
    x, y = centres(elevation)
    assert_allclose(elevation.z_m, hills(x, y), atol=1e-3)


def test_another_projected_system_is_warped(tmp_path):
    utm = CRS.from_epsg(32648)
    x0, y0 = Transformer.from_crs(CITY, utm, always_xy=True).transform(EAST, NORTH)
    x, y = np.meshgrid(x0 + (np.arange(140) - 70) * 30.0, y0 - (np.arange(140) - 70) * 30.0)
    back = Transformer.from_crs(utm, CITY, always_xy=True)
    z = hills(*back.transform(x, y)).astype(np.float32)
    path = write(tmp_path / "utm.tif", z, Affine(30, 0, x[0, 0] - 15, 0, -30, y[0, 0] + 15), utm.to_wkt())
    elevation, faults = read(path)
    assert faults == ()
    assert elevation.step_m == 30
    assert_allclose(elevation.z_m, hills(*centres(elevation)), atol=0.3)


def test_tiles_are_joined_without_a_seam(tmp_path):
    whole = read(degrees_tile(tmp_path / "whole.tif", 106.36, 39.05, (150, 150)))[0]
    folder = tmp_path / "tiles"
    folder.mkdir()
    degrees_tile(folder / "b.TIF", 106.36 + 70 * SECOND, 39.05, (150, 80))
    degrees_tile(folder / "a.tif", 106.36, 39.05, (150, 70))
    degrees_tile(folder / "far.tif", 100.0, 30.0, (20, 20))
    (folder / "readme.txt").write_text("no raster")
    elevation, faults = read(folder)
    assert faults == ()
    assert elevation.files == ("a.tif", "b.TIF")
    assert_allclose(elevation.z_m, whole.z_m, atol=1e-3)


def test_the_first_file_wins_and_others_fill_its_gaps(tmp_path):
    z = np.full((100, 100), 500, dtype=np.int16)
    z[40:60, 40:60] = -32768
    coarse = metric_tile(tmp_path / "coarse.tif", step=60.0)
    elevation, faults = read(metric_tile(tmp_path / "first.tif", z=z, nodata=-32768), coarse)
    assert faults == ()
    assert elevation.step_m == 30
    assert ground_m(elevation, EAST, NORTH) == pytest.approx(hills(EAST, NORTH), abs=3)
    assert ground_m(elevation, EAST - 900, NORTH) == 500


def test_missing_values_stay_missing_and_are_told(tmp_path):
    z = np.full((100, 100), 1000, dtype=np.int16)
    z[50:, :] = 32767
    elevation, faults = read(metric_tile(tmp_path / "half.tif", z=z, nodata=32767))
    assert [(fault.rule, fault.effect) for fault in faults] == [
        ("elevation.partial", "noted"),
        ("elevation.buildings_outside", "noted"),
    ]
    assert float(faults[0].got.removesuffix(" %")) == pytest.approx(50, abs=2)
    assert np.nanmin(elevation.z_m) == np.nanmax(elevation.z_m) == 1000
    assert np.isnan(ground_m(elevation, EAST, NORTH - 300))
    only_margin = read(metric_tile(tmp_path / "small.tif", size=40), margin_m=900)[1]
    assert [fault.rule for fault in only_margin] == ["elevation.partial"]
    assert all(fault.message(language) for fault in (*faults, *only_margin) for language in LANGUAGES)


def test_scaled_values_and_rows_from_south(tmp_path):
    z = np.full((100, 100), 3000, dtype=np.int16)
    elevation, _ = read(metric_tile(tmp_path / "scaled.tif", z=z, scale=(0.5, -300.0)))
    assert_array_equal(elevation.z_m, np.float32(1200))
    x, y = EAST - 1500 + (np.arange(100) + 0.5) * 30, NORTH - 1500 + (np.arange(100) + 0.5) * 30
    z = hills(*np.meshgrid(x, y)).astype(np.float32)
    path = write(tmp_path / "up.tif", z, Affine(30, 0, EAST - 1500, 0, 30, NORTH - 1500), CITY.to_wkt())
    elevation, _ = read(path)
    assert_allclose(elevation.z_m, hills(*centres(elevation)), atol=0.5)


def test_all_faults_of_all_files_come_at_once(tmp_path):
    rgb = np.zeros((3, 20, 20), dtype=np.uint8)
    to = Affine(30, 0, EAST, 0, -30, NORTH)
    (tmp_path / "broken.tif").write_bytes(b"II*\0 nothing")
    with pytest.warns(NotGeoreferencedWarning):
        nowhere = write(tmp_path / "nowhere.tif", rgb[0], Affine.identity(), None)
    paths = [
        tmp_path / "absent.tif",
        tmp_path / "broken.tif",
        write(tmp_path / "photo.tif", rgb, to, None),
        nowhere,
        metric_tile(tmp_path / "feet.tif", unit="ft"),
        metric_tile(tmp_path / "good.tif"),
    ]
    with pytest.raises(DataError) as error:
        read(*paths)
    assert [(fault.file, fault.rule.removeprefix("elevation.")) for fault in error.value.faults] == [
        ("absent.tif", "unreadable"),
        ("broken.tif", "unreadable"),
        ("photo.tif", "no_crs"),
        ("photo.tif", "several_bands"),
        ("nowhere.tif", "no_crs"),
        ("feet.tif", "not_metres"),
    ]
    for fault in error.value.faults:
        assert fault.effect == "refused"
        assert all(fault.message(language) for language in LANGUAGES)


def test_values_that_are_no_heights_are_refused_file_by_file(tmp_path):
    low, high = (np.full((100, 100), value, dtype=np.int16) for value in (-32768, 20_000))
    with pytest.raises(DataError) as error:
        read(metric_tile(tmp_path / "undeclared.tif", z=low), metric_tile(tmp_path / "cm.tif", z=high))
    assert rules(error) == ["elevation.not_metres"] * 2
    assert "-32768" in error.value.faults[0].got


def test_a_truncated_tile_is_refused(tmp_path):
    path = metric_tile(tmp_path / "cut.tif", size=100)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(DataError) as error:
        read(path)
    assert rules(error) == ["elevation.unreadable"]


@pytest.mark.parametrize("kind", ["elsewhere", "all missing", "empty folder", "no path", "too fine"])
def test_what_holds_no_heights_here_is_refused(tmp_path, kind):
    empty = np.full((100, 100), -9999, dtype=np.int16)
    paths, rule = {
        "elsewhere": ([degrees_tile(tmp_path / "e.tif", 100.0, 30.0, (20, 20))], "no_overlap"),
        "all missing": ([metric_tile(tmp_path / "m.tif", z=empty, nodata=-9999)], "no_overlap"),
        "empty folder": ([tmp_path], "no_files"),
        "no path": ([], "no_files"),
        "too fine": ([metric_tile(tmp_path / "f.tif", step=0.1)], "too_fine"),
    }[kind]
    if kind == "empty folder":
        paths = [tmp_path / "folder"]
        paths[0].mkdir()
    with pytest.raises(DataError) as error:
        read(*paths)
    assert rules(error) == [f"elevation.{rule}"]
    assert all(error.value.faults[0].message(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("crs", "bounds", "margin"),
    [(CRS.from_epsg(4490), BOUNDS, 0.0), (CITY, (1.0, 0.0, 0.0, 1.0), 0.0), (CITY, BOUNDS, -1.0)],
)
def test_a_wrong_call_is_a_mistake_of_ours(tmp_path, crs, bounds, margin):
    with pytest.raises(ValueError, match=r"elevation model|no area"):
        read_elevation([metric_tile(tmp_path / "dem.tif")], crs=crs, bounds=bounds, margin_m=margin)


def test_one_building_needs_no_extent(tmp_path):
    elevation, faults = read(metric_tile(tmp_path / "dem.tif"), bounds=(EAST, NORTH, EAST, NORTH), margin_m=0.0)
    assert faults == ()
    assert ground_m(elevation, EAST, NORTH) == pytest.approx(hills(EAST, NORTH), abs=1)


def test_ground_is_bilinear_and_nothing_outside():
    z = np.array([[0, 10, 20], [10, 20, 30], [20, 30, np.nan]], dtype=np.float32)
    elevation = Elevation(z_m=z, west_m=100.0, north_m=50.0, step_m=10.0, crs=CITY)
    assert_allclose(ground_m(elevation, [100, 105, 113], [50, 45, 42]), [0, 10, 21], rtol=1e-12)
    assert_allclose(ground_m(elevation, 120, 40), 30)
    assert np.isnan(ground_m(elevation, [99.9, 120.1, 110, 110, 119, 120], [50, 50, 50.1, 29.9, 39, 30])).all()


@pytest.mark.parametrize("crs", [CITY, CRS.from_epsg(4548), CRS.from_epsg(32648)])
@pytest.mark.parametrize("place", [(106.0, 38.6), (106.5, 39.0), (107.1, 39.4)])
def test_convergence_is_the_true_azimuth_of_grid_north(crs, place):
    to = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    x, y = to.transform(*place, direction="INVERSE")
    azimuth = Geod(ellps="GRS80").inv(*place, *to.transform(x, y + 10))[0]
    assert convergence_deg(crs, x, y) == pytest.approx(azimuth, abs=1e-4)


def test_a_stray_does_not_stretch_the_window():
    places = [shapely.box(x, 0, x + 10, 10) for x in (0, 50, 100, 900_000)]
    frame = gpd.GeoDataFrame(geometry=places, crs=32648)
    assert bounds_near(frame, 100_000) == (0, 0, 110, 10)
    assert bounds_near(frame, 1e7) == (0, 0, 900_010, 10)


def test_a_list_of_other_files_is_not_read_for_a_raster(tmp_path):
    secret = metric_tile(tmp_path / "secret.tif")
    posing = tmp_path / "posing.tif"
    posing.write_text(
        f"""<VRTDataset rasterXSize="4" rasterYSize="4"><SRS>EPSG:4326</SRS>
        <GeoTransform>106,1e-3,0,39,0,-1e-3</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>
        <SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>
        </VRTDataset>""",
        encoding="utf-8",
    )
    with rasterio.open(posing) as raster:
        assert raster.driver == "VRT"
    with pytest.raises(DataError) as error:
        read(posing)
    assert [fault.rule for fault in error.value.faults] == ["elevation.unreadable"]
