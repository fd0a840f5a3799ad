"""One way to open a file of any known format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data.errors import DataError
from geo.placing import WKB_COLUMNS
from geo.readers.raw import Raw, refuse
from geo.readers.tables import TABLE_SUFFIXES, open_table
from geo.readers.vectors import VECTOR_SUFFIXES, open_vector

SUFFIXES: Final = (*VECTOR_SUFFIXES, ".parquet", *TABLE_SUFFIXES)


def open_parquet(path: Path) -> Raw:
    """Open a Parquet file, geometry or not; a named index becomes a column."""
    try:
        frame = gpd.read_parquet(path)
    except ValueError as error:
        if "geo metadata" not in str(error).lower():
            raise
        frame = pd.read_parquet(path)
    # osmnx and others keep identifiers in a named index.
    named = [name for name in frame.index.names if name is not None and name not in frame]
    frame = frame.reset_index(level=named) if named else frame
    crs = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    return Raw(frame, crs, "declared" if crs else "missing")


def _plain(cell: object) -> object:
    """Write lists and structures as JSON text and bytes as hexadecimals, so that every cell can be compared."""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, dict | list | np.ndarray):
        return json.dumps(cell, ensure_ascii=False, default=lambda item: getattr(item, "tolist", item.__str__)())
    return cell


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Spread the structures of nested columns (Overture's ``names``) into columns such as ``names.primary``."""
    done = {str(name): frame[name] for name in frame}
    for name, column in list(done.items()):
        if column.dtype != object:
            continue
        nested = column.map(lambda cell: isinstance(cell, dict))
        if nested.any():
            parts = pd.json_normalize([cell if isinstance(cell, dict) else {} for cell in column], max_level=0)
            done |= {f"{name}.{part}": parts[part].set_axis(frame.index).map(_plain) for part in parts}
        done[name] = column if name in WKB_COLUMNS else column.map(_plain)
    return pd.DataFrame(done, index=frame.index)


def _tidy(raw: Raw) -> Raw:
    """Give every row its number, call the geometry ``geometry`` and spread nested columns."""
    frame, shapes = raw.frame, None
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry.to_numpy()
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name)).rename(columns={"geometry": "geometry_column"})
    frame = _flat(frame.reset_index(drop=True))
    if raw.header_row == 0:
        frame = frame.drop(columns="source_row", errors="ignore")
        frame.insert(0, "source_row", np.arange(1, 1 + len(frame)))
    whole = frame if shapes is None else gpd.GeoDataFrame(frame, geometry=shapes)
    return Raw(whole, raw.crs, raw.why, raw.overlong, raw.header_row)


def open_raw(path: Path, *, sublayer: str | None = None, layer: str | None = None) -> Raw:
    """Open a file of any known format.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sublayer : str, optional
        Layer of a GeoPackage or zip, or sheet of a workbook.
    layer : str, optional
        Which layer is wanted: of several sublayers, the one that bears its name serves.

    Raises
    ------
    DataError
        If it is missing, empty, broken, of an unknown format, or holds several layers and none is named.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise refuse(path, "file_missing", got=str(path))
    if suffix not in SUFFIXES:
        raise refuse(path, "format_unknown", expected=" ".join(SUFFIXES), got=suffix)
    if path.stat().st_size == 0:
        raise refuse(path, "file_empty")
    try:
        if suffix in VECTOR_SUFFIXES:
            raw = open_vector(path, sublayer, layer)
        else:
            raw = open_parquet(path) if suffix == ".parquet" else open_table(path, sublayer, layer)
    except DataError:
        raise
    except Exception as error:  # whatever a broken file makes a library raise, the person is told so
        raise refuse(path, "file_broken", got=f"{type(error).__name__}: {error}"[:200]) from error
    if raw.frame.empty:
        raise refuse(path, "file_empty")
    return _tidy(raw)
