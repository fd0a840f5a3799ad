"""Small right files of every format, as bytes: what the broken ones are made from."""

import datetime as dt
import io
import json
import struct
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

import geopandas as gpd
import shapely
import xlsxwriter

FIELDS = ("锅炉编号", "单位名称", "燃料种类", "蒸吨", "用途", "状态")
ROWS = (
    ("B1", "甲厂", "煤", 20, "供热", "在用"),
    ("B2", "乙厂", "天然气", 10, "生产", "停用"),
    ("B3", "丙厂", "煤", 35, "供热", "在用"),
)
PLACES = ((106.40, 39.01), (106.41, 39.02), (106.42, 39.03))
CREATED = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
HEADER = (*FIELDS, "经度", "纬度")
TABLE = tuple((*row, *place) for row, place in zip(ROWS, PLACES, strict=True))


def csv_text(rows=TABLE, header=HEADER, comma=",", end="\n"):
    return end.join([*(comma.join(map(str, row)) for row in (header, *rows)), ""])


def frame(salt="", count=3):
    said = {name: [row[at] for row in ROWS[:count]] for at, name in enumerate(FIELDS)}
    said["锅炉编号"] = [f"{one}{salt}" for one in said["锅炉编号"]]
    return gpd.GeoDataFrame(said, geometry=[shapely.Point(*place) for place in PLACES[:count]], crs="EPSG:4326")


def written(suffix, shapes, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        if suffix == ".parquet":
            shapes.to_parquet(path)
        else:
            shapes.to_file(path, engine="pyogrio", **options)
        return path.read_bytes()


@cache
def gpkg(salt=""):
    return written(".gpkg", frame(salt), layer="boilers")


@cache
def fgb(salt=""):
    return written(".fgb", frame(salt))


@cache
def parquet(salt=""):
    return written(".parquet", frame(salt))


def feature(at=0, salt="", **change):
    properties = dict(zip(FIELDS, ROWS[at % 3], strict=True)) | {"锅炉编号": f"B{at + 1}{salt}"}
    shape = {"type": "Point", "coordinates": list(PLACES[at % 3])}
    return {"type": "Feature", "properties": properties, "geometry": shape} | change


def collection(features=None, **more):
    features = [feature(at) for at in range(3)] if features is None else features
    return {"type": "FeatureCollection", "features": features} | more


def geojson(salt=""):
    return json.dumps(collection([feature(at, salt) for at in range(3)]), ensure_ascii=False).encode()


def book_bytes(book):
    done = io.BytesIO()
    book.save(done)
    return done.getvalue()


@cache
def xlsx(salt=""):
    done = io.BytesIO()
    with xlsxwriter.Workbook(done, {"in_memory": True}) as book:
        book.set_properties({"created": CREATED})
        sheet = book.add_worksheet()
        for at, row in enumerate((HEADER, *((f"{one[0]}{salt}", *one[1:]) for one in TABLE))):
            sheet.write_row(at, 0, row)
    return done.getvalue()


def csv(salt=""):
    return csv_text(tuple((f"{one[0]}{salt}", *one[1:]) for one in TABLE)).encode()


def placemark(at=0, salt="", name="", extra=""):
    said = dict(zip(FIELDS, ROWS[at % 3], strict=True)) | {"锅炉编号": f"B{at + 1}{salt}"}
    name = name or said.pop("单位名称")
    data = "".join(f'<Data name="{key}"><value>{value}</value></Data>' for key, value in said.items())
    x, y = PLACES[at % 3]
    return (
        f"<Placemark><name>{name}</name>{extra}<ExtendedData>{data}</ExtendedData>"
        f"<Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
    )


def kml_text(body=None, prolog="", salt=""):
    body = "".join(placemark(at, salt) for at in range(3)) if body is None else body
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>锅炉</name>{body}</Document></kml>'
    )


def kml(salt=""):
    return kml_text(salt=salt).encode()


def zipped(members, method=zipfile.ZIP_DEFLATED):
    done = io.BytesIO()
    with zipfile.ZipFile(done, "w", method) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return done.getvalue()


def kmz(salt=""):
    return zipped({"doc.kml": kml(salt)})


BUILDING_NODES = ((106.4, 39.0), (106.401, 39.0), (106.401, 39.001), (106.4, 39.001))


def osm_text(prolog="", nodes=BUILDING_NODES, tags="", salt=""):
    points = "".join(f'<node id="{at}" lat="{y}" lon="{x}" version="1"/>' for at, (x, y) in enumerate(nodes, 1))
    refs = "".join(f'<nd ref="{at}"/>' for at in (1, 2, 3, 4, 1))
    tags = f'<tag k="building" v="school"/><tag k="name" v="一中{salt}"/>{tags}'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<osm version="0.6">{points}'
        f'<way id="9" version="1">{refs}{tags}</way></osm>'
    )


def osm(salt=""):
    return osm_text(salt=salt).encode()


def _varint(value):
    done = b""
    while value > 0x7F:
        done, value = done + bytes([value & 0x7F | 0x80]), value >> 7
    return done + bytes([value])


def _field(number, value):
    """Encode one field of a protobuf message: bytes with their length, whole numbers as varint."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _signed(values):
    return b"".join(_varint(one << 1 if one >= 0 else (-one << 1) - 1) for one in values)


def _steps(values):
    return [after - before for before, after in zip([0, *values], values, strict=False)]


def blob(kind, content, size=None):
    """Frame one block of an OSM PBF file; `size` is what it claims to unpack to."""
    packed = _field(2, len(content) if size is None else size) + _field(3, zlib.compress(content))
    head = _field(1, kind) + _field(3, len(packed))
    return struct.pack(">I", len(head)) + head + packed


def pbf(salt=""):
    words = [b"", b"building", b"school", b"name", f"一中{salt}".encode()]
    table = b"".join(_field(1, one) for one in words)
    nodes = BUILDING_NODES
    dense = (
        _field(1, _signed(_steps([1, 2, 3, 4])))
        + _field(8, _signed(_steps([round(y * 1e7) for _, y in nodes])))
        + _field(9, _signed(_steps([round(x * 1e7) for x, _ in nodes])))
    )
    way = (
        _field(1, 9) + _field(2, bytes([1, 3])) + _field(3, bytes([2, 4])) + _field(8, _signed(_steps([1, 2, 3, 4, 1])))
    )
    groups = _field(2, _field(2, dense)) + _field(2, _field(3, way))
    header = _field(4, b"OsmSchema-V0.6") + _field(4, b"DenseNodes")
    return blob(b"OSMHeader", header) + blob(b"OSMData", _field(1, table) + groups)
