"""Base maps under the city: none at first, and only those whose coordinates fit.

Maps in GCJ-02 (or Baidu's BD-09) lie some hundred metres beside the truth. They are refused and never shown.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import streamlit as st

from data.catalog import text
from ui.base_tiles import MBTILES, SOURCES, LocalSource, TileSources, inspect
from ui.map import BaseMap
from ui.texts import language, plain, t
from ui.workspace import workspace

Kind = Literal["none", "osm", "tianditu", "tianditu_image", "local", "xyz"]
Datum = Literal["", "wgs84", "gcj02", "unknown"]

KINDS: Final[tuple[Kind, ...]] = ("none", "osm", "tianditu", "tianditu_image", "local", "xyz")
DATUMS: Final[tuple[Datum, ...]] = ("wgs84", "gcj02", "unknown")
STATE: Final = "basemap"
OSM_URL: Final = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
OSM_ZOOM: Final = 19
TIANDITU_URL: Final = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={token}"
)
TIANDITU_HOSTS: Final = "01234567"
TIANDITU: Final = {"tianditu": ("vec", "cva"), "tianditu_image": ("img", "cia")}
"""Layers of each kind of Tianditu: the map or the picture, and the names above it."""
TIANDITU_ZOOM: Final = 18
XYZ_ZOOM: Final = 18
SHIFTED_HOSTS: Final = (
    "amap.com",
    "autonavi.com",
    "mapabc.com",
    "gaode.com",
    "google.cn",
    "google.com",
    "google.com.hk",
    "googleapis.com",
    "gstatic.com",
    "qq.com",
    "gtimg.com",
    "baidu.com",
    "bdimg.com",
    "bdstatic.com",
    "geoq.cn",
    "virtualearth.net",
    "mapbox.cn",
)
_SHIFTED_MARK: Final = re.compile(
    r"appmaptile|gcj-?02|bd-?09|gl=cn|(?<![a-z])amap|autonavi|gaode|高德|腾讯|tencent|百度|baidu|谷歌|google",
    re.IGNORECASE,
)
_NOT_MERCATOR: Final = re.compile(
    r"(?:vec|img|ter|cva|cia|cta)_c\b|tilematrixset=c\b|epsg:{1,2}(?:4326|4490)|geodetic", re.IGNORECASE
)
_HOST: Final = re.compile(r"(?:\{s\}|[a-z0-9_\-])+(?:\.(?:\{s\}|[a-z0-9_\-])+)*", re.IGNORECASE)
_PLACES: Final = frozenset({"s", "x", "y", "-y", "z", "r"})
_TOKEN: Final = re.compile(r"[0-9A-Za-z]{16,64}")
_MISALIGNED: Final = ("basemaps.shifted", "basemaps.not_mercator")
_PICTURES: Final = ("", "png", "jpg", "jpeg", "webp")
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A base map that a person asked for.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    source : str
        Token of Tianditu, name of a local folder or file, or link of one's own. It lives in the session only.
    datum : str
        What the person declared of the coordinates of a local or own source, one of `DATUMS`.
    """

    kind: Kind = "none"
    source: str = field(default="", repr=False)
    datum: Datum = ""


def base_folder() -> Path:
    """Return the folder where local base maps are looked for."""
    given = os.environ.get("NUANGUANG_BASEMAPS")
    return Path(given) if given else workspace() / "basemaps"


def local_names() -> tuple[str, ...]:
    """Return the names of the folders and MBTiles files that lie there."""
    try:
        found = sorted(base_folder().iterdir())
    except OSError:
        return ()
    kept = [one for one in found if one.is_dir() or (one.suffix.lower() == MBTILES and one.is_file())]
    return tuple(one.name for one in kept if not one.name.startswith("."))


def refusal(choice: Choice) -> str | None:
    """Return the text key that says why a choice cannot be shown, or None if it can."""
    if choice.kind in TIANDITU:
        return None if _TOKEN.fullmatch(choice.source) else "basemaps.bad_token"
    if choice.kind == "xyz":
        return _link_refusal(choice.source) or _datum_refusal(choice.datum)
    if choice.kind == "local":
        return _local_refusal(choice.source) or _datum_refusal(choice.datum)
    return None


def _datum_refusal(datum: Datum) -> str | None:
    if datum == "wgs84":
        return None
    return "basemaps.shifted" if datum == "gcj02" else "basemaps.undeclared"


def _link_refusal(link: str) -> str | None:
    """Return what is wrong with a link of a person's own."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").strip(".")
    except ValueError:
        return "basemaps.bad_link"
    named = re.findall(r"\{([^{}]*)\}", link)
    places = {"y" if name == "-y" else name for name in named}
    whole = (
        parts.scheme in ("http", "https")
        and len(link) <= _LONGEST
        and link.isprintable()
        and not re.search(r"[\s\"'<>\\]", link)
        and _HOST.fullmatch(host)
        and set(named) <= _PLACES
        and {"x", "y", "z"} <= places
        and link.count("{") == link.count("}") == len(named)
    )
    if not whole:
        return "basemaps.bad_link"
    if any(host == shifted or host.endswith(f".{shifted}") for shifted in SHIFTED_HOSTS) or _SHIFTED_MARK.search(link):
        return "basemaps.shifted"
    return "basemaps.not_mercator" if _NOT_MERCATOR.search(link) else None


def _inspected(name: str) -> LocalSource | None:
    """Return what is known of a local source, or None if it cannot be read; only what is listed is opened."""
    if name not in local_names():
        return None
    try:
        path = base_folder() / name
        return _inspect_once(path, path.stat().st_mtime_ns)
    except (OSError, sqlite3.Error):
        return None


@lru_cache(maxsize=32)
def _inspect_once(path: Path, changed: int) -> LocalSource:
    del changed
    return inspect(path)


def _local_refusal(name: str) -> str | None:
    known = _inspected(name)
    if known is None:
        return "basemaps.unreadable"
    if known.max_zoom is None or known.format not in _PICTURES:
        return "basemaps.no_pictures"
    if _SHIFTED_MARK.search(f"{name} {known.notes}"):
        return "basemaps.shifted"
    return "basemaps.not_mercator" if _NOT_MERCATOR.search(known.notes) else None


def base_map(choice: Choice, sources: TileSources, spoken: str) -> BaseMap | None:
    """Return the base map of a choice, or None where none is wanted or it is refused."""
    if choice.kind == "none" or refusal(choice) is not None:
        return None
    said = text(f"basemaps.credit_{choice.kind}", spoken)
    if choice.kind == "osm":
        return BaseMap(urls=(OSM_URL,), attribution=said, max_zoom=OSM_ZOOM)
    if choice.kind in TIANDITU:
        urls = tuple(TIANDITU_URL.format(layer=layer, token=choice.source) for layer in TIANDITU[choice.kind])
        return BaseMap(urls=urls, attribution=said, max_zoom=TIANDITU_ZOOM, subdomains=TIANDITU_HOSTS)
    if choice.kind == "xyz":
        return BaseMap(urls=(choice.source,), attribution=said, max_zoom=XYZ_ZOOM)
    known = _inspected(choice.source)
    if known is None or known.max_zoom is None:
        return None
    # The map's frame stands at <base>/component/<name>/index.html.
    url = f"../../base/{sources.put(known.path)}/{{z}}/{{x}}/{{y}}"
    return BaseMap(urls=(url,), attribution=f"{said} {choice.source}", max_zoom=known.max_zoom)


def chosen_base(sources: TileSources = SOURCES) -> BaseMap | None:
    """Return the base map that the session chose, or None."""
    choice = st.session_state.get(STATE)
    return base_map(choice, sources, language()) if isinstance(choice, Choice) else None


def basemap_choice() -> None:
    """Show the choice of the base map, for the sidebar; what is refused is explained and not kept."""
    with st.expander(t("basemaps.title")):
        kinds = {kind: t(f"basemaps.kind_{kind}") for kind in KINDS}
        kind: Kind = st.radio(
            t("basemaps.title"),
            KINDS,
            format_func=kinds.__getitem__,
            key="basemap_kind",
            label_visibility="collapsed",
        )
        choice = _asked(kind)
        if kind in ("osm", *TIANDITU, "xyz"):
            st.warning(t("basemaps.leaves"))
        why = refusal(choice)
        # Nothing is said against a field that is still empty.
        if why is not None and choice.source:
            (st.error if why in _MISALIGNED else st.info)(t(why))
    st.session_state[STATE] = Choice() if why else choice


def _asked(kind: Kind) -> Choice:
    """Show what a kind of base map needs to be told and return the choice."""
    if kind in TIANDITU:
        token = st.text_input(t("basemaps.token"), type="password", key="basemap_token", autocomplete="off")
        st.caption(t("basemaps.token_note"))
        return Choice(kind=kind, source=token.strip())
    if kind == "xyz":
        link = st.text_input(t("basemaps.link"), key="basemap_link", placeholder="https://…/{z}/{x}/{y}.png")
        return Choice(kind=kind, source=link.strip(), datum=_declared(link))
    if kind == "local":
        names = local_names()
        if not names:
            st.info(t("basemaps.none_local", folder=plain(base_folder())))
            return Choice(kind=kind)
        name = st.selectbox(t("basemaps.local"), names, key="basemap_local")
        return Choice(kind=kind, source=name, datum=_declared(name))
    return Choice(kind=kind)


def _declared(source: str) -> Datum:
    """Ask what coordinates a source has; nothing is assumed, and what was said of one says nothing of another."""
    name = hashlib.sha256(source.encode()).hexdigest()[:12]
    words = {datum: t(f"basemaps.datum_{datum}") for datum in DATUMS}
    datum: Datum | None = st.radio(
        t("basemaps.datum"), DATUMS, format_func=words.__getitem__, index=None, key=f"basemap_datum_{name}"
    )
    return datum or ""
