"""``python -m geo``: look at files, keep them in a workspace, check them, hand them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.catalog import LAYERS, text
from data.errors import DataError, fault_list
from geo import desk_commands
from geo.io import LayerRead, guess, read_layer

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Look at spatial files before they are used."""


def describe(read: LayerRead, *, language: str) -> dict[str, Any]:
    """Return what is known of a file as plain values."""
    found = read.recognition
    return {
        "file": read.file,
        "layer": read.layer,
        "crs": found.crs.to_string() if found.crs else None,
        "crs_why": text(f"crs.{found.why}", language),
        "rows_in": read.rows_in,
        "rows_usable": len(read.frame),
        "rows_set_aside": len(read.checked.set_aside),
        "columns": read.mapping,
        "columns_unread": list(read.unread),
        "sha256": read.sha256,
        "faults": [fault.as_row(language) for fault in read.faults],
    }


def _show(said: dict[str, Any], read: LayerRead, *, language: str) -> None:
    console = Console()
    # Names out of a file are never read as markup: a header such as 容量[MW] would lose its unit.
    table = Table(show_header=False, title=Text(said["file"]))
    for key in ("layer", "crs", "crs_why", "rows_in", "rows_usable", "rows_set_aside"):
        shown = text(f"layer.{said[key]}", language) if key == "layer" else str(said[key])
        table.add_row(text(f"inspect.{key}", language), Text(shown))
    table.add_row(text("inspect.columns", language), Text("\n".join(f"{a} → {b}" for a, b in said["columns"].items())))
    table.add_row(text("inspect.columns_unread", language), Text(", ".join(said["columns_unread"])))
    console.print(table)
    faults = fault_list(read.faults, language) if read.faults else text("inspect.no_faults", language)
    console.print(faults, markup=False, highlight=False, soft_wrap=True)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="the file to look at")],
    layer: Annotated[str | None, typer.Option(help=f"read it as one of {', '.join(LAYERS)}")] = None,
    crs: Annotated[str | None, typer.Option(help="coordinate system, e.g. EPSG:4544")] = None,
    sublayer: Annotated[str | None, typer.Option(help="layer of a GeoPackage or sheet of a workbook")] = None,
    language: Annotated[Literal["zh", "en"], typer.Option(help="language of the texts")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Print the kind of layer, the coordinate system and why, the rows, and all faults. Exit 2 on unusable files."""
    try:
        kind = layer or guess(file, sublayer=sublayer)
        read = read_layer(file, kind, crs=crs, sublayer=sublayer)
    except DataError as error:
        if as_json:
            typer.echo(json.dumps({"faults": [f.as_row(language) for f in error.faults]}, ensure_ascii=False, indent=1))
        else:
            typer.echo(fault_list(error.faults, language), err=True)
        raise typer.Exit(2) from error
    said = describe(read, language=language)
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        _show(said, read, language=language)


desk_commands.register(app)

if __name__ == "__main__":
    app()
