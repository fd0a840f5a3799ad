"""总览: where the city stands, in one minute."""

from __future__ import annotations

import streamlit as st

from heating.report import rate_table
from ui import citymap, figures, parts, tables
from ui.evidence import panel
from ui.parts import downloads, heading, zone_cards
from ui.state import current
from ui.texts import language, t

done = current()
heading("page.overview", done, lead="overview.lead")
zone_cards(done)


def figures_beside() -> None:
    """Show what else the deputy mayor asks: boilers, roofs, heat."""
    buildings, boilers = done.buildings, done.boilers
    parts.figure_card(
        t("page.boilers"),
        t("overview.boilers", count=len(boilers), coal=int((boilers["fuel"] == "coal").sum())),
        t("overview.boilers_open", count=int((boilers["verdict"] == "review").sum()))
        if len(boilers)
        else t("boilers.none"),
    )
    flat = t("overview.flat_terrain") if done.solar.scene.terrain is None else ""
    parts.figure_card(
        t("page.rooftops"),
        f"{buildings['capacity_kw'].sum() / 1e3:,.0f} MWp · {buildings['yield_kwh'].sum() / 1e6:,.0f} GWh",
        t("overview.roofs", count=int((buildings["capacity_kw"] > 0).sum()), total=len(buildings)) + flat,
    )
    parts.figure_card(
        t("overview.heat"),
        f"{buildings['peak_kw'].sum() / 1e3:,.0f} MW · {buildings['heat_gj'].sum() / 1e3:,.0f} TJ",
        t("overview.heat_note", count=int(buildings["heat_index_w_m2"].isna().sum())),
    )


@st.fragment
def city() -> None:
    """Show the map and, beside it, the figures and what was clicked."""
    wide, narrow = st.columns([3, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("clean_heating", "zone", "use", "in_service_area"),
            layers=("counties", "villages", "plants", "rings"),
            key="overview_map",
        )
    with narrow:
        figures_beside()
        panel(done, event)


city()
st.subheader(t("overview.by_county"), anchor=False)
parts.rate_notes(done)
st.altair_chart(figures.rate_intervals(done, language()), width="stretch")
tables.show(tables.rate_rows(done))
downloads(done, t("file.clean_heating"), rate_table(done), title=t("page.coverage"))
