"""Every page runs on the demo city, in both languages, and its filters and choices do what they say."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from data.catalog import text
from tests.ui.conftest import ROOT

pytestmark = pytest.mark.usefixtures("small_city")

PAGES = ("coverage", "progress", "boilers", "checks", "rooftops", "networks", "registers", "scenarios")
PAGES += ("files", "sources", "help")


def opened(page="", language="zh"):
    app = AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=120)
    app.query_params["lang"] = language
    app.run()
    if page:
        app.switch_page(f"screens/{page}.py").run()
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def words(app):
    kinds = (app.markdown, app.caption, app.header, app.subheader, app.text)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", ["", *PAGES])
def test_page_runs_and_says_that_the_data_is_synthetic(page, language):
    app = opened(page, language)
    said = words(app)
    assert text("app.synthetic", language) in said
    assert text(f"page.{page or 'overview'}", language) in said


def test_overview_shows_a_card_for_each_zone_with_its_target():
    said = words(opened())
    for zone, target in (("urban", "100%"), ("county_town", "80%"), ("rural", "60%")):
        assert text(f"zone.{zone}") in said
        assert target in said


def test_boilers_filter_by_verdict_narrows_the_table():
    app = opened("boilers")
    whole = app.dataframe[0].value
    app.button_group(key="boilers_verdict").set_value(["review"]).run()
    narrowed = app.dataframe[0].value
    assert 0 < len(narrowed) < len(whole)
    assert set(narrowed[text("column.verdict")]) == {text("verdict.review")}


def test_rooftops_filter_by_county_and_size():
    app = opened("rooftops")
    app.selectbox(key="rooftops_county").set_value("640205").run()
    app.number_input(key="rooftops_least").set_value(50.0).run()
    shown = app.dataframe[0].value
    assert len(shown)
    assert set(shown[text("column.county")]) == {"惠农区"}
    assert (shown[text("column.capacity_kw")] >= 50).all()


def test_rooftops_say_that_the_terrain_is_flat_and_how_the_audit_went():
    app = opened("rooftops")
    assert any(text("solar.note.flat_terrain") in box.value for box in app.info)
    assert "e-0" in next(caption.value for caption in app.caption if "10 " in caption.value)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_panel_of_a_roof_shows_its_facts_and_neighbours(language, tmp_path):
    script = tmp_path / "panel.py"
    script.write_text(PANEL, encoding="utf-8")
    app = AppTest.from_file(str(script), default_timeout=120)
    app.query_params["lang"] = language
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]
    said = words(app)
    for key in ("roof.months", "roof.horizon", "roof.waterfall", "roof.neighbours", "solar.note.flat_terrain"):
        assert text(key, language) in said
    kept = app.dataframe[0].value[text("roof.lost", language)]
    assert (kept > 0).all()
    assert kept.is_monotonic_decreasing
    assert f"{kept.iloc[0]:,.0f} kWh" in said


PANEL = """
import numpy as np
from solar.detail import roof_detail
from ui.roof_panel import roof_panel
from ui.state import current

done = current()
shaded = done.buildings["loss_buildings_kwh"] / done.buildings["in_plane_kwh"].where(done.buildings["capacity_kw"] > 0)
roof_panel(done, int(np.nanargmax(shaded.to_numpy())))
"""


def test_a_stricter_reading_of_the_zones_changes_the_rates():
    app = opened("coverage")
    before = app.dataframe[-1].value
    next(box for box in app.checkbox if box.label == text("ui.other_towns_as_rural")).check().run()
    assert not app.exception
    after = app.dataframe[-1].value
    assert not before.equals(after)


def test_no_rate_on_screen_is_above_its_exact_value():
    app = opened("coverage")
    table = app.dataframe[-1].value
    columns = [text("column.clean_area_m2"), text("column.not_clean_area_m2"), text("column.unknown_area_m2")]
    clean, dirty, unknown = (table[name.replace("（m²）", "（万m²）")] for name in columns)
    exact = 100 * clean / (clean + dirty + unknown)
    shown = table[text("column.rate_low")]
    assert (shown <= exact + 1e-6).all()
    assert (exact - shown < 0.01 + 1e-6).all()


def test_choices_survive_a_change_of_page_and_stand_in_the_address():
    app = opened("rooftops")
    app.selectbox(key="rooftops_county").set_value("640205").run()
    app.number_input(key="rooftops_least").set_value(50.0).run()
    app.switch_page("screens/boilers.py").run()
    app.switch_page("screens/rooftops.py").run()
    assert not app.exception
    assert not [box.value for box in app.warning if "rooftops" in box.value]
    assert app.selectbox(key="rooftops_county").value == "640205"
    assert app.number_input(key="rooftops_least").value == 50.0
    said = app.query_params["state"]
    assert json.loads(said if isinstance(said, str) else said[0])["rooftops_least"] == 50.0


@pytest.mark.parametrize("page", ["", "rooftops", "boilers", "networks", "coverage"])
def test_an_address_sets_the_choices_and_nonsense_is_said(page):
    app = AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=120)
    wanted = {"rooftops_county": "640205", "boilers_county": "999999", "boilers_verdict": ["R1", "no"]}
    wanted |= {"networks_kind": "nothing", "overview_map_metric": "no", "coverage_county": "1", "evil": 1}
    app.query_params["state"] = json.dumps(wanted)
    app.run()
    assert any(text("ui.link_not_understood") in box.value for box in app.warning)
    if page:
        app.switch_page(f"screens/{page}.py").run()
    assert not app.exception, [problem.message for problem in app.exception]
    if page == "rooftops":
        assert app.selectbox(key="rooftops_county").value == "640205"
    if page == "boilers":
        assert app.selectbox(key="boilers_county").value == "all"


def test_a_switch_that_is_set_and_taken_back_at_once_is_off():
    app = opened()
    for wanted in (True, False, True, False):
        app.checkbox(key="reading_include_35").set_value(wanted).run()
        assert not app.exception
        assert app.session_state["scenario"].include_35 is wanted
        assert app.checkbox(key="reading_include_35").value is wanted


@pytest.mark.parametrize("page", ["", *PAGES])
def test_the_language_can_be_switched_on_every_page(page):
    app = opened(page)
    app.segmented_control(key="language").set_value("en").run()
    assert not app.exception, [problem.message for problem in app.exception]
    assert text("app.synthetic", "en") in words(app)
    assert app.query_params["lang"] in ("en", ["en"])


CHOICES = """
import streamlit as st
from ui.evidence import still_chosen
from ui.map import MapEvent

def event(serial, layer="boilers"):
    return MapEvent(lon=106.4, lat=39.0, layer=layer, serial=serial) if serial else None

acts = [("B1", 0), ("B1", 5), ("B1", 5), ("B2", 5), ("B2", 6), (None, 6), ("B2", 6), ("B2", 6), (None, 7)]
st.text(str([still_chosen("map", choice, event(serial)) for choice, serial in acts]))
st.text(str(still_chosen("ground", "B1", event(3)) and still_chosen("ground", "B1", event(4, ""))))
"""


def test_the_last_act_counts_whether_in_the_table_or_on_the_map():
    app = AppTest.from_string(CHOICES).run()
    assert not app.exception
    assert app.text[0].value == str([True, False, False, True, False, False, True, True, False])
    assert app.text[1].value == "True"


def test_a_map_is_waited_for_once(monkeypatch):
    asked = []
    monkeypatch.setattr("ui.citymap.STORE.await_browser", lambda *said, since: asked.append((*said, since)))
    app = opened()
    assert len(asked) == 1
    app.selectbox(key="overview_map_metric").select("zone").run()
    app.run()
    assert len(asked) == 1
    app.switch_page("screens/boilers.py").run()
    assert len(asked) == 2
