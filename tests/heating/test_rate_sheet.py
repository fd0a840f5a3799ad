"""Table J4 re-adds: sources to their subtotals, parts to the total, zones and counties to the city."""

import math

import numpy as np
import pandas as pd
import pytest
from heating_samples import buildings, layers_of, square

from data import parameters
from data.catalog import text
from heating import rate_sheet, rates
from heating.assessment import assess
from heating.scenario import Scenario

BASES = ("area", "households")


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


@pytest.mark.parametrize("basis", BASES)
def test_sources_add_up_to_their_subtotals_and_these_to_the_total(done, basis):
    table = rate_sheet.j4(done, basis)
    np.testing.assert_allclose(table[list(rate_sheet.CLEAN)].sum(axis=1), table["clean"])
    np.testing.assert_allclose(table[list(rate_sheet.DIRTY)].sum(axis=1), table["not_clean"])
    np.testing.assert_allclose(table[["clean", "not_clean", "unknown"]].sum(axis=1), table["total"])
    np.testing.assert_allclose((table["rate_low"] * table["total"]).fillna(0.0), table["clean"])
    np.testing.assert_allclose((table["rate_high"] * table["total"]).fillna(0.0), table["clean"] + table["unknown"])


@pytest.mark.parametrize("basis", BASES)
def test_every_cell_is_the_sum_of_its_buildings(done, basis):
    measure, scale = {"area": ("area_m2", 1e4), "households": ("households_used", 1.0)}[basis]
    reported = parameters.table("heat_sources")["reported_as"].to_dict()
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    county = heated["county_code"].astype(object).fillna("unknown")
    source = heated["heat_source"].astype(object).map(reported)
    for row in rate_sheet.j4(done, basis).to_dict("records"):
        here = np.ones(len(heated), dtype=bool)
        if row["county_code"] != rates.ALL:
            here &= (county == row["county_code"]).to_numpy()
        if row["zone"] != rates.ALL:
            here &= (heated["zone"] == row["zone"]).to_numpy(dtype=bool)
        for name in (*rate_sheet.CLEAN, *rate_sheet.DIRTY):
            wanted = heated.loc[here & (source == name).to_numpy(), measure].sum() / scale
            assert row[name] == pytest.approx(wanted, abs=1e-9), (row["county_code"], row["zone"], name)


def test_a_source_that_counts_otherwise_stays_in_its_column(city):
    done = assess(city, Scenario(clean_overrides={"biomass": False}))
    table = rate_sheet.j4(done)
    np.testing.assert_allclose(table[list(rate_sheet.CLEAN)].sum(axis=1) - table["biomass"], table["clean"])


def test_every_source_has_a_column_and_clean_ones_stand_among_the_clean():
    table = parameters.table("heat_sources")
    for code, row in table.iterrows():
        columns = {"yes": rate_sheet.CLEAN, "no": rate_sheet.DIRTY}.get(row["clean"], ("unknown", "not_heated"))
        assert row["reported_as"] in columns, code


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_keep_rates_below_and_name_unit_and_day(done, basis, language):
    table = rate_sheet.j4(done, basis)
    shown = rate_sheet.in_words(table, done, basis, day="2026-11-23", language=language)
    assert shown.columns.is_unique
    assert set(shown[text("j4.day", language)]) == {"2026-11-23"}
    unit = text(f"j4.unit_{basis}", language)
    assert f"{text('j4.chp', language)}({unit})" in shown
    for said, low, high in zip(shown[text("j4.rate", language)], table["rate_low"], table["rate_high"], strict=True):
        if math.isnan(low):
            assert said == "—"
            continue
        parts = [float(part.rstrip("%")) / 100 for part in said.split("–")]
        for part, rate in zip(parts, sorted({low, high}), strict=True):
            assert part - 1e-12 <= rate < part + 1e-4


def test_the_gap_of_an_area_in_households_is_that_area_converted(done):
    table = rate_sheet.j4(done, "area")
    wanted = table["gap_high"] * 1e4 / done.scenario.area_per_household_m2
    np.testing.assert_allclose(table["gap_high_households"], wanted)
    houses = buildings(
        {"heat_source": "loose_coal", "heated_area_m2": 9_000.0, "households": 1.0},
        {"heat_source": "chp", "heated_area_m2": 1_000.0, "households": 99.0, "geometry": square(5_000, 20.0)},
    )
    small = assess(layers_of(buildings=houses), Scenario())
    shown = rate_sheet.in_words(rate_sheet.j4(small), small, "area", day="2026-11-23")
    assert (shown[text("j4.gap_households")].dropna() >= 0).all()
    assert not any(str(gap).startswith("-") for gap in shown[text("j4.gap_households")])


def test_households_are_not_areas(done):
    area, households = (rate_sheet.j4(done, basis) for basis in BASES)
    pd.testing.assert_series_equal(area["households"], households["total"], check_names=False)
    assert (area["total"] != households["total"]).any()
