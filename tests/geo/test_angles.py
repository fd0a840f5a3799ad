"""Coordinate columns: every way to write degrees, one cell for both, and metres whose system is not told."""

import numpy as np
import pandas as pd
import pytest
import shapely
from geo_samples import fault, read, rules, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from data.errors import DataError
from geo import angles
from geo.io import read_layer

WANTED = (106 + 23 / 60 + 4.5 / 3600, 39 + 1 / 60 + 22 / 3600)


def boilers(tmp_path, header, *cells, **options):
    rows = [f"B{n},甲厂,煤,20,{cell}" for n, cell in enumerate(cells)]
    return read(write_csv(tmp_path / "a.csv", f"编号,单位名称,燃料,蒸吨,{header}", rows), "boilers", **options)


def refused(tmp_path, header, *cells, **options):
    with pytest.raises(DataError) as caught:
        boilers(tmp_path, header, *cells, **options)
    return caught.value.faults


WAYS = [
    ("106°23'04.5\"E", "39°01'22\"N"),
    ("106°23′04.5″", "39°1′22″"),
    ("E106°23’04.5”", "N39°01’22”"),
    ("106度23分4.5秒", "39度01分22秒"),
    ("东经106度23分4.5秒", "北纬39度1分22秒"),
    ("１０６°２３′０４．５″", "３９°０１′２２″"),
    ("106-23-04.5", "39-01-22"),
    ("106 23 4.5", "39 1 22"),
    ("106:23:04.5", "39:01:22"),
    ("106°23.075′", "39°1.36666666666667′"),
    ("106.384583333333E", "39.0227777777778"),
    ("106.384583333333", "39.0227777777778°"),
]


def test_every_way_to_write_degrees_in_one_ledger(tmp_path):
    done = boilers(
        tmp_path, "经度,纬度", *(",".join('"{}"'.format(cell.replace('"', '""')) for cell in way) for way in WAYS)
    )
    assert len(done.frame) == len(WAYS)
    np.testing.assert_allclose(shapely.get_coordinates(done.frame.geometry), [WANTED] * len(WAYS), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 179.999), st.sampled_from(["{}°{}′{}″", "{}度{}分{}秒", "{}-{}-{}", "{} {} {}", "{}:{}:{}"]))
def test_writing_and_reading_an_angle(degrees, form):
    tenths = round(degrees * 36_000)
    whole, minutes, seconds = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    value, said = angles.angle(form.format(whole, minutes, seconds))
    assert value == pytest.approx(tenths / 36_000, abs=1e-12)
    assert said == ""


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="0123456789.°′″'\" -:EWNS东西经北纬度分秒", max_size=14))
def test_what_is_read_is_an_angle(cell):
    value, said = angles.angle(cell)
    assert np.isnan(value) or abs(value) <= 1000
    assert said in ("", "longitude", "latitude")


@pytest.mark.parametrize(
    "cell",
    [
        "106°60′",
        "106°23′60″",
        "106.5°23′",
        "106°23.5′4″",
        "-106°W",
        "E106°E",
        "106 23",
        "1906-23-04",
        "106-23-04-1",
        "°",
        "",
    ],
)
def test_what_is_no_angle(cell):
    assert np.isnan(angles.angle(cell)[0])


def test_west_and_south_are_negative():
    assert angles.angle("73°58′W")[0] == -(73 + 58 / 60)
    assert angles.angle("南纬10度")[0] == -10
    assert angles.angle("-0°30′")[0] == -0.5


def test_run_together_only_where_it_can_be_nothing_else(tmp_path):
    done = boilers(tmp_path, "经度,纬度", "1062304.5,390122", "1062310,390130.25")
    assert fault(done, "angles_packed").effect == "repaired"
    faults = refused(tmp_path, "经度,纬度", "1062304.5,390122", "1066310,390130.25")
    assert "angles_unclear" in {one.rule for one in faults}
    assert angles.packed(np.array([1062304.5, np.nan]), "longitude")[0] == pytest.approx(WANTED[0])
    assert angles.packed(np.array([2062304.5]), "longitude") is None
    assert angles.packed(np.array([np.nan]), "longitude") is None


def test_a_hemisphere_in_the_wrong_column(tmp_path):
    done = boilers(tmp_path, "经度,纬度", "106°23′E,39°N", "38°N,39°N", "106.4,39")
    assert list(done.frame["boiler_id"]) == ["B0", "B2"]
    assert fault(done, "angle_axis").rows == (3,)
    done = boilers(tmp_path, "经度,纬度", "39°N,106°23′E", "38°N,106°E")
    assert rules(done.faults) >= {"axes_swapped"}
    assert done.frame.geometry.y.tolist() == [39, 38], "where the whole file is exchanged it is put right"


def test_both_in_one_cell(tmp_path):
    done = boilers(tmp_path, "经纬度", '"106.38,39.03"', "106.38，39.03", '"(106°22′48″E、39°1′48″N)"', "106.38", "")
    assert done.frame.geometry.x.round(9).tolist() == [106.38] * 3
    assert done.frame.geometry.y.round(9).tolist() == [39.03] * 3
    assert fault(done, "geometry_missing").rows == (6,)
    done = boilers(tmp_path, "经纬度", '"39.03,106.38"')
    assert "axes_swapped" in rules(done.faults)
    assert angles.pair(pd.Series(["a b c", None]))[0].tolist() == ["a b c", None]


@pytest.mark.parametrize(
    ("header", "code", "north_first"),
    [
        ("X坐标,Y坐标", 4544, True),
        ("横坐标,纵坐标", 4523, False),
        ("东坐标,北坐标", 4496, False),
        ("X坐标(m),Y坐标（米）", 4523, True),
        ("x,y", 4544, False),
    ],
)
def test_metres_are_never_used_unasked(tmp_path, header, code, north_first):
    place = Transformer.from_crs(4490, code, always_xy=True).transform(106.4, 39.0)
    cell = "{:.4f},{:.4f}".format(*(place[::-1] if north_first else place))
    first = refused(tmp_path, header, cell)[0]
    label = f"EPSG:{code}" + (" (north first)" if north_first else "")
    assert (first.rule, first.expected) == ("crs_missing", label)
    done = boilers(tmp_path, header, cell, crs=label)
    np.testing.assert_allclose([done.frame.geometry.x[0], done.frame.geometry.y[0]], (106.4, 39.0), atol=1e-8)


def test_degrees_are_believed_before_metres_and_empty_columns_before_neither(tmp_path):
    done = boilers(tmp_path, "经度,纬度,X坐标,Y坐标", "106.4,39,620000,4320000")
    assert done.frame.geometry.x.tolist() == [106.4]
    place = Transformer.from_crs(4490, 4544, always_xy=True).transform(106.4, 39.0)
    done = boilers(tmp_path, "经度,纬度,X坐标,Y坐标", ",,{},{}".format(*place), crs="EPSG:4544")
    assert done.frame.geometry.x[0] == pytest.approx(106.4)


def test_metres_that_are_no_numbers_are_named(tmp_path):
    path = write_csv(tmp_path / "a.csv", "编号,X坐标,Y坐标", ["a,620000,4320000", "b,厂区内,4320000"])
    done = read_layer(path, "boilers", crs="EPSG:4544")
    assert (fault(done, "not_a_number").got, fault(done, "not_a_number").rows) == ("厂区内", (3,))
