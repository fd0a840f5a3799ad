"""现场核查: what to check first, what was found, and the ledger that comes of it."""

from __future__ import annotations

from typing import cast

import pandas as pd
import streamlit as st

from data.catalog import label
from data.errors import DataError
from heating import field_queue, ledger_sheet
from heating.checks import SUBJECTS, CheckStore, Subject
from heating.report import conclusion, county_names
from heating.wording import coded_label
from ui import citymap, tables
from ui.check_form import record
from ui.gate import masks
from ui.links import keep_among
from ui.parts import area_filter, downloads, heading, within
from ui.state import current, on_demo, show_faults
from ui.texts import language, plain, t
from ui.workspace import checks

SHOWN = 500
TALLEST = 320
BOILER_SHOWN = ["boiler_id", "name", "county", "capacity_t_h", "verdict", "strength_at_stake", "reasons"]
BUILDING_SHOWN = ["building_id", "county", "zone", "heat_source", "coverage", "reasons", "rate_points", "area_m2"]
CHECK_SHOWN = ["check_status", "check_answer", "check_who"]


def opened() -> CheckStore:
    """Return the store of what the session looks at."""
    if on_demo():
        st.caption(t("checks.where_demo"))
    return checks(demo=on_demo())


def present(subject: Subject, row: pd.Series) -> str:
    """Return in words what the program says of a boiler or building."""
    if subject == "boiler":
        return f"{coded_label('verdict', row['verdict'], language())} · {conclusion(row, language())}"
    parts = ("coverage", "coverage_basis", "heat_source", "clean_heating")
    return " · ".join(coded_label(name, row[name], language()) for name in parts)


def chosen_id(subject: Subject, listed: pd.DataFrame) -> str | None:
    """Show the queue and the field for a number, and return what is chosen; a number given counts before a row."""
    names = BOILER_SHOWN if subject == "boiler" else BUILDING_SHOWN
    picked = None
    if len(listed):
        height = min(TALLEST, 36 * (len(listed) + 1) + 2)
        picked = tables.pick(listed[[*names, *CHECK_SHOWN]], key=f"checks_{subject}", height=height)
    else:
        st.success(t("checks.none_open"))
    said = st.text_input(t("checks.also"), help=t("checks.also_help"), key=f"checks_id_{subject}").strip()
    if said:
        return said
    return None if picked is None else str(listed[f"{subject}_id"].iloc[picked])


@st.fragment
def desk() -> None:
    """Show the queue, the place on the map, and the record."""
    name = chosen_id(subject, queue.head(SHOWN))
    frame = done.boilers if subject == "boiler" else done.buildings
    found = None if name is None else frame[frame[f"{subject}_id"] == name]
    row = None if found is None or found.empty else found.iloc[0]
    spot = None if row is None else row.geometry.representative_point()
    focus = None if spot is None else (spot.x, spot.y, 15)
    wide, narrow = st.columns([3, 2])
    with wide:
        citymap.show(
            done,
            metrics=("coverage", "clean_heating", "in_service_area", "zone"),
            layers=("counties", "service_areas", "rings", "pipes", "plants", "boilers"),
            key="checks_map",
            focus=focus,
            pin=None if focus is None else focus[:2],
            height=560,
        )
    with narrow:
        if row is not None and name is not None:
            said = str(field_queue.said_of(pd.DataFrame([row]), subject).iloc[0])
            record(store, subject, name, said=said, shown=present(subject, row))
        elif name is not None:
            st.error(t("checks.unknown_id", id=plain(name)))
        else:
            st.info(t("checks.pick"))


def offer() -> None:
    """Offer the queue, the ledger in the columns that are reported, and every word that was kept."""
    downloads(done, t(f"file.checks_{subject}"), queue.drop(columns=["said"]), title=t("page.checks"))
    if len(done.boilers):
        st.subheader(t("checks.export_j1"), anchor=False)
        st.caption(t("checks.export_j1_lead"))
        downloads(
            done,
            t("file.j1"),
            ledger_sheet.j1(done, table, language=language(), unmasked=masks.unmasked()),
            title=t("file.j1"),
        )
    history = store.table(every=True)
    if len(history):
        st.subheader(t("checks.export_history"), anchor=False)
        words = {code: label("check_status", code, language()) for code in history["status"].unique()}
        told = history.assign(check_status=history["status"].map(words)).drop(columns=["status"])
        downloads(done, t("file.checks"), told, title=t("checks.export_history"))


done = current()
heading("page.checks", done, lead="checks.lead")
try:
    store = opened()
    table = store.table()
except DataError as problem:
    show_faults(problem)
    st.stop()
if message := st.session_state.pop("check_saved", None):
    st.toast(message, icon=":material/check:")
words_of = {code: label("subject", code, language()) for code in SUBJECTS if code == "building" or len(done.boilers)}
keep_among(st.session_state, "checks_subject", words_of)
subject = cast(
    "Subject",
    st.segmented_control(
        t("checks.subject"),
        list(words_of),
        format_func=words_of.__getitem__,
        default=None if "checks_subject" in st.session_state else next(iter(words_of)),
        key="checks_subject",
        required=True,
        label_visibility="collapsed",
    ),
)
st.caption(t(f"checks.{subject}s_lead"))
county, zone = area_filter(done, key="checks")
queue = field_queue.boilers(done, table) if subject == "boiler" else field_queue.buildings(done, table)
names_of = county_names(done)
queue = queue[within(queue, county, zone)].assign(
    county=lambda rows: rows["county_code"].map(names_of).fillna(rows["county_code"])
)
st.caption(t("checks.queue", count=len(queue)) + ("" if len(queue) <= SHOWN else t("checks.shown", shown=SHOWN)))
desk()
offer()
