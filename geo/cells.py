"""Cells of foreign tables turned into numbers, truths, codes and identifiers; each cell that fails is kept.

Every function takes a column as it was read and returns it parsed, with the positions that could not be
understood: nothing is dropped in silence, and an empty cell is not a fault.
"""

from __future__ import annotations

import re
from calendar import monthrange
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from geo.vocabulary import coded, normalise, unit_factors

Failed = NDArray[np.intp]
_DASHES: Final = {"/", "//", "\\", "-", "--", "—", "——", "———", "－", "－－", "―", "–", "／", "_"}
_EMPTY: Final = {
    *("", "nan", "none", "null", "n/a", "<na>", "nat", "?", "？"),
    *_DASHES,
    *("无", "空", "暂无", "不详", "未知", "不明", "不清", "不清楚", "待定", "待核", "待核实", "待查", "待填", "待补充"),
}
_TRUE: Final = {"是", "有", "1", "1.0", "true", "yes", "y", "√", "✓", "已完成"}
_FALSE: Final = {"否", "无", "没有", "0", "0.0", "false", "no", "n", "×", "未完成"}
_ABOUT: Final = r"(?:大约|大概|约为|约|≈|~|近似|估计)"
_ROUGHLY: Final = r"(?:左右|上下|余|多)"
_QUANTITY: Final = re.compile(
    rf"^({_ABOUT})?([-+]?\d+(?:,\d{{3}})*(?:\.\d+)?(?:e[-+]?\d+)?)({_ROUGHLY})?(.*?)({_ROUGHLY})?$"
)
_RANGE: Final = re.compile(r"^(?:约|~)?\d[\d.,]*\D{0,6}?(?:-|~|—+|–|至|到|±)\d[\d.,]*\D{0,6}$")
_ERROR: Final = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|GETTING_DATA|SPILL!|CALC!)"
_PARTED: Final = re.compile(r"\d\s+\d")
_GROUPED: Final = re.compile(r"\d{1,3}(?:\s\d{3})+(?!\d)[^\d]*")
_NUMERIC: Final = ("area", "power", "length", "diameter", "apparent", "angle", "households", "storeys")
_EXACT: Final = 2**53  # whole numbers beyond it have lost digits as floats
_KEPT_DIGITS: Final = 15  # of a longer number a spreadsheet writes noughts for the rest
_LONG_CODE: Final = 18
_DAYS: Final = (15_000, 60_000)  # 1941 to 2064 as numbers of days
_EPOCHS: Final = {1900: "1899-12-30", 1904: "1904-01-01"}
_DATE: Final = re.compile(
    r"^(\d{4})(?:年(?:底|末|初|中|春|夏|秋|冬|上半年|下半年)?|(?:年|[-./])(\d{1,2})(?:月份?|(?:月|[-./])(\d{1,2})(?:日|号)?)?)?$"
)
_PACKED: Final = re.compile(r"^(\d{4})(\d{2})(\d{2})?(?:\.0+)?$")
_CLOCK: Final = re.compile(r"[T\s]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?$")
_YEAR_LAST: Final = re.compile(r"^(\d{1,2})[-/](\d{1,2})[-/](\d{4})$")
_FIRST_YEAR: Final = 1850
_LAST_YEAR: Final = 2100
_MONTHS: Final = 12
MW_PER_T_H: Final = parameters.value("policy", "mw_per_t_h")


def is_empty(column: pd.Series) -> pd.Series:
    """Tell which cells say nothing: null, blank, or one of the dashes that ledgers use."""
    words = column.astype("string").str.strip().str.lower()
    return column.isna() | words.isin(_EMPTY).fillna(value=True).astype(bool)


def _failed(parsed: pd.Series, empty: pd.Series) -> Failed:
    return np.flatnonzero((parsed.isna() & ~empty).to_numpy())


def _quantity(cell: str, factors: dict[str, float]) -> float:
    if _PARTED.search(cell) and not _GROUPED.fullmatch(cell):
        return np.nan  # two numbers in one cell, or two lines of it, are not one
    match = _QUANTITY.match(normalise(cell).removeprefix("dn"))
    if match is None:
        return np.nan
    unit = match.group(4).replace("(", "").replace(")", "")
    factor = factors.get(unit)
    return np.nan if factor is None else float(match.group(2).replace(",", "")) * factor


def _quantities(column: pd.Series, factors: dict[str, float]) -> tuple[pd.Series, Failed]:
    """Parse finite numbers with the units of `factors`; the factor of ``""`` is that of bare numbers.

    ``万`` alone multiplies a number of the header's own unit, unless that counts by ten thousands already.
    """
    empty = is_empty(column)
    words = column.astype("string").str.strip()
    parsed = pd.to_numeric(words.where(~empty), errors="coerce").astype(float) * factors.get("", np.nan)
    open_cells = _failed(parsed, empty)
    values = parsed.to_numpy(copy=True)
    values[open_cells] = [_quantity(cell, factors) for cell in words.iloc[open_cells]]
    values[~np.isfinite(values)] = np.nan
    finite = pd.Series(values, index=column.index)
    return finite, _failed(finite, empty)


def _dimension(unit: str, base: str) -> dict[str, float]:
    """Return the units of the dimension of `unit` whose own unit is `base`, or else of the first that has it."""
    spelled = normalise(base or unit)
    tables = [unit_factors(name) for name in _NUMERIC]
    fitting = [units for units in tables if spelled in units and (unit == "?" or normalise(unit) in units)]
    if not fitting:
        raise ValueError(f"no dimension has the unit {unit!r}")
    return next((units for units in fitting if units[spelled] == 1), fitting[0])


def numbers(column: pd.Series, *, unit: str = "", base: str = "") -> tuple[pd.Series, Failed]:
    """Parse plain numbers, also with ``约``, ``左右`` or a unit behind, into the base unit of their dimension.

    Parameters
    ----------
    column : pandas.Series
        Cells as read.
    unit : str
        The header's unit, which scales bare numbers; ``?`` where it states none and none may be assumed: then a bare
        number is not understood. A unit in a cell decides for that cell, within its own dimension only.
    base : str
        Unit of the result; by default that of the dimension (m², MW, m, mm for bores, kVA, °).

    Returns
    -------
    parsed : pandas.Series
        In the base unit.
    failed : array of positions
        Cells that are no such number: ranges, sums and other dimensions among them.
    """
    if not unit:
        units, bare = {"": 1.0, "层": 1.0, "户": 1.0}, 1.0
    else:
        units = _dimension(unit, base)
        bare = np.nan if unit == "?" else units[normalise(unit)]
    return _quantities(column, _with_bare(units, bare, myriads=bare == 1))


def _with_bare(units: dict[str, float], bare: float, *, myriads: bool) -> dict[str, float]:
    factors = dict(units) if np.isnan(bare) else {**units, "": bare}
    return {**factors, "万": 1e4 * bare} if myriads else factors


def boiler_output(column: pd.Series, *, unit: str) -> tuple[pd.Series, Failed]:
    """Parse rated boiler outputs into t/h.

    A unit written in the cell decides; otherwise the header's. ``?`` means that the header states none:
    then a bare number is not understood, since t/h and MW differ by 0.7. Heat in kcal is converted by
    1 kcal = 4.1868 kJ: 60 × 10⁴ kcal/h, which name plates equate with 1 t/h, are 0.997 t/h.
    """
    power = {said: factor / MW_PER_T_H for said, factor in unit_factors("power").items()}
    factors = {**unit_factors("steam"), **power}
    return _quantities(column, _with_bare(factors, np.nan if unit == "?" else factors[normalise(unit)], myriads=False))


def _folded(column: pd.Series) -> pd.Series:
    """Return the folded words of a column of anything; a column of numbers has none."""
    if pd.api.types.is_numeric_dtype(column):
        return pd.Series("", index=column.index, dtype=object)
    return pd.Series(
        [normalise(cell) if isinstance(cell, str) else "" for cell in column], index=column.index, dtype=str
    )


def approximate(column: pd.Series) -> NDArray[np.intp]:
    """Return the positions of the numbers that say of themselves that they are not exact (``约120``, ``120余``)."""
    words = _folded(column)
    maybe = words.str.contains(rf"\d.*{_ROUGHLY}|{_ABOUT}.*\d", regex=True)
    found = np.flatnonzero(maybe.to_numpy(dtype=bool))
    matches = [_QUANTITY.match(word) for word in words.iloc[found]]
    said = [match is not None and any(match.group(at) for at in (1, 3, 5)) for match in matches]
    return np.asarray(found[np.asarray(said, dtype=bool)], dtype=np.intp)


def ranges(column: pd.Series) -> NDArray[np.bool_]:
    """Tell which cells hold a range of numbers (``10-15``), of which no one is the right one."""
    words = _folded(column)
    return words.str.fullmatch(_RANGE).to_numpy(dtype=bool)


def errors(column: pd.Series) -> NDArray[np.bool_]:
    """Tell which cells hold a spreadsheet's error, for instance ``#REF!``."""
    return column.astype("string").str.strip().str.upper().str.fullmatch(_ERROR).fillna(value=False).to_numpy(bool)


def _valid_year(year: str, month: str | None = None, day: str | None = None) -> float:
    """Return the year of a date that can be; a month of 0 is that of a number written ``2023.0``."""
    number, month_number = int(year), int(month or 0)
    if not _FIRST_YEAR <= number <= _LAST_YEAR or month_number > _MONTHS:
        return np.nan
    if day is not None and not (month_number and 1 <= int(day) <= monthrange(number, month_number)[1]):
        return np.nan
    return float(number)


def _year(cell: str, epoch: int) -> float:
    word = re.sub(rf"^{_ABOUT}|{_ROUGHLY}$", "", normalise(_CLOCK.sub("", cell)))
    if found := _DATE.match(word):
        return _valid_year(*found.groups())
    if found := _YEAR_LAST.match(word):
        first, second, year = found.groups()
        return _valid_year(year, *((first, second) if int(first) <= _MONTHS else (second, first)))
    if (found := _PACKED.match(word)) and int(found.group(2)):
        return _valid_year(*found.groups())
    try:
        days = float(word)
    except ValueError:
        return np.nan
    if not _DAYS[0] <= days <= _DAYS[1]:
        return np.nan
    return float((pd.Timestamp(_EPOCHS[epoch]) + pd.Timedelta(days=days)).year)


def years(column: pd.Series, *, epoch: int = 1900) -> tuple[pd.Series, Failed]:
    """Parse years out of years, dates, ``2023.6``, ``2023年6月``, ``202306`` and spreadsheet day numbers.

    Parameters
    ----------
    column : pandas.Series
        Cells as read. As numbers, 2023.1 and 2023.10 are one and the same, and their year is safe.
    epoch : {1900, 1904}
        From when the workbook counts days.

    Returns
    -------
    parsed : pandas.Series
        Years; null where none stands or the date cannot be, such as 2023.13.
    failed : array of positions
        Cells that are no date.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.year.astype(float), np.empty(0, dtype=np.intp)
    empty = is_empty(column)
    words = column.astype("string").str.strip()
    said = {word: _year(word, epoch) for word in words[~empty].unique()}
    parsed = words.map(said).astype(float).where(~empty)
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
    return None if lost_digits(word) else word or None


def lost_digits(word: str) -> bool:
    """Tell whether a long code went through a number: ``6.40202E+17``, or noughts past the fifteenth of 18 digits."""
    if re.fullmatch(r"\d(\.\d+)?E\+\d{2,}", word, re.IGNORECASE):
        return True
    return word.isdecimal() and len(word) >= _LONG_CODE and not word[_KEPT_DIGITS:].strip("0")


def identifiers(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Write identifiers as text; whole numbers lose no digits and gain no ``.0``.

    Numbers that have lost digits (``1.23457E+14``) or are not whole identify nothing and are reported. Dashes and
    words such as 无 or 待定 are no identifiers: rows would seem to be one another's doubles.
    """
    empty = is_empty(column)
    cells = [None if blank else _identifier(cell) for cell, blank in zip(column, empty, strict=True)]
    parsed = pd.Series(cells, index=column.index, dtype=object)
    return parsed, _failed(parsed, empty)


def plain_text(column: pd.Series) -> pd.Series:
    """Write free text, names for instance, as it stands."""
    text = column.astype("string").str.strip()
    return text.astype(object).where(text.notna() & (text != ""), None)
