"""What the tooltip of a building says, on the live map and in the stand-alone one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from data.catalog import label
from heating.wording import coded_label

CODES: Final = ("use", "zone", "heat_source", "clean_heating")
FIGURES: Final = ("area_m2", "yield_kwh")
UNKNOWN: Final = "—"


def code_words(column: str, value: Any, language: str) -> str:
    """Return the label of a coded value, a dash where there is none."""
    return coded_label(column, value, language) or UNKNOWN


def whole(value: Any) -> int | None:
    """Return a figure as the whole number that is shown, or None where it is unknown."""
    return None if pd.isna(value) or not math.isfinite(value) else round(value)


def figure_words(value: Any) -> str:
    """Return a figure with its thousands apart, a dash where it is unknown."""
    number = whole(value)
    return UNKNOWN if number is None else f"{number:,d}"


def recorder(buildings: pd.DataFrame) -> Callable[[int, str], dict[str, str]]:
    """Return what tells labels and values of a row of assessed buildings in a language."""

    def record(row: int, language: str) -> dict[str, str]:
        cells = buildings.iloc[row]
        said = {label("column", name, language): code_words(name, cells[name], language) for name in CODES}
        return said | {label("column", name, language): figure_words(cells[name]) for name in FIGURES}

    return record
