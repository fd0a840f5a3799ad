"""The clean-heating rate: intervals, totals, gaps, and digits that never round over a target."""

import numpy as np
import pandas as pd
import pytest

from heating import rates
from heating.scenario import Scenario

COLUMNS = ["zone", "county_code", "clean_heating", "area_m2", "households_used"]


def stock(*rows, basis="floor_area"):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(area_basis=basis).astype({"zone": "string[pyarrow]", "county_code": "string[pyarrow]"})


CITY = stock(
    ("urban", "640202", "clean", 900.0, 9.0),
    ("urban", "640202", "unknown", 100.0, 1.0),
    ("urban", "640205", "clean", 500.0, 5.0),
    ("county_town", "640221", "clean", 700.0, 8.0),
    ("county_town", "640221", "not_clean", 200.0, 2.0),
    ("county_town", "640221", "unknown", 100.0, 0.0),
    ("rural", "640221", "clean", 300.0, 3.0),
    ("rural", "640221", "not_clean", 700.0, 7.0),
    ("rural", "640221", "not_heated", 900.0, 9.0),
    ("unknown", None, "clean", 50.0, 1.0),
    ("unknown", None, "not_clean", 50.0, 1.0),
)


def cell(zone, county, stocked=CITY, scenario=None):
    table = rates.clean_heating(stocked, scenario or Scenario())
    return table.set_index(["zone", "county_code"]).loc[(zone, county)]


def test_unknown_sources_make_an_interval():
    row = cell("urban", "640202")
    assert (row["rate_low"], row["rate_high"], row["standing"]) == (0.9, 1.0, "open")
    assert (row["gap_low_m2"], row["gap_high_m2"]) == (0.0, 100.0)


def test_targets_are_those_of_the_zones():
    assert cell("urban", "640205")["standing"] == "met"
    town, village = cell("county_town", "640221"), cell("rural", "640221")
    assert (town["rate_low"], town["rate_high"], town["standing"]) == (0.7, 0.8, "open")
    assert (town["gap_low_m2"], town["gap_high_m2"]) == pytest.approx((0.0, 100.0))
    assert (village["rate_low"], village["standing"]) == (0.3, "missed")
    assert (village["gap_low_m2"], village["gap_high_m2"]) == pytest.approx((300.0, 300.0))


def test_households_have_their_own_rate_and_gap():
    town = cell("county_town", "640221")
    assert (town["household_rate_low"], town["household_rate_high"]) == (0.8, 0.8)
    assert cell("rural", "640221")["gap_high_households"] == pytest.approx(3.0)


def test_what_is_not_heated_is_in_no_denominator():
    without = CITY[CITY["clean_heating"] != "not_heated"]
    pd.testing.assert_frame_equal(rates.clean_heating(CITY, Scenario()), rates.clean_heating(without, Scenario()))


def test_an_unknown_zone_is_counted_apart_and_has_no_target():
    row = cell("unknown", "unknown")
    assert np.isnan(row["target"])
    assert row["standing"] == "none"
    zones = rates.clean_heating(CITY, Scenario()).query("county_code == 'all'").set_index("zone")
    known = zones.loc[["urban", "county_town", "rural"], "clean_area_m2"].sum()
    assert zones.loc["all", "clean_area_m2"] == known + 50.0


def test_totals_are_the_sums_of_their_cells():
    table = rates.clean_heating(CITY, Scenario())
    sums = [f"{part}_{name}" for part in rates.PARTS for name in rates.MEASURES.values()]
    sums += ["clean_area_m2"]
    cells = table[(table["zone"] != "all") & (table["county_code"] != "all")]
    for zone, group in cells.groupby("zone"):
        np.testing.assert_allclose(cell(zone, "all")[sums].astype(float), group[sums].sum())
    for county, group in cells.groupby("county_code"):
        np.testing.assert_allclose(cell("all", county)[sums].astype(float), group[sums].sum())
    np.testing.assert_allclose(cell("all", "all")[sums].astype(float), cells[sums].sum())


def test_a_cell_that_is_not_heated_at_all_has_no_rate():
    row = cell("rural", "640221", stock(("rural", "640221", "not_heated", 100.0, 1.0)))
    assert np.isnan([row["rate_low"], row["rate_high"], row["household_rate_low"]]).all()
    assert (row["standing"], row["gap_high_m2"], row["area_bases"]) == ("none", 0.0, "")


def test_a_cell_of_unknown_sources_only_is_anything():
    row = cell("rural", "640221", stock(("rural", "640221", "unknown", 100.0, 1.0)))
    assert (row["rate_low"], row["rate_high"], row["standing"]) == (0.0, 1.0, "open")


def test_an_empty_city_is_an_empty_table():
    table = rates.clean_heating(CITY.iloc[:0], Scenario())
    assert table.empty
    assert {"rate_low", "target", "standing", "area_bases"} <= set(table)


def test_kinds_of_area_that_are_added_up_are_named():
    mixed = pd.concat([CITY, stock(("urban", "640202", "clean", 10.0, 1.0), basis="heated_area")])
    assert cell("urban", "640202", mixed)["area_bases"] == "floor_area;heated_area"
    assert cell("urban", "640205", mixed)["area_bases"] == "floor_area"


def test_targets_follow_the_scenario():
    assert cell("rural", "640221", scenario=Scenario(target_rural=0.3))["standing"] == "met"


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (1.0, "100.00%"),
        (0.999999999, "99.99%"),
        (0.7999999999999999, "80.00%"),
        (0.79999999, "79.99%"),
        (0.8, "80.00%"),
        (0.29, "29.00%"),
        (0.58, "58.00%"),
        (1e-9, "0.00%"),
        (float("nan"), "—"),
    ],
)
def test_percentages_are_cut_off_and_never_rounded_up(rate, said):
    assert rates.shown_percent(rate) == said


def test_villages_have_rates_too():
    frame = CITY.assign(village_code=["1"] * 4 + [None] * 7)
    table = rates.village_rates(frame).set_index("village_code")
    assert list(table.index) == ["1"]
    assert table.loc["1", "clean_area_m2"] == 2100.0
    assert table.loc["1", "rate_high"] == 1.0
    assert rates.village_rates(frame.iloc[4:]).empty


def test_a_target_that_is_exactly_met_is_met_however_the_sum_is_rounded():
    rows = [{"heat_source": source, "area_m2": 110.1} for source in ["chp"] * 3 + ["loose_coal"] * 2]
    low = sum(row["area_m2"] for row in rows[:3]) / sum(row["area_m2"] for row in rows)
    assert low < 0.6, "the sums are rounded"
    said = rates.standing(*(pd.Series([value]) for value in (low, low, 0.6)))
    assert said.tolist() == ["met"]
    assert rates.shown_percent(low) == "60.00%"
    assert rates.standing(*(pd.Series([value]) for value in (0.5999, 0.5999, 0.6))).tolist() == ["missed"]
