"""The ladder's tables re-add to the buildings that they count."""

import numpy as np
import pandas as pd
import pytest
from heating_samples import areas, buildings, layers_of, square, units

from data.catalog import UNKNOWN
from heating import ladder_tables, rates
from heating.assessment import assess
from heating.ladder import RUNGS
from heating.scenario import Scenario


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario(tap_reach_m=100.0))


def test_every_heated_building_stands_on_one_rung_of_every_table(done):
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    table = ladder_tables.city_table(done)
    for part in (table[table["county_code"] == rates.ALL], table[table["county_code"] != rates.ALL]):
        assert part["buildings"].sum() == len(heated)
        assert part["area_m2"].sum() == pytest.approx(heated["area_m2"].sum())
        assert part["households"].sum() == pytest.approx(heated["households_used"].sum())
    for row in table.itertuples():
        rows = heated[(heated["zone"] == row.zone) & (heated["coverage"] == row.coverage)]
        if row.county_code != rates.ALL:
            rows = rows[rows["county_code"].fillna(UNKNOWN) == row.county_code]
        assert (row.buildings, row.area_m2) == (len(rows), pytest.approx(rows["area_m2"].sum()))
    assert table["county_code"].iloc[0] == rates.ALL
    within = table.groupby(["county_code", "zone"], sort=False)["coverage"].agg(list)
    assert all(said == sorted(said, key=RUNGS.index) for said in within)


def test_villages_are_groups_of_households(done):
    table = ladder_tables.by_rung(pd.DataFrame(done.buildings), ["village_code"])
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    wanted = heated.groupby([heated["village_code"].fillna(UNKNOWN), "coverage"])["households_used"].sum()
    found = table.set_index(["village_code", "coverage"])["households"]
    assert len(found) == len(wanted)
    np.testing.assert_allclose(found.loc[wanted.index], wanted)


def test_compounds_tell_where_all_of_their_homes_stand():
    homes = buildings(
        {"household_group": "甲", "heat_source": "loose_coal"},
        {"household_group": "甲", "heat_source": "loose_coal"},
        {"household_group": "乙", "heat_source": "chp", "heated_area_m2": 300.0},
        {"household_group": "乙", "heat_source": "gas_boiler", "heated_area_m2": 100.0},
        {"household_group": "乙", "heat_source": "none"},
        {"household_group": None},
    )
    done = assess(layers_of(buildings=homes, networks=areas({})), Scenario())
    table = ladder_tables.by_household_group(done).set_index("household_group")
    first = done.buildings["coverage"].iloc[0]
    assert table.loc["甲", ["group_coverage", "group_rung", "group_share", "coal_buildings"]].tolist() == [
        first,
        first,
        1.0,
        2,
    ]
    assert table.loc["乙", ["group_coverage", "group_rung", "group_share", "buildings"]].tolist() == [
        ladder_tables.MIXED,
        "connected",
        0.75,
        2,
    ]
    assert len(table) == 2
    none = assess(layers_of(buildings=buildings({})), Scenario())
    assert ladder_tables.by_household_group(none).empty


def test_groups_of_the_city_re_add_to_its_homes(done):
    table = ladder_tables.by_household_group(done)
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    own = heated[heated["household_group"].notna()]
    assert table["buildings"].sum() == len(own)
    assert table["households"].sum() == pytest.approx(own["households_used"].sum())
    for row in table.itertuples():
        rows = own[(own["household_group"] == row.household_group) & (own["village_code"] == row.village_code)]
        assert (row.group_coverage == ladder_tables.MIXED) == (len(set(rows["coverage"])) > 1)


def test_loose_coal_is_a_finding_only_where_it_surely_lies_inside(done):
    found = ladder_tables.loose_coal(done)
    assert len(found)
    assert set(found["heat_source"]) <= set(ladder_tables.LOOSE_COAL)
    assert (found["p_covered"] >= 0.95).all()
    coal = done.buildings["heat_source"].isin(ladder_tables.LOOSE_COAL)
    left = done.buildings[coal & ~done.buildings["building_id"].isin(found["building_id"])]
    assert not (left["reading_declared"] == "yes").any()


def test_coal_with_an_account_is_a_finding_that_contradicts_itself():
    houses = buildings(
        {"heat_source": "loose_coal"},
        {"heat_source": "loose_coal", "meter_id": "U1"},
        {"heat_source": "chp", "meter_id": "U2"},
        {"heat_source": "loose_coal", "meter_id": "U3", "geometry": square(60_000, 20.0)},
    )
    done = assess(layers_of(buildings=houses, networks=areas({})), Scenario())
    found = ladder_tables.loose_coal(done)
    assert found["building_id"].tolist() == ["B2", "B1"]
    assert found["coverage"].tolist() == ["connected", "covered_spare"]
    assert done.buildings["in_service_area"].tolist() == done.buildings["reading_declared"].tolist()


@pytest.mark.parametrize(
    ("plant", "states"),
    [({"spare_heat_mw": None}, "yes"), ({"spare_heat_mw": 100.0}, "yes"), ({"spare_heat_mw": 0.15}, "no")],
)
def test_areas_of_one_plant_draw_on_it_together(plant, states):
    houses = buildings({"heat_source": "loose_coal"}, {"heat_source": "loose_coal", "geometry": square(5_000, 20.0)})
    networks = areas({"plant_id": "P1"}, {"plant_id": "P1", "geometry": square(5_000)})
    table = ladder_tables.by_network(
        assess(layers_of(buildings=houses, networks=networks, plants=units(plant)), Scenario())
    )
    assert table["together_mw"].between(0.01, 0.2).all()
    np.testing.assert_allclose(table["plant_together_mw"], table["together_mw"].sum())
    assert (table["together_mw"] < 0.15).all(), "it is the sum that is short"
    assert set(table["enough"]) == {states}


def test_the_readings_are_all_rows(done):
    table = ladder_tables.readings(done.buildings)
    assert table["count"].sum() == len(done.buildings)
    assert set(table["reading_line"]) <= {"yes", "no", "review"}


def test_the_need_of_an_area_is_that_of_its_buildings_that_are_not_connected(done):
    table = ladder_tables.by_network(done).set_index("network_id")
    assert len(table)
    spare = done.layers.frames["networks"].set_index("network_id")["spare_heat_mw"]
    for name, row in table.iterrows():
        inside = done.buildings[
            (done.buildings["coverage_network_id"] == name)
            & done.buildings["coverage"].isin(["covered_spare", "covered_full", "covered_unstated"])
            & (done.buildings["clean_heating"] != "not_heated")
        ]
        assert row["buildings"] == len(inside)
        assert row["together_mw"] == pytest.approx(inside["peak_kw"].sum() / 1000)
        assert row["spare_mw"] == pytest.approx(spare[name], nan_ok=True)
        wanted = "no" if row["together_mw"] > row["spare_mw"] else "yes"
        open_ones = np.isnan(row["spare_mw"]) or (row["need_unknown"] and wanted == "yes")
        assert row["enough"] == ("review" if open_ones else wanted)
