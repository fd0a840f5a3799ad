"""The coverage ladder on a page: the readings it is climbed by, its tables, and loose coal inside coverage."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Final, Literal

import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import UNKNOWN, label
from data.errors import DataError
from heating import demand, ladder_tables, linear, rates, season
from heating.assessment import Assessment
from heating.behind import of_rung
from heating.density import geotiff, heat_density
from heating.ladder import RUNGS
from heating.report import county_names
from heating.validity import has_terms
from heating.wording import rounded
from ui import behind, tables
from ui.parts import downloads, safely
from ui.state import scenario, show_faults
from ui.texts import language, plain, t

SHOWN: Final = 200
WAYS: Final[tuple[Literal["line", "street"], ...]] = ("line", "street")
SEASONS: Final[tuple[Literal["weather", "table"], ...]] = ("weather", "table")
_WAN: Final = 1e4


def choices(done: Assessment) -> None:
    """Show the readings of the ladder that no source gives, and keep what a person sets as the scenario."""
    now = scenario()
    with st.form("rung_choices"):
        left, beside, middle, right = st.columns(4)
        reach = left.number_input(
            t("rungs.reach"),
            min_value=1.0,
            max_value=5000.0,
            value=now.tap_reach_m,
            step=10.0,
            help=t("rungs.reach_help"),
        )
        ways = {way: t(f"rungs.along_{way}") for way in WAYS}
        along = beside.selectbox(
            t("rungs.along"), WAYS, index=WAYS.index(now.reach_along), format_func=ways.__getitem__
        )
        least = middle.number_input(
            t("rungs.least_dn"), min_value=15.0, max_value=2000.0, value=now.tap_min_dn_mm, step=50.0
        )
        shown = None if now.as_of is None else date.fromisoformat(now.as_of)
        day = right.date_input(t("rungs.as_of"), value=shown, help=t("rungs.as_of_help"))
        sent = st.form_submit_button(t("rungs.apply"))
    if now.tap_reach_m is None:
        st.caption(t("rungs.no_reach"))
    if now.reach_along == "street" and done.layers.get("streets") is None:
        st.warning(t("rungs.no_streets"))
    if now.as_of is None and has_terms(done.layers.get("networks")):
        st.warning(t("rungs.no_day"))
    if sent:
        as_of = day.isoformat() if isinstance(day, date) else None
        st.session_state["scenario"] = dataclasses.replace(
            now, tap_reach_m=reach, reach_along=along, tap_min_dn_mm=least, as_of=as_of
        )
        st.rerun()


def _named(done: Assessment, table: pd.DataFrame) -> pd.DataFrame:
    names = county_names(done) | {rates.ALL: t("county.all"), UNKNOWN: t("area.unknown")}
    return table.assign(county=table["county_code"].map(names).fillna(table["county_code"])).drop(columns="county_code")


def _by_zone(done: Assessment, table: pd.DataFrame) -> None:
    """Show the heated area by zone and rung for the whole city [10⁴ m²], and the buildings behind a figure."""
    whole = table[table["county_code"] == rates.ALL]
    spread = whole.pivot_table(index="zone", columns="coverage", values="area_m2", sort=False, aggfunc="sum") / _WAN
    order = [rung for rung in RUNGS if rung in spread]
    zones = list(spread.index)
    shown = spread[order].fillna(0.0).round(2).rename(columns={rung: label("rung", rung, language()) for rung in order})
    shown.insert(0, t("column.zone"), [label("zone", zone, language()) for zone in zones])
    chosen = behind.pick_cell(shown.rename_axis(columns=None), ["zone", *order], key="rungs_by_zone")
    if chosen is not None:
        zone, rung = zones[chosen[0]], None if chosen[1] == "zone" else chosen[1]
        said = " · ".join([label("zone", zone, language()), *([label("rung", rung, language())] if rung else [])])
        behind.show(
            done, done.buildings, of_rung(done.buildings, zone=zone, rung=rung), said=said, name=t("file.rungs")
        )


def _behind(done: Assessment, wanted: pd.Series, *, said: str, name: str) -> None:
    """Show the buildings whose columns are what a row of a table says."""
    keep = (done.buildings["clean_heating"] != "not_heated").to_numpy(dtype=bool)
    for column, value in wanted.items():
        keep &= (done.buildings[column].astype(object).fillna(UNKNOWN) == value).to_numpy(dtype=bool)
    behind.show(done, done.buildings, keep, said=said, name=name)


@st.fragment
def section(done: Assessment) -> None:
    """Show where the buildings stand on the ladder, what their areas would need, and loose coal inside coverage."""
    st.subheader(t("rungs.title"), anchor=False)
    st.caption(t("rungs.lead"))
    choices(done)
    table = ladder_tables.city_table(done)
    st.caption(t("rungs.by_zone"))
    _by_zone(done, table)
    downloads(done, t("file.rungs"), _named(done, table), title=t("rungs.title"))
    needs = ladder_tables.by_network(done)
    if len(needs):
        with st.expander(t("rungs.needs", short=int((needs["enough"] == "no").sum()), count=len(needs))):
            st.caption(t("rungs.needs_lead"))
            shown = rounded(needs)
            words = (
                shown["spare_mw"].map("{:.1f}".format).where(shown["spare_mw"].notna(), t("networks.spare_undeclared"))
            )
            picked = behind.pick_row(shown.assign(spare_mw=words), key="rungs_needs")
            if picked is not None:
                name = str(needs["network_id"].iloc[picked])
                keep = ladder_tables.not_connected_inside(done.buildings, name)
                behind.show(done, done.buildings, keep, said=name, name=t("file.rung_needs"))
            downloads(done, t("file.rung_needs"), needs, title=t("rungs.needs_title"))
    _groups(done)
    coal = ladder_tables.loose_coal(done)
    with st.expander(t("rungs.coal", count=len(coal), area=coal["area_m2"].sum() / _WAN)):
        st.caption(t("rungs.coal_lead"))
        rows = _named(done, pd.DataFrame(coal.drop(columns="geometry")))
        if len(rows):
            first = rounded(rows.drop(columns=["name", "source_row", "source_file"], errors="ignore").head(SHOWN))
            st.caption(t("rungs.coal_shown", count=len(first), total=len(rows)))
            tables.show(first, height=280)
            downloads(done, t("file.loose_coal"), rows, title=t("rungs.coal_title"), shapes={"loose_coal": coal})
    with st.expander(t("rungs.readings")):
        st.caption(t("rungs.readings_lead"))
        found = ladder_tables.readings(done.buildings)
        picked = behind.pick_row(found, key="rungs_readings")
        if picked is not None:
            wanted = found[list(ladder_tables.READINGS)].iloc[picked]
            keep = (done.buildings[list(wanted.index)].astype(object) == wanted).all(axis=1).to_numpy(dtype=bool)
            behind.show(done, done.buildings, keep, said=t("rungs.readings"), name=t("rungs.readings"))
        told = ladder_tables.detour(done.buildings)
        if told["measured"]:
            st.caption(
                t("rungs.detour", middle=told["detour_50"], low=told["detour_25"], high=told["detour_75"])
                + t("rungs.no_way", count=int(told["no_way"]))
            )


def _groups(done: Assessment) -> None:
    """Show where compounds and villagers' groups stand; nothing but a word where no building names its own."""
    table = ladder_tables.by_household_group(done)
    if table.empty:
        st.caption(t("rungs.no_groups"))
        return
    mixed = int((table["group_coverage"] == ladder_tables.MIXED).sum())
    with st.expander(t("rungs.groups", count=len(table), mixed=mixed)):
        names = done.layers.some("villages").set_index("village_code")["name"]
        villages = table["village_code"].map(names).fillna(table["village_code"])
        order = [name for name in ("county", "village", *table) if name not in ("county_code", "village_code")]
        named = _named(done, table.assign(village=villages))
        picked = behind.pick_row(rounded(named[order].head(SHOWN)), key="rungs_groups")
        if picked is not None:
            wanted = table[["county_code", "village_code", "household_group"]].iloc[picked]
            _behind(done, wanted, said=str(wanted["household_group"]), name=t("file.rung_groups"))
        downloads(done, t("file.rung_groups"), named[[*order, "village_code"]], title=t("rungs.groups_title"))


@st.fragment
def show_linear(done: Assessment) -> None:
    """Show the linear heat density by village and offer it by street; nothing where there are no streets."""
    table, lines = linear.by_village(done), linear.by_street(done)
    if table is None or lines is None:
        st.caption(t("linear.no_streets"))
        return
    st.caption(t("linear.lead"))
    names = done.layers.some("villages").set_index("village_code")["name"]
    named = table.assign(village=table["village_code"].map(names).fillna(table["village_code"]))
    dense = named.sort_values("linear_density_mwh_m", ascending=False, kind="stable")
    dense = dense[["village", *[name for name in table if name != "village_code"], "village_code"]]
    picked = behind.pick_row(rounded(dense.drop(columns="village_code")).head(SHOWN), key="linear_villages")
    if picked is not None:
        row = dense.iloc[picked]
        _behind(done, row[["village_code"]], said=str(row["village"]), name=t("file.linear_density"))
    downloads(done, t("file.linear_density"), dense, title=t("linear.title"), shapes={"streets": lines})


def show_season(done: Assessment) -> None:
    """Show the degree-days that annual heat is scaled by, and let a person choose where they come from."""
    st.subheader(t("season.title"), anchor=False)
    with parameters.overridden(done.scenario.parameters):
        table = season.of_table()
    used = done.season
    if used.basis == "weather":
        years = f"{used.years[0]}–{used.years[-1]}" if len(used.years) > 1 else str(used.years[0])
        st.markdown(
            plain(
                t("season.of_weather", kd=used.degree_days, station=used.station, years=years, table=table.degree_days)
            )
        )
    else:
        st.markdown(t("season.of_table", kd=table.degree_days))
    if all(cell.synthetic for cell in done.layers.weather):
        st.caption(t("season.no_weather"))
        return
    now = scenario()
    words = {reading: t(f"option.season.{reading}") for reading in SEASONS}
    chosen = st.segmented_control(
        t("option.season"), SEASONS, format_func=words.__getitem__, default=now.season, key="season_of", required=True
    )
    if chosen is not None and chosen != now.season:
        st.session_state["scenario"] = dataclasses.replace(now, season=chosen)
        st.rerun()


@st.fragment
def show_calibration(done: Assessment) -> None:
    """Show how metered heat compares with the indices, by index; nothing where nobody is metered."""
    with parameters.overridden(done.scenario.parameters):
        table = demand.calibration(done.buildings, done.buildings).reset_index()
        words = parameters.constants("heat_indices")
    if table.empty:
        return
    st.subheader(t("demand.calibration"), anchor=False)
    st.caption(t("demand.calibration_lead"))
    names = [words[name].label_zh if language() == "zh" else words[name].label_en for name in table["heat_index"]]
    picked = behind.pick_row(
        rounded(table.assign(heat_index=names, factor=table["factor"].round(3))), key="calibration"
    )
    if picked is not None:
        metered = done.buildings["metered_heat_gj"] > 0
        keep = (metered & (done.buildings["heat_index"] == table["heat_index"].iloc[picked])).to_numpy(dtype=bool)
        behind.show(done, done.buildings, keep, said=names[picked], name=t("demand.calibration"))


def offer_density(done: Assessment) -> None:
    """Offer the heat density on a grid."""
    spoken, prefix = language(), f"{t('app.synthetic')}_" if done.layers.synthetic else ""
    try:
        grid = heat_density(done.buildings, done.crs)
    except DataError as error:
        show_faults(error)
        return
    st.caption(t("density.note"))
    st.download_button(
        t("density.offer"),
        data=safely(lambda: geotiff(grid, synthetic=done.layers.synthetic, language=spoken)),
        file_name=f"{prefix}{t('file.heat_density')}.tif",
        mime="image/tiff",
        key="heat_density",
        on_click="ignore",
        icon=":material/grid_on:",
    )
