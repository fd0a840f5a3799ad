"""The engine against independent codes, rays and stations: the table of deltas, and the page that carries it.

Its references are development dependencies, so nothing that computes yields imports this package.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from geo.export import write_bytes
from solar.validation import domes, horizons, sam, sam_months, sam_rows, station
from solar.validation.rows import Row

SECTIONS: Final[list[Callable[[], Iterable[Row]]]] = [
    station.rows,
    sam.rows,
    sam_rows.rows,
    sam_months.rows,
    domes.rows,
    horizons.building_rows,
    horizons.terrain_rows,
]
"""What gives the rows of the table, in this order."""
START: Final = "<!-- solar -->"
END: Final = "<!-- /solar -->"
_HEADER: Final = "| what | reference | measured | remark |\n|---|---|---|---|\n"


class PageError(ValueError):
    """Raised when a page does not tell where its solar part begins and ends."""


def table() -> str:
    """Return the table of all sections as Markdown."""
    with warnings.catch_warnings():
        # pvlib 0.16.1 itself uses the deprecated attribute, inside ModelChain
        warnings.filterwarnings("ignore", "DatetimeIndex.dayofyear")
        found = [row for section in SECTIONS for row in section()]
    return _HEADER + "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in found)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def page(path: Path) -> Path:
    """Renew the part of a Markdown file between the lines `START` and `END`; the rest stays as it is, byte by byte.

    A file without these lines gets them at its end, and one that does not exist yet is made.

    Raises
    ------
    PageError
        If only one of the lines is there, or more than one pair, or the end comes first.
    """
    old = path.read_bytes().decode() if path.exists() else ""
    before, after = _around(old)
    write_bytes(path, f"{before}{START}\n\n{table()}\n{END}{after}".encode())
    return path


def _around(text: str) -> tuple[str, str]:
    """Return what stands before the first line of the solar part and after its last."""
    lines = text.splitlines(keepends=True)
    starts, ends = ([at for at, line in enumerate(lines) if line.strip() == mark] for mark in (START, END))
    if not starts and not ends:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return text + gap, "\n"
    if len(starts) != 1 or len(ends) != 1 or ends[0] < starts[0]:
        raise PageError(f"one line {START} and after it one line {END} are wanted")
    last = lines[ends[0]]
    return "".join(lines[: starts[0]]), last[len(last.rstrip("\r\n")) :] + "".join(lines[ends[0] + 1 :])
