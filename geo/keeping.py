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
from data.schemas import IDENTIFIERS, data_columns
from geo.gate import Decision, doubts, frames_of, version_of
from geo.io import LayerRead
from geo.joining import Block, block_of, joined, placed, unused
from geo.quality import Finding, mended
from geo.quality.mending import BETWEEN_FILES, MENDED
from geo.validate import complete
from geo.workspace import Part, Record, Store, parts_of, plain_name, source_name, source_of
from geo.workspace.parts import LONGEST_NAME
from geo.workspace.sources import MARK, bundled, is_bundle, mark, source_bytes, unbundled
from geo.workspace.store import moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How a layer that was read meets the one that is kept.

    Parameters
    ----------
    instead_of : tuple of str
        The sources whose rows give way; empty where all rows that are kept stay.
    """

    instead_of: tuple[str, ...] = ()


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
    if join is not None and join.instead_of and version is None:
        raise _unknown_source(file, (), join)
    if join is None or version is None:
        several = parts if len(parts) > 1 else ()
        return Next(frame=done.frame, set_aside=done.checked.set_aside, faults=done.faults, parts=several)
    record = next(one for one in store.history(done.layer) if one.version == version)
    known = parts_of(record)
    if not {*join.instead_of} <= {part.source for part in known}:
        raise _unknown_source(file, known, join)
    staying = [part for part in known if part.source not in join.instead_of]
    blocks, faults = _base(store, record, known[0].source, join)
    named: list[Part] = []
    told: list[Fault] = _undone(record, join)
    for part, one in zip(parts, done.parts or (done,), strict=True):
        told += _again(part, staying, done.layer)
        source = unused(part.source, [other.source for other in (*staying, *named)])
        named.append(replace(part, source=source))
        blocks.append(block_of(one, source))
        faults += [replace(fault, file=source) for fault in one.faults]
    whole = joined(done.layer, blocks)
    return Next(
        frame=whole.frame,
        set_aside=whole.set_aside,
        faults=(*faults, *told, *whole.faults),
        parts=recounted((*staying, *named), whole.frame, whole.set_aside),
        told=(*told, *whole.faults),
    )


def recounted(parts: Sequence[Part], frame: gpd.GeoDataFrame, set_aside: gpd.GeoDataFrame) -> tuple[Part, ...]:
    """Return the parts of a joined layer with the rows that it has of each."""
    used, aside = (rows["source_file"].value_counts() for rows in (frame, set_aside))
    return tuple(
        replace(part, rows_used=int(used.get(part.source, 0)), rows_set_aside=int(aside.get(part.source, 0)))
        for part in parts
    )


def _unknown_source(file: str, known: Sequence[Part], join: Join) -> DataError:
    expected = ", ".join(part.source for part in known)
    return DataError(
        [Fault(rule="source_unknown", effect="refused", file=file, expected=expected, got=", ".join(join.instead_of))]
    )


def _again(part: Part, staying: Sequence[Part], layer: str) -> list[Fault]:
    """Tell that a table was joined before, byte for byte."""
    same = [one for one in staying if (one.source_sha256, one.sublayer) == (part.source_sha256, part.sublayer)]
    return [Fault(rule="file_again", effect="noted", file=part.source, layer=layer, got=one.source) for one in same]


def _is_of(fault: Fault, join: Join) -> bool:
    return not {fault.file, *fault.file.split(BETWEEN_FILES)}.isdisjoint(join.instead_of)


def _undone(record: Record, join: Join) -> list[Fault]:
    """Tell of mends that go with the rows that give way."""
    faults = [Fault.from_plain(fault) for fault in record.faults]
    mends = [one for one in faults if one.rule in MENDED and _is_of(one, join)]
    return [replace(one, rule="mend_undone", effect="noted") for one in mends]


def _base(store: Store, record: Record, own: str, join: Join) -> tuple[list[Block], list[Fault]]:
    """Return the rows that are kept and stay, with what was found about them.

    Rows that were set aside for an identifier of another table come up again: that one may be gone.
    """
    frame, aside = store.read(record.layer, record.version), store.set_aside(record.layer, record.version)
    faults = [Fault.from_plain(fault) for fault in record.faults]
    if not record.parts:
        frame, aside = placed(frame, own), placed(aside, own)
        faults = [replace(fault, file=own) for fault in faults]
    if join.instead_of:
        frame, aside = (one[~one["source_file"].isin(join.instead_of)].reset_index(drop=True) for one in (frame, aside))
        faults = [fault for fault in faults if not _is_of(fault, join)]
    clashes = {(fault.file, row) for fault in faults if fault.rule == "id_taken" for row in fault.rows}
    places = list(zip(aside["source_file"], aside["source_row"], strict=True)) if len(aside) else []
    clashed = np.array([place in clashes for place in places], dtype=bool)
    blocks = [_block(own, frame, aside[~clashed] if len(aside) else aside)]
    if clashed.any():
        blocks.append(_block(own, _typed_again(record.layer, aside[clashed]), aside.iloc[:0]))
    return blocks, [fault for fault in faults if fault.rule != "id_taken"]


def _block(own: str, frame: gpd.GeoDataFrame, aside: gpd.GeoDataFrame) -> Block:
    return Block(source=own, tag=own, frame=frame, set_aside=aside, running=np.zeros(len(frame), dtype=bool))


def _typed_again(layer: str, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give rows that were read once, and set aside with others, the kinds of their layer's columns."""
    names = [name for name in data_columns(layer) if name in rows]
    table = complete(pd.DataFrame(rows[names]).astype(object).reset_index(drop=True), layer)
    table["source_row"] = rows["source_row"].to_numpy(dtype="int64")
    table["source_file"] = pd.array(rows["source_file"].astype(str), dtype="string[pyarrow]")
    return gpd.GeoDataFrame(table, geometry=rows.geometry.to_numpy(), crs=rows.crs)


def name_of(parts: Sequence[Part]) -> str:
    """Return what the files of a joined layer are called together, as many as have room and how many there are."""
    files = list(dict.fromkeys(part.file for part in parts))
    whole = BETWEEN_FILES.join(files)
    if len(whole) <= LONGEST_NAME:
        return whole
    end = f"…（{len(files)}）"
    lengths = np.cumsum([len(file) + len(BETWEEN_FILES) for file in files])
    room = int(np.searchsorted(lengths, LONGEST_NAME - len(end), side="right"))
    return BETWEEN_FILES.join([*files[:room], end]) if room else files[0][: LONGEST_NAME - len(end)] + end


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
        accepted=_still_accepted(store, done.layer, join) if join is not None and joins else [],
        version=0,
        note="",
        parts=list(after.parts),
    )
    source = sources(store, done, record, version=expected)
    return store.keep(done.layer, after.frame, record, set_aside=after.set_aside, source=source, expected=expected)


def _still_accepted(store: Store, layer: str, join: Join) -> list[str]:
    """Return what is accepted of the rows that stay."""
    accepted = store.layers()[layer].accepted
    if not join.instead_of or not accepted:
        return accepted
    staying = {one.key for one in doubts(frames_of(store)) if one.sources and not {*join.instead_of} & {*one.sources}}
    return [key for key in accepted if key in staying]


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
        parts=list(recounted(before.parts, done.frame, out)) if before.parts else [],
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
