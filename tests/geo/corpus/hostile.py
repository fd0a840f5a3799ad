"""Files whose name or suffix lies: of each format under the others' suffixes, empty, random and cut ones."""

import random

from corpus import excel97, samples, shapes
from corpus.entry import Shelf, bytes_of
from geo.readers.opening import SUFFIXES

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either

RIGHT = {
    ".csv": samples.csv,
    ".xlsx": samples.xlsx,
    ".xls": excel97.xls,
    ".gpkg": samples.gpkg,
    ".geojson": samples.geojson,
    ".kml": samples.kml,
    ".kmz": samples.kmz,
    ".osm": samples.osm,
    ".pbf": samples.pbf,
    ".parquet": samples.parquet,
    ".fgb": samples.fgb,
    ".zip": lambda salt="": shapes.shapefile(dbf=shapes.dbf(width=20 + len(salt))),
}
"""Right content of every format; a salt makes it a file of its own."""

BUILDINGS = (".osm", ".pbf")


def _layer(suffix):
    return "buildings" if suffix in BUILDINGS else "boilers"


def _disguised():
    kinds = list(RIGHT)
    for at, content in enumerate(kinds):
        for turn, suffix in enumerate(kinds):
            if suffix != content and (at * 7 + turn) % 6 == 0:
                yield content, suffix


def _cut(make, share):
    content = make(f"cut{share}")
    return content[: int(len(content) * share)]


_NOTHING = (
    "content_not_suffix",
    "file_broken",
    "file_empty",
    "encoding",
    "text_nul",
    "no_coordinates",
    "table_content",
)

for _content, _suffix in _disguised():
    either(f"really_{_content[1:]}{_suffix}", bytes_of(RIGHT[_content], _suffix), layer=_layer(_suffix))
for _number, _suffix in enumerate(SUFFIXES):
    refused(f"empty{_suffix}", bytes_of(bytes), "file_empty")
    refused(f"random{_suffix}", bytes_of(random.Random(_number).randbytes, 900), *_NOTHING)  # noqa: S311 - chance, not secrets
    if _suffix not in RIGHT:
        refused(f"blank{_suffix}", bytes_of((b" \n" * (10 + _number)).lower), *_NOTHING)
for _suffix, _make in RIGHT.items():
    either(f"half{_suffix}", bytes_of(_cut, _make, 0.5), layer=_layer(_suffix))

clean("-rf.csv", bytes_of(lambda: samples.csv("dash")), 3)
clean("锅炉 台账（最终版）(2).xlsx", bytes_of(lambda: samples.xlsx("blank")), 3)
clean("🔥锅炉.gpkg", bytes_of(lambda: samples.gpkg("emoji")), 3)
clean("a'b\"c;d`e$(f).geojson", bytes_of(lambda: samples.geojson("shell")), 3)
clean("100%_锅炉#1?x=2.gpkg", bytes_of(lambda: samples.gpkg("query")), 3)
clean("zip!inner.fgb", bytes_of(lambda: samples.fgb("mark")), 3)
clean("{0.__class__}.csv", bytes_of(lambda: samples.csv("format")), 3)
clean("<b>锅炉</b>.csv".replace("/", "∕"), bytes_of(lambda: samples.csv("markup")), 3)
clean(f"{'锅' * 80}.csv", bytes_of(lambda: samples.csv("long")), 3)
clean(f"{'a' * 250}.csv", bytes_of(lambda: samples.csv("longest")), 3)
clean("...csv", bytes_of(lambda: samples.csv("dotted")), 3)
refused("a\nb.csv", bytes_of(lambda: samples.csv("newline")), "file_name")
refused("a\x1b[31mb.csv", bytes_of(lambda: samples.csv("escape")), "file_name")
either("a\u202evsc.csv", bytes_of(lambda: samples.csv("bidi")), 3)
refused(".csv", bytes_of(lambda: samples.csv("only")), "format_unknown")
refused("no_suffix", bytes_of(lambda: samples.csv("bare")), "format_unknown")
refused("program.exe", bytes_of(lambda: b"MZ" + samples.csv("exe")), "format_unknown")
refused("source.vrt", bytes_of(lambda: b"<OGRVRTDataSource/>"), "format_unknown")
refused("locked.csv.lnk", bytes_of(lambda: b"L\x00\x00\x00"), "format_unknown")
