"""Results written to disk, each file whole or not at all: a temporary file beside it, then a rename."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

# After OWASP's "CSV injection"; Chinese spreadsheets run the full-width forms as well.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SHEET_NAME: Final = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
_WIDTH_ROWS: Final = 200
_SQLITE_OWN: Final = ("fid", "geom")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path with the suffix of `path`, and put it in place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    temporary.unlink()
    try:
        yield temporary
        temporary.replace(path)
    finally:
        for left in path.parent.glob(f"{temporary.name}*"):  # also SQLite's journal
            left.unlink()


def _inert(cell: object) -> object:
    """Keep a spreadsheet from running a user's text as a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return cell


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every text that a spreadsheet would run as a formula made plain text."""
    done = table.copy()
    for column in done.columns:
        if not pd.api.types.is_numeric_dtype(done[column]) and not pd.api.types.is_bool_dtype(done[column]):
            done[column] = done[column].astype(object).map(_inert, na_action="ignore")
    return done.rename(columns=_inert)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a CSV that Excel and WPS open by double click: UTF-8 with a byte-order mark."""
    # RFC 4180's line end; with it a lone carriage return inside a cell is quoted as well.
    return inert(table).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def xlsx_bytes(sheets: Mapping[str, pd.DataFrame], *, title: str = "") -> bytes:
    """Return a workbook with one sheet a table; `title` stands above each header row.

    Text stays text: codes keep their digits, and nothing is run as a formula or a link.
    """
    buffer = io.BytesIO()
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}}
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs=options) as writer:
        bold = writer.book.add_format({"bold": True, "font_size": 12})
        for name, table in sheets.items():
            start, name_shown = 1 if title else 0, name.translate(_SHEET_NAME)[:31]
            table.to_excel(writer, sheet_name=name_shown, index=False, startrow=start)
            sheet = writer.sheets[name_shown]
            if title:
                sheet.write_string(0, 0, title, bold)
            sheet.freeze_panes(start + 1, 0)
            for at, column in enumerate(table.columns):
                shown = max((len(str(cell)) for cell in table[column].head(_WIDTH_ROWS)), default=0)
                sheet.set_column(at, at, min(40, max(8, len(str(column)) * 2, shown + 2)))
    return buffer.getvalue()


def write_bytes(path: Path, content: bytes) -> Path:
    """Write bytes atomically."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    return path


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write JSON atomically, Chinese as it is; NaN is not allowed."""
    said = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    return write_bytes(path, said.encode())


def write_parquet(path: Path, frame: pd.DataFrame) -> Path:
    """Write a (Geo)Parquet file atomically."""
    with atomic(path) as temporary:
        frame.to_parquet(temporary, index=False)
    return path


def _sqlite_names(frame: pd.DataFrame) -> dict[str, str]:
    """Return new names for columns that SQLite would take for its own, or for one another: it sees no case."""
    taken, renamed = set(_SQLITE_OWN), {}
    own = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    for column in frame.columns:
        name = str(column)
        while column != own and name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        if name != column:
            renamed[column] = name
    return renamed


def write_gpkg(path: Path, layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> Path:
    """Write all layers into one GeoPackage, atomically; tables without geometry become attribute tables."""
    with atomic(path) as temporary:
        for name, frame in layers.items():
            named = frame.rename(columns=_sqlite_names(frame))
            pyogrio.write_dataframe(
                named, temporary, layer=name, driver="GPKG", append=temporary.exists(), use_arrow=True
            )
    return path


def gpkg_bytes(layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> bytes:
    """Return a GeoPackage as bytes, for a download."""
    with tempfile.TemporaryDirectory() as folder:
        return write_gpkg(Path(folder) / "export.gpkg", layers).read_bytes()
