"""The flip list: exactly the boilers whose verdict hangs on a reading, and why."""

import dataclasses
import typing

import numpy as np
import pandas as pd
import pytest
from heating_samples import LOCAL, at, boilers, judged, layers_of, square, units
from heating_samples import areas as networks_of

from data.catalog import LANGUAGES, text
from heating import ledger
from heating.flips import READINGS, flips, in_words, others
from heating.scenario import Scenario

NOT_ON_BOILERS = {
    "fringe_as_urban",
    "other_towns_as_rural",
    "mining_streets_open",
    "allow_distant_weather",
    "reach_along",
    "season",
}

AWAY = networks_of({"geometry": square(60_000)})


@pytest.fixture(scope="module")
def town():
    rng = np.random.default_rng(7)

    def pick(*values):
        return values[int(rng.integers(len(values)))]

    rows = [
        {
            "geometry": at(float(rng.uniform(8_000, 17_000)), float(rng.choice([80.0, 200.0]))),
            "capacity_t_h": float(rng.choice([10, 20, 30, 35, 50, 80])),
            "fuel": pick("coal", "coal", "gas", "unknown"),
            "duty": pick("heating", "power", "process"),
            "is_backup": pick(True, False, None),
            "is_ultra_low": pick(True, False, None),
            "status": pick("operating", "operating", "retired"),
            "name": pick("甲", "乙", "丙", None, None),
        }
        for _ in range(60)
    ]
    plants = units(
        {"plant_id": "A", "spare_heat_mw": 40.0, "geometry": square(0.0, 3_000.0)},
        {"plant_id": "B", "geometry": at(12_000.0, 200.0), "is_captive": True, "spare_heat_mw": None},
        {"plant_id": "C", "geometry": at(14_000.0), "capacity_mw": 150.0},
        {"plant_id": "C", "geometry": at(14_000.0), "capacity_mw": 150.0},
    )
    return {"boilers": boilers(*rows), "plants": plants, "networks": networks_of({"geometry": square(9_000, 2_000)})}


def found(town, scenario):
    layers = layers_of(**town)
    return flips(layers, scenario, ledger.judge(layers, scenario, crs=LOCAL), crs=LOCAL)


def test_every_switch_that_decides_on_boilers_is_looked_at():
    hints = typing.get_type_hints(Scenario)
    switches = {
        field.name
        for field in dataclasses.fields(Scenario)
        if hints[field.name] is bool or typing.get_origin(hints[field.name]) is typing.Literal
    }
    assert switches == {*READINGS, *NOT_ON_BOILERS}
    for switch, readings in READINGS.items():
        assert getattr(Scenario(), switch) == readings[0]
        for language in LANGUAGES:
            assert text(f"option.{switch}", language)


@pytest.mark.parametrize("scenario", [Scenario(), Scenario(capacity_by="site", include_35=True)])
def test_the_list_is_what_judging_anew_finds(town, scenario):
    table = found(town, scenario)
    assert len(table)
    told = {(row.boiler_id, row.switch): row for row in table.itertuples()}
    before = judged(scenario, **town)
    for other in others(scenario):
        assert getattr(scenario, other.switch) != getattr(other.scenario, other.switch)
        after = judged(other.scenario, **town)
        for old, new in zip(before.itertuples(), after.itertuples(), strict=True):
            moved = (old.verdict, old.leading_rule) != (new.verdict, new.leading_rule)
            row = told.get((old.boiler_id, other.switch))
            assert (row is not None) == moved, (old.boiler_id, other.switch)
            if row is not None:
                assert (row.verdict, row.other_verdict) == (old.verdict, new.verdict)
                assert (row.strength, row.other_strength) == (old.strength, new.strength)
                assert row.source_row == old.source_row


def test_the_reason_names_the_rules_that_answer_otherwise(town):
    table = found(town, Scenario())
    assert table["rules_changed"].str.fullmatch(r"R\d:\w*>\w*(;R\d:\w*>\w*)*").all()
    small = table[(table["switch"] == "include_35") & (table["other_verdict"] == "R2")]
    assert len(small)
    assert small["rules_changed"].str.contains("R2:no>yes").all()
    sizes = town["boilers"].set_index("boiler_id")["capacity_t_h"]
    assert (sizes.loc[table.loc[table["switch"] == "include_35", "boiler_id"]] == 35.0).all()


def test_there_and_back_again(town):
    there = found(town, Scenario()).query("switch == 'premise_decides'")
    back = found(town, Scenario(premise_decides=False)).query("switch == 'premise_decides'")
    assert len(there)
    swapped = back.rename(
        columns={"verdict": "other_verdict", "other_verdict": "verdict", "strength": "other_strength"}
        | {"other_strength": "strength", "reading": "other_reading", "other_reading": "reading"}
    )
    names = ["boiler_id", "verdict", "other_verdict", "strength", "other_strength", "reading", "other_reading"]
    pd.testing.assert_frame_equal(there[names].reset_index(drop=True), swapped[names].reset_index(drop=True))


def test_without_boilers_there_is_nothing_to_flip(town):
    empty = town | {"boilers": town["boilers"].iloc[:0]}
    assert found(empty, Scenario()).empty
    assert list(found(empty, Scenario())) == list(found(town, Scenario()))


def test_a_site_is_as_large_as_its_boilers_together():
    rows = boilers(
        {"name": "甲", "capacity_t_h": 20.0},
        {"name": "甲", "capacity_t_h": 20.0},
        {"name": "乙", "capacity_t_h": 20.0},
        {"name": None, "capacity_t_h": 20.0},
        {"name": "丙", "capacity_t_h": 20.0},
        {"name": "丙", "capacity_t_h": None},
        {"name": "丁", "capacity_t_h": 20.0},
        {"name": "丁", "capacity_t_h": 20.0, "status": "retired"},
    )
    around = {"plants": units({"geometry": at(50_000)}), "networks": AWAY}
    own, together = (judged(Scenario(capacity_by=by), boilers=rows, **around) for by in ("boiler", "site"))
    assert own["rules_hit"].tolist() == ["R2"] * 5 + [""] + ["R2", ""]
    assert together["rules_hit"].tolist() == ["R6", "R6", "R2", "R2", "", "", "R2", ""]
    assert together["verdict"].tolist()[4:6] == ["review", "review"]
    assert "capacity" in together["missing"].iloc[4]


def test_the_premise_decides_only_while_it_is_said_to():
    rows = boilers({"capacity_t_h": 50.0}, {"capacity_t_h": 50.0, "geometry": at(15_010.0)})
    for spare, verdicts in ((None, ["review", "R3"]), (0.0, ["none", "R3"]), (500.0, ["R3", "R3"])):
        plants = units({"spare_heat_mw": spare})
        said = [
            judged(Scenario(premise_decides=decides), boilers=rows, plants=plants, networks=AWAY).iloc[0]
            for decides in (True, False)
        ]
        assert [row["verdict"] for row in said] == verdicts
        assert said[0]["supply_assured"] == said[1]["supply_assured"] or spare == 0.0
        assert (said[1]["supply_assured"] == "yes") == (spare == 500.0)
    unsaid = units({"spare_heat_mw": None})
    edge = judged(Scenario(premise_decides=False), boilers=rows, plants=unsaid, networks=AWAY).iloc[1]
    assert (edge["verdict"], edge["missing"]) == ("review", "radius_band")


def test_the_list_in_words(town):
    table = found(town, Scenario())
    for language in LANGUAGES:
        words = in_words(table, language)
        assert set(words["switch"]) == {text(f"option.{switch}", language) for switch in table["switch"]}
        assert not words[["reading", "other_reading", "rules_changed"]].isin(["", "plant", "unit"]).any(axis=None)
    chosen = table.index[table["switch"] == "include_35"][0]
    assert in_words(table, "zh").loc[chosen, ["reading", "other_reading"]].tolist() == ["否", "是"]
