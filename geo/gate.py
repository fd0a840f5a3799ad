"""What a person does with a file at the gate: look at it, say what it is, read it, and keep it.

The screen and the command line do the same through these functions, so that neither can let in what the other
would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

import geopandas as gpd
import pandas as pd

from data.catalog import text
from data.schemas import IDENTIFIERS
from geo import mapping as columns
from geo.crs import Recognition
from geo.io import LayerRead, embedded_counties, guess_raw, read_raw
from geo.quality import Finding, examine, mended
from geo.readers.opening import open_raw
from geo.readers.raw import Raw
from geo.workspace import Record, Store

TRUSTED: tuple[str, ...] = ("counties", "villages", "buildings")
WEB_MERCATOR = 3857
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person said about a file; all of it can be told again to get the same layer.

    Parameters
    ----------
    layer : str
        Which layer the file is.
    sublayer : str, optional
        Layer of a GeoPackage or zip, or sheet of a workbook.
    mapping : dict
        Header → our column and the unit of the numbers; an empty column leaves the header out.
    crs : str, optional
        Coordinate system, where it overrules the file.
    datum : {"wgs84", "gcj02", "bd09"}, optional
        Where it overrules what was found.
    """

    layer: str
    sublayer: str | None = None
    mapping: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    crs: str | None = None
    datum: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A file as it was opened, and what it may be.

    Parameters
    ----------
    raw : Raw
        Rows and headers of the file.
    layer : str
        What its headers and shapes speak for, or empty.
    sublayer : str or None
        The one that was opened.
    matches : tuple of Match
        What each header is taken for, in the file's order.
    signature : str
        Names all files with these headers.
    """

    raw: Raw
    layer: str
    sublayer: str | None
    matches: tuple[columns.Match, ...]
    signature: str

    @property
    def questions(self) -> tuple[columns.Match, ...]:
        """Headers that only a person can settle: alike but not known, or with a unit that is not stated."""
        return tuple(match for match in self.matches if match.how == "similar" or match.unit == "?")

    def decision(self) -> Decision:
        """Return the decision that takes every proposal but those that are questions."""
        open_ones = {match.foreign for match in self.questions}
        taken = {match.foreign: (match.ours, match.unit) for match in self.matches if match.how == "remembered"}
        kept = {name: entry for name, entry in taken.items() if name not in open_ones}
        return Decision(layer=self.layer, sublayer=self.sublayer, mapping=kept)


def look(path: Path, *, layer: str | None = None, sublayer: str | None = None, store: Store | None = None) -> Look:
    """Open a file and propose what it is; nothing is decided.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layer : str, optional
        Which layer it is, where the person has said so.
    sublayer : str, optional
        Which of its layers or sheets.
    store : Store, optional
        Where confirmed mappings of files with the same headers are looked for.

    Raises
    ------
    DataError
        If the file cannot be opened, or holds several layers and none is named.
    """
    raw = open_raw(path, sublayer=sublayer, layer=layer)
    kind = layer or guess_raw(raw)
    if not kind:
        return Look(raw=raw, layer="", sublayer=sublayer, matches=(), signature="")
    names = [str(name) for name in raw.frame if name not in ("geometry", "source_row")]
    seal = columns.signature(kind, names)
    known = remembered(store, kind, seal) if store is not None else None
    matches = columns.propose(kind, raw.frame, remembered=known)
    return Look(raw=raw, layer=kind, sublayer=sublayer, matches=tuple(matches), signature=seal)


def remembered(store: Store, layer: str, signature: str) -> dict[str, tuple[str, str]] | None:
    """Return the mapping that was last confirmed for files with these headers, or None; what was undone is not."""
    current = store.position(layer).current or 0
    fitting = [one for one in store.history(layer) if one.signature == signature and one.version <= current]
    if not fitting:
        return None
    last = max(fitting, key=lambda record: record.version)
    return {name: (ours, last.units.get(name, "")) for name, ours in last.confirmed.items()}


def is_sure(record: Record) -> bool:
    """Tell whether the place of a kept layer can be trusted: tested, stated by a person, or surveyed in metres."""
    if record.synthetic:
        return False
    found = Recognition.from_dict(record.crs)
    surveyed = found.crs is not None and found.crs.is_projected and found.crs.to_epsg() != WEB_MERCATOR
    return found.decided or found.datum_given or surveyed


def trusted_layers(store: Store | None) -> dict[str, gpd.GeoDataFrame]:
    """Return what files are held against to find shifted coordinates: kept layers, else the county outlines.

    Synthetic layers are never trusted, nor those whose own place nobody has tested or stated. The embedded outlines
    of the three counties are real (see ``data/demo``).
    """
    found: dict[str, gpd.GeoDataFrame] = {}
    if store is not None:
        current = store.layers()
        found = {name: store.read(name) for name in TRUSTED if name in current and is_sure(current[name])}
    if "counties" not in found:
        found["counties"] = embedded_counties()
    return found


def read(
    path: Path,
    decision: Decision,
    *,
    raw: Raw | None = None,
    trusted: Mapping[str, gpd.GeoDataFrame] | None = None,
    name: str = "",
) -> LayerRead:
    """Read a file as a person decided; see `geo.io.read_raw`."""
    opened = raw if raw is not None else open_raw(path, sublayer=decision.sublayer, layer=decision.layer)
    return read_raw(
        path,
        opened,
        decision.layer,
        crs=decision.crs,
        mapping=dict(decision.mapping),
        trusted=trusted,
        datum=decision.datum,
        name=name,
    )


def keep(
    store: Store, done: LayerRead, decision: Decision, *, signature: str, who: str, expected: int | None
) -> Record:
    """Keep a layer that was read as its next version, with the file as it came.

    Parameters
    ----------
    store : Store
        The workspace.
    done : LayerRead
        From `read`.
    decision : Decision
        What it was read by.
    signature : str
        Of the file's headers, so that the mapping is remembered.
    who : str
        Who keeps it.
    expected : int or None
        The version that the person saw, None if there was none: another one meanwhile is a conflict.

    Raises
    ------
    DataError
        If the workspace has moved on, or cannot be written; nothing is changed then.
    """
    record = Record(
        layer=done.layer,
        file=PurePath(done.file.replace("\\", "/")).name[-LONGEST_NAME:],
        source_sha256=done.sha256,
        sha256="",
        rows_in=done.rows_in,
        rows_used=len(done.frame),
        rows_set_aside=len(done.checked.set_aside),
        mapping=dict(done.mapping),
        confirmed={name: ours for name, (ours, _) in decision.mapping.items()},
        units=dict(done.units),
        signature=signature,
        sublayer=decision.sublayer,
        crs=done.recognition.as_dict(),
        time=datetime.now(UTC),
        who=who,
        synthetic=done.synthetic,
        faults=[fault.as_plain() for fault in done.faults],
        accepted=[],
        version=0,
        note="",
    )
    return store.keep(
        done.layer, done.frame, record, set_aside=done.checked.set_aside, source=done.path, expected=expected
    )


def mend(store: Store, finding: Finding, *, who: str, expected: int | None) -> Record:
    """Mend a finding as a person asked, and keep the layer as its next version; rows taken out are set aside.

    Raises
    ------
    DataError
        If the workspace has moved on, or cannot be written; nothing is changed then.
    """
    before = store.layers()[finding.layer]
    done = mended(store.read(finding.layer), finding)
    aside = store.set_aside(finding.layer)
    out = pd.concat([aside, done.set_aside], ignore_index=True) if len(done.set_aside) else aside
    record = replace(
        before,
        rows_used=len(done.frame),
        rows_set_aside=len(out),
        faults=[*before.faults, done.fault.as_plain()],
        time=datetime.now(UTC),
        who=who,
        note=text("gate.mended", what=done.fault.message()),
    )
    source = store.source(finding.layer)
    return store.keep(finding.layer, done.frame, record, set_aside=out, source=source, expected=expected)


def replaced(store: Store, done: LayerRead) -> tuple[Record, int] | None:
    """Return the version that a layer would take the place of, and how many of its identifiers are no longer there."""
    before = store.layers().get(done.layer)
    if before is None:
        return None
    name = IDENTIFIERS[done.layer]
    gone = set(store.read(done.layer)[name]) - set(done.frame[name])
    return before, len(gone)


def samples(raw: Raw, names: Sequence[str], *, most: int = 3) -> dict[str, str]:
    """Return the first distinct cells of each column as one text, for a person who decides what it means."""
    found = {}
    for name in names:
        said = raw.frame[name].dropna().astype(str).drop_duplicates().head(most)
        found[name] = " | ".join(cell[:24] for cell in said)
    return found


def version_of(store: Store, layer: str) -> int | None:
    """Return the current version of a layer, or None."""
    current = store.layers().get(layer)
    return None if current is None else current.version


def doubts(frames: Mapping[str, gpd.GeoDataFrame]) -> tuple[Finding, ...]:
    """Examine layers; without counties among them the embedded outlines tell which points lie outside the city."""
    if "counties" in frames:
        return examine(frames)
    outlines = embedded_counties().assign(source_row=range(1, 4))
    return tuple(one for one in examine({**frames, "counties": outlines}) if one.layer != "counties")


def frames_of(store: Store) -> dict[str, gpd.GeoDataFrame]:
    """Return the current version of every layer that is kept."""
    return {name: store.read(name) for name in store.layers()}


def faults_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return the faults of kept layers as one table."""
    return pd.DataFrame([fault for record in records for fault in record.faults])
