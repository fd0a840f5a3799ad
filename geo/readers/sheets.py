"""Rows of CSV and XLSX content, as cells and with the row numbers that a person sees; nothing is run or guessed.

Ledgers carry a title above the header, blank rows and formulas; each is met here and kept account of. Only
`geo.io` opens files: these functions are given their bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import openpyxl
import pandas as pd

_HEADER_SEARCHED: Final = 10
_DELIMITERS: Final = ",\t;"
_DELIMITER_SEARCHED: Final = 65_536
_FIELD_LIMIT: Final = 2**31 - 1  # outlines written as WKT are far longer than csv's default of 131,072


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it stands in a file.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells as they are, None where a cell is blank, under the header's names.
    rows : list of int
        Row number of each row as a spreadsheet shows it.
    header_row : int
        Row number of the header.
    overlong : list of int
        Positions of the rows that have more cells than the header.
    """

    frame: pd.DataFrame
    rows: list[int]
    header_row: int
    overlong: list[int]


def _cell(cell: object) -> object:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


def _names(header: Sequence[object], width: int) -> list[str]:
    """Return one distinct name a column: unnamed ones by their number, repeated ones counted."""
    names: dict[str, None] = {}
    for at in range(width):
        cell = header[at] if at < len(header) else None
        base = name = f"列{at + 1}" if cell is None else str(cell).strip()
        turn = 1
        while name in names:
            turn += 1
            name = f"{base} ({turn})"
        names[name] = None
    return list(names)


def sheet(rows: Iterable[Sequence[object]], known: Callable[[str], bool]) -> Sheet:
    """Find the header and the rows below it; wholly blank rows are none.

    Parameters
    ----------
    rows : iterable of sequences
        Cells of every row of the file.
    known : callable
        Tells whether a word is a column name of the vocabulary: the row with most of them is the header.
    """
    numbered = [
        (number, cells)
        for number, cells in enumerate(([_cell(cell) for cell in row] for row in rows), 1)
        if any(cell is not None for cell in cells)
    ]
    if not numbered:
        return Sheet(pd.DataFrame(), [], 0, [])
    scores = [sum(known(str(cell)) for cell in cells if cell is not None) for _, cells in numbered[:_HEADER_SEARCHED]]
    at = scores.index(max(scores))
    header_row, header = numbered[at]
    body = numbered[at + 1 :]
    last = max(place for place, cell in enumerate(header) if cell is not None) + 1
    used = [max(place for place, cell in enumerate(cells) if cell is not None) + 1 for _, cells in body]
    width = max([last, *used])
    table = [[*cells[:width], *[None] * (width - len(cells))] for _, cells in body]
    frame = pd.DataFrame(table, columns=_names(header[:last], width), dtype=object)
    overlong = [place for place, length in enumerate(used) if length > last]
    return Sheet(frame, [number for number, _ in body], header_row, overlong)


def decode(content: bytes) -> str | None:
    """Return the text of a CSV in UTF-8, UTF-16 with a mark, or GB18030; None when it is none of them."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def csv_rows(text: str, known: Callable[[str], bool]) -> list[list[str]]:
    """Split CSV text into cells; the delimiter is the one that yields most of the names that are `known`."""
    csv.field_size_limit(_FIELD_LIMIT)
    lines = text[:_DELIMITER_SEARCHED].splitlines()[:_HEADER_SEARCHED]

    def names(delimiter: str) -> int:
        return max((sum(map(known, line.split(delimiter))) for line in lines), default=0)

    return list(csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=names)))


def xlsx_rows(content: bytes) -> dict[str, list[list[Any]]]:
    """Return the cells of every worksheet that holds any.

    A formula counts as the value that the spreadsheet last saved for it; where none was saved its text stays, to be
    reported as what it is. Formulas are never run.
    """
    said = _cells(content, values=False)
    if not any(isinstance(cell, _Formula) for rows in said.values() for row in rows for cell in row):
        return said
    saved = _cells(content, values=True)
    return {
        name: [
            [
                (cell.text if value is None else value) if isinstance(cell, _Formula) else cell
                for cell, value in zip(row, values, strict=True)
            ]
            for row, values in zip(rows, saved[name], strict=True)
        ]
        for name, rows in said.items()
    }


@dataclass(frozen=True, slots=True)
class _Formula:
    text: str


def _cells(content: bytes, *, values: bool) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values)
    try:
        for page in book.worksheets:
            page.reset_dimensions()  # some programs write a wrong range, and what lies outside would be lost
        sheets = {
            page.title: [
                [_Formula(str(cell.value)) if cell.data_type == "f" else cell.value for cell in row]
                for row in page.iter_rows()
            ]
            for page in book.worksheets
        }
    finally:
        book.close()
    return {name: rows for name, rows in sheets.items() if any(cell is not None for row in rows for cell in row)}
