"""Changed constants in a scenario: checked with it, in force in its own assessment, and nowhere else."""

import dataclasses
import json
import threading

import numpy as np
import pandas as pd
import pytest

from data import parameters
from data.errors import DataError
from heating import report
from heating.assessment import assess
from heating.scenario import (
    FIELDS,
    Scenario,
    changes,
    fixed_because,
    from_json,
    values_in_use,
    with_values,
    without_changes,
)
from solar.roof_options import RoofOptions

BRIGHTER = {"pv.module_w_m2": 242.0}


@pytest.fixture(scope="module")
def small(city):
    """Give the first buildings of the city: enough for every use, quick to assess."""
    frames = city.frames | {"buildings": city.frames["buildings"].iloc[:400]}
    return dataclasses.replace(city, frames=frames)


def same(one, other):
    pd.testing.assert_frame_equal(pd.DataFrame(one.buildings), pd.DataFrame(other.buildings), check_exact=True)
    pd.testing.assert_frame_equal(one.clean_heating, other.clean_heating, check_exact=True)
    pd.testing.assert_frame_equal(pd.DataFrame(one.boilers), pd.DataFrame(other.boilers), check_exact=True)


def test_a_changed_constant_holds_in_its_own_assessment_alone(small):
    plain = assess(small, Scenario())
    brighter = assess(small, Scenario(parameters=BRIGHTER))
    before = plain.buildings["capacity_kw"].to_numpy()
    assert (before > 0).any()
    np.testing.assert_allclose(brighter.buildings["capacity_kw"].to_numpy(), 1.1 * before, rtol=1e-12)
    assert parameters.value("pv", "module_w_m2") == 220
    same(assess(small, Scenario()), plain)
    same(assess(small, Scenario(parameters={})), plain)


def test_heat_follows_its_index(small):
    plain, half = (
        assess(small, Scenario(parameters=values), solar=None).buildings
        for values in ({}, {"heat_indices.heating_days": 75.5})
    )
    np.testing.assert_allclose(half["heat_gj"], plain["heat_gj"] / 2, rtol=1e-12)


def test_no_worker_thread_reads_a_constant(small, monkeypatch):
    """Threads that are started inside do not see changed constants: none of them may ask."""
    asked, read = set(), parameters.constants

    def watched(table):
        asked.add(threading.current_thread().name)
        return read(table)

    monkeypatch.setattr(parameters, "constants", watched)
    assess(small, Scenario(parameters=BRIGHTER))
    assert asked == {threading.current_thread().name}


def test_the_summary_tells_old_and_new(small):
    done = assess(small, Scenario(radius_km=20.0, parameters=BRIGHTER))
    said = json.loads(json.dumps(report.summary(done), allow_nan=False))
    changed = said["parameters_changed"]
    assert {key: (row["cited"], row["used"]) for key, row in changed.items()} == {
        "policy.plant_radius_km": (15.0, 20.0),
        "pv.module_w_m2": (220.0, 242.0),
    }
    assert said["parameters"]["pv"]["module_w_m2"] == 242.0
    assert said["parameters"]["policy"]["plant_radius_km"] == 20.0
    assert said["scenario"]["parameters"] == BRIGHTER
    plain = report.summary(dataclasses.replace(done, scenario=Scenario()))
    assert plain["parameters_changed"] == {}
    cited = {table: {name: row.value for name, row in parameters.cited(table).items()} for table in parameters.NAMED}
    assert plain["parameters"] == cited


def test_constants_that_cannot_be_computed_with_are_a_fault(small, monkeypatch):
    def impossible(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr("heating.assessment.rooftops", impossible)
    with pytest.raises(DataError) as caught:
        assess(small, Scenario(parameters=BRIGHTER))
    assert caught.value.faults[0].rule == "parameters_together"
    with pytest.raises(ZeroDivisionError):
        assess(small, Scenario())


def test_a_scenario_with_changed_constants_survives_its_file():
    made = Scenario(parameters={"pv.module_w_m2": 230.0, "heat_indices.q_hotel_from_2005": 57.0})
    assert from_json(json.dumps(made.as_dict())) == made


def test_every_bad_constant_is_told_with_the_other_bad_entries():
    wrong = {
        "pv.no_such": 1,
        "pv.module_w_m2": -1,
        "pv.albedo": float("nan"),
        "pv.loss_lid": "1",
        "policy.plant_radius_km": 20,
        "pv.closure_tolerance": 0.1,
        "engine.audit_tolerance": 1,
    }
    with pytest.raises(DataError) as caught:
        from_json(json.dumps({"radius_km": 0, "parameters": wrong}), file="a.json")
    faults = caught.value.faults
    assert {fault.column for fault in faults} == {"radius_km", *(f"parameters.{key}" for key in wrong)}
    assert {fault.file for fault in faults} == {"a.json"}
    with pytest.raises(ValueError, match=r"policy\.plant_radius_km"):
        Scenario(parameters={"policy.plant_radius_km": 20.0})


@pytest.mark.parametrize("given", [[], 3, "pv.albedo", {"pv.albedo": None}])
def test_what_is_no_table_of_constants_is_refused(given):
    with pytest.raises(DataError):
        from_json(json.dumps({"parameters": given}))


def test_fields_are_the_rows_that_they_mirror():
    plain = Scenario()
    for key, field in FIELDS.items():
        row = parameters.row(key)
        assert row is not None
        assert getattr(plain, field) == row.value


def test_what_is_fixed_names_rows_that_exist():
    keys = [row.key for table in parameters.NAMED for row in parameters.cited(table).values()]
    fixed = [key for key in keys if fixed_because(key)]
    assert {fixed_because(key) for key in fixed} == {"reading", "method"}
    assert "policy.mw_per_t_h" in fixed
    assert "pv.module_w_m2" not in fixed


def test_the_heating_season_is_not_turned_round():
    with pytest.raises(DataError) as caught:
        with_values(Scenario(), {"heat_indices.design_outdoor_temperature": 5.0})
    assert caught.value.faults[0].rule == "parameter_season"


def test_a_layout_that_contradicts_a_changed_constant_is_refused():
    steep = Scenario(roofs=RoofOptions(flat_layout="east_west", flat_tilt_deg=18.0))
    with pytest.raises(DataError):
        with_values(steep, {"roofs.max_tilt_east_west_deg": 15.0})


def test_values_go_where_they_belong_and_come_back():
    made = with_values(Scenario(name="x"), {"policy.plant_radius_km": 20.0, **BRIGHTER})
    assert made.radius_km == 20.0
    assert made.parameters == BRIGHTER
    assert [(change.cited.key, change.value) for change in changes(made)] == [
        ("policy.plant_radius_km", 20.0),
        ("pv.module_w_m2", 242.0),
    ]
    assert values_in_use(made)["pv.module_w_m2"] == 242.0
    assert without_changes(made, ["policy.plant_radius_km"]).parameters == BRIGHTER
    assert without_changes(made, [change.cited.key for change in changes(made)]) == Scenario(name="x")
    with pytest.raises(DataError) as caught:
        with_values(made, {"policy.target_urban": 1.5, "pv.albedo": -1.0, "pv.none": 1.0})
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    "said",
    ['{"parameters": {"pv.albedo": 1' + "0" * 400 + "}}", '{"radius_km": 1' + "0" * 5000 + "}", "[" * 100_000,
     '{"parameters": {"horizon.reach_m": 1000000}}'],
    ids=["digits", "too many digits", "too deep", "too far"],
)  # fmt: skip
def test_what_would_stall_or_break_the_run_is_refused_as_a_fault(said):
    with pytest.raises(DataError):
        from_json(said)
