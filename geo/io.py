"""The only place that opens layers: a file comes in, a checked layer and every fault come out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from data import parameters
from data.errors import DataError, Fault
from geo.crs import STORED, Found, Recognition, parse_crs, recognise
from geo.validate import Checked, Column, check
from geo.vocabulary import coded, columns, guess_layer, normalise

VECTOR_SUFFIXES: Final = (".gpkg", ".geojson", ".json", ".shp", ".zip", ".fgb")
TABLE_SUFFIXES: Final = (".csv", ".xlsx")
SUFFIXES: Final = (*VECTOR_SUFFIXES, ".parquet", *TABLE_SUFFIXES)
_LON_LAT: Final = (".geojson", ".json")


@dataclass(frozen=True, slots=True)
class Raw:
    """A file as it was opened: nothing translated, nothing dropped.

    Parameters
    ----------
    frame : pandas.DataFrame
        Foreign columns and ``source_row``; a GeoDataFrame without CRS when it has a geometry.
    crs : pyproj.CRS, optional
        What the file or its format declares.
    why : str
        Where `crs` comes from.
    """

    frame: pd.DataFrame
    crs: CRS | None
    why: Found


@dataclass(frozen=True, slots=True)
class LayerRead:
    """A checked layer with the evidence of how it was read."""

    layer: str
    path: Path
    checked: Checked
    recognition: Recognition
    mapping: dict[str, str]
    unread: tuple[str, ...]
    rows_in: int
    sha256: str

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """Rows that can be used, in EPSG:4490."""
        return self.checked.frame

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that was found about the file."""
        return self.checked.faults


def _refuse(path: Path, rule: str, *, layer: str = "", expected: str = "", got: str = "") -> DataError:
    fault = Fault(rule=rule, effect="refused", file=path.name, layer=layer, expected=expected, got=got)
    return DataError([fault])


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_csv(path: Path) -> pd.DataFrame:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding=encoding)
        except UnicodeDecodeError:
            continue
        except pd.errors.EmptyDataError:
            return pd.DataFrame()
    raise _refuse(path, "encoding", expected="UTF-8 / GB18030")


def _open_vector(path: Path, sublayer: str | None) -> Raw:
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    if sublayer is None and len(names) > 1:
        raise _refuse(path, "several_layers", got=", ".join(names))
    frame = pyogrio.read_dataframe(path, layer=sublayer)
    if not isinstance(frame, gpd.GeoDataFrame):
        return Raw(frame, None, "missing")
    why: Found = "format" if path.suffix.lower() in _LON_LAT else "declared" if frame.crs else "missing"
    return Raw(frame.set_crs(None, allow_override=True), frame.crs, why)


def _open_parquet(path: Path) -> Raw:
    try:
        frame = gpd.read_parquet(path)
    except ValueError:
        return Raw(pd.read_parquet(path), None, "missing")
    return Raw(frame.set_crs(None, allow_override=True), frame.crs, "declared" if frame.crs else "missing")


def open_raw(path: Path, *, sublayer: str | None = None) -> Raw:
    """Open a file of any known format.

    Raises
    ------
    DataError
        If it is missing, empty, broken, of an unknown format, or holds several layers and none is named.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise _refuse(path, "file_missing", got=str(path))
    if suffix not in SUFFIXES:
        raise _refuse(path, "format_unknown", expected=" ".join(SUFFIXES), got=suffix)
    if path.stat().st_size == 0:
        raise _refuse(path, "file_empty")
    try:
        if suffix in VECTOR_SUFFIXES:
            raw = _open_vector(path, sublayer)
        elif suffix == ".parquet":
            raw = _open_parquet(path)
        else:
            table = _open_csv(path) if suffix == ".csv" else pd.read_excel(path, sheet_name=sublayer or 0, dtype=object)
            raw = Raw(table, None, "missing")
    except DataError:
        raise
    except Exception as error:
        raise _refuse(path, "file_broken", got=f"{type(error).__name__}: {error}"[:200]) from error
    if raw.frame.empty:
        raise _refuse(path, "file_empty")
    first = 2 if suffix in TABLE_SUFFIXES else 1
    frame = raw.frame.drop(columns="source_row", errors="ignore").reset_index(drop=True)
    frame.insert(0, "source_row", np.arange(first, first + len(frame)))
    return Raw(frame, raw.crs, raw.why)


def _geometry_of_table(raw: Raw, path: Path, layer: str) -> Raw:
    """Build points from longitude and latitude columns, or shapes from a WKT column."""
    if isinstance(raw.frame, gpd.GeoDataFrame):
        return raw
    places = {ours: foreign for foreign, (ours, _) in columns(layer, [str(name) for name in raw.frame]).items()}
    frame = raw.frame
    if {"longitude", "latitude"} <= places.keys():
        x = pd.to_numeric(frame[places["longitude"]], errors="coerce").astype(float)
        y = pd.to_numeric(frame[places["latitude"]], errors="coerce").astype(float)
        known = (x.notna() & y.notna()).to_numpy()
        shapes = np.full(len(frame), None, dtype=object)
        shapes[known] = shapely.points(x[known], y[known])
        return Raw(gpd.GeoDataFrame(frame, geometry=shapes), STORED, "columns")
    if "wkt" in places:
        shapes = shapely.from_wkt(frame[places["wkt"]].astype(object).where(frame[places["wkt"]].notna(), None).to_numpy(), on_invalid="ignore")
        return Raw(gpd.GeoDataFrame(frame, geometry=shapes), STORED, "columns")
    raise _refuse(path, "no_coordinates", layer=layer, expected="经度, 纬度 / WKT", got=", ".join(map(str, frame))[:200])


def _bounds(frame: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return robust bounds: single stray points must not hide what the file is in."""
    boxes = frame.geometry.bounds.dropna().to_numpy()
    if not len(boxes):
        return (0.0, 0.0, 0.0, 0.0)
    low, high = np.quantile(boxes, 0.05, axis=0), np.quantile(boxes, 0.95, axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def locate(raw: Raw, path: Path, layer: str, *, crs: str | None) -> tuple[gpd.GeoDataFrame, Recognition, list[Fault]]:
    """Bring an opened file to stored coordinates, or refuse it with what its numbers look like."""
    placed = _geometry_of_table(raw, path, layer)
    declared, why = (parse_crs(crs), "given") if crs else (placed.crs, placed.why)
    found = recognise(_bounds(placed.frame), declared, why=why)
    if found.crs is None:
        rule = "crs_old_datum" if found.why == "refused" else "crs_contradicted" if declared else "crs_missing"
        raise _refuse(path, rule, layer=layer, expected="EPSG:4490 / 4544 / 4545 …", got=found.hint)
    frame = placed.frame
    faults = []
    if found.swap:
        frame = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1]))
        faults = [Fault(rule="axes_swapped", effect="repaired", file=path.name, layer=layer, got=found.hint)]
    return frame.set_crs(found.crs).to_crs(STORED), found, faults


def _enrich(frame: gpd.GeoDataFrame, layer: str, mapped: dict[str, tuple[str, str]]) -> gpd.GeoDataFrame:
    """Spell out what a foreign column says beside its own meaning."""
    done = frame
    if layer == "plants":
        done = _plant_roles(done, mapped)
    if layer == "boilers":
        foreign = next((name for name, (ours, _) in mapped.items() if ours == "duty"), None)
        for flag in ("is_backup", "is_peaking"):
            if foreign is not None and flag not in {ours for ours, _ in mapped.values()}:
                said = done[foreign].astype("string").map(normalise, na_action="ignore").map(coded(layer, f"{flag}:duty"))
                done = done.assign(**{flag: said})
                mapped[flag] = (flag, "")
    if layer == "networks" and "kind" not in {ours for ours, _ in mapped.values()}:
        areas = done.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
        done = done.assign(kind=np.where(areas, "service_area", "pipe"))
        mapped["kind"] = ("kind", "")
    return done


def _plant_roles(frame: gpd.GeoDataFrame, mapped: dict[str, tuple[str, str]]) -> gpd.GeoDataFrame:
    """Add what the Plan says of the plants that it names, and captive use as the tracker gives it."""
    ours = {column: foreign for foreign, (column, _) in mapped.items()}
    plan = parameters.table("plan_plants").replace("unknown", "")
    done = frame
    if "plant_id" in ours:
        ids = frame[ours["plant_id"]].astype("string")
        for column in ("is_chp", "is_captive"):
            if column not in ours:
                said = ids.map(plan[column]).astype(object)
                if column == "is_captive" and "captive_use" in ours:
                    used = frame[ours["captive_use"]].notna()
                    said = said.where(~(used & said.isna()), "yes")
                done = done.assign(**{column: said})
                mapped[column] = (column, "")
        if "name" in ours:
            named = ids.map(plan["name_zh"]).astype(object)
            done = done.assign(**{ours["name"]: named.where(named.notna(), frame[ours["name"]])})
    return done


def read_layer(
    path: Path, layer: str, *, crs: str | None = None, sublayer: str | None = None, mapping: dict[str, str] | None = None
) -> LayerRead:
    """Read one layer of a user's file.

    Parameters
    ----------
    path : pathlib.Path
        GeoPackage, GeoJSON, Shapefile (also zipped), FlatGeobuf, GeoParquet, or a CSV or XLSX table with
        longitude and latitude or WKT.
    layer : str
        Which of `data.catalog.LAYERS` it is.
    crs : str, optional
        The coordinate system, when the file does not say; overrides what it says.
    sublayer : str, optional
        Layer of a GeoPackage, or sheet of a workbook.
    mapping : dict, optional
        Foreign column → our column, for headers that the vocabulary does not know.

    Returns
    -------
    LayerRead
        With ``rows_in == len(frame) + len(set_aside)``.

    Raises
    ------
    DataError
        If the file as a whole cannot be used; rows and cells that cannot are in the result instead.
    """
    raw = open_raw(path, sublayer=sublayer)
    frame, recognition, faults = locate(raw, path, layer, crs=crs)
    mapped = columns(layer, [str(name) for name in frame.columns]) | {
        foreign: (ours, "") for foreign, ours in (mapping or {}).items()
    }
    frame = _enrich(frame, layer, mapped)
    frame.attrs = {"file": path.name, "layer": layer}
    checked = check(frame, [Column(name=ours, foreign=name, unit=unit) for name, (ours, unit) in mapped.items()])
    if not len(checked.frame):
        raise DataError([Fault(rule="no_row_usable", effect="refused", file=path.name, layer=layer), *checked.faults])
    return LayerRead(
        layer=layer,
        path=path,
        checked=Checked(checked.frame, checked.set_aside, (*faults, *checked.faults)),
        recognition=recognition,
        mapping={name: ours for name, (ours, _) in mapped.items()},
        unread=tuple(str(name) for name in raw.frame if name not in mapped and name not in ("geometry", "source_row")),
        rows_in=len(raw.frame),
        sha256=file_digest(path),
    )


def guess(path: Path, *, sublayer: str | None = None) -> tuple[str, int, Raw]:
    """Open a file and name the layer that it most likely is, with the number of columns that speak for it."""
    raw = open_raw(path, sublayer=sublayer)
    kinds = set(raw.frame.geometry.geom_type.dropna()) if isinstance(raw.frame, gpd.GeoDataFrame) else set()
    layer, score = guess_layer([str(name) for name in raw.frame], kinds)
    return layer, score, raw


