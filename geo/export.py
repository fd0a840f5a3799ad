"""Results written to disk, each file whole or not at all: a temporary file beside it, then a rename."""

from __future__ import annotations

import io
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

# After OWASP's "CSV injection"; Chinese spreadsheets run the full-width forms as well.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SHEET_NAME: Final = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
_SHEET_NAME_LENGTH: Final = 31
_WIDTH_ROWS: Final = 200
_GPKG_VERSION: Final = "1.2"  # what QGIS of the last years opens without a warning
_SQLITE_OWN: Final = ("fid", "geom")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path with the suffix of `path`, and put it in place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # of a short name of its own: with the file's, a long one would be too long for the file system
    handle, name = tempfile.mkstemp(prefix=".writing-", suffix=path.suffix[:16], dir=path.parent)
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
    """Keep a spreadsheet from running a user's text as a formula; own apostrophes before one are kept apart."""
    if isinstance(cell, str) and cell.lstrip("'").startswith(FORMULA_STARTS):
        return "'" + cell
    return cell


def as_written(cell: object) -> object:
    """Return a cell of a CSV without the apostrophe that `inert` put before it.

    Only an apostrophe that stands before a formula's first sign, or before other apostrophes and such a sign, is
    taken, and only one: so every text that went out comes back, those that began with apostrophes included.

    >>> as_written("'=1+1"), as_written("''=1+1"), as_written("'90s")
    ('=1+1', "'=1+1", "'90s")
    """
    if isinstance(cell, str) and cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS):
        return cell[1:]
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


def sheet_names(names: Iterable[str]) -> list[str]:
    """Return a name that a workbook takes for each sheet: at most 31 characters, distinct whatever their case."""
    found: list[str] = []
    for name in names:
        base = name.translate(_SHEET_NAME).strip("'") or "_"
        shown, turn = base[:_SHEET_NAME_LENGTH], 1
        while shown.lower() in [one.lower() for one in found]:
            turn += 1
            shown = f"{base[: _SHEET_NAME_LENGTH - len(str(turn)) - 3]} ({turn})"
        found.append(shown)
    return found


def xlsx_bytes(sheets: Mapping[str, pd.DataFrame], *, title: str = "") -> bytes:
    """Return a workbook with one sheet a table; `title` stands above each header row.

    Text stays text: codes keep their digits, and nothing is run as a formula or a link. What looks like a formula
    bears the mark that a spreadsheet itself puts on text begun with an apostrophe, so that it stays text when edited.
    """
    buffer = io.BytesIO()
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}}
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs=options) as writer:
        bold = writer.book.add_format({"bold": True, "font_size": 12})
        quoted = writer.book.add_format({"quote_prefix": True})
        for shown, table in zip(sheet_names(sheets), sheets.values(), strict=True):
            start = 1 if title else 0
            table.to_excel(writer, sheet_name=shown, index=False, startrow=start)
            sheet = writer.sheets[shown]
            if title:
                sheet.write_string(0, 0, title, bold)
            sheet.freeze_panes(start + 1, 0)
            for at, column in enumerate(table.columns):
                cells = table.iloc[:, at]
                widest = max((len(str(cell)) for cell in cells.head(_WIDTH_ROWS)), default=0)
                sheet.set_column(at, at, min(40, max(8, len(str(column)) * 2, widest + 2)))
                for row, cell in _formulas(cells):
                    sheet.write_string(start + 1 + row, at, cell, quoted)
    return buffer.getvalue()


def _formulas(cells: pd.Series) -> Iterator[tuple[int, str]]:
    """Yield the positions of texts that look like formulas."""
    if not pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_datetime64_any_dtype(cells):
        for row, cell in enumerate(cells):
            if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
                yield row, cell


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


def sqlite_names(frame: pd.DataFrame) -> dict[str, str]:
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


def write_gpkg(
    path: Path,
    layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    *,
    options: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    after: Callable[[Path], None] | None = None,
) -> Path:
    """Write all layers into one GeoPackage, atomically; tables without geometry become attribute tables.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layers : mapping
        Name → rows. A layer without a coordinate system is written as one whose system is not known.
    options : mapping, optional
        Name → layer creation options of GDAL's GeoPackage driver.
    after : callable, optional
        Called with the whole file before it is put in place.
    """
    with atomic(path) as temporary:
        for name, frame in layers.items():
            named = frame.rename(columns=sqlite_names(frame))
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="'crs' was not provided")
                pyogrio.write_dataframe(
                    named,
                    temporary,
                    layer=name,
                    driver="GPKG",
                    append=temporary.exists(),
                    use_arrow=True,
                    dataset_options={"VERSION": _GPKG_VERSION},
                    layer_options=dict(options.get(name, {})),
                )
        if after is not None:
            after(temporary)
    return path


def gpkg_bytes(layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> bytes:
    """Return a GeoPackage as bytes, for a download."""
    with tempfile.TemporaryDirectory() as folder:
        return write_gpkg(Path(folder) / "export.gpkg", layers).read_bytes()
