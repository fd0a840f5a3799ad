"""Command line of the data room: ``python -m data demo --out DIR`` writes the synthetic demo city."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from data import demo
from data.catalog import text

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def data() -> None:
    """Layers, parameters and the synthetic demo city."""


@app.command("demo")
def demo_city(
    out: Annotated[Path, typer.Option(help="Directory to write to; an older demo city there is replaced.")],
    buildings: Annotated[int, typer.Option(min=1000, help="Number of buildings.")] = demo.BUILDINGS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random generator.")] = demo.SEED,
) -> None:
    """Write the synthetic demo city as GeoParquet, one file a layer."""
    started = time.perf_counter()
    console = Console()
    with Progress(console=console) as bar:
        task = bar.add_task(text("demo.command.title"), total=1.0)
        demo.build(
            out,
            buildings=buildings,
            seed=seed,
            progress=lambda share, caption: bar.update(task, completed=share, description=caption),
        )
    seconds = time.perf_counter() - started
    console.print(text("demo.command.built", path=out, buildings=buildings, seconds=seconds))
    console.print(text("demo.notice"))


if __name__ == "__main__":
    app()
