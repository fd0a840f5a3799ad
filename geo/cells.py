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
_EMPTY: Final = {"", "/", "-", "--", "—", "——", "无", "nan", "none", "null", "n/a", "<na>"}
_TRUE: Final = {"是", "有", "1", "1.0", "true", "yes", "y", "√", "已完成"}
_FALSE: Final = {"否", "无", "没有", "0", "0.0", "false", "no", "n", "×", "未完成"}
_QUANTITY: Final = re.compile(r"^(?:约|≈|大约)?([-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?)(.*)$", re.IGNORECASE)
MW_PER_T_H: Final = parameters.value("policy", "mw_per_t_h")
FACTORS: Final = {
    "t/h": 1.0,
    "蒸吨": 1.0,
    "蒸吨/小时": 1.0,
    "蒸吨/时": 1.0,
    "吨": 1.0,
    "mw": 1 / MW_PER_T_H,
    "kw": 1e-3 / MW_PER_T_H,
}
_SCALE: Final = {"万m2": 1e4, "万m²": 1e4, "亩": 2000 / 3, "万kw": 10.0, "kw": 1e-3}
_PLAIN_UNITS: Final = {"", "m", "m2", "m²", "层", "户", "年", "mw", "mm", "kva", "平方米", "米"}


def is_empty(column: pd.Series) -> pd.Series:
    """Tell which cells say nothing: null, blank, or one of the dashes that ledgers use."""
    words = column.astype("string").str.strip().str.lower()
    return column.isna() | words.isin(_EMPTY).fillna(value=True).astype(bool)


def _unit(tail: str) -> str:
    return normalise(tail).replace("(", "").replace(")", "").replace("dn", "")


def _quantity(cell: str, factors: dict[str, float]) -> float:
    match = _QUANTITY.match(cell.strip().lower().removeprefix("dn"))
    if match is None:
        return np.nan
    factor = factors.get(_unit(match.group(2)))
    return np.nan if factor is None else float(match.group(1).replace(",", "")) * factor


def numbers(column: pd.Series, *, unit: str = "") -> tuple[pd.Series, Failed]:
    """Parse plain numbers, also with ``约`` or a unit behind; `unit` is the header's, and scales them."""
    scale = _SCALE.get(normalise(unit), 1.0)
    empty = is_empty(column)
    parsed = pd.to_numeric(column.where(~empty), errors="coerce").astype(float) * scale
    open_cells = np.flatnonzero((parsed.isna() & ~empty).to_numpy())
    if len(open_cells):
        factors = dict.fromkeys(_PLAIN_UNITS, scale) | {normalise(name): size for name, size in _SCALE.items()}
        if normalise(unit) != "mw":
            factors.pop("kw", None)
        cells = [_quantity(str(column.iloc[at]), factors) for at in open_cells]
        parsed.iloc[open_cells] = cells
    return parsed, open_cells[np.isnan(parsed.iloc[open_cells].to_numpy())]


def boiler_output(column: pd.Series, *, unit: str) -> tuple[pd.Series, Failed]:
    """Parse rated boiler outputs into t/h.

    A unit written in the cell decides; otherwise the header's. ``?`` means that the header states none:
    then a bare number is not understood, since t/h and MW differ by 0.7.
    """
    factors = {normalise(name): size for name, size in FACTORS.items()}
    if unit != "?":
        factors[""] = factors[normalise(unit)]
    empty = is_empty(column)
    cells = [
        np.nan if blank else _quantity(str(cell), factors)
        for cell, blank in zip(column.to_list(), empty.to_list(), strict=True)
    ]
    parsed = pd.Series(cells, index=column.index, dtype=float)
    return parsed, np.flatnonzero((parsed.isna() & ~empty).to_numpy())


def years(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Parse years out of years, dates, ``2023.6``, ``2023年6月`` and spreadsheet day numbers."""
    empty = is_empty(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.year.astype(float), np.empty(0, dtype=np.intp)
    words = column.astype("string").str.strip()
    parsed = pd.to_numeric(words.str.extract(r"^(\d{4})(?:$|[.\-/年])", expand=False), errors="coerce").astype(float)
    days = pd.to_numeric(words.where(parsed.isna() & ~empty), errors="coerce").astype(float)
    dated = days.between(15_000, 60_000)
    parsed[dated] = (pd.Timestamp("1899-12-30") + pd.to_timedelta(days[dated], unit="D")).dt.year.astype(float)
    return parsed, np.flatnonzero((parsed.isna() & ~empty).to_numpy())


def truths(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Parse yes and no; anything else is unknown."""
    words = column.astype("string").str.strip().str.lower()
    parsed = pd.Series(pd.NA, index=column.index, dtype="boolean")
    parsed[words.isin(_TRUE).fillna(value=False).astype(bool)] = True
    parsed[words.isin(_FALSE).fillna(value=False).astype(bool)] = False
    return parsed, np.flatnonzero((parsed.isna() & ~is_empty(column)).to_numpy())


def codes(column: pd.Series, layer: str, name: str, allowed: tuple[str, ...]) -> tuple[pd.Series, Failed]:
    """Translate coded values by the vocabulary; what it does not know becomes ``unknown`` and is reported.

    A column whose codes have no ``unknown`` keeps a null there instead.
    """
    words = column.astype("string").map(normalise, na_action="ignore")
    lookup = {normalise(code): code for code in allowed} | coded(layer, name)
    parsed = words.map(lookup)
    empty = column.isna() | words.isin(_EMPTY - set(lookup)).fillna(value=True).astype(bool)
    failed = np.flatnonzero((parsed.isna() & ~empty).to_numpy())
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
        Cells that lost digits (``6.40202E+11``) or have another length.
    """
    empty = is_empty(column)
    words = column.astype("string").str.strip()
    numeric = column.map(lambda cell: isinstance(cell, int | float | np.number) and not isinstance(cell, bool))
    whole = words.str.fullmatch(rf"\d{{{length}}}(\.0+)?").fillna(value=False).astype(bool)
    parsed = words.str.slice(0, length).where(whole & ~empty)
    restored = np.flatnonzero((whole & (numeric.astype(bool) | words.str.contains(".", regex=False))).to_numpy())
    failed = np.flatnonzero((~whole & ~empty).to_numpy())
    return parsed.astype(object).where(parsed.notna(), None), restored, failed


def identifiers(column: pd.Series) -> pd.Series:
    """Write identifiers as text; whole numbers lose no digits and gain no ``.0``."""
    if pd.api.types.is_float_dtype(column):
        whole = column.notna() & (column == column.round()) & (column.abs() < 2**53)
        words = column.astype("string")
        words[whole] = column[whole].astype("int64").astype("string")
    else:
        words = column.astype("string").str.strip()
    return words.astype(object).where(words.notna() & (words != ""), None)
