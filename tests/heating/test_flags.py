"""Contradictions between ledgers, accounts, meters and subsidies; what has no column is not called clean."""

import pandas as pd
from heating_samples import areas, buildings, layers_of, square

from heating import flags
from heating.assessment import assess
from heating.scenario import Scenario

ROWS = (
    {"heat_source": "heat_pump", "relapsed": True},
    {"heat_source": "loose_coal", "meter_id": "U1"},
    {"heat_source": "loose_coal", "subsidy_yuan": 5000.0},
    {"heat_source": "air_heater", "stove_removed": False},
    {"heat_source": "chp", "metered_heat_gj": 0.0},
    {"heat_source": "chp", "meter_id": "U9", "metered_heat_gj": 80.0},
    {"heat_source": "chp", "meter_id": "U9", "metered_heat_gj": 80.0},
    {"heat_source": "heat_pump", "stove_removed": True, "subsidy_yuan": 5000.0, "relapsed": False},
    {"heat_source": "chp", "metered_heat_gj": None},
    {"heat_source": "loose_coal", "stove_removed": False, "subsidy_yuan": 0.0},
)


def run(*rows):
    placed = [{"geometry": square(3_000.0 + 60 * at, 20.0)} | row for at, row in enumerate(rows)]
    return assess(layers_of(buildings=buildings(*placed), networks=areas({})), Scenario()).buildings


def said(frame):
    found = flags.flags(frame)
    return [[name for name in flags.FLAGS if row[name]] for _, row in found.iterrows()]


def test_each_contradiction_is_told_and_nothing_else():
    assert said(run(*ROWS)) == [
        ["relapsed"],
        ["coal_with_account"],
        ["coal_with_subsidy"],
        ["stove_kept"],
        ["no_heat_metered"],
        ["account_twice"],
        ["account_twice"],
        [],
        [],
        [],
    ]


def test_outlines_that_are_the_same_are_found_however_they_are_drawn():
    shape = square(3_000.0, 20.0)
    turned = shape.reverse()
    frame = run({"geometry": shape}, {"geometry": turned}, {})
    assert said(frame) == [["footprint_twice"], ["footprint_twice"], []]


def test_without_a_column_nothing_is_flagged_and_the_count_says_that_nothing_was_looked_at():
    counts = flags.counted(run({}, {})).set_index("flag")
    assert (counts["buildings"] == 0).all()
    assert set(counts.index[counts["rows_known"] == 0]) == set(flags.NEEDS)
    full = flags.counted(run(*ROWS)).set_index("flag")
    assert (full["rows_known"] > 0).all()
    assert full.loc["account_twice", "buildings"] == 2


def test_the_list_holds_every_flagged_building_with_its_reasons():
    frame = run(*ROWS)
    found = flags.flagged(frame)
    assert set(found["building_id"]) == {f"B{at}" for at in range(1, 8)}
    assert found["area_m2"].is_monotonic_decreasing
    assert isinstance(found, type(frame))
    assert pd.Series(found["flags"]).str.len().gt(0).all()
