"""总览: where the city stands, in one minute."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from data.errors import DataError
from heating import compare
from heating.assessment import Assessment
from heating.report import rate_table
from ui import behind, citymap, figures, last_run, parts
from ui.evidence import panel
from ui.paint import METRICS
from ui.parts import downloads, heading, zone_cards
from ui.scenario_store import known_as, shelf
from ui.selection import box_panel
from ui.standalone_offer import offer
from ui.state import choices_digest, current, result_name
from ui.texts import language, plain, t
from ui.workspace import workspace

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


@st.cache_resource(max_entries=64, show_spinner=False)
def key_figures(name: str, _done: Assessment) -> dict[str, compare.Figure]:
    """Return the key figures of an assessment, known by its name; computed once."""
    del name
    return compare.key_figures(_done)


def since_last_run() -> None:
    """Say what moved since the last distinct run on the same data."""
    name = last_run.file_name(done.layers)
    if name is None:
        st.caption(t("last_run.no_files"))
        return
    kind, called = known_as(done.scenario, shelf(workspace() / "scenarios"))
    run = last_run.Run(
        time=dt.datetime.now(tz=dt.UTC),
        kind=kind,
        scenario=called,
        choices=choices_digest(done.scenario),
        figures=key_figures(result_name(), done),
    )
    try:
        before = last_run.remember(workspace() / "runs" / name, run)
    except DataError as error:
        for fault in error.faults:
            st.warning(plain(fault.message(language())))
        return
    if before is None:
        st.caption(t("last_run.first"))
        return
    table = compare.differences(before.figures, run.figures)
    moved = table[table["moved"]]
    said = {"time": before.time.astimezone().strftime("%Y-%m-%d %H:%M"), "name": run_name(before)}
    if moved.empty:
        st.caption(t("last_run.nothing", **said))
        return
    with st.expander(t("last_run.heading", count=len(moved))):
        st.caption(t("last_run.moved", now=run_name(run), **said))
        names = (t("last_run.before"), t("last_run.after"))
        st.dataframe(compare.in_words(moved, names=names, language=language()), hide_index=True, width="stretch")


def run_name(run: last_run.Run) -> str:
    """Return what the scenario of a run is called, for Markdown."""
    return plain(run.scenario) if run.kind == "saved" else t(f"scenarios.{run.kind}")


@st.fragment
def city() -> None:
    """Show the map and, beside it, the figures and what was clicked."""
    wide, narrow = st.columns([3, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=tuple(METRICS),
            layers=("districts", "counties", "plants", "rings"),
            key="overview_map",
        )
    with narrow:
        figures_beside()
        panel(done, event)
    box_panel(done, "overview_map")


since_last_run()
city()
citymap.let_draw("overview_map")
st.subheader(t("overview.by_county"), anchor=False)
parts.rate_notes(done)
st.altair_chart(figures.rate_intervals(done, language()), width="stretch")
behind.rates_table(done, key="overview_rates")
downloads(done, t("file.clean_heating"), rate_table(done), title=t("page.coverage"))
st.divider()
offer(done, metrics=tuple(METRICS), layers=("counties", "service_areas", "rings", "pipes", "plants", "boilers"))
