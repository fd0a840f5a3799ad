"""The layers of a report with their measures at hand: arrays in one order, shapes in metres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from data.schemas import IDENTIFIERS
from geo.crs import CITY_MERIDIAN, STORED, working_crs
from geo.geometry import centres
from geo.quality.findings import Finding, Severity

Objects = NDArray[np.object_]


def written(number: float) -> str:
    """Write a number as a person does, with at most six digits.

    >>> written(41.428571), written(35.0), written(1234567.0)
    ('41.4286', '35', '1234567')
    """
    return f"{number:.0f}" if abs(number) >= 1e5 else f"{number:.6g}"


def span(numbers: ArrayLike) -> str:
    """Write the least and the greatest of some numbers.

    >>> span([3.0, 1.5]), span([2.0])
    ('1.5–3', '2')
    """
    values = np.asarray(numbers, dtype=float)
    low, high = written(float(values.min())), written(float(values.max()))
    return low if low == high else f"{low}–{high}"


def _word(cell: object) -> str | None:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return None
    return str(cell).strip() or None


class Sheet:
    """One layer: its rows in the order of the file, whatever order the frame has them in."""

    def __init__(self, layer: str, frame: gpd.GeoDataFrame, crs: CRS) -> None:
        rows = frame["source_row"] if "source_row" in frame else pd.Series(range(1, len(frame) + 1))
        ids = frame[IDENTIFIERS[layer]].astype("string").fillna("").astype(object).to_numpy()
        known = frame["source_file"] if "source_file" in frame else pd.Series("", index=frame.index)
        turn, names = pd.factorize(known.astype(object).fillna(""))  # tables in the order in which they were joined
        sources = np.asarray(names, dtype=object)[turn] if len(turn) else np.empty(0, dtype=object)
        order = np.lexsort((ids.astype(str), rows.to_numpy(), turn))
        self.layer = layer
        self.crs = crs
        self.frame = frame.iloc[order].reset_index(drop=True)
        self.rows: NDArray[np.int64] = np.asarray(rows, dtype=np.int64)[order]
        self.ids: Objects = ids[order]
        self.sources: Objects | None = sources[order] if "source_file" in frame else None
        self._words: dict[str, Objects] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def words(self, name: str) -> Objects:
        """Return a text column, None where it says nothing or is not there; it is shared: do not change it."""
        if name not in self._words:
            cells = self.frame[name].to_numpy(dtype=object) if name in self.frame else [None] * len(self)
            self._words[name] = np.array([_word(cell) for cell in cells], dtype=object)
        return self._words[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, NaN where it says nothing or is not there."""
        if name not in self.frame:
            return np.full(len(self), np.nan)
        return np.asarray(pd.to_numeric(self.frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan))

    @cached_property
    def shapes(self) -> Objects:
        """Shapes in stored degrees."""
        return np.asarray(self.frame.geometry.to_crs(STORED).to_numpy(), dtype=object)

    @cached_property
    def local(self) -> Objects:
        """Shapes in metres, valid."""
        moved = np.array(self.frame.geometry.to_crs(self.crs).to_numpy(), dtype=object)
        broken = ~shapely.is_missing(moved) & ~shapely.is_valid(moved)
        moved[broken] = shapely.make_valid(moved[broken], method="structure", keep_collapsed=False)
        return moved

    @cached_property
    def points(self) -> Objects:
        """A point of each shape, in metres."""
        return np.asarray(shapely.point_on_surface(self.local), dtype=object)

    @cached_property
    def area_m2(self) -> NDArray[np.float64]:
        """Area of each shape [m2]."""
        return np.asarray(shapely.area(self.local), dtype=float)

    @property
    def polygonal(self) -> NDArray[np.bool_]:
        """Which shapes are areas."""
        return np.asarray(shapely.get_dimensions(self.local) == 2, dtype=bool)

    def doubt(self, rule: str, severity: Severity, at: Iterable[Any], *, mend: str = "", **values: str) -> Finding:
        """Return a finding about the rows at these positions."""
        where = np.unique(np.fromiter((int(one) for one in at), dtype=np.intp))
        return Finding(
            rule=rule,
            severity=severity,
            layer=self.layer,
            ids=tuple(str(one) for one in self.ids[where]),
            rows=tuple(int(one) for one in self.rows[where]),
            values=values,
            mend=mend,
            sources=() if self.sources is None else tuple(str(one) for one in self.sources[where]),
        )

    def whole(self, rule: str, severity: Severity, mask: NDArray[np.bool_], **values: str) -> list[Finding]:
        """Return one finding for all rows of a mask, or none where there are no such rows."""
        at = np.flatnonzero(mask)
        return [self.doubt(rule, severity, at, count=str(len(at)), **values)] if len(at) else []


class City:
    """All layers at hand that have rows, and the one projected system [m] they are measured in."""

    def __init__(self, frames: Mapping[str, gpd.GeoDataFrame]) -> None:
        some = {layer: frame for layer, frame in frames.items() if layer in IDENTIFIERS and len(frame)}
        middles = [centres(frame.geometry.to_crs(STORED).to_numpy())[:, 0] for frame in some.values()]
        known = np.concatenate(middles) if middles else np.array([CITY_MERIDIAN])
        self.crs = working_crs(float(np.nanmedian(known)))
        self.sheets = {layer: Sheet(layer, frame, self.crs) for layer, frame in some.items()}

    def get(self, layer: str) -> Sheet | None:
        """Return a layer, or None where there are no rows of it."""
        return self.sheets.get(layer)
