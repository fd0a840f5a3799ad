"""Horizons of terrain: against rays marched one by one, against peaks of known height, and their laws."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pyproj import CRS

from data import parameters
from geo.raster import Elevation, ground_m, read_elevation
from solar.terrain import AZIMUTHS, expand, terrain_horizons
from solar.validation.rays import EFFECTIVE_RADIUS_M, bilinear, marched

UTM = CRS.from_epsg(32611)
STEP = 30.0


def made(z, step=STEP):
    return Elevation(z_m=np.asarray(z, dtype=np.float32), west_m=0.0, north_m=0.0, step_m=step, crs=UTM)


def rough(seed, rows=60, columns=70):
    """Return smooth random hills, some hundred metres high."""
    rng = np.random.default_rng(seed)
    waves = np.fft.rfft2(rng.normal(size=(rows, columns)))
    rank = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])
    z = np.fft.irfft2(waves / (0.02 + rank) ** 2, s=(rows, columns))
    return (1000 + 150 * z / z.std()).astype(np.float32)


def placed(elevation, seed, count=40):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, elevation.z_m.shape[1] - 1, count) * elevation.step_m
    y = -rng.uniform(0, elevation.z_m.shape[0] - 1, count) * elevation.step_m
    return x, y


def degrees(tangent):
    return np.degrees(np.arctan(tangent))


@pytest.fixture(scope="module")
def mountains(shared_file):
    path = shared_file("data/dem/bigtujunga.tif")
    return read_elevation([path], crs=UTM, bounds=(376500, 3788800, 412000, 3807700), margin_m=0)[0]


@pytest.mark.real_data
@pytest.mark.parametrize(("above", "most", "rmse"), [(5.0, 2.0, 0.12), (10.0, 1.5, 0.08), (30.0, 1.5, 0.08)])
@pytest.mark.parametrize("north", [0.0, 1.3])
def test_real_mountains_against_single_rays(mountains, above, most, rmse, north):
    rng = np.random.default_rng(int(above))
    rows, columns = mountains.z_m.shape
    x = mountains.west_m + rng.uniform(12, columns - 13, 600) * STEP
    y = mountains.north_m - rng.uniform(12, rows - 13, 600) * STEP
    z = ground_m(mountains, x, y) + above
    look = rng.integers(0, AZIMUTHS, 600)
    found = terrain_horizons(mountains, x, y, z, north_deg=north, reach_m=1e5)[np.arange(600), look]
    off = degrees(found) - degrees(marched(mountains, x, y, z, look * 5.0 - north))
    assert np.abs(off).max() < most
    assert np.sqrt((off**2).mean()) < rmse
    assert abs(off.mean()) < 0.01


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("place", [(7.0, 5.0), (7.3, 5.8)])
def test_a_ridge_at_30_km_stands_at_its_angle(side, place):
    z = np.full((16, 1016), 1000.0)
    z[:, 1005] = 2500.0
    row, column = place
    distance = (1005 - column) * STEP
    for _ in range(side):
        row, column, z = z.shape[1] - 1 - column, row, np.rot90(z)
    found = terrain_horizons(made(z), [column * STEP], [-row * STEP], [1100.0], reach_m=35_000)[0]
    expected = 1400 / distance - distance * (1 - 0.13) / (2 * 6_371_000)
    looked = (90 - 90 * side) % 360 // 5
    assert found[looked] == pytest.approx(expected, abs=1e-6)
    assert found.argmax() == looked
    assert found[(looked + AZIMUTHS // 2) % AZIMUTHS] == 0


@pytest.mark.parametrize("azimuth", [3.0, 27.0, 44.0, 45.0, 61.0, 142.0, 233.0, 300.5])
@pytest.mark.parametrize("away", [0.0, 1500.0])
def test_a_smooth_hill_in_any_direction(azimuth, away):
    wide, middle, far = 900.0, 451 * STEP, 12_000.0
    y, x = np.mgrid[0:-903:-1, 0:903].astype(float) * STEP
    sin, cos = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))

    def hill(x, y):
        east, north = x - middle - far * sin - away * cos, y + middle - far * cos + away * sin
        return 1000 + 1500 * np.exp(-(east**2 + north**2) / (2 * wide**2))

    along = np.linspace(1, 14_000, 400_000)
    heights = hill(middle + along * sin, -middle + along * cos)
    expected = ((heights - 1010) / along - along / (2 * EFFECTIVE_RADIUS_M)).max()
    found = terrain_horizons(made(hill(x, y)), [middle], [-middle], [1010.0], azimuths=1, north_deg=-azimuth)
    assert found[0, 0] == pytest.approx(expected, abs=5e-5)


def test_flat_land_has_no_horizon_and_curvature_lowers_a_far_peak(monkeypatch):
    z = np.full((40, 1100), 1000.0)
    level = terrain_horizons(made(z), [600.0], [-600.0], [1000.0])
    assert_array_equal(level, np.zeros((1, AZIMUTHS), np.float32))
    z[:, 1000] = 2000.0
    curved = terrain_horizons(made(z), [600.0], [-600.0], [1000.0])[0, 18]
    real = parameters.value
    monkeypatch.setattr(parameters, "value", lambda *key: 1e12 if key[1] == "earth_radius_m" else real(*key))
    flat = terrain_horizons(made(z), [600.0], [-600.0], [1000.0])[0, 18]
    distance = 980 * STEP
    assert flat == pytest.approx(1000 / distance, abs=1e-6)
    assert flat - curved == pytest.approx(distance * 0.87 / (2 * 6_371_000), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), row=st.integers(0, 59), column=st.integers(0, 69), rise=st.floats(1, 500))
@example(seed=1900, row=16, column=16, rise=181.0)  # once lost the first point beyond the near part
def test_raising_terrain_never_lowers_a_horizon(seed, row, column, rise):
    below = made(rough(seed))
    higher = below.z_m.copy()
    higher[row, column] += np.float32(rise)
    x, y = placed(below, seed)
    z = np.maximum(ground_m(below, x, y), ground_m(made(higher), x, y)) + 3
    first, second = (terrain_horizons(elevation, x, y, z) for elevation in (below, made(higher)))
    assert (second >= first - 1e-6).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.floats(0, 50), rise=st.floats(0, 200))
def test_raising_the_observer_never_raises_the_horizon(seed, low, rise):
    elevation = made(rough(seed))
    x, y = placed(elevation, seed)
    ground = ground_m(elevation, x, y)
    first, second = (terrain_horizons(elevation, x, y, ground + above) for above in (low, low + rise))
    assert (second <= first + 1e-6).all()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_turning_the_land_turns_the_horizon(seed):
    elevation = made(rough(seed))
    x, y = placed(elevation, seed)
    z = ground_m(elevation, x, y) + 5
    turned = made(np.rot90(elevation.z_m, -1))
    width = (elevation.z_m.shape[0] - 1) * STEP
    first = terrain_horizons(elevation, x, y, z)
    second = terrain_horizons(turned, width + y, -x, z)
    assert_allclose(np.roll(first, AZIMUTHS // 4, axis=1), second, atol=2e-5)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_of_points_and_true_north(seed):
    elevation = made(rough(seed))
    x, y = placed(elevation, seed)
    z = ground_m(elevation, x, y) + 5
    found = terrain_horizons(elevation, x, y, z)
    order = np.random.default_rng(seed).permutation(len(x))
    assert_array_equal(terrain_horizons(elevation, x[order], y[order], z[order]), found[order])
    assert_allclose(terrain_horizons(elevation, x, y, z, north_deg=10.0), np.roll(found, 2, axis=1), atol=1e-5)


def test_cells_without_height_are_no_obstacle_and_points_there_have_no_horizon():
    z = np.full((40, 40), 1000.0)
    z[:, 30] = 1200.0
    z[10:20, 29:32] = np.nan
    x, y = np.array([300.0, 300.0, 900.0, -30.0, 300.0]), np.array([-450.0, -900.0, -450.0, -450.0, -900.0])
    found = terrain_horizons(made(z), x, y, [1005.0, 1005.0, 1005.0, 1005.0, np.nan])
    assert found[0, 18] == 0
    assert found[1, 18] == pytest.approx(195 / 600 - 600 / (2 * EFFECTIVE_RADIUS_M), abs=1e-6)
    assert not found[2:].any()
    assert found[0].any()


def test_an_observer_below_ground_is_on_it():
    elevation = made(rough(3))
    x, y = placed(elevation, 3)
    ground = ground_m(elevation, x, y)
    assert_array_equal(terrain_horizons(elevation, x, y, ground - 40), terrain_horizons(elevation, x, y, ground))


def test_reach_is_always_seen_and_what_is_beyond_is_not_read():
    z = np.full((30, 400), 1000.0)
    z[:, 120], z[:, 390] = 1300.0, 9000.0
    found = terrain_horizons(made(z), [600.0], [-450.0], [1000.0], reach_m=3000.0)[0, 18]
    assert found == pytest.approx(300 / 3000, abs=1e-3)


def test_progress_no_points_and_wrong_input():
    elevation, seen = made(rough(1)), []
    terrain_horizons(elevation, [300.0], [-300.0], [2000.0], azimuths=8, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert terrain_horizons(elevation, [], [], []).shape == (0, AZIMUTHS)
    for wrong in ({"azimuths": 0}, {"reach_m": 0.0}, {"reach_m": np.nan}):
        with pytest.raises(ValueError, match="terrain_horizons"):
            terrain_horizons(elevation, [300.0], [-300.0], [2000.0], **wrong)
    with pytest.raises(ValueError, match="terrain_horizons"):
        terrain_horizons(elevation, [300.0, 1.0], [-300.0], [2000.0])


def test_the_reference_and_the_ground_agree():
    elevation = made(rough(9))
    x, y = placed(elevation, 9)
    assert_allclose(ground_m(elevation, x, y), bilinear(elevation.z_m, -y / STEP, x / STEP), rtol=1e-6)


@pytest.mark.parametrize("bins", [72, 360, 100])
def test_expansion_is_linear_round_the_circle(bins):
    columns = np.arange(72) * 5.0
    wave = (1 + np.cos(np.radians(columns - 40)))[None].astype(np.float32)
    middles = (np.arange(bins) + 0.5) * 360 / bins
    wanted = np.interp(middles, np.append(columns, 360), np.append(wave[0], wave[0, 0]))
    assert_allclose(expand(wave, bins)[0], wanted, atol=1e-6)
    assert expand(np.full((3, 8), 0.25, np.float32)).shape == (3, 360)
    assert (expand(np.full((3, 8), 0.25, np.float32)) == 0.25).all()
