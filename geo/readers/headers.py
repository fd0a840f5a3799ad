"""Where the header of a ledger is and what its columns are called: titles above, several rows, groups and units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from geo.readers.workbooks import Area
from geo.vocabulary import normalise, unit_of

Known = Callable[[str], bool]
_SEARCHED: Final = 12
_MOST_ROWS: Final = 4
_BLANKS: Final = ("/", "-", "—", "－")
_UNIT_SAID: Final = re.compile(r"单位[:：]\s*(.+)$")
_CAPTION: Final = re.compile(r"[:：]")
_NUMBER: Final = re.compile(r"^[-+]?[\d.,]+%?$")
_LEAST_NUMBERED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a table.

    Parameters
    ----------
    first, last : int
        Positions of its first and last row among all rows of the page.
    names : tuple of str
        One distinct name a column.
    joined : bool
        Whether names were joined of several rows.
    units : tuple of str
        Units that a caption above it states for the whole table (``单位：万㎡``).
    numbering : int, optional
        Position of a row below it that only numbers the columns.
    """

    first: int
    last: int
    names: tuple[str, ...]
    joined: bool = False
    units: tuple[str, ...] = ()
    numbering: int | None = None


def _words(row: Sequence[Any]) -> dict[int, str]:
    return {at: str(cell).strip() for at, cell in enumerate(row) if cell is not None}


def _is_wordy(cell: object) -> bool:
    return isinstance(cell, str) and not _NUMBER.match(normalise(cell))


def _spread(rows: list[list[Any]], merged: tuple[Area, ...], upto: int) -> list[list[Any]]:
    """Return the first rows with merged cells filled in all that they cover."""
    done = [list(row) for row in rows[:upto]]
    widest = max(map(len, rows))
    for top, left, bottom, right in merged:
        if top >= upto or left >= len(done[top]) or done[top][left] is None:
            continue
        for at in range(top, min(bottom + 1, upto)):
            width = right + 1 - len(done[at])
            done[at].extend([None] * max(0, min(width, widest - len(done[at]))))
            for column in range(left, min(right + 1, len(done[at]))):
                done[at][column] = done[top][left]
    return done


def _continues(above: Sequence[Any], below: Sequence[Any], known: Known) -> bool:
    """Tell whether `below` is a further row of the header `above`: words alone, under groups or blanks of it."""
    upper, lower = _words(above), _words(below)
    if not lower or not all(_is_wordy(below[at]) for at in lower):
        return False
    new = {at: word for at, word in lower.items() if upper.get(at) != word}
    groups = Counter(upper.values())
    width = max([*upper, *lower]) + 1
    open_columns = {
        at
        for at in range(width)
        if at not in upper or groups[upper[at]] > 1 or (at + 1 < width and at + 1 not in upper)
    }
    if not new or not set(new) <= open_columns:
        return False
    return any(known(word) for word in new.values()) or len(new) < len(lower)


def _is_caption(row: Sequence[Any]) -> bool:
    """Tell whether a row above the header is a title, or lines such as 填报单位：…."""
    words = set(_words(row).values())
    return len(words) <= 1 or any(_CAPTION.search(word) for word in words)


def _is_units(row: Sequence[Any]) -> bool:
    said = [word.strip("()（）[]") for word in _words(row).values() if word not in _BLANKS]
    return bool(said) and all(unit_of(word) for word in said)


def _is_numbering(row: Sequence[Any]) -> bool:
    said = list(_words(row).values())
    numbers = [word for word in said if word.isascii() and word.isdigit()]
    if len(numbers) < _LEAST_NUMBERED or not all(word in "甲乙丙丁戊栏次" for word in said if word not in numbers):
        return False
    return [int(word) for word in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers))) and (
        int(numbers[0]) <= 1 + len(said) - len(numbers) and len(said) == max(_words(row)) + 1
    )


def _stated(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Return the units that captions state: ``单位：万㎡、户``."""
    found = []
    for row in rows:
        for word in _words(row).values():
            said = _UNIT_SAID.search(word)
            parts = re.split(r"[、,，;；\s]+", said.group(1).strip("）)】] ")) if said else []
            found += [part for part in parts if unit_of(part)]
    return tuple(dict.fromkeys(found))


def _names(levels: list[list[Any]], width: int, known: Known) -> tuple[str, ...]:
    """Return one distinct name a column: the lowest word, with its group where it would not do alone."""
    stacks = []
    for at in range(width):
        parts = [str(level[at]).strip() for level in levels if at < len(level) and level[at] is not None]
        stacks.append(list(dict.fromkeys(parts)))
    lowest = Counter(stack[-1] for stack in stacks if stack)
    names: dict[str, None] = {}
    turns: dict[str, int] = {}
    for at, stack in enumerate(stacks):
        base = f"列{at + 1}" if not stack else stack[-1]
        if len(stack) > 1 and (lowest[base] > 1 or (not known(base) and known("".join(stack)))):
            base = "·".join(stack)
        name = base
        while name in names:
            turns[base] = turns.get(base, 1) + 1
            name = f"{base} ({turns[base]})"
        names[name] = None
    return tuple(names)


def _filled_right(upper: list[Any], lower: list[Any]) -> list[Any]:
    """Return a row of groups whose words reach over the blanks at their right, as far as words stand below."""
    done, said = list(upper) + [None] * (len(lower) - len(upper)), None
    for at, cell in enumerate(done):
        said = cell if cell is not None else said if at < len(lower) and lower[at] is not None else None
        done[at] = said
    return done


def find_header(rows: list[list[Any]], merged: tuple[Area, ...], known: Known) -> Header | None:
    """Find the header of a page: of the first rows, the one with most names that are `known`, and what belongs to it.

    Parameters
    ----------
    rows : list of lists
        Cells, None where blank; blank rows too.
    merged : tuple of Area
        Merged cells.
    known : callable
        Tells whether a word is a column name of the vocabulary.
    """
    at_all = [place for place, row in enumerate(rows) if any(cell is not None for cell in row)][:_SEARCHED]
    if not at_all:
        return None
    top = _spread(rows, merged, at_all[-1] + 1)
    scores = {place: sum(known(word) for word in set(_words(top[place]).values())) for place in at_all}
    best = max(at_all, key=lambda place: (scores[place], -place))
    first = last = best
    if scores[best]:
        while first - 1 in scores and last - first < _MOST_ROWS and not _is_caption(top[first - 1]):
            if not _continues(_filled_right(top[first - 1], top[first]), top[first], known):
                break
            first -= 1
        while last + 1 in scores and last - first < _MOST_ROWS and _continues(top[last], top[last + 1], known):
            last += 1
    levels = top[first : last + 1]
    for turn in range(len(levels) - 2, -1, -1):
        levels[turn] = _filled_right(levels[turn], levels[turn + 1])
    width = max(at for level in levels for at in _words(level)) + 1
    names = _names(levels, width, known)
    below = last + 1
    if below in scores and _is_units(top[below]):
        units = _words(top[below])
        names = tuple(
            f"{name}({units[at].strip('()（）[]')})" if units.get(at, "/") not in _BLANKS else name
            for at, name in enumerate(names)
        )
        last, below = below, below + 1
    numbered = below if below in scores and _is_numbering(top[below]) else None
    captions = top[:first]
    return Header(first=first, last=last, names=names, joined=last > first, units=_stated(captions), numbering=numbered)
