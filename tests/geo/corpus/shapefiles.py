"""Shapefiles whose parts are missing, cut, or disagree."""

import json
import struct

from corpus.entry import Shelf, bytes_of
from corpus.samples import FIELDS, PLACES, ROWS, zipped
from corpus.shapes import WGS84, beside, dbf, parts, shapefile, shp, shx

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either

_XIAN = (
    'PROJCS["Xian_1980_3_Degree_GK_Zone_35",GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",'
    'SPHEROID["Xian_1980",6378140.0,298.257]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",35500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",105.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
_BEIJING = _XIAN.replace("Xian_1980", "Beijing_1954").replace("6378140.0,298.257", "6378245.0,298.3")
_CGCS = (
    _XIAN.replace("Xian_1980_3_Degree_GK_Zone_35", "CGCS2000_3_Degree_GK_Zone_35")
    .replace("GCS_Xian_1980", "GCS_China_Geodetic_Coordinate_System_2000")
    .replace(
        'D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257',
        'D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101',
    )
)
_METRES = ((35_621_200.0, 4_319_900.0), (35_622_100.0, 4_321_000.0), (35_623_000.0, 4_322_100.0))


def _projected(prj):
    return shapefile(shp=shp(_METRES), shx=shx(_METRES), prj=prj.encode())


def _corrupted(part, at, value):
    """Overwrite bytes of one part."""
    return part[:at] + value + part[at + len(value) :]


def _twice(*folders):
    """Return the same Shapefile in several folders of one archive."""
    return {f"{folder}/{name}": part for folder in folders for name, part in parts().items()}


_NO_PRJ = shapefile(prj=None)
_NULLS = (*PLACES[:2], None)
_SHORT = ("编号", "name", "燃料", "蒸吨", "用途", "状态")
_LONG = ("供热面积_取暖", "单位名称", "燃料种类", "蒸吨", "用途", "状态")

let_in("no_shx.zip", bytes_of(lambda: shapefile(shx=None)), 3, "shapefile_no_shx", used=3)
let_in("no_dbf.zip", bytes_of(lambda: shapefile(dbf=None)), 3, "shapefile_no_dbf", "id_missing")
refused("no_prj.zip", bytes_of(lambda: _NO_PRJ), "crs_missing")
let_in("no_prj_but_said.zip", bytes_of(lambda: shapefile(prj=None, dbf=dbf(width=21))), 3, options={"crs": "EPSG:4326"})
refused("no_shp.zip", bytes_of(lambda: shapefile(shp=None)), "file_empty", "file_broken")
refused("prj_garbage.zip", bytes_of(lambda: shapefile(prj=b"\x00\xffnot a system")), "crs_missing", "crs_unknown")
refused("prj_empty.zip", bytes_of(lambda: shapefile(prj=b"")), "crs_missing")
refused("prj_xian80.zip", bytes_of(lambda: _projected(_XIAN)), "crs_old_datum")
refused("prj_beijing54.zip", bytes_of(lambda: _projected(_BEIJING)), "crs_old_datum")
refused("prj_wrong.zip", bytes_of(lambda: shapefile(prj=_CGCS.encode())), "crs_contradicted")
refused("metres_as_degrees.zip", bytes_of(lambda: _projected(WGS84)), "crs_contradicted")
clean("prj_by_name.zip", bytes_of(lambda: _projected(_CGCS)), 3)
let_in("cpg_lies.zip", bytes_of(lambda: shapefile(cpg=b"UTF-8")), 3, "encoding_differs", used=3, holds=("甲厂", "乙厂"))
let_in(
    "cpg_lies_other_way.zip",
    bytes_of(lambda: shapefile(dbf=dbf(encoding="utf-8", fields=_SHORT))),
    3,
    "encoding_differs",
    holds=("甲厂",),
)
clean("cpg_none_gbk.zip", bytes_of(lambda: shapefile(cpg=None, dbf=dbf(width=22))), 3, holds=("甲厂",))
clean(
    "cpg_none_utf8.zip",
    bytes_of(lambda: shapefile(cpg=None, dbf=dbf(encoding="utf-8", fields=_SHORT, width=22))),
    3,
    holds=("甲厂",),
)
either(
    "big5.zip",
    bytes_of(
        lambda: shapefile(
            cpg=b"BIG5",
            dbf=dbf(
                [("B1", "熱廠", "煤", 20, "", "")] * 3, encoding="big5", fields=("id", "name", "fuel", "t", "u", "s")
            ),
        )
    ),
    3,
)
either(
    "no_encoding.zip", bytes_of(lambda: shapefile(dbf=dbf([("B1", b"\xff\xff\x80", "", 20, "", "")] * 3), cpg=None)), 3
)
either("field_cut.zip", bytes_of(lambda: shapefile(dbf=dbf(fields=_LONG))), 3)
let_in(
    "cell_cut.zip",
    bytes_of(
        lambda: shapefile(dbf=dbf([("B1", "石嘴山市第一热力有限公司", *ROWS[0][2:])] * 1 + list(ROWS[1:]), width=21))
    ),
    3,
    used=3,
)
refused("fewer_records.zip", bytes_of(lambda: shapefile(dbf=dbf(ROWS[:2]))), "shapefile_counts_differ")
refused(
    "more_records.zip", bytes_of(lambda: shapefile(dbf=dbf([*ROWS, ("B4", *ROWS[0][1:])]))), "shapefile_counts_differ"
)
refused("dbf_claims_more.zip", bytes_of(lambda: shapefile(dbf=dbf(count=1_000_000_000))), "shapefile_counts_differ")
refused("shp_cut.zip", bytes_of(lambda: shapefile(shp=shp()[:-30])), "shapefile_counts_differ")
refused("shp_cut_no_shx.zip", bytes_of(lambda: shapefile(shp=shp()[:-30], shx=None)), "shapefile_counts_differ")
refused("shp_head_only.zip", bytes_of(lambda: shapefile(shp=shp()[:100])), "shapefile_counts_differ")
refused(
    "shp_stub.zip",
    bytes_of(lambda: shapefile(shp=shp()[:40])),
    "file_broken",
    "file_empty",
    "column_missing",
    "no_row_usable",
)
refused("dbf_cut.zip", bytes_of(lambda: shapefile(dbf=dbf()[:-60])), "shapefile_counts_differ", "file_broken")
refused("dbf_stub.zip", bytes_of(lambda: shapefile(dbf=dbf()[:20])), "shapefile_counts_differ")
let_in(
    "shx_garbage.zip",
    bytes_of(lambda: shapefile(shx=_corrupted(shx(), 100, b"\xff" * 16))),
    3,
    "shapefile_shx_rebuilt",
    used=3,
)
let_in("shx_of_fewer.zip", bytes_of(lambda: shapefile(shx=shx(PLACES[:1]))), 3, "shapefile_shx_rebuilt", used=3)
refused(
    "record_too_long.zip",
    bytes_of(lambda: shapefile(shp=_corrupted(shp(), 104, struct.pack(">i", 2**30)))),
    "shapefile_counts_differ",
)
refused(
    "record_negative.zip",
    bytes_of(lambda: shapefile(shp=_corrupted(shp(), 104, struct.pack(">i", -5)), shx=None)),
    "shapefile_counts_differ",
)
either("unknown_kind.zip", bytes_of(lambda: shapefile(shp=_corrupted(shp(), 108, struct.pack("<i", 77)))), 3)
let_in("null_shapes.zip", bytes_of(lambda: shapefile(shp=shp(_NULLS), shx=shx(_NULLS))), 3, "geometry_missing", used=2)
let_in("nan_shapes.zip", bytes_of(lambda: shapefile(shp=shp([*PLACES[:2], (float("nan"), 39.0)]))), 3, used=2)
let_in(
    "far_point.zip",
    bytes_of(lambda: shapefile(shp=shp([*PLACES[:2], (181.0, 39.0)]))),
    3,
    "coordinates_off_globe",
    used=2,
)
refused("two.zip", bytes_of(lambda: zipped(parts("甲") | parts("乙"))), "several_layers")
clean("two_and_named.zip", bytes_of(lambda: zipped(parts("甲1") | parts("乙1"))), 3, options={"sublayer": "乙1"})
clean("upper.zip", bytes_of(lambda: zipped({k.replace(".", "_1.").upper(): v for k, v in parts("GL").items()})), 3)
refused("same_names.zip", bytes_of(lambda: zipped(_twice("甲区", "乙区"))), "several_layers")
clean(
    "same_names_chosen.zip",
    bytes_of(lambda: zipped(_twice("甲县", "乙县"))),
    3,
    options={"sublayer": "乙县/锅炉"},
)
clean("plain.shp", beside, 3)
let_in("no_shx.shp", lambda path: beside(path, shx=None), 3, "shapefile_no_shx", used=3)
refused("no_prj.shp", lambda path: beside(path, prj=None), "crs_missing")
refused("alone.shp", bytes_of(shp), "column_missing", "no_row_usable", "crs_missing", "file_broken")
refused("json.shp", bytes_of(lambda: json.dumps({"a": 1}).encode()), "content_not_suffix", "file_broken")
either(
    "fields_twice.zip",
    bytes_of(lambda: shapefile(dbf=dbf([(*row, "另") for row in ROWS], fields=(*FIELDS, "单位名称")))),
    3,
)
