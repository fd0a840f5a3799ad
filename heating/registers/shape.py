"""What every register is made of: rows with an answer, and figures over them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from heating.rates import standing
from heating.verdicts import State

ANSWERS: Final = ("met", "missed", "open")
"""Whether a row does what its clause asks; ``open`` where that is not known."""
FIGURES: Final = (
    "register_figure",
    "measure_unit",
    "amount_met",
    "amount_missed",
    "amount_open",
    "share_low",
    "share_high",
    "share_target",
    "amount_gap_low",
    "amount_gap_high",
    "reached",
)
_ROUNDING: Final = 1e-9
_ANSWER: Final[dict[State, str]] = {"yes": "met", "no": "missed", "review": "open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One register.

    Parameters
    ----------
    rows : geopandas.GeoDataFrame
        What it lists, each with its place, an identifier ``register_id`` and the column `colour_by`.
    figures : pandas.DataFrame
        `FIGURES`: amounts in ``measure_unit``, shares ``share_low`` to ``share_high`` [1] while some rows are open, the
        target where there is one, the gap to it in the unit, and ``reached`` (met, missed, open, none).
    colour_by : str
        The column of the rows that the map is coloured by.
    notes : dict
        Numbers that the figures leave out, by the key of their text.
    clause : str
        Row of the parameters or the clause that asks for it.
    """

    rows: gpd.GeoDataFrame
    figures: pd.DataFrame
    colour_by: str
    notes: dict[str, int]
    clause: str


def answer(state: State) -> str:
    """Return the answer that a state is."""
    return _ANSWER[state]


def answers(values: Iterable[Any]) -> pd.Series:
    """Return the answers of nullable truths.

    >>> answers([True, False, None]).tolist()
    ['met', 'missed', 'open']
    """
    said = ["open" if pd.isna(value) else "met" if value else "missed" for value in values]
    return pd.Series(said, dtype="string[pyarrow]")


def share(name: str, said: pd.Series, amounts: pd.Series, *, unit: str, target: float = math.nan) -> dict[str, object]:
    """Return one figure: how much is met, and between which shares the whole lies.

    Parameters
    ----------
    name : str
        Of the figure.
    said : pandas.Series
        Answers of the rows.
    amounts : pandas.Series
        What each row weighs, in the unit.
    unit : str
        ``count``, ``m2``, ``households`` or ``km``.
    target : float
        Share that is asked for [1].
    """
    met, missed, unknown = (float(amounts[(said == one).to_numpy()].sum()) for one in ANSWERS)
    total = met + missed + unknown
    low, high = (met / total, (met + unknown) / total) if total else (math.nan, math.nan)
    wanted = target * total if total else math.nan
    gaps = [max(0.0, wanted - sure) if not math.isnan(wanted) else math.nan for sure in (met + unknown, met)]
    if unit == "count" and not math.isnan(wanted):
        gaps = [float(math.ceil(gap - _ROUNDING)) for gap in gaps]  # nobody is half frugal
    return {
        "register_figure": name,
        "measure_unit": unit,
        "amount_met": met,
        "amount_missed": missed,
        "amount_open": unknown,
        "share_low": low,
        "share_high": high,
        "share_target": target,
        "amount_gap_low": gaps[0],
        "amount_gap_high": gaps[1],
    }


def figures(told: list[dict[str, object]]) -> pd.DataFrame:
    """Return figures as a table with their standing."""
    table = pd.DataFrame(told, columns=[name for name in FIGURES if name != "reached"])
    said = standing(*(table[name].astype(float) for name in ("share_low", "share_high", "share_target")))
    return table.assign(reached=said)


def ones(rows: pd.DataFrame) -> pd.Series:
    """Return the weight of rows that are only counted."""
    return pd.Series(np.ones(len(rows)), index=rows.index)
