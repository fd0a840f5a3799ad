"""The layers of one run with where each came from: read from files, or the embedded demo city."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from data import demo
from data.catalog import LAYERS
from data.errors import DataError, Fault
from data.schemas import schema
from geo.crs import STORED
from geo.io import LayerRead, read_layer
from geo.readers.parts import digest
from geo.roles import NOTE_COLUMNS
from geo.streets import StreetGraph
from geo.validate import complete
from geo.workspace import Store
from solar.weather import Weather, typical_year
from solar.weather_cells import read_cells

REQUIRED: Final = "buildings"
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a layer came from and what reading it left behind."""

    file: str
    sha256: str
    rows_in: int
    rows_used: int
    set_aside: gpd.GeoDataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Checked layers in EPSG:4490, the weather cells, and whether any of it is synthetic.

    `elevation` are the files of the elevation model; they are read once the place of the buildings is known.
    """

    frames: Mapping[str, gpd.GeoDataFrame]
    weather: tuple[Weather, ...]
    synthetic: bool
    sources: Mapping[str, Source] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    elevation: tuple[Path, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    _graphs: dict[str, StreetGraph] = field(default_factory=dict, init=False, repr=False, compare=False)

    def get(self, layer: str) -> gpd.GeoDataFrame | None:
        """Return a layer, or None where the run has none."""
        return self.frames.get(layer)

    def some(self, layer: str) -> gpd.GeoDataFrame:
        """Return a layer, or one without rows where the run has none."""
        found = self.frames.get(layer)
        return empty_layer(layer) if found is None else found

    def projected(self, layer: str, crs: CRS) -> gpd.GeoDataFrame | None:
        """Return a layer in another coordinate system, or None where the run has none."""
        found = self.frames.get(layer)
        return None if found is None else found.to_crs(crs)

    def street_graph(self, crs: CRS) -> StreetGraph | None:
        """Return the streets as a graph in a projected coordinate system, made once; None where the run has none."""
        streets = self.frames.get("streets")
        if streets is None or streets.empty:
            return None
        key = crs.to_wkt()
        if key not in self._graphs:
            self._graphs[key] = StreetGraph(streets.to_crs(crs))
        return self._graphs[key]


def empty_layer(layer: str) -> gpd.GeoDataFrame:
    """Return a layer without rows, every column of its kind."""
    table = complete(pd.DataFrame({name: [] for name in schema(layer).columns if name != "geometry"}), layer)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([], crs=STORED))


def _source(read: LayerRead) -> Source:
    aside = read.checked.set_aside
    return Source(
        file=read.file,
        sha256=read.sha256,
        rows_in=read.rows_in,
        rows_used=len(read.frame),
        set_aside=aside if len(aside) else None,
    )


def assemble(reads: Mapping[str, LayerRead], *, synthetic: bool = False) -> Layers:
    """Join layers that were read, under the embedded typical year."""
    return Layers(
        frames={layer: read.frame for layer, read in reads.items()},
        weather=(typical_year(),),
        synthetic=synthetic or any(read.synthetic for read in reads.values()),
        sources={layer: _source(read) for layer, read in reads.items()},
        faults=tuple(fault for read in reads.values() for fault in read.faults),
    )


def load(
    paths: Mapping[str, Path],
    *,
    weather: Sequence[Path] = (),
    elevation: Sequence[Path] = (),
    crs: str | None = None,
    progress: Progress | None = None,
) -> Layers:
    """Read the layers of a run from files.

    Parameters
    ----------
    paths : mapping
        Layer → file; ``buildings`` is needed.
    weather : sequence of pathlib.Path
        Weather files, one a cell, or a folder of them; the embedded typical year without any.
    elevation : sequence of pathlib.Path
        GeoTIFF tiles of an elevation model, or a folder of them; flat terrain without any.
    crs : str, optional
        System of files that state none.
    progress : callable, optional
        Told the share done [1] and the layer.

    Raises
    ------
    DataError
        With the faults of ALL files that cannot be used.
    """
    reads: dict[str, LayerRead] = {}
    refused: list[Fault] = []
    if REQUIRED not in paths:
        refused.append(Fault(rule="file_missing", effect="refused", file=REQUIRED, layer=REQUIRED))
    for at, (layer, path) in enumerate(paths.items()):
        if progress:
            progress(at / len(paths), layer)
        try:
            reads[layer] = read_layer(path, layer, crs=crs)
        except DataError as error:
            refused.extend(error.faults)
    done: Layers | None = None
    try:
        done = replace_sky(assemble(reads), weather=weather, elevation=elevation)
    except DataError as error:
        refused.extend(error.faults)
    if refused or done is None:
        raise DataError(refused)
    return done


def kept_layers(store: Store) -> Layers:
    """Return the current versions of the layers that a workspace keeps, under the embedded typical year.

    Raises
    ------
    DataError
        If there are no buildings among them, or if one cannot be read.
    """
    current = store.layers()
    if REQUIRED not in current:
        raise DataError([Fault(rule="file_missing", effect="refused", file=REQUIRED, layer=REQUIRED)])
    aside = {layer: store.set_aside(layer) for layer in current}
    return Layers(
        frames={layer: store.read(layer) for layer in current},
        weather=(typical_year(),),
        synthetic=any(record.synthetic for record in current.values()),
        sources={
            layer: Source(
                file=record.file,
                sha256=record.source_sha256,
                rows_in=record.rows_in,
                rows_used=record.rows_used,
                set_aside=aside[layer] if len(aside[layer]) else None,
            )
            for layer, record in current.items()
        },
        faults=tuple(Fault.from_plain(fault) for record in current.values() for fault in record.faults),
    )


def replace_sky(layers: Layers, *, weather: Sequence[Path] = (), elevation: Sequence[Path] = ()) -> Layers:
    """Return the same layers under the weather of files and with their elevation, where there are any.

    Raises
    ------
    DataError
        With every fault of the weather files, and of elevation files that are not there.
    """
    missing = [path for path in elevation if not path.exists()]
    refused = [Fault(rule="file_missing", effect="refused", file=path.name, layer="elevation") for path in missing]
    cells = layers.weather
    try:
        cells = read_cells(weather, same_years=True) if weather else cells
    except DataError as error:
        refused.extend(error.faults)
    if refused:
        raise DataError(refused)
    files = {
        f"{kind}/{path.name}": path
        for kind, paths in (("weather", weather), ("elevation", elevation))
        for path in paths
    }
    return replace(
        layers,
        weather=cells,
        elevation=tuple(elevation),
        sha256={name: digest(path) for name, path in files.items() if path.is_file()},
    )


def load_folder(folder: Path) -> Layers:
    """Read a folder that the demo builder wrote; its manifest says that it is synthetic."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    paths = {layer: folder / f"{layer}.parquet" for layer in LAYERS if (folder / f"{layer}.parquet").is_file()}
    frames = {
        layer: gpd.read_parquet(path).drop(columns=list(NOTE_COLUMNS), errors="ignore") for layer, path in paths.items()
    }
    sources = {
        layer: Source(file=path.name, sha256=digest(path), rows_in=len(frames[layer]), rows_used=len(frames[layer]))
        for layer, path in paths.items()
    }
    return Layers(frames=frames, weather=(typical_year(),), synthetic=bool(manifest["synthetic"]), sources=sources)


def cache_dir() -> Path:
    """Return the folder for things that can be made again."""
    return Path(os.environ.get("NUANGUANG_CACHE", ".cache"))


def demo_layers(*, buildings: int = demo.BUILDINGS, progress: Progress | None = None) -> Layers:
    """Return the embedded demo city, built once and kept in the cache."""
    folder = cache_dir() / f"demo-{buildings}"
    if not demo.is_current(folder, buildings=buildings):
        demo.build(folder, buildings=buildings, progress=progress)
    return load_folder(folder)
