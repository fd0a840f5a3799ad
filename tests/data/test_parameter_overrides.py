"""Constants can have other values inside a block, for one thread, and nothing is left of it afterwards."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import parameters
from data.errors import DataError

ROWS = [row for table in parameters.NAMED for row in parameters.cited(table).values()]


def everything():
    return {table: parameters.constants(table) for table in parameters.NAMED}


def test_nothing_is_left_after_the_block():
    before, seal = everything(), parameters.digest()
    with parameters.overridden({"pv.module_w_m2": 242.0, "policy.storey_height_m": 2.9}):
        assert parameters.value("pv", "module_w_m2") == 242.0
        assert parameters.constants("policy")["storey_height_m"].value == 2.9
        assert parameters.value("pv", "albedo") == before["pv"]["albedo"].value
        assert parameters.cited("pv") == before["pv"]
        assert parameters.digest() == seal
    assert everything() == before


def test_nothing_is_left_after_an_error_either():
    before = everything()
    with pytest.raises(RuntimeError), parameters.overridden({"pv.albedo": 0.3}):
        raise RuntimeError
    assert everything() == before


def test_a_changed_constant_never_looks_cited():
    cited = parameters.cited("pv")["inverter_efficiency"]
    with parameters.overridden({"pv.inverter_efficiency": 0.98}):
        changed = parameters.constants("pv")["inverter_efficiency"]
        assert not parameters.constants("pv")["albedo"].changed
    assert changed.changed
    assert changed.confidence not in parameters.CONFIDENCE
    assert changed.cited_value == cited.value
    assert (changed.unit, changed.source) == (cited.unit, cited.source)
    assert not cited.changed


def test_a_value_equal_to_the_cited_one_is_no_change():
    with parameters.overridden({"pv.albedo": 0.2}):
        assert everything() == {table: parameters.cited(table) for table in parameters.NAMED}


def test_no_values_change_nothing_and_the_inner_block_alone_holds():
    before = everything()
    with parameters.overridden({"pv.albedo": 0.5}):
        with parameters.overridden({}):
            assert everything() == before
        with parameters.overridden({"pv.loss_snow": 1.0}):
            assert parameters.value("pv", "albedo") == 0.2
        assert parameters.value("pv", "albedo") == 0.5


def test_threads_do_not_see_each_other():
    barrier, seen = threading.Barrier(3, timeout=20), {}

    def look(name, values):
        with parameters.overridden(values):
            barrier.wait()
            seen[name] = (parameters.value("pv", "albedo"), parameters.value("pv", "loss_snow"))
            barrier.wait()

    wanted = {"a": {"pv.albedo": 0.4}, "b": {"pv.albedo": 0.6, "pv.loss_snow": 5.0}, "c": {}}
    threads = [threading.Thread(target=look, args=item) for item in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == {"a": (0.4, 0.0), "b": (0.6, 5.0), "c": (0.2, 0.0)}


WRONG = {
    "pv.no_such_row": 1.0,
    "policy": 1.0,
    "boiler_rules.R1": 1.0,
    "pv.albedo": math.nan,
    "pv.loss_snow": math.inf,
    "pv.loss_wiring": "2",
    "pv.loss_lid": True,
    "pv.module_w_m2": -1.0,
    "pv.inverter_efficiency": 1.01,
    "pv.dc_ac_ratio": 0.0,
    "policy.storey_height_m": 0.0,
    "pv.loss_soiling": 100.5,
    "pv.tilt_flat_concrete": 91.0,
    "pv.temperature_coefficient": 0.001,
    "heat_indices.design_outdoor_temperature": -300.0,
}


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(DataError) as caught, parameters.overridden(WRONG | {"pv.loss_mismatch": 3.0}):
        pass
    assert [fault.column for fault in caught.value.faults] == list(WRONG)
    assert all(fault.effect == "refused" for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("pv.loss_soiling", 0.0),
        ("pv.dc_ac_ratio", 1.3),
        ("heat_indices.design_outdoor_temperature", 1.0),
        ("roofs.setback_pitched_tile_m", 0.0),
        ("emissions.grid_ningxia_2023", 0.0),
        ("pv.sapm_a_flush_metal", -3.5),
    ],
)
def test_what_can_be_is_taken(key, given):
    table, name = key.split(".")
    with parameters.overridden({key: given}):
        assert parameters.value(table, name) == given


@given(row=st.sampled_from(ROWS), factor=st.floats(0.5, 0.99))
def test_every_cited_value_and_a_smaller_one_are_within_bounds(row, factor):
    assert parameters.faults({row.key: row.value}) == []
    assert parameters.faults({row.key: row.value * factor}) == []
    assert parameters.row(row.key) is row
