"""From a figure on the page to the buildings behind it: what is chosen is what is listed, and it adds up."""

from __future__ import annotations

import pytest

from data.catalog import LANGUAGES, text
from tests.ui.test_pages import opened

pytestmark = pytest.mark.usefixtures("small_city")


def listed(app, language):
    """Return the sentence over the rows behind a figure."""
    head = text("behind.sum", language, count=0, area=0, households=0, shown=0).split("0")[-1]
    return [box.value for box in app.caption if box.value.endswith(head)]


def choose(app, key, *, cells=(), rows=()):
    app.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": list(cells)}}
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]
    return app


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cell_of_the_rates_lists_its_buildings(language):
    app = opened("overview", language)
    table = next(frame.value for frame in app.dataframe if text("column.rate_low", language) in frame.value)
    assert not listed(app, language)
    unknown = next(
        name for name in table if text("column.unknown_area_m2", language).split("（")[0].split(" (")[0] in name
    )
    choose(app, "overview_rates", cells=[(0, unknown)])
    (said,) = listed(app, language)
    assert f"{table[unknown].iloc[0]:,.2f}" in said, "the area of the rows is the figure"


def test_a_cell_of_the_reported_table_lists_its_buildings():
    app = opened("progress")
    table = app.dataframe[0].value
    column = next(name for name in table if name.startswith(text("j4.loose_coal")))
    choose(app, "j4_area", cells=[(0, column)])
    (said,) = listed(app, "zh")
    assert f"{table[column].iloc[0]:,.2f}" in said
    assert any(text("column.heat_source") in frame.value for frame in app.dataframe[1:])


def test_a_rung_and_an_area_list_their_buildings():
    app = opened("networks")
    choose(app, "rungs_by_zone", cells=[(0, text("rung.connected"))])
    (said,) = listed(app, "zh")
    table = next(frame.value for frame in app.dataframe if text("rung.connected") in frame.value)
    assert f"{table[text('rung.connected')].iloc[0]:,.2f}" in said
    choose(app, "rungs_readings", rows=[0])
    assert len(listed(app, "zh")) == 2


def test_a_measure_lists_what_it_converts():
    app = opened("progress")
    app.button_group(key="progress_part").set_value("what_if")
    app.run()
    app.checkbox(key="what_if_every").check()
    next(button for button in app.button if button.label == text("progress.add")).click()
    app.run()
    count = app.dataframe[0].value[text("column.buildings")].iloc[0]
    choose(app, "what_if_by_measure", rows=[0])
    (said,) = listed(app, "zh")
    assert said.startswith(f"{int(count):,} ")
