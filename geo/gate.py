"""What a person does with a file at the gate: look at it, say what it is, read it, and keep it.

The screen and the command line do the same through these functions, so that neither can let in what the other
would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from data.errors import DataError, Fault
from geo import mapping as columns
from geo.crs import Recognition
from geo.io import LayerRead, embedded_counties, guess_raw, read_raw, stated_unit
from geo.joining import of_sheets
from geo.quality import Finding, examine
from geo.readers.opening import open_raw
from geo.readers.raw import Raw
from geo.workspace import Record, Store, parts_of, source_of

TRUSTED: tuple[str, ...] = ("counties", "villages", "buildings")
WEB_MERCATOR = 3857
_SYSTEM = ("crs_missing", "crs_contradicted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person said about a file; all of it can be told again to get the same layer.

    Parameters
    ----------
    layer : str
        Which layer the file is.
    sublayers : tuple of str
        Layers of a GeoPackage or zip, or sheets of a workbook: several are joined; empty for the only one.
    mapping : dict
        Header → our column and the unit of the numbers; an empty column leaves the header out.
    crs : str, optional
        Coordinate system, where it overrules the file.
    datum : {"wgs84", "gcj02", "bd09"}, optional
        Where it overrules what was found.
    """

    layer: str
    sublayers: tuple[str, ...] = ()
    mapping: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    crs: str | None = None
    datum: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A file as it was opened, and what it may be.

    Parameters
    ----------
    raws : tuple of Raw
        Rows and headers, one for each of `sublayers`, or of the only one.
    layer : str
        What its headers and shapes speak for, or empty.
    sublayers : tuple of str
        Those that were opened, where they were named.
    matches : tuple of Match
        What each header is taken for, in the file's order.
    signature : str
        Names all tables with these headers, a name for each of `raws`.
    """

    raws: tuple[Raw, ...]
    layer: str
    sublayers: tuple[str, ...]
    matches: tuple[columns.Match, ...]
    signature: str

    @property
    def questions(self) -> tuple[columns.Match, ...]:
        """Headers that only a person can settle: alike but not known, or with a unit that is not stated."""
        return tuple(match for match in self.matches if _asks(match))

    def decision(self) -> Decision:
        """Return the decision that takes every proposal but those that are questions."""
        open_ones = {match.foreign for match in self.questions}
        taken = {match.foreign: (match.ours, match.unit) for match in self.matches if match.how == "remembered"}
        kept = {name: entry for name, entry in taken.items() if name not in open_ones}
        return Decision(layer=self.layer, sublayers=self.sublayers, mapping=kept)


def look(path: Path, *, layer: str | None = None, sublayers: Sequence[str] = (), store: Store | None = None) -> Look:
    """Open a file and propose what it is; nothing is decided.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layer : str, optional
        Which layer it is, where the person has said so.
    sublayers : sequence of str
        Which of its layers or sheets; each has the same headers confirmed.
    store : Store, optional
        Where confirmed mappings of files with the same headers are looked for.

    Raises
    ------
    DataError
        If the file cannot be opened, or holds several layers and none is named.
    """
    raws = _opened(path, sublayers, layer)
    guessed = {guess_raw(raw) for raw in raws}
    kind = layer or (guessed.pop() if len(guessed) == 1 else "")
    opened = tuple(dict.fromkeys(sublayers))
    if not kind:
        return Look(raws=raws, layer="", sublayers=opened, matches=(), signature="")
    matches: dict[str, columns.Match] = {}
    seals: list[str] = []
    for raw in raws:
        cells = _cells([raw])
        seals.append(columns.signature(kind, [str(name) for name in cells]))
        known = remembered(store, kind, seals[-1]) if store is not None else None
        for match in columns.propose(kind, cells, remembered=_of_table(known, raw)):
            before = matches.setdefault(match.foreign, match)
            if _asks(match) and not _asks(before):
                matches[match.foreign] = match
    return Look(
        raws=raws,
        layer=kind,
        sublayers=opened,
        matches=tuple(matches.values()),
        signature=" ".join(dict.fromkeys(seals)),
    )


def _of_table(known: Mapping[str, tuple[str, str]] | None, raw: Raw) -> dict[str, tuple[str, str]] | None:
    """Return what is remembered of a table's own headers; the unit that its caption states is not overruled."""
    return None if known is None else _own(known, raw)


def _own(said: Mapping[str, tuple[str, str]], raw: Raw) -> dict[str, tuple[str, str]]:
    return {
        header: (ours, "" if stated_unit(ours, raw.units) else unit)
        for header, (ours, unit) in said.items()
        if header in raw.frame
    }


def _asks(match: columns.Match) -> bool:
    """Tell whether only a person can settle what a header means, or in which unit it is."""
    return match.how == "similar" or match.unit == "?"


def _opened(path: Path, sublayers: Sequence[str], layer: str | None) -> tuple[Raw, ...]:
    """Open each of the sublayers, or the only one; all that cannot be opened are told at once."""
    raws: list[Raw] = []
    faults: list[Fault] = []
    for sublayer in tuple(dict.fromkeys(sublayers)) or (None,):
        try:
            raws.append(open_raw(path, sublayer=sublayer, layer=layer))
        except DataError as error:
            several = len(sublayers) > 1
            faults += [
                replace(fault, file=source_of(path.name, sublayer)) if several else fault for fault in error.faults
            ]
    if faults:
        raise DataError(faults)
    return tuple(raws)


def _cells(raws: Sequence[Raw]) -> pd.DataFrame:
    """Return the cells of all tables by their headers, without shapes."""
    frames = [raw.frame.drop(columns=["geometry", "source_row"], errors="ignore") for raw in raws]
    if len(frames) == 1:
        return pd.DataFrame(frames[0])
    names = dict.fromkeys(name for frame in frames for name in frame)
    return pd.DataFrame(
        {
            name: pd.concat([frame[name].astype(object) for frame in frames if name in frame], ignore_index=True)
            for name in names
        }
    )


def remembered(store: Store, layer: str, signature: str) -> dict[str, tuple[str, str]] | None:
    """Return the mapping that was last confirmed for tables with these headers, or None; what was undone is not."""
    current = store.position(layer).current or 0
    fitting = [one for one in store.history(layer) if signature in one.signature.split() and one.version <= current]
    if not fitting:
        return None
    last = max(fitting, key=lambda record: record.version)
    return {name: (ours, last.units.get(name, "")) for name, ours in last.confirmed.items()}


def is_sure(record: Record) -> bool:
    """Tell whether the place of a kept layer can be trusted: tested, stated by a person, or surveyed in metres."""
    if record.synthetic:
        return False
    return all(_is_placed(Recognition.from_dict(part.crs)) for part in parts_of(record))


def _is_placed(found: Recognition) -> bool:
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
    raws: Sequence[Raw] = (),
    trusted: Mapping[str, gpd.GeoDataFrame] | None = None,
    name: str = "",
) -> LayerRead:
    """Read a file as a person decided; several sheets are read one by one and joined. See `geo.io.read_raw`.

    Raises
    ------
    DataError
        If the file, or any of its sheets that were chosen, cannot be used; with what was found in all of them.
    """
    names = tuple(dict.fromkeys(decision.sublayers)) or (None,)
    opened = tuple(raws) or _opened(path, decision.sublayers, decision.layer)
    parts: list[LayerRead] = []
    faults = _strange(path, opened, decision) if len(names) > 1 else []
    refused = [fault.rule for fault in faults]
    for sublayer, raw in zip(names, opened, strict=True):
        file = source_of(name or path.name, sublayer) if len(names) > 1 else name or path.name
        try:
            done = _read_one(path, raw, decision, trusted=trusted, name=file)
        except DataError as error:
            faults += error.faults
            refused += {fault.rule for fault in error.faults if fault.effect == "refused"}
            continue
        faults += done.faults
        parts.append(replace(done, sublayer=sublayer))
    if refused:
        if len(names) > 1 and 0 < sum(rule in _SYSTEM for rule in refused) < len(names):
            faults.append(Fault(rule="sheets_systems", effect="refused", file=name or path.name))
        raise DataError(faults)
    return parts[0] if len(parts) == 1 else of_sheets(parts, name or path.name)


def _strange(path: Path, raws: Sequence[Raw], decision: Decision) -> list[Fault]:
    """Refuse headers that a person speaks of and none of the sheets has."""
    known = dict.fromkeys(str(name) for raw in raws for name in raw.frame if name not in ("geometry", "source_row"))
    return [
        Fault(
            rule="column_missing",
            effect="refused",
            file=path.name,
            layer=decision.layer,
            column=header,
            expected=", ".join(known)[:200],
            got=ours,
        )
        for header, (ours, _) in decision.mapping.items()
        if header not in known
    ]


def _read_one(
    path: Path, raw: Raw, decision: Decision, *, trusted: Mapping[str, gpd.GeoDataFrame] | None, name: str
) -> LayerRead:
    """Read one table; of what was said of headers, that which is about its own."""
    said = dict(decision.mapping)
    if len(decision.sublayers) > 1:
        said = _own(said, raw)  # an answer for several sheets fills what a sheet leaves open
    return read_raw(
        path, raw, decision.layer, crs=decision.crs, mapping=said, trusted=trusted, datum=decision.datum, name=name
    )


def samples(look: Look, *, most: int = 3) -> dict[str, str]:
    """Return the first distinct cells of each column as one text, for a person who decides what it means."""
    cells = _cells(look.raws)
    found = {}
    for match in look.matches:
        said = cells[match.foreign].dropna().astype(str).drop_duplicates().head(most)
        found[match.foreign] = " | ".join(cell[:24] for cell in said)
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
