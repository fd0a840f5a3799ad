"""One way to open a file of any known format."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from data.errors import DataError, Fault
from geo.nesting import wkb_too_deep
from geo.placing import WKB_COLUMNS
from geo.readers.admission import admit, shape_faults, unreadable_name
from geo.readers.gdal import heard, remark
from geo.readers.limits import limits, safe_name
from geo.readers.raw import Raw, choose, reason, refuse
from geo.readers.tables import TABLE_SUFFIXES, open_pages, open_table
from geo.readers.vectors import VECTOR_SUFFIXES, filled, open_vector, sources

T = TypeVar("T")
SUFFIXES: Final = (*VECTOR_SUFFIXES, ".parquet", *TABLE_SUFFIXES)


def open_parquet(path: Path, sublayer: str | None = None) -> Raw:
    """Open a Parquet file, geometry or not; a named index becomes a column.

    Raises
    ------
    DataError
        If shapes are nested so deep that reading them would end the program, or if a layer is named that is not there.
    """
    choose(path, [path.stem], sublayer=sublayer, layer=None)
    if _nested_too_deep(path):
        raise refuse(path, "shape_unreadable", got="WKB")
    frame, said = heard(lambda: _parquet(path))
    # osmnx and others keep identifiers in a named index.
    named = [name for name in frame.index.names if name is not None and name not in frame]
    frame = frame.reset_index(level=named) if named else frame
    crs = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    return Raw(frame, crs, "declared" if crs else "missing", noted=tuple(remark(said)))


def _nested_too_deep(path: Path) -> bool:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        spatial = json.loads((schema.metadata or {}).get(b"geo", b"{}")).get("columns", {})
        binary = [name for name in spatial if name in schema.names and pa.types.is_binary(schema.field(name).type)]
        return any(
            wkb_too_deep(cell.as_py())
            for batch in (file.iter_batches(columns=binary) if binary else ())
            for column in batch.columns
            for cell in column
            if cell.is_valid
        )


def _parquet(path: Path) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = gpd.read_parquet(path)
    except ValueError as error:
        if "geo metadata" not in str(error).lower():
            raise
        frame = pd.read_parquet(path)
    return frame


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
    return replace(raw, frame=whole)


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
    return _guarded(path, lambda: _tidy(_bounded(path, _raw(path, sublayer, layer))))


def _guarded(path: Path, do: Callable[[], T]) -> T:
    """Do something with a file that is let in; whatever a library raises of a broken one is said as a fault."""
    suffix = path.suffix.lower()
    if unreadable_name(path):
        raise refuse(Path(safe_name(path.name)), "file_name", got=repr(path.name)[1:-1])
    if not path.is_file():
        raise refuse(path, "file_missing", got=path.name)
    if suffix not in SUFFIXES:
        raise refuse(path, "format_unknown", expected=" ".join(SUFFIXES), got=suffix)
    if path.stat().st_size == 0:
        raise refuse(path, "file_empty")
    try:
        admit(path)
        return do()
    except DataError:
        raise
    except UnicodeError as error:
        raise refuse(path, "encoding", expected="UTF-8 / GB18030") from error
    except Exception as error:
        raise refuse(path, "file_broken", got=reason(path, error)) from error


def _raw(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        raw = open_vector(path, sublayer, layer)
    else:
        raw = open_parquet(path, sublayer) if suffix == ".parquet" else open_table(path, sublayer, layer)
    if raw.frame.empty:
        raise refuse(path, "file_empty")
    return raw


def _bounded(path: Path, raw: Raw) -> Raw:
    """Refuse a layer with more rows or columns, longer cells or larger shapes than the bounds allow."""
    bounds, frame = limits(), raw.frame
    faults = shape_faults(path, *frame.shape, bounds)
    if isinstance(frame, gpd.GeoDataFrame):
        counts = shapely.get_num_coordinates(frame.geometry.to_numpy())
        large = np.flatnonzero(counts > bounds.shape_vertices)
        faults += _beyond(path, "shape_too_large", large, bounds.shape_vertices, int(counts.max(initial=0)))
    for name in frame:
        if frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name].dtype):
            sizes = frame[name].map(lambda cell: len(cell) if isinstance(cell, str | bytes) else 0).to_numpy()
            long = np.flatnonzero(sizes > bounds.cell_characters)
            found = _beyond(path, "cell_too_long", long, bounds.cell_characters, int(sizes.max(initial=0)))
            faults += [replace(one, column=str(name)) for one in found]
    if faults:
        raise DataError(faults)
    return raw


def _beyond(path: Path, rule: str, places: NDArray[np.intp], most: int, got: int) -> list[Fault]:
    rows = tuple(int(at) + 1 for at in places)
    if not rows:
        return []
    expected = f"≤ {most}"
    return [Fault(rule=rule, effect="refused", file=path.name, row=rows[0], rows=rows, expected=expected, got=str(got))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sublayer:
    """One layer of a file, or one sheet of a workbook.

    Parameters
    ----------
    name : str
        What `open_raw` takes for it.
    rows : int, optional
        Number of its rows, where it is known before it is read.
    geometry : str
        Kind of its shapes, empty for tables.
    """

    name: str
    rows: int | None = None
    geometry: str = ""


def sublayers(path: Path) -> list[Sublayer]:
    """Return the layers or sheets of a file that hold rows, in its order; one for files that have no parts.

    Raises
    ------
    DataError
        If the file is missing, broken or may not be opened.
    """
    return _guarded(path, lambda: _sublayers(path))


def _sublayers(path: Path) -> list[Sublayer]:
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        return [
            Sublayer(name=name, rows=int(said["features"]), geometry=str(said["geometry_type"] or ""))
            for name, (_, said) in filled(sources(path)).items()
        ]
    if suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            spatial = b"geo" in (file.schema_arrow.metadata or {})
            return [Sublayer(name=path.stem, rows=file.metadata.num_rows, geometry="Unknown" if spatial else "")]
    return [Sublayer(name=name, rows=len(page.rows)) for name, page in open_pages(path)[1].items()]
