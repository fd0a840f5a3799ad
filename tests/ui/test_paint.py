"""Colourings: each building has the class of its value, and the legend names every class that is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.styles import USE
from ui.paint import METRICS, coded, only

CODES = ["school", "office", "nothing known", None, "school", "unknown"]


@pytest.mark.parametrize("kind", ["str", "string[pyarrow]", "category", "object"])
def test_codes_have_the_class_of_their_place_and_others_none(kind):
    frame = pd.DataFrame({"use": pd.Series(CODES, dtype=kind)})
    paint = coded("use", USE)(frame, "zh")
    places = {code: at for at, code in enumerate(USE, start=1)}
    assert paint.classes.tolist() == [places.get(code, 0) for code in CODES]
    assert paint.classes.dtype == np.uint8
    assert [colour for colour, _ in paint.legend] == [
        colour for code, colour in USE.items() if code in ("school", "office", "unknown")
    ]


def test_a_city_without_buildings_has_no_classes():
    paint = coded("use", USE)(pd.DataFrame({"use": pd.Series([], dtype="str")}), "zh")
    assert len(paint.classes) == len(paint.legend) == 0


def test_the_greatest_roofs_are_ranked_first_and_those_without_yield_not_at_all():
    energy = np.array([5.0, 0.0, np.nan, 9.0, *np.linspace(10, 11, 150)])
    paint = METRICS["candidate_rank"](pd.DataFrame({"yield_kwh": energy}), "zh")
    assert paint.classes[[1, 2]].tolist() == [0, 0]
    best = np.argsort(-np.nan_to_num(energy))
    assert set(paint.classes[best[:100]]) == {1}
    assert set(paint.classes[best[100:152]]) == {2}


def test_what_is_left_out_is_not_drawn():
    frame = pd.DataFrame({"use": ["school", "office"]})
    paint = coded("use", USE)(frame, "zh")
    narrowed = only(paint, np.array([False, True]))
    assert narrowed.classes.tolist() == [0, paint.classes[1]]
    assert narrowed.legend == paint.legend
