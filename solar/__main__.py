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
from geo.raster import Elevation, bounds_near, read_elevation
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
Groups = Literal["county_code", "village_code", "use"]


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
    near = bounds_near(local, 1000 * parameters.value("policy", "weather_max_km"))
    margin = parameters.value("terrain", "terrain_reach_m")
    return read_elevation(paths, crs=local.crs, bounds=near, margin_m=margin)


def _check_outputs(out: Path, hourly: Path | None, profiles: Path | None) -> None:
    wanted = [(out, SUFFIXES), *([(hourly, (".parquet",))] if hourly else [])]
    wanted += [(profiles, (".csv",))] if profiles else []
    faults = [
        Fault(rule="output_format", effect="refused", file=path.name, expected=" ".join(suffixes), got=path.suffix)
        for path, suffixes in wanted
        if path.suffix.lower() not in suffixes
    ]
    beside = [out.with_suffix(".audit.csv"), out.with_suffix(".groups.csv")]
    taken = [path.resolve() for path in (*(path for path, _ in wanted), *beside)]
    faults += [
        Fault(rule="same_output", effect="refused", file=path.name)
        for number, path in enumerate(taken)
        if path in taken[:number]
    ]
    if faults:
        raise DataError(faults)


def _opener(
    path: Path | None, ids: pd.Series, cells: Sequence[Weather], note: str, exits: ExitStack
) -> OpenHours | None:
    """Return what opens the store of hours once the roofs are designed; its file appears when `exits` ends well."""
    if path is None:
        return None

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

    return opened


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
    profiles: bool
    by: str
    language: str


def _run(job: _Job, told: Callable[[float, str], None], exits: ExitStack) -> tuple[Rooftops, LayerRead, list[Fault]]:
    """Return the run, the buildings as they were read, and what was noted on the way."""
    read, cells = _read(job.buildings, job.weather, crs=job.crs, repair=job.repair)
    middle = read.frame.geometry.bounds.median()
    longitude, latitude = float(middle[["minx", "maxx"]].mean()), float(middle[["miny", "maxy"]].mean())
    noted = require_near(cells, longitude=longitude, latitude=latitude, allow_distant=job.allow_distant)
    local = read.frame.to_crs(working_crs(longitude))
    terrain, about = _terrain(job.elevation, local)
    faults = [*read.faults, *noted, *about]
    if local[job.by].isna().all():
        faults.append(
            Fault(rule="no_groups", effect="noted", file=job.buildings.name, layer="buildings", column=job.by)
        )
    done = rooftops(
        local,
        cells,
        elevation=terrain,
        roof_options=job.design,
        options=job.options,
        groups=local[job.by] if job.profiles else None,
        open_hours=_opener(job.hourly, local["building_id"], cells, _note(read, job.language), exits),
        progress=told,
    )
    return done, read, faults


def _note(read: LayerRead, language: str) -> str:
    return text("app.synthetic", language) if read.synthetic else ""


@app.command("yield")
def yield_command(  # noqa: PLR0917 - typer makes an option of each, none is positional on the command line
    buildings: Annotated[Path, typer.Option(help="building footprints")],
    out: Annotated[Path, typer.Option(help="one row a roof: .parquet, .gpkg or .csv; the audit stands beside it")],
    weather: Annotated[list[Path] | None, typer.Option(help="weather file, one a cell, or a folder")] = None,
    elevation: Annotated[list[Path] | None, typer.Option(help="GeoTIFF of the terrain, or a folder of tiles")] = None,
    years: Annotated[bool, typer.Option("--years", help="also the yield of each year of the weather")] = False,
    hourly: Annotated[Path | None, typer.Option(help="Parquet store of every roof's hours")] = None,
    profiles: Annotated[Path | None, typer.Option(help="CSV of the hourly power of groups of roofs")] = None,
    by: Annotated[
        Literal["county_code", "village_code", "use"], typer.Option(help="groups of sums and --profiles")
    ] = "use",
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
        _check_outputs(out, hourly, profiles)
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
            profiles=profiles is not None,
            by=by,
            language=language,
        )
        with _bar(language) as told, ExitStack() as exits:
            done, read, faults = _run(job, told, exits)
            table = yield_table(done, read.frame, years=years, note=_note(read, language))
            written = [write_yields(table, out, language=language)]
            written += write_beside(done, table, out, by=by, profiles=profiles, language=language)
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
