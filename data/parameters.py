"""Policy and engineering constants: cited rows in data/parameters/*.csv, never numbers in code.

The form follows PyPSA/technology-data: one row a constant, with its unit, validity, source and
confidence. ``confidence`` is ``high``, ``medium`` or ``low``; a low one is shown as 待核 everywhere.
"""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import pandas as pd

from data.catalog import DATA_DIR

DIRECTORY: Final = DATA_DIR / "parameters"
TABLES: Final = tuple(sorted(path.stem for path in DIRECTORY.glob("*.csv")))
CONFIDENCE: Final = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One cited constant. `value` is in `unit`; `low` and `high` span its cited range, if it has one."""

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


def _number(cell: str) -> float:
    return float(cell) if cell.strip() else math.nan


@cache
def constants(table: str) -> dict[str, Parameter]:
    """Return the rows of a table of named constants, by name."""
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


def value(table: str, name: str) -> float:
    """Return one constant in the unit that its row states.

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


def digest() -> str:
    """Return a SHA-256 over all parameter tables, to pin a result to the constants it was made with."""
    seal = hashlib.sha256()
    for name in TABLES:
        seal.update(name.encode())
        seal.update((DIRECTORY / f"{name}.csv").read_bytes().replace(b"\r\n", b"\n"))
    return seal.hexdigest()
