"""Whether the parts of a Shapefile count alike: the records of its .shp, the entries of its .shx, the rows of its .dbf.

A reader that trusts one of them loses rows where another holds more, without a word.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_HEADER: Final = 100
_TABLE: Final = 32  # bytes of a table's header before its fields
_NONE: Final = (0, 0)  # how some programs list a record that is not there

Verdict = Literal["", "shapefile_no_shx", "shapefile_shx_rebuilt", "shapefile_counts_differ"]


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a .shp, in order.

    Parameters
    ----------
    entries : tuple of (int, int)
        Offset and length of each record's content, in words of 16 bits, as an index lists them.
    numbers : tuple of int
        The number that each record gives itself; a record that was edited may stand there twice.
    ends : bool
        Whether the last one ends where the file or its content does.
    closed : bool
        Whether that is where the header says.
    """

    entries: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]
    ends: bool
    closed: bool


def walk(shp: bytes) -> Records:
    """Return the records of a .shp as they follow each other; the walk ends at the first that cannot be.

    References
    ----------
    ESRI (1998). ESRI Shapefile Technical Description, pp. 2-5.
    """
    at, entries, numbers = _HEADER, [], []
    while at + 8 <= len(shp):
        number, words = struct.unpack_from(">ii", shp, at)
        if words < 0 or at + 8 + 2 * words > len(shp):
            break
        entries.append((at // 2, words))
        numbers.append(number)
        at += 8 + 2 * words
    stated = 2 * struct.unpack_from(">i", shp, 24)[0] if len(shp) >= _HEADER else -1
    return Records(tuple(entries), tuple(numbers), ends=at in (stated, len(shp)), closed=at == stated)


def index(shp: bytes) -> bytes:
    """Return the index (.shx) of a Shapefile, from its records.

    References
    ----------
    ESRI (1998). ESRI Shapefile Technical Description, pp. 23-24.
    """
    return _index(shp, walk(shp))


def _index(shp: bytes, records: Records) -> bytes:
    body = b"".join(struct.pack(">ii", *entry) for entry in records.entries)
    return shp[:24] + struct.pack(">i", (_HEADER + len(body)) // 2) + shp[28:_HEADER] + body


def table_rows(dbf: bytes) -> tuple[int, int]:
    """Return how many rows a dBase table states, and how many it holds whole."""
    if len(dbf) < _TABLE:
        return 0, 0
    stated, head, width = struct.unpack_from("<IHH", dbf, 4)
    return stated, max(0, len(dbf) - head) // width if width else 0


def _listed(shx: bytes) -> list[tuple[int, int]]:
    body = shx[_HEADER : len(shx) - (len(shx) - _HEADER) % 8] if len(shx) > _HEADER else b""
    return list(struct.iter_unpack(">ii", body))


def _sound(shp: bytes, listed: list[tuple[int, int]]) -> bool:
    """Tell whether each entry of an index leads to a record of that length, and no two to the same one."""
    there = [entry for entry in listed if entry != _NONE]
    return len({offset for offset, _ in there}) == len(there) and all(
        2 * offset >= _HEADER
        and words >= 0
        and 2 * offset + 8 + 2 * words <= len(shp)
        and struct.unpack_from(">i", shp, 2 * offset + 4)[0] == words
        for offset, words in there
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """The index to read a Shapefile by, what is to be said of it, and what its parts count."""

    shx: bytes
    verdict: Verdict
    counts: str


def settle(parts: Mapping[str, bytes]) -> Settled:
    """Find the index under which no record and no row of a Shapefile is lost.

    Its own one holds where it has as many entries as the table has rows, each leads to a record, and no record is left
    out but older versions of those (programs append a record that has grown). Else one is made from the records, where
    they are as many as the rows. Else the Shapefile cannot be used: nobody can tell which row belongs to which shape.

    Parameters
    ----------
    parts : mapping
        Suffix in small letters → bytes; ``.shp`` at least.
    """
    shp, shx, dbf = parts[".shp"], parts.get(".shx"), parts.get(".dbf")
    if len(shp) < _HEADER:
        return Settled(shx or shp, "", "")
    records = walk(shp)
    stated, held = table_rows(dbf) if dbf is not None else (None, None)
    rows = stated if stated == held or (held or 0) > (stated or 0) else -1
    made = _index(shp, records)
    if shx is not None:
        listed = _listed(shx)
        older = len(records.entries) == len(listed) or set(records.numbers) <= set(range(1, len(listed) + 1))
        if rows in (None, len(listed)) and older and _sound(shp, listed):
            return Settled(shx, "", "")
    fits = records.closed if rows is None else len(records.entries) == rows
    if fits and records.ends:
        return Settled(made, "shapefile_no_shx" if shx is None else "shapefile_shx_rebuilt", "")
    counts = [f".shp {len(records.entries)}{'' if records.ends else ' + ?'}"]
    counts += [f".shx {len(_listed(shx))}"] if shx is not None else []
    counts += (
        [f".dbf {held if rows == -1 else stated}{f' / {stated}' if rows == -1 else ''}"] if dbf is not None else []
    )
    return Settled(shx or made, "shapefile_counts_differ", ", ".join(counts))
