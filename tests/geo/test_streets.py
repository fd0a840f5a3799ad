"""Ways along streets: shortest paths held against an independent graph, crossings, gaps, and lines beside streets."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.streets import GRID_M, STEP_M, StreetGraph

LOCAL = 4545
HOP = 30.0


def graph(*lines):
    return StreetGraph(gpd.GeoDataFrame(geometry=[shapely.LineString(line) for line in lines], crs=LOCAL))


def ways(streets, places, *mains):
    shapes = np.array([shapely.Point(place) if isinstance(place, tuple) else place for place in places], dtype=object)
    lines = np.array([shapely.LineString(line) for line in mains], dtype=object)
    return streets.ways(streets.spots(shapes), lines, hop_m=HOP)


def test_a_way_goes_round_the_corner_not_through_the_block():
    streets = graph([(0, 0), (300, 0)], [(300, 0), (300, 400)])
    found = ways(streets, [(0, 20)], [(310, 380), (310, 395)])
    assert found.metres[0] == pytest.approx(20 + 300 + 380 + 10, abs=STEP_M / 2)
    assert found.line[0] == 0


def test_a_footprint_is_measured_from_its_edge():
    streets = graph([(0, 0), (300, 0)])
    found = ways(streets, [shapely.box(90, 15, 110, 40)], [(100, 0), (300, 0)])
    assert found.metres[0] == pytest.approx(15.0, abs=1e-6)


def test_a_main_in_the_same_street_is_reached_along_it_from_either_side():
    streets = graph([(0, 0), (1000, 0)])
    found = ways(streets, [(100, 0), (500, 0), (900, 0)], [(400, 8), (600, 8)])
    np.testing.assert_allclose(found.metres, [300 + 8, 8, 300 + 8], atol=STEP_M / 2)


def test_streets_that_cross_without_a_vertex_are_joined():
    streets = graph([(0, 0), (200, 0)], [(100, -100), (100, 100)])
    assert len(streets.edges) == 4
    assert ways(streets, [(0, 0)], [(100, 90), (100, 100)]).metres[0] == pytest.approx(190, abs=STEP_M / 2)


def test_ends_within_the_grid_meet_and_farther_ones_do_not():
    for gap, led in ((GRID_M / 4, True), (2.0, False)):
        streets = graph([(0, 0), (100, 0)], [(100 + gap, 0), (200, 0)])
        found = ways(streets, [(0, 0)], [(190, 0), (200, 0)])
        assert np.isfinite(found.metres[0]) == led
        assert (found.line[0] >= 0) == led


def test_no_way_leads_to_a_main_far_from_every_street():
    streets = graph([(0, 0), (100, 0)])
    assert ways(streets, [(0, 0)], [(50, HOP + 1), (60, HOP + 1)]).line.tolist() == [-1]
    assert ways(streets, [(0, 0)], [(50, HOP - 1), (60, HOP - 1)]).line.tolist() == [0]
    assert np.isinf(ways(streets, [(0, 0)]).metres).all()
    assert len(ways(streets, [], [(50, 0), (60, 0)]).metres) == 0


def test_of_two_streets_between_the_same_crossings_the_shorter_counts():
    streets = graph([(0, 0), (0, 50), (100, 50), (100, 0)], [(0, 0), (100, 0)], [(100, 0), (500, 0)])
    assert ways(streets, [(0, -1)], [(480, 0), (500, 0)]).metres[0] == pytest.approx(481, abs=STEP_M / 2)


def test_a_ring_is_gone_round_the_shorter_way():
    ring = shapely.Point(0, 0).buffer(100, quad_segs=32).exterior
    streets = StreetGraph(gpd.GeoDataFrame(geometry=[ring], crs=LOCAL))
    found = streets.ways(
        streets.spots(shapely.points([[0, 100], [0, -100]])), np.array([shapely.box(98, -2, 102, 2).exterior]), hop_m=5
    )
    quarter = np.pi * 50
    np.testing.assert_allclose(found.metres, quarter, atol=STEP_M)


def test_every_stretch_names_a_street_it_lies_on():
    lines = [shapely.LineString([(0, 0), (200, 0)]), shapely.LineString([(100, -100), (100, 100)])]
    streets = StreetGraph(gpd.GeoDataFrame(geometry=lines, crs=LOCAL))
    middles = shapely.line_interpolate_point(streets.edges, 0.5, normalized=True)
    assert shapely.distance(np.array(lines)[streets.street], middles).max() < GRID_M
    assert streets.length_m.sum() == pytest.approx(400)


def test_degrees_are_refused():
    with pytest.raises(ValueError, match="projected"):
        StreetGraph(gpd.GeoDataFrame(geometry=[shapely.LineString([(106, 39), (106.1, 39)])], crs=4490))


def shortest(edges, nodes, step):
    """Return all shortest lengths between the nodes of a grid, by Floyd and Warshall."""
    metres = np.where(np.eye(len(nodes), dtype=bool), 0.0, np.inf)
    for one, other in edges:
        at = nodes.index(one), nodes.index(other)
        metres[at] = metres[at[::-1]] = step
    for through in range(len(nodes)):
        metres = np.minimum(metres, metres[:, [through]] + metres[[through], :])
    return metres


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_ways_are_the_shortest_paths_of_an_independent_graph(seed):
    """On a grid with missing streets: ways from crossings to a tap at a crossing."""
    rng = np.random.default_rng(seed)
    size, step = 6, 100.0
    whole = [((x, y), (x + dx, y + dy)) for x in range(size) for y in range(size) for dx, dy in ((1, 0), (0, 1))]
    edges = [edge for edge in whole if max(edge[1]) < size and rng.uniform() < 0.7]
    nodes = sorted({node for edge in edges for node in edge})
    goal = int(rng.integers(len(nodes)))
    streets = graph(*[[np.multiply(one, step), np.multiply(other, step)] for one, other in edges])
    x, y = np.multiply(nodes[goal], step)
    found = ways(streets, [tuple(np.multiply(node, step)) for node in nodes], [(x, y), (x + 0.5, y + 0.5)])
    expected = shortest(edges, nodes, step)[goal]
    np.testing.assert_allclose(found.metres, expected, atol=1.0)
    np.testing.assert_array_equal(found.line >= 0, np.isfinite(expected))
