"""Where shade is computed on roofs: inside each footprint, evenly, in order."""

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose, assert_array_equal
from shapely import affinity
from solar_samples import house

from solar.roof_points import roof_points

ELL = shapely.union(shapely.box(0, 0, 20, 5), shapely.box(0, 0, 5, 20))
COURT = shapely.difference(shapely.box(0, 0, 30, 30), shapely.box(4, 4, 26, 26))
TWO = shapely.MultiPolygon([shapely.box(0, 0, 6, 6), shapely.box(30, 30, 36, 36)])
BOWTIE = shapely.Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])


def places(points, roof):
    at = slice(points.starts[roof], points.starts[roof + 1])
    return np.column_stack([points.x[at], points.y[at]])


def test_a_rectangle_has_the_middles_of_its_cells():
    small, large = (
        places(roof_points([shapely.box(0, 0, 8, 4)]), 0),
        places(roof_points([shapely.box(0, 0, 60, 30)]), 0),
    )
    assert_allclose(np.unique(small, axis=0), [[2, 1], [2, 3], [6, 1], [6, 3]])
    assert_allclose(np.unique(large, axis=0), [[x, y] for x in (10, 30, 50) for y in (5, 15, 25)])


@pytest.mark.parametrize("area", [499.0, 501.0])
def test_large_roofs_have_nine(area):
    assert len(roof_points([house(10, area / 10, 33)]).x) == (4 if area < 500 else 9)


@pytest.mark.parametrize("shape", [ELL, COURT, TWO, affinity.rotate(ELL, 31), affinity.scale(COURT, 3, 1)])
def test_points_of_any_shape_are_inside(shape):
    points = roof_points([shape])
    assert len(points.x) in (4, 9)
    assert shapely.contains_xy(shape, points.x, points.y).all()


def test_a_courtyard_keeps_a_point_in_each_corner():
    found = places(roof_points([COURT]), 0) - 15
    assert {tuple(row) for row in np.sign(found)} == {(a, b) for a in (-1, 1) for b in (-1, 1)}


def test_an_empty_cell_repeats_the_nearest_point():
    corners = shapely.MultiPolygon([shapely.box(x, y, x + 12, y + 12) for x in (0, 48) for y in (0, 48)])
    found = places(roof_points([corners]), 0)
    assert shapely.contains_xy(corners, found).all()
    assert len(found) == 9
    assert_allclose(np.unique(found.round(6), axis=0), [[x, y] for x in (10, 50) for y in (10, 50)])


def test_order_rows_and_footprints_without_points():
    shapes = [ELL, None, shapely.Polygon(), shapely.box(0, 0, 60, 30), shapely.LineString([(0, 0), (1, 1)]), BOWTIE]
    points = roof_points(shapes)
    assert_array_equal(np.diff(points.starts), [4, 0, 0, 9, 0, len(places(points, 5))])
    assert_array_equal(points.roof, np.repeat(np.arange(6), np.diff(points.starts)))
    assert points.roof.dtype == np.int32
    assert np.isfinite(points.x).all()
    assert_allclose(places(points, 3), places(roof_points([shapes[3]]), 0))
    assert len(roof_points([]).x) == 0
