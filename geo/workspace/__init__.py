"""The workspace: layers that people brought in, every version of them, with the file as it came."""

from __future__ import annotations

from pathlib import Path

from data.catalog import LAYERS
from geo.workspace.folder import FolderStore
from geo.workspace.parts import parts_of, plain_name, source_of
from geo.workspace.sources import source_name
from geo.workspace.store import Part, Position, Record, Store, refused

__all__ = [
    "Part",
    "Position",
    "Record",
    "Store",
    "open_filled",
    "open_store",
    "parts_of",
    "plain_name",
    "source_name",
    "source_of",
]


def open_store(where: str | Path) -> Store:
    """Open a workspace; a folder that is not there yet is an empty one.

    Parameters
    ----------
    where : str or pathlib.Path
        A folder, or the address of a PostgreSQL database with PostGIS, ``postgresql://user:password@host/database``.

    Raises
    ------
    DataError
        If it is no folder and no such address, or if the database cannot be used.
    """
    if isinstance(where, Path) or "://" not in where:
        return FolderStore(Path(where))
    scheme = where.partition("://")[0]
    if scheme not in ("postgresql", "postgresql+psycopg"):
        raise refused("workspace_kind", file=scheme, expected="postgresql")
    from geo.workspace.postgis import PostgisStore  # noqa: PLC0415 - a folder needs no database driver

    return PostgisStore(where)


def open_filled(where: str | Path) -> Store:
    """Open a workspace that has something to show; one that never had a layer is refused: its name may be mistyped.

    Raises
    ------
    DataError
        If it has no layer and never had one, or if it cannot be opened.
    """
    store = open_store(where)
    if not store.layers() and not any(store.history(name) for name in LAYERS):
        raise refused("workspace_empty", file=Path(where).name)
    return store
