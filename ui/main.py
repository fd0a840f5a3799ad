"""The frame of the screen: navigation, language and the choices that hold for every page."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st
from PIL import Image

from ui import links
from ui.basemaps import basemap_choice
from ui.server import ASSETS
from ui.state import scenario
from ui.texts import language_switch, t

ICON = ASSETS / "icon.png"
STYLE = "<style>.stMainBlockContainer{padding-top:2.6rem;padding-bottom:3rem}</style>"
PAGES = (
    ("overview", ":material/dashboard:"),
    ("coverage", ":material/heat:"),
    ("boilers", ":material/factory:"),
    ("rooftops", ":material/solar_power:"),
    ("networks", ":material/hub:"),
    ("scenarios", ":material/compare:"),
    ("files", ":material/folder_open:"),
    ("sources", ":material/menu_book:"),
    ("help", ":material/help:"),
)


def one_of(name: str, codes: tuple[str, ...], chosen: str) -> str:
    """Show a choice among codes and return the chosen one."""
    words = {code: t(f"ui.{name}_{code}") for code in codes}
    return st.radio(t(f"ui.{name}"), codes, index=codes.index(chosen), format_func=words.__getitem__)


def choices() -> None:
    """Show the switches of the readings that the Plan leaves open, and keep them as the scenario."""
    now = scenario()
    with st.expander(t("ui.scenario")):
        readings: dict[str, Any] = {
            "plant_reading": one_of("plant_reading", ("plant", "unit"), now.plant_reading),
            "distance_from": one_of("distance_from", ("fence", "point"), now.distance_from),
        }
        switches: dict[str, Any] = {
            name: st.checkbox(t(f"ui.{name}"), value=getattr(now, name))
            for name in (
                "include_35",
                "captive_counts",
                "power_boilers_count",
                "backup_exempt_from_radius",
                "fringe_as_urban",
                "other_towns_as_rural",
                "mining_streets_open",
                "allow_distant_weather",
            )
        }
    st.session_state["scenario"] = dataclasses.replace(now, **readings, **switches)


st.set_page_config(page_title=t("app.name"), page_icon=Image.open(ICON), layout="wide")
st.logo(Image.open(ICON), size="large")
st.html(STYLE)
understood = links.give_back(st.session_state, st.query_params.get(links.PARAMETER))
with st.sidebar:
    st.markdown(f"**{t('app.name')}**  \n{t('ui.subtitle')}")
    language_switch()
page = st.navigation(
    [
        st.Page(f"screens/{name}.py", title=t(f"page.{name}"), icon=icon, default=not at)
        for at, (name, icon) in enumerate(PAGES)
    ]
)
with st.sidebar:
    choices()
    basemap_choice()
if not understood:
    st.warning(t("ui.link_not_understood"))
page.run()
links.publish()
