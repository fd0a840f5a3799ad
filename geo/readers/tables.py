"""Tables of office programs, CSV and workbooks, opened into the rows that a person sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from data.errors import DataError, Fault
from geo.readers import sheets, workbooks
from geo.readers.limits import limits
from geo.readers.raw import Raw, choose, refuse
from geo.readers.workbooks import Page
from geo.vocabulary import is_known

_EXPECTED: Final = {
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".et": "xls",
}
_CALLED: Final = {"text": "CSV", "xlsx": "XLSX", "xls": "XLS", "html": "HTML"}
_MOST_DELIMITED: Final = 2  # a row with that many names that are known is a header
TABLE_SUFFIXES: Final = tuple(_EXPECTED)


def open_pages(path: Path) -> tuple[str, dict[str, Page]]:
    """Return what kind of table a file is by its content, and its sheets that hold any cell.

    Parameters
    ----------
    path : pathlib.Path
        CSV or text, XLSX, XLSM, XLS or ET; ``.xls`` may hold any of them, or an HTML table.

    Returns
    -------
    kind : {"text", "xlsx", "xls", "html"}
        What the content is.
    pages : dict
        Name of the sheet → page; a text has one, by the file's name.

    Raises
    ------
    DataError
        If the content is no table that can be read, is locked by a password, or holds nothing.
    """
    content = path.read_bytes()
    said = None if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) else sheets.decode(content)
    kind, suffix = workbooks.kind_of(content, said), path.suffix.lower()
    if kind == "other" and said is None and _EXPECTED[suffix] == "text":
        raise refuse(path, "encoding", expected="UTF-8 / GB18030")
    pages: dict[str, Page] | None = {}
    if kind == "xlsx":
        pages = workbooks.xlsx_pages(content)
    elif kind == "xls":
        pages = workbooks.xls_pages(content)
    elif kind == "html" and said is not None:
        pages = workbooks.html_pages(said)
    elif kind == "text" and said is not None:
        pages = _text_page(path, said)
    elif kind == "other":
        raise refuse(path, "table_content", expected="XLSX / XLS / CSV")
    if kind == "encrypted" or pages is None:
        raise refuse(path, "workbook_encrypted")
    if not pages:
        raise refuse(path, "file_empty")
    return kind, pages


def _text_page(path: Path, said: str) -> dict[str, Page]:
    if "\x00" in said:
        raise refuse(path, "text_nul")
    rows = sheets.csv_rows(said, is_known, file=path.name)
    if _EXPECTED[path.suffix.lower()] != "text" and not any(sum(map(is_known, row)) >= _MOST_DELIMITED for row in rows):
        raise refuse(path, "table_content", expected="XLSX / XLS / CSV")
    page = Page(rows=[[cell if cell.strip() else None for cell in row] for row in rows])
    return {path.stem: page} if page.filled else {}


def _bounded(path: Path, page: Page) -> None:
    """Refuse a page that is too wide, or has cells that are too long, before anything is looked for in it."""
    bounds = limits()
    width = max(map(workbooks.used, page.rows))
    if width > bounds.columns:
        raise refuse(path, "columns_too_many", expected=f"≤ {bounds.columns}", got=str(width))
    most = bounds.cell_characters
    long: dict[str, list[tuple[int, int]]] = {}
    for number, row in enumerate(page.rows, 1):
        for at, cell in enumerate(row, 1):
            if isinstance(cell, str) and len(cell) > most:
                long.setdefault(f"列{at}", []).append((number, len(cell)))
    if long:
        raise DataError(_overlong(path, column, cells, most) for column, cells in long.items())


def _overlong(path: Path, column: str, cells: list[tuple[int, int]], most: int) -> Fault:
    rows = tuple(row for row, _ in cells)
    got = str(max(size for _, size in cells))
    expected = f"≤ {most}"
    fault = Fault(rule="cell_too_long", effect="refused", file=path.name, expected=expected, got=got)
    return replace(fault, row=rows[0], rows=rows, column=column)


def open_table(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    """Open a CSV or one sheet of a workbook."""
    kind, pages = open_pages(path)
    name = choose(path, list(pages), sublayer=sublayer, layer=layer)
    _bounded(path, pages[name])
    found = sheets.sheet(pages[name], is_known)
    # Cells of a workbook have their columns; only in text can a stray comma push them aside.
    slipped = (
        sorted({*found.overlong} - {at for rows in found.marked.values() for at in rows}) if kind == "text" else []
    )
    frame = found.frame.drop(columns="source_row", errors="ignore")
    frame.insert(0, "source_row", np.asarray(found.rows, dtype=np.int64))
    noted = found.noted
    if kind != _EXPECTED[path.suffix.lower()]:
        noted = (sheets.said("content_differs", "noted", expected=path.suffix, got=_CALLED[kind]), *noted)
    raw = Raw(frame, None, "missing", tuple(slipped), found.header_row)
    return replace(raw, noted=noted, marked=found.marked, units=found.units, epoch=found.epoch)
