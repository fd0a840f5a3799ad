"""What an opened file is before anything is understood of it, and how one is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from pyproj import CRS

from data.catalog import LANGUAGES, LAYERS, text
from data.errors import DataError, Fault
from geo.crs import Found

_INNER: Final = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception|Warning)\b(?:\(\))?:?|<class [^>]*>|<?[\w.]+ object at 0x[0-9a-fA-F]+>?"
    r"|/vsi\w*(?:/[^\s'\"]*)?|\bTraceback\b|[\x00-\x1f\x7f-\x9f]"
)
_SHOWN: Final = 200


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
    marked : mapping
        Rule → positions of the rows of a table that are no records: totals, repeated headers, notes.
    units : tuple of str
        Units that a caption states for the columns whose header states none.
    epoch : int
        Year from which plain numbers count days in columns of dates.
    noted : tuple of Fault
        What the reader has to say of the file as a whole; without its name and layer.
    """

    frame: pd.DataFrame
    crs: CRS | None
    why: Found
    overlong: tuple[int, ...] = ()
    header_row: int = 0
    noted: tuple[Fault, ...] = ()
    marked: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    epoch: int = 1900


def parted(raw: Raw) -> tuple[Raw, pd.DataFrame]:
    """Part the records of a table from the rows that are none.

    Returns
    -------
    records : Raw
        With a fault in `noted` for each kind of row that was taken out.
    apart : pandas.DataFrame
        The rows that are no records.
    """
    if not raw.marked:
        return raw, raw.frame.iloc[:0]
    numbers = raw.frame["source_row"].to_numpy()
    kept = np.ones(len(raw.frame), dtype=bool)
    faults = []
    for rule, places in raw.marked.items():
        kept[list(places)] = False
        rows = tuple(int(row) for row in numbers[list(places)])
        faults.append(Fault(rule=rule, effect="row_set_aside", file="", row=rows[0], rows=rows))
    moved = np.cumsum(kept) - 1
    overlong = tuple(int(moved[at]) for at in raw.overlong if kept[at])
    frame = raw.frame[kept].reset_index(drop=True)
    records = replace(raw, frame=frame, overlong=overlong, marked={}, noted=(*raw.noted, *faults))
    return records, raw.frame[~kept]


def refuse(path: Path, rule: str, *, layer: str = "", expected: str = "", got: str = "") -> DataError:
    """Return the error that a whole file cannot be used, for a rule of the catalogue."""
    fault = Fault(rule=rule, effect="refused", file=path.name, layer=layer, expected=expected, got=got)
    return DataError([fault])


def cleaned(said: object) -> str:
    """Return what a library says without the names of classes, places in memory and signs that cannot be seen."""
    return " ".join(_INNER.sub(" ", str(said)).split()).strip(" :;,")[:_SHOWN]


def reason(path: Path, said: object) -> str:
    """Return what a library says of a file as a person may read it: `cleaned`, and without the machine's folders.

    Parameters
    ----------
    path : pathlib.Path
        The file that it speaks of.
    said : object
        An exception or a text.
    """
    text_, places = str(said), (path.resolve(), path.absolute(), path)
    for place in dict.fromkeys(places):
        for whole in (str(place), repr(str(place))[1:-1], place.as_posix()):
            text_ = text_.replace(whole, path.name)
    for folder in dict.fromkeys(place.parent for place in places):
        for whole in (str(folder), repr(str(folder))[1:-1], folder.as_posix()):
            text_ = text_.replace(whole, "…") if len(folder.parts) > 1 else text_
    return cleaned(text_)


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
