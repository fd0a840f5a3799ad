"""Where the rows of an opened file are: coordinates found, their system recognised, brought to EPSG:4490."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import ProjError

from data.errors import Effect, Fault
from geo import angles, cells
from geo.crs import STORED, Found, Recognition, candidates, fitting, parse_crs, recognise
from geo.datum import bounds_of, certainty, confirmed, references, sample, tested
from geo.geometry import Mask, blank, centres, finding, with_shapes
from geo.nesting import wkb_too_deep, wkt_too_deep
from geo.offsets import Datum, offset_named, shift

WKB_COLUMNS: Final = ("geometry", "geom", "the_geom", "wkb", "shape")
WANTED: Final = "EPSG:4490 / 4544 / 4545 …"
OFFSETS: Final = "wgs84 / gcj02 / bd09"
PARAMETERS: Final = "CGCS2000 / +towgs84=dX,dY,dZ,rX,rY,rZ,m"
_SHOWN_CANDIDATES: Final = 6
_PIPELINE: Final = re.compile(r"proj=pipeline|^\s*(?:CONCATENATEDOPERATION|COORDINATEOPERATION)\s*\[", re.IGNORECASE)
_A_PATH: Final = re.compile(r"(?:grids|init|file)\s*=[^+]*[/\\]", re.IGNORECASE)


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


def _is_binary(column: pd.Series) -> bool:
    return any(isinstance(cell, bytes) for cell in column)


def _readable(cell: object, *, binary: bool) -> bool:
    """Tell whether a cell may be read as WKB or WKT: of the right kind, and not so deep that reading it does harm."""
    if binary:
        return isinstance(cell, bytes) and not wkb_too_deep(cell)
    return isinstance(cell, str) and not wkt_too_deep(cell)


def _parse_shapes(frame: pd.DataFrame, column: str) -> angles.Read:
    """Read shapes from a column of WKT or WKB; cells that are neither are reported."""
    said = frame[column]
    binary = _is_binary(said)
    empty = (said.isna() if binary else cells.is_empty(said)).to_numpy()
    source = said.astype(object).where(~empty, None).to_numpy()
    safe = np.full(len(source), None, dtype=object)
    safe[:] = [cell if _readable(cell, binary=binary) else None for cell in source]
    shapes = (shapely.from_wkb if binary else shapely.from_wkt)(safe, on_invalid="ignore")
    bad = np.asarray(shapely.is_missing(shapes)) & ~empty
    got = "" if binary or not bad.any() else str(source[bad][0])[:40]
    return shapes, bad, finding(frame, bad, "shape_unreadable", "row_set_aside", column=column, got=got)


def shapes_of(frame: pd.DataFrame, places: dict[str, str]) -> angles.Read | None:
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
    kind = angles.kind_of(frame, places)
    if kind:
        return angles.points(frame, places, kind)
    binary = next((name for name in WKB_COLUMNS if name in frame and _is_binary(frame[name])), None)
    if binary is not None or "wkt" in places:
        return _parse_shapes(frame, str(binary or places["wkt"]))
    return None


def _without(shapes: NDArray[np.object_], mask: Mask) -> NDArray[np.object_]:
    if not mask.any():
        return shapes
    kept = np.array(shapes, dtype=object)
    kept[mask] = None
    return kept


def _refusal(frame: gpd.GeoDataFrame, rule: str, *, expected: str = "", got: str = "") -> tuple[Fault, ...]:
    file, layer = frame.attrs["file"], frame.attrs["layer"]
    return (Fault(rule=rule, effect="refused", file=file, layer=layer, expected=expected, got=got),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the file or the person says of the coordinates; `wrong` is the rule that the person's words break."""

    crs: CRS | None
    why: Found
    datum: Datum | None = None
    pipeline: str = ""
    wrong: str = ""
    got: str = ""


def _told(crs: str | None, datum: str | None, declared: CRS | None, why: Found) -> _Told:
    """Join what the person says with what the file says; the person's word goes first."""
    said = offset_named(datum) if datum else None
    offset = offset_named(crs) if crs else None
    if datum and said is None:
        return _Told(crs=declared, why=why, wrong="datum_unknown", got=datum)
    if said and offset and said != offset:
        return _Told(crs=declared, why=why, wrong="datum_contradicted", got=f"{crs} / {datum}")
    if offset:
        return _Told(crs=declared or STORED, why="given", datum=offset)
    if not crs:
        return _Told(crs=declared, why=why, datum=said)
    system = _system(crs)
    if system is None:
        return _Told(crs=declared, why=why, wrong="crs_unknown", got=crs)
    return _Told(crs=system, why="given", datum=said, pipeline=crs if _PIPELINE.search(crs) else "")


def _system(said: str) -> CRS | None:
    """Return the system that a person's words lead to, degrees for a pipeline; None where they are not understood."""
    if _A_PATH.search(said):
        return None
    try:
        if _PIPELINE.search(said):
            Transformer.from_pipeline(said)
            return STORED
        return parse_crs(said)
    except (ValueError, ProjError):
        return None


def _piped(shapes: NDArray[np.object_], pipeline: str, *, inverse: bool = False) -> NDArray[np.object_]:
    way = Transformer.from_pipeline(pipeline)
    direction = TransformDirection.INVERSE if inverse else TransformDirection.FORWARD
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(way.transform(xy[:, 0], xy[:, 1], direction=direction))),
        dtype=object,
    )


def place(
    frame: pd.DataFrame,
    places: dict[str, str],
    declared: CRS | None,
    *,
    why: Found,
    crs: str | None,
    trusted: Mapping[str, gpd.GeoDataFrame] | None = None,
    datum: str | None = None,
) -> Placed:
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
        What the person says; it overrules the file. Also GCJ-02 or BD-09, or a PROJ pipeline to degrees.
    trusted : mapping, optional
        Layer → frame in EPSG:4490 that the file is held against.
    datum : {"wgs84", "gcj02", "bd09"}, optional
        The offset that the person says the coordinates have.
    """
    read = shapes_of(frame, places)
    none = np.full(len(frame), None, dtype=object)
    shapes, reported, faults = read or (none, np.ones(len(frame), dtype=bool), [])
    given = shapes
    if declared is None and not isinstance(frame, gpd.GeoDataFrame) and not any(map(frame.__contains__, WKB_COLUMNS)):
        metric = angles.kind_of(frame, places) == ("easting_m", "northing_m")
        declared, why = (None, "missing") if metric else (STORED, "columns")
    located = gpd.GeoDataFrame(frame.drop(columns="geometry", errors="ignore"), geometry=shapes)
    located.attrs = dict(frame.attrs)
    if read is None:
        named = ", ".join(str(name) for name in frame if name != "source_row")[:200]
        refused = _refusal(located, "no_coordinates", expected="经度, 纬度 / WKT", got=named)
        return Placed(located, Recognition(crs=None, why="missing"), reported, (), refused)
    told = _told(crs, datum, declared, why)
    if told.crs is None or not told.crs.is_projected:
        # 0°, 0° lies in the Gulf of Guinea: it is how programs and ledgers write a place that they do not know.
        shapes = _without(shapes, (shapely.bounds(shapes) == 0).all(axis=1))
    shapes = _piped(shapes, told.pipeline) if told.pipeline else shapes
    wild = ~blank(shapes) & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    faults += finding(located, wild, "coordinates_off_globe", "row_set_aside", expected="-180…180, -90…90", got="inf")
    shapes, reported = _without(shapes, wild), reported | wild
    located = with_shapes(located, shapes) if shapes is not given else located
    found = _recognised(located, told, trusted or {})
    refused = tuple(fault for fault in faults if fault.effect == "refused") + _refusals(located, told, found)
    if refused:
        kept = tuple(fault for fault in faults if fault.effect != "refused")
        return Placed(located, found, reported, kept, refused)
    return _stored(located, found, reported, faults)


def _recognised(frame: gpd.GeoDataFrame, told: _Told, trusted: Mapping[str, gpd.GeoDataFrame]) -> Recognition:
    """Recognise the system and the offset; a system that nobody states is used where trusted layers confirm it."""
    shapes, layer = frame.geometry.to_numpy(), frame.attrs["layer"]
    present = shapes[~blank(shapes)]
    x, y = centres(present).T
    found = replace(recognise(x, y, told.crs, why=told.why), pipeline=told.pipeline)
    ground = references(trusted, present, layer)
    if found.crs is not None:
        given = told.datum is not None
        found = replace(found, datum=told.datum or "wgs84", datum_given=given)
        return tested(found, sample(present, layer), ground) if len(ground) else found
    if found.why == "refused":
        return found
    options = candidates(x, y, near=bounds_of(trusted))
    found = replace(found, candidates=tuple(one.label for one in options))
    if told.why == "given" or told.wrong or not len(ground):
        return found
    return confirmed(found, options, sample(present, layer), ground, datum=told.datum)


def _refusals(frame: gpd.GeoDataFrame, told: _Told, found: Recognition) -> tuple[Fault, ...]:
    """Say why a file cannot be placed."""
    if told.wrong:
        return _refusal(frame, told.wrong, expected=WANTED if told.wrong == "crs_unknown" else OFFSETS, got=told.got)
    if found.crs is not None:
        return ()
    if found.why == "refused":
        return _refusal(frame, "crs_old_datum", expected=PARAMETERS, got=found.hint)
    rule = "crs_contradicted" if told.crs else "crs_missing"
    shown = ", ".join(found.candidates[:_SHOWN_CANDIDATES]) + (
        " …" if len(found.candidates) > _SHOWN_CANDIDATES else ""
    )
    return _refusal(frame, rule, expected=shown or WANTED, got=found.hint)


def _evidence(found: Recognition) -> str:
    """Write the test for a fault: mean distances of the readings, the confidence and the number of places."""
    metres = ", ".join(f"{name} {math.exp(score):,.0f} m" for name, score in found.scores.items())
    return f"{metres}; {certainty(found.confidence)}, n = {found.n}"


def _told_of_datum(frame: gpd.GeoDataFrame, found: Recognition) -> list[Fault]:
    """Report a system that was recognised and an offset that was taken off, disputed or left open."""
    file, layer = frame.attrs["file"], frame.attrs["layer"]
    rules: list[tuple[str, Effect, str]] = []
    if found.why == "recognised":
        rules.append(("crs_recognised", "repaired", found.candidates[0] if found.candidates else ""))
    best = min(found.scores, key=found.scores.__getitem__) if found.scores else found.datum
    if found.datum != "wgs84":
        rules.append(("datum_given" if found.datum_given else "datum_shifted", "repaired", found.datum))
    if found.datum_given and found.decided and best != found.datum and found.why != "recognised":
        rules.append(("datum_disputed", "noted", found.datum))
    if found.datum_tested and not found.decided and not found.datum_given:
        rules.append(("datum_undecided", "noted", "wgs84"))
    got = _evidence(found) if found.datum_tested else ""
    return [
        Fault(rule=rule, effect=effect, file=file, layer=layer, expected=expected, got=got)
        for rule, effect, expected in rules
    ]


def _stored(frame: gpd.GeoDataFrame, found: Recognition, reported: Mask, faults: list[Fault]) -> Placed:
    """Exchange axes where the whole file has them exchanged, transform to EPSG:4490 and take the offset off."""
    shapes = frame.geometry.to_numpy()
    if found.swap:
        shapes = shapely.transform(shapes, lambda xy: xy[:, ::-1])
    if found.why == "swapped":
        file, layer = frame.attrs["file"], frame.attrs["layer"]
        faults = [*faults, Fault(rule="axes_swapped", effect="repaired", file=file, layer=layer, got=found.hint)]
    if found.crs is not None and found.crs.is_projected:
        x, y = centres(shapes).T
        outside = ~blank(shapes) & ~fitting(x, y, found.crs)
        faults = [*faults, *finding(frame, outside, "coordinates_outside", "row_set_aside", got=found.crs.name)]
        shapes, reported = _without(shapes, outside), reported | outside
    moved = with_shapes(frame, shapes).set_crs(found.crs)
    if found.crs is not None and found.crs.is_bound:
        moved = moved.to_crs(4326).set_crs(STORED, allow_override=True)  # seven parameters lead to WGS 84
    moved = shift(moved.to_crs(STORED), found.datum, inverse=True)
    moved.attrs = dict(frame.attrs)
    return Placed(moved, found, reported, (*faults, *_told_of_datum(frame, found)))


def restore(frame: gpd.GeoDataFrame, recognition: Recognition) -> gpd.GeoDataFrame:
    """Return the coordinates that the file had: its system, its offset and its order of axes.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        In EPSG:4490, as it was read.
    recognition : Recognition
        How it was read.

    Returns
    -------
    geopandas.GeoDataFrame
        The same rows within 1 mm of the file's own coordinates; the CRS is the file's, and none after a pipeline.

    Raises
    ------
    ValueError
        If the file was refused, or its pipeline has no way back.
    """
    if recognition.crs is None:
        raise ValueError("a file that could not be placed has nothing to restore")
    moved = shift(frame, recognition.datum)
    if recognition.crs.is_bound:
        moved = moved.set_crs(4326, allow_override=True)
    crs = None if recognition.pipeline else recognition.crs
    shapes = moved.to_crs(recognition.crs).geometry.to_numpy()
    shapes = shapely.transform(shapes, lambda xy: xy[:, ::-1]) if recognition.swap else shapes
    if recognition.pipeline:
        if not Transformer.from_pipeline(recognition.pipeline).has_inverse:
            raise ValueError("the transformation has no way back")
        shapes = _piped(shapes, recognition.pipeline, inverse=True)
    done = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index)).set_crs(crs, allow_override=True)
    done.attrs = dict(frame.attrs)
    return done
