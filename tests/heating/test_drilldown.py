"""Rates from county to village: every level adds up to the one above, and nothing is dropped."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heating import drilldown, rates
from heating.drilldown import Area
from heating.scenario import Scenario

SUMS = [f"{part}_{name}" for part in rates.PARTS for name in rates.MEASURES.values()]
COUNTS = ["buildings", "unknown_buildings"]
GAPS = ["gap_low_m2", "gap_high_m2", "gap_low_households", "gap_high_households"]
VILLAGES = pd.DataFrame(
    {
        "village_code": ["640202001001", "640202001002", "640221100001", "640221200001"],
        "name": ["一村", "二村", "三村", "四村"],
        "town": ["甲街道", "甲街道", "乙镇", None],
    }
)
FIRST, BARE, UNLISTED = "640202001001", "640221200001", "640221999999"
ROW = st.fixed_dictionaries(
    {
        "zone": st.sampled_from(["urban", "county_town", "rural", "unknown"]),
        "county_code": st.sampled_from(["640202", "640221", None]),
        "village_code": st.sampled_from([*VILLAGES["village_code"], UNLISTED, None]),
        "clean_heating": st.sampled_from(["clean", "not_clean", "unknown", "not_heated"]),
        "area_m2": st.integers(1, 5000).map(float),
        "area_basis": st.sampled_from(["heated_area", "floor_area"]),
        "households_used": st.one_of(st.just(float("nan")), st.integers(0, 40).map(float)),
    }
)
STOCK = st.lists(ROW, min_size=1, max_size=40)


def frame_of(rows):
    text = {"zone": "string", "county_code": "string", "village_code": "string", "clean_heating": "string"}
    return pd.DataFrame(rows).astype(text)


def house(village, clean="clean", *, county="640202", zone="urban", area=100.0):
    return {
        "zone": zone,
        "county_code": county,
        "village_code": village,
        "clean_heating": clean,
        "area_m2": area,
        "area_basis": "floor_area",
        "households_used": 2.0,
    }


def table(frame, by, area=None, villages=VILLAGES):
    return drilldown.area_rates(frame, villages, Scenario(), by=by, area=area)


@settings(max_examples=12, deadline=None)
@given(rows=STOCK)
def test_the_rows_of_a_level_add_up_to_the_row_above(rows):
    frame = frame_of(rows)
    upper = drilldown.totals(frame, VILLAGES, Scenario())
    assert upper["buildings"].sum() == len(frame)
    keys = ["zone"]
    for level in drilldown.LEVELS:
        lower = table(frame, level)
        sums = lower.groupby(keys)[[*SUMS, *COUNTS, *GAPS]].sum()
        above = upper.set_index(keys).loc[sums.index]
        np.testing.assert_allclose(sums[[*SUMS, *COUNTS]], above[[*SUMS, *COUNTS]].astype(float))
        assert (sums[GAPS] >= above[GAPS].fillna(0.0) - 1e-6).all().all()
        upper, keys = lower, [drilldown.KEYS[one] for one in drilldown.LEVELS[: drilldown.LEVELS.index(level) + 1]]
        keys = [*keys, "zone"]


@settings(max_examples=12, deadline=None)
@given(rows=STOCK)
def test_going_down_into_a_row_shows_its_parts_and_no_more(rows):
    frame = frame_of(rows)
    for row in table(frame, "town").to_dict("records"):
        area = Area(county=row["county_code"], town=row["town"], zone=row["zone"])
        parts = table(frame, "village", area)
        np.testing.assert_allclose(parts[SUMS].sum(), [row[name] for name in SUMS])
        assert len(drilldown.building_rows(frame.assign(building_id="b"), VILLAGES, area)) == row["buildings"]
        whole = drilldown.totals(frame, VILLAGES, Scenario(), area=area)
        assert list(whole["zone"]) == [row["zone"]]
        assert whole["buildings"].iloc[0] == row["buildings"]


@settings(max_examples=12, deadline=None)
@given(rows=STOCK)
def test_the_counties_are_those_of_the_rate_table(rows):
    frame = frame_of(rows)
    known = rates.clean_heating(frame, Scenario()).set_index(["county_code", "zone"])
    columns = [*SUMS, *GAPS, "rate_low", "rate_high", "household_rate_low", "target"]
    for row in table(frame, "county").to_dict("records"):
        np.testing.assert_allclose(
            [row[name] for name in columns], known.loc[(row["county_code"], row["zone"]), columns].astype(float)
        )
        assert row["standing"] == known.loc[(row["county_code"], row["zone"]), "standing"]


def test_what_has_no_village_or_town_is_a_row_of_its_own():
    frame = frame_of([house(FIRST), house(None), house(BARE), house(UNLISTED), house(FIRST, county=None)])
    towns = table(frame, "town").set_index(["county_code", "town"])["buildings"].to_dict()
    assert towns == {("640202", "甲街道"): 1, ("640202", "unknown"): 3, ("unknown", "甲街道"): 1}
    villages = table(frame, "village", Area(county="640202", town="unknown")).set_index("village_code")
    assert set(villages.index) == {"unknown", BARE, UNLISTED}
    assert villages.loc[BARE, "name"] == "四村"
    assert villages.loc[UNLISTED, "name"] == UNLISTED


def test_without_a_villages_layer_every_town_is_unknown():
    frame = frame_of([house(FIRST), house(None)])
    assert set(table(frame, "town", villages=None)["town"]) == {"unknown"}
    assert table(frame, "village", villages=None)["buildings"].sum() == 2


def test_the_largest_gap_comes_first_and_no_target_last():
    frame = frame_of(
        [
            house(FIRST, "not_clean", area=100.0),
            house("640202001002", "unknown", area=300.0),
            house(None, "not_clean", zone="unknown", area=900.0),
        ]
    )
    found = table(frame, "village")
    assert list(found["village_code"]) == ["640202001002", FIRST, "unknown"]
    assert list(found["standing"]) == ["open", "missed", "none"]
    assert found["unknown_share"].tolist() == [1.0, 0.0, 0.0]


def test_where_nothing_is_heated_there_is_no_rate_and_no_share():
    row = table(frame_of([house(FIRST, "not_heated")]), "county").iloc[0]
    assert np.isnan([row["rate_low"], row["rate_high"], row["unknown_share"]]).all()
    assert row["buildings"] == 1


def test_buildings_that_are_not_clean_come_first():
    frame = frame_of(
        [house(FIRST), house(FIRST, "unknown"), house(FIRST, "not_clean"), house(FIRST, "not_clean", area=900.0)]
    ).assign(building_id=["a", "b", "c", "d"])
    rows = drilldown.building_rows(frame, VILLAGES, Area(village=FIRST))
    assert rows["building_id"].tolist() == ["d", "c", "b", "a"]
    assert frame["building_id"].iloc[rows["row"]].tolist() == rows["building_id"].tolist()


@pytest.mark.parametrize(
    ("area", "below"),
    [
        (Area(), "county"),
        (Area(county="1", zone="rural"), "town"),
        (Area(county="1", town="2"), "village"),
        (Area(county="1", town="2", village="3"), None),
    ],
)
def test_the_level_below_an_area(area, below):
    assert area.below == below


def test_an_empty_area_is_an_empty_table():
    found = table(frame_of([house(FIRST)]), "village", Area(county="nowhere"))
    assert found.empty
    assert {"rate_low", "buildings", "unknown_share", "name"} <= set(found)
