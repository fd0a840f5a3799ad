"""Faults: all at once, in the reader's words, none lost in the list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.catalog import text
from data.errors import DataError, Fault, fault_list, spans

EFFECTS = ("refused", "row_set_aside", "value_set_aside", "repaired", "noted")


def make(**said):
    return Fault(**({"rule": "not_a_number", "effect": "value_set_aside", "file": "锅炉.csv"} | said))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_message_tells_all(language):
    one = make(row=2, rows=(2, 3, 9), column="容量{x}", expected="20 t/h", got="[二十]{0}")
    said = one.message(language)
    for part in ("锅炉.csv", "2", "容量{x}", "20 t/h", "[二十]{0}", "2-3, 9", text("mend.not_a_number", language)):
        assert part in said
    assert "\n" not in said
    assert one.count == 3
    row = one.as_row(language)
    assert row["rows"] == "2-3, 9"
    assert row["message"] == said


def test_a_fault_of_a_whole_file():
    row = make(effect="refused").as_row()
    assert (row["row"], row["rows"], row["count"]) == (None, "", 1)


@given(st.sets(st.integers(1, 200)))
def test_spans_hold_exactly_the_rows(rows):
    back = set()
    for run in filter(None, spans(rows).split(", ")):
        first, _, last = run.partition("-")
        back |= set(range(int(first), int(last or first) + 1))
    assert back == rows


def test_spans_past_the_limit_are_an_ellipsis():
    assert spans(range(1, 20, 2), most=3) == "1, 3, 5, …"
    assert spans([4, 3, 9], most=2) == "3-4, 9"


def test_the_list_is_ranked_by_gravity_and_counts_the_rest():
    faults = [make(effect=effect, got=effect) for effect in reversed(EFFECTS)]
    lines = fault_list(faults).splitlines()
    assert [next(effect for effect in EFFECTS if f"：{effect};" in line) for line in lines] == list(EFFECTS)
    many = fault_list([make(row=n) for n in range(100)], most=60)
    assert len(many.splitlines()) == 61
    assert "40" in many.splitlines()[-1]
    assert fault_list([]) == ""


def test_an_error_carries_everything():
    faults = [make(row=n) for n in range(100)]
    error = DataError(iter(faults))
    assert error.faults == tuple(faults)
    assert isinstance(error, ValueError)
    assert "锅炉.csv" in str(error)
    with pytest.raises(AttributeError):
        faults[0].row = 3


def test_a_fault_without_a_text_is_ours():
    with pytest.raises(KeyError):
        make(rule="no such rule").message()
