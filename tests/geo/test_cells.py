"""Cells as people write them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.catalog import DATA_DIR
from geo import cells
from geo.vocabulary import base_unit, normalise, units_for

NAN = float("nan")


def column(*said):
    return pd.Series(said, dtype=object)


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("12", "m2", 12),
        (" 1,234.5 ", "m2", 1234.5),
        ("约120㎡", "m2", 120),
        ("1.2万㎡", "m2", 12_000),
        ("1.2", "万m2", 12_000),
        ("800m²", "万m2", 800),
        ("3亩", "m2", 2000),
        ("20户", "m2", NAN),
        ("6层", "", 6),
        ("3m", "", NAN),
        ("18 m", "m", 18),
        ("DN200", "mm", 200),
        ("30万千瓦", "MW", 300),
        ("30", "万kW", 300),
        ("660MW", "万kW", 660),
        ("500kW", "MW", 0.5),
        ("2×35", "MW", NAN),
        ("20-30", "m", NAN),
        ("120余", "m", 120),
        ("120㎡左右", "m2", 120),
        ("≈120", "m2", 120),
        ("2.5万", "m2", 25_000),
        ("2.5万", "万m2", NAN),
        ("10⁴", "m", NAN),
        ("10 20", "m", NAN),
        ("10\n20", "m", NAN),
        ("12 345", "m", 12_345),
        ("1.2km", "m", 1200),
        ("3公顷", "m2", 30_000),
        ("1.2万户", "户", 12_000),
        ("5户", "户", 5),
        ("1m", "mm", 1000),
        ("０１２", "", 12),
        (True, "", NAN),
        (pd.Timestamp("2020-01-01"), "", NAN),
        ("=1+1", "", NAN),
        ("inf", "", NAN),
        ("1e400", "", NAN),
        (np.inf, "", NAN),
    ],
)
def test_numbers(cell, unit, expected):
    parsed, failed = cells.numbers(column(cell), unit=unit)
    np.testing.assert_allclose(parsed, [expected])
    assert list(failed) == ([0] if np.isnan(expected) else [])


def test_a_unit_that_nobody_knows_is_ours_to_mend():
    with pytest.raises(ValueError, match="furlong"):
        cells.numbers(column("1"), unit="furlong")


@pytest.mark.parametrize(
    "cell", [None, "", "  ", "—", "——", "-", "/", "无", "nan", "None", "NULL", "N/A", np.nan, pd.NaT]
)
def test_cells_that_say_nothing_are_no_fault(cell):
    for parse in (cells.numbers, cells.years, cells.truths, lambda said: cells.boiler_output(said, unit="?")):
        parsed, failed = parse(column(cell, cell))
        assert not len(failed)
        if cell != "无":  # 无 is a no where yes or no is asked
            assert parsed.isna().all()


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("约20蒸吨", "t/h", 20),
        ("14MW", "t/h", 20),
        ("14", "MW", 20),
        ("20t/h", "MW", 20),
        ("14 兆瓦", "?", 20),
        ("700kW", "?", 1),
        ("20蒸吨/小时", "?", 20),
        ("20", "?", NAN),
        ("1.2万㎡", "t/h", NAN),
        (20, "t/h", 20),
        ("-20", "t/h", -20),
        ("600000大卡", "?", 0.9968571428571429),
        ("60", "万kcal/h", 0.9968571428571429),
        ("500kg/h", "t/h", 0.5),
        ("2万", "t/h", NAN),
    ],
)
def test_boiler_outputs(cell, unit, expected):
    parsed, failed = cells.boiler_output(column(cell), unit=unit)
    np.testing.assert_allclose(parsed, [expected])
    assert len(failed) == np.isnan(expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2023", 2023),
        (2023.0, 2023),
        ("2023.6", 2023),
        ("2023年6月", 2023),
        ("2023-06-01", 2023),
        ("2023/6/1", 2023),
        (45078, 2023),
        ("45078", 2023),
        (pd.Timestamp("1998-03-01"), 1998),
        (2023.1, 2023),
        ("2023.10", 2023),
        ("约2010年", 2010),
        ("2023-06-01 00:00:00", 2023),
        ("2023.13", NAN),
        ("2023年2月30日", NAN),
        ("2010年以前", NAN),
        ("2010-2015", NAN),
        (199813, NAN),
        ("九十年代", NAN),
        ("98", NAN),
    ],
)
def test_years(cell, expected):
    parsed, failed = cells.years(column(cell, None))
    np.testing.assert_allclose(parsed, [expected, NAN])
    assert len(failed) == np.isnan(expected)


def test_years_of_a_date_column():
    parsed, failed = cells.years(pd.Series(pd.to_datetime(["2010-05-01", None])))
    np.testing.assert_allclose(parsed, [2010, NAN])
    assert not len(failed)


def test_truths():
    said = column("是", "否", True, False, 1, 0, "1.0", 0.0, "YES", "√", "×", "有", "nan", "也许", 2)
    parsed, failed = cells.truths(said)
    assert parsed.tolist()[:12] == [True, False] * 4 + [True, True, False, True]
    assert parsed[12:].isna().all()
    assert list(failed) == [13, 14]


def test_codes():
    said = column("散煤", " 散 煤 ", "loose_coal", "无", "外星", None, "—", 3)
    parsed, failed = cells.codes(said, "buildings", "heat_source", ("loose_coal", "none", "unknown"))
    assert parsed.tolist() == ["loose_coal"] * 3 + ["none"] + ["unknown"] * 4
    assert list(failed) == [4, 7]
    parsed, failed = cells.codes(column(111, 112.0, "121.0", "999"), "villages", "ur_class", ("111", "112", "121"))
    assert parsed.tolist() == ["111", "112", "121", None]
    assert list(failed) == [3]


def test_digits():
    said = column("640202001001", 640202001002, 640202001003.0, "6.40202E+11", 640202000000.0, "64020200100", None, "—")
    parsed, restored, failed = cells.digits(said, 12)
    assert parsed.tolist() == ["640202001001", "640202001002", "640202001003"] + [None] * 5
    assert list(restored) == [1, 2]
    assert list(failed) == [3, 4, 5]
    assert cells.digits(column("640000", 640202), 6)[0].tolist() == ["640000", "640202"]


def test_identifiers():
    said = column("A1", " A2 ", 7, 8.0, 1e5, "007", 1.5, 2.0**53, "1.23457E+14", "", None, "1E5", "3E+05")
    parsed, failed = cells.identifiers(said)
    assert parsed.tolist() == ["A1", "A2", "7", "8", "100000", "007", None, None, None, None, None, "1E5", None]
    assert list(failed) == [6, 7, 8, 12]
    assert cells.identifiers(pd.Series([1.0, np.nan]))[0].tolist() == ["1", None]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=8), st.floats(), st.integers(), st.booleans()), max_size=5))
def test_a_cell_is_parsed_or_empty_or_reported(said):
    source = pd.Series(said, dtype=object)
    for parse in (
        cells.numbers,
        cells.years,
        cells.truths,
        cells.identifiers,
        lambda one: cells.boiler_output(one, unit="t/h"),
        lambda one: cells.codes(one, "boilers", "fuel", ("coal", "gas")),
        lambda one: cells.digits(one, 12)[::2],
    ):
        parsed, failed = parse(source)
        assert len(parsed) == len(source)
        lost = parsed.isna().to_numpy() & ~cells.is_empty(source).to_numpy()
        assert set(np.flatnonzero(lost)) <= set(failed)
        assert parsed.iloc[failed].isna().all()


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2023", "2023"),
        ("2023.6", "2023-06"),
        ("2023年10月", "2023-10"),
        ("2023-06-01", "2023-06-01"),
        ("2023-06-01 08:30:00", "2023-06-01"),
        ("6/13/2023", "2023-06-13"),
        ("13/6/2023", "2023-06-13"),
        ("06/06/2023", "2023-06-06"),
        ("03/04/2026", None),
        ("202306", "2023-06"),
        ("45078", "2023-06-01"),
        (2023.1, None),
        ("2023.1", None),
        ("2023.10", "2023-10"),
        (2023.6, "2023-06"),
        ("截至2025年底", "2025-12"),
        ("至2025年12月31日止", "2025-12-31"),
        ("自2023年6月起", "2023-06"),
        ("2023年上半年", None),
        ("2025年前", None),
        ("约2026年", None),
        ("2026年左右", None),
        ("20261", None),
        (2023.0, "2023"),
        (45078.0, "2023-06-01"),
        ("2023.13", None),
        ("2023-02-30", None),
        ("开春", None),
    ],
)
def test_dates_as_far_as_they_are_stated(cell, expected):
    parsed, failed = cells.dates(column(cell))
    assert parsed.tolist() == [expected or pd.NA]
    assert list(failed) == ([] if expected else [0])


def test_dates_of_a_date_column_and_blanks():
    parsed, failed = cells.dates(pd.Series(pd.to_datetime(["2023-06-01", None])))
    assert parsed.tolist() == ["2023-06-01", pd.NA]
    parsed, failed = cells.dates(column("长期有效"))
    assert (parsed.isna().all(), list(failed)) == (True, [])
    parsed, failed = cells.dates(column("—"))
    assert (parsed.isna().all(), list(failed)) == (True, [])


def test_no_spelling_of_a_unit_stands_twice_in_its_dimension():
    table = pd.read_csv(DATA_DIR / "vocabulary" / "units.csv", dtype=str, keep_default_na=False)
    folded = table.assign(spelling=table["spelling"].map(normalise))
    assert folded.groupby(["dimension", "spelling"])["factor"].nunique().max() == 1
    assert base_unit("metered_heat_gj") == "GJ"
    assert base_unit("coal_t") == "t"
    assert "tce" not in units_for("coal_t"), "a tonne of coal equivalent is not one of coal"
