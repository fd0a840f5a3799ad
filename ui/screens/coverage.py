"""清洁取暖: rates with their interval and gap, from the county down to the single building."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import streamlit as st

from data.catalog import UNKNOWN, ZONES, label
from heating import drilldown, rates
from heating.assessment import Assessment
from heating.report import county_names, rate_table
from heating.wording import rounded
from ui import behind, citymap, figures, tables
from ui.evidence import building_panel, panel, still_chosen
from ui.parts import downloads, heading, rate_notes, zone_cards
from ui.selection import box_panel
from ui.state import current, result_name
from ui.texts import language, plain, t

FIELDS = ("county", "town", "village", "zone")
RATE_COLUMNS = ["zone", "rate_low", "rate_high", "target", "standing", "gap_low_m2", "gap_high_m2"]
RATE_COLUMNS += ["gap_low_households", "gap_high_households", "household_rate_low", "household_rate_high"]
RATE_COLUMNS += ["clean_area_m2", "not_clean_area_m2", "unknown_area_m2", "buildings", "unknown_buildings"]
SHOWN = 500
BARS = 12
TALLEST = 320
COLOURS = {"met": "green", "missed": "red", "open": "orange"}


@st.cache_resource(max_entries=16, show_spinner=False)
def level_below(name: str, where: drilldown.Area, _done: Assessment) -> pd.DataFrame:
    """Return the next level of an area, its parts or its buildings, kept under the assessment's name."""
    del name
    if where.below is None:
        return drilldown.building_rows(_done.buildings, _done.villages, where)
    return drilldown.area_rates(_done.buildings, _done.villages, _done.scenario, by=where.below, area=where)


@st.cache_resource(max_entries=4, show_spinner=False)
def buildings_of(name: str, where: drilldown.Area, _done: Assessment) -> pd.DataFrame:
    """Return the buildings of an area, kept under the assessment's name."""
    del name
    return drilldown.building_rows(_done.buildings, _done.villages, where)


def go(**wanted: str) -> None:
    """Move the choices of the area; those that are not named stay."""
    for field, code in wanted.items():
        st.session_state[f"coverage_{field}"] = code
    st.session_state["coverage_step"] = st.session_state.get("coverage_step", 0) + 1


def choose(place: Any, field: str, options: dict[str, str]) -> str | None:
    """Show one level's choice and return its code; None stands for all."""
    key = f"coverage_{field}"
    if st.session_state.get(key) not in options:
        st.session_state[key] = rates.ALL
    code = place.selectbox(
        t(f"column.{field}"), list(options), format_func=options.__getitem__, key=key, disabled=len(options) == 1
    )
    return None if code == rates.ALL else str(code)


def options_of(column: str, area: drilldown.Area, names: dict[str, str]) -> dict[str, str]:
    """Return the codes that the buildings of an area have in a column, with their words; unknown comes last."""
    codes = places.loc[drilldown.inside(places, area), column].unique()
    words = {UNKNOWN: t("area.unknown")} | {code: names.get(code, code) for code in codes if code != UNKNOWN}
    return {rates.ALL: t("ui.all")} | {
        code: words[code] for code in sorted(codes, key=lambda code: (code == UNKNOWN, code))
    }


def chosen_area() -> tuple[drilldown.Area, dict[str, str]]:
    """Show the choices from county to village, and zone, and return the area with the words of its parts."""
    spots = dict(zip(FIELDS, st.columns(len(FIELDS)), strict=True))
    everything = {rates.ALL: t("ui.all")}
    counties = everything | options_of("county_code", drilldown.Area(), county_names(done))
    county = choose(spots["county"], "county", counties)
    towns, villages = everything, everything
    if county is not None:
        towns = options_of("town", drilldown.Area(county=county), {})
    town = choose(spots["town"], "town", towns)
    if town is not None:
        names = (
            {}
            if done.villages is None
            else dict(zip(done.villages["village_code"], done.villages["name"], strict=True))
        )
        villages = options_of("village_code", drilldown.Area(county=county, town=town), names)
    village = choose(spots["village"], "village", villages)
    zones = {rates.ALL: t("zone.all")} | {zone: label("zone", zone, language()) for zone in (*ZONES, UNKNOWN)}
    zone = choose(spots["zone"], "zone", zones)
    said = {"county": counties.get(str(county), ""), "town": towns.get(str(town), "")}
    said |= {"village": villages.get(str(village), "")}
    return drilldown.Area(county=county, town=town, village=village, zone=zone), said


def breadcrumbs(words: dict[str, str]) -> None:
    """Show the way from the city to the chosen area; each step leads back to it."""
    steps: list[tuple[str, dict[str, str]]] = [(t("county.all"), dict.fromkeys(FIELDS, rates.ALL))]
    levels = drilldown.LEVELS
    for at, level in enumerate(levels):
        if words[level]:
            steps.append((words[level], dict.fromkeys(levels[at + 1 :], rates.ALL)))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for at, (said, wanted) in enumerate(steps):
            if at:
                st.markdown("›", width="content")
            st.button(
                plain(said),
                key=f"coverage_crumb_{at}",
                type="tertiary",
                on_click=go,
                kwargs=wanted,
                disabled=at == len(steps) - 1 and at > 0,
            )


def area_lines() -> None:
    """Say how the chosen area stands, one line a zone."""
    for row in drilldown.totals(done.buildings, done.villages, done.scenario, area=area).to_dict("records"):
        low, high = (rates.shown_percent(float(row[name])) for name in ("rate_low", "rate_high"))
        zone = f"**{label('zone', row['zone'], language())}**"
        if low == "—":
            st.markdown(f"{zone}　{t('ui.nothing_heated')}")
            continue
        shown = low if low == high else f"{low} – {high}"
        line = f"{zone}　{shown}"
        if row["standing"] != "none":
            badge = label("standing", row["standing"], language())
            line += f" :{COLOURS[row['standing']]}-badge[{badge}]"
            line += " :small[" + t("ui.card_target", target=rates.shown_percent(float(row["target"]), digits=0)) + " · "
            line += t(
                "ui.card_gap",
                low=row["gap_low_m2"] / 1e4,
                high=row["gap_high_m2"] / 1e4,
                households_low=row["gap_low_households"],
                households_high=row["gap_high_households"],
            )
            line += "]"
        st.markdown(line)


def worded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of areas with the counties' names, and words for what is unknown."""
    names = county_names(done)
    done_table = table.copy()
    for column in ("county_code", "town", "village_code", "name"):
        if column in done_table:
            words = {UNKNOWN: t("area.unknown")} | (names if column != "village_code" else {})
            done_table[column] = done_table[column].replace(words)
    return done_table.rename(columns={"county_code": "county"})


def pick_area() -> None:
    """Show the areas one level down; the chosen one becomes the area of the page."""
    level = area.below or "village"
    st.caption(t(f"coverage.pick_{level}", count=len(table)))
    shown = worded(table)[["name", *RATE_COLUMNS]]
    if level == "county":
        shown = shown.rename(columns={"name": "county"})
    elif level == "town":
        shown = shown.rename(columns={"name": "town"})
    else:
        shown = shown.rename(columns={"name": "village"})
    step = st.session_state.get("coverage_step", 0)
    chosen = tables.pick(shown, key=f"coverage_table_{step}", height=min(TALLEST, 36 * (len(shown) + 1) + 2))
    if chosen is not None:
        row = table.iloc[chosen]
        st.session_state["coverage_next"] = {level: str(row[drilldown.KEYS[level]]), "zone": str(row["zone"])}
        st.rerun()


def pick_building() -> int | None:
    """Show the buildings of a village and return the row of the chosen one."""
    st.caption(t("coverage.pick_building", count=min(SHOWN, len(table)), total=len(table)))
    shown = rounded(table.drop(columns="row").head(SHOWN))
    names = shown["name"].astype(object)
    shown = shown.assign(name=names.where(names.notna(), "—"), households_used=shown["households_used"].round(1))
    step = st.session_state.get("coverage_step", 0)
    chosen = tables.pick(shown, key=f"coverage_buildings_{step}", height=min(TALLEST, 36 * (len(shown) + 1) + 2))
    return None if chosen is None else int(table["row"].iloc[chosen])


def focus_on(row: int | None) -> citymap.Focus | None:
    """Return where the map goes: to the chosen building, or the chosen area; None for the whole city."""
    if row is not None:
        return citymap.overview(dataclasses.replace(done, buildings=done.buildings.iloc[[row]]))
    if not keep.any() or area.county is None:
        return None
    return citymap.overview(dataclasses.replace(done, buildings=done.buildings[keep]))


@st.fragment
def city() -> None:
    """Show the next level down, the map of the chosen area, and what was clicked."""
    row = None
    if table.empty:
        st.info(t("coverage.nothing_here"))
    elif area.below is None:
        row = pick_building()
    else:
        pick_area()
    focus = focus_on(row)
    wide, narrow = st.columns([3, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("clean_heating", "in_service_area", "zone"),
            layers=("counties", "service_areas", "pipes", "villages"),
            key="coverage_map",
            keep=keep,
            focus=focus,
            pin=None if row is None or focus is None else focus[:2],
        )
    stands = still_chosen("coverage_map", row, event)
    with narrow:
        if row is not None and stands:
            building_panel(done, row)
        else:
            panel(done, event)
    box_panel(done, "coverage_map", keep=keep)


def chart() -> None:
    """Show the intervals of the city by county, or of the worst areas of the chosen one."""
    rated = done
    if area != drilldown.Area():
        rated = dataclasses.replace(done, clean_heating=table.head(BARS).assign(county_code=table["name"]))
        st.caption(t("coverage.worst", count=min(BARS, len(table))))
    st.altair_chart(figures.rate_intervals(rated, language()), width="stretch")
    st.caption(t("coverage.interval"))


if "coverage_next" in st.session_state:
    go(**st.session_state.pop("coverage_next"))
done = current()
heading("page.coverage", done, lead="coverage.lead")
zone_cards(done)
rate_notes(done)
places = drilldown.locate(done.buildings, done.villages)
st.subheader(t("coverage.drill"), anchor=False)
area, words = chosen_area()
breadcrumbs(words)
keep = drilldown.inside(places, area)
table = level_below(result_name(), area, done)
if done.villages is None:
    st.info(t("coverage.no_villages", page=t("page.files")))
if area != drilldown.Area():
    area_lines()
city()
citymap.let_draw("coverage_map")
if area.below is not None and not table.empty:
    chart()
    st.caption(t("coverage.table_here"))
    downloads(done, t("file.area_rates"), worded(table), title=t("page.coverage"))
st.caption(t("coverage.buildings_here", count=int(keep.sum())))
downloads(
    done,
    t("file.area_buildings"),
    buildings_of(result_name(), area, done).drop(columns="row"),
    title=t("page.coverage"),
    shapes={"buildings": done.buildings[keep]},
)
rates_shown = rate_table(done)
st.subheader(t("overview.by_county"), anchor=False)
behind.rates_table(done, key="coverage_rates")
downloads(done, t("file.clean_heating"), rates_shown, title=t("page.coverage"), shapes={"clean_heating": rates_shown})
