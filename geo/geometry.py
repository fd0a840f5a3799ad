"""Geometries of a file made fit for use: every repair and every loss is reported with its rows."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from data.errors import Effect, Fault
from data.schemas import GEOMETRY_TYPES, POLYGONS

Mask = NDArray[np.bool_]
_CHINA_LONGITUDE = (73.0, 136.0)
_CHINA_LATITUDE = (15.0, 55.0)


def finding(
    frame: gpd.GeoDataFrame,
    mask: Mask,
    rule: str,
    effect: Effect,
    *,
    column: str | None = None,
    expected: str = "",
    got: str = "",
) -> list[Fault]:
    """Return one fault for the rows of `mask`, or none where there are no such rows."""
    rows = tuple(int(row) for row in frame["source_row"].to_numpy()[mask])
    if not rows:
        return []
    place = {"file": frame.attrs["file"], "layer": frame.attrs["layer"], "column": column}
    return [Fault(rule=rule, effect=effect, row=rows[0], rows=rows, expected=expected, got=got, **place)]


def with_shapes(frame: gpd.GeoDataFrame, shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Return the frame with other shapes on the same rows, its notes kept."""
    done = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    done.attrs = dict(frame.attrs)
    return done


def blank(shapes: NDArray[np.object_]) -> Mask:
    """Tell which shapes are none or empty."""
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), dtype=bool)


def centres(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return x and y of the middle of each shape's bounds; NaN where there is none."""
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((bounds[:, :2] + bounds[:, 2:]) / 2, dtype=float)


def _polygonal(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Keep the areas of collections that a repair left behind."""
    kept = shapes.copy()
    for at in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = [part for part in shapes[at].geoms if part.geom_type in POLYGONS]
        kept[at] = shapely.union_all(parts) if parts else shapely.Polygon()
    return kept


def repair(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Mask, list[Fault]]:
    """Mend invalid rings, drop third dimensions and unpack single-part points.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        With ``source_row`` and, in ``attrs``, ``file`` and ``layer``; all coordinates finite.

    Returns
    -------
    frame : geopandas.GeoDataFrame
        The same rows with mended geometries.
    collapsed : array of bool
        Rows whose shape has no area or length to mend; their geometry is left as it was.
    faults : list of Fault
        One finding for all mended rows, and one for those that collapsed.
    """
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    present = ~blank(shapes)
    broken = present & ~shapely.is_valid(shapes)
    collapsed = np.zeros(len(shapes), dtype=bool)
    faults = []
    if broken.any():
        reason = str(shapely.is_valid_reason(shapes[broken][0])).split("[")[0]
        mended = _polygonal(shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False))
        collapsed[broken] = blank(mended)
        shapes[broken & ~collapsed] = mended[~blank(mended)]
        faults = [
            *finding(frame, broken & ~collapsed, "geometry_invalid", "repaired", got=reason),
            *finding(frame, collapsed, "geometry_collapsed", "row_set_aside"),
        ]
    single = present & (shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT)
    single &= shapely.get_num_geometries(shapes) == 1
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    return with_shapes(frame, shapes), collapsed, faults


def misplaced(frame: gpd.GeoDataFrame) -> tuple[Mask, list[Fault]]:
    """Find the rows whose longitude and latitude stand exchanged, and those that are off the globe.

    A row counts as exchanged when its own place is outside China, its mirrored place is inside, and other rows of
    the file are inside as they are; files that are exchanged as a whole are recognised before.
    """
    shapes = frame.geometry.to_numpy()
    x, y = centres(shapes).T
    (west, east), (south, north) = _CHINA_LONGITUDE, _CHINA_LATITUDE
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    mirrored = (y >= west) & (y <= east) & (x >= south) & (x <= north) & inside.any()
    bounds = shapely.bounds(shapes)
    off = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
    faults = [
        *finding(frame, mirrored, "row_swapped", "row_set_aside", expected="经度, 纬度", got="纬度, 经度"),
        *finding(frame, off & ~mirrored, "coordinates_off_globe", "row_set_aside", expected="-180…180, -90…90"),
    ]
    return mirrored | off, faults


def unusable(frame: gpd.GeoDataFrame, reported: Mask) -> tuple[Mask, list[Fault]]:
    """Find the rows without a geometry or with one of a kind that their layer cannot use.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        With ``source_row`` and, in ``attrs``, ``file`` and ``layer``.
    reported : array of bool
        Rows whose geometry was reported before: they are not reported again as missing.
    """
    wanted = GEOMETRY_TYPES[frame.attrs["layer"]]
    missing = blank(frame.geometry.to_numpy())
    kinds = frame.geometry.geom_type.to_numpy(dtype=object)
    wrong = ~missing & ~np.isin(kinds.astype(str), wanted)
    needed, got = " / ".join(wanted), " / ".join(sorted(set(kinds[wrong])))
    faults = [
        *finding(frame, missing & ~reported, "geometry_missing", "row_set_aside", expected=needed),
        *finding(frame, wrong, "geometry_kind", "row_set_aside", expected=needed, got=got),
    ]
    return missing | wrong, faults
