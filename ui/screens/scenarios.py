"""方案比较: save and name scenarios, and see what two of them change."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from data.catalog import label
from data.errors import DataError
from geo.export import csv_bytes
from heating import compare
from heating.assessment import Assessment
from heating.report import stamped
from heating.scenario import Scenario
from ui import citymap, tables
from ui.access import may_edit
from ui.basemaps import chosen_base
from ui.evidence import panel
from ui.features import document, vector_layers
from ui.links import keep_among
from ui.map import MapEvent, MapOptions, VectorLayer, city_map
from ui.paint import VERDICT, Paint, metric_label
from ui.parts import downloads, heading, legend
from ui.scenario_store import as_bytes, delete, file_stem, parse, save, shelf
from ui.state import assessment_of, current, result_name, scenario, show_faults
from ui.store import STORE
from ui.texts import language, plain, t
from ui.workspace import workspace

COLOURINGS = ("clean_heating", "zone", "in_service_area", "capacity_kw")
UNCHANGED = "#DDD8CC"
MOST_MARKS = 5000  # more of them are seen without marks
PLAN, NOW = "plan", "now"

done = current()
heading("page.scenarios", done, lead="scenarios.lead")
folder = workspace() / "scenarios"
kept = shelf(folder)
offered: dict[str, tuple[str, Scenario]] = {
    PLAN: (t("scenarios.plan"), Scenario()),
    NOW: (t("scenarios.now"), scenario()),
    **{f"saved/{name}": (t("scenarios.saved", name=name), one) for name, one in kept.scenarios.items()},
}
titles = {key: title for key, (title, _) in offered.items()}


def listed() -> pd.DataFrame:
    """Return the scenarios on offer and how each differs from the Plan's default."""
    spoken = language()
    rows = []
    for title, one in offered.values():
        steps = compare.choices(Scenario(), one, language=spoken).to_dict("records")
        said = "；".join(t("scenarios.step", **{str(name): cell for name, cell in step.items()}) for step in steps)
        used = "✓" if not compare.changed(scenario(), one) else ""
        rows.append((title, used, said or t("scenarios.like_plan")))
    return pd.DataFrame(rows, columns=[t("scenarios.name"), t("scenarios.in_use"), t("scenarios.against_plan")])


def keep_present() -> None:
    """Save the present choices under a name; another scenario of that name gives way only when told to."""
    with st.form("scenario_keep"):
        st.markdown(f"**{t('scenarios.keep')}**")
        name = st.text_input(t("scenarios.name"), key="scenario_name", max_chars=200).strip()
        replace = st.checkbox(t("scenarios.replace"), key="scenario_replace")
        sent = st.form_submit_button(
            t("scenarios.save"), type="primary", icon=":material/save:", disabled=not may_edit()
        )
    if sent:
        put(dataclasses.replace(scenario(), name=name), replace=replace, use=True)


def put(one: Scenario, *, replace: bool, use: bool) -> None:
    """Keep a scenario and draw the page anew, or say why not."""
    other = kept.scenarios.get(one.name)
    if other is not None and not replace and compare.changed(other, one):
        st.error(t("scenarios.taken"))
        return
    try:
        save(folder, one)
    except DataError as error:
        show_faults(error)
        return
    if use:
        st.session_state["scenario"] = one
    st.toast(t("scenarios.kept", name=plain(one.name)))
    st.rerun()


def manage() -> None:
    """Load, export or delete one scenario."""
    with st.container(border=True):
        st.markdown(f"**{t('scenarios.manage')}**")
        which = st.selectbox(t("scenarios.which"), list(titles), format_func=titles.__getitem__, key="scenario_which")
        one = offered[which][1]
        fixed = which in (PLAN, NOW) or not may_edit()
        left, right = st.columns(2)
        if left.button(
            t("scenarios.load"), key="scenario_load", disabled=which == NOW, icon=":material/check:", width="stretch"
        ):
            st.session_state["scenario"] = one
            st.rerun()
        right.download_button(
            t("scenarios.export"),
            data=as_bytes(one),
            file_name=f"{t('file.scenario')}_{file_stem(one.name)[:8]}.json",
            mime="application/json",
            key="scenario_export",
            on_click="ignore",
            icon=":material/download:",
            width="stretch",
        )
        with st.popover(
            t("scenarios.delete"),
            disabled=fixed,
            icon=":material/delete:",
            width="stretch",
        ):
            st.text(titles[which])
            st.caption(t("scenarios.really"))
            if st.button(
                t("scenarios.delete_now"),
                key="scenario_delete",
                type="primary",
                disabled=fixed,
            ):
                remove(one.name)


def remove(name: str) -> None:
    """Delete a saved scenario and draw the page anew, or say why not."""
    try:
        delete(folder, name)
    except DataError as error:
        show_faults(error)
        return
    st.rerun()


def bring_in() -> None:
    """Read a scenario from a file; it is kept under the name that it holds."""
    with st.form("scenario_bring", clear_on_submit=True):
        st.markdown(f"**{t('scenarios.bring')}**")
        given = st.file_uploader(t("scenarios.file"), type=["json"], key="scenario_file")
        replace = st.checkbox(t("scenarios.replace"), key="scenario_file_replace")
        sent = st.form_submit_button(t("scenarios.bring"), icon=":material/upload:", disabled=not may_edit())
    if not sent or given is None:
        return
    try:
        found = parse(given.getvalue(), file=given.name)
    except DataError as error:
        show_faults(error)
        return
    put(found, replace=replace, use=False)


def choose() -> tuple[str, str]:
    """Show the choice of two scenarios; the Plan's default against the present choices to begin with."""
    options = list(titles)
    sides = []
    for place, side, first in zip(st.columns(2), ("a", "b"), (PLAN, NOW), strict=True):
        key = f"compare_{side}"
        if st.session_state.get(key) not in options:
            st.session_state[key] = first
        sides.append(place.selectbox(t(f"scenarios.{side}"), options, format_func=titles.__getitem__, key=key))
    return sides[0], sides[1]


def show_choices(a: Scenario, b: Scenario) -> None:
    """Show the choices that differ."""
    st.markdown(f"**{t('scenarios.choices')}**")
    names = {"choice": t("scenarios.choice"), "a": t("scenarios.a"), "b": t("scenarios.b")}
    table = compare.choices(a, b, language=language()).rename(columns=names)
    st.dataframe(table, hide_index=True, width="stretch")


def show_figures(a: Assessment, b: Assessment) -> None:
    """Show the figures that differ, all of them on request."""
    spoken, names = language(), (t("scenarios.a"), t("scenarios.b"))
    table = compare.differences(a, b)
    st.markdown(f"**{t('scenarios.figures')}**")
    every = st.toggle(t("scenarios.all_figures"), key="compare_all")
    shown = table if every else table[table["moved"]]
    if shown.empty:
        st.info(t("scenarios.nothing_moved"))
    else:
        st.dataframe(compare.in_words(shown, names=names, language=spoken), hide_index=True, width="stretch")
    whole = compare.in_words(table, names=names, language=spoken)
    prefix = f"{t('app.synthetic')}_" if b.layers.synthetic else ""
    st.download_button(
        t("ui.download", format="csv"),
        data=lambda: csv_bytes(stamped(whole, b, spoken)),
        file_name=f"{prefix}{t('file.differences')}.csv",
        mime="text/csv",
        key="compare_figures_csv",
        on_click="ignore",
        icon=":material/download:",
    )


def show_flips(a: Assessment, b: Assessment, title: str) -> None:
    """Show the boilers whose verdict changes."""
    if b.boilers.empty:
        st.info(t("boilers.none"))
        return
    table = compare.flips_in_words(compare.flips(a, b), language())
    if table.empty:
        st.info(t("scenarios.no_flips"))
        return
    st.markdown(f"**{t('scenarios.flips', count=len(table))}**")
    tables.show(table)
    downloads(b, t("file.flips"), table, title=title)


def show_buildings(a: Assessment, b: Assessment, title: str) -> None:
    """Say how many buildings change class, and offer them as files."""
    found = compare.building_flips(a, b)
    if found.empty:
        st.caption(t("scenarios.no_buildings"))
        return
    counts = {name: int(compare.differing(found[f"{name}_a"], found[f"{name}_b"]).sum()) for name in compare.CLASSES}
    with st.expander(t("scenarios.buildings", **counts)):
        table = compare.flips_in_words(found, language())
        tables.show(table, height=280)
        downloads(b, t("file.building_flips"), table, title=title)


def paints(a: Assessment, b: Assessment, metric: str) -> tuple[list[Paint], NDArray[np.bool_]]:
    """Return both paints of a colouring, and which buildings change class; the rest is pale on request."""
    pair = [citymap.painted(result_name(run.scenario), metric, language(), run) for run in (a, b)]
    moved = pair[0].classes != pair[1].classes
    if moved.any() and st.toggle(t("scenarios.only_changed"), value=True, key="compare_changed"):
        pair = [_muted(paint, moved) for paint in pair]
    return pair, moved


def _muted(paint: Paint, moved: NDArray[np.bool_]) -> Paint:
    """Return the paint with every building that keeps its class in one pale colour."""
    pale = len(paint.palette)
    classes = np.where(moved, paint.classes, np.where(paint.classes > 0, pale, 0)).astype(np.uint8)
    return Paint(classes, (*paint.palette, UNCHANGED), (*paint.legend, (UNCHANGED, t("scenarios.unchanged"))))


@st.fragment
def twin_maps(a: Assessment, b: Assessment, names: tuple[str, str]) -> None:
    """Show both runs on two maps of the same colouring and the same first view."""
    spoken = language()
    keep_among(st.session_state, "compare_metric", COLOURINGS)
    metric = st.segmented_control(
        t("ui.colour_by"),
        COLOURINGS,
        format_func={name: metric_label(name, spoken) for name in COLOURINGS}.__getitem__,
        default=None if "compare_metric" in st.session_state else COLOURINGS[0],
        key="compare_metric",
        required=True,
    )
    pair, moved = paints(a, b, metric or COLOURINGS[0])
    count = int(moved.sum())
    st.caption(t("scenarios.class_changed", count=count) if count else t("scenarios.class_same"))
    legend(dict.fromkeys((*pair[0].legend, *pair[1].legend)))
    layers: tuple[str, ...] = ("counties", "rings", "plants")
    if not compare.flips(a, b).empty or not count:
        # where only buildings differ, the boilers' marks would hide them
        layers = (*layers, "boilers")
        present = {*a.boilers["verdict"], *b.boilers["verdict"]}
        legend(
            ((colour, label("verdict", code, spoken)) for code, colour in VERDICT.items() if code in present),
            round_=True,
        )
    focus = citymap.overview(dataclasses.replace(a, buildings=a.buildings[moved]) if count else a)
    for place, run, paint, side, name in zip(st.columns(2), (a, b), pair, ("a", "b"), names, strict=True):
        with place:
            st.text(f"{t(f'scenarios.{side}')}  {name}")
            marks = marked(run, paint, moved) if 0 < count <= MOST_MARKS else []
            event = one_map(run, paint, layers, focus, marks=marks, key=f"compare_map_{side}")
            if event is not None:
                panel(run, event)


def marked(run: Assessment, paint: Paint, moved: NDArray[np.bool_]) -> list[VectorLayer]:
    """Return a layer with a point on each building that changes class, in the colour of its class."""
    chosen = run.buildings[moved]
    points = chosen.set_geometry(chosen.geometry.representative_point())
    fills = [paint.palette[at] if at else UNCHANGED for at in paint.classes[moved]]
    said = [{"_color": "#FFFFFF", "_fill": fill, "_weight": 1, "_radius": 4, "_fill_opacity": 1.0} for fill in fills]
    key = STORE.put_vectors("scenario-marks", document(points, chosen["building_id"], said))
    return [VectorLayer(name="changed", label_key="scenarios.marks", key=key)]


def one_map(
    run: Assessment,
    paint: Paint,
    layers: tuple[str, ...],
    focus: citymap.Focus,
    *,
    marks: list[VectorLayer],
    key: str,
) -> MapEvent | None:
    """Show one of the two maps and return what was last clicked on it."""
    spoken, name = language(), result_name(run.scenario)
    longitude, latitude, zoom = focus
    citymap.make_findable(name, run)
    return city_map(
        STORE,
        center=(longitude, latitude),
        zoom=zoom - 1,  # each has half the width of the city map of other pages
        tile_key=STORE.paint(name, paint.classes, paint.palette, tag=name),
        vectors=[*vector_layers(name, run, layers, spoken), *marks],
        language=spoken,
        map_id=key,
        height=480,
        options=MapOptions(source=citymap.source_line(run), base=chosen_base(), group="twins"),
    )


def comparison() -> None:
    """Compare the two scenarios that were chosen."""
    sides = choose()
    a, b = (offered[side][1] for side in sides)
    if not compare.changed(a, b):
        st.info(t("scenarios.equal"))
        return
    show_choices(a, b)
    first, second = assessment_of(a), assessment_of(b)
    show_figures(first, second)
    title = f"{titles[sides[0]]} → {titles[sides[1]]}"
    show_flips(first, second, title)
    show_buildings(first, second, title)
    st.subheader(t("scenarios.maps"), anchor=False)
    twin_maps(first, second, (titles[sides[0]], titles[sides[1]]))


st.dataframe(listed(), hide_index=True, width="stretch")
if kept.faults:
    st.warning(t("scenarios.broken"))
    for fault in kept.faults:
        st.text(fault.message(language()))
for column, part in zip(st.columns(3), (keep_present, manage, bring_in), strict=True):
    with column:
        part()
st.subheader(t("scenarios.compare"), anchor=False)
comparison()
