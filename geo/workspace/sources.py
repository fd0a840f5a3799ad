"""The file as it came, whole: formats whose data lie in several files are kept as a zip of them.

A layer that was joined of several files keeps all of them, in one zip with a folder for each.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from geo.readers.limits import safe_name
from geo.readers.parts import PARTS, digest, parts
from geo.workspace.store import Record, refused

_SUFFIX_LENGTH: Final = 10
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
MARK: Final = 12
"""Digits of a source's digest that name its folder in a zip of several."""


def is_bundle(record: Record) -> bool:
    """Tell whether a version is made of several files."""
    return len({part.source_sha256 for part in record.parts}) > 1


def mark(record: Record) -> str:
    """Return the folder of a record's file in a zip of several."""
    return record.source_sha256[:MARK]


def source_name(record: Record) -> str:
    """Return the name under which the kept source can be opened again."""
    if is_bundle(record):
        return f"{record.layer}.zip"
    name = Path(record.file)
    return f"{name.stem}.zip" if name.suffix.lower() in PARTS else record.file


def safe_suffix(name: str) -> str:
    """Return the suffix of a file name where it is plain letters and digits, else nothing.

    >>> safe_suffix("锅炉 台账.XLSX"), safe_suffix("a.x/../y"), safe_suffix("a")
    ('.xlsx', '', '')
    """
    suffix = Path(name).suffix.lower()
    plain = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= _SUFFIX_LENGTH
    return suffix if plain else ""


def _bundle(path: Path) -> bytes:
    """Return the parts of a file as a zip, the same bytes for the same parts."""
    return _zipped({part.relative_to(path.parent).as_posix(): part.read_bytes() for part in parts(path)})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def bundled(files: Mapping[str, tuple[str, bytes]]) -> bytes:
    """Return files as one zip: mark → name and content."""
    return _zipped({f"{folder}/{safe_name(name)}": content for folder, (name, content) in files.items()})


def unbundled(content: bytes) -> dict[str, tuple[str, bytes]]:
    """Return what `bundled` was given."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        whole = {name.partition("/"): archive.read(name) for name in archive.namelist()}
    return {folder: (name, inner) for (folder, _, name), inner in whole.items()}


def source_bytes(path: Path | bytes, record: Record) -> bytes:
    """Return the file that a record speaks of, byte for byte, or a zip of it with its other parts.

    Bytes are those that a workspace gave out for the version before, and stay what they are.

    Raises
    ------
    DataError
        If the file cannot be read, or is not the one any more that the record was made from.
    """
    if isinstance(path, bytes):
        return path
    try:
        if path.is_dir():
            return _bundle(path)
        if path.suffix.lower() in PARTS:
            content, found = _bundle(path), digest(path)
        else:
            content = path.read_bytes()
            found = hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise refused("file_missing", file=record.file, layer=record.layer, got=type(error).__name__) from error
    if found != record.source_sha256:
        raise refused(
            "workspace_source_changed",
            file=record.file,
            layer=record.layer,
            expected=record.source_sha256[:16],
            got=found[:16],
        )
    return content
