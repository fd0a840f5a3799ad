"""How buildings are coloured: one function a metric gives classes, colours and the legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.catalog import label, text
from heating.wording import coded_label

CLEAN: Final = {"clean": "#2F8F5B", "not_clean": "#C8501E", "unknown": "#8C8C8C", "not_heated": "#CFC8B8"}
ZONE: Final = {"urban": "#7A3E9D", "county_town": "#2B7BBA", "rural": "#6FA83C", "unknown": "#8C8C8C"}
STATE: Final = {"yes": "#2B7BBA", "no": "#CFC8B8", "review": "#E0A21A"}
VERDICT: Final = {
    "R4": "#B01E2E",
    "R2": "#E06A1C",
    "R3": "#8E44AD",
    "R1": "#5B2333",
    "review": "#E0B21A",
    "R6": "#3A7CA5",
    "exempt": "#5DA9A0",
    "none": "#8C8C8C",
    "not_coal": "#5C9E4C",
    "retired": "#BDBDBD",
}
USE: Final = {
    "apartment": "#D98E5F",
    "rural_house": "#B9A36B",
    "government": "#A0354B",
    "school": "#C2598B",
    "hospital": "#D94F70",
    "village_committee": "#8E5BA6",
    "other_public": "#7D7AB8",
    "office": "#4F86B5",
    "commercial": "#3C9BB3",
    "hotel": "#4BA88E",
    "factory": "#5F6F7F",
    "warehouse": "#8796A5",
    "greenhouse": "#8CBF6A",
    "ancillary": "#C9C3B4",
    "unknown": "#A8A8A8",
}
RAMP: Final = ("#FBE7A1", "#F7C65B", "#EF9B3A", "#DD6B28", "#B4401F", "#7C2318")
_NOT_DRAWN: Final = "#00000000"


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """Classes of the buildings, the palette that they index, and the legend as colour and words."""

    classes: NDArray[np.uint8]
    palette: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]


def coded(column: str, colours: dict[str, str]) -> Callable[[pd.DataFrame, str], Paint]:
    """Return a metric that colours the codes of a column."""

    def paint(frame: pd.DataFrame, language: str) -> Paint:
        places = {code: at for at, code in enumerate(colours, start=1)}
        classes = frame[column].map(places).fillna(0).to_numpy().astype(np.uint8)
        present = set(np.unique(classes))
        legend = tuple(
            (colour, coded_label(column, code, language)) for code, colour in colours.items() if places[code] in present
        )
        return Paint(classes, (_NOT_DRAWN, *colours.values()), legend)

    return paint


def graded(column: str, steps: Sequence[float], unit: str) -> Callable[[pd.DataFrame, str], Paint]:
    """Return a metric that colours a number in steps; zero and unknown are not drawn."""

    def paint(frame: pd.DataFrame, language: str) -> Paint:
        values = frame[column].to_numpy(dtype=float)
        classes = np.where(values > 0, np.digitize(values, steps) + 1, 0).astype(np.uint8)
        bounds = [f"< {steps[0]:g}", *(f"{low:g}–{high:g}" for low, high in pairwise(steps))]
        words = [*bounds, f"≥ {steps[-1]:g}"]
        legend = tuple((colour, f"{said} {unit}") for colour, said in zip(RAMP, words, strict=True))
        del language
        return Paint(classes, (_NOT_DRAWN, *RAMP), legend)

    return paint


METRICS: Final[dict[str, Callable[[pd.DataFrame, str], Paint]]] = {
    "clean_heating": coded("clean_heating", CLEAN),
    "zone": coded("zone", ZONE),
    "use": coded("use", USE),
    "in_service_area": coded("in_service_area", STATE),
    "specific_yield_kwh_kw": graded("specific_yield_kwh_kw", (1200, 1260, 1320, 1380, 1440), "kWh/kWp"),
    "yield_kwh": graded("yield_kwh", (5e3, 1e4, 3e4, 1e5, 5e5), "kWh"),
    "capacity_kw": graded("capacity_kw", (5, 10, 30, 100, 500), "kWp"),
}


def metric_label(name: str, language: str) -> str:
    """Return the label of a metric."""
    return label("column", name, language)


def only(paint: Paint, keep: NDArray[np.bool_]) -> Paint:
    """Return the paint with every other building left out."""
    return Paint(np.where(keep, paint.classes, 0).astype(np.uint8), paint.palette, paint.legend)


def rate_colour(rate: float, target: float) -> str:
    """Return the colour of a clean-heating rate [1] against its target [1]."""
    if np.isnan(rate) or np.isnan(target):
        return CLEAN["unknown"]
    short = target - rate
    return "#2F8F5B" if short <= 0 else "#A9C34F" if short <= 0.1 else "#E0A21A" if short <= 0.3 else "#C8501E"


def rate_legend(language: str) -> tuple[tuple[str, str], ...]:
    """Return the legend of `rate_colour`."""
    steps = (("#2F8F5B", "met"), ("#A9C34F", "near"), ("#E0A21A", "short"), ("#C8501E", "far"))
    return tuple((colour, text(f"legend.rate_{name}", language)) for colour, name in steps)
