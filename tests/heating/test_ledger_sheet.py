"""The ledger that is reported: the columns of FACTS §J1 in their order, what is not known left empty."""

import pandas as pd
import pytest
from heating_samples import areas, at, boilers, buildings, layers_of, units

from data import parameters
from heating import ledger_sheet
from heating.assessment import assess
from heating.checks import Check, CheckStore
from heating.scenario import Scenario

HEADERS = [
    "序号",
    "县（区）",
    "乡镇（街道）/园区",
    "单位名称",
    "统一社会信用代码",
    "锅炉编号/注册代码",
    "锅炉型号",
    "额定蒸发量(蒸吨/小时)",
    "额定功率(MW)",
    "介质(蒸汽/热水)",
    "燃料种类",
    "用途(供热/生产/备用/调峰)",
    "投运时间",
    "年耗煤量(吨)",
    "折标准煤(tce)",
    "供热面积(万㎡)",
    "除尘工艺",
    "脱硫工艺",
    "脱硝工艺",
    "是否超低排放",
    "排放口高度(米)",
    "是否在城市建成区内",
    "是否在供热管网覆盖范围内",
    "最近热电联产电厂",
    "距离(km)",
    "经度",
    "纬度",
    "适用条款",
    "处置方式(并网/煤改气/煤改电/生物质/拆除/保留)",
    "替代热源",
    "计划完成时限",
    "完成情况",
    "拆除(注销)证明/照片",
    "责任单位",
    "责任人",
    "备注",
]


@pytest.fixture(scope="module")
def done():
    ledger = boilers(
        {
            "name": "甲热力",
            "capacity_t_h": 20.0,
            "is_backup": True,
            "town": "长胜街道",
            "credit_code": "91640200MA75XXXX1A",
            "coal_t": 1000.0,
            "heated_area_m2": 123_456.0,
            "in_built_up_area": True,
            "disposal": "connect",
            "deadline": "2025-10",
            "responsible_person": "王某",
        },
        {"geometry": at(200_000)},
    )
    layers = layers_of(
        buildings=buildings({}), boilers=ledger, plants=units({}), networks=areas({"spare_heat_mw": None})
    )
    return assess(layers, Scenario())


@pytest.fixture
def checks(tmp_path):
    store = CheckStore(tmp_path)
    store.save(
        Check(subject="boiler", subject_id="B1", status="visited", answer="contested", note="在用", who="李四"),
        expected=0,
    )
    yield store.table()
    store.close()


def test_the_columns_are_those_of_the_table_in_its_order(done, checks):
    table = ledger_sheet.j1(done, checks)
    assert list(table.columns[: len(HEADERS)]) == HEADERS
    assert table.columns.is_unique
    assert list(ledger_sheet.j1(done, checks, language="en").columns) != list(table.columns)


def test_the_cells_say_what_the_ledger_the_rules_and_the_field_say(done, checks):
    row = ledger_sheet.j1(done, checks, unmasked=True).iloc[0]
    assert row["序号"] == 1
    assert row["额定功率(MW)"] == pytest.approx(20.0 * parameters.value("policy", "mw_per_t_h"))
    assert row["折标准煤(tce)"] == pytest.approx(1000 * parameters.value("emissions", "raw_coal_standard"), abs=0.05)
    assert row["供热面积(万㎡)"] == pytest.approx(12.3456)
    assert row["用途(供热/生产/备用/调峰)"] == "供热、备用"
    assert (row["是否在城市建成区内"], row["是否在供热管网覆盖范围内"], row["是否超低排放"]) == ("是", "是", "是")
    assert row["距离(km)"] == pytest.approx(3.0, abs=0.001)
    assert row["处置方式(并网/煤改气/煤改电/生物质/拆除/保留)"] == "并网"
    assert (row["计划完成时限"], row["责任人"]) == ("2025-10", "王某")
    assert "三（八） R4 淘汰" in row["适用条款"]
    assert (row["现场核查进度"], row["现场意见"], row["现场说明"], row["核查人"]) == (
        "已到现场",
        "对程序结论有异议",
        "在用",
        "李四",
    )


def test_what_is_not_known_is_empty_and_an_open_clause_is_marked(done, checks):
    row = ledger_sheet.j1(done, checks).iloc[1]
    unknown = [
        "统一社会信用代码",
        "锅炉型号",
        "年耗煤量(吨)",
        "折标准煤(tce)",
        "除尘工艺",
        "责任人",
        "现场意见",
        "核查人",
    ]
    assert [name for name in unknown if not (pd.isna(row[name]) or row[name] == "")] == []
    assert row["处置方式(并网/煤改气/煤改电/生物质/拆除/保留)"] == "未定"
    assert row["现场核查进度"] == "待核查"
    findings = done.boiler_findings
    reviewed = findings[(findings["state"] == "review") & (findings["clause_id"] != "")]
    table = ledger_sheet.j1(done, checks).set_index("锅炉编号/注册代码")
    for boiler, rules in reviewed.groupby("boiler_id")["rule"]:
        assert all(f"{rule} " in table.loc[boiler, "适用条款"] for rule in rules)
        assert "（待核）" in table.loc[boiler, "适用条款"]


def test_the_demo_city_has_a_row_for_every_boiler(city, checks):
    done = assess(city, Scenario())
    table = ledger_sheet.j1(done, checks.iloc[:0])
    assert table["锅炉编号/注册代码"].tolist() == done.boilers["boiler_id"].tolist()
    assert (table["乡镇（街道）/园区"] != "").any()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_persons_are_hidden_in_either_language_unless_asked_for(done, checks, language):
    for unmasked in (False, True):
        cells = ledger_sheet.j1(done, checks, language=language, unmasked=unmasked).astype(str).to_numpy().ravel()
        assert ("王某" in cells) == unmasked
        assert ("李四" in cells) == unmasked
