"""Distances that decide verdicts, held against pyproj row by row and against dense sampling."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.crs import working_crs
from geo.proximity import Distances, distance_to, holding, margin_to_edge, ring

GEOD = Geod(ellps="GRS80")
RADIUS = 15_000.0


def frame(shapes, crs=4490):
    return gpd.GeoDataFrame(geometry=shapes, crs=crs)


def random_points(count, seed=0):
    rng = np.random.default_rng(seed)
    return frame(shapely.points(rng.uniform(105.9, 107.2, count), rng.uniform(38.5, 39.6, count)))


def dense_distance(point, area, step_m=2.0):
    """Return the distance to the outline by walking it in steps along its straight edges in degrees."""
    outline = shapely.segmentize(area.boundary, step_m / 111_000)
    at = shapely.get_coordinates(outline)
    return GEOD.inv(np.full(len(at), point.x), np.full(len(at), point.y), at[:, 0], at[:, 1])[2].min()


@pytest.mark.real_data
def test_the_radius_verdict_of_two_thousand_points(shared_file):
    units = pd.read_csv(shared_file("data/plants/gem_gcpt_2024-07_units.csv"))
    plants = units.drop_duplicates(["Longitude", "Latitude"])
    targets = frame(shapely.points(plants["Longitude"], plants["Latitude"]))
    places = random_points(2000)
    got = Distances(places)(targets.geometry)
    for n, point in enumerate(places.geometry):
        each = [GEOD.inv(point.x, point.y, target.x, target.y)[2] for target in targets.geometry]
        assert got[n] == min(each)
        assert (got[n] <= RADIUS) == (min(each) <= RADIUS)
    assert 0 < (got <= RADIUS).sum() < len(places)


def test_distances_to_points_are_pyprojs_own():
    places, target = random_points(300), shapely.Point(106.38465, 39.03595)
    each = [GEOD.inv(point.x, point.y, target.x, target.y)[2] for point in places.geometry]
    np.testing.assert_array_equal(distance_to(places, target), each)


def test_distances_to_a_fence_are_those_of_a_dense_walk():
    holed = shapely.Polygon(
        [(106.38, 39.03), (106.40, 39.03), (106.395, 39.036), (106.40, 39.042), (106.38, 39.04)],
        [[(106.384, 39.033), (106.39, 39.033), (106.39, 39.038), (106.384, 39.038)]],
    )
    two = shapely.MultiPolygon([holed, shapely.box(106.5, 39.1, 106.51, 39.11)])
    places = pd.concat([random_points(40), frame([shapely.Point(106.387, 39.0355), shapely.Point(106.3815, 39.035)])])
    for area in (holed, two):
        got = distance_to(places, area)
        for metres, point in zip(got, places.geometry, strict=True):
            if area.covers(point):
                assert metres == 0
            else:
                walked = dense_distance(point, area)
                assert metres == pytest.approx(walked, abs=0.06)
                assert metres <= walked + 0.06, "no walk finds a nearer place"
        assert got[-2] > 0, "a hole is outside"
        assert got[-1] == 0


def test_nearest_takes_the_least_of_points_and_fences():
    places = random_points(60, seed=4)
    shapes = [shapely.Point(106.4, 39.0), shapely.box(106.7, 39.2, 106.75, 39.25), shapely.Point(106.9, 39.0)]
    each = np.stack([distance_to(places, shape) for shape in shapes])
    distances = Distances(places)
    np.testing.assert_array_equal(distances(shapes), each.min(axis=0))
    np.testing.assert_array_equal(distances(shapes[:1]), each[0])
    to_points = np.stack([distance_to(places, shape.representative_point()) for shape in shapes])
    np.testing.assert_array_equal(distances(shapes, to_points=True), to_points.min(axis=0))
    assert np.isinf(distances([])).all()
    with pytest.raises(ValueError, match="longitude"):
        Distances(places.to_crs(working_crs(106.5)))(shapes)


@settings(max_examples=30, deadline=None)
@given(st.floats(73, 135), st.floats(18, 53), st.floats(100, 50_000))
def test_the_displayed_ring_is_at_its_radius(longitude, latitude, radius):
    outline = shapely.get_coordinates(ring(longitude, latitude, radius))
    count = len(outline)
    metres = GEOD.inv(np.full(count, longitude), np.full(count, latitude), outline[:, 0], outline[:, 1])[2]
    np.testing.assert_allclose(metres, radius, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(105.9, 107.2), st.floats(38.5, 39.6))
def test_a_fence_is_never_farther_than_its_corners(longitude, latitude):
    area = shapely.box(106.5, 39.0, 106.52, 39.02)
    got = distance_to(frame([shapely.Point(longitude, latitude)]), area).item()
    corners = shapely.get_coordinates(area)
    far = GEOD.inv(np.full(5, longitude), np.full(5, latitude), corners[:, 0], corners[:, 1])[2].min()
    assert got <= far + 1e-6


def test_a_web_mercator_circle_would_lose_boilers():
    places, plant = random_points(2000, seed=2), shapely.Point(106.38465, 39.03595)
    exact = distance_to(places, plant) <= RADIUS
    plane = places.to_crs(3857).distance(frame([plant]).to_crs(3857).geometry.iloc[0]) <= RADIUS
    assert plane.sum() < 0.7 * exact.sum()


def test_holding_finds_every_pair():
    crs = working_crs(106.5)
    rng = np.random.default_rng(5)
    places = frame(shapely.points(*rng.uniform(0, 100, (2, 200))), crs)
    areas = frame([shapely.box(0, 0, 50, 50), shapely.box(25, 25, 75, 75), shapely.Point(90, 90).buffer(9)], crs)
    at_place, at_area = holding(places, areas)
    pairs = {(n, m) for n, p in enumerate(places.geometry) for m, a in enumerate(areas.geometry) if a.intersects(p)}
    assert set(zip(at_place, at_area, strict=True)) == pairs
    assert list(at_place) == sorted(at_place)
    edge = frame([shapely.Point(50, 10)], crs)
    assert len(holding(edge, areas)[0]) == 1, "on the edge is in"
    assert len(holding(places, areas.iloc[:0])[0]) == 0
    with pytest.raises(ValueError, match="areas in"):
        holding(places, areas.set_crs(4545, allow_override=True))


def test_the_margin_to_an_edge_has_a_sign():
    crs = working_crs(106.5)
    areas = frame([shapely.box(0, 0, 50, 100), shapely.box(50, 0, 100, 100)], crs)
    places = frame(shapely.points([50, 10, 110, 100], [50, 50, 50, 50]), crs)
    assert margin_to_edge(places, areas).tolist() == [50, 10, -10, 0], "an edge between two areas is no edge"
    assert np.isneginf(margin_to_edge(places, areas.iloc[:0])).all()
