"""The evidence panel: what is known of one building or boiler, rule by rule, and on what it rests."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import label
from heating.assessment import Assessment
from heating.flips import in_words
from heating.ladder import COLUMNS
from heating.report import boiler_table
from heating.wording import coded_label, labelled
from ui.map import MapEvent
from ui.texts import language, paired, plain, t

BUILDING_ROWS = (
    "building_id",
    "name",
    "use",
    "zone",
    "zone_evidence",
    "village_code",
    "heat_source",
    "clean_heating",
    "in_service_area",
    "network_id",
    *COLUMNS,
    "substation_id",
    "meter_id",
    "area_m2",
    "area_basis",
    "households_used",
    "households_basis",
    "heat_index_w_m2",
    "peak_kw",
    "heat_gj",
    "heat_basis",
    "metered_heat_gj",
    "roof_kind",
    "mounting",
    "roof_m2",
    "panel_m2",
    "capacity_kw",
    "surface_tilt",
    "surface_azimuth",
    "yield_kwh",
    "specific_yield_kwh_kw",
    "exclusion_reason",
    "source_row",
    "source_file",
)
_STATE_COLOURS = {"yes": "red", "no": "gray", "review": "orange"}


def shown(column: str, value: object, spoken: str) -> str:
    """Return one value as a person reads it."""
    if pd.isna(value):  # type: ignore[call-overload]
        return "—"
    if isinstance(value, float):
        return f"{value:,.1f}"
    try:
        return coded_label(column, value, spoken) or "—"
    except KeyError:
        return str(value)


def facts_table(cells: pd.Series, columns: tuple[str, ...], spoken: str) -> pd.DataFrame:
    """Return label and value of some columns of a row."""
    kept = [column for column in columns if column in cells.index]
    return pd.DataFrame(
        {
            t("ui.item"): [label("column", column, spoken) for column in kept],
            t("ui.value"): [shown(column, cells[column], spoken) for column in kept],
        }
    )


def building_panel(done: Assessment, row: int) -> None:
    """Show all that is known of one building."""
    cells = done.buildings.iloc[row].drop("geometry")
    st.subheader(t("ui.building", name=plain(cells["building_id"])), anchor=False)
    st.dataframe(facts_table(cells, BUILDING_ROWS, language()), hide_index=True, width="stretch", height=420)
    index = cells["heat_index"]
    if pd.notna(index):
        with parameters.overridden(done.scenario.parameters):
            source(parameters.constants("heat_indices")[str(index)])


def source(parameter: parameters.Parameter) -> None:
    """Show where a constant comes from, marked where it is still to be verified."""
    mark = t(f"confidence.{parameter.confidence}")
    name = parameter.label_zh if language() == "zh" else parameter.label_en
    st.caption(
        f"{name} = {parameter.value:g} {parameter.unit} · {parameter.source} · {paired(t('ui.confidence'), mark)}"
    )


def boiler_panel(done: Assessment, boiler_id: str) -> None:
    """Show a boiler's verdict, every rule with its clause, and the facts that they rest on."""
    spoken = language()
    table = boiler_table(done, language=spoken, only=boiler_id)
    if table.empty:
        st.info(t("ui.pick_boiler"))
        return
    cells = table.iloc[0]
    st.subheader(plain(cells["name"] if pd.notna(cells["name"]) else boiler_id), anchor=False)
    st.markdown(f"**{coded_label('verdict', cells['verdict'], spoken)}**")
    st.text(str(cells["conclusion"]))
    findings = done.boiler_findings[done.boiler_findings["boiler_id"] == boiler_id]
    for _, finding in findings.iterrows():
        _rule(finding, spoken)
    flips = in_words(done.boiler_flips[done.boiler_flips["boiler_id"] == boiler_id], spoken)
    for _, flip in flips.iterrows():
        verdict = coded_label("verdict", flip["other_verdict"], spoken)
        st.caption(t("boilers.flip", switch=flip["switch"], reading=flip["other_reading"], verdict=verdict))
    with st.expander(t("ui.facts")):
        columns = tuple(column for column in table.columns if column not in ("clause", "conclusion"))
        st.dataframe(facts_table(cells, columns, spoken), hide_index=True, width="stretch", height=420)


def _rule(finding: pd.Series, spoken: str) -> None:
    state = str(finding["state"])
    said = label("state", state, spoken)
    strength = label("strength", finding["strength"], spoken)
    st.markdown(
        f":{_STATE_COLOURS[state]}-badge[{said}] **{finding['rule']}** "
        f"{label('rule', finding['rule'], spoken)} · {strength}"
    )
    notes = []
    if finding["missing"]:
        notes.append(t("ui.missing", what=coded_label("missing", finding["missing"], spoken)))
    if finding["exemption"]:
        notes.append(t("ui.exemption", what=coded_label("exemption", finding["exemption"], spoken)))
    if pd.notna(finding["distance_m"]):
        notes.append(t("ui.distance", metres=finding["distance_m"], margin=finding["margin_m"]))
    elif pd.notna(finding["margin_m"]) and abs(finding["margin_m"]) < float("inf"):
        notes.append(t("ui.network_margin", metres=finding["margin_m"]))
    if state != "no" and finding["clause_text"]:
        notes.append(paired(f"{finding['source']} {finding['section']}", finding["clause_text"]))
    for note in notes:
        st.caption(note)


def clicked_row(done: Assessment, event: MapEvent | None) -> int | None:
    """Return the row of the building that was clicked, or None; a click on another city's map counts for none."""
    if event is None or event.layer != "buildings" or event.row is None or not 0 <= event.row < len(done.buildings):
        return None
    return event.row if event.id in (None, str(done.buildings["building_id"].iloc[event.row])) else None


def still_chosen(key: str, choice: object, event: MapEvent | None) -> bool:
    """Say whether the choice in a table is newer than what was last clicked on the map: the last act counts.

    Parameters
    ----------
    key : str
        Name of the map.
    choice : object
        What is chosen in the table, None for nothing.
    event : MapEvent or None
        Last event of the map.
    """
    serial = event.serial if event is not None else 0
    known, since = st.session_state.get(f"{key}_choice", (None, 0))
    if choice != known:
        st.session_state[f"{key}_choice"] = choice, serial
        since = serial
    clicked = event is not None and event.layer and serial > since
    return choice is not None and not clicked


def panel(done: Assessment, event: MapEvent | None, *, boiler_id: str | None = None) -> None:
    """Show the panel of what was clicked on the map or chosen in a table."""
    if boiler_id is not None:
        boiler_panel(done, boiler_id)
    elif event is not None and event.layer == "boilers" and event.id:
        boiler_panel(done, event.id)
    elif (row := clicked_row(done, event)) is not None:
        building_panel(done, row)
    elif event is not None and event.layer == "villages" and done.villages is not None and event.id:
        _feature_panel(done.villages, "village_code", event.id)
    elif event is not None and event.layer == "plants" and event.id:
        _feature_panel(done.plants, "plant_id", event.id)
    else:
        st.info(t("ui.pick"))


def _feature_panel(frame: pd.DataFrame, key: str, name: str) -> None:
    rows = frame[frame[key] == name].drop(columns="geometry")
    if rows.empty:
        st.info(t("ui.pick"))
        return
    st.subheader(plain(rows["name"].iloc[0]), anchor=False)
    turned = labelled(rows, language()).T.astype(str).replace({"nan": "—", "<NA>": "—", "None": "—"})
    turned.columns = [str(at + 1) for at in range(len(rows))]
    st.dataframe(turned, width="stretch")
