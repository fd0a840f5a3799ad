"""The optional store of every roof's hours: a Parquet file, sixteen bits an hour, written block by block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo.export import atomic

FULL_SCALE: Final = 65535

Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class HourlyStore:
    """Takes the blocks of a run; see `hourly_store`."""

    def __init__(self, writer: pq.ParquetWriter, ids: pd.Series, capacity_kw: pd.Series, limit_kw: float) -> None:
        self._writer, self._limit = writer, limit_kw
        self._ids, self._capacity = ids.to_numpy(dtype=object), capacity_kw.to_numpy(dtype=float)

    def __call__(self, rows: Ints, power: Singles) -> None:
        """Write the AC power of a block's roofs, shape (hours, roofs) [kW per kW]."""
        scaled = np.rint(power.T.clip(0, self._limit) * (FULL_SCALE / self._limit)).astype(np.uint16)
        values = pa.FixedSizeListArray.from_arrays(pa.array(scaled.ravel()), scaled.shape[1])
        unit = self._capacity[rows] * self._limit / FULL_SCALE
        columns = [pa.array(self._ids[rows], pa.string()), pa.array(unit), values]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._writer.schema))


@contextmanager
def hourly_store(
    path: Path, *, ids: pd.Series, capacity_kw: pd.Series, hours: pd.DatetimeIndex, limit_kw: float, note: str
) -> Iterator[HourlyStore]:
    """Open a store of hourly power; the file appears when all of it is written, and not at all if that fails.

    Parameters
    ----------
    path : pathlib.Path
        Parquet file: ``building_id``, ``unit_kw`` and ``power``, one number of 0 … 65535 an hour; power [kW] is
        ``power`` times ``unit_kw``. The hours, their mid-points and `note` stand in the schema's metadata.
    ids, capacity_kw : pandas.Series
        Of all roofs of the run, in its order.
    hours : pandas.DatetimeIndex
        Mid-points of the hours.
    limit_kw : float
        Largest AC power of 1 kW of modules [kW].
    note : str
        What a reader has to know, such as that the data are synthetic.
    """
    told = {"hours": [stamp.isoformat() for stamp in hours], "note": note, "power_kw": "power * unit_kw"}
    schema = pa.schema(
        [
            ("building_id", pa.string()),
            ("unit_kw", pa.float64()),
            ("power", pa.list_(pa.uint16(), len(hours))),
        ],
        metadata={"nuanguang": json.dumps(told, ensure_ascii=False)},
    )
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        yield HourlyStore(writer, ids, capacity_kw, limit_kw)


def read_hours(path: Path) -> tuple[pd.DataFrame, dict[str, object]]:
    """Read a store back.

    Returns
    -------
    power : pandas.DataFrame
        [kW]: a row an hour, a column a building.
    told : dict
        The metadata.
    """
    table = pq.read_table(path)
    told = json.loads(table.schema.metadata[b"nuanguang"])
    raw = np.stack(table["power"].to_numpy()) if len(table) else np.zeros((0, len(told["hours"])))
    power = raw * table["unit_kw"].to_numpy()[:, np.newaxis]
    index = pd.DatetimeIndex(pd.to_datetime(told.pop("hours")))
    return pd.DataFrame(power.T, index=index, columns=table["building_id"].to_pylist()), told
