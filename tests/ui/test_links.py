"""Choices survive a change of page and travel in the address; what an address says is never trusted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import links

CHOICES = {"boilers_county": "640205", "boilers_verdict": ["R1", "review"], "rooftops_least": 50.0}


def test_what_is_written_is_read_again():
    said = links.write(CHOICES)
    assert links.read(said) == (CHOICES, True)
    assert links.write({"boilers_county": None, "boilers_verdict": [], "rooftops_least": 0.0}) is None


@pytest.mark.parametrize(
    "said",
    [
        "[]", "7", "null", "{", "nonsense", "[" * 5000, json.dumps({"x": 1}), json.dumps({"boilers_county": 5}),
        json.dumps({"boilers_verdict": "R1"}), json.dumps({"boilers_verdict": [1]}), '{"rooftops_least": "5"}',
        json.dumps({"rooftops_least": True}), '{"rooftops_least": NaN}', '{"rooftops_least": 1e999}',
        json.dumps({"boilers_county": "x" * 65}), json.dumps({"boilers_verdict": ["R1"] * 41}),
        json.dumps({"scenario": {"name": "x"}}), json.dumps({"kept_choices": {}}), json.dumps({"language": "en"}),
        json.dumps({"boilers_county": "a"}) + " " * 2000,
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left_out_and_said(said):
    assert links.read(said) == ({}, False)


def test_a_number_beyond_all_measure_is_left_out():
    assert links.read('{"rooftops_least": 1' + "0" * 400 + "}") == ({}, False)


def test_what_is_understood_is_kept_beside_what_is_not():
    assert links.read(json.dumps({"boilers_county": "640205", "x": 1})) == ({"boilers_county": "640205"}, False)


@given(st.text(max_size=200))
def test_no_address_breaks_the_page(said):
    choices, _ = links.read(said)
    assert all(links.sane(name, value) for name, value in choices.items())


def test_a_value_comes_back_when_its_page_does():
    session = {}
    links.give_back(session, None)
    session["boilers_county"] = "640205"
    links.give_back(session, None)
    del session["boilers_county"]  # as Streamlit does when another page is shown
    links.give_back(session, None)
    assert session["boilers_county"] == "640205"


def test_the_address_counts_once_at_the_start():
    session = {}
    assert links.give_back(session, links.write(CHOICES))
    assert session["boilers_county"] == "640205"
    session["boilers_county"] = "640221"
    links.give_back(session, links.write(CHOICES))
    assert session["boilers_county"] == "640221"


def test_what_a_widget_does_not_offer_is_taken_away():
    session = {"a": "x", "b": ["x", "y"], "c": "y"}
    for name in session.copy():
        links.keep_among(session, name, ["y"])
    links.keep_among(session, "d", ["y"])
    assert session == {"b": ["y"], "c": "y"}
