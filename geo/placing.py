"""Where the rows of an opened file are: coordinates found, their system recognised, brought to EPSG:4490."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from data.errors import Fault
from geo import cells
from geo.crs import STORED, Found, Recognition, fitting, parse_crs, recognise
from geo.geometry import Mask, blank, centres, finding, with_shapes

WKB_COLUMNS: Final = ("geometry", "geom", "the_geom", "wkb", "shape")
WANTED: Final = "EPSG:4490 / 4544 / 4545 …"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file with the places of its rows.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        All rows; in EPSG:4490, or without a CRS where `refused` says why the file cannot be placed.
    recognition : Recognition
        What its coordinates are in.
    reported : array of bool
        Rows whose place was found unusable and reported in `faults`.
    faults : tuple of Fault
        What was found.
    refused : tuple of Fault
        Why the file as a whole cannot be used.
    """

    frame: gpd.GeoDataFrame
    recognition: Recognition
    reported: Mask
    faults: tuple[Fault, ...] = ()
    refused: tuple[Fault, ...] = ()


def _points(frame: pd.DataFrame, places: dict[str, str]) -> tuple[NDArray[np.object_], Mask, list[Fault]]:
    """Build points from the longitude and latitude columns; cells that are no numbers are reported by content."""
    reported = np.zeros(len(frame), dtype=bool)
    faults: list[Fault] = []
    axes = []
    for axis in ("longitude", "latitude"):
        column = frame[places[axis]]
        parsed, failed = cells.numbers(column, unit="°")
        axes.append(parsed.to_numpy())
        reported[failed] = True
        for said in pd.unique(column.iloc[failed].astype(str)):
            mask = np.zeros(len(frame), dtype=bool)
            mask[failed] = (column.iloc[failed].astype(str) == said).to_numpy()
            got = str(said)[:80]
            faults += finding(frame, mask, "not_a_number", "row_set_aside", column=places[axis], expected="°", got=got)
    # 0, 0 lies in the Gulf of Guinea: it is how ledgers write a place that they do not know.
    known = ~(np.isnan(axes[0]) | np.isnan(axes[1]) | ((axes[0] == 0) & (axes[1] == 0)))
    shapes = np.full(len(frame), None, dtype=object)
    shapes[known] = shapely.points(axes[0][known], axes[1][known])
    return shapes, reported, faults


def _is_binary(column: pd.Series) -> bool:
    return any(isinstance(cell, bytes) for cell in column)


def _parse_shapes(frame: pd.DataFrame, column: str) -> tuple[NDArray[np.object_], Mask, list[Fault]]:
    """Read shapes from a column of WKT or WKB; cells that are neither are reported."""
    said = frame[column]
    binary = _is_binary(said)
    empty = (said.isna() if binary else cells.is_empty(said)).to_numpy()
    source = said.astype(object).where(~empty, None).to_numpy()
    shapes = (shapely.from_wkb if binary else shapely.from_wkt)(source, on_invalid="ignore")
    bad = np.asarray(shapely.is_missing(shapes)) & ~empty
    got = "" if binary or not bad.any() else str(source[bad][0])[:40]
    return shapes, bad, finding(frame, bad, "shape_unreadable", "row_set_aside", column=column, got=got)


def shapes_of(frame: pd.DataFrame, places: dict[str, str]) -> tuple[NDArray[np.object_], Mask, list[Fault]] | None:
    """Return the shapes of a file's rows, the rows whose shape cannot be read, and their faults.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``source_row`` and, in ``attrs``, ``file`` and ``layer``.
    places : dict
        Our names of coordinate columns → the file's.

    Returns
    -------
    tuple or None
        None where the file has neither geometry nor coordinates.
    """
    if isinstance(frame, gpd.GeoDataFrame):
        return frame.geometry.to_numpy(), np.zeros(len(frame), dtype=bool), []
    if {"longitude", "latitude"} <= places.keys():
        return _points(frame, places)
    binary = next((name for name in WKB_COLUMNS if name in frame and _is_binary(frame[name])), None)
    if binary is not None or "wkt" in places:
        return _parse_shapes(frame, str(binary or places["wkt"]))
    return None


def _without(shapes: NDArray[np.object_], mask: Mask) -> NDArray[np.object_]:
    kept = np.array(shapes, dtype=object)
    kept[mask] = None
    return kept


def _refusal(frame: gpd.GeoDataFrame, rule: str, *, expected: str = "", got: str = "") -> tuple[Fault, ...]:
    file, layer = frame.attrs["file"], frame.attrs["layer"]
    return (Fault(rule=rule, effect="refused", file=file, layer=layer, expected=expected, got=got),)


def _told(crs: str | None, declared: CRS | None, why: Found) -> tuple[CRS | None, Found, bool]:
    """Return the system that the person names, else the file's; the last is False for a name that nobody knows."""
    if not crs:
        return declared, why, True
    try:
        return parse_crs(crs), "given", True
    except ValueError:
        return declared, why, False


def place(frame: pd.DataFrame, places: dict[str, str], declared: CRS | None, *, why: Found, crs: str | None) -> Placed:
    """Bring the rows of a file to stored coordinates, or say what its numbers look like.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``source_row`` and, in ``attrs``, ``file`` and ``layer``.
    places : dict
        Our names of coordinate columns → the file's.
    declared : pyproj.CRS, optional
        What the file or its format says.
    why : str
        Where `declared` comes from.
    crs : str, optional
        What the person says; it overrules the file.
    """
    read = shapes_of(frame, places)
    none = np.full(len(frame), None, dtype=object)
    shapes, reported, faults = read or (none, np.ones(len(frame), dtype=bool), [])
    if declared is None and not isinstance(frame, gpd.GeoDataFrame) and not any(map(frame.__contains__, WKB_COLUMNS)):
        declared, why = STORED, "columns"
    located = gpd.GeoDataFrame(frame.drop(columns="geometry", errors="ignore"), geometry=shapes)
    located.attrs = dict(frame.attrs)
    if read is None:
        named = ", ".join(str(name) for name in frame if name != "source_row")[:200]
        refused = _refusal(located, "no_coordinates", expected="经度, 纬度 / WKT", got=named)
        return Placed(located, Recognition(crs=None, why="missing"), reported, (), refused)
    wild = ~blank(shapes) & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    faults += finding(located, wild, "coordinates_off_globe", "row_set_aside", expected="-180…180, -90…90", got="inf")
    located, reported = with_shapes(located, _without(shapes, wild)), reported | wild
    declared, why, known = _told(crs, declared, why)
    x, y = centres(located.geometry.to_numpy()[~blank(located.geometry.to_numpy())]).T
    found = recognise(x, y, declared, why=why)
    if not known:
        refused = _refusal(located, "crs_unknown", expected=WANTED, got=str(crs))
        return Placed(located, found, reported, tuple(faults), refused)
    if found.crs is None:
        rule = "crs_old_datum" if found.why == "refused" else "crs_contradicted" if declared else "crs_missing"
        refused = _refusal(located, rule, expected=WANTED, got=found.hint)
        return Placed(located, found, reported, tuple(faults), refused)
    return _stored(located, found, reported, faults)


def _stored(frame: gpd.GeoDataFrame, found: Recognition, reported: Mask, faults: list[Fault]) -> Placed:
    """Exchange axes where the whole file has them exchanged, and transform to EPSG:4490."""
    shapes = frame.geometry.to_numpy()
    if found.swap:
        shapes = shapely.transform(shapes, lambda xy: xy[:, ::-1])
        file, layer = frame.attrs["file"], frame.attrs["layer"]
        faults = [*faults, Fault(rule="axes_swapped", effect="repaired", file=file, layer=layer, got=found.hint)]
    if found.crs is not None and found.crs.is_projected:
        x, y = centres(shapes).T
        outside = ~blank(shapes) & ~fitting(x, y, found.crs)
        faults = [*faults, *finding(frame, outside, "coordinates_outside", "row_set_aside", got=found.crs.name)]
        shapes, reported = _without(shapes, outside), reported | outside
    moved = with_shapes(frame, shapes).set_crs(found.crs).to_crs(STORED)
    moved.attrs = dict(frame.attrs)
    return Placed(moved, found, reported, tuple(faults))
