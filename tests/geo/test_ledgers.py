"""Ledgers that are odd or hostile: a verdict that names the reason, every row accounted for, and no time lost."""

import io
import time
import zipfile

import openpyxl
import pandas as pd
import pytest
from corpus import samples
from corpus.excel97 import record as biff
from corpus.excel97 import xls
from geo_samples import fault, read, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DataError
from geo import cells
from geo.angles import angle
from geo.io import read_layer
from geo.readers.headers import find_header
from geo.readers.limits import limits
from geo.readers.sheets import sheet
from geo.readers.tables import open_pages
from geo.readers.workbooks import Page, html_pages, kind_of, xlsx_pages
from geo.vocabulary import is_known

HEADER = ["编号", "单位名称", "燃料种类", "吨位(t/h)", "状态", "经度", "纬度"]


def record(number, *, size=20):
    return [f"G{number}", "甲厂", "煤", size, "在用", 106.38, 39.02]


def book(path, rows, change=None):
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if change:
        change(made.active)
    made.save(path)
    return path


def rewritten(path, change):
    """Change the XML of a workbook's only sheet."""
    done = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(done, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            target.writestr(info.filename, change(content) if "sheet1.xml" in info.filename else content)
    path.write_bytes(done.getvalue())
    return path


def refusal(path, layer="boilers"):
    with pytest.raises(DataError) as caught:
        read_layer(path, layer)
    (found,) = [one for one in caught.value.faults if one.effect == "refused"]
    return found


@pytest.mark.parametrize(
    "group",
    [
        ["一、大武口区"],
        ["（二）惠农区"],
        ["第一部分 市直单位"],
        ["平罗县"],
        [None, "大武口区"],
        ["三", "星海镇"],
        ["其中："],
    ],
)
def test_headings_of_groups_are_no_records(tmp_path, group):
    done = read(book(tmp_path / "a.xlsx", [HEADER, group, record(1), record(2)]), "boilers")
    said = fault(done, "row_group")
    assert (said.rows, said.effect) == ((2,), "row_set_aside")
    assert len(done.frame) == 2
    assert not any(one.rule in ("geometry_missing", "id_missing") for one in done.faults)


@pytest.mark.parametrize("row", [["B9"], ["甲供热公司"], ["B9", "一、甲厂"], ["一", "甲厂", "煤"]])
def test_a_record_with_little_in_it_is_no_heading(tmp_path, row):
    done = read(book(tmp_path / "a.xlsx", [HEADER, row, record(1)]), "boilers")
    assert fault(done, "geometry_missing").rows == (2,)


def test_a_numeral_with_a_place_is_a_record(tmp_path):
    path = write_csv(tmp_path / "a.csv", "编号,单位名称,WKT", ["一,,POINT (106.4 39)", "B2,乙厂,POINT (106.4 39)"])
    assert len(read(path, "boilers").frame) == 2


def test_calories_of_a_single_cell_are_said_as_those_of_a_header(tmp_path):
    rows = ["B1,60万大卡/小时,106.4,39", "B2,20,106.4,39", "B3,（30万kcal/h）,106.4,39", "B4,大卡,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", "编号,吨位(t/h),经度,纬度", rows), "boilers")
    said = fault(done, "unit_calories")
    assert said.rows[0] == 2
    assert 3 not in said.rows
    assert "60万大卡/小时" in said.got
    done = read(write_csv(tmp_path / "a.csv", "编号,容量(万大卡/小时),经度,纬度", rows[:2]), "boilers")
    assert fault(done, "unit_calories").rows == (), "the header's note stands for all"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_table_that_is_too_wide_says_so_and_blank_cells_are_no_width(tmp_path, suffix):
    most = limits().columns
    path, blank = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    rows = [[*HEADER, *["x"] * most], record(1)]
    if suffix == ".csv":
        path.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
        write_csv(blank, ",".join(HEADER) + "," * 2 * most, [",".join(map(str, record(1)))])
    else:
        book(path, rows)
        book(blank, [HEADER, record(1)], lambda page: setattr(page.cell(2, 2 * most), "number_format", "0.0"))
    said = refusal(path)
    assert (said.rule, said.got) == ("columns_too_many", str(most + len(HEADER)))
    assert len(read(blank, "boilers").frame) == 1


def test_a_cell_that_is_too_long_is_named_by_its_row(tmp_path, monkeypatch):
    monkeypatch.setenv("NUANGUANG_LIMITS", '{"cell_characters": 50}')
    long = "厂" * 51
    path = write_csv(tmp_path / "a.csv", "台账\n编号,单位名称,经度,纬度", ["1,甲,106.4,39", f"2,{long},106.4,39"])
    said = refusal(path)
    assert (said.rule, said.rows, said.got, said.column) == ("cell_too_long", (4,), "51", "列2")


@pytest.mark.parametrize("before", [b"", biff(0x86)])
def test_a_locked_workbook_is_known_by_its_record(before):
    lock = biff(0x2F, b"\x01\x00\x01\x00\x01\x00" + b"\x5a" * 48)
    assert kind_of(xls("l", more=before + lock), None) == "encrypted"
    assert kind_of(xls("l", more=before), None) == "xls"


def test_hidden_rows_are_found_with_and_without_numbers(tmp_path):
    rows = [HEADER, record(1), record(2), record(3)]

    def hide(page):
        page.row_dimensions[3].hidden = True

    path = book(tmp_path / "a.xlsx", rows, hide)
    assert fault(read(path, "boilers"), "rows_hidden").rows == (3,)
    bare = rewritten(path, lambda xml: xml.replace(b'<row r="3"', b"<row").replace(b'<row r="2"', b"<row"))
    assert fault(read(bare, "boilers"), "rows_hidden").rows == (3,)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["record", "format", "format hidden"]), min_size=1, max_size=8), st.booleans())
def test_rows_of_a_format_alone_change_no_row_number(kinds, numbered):
    xml = {
        "record": '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>B{0}</t></is></c><c r="B{0}"><v>{0}</v></c></row>',
        "format": '<row r="{0}" ht="20" customHeight="1"/>',
        "format hidden": '<row r="{0}" hidden="1"/>',
    }
    names = '<row r="1"><c t="inlineStr"><is><t>编号</t></is></c><c t="inlineStr"><is><t>吨位</t></is></c></row>'
    body = names + "".join(xml[kind].format(at) for at, kind in enumerate(kinds, 2))
    if not numbered:
        for at in range(1, len(kinds) + 2):
            body = body.replace(f'<row r="{at}"', "<row").replace(f' r="A{at}"', "").replace(f' r="B{at}"', "")
    content = samples.book_bytes(openpyxl.Workbook())
    done = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(done, "w") as target:
        for info in source.infolist():
            part = source.read(info)
            if info.filename.endswith("sheet1.xml"):
                start, end = part.index(b"<sheetData"), part.index(b"<pageMargins")
                part = part[:start] + f"<sheetData>{body}</sheetData>".encode() + part[end:]
            target.writestr(info.filename, part)
    page = next(iter(xlsx_pages(done.getvalue()).values()))
    found = sheet(page, is_known)
    assert found.rows == [at for at, kind in enumerate(kinds, 2) if kind == "record"]
    assert page.hidden_rows == {at - 1 for at, kind in enumerate(kinds, 2) if kind == "format hidden"}


def test_merged_cells_over_one_another_are_taken_once():
    rows = [["编号", "吨位"], *(["B1", 1] for _ in range(3000))]
    merged = tuple((at, 0, 2**20, 0) for at in range(1, 3000))
    start = time.process_time()
    found = sheet(Page(rows=rows, merged=merged), is_known)
    assert time.process_time() - start < 2
    assert found.frame["编号"].tolist() == ["B1"] * 3000


def test_thousands_of_like_names_take_no_square_of_their_number():
    start = time.process_time()
    header = find_header([["编号", *["x"] * 50_000, "x (2)"]], (), is_known)
    assert time.process_time() - start < 3
    assert len(set(header.names)) == 50_002
    assert header.names[:4] == ("编号", "x", "x (2)", "x (3)")


def test_cells_of_a_page_of_the_web_may_span_much():
    said = "<table><tr>" + "<td rowspan=1000 colspan=1000>x" * 200 + "<tr><td>y" * 50
    start = time.process_time()
    page = html_pages(said)["表1"]
    assert time.process_time() - start < 2
    assert max(map(len, page.rows)) <= 2 * limits().columns + 1
    page = html_pages("<table><tr><td rowspan=3>a<td>b<tr><td>c<tr><td colspan=2>d<td>e<tr><td>f</table>")["表1"]
    assert page.rows == [["a", "b"], [None, "c"], [None, "d", None, "e"], ["f"]]


@pytest.mark.parametrize("cell", ["1" + " " * 200_000 + "6", "106°" + " " * 200_000 + "x", "106,39" * 50_000])
def test_long_cells_are_no_angles_and_take_no_time(cell):
    start = time.process_time()
    assert angle(cell)[0] != angle(cell)[0]
    assert time.process_time() - start < 0.5


def test_sheets_that_are_too_wide_leave_the_others_readable(tmp_path):
    made = openpyxl.Workbook()
    for row in (HEADER, record(1)):
        made.active.append(row)
    made.active.title = "锅炉"
    made.create_sheet("宽").append(["x"] * (limits().columns + 1))
    made.save(tmp_path / "a.xlsx")
    assert list(open_pages(tmp_path / "a.xlsx")[1]) == ["锅炉", "宽"]
    assert len(read(tmp_path / "a.xlsx", "boilers", sublayer="锅炉").frame) == 1
    with pytest.raises(DataError) as caught:
        read_layer(tmp_path / "a.xlsx", "boilers", sublayer="宽")
    assert [one.rule for one in caught.value.faults] == ["columns_too_many"]


def test_calories_are_found_in_cells_of_words_only():
    assert list(cells.calories(pd.Series(["60万大卡", "60", None, "卡", 60, "2千卡/时"], dtype=object))) == [0, 5]
    assert not len(cells.calories(pd.Series([1.0, 2.0])))
