"""Workbooks: what offices keep (merged, hidden, totalled) and what attackers and bad disks make of them."""

import datetime as dt
import io
import zipfile

import openpyxl
import xlsxwriter
from openpyxl.chart import BarChart

from corpus.entry import CANARY, HIDDEN, Shelf, bytes_of, text_of
from corpus.excel97 import ole, record, stream, xls
from corpus.samples import HEADER, TABLE, book_bytes, csv_text, geojson, xlsx, zipped

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either

_MEGABYTE = 2**20


def _book(*rows, change=None, title="锅炉"):
    """Return a builder of a workbook with these rows, changed before it is saved."""

    def build(path):
        book = openpyxl.Workbook()
        book.active.title = title
        for row in rows or (HEADER, *TABLE):
            book.active.append(row)
        if change is not None:
            change(book)
        path.write_bytes(book_bytes(book))

    return build


def _part(name, change, salt):
    """Return a right workbook with one of its parts rewritten; None leaves the part out."""
    done = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(salt))) as source, zipfile.ZipFile(done, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            content = change(content) if info.filename == name else content
            if content is not None:
                target.writestr(info.filename, content)
    return done.getvalue()


def _with_macros():
    with zipfile.ZipFile(io.BytesIO(xlsx("macro"))) as source:
        members = {name: source.read(name) for name in source.namelist()}
    return zipped({**members, "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0Sub AutoOpen()"})


_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"


def _prolog(doctype):
    """Put a document type in front of a part's outermost element."""

    def change(content):
        end = content.find(b"?>") + 2 if content.startswith(b"<?xml") else 0
        return content[:end] + doctype + content[end:]

    return change


def _laughs():
    entities = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(9))
    return f"<!DOCTYPE worksheet [{entities}]>".encode()


def _external(path):
    beside = path.with_name("secret.txt")
    beside.write_text(HIDDEN, encoding="utf-8")
    doctype = f'<!DOCTYPE sst [<!ENTITY x SYSTEM "{beside.as_uri()}"><!ENTITY y SYSTEM "{CANARY["url"]}">]>'.encode()
    path.write_bytes(
        _part(_STRINGS, lambda part: _prolog(doctype)(part).replace("甲厂".encode(), b"&x;&y;"), "external")
    )


def _bomb(path):
    """Write a workbook whose sheet is 16 MB of blanks."""
    blanks = b"<sheetData>" + b" " * (16 * _MEGABYTE)
    path.write_bytes(_part(_SHEET, lambda part: part.replace(b"<sheetData>", blanks), "bomb"))


def _formatted_rows(path):
    """Write 100,000 formatted rows without a value below the ledger, as dragging a border down makes them."""
    rows = b'<row r="%d" ht="20" customHeight="1"/>'
    empty = b"".join(rows % at for at in range(5, 100_001))
    path.write_bytes(_part(_SHEET, lambda part: part.replace(b"</sheetData>", empty + b"</sheetData>"), "rows"))


def _far_cell(path):
    """Write a word far down into the last column that a sheet can have."""
    cell = b'<row r="20000"><c r="XFD20000" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    path.write_bytes(_part(_SHEET, lambda part: part.replace(b"</sheetData>", cell), "far"))


def _wide(path):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("锅炉")
        sheet.write_row(0, 0, [*HEADER, *(f"列{at}" for at in range(1100))])
        for at, row in enumerate(TABLE, 1):
            sheet.write_row(at, 0, row)


def _blank_and_wide(path):
    """Write a ledger whose first row is formatted up to the last column that a sheet can have."""
    cells = b'<c r="XFD1" s="0"/></row>'
    path.write_bytes(_part(_SHEET, lambda part: part.replace(b"</row>", cells, 1), "blank and wide"))


def _merged_over(path):
    """Write rows with merged cells over one another, thousands of them, each down to the last row."""
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (at, at) for at in range(5, 2_005))
    areas = b"".join(b'<mergeCell ref="A%d:XFD1048576"/>' % at for at in range(2, 2_005))
    end = rows + b"</sheetData><mergeCells>" + areas + b"</mergeCells>"
    path.write_bytes(_part(_SHEET, lambda part: part.replace(b"</sheetData>", end), "merged over"))


def _shaped(*first):
    """Return rows with a WKT, of which the first have other cells."""
    shapes = [*first, "POINT (106.4 39)"][-3:]
    return (*HEADER[:6], "WKT"), *((*row[:6], shape) for row, shape in zip(TABLE, shapes, strict=True))


def _formulas(path, value):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("锅炉")
        sheet.write_row(0, 0, HEADER)
        for at, row in enumerate(TABLE, 1):
            sheet.write_row(at, 0, row)
            sheet.write_formula(at, 3, f"=10+{at}", value=value(at))


def _merged(book):
    page = book.active
    page.merge_cells("C2:C4")


def _titled(book):
    book.active.insert_rows(1, 2)
    book.active["A1"] = "石嘴山市燃煤锅炉台账"
    book.active.merge_cells("A1:H1")


def _grouped(book):
    page = book.active
    page.insert_rows(1)
    for at, name in enumerate(HEADER, 1):
        page.cell(1, at, name)
    page["D1"], page["G1"] = "锅炉情况", "位置"
    for column in "ABCEF":
        page[f"{column}2"] = None
        page.merge_cells(f"{column}1:{column}2")
    page["H1"] = None
    page.merge_cells("G1:H1")


def _hidden(book):
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["B"].hidden = True


def _other_sheets(book):
    book.create_sheet("说明").append(["填表说明"])
    book.create_sheet("老表").append(["x"])
    book["老表"].sheet_state = "veryHidden"


def _chart_only():
    book = openpyxl.Workbook()
    chart = book.create_chartsheet("图")
    chart.add_chart(BarChart())
    del book["Sheet"]
    return book_bytes(book)


def _linked(book):
    page = book.active
    page["B2"] = '=HYPERLINK("' + CANARY["url"] + '","甲厂")'
    page["B3"] = "='[other.xlsx]表1'!A1"
    page["B4"] = f'=WEBSERVICE("{CANARY["url"]}")'


def _cell(address, value):
    def change(book):
        book.active[address] = value

    return change


def _first(**change):
    """Return rows in which the first record has other cells, by header."""
    first = [change.get(name, cell) for name, cell in zip(HEADER, TABLE[0], strict=True)]
    return (HEADER, first, *TABLE[1:])


_BOUNDS = ("", "", "", 65, "", "", "", "")
_HTML = (
    "<html><head><meta charset='utf-8'></head><body><script>alert(1)</script><table>"
    + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (HEADER, *TABLE))
    + "</table></body></html>"
)

clean("right.xlsx", bytes_of(lambda: xlsx("right")), 3)
clean("sheet_named.xlsx", _book(change=_other_sheets), 3, options={"sublayer": "锅炉"})
either("several_sheets.xlsx", _book(change=_other_sheets, title="台账"), 3)
let_in("merged.xlsx", _book(change=_merged), 3, "merged_filled", used=3)
let_in("titled.xlsx", _book(change=_titled), 3, "header_below", used=3)
let_in("grouped.xlsx", _book(change=_grouped), 3, used=3)
let_in("hidden.xlsx", _book(change=_hidden), 3, "rows_hidden", used=3)
let_in("total.xlsx", _book(HEADER, *TABLE, ("合计", *_BOUNDS[1:])), 4, "row_total", used=3)
let_in("total_wrong.xlsx", _book(HEADER, *TABLE, ("合计", "", "", 999)), 4, "row_total", "total_disagrees", used=3)
let_in("printed_pages.xlsx", _book(HEADER, *TABLE[:2], HEADER, TABLE[2]), 4, "row_repeated_header", used=3)
let_in(
    "notes.xlsx",
    _book(HEADER, *TABLE, ("注：数据截至2023年",), ("填表人：张三", "", "", "审核人：李四")),
    5,
    "row_note",
    used=3,
)
clean("name_like_total.xlsx", _book(*_first(单位名称="合计物业公司")), 3, holds=("合计物业公司",))
clean("formulas_saved.xlsx", lambda path: _formulas(path, lambda at: 10 + at), 3)
let_in("formulas_unsaved.xlsx", _book(*_first(蒸吨="=10*2")), 3, "not_a_number", used=3)
let_in("error_cells.xlsx", _book(*_first(蒸吨="#REF!")), 3, used=3)
let_in("error_place.xlsx", _book(*_first(经度="#N/A")), 3, used=2)
let_in("date_cell.xlsx", _book(*_first(蒸吨=dt.datetime(2023, 6, 1))), 3, "not_a_number", used=3)  # noqa: DTZ001 - cells have no zone
let_in("external_links.xlsx", _book(change=_linked), 3)
clean("macros.xlsm", bytes_of(_with_macros), 3)
either(
    "escaped_control.xlsx",
    bytes_of(lambda: _part(_STRINGS, lambda part: part.replace("甲厂".encode(), b"_x0000_&#9;x"), "esc")),
    3,
)
refused("bomb.xlsx", _bomb, "archive_ratio")
refused("laughs.xlsx", bytes_of(lambda: _part(_SHEET, _prolog(_laughs()), "laughs")), "xml_doctype")
refused("external.xlsx", _external, "xml_doctype")
refused(
    "doctype_rels.xlsx",
    bytes_of(lambda: _part("xl/_rels/workbook.xml.rels", _prolog(b"<!DOCTYPE x>"), "rels")),
    "xml_doctype",
)
clean("formatted_rows.xlsx", _formatted_rows, 3)
refused("far_cell.xlsx", _far_cell, "columns_too_many")
refused("wide.xlsx", _wide, "columns_too_many")
clean("blank_and_wide.xlsx", _blank_and_wide, 3)
let_in("merged_over.xlsx", _merged_over, 2003, "geometry_missing", used=1)
let_in("groups.xlsx", _book(HEADER, ("一、大武口区",), *TABLE, ("二", "惠农区"), ("大武口区",)), 6, "row_group", used=3)
let_in("calories.xlsx", _book(*_first(蒸吨="60万大卡")), 3, "unit_calories", used=3)
let_in("place_of_numbers.xlsx", _book(*_shaped(106.4, True, 39)), 3, "shape_unreadable", used=1)
refused("no_cells.xlsx", bytes_of(lambda: book_bytes(openpyxl.Workbook())), "file_empty")
refused("header_only.xlsx", _book(HEADER), "file_empty")
refused("chart_only.xlsx", bytes_of(_chart_only), "file_empty", "file_broken")
refused(
    "no_strings.xlsx",
    bytes_of(lambda: _part(_STRINGS, lambda _: None, "nostr")),
    "file_broken",
    "file_empty",
    "no_coordinates",
)
refused(
    "cut_strings.xlsx",
    bytes_of(lambda: _part(_STRINGS, lambda part: part[:80], "cutstr")),
    "file_broken",
    "no_coordinates",
)
refused(
    "fewer_strings.xlsx",
    bytes_of(
        lambda: _part(
            _STRINGS, lambda _: b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>', "fewer"
        )
    ),
    "file_broken",
    "no_coordinates",
)
refused(
    "no_rels.xlsx",
    bytes_of(lambda: _part("xl/_rels/workbook.xml.rels", lambda _: None, "norels")),
    "file_broken",
    "file_empty",
)
refused("no_types.xlsx", bytes_of(lambda: _part("[Content_Types].xml", lambda _: None, "notypes")), "file_broken")
refused(
    "no_book.xlsx",
    bytes_of(lambda: _part("xl/workbook.xml", lambda _: None, "nobook")),
    "file_broken",
    "table_content",
    "content_not_suffix",
)
refused("no_sheet.xlsx", bytes_of(lambda: _part(_SHEET, lambda _: None, "nosheet")), "file_broken", "file_empty")
refused("cut_sheet.xlsx", bytes_of(lambda: _part(_SHEET, lambda part: part[:-200], "cutsheet")), "file_broken")
either(
    "junk_dimension.xlsx",
    bytes_of(lambda: _part(_SHEET, lambda part: part.replace(b'ref="A1:H4"', b'ref="A1:XFD1048576"'), "dim")),
    3,
)
either(
    "junk_reference.xlsx", bytes_of(lambda: _part(_SHEET, lambda part: part.replace(b'r="B2"', b'r="!!"'), "ref")), 3
)
either(
    "junk_merge.xlsx",
    bytes_of(
        lambda: _part(
            _SHEET,
            lambda part: part.replace(
                b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>'
            ),
            "merge",
        )
    ),
    None,
)
either(
    "traversing_rels.xlsx",
    bytes_of(
        lambda: _part(
            "xl/_rels/workbook.xml.rels",
            lambda part: part.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd"),
            "trav",
        )
    ),
    None,
)
refused("cut.xlsx", bytes_of(lambda: xlsx("cut")[:-100]), "file_broken")
refused(
    "encrypted.xlsx",
    bytes_of(lambda: ole({"EncryptedPackage": b"\x00" * 5000, "EncryptionInfo": b"\x04\x00\x04\x00"})),
    "workbook_encrypted",
)
refused(
    "zip_renamed.xlsx",
    bytes_of(lambda: zipped({"a.geojson": geojson("x")})),
    "file_broken",
    "table_content",
    "content_not_suffix",
)
let_in("csv_renamed.xlsx", text_of(csv_text()), 3, "content_differs", used=3)
let_in("html_renamed.xls", text_of(_HTML), 3, "content_differs", used=3)
let_in("html_gbk.xls", text_of(_HTML.replace("utf-8", "gbk"), "gbk"), 3, "content_differs", used=3)
let_in("csv_renamed.xls", text_of(csv_text(comma="\t"), "gb18030"), 3, "content_differs", used=3)
let_in("xlsx_renamed.xls", bytes_of(lambda: xlsx("xls")), 3, "content_differs", used=3)
let_in("xls_renamed.xlsx", bytes_of(lambda: xls("x")), 3, "content_differs", used=3)
refused("page_without_table.xls", text_of("<html><body><p>请登录</p></body></html>"), "file_empty", "table_content")
refused(
    "endless_table.xls",
    text_of("<html><table><tr>" + "<td rowspan=99999999 colspan=99999999>x" * 50),
    "columns_too_many",
    "rows_too_many",
    "no_coordinates",
    "file_empty",
    "file_broken",
)
refused(
    "nested_tables.xls",
    text_of("<html>" + "<table><tr><td>" * 5_000),
    "file_empty",
    "file_broken",
    "no_coordinates",
    "table_content",
)
clean("right.xls", bytes_of(lambda: xls("r")), 3)
clean("right.et", bytes_of(lambda: xls("wps")), 3)
refused("cut.xls", bytes_of(lambda: xls("c")[:2000]), "file_broken")
refused("junk.xls", bytes_of(lambda: xls("j")[:512] + b"\x00\xff" * 4000), "file_broken")
refused(
    "endless_chain.xls",
    bytes_of(lambda: xls("e")[:516] + b"\x00\x00\x00\x00" * 3 + xls("e")[528:]),
    "file_broken",
    "file_empty",
)
refused("panic.xls", bytes_of(lambda: xls("p")[:1561] + b"\xff" + xls("p")[1562:]), "file_broken")
refused(
    "locked.xls",
    bytes_of(lambda: xls("l", more=record(0x2F, b"\x01\x00" + b"\x01\x00\x01\x00" + b"\x5a" * 48))),
    "workbook_encrypted",
)
refused(
    "word.xls",
    bytes_of(lambda: ole({"WordDocument": b"\xec\xa5" + b"\x00" * 500})),
    "file_broken",
    "table_content",
    "file_empty",
)
either("no_end.xls", bytes_of(lambda: ole({"Workbook": stream()[:-4]})), 3)
