"""Files of geographic programs, opened with GDAL."""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio

from geo.crs import Found
from geo.readers.raw import Raw, choose, refuse

VECTOR_SUFFIXES: Final = (".gpkg", ".geojson", ".json", ".shp", ".zip", ".fgb")
_LON_LAT: Final = (".geojson", ".json")
_BYTES: Final = "cp437"  # maps every byte to a character and back


def _sources(path: Path) -> dict[str, str]:
    """Return what GDAL can open in a file: sublayer → data source; a zip is searched through its folders."""
    if path.suffix.lower() != ".zip":
        return {str(name): str(path) for name, _ in pyogrio.list_layers(path)}
    with zipfile.ZipFile(path) as archive:
        inner = [name for name in archive.namelist() if name.lower().endswith(VECTOR_SUFFIXES) and name[-4:] != ".zip"]
    places = [f"/vsizip/{{{path.resolve()}}}/{name}" for name in inner]
    return {str(name): place for place in places for name, _ in pyogrio.list_layers(place)}


def _read_shapefile(source: str, name: str) -> pd.DataFrame | None:
    """Read a Shapefile's text in UTF-8, or else in GB18030; None stands for text that is in neither.

    What the file states is not asked: .cpg files are missing or wrong too often, and text that is not UTF-8 does not
    pass for it. Field names are cut after 10 bytes, often within a character, which costs that character only.
    """
    raw: pd.DataFrame = pyogrio.read_dataframe(source, layer=name, encoding=_BYTES)
    for encoding in ("utf-8", "gb18030"):
        try:
            return _decoded(raw, encoding)
        except UnicodeDecodeError:
            continue
    return None


def _decoded(raw: pd.DataFrame, encoding: str) -> pd.DataFrame:
    decoder = codecs.getincrementaldecoder(encoding)
    done = raw.copy()
    for field in raw.columns[[pd.api.types.is_string_dtype(kind) for kind in raw.dtypes]]:
        done[field] = raw[field].map(lambda cell: cell.encode(_BYTES).decode(encoding), na_action="ignore")
    return done.rename(columns=lambda field: decoder().decode(field.encode(_BYTES)))


def _read_vector(source: str, name: str) -> pd.DataFrame | None:
    if source.lower().endswith(".shp"):
        return _read_shapefile(source, name)
    frame: pd.DataFrame = pyogrio.read_dataframe(source, layer=name)
    return frame


def open_vector(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    """Open one layer of a file that GDAL knows."""
    found = _sources(path)
    if not found:
        raise refuse(path, "file_empty")
    name = choose(path, list(found), sublayer=sublayer, layer=layer)
    frame = _read_vector(found[name], name)
    if frame is None:
        raise refuse(path, "encoding", expected="UTF-8 / GB18030")
    if not isinstance(frame, gpd.GeoDataFrame):
        return Raw(frame, None, "missing")
    why: Found = "format" if path.suffix.lower() in _LON_LAT else "declared" if frame.crs else "missing"
    return Raw(frame, frame.crs, why)
