"""The frame of the screen: navigation, language and the choices that hold for every page."""

from __future__ import annotations

import dataclasses

import streamlit as st
from PIL import Image

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
    ("files", ":material/folder_open:"),
)


def choices() -> None:
    """Show the switches of the readings that the Plan leaves open, and keep them as the scenario."""
    now = scenario()
    with st.expander(t("ui.scenario")):
        plant_reading = st.radio(
            t("ui.plant_reading"),
            ("plant", "unit"),
            index=("plant", "unit").index(now.plant_reading),
            format_func=lambda code: t(f"ui.plant_reading_{code}"),
        )
        distance_from = st.radio(
            t("ui.distance_from"),
            ("fence", "point"),
            index=("fence", "point").index(now.distance_from),
            format_func=lambda code: t(f"ui.distance_from_{code}"),
        )
        switches = {
            name: st.checkbox(t(f"ui.{name}"), value=getattr(now, name))
            for name in (
                "include_35",
                "captive_counts",
                "backup_exempt_from_radius",
                "fringe_as_urban",
                "other_towns_as_rural",
                "allow_distant_weather",
            )
        }
    st.session_state["scenario"] = dataclasses.replace(
        now, plant_reading=plant_reading, distance_from=distance_from, **switches
    )


st.set_page_config(page_title=t("app.name"), page_icon=Image.open(ICON), layout="wide")
st.logo(Image.open(ICON), size="large")
st.html(STYLE)
with st.sidebar:
    st.markdown(f"**{t('app.name')}**  \n{t('ui.subtitle')}")
    language_switch()
page = st.navigation(
    [st.Page(f"pages/{name}.py", title=t(f"page.{name}"), icon=icon, default=not at) for at, (name, icon) in enumerate(PAGES)]
)
with st.sidebar:
    choices()
page.run()
