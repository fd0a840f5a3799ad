"""Files that a session has brought but nobody has decided on: on disk under safe names, gone when they are done."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

import streamlit as st

from geo.export import write_bytes
from geo.readers.limits import safe_name
from ui.workspace import workspace

SHAPEFILE_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ARRIVALS: Final = "gate_arrivals"
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One file that a person has dropped, or the parts of one Shapefile.

    Parameters
    ----------
    token : str
        Names it in this session.
    name : str
        Its name as the person knows it.
    path : pathlib.Path
        Where it lies meanwhile.
    """

    token: str
    name: str
    path: Path


def _incoming() -> Path:
    return workspace() / "incoming"


def _sweep() -> None:
    """Remove what sessions that are over have left behind."""
    for folder in _incoming().glob("*"):
        if time.time() - folder.stat().st_mtime > _DAY_S:
            shutil.rmtree(folder, ignore_errors=True)


def _groups(files: Sequence[Any]) -> list[list[Any]]:
    """Put the parts of a Shapefile together; every other file stands alone. The part that GDAL opens comes first."""
    stems = {Path(file.name).stem.lower() for file in files if Path(file.name).suffix.lower() == ".shp"}
    groups: dict[str, list[Any]] = {}
    for file in files:
        name = Path(file.name)
        part = name.suffix.lower() in SHAPEFILE_PARTS and name.stem.lower() in stems
        groups.setdefault(f"shp/{name.stem.lower()}" if part else file.file_id, []).append(file)
    return [sorted(group, key=lambda file: Path(file.name).suffix.lower() != ".shp") for group in groups.values()]


def arrivals(files: Sequence[Any]) -> list[Arrival]:
    """Write newly dropped files to disk, forget those that were taken back, and return what there is.

    Parameters
    ----------
    files : sequence of UploadedFile
        What the uploader holds now.
    """
    known: dict[str, Arrival] = st.session_state.setdefault(_ARRIVALS, {})
    wanted = {"+".join(sorted(file.file_id for file in group)): group for group in _groups(files)}
    for gone in [seal for seal in known if seal not in wanted]:
        _forget(known.pop(gone))
    for seal, group in wanted.items():
        if seal not in known:
            _sweep()
            known[seal] = _written(group)
    return [known[seal] for seal in wanted]


def _written(group: list[Any]) -> Arrival:
    token = secrets.token_hex(8)
    stem = Path(safe_name(group[0].name)).stem
    # parts of one Shapefile find each other by their common stem
    paths = [
        write_bytes(
            _incoming() / token / (safe_name(file.name) if len(group) == 1 else stem + Path(file.name).suffix.lower()),
            file.getvalue(),
        )
        for file in group
    ]
    return Arrival(token=token, name=PurePath(group[0].name.replace("\\", "/")).name, path=paths[0])


def _forget(arrival: Arrival) -> None:
    shutil.rmtree(arrival.path.parent, ignore_errors=True)
    for name in [str(name) for name in st.session_state if arrival.token in str(name)]:
        del st.session_state[name]
