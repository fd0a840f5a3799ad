"""Commands on a workspace: bring in, list, take back, check, hand out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.catalog import LAYERS, label, text
from data.errors import DataError, Fault, fault_list, seen
from geo import formats, gate, keeping, quality
from geo.crs import code_of
from geo.datum import certainty
from geo.export import write_bytes
from geo.exports.parts import SYSTEMS
from geo.io import LayerRead
from geo.template import template as template_bytes
from geo.workspace import open_filled, open_store, parts_of

Where = Annotated[str, typer.Option("--workspace", help="folder, or postgresql:// address")]
Language = Annotated[Literal["zh", "en"], typer.Option(help="language of the texts")]
_QUESTIONS = 3


@contextmanager
def told(language: str) -> Iterator[None]:
    """Print all faults and leave with 2 where a file or workspace cannot be used."""
    try:
        yield
    except DataError as error:
        typer.echo(fault_list(error.faults, language), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        said = error.strerror or type(error).__name__
        fault = Fault(rule="not_writable", effect="refused", file=Path(str(error.filename or "")).name, got=said)
        typer.echo(fault.message(language), err=True)
        raise typer.Exit(2) from error


def parsed(said: list[str]) -> dict[str, tuple[str, str]]:
    """Return what ``--map`` says, ``header=column`` or ``header=column|unit``; an empty column leaves a header out.

    >>> parsed(["吨位=capacity_t_h|MW", "备注="])
    {'吨位': ('capacity_t_h', 'MW'), '备注': ('', '')}
    """
    found = {}
    for one in said:
        header, equals, meaning = one.rpartition("=")
        if not equals or not header:
            raise DataError([Fault(rule="mapping_unreadable", effect="refused", file="--map", got=one)])
        ours, _, unit = meaning.partition("|")
        found[header] = (ours.strip(), unit.strip())
    return found


def bring_in(
    file: Annotated[Path, typer.Argument(help="the file to bring in")],
    where: Where,
    layer: Annotated[str | None, typer.Option(help=f"one of {', '.join(LAYERS)}")] = None,
    sublayer: Annotated[list[str] | None, typer.Option(help="layers or sheets of the file: several are joined")] = None,
    crs: Annotated[str | None, typer.Option(help="coordinate system, e.g. EPSG:4544, GCJ-02")] = None,
    datum: Annotated[str | None, typer.Option(help="wgs84, gcj02 or bd09: overrules what is found")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="header=column or header=column|unit")] = None,
    who: Annotated[str, typer.Option(help="who brings it in")] = "",
    add: Annotated[bool, typer.Option("--add", help="the rows that are kept stay")] = False,
    instead_of: Annotated[
        list[str] | None, typer.Option(help="only the rows of these sources, as `layers` names them, give way")
    ] = None,
    take_all: Annotated[bool, typer.Option("--yes", help="take the proposals for headers that are alike")] = False,
    language: Language = "zh",
) -> None:
    """Check a file and keep it as the next version of its layer. Exit 3 if a header has to be confirmed first."""
    with told(language):
        if add and instead_of:
            raise DataError([Fault(rule="join_twice", effect="refused", file="--add, --instead-of")])
        store = open_store(where)
        versions = {name: record.version for name, record in store.layers().items()}
        look = gate.look(file, layer=layer, sublayers=sublayer or (), store=store)
        if not look.layer:
            fault = Fault(rule="layer_unknown", effect="refused", file=file.name, expected=", ".join(LAYERS))
            raise DataError([fault])
        said = parsed(mapping or [])
        open_ones = [match for match in look.questions if match.foreign not in said]
        if open_ones and not (take_all and all(match.unit != "?" for match in open_ones)):
            for match in open_ones:
                proposal = f"{match.ours}|{match.unit}" if match.unit else match.ours
                typer.echo(text("gate.confirm", language, header=match.foreign, proposal=proposal), err=True)
            raise typer.Exit(_QUESTIONS)
        taken = {match.foreign: (match.ours, match.unit) for match in open_ones} if take_all else {}
        decision = gate.Decision(
            layer=look.layer,
            sublayers=look.sublayers,
            mapping=dict(look.decision().mapping) | taken | said,
            crs=crs,
            datum=datum,
        )
        done = gate.read(file, decision, raws=look.raws, trusted=gate.trusted_layers(store))
        if done.faults:
            typer.echo(fault_list(done.faults, language), err=True)
        join = keeping.Join(instead_of=tuple(instead_of or ())) if add or instead_of else None
        _tell(done, keeping.change(store, done, join), join, language)
        seen = versions.get(look.layer)
        record = keeping.keep(store, done, decision, signature=look.signature, who=who, expected=seen, join=join)
    typer.echo(text("gate.kept_line", language, layer=record.layer, version=record.version, rows=record.rows_used))


def _tell(done: LayerRead, change: keeping.Change | None, join: keeping.Join | None, language: str) -> None:
    """Say where the coordinates are, how sure that is, and what becomes of the version that is kept."""
    for part in done.parts or (done,):
        found = part.recognition
        system = "—" if found.crs is None else code_of(found.crs)
        said = text("gate.crs_line", language, crs=system, why=text(f"crs.{found.why}", language))
        typer.echo(f"{seen(part.sublayer or '')}: {said}" if done.parts else said)
        if found.datum_tested:
            datum = label("datum", found.datum if found.decided or found.datum_given else None, language)
            sure = certainty(found.confidence)
            typer.echo(text("gate.crs_datum_line", language, datum=datum, confidence=sure, n=found.n))
    if done.unread:
        typer.echo(text("gate.unread_line", language, names=", ".join(map(seen, done.unread))))
    if change is not None:
        counts = {"version": change.before.version, "before": change.before.rows_used, "after": change.after}
        typer.echo(text("gate.replaces" if join is None else "gate.joins", language, gone=change.gone, **counts))
        if change.told:
            typer.echo(fault_list(change.told, language), err=True)


def layers(where: Where, language: Language = "zh") -> None:
    """List the layers that are kept, with every version."""
    with told(language):
        store = open_filled(where)
        current = store.layers()
        records = [record for name in LAYERS for record in store.history(name)]
    table = Table()
    for key in ("column.layer", "gate.version", "gate.current", "column.file", "inspect.rows_usable", "gate.who"):
        table.add_column(text(key, language))
    for record in records:
        used = current.get(record.layer)
        mark = "✓" if used is not None and used.version == record.version else ""
        files = "\n".join(part.source for part in parts_of(record)) if record.parts else record.file
        cells = (record.version, mark, files, record.rows_used, record.who)
        table.add_row(label("layer", record.layer, language), *(Text(str(cell)) for cell in cells))
    Console().print(table)


def undo(layer: str, where: Where, language: Language = "zh") -> None:
    """Take the last change of a layer back; nothing is deleted."""
    _step("undo", layer, where, language)


def redo(layer: str, where: Where, language: Language = "zh") -> None:
    """Bring back what was undone last."""
    _step("redo", layer, where, language)


def _step(act: Literal["undo", "redo"], layer: str, where: str, language: str) -> None:
    with told(language):
        store = open_filled(where)
        seen = gate.version_of(store, layer)
        record = store.undo(layer, expected=seen) if act == "undo" else store.redo(layer, expected=seen)
    version = "—" if record is None else record.version
    typer.echo(text("gate.now_at", language, layer=layer, version=version))


def check(
    where: Where,
    out: Annotated[Path | None, typer.Option(help="also write the report as xlsx")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="show personal data")] = False,
    language: Language = "zh",
) -> None:
    """Examine the kept layers and print every finding."""
    with told(language):
        store = open_filled(where)
        current = store.layers()
        frames = gate.frames_of(store)
        findings = gate.doubts(frames)
    accepted = frozenset(key for record in current.values() for key in record.accepted)
    table = quality.table(findings, language, accepted, masked=not unmasked)
    shown = Table()
    for column in table:
        shown.add_column(label("quality.column", str(column), language))
    for row in table.itertuples(index=False):
        shown.add_row(*(Text(str(cell)) for cell in row))
    Console().print(shown)
    if out is not None:
        sources = {name: record.file for name, record in current.items()}
        marked = any(record.synthetic for record in current.values())
        content = quality.workbook(
            findings,
            frames,
            language,
            sources=sources,
            synthetic=marked,
            accepted=accepted,
            masked=not unmasked,
        )
        write_bytes(out, content)


def export(
    where: Where,
    out: Annotated[Path, typer.Option(help="folder to write into")],
    kind: Annotated[str, typer.Option("--format", help=", ".join(formats.FORMATS))] = "gpkg",
    crs: Annotated[str, typer.Option(help=", ".join(SYSTEMS))] = "EPSG:4490",
    layer: Annotated[list[str] | None, typer.Option(help="only these layers")] = None,
    unmasked: Annotated[bool, typer.Option(help="show personal data")] = False,
    language: Language = "zh",
) -> None:
    """Write the kept layers in another format and coordinate system."""
    with told(language):
        store = open_filled(where)
        current = store.layers()
        frames = {name: store.read(name) for name in layer or current}
        made = formats.export(
            frames,
            format=kind,
            crs=crs,
            language=language,
            name=text("gate.export_file", language),
            synthetic=any(current[name].synthetic for name in frames),
            masked=not unmasked,
        )
        written = write_bytes(out / made.file_name, made.content)
    if made.notes:
        typer.echo(fault_list(made.notes, language), err=True)
    typer.echo(str(written))


def template(out: Annotated[Path, typer.Option(help="the workbook to write")], language: Language = "zh") -> None:
    """Write an empty workbook with the headers of every layer."""
    with told(language):
        write_bytes(out, template_bytes(language))


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command("import")(bring_in)
    for command in (layers, undo, redo, check, export, template):
        app.command()(command)
