"""Scenarios: defaults of the policy, and every bad entry refused at once."""

import json

import pytest

from data import parameters
from data.errors import DataError
from heating.scenario import COUNTED_SOURCES, Scenario, from_json, read


def refused(content):
    with pytest.raises(DataError) as caught:
        from_json(content)
    return caught.value.faults


def test_defaults_are_the_policys():
    made = Scenario()
    policy = {name: row.value for name, row in parameters.constants("policy").items()}
    assert (made.target_urban, made.target_county_town, made.target_rural) == (1.0, 0.8, 0.6)
    assert (made.radius_km, made.chp_min_mw) == (policy["plant_radius_km"], policy["chp_min_mw"]) == (15.0, 300.0)
    assert (made.small_boiler_t_h, made.ultra_low_t_h) == (35.0, 65.0)
    assert not made.include_35
    assert made.plant_reading == "plant"
    assert not made.captive_counts
    assert made.backup_exempt_from_radius
    assert not made.power_boilers_count


def test_a_scenario_survives_its_file(tmp_path):
    made = Scenario(name="严格", radius_km=30.0, clean_overrides={"clean_briquette": True})
    path = tmp_path / "s.json"
    path.write_text("\ufeff" + json.dumps(made.as_dict(), ensure_ascii=False), encoding="utf-8")
    assert read(path) == made


@pytest.mark.parametrize(
    "entry",
    [
        {"radius_kn": 15},
        {"radius_km": -1},
        {"radius_km": "15"},
        {"radius_km": True},
        {"target_urban": 1.01},
        {"target_rural": float("nan")},
        {"chp_min_mw": float("inf")},
        {"review_band_m": -1},
        {"plant_reading": "site"},
        {"include_35": "no"},
        {"clean_overrides": {"unknown": True}},
        {"clean_overrides": {"none": True}},
        {"clean_overrides": {"peat": True}},
        {"clean_overrides": {"chp": "yes"}},
    ],
)
def test_a_bad_entry_is_named(entry):
    (fault,) = refused(json.dumps(entry))
    assert fault.rule == "scenario_entry"
    assert fault.column.split(".")[0] == next(iter(entry))


def test_all_bad_entries_are_told_at_once():
    faults = refused(json.dumps({"radius_km": 0, "nonsense": 1, "target_rural": 2, "captive_counts": "maybe"}))
    assert {fault.column for fault in faults} == {"radius_km", "nonsense", "target_rural", "captive_counts"}
    assert all(fault.effect == "refused" for fault in faults)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\xfa", b"", "[1]", "3", "null"])
def test_what_is_no_scenario_is_refused(content):
    assert refused(content)[0].rule in ("not_json", "scenario_entry")


def test_a_missing_file_is_a_fault(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path / "no.json")
    assert caught.value.faults[0].rule == "file_missing"


def test_facts_are_no_readings():
    assert {"unknown", "none"}.isdisjoint(COUNTED_SOURCES)
    assert "chp" in COUNTED_SOURCES


def test_zones_without_a_target():
    assert Scenario().target("unknown") is None
    assert Scenario(fringe_as_urban=True).zone_options.fringe_as_urban
