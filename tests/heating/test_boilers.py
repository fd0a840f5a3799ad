"""Every clause as a truth table, who leads, and what may be said."""

import itertools
import math

import pytest
from heating_samples import facts

from data import parameters
from heating import boilers
from heating.scenario import Scenario
from heating.verdicts import STATES

DEFAULT = Scenario()


def state(rule, scenario=DEFAULT, **known):
    return boilers.RULES[rule](facts(**known), scenario).state


def verdict(scenario=DEFAULT, **known):
    known = facts(**known)
    return boilers.verdict_of(known, boilers.findings(known, scenario))


def row(scenario=DEFAULT, **known):
    return boilers.verdicts([facts(**known)], boilers.rulings([facts(**known)], scenario), index=[0]).iloc[0]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"capacity_t_h": 65.0, "ultra_low": "no"}, "yes"),
        ({"capacity_t_h": 64.9, "ultra_low": "no"}, "no"),
        ({"capacity_t_h": 65.0, "ultra_low": "yes"}, "no"),
        ({"capacity_t_h": 65.0, "ultra_low": "review"}, "review"),
        ({"capacity_t_h": math.nan, "ultra_low": "no"}, "review"),
        ({"capacity_t_h": math.nan, "ultra_low": "yes"}, "no"),
        ({"capacity_t_h": 130.0, "ultra_low": "no", "duty": "power"}, "yes"),
        ({"capacity_t_h": 130.0, "ultra_low": "no", "duty": "unknown"}, "yes"),
        ({"capacity_t_h": 65.0, "ultra_low": "no", "backup": "yes"}, "yes"),
        ({"capacity_t_h": 65.0, "ultra_low": "no", "status": "standby"}, "yes"),
        ({"capacity_t_h": 65.0, "ultra_low": "no", "status": "unknown"}, "review"),
        ({"capacity_t_h": 65.0, "ultra_low": "no", "status": "retired"}, "no"),
        ({"capacity_t_h": 65.0, "ultra_low": "no", "fuel": "unknown"}, "review"),
        ({"capacity_t_h": 65.0, "ultra_low": "no", "fuel": "gas"}, "no"),
    ],
)
def test_r1_ultra_low_emission(known, said):
    assert state("R1", **known) == said


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"capacity_t_h": 34.9}, "yes"),
        ({"capacity_t_h": 35.0}, "no"),
        ({"capacity_t_h": 24.5 / 0.7}, "no"),
        ({"capacity_t_h": math.nextafter(35.0, 0)}, "no"),
        ({"capacity_t_h": math.nan}, "review"),
        ({"backup": "yes"}, "no"),
        ({"peaking": "yes"}, "no"),
        ({"backup": "review"}, "review"),
        ({"peaking": "review"}, "review"),
        ({"backup": "review", "peaking": "yes"}, "no"),
        ({"duty": "power"}, "no"),
        ({"duty": "process"}, "yes"),
        ({"duty": "unknown"}, "review"),
        ({"status": "standby"}, "yes"),
        ({"status": "unknown"}, "review"),
        ({"status": "retired"}, "no"),
        ({"fuel": "unknown"}, "review"),
        ({"fuel": "biomass"}, "no"),
    ],
)
def test_r2_small_boilers(known, said):
    assert state("R2", **known) == said


def test_r2_takes_the_limit_in_by_a_switch_only():
    wider = Scenario(include_35=True)
    assert state("R2", wider, capacity_t_h=35.0) == "yes"
    assert state("R2", wider, capacity_t_h=24.5 / 0.7) == "yes"
    assert state("R2", wider, capacity_t_h=35.1) == "no"
    assert state("R6", wider, capacity_t_h=35.0) == "no"


NEAR = {"capacity_t_h": 40.0, "in_radius": "yes", "plant_spare": "yes"}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "yes"),
        ({"in_radius": "no", "plant_spare": "no"}, "no"),
        ({"in_radius": "review", "plant_spare": "review"}, "review"),
        ({"plant_spare": "review"}, "review"),
        ({"plant_spare": "no"}, "no"),
        ({"backup": "yes"}, "no"),
        ({"peaking": "yes"}, "no"),
        ({"backup": "review"}, "review"),
        ({"peaking": "review"}, "review"),
        ({"duty": "power"}, "review"),
        ({"duty": "power", "in_radius": "no"}, "no"),
        ({"duty": "unknown"}, "review"),
        ({"status": "unknown"}, "review"),
        ({"status": "retired"}, "no"),
        ({"fuel": "unknown"}, "review"),
        ({"fuel": "oil"}, "no"),
        ({"capacity_t_h": math.nan}, "yes"),
    ],
)
def test_r3_radius(known, said):
    assert state("R3", **(NEAR | known)) == said


@pytest.mark.parametrize("flag", ["backup", "peaking"])
@pytest.mark.parametrize("known", STATES)
def test_r3_exempts_backup_and_peaking_by_a_switch(flag, known):
    assert state("R3", Scenario(backup_exempt_from_radius=False), **NEAR, **{flag: known}) == "yes"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "yes"),
        ({"backup": "yes"}, "yes"),
        ({"peaking": "yes", "backup": "review"}, "yes"),
        ({"capacity_t_h": 500.0}, "yes"),
        ({"capacity_t_h": math.nan}, "yes"),
        ({"in_network": "no"}, "no"),
        ({"in_network": "review"}, "review"),
        ({"duty": "power"}, "no"),
        ({"duty": "unknown"}, "review"),
        ({"status": "unknown"}, "review"),
        ({"status": "standby"}, "yes"),
        ({"status": "retired"}, "no"),
        ({"fuel": "unknown"}, "review"),
        ({"fuel": "gas"}, "no"),
    ],
)
def test_r4_network_coverage(known, said):
    assert state("R4", **({"in_network": "yes"} | known)) == said


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "yes"),
        ({"capacity_t_h": 35.0}, "yes"),
        ({"capacity_t_h": 64.9}, "yes"),
        ({"capacity_t_h": 65.0}, "no"),
        ({"capacity_t_h": 34.9}, "no"),
        ({"capacity_t_h": math.nan}, "review"),
        ({"in_network": "yes"}, "no"),
        ({"in_network": "review"}, "review"),
        ({"in_radius": "yes", "plant_spare": "yes"}, "no"),
        ({"in_radius": "yes", "plant_spare": "no"}, "no"),
        ({"in_radius": "yes", "plant_spare": "yes", "backup": "yes"}, "no"),
        ({"in_radius": "review", "plant_spare": "review"}, "review"),
        ({"duty": "power"}, "no"),
        ({"status": "unknown"}, "review"),
        ({"fuel": "gas"}, "no"),
    ],
)
def test_r6_only_where_nothing_else_applies(known, said):
    assert state("R6", **({"capacity_t_h": 40.0} | known)) == said


def test_power_boilers_count_by_a_switch():
    wider = Scenario(power_boilers_count=True)
    power = {"duty": "power", "in_network": "yes", "in_radius": "yes", "plant_spare": "yes"}
    for rule in ("R2", "R3", "R4"):
        assert state(rule, wider, **power) == "yes"
        assert state(rule, DEFAULT, **power) in ("no", "review")


def test_the_leading_rule_is_the_first_that_applies():
    # a boiler cannot be small and large at once: R4 > R2 > R3, and R4 > R3 > R1
    small = {"in_network": "yes", "in_radius": "yes", "plant_spare": "yes"}
    large = {**small, "capacity_t_h": 75.0, "ultra_low": "no"}
    assert boilers.priority() == ("R4", "R2", "R3", "R1", "R6")
    assert (row(**small)["verdict"], row(**small)["rules_hit"]) == ("R4", "R4;R2;R3")
    assert (row(**large)["verdict"], row(**large)["rules_hit"]) == ("R4", "R4;R3;R1")
    assert row(**(small | {"in_network": "no"}))["verdict"] == "R2"
    assert row(**(large | {"in_network": "no"}))["verdict"] == "R3"
    assert row(**(large | {"in_network": "no", "in_radius": "no", "plant_spare": "no"}))["verdict"] == "R1"


def test_an_open_rule_does_not_hide_a_settled_one_and_is_told():
    said = row(capacity_t_h=75.0, ultra_low="no", in_network="review")
    assert (said["verdict"], said["rules_hit"], said["rules_open"]) == ("R1", "R1", "R4")
    assert "coverage" in said["missing"].split(";")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"fuel": "gas"}, "not_coal"),
        ({"status": "retired", "fuel": "gas"}, "retired"),
        ({"backup": "yes"}, "exempt"),
        ({"capacity_t_h": 40.0, "in_radius": "yes", "plant_spare": "yes", "peaking": "yes"}, "exempt"),
        ({"capacity_t_h": 40.0, "in_radius": "yes", "plant_spare": "no"}, "none"),
        ({"capacity_t_h": 75.0}, "none"),
        ({"capacity_t_h": 40.0}, "R6"),
        ({"fuel": "unknown"}, "review"),
        ({"status": "unknown"}, "review"),
    ],
)
def test_verdicts_where_no_clause_applies(known, said):
    assert verdict(**known) == said


def test_a_plant_without_spare_heat_exempts_nobody():
    said = row(capacity_t_h=40.0, in_radius="yes", plant_spare="no")
    assert said["exemption"] == "plant_spare_short"
    assert said["verdict"] == "none"


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ({"fuel": "unknown"}, {"fuel"}),
        ({"status": "unknown"}, {"status"}),
        ({"in_city": "review"}, {"county"}),
        ({"duty": "unknown"}, {"duty"}),
        ({"capacity_t_h": math.nan}, {"capacity"}),
        ({"backup": "review"}, {"backup"}),
        ({"peaking": "review"}, {"peaking"}),
        ({"in_network": "review"}, {"coverage"}),
        ({"capacity_t_h": 70.0, "ultra_low": "review"}, {"ultra_low"}),
        ({**NEAR, "plant_spare": "review", "plant_doubt": ("plant_spare",)}, {"plant_spare"}),
        ({**NEAR, "duty": "power"}, {"small_chp"}),
    ],
)
def test_a_review_names_what_is_missing(known, missing):
    said = row(**known)
    assert set(said["missing"].split(";")) == missing
    assert said["rules_open"]


def test_what_is_settled_misses_nothing():
    for known in ({}, {"fuel": "gas", "backup": "review"}, {"backup": "yes", "peaking": "review"}):
        assert row(**known)["missing"] == ""


@pytest.mark.parametrize(
    ("rule", "known", "assured", "gaps"),
    [
        ("R4", {"network_spare": "yes", "network_medium": "yes"}, "yes", ()),
        ("R4", {"network_spare": "review", "network_medium": "yes"}, "review", ("network_spare",)),
        ("R4", {"network_spare": "no", "network_medium": "yes"}, "no", ("network_spare",)),
        ("R4", {"network_spare": "yes", "network_medium": "no", "medium": "steam"}, "no", ("steam_network",)),
        ("R4", {"network_spare": "yes", "network_medium": "review", "medium": "unknown"}, "review", ("medium",)),
        ("R3", {"plant_spare": "yes"}, "yes", ()),
        ("R3", {"plant_spare": "yes", "medium": "steam"}, "review", ("steam_network",)),
        ("R3", {"plant_spare": "yes", "medium": "unknown"}, "review", ("medium",)),
        ("R2", {}, "review", ("replacing_heat",)),
        ("R1", {}, "none", ()),
        ("R6", {}, "none", ()),
        ("", {}, "none", ()),
    ],
)
def test_removal_needs_heat_in_the_right_medium(rule, known, assured, gaps):
    assert boilers.safety_of(facts(**known), rule) == assured
    assert boilers.supply_gaps(facts(**known), rule) == gaps


def test_removal_is_assured_only_when_every_fact_of_it_is():
    for spare, match in itertools.product(STATES, repeat=2):
        known = facts(network_spare=spare, network_medium=match)
        assert (boilers.safety_of(known, "R4") == "yes") == (spare == match == "yes")


def test_wording_keeps_the_strength_of_the_clause():
    rules = parameters.table("boiler_rules")
    assert rules["strength"].to_dict() == {
        "R1": "rigid",
        "R2": "promote",
        "R3": "encourage",
        "R4": "eliminate",
        "R6": "none",
    }
    assert "鼓励" in rules.loc["R3", "clause_text"]
    assert "鼓励" in rules.loc["R3", "conclusion_zh"]
    for words in ("应关停", "必须", "应当", "责令"):
        assert not rules["conclusion_zh"].str.contains(words).any()


def test_clauses_are_the_plans_own_words():
    rules = parameters.table("boiler_rules")
    assert rules.loc["R1", "clause_text"].startswith("65蒸吨/小时及以上燃煤锅炉（含电力）全面实现超低排放")
    assert "35蒸吨/小时以下燃煤锅炉淘汰（应急备用、调峰锅炉除外）" in rules.loc["R2", "clause_text"]
    assert "鼓励30万千瓦及以上热电联产电厂15公里范围内的燃煤锅炉" in rules.loc["R3", "clause_text"]
    assert rules.loc["R4", "clause_text"].endswith("淘汰供热管网覆盖范围内的燃煤锅炉和散煤")


def test_tables_have_their_columns_without_boilers():
    assert list(boilers.verdicts([], [], index=[])) == list(boilers.VERDICT_COLUMNS)
    empty = boilers.findings_table(boilers.pd.DataFrame({"boiler_id": []}), [], [])
    assert list(empty) == list(boilers.FINDING_COLUMNS)


def test_findings_carry_clause_and_evidence():
    ruled = boilers.rulings([facts(**NEAR)], DEFAULT)
    table = boilers.findings_table(boilers.pd.DataFrame({"boiler_id": ["B1"]}), [facts(**NEAR)], ruled)
    assert tuple(table["rule"]) == boilers.priority()
    r3 = table.set_index("rule").loc["R3"]
    assert (r3["distance_m"], r3["margin_m"]) == (30_000.0, -15_000.0)
    assert r3["clause_id"] == "A1-21"
    assert "发改委" in r3["lead_dept"]
