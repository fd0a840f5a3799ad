"""GeoParquet and FlatGeobuf: cut, flipped, without shapes, with types that programs would run."""

import io
import json
import random
import struct
import warnings

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from corpus.entry import Shelf, bytes_of
from corpus.samples import FIELDS, PLACES, ROWS, fgb, frame, parquet

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either


def _flipped(content, at, value):
    return content[:at] + value + content[at + len(value) :]


def _spoilt(make, seed, count=40, start=12):
    luck, done = random.Random(seed), bytearray(make(f"sp{seed}"))  # noqa: S311 - chance, not secrets
    for _ in range(count):
        done[luck.randrange(start, len(done) - 12)] = luck.randrange(256)
    return bytes(done)


def _packed(table, **options):
    done = io.BytesIO()
    pq.write_table(table, done, **options)
    return done.getvalue()


def _table(salt=""):
    return pq.read_table(io.BytesIO(parquet(salt)))


def _plain():
    """Build a table with longitude and latitude, and no word of shapes."""
    table = pd.DataFrame(ROWS, columns=FIELDS).assign(经度=[x for x, _ in PLACES], 纬度=[y for _, y in PLACES])
    return _packed(pa.Table.from_pandas(table))


def _shapes(*wkb):
    """Replace the shapes of a GeoParquet file by other bytes."""
    table = _table("g")
    at = table.schema.get_field_index("geometry")
    return _packed(table.set_column(at, table.schema.field(at), pa.array(wkb, pa.binary())))


def _meta(change):
    table = _table("m")
    said = dict(table.schema.metadata)
    return _packed(table.replace_schema_metadata(change(said)))


def _geo(**change):
    def turned(said):
        geo = json.loads(said[b"geo"])
        geo["columns"]["geometry"] |= change
        return {**said, b"geo": json.dumps(geo).encode()}

    return _meta(turned)


def _extension(name, said=b"\x80\x04cposix\nsystem\n"):
    marked = {b"ARROW:extension:name": name, b"ARROW:extension:metadata": said}
    table = _table("e")
    return _packed(
        table.append_column(pa.field("x", pa.binary(), metadata=marked), pa.array([b"a", b"b", b"c"], pa.binary()))
    )


def _claims():
    """Change the number of rows in the footer: the file's own account of itself."""
    content = bytearray(parquet("claims"))
    (size,) = struct.unpack("<I", content[-8:-4])
    footer = len(content) - 8 - size
    at = content.find(b"\x16\x06", footer)  # a field of 64 bits that holds 3, as a zigzag varint
    return bytes(content[:at]) + b"\x16\x7e" + bytes(content[at + 2 :])


def _without_crs(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it has none is meant
        frame("nc").set_crs(None, allow_override=True).to_file(path, engine="pyogrio")


_WKB = [shapely.to_wkb(shapely.Point(place)) for place in PLACES]
_GIANT = struct.pack("<BII", 1, 3, 0x7FFFFFFF)

clean("right.parquet", bytes_of(lambda: parquet("right")), 3)
clean("table.parquet", bytes_of(_plain), 3)
refused("cut.parquet", bytes_of(lambda: parquet("cut")[:-20]), "file_broken", "content_not_suffix")
refused("start_only.parquet", bytes_of(lambda: parquet("s")[:300]), "file_broken")
refused("magic.parquet", bytes_of(lambda: b"PAR2" + parquet("magic")[4:]), "content_not_suffix", "file_broken")
refused("end_magic.parquet", bytes_of(lambda: parquet("end")[:-4] + b"PARE"), "file_broken")
refused("footer_size.parquet", bytes_of(lambda: parquet("f")[:-8] + b"\xff\xff\xff\x7fPAR1"), "file_broken")
refused(
    "footer.parquet",
    bytes_of(lambda: _flipped(parquet("foot"), len(parquet("foot")) - 900, b"\xff" * 500)),
    "file_broken",
)
either("row_claims.parquet", bytes_of(_claims), None)
refused(
    "no_shapes.parquet",
    bytes_of(lambda: _packed(pa.Table.from_pandas(pd.DataFrame(ROWS, columns=FIELDS)))),
    "no_coordinates",
)
refused("no_rows.parquet", bytes_of(lambda: _packed(_table("n").slice(0, 0))), "file_empty")
either("shape_junk.parquet", bytes_of(lambda: _shapes(b"\x01junk", *_WKB[1:])), 3)
either("shape_cut.parquet", bytes_of(lambda: _shapes(_WKB[0][:-3], *_WKB[1:])), 3)
either("shape_giant.parquet", bytes_of(lambda: _shapes(_GIANT, *_WKB[1:])), 3)
let_in("shape_null.parquet", bytes_of(lambda: _shapes(None, *_WKB[1:])), 3, "geometry_missing", used=2)
refused("crs_null.parquet", bytes_of(lambda: _geo(crs=None)), "crs_missing")
either("crs_words.parquet", bytes_of(lambda: _geo(crs="EPSG:4326")), 3)
either("crs_wrong.parquet", bytes_of(lambda: _geo(crs={"type": "GeographicCRS"})), 3)
either("encoding_unknown.parquet", bytes_of(lambda: _geo(encoding="pickle")), 3)
refused(
    "geo_junk.parquet",
    bytes_of(lambda: _meta(lambda said: {**said, b"geo": b"{not json"})),
    "file_broken",
    "no_coordinates",
    "crs_missing",
)
either(
    "geo_other_column.parquet",
    bytes_of(lambda: _meta(lambda said: {**said, b"geo": b'{"version":"1.0.0","primary_column":"x","columns":{}}'})),
    3,
)
either("pandas_junk.parquet", bytes_of(lambda: _meta(lambda said: {**said, b"pandas": b'{"columns": 7}'})), 3)
refused("pickled.parquet", bytes_of(lambda: _extension(b"arrow.py_extension_type")), "parquet_extension")
refused(
    "many_columns.parquet",
    bytes_of(lambda: _packed(pa.table({f"列{at}": [1] for at in range(1200)}))),
    "columns_too_many",
)
refused(
    "rows_3m.parquet",
    bytes_of(lambda: _packed(pa.table({"编号": pa.nulls(3_000_001, pa.int8())}))),
    "rows_too_many",
)
either(
    "twice.parquet", bytes_of(lambda: _packed(pa.Table.from_arrays([pa.array([1, 2])] * 2, names=["经度", "经度"]))), 2
)
for _seed in (11, 12):
    either(f"spoilt_{_seed}.parquet", bytes_of(_spoilt, parquet, _seed), 3)

clean("right.fgb", bytes_of(lambda: fgb("right")), 3)
refused("cut.fgb", bytes_of(lambda: fgb("cut")[:-60]), "file_broken")
refused("cut_index.fgb", bytes_of(lambda: fgb("i")[:700]), "file_broken", "file_empty")
refused("magic_only.fgb", bytes_of(lambda: fgb("m")[:8]), "file_broken", "file_empty")
refused("head_size.fgb", bytes_of(lambda: _flipped(fgb("h"), 8, b"\xff\xff\xff\x7f")), "file_broken", "file_empty")
refused("magic.fgb", bytes_of(lambda: b"fgx\x03" + fgb("x")[4:]), "content_not_suffix", "file_broken")
for _seed in (21, 22):
    either(f"spoilt_{_seed}.fgb", bytes_of(_spoilt, fgb, _seed), 3)
refused(
    "no_crs.fgb",
    _without_crs,
    "crs_missing",
)
refused(
    "no_rows.fgb",
    lambda path: gpd.GeoDataFrame({"编号": []}, geometry=[], crs=4326).to_file(path, engine="pyogrio"),
    "file_empty",
    "file_broken",
)
