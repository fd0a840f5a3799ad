"""GeoPackage with styles, GeoJSON and GeoParquet."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from data.catalog import label
from data.errors import Fault
from geo.export import sqlite_names, write_gpkg
from geo.exports.parts import GCJ, Part, unique
from geo.styles import aliases, styles

_DEGREE_DIGITS: Final = 9  # 0.1 mm
_STYLES: Final = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT,
  f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT, ui TEXT, update_time DATETIME);
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)
  VALUES ('layer_styles', 'attributes', 'layer_styles', '', 0);
"""
_COLUMNS: Final = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema',
   'read-write');
"""
_STYLE_ROW: Final = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,
  styleSLD, useAsDefault, description, owner, ui, update_time)
  VALUES ('', '', ?, 'geom', ?, ?, '', ?, '', '', '', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
"""


def _dress(path: Path, parts: Mapping[str, Part]) -> None:
    """Write the titles of fields and the styles of layers into a GeoPackage, in the tables where QGIS looks."""
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(_COLUMNS)
        drawn = {}
        for table, part in parts.items():
            named = part.frame.rename(columns=sqlite_names(part.frame))
            titles = aliases(part.layer, [str(name) for name in named if name != "geometry"], part.ask.language)
            file.executemany(
                "INSERT INTO gpkg_data_columns (table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
                [(table, field, said, said) for field, said in titles.items()],
            )
            drawn[table] = styles(part.layer, named, part.ask.language)
        rows = [(table, one.name, one.qml, at == 0) for table, found in drawn.items() for at, one in enumerate(found)]
        if rows:
            file.executescript(_STYLES)
            file.executemany(_STYLE_ROW, rows)


def gpkg(parts: list[Part]) -> tuple[bytes, list[Fault]]:
    """Return all layers in one GeoPackage with QGIS styles and titles of fields."""
    named: dict[str, Part] = {}
    for part in parts:
        named[unique(part.layer.replace('"', "_"), (*named, "layer_styles"))] = part
    options = {
        name: {"IDENTIFIER": f"{label('layer', part.layer, part.ask.language)} ({name})", "DESCRIPTION": part.ask.mark}
        for name, part in named.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.gpkg"
        frames = {name: part.frame for name, part in named.items()}
        write_gpkg(path, frames, options=options, after=lambda whole: _dress(whole, named))
        return path.read_bytes(), []


def finite(part: Part) -> tuple[Part, list[Fault]]:
    """Leave cells empty that hold an infinite number, for formats without one."""
    faults: list[Fault] = []
    changed = {}
    for name in part.fields:
        cells = part.frame[name]
        if pd.api.types.is_float_dtype(cells.dtype):
            wild = np.isinf(cells.to_numpy(dtype=float, na_value=np.nan))
            if wild.any():
                changed[name] = cells.mask(wild)
                faults += part.finding("export_infinite", "value_set_aside", wild, column=name)
    return part.altered(part.frame.assign(**changed)), faults


def _members(part: Part) -> bytes:
    """Return the members that a GeoJSON bears besides the standard's own."""
    said: dict[str, str | None] = {}
    if part.ask.system == GCJ:
        said |= {"crs": None, "coordinate_system": GCJ}
    if part.ask.mark:
        said["data_note"] = part.ask.mark
    return "".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n" for key, value in said.items()
    ).encode()


def geojson(part: Part) -> tuple[bytes, list[Fault]]:
    """Return a layer as GeoJSON: longitude first, rings by the right-hand rule.

    In EPSG:4326 it is as RFC 7946 wants it. In EPSG:4490 it bears the ``crs`` member of the 2008 format: readers that
    skip it are wrong by less than a metre. In GCJ-02 that member is null, "cannot be assumed", so that no reader
    takes the places for WGS 84 unasked.

    References
    ----------
    RFC 7946, sections 3.1.6 and 4; GeoJSON 1.0 (2008), section 3.
    """
    ready, faults = finite(part)
    frame = ready.frame
    if isinstance(frame, gpd.GeoDataFrame):
        turned = shapely.orient_polygons(frame.geometry.to_numpy())
        frame = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=turned, crs=frame.crs)
    strict = part.ask.system == "EPSG:4326"
    options = {"AUTODETECT_JSON_STRINGS": "NO", "COORDINATE_PRECISION": str(_DEGREE_DIGITS)}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        path = Path(folder) / "export.geojson"
        pyogrio.write_dataframe(
            frame,
            path,
            layer=part.layer,
            driver="GeoJSON",
            use_arrow=True,
            layer_options=options | {"RFC7946": "YES" if strict else "NO"},
        )
        content = path.read_bytes()
    if part.ask.system == "EPSG:4490" and part.shapes is not None:
        faults += part.finding("export_crs_member", "noted", got=part.ask.system)
    head = b'"type": "FeatureCollection",\n'
    return content.replace(head, head + _members(part), 1), faults


def parquet(part: Part) -> tuple[bytes, list[Fault]]:
    """Return a layer as GeoParquet 1.1 with its coordinate system; for GCJ-02 that is null, "not known"."""
    frame = part.frame.copy()
    frame.attrs = {"data_note": part.ask.mark} if part.ask.mark else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.parquet"
        if isinstance(frame, gpd.GeoDataFrame):
            frame.to_parquet(path, index=False, schema_version="1.1.0")
        else:
            frame.to_parquet(path, index=False)
        return path.read_bytes(), []
