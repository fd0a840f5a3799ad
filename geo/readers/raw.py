"""What an opened file is before anything is understood of it, and how one is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyproj import CRS

from data.catalog import LANGUAGES, LAYERS, text
from data.errors import DataError, Fault
from geo.crs import Found


@dataclass(frozen=True, slots=True)
class Raw:
    """A file as it was opened: nothing translated, nothing dropped.

    Parameters
    ----------
    frame : pandas.DataFrame
        Foreign columns and ``source_row``; a GeoDataFrame without CRS when it has a geometry.
    crs : pyproj.CRS, optional
        What the file or its format declares.
    why : str
        Where `crs` comes from.
    overlong : tuple of int
        Positions of rows with more cells than the header: their cells may have slipped.
    header_row : int
        Row of the header in a table; 0 in other files.
    """

    frame: pd.DataFrame
    crs: CRS | None
    why: Found
    overlong: tuple[int, ...] = ()
    header_row: int = 0


def refuse(path: Path, rule: str, *, layer: str = "", expected: str = "", got: str = "") -> DataError:
    """Return the error that a whole file cannot be used, for a rule of the catalogue."""
    fault = Fault(rule=rule, effect="refused", file=path.name, layer=layer, expected=expected, got=got)
    return DataError([fault])


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def choose(path: Path, names: list[str], *, sublayer: str | None, layer: str | None) -> str:
    """Return the sublayer to read: the one named, the only one, or the one that bears the layer's own name."""
    if sublayer is not None:
        if sublayer not in names:
            raise refuse(path, "sublayer_unknown", expected=", ".join(names), got=sublayer)
        return sublayer
    own = {layer, *(text(f"layer.{layer}", language) for language in LANGUAGES)} if layer in LAYERS else set()
    fitting = names if len(names) == 1 else [name for name in names if name in own]
    if len(fitting) != 1:
        raise refuse(path, "several_layers", got=", ".join(names))
    return fitting[0]
