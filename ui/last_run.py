"""What the last two distinct runs on a data set found: figures only, kept in the workspace."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from data.errors import DataError, Fault
from geo.export import write_json
from heating.compare import differences
from heating.layers import Layers

_MOST: Final = 2


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Run:
    """One run: when, under which scenario, and its figures.

    Parameters
    ----------
    time : datetime
        When it was first seen.
    kind : {"plan", "saved", "unsaved"}
        What the scenario was, see `ui.scenario_store.known_as`.
    scenario : str
        Name of the saved scenario, or empty.
    choices : str
        Digest of its choices.
    figures : dict
        From `heating.compare.key_figures`.
    """

    time: AwareDatetime
    kind: Literal["plan", "saved", "unsaved"]
    scenario: str
    choices: str
    figures: dict[str, float | str | None]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _Kept:
    """What a file holds: the last runs, the latest last."""

    runs: list[Run]


_ADAPTER: Final = TypeAdapter(_Kept)


def file_name(layers: Layers) -> str | None:
    """Return the name of a data set's file, a digest of the digests of its files; None where it has no files."""
    digests = {layer: source.sha256 for layer, source in layers.sources.items()} | dict(layers.sha256)
    if not digests:
        return None
    return f"{hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:32]}.json"


def read(path: Path) -> list[Run]:
    """Return the runs that a file holds, the last one last; none where there is no file.

    Raises
    ------
    DataError
        If the file cannot be read: it is never taken for an empty one.
    """
    try:
        return _ADAPTER.validate_json(path.read_bytes(), strict=True).runs
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise DataError([Fault(rule="last_run_unreadable", effect="refused", file=path.name)]) from error


def same(a: Run, b: Run) -> bool:
    """Say whether two runs made the same choices and found the same."""
    return a.choices == b.choices and not differences(a.figures, b.figures)["moved"].any()


def remember(path: Path, run: Run) -> Run | None:
    """Keep a finished run and return the distinct run before it, or None if there was none.

    Parameters
    ----------
    path : pathlib.Path
        File of the data set.
    run : Run
        The run that is on the screen. The same run seen again is not kept twice.

    Raises
    ------
    DataError
        If the file cannot be read or written; what it held stays.
    """
    known = read(path)
    if known and same(known[-1], run):
        return known[-2] if len(known) > 1 else None
    kept = [*known, run][-_MOST:]
    try:
        write_json(path, {"runs": [_plain(one) for one in kept]})
    except OSError as error:
        raise DataError([Fault(rule="not_writable", effect="refused", file=path.name, got=str(error))]) from error
    return known[-1] if known else None


def _plain(run: Run) -> dict[str, object]:
    return asdict(run) | {"time": _stamp(run.time)}


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
