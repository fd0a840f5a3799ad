"""GeoJSON: broken text, numbers that are none, shapes that are none, and what standards old and new allow."""

import json

from corpus.entry import CANARY, Shelf, bytes_of, text_of
from corpus.samples import PLACES, collection, feature, geojson

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either


def _text(value, **options):
    return json.dumps(value, ensure_ascii=False, **options)


def _file(features, **more):
    return text_of(_text(collection(features, **more)))


def _first(**change):
    """Return a file whose first feature is another, and the other two are right."""
    return _file([feature(0, **change), feature(1), feature(2)])


def _point(*place):
    return {"type": "Point", "coordinates": list(place)}


def _shape(kind, coordinates):
    return {"geometry": {"type": kind, "coordinates": coordinates}}


def _named(name, at=0):
    one = feature(at)
    return {**one, "properties": {**one["properties"], "单位名称": name}}


def _properties(**change):
    one = feature(0)
    return _file([{**one, "properties": {**one["properties"], **change}}, feature(1), feature(2)])


def _building(ring, name="A0"):
    return {
        "type": "Feature",
        "properties": {"建筑编号": name, "用途": "学校", "取暖方式": "散煤"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _ring(*places):
    return [[106.4 + x, 39.0 + y] for x, y in places]


def _crs(name):
    return {"crs": {"type": "name", "properties": {"name": name}}}


def _spoken(number):
    """Put a number into the text that `json` would not write."""
    return text_of(_text(collection()).replace("106.4,", f"{number},", 1))


_SQUARE = _ring((0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001), (0, 0))
_BOW = _ring((0, 0), (0.001, 0.001), (0.001, 0), (0, 0.001), (0, 0))
_SWAPPED = [feature(at, geometry=_point(y, x)) for at, (x, y) in enumerate(PLACES)]
_METRES = [
    feature(at, geometry=_point(x, y))
    for at, (x, y) in enumerate(((621_200, 4_319_900), (622_100, 4_321_000), (623_000, 4_322_100)))
]

clean("right.json", bytes_of(lambda: geojson("j")), 3)
clean("bom.geojson", bytes_of(lambda: b"\xef\xbb\xbf" + geojson("bom")), 3)
clean("lines.geojsonl", text_of("\n".join(_text(feature(at, "l")) for at in range(3)) + "\n"), 3)
clean("lines.ndjson", text_of("\r\n".join(_text(feature(at, "n")) for at in range(3))), 3)
clean("records.geojsons", text_of("".join(f"\x1e{_text(feature(at, 's'))}\n" for at in range(3))), 3)
clean("single.geojson", text_of(_text(feature())), 1)
clean("gbk.geojson", text_of(_text(collection()), "gb18030"), 3, holds=("甲厂",))
clean("escaped.geojson", text_of(json.dumps(collection())), 3, holds=("甲厂",))
clean("heights.geojson", _file([feature(at, geometry=_point(*PLACES[at], 1100.0)) for at in range(3)]), 3)
let_in(
    "measures.geojson",
    _file([feature(at, geometry=_point(*PLACES[at], 1100.0, 5.0)) for at in range(3)]),
    3,
    "gdal_remark",
    used=3,
)
refused("utf16.geojson", text_of(_text(collection()), "utf-16"), "encoding", "content_not_suffix", "file_broken")
refused("cut.geojson", bytes_of(lambda: geojson()[:-150]), "file_broken")
refused("cut_string.geojson", bytes_of(lambda: geojson()[:60]), "file_broken")
refused("empty_list.geojson", _file([]), "file_empty")
refused("empty_object.geojson", text_of("{}"), "file_broken", "file_empty")
refused("list.json", text_of("[1, 2, 3]"), "file_broken", "file_empty")
refused("words.json", text_of('"words"'), "content_not_suffix", "file_broken")
refused("topology.json", text_of('{"type":"Topology","objects":{},"arcs":[]}'), "file_broken", "file_empty")
refused(
    "esri.json",
    text_of('{"rings":[[[106,39],[107,39],[107,40],[106,39]]]}'),
    "file_broken",
    "file_empty",
    "column_missing",
    "crs_missing",
    "no_row_usable",
    "content_not_suffix",
)
refused(
    "deep.geojson", text_of('{"type":"FeatureCollection","features":' + "[" * 50_000 + "]" * 50_000 + "}"), "json_depth"
)
refused("deep_property.geojson", _properties(备注=json.loads("[" * 200 + "]" * 200)), "json_depth")
either("nan.geojson", _spoken("NaN"), 3)
either("infinity.geojson", _spoken("Infinity"), 3)
refused("1e400.geojson", _spoken("1e400"), "json_number")
refused("digits.geojson", _spoken("9" * 400), "json_number")
either("comments.geojson", text_of("// 台账\n" + _text(collection())), 3)
either("trailing_comma.geojson", text_of(_text(collection())[:-2] + ",]}"), 3)
refused("two_documents.geojson", text_of(_text(collection()) * 2), "features_lost")
either(
    "twice_key.geojson",
    text_of(_text(collection()).replace('"单位名称": "甲厂"', '"单位名称": "甲厂", "单位名称": "假厂"')),
    3,
)
either("no_type.geojson", text_of(_text({"features": [feature(0)]})), 1)
refused("feature_no_type.geojson", text_of(_text(collection()).replace('"type": "Feature", ', "", 1)), "features_lost")
refused("no_feature_has_type.geojson", text_of(_text(collection()).replace('"type": "Feature", ', "")), "features_lost")
refused(
    "line_no_type.geojsonl",
    text_of("\n".join(_text(feature(at, "t")) for at in range(3)).replace('"type": "Feature", ', "", 1)),
    "features_lost",
    "file_broken",
)
either("features_object.geojson", text_of(_text({"type": "FeatureCollection", "features": feature()})))
let_in("shape_null.geojson", _first(geometry=None), 3, "geometry_missing", used=2)
let_in("shape_empty.geojson", _first(**_shape("Point", [])), 3, "geometry_missing", used=2)
either("shape_words.geojson", _first(**_shape("Point", ["106.4", "39.01"])), 3)
let_in("shape_short.geojson", _first(**_shape("Point", [106.4])), 3, "geometry_missing", "gdal_remark", used=2)
let_in("shape_unknown.geojson", _first(**_shape("Circle", [106.4, 39])), 3, "geometry_missing", "gdal_remark", used=2)
let_in("shape_nested.geojson", _first(**_shape("Point", [[[106.4, 39]]])), 3, "geometry_missing", "gdal_remark", used=2)
let_in("off_globe.geojson", _first(geometry=_point(181.0, 39.0)), 3, "coordinates_off_globe", used=2)
let_in("zero.geojson", _first(geometry=_point(0, 0)), 3, "geometry_missing", used=2)
let_in("one_swapped.geojson", _first(geometry=_point(39.01, 106.4)), 3, "row_swapped", used=2)
let_in("all_swapped.geojson", _file(_SWAPPED), 3, "axes_swapped", used=3)
let_in(
    "other_kinds.geojson",
    _file([feature(0), feature(1, **_shape("LineString", [[106, 39], [107, 39]])), feature(2)]),
    3,
    "geometry_kind",
    used=2,
)
let_in(
    "collection.geojson",
    _first(geometry={"type": "GeometryCollection", "geometries": [_point(106, 39), _point(107, 39)]}),
    3,
    "geometry_kind",
    used=2,
)
either(
    "no_properties.geojson",
    text_of(_text(collection([{"type": "Feature", "geometry": _point(106.4, 39)}, feature(1)]))),
    2,
)
either("null_properties.geojson", _first(properties=None), 3)
either("list_properties.geojson", _first(properties=["B1", "甲厂"]), 3)
let_in("inside_out.geojson", _file([_building(_SQUARE[::-1])]), 1, layer="buildings", used=1)
let_in(
    "bow.geojson", _file([_building(_BOW), _building(_SQUARE, "A1")]), 2, "geometry_invalid", layer="buildings", used=2
)
let_in(
    "three_points.geojson",
    _file([_building(_SQUARE[:3]), _building(_SQUARE, "A1")]),
    2,
    "geometry_missing",
    "gdal_remark",
    layer="buildings",
    used=1,
)
either("two_points.geojson", _file([_building(_SQUARE[:2]), _building(_SQUARE, "A1")]), 2, layer="buildings")
let_in(
    "collapsed.geojson",
    _file([_building([[106.4, 39]] * 4), _building(_SQUARE, "A1")]),
    2,
    "geometry_collapsed",
    layer="buildings",
    used=1,
)
refused("crs_metres.geojson", _file(_METRES), "crs_contradicted")
either("crs_4544.geojson", _file(_METRES, **_crs("urn:ogc:def:crs:EPSG::4544")), 3)
either("crs_gcj.geojson", _file(None, **_crs("GCJ-02")), 3)
refused("crs_xian80.geojson", _file(_METRES, **_crs("EPSG:2379")), "crs_old_datum", "crs_contradicted")
refused(
    "crs_link.geojson",
    _file(None, crs={"type": "link", "properties": {"href": CANARY["url"]}}),
    "json_crs_link",
)
refused(
    "foreign.geojson",
    text_of('{"type":"<OGRVRTDataSource>","x":"' + CANARY["url"] + '"}'),
    "content_not_suffix",
    "file_broken",  # it is read as GeoJSON and nothing else
)
let_in(
    "markup.geojson", _file([_named("<script>alert(1)</script>"), feature(1)]), 2, holds=("<script>alert(1)</script>",)
)
let_in("bidi.geojson", _file([_named("甲\u202e厂\u2066x"), feature(1)]), 2, holds=("甲\u202e厂\u2066x",))
either("control.geojson", _file([_named("甲\u0000\u0007\u001b[31m厂"), feature(1)]), 2)
either("lone_surrogate.geojson", text_of(json.dumps(collection()).replace("\\u7532", "\\ud800")), 3)
either("nested_value.geojson", _properties(单位名称={"zh": "甲厂", "en": "A"}), 3)
either("long_number.geojson", _properties(锅炉编号=640202001001123456), 3)
let_in("words_as_number.geojson", _properties(蒸吨="二十"), 3, "not_a_number", used=3)
let_in("same_identifier.geojson", _file([feature(0), feature(0), feature(2)]), 3, "id_duplicate", used=2)
either("reserved_names.geojson", _properties(source_row=7, geometry="x", fid="y", __proto__={"a": 1}), 3)
either("python_names.geojson", _properties(**{"__class__": "x", "{0.__init__}": "y", "%s%n": "z", "": "leer"}), 3)
