"""Layers of geographic programs as bureaus send them: nothing lost, no text garbled, every part found."""

import io
import json
import shutil
import sqlite3
import struct
import threading
import warnings
import zipfile
import zlib

import geopandas as gpd
import pytest
import shapely
from geo_samples import buildings, fault, read, rules
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DataError, Fault
from geo.io import guess
from geo.readers import gdal, shape_records, shapefiles
from geo.readers.markup import json_seen
from geo.readers.opening import Sublayer, open_raw, sublayers
from geo.readers.raw import reason

NAMES = ["石嘴山", "惠农区", "平罗县", "大武口"]


def shapefile(path, frame=None, encoding="gb18030"):
    frame = buildings(名称=NAMES) if frame is None else frame
    frame = frame.rename(columns={"建筑编号": "编号"})
    frame.to_file(path, engine="pyogrio", encoding=encoding)
    return path


def noted(path, **options):
    return {one.rule for one in open_raw(path, **options).noted}


def zipped(path, target, *, folder="", gbk=False):
    with zipfile.ZipFile(target, "a") as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            archive.writestr(folder + part.name, part.read_bytes())
    if gbk:  # how Windows in Chinese writes names: bytes of GBK, no flag; of the same length here for a plain swap
        whole = target.read_bytes()
        for one in (folder, path.stem):
            whole = whole.replace(one.encode(), one.encode("gb18030").rjust(len(one.encode()), b"_"))
        target.write_bytes(whole.replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00"))
    return target


@pytest.mark.parametrize("gbk", [True, False])
def test_zip_with_chinese_names_and_folders(tmp_path, gbk):
    (tmp_path / "in").mkdir()
    shp = shapefile(tmp_path / "in" / "建筑物轮廓.shp")
    path = zipped(shp, tmp_path / "上报.zip", folder="成果/乗/", gbk=gbk)
    (found,) = sublayers(path)
    assert (found.name.lstrip("_"), found.rows, found.geometry) == ("建筑物轮廓", 4, "Polygon")
    assert list(read(path, "buildings").frame["name"]) == NAMES


def test_several_shapefiles_in_a_zip_are_sublayers_and_shadow_files_are_none(tmp_path):
    (tmp_path / "in").mkdir()
    path = zipped(shapefile(tmp_path / "in" / "建筑.shp"), tmp_path / "a.zip")
    zipped(shapefile(tmp_path / "in" / "老楼.shp", buildings(2)), path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._建筑.shp", b"\x00\x05\x16\x07")
    assert [(one.name, one.rows) for one in sublayers(path)] == [("建筑", 4), ("老楼", 2)]
    assert len(read(path, "buildings").frame) == 4, "the layer that bears the name serves"
    assert len(read(path, "buildings", sublayer="老楼").frame) == 2


def test_upper_case_suffixes_and_awkward_names(tmp_path):
    shapefile(tmp_path / "a.shp")
    for part in list(tmp_path.glob("a.*")):
        part.rename(tmp_path / f"报告!v1 #2?{part.suffix.upper()}")
    assert list(read(tmp_path / "报告!v1 #2?.SHP", "buildings").frame["name"]) == NAMES
    for suffix in (".gpkg", ".geojson", ".fgb"):
        buildings().to_file(tmp_path / f"a{suffix}", engine="pyogrio")
        odd = (tmp_path / f"a{suffix}").rename(tmp_path / f"x!y#z?{suffix.upper()}")
        assert len(read(odd, "buildings").frame) == 4, suffix


def test_missing_parts_are_said_and_the_index_is_rebuilt(tmp_path):
    shp = shapefile(tmp_path / "a.shp")
    whole = (tmp_path / "a.shx").read_bytes()
    assert shape_records.index(shp.read_bytes()) == whole, "the index is GDAL's own, byte for byte"
    before = sorted(part.name for part in tmp_path.iterdir())
    (tmp_path / "a.shx").unlink()
    assert noted(shp) == {"shapefile_no_shx"}
    assert list(read(shp, "buildings").frame["name"]) == NAMES
    assert sorted(part.name for part in tmp_path.iterdir()) == [name for name in before if name != "a.shx"]
    (tmp_path / "a.prj").unlink()
    assert "shapefile_no_prj" in noted(shp)
    with pytest.raises(DataError) as refused:
        read(shp, "buildings")
    assert "crs_missing" in rules(refused.value.faults)
    (tmp_path / "a.dbf").unlink()
    raw = open_raw(shp)
    assert "shapefile_no_dbf" in {one.rule for one in raw.noted}
    assert len(raw.frame) == 4


@pytest.mark.parametrize(
    ("encoding", "cpg", "language", "differs"),
    [
        ("gb18030", None, 0x4D, False),
        ("gb18030", None, 0x57, False),
        ("gb18030", None, 0x00, False),
        ("gb18030", "UTF-8", 0x4D, True),
        ("utf-8", None, 0x4D, True),
        ("utf-8", "UTF-8", 0x4D, False),
        ("utf-8", "GBK", 0x57, True),
    ],
)
def test_the_text_itself_tells_its_encoding(tmp_path, encoding, cpg, language, differs):
    shp = shapefile(tmp_path / "a.shp", encoding=encoding)
    (tmp_path / "a.cpg").unlink()
    if cpg:
        (tmp_path / "a.cpg").write_text(cpg)
    dbf = bytearray((tmp_path / "a.dbf").read_bytes())
    dbf[29] = language
    (tmp_path / "a.dbf").write_bytes(dbf)
    assert list(open_raw(shp).frame["名称"]) == NAMES
    assert ("encoding_differs" in noted(shp)) is differs


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_text_cut_within_a_character_costs_that_character_only(tmp_path, encoding):
    size = len("石".encode(encoding))
    shp = shapefile(tmp_path / "a.shp", buildings(名称=["Q" * 254, "惠农", "平罗", None]), encoding=encoding)
    dbf = tmp_path / "a.dbf"
    dbf.write_bytes(dbf.read_bytes().replace(b"Q" * 254, ("x" + "石" * 200).encode(encoding)[:254]))
    frame = open_raw(shp).frame
    assert list(frame["名称"].iloc[:3]) == ["x" + "石" * (253 // size), "惠农", "平罗"]
    dbf.write_bytes(dbf.read_bytes().replace("惠农".encode(encoding), "惠农".encode(encoding)[:-1] + b" "))
    with pytest.raises(DataError) as refused:
        open_raw(shp)
    assert rules(refused.value.faults) == {"encoding"}, "a character broken where nothing was cut is no Chinese text"


def field_named(path, said, encoding):
    """Write a Shapefile with a field name as its ten bytes are in files of other programs."""
    shapefile(path, buildings(Z123456789=["100", "200", "300", "400"]), encoding=encoding)
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"Z123456789", said.encode(encoding)[:10].ljust(10, b"\0")))
    return path


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("whole", ["城乡分类代码", "镇（街道）名称全称"])
def test_cut_field_names_are_whole_again_only_where_one_meaning_is_left(tmp_path, encoding, whole):
    cut = whole.encode(encoding)[:10].decode(encoding, "ignore")
    found = shapefiles.uncut({cut: 10}, "villages")
    assert all(full.startswith(cut) for full in found.values())
    meanings = {"villages": [("ur_class", "城乡分类代码")]}
    if whole in [name for _, name in meanings["villages"]]:
        assert found == {cut: "城乡分类代码"}
        raw = open_raw(field_named(tmp_path / "a.shp", whole, encoding), layer="villages")
        assert "城乡分类代码" in raw.frame
        assert [(one.column, one.got) for one in raw.noted if one.rule == "field_name_cut"] == [(cut, "城乡分类代码")]
    else:
        assert found == {}


def test_an_ambiguous_or_whole_name_is_left_alone():
    assert shapefiles.uncut({"供热面积": 8, "建筑面积": 8, "name": 4}, "buildings") == {}
    assert shapefiles.uncut({"供热面积(": 9}, "buildings") == {}, "㎡ or 万㎡: nobody can tell"


def features(*shapes, **more):
    body = [{"type": "Feature", "properties": {"编号": str(n)}, "geometry": one} for n, one in enumerate(shapes)]
    return {"type": "FeatureCollection", "features": body} | more


def outline(*, turned=False, height=None):
    ring = [[106.4, 39.0], [106.401, 39.0], [106.401, 39.001], [106.4, 39.001], [106.4, 39.0]]
    ring = ring[::-1] if turned else ring
    return {"type": "Polygon", "coordinates": [[[*at, height] if height else at for at in ring]]}


@pytest.mark.parametrize("turned", [True, False])
def test_the_order_of_a_ring_means_nothing(tmp_path, turned):
    (tmp_path / "a.geojson").write_text(json.dumps(features(outline(turned=turned, height=1100.0))))
    done = read(tmp_path / "a.geojson", "buildings")
    assert done.frame.geometry.iloc[0].equals_exact(shapely.box(106.4, 39, 106.401, 39.001), 1e-12, normalize=True)
    assert not done.frame.geometry.has_z.any()


def test_geojson_as_programs_write_it(tmp_path):
    path = tmp_path / "a.geojson"
    said = json.dumps(features(outline(), None, {"type": "Point", "coordinates": [106, 39]}), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        path.write_bytes(said.encode(encoding))
        done = read(path, "buildings")
        assert (len(done.frame), done.rows_in) == (1, 3), encoding
        assert fault(done, "geometry_kind").rows == (3,)
        assert fault(done, "geometry_missing").rows == (2,)
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    path.write_text(json.dumps(features(outline(), crs=name)))
    assert len(read(path, "buildings").frame) == 1
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": outline()}]}))
    assert len(open_raw(path).frame) == 1


@pytest.mark.parametrize(
    ("suffix", "mark"), [(".geojsonl", ""), (".ndjson", ""), (".geojson", ""), (".geojsons", "\x1e")]
)
def test_one_feature_a_line(tmp_path, suffix, mark):
    lines = [json.dumps(one) for one in features(outline(), outline())["features"]]
    (tmp_path / f"a{suffix}").write_text("".join(f"{mark}{line}\n" for line in lines))
    assert len(read(tmp_path / f"a{suffix}", "buildings").frame) == 2


KML = """<?xml version="1.0" encoding="{encoding}"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Schema name="s" id="s"><SimpleField name="建筑编号" type="string"/></Schema>
<Folder><name>建筑</name><Placemark><name>综合楼</name><description>三层 &lt;b&gt;砖混&lt;/b&gt;</description>
<ExtendedData><Data name="层数"><value>3</value></Data><Data name="户数"><value>24</value></Data>
<SchemaData schemaUrl="#s"><SimpleData name="建筑编号">A1</SimpleData></SchemaData></ExtendedData>
<Polygon><outerBoundaryIs><LinearRing><coordinates>106.4,39,1100 106.401,39,1100 106.401,39.001,1100 106.4,39,1100
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>
<Folder><name>锅炉</name><Placemark><name>一号</name><Point><coordinates>106.4,39</coordinates></Point></Placemark>
<Placemark><name>二号</name><Point><coordinates>106.5,39</coordinates></Point></Placemark></Folder>
<Folder><name>空</name></Folder></Document></kml>"""


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_kml_folders_are_sublayers_and_extra_data_are_columns(tmp_path, suffix, encoding):
    path, said = tmp_path / f"a{suffix}", KML.format(encoding=encoding).encode(encoding)
    if suffix == ".kmz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", said)
            archive.writestr("files/icon.png", b"\x89PNG")
    else:
        path.write_bytes(said)
    assert [(one.name, one.rows) for one in sublayers(path)] == [("建筑", 1), ("锅炉", 2)]
    done = read(path, "buildings")
    row = done.frame.iloc[0]
    assert (row["building_id"], row["name"], row["floors"], row["households"]) == ("A1", "综合楼", 3, 24)
    assert done.unread == ("description",), "columns of style that say nothing are left out"
    assert done.recognition.why == "format"
    assert not done.frame.geometry.has_z.any()
    assert len(open_raw(path, sublayer="锅炉").frame) == 2


OSM = """<?xml version='1.0' encoding='UTF-8'?><osm version="0.6"><node id="1" lat="39" lon="106"/>
<node id="2" lat="39" lon="106.001"/><node id="3" lat="39.001" lon="106.001"/><node id="4" lat="39.001" lon="106"/>
<way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="apartments"/>
<tag k="building:levels" v="6"/><tag k="roof:shape" v="flat"/><tag k="height" v="18"/><tag k="name" v='甲"=>乙'/></way>
<way id="11"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="landuse" v="farmland"/></way>
<way id="12"><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="2"/></way>
<relation id="7"><member type="way" ref="12" role="outer"/><tag k="type" v="multipolygon"/>
<tag k="building" v="industrial"/></relation></osm>"""


def varint(number):
    done = b""
    while number > 127:
        done, number = done + bytes([number & 127 | 128]), number >> 7
    return done + bytes([number])


def message(*fields):
    """Write a protobuf message: numbers as varints, bytes and text with their length."""
    done = b""
    for tag, value in fields:
        plain = value.encode() if isinstance(value, str) else value
        if isinstance(plain, int):
            done += varint(tag << 3) + varint(plain)
        else:
            done += varint(tag << 3 | 2) + varint(len(plain)) + plain
    return done


def zigzag(numbers):
    last, done = 0, b""
    for number in numbers:
        step, last = number - last, number
        done += varint(step * 2 if step >= 0 else -step * 2 - 1)
    return done


def pbf():
    """Return one building as a file of OpenStreetMap's own format (wiki: PBF Format)."""
    words = ["", "building", "apartments", "building:levels", "6", "roof:material", "metal", "name", "综合楼"]
    places = [(106.0, 39.0), (106.001, 39.0), (106.001, 39.001), (106.0, 39.001)]
    dense = message(
        (1, zigzag([1, 2, 3, 4])),
        (8, zigzag([round(y * 1e7) for _, y in places])),
        (9, zigzag([round(x * 1e7) for x, _ in places])),
    )
    way = message((1, 10), (2, bytes([1, 3, 5, 7])), (3, bytes([2, 4, 6, 8])), (8, zigzag([1, 2, 3, 4, 1])))
    block = message(
        (1, b"".join(message((1, word)) for word in words)), (2, message((2, dense))), (2, message((3, way)))
    )
    header = message((4, "OsmSchema-V0.6"), (4, "DenseNodes"))
    done = io.BytesIO()
    for kind, body in (("OSMHeader", header), ("OSMData", block)):
        blob = message((2, len(body)), (3, zlib.compress(body)))
        head = message((1, kind), (3, len(blob)))
        done.write(struct.pack(">i", len(head)) + head + blob)
    return done.getvalue()


def test_osm_extracts(tmp_path):
    (tmp_path / "a.osm").write_text(OSM, encoding="utf-8")
    done = read(tmp_path / "a.osm", "buildings")
    frame = done.frame.set_index("building_id")
    assert sorted(frame.index) == ["relation/7", "way/10"], "land use is no building; ways and relations keep apart"
    assert frame.loc["way/10", ["name", "use", "floors", "height_m"]].tolist() == ['甲"=>乙', "apartment", 6, 18]
    assert frame.loc["relation/7", "use"] == "factory"
    assert noted(tmp_path / "a.osm") == {"osm_buildings_only"}
    assert guess(tmp_path / "a.osm") == "buildings"


def test_osm_pbf(tmp_path):
    (tmp_path / "ningxia.osm.pbf").write_bytes(pbf())
    row = read(tmp_path / "ningxia.osm.pbf", "buildings").frame.iloc[0]
    assert (row["building_id"], row["name"], row["floors"]) == ("way/10", "综合楼", 6)
    assert (row["use"], row["roof_kind"]) == ("apartment", "metal_sheet")
    assert row.geometry.equals(shapely.box(106, 39, 106.001, 39.001))


def test_osm_and_overture_as_geojson(tmp_path):
    said = {
        "@id": "way/10",
        "building": "school",
        "building:levels": "3",
        "roof:shape": "gabled",
        "roof:direction": "S",
    }
    body = features(outline())
    body["features"][0]["properties"] = said
    (tmp_path / "export.geojson").write_text(json.dumps(body))
    done = read(tmp_path / "export.geojson", "buildings")
    row = done.frame.iloc[0]
    assert (row["roof_kind"], fault(done, "roof_by_shape").rows) == ("pitched_tile", (1,)), "a shape is no material"
    assert (row["building_id"], row["use"], row["floors"]) == ("way/10", "school", 3)
    assert row["roof_azimuth_deg"] == 180
    body["features"][0]["properties"] = {
        "id": "08b2a",
        "names": {"primary": "石嘴山站"},
        "class": "train_station",
        "height": 12.5,
        "num_floors": 2,
        "roof_shape": "half_hipped",
        "roof_material": "roof_tiles",
        "roof_direction": 90.0,
    }
    (tmp_path / "overture.geojson").write_text(json.dumps(body))
    done = read(tmp_path / "overture.geojson", "buildings")
    row = done.frame.iloc[0]
    assert (row["name"], row["use"], row["floors"], row["height_m"]) == ("石嘴山站", "other_public", 2, 12.5)
    assert row["roof_kind"] == "pitched_tile"
    assert "roof_by_shape" not in rules(done.faults)
    assert "roof_direction" in done.unread, "Overture gives the ridge's bearing, not where the roof faces"


def test_geopackage_sublayers_and_one_copied_while_open(tmp_path):
    path = tmp_path / "city.gpkg"
    buildings().to_file(path, layer="建筑", engine="pyogrio")
    points = gpd.GeoDataFrame({"编号": ["a"]}, geometry=[shapely.Point(106, 39)], crs=4490)
    points.to_file(path, layer="锅炉", engine="pyogrio")
    assert sublayers(path) == [
        Sublayer(name="建筑", rows=4, geometry="Polygon"),
        Sublayer(name="锅炉", rows=1, geometry="Point"),
    ]
    assert noted(path, layer="buildings") == set()
    whole = bytearray(path.read_bytes())
    whole[18:20] = b"\x02\x02"
    shutil.copy(path, tmp_path / "copy.gpkg")
    (tmp_path / "copy.gpkg").write_bytes(whole)
    assert noted(tmp_path / "copy.gpkg", layer="buildings") == {"gpkg_journal"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["city.gpkg", "copy.gpkg"], "reading writes nothing"


def test_sublayers_of_files_without_parts(tmp_path):
    buildings().to_parquet(tmp_path / "a.parquet")
    assert sublayers(tmp_path / "a.parquet") == [Sublayer(name="a", rows=4, geometry="Unknown")]
    (tmp_path / "a.csv").write_text("编号,经度,纬度\n1,106,39\n", encoding="utf-8")
    assert [one.name for one in sublayers(tmp_path / "a.csv")] == ["a"]
    with pytest.raises(DataError):
        sublayers(tmp_path / "none.csv")


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Give the parts of a Shapefile of four outlines."""
    shp = shapefile(tmp_path_factory.mktemp("four") / "a.shp")
    return {part.suffix: part.read_bytes() for part in shp.parent.glob("a.*")}


def cut_index(shx, entries):
    return shx[:100] + b"".join(shx[100 + 8 * at : 108 + 8 * at] for at in entries)


def cut_table(dbf, rows):
    head, width = struct.unpack_from("<HH", dbf, 8)
    return dbf[:4] + struct.pack("<I", rows) + dbf[8:head] + dbf[head : head + rows * width] + b"\x1a"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4), st.none() | st.lists(st.integers(0, 3), max_size=4), st.none() | st.integers(0, 4))
def test_a_shapefile_is_read_whole_or_not_at_all(four, shapes, entries, rows):
    """Whatever its parts count: as many records come out as the .shp holds, each with its row, or none."""
    records = shape_records.walk(four[".shp"]).entries
    end = 2 * records[shapes][0] if shapes < len(records) else len(four[".shp"])
    parts = {".shp": four[".shp"][:end]}
    if entries is not None:
        parts[".shx"] = cut_index(four[".shx"], entries)
    if rows is not None:
        parts[".dbf"] = cut_table(four[".dbf"], rows)
    settled = shape_records.settle(parts)
    whole = shapes == (4 if rows is None else rows)
    right = sorted(entries or []) == [0, 1, 2, 3][:shapes] and len(entries or []) == shapes
    if settled.verdict == "shapefile_counts_differ":
        assert not (whole and (rows is not None or right))
        assert f".shp {shapes}" in settled.counts
    else:
        assert len(settled.shx) == 100 + 8 * shapes
        assert rows in (None, shapes)


def test_a_record_that_grew_is_found_by_its_index_alone(four):
    (first, words), *rest = shape_records.walk(four[".shp"]).entries
    again = four[".shp"][2 * first : 2 * first + 8 + 2 * words]
    index = struct.pack(">ii", len(four[".shp"]) // 2, words) + four[".shx"][108:]
    parts = {".shp": four[".shp"] + again, ".shx": four[".shx"][:100] + index, ".dbf": four[".dbf"]}
    settled = shape_records.settle(parts)
    assert (settled.verdict, settled.shx) == ("", parts[".shx"]), "the older version is no record of its own"
    assert shape_records.settle(parts | {".shx": four[".shx"]}).verdict == "", "nor is the newer one, if it is not used"
    assert shape_records.settle(parts | {".dbf": cut_table(four[".dbf"], 3)}).verdict == "shapefile_counts_differ"
    assert len(rest) == 3


def test_layers_of_equal_name_hide_none(tmp_path):
    path = tmp_path / "a.kmz"
    other = KML.format(encoding="UTF-8").replace("一号", "三号")
    (tmp_path / "in").mkdir()
    shapefile(tmp_path / "in" / "建筑.shp")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("大武口/doc.kml", KML.format(encoding="UTF-8"))
        archive.writestr("惠农/doc.kml", other)
        for part in (tmp_path / "in").glob("建筑.*"):
            archive.writestr(f"大武口/doc/{part.name}", part.read_bytes())
    names = [one.name for one in sublayers(path)]
    assert names == [
        "大武口/doc/建筑.shp/建筑",
        "大武口/doc.kml/建筑",
        "大武口/doc/锅炉",
        "惠农/doc/建筑",
        "惠农/doc/锅炉",
    ]
    assert set(open_raw(path, sublayer="惠农/doc/锅炉").frame["Name"]) == {"三号", "二号"}
    with pytest.raises(DataError) as refused:
        open_raw(path, layer="buildings")
    assert rules(refused.value.faults) == {"several_layers"}


def test_the_looks_that_qgis_keeps_in_a_geopackage_are_no_layers(tmp_path):
    path = tmp_path / "styled.gpkg"
    buildings().to_file(path, layer="老城区楼栋", engine="pyogrio")
    styles = gpd.pd.DataFrame({"f_table_name": ["老城区楼栋"], "styleQML": ["<qgis/>"], "useAsDefault": [True]})
    gdal.pyogrio.write_dataframe(styles, path, layer="layer_styles", append=True)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)")
        database.execute("INSERT INTO qgis_projects VALUES ('供热', x'7b7d', x'00')")
    database.close()
    assert [one.name for one in sublayers(path)] == ["老城区楼栋"]
    assert len(read(path, "buildings").frame) == 4


NESTED = {"features": [{"features": [1, {}]}, '"features":[{'], "\\": "}]"}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(({}, {"type": "Feature"}, {"type": "Feature", "properties": NESTED}))),
    st.integers(1, 60),
    st.sampled_from(((",", ":"), (" , ", " :\n "))),
)
def test_features_are_counted_however_the_file_is_cut_into_pieces(entries, size, blanks):
    whole = {"name": "features", "crs": {"features": [{}]}, "features": entries, "other": [{}, NESTED]}
    said = json.dumps(whole, separators=blanks).encode()
    seen = json_seen([said[at : at + size] for at in range(0, len(said), size)])
    assert (seen.features, seen.collections, seen.records) == (len(entries), 1, len(entries))
    lines = b"\n".join([said, *(json.dumps(one).encode() for one in entries if one)])
    seen = json_seen([lines[at : at + size] for at in range(0, len(lines), size)])
    assert seen.records == len(entries) + sum(map(bool, entries))


def test_a_lost_feature_is_told_with_what_was_said_of_it(tmp_path):
    path, body = tmp_path / "a.geojson", features(outline(), outline(), outline())
    del body["features"][1]["type"]
    path.write_text(json.dumps(body))
    with pytest.raises(DataError) as refused:
        open_raw(path)
    (one,) = (one for one in refused.value.faults if one.effect == "refused")
    assert (one.rule, one.expected, one.got) == ("features_lost", "3", "2")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "a.geojson")
    with pytest.raises(DataError):
        open_raw(tmp_path / "a.zip")
    escaped = json.dumps(body).replace('"features"', '"f\\u0065atures"')
    assert json_seen([escaped.encode()]).records == 3, "a name may be written in other letters"


def test_what_gdal_warns_of_is_told_once_and_costs_one_row(tmp_path):
    open_ring = outline()
    open_ring["coordinates"] = [open_ring["coordinates"][0][:3]]
    (tmp_path / "a.geojson").write_text(json.dumps(features(open_ring, outline(), open_ring)))
    done = read(tmp_path / "a.geojson", "buildings")
    assert (len(done.frame), done.rows_in) == (1, 3)
    assert "Non closed ring" in fault(done, "gdal_remark").got
    assert fault(done, "geometry_missing").rows == (1, 3)


def test_warnings_of_others_go_where_they_would_have_gone():
    before = warnings.filters[:]

    def work():
        thread = threading.Thread(target=warnings.warn, args=("of another thread", UserWarning))
        thread.start()
        thread.join()
        for _ in range(2):
            warnings.warn("mine", RuntimeWarning, stacklevel=1)
        return 7

    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("always")
        assert gdal.heard(work) == (7, ["mine"])
    assert [str(one.message) for one in others] == ["of another thread"]
    with pytest.raises(KeyError):
        gdal.heard(lambda: {}["x"])
    assert warnings.filters == before
    assert gdal.remark([]) == []
    assert gdal.remark(["a\nb", "a b", "/vsimem/x/y.kml: c"])[0].got == "a b; c"


def test_reasons_show_nothing_of_the_machine(tmp_path):
    path = tmp_path / "台账.gpkg"
    for said in (
        f"cannot open {path}",
        f"KeyError: {path}-wal",
        f"<class 'x.Y'> at {tmp_path}/other\n\x85ValueError",
        "<a.B object at 0x7f00>",
        "/vsizip//vsimem/pyogrio_1/a.shp: no",
    ):
        shown = reason(path, said)
        assert str(tmp_path) not in shown
        assert not set(shown) & set("\n\x85<")
        assert "Error" not in shown
        assert "/vsi" not in shown
    assert reason(path, f"cannot open {path}") == "cannot open 台账.gpkg"


def test_control_characters_of_a_file_never_reach_a_message():
    one = Fault(rule="no_coordinates", effect="refused", file="a\x07.csv", column="额定\n(t/h)", got="经\x89度\r\n")
    assert "经\N{REPLACEMENT CHARACTER}度" in one.message("zh")
    shown = one.as_row("en")
    assert shown["column"] == "额定 (t/h)"
    assert not {chr(code) for code in (*range(32), *range(127, 160))} & set("".join(map(str, shown.values())))
    assert one.got == "经\x89度\r\n", "what was found stays what it is"


def test_kml_in_utf16(tmp_path):
    (tmp_path / "a.kml").write_bytes(KML.format(encoding="UTF-16").encode("utf-16"))
    assert len(read(tmp_path / "a.kml", "buildings").frame) == 1
