"""XML and JSON from outside, looked through as a stream before a library builds anything of them."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from data.errors import Fault
from geo.readers.limits import Limits

CHUNK: Final = 2**20
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
CHINESE: Final = ("gb2312", "gbk", "gb18030", "cp936")
_FOREIGN: Final = re.compile(rb"<OGR\w*DataSource|<GDAL|<WMS_", re.IGNORECASE)
_CRS: Final = re.compile(rb'"crs"\s*:\s*(?=\{)')
_FEATURES: Final = re.compile(
    b'"' + b"".join(rb"(?:%c|\\u00%x)" % (one, one) for one in b"features") + rb'"\s*:\s*\[', re.IGNORECASE
)
_LETTER: Final = re.compile(rb"\\u00([4-7][0-9a-fA-F])")
_FETCHING: Final = ("link", "url")
_LONG: Final = 19  # digits of the greatest whole number of 64 bits
_EXPONENT: Final = re.compile(rb"[eE]\+?(\d{3,})")
_STREAMED: Final = b"gdal_streamed_alg"
_GREATEST: Final = 2**63 - 2  # GDAL takes the greatest of 64 bits for one that was cut down to it
_DOUBLE_DIGITS: Final = 308
_OVERLAP: Final = 4096


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def declared_encoding(head: bytes) -> str:
    """Return the encoding that an XML file declares, in small letters; ``utf-8`` where it declares none.

    A mark of UTF-16 at the beginning counts before any word.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    return found.group(1).decode("ascii").lower() if found else "utf-8"


class _UnsafeError(Exception):
    """What ends the reading of an XML file: a rule and what was found."""


@dataclass(slots=True)
class _Watch:
    """Handlers of expat that stop at the first thing that a data file has no use for."""

    root: str
    depth_most: int
    links: bool
    depth: int = 0
    begun: bool = False

    def head(self, first: bytes) -> None:
        foreign = _FOREIGN.search(first)
        if foreign:
            raise _UnsafeError("content_not_suffix", foreign.group().decode("ascii", "replace"))

    def doctype(self, name: str, *_: object) -> None:
        raise _UnsafeError("xml_doctype", f"<!DOCTYPE {name}>"[:80])

    def start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self.begun and self.root and local != self.root:
            raise _UnsafeError("content_not_suffix", f"<{local}>"[:80])
        self.begun = True
        self.depth += 1
        if self.depth > self.depth_most:
            raise _UnsafeError("xml_depth", str(self.depth))
        if self.links and local in ("NetworkLink", "NetworkLinkControl"):
            raise _UnsafeError("kml_network_link", f"<{local}>")

    def end(self, _: str) -> None:
        self.depth -= 1


def xml_faults(
    pieces: Iterable[bytes], file: str, bounds: Limits, *, root: str = "", prolog_only: bool = False
) -> list[Fault]:
    """Return what makes an XML document unfit to be opened: entities, depth, another kind of content, links.

    Parameters
    ----------
    pieces : iterable of bytes
        The document in order; no more than one piece is held.
    file : str
        Name for the reader.
    bounds : Limits
        How deep it may be.
    root : str
        Name of the outermost element that is wanted, without its namespace; empty for any.
    prolog_only : bool
        Stop at the outermost element: a document type can stand only before it.
    """
    watch = _Watch(root, bounds.xml_depth, links=root == "kml")
    parser: Any = None
    decoder: codecs.IncrementalDecoder | None = None
    try:
        for piece in pieces:
            if parser is None:
                chinese = declared_encoding(piece[:200]) in CHINESE
                decoder = codecs.getincrementaldecoder("gb18030")() if chinese else None
                parser = expat.ParserCreate("utf-8" if chinese else None, " ")
                parser.StartDoctypeDeclHandler = watch.doctype
                parser.StartElementHandler, parser.EndElementHandler = watch.start, watch.end
                watch.head(piece[:_OVERLAP])
            parser.Parse(decoder.decode(piece).encode() if decoder else piece, False)
            if prolog_only and watch.begun:
                return []
        if parser is not None:
            parser.Parse(b"", True)
    except _UnsafeError as found:
        rule, got = found.args
        expected = {"xml_depth": f"≤ {bounds.xml_depth}", "content_not_suffix": f"<{root}>"}.get(rule, "")
        return [Fault(rule=rule, effect="refused", file=file, expected=expected, got=got)]
    except (expat.ExpatError, UnicodeDecodeError) as error:
        return [Fault(rule="file_broken", effect="refused", file=file, got=f"XML: {error}"[:200])]
    return []


@dataclass(slots=True)
class JsonSeen:
    """What a pass over a JSON file saw.

    Parameters
    ----------
    depth : int
        Deepest nesting.
    roots : int
        Values at the outermost level: more than one is a sequence (GeoJSONSeq, RFC 8142).
    utf8 : bool
        Whether it is text in UTF-8.
    huge : str
        The first number that a whole number of 64 bits or a double cannot hold.
    foreign, fetched : str
        Content of another format, and a coordinate system that would have to be fetched.
    features, collections : int
        Entries of the lists named ``features`` at the outermost level, and how many such lists there are.
    level, inside, slashes, listing
        Where the reading stands: nesting, whether within a string, backslashes just before, whether within a list of
        features.
    """

    depth: int = 0
    roots: int = 0
    utf8: bool = True
    huge: str = ""
    foreign: str = ""
    fetched: str = ""
    features: int = 0
    collections: int = 0
    level: int = 0
    inside: bool = False
    slashes: int = 0
    listing: bool = False

    @property
    def records(self) -> int:
        """How many features a reader must find; 0 where that cannot be told."""
        return self.features + (max(0, self.roots - self.collections) if self.roots > 1 else 0)


def _run(slash: NDArray[np.bool_], at: int, carried: int) -> int:
    """Return how many backslashes stand before a place, those at the end of the piece before among them."""
    back = at - 1
    while back >= 0 and slash[back]:
        back -= 1
    return at - 1 - back + (carried if back < 0 else 0)


def _strings(data: NDArray[np.uint8], seen: JsonSeen) -> NDArray[np.bool_]:
    """Tell which bytes stand within strings, carrying on from the piece before."""
    quotes = np.flatnonzero(data == ord('"'))
    slash = data == ord("\\")
    before = np.where(quotes > 0, slash[quotes - 1], seen.slashes > 0)
    escaped = [at for at in quotes[before] if _run(slash, int(at), seen.slashes) % 2]
    turned = np.zeros(len(data), dtype=np.uint8)
    turned[quotes] = 1
    turned[escaped] = 0
    inside: NDArray[np.bool_] = (np.cumsum(turned, dtype=np.uint8) + np.uint8(seen.inside)) % 2 == 1
    seen.inside = bool(inside[-1])
    seen.slashes = _run(slash, len(data), seen.slashes)
    return inside


def _nest(data: NDArray[np.uint8], inside: NDArray[np.bool_], before: bytes, seen: JsonSeen) -> None:
    """Count levels; a bracket that opens at the outermost level begins a value. Features are counted on the way."""
    step = np.zeros(256, dtype=np.int8)
    step[[ord("["), ord("{")]], step[[ord("]"), ord("}")]] = 1, -1
    steps = np.where(inside, 0, step[data])
    places = np.flatnonzero(steps)
    if not len(places):
        return
    levels = seen.level + np.cumsum(steps[places], dtype=np.int64)
    named = [found.end() - 1 - len(before) for found in _FEATURES.finditer(before + data.tobytes())]
    _list(places, levels, steps[places] == 1, [at for at in named if at >= 0 and not inside[at]], seen)
    seen.depth = max(seen.depth, int(levels.max()))
    seen.roots += int(((levels == 1) & (steps[places] == 1)).sum())
    seen.level = int(levels[-1])


def _list(
    places: NDArray[np.intp], levels: NDArray[np.int64], opens: NDArray[np.bool_], named: list[int], seen: JsonSeen
) -> None:
    """Count the entries of lists of features: what opens at the third level until the list is closed."""
    first = np.searchsorted(places, named)
    starts = first[levels[first] == 2] if named else np.zeros(0, dtype=np.intp)
    closed = np.append(np.flatnonzero(levels == 1), len(levels))
    entries = np.append(np.cumsum(opens & (levels == 3)), 0)  # -1 finds that there is none before the first
    seen.collections += len(starts)
    begun = np.append(-1, starts) if seen.listing else starts
    if not len(begun):
        return
    ends = closed[np.searchsorted(closed, begun, side="right")]
    seen.features += int((entries[ends - 1] - entries[begun]).sum())
    seen.listing = bool(ends[-1] == len(levels))


def _numbers(text: bytes, inside: NDArray[np.bool_], seen: JsonSeen) -> None:
    """Find whole numbers of more than 64 bits and those with an exponent beyond a double's, outside of text.

    A number at either end may go on in the piece beside it: it is judged where it stands whole.
    """
    digit = np.frombuffer(text, dtype=np.uint8) - np.uint8(ord("0")) < 10
    edges = np.flatnonzero(np.diff(digit, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _LONG
    for first, last in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        fraction = re.search(rb"[.eE][+\-\d]*$", text[max(0, first - 32) : first])
        cut = (first == 0 or last == len(text)) and last - first < _OVERLAP
        whole = not cut and not fraction and text[last : last + 1] not in (b".", b"e", b"E")
        if whole and not seen.huge and not inside[first] and int(text[first : min(last, first + 40)]) > _GREATEST:
            seen.huge = text[first : min(last, first + 40)].decode()
    for found in _EXPONENT.finditer(text):
        number = not inside[found.start()] and digit[found.start() - 1]
        if number and not seen.huge and int(found.group(1)[:40]) > _DOUBLE_DIGITS:
            seen.huge = text[max(0, found.start() - 20) : found.end()].decode("utf-8", "replace")[-40:]


def _fetched(text: bytes) -> str:
    """Return a coordinate system that the file wants fetched from an address (GeoJSON 2008, 3.2), or nothing."""
    for found in _CRS.finditer(text):
        window = text[found.end() : found.end() + _OVERLAP]
        kinds: list[object] = []

        def keep(pairs: list[tuple[str, object]], kinds: list[object] = kinds) -> None:
            kinds.extend(value for key, value in pairs if key == "type")

        try:
            json.JSONDecoder(object_pairs_hook=keep).raw_decode(window.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            if len(window) < _OVERLAP:
                continue  # it goes on in the next piece, which is searched with this one's end
            return window[:80].decode("utf-8", "replace")
        if any(str(kind).lower() in _FETCHING for kind in kinds):
            return window[:80].decode("utf-8", "replace")
    return ""


def json_seen(pieces: Iterable[bytes]) -> JsonSeen:
    """Look through a JSON file, piece by piece: nothing is built of it, and strings do not count as structure."""
    seen = JsonSeen()
    decoder = codecs.getincrementaldecoder("utf-8")()
    kept, kept_inside = b"", np.zeros(0, dtype=bool)
    for piece in pieces:
        data = np.frombuffer(piece, dtype=np.uint8)
        inside = _strings(data, seen)
        _nest(data, inside, kept, seen)
        joined, within = kept + piece, np.concatenate([kept_inside, inside])
        _numbers(joined, within, seen)
        plain = _LETTER.sub(lambda found: bytes.fromhex(found.group(1).decode()), joined)
        seen.foreign = seen.foreign or (_STREAMED.decode() if _STREAMED in plain.lower() else "")
        seen.fetched = seen.fetched or _fetched(plain)
        kept, kept_inside = joined[-_OVERLAP:], within[-_OVERLAP:]
        if seen.utf8:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                seen.utf8 = False
    return seen


def json_faults(file: str, bounds: Limits, seen: JsonSeen) -> list[Fault]:
    """Return what makes a JSON file unfit to be opened."""
    found = []
    if seen.depth > bounds.json_depth:
        found.append(("json_depth", f"≤ {bounds.json_depth}", str(seen.depth)))
    if seen.huge:
        found.append(("json_number", "", seen.huge))
    if seen.fetched:
        found.append(("json_crs_link", "", seen.fetched))
    if seen.foreign:
        found.append(("content_not_suffix", "GeoJSON", seen.foreign))
    return [Fault(rule=rule, effect="refused", file=file, expected=expected, got=got) for rule, expected, got in found]


@lru_cache(maxsize=8)
def _seen(path: Path, _size: int, _changed_ns: int) -> JsonSeen:
    return json_seen(chunks(path))


def json_of(path: Path) -> JsonSeen:
    """Look through a JSON file as it is now; see `json_seen`. What was seen is remembered while it does not change."""
    said = path.stat()
    return _seen(path.resolve(), said.st_size, said.st_mtime_ns)
