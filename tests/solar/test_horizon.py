"""The horizon of buildings against rays cut with outlines by shapely, and its laws."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from shapely import affinity

from data import parameters
from solar.horizon import NOBODY, horizon_owners, obstacles, point_horizons, reaches
from solar.roof_points import roof_points
from solar.validation.crossings import ray_horizons

COURT = shapely.difference(shapely.box(-30, -30, 30, 30), shapely.box(-20, -18, 17, 21))
TWO = shapely.MultiPolygon([shapely.box(40, -8, 60, 7), shapely.box(-9, 50, 14, 71)])
ELL = shapely.union(shapely.box(-60, -20, -45, 30), shapely.box(-60, -20, -20, -7))
BOWTIE = shapely.Polygon([(20, 20), (60, 61), (60, 22), (21, 63)])
ROW = [shapely.box(-3.0 + 6 * n, 8, 3.0 + 6 * n, 19) for n in range(-4, 5)]


def compare(shapes, tops, points, *, own=NOBODY, reach=200.0, north=0.0):
    """Hold tangents and owners against the brute force; return the tangents."""
    footprints, places = np.array(shapes, dtype=object), np.atleast_2d(np.asarray(points, dtype=float))
    around = obstacles(footprints, tops, reach_m=reach)
    found, owners = horizon_owners(around, *places.T, own, north_deg=north)
    expected, makers = ray_horizons(footprints, tops, reach_m=reach, points=places, own=own, north_deg=north)
    assert_allclose(found, expected, rtol=2e-6, atol=1e-9)
    assert_array_equal(point_horizons(around, *places.T, own, north_deg=north), found)
    assert_array_equal(owners == NOBODY, found == 0)
    sole = owners == makers
    assert sole.mean() > 0.98, "ties of touching walls apart, the owner is the same"
    return found


@pytest.mark.parametrize("north", [0.0, 0.37, -1.3, 179.6, 725.2])
@pytest.mark.parametrize("shape", [COURT, TWO, ELL, BOWTIE, affinity.rotate(COURT, 27)], ids=lambda one: one.geom_type)
def test_one_shape_from_outside_and_inside(shape, north):
    compare([shape], [12.0], [(0.3, 0.2, 5.0), (25.1, 2.2, 3.0), (-100.3, 40.4, 0.0), (43.3, 40.1, 1.0)], north=north)


def test_touching_rows_of_houses():
    compare(ROW, np.arange(5.0, 14.0), [(0.21, 13.3, 4.0), (0.1, 0.2, 1.0), (9.3, 10.1, 6.5)], own=[4, NOBODY, 6])


def test_a_point_inside_a_taller_outline_sees_its_walls_all_round():
    found = compare([shapely.box(-10, -5, 10, 5)], [30.0], [(2.2, 1.1, 10.0)])
    assert found.min() > 20 / np.hypot(12.2, 6.1) - 1e-3
    assert compare([shapely.box(-10, -5, 10, 5)], [30.0], [(2.2, 1.1, 10.0)], own=0).max() == 0


@pytest.mark.parametrize("wide", [6.0, 22.0, 26.0, 90.0, 260.0])
@pytest.mark.parametrize("where", [-1.0, -0.4, 0.0, 0.4, 1.0])
def test_points_that_lie_across_cells_see_what_each_sees_alone(wide, where):
    # poles that grow away from the middle: those at the end of the reach are seen too
    rng = np.random.default_rng(5)
    far, turn = 400 * np.sqrt(rng.random(900)), rng.uniform(0, 2 * np.pi, 900)
    poles, tops = shapely.points(far * np.cos(turn), far * np.sin(turn)), far**2 / 500
    around = obstacles(shapely.buffer(poles, 0.4, quad_segs=1), tops, reach_m=200.0)
    west, south, size, columns, rows = around.grid
    for column, row in ((0, 0), (columns // 2, rows // 2), (columns // 2 + 1, rows // 2 - 1), (columns, rows)):
        x = west + column * size + (np.array([-0.5, 0.5, -0.5, 0.5]) + where / 2) * wide
        y = south + row * size + (np.array([-0.5, -0.5, 0.5, 0.5]) - where / 2) * wide
        alone = [point_horizons(around, *place, 0.0, NOBODY)[0] for place in zip(x, y, strict=True)]
        assert_array_equal(point_horizons(around, x, y, 0.0, NOBODY), alone)


def test_a_wall_due_north_of_true_north():
    wall = shapely.box(-2, 50, 2, 52)
    found = compare([wall], [10.0], [(0, 0, 0)], reach=60.0)[0]
    assert_array_equal(np.flatnonzero(found), [0, 1, 358, 359])
    assert found[0] == pytest.approx(10 / 50 * np.cos(np.radians(0.5)), rel=1e-6)
    # true azimuth is grid azimuth + 5: the wall stands at 5 degrees from true north
    turned = compare([wall], [10.0], [(0, 0, 0)], north=5.0)[0]
    assert_array_equal(np.flatnonzero(turned), [3, 4, 5, 6])


def test_reach_ends_at_the_crossing_not_at_the_building():
    wall = shapely.box(-300, 150, 300, 160)
    found = compare([wall], [30.0], [(0, 0, 0)], reach=200.0)[0]
    assert found[0] > 0.19
    assert found[45] == 0, "150 m / cos 45.5 is beyond the reach"
    assert_array_equal(reaches([10.0, 23.9, 24.0, 90.0]), [200, 200, 400, 400])


def test_the_least_distance():
    nearest = parameters.value("horizon", "nearest_m")
    around = obstacles([shapely.box(0, 0, 10, 10)], [8.0], reach_m=200.0)
    for x in (0.0, -0.001, 0.004):
        assert point_horizons(around, x, 5.0, 5.0, NOBODY).max() == pytest.approx(3 / nearest)
    assert point_horizons(around, 0.0, 5.0, 5.0, NOBODY).min() == pytest.approx(3 / nearest), "on the wall itself"


def test_what_is_no_obstacle_and_what_is_no_point():
    shapes = np.array([None, shapely.Polygon(), shapely.box(5, 0, 6, 1), shapely.box(9, -3, 12, 3)], dtype=object)
    around = obstacles(shapes, [9.0, 9.0, np.nan, 9.0], reach_m=200.0)
    found, owners = horizon_owners(around, [0, 0, 1e6, np.nan], 0.4, [0, 9, 0, 0], NOBODY)
    assert set(np.unique(owners)) == {NOBODY, 3}
    assert found[0].max() > 0.9
    assert found[1:3].max() == 0
    assert np.isnan(found[3]).all()
    assert point_horizons(around, [], [], [], NOBODY).shape == (0, 360)
    assert point_horizons(obstacles([], [], reach_m=200.0), 0, 0, 0, NOBODY).max() == 0


def test_bad_input_is_refused():
    box = [shapely.box(0, 0, 1, 1)]
    with pytest.raises(ValueError, match="tops"):
        obstacles(box, [1.0, 2.0], reach_m=200.0)
    with pytest.raises(ValueError, match="reach"):
        obstacles(box, [1.0], reach_m=0.0)
    around = obstacles(box, [1.0], reach_m=200.0)
    with pytest.raises(ValueError, match="row from 0 to 0"):
        point_horizons(around, 0, 0, 0, 1)
    with pytest.raises(ValueError, match="row from 0 to 0"):
        horizon_owners(around, 0, 0, 0, NOBODY, without=3)
    with pytest.raises(ValueError, match="shape"):
        point_horizons(around, np.zeros((2, 2)), 0, 0, NOBODY)


# on a grid of 0.1 m, of which the point is not a place: a wall through the point has no one answer
tenths = {low: st.integers(low * 10, high * 10).map(lambda n: n / 10) for low, high in ((-150, 150), (4, 60))}
building = st.tuples(tenths[-150], tenths[-150], tenths[4], tenths[4], st.integers(0, 90), tenths[4])
PLACE = (0.0123, 0.0217)
towns = st.lists(building, min_size=1, max_size=12)


def town(rows):
    shapes = [affinity.rotate(shapely.box(x, y, x + w, y + d), turn) for x, y, w, d, turn, _ in rows]
    tops = np.array([row[-1] for row in rows])
    return np.array(shapes, dtype=object), tops


def seen(shapes, tops, place=PLACE, z=2.0, **options):
    return point_horizons(obstacles(shapes, tops, reach_m=reaches(tops)), *place, z, NOBODY, **options)[0]


@settings(max_examples=60, deadline=None)
@given(rows=towns, more=building, lift=st.floats(0, 30))
def test_more_buildings_never_lower_and_a_higher_point_never_raises(rows, more, lift):
    shapes, tops = town(rows)
    both, taller = town([*rows, more])
    before = seen(shapes, tops)
    assert (seen(both, taller) >= before).all()
    assert (seen(shapes, tops, z=2.0 + lift) <= before).all()


@settings(max_examples=60, deadline=None)
@given(rows=towns, data=st.data())
def test_leaving_out_an_owner_lowers_its_rays_alone(rows, data):
    shapes, tops = town(rows)
    around = obstacles(shapes, tops, reach_m=reaches(tops))
    before, owners = horizon_owners(around, *PLACE, 2.0, NOBODY)
    left_out = data.draw(st.integers(0, len(rows) - 1))
    after, others = horizon_owners(around, *PLACE, 2.0, NOBODY, without=left_out)
    assert (after <= before).all()
    assert not (others == left_out).any()
    assert_array_equal(after[owners != left_out], before[owners != left_out])
    assert_array_equal(after[0], point_horizons(around, *PLACE, 2.0, left_out)[0])


@settings(max_examples=40, deadline=None)
@given(rows=towns, order=st.randoms(), place=st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)))
def test_order_and_place_do_not_matter(rows, order, place):
    shapes, tops = town(rows)
    before = seen(shapes, tops)
    mixed = order.sample(range(len(rows)), len(rows))
    assert_array_equal(seen(shapes[mixed], tops[mixed]), before)
    moved = np.array([affinity.translate(shape, *place) for shape in shapes], dtype=object)
    assert np.isclose(seen(moved, tops, np.add(PLACE, place)), before, rtol=1e-5).mean() > 0.98, (
        "rays through corners apart"
    )
    around = obstacles(shapes, tops, reach_m=reaches(tops))
    several = point_horizons(around, [PLACE[0], 7, PLACE[0]], [PLACE[1], 3, PLACE[1]], [2.0, 1.0, 2.0], NOBODY)
    assert_array_equal(several[[0, 2]], [before, before])


@settings(max_examples=40, deadline=None)
@given(rows=towns, turn=st.integers(-360, 360))
def test_turning_the_town_turns_the_rays(rows, turn):
    shapes, tops = town(rows)
    before = seen(shapes, tops)
    turned = np.array([affinity.rotate(shape, -turn, origin=PLACE) for shape in shapes], dtype=object)
    for after in (seen(turned, tops), seen(shapes, tops, north_deg=float(turn))):
        assert np.isclose(after, np.roll(before, turn), rtol=1e-5).mean() > 0.98, "rays through corners apart"


@pytest.mark.real_data
def test_real_blocks_are_those_of_the_brute_force(shared_file):
    frame = gpd.read_parquet(shared_file("data/buildings/new_york_osm_102k.parquet"), columns=["height", "geometry"])
    frame = frame.cx[-74.0:-73.98, 40.69:40.705].to_crs(32618)
    assert len(frame) > 1000
    shapes, tops = frame.geometry.to_numpy(), frame["height"].fillna(frame["height"].median()).to_numpy()
    points = roof_points(shapes)
    pick = np.random.default_rng(20260).choice(len(points.x), 30, replace=False)
    own = points.roof[pick]
    places = np.column_stack([points.x[pick], points.y[pick], tops[own]])
    found = compare(shapes, tops, places, own=own, reach=reaches(tops), north=np.linspace(-1.5, 1.5, 30))
    assert found.max() > 1
