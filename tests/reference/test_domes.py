"""Sky and rows against rays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solar.skyview import sky_view
from solar.validation import domes


def test_sky_view_of_tilted_planes_is_that_of_rays():
    table = domes.sky_views(planes=14, rays=200_000)
    assert len(table) == 14
    assert (table["tilt"].max(), table["tilt"].min()) == (90, 0)
    assert table["ours"].min() < 0.7
    assert ((table["ours"] - table["rays"]).abs() < 4 * table["error"] + 2e-5).all()
    assert (table["error"] < 1.2e-3).all()


@pytest.mark.parametrize("height", [5.0, 30.0, 70.0])
def test_an_even_horizon_leaves_the_square_of_its_cosine(height):
    horizon = np.full((2, 3, 360), np.tan(np.radians(height)), dtype=np.float32)
    assert_allclose(sky_view(horizon, np.zeros(2), np.array([0.0, 77.0])), np.cos(np.radians(height)) ** 2, rtol=1e-5)
    share, error = domes.ray_view(np.random.default_rng(3), horizon[0], 0.0, 0.0, 50_000)
    assert share == pytest.approx(np.cos(np.radians(height)) ** 2, abs=4 * error)


def test_a_flat_horizon_leaves_all():
    tilt, azimuth = np.array([0.0, 10.0, 60.0, 90.0]), np.array([0.0, 45.0, 180.0, 301.0])
    flat = np.zeros((4, 2, 360), dtype=np.float32)
    assert_allclose(sky_view(flat, tilt, azimuth), 1, rtol=1e-6)
    assert domes.ray_view(np.random.default_rng(3), flat[0], 60.0, 180.0, 20_000)[0] == 1


def test_what_a_row_sees_is_the_sum_of_its_rays():
    table = domes.row_shares()
    assert_allclose(table["ours"], table["summed"], atol=2e-5)
    assert (table["ours"] < (1 + np.cos(np.radians(table["tilt"]))) / 2).all()


def test_the_beam_on_a_row_is_pvlibs():
    assert domes.row_beams()["worst"].max() < 1e-12
