"""Shapefiles: their parts found, a lost index rebuilt, and their text read as what it is."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import pandas as pd
import pyogrio

from data.catalog import LAYERS
from data.errors import Effect, Fault
from geo.readers.archives import pack
from geo.vocabulary import columns, known_names, normalise

PARTS: Final = (".shp", ".shx", ".dbf", ".prj")
_BYTES: Final = "cp437"  # maps every byte to a character and back
_HEADER: Final = 100
_FIELD: Final = 32
_NAME_BYTES: Final = 10
_LANGUAGES: Final = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}
_LABELS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "65001": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "936": "gb18030",
    "ansi 936": "gb18030",
    "big5": "big5",
    "950": "big5",
}
_FIRST_OF_THREE: Final = 0x0800
_SHORTEST_CUT: Final = 8  # bytes: a name cut at 10 may have lost up to two of a character in UTF-8


@dataclass(frozen=True, slots=True)
class Shapefile:
    """The parts of one Shapefile, by suffix, and its name.

    Parameters
    ----------
    name : str
        As a person knows it.
    parts : mapping
        Suffix in small letters → bytes; ``.shp`` at least.
    """

    name: str
    parts: Mapping[str, bytes]

    def packed(self) -> bytes:
        """Return the parts as GDAL can read them together; a missing index is made anew."""
        parts = {f"layer{suffix}": part for suffix, part in self.parts.items() if suffix in PARTS}
        return pack({"layer.shx": index(self.parts[".shp"])} | parts)


def index(shp: bytes) -> bytes:
    """Return the index (.shx) of a Shapefile, from its records.

    References
    ----------
    ESRI (1998). ESRI Shapefile Technical Description, pp. 23-24.
    """
    at, rows = _HEADER, []
    while at + 8 <= len(shp):
        (words,) = struct.unpack_from(">i", shp, at + 4)
        if words < 0 or at + 8 + 2 * words > len(shp):
            break
        rows.append(struct.pack(">ii", at // 2, words))
        at += 8 + 2 * words
    body = b"".join(rows)
    return shp[:24] + struct.pack(">i", (_HEADER + len(body)) // 2) + shp[28:_HEADER] + body


def _widths(dbf: bytes) -> list[int]:
    """Return the width [bytes] of each field of a dBase table."""
    ends = struct.unpack_from("<H", dbf, 8)[0] if len(dbf) > _FIELD else 0
    starts = range(_FIELD, min(ends, len(dbf)) - _FIELD + 1, _FIELD)
    return [dbf[at + 16] for at in starts if dbf[at] != 0x0D]


def label(parts: Mapping[str, bytes]) -> str:
    """Return the encoding that a Shapefile states, in its .cpg or else in its table's header; empty for none."""
    stated = parts.get(".cpg", b"").decode("ascii", "ignore").strip().lower()
    if stated:
        return _LABELS.get(stated, "")
    dbf = parts.get(".dbf", b"")
    return _LANGUAGES.get(dbf[29], "") if len(dbf) > _FIELD else ""


@dataclass(frozen=True, slots=True)
class _Text:
    """Text of a table as bytes: its fields' names, and its cells with the width of their field."""

    names: tuple[bytes, ...]
    cells: tuple[tuple[bytes, int], ...]


def _decoded(cell: bytes, width: int, encoding: str) -> str:
    """Decode a cell; only where it fills its field may its last character have been cut, which costs that one."""
    return codecs.getincrementaldecoder(encoding)().decode(cell, final=len(cell) < width)


def _fits(text: _Text, encoding: str) -> str | None:
    """Return all text in an encoding, or None where it is in another."""
    try:
        return "".join(
            [
                *(_decoded(name, _NAME_BYTES, encoding) for name in text.names),
                *(_decoded(cell, width, encoding) for cell, width in text.cells),
            ]
        )
    except UnicodeDecodeError:
        return None


def _encoding(text: _Text, stated: str) -> str | None:
    """Return the encoding that the text itself shows; what the file states counts only where both can be.

    Chinese in GBK hardly ever passes for UTF-8, but a few letters such as ``²`` or a single word may: UTF-8 is
    believed unasked where it makes characters of three bytes, as Chinese ones are.
    """
    as_utf8 = _fits(text, "utf-8")
    if as_utf8 is not None and (as_utf8.isascii() or any(ord(one) >= _FIRST_OF_THREE for one in as_utf8)):
        return "utf-8"
    for encoding in dict.fromkeys((stated, "gb18030", "utf-8")):
        if encoding and _fits(text, encoding) is not None:
            return encoding
    return None


def read(shapefile: Shapefile, layer: str | None) -> tuple[pd.DataFrame | None, list[Fault]]:
    """Read a Shapefile; None stands for text in an encoding that is not known.

    Field names are cut after 10 bytes and texts after at most 254, often within a character, which costs that
    character only.

    Parameters
    ----------
    shapefile : Shapefile
        Its parts.
    layer : str, optional
        Whose vocabulary tells what a cut field name was.
    """
    raw: pd.DataFrame = pyogrio.read_dataframe(shapefile.packed(), encoding=_BYTES)
    fields = [str(name) for name in raw if name != "geometry"]
    widths = dict(zip(fields, _widths(shapefile.parts.get(".dbf", b"")), strict=False))
    written = [name for name in fields if pd.api.types.is_string_dtype(raw[name].dtype)]
    cells = {
        (str(cell).encode(_BYTES), widths.get(name, 0)) for name in written for cell in raw[name].dropna().unique()
    }
    text = _Text(tuple(name.encode(_BYTES) for name in fields), tuple(cells))
    stated = label(shapefile.parts)
    encoding = _encoding(text, stated)
    if encoding is None:
        return None, []

    def decoded(cell: str, width: int) -> str:
        return _decoded(cell.encode(_BYTES), width, encoding)

    done = raw.copy()
    for name in written:
        width = widths.get(name, 0)
        done[name] = raw[name].map(lambda cell, width=width: decoded(cell, width), na_action="ignore")
    names = {name: decoded(name, _NAME_BYTES) for name in fields}
    whole = uncut({read: len(name.encode(_BYTES)) for name, read in names.items()}, layer)
    notes = [note("field_name_cut", effect="repaired", column=cut, got=full) for cut, full in whole.items()]
    plain = all(cell.isascii() for cell in (*text.names, *(cell for cell, _ in cells)))
    done = done.rename(columns={name: whole.get(read, read) for name, read in names.items()})
    return done, notes if plain else [*_differs(stated, encoding), *notes]


def _differs(stated: str, encoding: str) -> list[Fault]:
    if stated in ("", encoding):
        return []
    return [note("encoding_differs", expected=_shown(stated), got=_shown(encoding))]


def _shown(encoding: str) -> str:
    return {"gb18030": "GBK / GB18030", "utf-8": "UTF-8", "big5": "Big5"}[encoding]


def note(rule: str, *, effect: Effect = "noted", column: str | None = None, expected: str = "", got: str = "") -> Fault:
    """Return a remark about a whole file, whose name and layer are not known here."""
    return Fault(rule=rule, effect=effect, file="", column=column, expected=expected, got=got)


def missing_parts(shapefile: Shapefile) -> list[Fault]:
    """Say which parts of a Shapefile did not come with it, and what that means."""
    rules = {".shx": "shapefile_no_shx", ".dbf": "shapefile_no_dbf", ".prj": "shapefile_no_prj"}
    return [
        note(rule, effect="repaired" if suffix == ".shx" else "noted", got=f"{shapefile.name}{suffix}")
        for suffix, rule in rules.items()
        if suffix not in shapefile.parts
    ]


@cache
def _long_names(layer: str | None) -> dict[str, tuple[str, str]]:
    """Return the names of the vocabulary that a field's name cannot hold, with our column and the unit."""
    layers = [layer] if layer in LAYERS else LAYERS
    known = {name: columns(one, [name]).get(name, ("", "")) for one in layers if one for name in known_names(one)}
    return {name: meaning for name, meaning in known.items() if len(name.encode("gb18030")) > _NAME_BYTES}


@cache
def _is_whole(name: str) -> bool:
    return any(columns(layer, [name]) for layer in LAYERS)


def uncut(sizes: Mapping[str, int], layer: str | None) -> dict[str, str]:
    """Return whole names for field names that were cut at 10 bytes, where the vocabulary leaves but one meaning.

    Parameters
    ----------
    sizes : mapping
        Field name as it was read → its length in the file [bytes]; only those of 8 to 10 can have been cut.
    layer : str, optional
        Whose vocabulary; all layers' where not given.
    """
    found: dict[str, str] = {}
    for name, size in sizes.items():
        folded = normalise(name)
        if not folded or not _SHORTEST_CUT <= size <= _NAME_BYTES or _is_whole(name):
            continue
        whole = {full: meaning for full, meaning in _long_names(layer).items() if full.startswith(folded)}
        meanings = set(whole.values())
        # A unit that was cut off cannot be told: ㎡ and 万㎡ begin alike, whatever the vocabulary happens to list.
        best = min(whole, key=len) if len(meanings) == 1 and not meanings.pop()[1] else ""
        if best and best not in {*sizes, *found.values()}:
            found[name] = best
    return found
