"""Where what people bring in is kept, for everybody who uses this server."""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import Final

from geo.workspace import Store, open_store
from heating.checks import CheckStore
from heating.snapshots import SnapshotStore

_OPENING: Final = threading.Lock()


def workspace() -> Path:
    """Return the folder for what users bring in; never inside the program's own data."""
    return Path(os.environ.get("NUANGUANG_WORKSPACE", ".workspace"))


@cache
def _opened(where: str) -> Store:
    return open_store(where)


@cache
def _checks(where: str) -> CheckStore:
    return CheckStore(where)


def _beside(*, demo: bool) -> str:
    """Return where records lie: beside the kept layers, those of the demo city apart from real ones."""
    kept = os.environ.get("NUANGUANG_STORE") or str(workspace() / "kept")
    return str(workspace() / "demo") if demo else kept


def checks(*, demo: bool) -> CheckStore:
    """Return the store of field checks."""
    with _OPENING:
        return _checks(_beside(demo=demo))


@cache
def _snapshots(where: str) -> SnapshotStore:
    return SnapshotStore(where)


def snapshots(*, demo: bool) -> SnapshotStore:
    """Return the store of the rates at points in time."""
    with _OPENING:
        return _snapshots(_beside(demo=demo))


def store() -> Store:
    """Return the store of kept layers: a PostGIS database if ``NUANGUANG_STORE`` names one, else a folder."""
    with _OPENING:
        return _opened(os.environ.get("NUANGUANG_STORE") or str(workspace() / "kept"))
