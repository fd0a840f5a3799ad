"""帮助: every task in short steps, in both languages, with words that stand on the pages."""

from __future__ import annotations

import re

import pytest

from data.catalog import VERSION, text, text_keys
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")

LANGUAGES = ("zh", "en")
TASKS = ("building", "boiler", "roofs", "import", "compare", "share")


def steps_of(task):
    return sorted(key for key in text_keys() if re.fullmatch(rf"help\.task_{task}_\d", key))


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_three_to_five_steps(task):
    steps = steps_of(task)
    assert 3 <= len(steps) <= 5
    assert [key[-1] for key in steps] == [str(at + 1) for at in range(len(steps))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_quoted_words_of_the_help_come_from_the_catalogue(language):
    for key in text_keys():
        if key.startswith("help."):
            raw = _raw(key, language)
            assert re.sub(r"“\{\w+\}”", "", raw).count("“") == 0, key


def _raw(key, language):
    class Names(dict):
        def __missing__(self, name):
            return "{" + name + "}"

    from data import catalog  # noqa: PLC0415

    return catalog._texts()[key][language].format_map(Names())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_task_term_and_limit_is_shown(language):
    app = opened("help", language)
    said = words(app)
    labels = {box.label for box in app.expander}
    for task in TASKS:
        assert text(f"help.task_{task}", language) in labels
    for key in ("gate.read", "ui.scenario", "scenarios.save", "page.networks", "map.search", "rooftops.least_kw"):
        if key != "page.networks":
            assert text(key, language) in said, key
    assert VERSION in said
    assert "{" not in said
    for key in ("help.where_machine", "help.where_requests", "help.read_cut"):
        assert text(key, language) in said


def test_the_glossary_cites_the_clauses():
    app = opened("help")
    table = next(frame.value for frame in app.dataframe if text("help.term") in frame.value.columns)
    clauses = table.set_index(text("help.term"))[text("help.clause")]
    assert "三（八）" in clauses[text("help.term_radius")]
    assert "石政发〔2022〕57号" in clauses[text("help.term_zone_rural")]
    assert table.notna().all().all()
    assert table[text("help.term")].is_unique


def test_the_limits_count_what_is_open_in_the_data():
    app = opened("help")
    said = words(app)
    assert "1,500" in said
    assert "13" in next(line for line in said.splitlines() if text("networks.spare_undeclared") in line)
