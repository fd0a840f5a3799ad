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
from geo.styles import HEAT_SOURCE, USE
from heating import rates
from heating.wording import coded_label

CLEAN: Final = {"clean": "#2F8F5B", "not_clean": "#C8501E", "unknown": "#8C8C8C", "not_heated": "#CFC8B8"}
ZONE: Final = {"urban": "#7A3E9D", "county_town": "#2B7BBA", "rural": "#6FA83C", "unknown": "#8C8C8C"}
STATE: Final = {"yes": "#2B7BBA", "no": "#CFC8B8", "review": "#E0A21A"}
RUNG: Final = {
    "connected": "#1B6E5A",
    "covered_spare": "#3FA66B",
    "covered_full": "#E06A1C",
    "covered_unstated": "#E0B21A",
    "reachable": "#2B7BBA",
    "planned": "#7E57C2",
    "not_covered": "#CFC8B8",
    "doubtful": "#C2185B",
}
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
YEARS: Final = (1980, 1990, 2000, 2010, 2020)
RANKS: Final = (100, 500, 2000, 10000)
SHARES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
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
        rows, codes = pd.factorize(frame[column])
        # the last one stands for rows without a value, which are numbered -1
        classes = np.array([*(places.get(code, 0) for code in codes), 0], dtype=np.uint8)[rows]
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


def built(frame: pd.DataFrame, language: str) -> Paint:
    """Colour the year of building in steps; an unknown one is grey."""
    years = frame["year_built"].to_numpy(dtype=float, na_value=np.nan)
    classes = np.where(np.isnan(years), len(RAMP) + 1, np.digitize(years, YEARS) + 1).astype(np.uint8)
    words = [f"< {YEARS[0]}", *(f"{low}–{high - 1}" for low, high in pairwise(YEARS)), f"≥ {YEARS[-1]}"]
    legend = (*zip(RAMP, words, strict=True), (CLEAN["unknown"], text("legend.unknown", language)))
    return Paint(classes, (_NOT_DRAWN, *RAMP, CLEAN["unknown"]), legend)


def ranked(frame: pd.DataFrame, language: str) -> Paint:
    """Colour roofs by their place in the order of yearly energy, the greatest first; what yields none is not drawn."""
    energy = frame["yield_kwh"].to_numpy(dtype=float)
    place = np.empty(len(energy), dtype=np.int64)
    place[np.argsort(-np.nan_to_num(energy), kind="stable")] = np.arange(len(energy))
    shades = tuple(reversed(RAMP[-len(RANKS) - 1 :]))
    classes = np.where(energy > 0, np.digitize(place, RANKS) + 1, 0).astype(np.uint8)
    words = [text("legend.rank_first", language, last=RANKS[0])]
    words += [text("legend.rank_between", language, first=low + 1, last=high) for low, high in pairwise(RANKS)]
    words.append(text("legend.rank_after", language, first=RANKS[-1] + 1))
    return Paint(classes, (_NOT_DRAWN, *shades), tuple(zip(shades, words, strict=True)))


def village_rate(frame: pd.DataFrame, language: str) -> Paint:
    """Colour every building by the clean-heating rate of its village, of which the lower bound counts."""
    rows = rates.village_rates(frame).set_index("village_code")["rate_low"]
    low = frame["village_code"].map(rows).to_numpy(dtype=float, na_value=np.nan)
    classes = np.where(np.isnan(low), len(RAMP) + 1, np.digitize(low, SHARES) + 1).astype(np.uint8)
    shades = tuple(reversed(RAMP))
    words = [f"< {SHARES[0]:.0%}", *(f"{a:.0%}–{b:.0%}" for a, b in pairwise(SHARES)), f"≥ {SHARES[-1]:.0%}"]
    legend = (*zip(shades, words, strict=True), (CLEAN["unknown"], text("legend.unknown", language)))
    return Paint(classes, (_NOT_DRAWN, *shades, CLEAN["unknown"]), legend)


METRICS: Final[dict[str, Callable[[pd.DataFrame, str], Paint]]] = {
    "clean_heating": coded("clean_heating", CLEAN),
    "zone": coded("zone", ZONE),
    "use": coded("use", USE),
    "heat_source": coded("heat_source", HEAT_SOURCE),
    "in_service_area": coded("in_service_area", STATE),
    "coverage": coded("coverage", RUNG),
    "village_rate": village_rate,
    "year_built": built,
    "specific_yield_kwh_kw": graded("specific_yield_kwh_kw", (1200, 1260, 1320, 1380, 1440), "kWh/kWp"),
    "yield_kwh": graded("yield_kwh", (5e3, 1e4, 3e4, 1e5, 5e5), "kWh"),
    "candidate_rank": ranked,
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
