"""What is packed for the browser comes out again: the same outlines, the same words, for the same buildings."""

from __future__ import annotations

import gzip

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from heating.layers import demo_layers
from ui.building_tip import recorder
from ui.standalone_buildings import pack

HALF_STEP = 0.5e-6 + 1e-12
HOLE = shapely.Polygon(
    shapely.box(106.0, 39.0, 106.001, 39.001).exterior.coords,
    [shapely.box(106.0002, 39.0002, 106.0004, 39.0005).exterior.coords],
)
SHAPES = (
    HOLE,
    shapely.MultiPolygon([HOLE, shapely.box(106.01, 39.01, 106.0101, 39.0102)]),
    shapely.Polygon([(106.1, 39.1), (106.1001, 39.1), (106.1, 39.1001)]),
    shapely.Polygon(),
    None,
    shapely.box(105.2, 38.1, 107.9, 39.9),
    shapely.Polygon([(-70.5, -33.4), (-70.4999, -33.4), (-70.49991, -33.3998), (-70.50002, -33.3999)]),
    shapely.Point(106.37, 39.01).buffer(0.0004),
)


def city(shapes=SHAPES, **columns):
    count = len(shapes)
    given_columns = {
        "use": ["apartment", "school"] * count,
        "zone": ["urban", "rural", None] * count,
        "heat_source": ["chp", "unknown"] * count,
        "clean_heating": ["clean", "unknown"] * count,
        "area_m2": [1234.5, np.nan, 0.4, 1e7, 2.5, 3.5, 99999.9] * count,
        "yield_kwh": [0.0, 1e6 + 0.5, np.nan, np.inf] * count,
        **columns,
    }
    return gpd.GeoDataFrame(
        {name: values[:count] for name, values in given_columns.items()}, geometry=list(shapes), crs=4326
    )


def everything(frame):
    return {"all": np.ones(len(frame), bool)}


def signed(coded):
    return np.where(coded % 2, -(coded + 1) // 2, coded // 2)


def columns_of(packed):
    """Read the columns as the module's description says."""
    data = np.frombuffer(gzip.decompress(packed.data), np.uint8).astype(np.int64)
    found, at = {}, 0
    for name, count, planes in packed.head["columns"]:
        found[name] = np.zeros(count, np.int64)
        for plane in range(planes):
            found[name] += data[at : at + count] << 8 * plane
            at += count
    assert at == len(data)
    return found


def rings_of(columns, per_degree):
    """Give the rings of each building [degrees], closed."""
    starts = np.cumsum(signed(np.column_stack([columns["start_x"], columns["start_y"]])), axis=0)
    steps = signed(np.column_stack([columns["step_x"], columns["step_y"]]))
    done, step = [], 0
    for start, count in zip(starts, columns["corners"], strict=True):
        moves = steps[step : step + count - 1].copy()
        step += count - 1
        if count == 4:
            moves[2] -= moves[0]
        ring = np.vstack([start, start + np.cumsum(moves, axis=0), start])
        done.append(ring / per_degree)
    ends = np.cumsum(columns["rings"])
    return [done[end - count : end] for end, count in zip(ends, columns["rings"], strict=True)]


def holes_of(rings):
    """Return the number of holes of each part: an outer ring runs counter-clockwise, and its holes follow it."""
    outer = [bool(shapely.is_ccw(shapely.LinearRing(ring))) for ring in rings]
    assert outer[0]
    return (np.diff([*np.flatnonzero(outer), len(rings)]) - 1).tolist()


def words_of(packed, columns, at):
    head = packed.head
    said = {label: words[columns[name][at]] for name, label, words in head["codes"]}
    for name, label in head["figures"]:
        coded = columns[name][at]
        said[label] = f"{int(signed(coded - 1)):,d}" if coded else head["unknown"]
    return said


def rows_of(packed, frame):
    """Return the row of each packed building, found by its corner: every building of the tests has its own."""
    corners = np.array([[*rings[0][0]] for rings in rings_of(columns_of(packed), packed.head["per_degree"])])
    outlines = shapely.orient_polygons(frame.geometry.to_numpy())
    firsts = np.array(
        [
            shapely.get_coordinates(shape)[0] if shape is not None and not shape.is_empty else [0, 0]
            for shape in outlines
        ]
    )
    return [int(np.argmin(np.abs(firsts - corner).sum(axis=1))) for corner in corners]


def check(frame, language="zh"):
    packed = pack(frame, everything(frame), language)
    columns = columns_of(packed)
    rows = rows_of(packed, frame)
    shapes = frame.geometry.to_numpy()
    kept = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    assert sorted(rows) == np.flatnonzero(kept).tolist()
    record = recorder(frame)
    for at, (row, rings) in enumerate(zip(rows, rings_of(columns, packed.head["per_degree"]), strict=True)):
        meant = frame.geometry.iloc[row]
        parts = shapely.orient_polygons(shapely.get_parts(meant))
        given_rings = shapely.get_coordinates(parts)
        assert np.abs(np.vstack(rings) - given_rings).max() <= HALF_STEP
        assert holes_of(rings) == [len(part.interiors) for part in parts]
        assert words_of(packed, columns, at) == record(row, language)
    return packed


@pytest.mark.parametrize("language", ["zh", "en"])
def test_holes_parts_far_corners_and_gaps_come_out_as_they_went_in(language):
    shapes = [
        shape if shape is None else shapely.transform(shape, lambda xy, n=n: xy + n * 3e-3)
        for n, shape in enumerate(SHAPES)
    ]
    check(city(shapes), language)


def test_the_demo_city_comes_out_as_it_went_in_and_takes_few_bytes():
    frame = demo_layers(buildings=1500).frames["buildings"]
    rng = np.random.default_rng(7)
    frame = frame.assign(
        zone="urban",
        clean_heating="unknown",
        area_m2=rng.gamma(1.0, 2000.0, len(frame)),
        yield_kwh=rng.gamma(1.0, 50000.0, len(frame)),
    )
    packed = check(frame)
    assert len(packed.data) < 24 * len(frame)
    assert pack(frame, everything(frame), "zh") == packed


CORNERS = st.lists(
    st.tuples(st.floats(0, 0.02, allow_subnormal=False), st.floats(0, 0.02, allow_subnormal=False)),
    min_size=3,
    max_size=7,
)


@given(clouds=st.lists(CORNERS, min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_outline_comes_out_as_it_went_in(clouds):
    hulls = (shapely.MultiPoint(cloud).convex_hull for cloud in clouds)
    shapes = [
        shapely.transform(hull, lambda xy, n=n: xy + np.array([106 + n, 39]))
        for n, hull in enumerate(hulls)
        if hull.geom_type == "Polygon" and hull.buffer(-5e-6).area > 0
    ]
    if shapes:
        check(city(shapes))


@given(figure=st.one_of(st.floats(-(2.0**51), 2.0**51), st.floats(0, 1e5), st.sampled_from([np.nan, -0.2, np.inf])))
@settings(max_examples=60, deadline=None)
def test_a_figure_reads_as_on_the_live_map(figure):
    check(city(SHAPES[:1], area_m2=[figure], yield_kwh=[0.0]))


def test_a_figure_that_the_browser_cannot_hold_is_refused():
    frame = city(SHAPES[:1], area_m2=[2.0**52])
    with pytest.raises(ValueError, match="area_m2"):
        pack(frame, everything(frame), "zh")


def test_what_is_unknown_is_a_dash_and_never_nan():
    frame = city(SHAPES[:1], use=[None], area_m2=[np.nan], yield_kwh=[np.inf])
    said = list(recorder(frame)(0, "zh").values())
    assert said[0] == said[4] == said[5] == "—"


def test_only_drawn_buildings_are_packed_and_each_colouring_knows_its_own():
    frame = city([shapely.box(106 + n, 39, 106.0001 + n, 39.0001) for n in range(5)])
    first, second = np.array([1, 1, 0, 1, 0], bool), np.array([0, 1, 0, 0, 0], bool)
    packed = pack(frame, {"first": first, "second": second}, "zh")
    columns = columns_of(packed)
    rows = rows_of(packed, frame)
    assert sorted(rows) == [0, 1, 3]
    assert packed.head["masks"]["first"] is None
    drawn = columns[packed.head["masks"]["second"]]
    assert [row for row, seen in zip(rows, drawn, strict=True) if seen] == [1]
    assert pack(frame, {"none": np.zeros(5, bool)}, "zh") is None
    assert pack(frame, {}, "zh") is None


def test_buildings_of_one_outline_keep_their_order():
    frame = city([SHAPES[0]] * 3, area_m2=[1.0, 2.0, 3.0])
    assert signed(columns_of(pack(frame, everything(frame), "zh"))["area_m2"] - 1).tolist() == [1, 2, 3]
