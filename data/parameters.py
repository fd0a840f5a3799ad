"""Policy and engineering constants: cited rows in data/parameters/*.csv, never numbers in code.

The form follows PyPSA/technology-data: one row a constant, with its unit, validity, source and
confidence. ``confidence`` is ``high``, ``medium`` or ``low``; a low one is shown as 待核 everywhere.
Inside `overridden`, some of them have other values; such a one has the confidence ``changed``.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import pandas as pd

from data.catalog import DATA_DIR
from data.errors import DataError, Fault

DIRECTORY: Final = DATA_DIR / "parameters"
TABLES: Final = tuple(sorted(path.stem for path in DIRECTORY.glob("*.csv")))
CONFIDENCE: Final = ("high", "medium", "low")
CHANGED: Final = "changed"
_MOST: Final = {"%": 100.0, "deg": 90.0, "h": 24.0, "d": 366.0}
_ABSOLUTE_ZERO: Final = -273.15  # °C


_MOST_OF: Final = {"horizon.reach_m": 2000.0, "horizon.reach_tower_m": 2000.0}
"""What a machine can still follow: the search for shade grows with the square of its reach."""
_GREATEST: Final = 1e300


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One constant: `value` is in `unit`; `low` and `high` span its cited range, if it has one.

    `source` and `confidence` are of the cited value. One that `overridden` changed has the confidence ``changed``: its
    value has no source, and `source` is that of `cited_value`.
    """

    table: str
    name: str
    value: float
    unit: str
    source: str
    confidence: str
    low: float = math.nan
    high: float = math.nan
    region: str = ""
    valid_from: str = ""
    valid_to: str = ""
    label_zh: str = ""
    label_en: str = ""
    cited_value: float = math.nan

    @property
    def key(self) -> str:
        """The name that tells it from all others, ``table.name``."""
        return f"{self.table}.{self.name}"

    @property
    def changed(self) -> bool:
        """Whether the value is not the cited one."""
        return self.confidence == CHANGED

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value that make sense, in `unit`; see `zero_allowed` for the least.

        What is cited as positive stays so, what is cited as negative too, but for temperatures. Shares end at 1,
        percentages at 100, angles at 90°, hours at 24, days at 366, where the cited value keeps to that as well.
        """
        most = _MOST_OF.get(self.key, 1.0 if self.unit == "1" else _MOST.get(self.unit, math.inf))
        if abs(self.value) > most:
            most = math.inf
        if self.value >= 0:
            return 0.0, most
        return (_ABSOLUTE_ZERO, math.inf) if self.unit == "degC" else (-most, 0.0)

    @property
    def zero_allowed(self) -> bool:
        """Whether it may be 0: sizes and efficiencies that are divided by may not, unless their source has a 0."""
        return self.value <= 0 or self.low == 0 or self.unit == "%" or "/" in self.unit


_OVERRIDDEN: Final[ContextVar[Mapping[str, dict[str, Parameter]]]] = ContextVar("overridden parameters")


def _number(cell: str) -> float:
    return float(cell) if cell.strip() else math.nan


@cache
def cited(table: str) -> dict[str, Parameter]:
    """Return the rows of a table of named constants as its file has them, whatever is overridden.

    Parameters
    ----------
    table : str
        One of `NAMED`.

    Returns
    -------
    dict
        Name → constant. It is shared: do not change it.
    """
    found: dict[str, Parameter] = {}
    with (DIRECTORY / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["name"] in found:
                raise ValueError(f"parameter {row['name']!r} stands twice in {table}.csv")
            found[row["name"]] = Parameter(
                table=table,
                name=row["name"],
                value=float(row["value"]),
                low=_number(row["low"]),
                high=_number(row["high"]),
                unit=row["unit"],
                region=row["region"],
                valid_from=row["valid_from"],
                valid_to=row["valid_to"],
                source=row["source"],
                confidence=row["confidence"],
                label_zh=row["label_zh"],
                label_en=row["label_en"],
            )
    return found


def constants(table: str) -> dict[str, Parameter]:
    """Return the rows of a table of named constants, by name, as they hold here; see `overridden`."""
    found = _OVERRIDDEN.get({}).get(table)
    return cited(table) if found is None else found


def value(table: str, name: str) -> float:
    """Return one constant in the unit that its row states, as it holds here; see `overridden`.

    Raises
    ------
    KeyError
        If the table has no such row.
    """
    return constants(table)[name].value


@cache
def _table(name: str) -> pd.DataFrame:
    frame = pd.read_csv(DIRECTORY / f"{name}.csv", dtype=str, keep_default_na=False)
    frame = frame.set_index(frame.columns[0], drop=False)
    if not frame.index.is_unique:
        raise ValueError(f"rows of {name}.csv share a name: {list(frame.index[frame.index.duplicated()])}")
    return frame


def table(name: str) -> pd.DataFrame:
    """Return a whole table as text cells, indexed by its first column (a copy: change it freely)."""
    return _table(name).copy()


NAMED: Final = tuple(name for name in TABLES if {"name", "value"} <= set(_table(name).columns))
"""Tables of named constants; the others are of rules and classes, which nothing overrides."""


def row(key: str) -> Parameter | None:
    """Return the cited constant of a key ``table.name``, or None where there is none."""
    table, _, name = key.partition(".")
    return cited(table).get(name) if table in NAMED else None


def faults(values: Mapping[str, float], *, file: str = "") -> list[Fault]:
    """Return what is wrong with values that are to stand in for cited ones.

    Parameters
    ----------
    values : mapping
        ``table.name`` → value in the unit of the row.
    file : str
        Where they come from, for the reader.

    Returns
    -------
    list of Fault
        One for each key that does not exist, and each value that is not finite or outside `Parameter.bounds`.
    """
    found = []
    for key, given in values.items():
        known = row(key)
        rule, expected = "", ""
        if known is None:
            rule = "parameter_unknown"
        elif isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= _GREATEST:
            rule = "parameter_not_finite"
        else:
            low, high = known.bounds
            if not low <= given <= high or (given == 0 and not known.zero_allowed):
                rule = "parameter_bounds"
                sign = ">" if low == 0 and not known.zero_allowed else "≥"
                ends = [f"{sign} {low:g}"] * math.isfinite(low) + [f"≤ {high:g}"] * math.isfinite(high)
                expected = f"{', '.join(ends)} {known.unit}"
        if rule:
            found.append(
                Fault(rule=rule, effect="refused", file=file, column=key, expected=expected, got=repr(given)[:80])
            )
    return found


@contextmanager
def overridden(values: Mapping[str, float]) -> Iterator[None]:
    """Let some constants have other values inside the block, for the calling thread alone.

    `value` and `constants` give them; `cited`, `table` and `digest` do not. Within another such block only the inner
    one holds. Threads that are started inside do not see it: read what they need before.

    Parameters
    ----------
    values : mapping
        ``table.name`` → value in the unit of the row. One that is equal to the cited value changes nothing.

    Raises
    ------
    data.errors.DataError
        With a fault for each key or value that `faults` finds.
    """
    wrong = faults(values)
    if wrong:
        raise DataError(wrong)
    tables: dict[str, dict[str, Parameter]] = {}
    for key, given in values.items():
        name = key.partition(".")[0]
        rows = tables.setdefault(name, dict(cited(name)))
        known = rows[key.removeprefix(f"{name}.")]
        if given != known.value:
            rows[known.name] = replace(known, value=float(given), confidence=CHANGED, cited_value=known.value)
    token = _OVERRIDDEN.set(tables)
    try:
        yield
    finally:
        _OVERRIDDEN.reset(token)


def digest() -> str:
    """Return a SHA-256 over all parameter tables, to pin a result to the constants it was made with."""
    seal = hashlib.sha256()
    for name in TABLES:
        seal.update(name.encode())
        seal.update((DIRECTORY / f"{name}.csv").read_bytes().replace(b"\r\n", b"\n"))
    return seal.hexdigest()
