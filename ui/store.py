"""What the map may show: buildings, their paintings and vector layers, for the whole process.

A page registers content and gets a key; the browser fetches tiles and features by that key. Keys are keyed
hashes of the content: nobody can guess one, and the same content has the same key in every session.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geo.tiles import MAX_ZOOM, MIN_ZOOM, Color, TileIndex, empty_tile, rgba
from ui.gazetteer import Gazetteer, Hit

Record = Callable[[int, str], Mapping[str, str]]
Value = TypeVar("Value")

PAINTINGS: Final = 64
DATA_SETS: Final = 8
VECTORS: Final = 256
TILES: Final = 1024
_KEY_CHARACTERS: Final = 40


class Recent(Generic[Value]):
    """The values used last, at most `most`; safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[object, Value] = OrderedDict()

    def get(self, key: object) -> Value | None:
        """Return the value of a key and mark it as used, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: object, value: Value) -> None:
        """Keep a value; the one that was not used for longest gives way."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


@dataclass(frozen=True, slots=True, eq=False)
class Buildings:
    """One registered layer of polygons.

    Parameters
    ----------
    frame : GeoDataFrame
        The layer as the page knows it; rows are counted by position.
    index : TileIndex
        Its geometry, ready to draw and to search.
    record : callable, optional
        Gives what to show about a row, label by label, from the row's position and a language.
    ids : tuple of str
        Identifier of each row, or nothing.
    seal : str
        Tells this content from any other of the same name.
    places : Gazetteer, optional
        What can be looked for.
    origin : GeoDataFrame, optional
        The frame that the index was made from.
    """

    frame: gpd.GeoDataFrame
    index: TileIndex
    record: Record | None
    ids: tuple[str, ...]
    seal: str
    places: Gazetteer | None = None
    origin: gpd.GeoDataFrame | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """Buildings with a colour class each: all that a tile depends on."""

    buildings: Buildings
    classes: NDArray[np.uint8]
    palette: tuple[Color, ...]
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Vectors:
    """A GeoJSON document, packed once for all browsers that will fetch it."""

    plain: bytes = field(repr=False)
    packed: bytes = field(repr=False)


class MapStore:
    """Registry of everything that map URLs may name.

    Several data sets and sessions live side by side. A painting keeps its buildings alive, so the keys of
    an older data set go on working until newer paintings displace them.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._registering = threading.Lock()
        self._buildings: dict[str, Buildings] = {}
        self._paintings: Recent[Painting] = Recent(PAINTINGS)
        self._vectors: Recent[Vectors] = Recent(VECTORS)
        self._tiles: Recent[bytes] = Recent(TILES)
        self._shown: Recent[float] = Recent(PAINTINGS)
        self._showing = threading.Condition()
        # more at once than there are cores would only take memory
        self._drawing = threading.BoundedSemaphore(os.cpu_count() or 1)

    def set_buildings(
        self,
        name: str,
        frame: gpd.GeoDataFrame,
        *,
        record: Record | None = None,
        id_column: str | None = "building_id",
        outlines: gpd.GeoDataFrame | None = None,
    ) -> None:
        """Register polygons under a name; the same frame again costs nothing.

        Parameters
        ----------
        name : str
            Name of the data set, as `paint` will ask for it.
        frame : GeoDataFrame
            Polygons in lon-lat. Hand over the same object on each rerun (`st.cache_resource`), since
            a copy is indexed anew.
        record : callable, optional
            ``record(row, language)`` gives the plain text values to show about a row.
        id_column : str, optional
            Column with the identifiers that a click reports; none if the frame has no such column.
        outlines : GeoDataFrame, optional
            The frame that the polygons were taken from, row by row: data sets of one origin share their index.
        """
        # one at a time: what another has registered meanwhile, places too, is not lost
        with self._registering:
            known = self._buildings.get(name)
            if known is not None and known.frame is frame:
                made = replace(known, record=record)
            else:
                origin = frame if outlines is None else outlines
                ids = tuple(frame[id_column].astype(str)) if id_column in frame.columns else ()
                made = Buildings(frame, self._index(origin), record, ids, secrets.token_hex(8), origin=origin)
            with self._lock:
                self._buildings.pop(name, None)
                self._buildings[name] = made
                while len(self._buildings) > DATA_SETS:
                    self._buildings.pop(next(iter(self._buildings)))

    def _index(self, origin: gpd.GeoDataFrame) -> TileIndex:
        with self._lock:
            known = next((some.index for some in self._buildings.values() if some.origin is origin), None)
        return TileIndex(origin.geometry) if known is None else known

    def set_places(self, name: str, make: Callable[[], Gazetteer]) -> None:
        """Let the search of a data set find places; `make` is asked once a data set."""
        with self._registering:
            known = self.buildings(name)
            if known.places is None:
                found = replace(known, places=make())
                with self._lock:
                    self._buildings[name] = found

    def search(self, key: str, query: str) -> list[Hit]:
        """Return the places of a painting's data set that fit a query.

        Raises
        ------
        KeyError
            If no painting has that key.
        """
        places = self._painting(key).buildings.places
        return places.find(query) if places is not None else []

    def outline(self, key: str, row: int) -> dict[str, Any]:
        """Return the outline of a building as GeoJSON."""
        return self._painting(key).buildings.index.outline(row)

    def forget(self, name: str) -> None:
        """Let go of a data set; keys that were given out work until they are displaced."""
        with self._lock:
            self._buildings.pop(name, None)

    def has(self, name: str) -> bool:
        """Say whether a data set is registered."""
        return name in self._buildings

    def buildings(self, name: str) -> Buildings:
        """Return a registered data set.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        with self._lock:
            return self._buildings[name]

    def paint(
        self,
        name: str,
        classes: NDArray[np.uint8],
        palette: Sequence[Color],
        *,
        record: Record | None = None,
        tag: str = "",
    ) -> str:
        """Colour a data set and return the key of its tiles.

        Parameters
        ----------
        name : str
            Name that the data set was registered under.
        classes : ndarray of uint8
            Class of each row, an index into `palette`; rows of class 0 are not drawn.
        palette : sequence of str or tuple
            Colours; the first is never used.
        record : callable, optional
            What to show about a row in this painting instead of the data set's own record.
        tag : str
            What tells two paintings apart that look alike but have different records, e.g. the scenario.

        Returns
        -------
        str
            An unguessable key.
        """
        buildings = self.buildings(name)
        frozen = np.array(classes, dtype=np.uint8)
        frozen.setflags(write=False)
        if len(frozen) != len(buildings.index):
            raise ValueError(f"{len(frozen)} classes for {len(buildings.index)} rows of {name!r}")
        colors = tuple(palette)
        if len(frozen) and int(frozen.max()) >= len(colors):
            raise ValueError(f"class {frozen.max()} has no colour")
        shades = repr([rgba(color) for color in colors[1:]])
        key = self._key("tiles", name, buildings.seal, tag, shades, frozen.tobytes())
        self._paintings.put(key, Painting(buildings, frozen, colors, record))
        return key

    def put_vectors(self, name: str, geojson: bytes) -> str:
        """Keep a GeoJSON document and return its key."""
        key = self._key("vectors", name, geojson)
        if self._vectors.get(key) is None:
            self._vectors.put(key, Vectors(geojson, gzip.compress(geojson, 6, mtime=0)))
        return key

    def knows(self, key: str) -> bool:
        """Say whether a key names a painting."""
        return self._paintings.get(key) is not None

    def tile(self, key: str, z: int, x: int, y: int) -> bytes | None:
        """Return a tile as PNG, or None where there is none at that zoom or place.

        Raises
        ------
        KeyError
            If no painting has that key.
        """
        painting = self._painting(key)
        if not (MIN_ZOOM <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            return None
        drawn = self._tiles.get((key, z, x, y))
        if drawn is None:
            with self._drawing:
                # it may have been drawn for somebody else meanwhile
                drawn = self._tiles.get((key, z, x, y)) or self._drawn(painting, key, z, x, y)
        return drawn

    def _drawn(self, painting: Painting, key: str, z: int, x: int, y: int) -> bytes:
        drawn = painting.buildings.index.render(painting.classes, painting.palette, z, x, y)
        if drawn != empty_tile():
            self._tiles.put((key, z, x, y), drawn)
        return drawn

    def shown(self, key: str) -> None:
        """Note that a browser shows a painting.

        Raises
        ------
        KeyError
            If no painting has that key.
        """
        self._painting(key)
        with self._showing:
            self._shown.put(key, time.monotonic())
            self._showing.notify_all()

    def await_browser(self, key: str, seconds: float, *, since: float) -> bool:
        """Wait until a browser has said that it shows a painting, after a moment of `time.monotonic`.

        Returns
        -------
        bool
            Whether one did in time.
        """
        with self._showing:
            return self._showing.wait_for(lambda: (self._shown.get(key) or 0.0) >= since, seconds)

    def vectors(self, key: str) -> Vectors:
        """Return a GeoJSON document.

        Raises
        ------
        KeyError
            If there is none with that key.
        """
        found = self._vectors.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def identify(self, key: str, lon: float, lat: float, *, language: str = "zh") -> dict[str, Any] | None:
        """Say which building of a painting stands at a position, and what to show about it.

        Returns
        -------
        dict or None
            ``row`` (position in the frame), ``id``, ``record`` (pairs of label and value, plain text) and
            ``outline`` (GeoJSON); None where no drawn building stands.

        Raises
        ------
        KeyError
            If no painting has that key.
        """
        painting = self._painting(key)
        buildings = painting.buildings
        row = buildings.index.identify(lon, lat, among=painting.classes > 0)
        if row is None:
            return None
        record = painting.record or buildings.record
        shown = record(row, language) if record is not None else {}
        return {
            "row": row,
            "id": buildings.ids[row] if buildings.ids else None,
            "record": [[str(label), str(value)] for label, value in shown.items()],
            "outline": buildings.index.outline(row),
        }

    def _painting(self, key: str) -> Painting:
        found = self._paintings.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def _key(self, *parts: str | bytes) -> str:
        seal = hmac.new(self._secret, digestmod=hashlib.sha256)
        for part in parts:
            data = part.encode() if isinstance(part, str) else part
            seal.update(len(data).to_bytes(8))
            seal.update(data)
        return seal.hexdigest()[:_KEY_CHARACTERS]


STORE: Final = MapStore()
