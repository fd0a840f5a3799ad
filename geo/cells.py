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
from geo.vocabulary import coded, normalise, unit_factors, unit_of

Failed = NDArray[np.intp]
_DASHES: Final = {"/", "//", "\\", "-", "--", "—", "——", "———", "－", "－－", "―", "–", "／", "_"}
_EMPTY: Final = {
    *("", "nan", "none", "null", "n/a", "<na>", "nat", "?", "？"),
    *_DASHES,
    *("无", "空", "暂无", "不详", "未知", "不明", "不清", "不清楚", "待定", "待核", "待核实", "待查", "待填", "待补充"),
}
_TRUE: Final = {"是", "有", "1", "1.0", "true", "yes", "y", "√", "✓", "已完成"}
_FALSE: Final = {"否", "无", "没有", "0", "0.0", "false", "no", "n", "×", "未完成"}
_SAID: Final = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
_WHOLE: Final = re.compile(r"^([0-9]+)\.0+$")
_ABOUT: Final = r"(?:大约|大概|约为|约|≈|~|近似|估计)"
_ROUGHLY: Final = r"(?:左右|上下|余|多)"
_QUANTITY: Final = re.compile(
    rf"^({_ABOUT})?([-+]?\d+(?:,\d{{3}})*(?:\.\d+)?(?:e[-+]?\d+)?)({_ROUGHLY})?(.*?)({_ROUGHLY})?$"
)
_RANGE: Final = re.compile(r"^(?:约|~)?\d[\d.,]*\D{0,6}?(?:-|~|—+|–|至|到|±)\d[\d.,]*\D{0,6}$")
_INEXACT: Final = re.compile(rf"{_ABOUT}|{_ROUGHLY}")
_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|GETTING_DATA|SPILL!|CALC!)")
_PYTHONIC: Final = (object, np.float64, np.int64, np.bool_)  # cells of these kinds are Python's own when taken out
_PARTED: Final = re.compile(r"\d\s+\d")
_GROUPED: Final = re.compile(r"\d{1,3}(?:\s\d{3})+(?!\d)[^\d]*")
_NUMERIC: Final = (
    "area",
    "power",
    "length",
    "diameter",
    "apparent",
    "angle",
    "households",
    "storeys",
    "energy",
    "mass",
    "money",
    "coal_equivalent",
    "persons",
)
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
_LOST_NOUGHT: Final = re.compile(r"^\d{4}\.1$")
_PART_OF_YEAR: Final = re.compile(r"年(?:初|中|春|夏|秋|冬|[上下]半年)")
_YEAR_END: Final = re.compile(r"^(\d{4})年(?:底|末)$")
_TERM_WORDS: Final = re.compile(r"^(?:截[至止]到?|自|从|至|到)|(?:起|为?止)$")
_ENDLESS: Final = {"长期", "长期有效", "永久", "永久有效", "无固定期限", "无期限"}
_FIRST_YEAR: Final = 1850
_FIRST_TERM: Final = 1980  # 20261 is a mistyped year, not the 261st day after the twenty thousandth
_LAST_YEAR: Final = 2100
_MONTHS: Final = 12
_CALORIE: Final = re.compile(r"卡|cal")
CALORIES: Final = ("kcal/h", "万kcal/h")
MW_PER_T_H: Final = parameters.value("policy", "mw_per_t_h")


def _words(column: pd.Series) -> list[str | None]:
    """Return the text of every cell without blanks around it; None where it is null."""
    if not (column.dtype in _PYTHONIC or isinstance(column.dtype, pd.StringDtype)):
        column = column.astype("string")
    cells = column.to_numpy(dtype=object)
    return [None if null else str(cell).strip() for cell, null in zip(cells, pd.isna(cells), strict=True)]


def _blank(words: list[str | None]) -> NDArray[np.bool_]:
    return np.array([word is None or word.lower() in _EMPTY for word in words], dtype=bool)


def is_empty(column: pd.Series) -> pd.Series:
    """Tell which cells say nothing: null, blank, or one of the dashes that ledgers use."""
    if column.dtype.kind in "iufbM":
        return column.isna()
    return pd.Series(_blank(_words(column)), index=column.index)


def _failed(parsed: pd.Series, empty: NDArray[np.bool_]) -> Failed:
    return np.flatnonzero(parsed.isna().to_numpy() & ~empty)


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
    words = _words(column)
    empty = _blank(words)
    said = np.array([None if blank else word for word, blank in zip(words, empty, strict=True)], dtype=object)
    values = np.asarray(pd.to_numeric(said, errors="coerce"), dtype=float) * factors.get("", np.nan)
    for at in np.flatnonzero(np.isnan(values) & ~empty):
        values[at] = _quantity(said[at], factors)
    values[~np.isfinite(values)] = np.nan
    return pd.Series(values, index=column.index), np.flatnonzero(np.isnan(values) & ~empty)


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


def _folded(column: pd.Series) -> list[str]:
    """Return the folded words of a column of anything; a column of numbers has none."""
    if pd.api.types.is_numeric_dtype(column):
        return [""] * len(column)
    return [normalise(cell) if isinstance(cell, str) else "" for cell in column]


def approximate(column: pd.Series) -> NDArray[np.intp]:
    """Return the positions of the numbers that say of themselves that they are not exact (``约120``, ``120余``)."""
    words = enumerate(_folded(column))
    matches = [(at, match) for at, word in words if _INEXACT.search(word) and (match := _QUANTITY.match(word))]
    return np.array([at for at, match in matches if any(match.group(part) for part in (1, 3, 5))], dtype=np.intp)


def calories(column: pd.Series) -> NDArray[np.intp]:
    """Return the positions of the numbers whose own unit is one of heat in kcal (``60万大卡``)."""
    words = enumerate(_folded(column))
    numbers = [(at, match) for at, word in words if _CALORIE.search(word) and (match := _QUANTITY.match(word))]
    units = {at: match.group(4).replace("(", "").replace(")", "") for at, match in numbers}
    return np.array([at for at, unit in units.items() if unit_of(unit, ("power",)) in CALORIES], dtype=np.intp)


def ranges(column: pd.Series) -> NDArray[np.bool_]:
    """Tell which cells hold a range of numbers (``10-15``), of which no one is the right one."""
    return np.array([_RANGE.fullmatch(word) is not None for word in _folded(column)], dtype=bool)


def errors(column: pd.Series) -> NDArray[np.bool_]:
    """Tell which cells hold a spreadsheet's error, for instance ``#REF!``."""
    said = [cell.strip().upper() if isinstance(cell, str) else "" for cell in column]
    return np.array([word.startswith("#") and _ERROR.fullmatch(word) is not None for word in said], dtype=bool)


def _valid(year: str, month: str | None = None, day: str | None = None) -> tuple[int, ...]:
    """Return the parts of a date that can be, else none; a month of 0 is that of a number written ``2023.0``."""
    number, month_number = int(year), int(month or 0)
    if not _FIRST_YEAR <= number <= _LAST_YEAR or month_number > _MONTHS:
        return ()
    if day is not None:
        whole = month_number and 1 <= int(day) <= monthrange(number, month_number)[1]
        return (number, month_number, int(day)) if whole else ()
    return (number, month_number) if month_number else (number,)


def _date(cell: str, epoch: int) -> tuple[int, ...]:
    """Return year, month and day of a date as far as it states them; nothing where it is none."""
    word = re.sub(rf"^{_ABOUT}|{_ROUGHLY}$", "", normalise(_CLOCK.sub("", cell)))
    if found := _DATE.match(word):
        return _valid(*found.groups())
    if found := _YEAR_LAST.match(word):
        first, second, year = found.groups()
        return _valid(year, *((first, second) if int(first) <= _MONTHS else (second, first)))
    if (found := _PACKED.match(word)) and int(found.group(2)):
        return _valid(*found.groups())
    try:
        days = float(word)
    except ValueError:
        return ()
    if not _DAYS[0] <= days <= _DAYS[1]:
        return ()
    day = pd.Timestamp(_EPOCHS[epoch]) + pd.Timedelta(days=days)
    return (day.year, day.month, day.day)


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
    words = _words(column)
    empty = _blank(words)
    said = {word: float((*_date(word or "", epoch), np.nan)[0]) for word in set(words)}
    found = [np.nan if blank else said[word] for word, blank in zip(words, empty, strict=True)]
    parsed = pd.Series(found, index=column.index, dtype=float)
    return parsed, _failed(parsed, empty)


def dates(column: pd.Series, *, epoch: int = 1900) -> tuple[pd.Series, Failed]:
    """Parse dates as far as they state year, month and day: ``2023``, ``2023-06`` or ``2023-06-01``.

    Parameters
    ----------
    column : pandas.Series
        Cells as read. What may be one of two is no date: 2023.1 is January or, having lost a nought in a spreadsheet,
        October; 03/04/2026 is in March or in April; 2023年上半年 begins and ends within its year. Words such as 长期
        state no date at all.
    epoch : {1900, 1904}
        From when the workbook counts days.

    Returns
    -------
    parsed : pandas.Series of str
        Null where none stands or the date cannot be.
    failed : array of positions
        Cells that are no date.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%Y-%m-%d").astype("string[pyarrow]"), np.empty(0, dtype=np.intp)
    words = [None if word is None else _TERM_WORDS.sub("", word) for word in _words(column)]
    empty = _blank(words) | np.isin(np.array(words, dtype=object), list(_ENDLESS))
    found = [None if _two_ways(word or "") else _iso(_YEAR_END.sub(r"\1-12", word or ""), epoch) for word in words]
    parsed = pd.Series(pd.array(found, dtype="string[pyarrow]"), index=column.index)
    return parsed, _failed(parsed, empty)


def _two_ways(word: str) -> bool:
    """Tell whether a cell may mean one of two dates."""
    if found := _YEAR_LAST.match(word):
        first, second = int(found.group(1)), int(found.group(2))
        return first != second and max(first, second) <= _MONTHS
    return any(pattern.search(word) for pattern in (_LOST_NOUGHT, _PART_OF_YEAR, _INEXACT))


def _iso(word: str, epoch: int) -> str | None:
    parts = _date(word, epoch)
    return "-".join(f"{part:02d}" for part in parts) if parts and parts[0] >= _FIRST_TERM else None


def truths(column: pd.Series) -> tuple[pd.Series, Failed]:
    """Parse yes and no; anything else is unknown."""
    words = _words(column)
    said = [None if word is None else _SAID.get(word.lower()) for word in words]
    parsed = pd.Series(pd.array(said, dtype="boolean"), index=column.index)
    return parsed, _failed(parsed, _blank(words))


def codes(column: pd.Series, layer: str, name: str, allowed: tuple[str, ...]) -> tuple[pd.Series, Failed]:
    """Translate coded values by the vocabulary; what it does not know becomes ``unknown`` and is reported.

    A column whose codes have no ``unknown`` keeps a null there instead.
    """
    lookup = {normalise(code): code for code in allowed} | coded(layer, name)
    said = _words(column)
    folded = {word: "" if word is None else _WHOLE.sub(r"\1", normalise(word)) for word in set(said)}
    parsed = pd.Series([lookup.get(folded[word]) for word in said], index=column.index, dtype=object)
    nothing = _EMPTY - set(lookup)
    empty = np.array([word is None or folded[word] in nothing for word in said], dtype=bool)
    failed = _failed(parsed, empty)
    return parsed.fillna("unknown") if "unknown" in allowed else parsed, failed


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
    words = _words(column)
    form, kinds = re.compile(rf"[0-9]{{{length}}}(\.0+)?"), (int, float, np.number)
    whole = [word is not None and form.fullmatch(word) is not None for word in words]
    if length == 12:
        whole = [fits and not (word or "")[:length].endswith("000") for word, fits in zip(words, whole, strict=True)]
    numeric = [
        (isinstance(cell, kinds) and not isinstance(cell, bool)) or "." in (word or "")
        for cell, word in zip(column, words, strict=True)
    ]
    found = [word[:length] if word and fits else None for word, fits in zip(words, whole, strict=True)]
    right = np.array(whole, dtype=bool)
    parsed = pd.Series(found, index=column.index, dtype=object)
    return parsed, np.flatnonzero(right & np.array(numeric, dtype=bool)), np.flatnonzero(~right & ~_blank(words))


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
    empty = is_empty(column).to_numpy()
    cells = [None if blank else _identifier(cell) for cell, blank in zip(column, empty, strict=True)]
    parsed = pd.Series(cells, index=column.index, dtype=object)
    return parsed, _failed(parsed, empty)


def plain_text(column: pd.Series) -> pd.Series:
    """Write free text, names for instance, as it stands."""
    return pd.Series([word or None for word in _words(column)], index=column.index, dtype=object)
