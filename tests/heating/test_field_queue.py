"""What to check first: everything that hangs on something unknown is queued, by how much hangs on it."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from heating_samples import areas, at, boilers, buildings, layers_of, square, units

from data import parameters
from heating import field_queue, ladder_tables, rates
from heating.assessment import assess
from heating.checks import Check, CheckStore
from heating.scenario import Scenario

NOTHING = pd.DataFrame(columns=["subject", "subject_id", "status", "answer", "said", "note", "photo_name", "who", "at"])
NOTHING["version"] = pd.Series(dtype=int)


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


@pytest.fixture
def store(tmp_path):
    opened = CheckStore(tmp_path)
    yield opened
    opened.close()


def test_every_boiler_that_hangs_on_something_is_queued_and_no_other(done):
    queue = field_queue.boilers(done, NOTHING)
    ledger = done.boilers.set_index("boiler_id")
    hanging = set(done.boiler_flips["boiler_id"])
    for name, row in ledger.iterrows():
        unassured = (
            row["leading_rule"] in ("R2", "R3", "R4")
            and row["leading_state"] == "yes"
            and row["supply_assured"] in ("no", "review")
        )
        near = row["verdict"] not in ("not_coal", "retired") and 14_000 <= row["distance_m"] <= 16_000
        wanted = bool(row["rules_open"]) or name in hanging or unassured or near
        assert (name in set(queue["boiler_id"])) == wanted, name


def test_the_strongest_clause_at_stake_comes_first_then_more_reasons_then_the_larger(done):
    queue = field_queue.boilers(done, NOTHING)
    keys = [
        (field_queue.STRENGTHS.index(row.strength_at_stake), -row.reasons.count(";"), -np.nan_to_num(row.capacity_t_h))
        for row in queue.itertuples()
    ]
    assert keys == sorted(keys)
    strengths = parameters.table("boiler_rules")["strength"]
    assert set(field_queue.STRENGTHS) == set(strengths)
    ledger = done.boilers.set_index("boiler_id")
    for row in queue.itertuples():
        said = ledger.loc[row.boiler_id]
        rules = [rule for rule in f"{said['rules_hit']};{said['rules_open']}".split(";") if rule]
        best = min((field_queue.STRENGTHS.index(strengths[rule]) for rule in rules), default=4)
        assert row.strength_at_stake == field_queue.STRENGTHS[best]


def test_the_points_are_what_an_answer_moves_the_rate_by(done):
    queue = field_queue.buildings(done, NOTHING)
    assert queue["rate_points"].is_monotonic_decreasing
    whole = done.clean_heating[done.clean_heating["county_code"] == rates.ALL].set_index("zone")
    for row in itertools.chain(queue.head(5).itertuples(), queue[queue["rate_points"] > 0].tail(5).itertuples()):
        for answer in ("clean", "not_clean"):
            changed = done.buildings.assign(
                clean_heating=done.buildings["clean_heating"].where(
                    done.buildings["building_id"] != row.building_id, answer
                )
            )
            after = rates.clean_heating(changed, done.scenario)
            after = after[after["county_code"] == rates.ALL].set_index("zone").loc[row.zone]
            side = "rate_low" if answer == "clean" else "rate_high"
            moved = abs(after[side] - whole.loc[row.zone, side]) * 100
            assert moved == pytest.approx(row.rate_points, rel=1e-6, abs=1e-9)


def test_every_heated_building_in_doubt_or_with_coal_inside_coverage_is_queued(done):
    queue = set(field_queue.buildings(done, NOTHING)["building_id"])
    coal = done.buildings["building_id"].isin(ladder_tables.loose_coal(done)["building_id"])
    unsure = coal | (done.buildings["clean_heating"] == "unknown") | (done.buildings["coverage"] == "doubtful")
    heated = done.buildings["clean_heating"] != "not_heated"
    assert queue == set(done.buildings.loc[unsure & heated, "building_id"])


def test_an_account_with_loose_coal_is_asked_about():
    houses = buildings(
        {"heat_source": "loose_coal", "meter_id": "U1"},
        {"heat_source": "chp", "meter_id": "U2"},
        {"heat_source": "none", "meter_id": "U3"},
    )
    queue = field_queue.buildings(assess(layers_of(buildings=houses, networks=areas({})), Scenario()), NOTHING)
    assert queue["building_id"].tolist() == ["B1"]
    assert queue["reasons"].tolist() == ["contradiction"]
    assert queue["rate_points"].iloc[0] == pytest.approx(50.0)


def test_loose_coal_inside_declared_coverage_is_asked_about_and_moves_no_rate():
    houses = buildings({"heat_source": "loose_coal"}, {"heat_source": "loose_coal", "geometry": square(30_000, 20.0)})
    queue = field_queue.buildings(assess(layers_of(buildings=houses, networks=areas({})), Scenario()), NOTHING)
    assert queue[["building_id", "reasons", "rate_points"]].to_numpy().tolist() == [["B1", "coal_inside", 0.0]]


def test_a_check_settles_what_it_was_of_and_nothing_else(store):
    ledger = boilers({"capacity_t_h": None}, {"capacity_t_h": None})
    layers = layers_of(buildings=buildings({}), boilers=ledger, plants=units({"geometry": at(50_000)}))
    run = assess(layers, Scenario())
    said = dict(zip(ledger["boiler_id"], field_queue.said_of(run.boilers, "boiler"), strict=True))
    assert set(field_queue.boilers(run, store.table())["boiler_id"]) == {"B1", "B2"}

    def saved(status, answer, of):
        known = len(store.history("boiler", "B1"))
        store.save(
            Check(subject="boiler", subject_id="B1", status=status, answer=answer, said=of, who="王"), expected=known
        )
        queue = field_queue.boilers(run, store.table()).set_index("boiler_id")
        return queue.loc["B1", "reasons"].split(";") if "B1" in queue.index else None

    assert saved("visited", "accepted", said["B1"]) == ["open"]
    assert saved("settled", "accepted", said["B1"]) is None
    assert saved("settled", "contested", said["B1"]) == ["open", "contested"]
    assert saved("settled", "accepted", "R4:R4:yes") == ["open", "outdated"]
    assert saved("settled", "accepted", said["B1"]) is None
    other = assess(layers, Scenario(small_boiler_t_h=36.0))
    assert set(field_queue.boilers(other, store.table())["boiler_id"]) == {"B2"}, "the verdict is the same"
    located = layers_of(
        buildings=buildings({}),
        boilers=ledger.assign(capacity_t_h=20.0),
        plants=units({"geometry": at(50_000)}),
        networks=areas({"geometry": square(60_000)}),
    )
    queue = field_queue.boilers(assess(located, Scenario()), store.table()).set_index("boiler_id")
    assert "outdated" in queue.loc["B1", "reasons"].split(";"), "what was settled was another verdict"


def test_a_clause_that_opens_later_is_not_hidden_by_an_earlier_check(store):
    ledger = boilers({"is_backup": None})
    around = {"buildings": buildings({}), "boilers": ledger, "plants": units({"geometry": at(50_000)})}
    before = assess(layers_of(**around, networks=areas({"geometry": square(60_000)})), Scenario())
    assert before.boilers["rules_open"].tolist() == ["R2"]
    said = field_queue.said_of(before.boilers, "boiler").iloc[0]
    settled = Check(subject="boiler", subject_id="B1", status="settled", answer="accepted", said=said, who="王")
    store.save(settled, expected=0)
    assert field_queue.boilers(before, store.table()).empty
    unclear = areas({"status": "unknown"}, {"geometry": square(60_000)})
    after = assess(layers_of(**around, networks=unclear), Scenario())
    assert after.boilers["verdict"].tolist() == before.boilers["verdict"].tolist()
    queue = field_queue.boilers(after, store.table())
    assert queue["reasons"].tolist() == ["open;outdated"]


def test_checks_of_boilers_and_buildings_of_one_number_are_two(store):
    store.save(Check(subject="building", subject_id="B1", status="settled", said="x", who="王"), expected=0)
    frame = pd.DataFrame(boilers({}).drop(columns="geometry")).assign(
        verdict="R2", rules_hit="R2", supply_assured="no", rules_open="", missing=""
    )
    assert field_queue.with_checks(frame, store.table(), "boiler")["check_version"].tolist() == [0]


def test_a_run_without_boilers_has_no_queue_of_them():
    done = assess(layers_of(buildings=buildings({})), Scenario())
    assert field_queue.boilers(done, NOTHING).empty


@pytest.mark.parametrize("named", [False, True])
def test_a_check_does_not_pass_to_another_that_has_its_row_number(store, named):
    def ledger_of(*names):
        rows = [{"name": one, "boiler_id": one if named else f"row-{2 + nth}"} for nth, one in enumerate(names)]
        return assess(
            layers_of(buildings=buildings({}), boilers=boilers(*rows), networks=areas({"spare_heat_mw": None})),
            Scenario(),
        )

    def told(done):
        table = field_queue.with_checks(pd.DataFrame(done.boilers.drop(columns="geometry")), store.table(), "boiler")
        return table.set_index("name")

    first = told(ledger_of("甲厂", "乙厂")).loc["甲厂"]
    seen = Check(subject="boiler", subject_id=first["boiler_id"], status="settled", answer="accepted", note="甲厂已核")
    store.save(dataclasses.replace(seen, said=first["said"]), expected=0)
    same = told(ledger_of("甲厂", "乙厂")).loc["甲厂"]
    assert (same["check_status"], same["check_note"], same["check_outdated"]) == ("settled", "甲厂已核", False)
    moved = told(ledger_of("新厂", "甲厂", "乙厂"))
    assert (moved["check_note"] == "甲厂已核").tolist() == [False, named, False]
    if not named:
        assert moved.loc["新厂", "check_status"] == "open"
        assert moved.loc["新厂", ["check_version", "check_outdated"]].tolist() == [1, True], "saving is no conflict"
        assert "新厂" in set(field_queue.boilers(ledger_of("新厂", "甲厂", "乙厂"), store.table())["name"])


def test_a_home_that_burns_coal_again_is_asked_about():
    rows = buildings({"heat_source": "heat_pump", "relapsed": True}, {"heat_source": "heat_pump", "relapsed": False})
    rows["relapsed"] = rows["relapsed"].astype("boolean")
    queue = field_queue.buildings(assess(layers_of(buildings=rows), Scenario()), NOTHING).set_index("building_id")
    assert "relapsed" in queue.loc["B1", "reasons"].split(";")
    assert queue.loc["B1", "rate_points"] == pytest.approx(50.0)
    assert "B2" not in queue.index or "relapsed" not in queue.loc["B2", "reasons"]
