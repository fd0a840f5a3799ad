"""Weights of cells sum to one, do not mind the order of the cells, and stay between the values of the cells."""

from dataclasses import replace

import numpy as np
import pyproj
import pytest
import solar_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from solar_samples import written

from data.errors import DataError
from solar.weather import require_near, typical_year
from solar.weather_cells import cell_weights, read_cells

GEOD = pyproj.Geod(ellps="GRS80")
SEEDS = st.integers(0, 10_000)


def city(count, seed, points=40):
    """Return cells and points about the city, none of the cells at one place."""
    rng = np.random.default_rng(seed)
    one = typical_year_once()
    cells = [
        replace(one, longitude=lon, latitude=lat)
        for lon, lat in zip(rng.uniform(105.8, 107, count), rng.uniform(38.5, 39.5, count), strict=True)
    ]
    return cells, rng.uniform(105.8, 107, points), rng.uniform(38.5, 39.5, points), rng


def typical_year_once(kept=[]):  # noqa: B006
    if not kept:
        kept.append(typical_year())
    return kept[0]


def metres(cells, lon, lat):
    return np.column_stack(
        [GEOD.inv(lon, lat, np.full_like(lon, cell.longitude), np.full_like(lat, cell.latitude))[2] for cell in cells]
    )


def mixed(cells, values, lon, lat, mode="interpolated"):
    which, weight = cell_weights(cells, lon, lat, mode=mode)
    return (values[which] * weight).sum(axis=1)


@given(SEEDS, st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_weights_are_shepards_of_the_nearest_four(seed, count):
    cells, lon, lat, _ = city(count, seed)
    which, weight = cell_weights(cells, lon, lat, mode="interpolated")
    distance = metres(cells, lon, lat)
    order = np.argsort(distance, axis=1)[:, :4]
    assert_array_equal(which, order)
    inverse = np.take_along_axis(distance, order, axis=1) ** -2.0
    assert_allclose(weight, inverse / inverse.sum(axis=1, keepdims=True), rtol=1e-9)
    assert_allclose(weight.sum(axis=1), 1, rtol=1e-12)
    nearest, alone = cell_weights(cells, lon, lat, mode="nearest")
    assert_array_equal(nearest, order[:, :1])
    assert_array_equal(alone, np.ones((len(lon), 1)))


@given(SEEDS, st.integers(2, 9), st.sampled_from(["nearest", "interpolated"]))
@settings(max_examples=30, deadline=None)
def test_values_do_not_mind_the_order_and_stay_within_bounds(seed, count, mode):
    cells, lon, lat, rng = city(count, seed)
    values = rng.normal(size=count)
    found = mixed(cells, values, lon, lat, mode)
    turn = rng.permutation(count)
    assert_allclose(mixed([cells[at] for at in turn], values[turn], lon, lat, mode), found, rtol=1e-9, atol=1e-12)
    assert (found >= values.min() - 1e-12).all()
    assert (found <= values.max() + 1e-12).all()


@given(SEEDS, st.integers(2, 9))
@settings(max_examples=20, deadline=None)
def test_a_point_at_a_cell_gets_that_cell_and_near_it_almost(seed, count):
    cells, _, _, rng = city(count, seed)
    values = rng.normal(size=count)
    lon, lat = (np.array([getattr(cell, name) for cell in cells]) for name in ("longitude", "latitude"))
    which, weight = cell_weights(cells, lon, lat, mode="interpolated")
    assert_array_equal(which[:, 0], np.arange(count))
    assert_array_equal(weight[:, 0], np.ones(count))
    assert_array_equal(weight[:, 1:], np.zeros_like(weight[:, 1:]))
    assert_allclose(mixed(cells, values, lon + 1e-7, lat), values, atol=1e-3)


def test_a_single_point_is_a_row():
    cells, *_ = city(3, 1)
    which, weight = cell_weights(cells, 106.4, 39.0, mode="interpolated")
    assert which.shape == weight.shape == (1, 3)


def test_a_folder_is_read_and_the_nearest_cell_is_near_enough(tmp_path, typical):
    for name, longitude in (("b.epw", 106.5585), ("a.epw", 107.5)):
        written(tmp_path, samples.epw_text(typical.hours, longitude=longitude), name)
    written(tmp_path, "not weather", ".hidden")
    cells = read_cells(tmp_path, repair=False)
    assert [cell.longitude for cell in cells] == [107.5, 106.5585]
    assert read_cells([tmp_path / "b.epw"], repair=False)[0].longitude == 106.5585
    far = {"longitude": 105.55, "latitude": 39.125}
    assert require_near(cells, **far, allow_distant=False) == ()
    with pytest.raises(DataError):
        require_near(cells[:1], **far, allow_distant=False)
    (noted,) = require_near(cells, longitude=100.0, latitude=39.0, allow_distant=True)
    assert noted.got == "568 km"


def test_all_faults_of_all_files_come_at_once(tmp_path, typical):
    hours = typical.hours
    paths = [
        written(tmp_path, samples.epw_text(hours), "one.epw"),
        written(tmp_path, samples.epw_text(hours, longitude=106.55851), "two"),
        written(tmp_path, "nonsense", "three"),
        written(tmp_path, samples.epw_text(hours.iloc[:-24]), "four"),
        written(tmp_path, samples.epw_text(hours, years=[2019] * 12, longitude=106.0), "five"),
    ]
    with pytest.raises(DataError) as error:
        read_cells(paths, same_years=True, repair=False)
    assert {(fault.file, fault.rule) for fault in error.value.faults} == {
        ("two", "weather.cell_twice"),
        ("three", "weather.unknown_format"),
        ("four", "weather.incomplete_year"),
        ("five", "weather.cell_years"),
    }
    assert len(read_cells([paths[0], paths[4]], repair=False)) == 2, "means do not need the same years"


def test_nothing_to_read_is_a_fault(tmp_path):
    for nothing in (tmp_path, []):
        with pytest.raises(DataError) as error:
            read_cells(nothing)
        assert [fault.rule for fault in error.value.faults] == ["weather.no_cells"]
