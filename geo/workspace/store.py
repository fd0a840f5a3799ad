"""What a workspace keeps of a layer, and what every kind of workspace can do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import geopandas as gpd
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter
from pydantic.dataclasses import dataclass

from data.catalog import LAYERS
from data.errors import DataError, Fault
from geo.crs import STORED

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_UNSEEN_NUL: Final = "␀"


def _listed(value: Any) -> Any:
    """Write tuples as lists, as JSON has them, and a NUL, which no database keeps in a text, as its picture."""
    if isinstance(value, dict):
        return {_listed(name): _listed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value.replace("\0", _UNSEEN_NUL) if isinstance(value, str) else value


_Text = Annotated[str, BeforeValidator(_listed)]
_Names = Annotated[dict[str, str], BeforeValidator(_listed)]
_Json = Annotated[dict[str, JsonValue], BeforeValidator(_listed)]


_EXACT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, config=_EXACT)
class Part:
    """What is known of one table of a layer that was joined of several; the names mean what they mean in `Record`.

    Parameters
    ----------
    source : str
        What the rows of the table have in ``source_file``.
    """

    source: _Text
    file: _Text
    sublayer: _Text | None
    source_sha256: str
    rows_in: Annotated[int, Field(ge=0)]
    rows_used: Annotated[int, Field(ge=0)]
    rows_set_aside: Annotated[int, Field(ge=0)]
    mapping: _Names
    units: _Names
    crs: _Json
    time: AwareDatetime
    who: _Text
    synthetic: bool


@dataclass(frozen=True, kw_only=True, config=_EXACT)
class Record:
    """What is known of one version of a layer.

    Parameters
    ----------
    layer, file : str
        Which layer it is, and the name of its file as the person knows it.
    source_sha256 : str
        SHA-256 of the file as it came.
    sha256 : str
        SHA-256 of the rows as the workspace keeps them; filled in by the workspace.
    rows_in, rows_used, rows_set_aside : int
        Rows of the file: all, those used and those set aside.
    mapping : dict
        Foreign column → our column.
    confirmed : dict
        The part of it that a person decided.
    units : dict
        Foreign column → the unit its numbers were read in.
    signature : str
        Tells files with the same headers.
    sublayer : str, optional
        Layer of the file, or sheet of the workbook.
    crs : dict
        How its coordinates were read, from `geo.crs.Recognition.as_dict`.
    time : datetime
        When it was brought in, with its time zone.
    who : str
        By whom.
    synthetic : bool
        Whether its data are made up.
    faults : list of dict
        What was found about the file, from `data.errors.Fault.as_plain`.
    accepted : list of str
        Keys of the findings on quality that a person accepted.
    version : int
        Number of the version, from 1; filled in by the workspace.
    note : str
        What the person says about it.
    parts : list of Part
        The tables that it was joined of, in their order; empty where it is a single one.
    """

    layer: str
    file: _Text
    source_sha256: str
    sha256: str = ""
    rows_in: Annotated[int, Field(ge=0)]
    rows_used: Annotated[int, Field(ge=0)]
    rows_set_aside: Annotated[int, Field(ge=0)]
    mapping: _Names
    confirmed: _Names = Field(default_factory=dict)
    units: _Names
    signature: _Text = ""
    sublayer: _Text | None
    crs: _Json
    time: AwareDatetime
    who: _Text
    synthetic: bool
    faults: list[_Json]
    accepted: Annotated[list[str], BeforeValidator(_listed)]
    version: Annotated[int, Field(ge=0)] = 0
    note: _Text = ""
    parts: list[Part] = Field(default_factory=list)


RECORD: Final = TypeAdapter(Record)


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a layer stands among its versions.

    Parameters
    ----------
    current : int, optional
        The version in use; None while the layer is not there.
    can_undo, can_redo : bool
        Whether there is a state before it, and one that was undone.
    """

    current: int | None
    can_undo: bool
    can_redo: bool


class Store(Protocol):
    """A workspace. Every method raises `DataError` where it cannot be read or written, and nothing is changed then.

    `expected` is the version that the person saw, None if the layer was not there: if another one is current
    meanwhile, the rule ``workspace_moved`` tells and nothing is written. Nothing is ever deleted but by `prune`.
    """

    def layers(self) -> dict[str, Record]:
        """Return the current version of each layer that is there, in the order of `data.catalog.LAYERS`."""

    def history(self, layer: str) -> list[Record]:
        """Return all versions of a layer that still exist, the oldest first; `position` tells the current one."""

    def position(self, layer: str) -> Position:
        """Return which version of a layer is current, and whether it can be undone or redone."""

    def read(self, layer: str, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the rows of a version, by default the current one, exactly as they were kept, in EPSG:4490."""

    def set_aside(self, layer: str, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the rows that were set aside, with the file's own columns."""

    def source(self, layer: str, version: int | None = None) -> bytes:
        """Return the file as it came; one of several parts is a zip of them, see `source_name`."""

    def keep(
        self,
        layer: str,
        frame: gpd.GeoDataFrame,
        record: Record,
        *,
        set_aside: gpd.GeoDataFrame,
        source: Path | bytes,
        expected: int | None,
    ) -> Record:
        """Keep a new version and put it in use; return the record with its version and digest filled in."""

    def undo(self, layer: str, *, expected: int | None) -> Record | None:
        """Go back to the state before; None where the layer was not there then."""

    def redo(self, layer: str, *, expected: int | None) -> Record | None:
        """Go forward to the state that was undone last."""

    def drop(self, layer: str, *, expected: int | None) -> None:
        """Take a layer out of use; `undo` brings it back."""

    def accept(self, layer: str, keys: Iterable[str], *, expected: int | None, withdrawn: Iterable[str] = ()) -> Record:
        """Note findings that a person accepts for the current version, and those no longer accepted."""

    def prune(self, *, keep: int) -> int:
        """Delete all versions of each layer but the current one and the newest `keep`; return how many went."""


def refused(rule: str, *, file: str, layer: str = "", expected: str = "", got: str = "") -> DataError:
    """Return the error that a workspace cannot do what it was asked."""
    return DataError([Fault(rule=rule, effect="refused", file=file, layer=layer, expected=expected, got=got)])


def check_layer(layer: str) -> None:
    """Refuse names that are no layer: they become names of folders and tables."""
    if layer not in LAYERS:
        raise refused("layer_name_wrong", file=layer[:60], expected=", ".join(LAYERS), got=layer[:60])


def check_expected(layer: str, current: int | None, expected: int | None) -> None:
    """Refuse a change by a person who saw another version than the current one."""
    if current != expected:
        raise moved(layer, current, expected)


def moved(layer: str, current: int | None, expected: int | None) -> DataError:
    """Return the error that another version is current than the one that a person saw."""
    said = ["—" if version is None else str(version) for version in (expected, current)]
    return refused("workspace_moved", file=layer, layer=layer, expected=said[0], got=said[1])


def check_whole(layer: str, frame: gpd.GeoDataFrame, record: Record, set_aside: gpd.GeoDataFrame) -> None:
    """Hold that a record speaks of these very rows, and that none was lost.

    Raises
    ------
    ValueError
        If it does not.
    """
    if record.layer != layer:
        raise ValueError(f"a record of {record.layer} for {layer}")
    if (record.rows_used, record.rows_set_aside) != (len(frame), len(set_aside)):
        raise ValueError("the record counts other rows")
    if record.rows_in != record.rows_used + record.rows_set_aside:
        raise ValueError("rows in must be rows used and rows set aside")
    if frame.crs is None or frame.crs != STORED:
        raise ValueError(f"layers are kept in EPSG:4490, not {frame.crs}")
    if not _SHA256.fullmatch(record.source_sha256):
        raise ValueError("the digest of the source is wanting")


def accepting(record: Record, keys: Iterable[str], withdrawn: Iterable[str]) -> list[str]:
    """Return what is accepted of a version after these were added and those withdrawn."""
    gone = set(withdrawn)
    return list(dict.fromkeys(key for key in (*record.accepted, *keys) if key not in gone))


def with_accepted(record: Record, accepted: Iterable[str]) -> Record:
    """Return the record with another list of what is accepted."""
    return replace(record, accepted=list(accepted))
