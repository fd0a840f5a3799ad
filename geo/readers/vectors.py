"""Files of geographic programs, opened with GDAL: each by the one driver that its suffix names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

from data.errors import DataError, Fault
from geo.crs import Found
from geo.readers import archives, databases, kml, osm, shapefiles
from geo.readers.admission import JSON_SUFFIXES, shape_faults
from geo.readers.limits import limits
from geo.readers.markup import json_of
from geo.readers.raw import Raw, choose, refuse
from geo.readers.shapefiles import Shapefile, note

VECTOR_SUFFIXES: Final = (".gpkg", *JSON_SUFFIXES, ".shp", ".zip", ".fgb", ".kml", ".kmz", ".osm", ".pbf")
_LON_LAT: Final = (*JSON_SUFFIXES, ".kml", ".kmz", ".osm", ".pbf")
_PACKED: Final = (".gpkg", *JSON_SUFFIXES, ".fgb", ".kml")
_DRIVERS: Final = {
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
    ".kml": "LIBKML",
    ".osm": "OSM",
    ".pbf": "OSM",
    **dict.fromkeys(JSON_SUFFIXES, "GeoJSON"),
}
_COUNTED_LATE: Final = (*JSON_SUFFIXES, ".osm", ".pbf")  # counting means reading all of it
_PYOGRIO: Final = "pyogrio_"  # how the memory that it opens begins, which GDAL takes for a name


@dataclass(frozen=True, slots=True)
class Source:
    """One layer as GDAL can open it.

    Parameters
    ----------
    suffix : str
        What kind of file it stands in.
    place : str or bytes
        Data source; bytes for what stands in an archive or was made ready for GDAL.
    at : int
        Which of the data source's layers.
    shapefile : Shapefile, optional
        Its parts, where it is one.
    names : mapping
        Columns that have another name in the file.
    where : str
        Which of its rows.
    """

    suffix: str
    place: str | bytes
    at: int = 0
    shapefile: Shapefile | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """What GDAL is to be told beside the place."""
        told: dict[str, Any] = dict(osm.OPTIONS) if self.suffix in (".osm", ".pbf") else {}
        return told | {"where": self.where} if self.where else told

    def info(self) -> dict[str, Any]:
        """Return what GDAL says of the layer; its rows are counted.

        Raises
        ------
        ValueError
            If another driver than the suffix names would open it.
        """
        place = self.shapefile.packed() if self.shapefile else self.place
        said: dict[str, Any] = pyogrio.read_info(place, layer=self.at, force_feature_count=True)
        driver = str(said["driver"])
        if driver not in (_DRIVERS[self.suffix], f"{_DRIVERS[self.suffix]}Seq"):
            raise ValueError(f"{driver} is not what {self.suffix} files are read by")
        return said


def _place(path: Path) -> str | bytes:
    """Return a file as pyogrio can open it, by one driver where GDAL lets it be named.

    A ``!`` in a path would be taken for an archive.
    """
    suffix, absolute = path.suffix.lower(), str(path.resolve())
    if suffix in JSON_SUFFIXES:
        seen = json_of(path)
        if not seen.utf8:
            return path.read_bytes().decode("gb18030").encode()
        return f"{'GeoJSONSeq' if seen.roots > 1 else 'GeoJSON'}:{absolute}"
    if suffix == ".gpkg":
        return f"GPKG:{absolute}"
    return path.read_bytes() if "!" in absolute else absolute


def _beside(path: Path) -> Shapefile:
    """Return a Shapefile with the parts that lie beside it, whatever case their suffixes are written in."""
    near = [part for part in path.parent.iterdir() if part.stem.casefold() == path.stem.casefold() and part.is_file()]
    wanted = (*shapefiles.PARTS, ".cpg")
    parts = {part.suffix.lower(): part.read_bytes() for part in near if part.suffix.lower() in wanted}
    return Shapefile(path.stem, parts | {".shp": path.read_bytes()})


def _shapefiles_in(path: Path, inside: list[archives.Member]) -> dict[str, Source]:
    """Return the Shapefiles of an archive by name, by their folder as well where a name stands twice."""
    wanted = (*shapefiles.PARTS, ".cpg")
    groups: dict[str, dict[str, archives.Member]] = {}
    for member in inside:
        inner = PurePosixPath(member.name)
        if inner.suffix.lower() in wanted:
            groups.setdefault(str(inner.with_suffix("")).casefold(), {})[inner.suffix.lower()] = member
    found: dict[str, Source] = {}
    for group in groups.values():
        if ".shp" in group:
            whole = PurePosixPath(group[".shp"].name).with_suffix("")
            name = whole.name if whole.name not in found else str(whole)
            parts = {suffix: archives.content(path, member) for suffix, member in group.items()}
            found[name] = Source(".shp", b"", shapefile=Shapefile(name, parts))
    return found


def _layers(place: str | bytes, suffix: str, stem: str, names: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Return the layers of a data source; one that has its name from the file gets the file's."""
    found: dict[str, Source] = {}
    for at, (name, _) in enumerate(pyogrio.list_layers(place)):
        shown = stem if str(name).startswith(_PYOGRIO) else str(name)
        found[shown] = Source(suffix, place, at, names=names or {})
    return found


def _packed(path: Path) -> dict[str, Source]:
    """Return the layers of an archive; those of equal name in several files carry the file's name as well."""
    inside = archives.members(path)
    found = _shapefiles_in(path, inside)
    for member in inside:
        name = PurePosixPath(member.name)
        suffix = name.suffix.lower()
        if suffix not in _PACKED:
            continue
        held = archives.content(path, member)
        ready = kml.prepared(held) if suffix == ".kml" else kml.Prepared(held, {})
        if suffix == ".gpkg":  # GDAL tells it by its name
            ready = kml.Prepared(archives.pack({"layer.gpkg": held}), {})
        for layer, source in _layers(ready.content, suffix, name.stem, ready.names).items():
            found[f"{name.stem}/{layer}" if layer in found else layer] = source
    return found


def sources(path: Path) -> dict[str, Source]:
    """Return the layers of a file that was let in: name → how GDAL opens it.

    Parameters
    ----------
    path : pathlib.Path
        A file that `geo.readers.admission.admit` has not refused.
    """
    suffix = path.suffix.lower()
    if suffix in (".zip", ".kmz"):
        return _packed(path)
    if suffix == ".shp":
        return {path.stem: Source(suffix, b"", shapefile=_beside(path))}
    if suffix in JSON_SUFFIXES:
        return {path.stem: Source(suffix, _place(path))}
    if suffix == ".kml":
        ready = kml.prepared(path.read_bytes())
        found = _layers(ready.content, suffix, path.stem, ready.names)
    else:
        found = _layers(_place(path), suffix, path.stem)
    if suffix in (".osm", ".pbf"):
        areas = found[osm.AREAS]
        return {osm.BUILDINGS: Source(suffix, areas.place, areas.at, where=osm.IS_BUILDING)}
    return found


def filled(found: Mapping[str, Source]) -> dict[str, tuple[Source, dict[str, Any]]]:
    """Return the layers that hold rows, with what GDAL says of them; all where none does."""
    every = {name: (source, source.info()) for name, source in found.items()}
    return {name: entry for name, entry in every.items() if entry[1]["features"]} or every


def _read(source: Source, layer: str | None) -> tuple[pd.DataFrame | None, list[Fault]]:
    if source.shapefile is not None:
        frame, notes = shapefiles.read(source.shapefile, layer)
        return frame, [*shapefiles.missing_parts(source.shapefile), *notes]
    frame = pyogrio.read_dataframe(source.place, layer=source.at, **source.options)
    if source.suffix == ".kml":
        return kml.tidied(frame, dict(source.names)), []
    if source.suffix in (".osm", ".pbf"):
        return osm.spread(frame), []
    return frame, []


def open_vector(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    """Open one layer of a file that GDAL knows."""
    found = sources(path)
    if sublayer is None and len(found) > 1:
        found = {name: source for name, (source, _) in filled(found).items()}
    if not found:
        raise refuse(path, "file_empty")
    source = found[choose(path, list(found), sublayer=sublayer, layer=layer)]
    if source.suffix not in _COUNTED_LATE:
        said = source.info()
        faults = shape_faults(path, int(said["features"]), len(said["fields"]), limits())
        if faults:
            raise DataError(faults)
    frame, notes = _read(source, layer)
    if frame is None:
        raise refuse(path, "encoding", expected="UTF-8 / GB18030")
    if path.suffix.lower() == ".gpkg" and databases.left_open(path):
        notes.append(note("gpkg_journal"))
    if source.where:
        notes.append(note("osm_buildings_only", got=source.where))
    if not isinstance(frame, gpd.GeoDataFrame):
        return Raw(frame, None, "missing", noted=tuple(notes))
    why: Found = "format" if source.suffix in _LON_LAT else "declared" if frame.crs else "missing"
    return Raw(frame, frame.crs, why, noted=tuple(notes))
