"""Exports give back what went in: with our reader, with the libraries, with an older GDAL and with LibreOffice."""

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from data.catalog import LAYERS, text
from data.errors import DataError
from data.schemas import allowed
from geo import formats
from geo.export import as_written
from geo.exports import shapefiles
from geo.exports.naming import field_names, file_stem
from geo.exports.parts import SYSTEMS
from geo.formats import FORMATS, export, write
from geo.io import open_raw, read_layer
from geo.offsets import from_gcj02, to_gcj02
from geo.readers.opening import SUFFIXES
from geo.styles import PALETTES, styles

NAMES = [
    "中文，😀 䶮𠮷",
    "=1+1",
    "'=1+1",
    "-5",
    "<script>alert('x')</script> & ]]>",
    "a\"b'c; d,e",
    "line\nbreak\ttab",
    "[1]",
    '{"a": 1}',
    None,
]
CODES = [f"6402020010{n:02}" for n in range(10)]
FILED = ("gpkg", "shp", "geojson", "kml", "csv", "xlsx", "parquet")
VECTORS = ("gpkg", "shp", "geojson", "kml")


def outlines():
    hole = shapely.box(106.4, 39.0, 106.41, 39.01).difference(shapely.box(106.402, 39.002, 106.404, 39.004))
    several = shapely.MultiPolygon(
        [shapely.box(106.5, 39.0, 106.501, 39.001), shapely.box(106.51, 39, 106.511, 39.001)]
    )
    plain = [shapely.box(106.3 + n / 300, 39.1, 106.3012345678 + n / 300, 39.1012345678) for n in range(8)]
    return [hole, several, *plain]


def buildings():
    return gpd.GeoDataFrame(
        {
            "building_id": [f"A{n:03}" for n in range(10)],
            "name": NAMES,
            "use": ["school", "factory"] * 5,
            "heat_source": ["loose_coal", "unknown"] * 5,
            "village_code": CODES,
            "floors": [1.0, np.nan, 3.5, 4, 5, 6, 7, 8, 9, 10],
            "retrofitted": pd.array([True, False, None, True, False] * 2, dtype="boolean"),
            "source_row": range(2, 12),
        },
        geometry=outlines(),
        crs="EPSG:4490",
    )


def boilers(count=6):
    return gpd.GeoDataFrame(
        {
            "boiler_id": [f"00{n}" for n in range(count)],
            "name": [f"{n}号供热公司" for n in range(count)],
            "fuel": ["coal", "gas"] * (count // 2),
            "capacity_t_h": np.linspace(0.7, 40, count),
            "status": "operating",
        },
        geometry=shapely.points(np.linspace(106.35, 106.8, count), np.linspace(38.8, 39.3, count)),
        crs="EPSG:4490",
    )


def asked(frames, name="石嘴山", **options):
    return export(frames, **({"format": "gpkg", "crs": "EPSG:4490", "name": name, "synthetic": False} | options))


def rules(done):
    return {note.rule for note in done.notes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def files(folder):
    """Return the same two layers in every format; formats of one layer a file are asked for one by one."""
    made = {}
    for format_ in FORMATS:
        for layer, frame in (("buildings", buildings()), ("boilers", boilers())):
            done = asked({layer: frame}, name=f"{layer}_{format_}", format=format_)
            made[format_, layer] = write(folder, done)
    return made


def source(path, layer):
    return f"/vsizip/{{{path}}}/{layer}.shp" if path.suffix == ".zip" else str(path)


def frame_of(path, layer):
    """Read an export with the libraries alone."""
    if path.suffix == ".parquet":
        return gpd.read_parquet(path)
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig").map(as_written)
    elif path.suffix == ".xlsx":
        table = pd.read_excel(engine="openpyxl", io=path, dtype=str, keep_default_na=False)
        if len(set(table.columns)) > 1 and str(table.columns[1]).startswith("Unnamed"):
            table = table.iloc[1:].set_axis(table.iloc[0], axis=1).reset_index(drop=True)
    else:
        return pyogrio.read_dataframe(source(path, layer), layer=layer)
    if "wkt" in table:
        return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries.from_wkt(table["wkt"]))
    x, y = (table[name].astype(float) for name in (("经度", "纬度") if "经度" in table else ("东坐标", "北坐标")))
    return gpd.GeoDataFrame(table, geometry=shapely.points(x, y))


def column(frame, name):
    """Return a column of a reading by the name that a format has made of it."""
    found = [one for one in frame if one == name or one.lower() == name or one == name[:10]]
    return frame[found[0]]


def apart(back, shapes):
    return shapely.hausdorff_distance(shapely.normalize(back.geometry.to_numpy()), shapely.normalize(shapes))


@pytest.mark.parametrize("format_", FILED)
def test_rows_values_and_shapes_come_back_in_order(files, format_):
    before = buildings()
    back = frame_of(files[format_, "buildings"], "buildings")
    assert len(back) == len(before)
    for name in ("building_id", "village_code", "use", "heat_source"):
        assert column(back, name).tolist() == before[name].tolist(), name
    names = column(back, "name").astype(object)
    assert names.where(names.notna(), "").tolist() == [name or "" for name in NAMES]
    floors = pd.to_numeric(column(back, "floors"), errors="coerce")
    np.testing.assert_array_equal(floors, before["floors"])
    truths = column(back, "retrofitted").map({"True": 1, "False": 0, "TRUE": 1, "FALSE": 0, True: 1, False: 0})
    assert truths.astype("boolean").tolist() == before["retrofitted"].tolist()
    assert apart(back, before.geometry.to_numpy()).max() < 1e-8, "1 mm"
    np.testing.assert_allclose(shapely.area(back.geometry.to_numpy()), shapely.area(before.geometry.to_numpy()), 1e-6)


@pytest.mark.parametrize("format_", FILED)
def test_our_reader_gives_the_same_layer(files, format_):
    path = files[format_, "boilers"]
    if path.suffix not in SUFFIXES:
        pytest.skip(f"{path.suffix} is not read")
    options = {"sublayer": "boilers"} if format_ == "gpkg" else {}
    done = read_layer(path, "boilers", **options)
    before = boilers()
    assert done.frame["boiler_id"].tolist() == before["boiler_id"].tolist()
    assert done.frame["name"].tolist() == before["name"].tolist()
    assert done.frame["fuel"].tolist() == before["fuel"].tolist()
    np.testing.assert_allclose(done.frame["capacity_t_h"], before["capacity_t_h"], rtol=1e-12)
    assert apart(done.frame, before.geometry.to_numpy()).max() < 1e-8


@pytest.mark.parametrize("crs", [one for one in SYSTEMS if one != "GCJ-02"])
@pytest.mark.parametrize("format_", ["shp", "csv", "parquet"])
def test_every_system_leads_back_to_the_place(tmp_path, format_, crs):
    before = boilers(2)
    path = write(tmp_path, asked({"boilers": before}, format=format_, crs=crs))
    back = frame_of(path, "boilers")
    if format_ == "csv":
        assert set(back["坐标系"]) == {crs}
    else:
        assert back.crs.to_epsg() == int(crs[5:])
    x, y = back.geometry.x.to_numpy(), back.geometry.y.to_numpy()
    zone = {"EPSG:4523": (35.4e6, 35.7e6), "EPSG:4524": (36.2e6, 36.5e6)}
    low, high = zone.get(crs, (106, 107) if crs in ("EPSG:4490", "EPSG:4326") else (2e5, 7e5))
    assert ((x > low) & (x < high)).all(), "east comes first"
    assert ((y > 38) & (y < 40)).all() if high < 200 else ((y > 4.2e6) & (y < 4.4e6)).all()
    lon, lat = Transformer.from_crs(crs, "EPSG:4490", always_xy=True).transform(x, y)
    assert max(abs(lon - before.geometry.x).max(), abs(lat - before.geometry.y).max()) < 1e-8


@pytest.mark.parametrize("format_", ["gpkg", "shp", "geojson", "csv", "xlsx", "parquet"])
def test_gcj02_says_so_and_claims_no_system(tmp_path, format_):
    before = boilers(2)
    done = asked({"boilers": before}, format=format_, crs="gcj02")
    assert "GCJ-02" in done.file_name
    assert "export_gcj02" in rules(done)
    back = frame_of(write(tmp_path, done), "boilers")
    assert set(back["坐标系"]) == {"GCJ-02"}
    if format_ == "geojson":
        assert json.loads(done.content)["crs"] is None
    else:
        assert back.crs is None
    x, y = back.geometry.x.to_numpy(), back.geometry.y.to_numpy()
    np.testing.assert_allclose([x, y], to_gcj02(before.geometry.x, before.geometry.y), atol=1e-8)
    np.testing.assert_allclose(from_gcj02(x, y), [before.geometry.x, before.geometry.y], atol=1e-7)


def test_null_and_empty_text_are_told_apart_where_the_format_can(tmp_path):
    frame = boilers(4).assign(name=["", None, "甲", ""])
    for format_ in FILED:
        done = asked({"boilers": frame}, format=format_)
        names = column(frame_of(write(tmp_path, done), "boilers"), "name").tolist()
        if format_ in ("gpkg", "geojson", "kml", "parquet"):
            assert names[0] == "", format_
            assert pd.isna(names[1]), format_
        else:
            assert all(pd.isna(name) or name == "" for name in names[:2]), format_
        told = [note for note in done.notes if note.rule == "export_empty_text"]
        assert bool(told) == (format_ in ("shp", "csv", "xlsx")), format_
        assert all(note.rows == (1, 4) for note in told)


def test_geojson_is_as_the_standard_wants_it():
    said = json.loads(asked({"buildings": buildings()}, format="geojson", crs="EPSG:4326").content)
    assert "crs" not in said
    for feature in said["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        for one in getattr(shape, "geoms", [shape]):
            assert one.exterior.is_ccw
            assert not any(ring.is_ccw for ring in one.interiors)
    named = json.loads(asked({"buildings": buildings()}, format="geojson").content)
    assert named["crs"]["properties"]["name"].endswith("4490")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"format": "dwg", "crs": "EPSG:9999"}, {"export_format", "export_crs"}),
        ({"format": "geojson", "crs": "EPSG:4544"}, {"export_crs_of_format"}),
        ({"format": "kml", "crs": "GCJ-02"}, {"export_crs_of_format"}),
        ({"frames": {}}, {"export_empty"}),
        ({"frames": {"boilers": boilers().set_crs(None, allow_override=True)}}, {"export_crs_missing"}),
    ],
)
def test_what_cannot_be_is_refused_with_every_reason(options, found):
    with pytest.raises(DataError) as caught:
        asked(**({"frames": {"boilers": boilers()}} | options))
    assert {fault.rule for fault in caught.value.faults} == found
    assert {fault.effect for fault in caught.value.faults} == {"refused"}


def test_sizes_past_the_format_are_refused(monkeypatch):
    monkeypatch.setattr("geo.exports.shapefiles.FILE_BYTES", 50)
    monkeypatch.setattr("geo.exports.spreadsheets.ROWS_MOST", 3)
    for format_, rule in (("shp", "export_two_gb"), ("xlsx", "export_rows_most")):
        with pytest.raises(DataError, match=r"GeoPackage"):
            asked({"boilers": boilers()}, format=format_)
        with pytest.raises(DataError) as caught:
            asked({"boilers": boilers()}, format=format_)
        assert [fault.rule for fault in caught.value.faults] == [rule]


@pytest.mark.parametrize("format_", FILED)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_synthetic_data_says_so(tmp_path, format_, language):
    mark = text("app.synthetic", language)
    done = asked({"boilers": boilers(2)}, format=format_, synthetic=True, language=language)
    assert done.file_name.startswith(mark)
    assert "export_synthetic" in rules(done)
    path = write(tmp_path, done)
    if path.suffix in SUFFIXES:
        raw = open_raw(path, sublayer="boilers" if format_ == "gpkg" else None)
        assert set(raw.frame[text("column.data_note", language)]) == {mark}
    if format_ == "gpkg":
        assert pyogrio.read_info(path, layer="boilers")["layer_metadata"]["DESCRIPTION"] == mark
    if format_ in ("geojson", "kml"):
        assert mark in done.content.decode().split('Feature"')[0].split("<Folder>")[0]


def test_personal_data_is_hidden_unless_asked_for():
    frame = boilers(2).assign(联系人=["张三", "李四"], 备注=["13812345678", {"电话": "0952-2012345"}])
    for format_ in ("csv", "gpkg"):
        done = asked({"boilers": frame}, format=format_)
        told = next(note for note in done.notes if note.rule == "export_masked")
        assert told.got == "联系人 2、备注 2"
        assert not any(word.encode() in done.content for word in ("张三", "13812345678", "2012345"))
        open_ = asked({"boilers": frame}, format=format_, masked=False)
        assert "export_masked" not in rules(open_)
        assert "张三".encode() in open_.content


def test_inputs_are_not_changed():
    frame = buildings()
    before = frame.copy(deep=True)
    for format_ in ("shp", "kml", "xlsx"):
        asked({"buildings": frame}, format=format_)
    pd.testing.assert_frame_equal(frame, before)


def test_shapefile_fields_are_short_and_explained(files):
    path = files["shp", "buildings"]
    with zipfile.ZipFile(path) as packed:
        assert packed.read("buildings.cpg").strip() == b"GB18030"
        assert b"China" in packed.read("buildings.prj")
        content = packed.read("buildings_字段对照.csv")
    assert content.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(io.BytesIO(content), dtype=str, encoding="utf-8-sig")
    fields = list(pyogrio.read_info(source(path, "buildings"))["fields"])
    assert table["字段名"].tolist() == fields
    assert table["完整名称"].tolist() == [name for name in buildings() if name != "geometry"]
    assert table.set_index("完整名称").loc["village_code", "中文名称"] == "村(社区)代码"
    assert table.set_index("完整名称").loc["retrofitted", "取值"].startswith("1=是")
    assert "loose_coal=散煤" in table.set_index("完整名称").loc["heat_source", "取值"]


def test_shapefile_takes_every_kind_of_cell(tmp_path):
    long = ["长" * 200, "x" * 254, "短", None]
    frame = gpd.GeoDataFrame(
        {
            "long": long,
            "Long": [2**53, -(2**62), 0, 1],
            "great": [1e300, 0.1, np.inf, np.nan],
            "ids": [640202001001.0, 640202001002.0, np.nan, 0],
            "when": pd.to_datetime(["2023-01-01 12:30", None, "2024-02-29", "1850-01-01"], format="ISO8601"),
            "none": [None] * 4,
            "县（区）名称以及其他": ["大武口", "惠农", "平罗", "x"],
            "县（区）名称以及另外": list("abcd"),
        },
        geometry=[
            shapely.Point(106.4, 39),
            shapely.LineString([(106, 39), (107, 39)]),
            shapely.box(106, 39, 107, 40),
            None,
        ],
        crs=4490,
    )
    done = asked({"混合": frame}, format="shp")
    path = write(tmp_path, done)
    assert {"export_text_cut", "export_split", "export_names", "export_infinite"} <= rules(done)
    cut = next(note for note in done.notes if note.rule == "export_text_cut")
    assert (cut.rows, cut.column) == ((1,), "long")
    with zipfile.ZipFile(path) as packed:
        shapes = [name for name in packed.namelist() if name.endswith(".shp")]
    assert sorted(shapes) == ["混合_点.shp", "混合_线.shp", "混合_面.shp"]
    parts = {name: pyogrio.read_dataframe(f"/vsizip/{{{path}}}/{name}") for name in shapes}
    assert sum(map(len, parts.values())) == len(frame), "the row without a shape is in one of them"
    whole = pd.concat(parts.values())
    assert sorted(whole["long"].dropna(), key=len) == ["短", "长" * 127, "x" * 254]
    assert set(whole["Long1"].astype(str)) == {str(2**53), str(-(2**62)), "0", "1"}
    assert sorted(whole["great"].dropna().astype(float)) == [0.1, 1e300]
    assert set(whole["ids"].dropna().astype(int)) == {640202001001, 640202001002, 0}
    assert "2023-01-01T12:30:00" in set(whole["when"])
    assert {"县（区）名", "县（区）1"} <= set(whole), "no character is broken"


def test_a_collection_of_shapes_is_told_and_its_row_kept(tmp_path):
    both = shapely.GeometryCollection([shapely.Point(106, 39), shapely.LineString([(106, 39), (107, 39)])])
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[both, shapely.Point(106, 39)], crs=4490)
    done = asked({"x": frame}, format="shp")
    assert [note.rows for note in done.notes if note.rule == "export_shape_kind"] == [(1,)]
    back = pyogrio.read_dataframe(source(write(tmp_path, done), "x"))
    assert back["a"].tolist() == [1, 2]
    assert back.geometry.isna().tolist() == [True, False]


def test_a_cell_that_no_sheet_can_hold_is_told():
    line = shapely.LineString(np.random.default_rng(1).uniform(106, 107, (2000, 2)))
    frame = gpd.GeoDataFrame({"a": ["字" * 40_000, "b\r\nc"]}, geometry=[line, shapely.box(106, 39, 107, 40)], crs=4490)
    done = asked({"x": frame}, format="xlsx")
    assert {"export_text_cut", "export_shape_long", "export_line_ends"} <= rules(done)
    table = pd.read_excel(engine="openpyxl", io=io.BytesIO(done.content), keep_default_na=False)
    assert len(table["a"][0]) == 32_767
    assert table["wkt"][0] == ""
    assert table["wkt"][1].startswith("POLYGON")


def test_characters_that_no_file_can_hold_are_told():
    frame = pd.DataFrame({"a": pd.Series(["x\x00y", "\ud800", "好"], dtype=object), "b\nc": [1, 2, 3]})
    for format_ in FILED:
        done = asked({"表": frame}, format=format_)
        told = [note for note in done.notes if note.rule == "export_characters"]
        assert [note.rows for note in told] == [(1, 2)], format_


def test_kml_holds_plain_text_only(files):
    root = ET.fromstring(files["kml", "buildings"].read_bytes())  # noqa: S314 our own file
    space = "{http://www.opengis.net/kml/2.2}"
    assert not list(root.iter(f"{space}description"))
    assert not list(root.iter(f"{space}BalloonStyle"))
    names = [place.findtext(f"{space}name") for place in root.iter(f"{space}Placemark")]
    assert names == NAMES
    drawn = {place.findtext(f"{space}styleUrl") for place in root.iter(f"{space}Placemark")}
    assert drawn <= {f"#{style.get('id')}" for style in root.iter(f"{space}Style")}


def test_several_layers_go_together(tmp_path):
    frames = {"buildings": buildings(), "boilers": boilers(), "清单": pd.DataFrame({"a": ["甲"]})}
    for format_ in FILED:
        done = asked(frames, format=format_)
        path = write(tmp_path, done)
        if format_ in ("csv", "geojson", "parquet"):
            with zipfile.ZipFile(path) as packed:
                assert packed.namelist() == [f"{name}.{format_}" for name in frames]
        elif format_ == "xlsx":
            assert list(pd.read_excel(engine="openpyxl", io=path, sheet_name=None)) == list(frames)
        elif format_ != "shp":
            assert set(frames) <= {str(name) for name, _ in pyogrio.list_layers(path)}


# ---- QGIS


def qml_of(style):
    return ET.fromstring(style.qml)  # noqa: S314 our own text


@pytest.mark.parametrize("layer", LAYERS)
def test_styles_cover_every_code(layer):
    for column_, palette in PALETTES[layer].items():
        assert set(palette) == set(allowed(layer, column_))
    frame = gpd.GeoDataFrame({name: ["x"] for name in PALETTES[layer]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4490)
    found = styles(layer, frame)
    assert len(found) == max(1, len(PALETTES[layer]))
    for style in found:
        root = qml_of(style)
        symbols = {symbol.get("name") for symbol in root.iter("symbol")}
        used = {one.get("symbol") for one in root.iter("category")}
        assert used <= symbols
        if style.column:
            assert {one.get("value") for one in root.iter("category")} == {*PALETTES[layer][style.column], ""}
            assert all(one.get("label") for one in root.iter("category"))
        assert {symbol.get("type") for symbol in root.iter("symbol")} == {"fill"}


def test_geopackage_bears_its_styles_where_qgis_looks(files):
    path = files["gpkg", "buildings"]
    with sqlite3.connect(path) as file:
        rows = file.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
        listed = dict(file.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
        triggers = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        titles = dict(file.execute("SELECT column_name, name FROM gpkg_data_columns").fetchall())
    file.close()
    assert listed == {"buildings": "features", "layer_styles": "attributes"}
    assert [bool(default) for *_, default in rows] == [True, False]
    fields = set(pyogrio.read_info(path, layer="buildings")["fields"])
    for table, geometry, qml, _ in rows:
        assert (table, geometry) == ("buildings", "geom")
        root = ET.fromstring(qml)  # noqa: S314 our own text
        assert root.find("renderer-v2").get("attr") in fields
        assert {one.get("field") for one in root.iter("alias")} == fields
        assert root.findtext("layerGeometryType") == "2"
    assert set(titles) == fields
    assert titles["heat_source"] == "取暖方式"
    assert all(name.startswith(("rtree_", "gpkg_tile", "trigger_")) for name in triggers)


def test_shapes_of_two_kinds_get_styles_of_both():
    frame = gpd.GeoDataFrame(
        {"status": ["existing"] * 3},
        geometry=[shapely.LineString([(0, 0), (1, 1)])] * 2 + [shapely.box(0, 0, 1, 1)],
        crs=4490,
    )
    assert [(one.kind, qml_of(one).findtext("layerGeometryType")) for one in styles("networks", frame)] == [
        ("line", "1"),
        ("fill", "2"),
    ]


# ---- other programs


def tool(name, switch):
    found = shutil.which(name)
    if found is None and os.environ.get(switch) == "1":
        pytest.fail(f"{name} is required and is not installed")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("format_", VECTORS)
def test_an_older_gdal_reads_the_same(files, folder, format_):
    tool("ogrinfo", "REQUIRE_GDAL")
    path = files[format_, "buildings"]
    out = folder / f"seen_{format_}.geojson"
    target = ["ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=9", str(out)]
    done = subprocess.run(
        [*target, source(path, "buildings"), "buildings"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    seen = json.loads(out.read_text(encoding="utf-8"))["features"]
    first = next(iter(seen))["properties"]
    key = {}
    for name in ("name", "village_code"):
        key[name] = next(one for one in first if one in (name, name[:10], name.title()))
    assert [one["properties"][key["village_code"]] for one in seen] == CODES
    said = [one["properties"].get(key["name"]) for one in seen]
    # That GDAL writes text which looks like JSON as JSON.
    assert [cell if cell is None or isinstance(cell, str) else json.dumps(cell) for cell in said] == NAMES
    shapes = gpd.GeoSeries([shapely.geometry.shape(one["geometry"]) for one in seen])
    assert apart(gpd.GeoDataFrame(geometry=shapes), buildings().geometry.to_numpy()).max() < 1e-8
    info = subprocess.run(
        ["ogrinfo", "-so", source(path, "buildings"), "buildings"], capture_output=True, text=True, check=True
    ).stdout
    assert "Feature Count: 10" in info
    assert ("4490" in info) == (format_ != "kml")
    assert "Extent: (106.300000, 39.000000) - (106.511000, 39.101235)" in info


@pytest.fixture(scope="module")
def sheets(files, folder):
    """Return what LibreOffice shows of the tables: one start for all of them."""
    program = tool("soffice", "REQUIRE_LIBREOFFICE")
    out = folder / "office"
    given = [str(files[format_, "boilers" if format_ == "csv" else "buildings"]) for format_ in ("xlsx", "csv")]
    filter_ = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    asked_ = [program, profile, "--headless", "--convert-to", filter_, "--outdir", str(out), *given]
    subprocess.run(asked_, capture_output=True, check=True, timeout=120)
    return {path.name: list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")))) for path in out.glob("*.csv")}


def in_utf8(cell):
    """Return what a desktop shows of a CSV: without a window LibreOffice takes it for Windows-1252, byte by byte."""
    bytes_ = (bytes([ord(one) - 0xF100]) if 0xF100 <= ord(one) < 0xF200 else one.encode("cp1252") for one in cell)
    return b"".join(bytes_).decode("utf-8-sig")


def test_libreoffice_shows_the_same_cells(sheets):
    header, *rows = next(table for name, table in sheets.items() if name.startswith("buildings_xlsx"))
    shown = pd.DataFrame(rows, columns=header)
    assert shown["name"].tolist() == [name or "" for name in NAMES], "nothing is run"
    assert shown["village_code"].tolist() == CODES
    csv_ = next(table for name, table in sheets.items() if name.startswith("boilers_csv"))
    header, *rows = [[in_utf8(cell) for cell in row] for row in csv_]
    assert header[-3:] == ["经度", "纬度", "坐标系"]
    assert [float(row[header.index("经度")]) for row in rows] == pytest.approx(boilers().geometry.x.tolist(), abs=1e-8)
    assert [row[header.index("name")] for row in rows] == boilers()["name"].tolist()


# ---- laws

# Carriage returns and the escapes of XLSX apart, any text may stand in a cell.
CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["=1+1", "'=1", "''@x", "＝1", "\t=1", "'", "0012", "1e5", "NaN", "NULL", "true", "2023-01-01", "_x0041_"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)


@given(st.lists(CELLS, min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)
def test_any_text_comes_back_from_any_format(tmp_path_factory, cells):
    frame = pd.DataFrame({"n": range(len(cells)), "a": pd.Series(cells, dtype=object)})
    told = [cell or "" for cell in cells]
    csv_read = pd.read_csv(
        io.BytesIO(asked({"t": frame}, format="csv", masked=False).content),
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
    )
    assert csv_read["a"].map(as_written).tolist() == told
    kept = pd.read_parquet(io.BytesIO(asked({"t": frame}, format="parquet", masked=False).content))
    assert [None if pd.isna(cell) else cell for cell in kept["a"]] == cells
    path = tmp_path_factory.mktemp("law") / "a.gpkg"
    write(path, asked({"t": frame}, format="gpkg", masked=False))
    with sqlite3.connect(path) as file:
        assert [cell for (cell,) in file.execute("SELECT a FROM t ORDER BY n")] == cells
    file.close()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), unique=True, max_size=30))
@settings(max_examples=25, deadline=None)
def test_field_names_fit_and_differ(names):
    short = field_names(names)
    assert list(short) == names
    assert len({field.lower() for field in short.values()}) == len(names)
    assert all(0 < len(field.encode("gb18030")) <= 10 for field in short.values())


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x", "..", "", "a\x00b", "con.txt", "长" * 300, "a/b?.csv"])
def test_file_names_are_safe(name, tmp_path):
    stem = file_stem(name)
    assert stem
    assert not set('/\\:*?"<>|\x00') & set(stem)
    assert not stem.startswith(".")
    done = asked({"a": pd.DataFrame({"x": [1]})}, name=name, format="csv", synthetic=True)
    assert write(tmp_path, done).parent == tmp_path
    assert len(done.file_name.encode()) < 200


def test_every_note_can_be_said():
    done = asked({"buildings": buildings()}, format="shp", synthetic=True, crs="GCJ-02")
    for note in done.notes:
        assert note.file == done.file_name
        assert all(note.message(language) for language in ("zh", "en"))
    assert formats.FORMATS.keys() == set(FILED)
    assert shapefiles.TEXT_BYTES == 254
