"""The frame of the screen: navigation, language and the choices that hold for every page."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import streamlit as st
from PIL import Image
from streamlit.navigation.page import StreamlitPage

from ui import access, links
from ui.basemaps import basemap_choice
from ui.server import ASSETS
from ui.state import scenario
from ui.texts import language_switch, t

ICON = ASSETS / "icon.png"
STYLE = "<style>.stMainBlockContainer{padding-top:2.6rem;padding-bottom:3rem}</style>"
PAGES = (
    ("overview", ":material/dashboard:"),
    ("coverage", ":material/heat:"),
    ("progress", ":material/trending_up:"),
    ("boilers", ":material/factory:"),
    ("checks", ":material/fact_check:"),
    ("rooftops", ":material/solar_power:"),
    ("networks", ":material/hub:"),
    ("registers", ":material/inventory:"),
    ("scenarios", ":material/compare:"),
    ("files", ":material/folder_open:"),
    ("sources", ":material/menu_book:"),
    ("help", ":material/help:"),
)


READINGS = {
    "plant_reading": ("plant", "unit"),
    "distance_from": ("fence", "point"),
    "capacity_by": ("boiler", "site"),
}
SWITCHES = (
    "include_35",
    "captive_counts",
    "power_boilers_count",
    "backup_exempt_from_radius",
    "premise_decides",
    "fringe_as_urban",
    "other_towns_as_rural",
    "mining_streets_open",
    "allow_distant_weather",
)


def one_of(name: str, codes: tuple[str, ...]) -> str:
    """Show a choice among codes and return the chosen one."""
    words = {code: t(f"ui.{name}_{code}") for code in codes}
    return st.radio(t(f"ui.{name}"), codes, format_func=words.__getitem__, key=f"reading_{name}")


def choices() -> None:
    """Show the switches of the readings that the Plan leaves open, and keep them as the scenario."""
    now = scenario()
    if st.session_state.get("scenario_shown") != now:
        # it was changed elsewhere: the widgets, which keep what a person sets, are set to it
        st.session_state.update({f"reading_{name}": getattr(now, name) for name in (*READINGS, *SWITCHES)})
    with st.expander(t("ui.scenario")):
        chosen: dict[str, Any] = {name: one_of(name, codes) for name, codes in READINGS.items()}
        chosen |= {name: st.checkbox(t(f"ui.{name}"), key=f"reading_{name}") for name in SWITCHES}
    after = dataclasses.replace(now, **chosen)
    st.session_state.update(scenario=after, scenario_shown=after)


def pages(position: Literal["sidebar", "hidden"]) -> StreamlitPage:
    """Register the pages and return the one that the address names."""
    found = [
        st.Page(f"screens/{name}.py", title=t(f"page.{name}"), icon=icon, default=not at)
        for at, (name, icon) in enumerate(PAGES)
    ]
    return st.navigation(found, position=position)


if access.role() is None:
    access.turn_away(lambda: pages("hidden"), icon=ICON)
st.set_page_config(page_title=t("app.name"), page_icon=Image.open(ICON), layout="wide")
st.logo(Image.open(ICON), size="large")
st.html(STYLE)
understood = links.give_back(st.session_state, st.query_params.get(links.PARAMETER))
with st.sidebar:
    st.markdown(f"**{t('app.name')}**  \n{t('ui.subtitle')}")
    language_switch()
page = pages("sidebar")
with st.sidebar:
    access.show_person()
    choices()
    basemap_choice()
if not understood:
    st.warning(t("ui.link_not_understood"))
page.run()
links.publish()
