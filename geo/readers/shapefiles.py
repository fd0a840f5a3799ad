"""Shapefiles: their parts found, a lost index rebuilt, and their text read as what it is."""

from __future__ import annotations

import codecs
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final

import numpy as np
import pandas as pd

from data.catalog import LAYERS
from data.errors import Effect, Fault, spans
from geo.exports.naming import kind_suffixes
from geo.readers.archives import pack
from geo.readers.gdal import heard, read_frame, remark
from geo.readers.shape_records import Settled, settle
from geo.vocabulary import columns, known_names, normalise

PARTS: Final = (".shp", ".shx", ".dbf", ".prj")
_BYTES: Final = "cp437"  # maps every byte to a character and back
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
_SHAPE_KINDS: Final = ((1, 11, 21, 8, 18, 28), (3, 13, 23), (5, 15, 25))  # points, lines, areas of a .shp's header
_ROW: Final = "source_row"
_SHOWN: Final = 200
_FIRST_OF_THREE: Final = 0x0800
_SHORTEST_CUT: Final = 8  # bytes: a name cut at 10 may have lost up to two of a character in UTF-8


@dataclass(frozen=True)
class Shapefile:
    """The parts of one Shapefile, by suffix, and its name.

    Parameters
    ----------
    name : str
        As a person knows it.
    parts : mapping
        Suffix in small letters → bytes; ``.shp`` at least.
    whole : mapping
        Field name → whole name, where a table of field names lies beside it.
    noted : tuple of Fault
        What is to be said of that table.
    """

    name: str
    parts: Mapping[str, bytes]
    whole: Mapping[str, str] = field(default_factory=dict)
    noted: tuple[Fault, ...] = ()

    def packed(self) -> bytes:
        """Return the parts as GDAL can read them together; an index that is missing or wrong is made anew."""
        parts = {f"layer{suffix}": part for suffix, part in self.parts.items() if suffix in PARTS}
        return pack(parts | {"layer.shx": self.settled.shx})

    @cached_property
    def settled(self) -> Settled:
        """Whether its parts count alike; see `geo.readers.shape_records.settle`."""
        return settle(self.parts)


def _described(dbf: bytes) -> list[bytes]:
    """Return the description of each field of a dBase table: name, kind, place, width."""
    ends = struct.unpack_from("<H", dbf, 8)[0] if len(dbf) > _FIELD else 0
    starts = range(_FIELD, min(ends, len(dbf)) - _FIELD + 1, _FIELD)
    return [dbf[at : at + _FIELD] for at in starts if dbf[at] != 0x0D]


def _widths(dbf: bytes) -> list[int]:
    """Return the width [bytes] of each field of a dBase table."""
    return [one[16] for one in _described(dbf)]


def _fields(dbf: bytes) -> list[tuple[bytes, bytes]]:
    """Return the name and the kind of each field of a dBase table."""
    return [(one[:11].split(b"\x00")[0], one[11:12]) for one in _described(dbf)]


def kind_parted(shapefile: Shapefile) -> tuple[str, tuple[str, ...], int] | None:
    """Return the layer's name, the suffixes and which of them it is, where a name says it holds one kind of shape.

    None where it does not, or holds another kind: so are named the files into which our exports part a layer.
    """
    for suffixes in kind_suffixes():
        for at, suffix in enumerate(suffixes):
            stem = shapefile.name.removesuffix(suffix)
            if stem not in ("", shapefile.name):
                shp = shapefile.parts[".shp"]
                code = struct.unpack_from("<i", shp, 32)[0] if len(shp) >= 36 else 0
                return (stem, suffixes, at) if code in _SHAPE_KINDS[at] else None
    return None


def alike(shapefiles: Sequence[Shapefile]) -> bool:
    """Tell whether Shapefiles have the same fields and state the same system, so that they can be one layer."""
    fields = [_fields(one.parts.get(".dbf", b"")) for one in shapefiles]
    systems = {one.parts.get(".prj", b"").strip() for one in shapefiles}
    return bool(fields[0]) and all(one == fields[0] for one in fields) and len(systems) == 1


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


def _once(names: list[str]) -> list[str]:
    """Return names of which none stands twice, a field called like the shapes among them."""
    turns: Counter[str] = Counter({"geometry": "geometry" in names[:-1]})
    done = []
    for name in names[:-1]:
        turns[name] += 1
        done.append(f"{name} ({turns[name]})" if turns[name] > 1 else name)
    return [*done, *names[-1:]]


@dataclass(frozen=True)
class _Bytes:
    """A Shapefile as it was read, its text still bytes."""

    frame: pd.DataFrame
    widths: Mapping[str, int]
    written: tuple[str, ...]
    text: _Text
    stated: str
    said: tuple[str, ...]

    @property
    def fields(self) -> list[str]:
        """Names of the columns but the shapes."""
        return [str(name) for name in self.frame if name != "geometry"]


def _opened(shapefile: Shapefile) -> _Bytes:
    packed = shapefile.packed()
    raw, said = heard(lambda: read_frame(packed, encoding=_BYTES))
    raw = raw.set_axis(_once([str(name) for name in raw]), axis="columns")
    fields = [str(name) for name in raw if name != "geometry"]
    widths = dict(zip(fields, _widths(shapefile.parts.get(".dbf", b"")), strict=False))
    written = tuple(name for name in fields if pd.api.types.is_string_dtype(raw[name].dtype))
    cells = {
        (str(cell).encode(_BYTES), widths.get(name, 0)) for name in written for cell in raw[name].dropna().unique()
    }
    text = _Text(tuple(name.encode(_BYTES) for name in fields), tuple(cells))
    return _Bytes(raw, widths, written, text, label(shapefile.parts), tuple(said))


def _in_words(opened: _Bytes, encoding: str) -> pd.DataFrame:
    """Return the cells and the names of a Shapefile in its encoding."""
    done = opened.frame.copy()
    for name in opened.written:
        width = opened.widths.get(name, 0)
        done[name] = opened.frame[name].map(
            lambda cell, width=width: _decoded(cell.encode(_BYTES), width, encoding), na_action="ignore"
        )
    return done.rename(columns={name: _decoded(name.encode(_BYTES), _NAME_BYTES, encoding) for name in opened.fields})


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
    return read_together([shapefile], layer)


def read_together(shapefiles: Sequence[Shapefile], layer: str | None) -> tuple[pd.DataFrame | None, list[Fault]]:
    """Read Shapefiles that are `alike` as one layer; None stands for text in an encoding that is not known.

    Their rows follow each other as the column ``source_row`` counts them, else as the Shapefiles are given.

    Parameters
    ----------
    shapefiles : sequence of Shapefile
        At least one.
    layer : str, optional
        Whose vocabulary tells what a cut field name was.
    """
    opened = [_opened(one) for one in shapefiles]
    texts = _Text(opened[0].text.names, tuple({cell for one in opened for cell in one.text.cells}))
    encoding = _encoding(texts, opened[0].stated)
    if encoding is None:
        return None, []
    frames = [_in_words(one, encoding) for one in opened]
    done, joined = _joined(shapefiles, frames)
    names = {name: len(raw.encode(_BYTES)) for raw, name in zip(opened[0].fields, map(str, frames[0]), strict=False)}
    told = {short: name for short, name in shapefiles[0].whole.items() if short in names}
    cut = uncut({name: size for name, size in names.items() if name not in told}, layer)
    cut = {short: name for short, name in cut.items() if name not in told.values()}
    plain = all(cell.isascii() for cell in (*texts.names, *(cell for cell, _ in texts.cells)))
    stated = [] if plain else [fault for one in opened for fault in _differs(one.stated, encoding)]
    remarks = list(dict.fromkeys(said for one in opened for said in one.said))
    notes = [note("field_name_cut", effect="repaired", column=short, got=name) for short, name in cut.items()]
    done = done.rename(columns=cut | told)
    return done, [*joined, *dict.fromkeys(stated), *_by_table(shapefiles[0], told), *notes, *remark(remarks)]


def _by_table(shapefile: Shapefile, told: Mapping[str, str]) -> list[Fault]:
    """Say what the table of field names was good for."""
    longer = "；".join(f"{short}={name}" for short, name in told.items() if short != name)
    return [*shapefile.noted, *([note("field_table_used", got=longer[:_SHOWN])] if longer else [])]


def _joined(shapefiles: Sequence[Shapefile], frames: list[pd.DataFrame]) -> tuple[pd.DataFrame, list[Fault]]:
    """Put the rows of several Shapefiles together, and say which row is from which."""
    if len(frames) == 1:
        return frames[0], []
    whole = pd.concat(frames, ignore_index=True)
    source = np.repeat(np.arange(len(frames)), [len(one) for one in frames])
    rows = whole[_ROW] if _ROW in whole else pd.Series(dtype=object)
    if len(rows) and pd.api.types.is_integer_dtype(rows.dtype) and rows.is_unique:
        order = np.argsort(rows.to_numpy(), kind="stable")
        whole, source = whole.iloc[order].reset_index(drop=True), source[order]
    places = [spans((np.flatnonzero(source == at) + 1).tolist(), most=3) for at in range(len(frames))]
    got = "；".join(f"{one.name}: {rows}" for one, rows in zip(shapefiles, places, strict=True))
    return whole, [note("shapefiles_joined", got=got)]


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
    rules = {".dbf": "shapefile_no_dbf", ".prj": "shapefile_no_prj"}
    index = shapefile.settled.verdict
    made = index in ("shapefile_no_shx", "shapefile_shx_rebuilt")
    found = [note(index, effect="repaired", got=f"{shapefile.name}.shx")] if made else []
    return found + [
        note(rule, got=f"{shapefile.name}{suffix}") for suffix, rule in rules.items() if suffix not in shapefile.parts
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
