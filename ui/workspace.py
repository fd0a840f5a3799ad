"""Where what people bring in is kept, for everybody who uses this server."""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import Final

from geo.workspace import Store, open_store

_OPENING: Final = threading.Lock()


def workspace() -> Path:
    """Return the folder for what users bring in; never inside the program's own data."""
    return Path(os.environ.get("NUANGUANG_WORKSPACE", ".workspace"))


@cache
def _opened(where: str) -> Store:
    return open_store(where)


def store() -> Store:
    """Return the store of kept layers: a PostGIS database if ``NUANGUANG_STORE`` names one, else a folder."""
    with _OPENING:
        return _opened(os.environ.get("NUANGUANG_STORE") or str(workspace() / "kept"))
