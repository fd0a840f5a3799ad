"""Shapefiles in one zip: short field names with a table of what they mean, text in GB18030, one set a kind of shape.

A DBF cannot hold truths that are unknown, times of day, numbers beyond 18 figures, or text beyond 254 bytes: truths
are written as 1 and 0, times as text, such numbers as text, and text that is too long is cut and told.
"""

from __future__ import annotations

import io
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from data.catalog import LAYERS, text
from data.errors import Fault
from data.schemas import schema, title
from geo.export import csv_bytes
from geo.exports.naming import DBF_ENCODING, FIELDS_MOST, KINDS, cut, field_names, file_stem, table_header
from geo.exports.parts import Part, blanks, is_text, refused, unique, without
from geo.exports.vectors import finite
from geo.geometry import Mask, blank
from geo.styles import words

TEXT_BYTES: Final = 254
FILE_BYTES: Final = 2**31 - 1
_FIGURES: Final = 10**17
_EXACT: Final = 1e8  # above it a column of 24 figures with 15 decimals has no room left
_ROW: Final = "source_row"


def _number_kind(cells: pd.Series) -> pd.Series:
    """Return a column of numbers in a form that a DBF can hold without losing figures."""
    known = cells.dropna()
    if pd.api.types.is_integer_dtype(cells.dtype):
        return cells if known.empty or max(int(known.max()), -int(known.min())) < _FIGURES else cells.astype("str")
    values = known.to_numpy(dtype=float)
    if not len(values) or np.abs(values).max() < _EXACT:
        return cells
    whole = bool((values == np.trunc(values)).all()) and bool(np.abs(values).max() < 2**53)
    return cells.astype("Int64") if whole else cells.map(repr, na_action="ignore").astype("str")


def _dbf(part: Part) -> tuple[Part, list[Fault]]:
    """Return the layer with cells that a DBF can hold."""
    ready, faults = finite(part)
    done: dict[str, pd.Series] = {}
    for name in ready.fields:
        cells = ready.frame[name]
        kind = cells.dtype
        if pd.api.types.is_bool_dtype(kind):
            done[name] = cells.astype("Int32")
        elif pd.api.types.is_datetime64_any_dtype(kind):
            done[name] = cells.map(lambda cell: cell.isoformat(), na_action="ignore").astype("str")
        elif pd.api.types.is_numeric_dtype(kind):
            done[name] = _number_kind(cells)
        elif is_text(cells):
            done[name], long = _shortened(cells)
            faults += part.finding("export_text_cut", "noted", long, column=name, expected=f"≤ {TEXT_BYTES} B")
    return ready.altered(ready.frame.assign(**done)), faults


def _shortened(cells: pd.Series) -> tuple[pd.Series, Mask]:
    """Return text of at most 254 bytes, and the rows that had more; no character has more than 4 of them."""
    long = (cells.str.len() > TEXT_BYTES // 4).fillna(value=False).to_numpy(dtype=bool, copy=True)
    long[long] = [len(cell.encode(DBF_ENCODING)) > TEXT_BYTES for cell in cells[long]]
    if not long.any():
        return cells, long
    short = cells.astype(object)
    short[long] = [cut(cell, TEXT_BYTES, DBF_ENCODING) for cell in cells[long]]
    return short.astype("str"), long


def _split(part: Part) -> tuple[list[Part], list[Fault]]:
    """Return one part for each kind of shape; rows without one stay with the most frequent kind."""
    shapes, frame = part.shapes, part.frame
    if shapes is None or not isinstance(frame, gpd.GeoDataFrame):
        return [part], []
    types = shapely.get_type_id(shapes)
    mixed = (types == shapely.GeometryType.GEOMETRYCOLLECTION) & ~blank(shapes)
    shapes = without(shapes, mixed | blank(shapes))
    faults = part.finding("export_shape_kind", "value_set_aside", mixed)
    ready = part.altered(frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)))
    dimensions = shapely.get_dimensions(shapes)
    present = sorted(set(dimensions[~blank(shapes)].tolist()), key=lambda one: -int((dimensions == one).sum()))
    if len(present) <= 1:
        return [ready], faults
    where = np.where(blank(shapes), present[0], dimensions)
    suffixed = [
        ready.only(where == one, f"{part.layer}_{text(f'export.suffix.{KINDS[one]}', part.ask.language)}")
        for one in sorted(present)
    ]
    return suffixed, [*faults, *part.finding("export_split", "noted", got="、".join(one.layer for one in suffixed))]


def _unit(layer: str, name: str) -> str:
    """Return the unit of a column of ours, which stands in brackets behind its English description."""
    field = schema(layer).columns.get(name) if layer in LAYERS else None
    said = str(field.description or "") if field is not None else ""
    return said.rpartition("[")[2].partition("]")[0] if said.endswith("]") else ""


def field_table(layer: str, frame: pd.DataFrame, short: dict[str, str], language: str) -> bytes:
    """Return the table of field names as a CSV: short name, whole name, title, unit, values."""
    rows = []
    for name, field in short.items():
        codes = words(layer, name, language)
        values = "；".join(f"{code}={said}" for code, said in codes.items())
        if pd.api.types.is_bool_dtype(frame[name].dtype):
            values = text("export.field.truth", language)
        said = title(layer, name, language) if layer in LAYERS else name
        rows.append([field, name, said, _unit(layer, name), values])
    return csv_bytes(pd.DataFrame(rows, columns=table_header(language), dtype=str))


def _numbered(part: Part) -> Part:
    """Return a layer that will lie in several files with the numbers of its rows, by which it comes together again."""
    shapes = part.shapes
    if shapes is None or _ROW in {name.lower() for name in part.fields}:
        return part
    kept = shapes[~blank(shapes) & (shapely.get_type_id(shapes) != shapely.GeometryType.GEOMETRYCOLLECTION)]
    several = len(np.unique(shapely.get_dimensions(kept))) > 1
    return part.altered(part.frame.assign(**{_ROW: part.rows})) if several else part


def _write(part: Part, short: dict[str, str], path: Path) -> None:
    frame = part.frame.rename(columns=short)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.write_dataframe(
            frame,
            path,
            layer=path.stem,
            driver="ESRI Shapefile",
            use_arrow=True,
            encoding=DBF_ENCODING.upper(),
            layer_options={"RESIZE": "YES", "2GB_LIMIT": "YES"},
        )


def _checked(part: Part, folder: Path) -> None:
    large = [file.name for file in folder.iterdir() if file.stat().st_size > FILE_BYTES]
    if large:
        raise refused(part.ask, "export_two_gb", layer=part.layer, got="、".join(large))


def shapefiles(parts: list[Part]) -> tuple[bytes, list[Fault]]:
    """Return every layer as Shapefiles in one zip, each beside a table of its field names.

    Raises
    ------
    DataError
        If a layer has more than 255 columns, or a file would pass 2 GB.
    """
    faults: list[Fault] = []
    buffer = io.BytesIO()
    stems: list[str] = []
    layers: list[str] = []
    with (
        tempfile.TemporaryDirectory() as top,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
    ):
        for given in parts:
            whole = _numbered(given)
            if len(whole.fields) > FIELDS_MOST:
                raise refused(whole.ask, "export_fields_most", layer=whole.layer, expected=f"≤ {FIELDS_MOST}")
            short = field_names(whole.fields)
            fitted, told = _dbf(whole)
            pieces, split = _split(fitted)
            faults += [*blanks(whole), *told, *split, *_named(whole, short)]
            layers.append(unique(file_stem(whole.layer), (*layers, *stems)))
            for piece in pieces:
                stems.append(unique(layers[-1] + piece.layer.removeprefix(whole.layer), stems))
                folder = Path(top) / str(len(stems))
                folder.mkdir()
                _write(piece, short, folder / f"{stems[-1]}.shp")
                _checked(piece, folder)
                for member in sorted(folder.iterdir()):
                    file.write(member, member.name)
            table = field_table(whole.layer, whole.frame, short, whole.ask.language)
            suffix = text("export.field.file", whole.ask.language)
            file.writestr(f"{layers[-1]}_{suffix}.csv", table)
    return buffer.getvalue(), faults


def _named(part: Part, short: dict[str, str]) -> list[Fault]:
    changed = [f"{field}={name}" for name, field in short.items() if field != name]
    return part.finding("export_names", "noted", got="；".join(changed)[:200]) if changed else []
