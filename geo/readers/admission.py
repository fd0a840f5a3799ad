"""Whether a file from outside may be opened at all: the first thing that happens to it."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import DataError, Fault
from geo.readers import archives, databases, markup
from geo.readers.limits import MEGABYTE, Limits, limits
from geo.readers.raw import reason

JSON_SUFFIXES: Final = (".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson", ".jsonl")
XML_ROOTS: Final = {".kml": "kml", ".osm": "osm"}
_ZIPPED: Final = (".zip", ".kmz")
_XML_PARTS: Final = (".xml", ".rels", ".kml", ".vml")
_MAGIC: Final = {
    ".gpkg": b"SQLite format 3\x00",
    ".fgb": b"fgb\x03",
    ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1",
    ".zip": b"PK",
    ".kmz": b"PK",
}
_PBF: Final = b"OSMHeader"
_HEAD: Final = 512
_PICKLED: Final = b"arrow.py_extension_type"


def admit(path: Path, bounds: Limits | None = None) -> None:
    """Refuse a file that could harm, before anything opens it; nothing of it is built, run or written.

    A link is followed: an upload never is one, and a person may keep files behind one; what it leads to is looked at
    all the same, and must be a plain file.

    Parameters
    ----------
    path : pathlib.Path
        An existing file; its suffix says what it is to be.
    bounds : Limits, optional
        `geo.readers.limits.limits` where not given.

    Raises
    ------
    DataError
        With everything that was found.
    """
    bounds = bounds or limits()
    faults = _size_faults(path, bounds)
    if not faults:
        try:
            faults = _content_faults(path, bounds)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
            faults = [_fault(path, "file_broken", got=f"ZIP: {reason(path, error)}")]
    if faults:
        raise DataError(faults)


def _fault(path: Path, rule: str, *, expected: str = "", got: str = "") -> Fault:
    return Fault(rule=rule, effect="refused", file=path.name, expected=expected, got=got)


def unreadable_name(path: Path) -> bool:
    """Tell a name with characters that cannot be seen."""
    return any(unicodedata.category(one) == "Cc" for one in str(path))


def _size_faults(path: Path, bounds: Limits) -> list[Fault]:
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts = [part for part in path.parent.iterdir() if part.stem == path.stem and part.is_file()]
    size = sum(part.stat().st_size for part in parts)
    if size > bounds.file_mb * MEGABYTE:
        got = f"{size / MEGABYTE:.0f} MB"
        return [_fault(path, "file_too_large", expected=f"≤ {bounds.file_mb} MB", got=got)]
    return []


def _content_faults(path: Path, bounds: Limits) -> list[Fault]:
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not is_of_its_kind(head, suffix):
        return [_fault(path, "content_not_suffix", expected=suffix, got=repr(head[:16])[2:-1])]
    if head.startswith(b"PK\x03\x04") or suffix in _ZIPPED:
        return _zip_faults(path, bounds)  # workbooks under the names of older ones are archives all the same
    if suffix == ".gpkg":
        return databases.database_faults(path)
    if suffix == ".parquet":
        return _parquet_faults(path, bounds)
    if suffix in JSON_SUFFIXES:
        return markup.json_faults(path.name, bounds, markup.json_of(path))
    return _text_faults(markup.chunks(path), suffix, path.name, bounds)


def _text_faults(pieces: Iterable[bytes], suffix: str, file: str, bounds: Limits) -> list[Fault]:
    if suffix in JSON_SUFFIXES:
        return markup.json_faults(file, bounds, markup.json_seen(pieces))
    if suffix in XML_ROOTS:
        return markup.xml_faults(pieces, file, bounds, root=XML_ROOTS[suffix])
    return markup.xml_faults(pieces, file, bounds, prolog_only=True) if suffix in _XML_PARTS else []


def is_of_its_kind(head: bytes, suffix: str) -> bool:
    """Tell whether a file's first bytes are what its suffix says; True for suffixes that have no mark of their own."""
    if suffix == ".pbf":
        return _PBF in head[:32]
    if suffix in XML_ROOTS:
        return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00").startswith(b"<")
    if suffix in JSON_SUFFIXES:
        return head.lstrip(b"\xef\xbb\xbf\x1e \t\r\n").startswith((b"{", b"["))
    return head.startswith(_MAGIC.get(suffix, b""))


def _pieces(path: Path, member: archives.Member) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive, archive.open(member.info) as file:
        while piece := file.read(markup.CHUNK):
            yield piece


def _zip_faults(path: Path, bounds: Limits) -> list[Fault]:
    """Look through an archive, and then through what is in it as through a file of its own."""
    faults = archives.zip_faults(path, bounds)
    if faults:
        return faults
    for member in archives.members(path):
        inner, name = Path(member.name).suffix.lower(), f"{path.name}/{member.name}"
        head = next(_pieces(path, member), b"")[:_HEAD]
        if head and not is_of_its_kind(head, inner):
            got = repr(head[:16])[2:-1]
            faults.append(Fault(rule="content_not_suffix", effect="refused", file=name, expected=inner, got=got))
        elif inner == ".gpkg" and head:
            faults += databases.held_faults(archives.content(path, member), name)
        else:
            faults += _text_faults(_pieces(path, member), inner, name, bounds)
    return faults


def _parquet_faults(path: Path, bounds: Limits) -> list[Fault]:
    """Look at a Parquet file's own account of itself; what a program pickled into it is never let in."""
    try:
        with pq.ParquetFile(path) as file:
            said, schema = file.metadata, file.schema_arrow
            size = sum(said.row_group(at).total_byte_size for at in range(said.num_row_groups))
    except (pa.ArrowException, OSError) as error:
        return [_fault(path, "file_broken", got=f"Parquet: {reason(path, error)}")]
    faults = []
    if size > bounds.unpacked_mb * MEGABYTE:
        got = f"{size / MEGABYTE:.0f} MB"
        faults.append(_fault(path, "archive_unpacked", expected=f"≤ {bounds.unpacked_mb} MB", got=got))
    faults += shape_faults(path, said.num_rows, len(schema), bounds)
    kinds = [(field.metadata or {}).get(b"ARROW:extension:name", b"") for field in schema]
    if _PICKLED in kinds or any(isinstance(field.type, pa.UnknownExtensionType) for field in schema):
        faults.append(_fault(path, "parquet_extension"))
    return faults


def shape_faults(path: Path, rows: int, columns: int, bounds: Limits) -> list[Fault]:
    """Return whether a layer has too many rows or columns."""
    return [
        _fault(path, rule, expected=f"≤ {most}", got=str(count))
        for rule, count, most in (
            ("rows_too_many", rows, bounds.rows),
            ("columns_too_many", columns, bounds.columns),
        )
        if count > most
    ]
