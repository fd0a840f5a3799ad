"""CSV and XLSX: places as two columns of coordinates, or as WKT where they are more than points."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import shapely

from data.catalog import text
from data.errors import Fault
from geo.export import csv_bytes, xlsx_bytes
from geo.exports.parts import GCJ, Part, blanks, refused, texts, unique, without
from geo.exports.vectors import finite
from geo.geometry import blank

ROWS_MOST: Final = 1_048_576
COLUMNS_MOST: Final = 16_384
CELL_MOST: Final = 32_767
_DEGREE_DIGITS: Final = 9  # 0.1 mm
_METRE_DIGITS: Final = 4
_FIGURES: Final = 10**15  # a spreadsheet's numbers have 15 figures
_FIRST_DAY: Final = pd.Timestamp("1900-03-01")
_CODES: Final = r"^(?:\d{12,}|0\d+)$"
WKT: Final = "wkt"


def placed(part: Part) -> pd.DataFrame:
    """Return the layer as a table with its places in columns, and the system that they are in."""
    shapes = part.shapes
    if shapes is None:
        return part.frame
    table = pd.DataFrame(part.frame.drop(columns="geometry"))
    present = shapes[~blank(shapes)]
    digits = _DEGREE_DIGITS if part.ask.degrees else _METRE_DIGITS
    if (shapely.get_type_id(present) == shapely.GeometryType.POINT).all():
        points = without(shapes, blank(shapes))
        pair = ("longitude", "latitude") if part.ask.degrees else ("east", "north")
        axes = (shapely.get_x(points), shapely.get_y(points))
        for key, values in zip(pair, axes, strict=True):
            table[unique(text(f"export.axis.{key}", part.ask.language), _names(table))] = np.round(values, digits)
    else:
        written = shapely.to_wkt(without(shapes, blank(shapes)), rounding_precision=digits)
        table[unique(WKT, _names(table))] = pd.Series(written, index=table.index, dtype="str")
    if part.ask.system != GCJ:
        name = unique(text("export.crs_column", part.ask.language), _names(table))
        table[name] = pd.Series(part.ask.system, index=table.index, dtype="str")
    return table


def _names(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table]


def _flat(part: Part) -> Part:
    return Part(part.layer, placed(part), part.rows, part.ask)


def as_csv(part: Part) -> tuple[bytes, list[Fault]]:
    """Return a layer as a CSV that Excel and WPS open by double click."""
    faults = blanks(part)
    for name in texts(part):
        coded = part.frame[name].str.contains(_CODES, regex=True).fillna(value=False).to_numpy(dtype=bool)
        faults += part.finding("export_csv_codes", "noted", column=name) if coded.any() else []
    return csv_bytes(placed(part)), faults


def _cell_kinds(part: Part) -> tuple[Part, list[Fault]]:
    """Return a table whose cells a workbook can hold: dates that it knows, numbers of 15 figures, text not too long."""
    ready, faults = finite(part)
    done = {}
    for name in ready.fields:
        cells = ready.frame[name]
        if pd.api.types.is_datetime64_any_dtype(cells.dtype):
            if cells.dt.tz is not None or cells.min() < _FIRST_DAY:
                done[name] = cells.map(lambda cell: cell.isoformat(), na_action="ignore").astype("str")
        elif pd.api.types.is_integer_dtype(cells.dtype) and (cells.abs() >= _FIGURES).fillna(value=False).any():
            done[name] = cells.astype("str")
    ready = ready.altered(ready.frame.assign(**done))
    for name in texts(ready):
        shown, told = _fitted(ready, name)
        ready = ready.altered(ready.frame.assign(**{name: shown}))
        faults += told
    return ready, faults


def _fitted(part: Part, name: str) -> tuple[pd.Series, list[Fault]]:
    """Cut text that is longer than a cell; an outline that is longer is left out, since a piece of it is none."""
    cells = part.frame[name]
    returns = cells.str.contains("\r", regex=False).fillna(value=False).to_numpy(dtype=bool)
    if returns.any():
        cells = cells.str.replace("\r\n", "\n").str.replace("\r", "\n")
    long = (cells.str.len() > CELL_MOST).fillna(value=False).to_numpy(dtype=bool)
    outline = name == WKT
    if long.any():
        cells = cells.mask(long, None if outline else cells.str.slice(0, CELL_MOST)).astype("str")
    faults = part.finding("export_line_ends", "repaired", returns, column=name)
    if outline:
        return cells, faults + part.finding("export_shape_long", "value_set_aside", long, expected=f"≤ {CELL_MOST}")
    return cells, faults + part.finding("export_text_cut", "noted", long, column=name, expected=f"≤ {CELL_MOST}")


def as_xlsx(parts: list[Part]) -> tuple[bytes, list[Fault]]:
    """Return every layer as a sheet of one workbook.

    Raises
    ------
    DataError
        If a layer has more rows or columns than a sheet.
    """
    faults: list[Fault] = []
    sheets: dict[str, pd.DataFrame] = {}
    mark = parts[0].ask.mark
    for part in parts:
        rows = len(part.frame) + 1 + bool(mark)
        if rows > ROWS_MOST or len(part.fields) + 3 > COLUMNS_MOST:
            expected = f"≤ {ROWS_MOST} × {COLUMNS_MOST}"
            raise refused(part.ask, "export_rows_most", layer=part.layer, expected=expected, got=str(rows))
        flat, told = _cell_kinds(_flat(part))
        faults += [*blanks(part), *told]
        sheets[unique(part.layer, sheets)] = flat.frame
    return xlsx_bytes(sheets, title=mark), faults
