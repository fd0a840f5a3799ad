"""Cells of foreign tables turned into numbers, truths, codes and identifiers; each cell that fails is kept.

Every function takes a column as it was read and returns it parsed, with the positions that could not be
understood: nothing is dropped in silence, and an empty cell is not a fault.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from geo.vocabulary import coded, normalise

Failed = NDArray[np.intp]
_EMPTY: Final = {"", "/", "-", "--", "—", "——", "无", "nan", "none", "null", "n/a", "<na>", "nat"}
_TRUE: Final = {"是", "有", "1", "1.0", "true", "yes", "y", "√", "已完成"}
_FALSE: Final = {"否", "无", "没有", "0", "0.0", "false", "no", "n", "×", "未完成"}
_QUANTITY: Final = re.compile(r"^(?:约|≈|大约)?([-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?)(.*)$", re.IGNORECASE)
_EXACT: Final = 2**53  # whole numbers beyond it have lost digits as floats
MW_PER_T_H: Final = parameters.value("policy", "mw_per_t_h")
FACTORS: Final = {
    "t/h": 1.0,
    "t": 1.0,
    "蒸吨": 1.0,
    "蒸吨/小时": 1.0,
    "蒸吨/时": 1.0,
    "吨": 1.0,
    "吨/小时": 1.0,
    "吨/时": 1.0,
    "mw": 1 / MW_PER_T_H,
    "兆瓦": 1 / MW_PER_T_H,
    "kw": 1e-3 / MW_PER_T_H,
}
# A unit written in a cell is believed within its own dimension only: households are no square metres.
_DIMENSIONS: Final = (
    {"m2": 1.0, "m²": 1.0, "平方米": 1.0, "万m2": 1e4, "万m²": 1e4, "万平方米": 1e4, "亩": 2000 / 3},
    {"mw": 1.0, "兆瓦": 1.0, "万kw": 10.0, "万千瓦": 10.0, "kw": 1e-3, "千瓦": 1e-3},
    {"m": 1.0, "米": 1.0},
    {"mm": 1.0, "毫米": 1.0},
    {"kva": 1.0, "千伏安": 1.0},
    {"°": 1.0, "度": 1.0},
    {"": 1.0, "层": 1.0, "户": 1.0},
)


def is_empty(column: pd.Series) -> pd.Series:
    """Tell which cells say nothing: null, blank, or one of the dashes that ledgers use."""
    words = column.astype("string").str.strip().str.lower()
    return column.isna() | words.isin(_EMPTY).fillna(value=True).astype(bool)


def _failed(parsed: pd.Series, empty: pd.Series) -> Failed:
    return np.flatnonzero((parsed.isna() & ~empty).to_numpy())


def _quantity(cell: str, factors: dict[str, float]) -> float:
    match = _QUANTITY.match(normalise(cell).removeprefix("dn"))
    if match is None:
        return np.nan
    factor = factors.get(match.group(2).replace("(", "").replace(")", ""))
    return np.nan if factor is None else float(match.group(1).replace(",", "")) * factor


def _quantities(column: pd.Series, factors: dict[str, float]) -> tuple[pd.Series, Failed]:
    """Parse finite numbers with the units of `factors`; the factor of ``""`` is that of bare numbers."""
    empty = is_empty(column)
    words = column.astype("string").str.strip()
    parsed = pd.to_numeric(words.where(~empty), errors="coerce").astype(float) * factors.get("", np.nan)
    open_cells = _failed(parsed, empty)
    values = parsed.to_numpy(copy=True)
    values[open_cells] = [_quantity(cell, factors) for cell in words.iloc[open_cells]]
    values[~np.isfinite(values)] = np.nan
    finite = pd.Series(values, index=column.index)
    return finite, _failed(finite, empty)


def numbers(column: pd.Series, *, unit: str = "") -> tuple[pd.Series, Failed]:
    """Parse plain numbers, also with ``约`` or a unit behind; `unit` is the header's and scales bare numbers."""
    units = next((units for units in _DIMENSIONS if normalise(unit) in units), None)
    if units is None:
        raise ValueError(f"no dimension has the unit {unit!r}")
    return _quantities(column, {**units, "": units[normalise(unit)]})


def boiler_output(column: pd.Series, *, unit: str) -> tuple[pd.Series, Failed]:
    """Parse rated boiler outputs into t/h.

    A unit written in the cell decides; otherwise the header's. ``?`` means that the header states none:
    then a bare number is not understood, since t/h and MW differ by 0.7.
    """
    return _quantities(column, FACTORS if unit == "?" else {**FACTORS, "": FACTORS[normalise(unit)]})


def years(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Parse years out of years, dates, ``2023.6``, ``2023年6月`` and spreadsheet day numbers."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.year.astype(float), np.empty(0, dtype=np.intp)
    empty = is_empty(column)
    words = column.astype("string").str.strip()
    parsed = pd.to_numeric(words.str.extract(r"^(\d{4})(?:$|[.\-/年])", expand=False), errors="coerce").astype(float)
    days = pd.to_numeric(words.where(parsed.isna() & ~empty), errors="coerce").astype(float)
    dated = days.between(15_000, 60_000)
    parsed[dated] = (pd.Timestamp("1899-12-30") + pd.to_timedelta(days[dated], unit="D")).dt.year.astype(float)
    return parsed, _failed(parsed, empty)


def truths(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Parse yes and no; anything else is unknown."""
    words = column.astype("string").str.strip().str.lower()
    parsed = pd.Series(pd.NA, index=column.index, dtype="boolean")
    parsed[words.isin(_TRUE).fillna(value=False).astype(bool)] = True
    parsed[words.isin(_FALSE).fillna(value=False).astype(bool)] = False
    return parsed, _failed(parsed, is_empty(column))


def codes(column: pd.Series, layer: str, name: str, allowed: tuple[str, ...]) -> tuple[pd.Series, Failed]:
    """Translate coded values by the vocabulary; what it does not know becomes ``unknown`` and is reported.

    A column whose codes have no ``unknown`` keeps a null there instead.
    """
    words = column.astype("string").map(normalise, na_action="ignore").astype("string")
    words = words.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    lookup = {normalise(code): code for code in allowed} | coded(layer, name)
    parsed = words.map(lookup)
    empty = column.isna() | words.isin(_EMPTY - set(lookup)).fillna(value=True).astype(bool)
    failed = _failed(parsed, empty)
    if "unknown" in allowed:
        parsed = parsed.fillna("unknown")
    return parsed.astype("string").astype(object).where(parsed.notna(), None), failed


def digits(column: pd.Series, length: int) -> tuple[pd.Series, Failed, Failed]:
    """Restore codes of `length` digits as text.

    Returns
    -------
    codes : pandas.Series
        Text codes; null where nothing usable stood.
    restored : array of positions
        Cells that held a number and were whole.
    failed : array of positions
        Cells that lost digits (``6.40202E+11``) or have another length. No village's code ends in 000: such a code
        is a town's, or a number whose last digits a spreadsheet has dropped.
    """
    empty = is_empty(column)
    words = column.astype("string").str.strip()
    numeric = column.map(lambda cell: isinstance(cell, int | float | np.number) and not isinstance(cell, bool))
    whole = words.str.fullmatch(rf"[0-9]{{{length}}}(\.0+)?").fillna(value=False).astype(bool)
    parsed = words.str.slice(0, length)
    if length == 12:
        whole &= ~parsed.str.endswith("000").fillna(value=False).astype(bool)
    numeric = numeric.astype(bool) | words.str.contains(".", regex=False).fillna(value=False).astype(bool)
    parsed = parsed.astype(object).where(whole & ~empty, None)
    return parsed, np.flatnonzero((whole & numeric).to_numpy()), np.flatnonzero((~whole & ~empty).to_numpy())


def _identifier(cell: object) -> str | None:
    if isinstance(cell, float | np.floating):
        number = float(cell)
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else None
    word = str(cell).strip()
    return None if re.fullmatch(r"\d(\.\d+)?E\+\d{2,}", word) else word or None


def identifiers(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Write identifiers as text; whole numbers lose no digits and gain no ``.0``.

    Numbers that have lost digits (``1.23457E+14``) or are not whole identify nothing and are reported.
    """
    empty = column.isna() | column.astype("string").str.strip().eq("").fillna(value=True).astype(bool)
    cells = [None if blank else _identifier(cell) for cell, blank in zip(column, empty, strict=True)]
    parsed = pd.Series(cells, index=column.index, dtype=object)
    return parsed, _failed(parsed, empty)


def plain_text(column: pd.Series) -> pd.Series:
    """Write free text, names for instance, as it stands."""
    text = column.astype("string").str.strip()
    return text.astype(object).where(text.notna() & (text != ""), None)
