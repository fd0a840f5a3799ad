"""``python -m solar yield`` and ``python -m solar validate``: the solar engine from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, cast

import geopandas as gpd
import pandas as pd
import typer
from rich.console import Console
from rich.progress import Progress

from data import parameters
from data.catalog import label, text
from data.errors import DataError, Fault, fault_list
from geo.crs import working_crs
from geo.io import LayerRead, read_layer
from geo.raster import Elevation, read_elevation
from solar.audit import AuditError
from solar.engine import KeepHours
from solar.hourly_store import hourly_store
from solar.options import WeatherMode, YieldOptions
from solar.results import SUFFIXES, say, write_beside, write_yields, yield_table
from solar.roof_options import RoofOptions
from solar.rooftops import OpenHours, Rooftops, rooftops
from solar.sky import SkyModel
from solar.system import TemperatureModel, system
from solar.weather import Weather, require_near, typical_year
from solar.weather_cells import read_cells

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
Language = Literal["zh", "en"]


@app.callback()
def main() -> None:
    """Rooftop yields and what they were checked against."""


@contextmanager
def _bar(language: str) -> Iterator[Callable[[float, str], None]]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(text("step.reading", language), total=1.0)

        def told(share: float, step: str) -> None:
            progress.update(task, completed=share, description=label("step", step, language))

        yield told


def _read(
    buildings: Path, weather: Sequence[Path], *, crs: str | None, repair: bool
) -> tuple[LayerRead, tuple[Weather, ...]]:
    """Read buildings and weather and raise the faults of both together."""
    refused: list[Fault] = []
    read: LayerRead | None = None
    cells: tuple[Weather, ...] = (typical_year(),)
    try:
        read = read_layer(buildings, "buildings", crs=crs)
    except DataError as error:
        refused.extend(error.faults)
    try:
        cells = read_cells(weather, repair=repair, same_years=True) if weather else cells
    except DataError as error:
        refused.extend(error.faults)
    if refused or read is None:
        raise DataError(refused)
    return read, cells


def _terrain(paths: Sequence[Path], local: gpd.GeoDataFrame) -> tuple[Elevation | None, tuple[Fault, ...]]:
    if not paths:
        return None, ()
    west, south, east, north = (float(edge) for edge in local.total_bounds)
    margin = parameters.value("terrain", "terrain_reach_m")
    return read_elevation(paths, crs=local.crs, bounds=(west, south, east, north), margin_m=margin)


def _check_outputs(out: Path, hourly: Path | None) -> None:
    wanted = [(out, SUFFIXES), *([(hourly, (".parquet",))] if hourly else [])]
    faults = [
        Fault(rule="output_format", effect="refused", file=path.name, expected=" ".join(suffixes), got=path.suffix)
        for path, suffixes in wanted
        if path.suffix.lower() not in suffixes
    ]
    if faults:
        raise DataError(faults)


@contextmanager
def _hours(path: Path | None, ids: pd.Series, cells: Sequence[Weather], note: str) -> Iterator[OpenHours | None]:
    """Give what opens the store of hours once the roofs are designed; it appears when the run ends well."""
    if path is None:
        yield None
        return

    def opened(roofs: pd.DataFrame) -> KeepHours:
        store = hourly_store(
            path,
            ids=ids,
            capacity_kw=roofs["capacity_kw"],
            hours=pd.DatetimeIndex(cells[0].hours.index),
            limit_kw=system().ac_limit,
            note=note,
        )
        return exits.enter_context(store)

    with ExitStack() as exits:
        yield opened


@contextmanager
def _told(language: str) -> Iterator[None]:
    """Turn what stops a run into its message and an exit code."""
    try:
        yield
    except DataError as error:
        typer.echo(fault_list(error.faults, language), err=True)
        raise typer.Exit(2) from error
    except AuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from error
    except (ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What the command line asked for."""

    buildings: Path
    weather: Sequence[Path]
    elevation: Sequence[Path]
    design: RoofOptions
    options: YieldOptions
    repair: bool
    allow_distant: bool
    crs: str | None
    hourly: Path | None
    by: str | None
    language: str


def _run(job: _Job, told: Callable[[float, str], None]) -> tuple[Rooftops, gpd.GeoDataFrame, tuple[Fault, ...], str]:
    """Return the run, its buildings, what was noted on the way, and the mark of synthetic data."""
    read, cells = _read(job.buildings, job.weather, crs=job.crs, repair=job.repair)
    middle = read.frame.geometry.bounds.median()
    longitude, latitude = float(middle[["minx", "maxx"]].mean()), float(middle[["miny", "maxy"]].mean())
    noted = require_near(cells, longitude=longitude, latitude=latitude, allow_distant=job.allow_distant)
    local = read.frame.to_crs(working_crs(longitude))
    terrain, about = _terrain(job.elevation, local)
    note = text("app.synthetic", job.language) if read.synthetic else ""
    with _hours(job.hourly, local["building_id"], cells, note) as open_hours:
        done = rooftops(
            local,
            cells,
            elevation=terrain,
            roof_options=job.design,
            options=job.options,
            groups=None if job.by is None else local[job.by],
            open_hours=open_hours,
            progress=told,
        )
    return done, read.frame, (*read.faults, *noted, *about), note


@app.command("yield")
def yield_command(  # noqa: PLR0917 - typer makes an option of each, none is positional on the command line
    buildings: Annotated[Path, typer.Option(help="building footprints")],
    out: Annotated[Path, typer.Option(help="one row a roof: .parquet, .gpkg or .csv; the audit stands beside it")],
    weather: Annotated[list[Path] | None, typer.Option(help="weather file, one a cell, or a folder")] = None,
    elevation: Annotated[list[Path] | None, typer.Option(help="GeoTIFF of the terrain, or a folder of tiles")] = None,
    years: Annotated[bool, typer.Option("--years", help="also the yield of each year of the weather")] = False,
    hourly: Annotated[Path | None, typer.Option(help="Parquet store of every roof's hours")] = None,
    profiles: Annotated[Path | None, typer.Option(help="CSV of the hourly power of groups of roofs")] = None,
    by: Annotated[Literal["county_code", "village_code", "use"], typer.Option(help="groups of --profiles")] = "use",
    sky_model: Annotated[str, typer.Option(help="perez, haydavies or isotropic")] = "perez",
    temperature_model: Annotated[str, typer.Option(help="noct or sapm")] = "noct",
    weather_mode: Annotated[str, typer.Option(help="nearest or interpolated, of several cells")] = "nearest",
    flat_layout: Annotated[str, typer.Option(help="south_rows or east_west, on flat roofs")] = "south_rows",
    pitch_m: Annotated[float | None, typer.Option(help="pitch of the rows instead of GB 50797's")] = None,
    setback_m: Annotated[float | None, typer.Option(help="distance kept from the roof's edges")] = None,
    building_shade: Annotated[bool, typer.Option(help="whether buildings shade each other")] = True,
    diffuse_glass: Annotated[bool, typer.Option(help="whether diffuse light is reflected at the glass too")] = True,
    repair: Annotated[bool, typer.Option(help="mend a wrong clock and beam that does not close")] = True,
    allow_distant_weather: Annotated[bool, typer.Option(help="use weather from farther than 100 km")] = False,
    crs: Annotated[str | None, typer.Option(help="coordinate system of a file that states none")] = None,
    language: Annotated[Language, typer.Option(help="language of messages")] = "zh",
) -> None:
    """Compute what every roof yields, one row a roof, with the self-audit in a file beside it.

    Exit 2 with the list of all faults if a file or an option cannot be used, 3 if the self-audit fails.
    """
    with _told(language):
        _check_outputs(out, hourly)
        job = _Job(
            buildings=buildings,
            weather=weather or [],
            elevation=elevation or [],
            design=RoofOptions(flat_layout=flat_layout, pitch_m=pitch_m, setback_m=setback_m),
            options=YieldOptions(
                sky_model=cast("SkyModel", sky_model),
                temperature_model=cast("TemperatureModel", temperature_model),
                weather_mode=cast("WeatherMode", weather_mode),
                building_shade=building_shade,
                diffuse_glass=diffuse_glass,
            ),
            repair=repair,
            allow_distant=allow_distant_weather,
            crs=crs,
            hourly=hourly,
            by=None if profiles is None else by,
            language=language,
        )
        with _bar(language) as told:
            done, stored, faults, note = _run(job, told)
            written = [write_yields(yield_table(done, stored, years=years, note=note), out, language=language)]
            written += write_beside(done, out, stored["building_id"], profiles=profiles)
    say(done, language)
    if faults:
        typer.echo(fault_list(faults, language), err=True)
    for path in (*written, *([hourly] if hourly else [])):
        typer.echo(str(path))


@app.command()
def validate(
    out: Annotated[Path | None, typer.Option(help="page whose solar table is renewed; else it is printed")] = None,
) -> None:
    """Compare the engine with independent codes and print the table of deltas."""
    from solar.validation import page, table  # noqa: PLC0415 - its references are development dependencies

    if out is None:
        typer.echo(table())
    else:
        typer.echo(str(page(out)))


if __name__ == "__main__":
    app()
