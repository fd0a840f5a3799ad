"""The page of scenarios: save, load, compare two; and what the overview says of the last run."""

import pytest
from streamlit.testing.v1 import AppTest

from data.catalog import text
from heating.scenario import Scenario
from tests.ui.test_pages import opened, words
from ui.scenario_store import save, shelf

pytestmark = pytest.mark.usefixtures("small_city")

HOSTILE = "<b>../甲</b> ![x](http://a) {0}"


@pytest.fixture(autouse=True)
def workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("NUANGUANG_WORKSPACE", str(tmp_path))
    return tmp_path


def tables(app):
    return [frame.value for frame in app.dataframe]


def flips(app, language="zh"):
    found = [table for table in tables(app) if text("column.verdict_b", language) in table.columns]
    return found[0] if found else None


def tick(app, key, language="zh"):
    next(box for box in app.checkbox if box.label == text(f"ui.{key}", language)).check().run()
    assert not app.exception, [problem.message for problem in app.exception]


def choose(app, **sides):
    for side, key in sides.items():
        app.selectbox(key=f"compare_{side}").set_value(key)
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]


def saved(app, name):
    app.text_input(key="scenario_name").set_value(name)
    next(button for button in app.button if button.label == text("scenarios.save")).click().run()
    assert not app.exception, [problem.message for problem in app.exception]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_plan_against_itself_has_nothing_to_compare(language):
    app = opened("scenarios", language)
    assert text("scenarios.equal", language) in [box.value for box in app.info]
    assert flips(app, language) is None
    assert len(tables(app)) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reading_that_moves_boilers_shows_them_with_both_verdicts(language):
    app = opened("scenarios", language)
    tick(app, "include_35", language)
    table = flips(app, language)
    assert len(table)
    assert (table[text("column.verdict_a", language)] != table[text("column.verdict_b", language)]).all()
    assert (table[text("column.capacity_t_h", language)] == 35).all()
    assert text("scenarios.flips", language, count=len(table)) in words(app)
    differ = next(frame for frame in tables(app) if text("compare.change", language) in frame.columns)
    moved = [int(cell.replace("−", "-")) for cell in differ[text("compare.change", language)]]
    assert sum(moved) == 0
    assert any(moved)


def test_saved_under_a_hostile_name_loaded_and_compared(workspace):
    app = opened("scenarios")
    tick(app, "include_35")
    first = flips(app)
    saved(app, HOSTILE)
    kept = shelf(workspace / "scenarios").scenarios
    assert kept == {HOSTILE: Scenario(name=HOSTILE, include_35=True)}
    app.selectbox(key="scenario_which").set_value("plan").run()
    app.button(key="scenario_load").click().run()
    assert not app.session_state["scenario"].include_35
    assert text("scenarios.equal") in [box.value for box in app.info]
    next(radio for radio in app.radio if radio.label == text("ui.distance_from")).set_value("point").run()
    tick(app, "other_towns_as_rural")
    choose(app, a="plan", b=f"saved/{HOSTILE}")
    assert flips(app).equals(first)
    choose(app, a=f"saved/{HOSTILE}", b="now")
    assert not flips(app).equals(first)
    assert any(box.label.startswith("类别改变的建筑") for box in app.expander)
    assert any(text("column.zone_b") in table.columns for table in tables(app))
    app.selectbox(key="scenario_which").set_value(f"saved/{HOSTILE}").run()
    app.button(key="scenario_load").click().run()
    assert app.session_state["scenario"] == kept[HOSTILE]
    choose(app, a="plan", b="now")
    assert flips(app).equals(first)


def test_another_scenario_of_the_same_name_gives_way_only_when_told(workspace):
    save(workspace / "scenarios", Scenario(name="a", include_35=True))
    app = opened("scenarios")
    saved(app, "a")
    assert [box.value for box in app.error] == [text("scenarios.taken")]
    assert shelf(workspace / "scenarios").scenarios["a"].include_35
    app.checkbox(key="scenario_replace").check()
    saved(app, "a")
    assert not shelf(workspace / "scenarios").scenarios["a"].include_35


def test_a_scenario_without_a_name_is_not_saved(workspace):
    app = opened("scenarios")
    saved(app, "  ")
    assert any(text("fault.scenario_name") in line.value for line in app.text)
    assert not (workspace / "scenarios").exists()


def test_a_scenario_is_deleted_only_after_a_second_press(workspace):
    save(workspace / "scenarios", Scenario(name="a", include_35=True))
    app = opened("scenarios")
    app.selectbox(key="scenario_which").set_value("saved/a").run()
    assert shelf(workspace / "scenarios").scenarios
    app.button(key="scenario_delete").click().run()
    assert not app.exception
    assert not shelf(workspace / "scenarios").scenarios


def test_a_half_written_file_is_named_and_the_others_stay(workspace):
    folder = workspace / "scenarios"
    path = save(folder, Scenario(name="a"))
    save(folder, Scenario(name="b"))
    path.write_bytes(path.read_bytes()[:100])
    app = opened("scenarios")
    assert any(path.name in line.value for line in app.text)
    names = tables(app)[0][text("scenarios.name")].tolist()
    assert text("scenarios.saved", name="b") in names
    assert len(names) == 3


SHARED = """
import dataclasses
import streamlit as st
from heating.scenario import Scenario
from ui.state import assessment_of, current, result_name, scenario
from ui.store import STORE

done, other = current(), Scenario(name="x", include_35=True)
assert assessment_of(other).solar is done.solar
assert assessment_of(other).scenario == other
assert current().buildings is done.buildings
renamed = dataclasses.replace(other, name="y")
assert result_name(renamed) == result_name(other) != result_name()
assert assessment_of(renamed).scenario.name == "y"
assert assessment_of(renamed).buildings is assessment_of(other).buildings
assert STORE.has(result_name(other))
assert scenario() == Scenario()
st.text("all held")
"""


def test_scenarios_share_roofs_and_those_that_differ_in_name_only_share_all(tmp_path):
    script = tmp_path / "shared.py"
    script.write_text(SHARED, encoding="utf-8")
    app = AppTest.from_file(str(script), default_timeout=120).run()
    assert not app.exception, [problem.message for problem in app.exception]
    assert "all held" in words(app)


def test_the_overview_says_what_moved_since_the_last_run(workspace):
    app = opened()
    assert text("last_run.first") in words(app)
    app.run()
    assert text("last_run.first") in words(app)
    tick(app, "include_35")
    table = next(frame for frame in tables(app) if text("last_run.before") in frame.columns)
    assert set(table[text("compare.where")]) == {text("compare.scope.boilers")}
    assert text("scenarios.plan") in words(app)
    assert len(list((workspace / "runs").iterdir())) == 1


def test_the_overview_names_a_broken_record_and_leaves_it(workspace):
    opened()
    (record,) = (workspace / "runs").iterdir()
    record.write_bytes(b"{")
    app = opened()
    assert any(text("fault.last_run_unreadable") in box.value for box in app.warning)
    assert record.read_bytes() == b"{"
