"""Mends that a person asks for: a new layer, with every row that it takes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from data.errors import DataError, Effect, Fault
from data.schemas import IDENTIFIERS
from geo.geometry import blank, with_shapes
from geo.quality.findings import Finding

_CLOSE: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Mended:
    """A layer after a mend: ``len(frame) + len(set_aside)`` is what it was."""

    frame: gpd.GeoDataFrame
    set_aside: gpd.GeoDataFrame
    fault: Fault


def _fault(frame: gpd.GeoDataFrame, finding: Finding, told: str, effect: Effect, *, start: int = 0) -> Fault:
    """Say what was done about the rows of a finding, from one of them on, and in which files they stand."""
    files = BETWEEN_FILES.join(dict.fromkeys(finding.sources[start:]))
    file = files or str(frame.attrs.get("file", finding.layer))
    rows = finding.rows[start:]
    first = rows[0] if rows else None
    return Fault(rule=told, effect=effect, file=file, layer=finding.layer, row=first, rows=rows, got=finding.title())


def _stale(frame: gpd.GeoDataFrame, finding: Finding) -> DataError:
    return DataError([_fault(frame, finding, "quality_stale", "refused")])


def _positions(frame: gpd.GeoDataFrame, finding: Finding) -> NDArray[np.intp]:
    """Return where the rows of a finding stand, in its order; a finding about other rows is refused."""
    ids = frame[IDENTIFIERS[finding.layer]].astype("string").fillna("").astype(object)
    wanted = set(finding.ids)
    where = {one: at for at, one in enumerate(ids) if one in wanted}
    if len(where) != len(wanted) or not where:
        raise _stale(frame, finding)
    return np.array([where[one] for one in finding.ids], dtype=np.intp)


def _split(frame: gpd.GeoDataFrame, out: NDArray[np.bool_]) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    kept, aside = frame[~out].reset_index(drop=True), frame[out].reset_index(drop=True)
    kept.attrs, aside.attrs = dict(frame.attrs), dict(frame.attrs)
    return kept, aside


def _drop_later(frame: gpd.GeoDataFrame, finding: Finding) -> Mended:
    """Keep the first record of a group and take the later ones out."""
    out = np.zeros(len(frame), dtype=bool)
    out[_positions(frame, finding)[1:]] = True
    kept, aside = _split(frame, out)
    return Mended(kept, aside, _fault(frame, finding, "quality_dropped", "row_set_aside", start=1))


def _rescale(column: str) -> Callable[[gpd.GeoDataFrame, Finding], Mended]:
    """Return the mend that sets a column to its reading in another unit, where it still says what was doubted."""

    def mend(frame: gpd.GeoDataFrame, finding: Finding) -> Mended:
        at = _positions(frame, finding)
        low, _, high = finding.values["given"].partition("–")
        values = frame[column].to_numpy(dtype=float, na_value=np.nan, copy=True)
        least, most = float(low) * (1 - _CLOSE), float(high or low) * (1 + _CLOSE)
        if not ((values[at] >= least) & (values[at] <= most)).all():
            raise _stale(frame, finding)
        values[at] *= float(finding.values["factor"])
        done = frame.assign(**{column: values})
        done.attrs = dict(frame.attrs)
        return Mended(done, frame.iloc[:0].copy(), _fault(frame, finding, "quality_reread", "repaired"))

    return mend


def _clip(frame: gpd.GeoDataFrame, finding: Finding) -> Mended:
    """Cut the overlap off the later shape; the other keeps it."""
    first, second = _positions(frame, finding)
    shapes = np.array(frame.geometry.to_numpy(), dtype=object)
    left = shapely.difference(shapes[second], shapes[first])
    parts = shapely.get_parts(left)
    parts = parts[shapely.get_dimensions(parts) == 2]
    shapes[second] = shapely.union_all(parts) if len(parts) != 1 else parts[0]
    out = np.zeros(len(frame), dtype=bool)
    out[second] = blank(shapes[[second]])[0]
    if out.any():
        kept, aside = _split(frame, out)
        return Mended(kept, aside, _fault(frame, finding, "quality_dropped", "row_set_aside", start=1))
    done = with_shapes(frame, shapes)
    return Mended(done, frame.iloc[:0].copy(), _fault(frame, finding, "quality_clipped", "repaired", start=1))


BETWEEN_FILES: Final = "、"
MENDED: Final = ("quality_dropped", "quality_reread", "quality_clipped")
"""Rules under which a mend is told."""
MENDS: Final[dict[str, Callable[[gpd.GeoDataFrame, Finding], Mended]]] = {
    "drop_later": _drop_later,
    "capacity": _rescale("capacity_t_h"),
    "floor_area": _rescale("floor_area_m2"),
    "clip_overlap": _clip,
}
"""Mend of a finding → what does it; ``quality.mend.<mend>`` is the text of its button."""


def mended(frame: gpd.GeoDataFrame, finding: Finding) -> Mended:
    """Do what a finding offers, because a person asked for it.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        The layer that the finding is about; it is not changed.
    finding : Finding
        One with a `mend`.

    Returns
    -------
    Mended
        The new layer, the rows that were taken out, as they were, and the record of it.

    Raises
    ------
    data.errors.DataError
        If the finding offers no mend, or if the layer no longer says what was doubted.
    """
    mend = MENDS.get(finding.mend)
    if mend is None:
        raise DataError([_fault(frame, finding, "quality_no_mend", "refused")])
    return mend(frame, finding)
