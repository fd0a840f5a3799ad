"""Geometries of a file made fit for use: every repair and every loss is reported with its rows."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.errors import Effect, Fault
from data.schemas import GEOMETRY_TYPES



def _rows(frame: pd.DataFrame, mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(row) for row in frame["source_row"].to_numpy()[mask])


def _finding(
    frame: pd.DataFrame, mask: NDArray[np.bool_], rule: str, effect: Effect, *, expected: str = "", got: str = ""
) -> list[Fault]:
    rows = _rows(frame, mask)
    if not rows:
        return []
    return [
        Fault(
            rule=rule,
            effect=effect,
            file=frame.attrs["file"],
            layer=frame.attrs["layer"],
            row=rows[0],
            rows=rows,
            expected=expected,
            got=got,
        )
    ]


def _polygonal(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Keep the areas of collections that a repair left behind."""
    kept = shapes.copy()
    for at in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = [part for part in shapes[at].geoms if part.geom_type in ("Polygon", "MultiPolygon")]
        kept[at] = shapely.union_all(parts) if parts else shapely.Polygon()
    return kept


def repair(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Mend invalid rings, drop third dimensions and unpack single-part points.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        With ``source_row`` and, in ``attrs``, ``file`` and ``layer``.

    Returns
    -------
    frame : geopandas.GeoDataFrame
        The same rows with mended geometries.
    faults : list of Fault
        One finding for all mended rows.
    """
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    broken = present & ~shapely.is_valid(shapes)
    faults = []
    if broken.any():
        reason = str(shapely.is_valid_reason(shapes[broken][0])).split("[")[0]
        faults = _finding(frame, broken, "geometry_invalid", "repaired", got=reason)
        shapes[broken] = _polygonal(shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False))
    single = present & (shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT)
    single &= shapely.get_num_geometries(shapes) == 1
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    mended = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    mended.attrs = dict(frame.attrs)
    return mended, faults


def unusable(frame: gpd.GeoDataFrame) -> tuple[NDArray[np.bool_], list[Fault]]:
    """Find the rows whose geometry cannot serve their layer: none, of another kind, or off the globe."""
    shapes = frame.geometry.to_numpy()
    layer = frame.attrs["layer"]
    wanted = GEOMETRY_TYPES[layer]
    missing = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    mirrored = frame.attrs.get("mirrored", np.zeros(len(frame), dtype=bool))
    kinds = pd.Series(frame.geometry.geom_type).to_numpy()
    wrong = ~missing & ~np.isin(kinds, wanted)
    bounds = shapely.bounds(shapes)
    off = ~missing & ~wrong & ~((np.abs(bounds[:, [0, 2]]) <= 180).all(1) & (np.abs(bounds[:, [1, 3]]) <= 90).all(1))
    faults = [
        *_finding(frame, missing & ~mirrored, "geometry_missing", "row_set_aside", expected=" / ".join(wanted)),
        *_finding(
            frame,
            wrong,
            "geometry_kind",
            "row_set_aside",
            expected=" / ".join(wanted),
            got=" / ".join(sorted(set(kinds[wrong]))) if wrong.any() else "",
        ),
        *_finding(frame, off, "coordinates_off_globe", "row_set_aside", expected="-180…180, -90…90"),
    ]
    return missing | wrong | off, faults


def swapped_rows(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Set aside the position of single rows whose longitude and latitude stand exchanged.

    A row counts as exchanged when its own place is outside China and its mirrored place lies inside the
    extent of the rows that are inside; files that are exchanged as a whole are recognised before.
    """
    points = frame.geometry.representative_point() if len(frame) else frame.geometry
    x, y = shapely.get_x(points.to_numpy()), shapely.get_y(points.to_numpy())
    inside = (x >= 73) & (x <= 136) & (y >= 15) & (y <= 55)
    mirrored = (y >= 73) & (y <= 136) & (x >= 15) & (x <= 55)
    if not inside.any() or not mirrored.any():
        return frame, []
    faults = _finding(frame, mirrored, "row_swapped", "row_set_aside", expected="经度, 纬度", got="纬度, 经度")
    shapes = frame.geometry.to_numpy().copy()
    shapes[mirrored] = None
    blanked = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    blanked.attrs = dict(frame.attrs) | {"mirrored": mirrored}
    return blanked, faults
