"""Workbooks of every kind that offices keep, as pages of cells; nothing in them is run.

What a file is tells its content, not its suffix: ``.xls`` is BIFF, and as often XLSX, an HTML table or plain text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from typing import Any, Final, Literal

import openpyxl
from openpyxl.utils import range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from geo.readers.limits import limits

Kind = Literal["xlsx", "xls", "html", "text", "encrypted", "other"]
Area = tuple[int, int, int, int]
"""First row, first column, last row and last column of merged cells, counted from 0."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_HTML: Final = re.compile(
    r"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|meta|table|style)", re.DOTALL
)
_FOREIGN: Final = ('urn:schemas-microsoft-com:office:spreadsheet"', "mime-version:", "%pdf-")
_LOOKED_AT: Final = 4096
_BIFF_START: Final = re.compile(rb"\x09\x08..\x00[\x05\x06]\x05\x00", re.DOTALL)  # a workbook's first record
_PANIC: Final = "PanicException"
_BIFF_LOCK: Final = 0x2F
_BIFF_LOOKED_AT: Final = 8  # records; the lock stands right behind the first, but for write protection
_TAG: Final = re.compile(rb"<(?:\w+:)?(mergeCell|col)\b([^>]*)>")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_EMPTY_ROW: Final = re.compile(rb"<(?:\w+:)?row\s[^>]*/>")
_UNNUMBERED_ROW: Final = re.compile(rb"<(?:\w+:)?row\b(?![^>]*\sr=)")
_HIDDEN_ROW: Final = re.compile(rb"<(?:\w+:)?row\b([^>]*\bhidden\s*=[^>]*)>")
_ATTRIBUTE: Final = re.compile(rb"(\w+)\s*=\s*[\"']([^\"']*)[\"']")
_TRUE: Final = ("1", "true")
_SPAN: Final = 1000  # cells that one cell of an HTML table may cover in a direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One sheet as it stands in a file.

    Parameters
    ----------
    rows : list of lists
        Cells from the first row and column of the sheet on; None where a cell is blank.
    merged : tuple of Area
        Merged cells: only their first cell has a value.
    hidden_rows, hidden_columns : frozenset of int
        Counted from 0.
    hidden : bool
        Whether the sheet itself is hidden.
    epoch : int
        Year from which the workbook counts days: 1900, or 1904 where it says so.
    """

    rows: list[list[Any]]
    merged: tuple[Area, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    epoch: int = 1900

    @property
    def filled(self) -> bool:
        """Whether any cell holds anything."""
        return any(cell is not None for row in self.rows for cell in row)


def used(row: Sequence[object]) -> int:
    """Return how many cells a row has up to its last one that is not blank.

    >>> used(["a", None, "b", None])
    3
    """
    return next((at for at in range(len(row), 0, -1) if row[at - 1] is not None), 0)


def kind_of(content: bytes, text: str | None) -> Kind:
    """Tell what a table file is by its content.

    Parameters
    ----------
    content : bytes
        The whole file.
    text : str, optional
        The same, decoded; None where it is no text.
    """
    if content.startswith(_OLE):
        return "encrypted" if _ENCRYPTED in content or _locked(content) else "xls"
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
        if any(member.flag_bits & 1 for member in members):
            return "encrypted"
        return "xlsx" if any(member.filename.lower() == "xl/workbook.xml" for member in members) else "other"
    if text is None:
        return "other"
    start = text[:_LOOKED_AT].lstrip("\ufeff \t\r\n").lower()
    if _HTML.match(start):
        return "html"
    return "other" if start.startswith(_FOREIGN[1:]) or _FOREIGN[0] in start else "text"


def _locked(content: bytes) -> bool:
    """Tell whether the records of a BIFF workbook are encrypted by a password."""
    for start in _BIFF_START.finditer(content):
        at = start.start()
        for _ in range(_BIFF_LOOKED_AT):
            head = content[at : at + 4]
            if int.from_bytes(head[:2], "little") == _BIFF_LOCK:
                return True
            at += 4 + int.from_bytes(head[2:], "little")
    return False


def xlsx_pages(content: bytes) -> dict[str, Page]:
    """Return every worksheet of an XLSX or XLSM workbook that holds any cell; of one that is too wide, its first rows.

    A formula counts as the value that the spreadsheet last saved for it; where none was saved its text stays, to be
    reported as what it is. Formulas are never run.
    """
    said = _cells(content, values=False)
    if not any(isinstance(cell, _Formula) for page in said.values() for row in page.rows for cell in row):
        return {name: page for name, page in said.items() if page.filled}
    saved = _cells(content, values=True)
    for name, page in said.items():
        for row, values in zip(page.rows, saved[name].rows, strict=True):
            row[:] = [
                (cell.text if value is None else value) if isinstance(cell, _Formula) else cell
                for cell, value in zip(row, values, strict=True)
            ]
    return {name: page for name, page in said.items() if page.filled}


@dataclass(frozen=True, slots=True)
class _Formula:
    text: str


def _cells(content: bytes, *, values: bool) -> dict[str, Page]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values)
    most, found = limits().columns, {}
    try:
        for page in book.worksheets:
            page.reset_dimensions()  # some programs write a wrong range, and what lies outside would be lost
            drawn = book._archive.read(page._worksheet_path)  # noqa: SLF001 - it has no public name
            page._get_source = partial(io.BytesIO, _without_empty_rows(drawn))  # noqa: SLF001 - nor has this
            rows = []
            for row in page.iter_rows():
                cells = [_Formula(str(cell.value)) if cell.data_type == "f" else cell.value for cell in row]
                rows.append(cells if len(cells) <= most else cells[: used(cells)])
                if len(rows[-1]) > most:
                    break  # it will be refused
            merged, hidden_rows, hidden_columns = _drawn(drawn)
            found[page.title] = Page(
                rows=rows,
                merged=merged,
                hidden_rows=hidden_rows,
                hidden_columns=hidden_columns,
                hidden=page.sheet_state != "visible",
                epoch=1904 if book.epoch == CALENDAR_MAC_1904 else 1900,
            )
    finally:
        book.close()
    return found


def _without_empty_rows(drawn: bytes) -> bytes:
    """Return a sheet's XML without rows that have a format alone; dragging a border down makes a million of them.

    It is left as it is where such rows count: where others have no number, or where text could look like a row.
    """
    if _UNNUMBERED_ROW.search(drawn) or b"<!" in drawn:
        return drawn
    return _EMPTY_ROW.sub(b"", drawn)


def _drawn(drawn: bytes) -> tuple[tuple[Area, ...], frozenset[int], frozenset[int]]:
    """Return what the XML of a sheet says of merged cells and hidden rows and columns, which streaming passes by."""
    merged: list[Area] = []
    columns: set[int] = set()
    for tag, written in _TAG.findall(drawn):
        said = _attributes(written)
        if tag == b"mergeCell" and "ref" in said:
            left, top, right, bottom = range_boundaries(said["ref"])
            merged.append((top - 1, left - 1, bottom - 1, right - 1))
        elif tag == b"col" and said.get("hidden", "").lower() in _TRUE:
            columns |= set(range(int(said["min"]) - 1, min(int(said["max"]), limits().columns)))
    return tuple(merged), _hidden_rows(drawn), frozenset(columns)


def _attributes(written: bytes) -> dict[str, str]:
    return {key.decode(): value.decode("utf-8", "replace") for key, value in _ATTRIBUTE.findall(written)}


def _hidden_rows(drawn: bytes) -> frozenset[int]:
    """Return the hidden rows of a sheet's XML; rows are counted through only where a hidden one has no number."""
    hidden = [_attributes(written) for written in _HIDDEN_ROW.findall(drawn)]
    hidden = [said for said in hidden if said.get("hidden", "").lower() in _TRUE]
    if all("r" in said for said in hidden):
        return frozenset(int(said["r"]) - 1 for said in hidden)
    found, row = set(), 0
    for written in _ROW.findall(drawn):
        said = _attributes(written)
        row = int(said.get("r", row + 1))
        if said.get("hidden", "").lower() in _TRUE:
            found.add(row - 1)
    return frozenset(found)


def xls_pages(content: bytes) -> dict[str, Page] | None:
    """Return every worksheet of a BIFF workbook (.xls, .et) that holds any cell; None where it is locked.

    The format's 65,536 rows and 256 columns bound what is read. Which rows are hidden cannot be told.

    Raises
    ------
    ValueError
        If it is so damaged that its reader gives up in the middle.
    """
    try:
        return _biff_pages(content)
    except PasswordError:
        return None
    except BaseException as error:
        # A panic of the Rust reader is no Exception, and would pass by all who wait for one.
        if isinstance(error, Exception) or type(error).__name__ != _PANIC:
            raise
        raise ValueError(str(error)) from None


def _biff_pages(content: bytes) -> dict[str, Page]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    found = {}
    for known in book.sheets_metadata:
        if known.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(known.name)
        cells = sheet.to_python(skip_empty_area=False)
        found[known.name] = Page(
            rows=[[None if cell == "" else cell for cell in row] for row in cells],
            merged=tuple((*first, *last) for first, last in sheet.merged_cell_ranges or ()),
            hidden=known.visible != SheetVisibleEnum.Visible,
        )
    return {name: page for name, page in found.items() if page.filled}


@dataclass(slots=True)
class _Table:
    rows: list[list[Any]] = field(default_factory=list)
    merged: list[Area] = field(default_factory=list)
    covered: dict[int, int] = field(default_factory=dict)
    words: list[str] | None = None
    span: tuple[int, int] = (1, 1)


class _Tables(HTMLParser):
    """Cells of the tables of a page; no link, script or style of it is followed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.done: list[_Table] = []
        self.open: list[_Table] = []
        self.skipped = 0
        self.widest = limits().columns

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.skipped += 1
        elif tag == "table":
            self.open.append(_Table())
            self.done.append(self.open[-1])
        elif self.open and tag == "tr":
            self._close_cell()
            self.open[-1].rows.append([])
        elif self.open and tag in ("td", "th"):
            self._close_cell()
            said = dict(attrs)
            self.open[-1].words = []
            self.open[-1].span = (_span(said.get("rowspan")), _span(said.get("colspan")))
        elif self.open and tag == "br" and self.open[-1].words is not None:
            self.open[-1].words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.skipped = max(0, self.skipped - 1)
        elif self.open and tag in ("td", "th", "tr", "table"):
            self._close_cell()
            if tag == "table":
                self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].words is not None and not self.skipped:
            self.open[-1].words.append(data)

    def _close_cell(self) -> None:
        table = self.open[-1]
        if table.words is None:
            return
        if not table.rows:
            table.rows.append([])
        at, row = len(table.rows) - 1, table.rows[-1]
        while table.covered.get(len(row), -1) >= at:
            row.append(None)
        if len(row) > self.widest:  # it will be refused
            table.words = None
            return
        column, (down, across) = len(row), table.span
        row.append("".join(table.words).strip() or None)
        row.extend([None] * (across - 1))
        table.words = None
        if down > 1 or across > 1:
            table.merged.append((at, column, at + down - 1, column + across - 1))
            for place in range(column, column + across):
                table.covered[place] = max(table.covered.get(place, -1), at + down - 1)


def _span(said: str | None) -> int:
    word = (said or "").strip()
    return min(max(int(word), 1), _SPAN) if word.isascii() and word.isdigit() and len(word) < len("100000") else 1


def html_pages(text: str) -> dict[str, Page]:
    """Return the tables of an HTML text that hold any cell, numbered in their order."""
    parser = _Tables()
    parser.feed(text)
    parser.close()
    tables = [Page(rows=table.rows, merged=tuple(table.merged)) for table in parser.done]
    return {f"表{turn}": page for turn, page in enumerate((page for page in tables if page.filled), 1)}
