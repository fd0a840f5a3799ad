"""依据: every constant with its source, changed and restored by buttons, clauses to read, in both languages."""

import pandas as pd
import pytest
import streamlit as st

from data import parameters
from data.catalog import text
from heating.scenario import FIELDS, Scenario, fixed_because
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")


@pytest.fixture
def type_in(monkeypatch):
    """Give a function that types values into editors by the names of their rows, as a person would."""
    typed, real = {}, st.data_editor

    def editor(shown, **options):
        edited = real(shown, **options)
        for name, given in typed.items():
            mine = edited[text("sources.column_item")] == name
            edited.loc[mine, text("sources.column_used")] = given
        return edited

    monkeypatch.setattr(st, "data_editor", editor)

    def type_(values):
        typed.clear()
        typed.update({parameters.row(key).label_zh: given for key, given in values.items()})

    return type_


def scenario_of(app):
    return app.session_state["scenario"] if "scenario" in app.session_state else Scenario()


def tables(app, language="zh"):
    header = text("sources.column_used", language)
    return [
        frame.value
        for frame in app.dataframe
        if header in frame.value and text("ui.confidence", language) in frame.value
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_constant_stands_with_value_source_and_confidence(language):
    app = opened("sources", language)
    app.selectbox(key="sources_table").set_value("all").run()
    assert not app.exception
    shown = pd.concat(tables(app, language))
    rows = [row for table in parameters.NAMED for row in parameters.cited(table).values()]
    assert len(shown) == len(rows)
    source = text("sources.column_source", language)
    assert sorted(shown[source]) == sorted(row.source for row in rows)
    levels = {text(f"confidence.{level}", language) for level in parameters.CONFIDENCE}
    assert set(shown[text("ui.confidence", language)]) == levels
    assert text("sources.unchanged", language) in words(app)


def test_what_is_fixed_cannot_be_edited_and_says_why():
    app = opened("sources")
    app.selectbox(key="sources_table").set_value("pv").run()
    editable, fixed = tables(app)
    count = sum(bool(fixed_because(row.key)) for row in parameters.cited("pv").values())
    assert len(fixed) == count
    assert set(fixed[text("sources.fixed")]) == {text("sources.fixed_reading")}
    assert len(editable) + count == len(parameters.cited("pv"))


def test_filters_narrow_the_tables():
    app = opened("sources")
    app.selectbox(key="sources_table").set_value("all").run()
    app.checkbox(key="sources_only_low").check().run()
    low = pd.concat(tables(app))
    assert set(low[text("ui.confidence")]) == {text("confidence.low")}
    app.text_input(key="sources_search").set_value("TOPCon").run()
    found = pd.concat(tables(app))
    assert 0 < len(found) < len(low)
    assert found[text("sources.column_source")].str.contains("TOPCon").all()
    app.text_input(key="sources_search").set_value("no such constant").run()
    assert not tables(app)
    assert any(box.value == text("sources.none") for box in app.info)


def test_apply_changes_the_scenario_and_reset_brings_it_back(type_in):
    app = opened("sources")
    before = scenario_of(app)
    assert app.button(key="sources_apply_policy").disabled
    assert app.button(key="sources_reset_policy").disabled
    type_in({"policy.plant_radius_km": 20.0, "policy.storey_height_m": 2.9})
    app.run()
    assert text("sources.pending", count=2) in words(app)
    assert scenario_of(app) == before, "nothing is changed until it is applied"
    app.button(key="sources_apply_policy").click().run()
    type_in({})
    app.run()
    assert not app.exception
    made = scenario_of(app)
    assert (made.radius_km, made.parameters) == (20.0, {"policy.storey_height_m": 2.9})
    assert any(text("sources.changed", count=2) == box.value for box in app.warning)
    listed = next(frame.value for frame in app.dataframe if len(frame.value) == 2)
    assert list(listed[text("sources.column_cited")]) == ["15", "3"]
    assert list(listed[text("sources.column_used")]) == ["20", "2.9"]
    assert text("confidence.changed") in set(tables(app)[0][text("ui.confidence")])
    app.button(key="sources_reset_policy").click().run()
    assert scenario_of(app) == before
    assert text("sources.unchanged") in words(app)


def test_reset_all_reaches_every_table(type_in):
    app = opened("sources")
    before = scenario_of(app)
    type_in({"policy.plant_radius_km": 20.0})
    app.run()
    app.button(key="sources_apply_policy").click().run()
    type_in({"heat_indices.heating_days": 140.0})
    app.selectbox(key="sources_table").set_value("heat_indices").run()
    app.button(key="sources_apply_heat_indices").click().run()
    type_in({})
    app.run()
    assert scenario_of(app).parameters == {"heat_indices.heating_days": 140.0}
    assert scenario_of(app).radius_km == 20.0
    app.button(key="sources_reset_all").click().run()
    assert scenario_of(app) == before


def test_bad_values_are_refused_together_and_nothing_is_applied(type_in):
    app = opened("sources")
    before = scenario_of(app)
    type_in({"policy.target_urban": 1.5, "policy.storey_height_m": 0.0, "policy.plant_radius_km": 20.0})
    app.run()
    app.button(key="sources_apply_policy").click().run()
    assert any(box.value == text("sources.refused") for box in app.error)
    said = [element.value for element in app.text]
    for key in ("policy.target_urban", "policy.storey_height_m"):
        assert any(line.startswith(parameters.row(key).label_zh) for line in said)
    assert scenario_of(app) == before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_clause_can_be_read(language):
    said = words(opened("sources", language)).replace("\\", "")
    rules = parameters.table("boiler_rules")
    for clause in rules.loc[rules["clause_text"] != "", "clause_text"]:
        assert clause in said
    for row in parameters.cited("policy").values():
        if row.source.startswith("石政发"):
            assert row.source.partition("：")[2] in said


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tables_of_rules_are_shown_with_labels(language):
    app = opened("sources", language)
    for name in (name for name in parameters.TABLES if name not in parameters.NAMED):
        app.selectbox(key="sources_classes").set_value(name).run()
        assert not app.exception, name
        shown = app.dataframe[-1].value
        assert len(shown) == len(parameters.table(name))
        codes = {column for column in parameters.table(name) if "_" in column}
        assert not set(shown) & codes, "every header is in the reader's words"


def test_the_editor_shows_the_fields_of_the_scenario_too():
    shown = pd.concat(tables(opened("sources")))
    names = {parameters.row(key).label_zh for key in FIELDS}
    assert names <= set(shown[text("sources.column_item")])


def test_the_data_page_points_to_the_sources():
    assert text("files.parameters_moved") in words(opened("files"))
