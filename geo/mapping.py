"""Which header of a foreign file means which column of ours: proposed by likeness, used only once confirmed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from data.catalog import LANGUAGES
from data.schemas import IDENTIFIERS, allowed, data_columns, schema, title
from geo import cells
from geo.vocabulary import (
    DATES,
    GEOMETRY_COLUMNS,
    YEARS,
    columns,
    dimensions,
    known_names,
    normalise,
    split_header,
    unit_of,
)

How = Literal["known", "remembered", "similar", "none"]
LEAST_LIKENESS: Final = 70.0  # [%]; below it a proposal would be noise
LEAST_READABLE: Final = 0.5  # a column most of whose cells do not read as its kind is not it
_SAMPLED: Final = 200
_TELLING: Final = 3  # characters; shorter names, such as 名称, stand in headers of any meaning
_HELD: Final = 80.0
_CODES: Final = {"village_code": 12, "county_code": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What one header of a file is taken for.

    Parameters
    ----------
    foreign : str
        Header as the file has it.
    ours : str
        Our column, or empty where nothing fits.
    unit : str
        Unit of the foreign column's numbers, or empty.
    how : {"known", "remembered", "similar", "none"}
        By the vocabulary, by an earlier confirmation, or by likeness alone: that is a question to the person.
    likeness : float
        How much the header is like a name of the column [%].
    readable : float
        Share of its cells that read as the column's kind [1]; 1 where it holds none.
    """

    foreign: str
    ours: str
    unit: str
    how: How
    likeness: float = 100.0
    readable: float = 1.0


def signature(layer: str, names: Sequence[str]) -> str:
    """Return a name for all files with these headers, in whatever order: what was confirmed for one holds for them.

    >>> signature("boilers", ["吨位", "单位"]) == signature("boilers", ["单位", "吨位"])
    True
    """
    said = json.dumps([layer, sorted(normalise(name) for name in names)], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def usable_columns(layer: str) -> tuple[str, ...]:
    """Return our columns that a foreign one may be mapped to, coordinates last."""
    return (*data_columns(layer), *GEOMETRY_COLUMNS)


@cache
def _spoken(layer: str) -> dict[str, str]:
    """Return every name that a column of the layer goes by, folded, with the column."""
    named = {normalise(name): name for name in usable_columns(layer)}
    titles = {normalise(title(layer, name, language)): name for name in usable_columns(layer) for language in LANGUAGES}
    return titles | named | known_names(layer)


def readable_share(cells_of: pd.Series, layer: str, ours: str) -> float:
    """Return which share of a column's filled cells reads as a column of ours [1]; 1 where none is filled.

    Parameters
    ----------
    cells_of : pandas.Series
        Cells as they were read; the first two hundred are looked at.
    layer, ours : str
        The layer and its column.
    """
    said = cells_of[~cells.is_empty(cells_of)].head(_SAMPLED)
    if said.empty:
        return 1.0
    failed = _failures(said, layer, ours)
    return 1.0 - failed / len(said)


def _failures(said: pd.Series, layer: str, ours: str) -> int:
    """Count the cells that do not read as a column of ours; any cell is a text."""
    field = schema(layer).columns.get(ours)
    kind, values = ("", None) if field is None else (str(field.dtype), allowed(layer, ours))
    failed: Sequence[int] | NDArray[np.intp] = ()
    if ours in ("longitude", "latitude"):
        failed = cells.numbers(said, unit="°")[1]
    elif ours in _CODES:
        failed = cells.digits(said, _CODES[ours])[2]
    elif ours == IDENTIFIERS[layer]:
        failed = np.flatnonzero(said.astype(str).duplicated())
    elif values:
        failed = cells.codes(said, layer, ours, values)[1]
    elif kind == "boolean":
        failed = cells.truths(said)[1]
    elif ours in YEARS:
        failed = cells.years(said)[1]
    elif ours in DATES:
        failed = cells.dates(said)[1]
    elif kind.startswith("float"):
        failed = cells.numbers(said)[1]
    return len(failed)


def propose(layer: str, frame: pd.DataFrame, *, remembered: Mapping[str, tuple[str, str]] | None = None) -> list[Match]:
    """Propose what each column of a file means, in the file's order.

    Parameters
    ----------
    layer : str
        Which layer the file is read as.
    frame : pandas.DataFrame
        Foreign columns and their cells.
    remembered : mapping, optional
        Header → our column and unit, as a person confirmed it for a file with the same headers; an empty column
        means that they left it out.

    Returns
    -------
    list of Match
        A column of ours is proposed by likeness at most once, and only if no header is known to mean it.
    """
    names = [str(name) for name in frame if name not in ("geometry", "source_row")]
    settled = dict(remembered or {})
    known = {name: entry for name, entry in columns(layer, names).items() if name not in settled}
    taken = {ours for ours, _ in (*settled.values(), *known.values())}
    rest = [name for name in names if name not in settled and name not in known]
    guessed = _similar(layer, frame, rest, taken)
    found = []
    for name in names:
        how: How = "remembered" if name in settled else "known" if name in known else "none"
        ours, unit = settled.get(name) or known.get(name) or ("", "")
        if name in guessed:
            found.append(guessed[name])
            continue
        share = readable_share(frame[name], layer, ours) if ours else 1.0
        found.append(Match(foreign=name, ours=ours, unit=unit, how=how, readable=share))
    return found


def _likeness(form: str, word: str, **_: object) -> float:
    """Return how much a header is like a name [%]; one that holds a whole longer name is like it, too."""
    held = len(word) >= _TELLING and word in form
    return max(float(fuzz.ratio(form, word)), _HELD if held else 0.0)


def _parted(name: str, ours: str) -> str:
    """Return the unit that a header states for a column of ours, or an empty text."""
    return next((unit for _, said in split_header(name) if (unit := unit_of(said, dimensions(ours)))), "")


def _similar(layer: str, frame: pd.DataFrame, names: list[str], taken: set[str]) -> dict[str, Match]:
    """Match the headers left over with the columns left over, the likest first; a unit in a header is no part of it."""
    spoken = {word: ours for word, ours in _spoken(layer).items() if ours not in taken}
    forms = [(name, form) for name in names for form in {normalise(name), *(base for base, _ in split_header(name))}]
    if not forms or not spoken:
        return {}
    likeness = process.cdist([form for _, form in forms], list(spoken), scorer=_likeness)
    ranked = sorted(
        (-float(likeness[row, at]), names.index(name), ours, name)
        for row, (name, _) in enumerate(forms)
        for at, ours in enumerate(spoken.values())
        if likeness[row, at] >= LEAST_LIKENESS
    )
    found: dict[str, Match] = {}
    for score, _, ours, name in ranked:
        if name in found or any(match.ours == ours for match in found.values()):
            continue
        share = readable_share(frame[name], layer, ours)
        if share >= LEAST_READABLE:
            unit = _parted(name, ours)
            found[name] = Match(foreign=name, ours=ours, unit=unit, how="similar", likeness=-score, readable=share)
    return found
