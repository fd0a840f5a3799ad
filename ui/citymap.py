"""The city map of a page: choice of colouring, legend, map, and the event that came back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from data.catalog import label, text
from heating.assessment import Assessment
from ui.basemaps import chosen_base
from ui.choropleth import choropleth
from ui.features import vector_layers
from ui.gazetteer import Gazetteer
from ui.links import keep_among, publish
from ui.map import MapEvent, MapOptions, city_map
from ui.paint import METRICS, VERDICT, Paint, metric_label, only, rate_legend
from ui.parts import legend
from ui.selection import selected_box
from ui.state import register, result_name
from ui.store import STORE
from ui.texts import enumerated, language, t

Focus = tuple[float, float, int]
PATIENCE_S: Final = 4.0
_BUTTONS: Final = 5


@st.cache_resource(max_entries=64, show_spinner=False)
def painted(name: str, metric: str, language: str, _done: Assessment) -> Paint:
    """Return the buildings of an assessment, known by its name, in a colouring; computed once."""
    del name
    return METRICS[metric](_done.buildings, language)


def overview(done: Assessment) -> Focus:
    """Return longitude, latitude [degrees] and zoom that show the whole city."""
    west, south, east, north = done.buildings.total_bounds
    span = max(float(east - west), float(north - south) * 1.3, 1e-4)
    return float(west + east) / 2, float(south + north) / 2, int(np.clip(np.floor(np.log2(1000 / span)), 3, 17))


@st.cache_resource(max_entries=64, show_spinner=False)
def _home(name: str, _done: Assessment) -> Focus:
    del name
    return overview(_done)


def source_line(done: Assessment) -> str:
    """Return the line on the map that says where its data comes from."""
    if done.layers.synthetic:
        return text("ui.map_source_demo", language())
    return enumerated(source.file for source in done.layers.sources.values())


def show(
    done: Assessment,
    *,
    metrics: Sequence[str],
    layers: Sequence[str],
    key: str,
    keep: NDArray[np.bool_] | None = None,
    focus: Focus | None = None,
    pin: tuple[float, float] | None = None,
    height: int = 560,
) -> MapEvent | None:
    """Show the map and return what was last clicked on it.

    Parameters
    ----------
    done : Assessment
        What to show.
    metrics : sequence of str
        Colourings to choose from, the first to begin with.
    layers : sequence of str
        Layers of features that are on at first.
    key : str
        Names the map and its widgets on the page.
    keep : ndarray of bool, optional
        Buildings to draw; all of them if not given.
    focus : tuple, optional
        Longitude, latitude and zoom to go to; the whole city if not given.
    pin : tuple, optional
        Longitude and latitude [degrees] of what the page points at.
    height : int
        Height of the map [pixels].
    """
    spoken = language()
    chosen = _colouring(metrics, key)
    name = result_name()
    paint = painted(name, chosen, spoken, done)
    legend(paint.legend)
    if "boilers" in layers and len(done.boilers):
        present = set(done.boilers["verdict"])
        legend(
            ((colour, label("verdict", code, spoken)) for code, colour in VERDICT.items() if code in present),
            round_=True,
        )
    if {"villages", "districts"} & set(layers) and done.villages is not None:
        legend(rate_legend(spoken), round_=True)
    drawn = paint if keep is None else only(paint, keep)
    make_findable(name, done)
    districts = choropleth(name, done, spoken, shown="districts" in layers)
    longitude, latitude, zoom = focus or _home(name, done)
    tiles = STORE.paint(name, drawn.classes, drawn.palette, tag=name)
    st.session_state[f"{key}_tiles"] = tiles, time.monotonic()
    return city_map(
        STORE,
        center=(longitude, latitude),
        zoom=zoom,
        tile_key=tiles,
        vectors=([districts] if districts else []) + vector_layers(name, done, layers, spoken),
        language=spoken,
        map_id=key,
        height=height,
        options=MapOptions(
            source=source_line(done), base=chosen_base(), select_box=True, box=selected_box(key), pin=pin
        ),
    )


def let_draw(key: str) -> None:
    """Give the browser time to draw a map that is new to it, before tables and charts below keep it busy.

    Parameters
    ----------
    key : str
        Name of the map on the page; nothing is waited for after the first time.
    """
    asked = st.session_state.get(f"{key}_tiles")
    if asked is not None and f"{key}_drawn" not in st.session_state:
        st.session_state[f"{key}_drawn"] = True
        tiles, since = asked
        STORE.await_browser(tiles, PATIENCE_S, since=since)


def _colouring(metrics: Sequence[str], key: str) -> str:
    """Show the choice of colouring, buttons for a few and a list for many, and return the chosen one."""
    name = f"{key}_metric"
    keep_among(st.session_state, name, metrics)
    words = {metric: metric_label(metric, language()) for metric in metrics}
    chosen: str | None
    if len(metrics) > _BUTTONS:
        chosen = st.selectbox(t("ui.colour_by"), list(metrics), format_func=words.__getitem__, key=name)
    else:
        chosen = st.segmented_control(
            t("ui.colour_by"),
            list(metrics),
            format_func=words.__getitem__,
            default=None if name in st.session_state else metrics[0],
            key=name,
            required=True,
        )
    publish()
    return str(chosen or metrics[0])


def make_findable(name: str, done: Assessment) -> None:
    """Let the search field of maps of an assessment find its places."""
    register(done)
    STORE.set_places(name, lambda: _gazetteer(done))


def _gazetteer(done: Assessment) -> Gazetteer:
    """Return what can be looked for; buildings, which are the many, come last."""
    layers: list[tuple[str, gpd.GeoDataFrame, str, str | None, str | None]] = [
        ("boilers", done.boilers, "boiler_id", "name", None),
        ("plants", done.plants, "plant_id", "name", None),
    ]
    for kind, code, note in (("villages", "village_code", "town"), ("counties", "county_code", None)):
        frame = done.layers.get(kind)
        if frame is not None:
            layers.append((kind, frame, code, "name", note))
    networks = done.layers.get("networks")
    if networks is not None:
        layers.append(("networks", networks, "network_id", "name", "supplier"))
    return Gazetteer([*layers, ("building", done.buildings, "building_id", "name", None)])
