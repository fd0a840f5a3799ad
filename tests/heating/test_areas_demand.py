"""Areas with their basis, the taxonomy of heat sources, and heat demand."""

import math

import numpy as np
import pandas as pd
import pytest
from heating_samples import LOCAL, buildings, square

from data import parameters
from data.codes import HEAT_SOURCES, USES
from heating import areas, demand, sources
from heating.season import of_table


def one(**known):
    return buildings({"geometry": square(3000, 20.0)} | known).to_crs(LOCAL)


@pytest.mark.parametrize(
    ("known", "metres", "basis"),
    [
        ({"heated_area_m2": 900.0, "floor_area_m2": 1000.0}, 900.0, "heated_area"),
        ({"heated_area_m2": 0.0, "floor_area_m2": 1000.0}, 0.0, "heated_area"),
        ({"floor_area_m2": 1000.0}, 1000.0, "floor_area"),
        ({"floors": 6.0}, 2400.0, "footprint_x_declared"),
        ({"floors": math.nan, "height_m": 18.0}, 2400.0, "footprint_x_from_height"),
        ({"floors": math.nan, "height_m": 1.0}, 400.0, "footprint_x_from_height"),
        ({"floors": math.nan}, 400.0, "footprint_x_assumed_one"),
    ],
)
def test_the_best_known_area_is_taken_and_says_what_it_is(known, metres, basis):
    row = areas.heated_area(one(**known)).iloc[0]
    assert row["area_m2"] == pytest.approx(metres, rel=1e-4)
    assert row["area_basis"] == basis


def test_areas_in_degrees_are_refused():
    with pytest.raises(ValueError, match="projected"):
        areas.heated_area(buildings({}))


@pytest.mark.parametrize(
    ("known", "count", "basis"),
    [
        ({"households": 7.0}, 7.0, "declared"),
        ({"households": 0.0}, 0.0, "declared"),
        ({"use": "rural_house"}, 24.0, "from_area"),
        ({"use": "school"}, 0.0, "not_a_home"),
    ],
)
def test_households_are_declared_or_by_area(known, count, basis):
    frame = one(**known)
    row = areas.households(frame, areas.heated_area(frame)["area_m2"], area_per_household_m2=100.0).iloc[0]
    assert (row["households_used"], row["households_basis"]) == (pytest.approx(count, rel=1e-4), basis)


def test_the_taxonomy_is_that_of_2100():
    found = sources.cleanness(pd.Series(HEAT_SOURCES)).set_axis(HEAT_SOURCES)
    clean = {"chp", "large_coal_ultra_low", "gas_boiler", "gas_wall_hung", "electric_boiler", "heat_pump"}
    clean |= {"air_heater", "electric_heater", "geothermal", "waste_heat", "biomass", "solar", "nuclear", "waste_chp"}
    assert set(found.index[found == "clean"]) == clean
    assert set(found.index[found == "not_clean"]) == {"coal_boiler", "loose_coal", "clean_briquette", "firewood"}
    assert (found["none"], found["unknown"]) == ("not_heated", "unknown")


def test_sources_by_override_and_outside_the_taxonomy():
    column = pd.Series(["clean_briquette", None, "chp"])
    assert list(sources.cleanness(column, overrides={"clean_briquette": True})) == ["clean", "unknown", "clean"]
    with pytest.raises(KeyError, match="peat"):
        sources.cleanness(pd.Series(["peat"]))


@pytest.mark.parametrize(
    ("known", "name", "watts"),
    [
        ({"year_built": 1995.0}, "q_residential_before_1996", 60.0),
        ({"year_built": 1996.0}, "q_residential_1996_2000", 55.0),
        ({"year_built": 2000.0}, "q_residential_1996_2000", 55.0),
        ({"year_built": 2001.0}, "q_residential_2001_2008", 45.0),
        ({"year_built": 2018.0}, "q_residential_2009_2018", 38.0),
        ({"year_built": 2024.0}, "q_residential_from_2019", 29.0),
        ({"year_built": math.nan}, "q_residential_before_1996", 60.0),
        ({"use": "rural_house", "retrofitted": True}, "q_rural_house_retrofitted", 55.0),
        ({"use": "rural_house", "retrofitted": None}, "q_rural_house_uninsulated", 90.0),
        ({"use": "school", "year_built": 2004.0}, "q_office_school_before_2005", 70.0),
        ({"use": "school", "year_built": 2005.0}, "q_office_school_from_2005", 60.0),
        ({"use": "hospital", "year_built": 2010.0}, "q_hospital_from_2005", 60.0),
        ({"year_built": 1980.0, "energy_standard": "p75"}, "q_residential_from_2019", 29.0),
        ({"year_built": 2015.0, "energy_standard": "none"}, "q_residential_before_1996", 60.0),
        ({"year_built": 2015.0, "energy_standard": "unknown"}, "q_residential_2009_2018", 38.0),
        ({"use": "school", "year_built": 2015.0, "energy_standard": "p30"}, "q_office_school_before_2005", 70.0),
        ({"use": "school", "year_built": 1990.0, "energy_standard": "p50"}, "q_office_school_from_2005", 60.0),
    ],
)
def test_indices_go_by_use_and_year(known, name, watts):
    row = demand.heat_demand(one(**known), pd.Series([1000.0])).iloc[0]
    assert (row["heat_index"], row["heat_index_w_m2"], row["peak_kw"]) == (name, watts, watts)
    assert row["heat_gj"] == pytest.approx(watts * of_table().gj_per_kw)


def test_annual_heat_is_that_of_the_norm():
    # FACTS G1 for 151 days [GJ/m²], to two decimals
    for watts, wanted in ((30, 0.26), (35, 0.30), (40, 0.35), (45, 0.39), (50, 0.43), (60, 0.52)):
        assert watts * of_table().gj_per_kw / 1000 == pytest.approx(wanted, abs=0.005)


def test_what_is_not_heated_needs_nothing_and_what_has_no_index_is_not_known():
    none = demand.heat_demand(one(heat_source="none", use="factory"), pd.Series([1000.0])).iloc[0]
    factory = demand.heat_demand(one(use="factory"), pd.Series([1000.0])).iloc[0]
    assert (none["peak_kw"], none["heat_gj"]) == (0.0, 0.0)
    assert np.isnan([factory["peak_kw"], factory["heat_gj"]]).all()


def test_every_use_has_an_index_or_none_on_purpose():
    kinds = parameters.table("building_uses")["heat_index_class"]
    assert set(kinds) <= {*demand.BANDED, "rural_house", "industrial", "none", "unknown"}
    frame = buildings(*({"use": use} for use in USES)).to_crs(LOCAL)
    names = demand.index_names(frame)
    known = kinds.reindex(USES).isin([*demand.BANDED, "rural_house"]).to_numpy()
    assert (names.notna().to_numpy() == known).all()
    assert set(names.dropna()) <= set(parameters.constants("heat_indices"))


def metered(*heats, **said):
    rows = [{"heat_source": "chp", "metered_heat_gj": heat, "heated_area_m2": 1000.0} | said for heat in heats]
    frame = buildings(*rows)
    return frame, demand.heat_demand(frame, pd.Series(1000.0, index=frame.index))


def test_a_meter_of_ones_own_counts_before_the_index():
    _, found = metered(500.0, None)
    assert found["heat_gj"].tolist() == [500.0, pytest.approx(found["index_heat_gj"].iloc[1])]
    assert found["heat_basis"].tolist() == ["metered", "index"]
    np.testing.assert_allclose(found["peak_kw"], found["heat_gj"] / of_table().gj_per_kw)


def test_a_class_is_calibrated_once_enough_of_it_are_metered():
    enough = int(parameters.value("policy", "calibration_min_buildings"))
    for count, basis in ((enough - 1, "index"), (enough, "calibrated")):
        frame, found = metered(*([300.0, 500.0] * enough)[:count], None)
        assert found["heat_basis"].iloc[-1] == basis
        table = demand.calibration(frame, found)
        assert table["metered_buildings"].tolist() == [count]
        wanted = table["metered_gj"].iloc[0] / table["index_gj"].iloc[0] if basis == "calibrated" else 1.0
        assert found["heat_gj"].iloc[-1] == pytest.approx(found["index_heat_gj"].iloc[-1] * wanted)


def test_a_meter_at_nought_and_a_building_without_heating_measure_nothing():
    _, found = metered(0.0)
    assert found["heat_basis"].tolist() == ["index"]
    _, cold = metered(500.0, heat_source="none")
    assert (cold["heat_gj"].tolist(), cold["peak_kw"].tolist()) == ([0.0], [0.0])


def test_a_factory_with_a_meter_has_a_demand_and_one_without_has_none():
    frame, found = metered(900.0, None, use="factory")
    assert found["heat_gj"].iloc[0] == 900.0
    assert np.isnan(found["heat_gj"].iloc[1])
    assert pd.isna(found["heat_basis"].iloc[1])
    assert demand.calibration(frame, found).empty


def test_meters_sum_to_themselves():
    rng = np.random.default_rng(4)
    heats = rng.uniform(200, 600, 40)
    _, found = metered(*heats)
    assert found["heat_gj"].sum() == pytest.approx(heats.sum())
