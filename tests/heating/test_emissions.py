"""Emissions of heat: the worked figures of FACTS, sums over what is known only, and nothing that no factor gives."""

import math

import numpy as np
import pandas as pd
import pytest

from data import parameters
from heating import emissions
from heating.assessment import assess
from heating.scenario import Scenario
from heating.what_if import Measure, effect

UNCITED = ("clean_briquette", "firewood", "biomass", "geothermal", "waste_heat", "solar", "nuclear", "waste_chp")


def test_worked_figures_of_the_facts():
    """FACTS H: coal at 55 % 165 kg/GJ, power of 2022 178 kg/GJ (8 % more), even at a COP of 1.08."""
    table = emissions.per_gj()
    assert table.loc["loose_coal", "co2_t"] * 1e3 == pytest.approx(165, abs=0.5)
    with parameters.overridden({"emissions.grid_ningxia_2023": 0.6423}):
        told = emissions.direct_electric()
    assert told["electric_kg_gj"] == pytest.approx(178, abs=0.5)
    assert told["rise"] == pytest.approx(0.08, abs=0.005)
    assert told["even_cop"] == pytest.approx(1.08, abs=0.005)
    coal = {0.55: 62, 0.65: 52.5, 0.75: 45.5, 0.80: 42.6, 0.88: 38.8}  # FACTS G2: kgce of a GJ by efficiency
    for efficiency, kgce in coal.items():
        with parameters.overridden({"heat_conversion.loose_coal": efficiency}):
            assert emissions.per_gj().loc["loose_coal", "tce"] * 1e3 == pytest.approx(kgce, abs=0.3)


def test_direct_electric_heating_raises_co2_and_heat_pumps_do_not():
    told, table = emissions.direct_electric(), emissions.per_gj()
    assert told["rise"] > 0
    assert told["coal_low_kg_gj"] < told["coal_kg_gj"] < told["coal_high_kg_gj"]
    for pump in ("heat_pump", "air_heater"):
        assert table.loc[pump, "co2_t_high"] < table.loc["loose_coal", "co2_t_low"]
    with parameters.overridden({"heat_conversion.loose_coal": told["even_efficiency"]}):
        assert emissions.direct_electric()["rise"] == pytest.approx(0.0, abs=1e-12)


def test_the_range_holds_the_figure_and_a_changed_constant_has_none():
    table = emissions.per_gj().dropna(subset=["co2_t"])
    assert (table["co2_t_low"] <= table["co2_t"]).all()
    assert (table["co2_t"] <= table["co2_t_high"]).all()
    with parameters.overridden({"heat_conversion.loose_coal": 0.5}):
        row = emissions.per_gj().loc["loose_coal"]
    assert row["co2_t_low"] == row["co2_t"] == row["co2_t_high"]


def test_what_no_factor_gives_is_not_nought():
    table = emissions.per_gj()
    assert table.loc[list(UNCITED), "co2_t"].isna().all()
    assert math.isnan(table.loc["coal_boiler", "so2_kg"]), "the sulphur of its coal is not known"
    assert table.loc[["electric_heater", "heat_pump", "chp"], "so2_kg"].eq(0.0).all(), "nothing is burnt in the house"
    assert set(table.index) | {"none", "unknown"} == set(parameters.table("heat_sources").index)


def test_emissions_are_heat_times_factor():
    source = pd.Series(["loose_coal", "none", "unknown", "air_heater", "loose_coal"], index=list("abcde"))
    heat = pd.Series([10.0, 0.0, 5.0, 10.0, np.nan], index=source.index)
    told, factors = emissions.emitted(source, heat), emissions.per_gj()
    np.testing.assert_allclose(told.loc["a"], factors.loc["loose_coal"] * 10.0)
    assert (told.loc["b"] == 0.0).all()
    assert told.loc["c"].isna().all()
    assert told.loc["e"].isna().all()


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


def test_before_and_after_speak_of_the_same_buildings(done):
    villages = tuple(sorted(done.buildings["village_code"].dropna().unique())[:60])
    found = effect(done, [Measure(villages=villages, to="air_heater", which="not_clean_and_unknown")])
    moved = found.buildings.index[found.buildings["measure"] == 1]
    table = found.emissions.set_index("quantity")
    assert set(table.index) == set(emissions.QUANTITIES)
    before, factors = done.buildings.loc[moved], emissions.per_gj()
    for quantity, row in table.iterrows():
        factor = before["heat_source"].astype(object).map(factors[quantity])
        known = factor.notna() & before["heat_gj"].notna() & ~math.isnan(factors.loc["air_heater", quantity])
        assert (row["buildings"], row["known"]) == (len(moved), known.sum())
        assert row["heat_gj"] == pytest.approx(before["heat_gj"][known].sum())
        assert row["before"] == pytest.approx((factor * before["heat_gj"])[known].sum())
        assert row["after"] == pytest.approx(factors.loc["air_heater", quantity] * before["heat_gj"][known].sum())
        assert row["change"] == pytest.approx(row["after"] - row["before"])
    assert table.loc["co2_t", "known"] < len(moved), "what is not known what it burns is left out"
    assert table.loc["co2_t", "change"] < 0


def test_measures_are_told_one_by_one_and_none_gives_none(done):
    villages = sorted(done.buildings["village_code"].dropna().unique())
    both = effect(
        done, [Measure(villages=tuple(villages[:40]), to="electric_heater"), Measure(villages=("x",), to="chp")]
    )
    assert set(both.emissions["measure"]) == {1}
    assert effect(done, []).emissions.empty


def test_changed_constants_of_the_scenario_count(city, done):
    villages = tuple(sorted(done.buildings["village_code"].dropna().unique()))
    measure = [Measure(villages=villages, to="electric_heater")]
    changed = assess(city, Scenario(parameters={"emissions.grid_ningxia_2023": 0.3}), solar=done.solar)
    ours, theirs = (effect(one, measure).emissions.set_index("quantity") for one in (done, changed))
    assert theirs.loc["co2_t", "after"] == pytest.approx(ours.loc["co2_t", "after"] * 0.3 / 0.6187)
    assert theirs.loc["co2_t", "before"] == pytest.approx(ours.loc["co2_t", "before"])
