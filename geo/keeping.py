"""What becomes a layer's next version: what was read alone, or joined with what is kept already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from data.catalog import text
from data.errors import DataError, Fault
from data.schemas import IDENTIFIERS
from geo.gate import Decision, version_of
from geo.io import LayerRead
from geo.joining import Block, block_of, joined, unused
from geo.quality import Finding, mended
from geo.workspace import Part, Record, Store, parts_of, plain_name, source_name, source_of
from geo.workspace.parts import LONGEST_NAME
from geo.workspace.sources import MARK, bundled, is_bundle, mark, source_bytes, unbundled
from geo.workspace.store import moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How a layer that was read meets the one that is kept.

    Parameters
    ----------
    instead_of : str
        The source whose rows give way; empty where all rows that are kept stay.
    """

    instead_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What the next version of a layer would be.

    Parameters
    ----------
    frame, set_aside : geopandas.GeoDataFrame
        Rows used and rows set aside.
    faults : tuple of Fault
        Of every table that it is joined of.
    parts : tuple of Part
        Those tables; empty for a single one.
    told : tuple of Fault
        What only the joining brought up.
    """

    frame: gpd.GeoDataFrame
    set_aside: gpd.GeoDataFrame
    faults: tuple[Fault, ...]
    parts: tuple[Part, ...] = ()
    told: tuple[Fault, ...] = ()


def _parts_read(done: LayerRead, file: str, who: str) -> tuple[Part, ...]:
    now = datetime.now(UTC)
    return tuple(
        Part(
            source=source_of(file, one.sublayer),
            file=file,
            sublayer=one.sublayer,
            source_sha256=one.sha256,
            rows_in=one.rows_in,
            rows_used=len(one.frame),
            rows_set_aside=len(one.checked.set_aside),
            mapping=dict(one.mapping),
            units=dict(one.units),
            crs=one.recognition.as_dict(),
            time=now,
            who=who,
            synthetic=one.synthetic,
        )
        for one in (done.parts or (done,))
    )


def following(store: Store, done: LayerRead, join: Join | None, *, version: int | None, who: str = "") -> Next:
    """Return what a layer that was read would become as the version after one that is kept.

    Parameters
    ----------
    store : Store
        The workspace.
    done : LayerRead
        What was read.
    join : Join, optional
        How it meets what is kept; without it, it takes its place.
    version : int, optional
        The version that is kept; None where there is none.
    who : str
        Who keeps it.

    Raises
    ------
    DataError
        If the workspace cannot be read, or no rows came from the source that is to give way.
    """
    file = plain_name(done.file)
    parts = _parts_read(done, file, who)
    if join is None or version is None:
        several = parts if len(parts) > 1 else ()
        return Next(frame=done.frame, set_aside=done.checked.set_aside, faults=done.faults, parts=several)
    record = next(one for one in store.history(done.layer) if one.version == version)
    known = parts_of(record)
    if join.instead_of and join.instead_of not in {part.source for part in known}:
        expected = ", ".join(part.source for part in known)
        raise DataError(
            [Fault(rule="source_unknown", effect="refused", file=file, expected=expected, got=join.instead_of)]
        )
    staying = [part for part in known if part.source != join.instead_of]
    base, faults = _base(store, record, known[0].source, join)
    blocks = [base] if len(base.frame) or len(base.set_aside) else []
    named: list[Part] = []
    for part, one in zip(parts, done.parts or (done,), strict=True):
        source = unused(part.source, [other.source for other in (*staying, *named)])
        named.append(replace(part, source=source))
        blocks.append(block_of(one, source))
        faults += [replace(fault, file=source) for fault in one.faults]
    whole = joined(done.layer, blocks)
    return Next(
        frame=whole.frame,
        set_aside=whole.set_aside,
        faults=(*faults, *whole.faults),
        parts=(*staying, *named),
        told=whole.faults,
    )


def _base(store: Store, record: Record, own: str, join: Join) -> tuple[Block, list[Fault]]:
    """Return the rows that are kept and stay, with what was found about them."""
    frame, aside = store.read(record.layer, record.version), store.set_aside(record.layer, record.version)
    faults = [Fault.from_plain(fault) for fault in record.faults]
    faults = faults if record.parts else [replace(fault, file=own) for fault in faults]
    frame, aside = (one if "source_file" in one else one.assign(source_file=own) for one in (frame, aside))
    if join.instead_of:
        frame, aside = (one[one["source_file"] != join.instead_of].reset_index(drop=True) for one in (frame, aside))
        faults = [fault for fault in faults if fault.file != join.instead_of]
    running = np.zeros(len(frame), dtype=bool)
    return Block(source=own, tag=own, frame=frame, set_aside=aside, running=running), faults


def name_of(parts: Sequence[Part]) -> str:
    """Return what the files of a joined layer are called together."""
    return "、".join(dict.fromkeys(part.file for part in parts))[:LONGEST_NAME]


def sources(store: Store, done: LayerRead, record: Record, *, version: int | None) -> Path | bytes:
    """Return the files as they came that a version is made of: the one that was read, or a zip of all.

    Parameters
    ----------
    store : Store
        The workspace, which keeps the files of the version before.
    done : LayerRead
        What was read.
    record : Record
        Of the version to be.
    version : int, optional
        The version before.
    """
    wanted = list(dict.fromkeys(part.source_sha256 for part in record.parts))
    if len(wanted) < 2 or version is None:
        return done.path
    before = next(one for one in store.history(record.layer) if one.version == version)
    content = store.source(record.layer, version)
    alone = replace(record, file=plain_name(done.file), source_sha256=done.sha256, parts=[])
    found = unbundled(content) if is_bundle(before) else {mark(before): (source_name(before), content)}
    found[mark(alone)] = (source_name(alone), source_bytes(done.path, alone))
    return bundled({digest[:MARK]: found[digest[:MARK]] for digest in wanted})


def keep(
    store: Store,
    done: LayerRead,
    decision: Decision,
    *,
    signature: str,
    who: str,
    expected: int | None,
    join: Join | None = None,
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
    join : Join, optional
        How it meets the rows of that version; without it, it takes their place.

    Raises
    ------
    DataError
        If the workspace has moved on, or cannot be written; nothing is changed then.
    """
    if version_of(store, done.layer) != expected:
        raise moved(done.layer, version_of(store, done.layer), expected)
    after = following(store, done, join, version=expected, who=who)
    joins = join is not None and expected is not None
    record = Record(
        layer=done.layer,
        file=name_of(after.parts) if joins else plain_name(done.file),
        source_sha256=done.sha256,
        sha256="",
        rows_in=len(after.frame) + len(after.set_aside),
        rows_used=len(after.frame),
        rows_set_aside=len(after.set_aside),
        mapping=dict(done.mapping),
        confirmed={name: ours for name, (ours, _) in decision.mapping.items()},
        units=dict(done.units),
        signature=signature,
        sublayer=decision.sublayers[0] if len(decision.sublayers) == 1 else None,
        crs=done.recognition.as_dict(),
        time=datetime.now(UTC),
        who=who,
        synthetic=done.synthetic or any(part.synthetic for part in after.parts),
        faults=[fault.as_plain() for fault in after.faults],
        accepted=store.layers()[done.layer].accepted if joins else [],
        version=0,
        note="",
        parts=list(after.parts),
    )
    source = sources(store, done, record, version=expected)
    return store.keep(done.layer, after.frame, record, set_aside=after.set_aside, source=source, expected=expected)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What keeping a layer would do to the version that is kept.

    Parameters
    ----------
    before : Record
        That version.
    after : int
        Rows that the next one would use.
    gone : int
        Identifiers that would no longer be there.
    told : tuple of Fault
        What the joining brought up.
    """

    before: Record
    after: int
    gone: int
    told: tuple[Fault, ...]


def change(store: Store, done: LayerRead, join: Join | None = None) -> Change | None:
    """Return what keeping a layer would do to the version that is kept, or None where there is none."""
    before = store.layers().get(done.layer)
    if before is None:
        return None
    after = following(store, done, join, version=before.version)
    name = IDENTIFIERS[done.layer]
    gone = set(store.read(done.layer, before.version)[name]) - set(after.frame[name])
    return Change(before=before, after=len(after.frame), gone=len(gone), told=after.told)
