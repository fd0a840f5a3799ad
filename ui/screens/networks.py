"""热源管网: plants, service areas and pipes, what they declare, and what lies within their reach."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pandas as pd
import streamlit as st

from data.catalog import UNKNOWN, label
from heating import rates, supply_tables
from heating.assessment import Assessment
from heating.report import boiler_table, county_names
from heating.wording import rounded
from ui import citymap, rungs, tables
from ui.evidence import facts_table, panel, still_chosen
from ui.links import keep_among
from ui.parts import downloads, heading
from ui.selection import box_panel
from ui.state import current, result_name
from ui.texts import enumerated, language, plain, t

KINDS = ("plant", "service_area", "pipe", "substation")
PLANT_COLUMNS = ["name", "county", "status", "units", "operating_mw", "spare", "qualifies", "doubt"]
PLANT_COLUMNS += ["boilers_within", "boilers_maybe", "boilers_by_verdict"]
AREA_COLUMNS = ["name", "supplier", "source", "county", "medium", "status", "area_km2", "spare"]
AREA_COLUMNS += ["buildings", "heated_area_m2", "boilers", "boilers_by_verdict", "document"]
PIPE_COLUMNS = ["name", "supplier", "source", "county", "medium", "status", "dn_mm", "length_km", "document"]
STATION_COLUMNS = ["name", "supplier", "source", "county", "medium", "status", "spare", "document"]
SHOWN = {"plant": PLANT_COLUMNS, "service_area": AREA_COLUMNS, "pipe": PIPE_COLUMNS, "substation": STATION_COLUMNS}
PLANT_FACTS = ("plant_id", "role", "source_kind", "supplier", *PLANT_COLUMNS[1:5], "units_total", "heat_capacity_mw")
PLANT_FACTS += ("heat_load_mw", "spare", "heated_area_m2", "ultra_low", "areas", *PLANT_COLUMNS[6:])
FACTS = ("network_id", "kind_of_network", *AREA_COLUMNS[1:], "dn_mm", "length_km")
BOILER_COLUMNS = ["boiler_id", "name", "capacity_t_h", "fuel", "verdict", "within_radius", "distance_m"]
RING_ZOOM = 11
TALLEST = 320


@st.cache_data(max_entries=8, show_spinner=False)
def tables_of(name: str, spoken: str, _done: Assessment) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of plants and networks of an assessment, kept under its name."""
    del name
    return supply_tables.plant_table(_done, language=spoken), supply_tables.network_table(_done, language=spoken)


def county_words() -> dict[str, str]:
    """Return the names of counties by code, and words for none and for outside."""
    return {UNKNOWN: t("area.unknown"), supply_tables.OUTSIDE: t("networks.outside")} | county_names(done)


def spare_words(row: pd.Series) -> str:
    """Return the declared spare heat, or that it is not declared; for pipes and plants at rest a dash."""
    if row.get("spare_by_load_units", 0) and pd.notna(row["spare_heat_mw"]):
        return t("networks.spare_by_load", spare=f"{row['spare_heat_mw']:,.1f}")
    if pd.notna(row["spare_heat_mw"]):
        return f"{row['spare_heat_mw']:,.1f}"
    if "units" in row.index:
        if not row["units"]:
            return "—"
        if row["spare_declared_units"]:
            return t("networks.spare_partly", some=row["spare_declared_units"], units=row["units"])
    elif row["kind"] != supply_tables.AREA_KIND:
        return "—"
    return t("networks.spare_undeclared")


def worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the counties' names and the spare heat in words."""
    names = county_words()
    counties = [enumerated(names.get(code, code) for code in str(codes).split(";")) for codes in table["county_code"]]
    said = table.assign(county=counties, spare=[spare_words(row) for _, row in table.iterrows()])
    if "kind" not in said:
        return said
    kinds = {kind: t(f"networks.kind_{kind}") for kind in KINDS}
    sources = said["source"].astype(object)
    return said.assign(
        kind_of_network=said["kind"].map(kinds),
        source=sources.where(sources.notna(), t("networks.source_missing")),
        area_km2=said["area_km2"].round(3),
        length_km=said["length_km"].round(2),
    )


def filters(table: pd.DataFrame, *, key: str) -> pd.DataFrame:
    """Show the choices of county and status and return the rows that fit."""
    words = county_words()
    codes = sorted({code for some in table["county_code"] for code in str(some).split(";")})
    counties = {rates.ALL: t("county.all")} | {code: words.get(code, code) for code in codes}
    left, right = st.columns(2)
    county = left.selectbox(t("column.county"), list(counties), format_func=counties.__getitem__, key=f"{key}_county")
    present = sorted(set(table["status"]))
    statuses = {code: label("status", code, language()) for code in present}
    status = right.multiselect(
        t("column.status"), present, format_func=statuses.__getitem__, placeholder=t("ui.all"), key=f"{key}_status"
    )
    keep = table["status"].isin(status or present)
    if county != rates.ALL:
        keep &= pd.Series([county in str(some).split(";") for some in table["county_code"]], index=table.index)
    return table[keep]


def open_points(found: dict[str, list[str]]) -> set[str] | None:
    """Show what the declarations lack, with counts, and return the identifiers of the chosen points."""
    if not found:
        st.success(t("networks.complete"))
        return None
    said = {key: t(f"networks.finding_{key}", count=len(names)) for key, names in found.items()}
    chosen = st.pills(
        t("networks.findings"),
        list(said),
        format_func=said.__getitem__,
        selection_mode="multi",
        key="networks_findings",
        help=t("networks.findings_help"),
    )
    return {name for key in chosen for name in found[key]} if chosen else None


def focus_of(shapes: gpd.GeoDataFrame, *, ring: bool) -> citymap.Focus:
    """Return where the map goes to show a network, or a plant with its ring."""
    longitude, latitude, zoom = citymap.overview(dataclasses.replace(done, buildings=shapes))
    return longitude, latitude, RING_ZOOM if ring else zoom - 1


def facts_panel(row: pd.Series, columns: tuple[str, ...]) -> None:
    """Show all that one plant or network declares and holds."""
    name = row["name"] if pd.notna(row["name"]) else row[columns[0]]
    exact = {key: f"{row[key]:,.2f}" for key in ("area_km2", "length_km") if key in row.index and pd.notna(row[key])}
    st.subheader(plain(name), anchor=False)
    said = facts_table(pd.Series(row.to_dict() | exact), columns, language())
    st.dataframe(said, hide_index=True, width="stretch", height=460)


def boilers_of(kind: str, name: str) -> pd.DataFrame:
    """Return the boilers within a plant's radius or inside a service area."""
    if kind == "plant":
        return supply_tables.boilers_within(done, name)
    ledger = boiler_table(done, language=language())
    return ledger[(supply_tables.members(done.boilers) == name).to_numpy()].reset_index(drop=True)


@st.fragment
def city() -> None:
    """Show the table, the map that follows the chosen row, and its evidence."""
    st.caption(t("networks.shown", count=len(table), total=len(whole)))
    identifier = "plant_id" if kind == "plant" else "network_id"
    height = min(TALLEST, 36 * (len(table) + 1) + 2)
    chosen = tables.pick(worded(table)[SHOWN[kind]], key=f"networks_{kind}", height=height)
    name, focus = None, None
    if chosen is not None:
        name = str(table[identifier].iloc[chosen])
        layer = done.layers.some("plants" if kind == "plant" else "networks")
        focus = focus_of(layer[layer[identifier] == name], ring=kind == "plant")
    wide, narrow = st.columns([2, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("coverage", "in_service_area", "clean_heating", "use"),
            layers=("counties", "service_areas", "rings", "pipes", "substations", "plants"),
            key="networks_map",
            focus=focus,
            height=600,
        )
    with narrow:
        if still_chosen("networks_map", name, event):
            facts_panel(worded(table).iloc[chosen or 0], PLANT_FACTS if kind == "plant" else FACTS)
        else:
            panel(done, event)
    box_panel(done, "networks_map")
    if name is not None and kind in ("plant", "service_area") and len(done.boilers):
        within = boilers_of(kind, name)
        st.subheader(t(f"networks.boilers_{kind}", count=len(within)), anchor=False)
        if len(within):
            shown = BOILER_COLUMNS if kind == "plant" else BOILER_COLUMNS[:-2]
            tables.show(within[shown])


def offer() -> None:
    """Offer the shown rows, and the shapes behind them."""
    layer = done.layers.some("plants" if kind == "plant" else "networks")
    identifier = "plant_id" if kind == "plant" else "network_id"
    shapes = {f"{kind}s": layer[layer[identifier].isin(table[identifier])]}
    if kind == "plant":
        shapes["plant_rings"] = done.rings[done.rings["plant_id"].isin(table["plant_id"])]
    said = worded(table).drop(columns=["county_code", "kind"], errors="ignore")
    downloads(done, t(f"file.networks_{kind}"), rounded(said), title=t(f"networks.kind_{kind}"), shapes=shapes)


done = current()
heading("page.networks", done, lead="networks.lead")
for layer_name in ("plants", "networks", "boilers"):
    if done.layers.get(layer_name) is None:
        st.info(t("networks.no_layer", layer=label("layer", layer_name, language()), page=t("page.files")))
plant_rows, network_rows = tables_of(result_name(), language(), done)
if plant_rows.empty and network_rows.empty:
    st.stop()
wanted_ids = open_points(supply_tables.findings(plant_rows, network_rows))
by_kind = {"plant": plant_rows} | {code: network_rows[network_rows["kind"] == code] for code in KINDS[1:]}
said_kinds = {code: f"{t(f'networks.kind_{code}')} {len(rows)}" for code, rows in by_kind.items()}
offered = [code for code in KINDS if code != "substation" or len(by_kind[code])]
keep_among(st.session_state, "networks_kind", offered)
picked = st.segmented_control(
    t("networks.kind"),
    offered,
    format_func=said_kinds.__getitem__,
    default=None if "networks_kind" in st.session_state else KINDS[0],
    key="networks_kind",
    required=True,
    label_visibility="collapsed",
)
kind = picked or KINDS[0]
whole = by_kind[kind]
table = filters(whole, key=f"networks_{kind}")
if wanted_ids is not None:
    table = table[table["plant_id" if kind == "plant" else "network_id"].isin(wanted_ids)]
table = table.reset_index(drop=True)
city()
citymap.let_draw("networks_map")
offer()
if done.layers.get("networks") is not None:
    rungs.section(done)
st.subheader(t("linear.title"), anchor=False)
rungs.show_linear(done)
rungs.show_season(done)
rungs.show_calibration(done)
rungs.offer_density(done)
