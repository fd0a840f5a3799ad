"""屋顶光伏: which roofs can carry how much, and what they yield."""

from __future__ import annotations

import streamlit as st

from data import parameters
from data.catalog import label
from heating.report import roof_table
from heating.wording import coded_label
from solar.energy import result_notes
from ui import citymap, figures, tables
from ui.evidence import panel
from ui.parts import area_filter, downloads, heading, within
from ui.state import current
from ui.texts import language, t

SHOWN = 500
COLUMNS = ["building_id", "county_code", "zone", "use", "roof_kind", "mounting", "roof_m2", "capacity_kw"]
COLUMNS += ["yield_kwh", "specific_yield_kwh_kw"]

done = current()
heading("page.rooftops", done, lead="rooftops.lead")
st.caption("；".join(t(note) for note in result_notes(done.buildings, done.layers.weather)))
county, zone = area_filter(done, key="rooftops")
uses = parameters.table("building_uses").index
left, right = st.columns([2, 1])
chosen = left.multiselect(
    t("column.use"),
    list(uses),
    format_func={code: coded_label("use", code, language()) for code in uses}.__getitem__,
    placeholder=t("ui.all"),
    key="rooftops_use",
)
least = right.number_input(t("rooftops.least_kw"), min_value=0.0, value=0.0, step=10.0, key="rooftops_least")
buildings = done.buildings
keep = within(buildings, county, zone) & (buildings["capacity_kw"] > 0).to_numpy()
keep &= (buildings["capacity_kw"] >= least).to_numpy()
if chosen:
    keep &= buildings["use"].isin(chosen).to_numpy()
kept = buildings[keep]

cards = st.columns(4)
total_kw, total_kwh = float(kept["capacity_kw"].sum()), float(kept["yield_kwh"].sum())
cards[0].metric(t("rooftops.count"), f"{len(kept):,}", border=True)
cards[1].metric(t("rooftops.capacity"), f"{total_kw / 1e3:,.0f} MWp", border=True)
cards[2].metric(t("rooftops.energy"), f"{total_kwh / 1e6:,.0f} GWh", border=True)
cards[3].metric(
    label("column", "specific_yield_kwh_kw", language()),
    f"{total_kwh / total_kw:,.0f}" if total_kw else "—",
    border=True,
)
st.altair_chart(figures.monthly_yield(kept, language()), width="stretch")
table = roof_table(done)[keep].sort_values("yield_kwh", ascending=False).reset_index(drop=True)


@st.fragment
def city() -> None:
    """Show the largest roofs, the map that follows the chosen one, and what was clicked."""
    st.caption(t("rooftops.shown", count=min(SHOWN, len(table)), total=len(table)))
    chosen = tables.pick(tables.with_county(table[COLUMNS].head(SHOWN), done), key="rooftops_table")
    focus = None
    if chosen is not None:
        name = table["building_id"].iloc[chosen]
        point = buildings.geometry[buildings["building_id"] == name].iloc[0].representative_point()
        focus = (point.x, point.y, 17)
    wide, narrow = st.columns([3, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("specific_yield_kwh_kw", "capacity_kw", "yield_kwh", "use"),
            layers=("counties",),
            key="rooftops_map",
            keep=keep,
            focus=focus,
        )
    with narrow:
        panel(done, event)


city()
downloads(done, t("file.rooftops"), table, title=t("page.rooftops"), shapes={"rooftops": kept})
