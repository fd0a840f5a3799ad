"""The city map: buildings as tiles, everything else as features by URL, a click as an event.

The script that streamlit-folium mounts is constant, since any change of it builds the map anew. What is to be
seen travels beside it, as one description that ``assets/map.js`` makes the map match.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal

import folium
import streamlit as st
from branca.element import MacroElement
from folium.template import Template
from streamlit_folium import st_folium

from data.catalog import text
from geo.tiles import MAX_ZOOM, MIN_ZOOM
from ui.server import ASSETS, map_script_seal
from ui.store import MapStore

Kind = Literal["area", "ring", "line", "point"]

BUILDINGS: Final = "buildings"
HEIGHT: Final = 620
_WORDS: Final = (
    *("label", "layers", "zoom_in", "zoom_out", "north"),
    *("search", "search_none", "search_error"),
    *("distance", "area", "clear", "measure_hint", "measure_note"),
)
_ASIA: Final = (38.9, 106.4)
# The frame stands at <base>/component/<name>/index.html: relative links are right under any base path.
_ASSETS: Final = "../../assets/"


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorLayer:
    """A layer of features that the browser fetches by key.

    Parameters
    ----------
    name : str
        Name that an event reports, unique in a map.
    label_key : str
        Text key of its label in the layer switch.
    key : str
        Key from `MapStore.put_vectors`.
    levels : tuple of (int, str)
        Where detail grows with the zoom: up to which zoom each key holds, the farthest first; nearer than the last
        the layer is empty. `key` alone holds at every zoom without them.
    shown : bool
        Whether it is on until the person switches it.
    kind : {"area", "ring", "line", "point"}
        Areas lie under the buildings and report a click only where no building stands; rings never do.

    Notes
    -----
    Features are styled by their properties ``_color``, ``_fill``, ``_weight``, ``_radius``, ``_dash``,
    ``_opacity`` and ``_fill_opacity``. ``_tooltip`` is plain text or a list of pairs of label and value;
    the feature's ``id`` (or ``_id``) is what an event reports.
    """

    name: str
    label_key: str
    key: str
    shown: bool = True
    kind: Kind = "point"
    levels: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseMap:
    """A base map from outside, for those who switch one on: the only thing that ever leaves the machine.

    Parameters
    ----------
    urls : tuple of str
        Links of its tiles, the lowest first, e.g. a picture and the names above it.
    attribution : str
        What stands on the map about it.
    max_zoom : int
        Zoom of its finest tiles; beyond, they are enlarged.
    subdomains : str
        Letters or digits that ``{s}`` in a link stands for.
    """

    urls: tuple[str, ...]
    attribution: str
    max_zoom: int = 18
    subdomains: str = "abc"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOptions:
    """What few maps need.

    Parameters
    ----------
    source : str
        Where the data comes from, for the line below the map.
    base : BaseMap, optional
        A base map.
    select_box : bool
        Whether a shift-drag selects.
    box : tuple of float, optional
        West, south, east, north of the box that stands [degrees].
    pin : tuple of float, optional
        Longitude and latitude of what a page points at [degrees]; it goes with the next click on the map.
    group : str
        Maps of one group share their view.
    """

    source: str = ""
    base: BaseMap | None = None
    select_box: bool = False
    box: tuple[float, float, float, float] | None = None
    pin: tuple[float, float] | None = None
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapEvent:
    """What a person did on the map.

    Parameters
    ----------
    lon, lat : float
        Where [degrees].
    layer : str
        ``"buildings"``, the name of a vector layer, or nothing where only ground was hit.
    row : int or None
        Position of the building in its frame.
    id : str or None
        Identifier of the building or feature.
    box : tuple of float or None
        West, south, east, north of a selected box [degrees].
    serial : int
        Grows with every event: tells a second click on the same spot from a mere rerun.
    """

    lon: float
    lat: float
    layer: str = ""
    row: int | None = None
    id: str | None = None
    box: tuple[float, float, float, float] | None = None
    serial: int = 0


@cache
def _asset(name: str) -> str:
    """Return the link of an asset of ours; its content is in the link, so that no browser shows an old one."""
    return f"{_ASSETS}app/{name}?v={hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]}"


class _Map(folium.Map):  # type: ignore[misc]
    """A folium map whose scripts and sheets come from this server, and only those that it uses."""

    def __init__(self) -> None:
        super().__init__(
            location=_ASIA, zoom_start=10, tiles=None, min_zoom=MIN_ZOOM + 1, max_zoom=MAX_ZOOM - 1, zoom_control=True
        )
        self.options.update(min_zoom=MIN_ZOOM + 1, max_zoom=MAX_ZOOM - 1, world_copy_jump=True, fade_animation=False)
        self.default_js = [("map", f"{_ASSETS}script/{map_script_seal()}.js")]
        self.default_css = [("leaflet", f"{_ASSETS}leaflet/leaflet.css"), ("nuanguang", _asset("map.css"))]


class _Call(MacroElement):  # type: ignore[misc]
    """One call of ``assets/map.js`` with a JSON argument."""

    def __init__(self, function: str, argument: object, *, with_map: bool = False) -> None:
        super().__init__()
        self._name = "Call"
        self.function = function
        self.argument = _script_json(argument)
        self.with_map = with_map

    _template = Template(
        "{% macro script(this, kwargs) %}window.Nuanguang.{{ this.function }}("
        "{% if this.with_map %}{{ this._parent.get_name() }}, {% endif %}{{ this.argument }});{% endmacro %}"
    )


def _script_json(content: object) -> str:
    """Return JSON that is safe inside a script, whatever texts it holds."""
    return json.dumps(content, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")


def city_map(  # noqa: PLR0913, the ninth holds what few maps need
    store: MapStore,
    *,
    center: tuple[float, float],
    zoom: int,
    tile_key: str | None,
    vectors: Sequence[VectorLayer] = (),
    language: str = "zh",
    map_id: str = "city_map",
    height: int = HEIGHT,
    options: MapOptions | None = None,
) -> MapEvent | None:
    """Show the map and return the last event on it. Call it inside an `st.fragment`.

    Parameters
    ----------
    store : MapStore
        Where the keys come from.
    center : tuple of float
        Longitude and latitude of the first view [degrees]. The person's own view is kept through reruns
        and page switches until `center` or `zoom` change.
    zoom : int
        Zoom of the first view.
    tile_key : str or None
        Key from `MapStore.paint`; another key recolours the map without building it anew.
    vectors : sequence of VectorLayer
        Layers of features, the lowest first.
    language : str
        Language of labels and of what `identify` shows.
    map_id : str
        Tells maps apart; maps of the same id share view and last event.
    height : int
        Height [pixels].
    options : MapOptions, optional
        Source note, base map, box selection, pin.

    Returns
    -------
    MapEvent or None
        The last event, on every rerun the same until the next one.

    Raises
    ------
    KeyError
        If the store does not know `tile_key` or a layer's key.
    """
    if tile_key is not None and not store.knows(tile_key):
        raise KeyError(tile_key)
    for layer in vectors:
        for key in (layer.key, *(key for _, key in layer.levels)):
            store.vectors(key)
    extra = options or MapOptions()
    wanted = {
        "home": [round(center[1], 6), round(center[0], 6), zoom],
        "tiles": tile_key,
        "vectors": [_described(layer, language) for layer in vectors],
        "language": language,
        "notes": _notes(extra, language),
        "words": {name: text(f"map.{name}", language) for name in _WORDS},
        "base": asdict(extra.base) if extra.base else None,
        "select_box": extra.select_box,
        "box": extra.box,
        "pin": extra.pin and [round(extra.pin[1], 6), round(extra.pin[0], 6)],
        "group": extra.group,
    }
    base = _Map()
    base.add_child(_Call("mount", {"id": map_id}, with_map=True))
    group = folium.FeatureGroup()
    group.add_child(_Call("update", wanted))
    st_folium(
        base, key=map_id, height=height, use_container_width=True, returned_objects=[], feature_group_to_add=group
    )
    return last_event(map_id)


def last_event(map_id: str = "city_map") -> MapEvent | None:
    """Return the last event of a map, or None; what stands above the map may ask before it is drawn."""
    state = st.session_state.get(map_id)
    event = state.get("event") if isinstance(state, dict) else None
    return _checked(event) if isinstance(event, dict) else None


def _checked(event: dict[str, Any]) -> MapEvent | None:
    """Return an event from the browser, or None if it is not one: nothing from outside is trusted."""
    try:
        row, name, box = event.get("row"), event.get("id"), event.get("box")
        found = MapEvent(
            lon=float(event["lon"]),
            lat=float(event["lat"]),
            layer=str(event.get("layer", "")),
            row=None if row is None else int(row),
            id=None if name is None else str(name),
            box=None if box is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            serial=int(event.get("serial", 0)),
        )
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None
    numbers = (found.lon, found.lat, *(found.box or ()))
    return found if all(math.isfinite(number) for number in numbers) else None


def _described(layer: VectorLayer, language: str) -> dict[str, object]:
    described = asdict(layer)
    described["label"] = text(described.pop("label_key"), language)
    return described


def _notes(extra: MapOptions, language: str) -> list[str]:
    notes = [text("map.note", language)]
    if extra.source:
        notes.append(text("map.source", language, source=extra.source))
    if extra.base:
        notes.append(extra.base.attribution)
    return notes
