"""GCJ-02 and BD-09: the published values, exact inverses, and what is left alone."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import offsets
from geo.crs import distance_m

PAIRS = [(offsets.to_gcj02, offsets.from_gcj02), (offsets.to_bd09, offsets.from_bd09)]


def gcj_by_hand(longitude, latitude):
    """Follow the published program step by step, one place at a time."""
    x, y, pi = longitude - 105, latitude - 35, np.pi
    lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(abs(x))
    lat += (20 * np.sin(6 * x * pi) + 20 * np.sin(2 * x * pi)) * 2 / 3
    lat += (20 * np.sin(y * pi) + 40 * np.sin(y / 3 * pi)) * 2 / 3
    lat += (160 * np.sin(y / 12 * pi) + 320 * np.sin(y * pi / 30)) * 2 / 3
    lng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(abs(x))
    lng += (20 * np.sin(6 * x * pi) + 20 * np.sin(2 * x * pi)) * 2 / 3
    lng += (20 * np.sin(x * pi) + 40 * np.sin(x / 3 * pi)) * 2 / 3
    lng += (150 * np.sin(x / 12 * pi) + 300 * np.sin(x / 30 * pi)) * 2 / 3
    radians = latitude / 180 * pi
    magic = 1 - 0.00669342162296594323 * np.sin(radians) ** 2
    lat = lat * 180 / ((6378245 * (1 - 0.00669342162296594323)) / (magic * np.sqrt(magic)) * pi)
    return longitude + lng * 180 / (6378245 / np.sqrt(magic) * np.cos(radians) * pi), latitude + lat


def test_the_values_that_the_published_programs_give():
    np.testing.assert_allclose(offsets.to_gcj02(116.404, 39.915), (116.41024449916938, 39.91640428150164), atol=1e-12)
    gcj = offsets.from_gcj02(116.404, 39.915)
    np.testing.assert_allclose(offsets.to_bd09(*gcj), (116.41036949371029, 39.92133699351021), atol=1e-9)
    for place in [(106.3846, 39.0355), (104.2, 34.1), (73.6, 16.5), (134.9, 53.4)]:
        np.testing.assert_allclose(offsets.to_gcj02(*place), gcj_by_hand(*place), atol=1e-12)


@pytest.mark.parametrize(("there", "back"), PAIRS)
def test_inverses_are_exact_everywhere_in_china(there, back):
    rng = np.random.default_rng(0)
    longitude, latitude = rng.uniform(73, 136, 20_000), rng.uniform(3.5, 54, 20_000)
    longitude[:500] = 105 + rng.normal(0, 1e-7, 500)  # the published field has a cusp at 105° E
    got = back(*there(longitude, latitude))
    assert np.abs(np.subtract(got, (longitude, latitude))).max() < 1e-11
    away = distance_m(longitude, latitude, *there(longitude, latitude))
    assert 300 < np.median(away) < away.max() < 2000


@settings(max_examples=30, deadline=None)
@given(st.floats(73, 136), st.floats(3.5, 54))
def test_going_there_and_back_at_any_place(longitude, latitude):
    for there, back in PAIRS:
        x, y = back(*there(longitude, latitude))
        assert max(abs(x - longitude), abs(y - latitude)) < 1e-11
        x, y = there(*back(longitude, latitude))
        assert max(abs(x - longitude), abs(y - latitude)) < 1e-11


@pytest.mark.parametrize("move", [one for pair in PAIRS for one in pair])
def test_what_is_outside_or_unknown_stays(move):
    longitude = np.array([[-73.97, 0.0, np.nan], [106.4, np.inf, 140.0]])
    latitude = np.array([[40.7, 0.0, 39.0], [np.nan, 39.0, 39.0]])
    given_x, given_y = longitude.copy(), latitude.copy()
    x, y = move(longitude, latitude)
    assert x.dtype == y.dtype == np.float64
    np.testing.assert_array_equal(x, given_x)
    np.testing.assert_array_equal(y, given_y)
    move(longitude[:0], latitude[:0])
    assert move(np.array([106, 107]), 39)[1].shape == (2,), "whole numbers are numbers, and shapes broadcast"
    np.testing.assert_array_equal(longitude, given_x)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_shapes_go_there_and_back_with_holes_heights_and_columns(datum):
    holed = shapely.box(106, 39, 106.1, 39.1) - shapely.box(106.02, 39.02, 106.05, 39.05)
    shapes = [holed, shapely.Point(106, 39, 1100), shapely.LineString([(106, 39), (107, 39)]), None, shapely.Point()]
    frame = gpd.GeoDataFrame({"编号": list("abcde")}, geometry=shapes, crs=4490, index=[3, 1, 4, 7, 5])
    frame.attrs = {"file": "a.gpkg"}
    moved = offsets.shift(frame, datum)
    assert not moved.geometry.iloc[0].equals(frame.geometry.iloc[0])
    assert moved.geometry.iloc[1].z == 1100
    assert (list(moved.index), moved.crs, moved.attrs, list(moved["编号"])) == (
        list(frame.index),
        frame.crs,
        frame.attrs,
        list("abcde"),
    )
    again = offsets.shift(moved, datum, inverse=True)
    assert again.geometry.geom_equals_exact(frame.geometry, 1e-11).tolist() == [True, True, True, False, True]
    assert again.geometry.isna().tolist() == [False, False, False, True, False]
    assert frame.geometry.iloc[0].equals(holed), "what is given is not changed"


def test_shifting_what_cannot_be_shifted():
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(106, 39)], crs=4490)
    assert offsets.shift(frame, "wgs84").geometry.equals(frame.geometry)
    with pytest.raises(ValueError, match="unknown datum"):
        offsets.shift(frame, "wgs72")
    with pytest.raises(ValueError, match="degrees"):
        offsets.shift(frame.to_crs(4544), "gcj02")
