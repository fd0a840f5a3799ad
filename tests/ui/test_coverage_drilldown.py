"""清洁取暖 from the city to a building: each level shows its parts, and a chosen row goes one level down."""

from __future__ import annotations

import pytest

from data.catalog import text
from tests.ui.conftest import BUILDINGS
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")

LEVELS = ("county", "town", "village")


def table_of(app, header):
    return next(frame.value for frame in app.dataframe if frame.value.columns[0] == text(header))


def count(table):
    return int(table[text("column.buildings")].sum())


def town_of(app):
    app.selectbox(key="coverage_county").set_value("640202").run()
    app.selectbox(key="coverage_town").set_value("长胜街道").run()
    return app


def test_the_first_level_is_the_counties_and_holds_every_building():
    app = opened("coverage")
    table = table_of(app, "column.county")
    assert set(table[text("column.county")]) == {"大武口区", "惠农区", "平罗县"}
    assert count(table) == BUILDINGS
    assert app.selectbox(key="coverage_town").disabled


def test_each_choice_goes_one_level_down_and_keeps_the_sum():
    app = opened("coverage")
    county = table_of(app, "column.county")
    expected = count(county[county[text("column.county")] == "大武口区"])
    app.selectbox(key="coverage_county").set_value("640202").run()
    towns = table_of(app, "column.town")
    assert count(towns) == expected
    expected = count(towns[towns[text("column.town")] == "长胜街道"])
    app.selectbox(key="coverage_town").set_value("长胜街道").run()
    villages = table_of(app, "column.village")
    assert count(villages) == expected
    village = next(code for code in app.selectbox(key="coverage_village").options if code == "骏马社区居委会")
    expected = count(villages[villages[text("column.village")] == village])
    app.selectbox(key="coverage_village").set_value("640202001001").run()
    assert not app.exception
    assert len(table_of(app, "column.building_id")) == expected


def test_the_pending_row_is_opened_with_its_zone():
    app = opened("coverage")
    app.session_state["coverage_next"] = {"county": "640221", "zone": "rural"}
    app.run()
    assert app.selectbox(key="coverage_county").value == "640221"
    assert app.selectbox(key="coverage_zone").value == "rural"
    assert set(table_of(app, "column.town")[text("column.zone")]) == {text("zone.rural")}


def test_the_crumbs_lead_back():
    app = town_of(opened("coverage"))
    app.button(key="coverage_crumb_1").click().run()
    assert app.selectbox(key="coverage_town").value == "all"
    assert app.selectbox(key="coverage_county").value == "640202"
    app.button(key="coverage_crumb_0").click().run()
    assert app.selectbox(key="coverage_county").value == "all"


def test_a_town_of_another_county_is_dropped_with_it():
    app = town_of(opened("coverage"))
    app.selectbox(key="coverage_county").set_value("640221").run()
    assert not app.exception
    assert app.selectbox(key="coverage_town").value == "all"


def test_the_largest_gap_comes_first():
    app = opened("coverage")
    app.selectbox(key="coverage_county").set_value("640202").run()
    gaps = table_of(app, "column.town")[text("column.gap_high_m2").replace("（m²）", "（万m²）")].dropna()
    assert gaps.is_monotonic_decreasing


def test_a_zone_without_buildings_in_the_area_says_so():
    app = town_of(opened("coverage"))
    app.selectbox(key="coverage_zone").set_value("unknown").run()
    assert not app.exception
    assert text("coverage.nothing_here") in [box.value for box in app.info]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_level_runs_in_both_languages(language):
    app = opened("coverage", language)
    for field, code in zip(LEVELS, ("640202", "长胜街道", "640202001001"), strict=True):
        app.selectbox(key=f"coverage_{field}").set_value(code).run()
        assert not app.exception
        assert text("coverage.drill", language) in words(app)
