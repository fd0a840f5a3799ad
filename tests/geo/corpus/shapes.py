"""Shapefiles written byte by byte, so that any of their promises can be broken."""

import struct

from corpus.samples import FIELDS, PLACES, ROWS, zipped

WGS84 = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


def _head(kind, size, places):
    xs, ys = zip(*places, strict=True) if places else ((0,), (0,))
    box = struct.pack("<8d", min(xs), min(ys), max(xs), max(ys), 0, 0, 0, 0)
    return struct.pack(">i20xi", 9994, size // 2) + struct.pack("<ii", 1000, kind) + box


def shp(places=PLACES, kind=1):
    """Return the shapes of points; None stands for a null shape."""
    body = b""
    for at, place in enumerate(places, 1):
        one = struct.pack("<i", 0) if place is None else struct.pack("<idd", kind, *place)
        body += struct.pack(">ii", at, len(one) // 2) + one
    return _head(kind, 100 + len(body), [place for place in places if place]) + body


def shx(places=PLACES, kind=1):
    at, body = 100, b""
    for place in places:
        size = 4 if place is None else 20
        body += struct.pack(">ii", at // 2, size // 2)
        at += 8 + size
    return _head(kind, 100 + len(body), [place for place in places if place]) + body


def dbf(rows=ROWS, fields=FIELDS, encoding="gb18030", width=20, language=0, count=None):
    """Return a table of texts; `count` is how many records it claims to have."""
    head = b""
    for name in fields:
        raw = name if isinstance(name, bytes) else name.encode(encoding)
        head += struct.pack("<11sc4xBB14x", raw[:10], b"C", width, 0)
    body = b""
    for row in rows:
        body += b" " + b"".join(_cell(cell, encoding, width) for cell in row)
    size = 32 + len(head) + 1
    start = struct.pack(
        "<BBBBIHH17xBxx", 3, 126, 1, 1, len(rows) if count is None else count, size, 1 + width * len(fields), language
    )
    return start + head + b"\r" + body + b"\x1a"


def _cell(cell, encoding, width):
    raw = cell if isinstance(cell, bytes) else str(cell).encode(encoding, "replace")
    return raw[:width].ljust(width)


def parts(stem="锅炉", **change):
    """Return the parts of a right Shapefile by name; a part that is given as None is left out."""
    said = {"shp": shp(), "shx": shx(), "dbf": dbf(), "prj": WGS84.encode(), "cpg": b"GBK"} | change
    return {f"{stem}.{suffix}": part for suffix, part in said.items() if part is not None}


def shapefile(**change):
    """Return a right Shapefile in a zip, with some parts changed."""
    return zipped(parts(**change))


def beside(path, **change):
    """Write a Shapefile's parts beside one another."""
    for name, part in parts(stem=path.stem, **change).items():
        path.with_name(name).write_bytes(part)
