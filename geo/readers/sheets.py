"""Rows of tables as a ledger has them: what is a record, and what is a header, a total or a note; nothing is guessed.

Ledgers carry a title above the header, blank rows, merged cells and totals; each is met here and kept account of.
Only `geo.io` opens files: these functions are given their content.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from data.errors import DataError, Effect, Fault
from geo.cells import lost_digits
from geo.readers.headers import Header, find_header
from geo.readers.marks import disagreements, mark
from geo.readers.workbooks import Area, Page
from geo.vocabulary import is_quantity

_HEADER_SEARCHED: Final = 10
_DELIMITERS: Final = ",\t;"
_DELIMITER_SEARCHED: Final = 65_536
_FIELD_LIMIT: Final = 2**31 - 1  # outlines written as WKT are far longer than csv's default of 131,072
_AS_TEXT: Final = re.compile(r'^="([^"]*)"$')  # how exports keep a spreadsheet from turning codes into numbers
_END: Final = "\x00"  # put behind a text: it is a record of its own unless the text ends inside quotation marks
_NESTED: Final = re.compile(
    r"\s*(?:[\[{]|(?:SRID=\d+;\s*)?(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*(?:ZM?|M)?\s*\()",
    re.IGNORECASE,
)
_BRACKETS: Final = re.compile(r"[()\[\]{}]")
_CODE_WORDS: Final = ("代码", "编号", "证号", "号码", "账号", "卡号")


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
    marked : mapping
        Rule → positions of the rows that are no records: totals, repeated headers, notes.
    units : tuple of str
        Units that a caption states for the whole table.
    noted : tuple of Fault
        What else was found, without the name of the file and the layer.
    epoch : int
        Year from which the workbook counts days.
    """

    frame: pd.DataFrame
    rows: list[int]
    header_row: int
    overlong: list[int]
    marked: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    noted: tuple[Fault, ...] = ()
    epoch: int = 1900


def said(
    rule: str,
    effect: Effect,
    rows: Iterable[int] = (),
    *,
    column: str | None = None,
    expected: str = "",
    got: str = "",
) -> Fault:
    """Return a finding of a reader, which knows neither the file's name nor the layer."""
    where = tuple(sorted(rows))
    row = where[0] if where else None
    return Fault(rule=rule, effect=effect, file="", row=row, rows=where, column=column, expected=expected, got=got)


def _cell(cell: object) -> object:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


def sheet(rows: Iterable[Sequence[object]] | Page, known: Callable[[str], bool]) -> Sheet:
    """Find the header and the rows below it; wholly blank rows are none.

    Parameters
    ----------
    rows : iterable of sequences, or Page
        Cells of every row of the file.
    known : callable
        Tells whether a word is a column name of the vocabulary: the row with most of them is the header.
    """
    page = rows if isinstance(rows, Page) else Page(rows=[list(row) for row in rows])
    page = replace(page, merged=_apart(page.merged))
    cells = [[_cell(cell) for cell in row] for row in page.rows]
    header = find_header(cells, page.merged, known)
    if header is None:
        return Sheet(pd.DataFrame(), [], 0, [])
    numbered = [place for place in range(header.last + 1, len(cells)) if any(cell is not None for cell in cells[place])]
    last = len(header.names)
    used = [max(at for at, cell in enumerate(cells[place]) if cell is not None) + 1 for place in numbered]
    width = max([last, *used])
    names = [*header.names, *(f"列{at + 1}" for at in range(last, width))]
    merged, noted = _merged(page, cells, names, header)
    table = [[*merged[place][:width], *[None] * (width - len(merged[place]))] for place in numbered]
    numbers = [place + 1 for place in numbered]
    above = [cells[place] for place in range(header.last + 1)]
    marked = mark(table, names, above=above, numbering=_at(numbered, header.numbering))
    noted += [
        said(*one[:2], [numbers[one[2]]], column=one[3], expected=one[4], got=one[5])
        for one in disagreements(table, names, marked)
    ]
    noted += _hidden(page, names, numbers) + _broken_codes(table, names, numbers, known)
    if header.joined:
        noted.append(said("header_joined", "noted", [header.first + 1], got=", ".join(header.names)[:300]))
    overlong = [place for place, length in enumerate(used) if length > last]
    return Sheet(
        pd.DataFrame(table, columns=names, dtype=object),
        numbers,
        header.first + 1,
        overlong,
        marked,
        header.units,
        tuple(noted),
        page.epoch,
    )


def _apart(areas: tuple[Area, ...]) -> tuple[Area, ...]:
    """Return merged cells without those that overlap others, which no spreadsheet makes."""
    kept, lowest = set(), dict.fromkeys((area[1] for area in areas), -1)
    for at in sorted(range(len(areas)), key=areas.__getitem__):
        top, left, bottom, _ = areas[at]
        if top > lowest[left]:
            lowest[left] = bottom
            kept.add(at)
    return tuple(area for at, area in enumerate(areas) if at in kept)


def _at(places: list[int], wanted: int | None) -> int | None:
    return places.index(wanted) if wanted in places else None


def _merged(
    page: Page, cells: list[list[Any]], names: list[str], header: Header
) -> tuple[list[list[Any]], list[Fault]]:
    """Fill merged cells of the body downward; a quantity over several rows is nobody's and is taken out."""
    done = [list(row) for row in cells]
    filled: dict[str, set[int]] = {}
    noted = []
    for top, left, lowest, _ in page.merged:
        bottom = min(lowest, len(cells) - 1)
        if top <= header.last or bottom <= top or left >= min(len(names), len(cells[top])) or cells[top][left] is None:
            continue
        name, value = names[left], cells[top][left]
        places = [at for at in range(top, bottom + 1) if any(cell is not None for cell in cells[at])]
        if len(places) < 2:
            continue
        shared = is_quantity(name)
        for at in places:
            done[at].extend([None] * (left + 1 - len(done[at])))
            done[at][left] = None if shared else value
        if shared:
            rows = [at + 1 for at in places]
            noted.append(said("merged_quantity", "value_set_aside", rows, column=name, got=str(value)[:80]))
        else:
            filled.setdefault(name, set()).update(at + 1 for at in places[1:])
    noted += [said("merged_filled", "noted", rows, column=name) for name, rows in filled.items()]
    return done, noted


def _hidden(page: Page, names: list[str], numbers: list[int]) -> list[Fault]:
    rows = [number for number in numbers if number - 1 in page.hidden_rows]
    columns = [name for at, name in enumerate(names) if at in page.hidden_columns]
    noted = [said("rows_hidden", "noted", rows)] if rows else []
    noted += [said("columns_hidden", "noted", got=", ".join(columns)[:300])] if columns else []
    noted += [said("sheet_hidden", "noted")] if page.hidden else []
    return noted + ([said("dates_1904", "noted")] if page.epoch != 1900 else [])


def _broken_codes(
    table: list[list[Any]], names: list[str], numbers: list[int], known: Callable[[str], bool]
) -> list[Fault]:
    """Report long codes that lost digits in columns that no layer reads; those of ours are checked where they go."""
    noted = []
    for at, name in enumerate(names):
        if known(name) or not any(word in name for word in _CODE_WORDS):
            continue
        broken = [place for place, row in enumerate(table) if row[at] is not None and _lost(row[at])]
        if broken:
            got = str(table[broken[0]][at])
            rows = [numbers[place] for place in broken]
            noted.append(said("digits_lost", "value_set_aside", rows, column=name, got=got))
    return noted


def _lost(cell: object) -> bool:
    if isinstance(cell, float):
        return abs(cell) >= 1e15
    return lost_digits(str(cell).strip())


def decode(content: bytes) -> str | None:
    """Return the text of a CSV in UTF-8, UTF-16 with a mark, or GB18030; None when it is none of them."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def csv_rows(text: str, known: Callable[[str], bool], *, file: str = "") -> list[list[str]]:
    """Split CSV text into cells; the delimiter is the one that yields most of the names that are `known`.

    Parameters
    ----------
    text : str
        The whole text; a cell in quotation marks may hold breaks of lines and delimiters.
    known : callable
        Tells whether a word is a column name of the vocabulary.
    file : str
        Name of the file, for the faults.

    Raises
    ------
    DataError
        If a quotation mark without its fellow joins rows or cells: which value is whose cannot be told then.

    References
    ----------
    RFC 4180, section 2, clauses 5 to 7.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    top = text[:_DELIMITER_SEARCHED].splitlines()[:_HEADER_SEARCHED]

    def names(delimiter: str) -> int:
        return max((sum(map(known, line.split(delimiter))) for line in top), default=0)

    delimiter = max(_DELIMITERS, key=names)
    end = _END if not text or text.endswith(("\n", "\r")) else "\n" + _END
    lines = list(io.StringIO(text + end, newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    rows, starts = [], [0]
    for row in reader:
        rows.append(row)
        starts.append(reader.line_num)
    if faults := _stray_quotes(rows, lines, starts, delimiter):
        raise DataError(replace(one, file=file) for one in faults)
    return [[_AS_TEXT.sub(r"\1", cell) for cell in row] for row in rows[:-1]]


def _stray_quotes(rows: list[list[str]], lines: list[str], starts: list[int], delimiter: str) -> list[Fault]:
    """Report the records that a stray quotation mark has joined, by the lines of the text from first to last."""
    widths = Counter(len(row) for row in rows if len(row) > 1 and any(cell.strip() for cell in row))
    usual = max(widths, key=lambda width: (widths[width], width), default=1)
    faults = []
    for at, row in enumerate(rows):
        first, after = starts[at], starts[at + 1]
        unended = at == len(rows) - 1 and row != [_END]
        joined = after - first > 1 and any(_swallows(row, place, usual, delimiter) for place in range(len(row)))
        if not (unended or joined) and (after - first > 1 or 0 < len(row) < usual):
            joined = not _is_strict(lines[first:after], delimiter)
        if unended or joined:
            numbers = range(first + 1, max(first + 2, after + 1 - (unended and lines[-1] == _END)))
            faults.append(said("csv_quote_open", "refused", numbers, got=lines[first].strip()[:80]))
    return faults


def _swallows(row: list[str], place: int, usual: int, delimiter: str) -> bool:
    """Tell whether a cell of several lines looks like rows: one of its inner lines alone, or its first and its last.

    The first line counts with the cells before it and the last with those behind it. An outline has delimiters too.
    """
    held = row[place].splitlines()
    if len(held) < 2 or usual < 2 or _is_nested(row[place]):
        return False
    if any(line.count(delimiter) + 1 >= usual for line in held[1:-1]):
        return True
    ahead, behind = place + held[0].count(delimiter) + 1, held[-1].count(delimiter) + len(row) - place
    return ahead == behind == usual


def _is_nested(cell: str) -> bool:
    """Tell whether a cell is one outline as WKT or one JSON text: its first bracket closes at its end."""
    if not _NESTED.match(cell):
        return False
    depth = 0
    for bracket in _BRACKETS.finditer(cell):
        depth += 1 if bracket.group() in "([{" else -1
        if depth <= 0:
            return not cell[bracket.end() :].strip()
    return False


def _is_strict(lines: list[str], delimiter: str) -> bool:
    """Tell whether every quotation mark of a record opens or closes a cell, or is doubled within one."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True
