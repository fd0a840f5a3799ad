"""Bad files: one clear list of everything that is wrong, nothing lost, never a traceback."""

import json
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from geo_samples import BOILER_HEADER, BOILERS, buildings, fault, read, rules, square, write_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import DataError
from geo.io import guess, read_layer


def refused(path, layer, **options):
    with pytest.raises(DataError) as caught:
        read_layer(path, layer, **options)
    assert str(caught.value)
    assert all(one.as_row("en") for one in caught.value.faults)
    return caught.value.faults


def boilers(tmp_path, *rows, header=BOILER_HEADER):
    return read(write_csv(tmp_path / "a.csv", header, rows), "boilers")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", b"", "file_empty"),
        ("a.csv", b"\n\n,,\n", "file_empty"),
        ("a.csv", (BOILER_HEADER + "\n").encode(), "file_empty"),
        ("a.csv", b"\xff\x00\x81\x20\xff", "encoding"),
        ("a.csv", "经度\n106\n".encode(), "no_coordinates"),
        ("a.csv", b"foo\n1\n", "no_coordinates"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}', "file_empty"),
        ("a.geojson", b'{"type":"FeatureCollection","fea', "file_broken"),
        ("a.json", b"[1, 2]", "file_broken"),
        ("a.gpkg", b"junk", "content_not_suffix"),
        ("a.fgb", b"junk", "content_not_suffix"),
        ("a.shp", b"junk", "content_not_suffix"),
        ("a.parquet", b"PAR1junk", "file_broken"),
        ("a.xlsx", b"PK\x03\x04junk", "file_broken"),
        ("a.zip", b"PK\x03\x04junk", "file_broken"),
        ("a.pkl", b"cos\nsystem\n(S'echo'\ntR.", "format_unknown"),
        ("a.xls", b"\xd0\xcf", "table_content"),
        ("a", b"x", "format_unknown"),
    ],
)
def test_unusable_files_are_refused_with_a_reason(tmp_path, name, content, rule):
    path = tmp_path / name
    path.write_bytes(content)
    assert rule in rules(refused(path, "boilers"))
    with pytest.raises(DataError):
        guess(path)


def test_things_that_are_no_files(tmp_path):
    assert rules(refused(tmp_path, "boilers")) == {"file_missing"}
    assert rules(refused(tmp_path / "no.csv", "boilers")) == {"file_missing"}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    assert rules(refused(tmp_path / "a.zip", "boilers")) == {"file_empty"}
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    assert rules(refused(tmp_path / "a.xlsx", "boilers")) == {"file_empty"}
    path = write_csv(tmp_path / "a.csv", BOILER_HEADER, BOILERS)
    assert rules(refused(path, "kettles")) == {"layer_unknown"}


@pytest.mark.parametrize("header", ["foo,bar,经度,纬度", "name,经度,纬度", "id,name,经度,纬度"])
def test_a_file_that_nothing_matches_is_not_guessed(tmp_path, header):
    path = write_csv(tmp_path / "a.csv", header, [",".join("1" * len(header.split(",")))])
    with pytest.raises(DataError) as caught:
        guess(path)
    assert rules(caught.value.faults) == {"layer_unknown"}


def test_missing_crs_is_refused_with_what_the_numbers_look_like_and_all_else(tmp_path):
    frame = buildings(取暖方式=["散煤", "外星热源", "无", None]).set_crs(None, allow_override=True)
    frame.loc[3, "建筑编号"] = "A0"
    frame.to_parquet(tmp_path / "a.parquet")
    faults = refused(tmp_path / "a.parquet", "buildings")
    assert rules(faults) == {"crs_missing", "value_unknown", "id_duplicate"}
    assert faults[0].got == "EPSG:4490"
    assert len(read(tmp_path / "a.parquet", "buildings", crs="EPSG:4326").frame) == 3


@pytest.mark.parametrize(
    ("crs", "hint"),
    [("EPSG:4523", "EPSG:4523"), ("EPSG:4544", "EPSG:4544/4545"), ("EPSG:3857", "EPSG:3857")],
)
def test_projected_numbers_declared_as_degrees(tmp_path, crs, hint):
    buildings(crs=crs).set_crs("EPSG:4326", allow_override=True).to_parquet(tmp_path / "a.parquet")
    faults = refused(tmp_path / "a.parquet", "buildings")
    assert faults[0].rule == "crs_contradicted"
    assert (faults[0].got, faults[0].expected) == (hint, crs), "of all zones only one places the file near the city"


@pytest.mark.parametrize("crs", ["EPSG:4544", "EPSG:4523", "EPSG:3857"])
def test_degrees_declared_as_metres(tmp_path, crs):
    buildings().set_crs(crs, allow_override=True).to_parquet(tmp_path / "a.parquet")
    assert "crs_contradicted" in rules(refused(tmp_path / "a.parquet", "buildings"))


def test_a_wrong_zone_is_refused_and_north_first_is_exchanged(tmp_path):
    buildings(crs="EPSG:4523").set_crs("EPSG:4544", allow_override=True).to_parquet(tmp_path / "a.parquet")
    assert "crs_contradicted" in rules(refused(tmp_path / "a.parquet", "buildings"))
    frame = buildings(crs="EPSG:4544")
    turned = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1]), crs=frame.crs)
    turned.to_parquet(tmp_path / "b.parquet")
    done = read(tmp_path / "b.parquet", "buildings")
    assert rules(done.faults) == {"axes_swapped"}
    assert shapely.distance(done.frame.geometry.to_numpy(), buildings().geometry.to_numpy()).max() < 1e-8


def test_old_datums_and_unknown_systems_are_refused(tmp_path):
    frame = buildings(crs="EPSG:4544")
    for code in (2432, 2380, 2359, 4214, 4610):
        frame.set_crs(code, allow_override=True).to_parquet(tmp_path / "a.parquet")
        assert "crs_old_datum" in rules(refused(tmp_path / "a.parquet", "buildings")), code
    assert "crs_unknown" in rules(refused(tmp_path / "a.parquet", "buildings", crs="石嘴山独立坐标系"))
    local = 'ENGCRS["Local",EDATUM["x"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    frame.set_crs(local, allow_override=True).to_parquet(tmp_path / "a.parquet")
    assert "crs_contradicted" in rules(refused(tmp_path / "a.parquet", "buildings"))


def test_a_wholly_swapped_file_is_put_right_and_single_rows_are_set_aside(tmp_path):
    done = boilers(tmp_path, "B1,甲,煤,20,,供热,39.01,106.40", "B2,乙,煤,20,,供热,39.02,106.41")
    assert rules(done.faults) == {"axes_swapped"}
    assert done.frame.geometry.x.tolist() == [106.40, 106.41]
    done = boilers(tmp_path, *BOILERS, "B3,丙,煤,20,,供热,39.02,106.41")
    assert fault(done, "row_swapped").rows == (4,)
    done = boilers(tmp_path, BOILERS[0], "B3,丙,煤,20,,供热,39.02,106.41")
    assert fault(done, "row_swapped").rows == (3,), "half and half: nobody can tell, so the odd ones are set aside"


def test_positions_that_cannot_be(tmp_path):
    places = ["东边106,39", "106.4,inf", "0,0", ",39", "106.4,139", "1e400,39", "106°65′,39"]
    done = boilers(tmp_path, *BOILERS, *(f"C{n},丙,煤,20,,供热,{place}" for n, place in enumerate(places)))
    assert list(done.frame["boiler_id"]) == ["B1", "B2"]
    assert {one.got for one in done.faults if one.rule == "not_a_number"} == {"东边106", "inf", "1e400", "106°65′"}
    assert fault(done, "geometry_missing").rows == (6, 7)
    assert fault(done, "coordinates_off_globe").rows == (8,)


def test_a_stray_row_of_a_projected_file(tmp_path):
    frame = buildings(crs="EPSG:4544")
    frame.loc[1, "geometry"] = shapely.box(0, 0, 1, 1)
    frame.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    assert fault(read(tmp_path / "a.gpkg", "buildings"), "coordinates_outside").rows == (2,)


def test_unknown_values_are_unknown_and_named(tmp_path):
    frame = buildings(取暖方式=["散煤", "外星热源", "无", "外星热源"], 户数=["3", "三户", "—", "nan"])
    frame.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    done = read(tmp_path / "a.gpkg", "buildings")
    assert list(done.frame["heat_source"]) == ["loose_coal", "unknown", "none", "unknown"]
    one = fault(done, "value_unknown")
    assert (one.column, one.got, one.rows, one.effect) == ("取暖方式", "外星热源", (2, 4), "value_set_aside")
    assert fault(done, "not_a_number").got == "三户"
    assert done.frame["households"].isna().tolist() == [False, True, True, True]


def test_capacities(tmp_path):
    cells = ["-20,", "20,14", "20,20", ",14", "约20蒸吨,", "14MW,", "—,nan", "1.2万㎡,", "99999,", "1e400,", "是,"]
    done = boilers(tmp_path, *(f"B{n},甲,煤,{cell},供热,106.4,39" for n, cell in enumerate(cells)))
    got = done.frame["capacity_t_h"].tolist()
    nan = np.nan
    np.testing.assert_allclose(got, [nan, 20, nan, 20, 20, 20, nan, nan, nan, nan, nan])
    bounds = {(one.got, one.rows[0]) for one in done.faults if one.rule == "out_of_bounds"}
    assert bounds == {("-20", 2), ("99999", 10)}
    assert fault(done, "units_disagree").rows == (4,)
    assert {one.got for one in done.faults if one.rule == "not_a_number"} == {"1.2万㎡", "1e400", "是"}


def test_a_capacity_without_a_unit_is_not_guessed(tmp_path):
    done = boilers(tmp_path, "B1,20,106,39", "B2,14MW,106,39", "B3,20吨/小时,106,39", header="编号,容量,经度,纬度")
    np.testing.assert_allclose(done.frame["capacity_t_h"], [np.nan, 20, 20])
    assert fault(done, "unit_not_stated").rows == (2,)


def test_duplicate_and_missing_identifiers(tmp_path):
    rows = [
        f"{name},甲,煤,20,,供热,{x},39" for name, x in [("A", ""), ("A", 106), ("A", 106), ("", 106), ("row-5", 106)]
    ]
    done = boilers(tmp_path, *rows)
    assert list(done.frame["boiler_id"]) == ["A", "_row-5", "row-5"], "the first usable row stays; no name is taken"
    assert fault(done, "id_duplicate").rows == (4,)
    assert fault(done, "id_missing").rows == (5,)
    assert fault(done, "geometry_missing").rows == (2,)


def test_identifiers_that_lost_digits(tmp_path):
    frame = buildings(3)
    frame["建筑编号"] = [1e5, 6.402e17, np.nan]
    frame.to_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", "buildings")
    assert list(done.frame["building_id"]) == ["100000", "row-2", "row-3"]
    assert fault(done, "id_broken").rows == (2,)
    assert fault(done, "id_missing").rows == (3,)


def test_codes_as_numbers(tmp_path):
    codes = [640202001001.0, 6.40202e11, 64020200100.0, np.nan]
    buildings(村码=codes, 县区代码=[640202, 64, 640205, 0]).to_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", "buildings")
    assert done.frame["village_code"].fillna("").tolist() == ["640202001001", "", "", ""]
    assert done.frame["county_code"].fillna("").tolist() == ["640202", "", "640205", ""]
    broken = {(one.column, one.rows[0]) for one in done.faults if one.rule == "code_broken"}
    assert broken == {("村码", 2), ("村码", 3), ("县区代码", 2), ("县区代码", 4)}
    rows = ["640202001001,甲,111,106,39", "6.40202E+11,乙,111,106,39", ",丙,111,106,39", "640202001002,丁,113,106,39"]
    done = read(write_csv(tmp_path / "a.csv", "code,name,城乡分类,经度,纬度", rows), "villages")
    assert len(done.frame) == 1
    assert (fault(done, "code_broken").rows, fault(done, "code_missing").rows) == ((3,), (4,))
    assert fault(done, "value_unknown").effect == "row_set_aside"


def test_geometries(tmp_path):
    holed = shapely.MultiPolygon(
        [square(106.4, 39, 0.01).difference(square(106.402, 39.002)), square(106.5, 39.0, 0.01)]
    )
    shapes = {
        "good": square(),
        "bow": shapely.Polygon([(106, 39), (106.1, 39.1), (106.1, 39), (106, 39.1)]),
        "holed": holed,
        "z": shapely.force_3d(square(106.6), 1100.0),
        "point": shapely.Point(106, 39),
        "collection": shapely.GeometryCollection([square(), shapely.Point(106, 39)]),
        "empty": shapely.Polygon(),
        "none": None,
        "collapsed": shapely.Polygon([(106, 39)] * 4),
        "hole outside": shapely.Polygon(square().exterior, [square(107).exterior]),
    }
    gpd.GeoDataFrame({"编号": list(shapes)}, geometry=list(shapes.values()), crs=4326).to_file(
        tmp_path / "a.gpkg", engine="pyogrio"
    )
    done = read(tmp_path / "a.gpkg", "buildings")
    kept = done.frame.set_index("building_id").geometry
    assert set(kept.index) == {"good", "bow", "holed", "z", "hole outside"}
    assert kept["holed"].equals(holed), "holes and parts stay"
    assert not kept["z"].has_z
    assert kept["bow"].area == pytest.approx(0.005)
    assert fault(done, "geometry_invalid").rows == (2, 10)
    assert fault(done, "geometry_kind").rows == (5, 6)
    assert fault(done, "geometry_missing").rows == (7, 8)
    assert fault(done, "geometry_collapsed").rows == (9,)


def test_points_of_several_parts(tmp_path):
    shapes = [shapely.MultiPoint([(106, 39)]), shapely.MultiPoint([(106, 39), (107, 39)])]
    gpd.GeoDataFrame({"编号": ["a", "b"]}, geometry=shapes, crs=4326).to_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", "boilers")
    assert list(done.frame["boiler_id"]) == ["a"]
    assert fault(done, "geometry_kind").rows == (2,)


def test_unreadable_wkt_is_named(tmp_path):
    path = write_csv(tmp_path / "a.csv", "编号;WKT", ["a;POINT (106 39)", "b;POINT (106", "c;"])
    done = read(path, "boilers")
    assert fault(done, "shape_unreadable").got == "POINT (106"
    assert fault(done, "geometry_missing").rows == (4,)


def test_no_usable_row_says_why(tmp_path):
    faults = refused(
        write_csv(tmp_path / "a.csv", BOILER_HEADER, ["B1,甲,煤,-1,,供热,,", "B1,乙,煤,1,,供热,,"]), "boilers"
    )
    assert faults[0].rule == "no_row_usable"
    assert {"geometry_missing", "out_of_bounds"} <= rules(faults)
    faults = refused(write_csv(tmp_path / "a.csv", "名称,容量MW,经度,纬度", ["甲,330,106,39"]), "plants")
    assert {"no_row_usable", "column_missing"} <= rules(faults)
    assert "plant_id" in next(one for one in faults if one.rule == "column_missing").expected


def test_a_huge_list_of_faults_stays_readable_and_whole(tmp_path):
    count = 3000
    rows = [f"B{n},甲,煤,蒸{n},,供热,106.4,39" for n in range(count)]
    done = boilers(tmp_path, *rows)
    wrong = [one for one in done.faults if one.rule == "not_a_number"]
    assert len(wrong) < 150
    assert sorted(row for one in wrong for row in one.rows) == list(range(2, count + 2))
    assert len(str(DataError(done.faults))) < 30_000


def test_everything_at_once_in_one_list(tmp_path):
    rows = [
        *BOILERS,
        "B2,重号,煤,20,,供热,106.42,39",
        ",无编号,煤,20,,供热,106.42,39",
        "B5,负容量,煤,-5,,供热,106.42,39",
        "B6,单位混,煤,20,20,供热,106.42,39",
        "B7,未知燃料,魔法石,20,,供热,106.42,39",
        "B8,写反,煤,20,,供热,39,106.42",
        "B9,无坐标,煤,20,,供热,,",
        "B10,多,一,格,煤,20,,供热,106.42,39",
        "B11,=1+1,煤,约20蒸吨,,炼丹,106.42,39",
    ]
    done = boilers(tmp_path, *rows)
    assert rules(done.faults) == {
        "id_duplicate",
        "id_missing",
        "out_of_bounds",
        "units_disagree",
        "value_unknown",
        "row_swapped",
        "geometry_missing",
        "row_overlong",
        "not_a_number",  # a cell of the row whose cells have slipped
        "value_approximate",
    }
    assert done.rows_in == len(rows)
    assert sorted(done.checked.set_aside["source_row"]) == [4, 9, 10, 11]
    assert "=1+1" in done.frame["name"].to_list(), "text is text"
    said = str(DataError(done.faults))
    assert said.count("\n") + 1 == len(done.faults)


def test_everything_at_once_in_a_file_without_a_crs(tmp_path):
    shapes = [
        square(),
        shapely.Polygon([(106, 39), (106.1, 39.1), (106.1, 39), (106, 39.1)]),
        None,
        shapely.Point(1, 1),
    ]
    frame = gpd.GeoDataFrame(
        {"编号": ["a", "a", "c", "d"], "取暖方式": ["外星", "散煤", "气", "热泵"], "建筑面积": [-1, 2, 3, 4]},
        geometry=shapes,
    )
    frame.to_parquet(tmp_path / "a.parquet")
    assert rules(refused(tmp_path / "a.parquet", "buildings")) == {
        "key_column_absent",  # what the buildings are used for
        "crs_missing",
        "id_duplicate",
        "value_unknown",
        "out_of_bounds",
        "geometry_invalid",
        "geometry_missing",
        "geometry_kind",
    }


CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["煤", "20", "-3", "1e400", "nan", "inf", "—", "14MW", "=1+1", "是", "B1", "106.4", "39", "[b]", "{x}"]
    ),
    st.text(max_size=6),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.datetimes(min_value=pd.Timestamp("1901-01-01"), max_value=pd.Timestamp("2100-01-01")),
)
NAMES = (
    "编号",
    "单位名称",
    "燃料",
    "额定蒸发量",
    "额定功率(MW)",
    "投运时间",
    "超低排放",
    "县区代码",
    "经度",
    "纬度",
    "备注",
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=len(NAMES), max_size=len(NAMES)), min_size=1, max_size=4))
def test_no_cell_ever_makes_a_traceback(tmp_path, rows):
    frame = pd.DataFrame(rows, columns=list(NAMES), dtype=object)
    shapes = gpd.GeoDataFrame(frame.astype("string"), geometry=[shapely.Point(106, 39)] * len(frame), crs=4326)
    shapes = shapes.drop(columns=["经度", "纬度"])
    (tmp_path / "a.geojson").write_text(json.dumps(json.loads(shapes.to_json())), encoding="utf-8", errors="replace")
    read(tmp_path / "a.geojson", "boilers")
    frame.to_csv(tmp_path / "a.csv", index=False, encoding="utf-8", errors="replace")
    try:
        read(tmp_path / "a.csv", "boilers")
    except DataError as error:
        said = error.faults
    else:
        said = None
    assert said != ()
