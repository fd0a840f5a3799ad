"""Conversions of villages: only what they name moves, and the rate moves by exactly that."""

import numpy as np
import pandas as pd
import pytest

from heating import rates
from heating.assessment import assess
from heating.scenario import Scenario
from heating.what_if import WHICH, Measure, converted, effect


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


@pytest.fixture(scope="module")
def villages(done):
    return sorted(done.buildings["village_code"].dropna().unique())


def whole(table):
    return table[table["county_code"] == rates.ALL].set_index("zone")


def test_without_measures_nothing_moves(done):
    found = effect(done, [])
    assert (found.table["rate_low"].fillna(-1) == found.table["rate_low_after"].fillna(-1)).all()
    assert found.measures.empty
    assert (found.buildings["measure"] == 0).all()


@pytest.mark.parametrize("which", WHICH)
def test_the_rate_moves_by_what_is_converted(done, villages, which):
    found = effect(done, [Measure(villages=tuple(villages[::2]), to="air_heater", which=which)])
    moved = found.buildings[found.buildings["measure"] > 0]
    before = done.buildings.loc[moved.index]
    assert len(moved)
    assert set(moved["heat_source"]) == {"air_heater"}
    assert set(before["clean_heating"]) <= ({"not_clean"} if which == "not_clean" else {"not_clean", "unknown"})
    assert set(moved["village_code"]) <= set(villages[::2])
    table = whole(found.table)
    zones = done.buildings["zone"]
    heated = done.buildings["clean_heating"] != "not_heated"
    for zone in table.index.drop([rates.ALL]):
        total = done.buildings.loc[heated & (zones == zone), "area_m2"].sum()
        if total == 0:
            assert np.isnan(table.loc[zone, "rate_low_after"])
            continue
        gained = moved.loc[moved["zone"] == zone, "area_m2"].sum() / total
        assert table.loc[zone, "rate_low_after"] - table.loc[zone, "rate_low"] == pytest.approx(gained, abs=1e-12)
        dirty = before[(before["zone"] == zone) & (before["clean_heating"] == "not_clean")]["area_m2"].sum() / total
        assert table.loc[zone, "rate_high_after"] - table.loc[zone, "rate_high"] == pytest.approx(dirty, abs=1e-12)
    assert found.measures["area_m2"].iloc[0] == pytest.approx(moved["area_m2"].sum())


@pytest.mark.parametrize("split", [0, 7, 30])
@pytest.mark.parametrize("order", [False, True])
def test_two_halves_do_what_the_whole_does(done, villages, split, order):
    parts = [tuple(villages[:split]), tuple(villages[split:])]
    halves = [Measure(villages=part, to="heat_pump") for part in (parts[::-1] if order else parts)]
    one = effect(done, [Measure(villages=tuple(villages), to="heat_pump")])
    two = effect(done, halves)
    pd.testing.assert_frame_equal(one.table, two.table)
    np.testing.assert_allclose(one.measures["area_m2"].sum(), two.measures["area_m2"].sum())


def test_an_earlier_measure_comes_first_and_unclean_sources_gain_nothing(done, villages):
    twice = [Measure(villages=tuple(villages), to="gas_wall_hung"), Measure(villages=tuple(villages), to="heat_pump")]
    found = effect(done, twice)
    assert found.measures["buildings"].tolist()[1] == 0
    assert "heat_pump" not in set(found.buildings.loc[found.buildings["measure"] > 0, "heat_source"])
    briquettes = effect(done, [Measure(villages=tuple(villages), to="clean_briquette")])
    table = whole(briquettes.table).dropna(subset="rate_low")
    assert (table["rate_low"] == table["rate_low_after"]).all()
    unknown = converted(pd.DataFrame(done.buildings), [Measure(villages=("x",), to="heat_pump")], {})
    assert (unknown["measure"] == 0).all()
