"""``python -m heating assess``: the whole assessment from the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from data import demo, parameters
from data.catalog import LAYERS, UNKNOWN, ZONES, label, text
from data.errors import DataError, Fault, fault_list
from geo.export import write_bytes, xlsx_bytes
from geo.workspace import open_filled
from heating import ledger_sheet, rates, report, sheets
from heating.assessment import Assessment, assess
from heating.checks import kept_checks, last_versions
from heating.density import geotiff, heat_density
from heating.layers import Layers, demo_layers, kept_layers, load, replace_sky
from heating.layers import Progress as Told
from heating.registers.workbook import workbook
from heating.scenario import Scenario, read
from solar.audit import AuditError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
Language = Literal["zh", "en"]
_File = Annotated[Path | None, typer.Option(dir_okay=False)]


@app.callback()
def main() -> None:
    """Clean-heating rates, boiler verdicts and rooftop yields."""


@contextmanager
def _bar(language: str) -> Iterator[Told]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(text("step.reading", language), total=1.0)

        def told(share: float, step: str) -> None:
            progress.update(task, completed=share, description=label("step", step, language))

        yield told


def _show(done: Assessment, language: str) -> None:
    console = Console()
    if done.layers.synthetic:
        console.print(f"[bold]{text('app.synthetic_long', language)}[/bold]")
    table = Table(title=text("assess.rates", language))
    for key in ("zone", "rate", "target", "standing"):
        table.add_column(text(f"column.{key}", language))
    whole = done.clean_heating[done.clean_heating["county_code"] == rates.ALL].set_index("zone")
    for zone, row in whole.loc[[zone for zone in (*ZONES, UNKNOWN) if zone in whole.index]].iterrows():
        low, high, target = (rates.shown_percent(float(row[name])) for name in ("rate_low", "rate_high", "target"))
        table.add_row(
            label("zone", zone, language), f"{low} – {high}", target, label("standing", row["standing"], language)
        )
    console.print(table)
    said = report.summary(done)
    for verdict, count in said["boilers_by_verdict"].items():
        console.print(f"{label('verdict', verdict, language)}: {count}", markup=False)
    roofs = said["rooftops"]
    console.print(
        text("assess.roofs", language, count=roofs["fitted"], mw=roofs["capacity_mw"], gwh=roofs["yield_gwh"])
    )
    for note in done.solar.notes():
        console.print(f"· {text(note, language)}", markup=False)
    for layer, rows in said["rows"].items():
        counts = {"total": rows["in"], "used": rows["used"], "aside": rows["set_aside"]}
        console.print(text("assess.rows", language, layer=label("layer", layer, language), **counts))


def _gather(
    paths: dict[str, Path],
    demo_size: int | None,
    workspace: str | None,
    *,
    sky: dict[str, list[Path]],
    crs: str | None,
    told: Told,
) -> Layers:
    """Read the layers of the run; the embedded city, a workspace and files of one's own are never mixed."""
    given = [name for name, said in (("--demo", demo_size), ("--workspace", workspace)) if said is not None]
    if given and (paths or len(given) > 1):
        files = ", ".join([*given[1:], *(str(path) for path in paths.values())])
        raise DataError([Fault(rule="demo_and_files", effect="refused", file=given[0], got=files)])
    if workspace is not None:
        kept = kept_layers(open_filled(workspace))
        return replace_sky(kept, **sky) if any(sky.values()) else kept
    if demo_size is None:
        return load(paths, **sky, crs=crs, progress=told)
    try:
        layers = demo_layers(buildings=demo_size, progress=told)
    except ValueError as error:
        raise DataError([Fault(rule="demo_size", effect="refused", file="--demo-buildings", got=str(error))]) from error
    return replace_sky(layers, **sky) if any(sky.values()) else layers


def _prepare(out: Path) -> list[Fault]:
    """Make the folder for the results, before anything is computed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".writable").touch()
        (out / ".writable").unlink()
    except OSError as error:
        return [_not_writable(out, error)]
    return []


def _not_writable(out: Path, error: OSError) -> Fault:
    return Fault(
        rule="not_writable", effect="refused", file=str(error.filename or out), got=error.strerror or str(error)
    )


def _inputs(
    read_scenario: Callable[[], Scenario], read_layers: Callable[[], Layers], *, out: Path
) -> tuple[Scenario, Layers]:
    """Read everything and raise the faults of all of it together."""
    refused = _prepare(out)
    scenario: Scenario | None = None
    layers: Layers | None = None
    try:
        scenario = read_scenario()
    except DataError as error:
        refused.extend(error.faults)
    try:
        layers = read_layers()
    except DataError as error:
        refused.extend(error.faults)
    if refused or scenario is None or layers is None:
        raise DataError(refused)
    return scenario, layers


@app.command("assess")
def assess_command(  # noqa: PLR0917 - typer makes an option of each, none is positional on the command line
    out: Annotated[Path, typer.Option(help="folder for the results")],
    use_demo: Annotated[bool, typer.Option("--demo", help="the embedded synthetic city")] = False,
    demo_buildings: Annotated[int, typer.Option(help="size of the demo city", min=1000)] = demo.BUILDINGS,
    buildings: _File = None,
    boilers: _File = None,
    plants: _File = None,
    networks: _File = None,
    villages: _File = None,
    counties: _File = None,
    streets: _File = None,
    institutions: _File = None,
    workspace: Annotated[str | None, typer.Option(help="layers kept by `python -m geo import`")] = None,
    weather: Annotated[list[Path] | None, typer.Option(help="weather file, one a cell, or a folder")] = None,
    elevation: Annotated[list[Path] | None, typer.Option(help="GeoTIFF of the terrain, or a folder of tiles")] = None,
    scenario: _File = None,
    crs: Annotated[str | None, typer.Option(help="coordinate system of files that state none")] = None,
    allow_distant_weather: Annotated[bool, typer.Option(help="use weather from farther than 100 km")] = False,
    strict: Annotated[bool, typer.Option(help="exit 2 on any fault, also on single rows and cells")] = False,
    unmasked: Annotated[bool, typer.Option(help="show names of persons, telephone and identity numbers")] = False,
    heat_raster: Annotated[bool, typer.Option("--heat-raster", help="write heat_density.tif, 100 m cells")] = False,
    print_sheets: Annotated[
        Literal["pdf", "docx"] | None, typer.Option("--sheets", help="one sheet a boiler, in one file")
    ] = None,
    language: Annotated[Language, typer.Option(help="language of the results")] = "zh",
) -> None:
    """Assess a city and write assessment.gpkg, clean_heating.csv, boilers.csv, rooftops.parquet, summary.json.

    The ledger of the boilers in the columns that are reported is boiler_ledger.xlsx, with the field checks of the
    workspace; ``--sheets`` adds boiler_sheets.pdf or .docx. Registers of single clauses are registers.xlsx.

    Exit 2 with the list of all faults if a file cannot be used.
    """
    given = {"buildings": buildings, "boilers": boilers, "plants": plants}
    given |= {"networks": networks, "villages": villages, "counties": counties}
    given |= {"streets": streets, "institutions": institutions}
    paths = {layer: path for layer in LAYERS if (path := given.get(layer)) is not None}
    sky = {"weather": weather or [], "elevation": elevation or []}
    try:
        with _bar(language) as told:
            chosen, layers = _inputs(
                lambda: read(scenario) if scenario else Scenario(),
                lambda: _gather(paths, demo_buildings if use_demo else None, workspace, sky=sky, crs=crs, told=told),
                out=out,
            )
            if allow_distant_weather:
                chosen = dataclasses.replace(chosen, allow_distant_weather=True)
            done = assess(layers, chosen, progress=told)
            written = _written(done, out, language=language, strict=strict, unmasked=unmasked)
            written += _raster(done, out, language=language) if heat_raster else []
            written += _registers(done, out, language=language, unmasked=unmasked)
            written += _on_paper(done, out, workspace, kind=print_sheets, language=language, unmasked=unmasked)
    except DataError as error:
        typer.echo(fault_list(error.faults, language), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(_not_writable(out, error).message(language), err=True)
        raise typer.Exit(2) from error
    except AuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from error
    _show(done, language)
    if done.faults:
        typer.echo(fault_list(done.faults, language), err=True)
    for path in written:
        typer.echo(str(path))


def _written(done: Assessment, out: Path, *, language: str, strict: bool, unmasked: bool) -> list[Path]:
    if strict and done.faults:
        raise DataError(done.faults)
    return report.write(done, out, language=language, unmasked=unmasked)


def _raster(done: Assessment, out: Path, *, language: str) -> list[Path]:
    content = geotiff(heat_density(done.buildings, done.crs), synthetic=done.layers.synthetic, language=language)
    return [write_bytes(out / "heat_density.tif", content)]


def _registers(done: Assessment, out: Path, *, language: str, unmasked: bool) -> list[Path]:
    """Write the registers, ages counted to the day of the scenario or else to this year."""
    as_of = done.scenario.as_of
    year = int(as_of[:4]) if as_of else datetime.now(UTC).astimezone().year
    with parameters.overridden(done.scenario.parameters):
        content = workbook(done, year, language=language, unmasked=unmasked)
    return [] if content is None else [write_bytes(out / "registers.xlsx", content)]


def _on_paper(
    done: Assessment, out: Path, workspace: str | None, *, kind: str | None, language: str, unmasked: bool
) -> list[Path]:
    """Write the ledger that is reported, and the sheets where they are asked for."""
    if done.boilers.empty:
        return []
    history = kept_checks(workspace)
    table = ledger_sheet.j1(done, last_versions(history), language=language, unmasked=unmasked)
    shown = report.stamped(table, done, language)
    title = text("file.j1", language)
    written = [write_bytes(out / "boiler_ledger.xlsx", xlsx_bytes({title: shown}, title=title))]
    if kind is not None:
        day = datetime.now(UTC).astimezone().date().isoformat()
        names = done.boilers["boiler_id"].tolist()
        made = sheets.printed(done, names, history, day=day, kind=kind, language=language, unmasked=unmasked)
        written.append(write_bytes(out / f"boiler_sheets.{kind}", made))
    return written


if __name__ == "__main__":
    app()
