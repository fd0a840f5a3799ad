"""专项台账 on the page: figures that are never rounded over a target, rows by answer, the year, and no data told."""

from __future__ import annotations

import pytest

from data.catalog import LANGUAGES, label, text
from heating.registers import REGISTERS
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")


def part(name, language="zh"):
    app = opened("registers", language)
    app.button_group(key="registers_part").set_value(name)
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REGISTERS)
def test_each_register_shows_its_clause_its_figures_and_its_rows(name, language):
    app = part(name, language)
    figures, *rows = (frame.value for frame in app.dataframe)
    assert text("column.register_figure", language) in figures
    assert all(str(share).endswith("%") or share == "—" for share in figures[text("column.share", language)])
    assert not [name for table in (figures, *rows) for name in table if "_" in str(name)], "columns are named in words"
    assert len(rows) == (name != "new_buildings"), "the small city has no building with a permit since the Plan"


def test_the_rows_of_one_answer_alone():
    app = part("metering")
    counts = app.dataframe[1].value[text("column.household_metered")].value_counts()
    app.button_group(key="registers_only_metering").set_value(["met"])
    app.run()
    assert not app.exception
    said = set(app.dataframe[1].value[text("column.fulfilled")])
    assert said == {label("fulfilled", "met")}
    assert counts.get(label("state", "yes"), 0) <= len(app.dataframe[1].value)


def test_ages_are_counted_to_the_chosen_year():
    app = part("pipes")
    before = app.dataframe[0].value[text("column.amount_met")].iloc[0]
    app.number_input(key="registers_year").set_value(2000)
    app.run()
    assert not app.exception
    assert app.dataframe[0].value[text("column.amount_met")].iloc[0] == "0.0" != before


def test_the_open_question_of_new_buildings_is_told():
    assert "既无施工许可日期" in words(part("new_buildings"))
