"""Any layer or list as a file: seven formats, seven coordinate systems, what was changed for them always told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from data.catalog import text
from data.errors import DataError, Fault
from geo.export import write_bytes
from geo.exports.kml import kml
from geo.exports.naming import file_stem
from geo.exports.parts import GCJ, SYSTEMS, Ask, Part, prepare, refused, unique
from geo.exports.shapefiles import shapefiles
from geo.exports.spreadsheets import as_csv, as_xlsx
from geo.exports.vectors import geojson, gpkg, parquet
from geo.masking import hidden

Written = tuple[bytes, list[Fault]]
_ZIP: Final = "application/zip"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to hand out: `notes` tell everything that differs from the data it was made of."""

    content: bytes
    file_name: str
    mime: str
    notes: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a format is written: `whole` takes all layers, `single` one; `systems` are those that it can be in."""

    suffix: str
    mime: str
    systems: tuple[str, ...] = SYSTEMS
    whole: Callable[[list[Part]], Written] | None = None
    single: Callable[[Part], Written] | None = None


FORMATS: Final[Mapping[str, Format]] = {
    "gpkg": Format(suffix=".gpkg", mime="application/geopackage+sqlite3", whole=gpkg),
    "shp": Format(suffix=".zip", mime=_ZIP, whole=shapefiles),
    "geojson": Format(
        suffix=".geojson", mime="application/geo+json", systems=("EPSG:4326", "EPSG:4490", GCJ), single=geojson
    ),
    "kml": Format(
        suffix=".kml", mime="application/vnd.google-earth.kml+xml", systems=("EPSG:4326", "EPSG:4490"), whole=kml
    ),
    "xlsx": Format(
        suffix=".xlsx", mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", whole=as_xlsx
    ),
    "csv": Format(suffix=".csv", mime="text/csv", single=as_csv),
    "parquet": Format(suffix=".parquet", mime="application/vnd.apache.parquet", single=parquet),
}
"""All formats, the one that keeps most first."""


def _system(crs: str) -> str:
    """Return the system's name as `SYSTEMS` has it, however it is written; another name as it is."""
    said = crs.strip().upper().replace(" ", "").replace("_", "-")
    said = f"EPSG:{said}" if said.isdigit() else said
    return GCJ if said in ("GCJ02", "GCJ-02", "火星坐标") else said


def _file_name(name: str, format_: Format, *, system: str, synthetic: bool, language: str, several: bool) -> str:
    ahead = f"{text('app.synthetic', language)}_" if synthetic else ""
    behind = f"_{GCJ}" if system == GCJ else ""
    suffix = f"{format_.suffix}.zip" if several and format_.whole is None else format_.suffix
    return f"{file_stem(ahead + file_stem(name))}{behind}{suffix}"


def _each(parts: list[Part], form: Format, single: Callable[[Part], Written]) -> Written:
    """Write one file a layer; several go into one zip."""
    made = [single(part) for part in parts]
    faults = [fault for _, told in made for fault in told]
    if len(made) == 1:
        return made[0][0], faults
    buffer = io.BytesIO()
    names: list[str] = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for part, (content, _) in zip(parts, made, strict=True):
            names.append(unique(file_stem(part.layer), names))
            file.writestr(names[-1] + form.suffix, content)
    return buffer.getvalue(), faults


def _hide(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    done = hidden(frame)
    return done.frame, "、".join(f"{column} {count}" for column, count in done.counts.items())


def _wrong(form: Format | None, ask: Ask, *, format_name: str, empty: bool) -> list[Fault]:
    """Return everything that is wrong with what is asked for."""
    found = []
    if form is None:
        found.append(("export_format", " ".join(FORMATS), format_name))
    if ask.system not in SYSTEMS:
        found.append(("export_crs", " ".join(SYSTEMS), ask.system))
    elif form is not None and ask.system not in form.systems:
        found.append(("export_crs_of_format", " ".join(form.systems), ask.system))
    if empty:
        found.append(("export_empty", "", ""))
    return [fault for rule, expected, got in found for fault in refused(ask, rule, expected=expected, got=got).faults]


def _general(ask: Ask, form: Format) -> list[Fault]:
    """Return the notes on the file as a whole."""
    rules = ["export_synthetic"] * ask.synthetic + ["export_gcj02"] * (ask.system == GCJ)
    rules += ["export_kml_wgs84"] * (form.suffix == ".kml" and ask.system == "EPSG:4490")
    return [Fault(rule=rule, effect="noted", file=ask.file) for rule in rules]


def export(
    frames: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    *,
    format: str,  # noqa: A002 the word that people and GDAL use
    crs: str,
    language: str = "zh",
    name: str,
    synthetic: bool,
    masked: bool = True,
) -> Exported:
    """Return layers as one file.

    Parameters
    ----------
    frames : mapping
        Layer name → rows; shapes in any system that is stated. Those named as in `data.catalog.LAYERS` get their
        titles, units and QGIS styles. They are not changed.
    format : str
        One of `FORMATS`. Several layers are one file in ``gpkg``, ``kml`` and ``xlsx``, and one zip otherwise.
    crs : str
        One of `geo.exports.parts.SYSTEMS`. Coordinates are written east first, north second in every format.
        GCJ-02 is stated by the file's name, a column and the notes; in place of a coordinate system such a file says
        that it is not known. GeoJSON and KML take degrees alone.
    language : {"zh", "en"}
        Language of titles and marks.
    name : str
        What the file is about; its name is made of it.
    synthetic : bool
        Whether the data is synthetic: the file's name, a column and the format's own notes say so then.
    masked : bool, default True
        Whether personal data is hidden; see `geo.masking.hidden`.

    Returns
    -------
    Exported
        All rows in their order. CSV, XLSX and Shapefile cannot tell an empty text from none: both are empty.

    Raises
    ------
    DataError
        If the format does not exist or cannot be in that system, there is no layer, one has shapes in no stated
        system, or it is too large for the format.
    """
    form, system = FORMATS.get(format), _system(crs)
    shown = form or Format(suffix="", mime="")
    file = _file_name(name, shown, system=system, synthetic=synthetic, language=language, several=len(frames) > 1)
    ask = Ask(system=system, language=language, file=file, synthetic=synthetic)
    wrong = _wrong(form, ask, format_name=format, empty=not frames)
    if wrong:
        raise DataError(wrong)
    parts, faults = prepare(frames.items(), ask, _hide if masked else None)
    content, told = _written(parts, shown)
    return Exported(content, file, _mime(shown, file), (*_general(ask, shown), *faults, *told))


def _written(parts: list[Part], form: Format) -> Written:
    if form.whole is not None:
        return form.whole(parts)
    if form.single is None:
        raise ValueError(f"nothing writes {form.suffix}")
    return _each(parts, form, form.single)


def _mime(form: Format, file: str) -> str:
    return _ZIP if file.endswith(".zip") else form.mime


def write(path: Path, exported: Exported) -> Path:
    """Write an export, whole or not at all, and return where it is: in a folder, under its own name."""
    return write_bytes(path / exported.file_name if path.is_dir() else path, exported.content)
