"""Frames as they are kept: every cell, kind and row in its order; nothing is ever unpickled.

Columns of our layers are texts, truths and numbers, and pass as they are. Cells of foreign tables can be of any
kind, side by side in one column: these pass as JSON, each with its kind.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.workspace.store import refused

Columns = list[tuple[str, str]]
GEOMETRY: Final = "geometry"
_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "timestamp": pd.Timestamp,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "seconds": lambda said: timedelta(seconds=said),
    "decimal": Decimal,
    "bytes": bytes.fromhex,
    "na": {"NaT": pd.NaT, "NA": pd.NA}.__getitem__,
    "text": str,
}


def _tagged(cell: Any) -> dict[str, Any]:
    """Name the kind of a cell that JSON has none for; what is of no known kind is kept as its text."""
    if cell is pd.NaT or cell is pd.NA:
        return {"na": str(cell).strip("<>")}
    if isinstance(cell, pd.Timestamp | datetime | date | time):
        kind = "timestamp" if isinstance(cell, pd.Timestamp) else type(cell).__name__
        return {kind if kind in _READ else "text": cell.isoformat()}
    if isinstance(cell, timedelta):
        return {"seconds": cell.total_seconds()}
    if isinstance(cell, bytes):
        return {"bytes": cell.hex()}
    return {"decimal" if isinstance(cell, Decimal) else "text": str(cell)}


def _to_json(cell: Any) -> str | None:
    if cell is None:
        return None
    plain = cell.item() if isinstance(cell, np.generic) and not isinstance(cell, np.datetime64) else cell
    return json.dumps(plain if isinstance(plain, str | int | float) else _tagged(plain), ensure_ascii=False)


def _from_json(said: str | None) -> Any:
    if said is None:
        return None
    cell = json.loads(said)
    if isinstance(cell, dict):
        [(kind, value)] = cell.items()
        return _READ[kind](value)
    return cell


def _kind(dtype: Any) -> str:
    """Name a kind of column, exactly enough to make it again."""
    if isinstance(dtype, pd.StringDtype):
        return "string" if dtype.na_value is pd.NA else "str"
    if isinstance(dtype, pd.CategoricalDtype):
        return "object"
    return str(dtype)


def _dtype(kind: str) -> Any:
    if kind in ("string", "str"):
        return pd.StringDtype("pyarrow", na_value=pd.NA if kind == "string" else np.nan)
    return pd.api.types.pandas_dtype(kind)


def columns_of(frame: pd.DataFrame) -> Columns:
    """Return the name and kind of each column."""
    return [(str(name), _kind(frame[name].dtype)) for name in frame]


def encoded(frame: pd.DataFrame, native: Callable[[str], bool]) -> pd.DataFrame:
    """Return the frame with columns that are not native to where it is kept as JSON; the index does not count."""
    done = {}
    for name, kind in columns_of(frame):
        column = frame[name].reset_index(drop=True)
        if kind != GEOMETRY and not native(kind):
            column = pd.Series([_to_json(cell) for cell in column.astype(object)], dtype=_dtype("string"))
        done[name] = column
    return pd.DataFrame(done, index=pd.RangeIndex(len(frame)))


def decoded(frame: pd.DataFrame, columns: Columns, native: Callable[[str], bool]) -> pd.DataFrame:
    """Return the frame that `encoded` was given, with each column of its kind and in its place."""
    done = {}
    for name, kind in columns:
        column = frame[name]
        if kind != GEOMETRY and not native(kind):
            cells = [_from_json(None if pd.isna(cell) else cell) for cell in column]
            column = pd.Series(cells, index=frame.index, dtype=object)
        done[name] = column if kind == GEOMETRY or _kind(column.dtype) == kind else column.astype(_dtype(kind))
    return pd.DataFrame(done, index=frame.index)


def _in_parquet(kind: str) -> bool:
    return kind != "object"


@dataclass(frozen=True, slots=True)
class Packed:
    """A frame as Parquet, with what it needs to be made again."""

    content: bytes
    columns: Columns

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def pack(frame: gpd.GeoDataFrame, *, layer: str) -> Packed:
    """Return a frame as GeoParquet; one without any geometry as Parquet.

    Raises
    ------
    DataError
        If it holds something that cannot be written.
    """
    plain = encoded(frame, _in_parquet)
    geometry = getattr(frame, "_geometry_column_name", None)
    has = geometry in frame.columns
    buffer = io.BytesIO()
    try:
        whole = gpd.GeoDataFrame(plain, geometry=geometry, crs=frame.crs) if has else plain
        whole.to_parquet(buffer, index=False, compression="zstd")
    except (pa.ArrowException, UnicodeError, ValueError, TypeError) as error:
        raise refused("workspace_not_storable", file=layer, layer=layer, got=str(error)[:200]) from error
    return Packed(buffer.getvalue(), columns_of(frame))


def unpack(packed: Packed) -> gpd.GeoDataFrame:
    """Return the frame that was packed."""
    buffer = io.BytesIO(packed.content)
    if any(kind == GEOMETRY for _, kind in packed.columns):
        whole = gpd.read_parquet(buffer)
        name, crs = whole.geometry.name, whole.crs
        return gpd.GeoDataFrame(decoded(whole, packed.columns, _in_parquet), geometry=name, crs=crs)
    return gpd.GeoDataFrame(decoded(pd.read_parquet(buffer), packed.columns, _in_parquet))


def _parts(column: pd.Series) -> list[NDArray[Any] | bytes]:
    """Return what a column says as bytes: which cells are null, then the others."""
    if isinstance(column.dtype, gpd.array.GeometryDtype):
        said = shapely.to_wkb(column.to_numpy(), byte_order=1, include_srid=False)
        texts = [cell for cell in said if cell is not None]
        null = np.array([cell is None for cell in said], dtype=bool)
    else:
        null = column.isna().to_numpy(dtype=bool)
        known = column[~null]
        if pd.api.types.is_bool_dtype(known.dtype):
            return [null, known.to_numpy(dtype=bool)]
        if pd.api.types.is_numeric_dtype(known.dtype):
            wide = np.float64 if pd.api.types.is_float_dtype(known.dtype) else np.int64
            return [null, known.to_numpy(dtype=wide)]
        texts = [str(cell).encode() for cell in known]
    return [null, np.array([len(cell) for cell in texts], dtype=np.int64), b"".join(texts)]


def digest(frame: pd.DataFrame) -> str:
    """Return a SHA-256 over names, kinds, cells and order of a frame, wherever it is kept."""
    seal = hashlib.sha256(json.dumps([len(frame), columns_of(frame)], ensure_ascii=False).encode())
    for name in frame:
        for part in _parts(frame[name]):
            seal.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
    return seal.hexdigest()
