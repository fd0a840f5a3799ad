"""What may harm is refused before anything opens it, with a reason that a clerk understands."""

import http.server
import json
import sqlite3
import stat
import threading
import zipfile
from dataclasses import fields

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from geo_samples import BOILER_HEADER, BOILERS, buildings, rules, square, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DataError
from geo.readers import markup
from geo.readers.admission import admit
from geo.readers.databases import known_trigger
from geo.readers.limits import Limits, limits, safe_name
from geo.readers.opening import open_raw, sublayers

POINT = '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[106,39]}}'


def refused(path, *, listed=False):
    """Open a file that must be refused; every fault has its words in both languages."""
    with pytest.raises(DataError) as caught:
        open_raw(path)
    for one in caught.value.faults:
        assert one.effect == "refused"
        assert one.message("zh") != one.message("en")
    if listed:
        assert sublayers(path)
    else:
        with pytest.raises(DataError):
            sublayers(path)
    return rules(caught.value.faults)


def archive(path, parts, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as done:
        for name, content in parts.items():
            done.writestr(name, content)
    return path


@pytest.fixture
def strict(monkeypatch):
    def say(**bounds):
        monkeypatch.setenv("NUANGUANG_LIMITS", json.dumps(bounds))

    return say


def test_bounds_are_rows_of_a_table_and_the_environment_may_change_them(strict, monkeypatch):
    assert limits().file_mb == 1024
    strict(file_mb=3, json_depth=20)
    assert (limits().file_mb, limits().json_depth, limits().rows) == (3, 20, 3_000_000)
    for wrong in (
        '{"file_mb": 0}',
        '{"file_mb": "3"}',
        '{"file_mb": 3.5}',
        '{"speed": 3}',
        "[1]",
        "junk",
        '{"rows": true}',
    ):
        monkeypatch.setenv("NUANGUANG_LIMITS", wrong)
        with pytest.raises(DataError) as caught:
            limits()
        assert rules(caught.value.faults) == {"limits_invalid"}, wrong


@pytest.mark.parametrize("name", ["a.zip", "a.kmz", "a.xlsx", "a.xls"])
@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({"../a.shp": b"x"}, "archive_path"),
        ({"/etc/a.shp": b"x"}, "archive_path"),
        ({"C:/a.shp": b"x"}, "archive_path"),
        ({"a\\b.shp": b"x"}, "archive_path"),
        ({"x/con.shp": b"x"}, "archive_path"),
        ({"a\n.shp": b"x"}, "archive_path"),
        ({"in.zip": b"PK\x03\x04"}, "archive_nested"),
        ({"in.dat": b"PK\x03\x04 hidden"}, "archive_nested"),
        ({"A.shp": b"x", "a.SHP": b"y"}, "archive_duplicate"),
        ({"a.xml": b"0" * 12_000_000}, "archive_ratio"),
    ],
)
def test_hostile_archives(tmp_path, name, parts, rule):
    assert rule in refused(archive(tmp_path / name, parts))


def test_archives_too_large_or_of_too_many_parts(tmp_path, strict):
    strict(members=3, unpacked_mb=1, ratio=5000)
    assert refused(archive(tmp_path / "a.zip", {f"{n}.txt": b"x" for n in range(4)})) == {"archive_members"}
    assert refused(archive(tmp_path / "a.zip", {"a.txt": bytes(2**20 + 1)})) == {"archive_unpacked"}


def test_links_passwords_and_shared_bytes(tmp_path):
    link = zipfile.ZipInfo("a.shp")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert refused(archive(tmp_path / "a.zip", {link: b"/etc/passwd"})) == {"archive_link"}
    whole = bytearray(archive(tmp_path / "b.zip", {"a.shp": b"x"}).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(mark) + at] |= 1
    (tmp_path / "b.zip").write_bytes(whole)
    assert refused(tmp_path / "b.zip") == {"archive_encrypted"}
    path = archive(tmp_path / "c.zip", {"a.shp": b"x" * 500, "b.shp": b"y" * 500})
    whole = bytearray(path.read_bytes())
    second = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)
    whole[second + 42 : second + 46] = b"\x00\x00\x00\x00"
    path.write_bytes(whole)
    assert refused(path) == {"archive_overlap"}


def test_several_faults_of_an_archive_are_told_at_once(tmp_path):
    parts = {"../a.xml": b"0" * 12_000_000, "b.shp": b"x", "B.shp": b"x"}
    assert refused(archive(tmp_path / "a.zip", parts)) == {"archive_path", "archive_ratio", "archive_duplicate"}


def test_honest_archives_pass(tmp_path):
    write_csv(tmp_path / "a.csv", BOILER_HEADER, BOILERS)
    book = openpyxl.Workbook()
    for row in [BOILER_HEADER.split(","), *(row.split(",") for row in BOILERS)]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    admit(tmp_path / "a.xlsx")
    held = {"锅炉.xlsx": (tmp_path / "a.xlsx").read_bytes(), "说明.docx": b"PK\x03\x04", "a.geojson": POINT}
    assert len(open_raw(archive(tmp_path / "a.zip", held)).frame) == 1, "office files beside a layer are no archives"


LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE, '<!DOCTYPE kml SYSTEM "http://x/y.dtd">'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk"])
def test_entities_are_never_read(tmp_path, doctype, encoding):
    kml = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}<kml><Placemark><name>&a;</name></Placemark></kml>'
    (tmp_path / "a.kml").write_bytes(kml.encode(encoding))
    assert refused(tmp_path / "a.kml") == {"xml_doctype"}
    assert refused(archive(tmp_path / "a.kmz", {"doc.kml": kml.encode(encoding)})) == {"xml_doctype"}
    sheet = f"<?xml version='1.0' encoding='{encoding}'?>{doctype}<worksheet>&a;</worksheet>".encode(encoding)
    assert refused(archive(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": sheet})) == {"xml_doctype"}
    (tmp_path / "a.osm").write_bytes(kml.replace("kml>", "osm>").encode(encoding))
    assert refused(tmp_path / "a.osm") == {"xml_doctype"}


def test_depth_of_xml_and_json(tmp_path):
    deep = "<Folder>" * 100 + "</Folder>" * 100
    (tmp_path / "a.kml").write_text(f"<kml>{deep}</kml>")
    assert refused(tmp_path / "a.kml") == {"xml_depth"}
    (tmp_path / "a.geojson").write_text(POINT.replace('"properties":{}', f'"properties":{"[" * 99 + "]" * 99}'))
    assert refused(tmp_path / "a.geojson") == {"json_depth"}
    quoted = json.dumps("[" * 99 + '\\"{' + "\\")
    (tmp_path / "a.geojson").write_text(POINT.replace('"properties":{}', f'"properties":{{"a":{quoted}}}'))
    assert len(open_raw(tmp_path / "a.geojson").frame) == 1, "brackets in text are text"


@pytest.mark.parametrize("number", ["99999999999999999999", "-9223372036854775809", "1e400", "1.5E+9999"])
def test_numbers_that_cannot_be_held_are_refused(tmp_path, number):
    path = tmp_path / "a.geojson"
    path.write_text(POINT.replace('"properties":{}', f'"properties":{{"编号":{number}}}'))
    assert refused(path) == {"json_number"}
    for fine in (f'"{number}"', "106.38461538461538461538", "640202001001", "9223372036854775806", "1e300"):
        path.write_text(POINT.replace('"properties":{}', f'"properties":{{"编号":{fine}}}'))
        assert str(open_raw(path).frame["编号"].iloc[0]), fine


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text('"\\[]{}a1石', max_size=9)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text('"\\[{a', max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


def nesting(value):
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(nesting, inner), default=0) if isinstance(value, dict | list) else 0


@settings(max_examples=30, deadline=None)
@given(st.lists(VALUES, max_size=3), st.integers(1, 7))
def test_depth_is_what_a_parser_finds_wherever_the_file_is_cut(values, size):
    said = "\n".join(json.dumps([value]) for value in values).encode()
    seen = markup.json_seen(said[at : at + size] for at in range(0, len(said), size))
    assert seen.depth == max((nesting([value]) for value in values), default=0)
    assert seen.roots == len(values)
    assert seen.utf8


@settings(max_examples=10, deadline=None)
@given(st.integers(5000, 5400))
def test_a_number_is_judged_whole_wherever_the_file_is_cut(size):
    fine = [0.12345678901234567, 106.5, 9.5e300, 2**62] * 400
    said = ("[" + ",".join(f"{one:.30f}" if one < 1e3 else repr(one) for one in fine) + "]").encode()
    for text, huge in ((said, ""), (said[:-1] + b",99999999999999999999]", "9" * 20)):
        seen = markup.json_seen(text[at : at + size] for at in range(0, len(text), size))
        assert seen.huge == huge


@pytest.fixture(scope="module")
def server():
    """Listen on this machine and remember who asked."""
    asked = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Ear) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "crs",
    [
        '{"type":"link","properties":{"href":"URL"}}',
        '{"properties":{"url":"URL","a":{}},"x":[],"type":"url"}',
        '{"typ\\u0065":"L\\u0069NK","properties":{"href":"URL"}}',
    ],
)
def test_a_coordinate_system_is_never_fetched(tmp_path, server, crs):
    address, asked = server
    body = f'{{"type":"FeatureCollection","crs":{crs.replace("URL", address)},"features":[{POINT}]}}'
    (tmp_path / "a.geojson").write_text(body)
    assert refused(tmp_path / "a.geojson") == {"json_crs_link"}
    assert refused(archive(tmp_path / "a.zip", {"a.geojson": body})) == {"json_crs_link"}
    assert not asked


def test_a_column_named_crs_is_none(tmp_path):
    (tmp_path / "a.geojson").write_text(POINT.replace("{}", '{"crs":{"type":"GCJ"},"type":"link"}', 1))
    assert len(open_raw(tmp_path / "a.geojson").frame) == 1


def test_links_of_kml_are_never_followed(tmp_path, server):
    address, asked = server
    inner = f"<NetworkLink><Link><href>{address}/a.kml</href></Link></NetworkLink>"
    (tmp_path / "a.kml").write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inner}</Document></kml>')
    assert refused(tmp_path / "a.kml") == {"kml_network_link"}
    icon = f"<Style><IconStyle><Icon><href>{address}/i.png</href></Icon></IconStyle></Style>"
    place = f"<Placemark>{icon}<Point><coordinates>106,39</coordinates></Point></Placemark>"
    (tmp_path / "a.kml").write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{place}</Document></kml>')
    assert len(open_raw(tmp_path / "a.kml").frame) == 1
    assert not asked


@pytest.mark.parametrize(
    "suffix", [".gpkg", ".geojson", ".json", ".kml", ".osm", ".pbf", ".fgb", ".shp", ".zip", ".parquet"]
)
def test_another_format_behind_a_known_suffix_is_not_opened(tmp_path, suffix):
    buildings().to_file(tmp_path / "secret.fgb", engine="pyogrio")
    vrt = (
        '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>/vsizip/../secret.fgb</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    ).replace("/vsizip/..", str(tmp_path))
    path = tmp_path / f"a{suffix}"
    path.write_text(vrt)
    assert refused(path) <= {"content_not_suffix", "file_broken"}
    path.write_text(
        f"<kml><!-- {vrt} --></kml>" if suffix == ".kml" else '{"type":"gdal_streamed_alg","command_line":"x"}'
    )
    assert refused(path) <= {"content_not_suffix", "file_broken"}


@pytest.fixture(scope="module")
def geopackage(tmp_path_factory):
    path = tmp_path_factory.mktemp("gpkg") / "a.gpkg"
    buildings().to_file(path, layer="建筑 O'Neil", engine="pyogrio")
    return path.read_bytes()


def changed(tmp_path, content, *statements):
    path = tmp_path / "a.gpkg"
    path.write_bytes(content)
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


VIEW = (
    (
        "CREATE VIEW bomb AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
        "SELECT x AS fid, NULL AS geom FROM c WHERE x < 0"
    ),
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('bomb', 'features', 'bomb', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('bomb', 'geom', 'GEOMETRY', 4326, 0, 0)",
)


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        (VIEW, "gpkg_view"),
        (('CREATE TRIGGER boo AFTER INSERT ON "gpkg_contents" BEGIN DELETE FROM rtree_a; END',), "gpkg_trigger"),
        (
            (
                (
                    "CREATE TRIGGER rtree_a_geom_insert AFTER INSERT ON gpkg_contents BEGIN "
                    "DELETE FROM sqlite_sequence; END"
                ),
            ),
            "gpkg_trigger",
        ),
        (
            (
                (
                    "CREATE TRIGGER trigger_insert_feature_count_a AFTER INSERT ON gpkg_contents BEGIN "
                    "UPDATE gpkg_ogr_contents SET feature_count = load_extension('x'); END"
                ),
            ),
            "gpkg_trigger",
        ),
        (("CREATE TABLE t (a INTEGER, b BLOB GENERATED ALWAYS AS (zeroblob(1000000000)))",), "gpkg_computed"),
        (("CREATE VIRTUAL TABLE v USING fts5(a)",), "gpkg_virtual"),
    ],
)
def test_geopackages_that_hold_programs(tmp_path, geopackage, statements, rule):
    path = changed(tmp_path, geopackage, *statements)
    assert rule in refused(path)
    assert rule in refused(archive(tmp_path / "a.zip", {"in/a.gpkg": path.read_bytes()}))


def test_geopackages_of_gdal_and_qgis_pass(tmp_path, geopackage):
    styles = (
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_name TEXT, styleQML TEXT)",
        (
            "CREATE TRIGGER rtree_x_geom_update1 AFTER UPDATE OF geom ON layer_styles WHEN OLD.id = NEW.id AND "
            "(NEW.styleQML NOTNULL AND NOT ST_IsEmpty(NEW.styleQML)) BEGIN "
            'INSERT OR REPLACE INTO "rtree_x_geom" VALUES '
            "(NEW.id, ST_MinX(NEW.styleQML), ST_MaxX(NEW.styleQML), ST_MinY(NEW.styleQML), ST_MaxY(NEW.styleQML)); END"
        ),
        (
            "CREATE TRIGGER gpkg_metadata_md_scope_insert BEFORE INSERT ON gpkg_contents FOR EACH ROW BEGIN SELECT "
            "RAISE(ABORT, 'insert on table gpkg_metadata violates constraint; md_scope must be one of undefined') "
            "WHERE NOT(NEW.table_name IN ('undefined', 'fieldSession')); END"
        ),
    )
    styles = (styles[0], styles[1].replace("OF geom", "OF styleQML"), styles[2])
    path = changed(tmp_path, geopackage, *styles)
    before = path.read_bytes()
    assert len(open_raw(path).frame) == 4
    assert len(open_raw(archive(tmp_path / "a.zip", {"a.gpkg": before})).frame) == 4
    assert path.read_bytes() == before


def test_a_trigger_is_known_by_what_it_does():
    body = 'CREATE TRIGGER "{}" AFTER DELETE ON "t" BEGIN DELETE FROM "rtree_t_geom" WHERE id = OLD."fid"; END'
    assert known_trigger("rtree_t_geom_delete", body.format("rtree_t_geom_delete"))
    assert not known_trigger("mine", body.format("mine"))
    hidden = body.format("rtree_t_geom_delete").replace("; END", '; DELETE FROM "t"; END')
    assert not known_trigger("rtree_t_geom_delete", hidden)


def test_a_geopackage_that_is_open_elsewhere_or_is_none(tmp_path, geopackage):
    path = changed(tmp_path, geopackage)
    (tmp_path / "a.gpkg-wal").write_bytes(b"x")
    assert refused(path) == {"gpkg_in_use"}
    sqlite3.connect(tmp_path / "b.gpkg").execute("CREATE TABLE t (a)").connection.close()
    assert refused(tmp_path / "b.gpkg") == {"content_not_suffix"}


def test_parquet_with_pickled_columns_or_too_many_of_them(tmp_path, strict):
    marked = pa.field("a", pa.binary(), metadata={"ARROW:extension:name": "arrow.py_extension_type"})
    pq.write_table(pa.table([[b"cos\nsystem\n"]], schema=pa.schema([marked])), tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet") == {"parquet_extension"}
    strict(rows=3, columns=2)
    buildings().to_parquet(tmp_path / "b.parquet")
    assert refused(tmp_path / "b.parquet") == {"rows_too_many", "columns_too_many"}


def test_rows_cells_shapes_and_files_that_are_too_large(tmp_path, strict):
    frame = buildings(名称=["x" * 200, "a", "b", "c"])
    frame.loc[2, "geometry"] = square().centroid.buffer(0.001, quad_segs=50)
    frame.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    strict(cell_characters=100, shape_vertices=100)
    with pytest.raises(DataError) as caught:
        open_raw(tmp_path / "a.gpkg")
    found = {one.rule: (one.rows, one.column) for one in caught.value.faults}
    assert found == {"cell_too_long": ((1,), "名称"), "shape_too_large": ((3,), None)}
    strict(rows=3)
    assert refused(tmp_path / "a.gpkg", listed=True) == {"rows_too_many"}
    strict(file_mb=1)
    (tmp_path / "a.csv").write_bytes(b"x" * (2**20 + 1))
    assert refused(tmp_path / "a.csv") == {"file_too_large"}


def test_names_that_cannot_be_shown_and_links(tmp_path):
    for name in ("a\0.csv", "a\n.csv"):
        assert refused(tmp_path / name) == {"file_name"}
    path = write_csv(tmp_path / "a.csv", BOILER_HEADER, BOILERS)
    (tmp_path / "link.csv").symlink_to(path)
    assert len(open_raw(tmp_path / "link.csv").frame) == 2, "a person may keep files behind a link of their own"
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    assert refused(tmp_path / "zero.csv") == {"file_missing"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\锅炉 台账.xlsx", "锅炉 台账.xlsx"),
        ("/abs/a.CSV", "a.CSV"),
        (".htaccess", "htaccess"),
        ("CON", "_CON"),
        ("nul.tar.gpkg", "_nul.tar.gpkg"),
        ("a\0b\u202egpj.exe\n.csv", "abgpj.exe.csv"),
        ("", "file"),
        ("...", "file"),
        ("a?.csv::$DATA", "a_.csv__$DATA"),
        ("报" * 300 + ".geojson", "报" * 77 + ".geojson"),
    ],
)
def test_names_on_disk(name, safe):
    assert safe_name(name) == safe


@settings(max_examples=30)
@given(st.text(max_size=300))
def test_any_name_becomes_one_that_every_system_takes(name):
    safe = safe_name(name)
    assert safe_name(safe) == safe
    assert 0 < len(safe) <= 120
    assert len(safe.encode()) <= 255
    assert not set(safe) & set('/\\<>:"|?*\0')
    assert safe[0] not in ". "
    assert safe[-1] not in ". "


def test_bounds_can_be_given(tmp_path):
    path = write_csv(tmp_path / "a.csv", BOILER_HEADER, BOILERS * 30_000)
    admit(path)
    names = {name: getattr(limits(), name) for name in (field.name for field in fields(Limits))}
    with pytest.raises(DataError):
        admit(path, Limits(**names | {"file_mb": 1}))
