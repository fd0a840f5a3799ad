"""热源管网: plants, areas and pipes with their open points; the filters narrow, and absent layers are named."""

from __future__ import annotations

from datetime import date

import pytest

from data.catalog import label, text
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")

FINDING = "area_spare_undeclared"


def kind(app, code):
    app.button_group(key="networks_kind").set_value(code).run()
    assert not app.exception
    return app


def test_plants_say_whether_they_qualify_and_what_is_in_doubt():
    table = opened("networks").dataframe[0].value
    states = table.set_index(text("column.qualifies"))
    assert {text("state.yes"), text("state.no"), text("state.review")} == set(states.index)
    assert (states.loc[text("state.review"), text("column.doubt")] != "").all()
    assert text("networks.spare_undeclared") in set(table[text("column.spare")])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", ["service_area", "pipe"])
def test_areas_and_pipes_have_their_own_tables(code, language):
    app = kind(opened("networks", language), code)
    columns = app.dataframe[0].value.columns
    wanted = {"service_area": "area_km2", "pipe": "length_km"}[code]
    assert text(f"column.{wanted}", language) in columns
    assert text("app.synthetic", language) in words(app)


def test_an_open_point_lists_only_what_it_counts():
    app = kind(opened("networks"), "service_area")
    app.button_group(key="networks_findings").set_value([FINDING]).run()
    assert not app.exception
    table = app.dataframe[0].value
    assert set(table[text("column.spare")]) == {text("networks.spare_undeclared")}
    said = app.button_group(key="networks_findings").options
    assert text(f"networks.finding_{FINDING}", count=len(table)) in said


def test_county_and_status_narrow_the_areas():
    app = kind(opened("networks"), "service_area")
    app.selectbox(key="networks_service_area_county").set_value("640202").run()
    assert set(app.dataframe[0].value[text("column.county")]) == {"大武口区"}
    app.multiselect(key="networks_service_area_status").set_value(["planned"]).run()
    table = app.dataframe[0].value
    assert len(table)
    assert set(table[text("column.status")]) == {text("status.planned")}


ALONE = """
import runpy
from dataclasses import replace
from unittest.mock import patch
import streamlit as st
import ui.state
from heating.assessment import assess
from heating.layers import demo_layers
from heating.scenario import Scenario

st.session_state["dataset"] = "bare"
layers = demo_layers(buildings=1500)
bare = assess(replace(layers, frames={"buildings": layers.frames["buildings"]}), Scenario())
ui.state.STORE.set_buildings(ui.state.result_name(), bare.buildings, record=lambda row, spoken: {})
with patch.object(ui.state, "current", lambda: bare):
    runpy.run_path(PAGE, run_name="__main__")
"""


@pytest.mark.parametrize("page", ["networks", "coverage", "help"])
def test_a_run_without_the_layers_names_them_and_where_to_bring_them_in(page, tmp_path):
    from streamlit.testing.v1 import AppTest  # noqa: PLC0415

    from tests.ui.conftest import ROOT  # noqa: PLC0415

    script = tmp_path / "alone.py"
    path = str(ROOT / "ui" / "screens" / f"{page}.py")
    script.write_text(ALONE.replace("PAGE", repr(path)), encoding="utf-8")
    app = AppTest.from_file(str(script), default_timeout=120)
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]
    if page == "networks":
        said = " ".join(box.value for box in app.info)
        for layer in ("plants", "networks", "boilers"):
            assert text(f"layer.{layer}") in said
        assert text("page.files") in said
    if page == "coverage":
        assert text("coverage.no_villages", page=text("page.files")) in [box.value for box in app.info]


def test_the_ladder_is_climbed_by_the_reach_that_a_person_sets():
    app = opened("networks")
    reach, least = app.number_input[0], app.number_input[1]
    assert (reach.label, least.label) == (text("rungs.reach"), text("rungs.least_dn"))
    assert text("rungs.no_reach") in [caption.value for caption in app.caption]
    reach.set_value(120.0)
    app.date_input[0].set_value(date(2026, 11, 23))
    next(button for button in app.button if button.label == text("rungs.apply")).click().run()
    assert not app.exception
    chosen = app.session_state["scenario"]
    assert (chosen.tap_reach_m, chosen.tap_min_dn_mm, chosen.as_of) == (120.0, None, "2026-11-23")
    assert text("rungs.no_reach") not in [caption.value for caption in app.caption]
    tables = [frame.value for frame in app.dataframe]
    by_zone = next(frame for frame in tables if text("column.zone") in frame and label("rung", "connected") in frame)
    assert (by_zone[label("rung", "reachable")] > 0).any()
