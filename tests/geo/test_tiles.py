"""What a tile must show, held against an independent rasterisation and against shapely row by row."""

from __future__ import annotations

import io
import math

import geopandas as gpd
import numpy as np
import pytest
import rasterio.features
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rasterio.transform import Affine
from scipy import ndimage

from geo.tiles import TileIndex, empty_tile, rgba, tile_bounds, unit_mercator

LON, LAT = 106.3761, 39.0142
PALETTE = ("black", "#1b7837", "#d73027", (33, 102, 172, 128))
EARTH = 20037508.342789244
SIZE = 512


def tile_at(z, lon=LON, lat=LAT):
    column, row = np.floor(unit_mercator(np.array([[lon, lat]]))[0] * 2**z).astype(int)
    return z, int(column), int(row)


def town(count=400, seed=7, spread=0.004):
    """Rotated houses, some with courtyards, some of two parts."""
    rng = np.random.default_rng(seed)
    shapes = []
    for number in range(count):
        x, y = np.array([LON, LAT]) + rng.normal(0, spread, 2)
        house = shapely.box(-rng.uniform(6, 40), -rng.uniform(5, 15), rng.uniform(6, 40), rng.uniform(5, 15))
        if number % 7 == 0:
            house = house.difference(shapely.affinity.scale(house, 0.5, 0.5))
        if number % 11 == 0:
            house = shapely.MultiPolygon([*shapely.get_parts(house), shapely.box(60, 60, 80, 75)])
        turned = shapely.affinity.rotate(house, rng.uniform(0, 90), origin=(0, 0))
        shapes.append(shapely.affinity.affine_transform(turned, [1 / 86500, 0, 0, 1 / 111000, x, y]))
    return gpd.GeoSeries(shapes, crs=4326)


def apart(shapes):
    """Keep shapes that touch no other, so that the order of drawing cannot matter."""
    kept = []
    tree = shapely.STRtree(shapes.to_numpy())
    for row, shape in enumerate(shapes):
        if set(tree.query(shape.buffer(2e-5))) <= {row}:
            kept.append(shape)
    return gpd.GeoSeries(kept, crs=4326)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def class_map(png, palette=PALETTE):
    """Class of each pixel by its colour, edges counted as their class; -1 for a colour that is none."""
    image = pixels(png).astype(int)
    found = np.where(image[..., 3] == 0, 0, -1)
    for number, color in list(enumerate(palette))[1:]:
        red, green, blue, alpha = rgba(color)
        plain = np.array([red, green, blue, alpha])
        dark = np.array([round(red * 0.68), round(green * 0.68), round(blue * 0.68), alpha])
        found[(image == plain).all(axis=-1) | (image == dark).all(axis=-1)] = number
    return found


def expected(shapes, classes, z, x, y, *, all_touched=False):
    west, south, east, north = tile_bounds(z, x, y)
    metres = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326).to_crs(3857).total_bounds
    place = Affine((metres[2] - metres[0]) / SIZE, 0, metres[0], 0, (metres[1] - metres[3]) / SIZE, metres[3])
    pairs = [(shape, int(value)) for shape, value in zip(shapes.to_crs(3857), classes, strict=True) if value]
    return rasterio.features.rasterize(pairs, (SIZE, SIZE), transform=place, all_touched=all_touched, dtype="uint8")


def test_mercator_is_that_of_proj():
    points = gpd.GeoSeries.from_xy([-74.0, 0.0, LON, 179.9], [40.7, 0.0, LAT, -84.9], crs=4326)
    metres = points.to_crs(3857)
    ours = unit_mercator(shapely.get_coordinates(points.to_numpy()))
    assert np.allclose(ours[:, 0], metres.x / (2 * EARTH) + 0.5, atol=1e-12)
    assert np.allclose(ours[:, 1], 0.5 - metres.y / (2 * EARTH), atol=1e-9)


def test_tile_bounds_are_those_of_the_grid():
    assert tile_bounds(0, 0, 0) == pytest.approx((-180, -85.0511287798, 180, 85.0511287798))
    z, x, y = tile_at(14)
    west, south, east, north = tile_bounds(z, x, y)
    assert west <= LON < east
    assert south < LAT <= north
    assert tile_bounds(z, x, y)[2] == tile_bounds(z, x + 1, y)[0]
    assert tile_bounds(z, x, y)[1] == tile_bounds(z, x, y + 1)[3]


@pytest.mark.parametrize("z", [13, 14, 15, 16, 17, 18])
def test_pixels_agree_with_an_independent_rasterisation(z):
    shapes = apart(town())
    classes = (np.arange(len(shapes)) % 3 + 1).astype(np.uint8)
    tile = tile_at(z)
    ours = class_map(TileIndex(shapes).render(classes, PALETTE, *tile))
    truth = expected(shapes, classes, *tile)
    assert (ours >= 0).all(), "a colour that is not in the palette"
    for value in (1, 2, 3):
        mine, theirs = ours == value, truth == value
        # Drawn buildings may differ by one pixel along their edges, and nowhere else.
        near = expected(shapes, classes == value, *tile, all_touched=True) > 0
        assert not (mine & ~ndimage.binary_dilation(near)).any()
        assert not (ndimage.binary_erosion(theirs, np.ones((3, 3)), border_value=1) & ~mine).any()
    assert (ours > 0).sum() == pytest.approx((truth > 0).sum(), rel=0.9 if z < 15 else 0.25)


def test_every_drawn_building_is_seen_where_it_stands_alone():
    shapes = apart(town(count=150))
    for z in (10, 12, 14):
        tile = tile_at(z)
        index = TileIndex(shapes)
        for row in index.in_box(*tile_bounds(*tile)):
            classes = np.zeros(len(shapes), np.uint8)
            classes[row] = 1
            centre = unit_mercator(shapely.get_coordinates(shapely.centroid(shapes.iloc[row])))[0]
            if (np.floor(centre * 2**z) == tile[1:]).all():
                assert class_map(index.render(classes, PALETTE, *tile)).any(), (z, row)


def test_buildings_below_a_pixel_are_seen_at_far_zooms():
    side = 4 / 111000
    shapes = gpd.GeoSeries([shapely.box(LON, LAT, LON + side, LAT + side)], crs=4326)
    for z in range(5, 13):
        drawn = class_map(TileIndex(shapes).render(np.array([2], np.uint8), PALETTE, *tile_at(z)))
        assert (drawn == 2).sum() == 1, z


def court(inner=None):
    """A square with a hole, and a small house in the hole if asked for."""
    outer = shapely.box(LON - 4e-4, LAT - 4e-4, LON + 4e-4, LAT + 4e-4)
    hole = shapely.box(LON - 2e-4, LAT - 2e-4, LON + 2e-4, LAT + 2e-4)
    shapes = [shapely.difference(outer, hole)]
    if inner is not None:
        shapes.insert(inner, shapely.box(LON - 5e-5, LAT - 5e-5, LON + 5e-5, LAT + 5e-5))
    return gpd.GeoSeries(shapes, crs=4326)


def at(png, tile, lon, lat):
    z, x, y = tile
    column, row = np.floor((unit_mercator(np.array([[lon, lat]]))[0] * 2**z - [x, y]) * SIZE).astype(int)
    return class_map(png)[row, column]


@pytest.mark.parametrize("z", [14, 16, 18])
def test_a_hole_stays_transparent(z):
    lon, lat = LON + 1e-4, LAT + 1e-4
    tile = tile_at(z, lon, lat)
    drawn = TileIndex(court()).render(np.array([1], np.uint8), PALETTE, *tile)
    assert at(drawn, tile, lon, lat) == 0
    tile = tile_at(z, LON - 3e-4, LAT)
    drawn = TileIndex(court()).render(np.array([1], np.uint8), PALETTE, *tile)
    assert at(drawn, tile, LON - 3e-4, LAT) == 1


@pytest.mark.parametrize("z", [14, 16, 18])
@pytest.mark.parametrize("inner", [0, 1])
def test_a_hole_erases_no_building_in_it(z, inner):
    tile = tile_at(z)
    classes = np.array([2, 1] if inner == 0 else [1, 2], np.uint8)
    assert at(TileIndex(court(inner)).render(classes, PALETTE, *tile), tile, LON, LAT) == 2


def test_a_hole_shows_the_larger_building_below():
    podium = shapely.box(LON - 9e-4, LAT - 9e-4, LON + 9e-4, LAT + 9e-4)
    shapes = gpd.GeoSeries([*court(), podium], crs=4326)
    for z in (14, 16):
        tile = tile_at(z)
        assert at(TileIndex(shapes).render(np.array([1, 2], np.uint8), PALETTE, *tile), tile, LON, LAT) == 2


@pytest.mark.parametrize("z", [11, 13, 15, 17])
def test_neighbouring_tiles_meet_without_a_seam(z):
    """Four neighbours of 256 pixels must equal the one tile of 512 pixels that spans them, edges and all."""
    shapes = town()
    classes = (np.arange(len(shapes)) % 3 + 1).astype(np.uint8)
    index = TileIndex(shapes)
    _, x, y = tile_at(z)
    for dx, dy in ((0, 0), (1, 0), (0, -1)):
        big = pixels(index.render(classes, PALETTE, z, x + dx, y + dy, size=512))
        assert (big == _joined(index, classes, (z + 1, 2 * (x + dx), 2 * (y + dy)), size=256, count=2)).all()


def _joined(index, classes, corner, *, size, count):
    z, x, y = corner
    rows = [
        np.hstack([pixels(index.render(classes, PALETTE, z, x + dx, y + dy, size=size)) for dx in range(count)])
        for dy in range(count)
    ]
    return np.vstack(rows)


@pytest.mark.parametrize("z", [13, 16])
def test_a_building_across_a_border_has_no_edge_there(z):
    """Each tile must draw what a shifted grid would: the rows along the border continue each other."""
    _, x, y = tile_at(z)
    lon, lat = tile_bounds(z, x, y)[2], sum(tile_bounds(z, x, y)[1::2]) / 2
    reach = 40 * 360 / 2**z / 512
    shapes = gpd.GeoSeries([shapely.box(lon - reach, lat - reach, lon + reach, lat + reach)], crs=4326)
    index, one = TileIndex(shapes), np.array([1], np.uint8)
    left = pixels(index.render(one, PALETTE, z, x, y))[:, -1]
    right = pixels(index.render(one, PALETTE, z, x + 1, y))[:, 0]
    assert (left == right).all()
    assert (left[256] == rgba(PALETTE[1])).all()


def test_class_zero_is_not_drawn_and_hides_nothing():
    shapes = gpd.GeoSeries([court().iloc[0], shapely.box(LON - 5e-4, LAT - 5e-4, LON + 5e-4, LAT + 5e-4)], crs=4326)
    for z in (13, 16):
        tile = tile_at(z)
        drawn = class_map(TileIndex(shapes).render(np.array([0, 3], np.uint8), PALETTE, *tile))
        assert set(np.unique(drawn)) == {0, 3}
        alone = TileIndex(shapes.iloc[1:]).render(np.array([3], np.uint8), PALETTE, *tile)
        assert (class_map(alone) == drawn).all()


def test_an_empty_tile_is_fully_transparent():
    shapes = town(count=20)
    ones = np.ones(len(shapes), np.uint8)
    away = TileIndex(shapes).render(ones, PALETTE, 14, 0, 0)
    assert away == empty_tile()
    assert (pixels(away)[..., 3] == 0).all()
    assert pixels(away).shape == (SIZE, SIZE, 4)
    assert TileIndex(shapes).render(ones * 0, PALETTE, *tile_at(14)) == empty_tile()


def test_alpha_of_a_colour_is_kept():
    drawn = pixels(TileIndex(court()).render(np.array([3], np.uint8), PALETTE, *tile_at(14)))
    assert set(map(tuple, drawn.reshape(-1, 4)[drawn.reshape(-1, 4)[:, 3] > 0].tolist())) == {PALETTE[3]}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.floats(-0.012, 0.012), st.floats(-0.012, 0.012))
def test_identify_is_the_smallest_of_a_brute_force(seed, dx, dy):
    shapes = town(count=60, seed=seed % 40)
    index = TileIndex(shapes)
    points = shapely.points(
        np.concatenate([[[LON + dx, LAT + dy]], shapely.get_coordinates(shapes.representative_point().to_numpy())])
    )
    for point in points:
        rows = [row for row, shape in enumerate(shapes) if shape.intersects(point)]
        smallest = min(rows, key=lambda row: (shapes.iloc[row].area, row), default=None)
        assert index.identify(point.x, point.y) == smallest


def test_identify_can_be_limited_to_what_is_drawn():
    shapes = gpd.GeoSeries([*court(), shapely.box(LON - 5e-4, LAT - 5e-4, LON + 5e-4, LAT + 5e-4)], crs=4326)
    index = TileIndex(shapes)
    assert index.identify(LON + 3e-4, LAT) == 0
    assert index.identify(LON + 3e-4, LAT, among=np.array([False, True])) == 1
    assert index.identify(LON + 3e-4, LAT, among=np.array([False, False])) is None


def test_in_box_is_a_brute_force_in_order():
    shapes = town()
    box = (LON - 0.003, LAT - 0.001, LON + 0.001, LAT + 0.002)
    assert TileIndex(shapes).in_box(*box).tolist() == np.flatnonzero(shapes.intersects(shapely.box(*box))).tolist()


def test_rows_without_a_polygon_are_neither_drawn_nor_found():
    house = shapely.box(LON - 1e-4, LAT - 1e-4, LON + 1e-4, LAT + 1e-4)
    mixed = shapely.GeometryCollection([shapely.Point(LON, LAT), shapely.MultiPolygon([house])])
    shapes = gpd.GeoSeries([None, shapely.Polygon(), mixed], crs=4326)
    index = TileIndex(shapes)
    assert len(index) == 3
    assert index.identify(LON + 5e-5, LAT) == 2
    tile = tile_at(16)
    drawn = class_map(index.render(np.array([1, 1, 2], np.uint8), PALETTE, *tile))
    assert set(np.unique(drawn)) == {0, 2}


def test_a_layer_without_rows_works():
    index = TileIndex(gpd.GeoSeries([], crs=4326))
    assert index.identify(LON, LAT) is None
    assert index.render(np.zeros(0, np.uint8), PALETTE, *tile_at(12)) == empty_tile()
    assert len(index.in_box(0, 0, 180, 80)) == 0


def test_what_does_not_fit_is_refused():
    shapes = court()
    index = TileIndex(shapes)
    tile = tile_at(15)
    with pytest.raises(ValueError, match="2 classes for 1 rows"):
        index.render(np.ones(2, np.uint8), PALETTE, *tile)
    with pytest.raises(ValueError, match="class 9 has no colour"):
        index.render(np.full(1, 9, np.uint8), PALETTE, *tile)
    with pytest.raises(ValueError, match="at most 128"):
        index.render(np.ones(1, np.uint8), ["red"] * 129, *tile)
    with pytest.raises(ValueError, match="not a colour"):
        index.render(np.ones(1, np.uint8), ["red", (1, 2)], *tile)
    with pytest.raises(ValueError, match="lon-lat"):
        TileIndex(shapes.to_crs(3857))


def test_the_outline_is_geojson():
    found = TileIndex(court()).outline(0)
    assert found["type"] == "Polygon"
    assert len(found["coordinates"]) == 2
    assert math.isclose(found["coordinates"][0][0][0], LON, abs_tol=1e-3)
