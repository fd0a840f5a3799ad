"""The only place that opens layers: a file comes in, a checked layer and every fault come out."""

from __future__ import annotations

import codecs
import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyproj import CRS

from data.catalog import LANGUAGES, LAYERS, text
from data.errors import DataError, Fault
from data.schemas import MODELS, schema
from geo import sheets
from geo.crs import Found, Recognition
from geo.geometry import Mask, finding
from geo.placing import WKB_COLUMNS, Placed, place
from geo.roles import NOTE_COLUMNS, absent, enrich, is_synthetic
from geo.validate import Checked, Column, check
from geo.vocabulary import GEOMETRY_COLUMNS, columns, guess_layer, is_known

VECTOR_SUFFIXES: Final = (".gpkg", ".geojson", ".json", ".shp", ".zip", ".fgb")
TABLE_SUFFIXES: Final = (".csv", ".xlsx")
SUFFIXES: Final = (*VECTOR_SUFFIXES, ".parquet", *TABLE_SUFFIXES)
_LON_LAT: Final = (".geojson", ".json")
_BYTES: Final = "cp437"  # maps every byte to a character and back
_TOLD: Final = 2  # a name column alone tells no layer


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
    overlong : tuple of int
        Positions of rows with more cells than the header: their cells may have slipped.
    header_row : int
        Row of the header in a table; 0 in other files.
    """

    frame: pd.DataFrame
    crs: CRS | None
    why: Found
    overlong: tuple[int, ...] = ()
    header_row: int = 0


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
    synthetic: bool = False

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


def _choose(path: Path, names: list[str], *, sublayer: str | None, layer: str | None) -> str:
    """Return the sublayer to read: the one named, the only one, or the one that bears the layer's own name."""
    if sublayer is not None:
        if sublayer not in names:
            raise _refuse(path, "sublayer_unknown", expected=", ".join(names), got=sublayer)
        return sublayer
    own = {layer, *(text(f"layer.{layer}", language) for language in LANGUAGES)} if layer in LAYERS else set()
    fitting = names if len(names) == 1 else [name for name in names if name in own]
    if len(fitting) != 1:
        raise _refuse(path, "several_layers", got=", ".join(names))
    return fitting[0]


def _open_table(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    content = path.read_bytes()
    if path.suffix.lower() == ".xlsx":
        pages = sheets.xlsx_rows(content)
        if not pages:
            raise _refuse(path, "file_empty")
        found = sheets.sheet(pages[_choose(path, list(pages), sublayer=sublayer, layer=layer)], is_known)
    else:
        said = sheets.decode(content)
        if said is None:
            raise _refuse(path, "encoding", expected="UTF-8 / GB18030")
        found = sheets.sheet(sheets.csv_rows(said, is_known), is_known)
    # Cells of a workbook have their columns; only in text can a stray comma push them aside.
    slipped = found.overlong if path.suffix.lower() == ".csv" else []
    frame = found.frame.drop(columns="source_row", errors="ignore")
    frame.insert(0, "source_row", np.asarray(found.rows, dtype=np.int64))
    return Raw(frame, None, "missing", tuple(slipped), found.header_row)


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


def _open_vector(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    found = _sources(path)
    if not found:
        raise _refuse(path, "file_empty")
    name = _choose(path, list(found), sublayer=sublayer, layer=layer)
    frame = _read_vector(found[name], name)
    if frame is None:
        raise _refuse(path, "encoding", expected="UTF-8 / GB18030")
    if not isinstance(frame, gpd.GeoDataFrame):
        return Raw(frame, None, "missing")
    why: Found = "format" if path.suffix.lower() in _LON_LAT else "declared" if frame.crs else "missing"
    return Raw(frame, frame.crs, why)


def _open_parquet(path: Path) -> Raw:
    try:
        frame = gpd.read_parquet(path)
    except ValueError as error:
        if "geo metadata" not in str(error).lower():
            raise
        frame = pd.read_parquet(path)
    # osmnx and others keep identifiers in a named index.
    named = [name for name in frame.index.names if name is not None and name not in frame]
    frame = frame.reset_index(level=named) if named else frame
    crs = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    return Raw(frame, crs, "declared" if crs else "missing")


def _plain(cell: object) -> object:
    """Write lists and structures as JSON text and bytes as hexadecimals, so that every cell can be compared."""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, dict | list | np.ndarray):
        return json.dumps(cell, ensure_ascii=False, default=lambda item: getattr(item, "tolist", item.__str__)())
    return cell


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Spread the structures of nested columns (Overture's ``names``) into columns such as ``names.primary``."""
    done = {str(name): frame[name] for name in frame}
    for name, column in list(done.items()):
        if column.dtype != object:
            continue
        nested = column.map(lambda cell: isinstance(cell, dict))
        if nested.any():
            parts = pd.json_normalize([cell if isinstance(cell, dict) else {} for cell in column], max_level=0)
            done |= {f"{name}.{part}": parts[part].set_axis(frame.index).map(_plain) for part in parts}
        done[name] = column if name in WKB_COLUMNS else column.map(_plain)
    return pd.DataFrame(done, index=frame.index)


def _tidy(raw: Raw) -> Raw:
    """Give every row its number, call the geometry ``geometry`` and spread nested columns."""
    frame, shapes = raw.frame, None
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry.to_numpy()
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name)).rename(columns={"geometry": "geometry_column"})
    frame = _flat(frame.reset_index(drop=True))
    if raw.header_row == 0:
        frame = frame.drop(columns="source_row", errors="ignore")
        frame.insert(0, "source_row", np.arange(1, 1 + len(frame)))
    whole = frame if shapes is None else gpd.GeoDataFrame(frame, geometry=shapes)
    return Raw(whole, raw.crs, raw.why, raw.overlong, raw.header_row)


def open_raw(path: Path, *, sublayer: str | None = None, layer: str | None = None) -> Raw:
    """Open a file of any known format.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sublayer : str, optional
        Layer of a GeoPackage or zip, or sheet of a workbook.
    layer : str, optional
        Which layer is wanted: of several sublayers, the one that bears its name serves.

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
            raw = _open_vector(path, sublayer, layer)
        else:
            raw = _open_parquet(path) if suffix == ".parquet" else _open_table(path, sublayer, layer)
    except DataError:
        raise
    except Exception as error:  # whatever a broken file makes a library raise, the person is told so
        raise _refuse(path, "file_broken", got=f"{type(error).__name__}: {error}"[:200]) from error
    if raw.frame.empty:
        raise _refuse(path, "file_empty")
    return _tidy(raw)


def _mapped(
    path: Path, layer: str, names: list[str], mapping: dict[str, str]
) -> tuple[dict[str, tuple[str, str]], list[Fault]]:
    """Join the person's mapping with the vocabulary's: what the person maps is theirs alone."""
    usable = {*schema(layer).columns, *GEOMETRY_COLUMNS} - {"geometry", "source_row"}
    faults = [
        Fault(rule=rule, effect="refused", file=path.name, layer=layer, column=foreign, expected=expected, got=ours)
        for foreign, ours in mapping.items()
        for rule, expected, bad in (
            ("column_missing", ", ".join(names)[:200], foreign not in names),
            ("mapping_unknown", ", ".join(sorted(usable)), ours not in usable),
        )
        if bad
    ]
    known = columns(layer, names)
    units = {foreign: unit for foreign, (_, unit) in known.items()}
    taken = set(mapping.values())
    chosen = {foreign: (ours, units.get(foreign, _own_unit(layer, ours))) for foreign, ours in mapping.items()}
    rest = {name: entry for name, entry in known.items() if name not in mapping and entry[0] not in taken}
    return ({} if faults else chosen) | rest, faults


def _own_unit(layer: str, ours: str) -> str:
    return columns(layer, [ours]).get(ours, ("", ""))[1]


def _notes(raw: Raw, placed: Placed, ours: set[str]) -> tuple[list[Fault], Mask]:
    """Report what a table's form says: a header below a title, slipped rows, a ledger without a status."""
    slipped = np.zeros(len(raw.frame), dtype=bool)
    slipped[list(raw.overlong)] = True
    faults = finding(placed.frame, slipped, "row_overlong", "row_set_aside")
    if raw.header_row > 1:
        file, layer = placed.frame.attrs["file"], placed.frame.attrs["layer"]
        faults.append(Fault(rule="header_below", effect="noted", file=file, layer=layer, row=raw.header_row))
    return faults + absent(placed.frame, ours), slipped


def read_layer(
    path: Path,
    layer: str,
    *,
    crs: str | None = None,
    sublayer: str | None = None,
    mapping: dict[str, str] | None = None,
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
        The coordinate system, when the file does not say; overrules what it says.
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
        If the file as a whole cannot be used, with all that was found of its rows and cells besides; where it can,
        the rows and cells that cannot are in the result.
    """
    if layer not in MODELS:
        raise _refuse(path, "layer_unknown", expected=", ".join(LAYERS), got=layer)
    raw = open_raw(path, sublayer=sublayer, layer=layer)
    names = [str(name) for name in raw.frame if name not in ("geometry", "source_row")]
    mapped, refused = _mapped(path, layer, names, mapping or {})
    raw.frame.attrs = {"file": path.name, "layer": layer}
    coordinates = {ours: foreign for foreign, (ours, _) in reversed(mapped.items()) if ours in GEOMETRY_COLUMNS}
    placed = place(raw.frame, coordinates, raw.crs, why=raw.why, crs=crs)
    notes, slipped = _notes(raw, placed, {ours for ours, _ in mapped.values()})
    frame, enriched, contradictions = enrich(placed.frame, mapped)
    wanted = [Column(name=ours, foreign=name, unit=unit) for name, (ours, unit) in enriched.items()]
    checked = check(frame, wanted, reported=placed.reported | slipped)
    faults = (*refused, *placed.refused, *notes, *placed.faults, *contradictions, *checked.faults)
    if refused or placed.refused:
        raise DataError(faults)
    if not len(checked.frame):
        raise DataError([Fault(rule="no_row_usable", effect="refused", file=path.name, layer=layer), *faults])
    return LayerRead(
        layer=layer,
        path=path,
        checked=Checked(checked.frame, checked.set_aside[list(placed.frame)], faults),
        recognition=placed.recognition,
        mapping={name: ours for name, (ours, _) in mapped.items()},
        unread=tuple(name for name in names if name not in mapped and name not in NOTE_COLUMNS),
        rows_in=len(raw.frame),
        sha256=file_digest(path),
        synthetic=is_synthetic(raw.frame),
    )


def guess(path: Path, *, sublayer: str | None = None) -> str:
    """Open a file and name the layer that it is by its columns and shapes.

    Raises
    ------
    DataError
        If it cannot be opened, or if its columns speak for no layer or for several.
    """
    raw = open_raw(path, sublayer=sublayer)
    kinds: Iterable[Any] = raw.frame.geometry.geom_type.dropna() if isinstance(raw.frame, gpd.GeoDataFrame) else ()
    names = [str(name) for name in raw.frame if name not in ("geometry", "source_row")]
    best, score = guess_layer(names, set(kinds))
    if score < _TOLD or len(best) > 1:
        raise _refuse(path, "layer_unknown", expected=", ".join(LAYERS), got=", ".join(names)[:200])
    return best[0]
