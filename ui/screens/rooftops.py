"""屋顶光伏: which roofs can carry how much, and what they yield."""

from __future__ import annotations

import streamlit as st

from data import parameters
from heating.report import county_names, roof_table
from heating.wording import coded_label
from solar.weather_repair import repair_notes
from ui import citymap, figures, roof_figures, tables
from ui.evidence import building_panel, clicked_row, panel, still_chosen
from ui.links import keep_among
from ui.parts import area_filter, downloads, heading, within
from ui.roof_panel import roof_panel
from ui.selection import box_panel, selected_box, within_box
from ui.state import current
from ui.texts import enumerated, language, paired, plain, t

SHOWN = 500
COLUMNS = ["building_id", "county_code", "zone", "use", "roof_kind", "mounting", "roof_m2", "capacity_kw"]
COLUMNS += ["yield_kwh", "specific_yield_kwh_kw"]

done = current()
heading("page.rooftops", done, lead="rooftops.lead")
notes = done.solar.notes()
if "solar.note.flat_terrain" in notes:
    st.info(t("solar.note.flat_terrain"), icon=":material/landscape:")
st.caption(enumerated((t(note) for note in notes if note != "solar.note.flat_terrain"), "semicolon"))
worst = float(done.solar.audit["relative_delta"].abs().max()) if len(done.solar.audit) else 0.0
names = enumerated(plain(cell.name) for cell in done.solar.cells)
st.caption(t("rooftops.audit", count=len(done.solar.audit), worst=worst, weather=names))
for cell in done.solar.cells:
    for key, values in repair_notes(cell):
        st.warning(paired(plain(cell.name), t(key, **values)))
county, zone = area_filter(done, key="rooftops")
uses = parameters.table("building_uses").index
left, right = st.columns([2, 1])
keep_among(st.session_state, "rooftops_use", uses)
chosen = left.multiselect(
    t("column.use"),
    list(uses),
    format_func={code: coded_label("use", code, language()) for code in uses}.__getitem__,
    placeholder=t("ui.all"),
    key="rooftops_use",
)
least = right.number_input(t("rooftops.least_kw"), min_value=0.0, value="min", step=10.0, key="rooftops_least")
buildings = done.buildings
keep = within(buildings, county, zone) & (buildings["capacity_kw"] > 0).to_numpy()
keep &= (buildings["capacity_kw"] >= least).to_numpy()
if chosen:
    keep &= buildings["use"].isin(chosen).to_numpy()
kept = buildings[keep]

cards = st.columns(5)
total_kw, total_kwh = float(kept["capacity_kw"].sum()), float(kept["yield_kwh"].sum())
lost = float(kept[["loss_terrain_kwh", "loss_buildings_kwh", "loss_rows_kwh"]].sum().sum())
light = float(kept["in_plane_kwh"].sum())
cards[0].metric(t("rooftops.count"), f"{len(kept):,}", border=True)
cards[1].metric(t("rooftops.capacity"), f"{total_kw / 1e3:,.0f}", border=True)
cards[2].metric(t("rooftops.energy"), f"{total_kwh / 1e6:,.0f}", border=True)
cards[3].metric(
    t("rooftops.specific"),
    f"{total_kwh / total_kw:,.0f}" if total_kw else "—",
    border=True,
)
cards[4].metric(t("rooftops.shaded"), f"{lost / light:.1%}" if light else "—", border=True)
months, losses, days = st.tabs([t(f"rooftops.tab_{name}") for name in ("months", "losses", "days")])
with months:
    st.altair_chart(figures.monthly_yield(kept, language()), width="stretch")
with losses:
    st.altair_chart(roof_figures.waterfall(kept, language()), width="stretch")
with days:
    profiles = done.solar.found.profiles
    codes = [county] if county in profiles else list(profiles)
    named = county_names(done).get(str(county), t("county.all"))
    st.caption(t("rooftops.days_note", county=plain(named)))
    st.altair_chart(roof_figures.mean_days(profiles[codes], language()), width="stretch")
table = roof_table(done)[keep].sort_values("yield_kwh", ascending=False).reset_index(drop=True)


def _row_of(building_id: str) -> int:
    return int((buildings["building_id"] == building_id).to_numpy().argmax())


@st.fragment
def city() -> None:
    """Show the largest roofs, the map that follows the chosen one, and what was clicked."""
    box = selected_box("rooftops_map")
    listed = table
    if box is not None:
        inside = set(buildings["building_id"][keep & within_box(buildings, box)])
        listed = table[table["building_id"].isin(inside)].reset_index(drop=True)
    st.caption(t("rooftops.shown", count=min(SHOWN, len(listed)), total=len(table)))
    chosen = tables.pick(tables.with_county(listed[COLUMNS].head(SHOWN), done), key="rooftops_table")
    focus, name = None, ""
    if chosen is not None:
        name = listed["building_id"].iloc[chosen]
        point = buildings.geometry[buildings["building_id"] == name].iloc[0].representative_point()
        focus = (point.x, point.y, 17)
    wide, narrow = st.columns([3, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("specific_yield_kwh_kw", "capacity_kw", "yield_kwh", "candidate_rank", "use"),
            layers=("counties",),
            key="rooftops_map",
            keep=keep,
            focus=focus,
            pin=None if focus is None else focus[:2],
        )
    row = _row_of(name) if still_chosen("rooftops_map", name or None, event) else clicked_row(done, event)
    with narrow:
        if row is None:
            panel(done, event)
        else:
            building_panel(done, row)
    box_panel(done, "rooftops_map", keep=keep)
    if row is None:
        st.caption(t("roof.pick"))
    else:
        roof_panel(done, row)


city()
citymap.let_draw("rooftops_map")
downloads(done, t("file.rooftops"), table, title=t("page.rooftops"), shapes={"rooftops": kept})
