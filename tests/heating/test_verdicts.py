"""Kleene's logic, and numbers held against limits."""

import itertools
import math

import pandas as pd
import pytest

from heating.verdicts import STATES, above, all_of, any_of, at_least, negate, suffices, truth

TRIPLES = list(itertools.product(STATES, repeat=3))


@pytest.mark.parametrize(("a", "b", "c"), TRIPLES)
def test_the_logic_is_kleenes(a, b, c):
    order = STATES.index
    assert all_of(a, b) == STATES[min(order(a), order(b))]
    assert any_of(a, b) == STATES[max(order(a), order(b))]
    assert negate(negate(a)) == a
    assert negate(all_of(a, b)) == any_of(negate(a), negate(b))
    assert all_of(a, any_of(b, c)) == any_of(all_of(a, b), all_of(a, c))
    assert all_of(a, b, c) == all_of(a, all_of(b, c))


def test_nothing_is_all_and_not_any():
    assert (all_of(), any_of()) == ("yes", "no")


@pytest.mark.parametrize("empty", [None, pd.NA, math.nan])
def test_an_empty_cell_is_no_answer(empty):
    assert truth(empty) == "review"
    assert (truth(True), truth(False)) == ("yes", "no")


@pytest.mark.parametrize(
    ("value", "limit", "said"),
    [(65.0, 65.0, "yes"), (64.999, 65.0, "no"), (45.5 / 0.7, 65.0, "yes"), (math.nan, 65.0, "review")],
)
def test_the_limit_itself_is_reached(value, limit, said):
    assert at_least(value, limit) == said


@pytest.mark.parametrize("limit", [35.0, 65.0, 300.0])
def test_rounding_carries_nothing_over_a_limit(limit):
    assert above(math.nextafter(limit, math.inf), limit) == above(math.nextafter(limit, 0), limit) == 0.0


@pytest.mark.parametrize(
    ("have", "need", "said"),
    [(14.0, 14.0, "yes"), (13.9, 14.0, "no"), (-5.0, 1.0, "no"), (math.nan, 1.0, "review"), (9.0, math.nan, "review")],
)
def test_spare_heat_has_to_cover_the_need(have, need, said):
    assert suffices(have, need) == said
