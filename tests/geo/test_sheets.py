"""Ledgers as bureaus keep them: whatever their form, every row is a record or is set aside with its reason."""

import contextlib
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from geo_samples import BOILER_HEADER, BOILERS, fault, read, rules, write_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import DataError
from geo import cells
from geo.io import read_layer
from geo.readers.sheets import csv_rows, sheet
from geo.readers.tables import open_pages
from geo.vocabulary import columns, is_known, misfits

FILES = Path(__file__).parent / "files"
HEADER = ["编号", "单位名称", "燃料种类", "吨位", "状态", "经度", "纬度"]
PLACE = (106.38, 39.02)


def record(number, name="甲厂", size=20, *, fuel="煤"):
    return [f"G{number}", name, fuel, size, "在用", *PLACE]


def book(path, rows, *, merged=(), hidden_rows=(), hidden_columns=(), options=None, state="visible"):
    made = openpyxl.Workbook()
    page = made.active
    for row in rows:
        page.append(row)
    for area in merged:
        page.merge_cells(area)
    for row in hidden_rows:
        page.row_dimensions[row].hidden = True
    for column in hidden_columns:
        page.column_dimensions[column].hidden = True
    made.epoch = options or made.epoch
    if state != "visible":
        made.create_sheet("封面")
        page.sheet_state = state
    made.save(path)
    return path


def refused(path, layer="boilers", **options):
    with pytest.raises(DataError) as caught:
        read_layer(path, layer, **options)
    assert str(caught.value)
    return rules(caught.value.faults)


@pytest.mark.parametrize("suffix", [".xls", ".et", ".xlsx"])
def test_a_ledger_with_title_groups_totals_and_notes_comes_in_whole(tmp_path, suffix):
    path = tmp_path / f"台账{suffix}"
    path.write_bytes((FILES / "ledger.xls").read_bytes())
    done = read(path, "boilers")
    assert done.frame["boiler_id"].tolist() == ["G001", "G002", "G003"]
    assert done.frame["capacity_t_h"].tolist() == [20, 35, 10]
    assert done.frame["year_built"].tolist() == [2010, 2011, 2023]
    assert done.frame["source_row"].tolist() == [5, 6, 8]
    assert (fault(done, "row_total").rows, fault(done, "row_note").rows) == ((7, 9), (10,))
    assert fault(done, "merged_filled").rows == (6,)
    assert fault(done, "unit_assumed").column == "吨位"
    assert done.units["吨位"] == "t/h"
    told = {(one.row, one.expected, one.got) for one in done.faults if one.rule == "total_disagrees"}
    assert told == {(9, "65", "66")}, "the subtotal agrees, the total does not"
    assert ("content_differs" in rules(done.faults)) == (suffix == ".xlsx")


def test_an_xls_may_be_html_csv_or_xlsx_inside(tmp_path):
    cells_of = [line.split(",") for line in [BOILER_HEADER, *BOILERS]]
    table = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells_of)
    title = "<tr><td colspan=8>台账<script>alert(1)</script></td></tr>"
    contents = {
        "HTML": f"<html><meta charset=gbk><body><table>{title}{table}</table></body></html>".encode("gb18030"),
        "CSV": "\n".join([BOILER_HEADER, *BOILERS]).replace(",", "\t").encode("gb18030"),
        "XLSX": book(
            tmp_path / "x.xlsx", [BOILER_HEADER.split(","), *(row.split(",") for row in BOILERS)]
        ).read_bytes(),
    }
    for kind, content in contents.items():
        path = tmp_path / f"{kind}.xls"
        path.write_bytes(content)
        done = read(path, "boilers")
        assert done.frame["capacity_t_h"].tolist() == pytest.approx([20, 20])
        assert fault(done, "content_differs").got == kind


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "workbook_encrypted",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_broken"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "table_content"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "table_content"),
        (b"%PDF-1.7\n", "table_content"),
        ("随便写的一段话，没有表。".encode(), "table_content"),
        (b"<html><body>nothing</body></html>", "file_empty"),
        (b"<table><tr><td rowspan=999999999 colspan=999999999>" + b"<tr><td>" * 3, "file_empty"),
        (BOILER_HEADER.encode() + b"\nB1,\0\0", "text_nul"),
    ],
)
@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_what_is_no_table_is_refused_with_its_reason(tmp_path, content, rule, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    found = refused(path)
    assert rule in found or (suffix == ".xlsx" and found), found


def test_nul_bytes_and_other_suffixes_of_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(("\n".join([BOILER_HEADER, *BOILERS]) + "\0").encode())
    assert refused(path) == {"text_nul"}
    for suffix in (".tsv", ".txt"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes("\n".join([BOILER_HEADER, *BOILERS]).replace(",", "\t").encode("utf-16"))
        assert len(read(path, "boilers").frame) == 2


def test_codes_that_exports_write_as_text_formulas_are_text(tmp_path):
    assert csv_rows('a,b\n"=""640202001001""",=1+1\n', is_known)[1] == ["640202001001", "=1+1"]


def test_hidden_rows_columns_and_sheets_are_read_and_said(tmp_path):
    rows = [HEADER, record(1), record(2)]
    path = book(tmp_path / "a.xlsx", rows, hidden_rows=[3], hidden_columns=["D"], state="hidden")
    done = read(path, "boilers")
    assert len(done.frame) == 2
    assert fault(done, "rows_hidden").rows == (3,)
    assert fault(done, "columns_hidden").got == "吨位"
    assert fault(done, "sheet_hidden").effect == "noted"


def test_a_workbook_that_counts_from_1904(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, [*HEADER[:4], "投运时间", *HEADER[4:]])
        page.write_row(1, 0, ["G1", "甲", "煤", "20蒸吨", 43616, "在用", *PLACE])
    done = read(path, "boilers")
    assert done.frame["year_built"].tolist() == [2023], "the same day is 45078 when counted from 1900"
    assert fault(done, "dates_1904").effect == "noted"


def test_headers_of_several_rows_without_merged_cells(tmp_path):
    rows = [
        "石嘴山市燃煤锅炉台账,,,,,,",
        "序号,单位名称,锅炉情况,,,位置,",
        ",,编号,吨位,燃料,经度,纬度",
        ",,,t/h,,°,°",
        "1,2,3,4,5,6,7",
        "1,甲厂,G1,20,煤,106.4,39",
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows), encoding="utf-8-sig")
    done = read(path, "boilers")
    assert done.frame["boiler_id"].tolist() == ["G1"]
    assert done.frame["capacity_t_h"].tolist() == [20]
    assert done.units["吨位(t/h)"] == "t/h"
    assert fault(done, "row_column_numbers").rows == (5,)
    assert fault(done, "header_joined").row == 2


def test_a_group_is_kept_where_the_lower_word_would_be_ambiguous():
    rows = [["编号", "改造前", None, "改造后", None], [None, "取暖方式", "面积", "取暖方式", "面积"], ["A", 1, 2, 3, 4]]
    names = list(sheet(rows, is_known).frame)
    assert names == ["编号", "改造前·取暖方式", "改造前·面积", "改造后·取暖方式", "改造后·面积"]
    found = columns("buildings", names)
    assert {name: column for name, (column, _) in found.items()} == {
        "编号": "building_id",
        "改造前·取暖方式": "former_source",
        "改造后·取暖方式": "heat_source",
    }, "which of the two areas is meant is not guessed"
    rows = [["锅炉", None, "电厂", None], ["编号", "名称", "编号", "名称"], ["A", 1, 2, 3]]
    assert columns("boilers", list(sheet(rows, is_known).frame)) == {"锅炉·编号": ("boiler_id", "")}


def test_a_title_is_no_group_and_a_record_no_header():
    rows = [["台账", None, None], ["编号", "名称", "备用"], ["a", "b", "备用"], ["调峰", "供热", "备用"]]
    found = sheet(rows, is_known)
    assert (found.header_row, list(found.frame), len(found.frame)) == (2, ["编号", "名称", "备用"], 2)


@pytest.mark.parametrize(
    "word", ["合计", "总 计", "小计", "全市合计", "大武口区小计", "合计：", "Total", "（合计）", "一、合计"]
)
@pytest.mark.parametrize("at", [0, 1])
def test_totals_are_no_records(tmp_path, word, at):
    total = [None] * len(HEADER)
    total[at], total[3] = word, 20
    for turn, order in enumerate(([total, record(1)], [record(1), total])):
        done = read(book(tmp_path / f"{turn}.xlsx", [[*HEADER[:3], "吨位(t/h)", *HEADER[4:]], *order]), "boilers")
        assert len(done.frame) == 1
        assert fault(done, "row_total").effect == "row_set_aside"
        assert "total_disagrees" not in rules(done.faults)


@pytest.mark.parametrize("name", ["合计供热公司", "王合计", "小计量设备厂", "总计时器厂", "合计", "全市合计"])
def test_a_record_whose_name_holds_such_a_word_stays_a_record(tmp_path, name):
    done = read(book(tmp_path / "a.xlsx", [HEADER, record(1, name), record(2)]), "boilers")
    assert done.frame["name"].tolist() == [name, "甲厂"]


def test_totals_of_groups_are_held_against_their_groups(tmp_path):
    header = [*HEADER[:3], "吨位(t/h)", *HEADER[4:]]
    rows = [
        *([None, "全市合计", None, 66], [None, "甲区小计", None, 30], record(1, size=10), record(2, size=20)),
        *([None, "乙区小计", None, 36], record(3, size=35), ["合计", None, None, "65"]),
    ]
    done = read(book(tmp_path / "a.xlsx", [header, *rows]), "boilers")
    told = {(one.row, one.expected, one.got) for one in done.faults if one.rule == "total_disagrees"}
    assert told == {(2, "65", "66"), (6, "35", "36")}


def test_repeated_headers_and_notes_are_set_aside(tmp_path):
    rows = [["锅炉台账"], HEADER, record(1), ["锅炉台账"], HEADER, record(2), ["填表人：张三", None, "审核人：李四"]]
    rows += [["注：1.容量按铭牌。"], ["2.坐标为 CGCS2000，由各县区实测后统一填报。"]]
    done = read(book(tmp_path / "a.xlsx", rows), "boilers")
    assert len(done.frame) == 2
    assert fault(done, "row_repeated_header").rows == (4, 5)
    assert fault(done, "row_note").rows == (7, 8, 9)
    assert not {"not_a_number", "geometry_missing", "id_missing"} & rules(done.faults), "they are not read as records"


def test_a_table_of_totals_alone_has_no_row_that_can_be_used(tmp_path):
    path = write_csv(tmp_path / "a.csv", ",".join(HEADER), ["合计,,,20,,,"])
    assert refused(path) == {"no_row_usable", "row_total"}


def test_merged_words_are_filled_and_merged_quantities_are_nobodys(tmp_path):
    rows = [[*HEADER[:3], "吨位(t/h)", *HEADER[4:]], record(1, size=40), record(2, size=None), record(3, size=10)]
    rows[2][1] = None
    done = read(book(tmp_path / "a.xlsx", rows, merged=["B2:B3", "D2:D3"]), "boilers")
    assert done.frame["name"].tolist() == ["甲厂"] * 3
    assert done.frame["capacity_t_h"].isna().tolist() == [True, True, False]
    said = fault(done, "merged_quantity")
    assert (said.rows, said.got, said.effect) == ((2, 3), "40", "value_set_aside")


def test_units_in_captions_apply_where_they_fit_and_are_said(tmp_path):
    header = "编号,用途,供热面积,建筑面积(㎡),高度,户数,WKT"
    ring = "POLYGON ((106.4 39,106.401 39,106.401 39.001,106.4 39))"
    path = tmp_path / "a.csv"
    path.write_text(f'台账,,,,,单位：万㎡、万元\n{header}\nA1,学校,1.5,900,12,3,"{ring}"', encoding="utf-8")
    done = read(path, "buildings")
    row = done.frame.iloc[0]
    assert (row["heated_area_m2"], row["floor_area_m2"], row["height_m"], row["households"]) == (15_000, 900, 12, 3)
    said = fault(done, "unit_assumed")
    assert (said.column, said.got, said.effect) == ("供热面积", "万m2", "noted")
    assert done.units == {"供热面积": "万m2", "建筑面积(㎡)": "m2", "高度": "m", "户数": "户"}


def test_tonnes_in_a_caption_are_no_output_of_boilers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("台账,,单位：吨\n编号,容量,经度,纬度\n1,20,106.4,39", encoding="utf-8")
    assert fault(read(path, "boilers"), "unit_not_stated").rows == (3,)


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("容量/蒸吨", "20", 20),
        ("额定蒸发量（t/h）", "20", 20),
        ("额定功率 MW", "14", 20),
        ("锅炉容量(kW)", "700", 1),
        ("额定热功率（万大卡）", "60", 60 * 4.1868e4 / 3600 / 1000 / 0.7),
        ("吨位", "约20蒸吨左右", 20),
        ("出力(兆瓦)", "14", 20),
        ("吨位（必填）", "20t/h", 20),
    ],
)
def test_outputs_in_every_unit(tmp_path, header, cell, expected):
    done = read(write_csv(tmp_path / "a.csv", f"编号,{header},经度,纬度", [f"1,{cell},106.4,39"]), "boilers")
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([expected], rel=1e-12)
    assert ("unit_calories" in rules(done.faults)) == ("大卡" in header)


def test_a_unit_that_cannot_be_is_reported_and_never_scaled(tmp_path):
    header = "编号,容量(kVA),燃料(吨),燃料种类,经度,纬度"
    done = read(write_csv(tmp_path / "a.csv", header, ["1,20,300,煤,106.4,39"]), "boilers")
    assert {(one.column, one.effect) for one in done.faults if one.rule == "unit_misfit"} == {
        ("容量(kVA)", "value_set_aside"),
        ("燃料(吨)", "value_set_aside"),
    }
    assert done.frame["capacity_t_h"].isna().all()
    assert misfits("boilers", ["额定功率(MW)"]) == {}


def test_a_person_states_the_unit_of_a_column(tmp_path):
    path = write_csv(tmp_path / "a.csv", "编号,规格,经度,纬度", ["1,14,106.4,39"])
    done = read(path, "boilers", mapping={"规格": ("capacity_t_h", "兆瓦")})
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([20])
    assert done.units["规格"] == "MW"
    assert refused(path, mapping={"规格": ("capacity_t_h", "㎡")}) >= {"mapping_unit"}
    path = write_csv(tmp_path / "b.csv", "编号,乙(kW),经度,纬度", ["1,700,106.4,39"])
    done = read(path, "boilers", mapping={"乙(kW)": "capacity_t_h"})
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([1]), "the header's own unit holds where none is stated"


def test_errors_ranges_and_inexact_numbers_are_each_said(tmp_path):
    sizes = ["#REF!", "10-15", "约120", "120余", "１２０", "10\n20", "10 20", "1 200", "120左右"]
    rows = [[*HEADER[:3], "吨位(t/h)", *HEADER[4:]], *(record(at, size=size) for at, size in enumerate(sizes))]
    done = read(book(tmp_path / "a.xlsx", rows), "boilers")
    got = [None if value != value else value for value in done.frame["capacity_t_h"]]  # noqa: PLR0124 - NaN
    assert got == [None, None, 120, 120, 120, None, None, 1200, 120]
    assert fault(done, "cell_error").got == "#REF!"
    assert fault(done, "value_range").got == "10-15"
    assert fault(done, "value_approximate").rows == (4, 5, 10)
    assert {one.got for one in done.faults if one.rule == "not_a_number"} == {"10\n20", "10 20"}


def test_long_codes_that_lost_digits_are_said_and_never_mended(tmp_path):
    header = "编号,统一社会信用代码,单位名称,经度,纬度"
    rows = ["640202000000123000,9.16402E+17,甲,106.4,39", "G2,91640200MA75XXXX1A,乙,106.4,39", "无,,丙,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", header, rows), "boilers")
    assert fault(done, "digits_lost").rows == (2,)
    assert fault(done, "id_broken").rows == (2,)
    assert fault(done, "id_missing").rows == (4,), "无 is no identifier"


J_HEADERS = {
    "boilers": [
        *("锅炉编号/注册代码", "单位名称", "额定蒸发量(蒸吨/小时)", "额定功率(MW)", "介质(蒸汽/热水)", "燃料种类"),
        *("用途(供热/生产/备用/调峰)", "投运时间", "是否超低排放", "经度", "纬度", "完成情况", "锅炉/窑炉使用企业名称"),
        *("蒸吨", "安装投产日期", "锅炉蒸吨", "锅炉状态", "锅炉用途", "燃料信息", "中心经度", "中心纬度", "燃料类型"),
        *("蒸吨数", "额定出力(MW)", "额定蒸发量(蒸吨/时)"),
        "燃料种类(油/气/煤/煤、气/水煤浆/生物质/木材/电/余热/煤粉/其他)",
        *(
            "乡镇（街道）/园区",
            "统一社会信用代码",
            "锅炉型号",
            "年耗煤量(吨)",
            "供热面积(万㎡)",
            "除尘工艺",
            "脱硫工艺",
        ),
        *(
            "脱硝工艺",
            "排放口高度(米)",
            "是否在城市建成区内",
            "处置方式(并网/煤改气/煤改电/生物质/拆除/保留)",
            "替代热源",
        ),
        *("计划完成时限", "拆除(注销)证明/照片", "责任单位", "责任人", "备注", "烟囱高度（米）"),
    ],
    "buildings": [
        *("建筑名称", "建筑类别(党政机关/学校/医院/村委会/其他公共/工商业厂房/农村居民)", "建成年份", "结构形式"),
        *("屋顶类型(平屋顶/坡屋顶)", "屋面材质(混凝土/彩钢瓦/瓦)", "朝向", "坡度(°)", "buildingType", "roofType"),
        *("orientation", "slope", "material", "村码(12位)", "房屋结构", "建筑面积(㎡)", "取暖面积(㎡)", "原取暖方式"),
        *("采暖面积", "单位名称", "建筑面积"),
    ],
    "plants": ["热源名称", "容量(MW)", "富余能力"],
    "networks": ["供热单位", "管径DN"],
    "villages": ["村码(12位)", "城乡分类代码", "行政村（社区）", "乡镇（街道）"],
    "parcels": ["宗地号(用地红线)"],
    "transformers": ["变压器容量(kVA)"],
}


@pytest.mark.parametrize("layer", J_HEADERS)
def test_the_headers_of_the_bureaus_tables_are_known(layer):
    assert [name for name in J_HEADERS[layer] if name not in columns(layer, [name])] == []
    for strange in ("现状供热面积", "供热面积(设计)", "最近热电联产电厂", "是否在供热管网覆盖范围内", "适用条款"):
        assert columns("boilers", [strange]) == {}


def test_pages_of_a_workbook_are_told_with_their_content(tmp_path):
    kind, pages = open_pages(FILES / "ledger.xls")
    assert (kind, list(pages), len(pages["锅炉台账"].rows)) == ("xls", ["锅炉台账"], 10)
    assert open_pages(book(tmp_path / "a.xlsx", [HEADER, record(1)]))[0] == "xlsx"


ROWS = st.lists(
    st.lists(
        st.one_of(
            st.none(),
            st.sampled_from(
                ["合计", "小计", "注：", "编号", "吨位", "20", "煤", "填表人：甲", "t/h", "—", "106.4", "39"]
            ),
            st.integers(0, 50),
            st.text(max_size=4),
        ),
        min_size=1,
        max_size=7,
    ),
    max_size=7,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_every_row_below_the_header_is_there_once(rows):
    found = sheet([HEADER, *rows], is_known)
    filled = [at for at, row in enumerate(rows, 2) if any(cell is not None and str(cell).strip() for cell in row)]
    assert found.rows == [at for at in filled if at >= min(found.rows, default=99)], "none between is missing"
    assert len(filled) - len(found.rows) <= 4, "only a header's own rows and what stands above it are no rows"
    marked = [at for places in found.marked.values() for at in places]
    assert len(marked) == len(set(marked))
    assert set(marked) <= set(range(len(found.frame)))


def test_years_of_every_form():
    said = ["2023.13", "2023-02-30", "202306", "20230601", "202313", "2023年6月", "2023.06", "6/1/2023", "2010年以前"]
    parsed, failed = cells.years(pd.Series(said, dtype=object))
    assert parsed.dropna().tolist() == [2023] * 5
    assert list(failed) == [0, 1, 4, 8]


def quoted(tmp_path, edit, *, count=50, header="编号,名称,燃料,容量(t/h),经度,纬度"):
    """Write a ledger whose lines a stray quotation mark has got into."""
    lines = [f"B{at},厂{at},煤,{at},{106 + at / 1000:.3f},39" for at in range(1, count + 1)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *edit(lines), ""]), encoding="utf-8")
    return path


def opened(lines, first, last=None):
    done = list(lines)
    done[first - 1] = done[first - 1].replace("厂", '"厂', 1)
    if last is not None:
        done[last - 1] = done[last - 1].replace(f"厂{last}", f'厂{last}"', 1)
    return done


@pytest.mark.parametrize(
    ("first", "last", "rows"), [(10, 20, (11, 21)), (10, 11, (11, 12)), (10, 12, (11, 13)), (1, 50, (2, 51))]
)
def test_a_pair_of_stray_quotation_marks_swallows_no_rows(tmp_path, first, last, rows):
    path = quoted(tmp_path, lambda lines: opened(lines, first, last))
    with pytest.raises(DataError) as caught:
        read_layer(path, "boilers")
    (said,) = caught.value.faults
    assert (said.rule, said.effect, said.file) == ("csv_quote_open", "refused", "a.csv")
    assert (said.row, said.rows[-1], said.count) == (*rows, rows[1] - rows[0] + 1)
    assert said.message("zh")
    assert said.message("en")


@pytest.mark.parametrize("first", [1, 10, 49, 50])
@pytest.mark.parametrize("suffix", ["", "\n"])
def test_a_file_that_ends_inside_quotes_is_refused(tmp_path, first, suffix):
    path = quoted(tmp_path, lambda lines: opened(lines, first))
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + suffix, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_layer(path, "boilers")
    (said,) = caught.value.faults
    assert (said.rule, said.row, said.rows[-1]) == ("csv_quote_open", first + 1, 51)


def test_a_stray_quotation_mark_that_runs_into_a_quoted_cell(tmp_path):
    def edit(lines):
        done = opened(lines, 10)
        done[10] = done[10].replace("厂11", '"厂11, 乙"')
        return done

    assert refused(quoted(tmp_path, edit)) == {"csv_quote_open"}
    assert refused(quoted(tmp_path, lambda lines: ['"B1","厂"","煤","1","106","39"', *lines[1:]])) == {"csv_quote_open"}
    done = read(quoted(tmp_path, lambda lines: ['"B1","甲"乙"厂","煤","1","106","39"', *lines[1:]]), "boilers")
    assert done.frame["capacity_t_h"].tolist() == list(range(1, 51)), "marks that move no cell cost nothing"


def test_cells_of_several_lines_are_read_and_rows_stay_those_of_a_spreadsheet(tmp_path):
    ring = "POLYGON ((106.4 39,106.401 39,\n106.401 39.001,106.4 39.001,106.4 39.0005,106.4 39.0002,\n106.4 39))"
    rows = [
        f'A1,"大武口区,某街道\n甲楼, 东",学校,900,"{ring}"',
        f'A2,"No. 1, Example Street,\nDawukou,\nNingxia",学校,900,"{ring}"',
        f'"A3","丙",学校,900,"{ring}"',
    ]
    for end in ("\n", "\r\n"):
        path = tmp_path / "a.csv"
        text = "\n".join(["编号,名称,用途,建筑面积(㎡),WKT", *rows, ""])
        path.write_bytes(text.replace("\n", end).encode())
        done = read(path, "buildings")
        assert done.frame["source_row"].tolist() == [2, 3, 4]
        assert done.frame["floor_area_m2"].tolist() == [900] * 3
        assert not done.frame.geometry.is_empty.any()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.text('a1甲,;\t"\n (', max_size=6), min_size=1, max_size=4), max_size=5), st.booleans())
def test_splitting_a_text_loses_no_cell_or_refuses(rows, ends):
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    text += "\n" * (ends and bool(rows))
    if any("\n" in cell for row in rows for cell in row):
        with contextlib.suppress(DataError):
            assert csv_rows(text, lambda _: False) == rows
    else:
        assert csv_rows(text, lambda _: False) == rows, "a text that keeps to the rules is never refused"


def test_a_numbered_twin_of_a_header_means_the_same():
    names = ["容量(t/h)", "容量(t/h) (2)", "fuel", "fuel (2)", "表 (2)", "容量 (2)"]
    found = columns("boilers", names)
    assert set(found) == set(names) - {"表 (2)"}
    assert found["容量(t/h) (2)"] == ("capacity_t_h", "t/h")
    assert found["容量 (2)"] == ("capacity_t_h", "?")
    assert misfits("boilers", ["容量(kVA) (2)"]) == {"容量(kVA) (2)": ("capacity_t_h", "kva")}


def test_two_columns_of_one_meaning_that_differ_are_believed_neither(tmp_path):
    header = "编号,名称,容量(t/h),容量(t/h),经度,纬度"
    rows = ["1,甲,20,35,106.4,39", "2,乙,20,20.0,106.4,39", "3,丙,,35,106.4,39", "4,丁,20,,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", header, rows), "boilers")
    assert done.frame["capacity_t_h"].fillna(-1).tolist() == [-1, 20, 35, 20]
    said = fault(done, "columns_disagree")
    assert (said.rows, said.got, said.effect) == ((2,), "20 / 35", "value_set_aside")
    assert said.column == "容量(t/h) + 容量(t/h) (2)"
    header = "编号,名称,额定蒸发量(t/h),蒸吨,蒸吨数,额定功率(MW),经度,纬度"
    rows = ["1,甲,20,35,,,106.4,39", "2,乙,20,35,20,14,106.4,39", "3,丙,,,30,,106.4,39", "4,丁,35,34.6,,,106.4,39"]
    done = read(write_csv(tmp_path / "b.csv", header, rows), "boilers")
    assert done.frame["capacity_t_h"].fillna(-1).tolist() == [-1, -1, 30, -1], "what is disputed is filled by no third"
    told = {(one.rows, one.column, one.got) for one in done.faults if one.rule == "columns_disagree"}
    assert ((2, 3), "额定蒸发量(t/h) + 蒸吨", "20 / 35") in told
    assert ((5,), "额定蒸发量(t/h) + 蒸吨", "35 / 34.6") in told, "rounding is no excuse at 35 t/h"
    done = read(tmp_path / "b.csv", "boilers", mapping={"蒸吨": "capacity_t_h"})
    assert done.frame["capacity_t_h"].fillna(-1).tolist() == [35, 35, -1, 34.6], "a person says which one holds"


def test_words_and_rounded_numbers_of_two_columns(tmp_path):
    ring = "POLYGON ((106.4 39,106.401 39,106.401 39.001,106.4 39))"
    header = "编号;名称;名称;建筑面积(万㎡);建筑面积(㎡);取暖方式;取暖方式;WKT"
    rows = [
        f"1;甲;乙;1.2;12034;散煤;散煤;{ring}",
        f"2;甲;甲 ;1.2;13034;散煤;热泵;{ring}",
        f"3;甲;;1.2;;;热泵;{ring}",
    ]
    done = read(write_csv(tmp_path / "a.csv", header, rows), "buildings")
    assert done.frame["heat_source"].tolist() == ["loose_coal", "unknown", "heat_pump"]
    assert done.frame["floor_area_m2"].fillna(-1).tolist() == [12_034, -1, 12_000], "1.2 stands for 1.15 to 1.25"
    assert done.frame["name"].tolist() == ["甲"] * 3, "a name decides nothing: the first stays, and it is said"
    told = {(one.rows, one.got, one.effect) for one in done.faults if one.rule == "columns_disagree"}
    assert told == {
        ((2,), "甲 / 乙", "noted"),
        ((3,), "13034 / 1.2", "value_set_aside"),
        ((3,), "散煤 / 热泵", "value_set_aside"),
    }


def test_yes_and_no_codes_and_identifiers_of_two_columns(tmp_path):
    header = "编号,锅炉代码,燃料,燃料品种,超低排放,已完成超低排放,投运时间,投产年份,经度,纬度"
    rows = ["1,X,煤,燃煤,是,否,2019,2019-06,106.4,39", "2,Y,煤,天然气,是,1,2019,2020,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", header, rows), "boilers")
    assert done.frame["fuel"].tolist() == ["coal", "unknown"]
    assert done.frame["is_ultra_low"].isna().tolist() == [True, False]
    assert done.frame["year_built"].fillna(0).tolist() == [2019, 0]
    told = {(one.rows, one.got) for one in done.faults if one.rule == "columns_disagree"}
    assert told == {((3,), "煤 / 天然气"), ((2,), "是 / 否"), ((3,), "2019 / 2020")}, "identifiers are never mixed"


def test_a_third_column_is_held_against_the_one_that_filled_the_gap(tmp_path):
    rows = ["1,甲,,35,34,106.4,39", "2,甲,20,,20,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", "编号,名称,蒸吨,蒸吨,蒸吨,经度,纬度", rows), "boilers")
    assert done.frame["capacity_t_h"].fillna(-1).tolist() == [-1, 20]
    said = fault(done, "columns_disagree")
    assert (said.column, said.got, said.rows) == ("蒸吨 (2) + 蒸吨 (3)", "35 / 34", (2,))


def test_columns_that_disagree_in_every_row_stay_readable(tmp_path):
    rows = [f"{at},甲,{at + 1},{at + 2},106.4,39" for at in range(300)]
    done = read(write_csv(tmp_path / "a.csv", "编号,名称,蒸吨,蒸吨,经度,纬度", rows), "boilers")
    told = [one for one in done.faults if one.rule == "columns_disagree"]
    assert len(told) < 150
    assert sorted(row for one in told for row in one.rows) == list(range(2, 302))


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("台数", "2", "2"),
        ("锅炉台数（台）", "3台", "3"),
        ("数量(台)", "2.0", "2"),
        ("台数", "1", None),
        ("台数", "", None),
        ("台数", "一用一备", "一用一备"),
    ],
)
def test_a_row_of_several_boilers_is_said(tmp_path, header, cell, expected):
    rows = [f"1,甲,40,{cell},106.4,39", "2,乙,20,1,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", f"编号,名称,容量(t/h),{header},经度,纬度", rows), "boilers")
    assert done.frame["capacity_t_h"].tolist() == [40, 20]
    assert "unit_misfit" not in rules(done.faults)
    if expected is None:
        assert "several_boilers_in_row" not in rules(done.faults)
    else:
        said = fault(done, "several_boilers_in_row")
        assert (said.rows, said.got, said.effect, said.column) == ((2,), expected, "noted", header)
