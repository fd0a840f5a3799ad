"""锅炉核查: every boiler against the Plan's clauses, with the evidence."""

from __future__ import annotations

import streamlit as st

from data.catalog import label
from heating.report import boiler_table, flip_table
from ui import citymap, figures, sheet_offer, tables
from ui.evidence import panel, still_chosen
from ui.links import keep_among
from ui.paint import VERDICT
from ui.parts import area_filter, downloads, heading, within
from ui.selection import box_panel, selected_box, within_box
from ui.state import current
from ui.texts import language, t

SHOWN = ["boiler_id", "name", "county", "zone", "capacity_t_h", "fuel", "verdict", "nearest_plant", "distance_m"]
SHOWN += ["in_service_area", "missing", "conclusion"]

done = current()
heading("page.boilers", done, lead="boilers.lead")
if done.boilers.empty:
    st.info(t("boilers.none"))
    st.stop()
st.altair_chart(figures.verdict_bars(done, language()), width="stretch")
county, zone = area_filter(done, key="boilers")
present = [code for code in VERDICT if (done.boilers["verdict"] == code).any()]
keep_among(st.session_state, "boilers_verdict", present)
wanted = st.pills(
    t("column.verdict"),
    present,
    format_func={code: label("verdict", code, language()) for code in present}.__getitem__,
    selection_mode="multi",
    key="boilers_verdict",
)
keep = within(done.boilers, county, zone) & (done.boilers["verdict"].isin(wanted or present).to_numpy())
table = boiler_table(done, language=language())[keep].reset_index(drop=True)


@st.fragment
def city() -> None:
    """Show the ledger, the map that follows the chosen boiler, and its evidence."""
    box = selected_box("boilers_map")
    listed = table if box is None else table[within_box(done.boilers[keep], box)].reset_index(drop=True)
    st.caption(t("boilers.shown", count=len(listed), total=len(done.boilers)))
    chosen = tables.pick(listed[SHOWN], key="boilers_table")
    row = None if chosen is None else listed.iloc[chosen]
    boiler = None if row is None else str(row["boiler_id"])
    focus = None if row is None else (float(row["longitude"]), float(row["latitude"]), 13)
    wide, narrow = st.columns([2, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("in_service_area", "zone", "use"),
            layers=("counties", "service_areas", "rings", "pipes", "plants", "boilers"),
            key="boilers_map",
            focus=focus,
            pin=None if focus is None else focus[:2],
            height=640,
        )
    with narrow:
        shown = boiler if still_chosen("boilers_map", boiler, event) else None
        panel(done, event, boiler_id=shown)
        clicked = event.id if event is not None and event.layer == "boilers" else None
        if (named := shown or clicked) in set(done.boilers["boiler_id"]):
            sheet_offer.one(done, str(named))
    box_panel(done, "boilers_map")


def hanging() -> None:
    """Show the boilers whose verdict hangs on a reading that the Plan leaves open."""
    flips = flip_table(done, language=language())
    flips = flips[flips["boiler_id"].isin(table["boiler_id"])].reset_index(drop=True)
    count = flips["boiler_id"].nunique()
    with st.expander(t("boilers.flips", count=count, total=len(table))):
        st.caption(t("boilers.flips_lead"))
        if count:
            tables.show(flips.drop(columns="source_row"))
            downloads(done, t("file.boiler_flips"), flips, title=t("boilers.flips_title"))


city()
hanging()
citymap.let_draw("boilers_map")
ids = set(table["boiler_id"])
sheet_offer.listed(done, table["boiler_id"].tolist())
downloads(
    done,
    t("file.boilers"),
    table,
    title=t("page.boilers"),
    shapes={
        "boilers": done.boilers[keep],
        "boiler_findings": done.boiler_findings[done.boiler_findings["boiler_id"].isin(ids)],
        "plants": done.plants,
        "plant_rings": done.rings,
    },
)
