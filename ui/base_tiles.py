"""Base-map tiles from this machine: a folder of z/x/y pictures or an MBTiles file, read and never written.

A source is registered under an unguessable key; the route knows keys only, never a path.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

MBTILES: Final = ".mbtiles"
SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")
DEEPEST: Final = 24
_LARGEST: Final = 4 * 2**20
_WAIT: Final = 2.0
_NUMBER: Final = re.compile(r"[0-9]{1,8}")
_KEEP: Final = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
_NEVER: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """A folder or an MBTiles file with what is known of it.

    Parameters
    ----------
    path : pathlib.Path
        Where it lies.
    max_zoom : int or None
        Finest zoom it has; None where it has no tile at all.
    notes : str
        What the file says of itself: name, description, attribution, coordinate system.
    format : str
        Kind of its pictures as the file states it, or nothing.
    """

    path: Path
    max_zoom: int | None
    notes: str = ""
    format: str = ""


class TileSources:
    """The local sources that links may name; the same path keeps its key while the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[Path, str] = {}
        self._paths: dict[str, Path] = {}

    def put(self, path: Path) -> str:
        """Register a folder or an MBTiles file and return its unguessable key."""
        place = path.resolve()
        with self._lock:
            key = self._keys.get(place)
            if key is None:
                key = secrets.token_hex(20)
                self._keys[place] = key
                self._paths[key] = place
            return key

    def tile(self, key: str, z: int, x: int, y: int) -> bytes | None:
        """Return a tile, counted from the north, or None where there is none.

        Raises
        ------
        KeyError
            If no source has that key.
        """
        with self._lock:
            path = self._paths[key]
        if not (0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z):
            return None
        return _from_file(path, z, x, y) if path.suffix.lower() == MBTILES else _from_folder(path, z, x, y)


SOURCES: Final = TileSources()


def picture_type(content: bytes) -> str | None:
    """Return the media type of a PNG, JPEG or WebP by its first bytes, or None."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def inspect(path: Path) -> LocalSource:
    """Return what is known of a folder or an MBTiles file.

    Raises
    ------
    OSError
        If it cannot be read.
    sqlite3.Error
        If an MBTiles file is none.
    """
    if path.suffix.lower() != MBTILES:
        levels = [
            int(one.name)
            for one in path.iterdir()
            if _NUMBER.fullmatch(one.name) and int(one.name) <= DEEPEST and one.is_dir()
        ]
        return LocalSource(path=path, max_zoom=max(levels, default=None))
    with _opened(path) as link:
        said = {
            str(name).lower(): str(value)
            for name, value in link.execute("SELECT name, value FROM metadata WHERE value IS NOT NULL LIMIT 100")
        }
        (deepest,) = link.execute("SELECT max(zoom_level) FROM tiles").fetchone()
    notes = " ".join(said.get(name, "") for name in ("name", "description", "attribution", "crs", "profile"))
    return LocalSource(
        path=path,
        max_zoom=min(deepest, DEEPEST) if isinstance(deepest, int) and deepest >= 0 else None,
        notes=notes.strip(),
        format=said.get("format", "").lower(),
    )


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an MBTiles file so that nothing can write to it."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT)) as link:
        link.execute("PRAGMA query_only=ON")
        link.execute("PRAGMA trusted_schema=OFF")
        yield link


def _from_file(path: Path, z: int, x: int, y: int) -> bytes | None:
    """Return a tile of an MBTiles file, whose rows are counted from the south."""
    query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
    try:
        with _opened(path) as link:
            row = link.execute(query, (z, x, 2**z - 1 - y)).fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row and isinstance(row[0], bytes) and len(row[0]) <= _LARGEST else None


def _from_folder(folder: Path, z: int, x: int, y: int) -> bytes | None:
    """Return a tile of a folder; a link that leads out of the folder is no tile."""
    for suffix in SUFFIXES:
        try:
            path = (folder / str(z) / str(x) / f"{y}{suffix}").resolve()
            if path.is_relative_to(folder) and path.is_file() and path.stat().st_size <= _LARGEST:
                return path.read_bytes()
        except OSError:
            continue
    return None


def base_routes(sources: TileSources = SOURCES, *, base: str = "") -> list[BaseRoute]:
    """Return the route of the local base maps.

    Parameters
    ----------
    sources : TileSources
        What the keys stand for.
    base : str
        Value of ``server.baseUrlPath``.
    """
    prefix = f"/{base.strip('/')}" if base.strip("/") else ""

    def tile(request: Request) -> Response:
        place = request.path_params
        numbers = [place["z"], place["x"], place["y"]]
        # Text is checked before it becomes a number: a very long one would be an error of its own.
        z, x, y = (int(number) if _NUMBER.fullmatch(number) else -1 for number in numbers)
        try:
            content = sources.tile(place["key"], z, x, y)
        except KeyError:
            return Response("unknown key", 403, headers=_NEVER, media_type="text/plain")
        kind = picture_type(content) if content else None
        if kind is None:
            return Response(status_code=404, headers=_NEVER)
        return Response(content, headers=_KEEP, media_type=kind)

    return [Route(f"{prefix}/base/{{key}}/{{z}}/{{x}}/{{y}}", tile)]
