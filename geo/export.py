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

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


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
        temporary.unlink(missing_ok=True)


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
    return done


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a CSV that Excel and WPS open by double click: UTF-8 with a byte-order mark."""
    return inert(table).to_csv(index=False).encode("utf-8-sig")


def xlsx_bytes(sheets: Mapping[str, pd.DataFrame], *, title: str = "") -> bytes:
    """Return a workbook with one sheet a table; `title` stands above each header row.

    Text stays text: codes keep their digits, and nothing is run as a formula or a link.
    """
    buffer = io.BytesIO()
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}}
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs=options) as writer:
        bold = writer.book.add_format({"bold": True, "font_size": 12})
        for name, table in sheets.items():
            start = 1 if title else 0
            table.to_excel(writer, sheet_name=name[:31], index=False, startrow=start)
            sheet = writer.sheets[name[:31]]
            if title:
                sheet.write_string(0, 0, title, bold)
            sheet.freeze_panes(start + 1, 0)
            for at, column in enumerate(table.columns):
                shown = table[column].head(200).astype(str).str.len().max() if len(table) else 0
                sheet.set_column(at, at, min(40, max(8, len(str(column)) * 2, int(shown or 0) + 2)))
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


def write_gpkg(path: Path, layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> Path:
    """Write all layers into one GeoPackage, atomically; tables without geometry become attribute tables."""
    with atomic(path) as temporary:
        for name, frame in layers.items():
            pyogrio.write_dataframe(
                frame, temporary, layer=name, driver="GPKG", append=temporary.exists(), use_arrow=True
            )
    return path


def gpkg_bytes(layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> bytes:
    """Return a GeoPackage as bytes, for a download."""
    with tempfile.TemporaryDirectory() as folder:
        return write_gpkg(Path(folder) / "export.gpkg", layers).read_bytes()

