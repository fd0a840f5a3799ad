"""目标进度 on the page: the table by either basis, measures that add up, snapshots that are kept, blind flags told."""

from __future__ import annotations

import pytest

from data.catalog import text
from heating.emissions import QUANTITIES
from heating.scenario import Scenario
from heating.snapshots import SnapshotStore
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")


@pytest.fixture(autouse=True)
def workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("NUANGUANG_WORKSPACE", str(tmp_path))
    return tmp_path


def fine(app):
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def part(name, language="zh"):
    app = opened("progress", language)
    app.button_group(key="progress_part").set_value(name)
    return fine(app.run())


def press(app, said):
    next(button for button in app.button if button.label == said).click()
    return fine(app.run())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_by_area_and_by_household(language):
    app = part("table", language)
    rate, basis = text("j4.rate", language), app.radio(key="progress_basis")
    area = app.dataframe[0].value
    assert rate in area
    basis.set_value("households")
    households = fine(app.run()).dataframe[0].value
    assert any(f"({text('j4.unit_households', language)})" in name for name in households)
    assert not any(f"({text('j4.unit_area', language)})" in name for name in households)


def test_measures_are_added_shown_and_cleared():
    app = part("what_if")
    assert text("progress.none_added") in [box.value for box in app.info]
    app.checkbox(key="what_if_every").check()
    press(app, text("progress.add"))
    tables = [frame.value for frame in app.dataframe]
    assert tables[0][text("column.buildings")].iloc[0] > 0
    after = tables[1]
    assert (after[text("column.rate_low_after")] >= after[text("column.rate_low")]).all()
    burnt = next(table for table in tables if text("column.quantity") in table)
    assert burnt[text("column.quantity")].tolist() == [text(f"quantity.{name}") for name in QUANTITIES]
    assert any("CO2" in box.value and "%" in box.value for box in app.warning), "direct electric heating raises CO2"
    press(app, text("progress.clear"))
    assert text("progress.none_added") in [box.value for box in app.info]


def test_a_snapshot_is_kept_once_and_told(workspace):
    app = part("series")
    assert text("progress.snapshot_none") in [box.value for box in app.info]
    press(app, text("progress.snapshot_save"))
    assert text("progress.snapshot_missing") in [box.value for box in app.error]

    def keep():
        labels = {text("progress.snapshot_name"): "年底台账", text("progress.snapshot_who"): "王工"}
        for box in app.text_input:
            if box.label in labels:
                box.set_value(labels[box.label])
        press(app, text("progress.snapshot_save"))

    keep()
    store = SnapshotStore(workspace / "demo")
    assert set(store.table()["name"]) == {"年底台账"}
    keep()
    assert text("fault.snapshot_taken") in words(app)
    assert len(set(store.table()["at"])) == 1
    store.close()


def test_what_has_no_column_is_not_called_free_of_contradictions():
    app = part("flags")
    assert any("用热户号" in box.value for box in app.warning)


def test_a_scenario_that_does_not_count_the_usual_source_breaks_nothing():
    app = opened("progress")
    app.session_state["scenario"] = Scenario(clean_overrides={"air_heater": False})
    app.button_group(key="progress_part").set_value("what_if")
    fine(app.run())
    assert "air_heater" not in app.selectbox(key="what_if_to").value
