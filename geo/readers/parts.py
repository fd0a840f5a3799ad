"""Formats whose data lie in several files: which these are, and what names all of them together."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

# The parts that GDAL's drivers of these formats read, besides the file that a person names.
PARTS: Final = {
    ".shp": (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".shp.xml"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
    ".gdb": (),
}


def parts(path: Path) -> list[Path]:
    """Return the files that a file of such a format is made of, in the order of their names."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    wanted = {(path.stem + part).casefold() for part in (path.suffix, *PARTS[path.suffix.lower()])}
    return sorted(part for part in path.parent.iterdir() if part.name.casefold() in wanted and part.is_file())


def digest(path: Path) -> str:
    """Return a SHA-256 that names a file: of its bytes, or of the names and bytes of all its parts."""
    if path.suffix.lower() not in PARTS:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    seal = hashlib.sha256()
    for part in parts(path):
        with part.open("rb") as file:
            seal.update(f"{part.suffix.lower()} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return seal.hexdigest()
