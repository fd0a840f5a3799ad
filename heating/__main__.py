"""``python -m heating assess``: the whole assessment from the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from data import demo
from data.catalog import LAYERS, ZONES, label, text
from data.errors import DataError, Fault, fault_list
from heating import rates, report
from heating.assessment import Assessment, assess
from heating.layers import Progress as Told
from heating.layers import demo_layers, load
from heating.scenario import Scenario, read

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
_File = Annotated[Path | None, typer.Option(exists=False, dir_okay=False)]


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
    for zone in (*ZONES, "unknown"):
        if zone in whole.index:
            row = whole.loc[zone]
            table.add_row(
                label("zone", zone, language),
                f"{rates.shown_percent(row['rate_low'])} – {rates.shown_percent(row['rate_high'])}",
                "" if row["target"] != row["target"] else f"{row['target']:.0%}",  # noqa: PLR0124 - NaN
                label("standing", row["standing"], language),
            )
    console.print(table)
    said = report.summary(done)
    for verdict, count in said["boilers_by_verdict"].items():
        console.print(f"{label('verdict', verdict, language)}: {count}", markup=False)
    roofs = said["rooftops"]
    console.print(
        text("assess.roofs", language, count=roofs["fitted"], mw=roofs["capacity_mw"], gwh=roofs["yield_gwh"])
    )
    for layer, rows in said["rows"].items():
        console.print(text("assess.rows", language, layer=label("layer", layer, language), **{
            "total": rows["in"], "used": rows["used"], "aside": rows["set_aside"]}))


@app.command("assess")
def assess_command(  # noqa: PLR0913 - one option a layer
    out: Annotated[Path, typer.Option(help="folder for the results")],
    use_demo: Annotated[bool, typer.Option("--demo", help="the embedded synthetic city")] = False,
    demo_buildings: Annotated[int, typer.Option(help="size of the demo city")] = demo.BUILDINGS,
    buildings: _File = None,
    boilers: _File = None,
    plants: _File = None,
    networks: _File = None,
    villages: _File = None,
    counties: _File = None,
    weather: _File = None,
    scenario: _File = None,
    crs: Annotated[str | None, typer.Option(help="coordinate system of files that state none")] = None,
    allow_distant_weather: Annotated[bool, typer.Option(help="use weather from farther than 100 km")] = False,
    strict: Annotated[bool, typer.Option(help="exit 2 on any fault, also on single rows and cells")] = False,
    language: Annotated[str, typer.Option(help="zh or en")] = "zh",
) -> None:
    """Assess a city and write assessment.gpkg, clean_heating.csv, boilers.csv, rooftops.parquet, summary.json.

    Exit 2 with the list of all faults if a file cannot be used.
    """
    given = {"buildings": buildings, "boilers": boilers, "plants": plants}
    given |= {"networks": networks, "villages": villages, "counties": counties}
    paths = {layer: path for layer in LAYERS if (path := given.get(layer)) is not None}
    try:
        chosen = read(scenario) if scenario else Scenario()
        if allow_distant_weather:
            chosen = dataclasses.replace(chosen, allow_distant_weather=True)
        with _bar(language) as told:
            layers = (
                demo_layers(buildings=demo_buildings, progress=told)
                if use_demo
                else load(paths, weather=weather, crs=crs, progress=told)
            )
            if strict and layers.faults:
                raise DataError(layers.faults)
            done = assess(layers, chosen, progress=told)
            written = report.write(done, out, language=language)
    except DataError as error:
        typer.echo(fault_list(error.faults, language), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        fault = Fault(rule="not_writable", effect="refused", file=str(out), got=str(error))
        typer.echo(fault.message(language), err=True)
        raise typer.Exit(2) from error
    _show(done, language)
    if done.faults:
        typer.echo(fault_list(done.faults, language), err=True)
    for path in written:
        typer.echo(str(path))


if __name__ == "__main__":
    app()
