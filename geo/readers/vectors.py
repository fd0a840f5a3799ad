"""Files of geographic programs, opened with GDAL: each by the one driver that its suffix names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

from data.errors import DataError, Fault
from geo.crs import Found
from geo.exports.naming import table_suffixes, whole_names
from geo.readers import archives, databases, kml, osm, shapefiles
from geo.readers.admission import JSON_SUFFIXES, shape_faults
from geo.readers.gdal import heard, read_frame, remark
from geo.readers.leftovers import unread_tables
from geo.readers.limits import limits
from geo.readers.markup import JsonSeen, json_of, json_seen
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
_QGIS: Final = ("layer_styles", "qgis_projects")  # tables of QGIS that hold looks, not data
_TABLE_BYTES: Final = 2**20  # far more than 255 fields with their values take
_Layer = tuple[PurePosixPath, str, tuple[str, ...]]
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
    pieces : mapping
        Suffix of the name → Shapefile, where points, lines and areas of one layer lie in several.
    names : mapping
        Columns that have another name in the file.
    where : str
        Which of its rows.
    records : int
        How many it must have, where the file was looked through; 0 where that is not known.
    """

    suffix: str
    place: str | bytes
    at: int = 0
    shapefile: Shapefile | None = None
    pieces: Mapping[str, Shapefile] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    records: int = 0

    @property
    def shapefiles(self) -> tuple[Shapefile, ...]:
        """The Shapefiles that it is made of."""
        return tuple(self.pieces.values()) or ((self.shapefile,) if self.shapefile else ())

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
        if self.pieces:
            every = [Source(self.suffix, b"", shapefile=one).info() for one in self.pieces.values()]
            return every[0] | {"features": sum(int(one["features"]) for one in every), "geometry_type": "Unknown"}
        place = self.shapefile.packed() if self.shapefile else self.place
        said: dict[str, Any]
        said, _ = heard(lambda: pyogrio.read_info(place, layer=self.at, force_feature_count=True))
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
            return _utf8(path.read_bytes(), seen)
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


@dataclass(frozen=True, slots=True)
class _Found:
    """A layer of an archive: its own name, what stands before it where another has that name, and its file."""

    name: str
    before: PurePosixPath
    member: PurePosixPath
    source: Source


def _shapefiles_in(path: Path, inside: list[archives.Member]) -> list[_Found]:
    """Return the Shapefiles of an archive."""
    wanted = (*shapefiles.PARTS, ".cpg")
    groups: dict[str, dict[str, archives.Member]] = {}
    for member in inside:
        inner = PurePosixPath(member.name)
        if inner.suffix.lower() in wanted:
            groups.setdefault(str(inner.with_suffix("")).casefold(), {})[inner.suffix.lower()] = member
    found = []
    for group in groups.values():
        if ".shp" in group:
            inner = PurePosixPath(group[".shp"].name)
            parts = {suffix: archives.content(path, member) for suffix, member in group.items()}
            source = Source(".shp", b"", shapefile=Shapefile(inner.stem, parts))
            found.append(_Found(inner.stem, inner.parent, inner, source))
    return found


def _tables_in(inside: list[archives.Member]) -> dict[str, archives.Member]:
    """Return the tables of field names that our exports put beside layers, by the layer's folded path."""
    found: dict[str, archives.Member] = {}
    for member in inside:
        for suffix in table_suffixes():
            stem = member.name.removesuffix(suffix)
            if stem != member.name:
                found.setdefault(stem.casefold(), member)
    return found


def _named(path: Path, table: archives.Member | None, one: Shapefile) -> Shapefile:
    """Return a Shapefile with the whole names of its fields, where the table beside it is one of ours."""
    if table is None:
        return one
    small = table.info.file_size <= _TABLE_BYTES
    whole = whole_names(archives.content(path, table)) if small else None
    if whole is None:
        return replace(one, noted=(note("field_table_ignored", got=table.name),))
    return replace(one, whole=whole)


def _parted(found: list[_Found], tables: Mapping[str, archives.Member]) -> dict[_Layer, dict[int, _Found]]:
    """Return the Shapefiles whose name says which kind of shape of a layer they hold, by the layer.

    A Shapefile with a table of its own is a layer of its own.
    """
    groups: dict[_Layer, dict[int, _Found]] = {}
    for one in found:
        parted = shapefiles.kind_parted(one.source.shapefiles[0]) if one.source.shapefiles else None
        if parted and _folded(one.before, one.name) not in tables:
            stem, suffixes, at = parted
            groups.setdefault((one.before, stem, suffixes), {})[at] = one
    return groups


def _folded(before: PurePosixPath, name: str) -> str:
    return str(before / name).casefold()


def _together(path: Path, inside: list[archives.Member], found: list[_Found]) -> list[_Found]:
    """Make one layer of the Shapefiles into which our exports part one, and give fields their whole names.

    They must lie in one folder, hold the kind of shape that their name says, and have the same fields and system, and
    no other layer may have the name that they get.
    """
    tables = _tables_in(inside)
    owners = {one.member: _folded(one.before, one.name) for one in found}
    taken = set(owners.values())
    joined: dict[PurePosixPath, _Found] = {}
    for (before, stem, suffixes), group in _parted(found, tables).items():
        pieces = {suffixes[at]: group[at].source.shapefiles[0] for at in sorted(group)}
        owners |= {one.member: _folded(before, stem) for one in group.values()}
        if len(pieces) > 1 and _folded(before, stem) not in taken and shapefiles.alike(list(pieces.values())):
            table = tables.get(_folded(before, stem))
            named = {suffix: _named(path, table, one) for suffix, one in pieces.items()}
            whole = _Found(stem, before, before / f"{stem}.shp", Source(".shp", b"", pieces=named))
            joined |= {one.member: whole for one in group.values()}
    done: list[_Found] = []
    for one in found:
        if not one.source.shapefiles:
            done.append(one)
        elif one.member not in joined:
            shapefile = _named(path, tables.get(owners[one.member]), one.source.shapefiles[0])
            done.append(replace(one, source=replace(one.source, shapefile=shapefile)))
        elif joined[one.member] not in done:
            done.append(joined[one.member])
    return done


def _layers(place: str | bytes, suffix: str, stem: str, names: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Return the layers of a data source; one that has its name from the file gets the file's."""
    found: dict[str, Source] = {}
    listed, _ = heard(lambda: pyogrio.list_layers(place))
    for at, (name, _) in enumerate(listed):
        shown = stem if str(name).startswith(_PYOGRIO) else str(name)
        if suffix != ".gpkg" or shown not in _QGIS:
            found[shown] = Source(suffix, place, at, names=names or {})
    return found


def _utf8(content: bytes, seen: JsonSeen) -> bytes:
    return content if seen.utf8 else content.decode("gb18030").encode()


def _held(content: bytes, suffix: str, stem: str) -> dict[str, Source]:
    """Return the layers of a file that stands in an archive."""
    if suffix in JSON_SUFFIXES:
        seen = json_seen([content])
        found = _layers(_utf8(content, seen), suffix, stem)
        return {name: replace(source, records=seen.records) for name, source in found.items()}
    if suffix == ".gpkg":  # GDAL tells it by its name
        return _layers(archives.pack({"layer.gpkg": content}), suffix, stem)
    ready = kml.prepared(content) if suffix == ".kml" else kml.Prepared(content, {})
    return _layers(ready.content, suffix, stem, ready.names)


def _apart(found: Iterable[_Found]) -> dict[str, Source]:
    """Name layers so that none hides another: by its own name, with its file's path, with the whole of its file."""
    every = list(found)
    named = [one.name for one in every]
    for longer in ([str(one.before / one.name) for one in every], [f"{one.member}/{one.name}" for one in every]):
        times = Counter(named)
        named = [long if times[name] > 1 else name for name, long in zip(named, longer, strict=True)]
    return dict(zip(named, (one.source for one in every), strict=True))


def _packed(path: Path) -> dict[str, Source]:
    """Return the layers of an archive; those of equal name in several files carry the file's name as well."""
    inside = archives.members(path)
    found = _shapefiles_in(path, inside)
    for member in inside:
        inner = PurePosixPath(member.name)
        suffix = inner.suffix.lower()
        if suffix in _PACKED:
            layers = _held(archives.content(path, member), suffix, inner.stem)
            found += [_Found(name, inner.with_suffix(""), inner, source) for name, source in layers.items()]
    tables = _left(path, (member for member in inside if not member.name.lower().endswith(".dbf")))
    if tables and not found:
        raise refuse(path, "archive_of_tables", got=tables)
    return _apart(_together(path, inside, found))


def _left(path: Path, inside: Iterable[archives.Member]) -> str:
    """Return the names of the tables in a zip that nobody reads."""
    names = [member.name for member in inside]
    return ", ".join(unread_tables(names))[:200] if path.suffix.lower() == ".zip" else ""


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
        return {path.stem: Source(suffix, _place(path), records=json_of(path).records)}
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
    if source.shapefiles:
        frame, notes = shapefiles.read_together(source.shapefiles, layer)
        return frame, [*(one for each in source.shapefiles for one in shapefiles.missing_parts(each)), *notes]
    done, said = heard(lambda: read_frame(source.place, layer=source.at, **source.options))
    if source.suffix == ".kml":
        done = kml.tidied(done, dict(source.names))
    if source.suffix in (".osm", ".pbf"):
        done = osm.spread(done)
    return done, remark(said)


def _hold_counts(path: Path, source: Source, frame: pd.DataFrame, notes: list[Fault]) -> None:
    """Refuse a layer of which rows were lost on the way."""
    lost = None
    torn = [one.settled for one in source.shapefiles if one.settled.verdict == "shapefile_counts_differ"]
    if torn:
        lost = ("shapefile_counts_differ", "", "; ".join(one.counts for one in torn))
    elif len(frame) < source.records:
        lost = ("features_lost", str(source.records), str(len(frame)))
    if lost:
        rule, expected, got = lost
        fault = Fault(rule=rule, effect="refused", file=path.name, expected=expected, got=got)
        raise DataError([fault, *(replace(one, file=path.name) for one in notes)])


def _pieces(found: Mapping[str, Source]) -> dict[str, Source]:
    """Return the Shapefiles that are read together as layers of their own, for a person who names one."""
    return {
        f"{name}{suffix}": Source(source.suffix, b"", shapefile=one)
        for name, source in found.items()
        for suffix, one in source.pieces.items()
    }


def _offered(path: Path, sublayer: str | None) -> dict[str, Source]:
    """Return the layers that a person may mean: those that hold rows, or all where one is named."""
    found = sources(path)
    if sublayer is None and len(found) > 1:
        return {name: source for name, (source, _) in filled(found).items()}
    return found if sublayer is None or sublayer in found else _pieces(found) | found


def open_vector(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    """Open one layer of a file that GDAL knows."""
    found = _offered(path, sublayer)
    if not found:
        raise refuse(path, "file_broken" if path.suffix.lower() == ".fgb" else "file_empty")
    source = found[choose(path, list(found), sublayer=sublayer, layer=layer)]
    if source.suffix not in _COUNTED_LATE:
        said = source.info()
        faults = shape_faults(path, int(said["features"]), len(said["fields"]), limits())
        if faults:
            raise DataError(faults)
        if source.suffix == ".fgb":  # its header states them
            source = replace(source, records=int(said["features"]))
    frame, notes = _read(source, layer)
    if frame is None:
        raise refuse(path, "encoding", expected="UTF-8 / GB18030")
    _hold_counts(path, source, frame, notes)
    if path.suffix.lower() == ".gpkg" and databases.left_open(path):
        notes.append(note("gpkg_journal"))
    if path.suffix.lower() == ".zip" and (left := _left(path, archives.members(path))):
        notes.append(note("archive_tables_left", got=left))
    if source.where:
        notes.append(note("osm_buildings_only", got=source.where))
    if not isinstance(frame, gpd.GeoDataFrame):
        return Raw(frame, None, "missing", noted=tuple(notes))
    why: Found = "format" if source.suffix in _LON_LAT else "declared" if frame.crs else "missing"
    return Raw(frame, frame.crs, why, noted=tuple(notes))
