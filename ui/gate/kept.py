"""Layers that are kept: every version with where it came from, and the way back."""

from __future__ import annotations

import streamlit as st

from data.catalog import LAYERS, label
from data.errors import DataError, Fault
from geo.workspace import Part, Record, parts_of, source_name
from heating.assessment import Assessment
from ui.access import may_edit
from ui.gate.desk import records_table, when
from ui.state import WORKSPACE, dataset, show_faults, use_workspace
from ui.texts import language, paired, plain, t
from ui.workspace import store


def section(_done: Assessment) -> None:
    """Show the layers of the workspace; use them, take a version back, look at how one was read."""
    try:
        current = store().layers()
        versions = {name: record.version for name, record in current.items()}
        history = [record for name in LAYERS for record in store().history(name)]
    except DataError as error:
        show_faults(error)
        return
    if not history:
        st.info(t("gate.nothing_kept"))
        return
    _use(current)
    st.dataframe(records_table(list(current.values()), current=versions), hide_index=True, width="stretch")
    names = {name: label("layer", name, language()) for name in LAYERS if any(r.layer == name for r in history)}
    layer = st.selectbox(t("column.layer"), list(names), format_func=names.__getitem__, key="gate_kept_layer")
    own = [record for record in history if record.layer == layer]
    st.markdown(f"**{t('gate.versions')}**")
    st.dataframe(records_table(own[::-1], current=versions), hide_index=True, width="stretch")
    _step_back(layer)
    _evidence(own)


def _use(current: dict[str, Record]) -> None:
    """Offer to assess the kept layers, or say what is wanting."""
    if "buildings" not in current:
        st.warning(t("gate.buildings_wanting"))
    elif dataset().startswith(WORKSPACE):
        st.success(t("gate.in_use"))
    elif st.button(t("gate.use"), type="primary", icon=":material/play_arrow:", key="gate_use"):
        use_workspace()
        st.rerun()


def _step_back(layer: str) -> None:
    """Offer the way back to the version before and forward again."""
    if not may_edit():
        st.caption(t("gate.readers_look"))
        return
    at = store().position(layer)
    undo, redo, drop = st.columns(3)
    offers = (
        (undo, "undo", ":material/undo:", at.can_undo),
        (redo, "redo", ":material/redo:", at.can_redo),
        (drop, "drop", ":material/delete:", at.current is not None),
    )
    for place, act, icon, possible in offers:
        words = t("gate.drop_layer" if act == "drop" else f"gate.{act}")
        pressed = place.button(words, icon=icon, disabled=not possible, width="stretch", key=f"gate_{act}_{layer}")
        if pressed:
            try:
                getattr(store(), act)(layer, expected=at.current)
            except DataError as error:
                show_faults(error)
                return
            st.rerun()
    st.caption(t("gate.step_back_note"))


def _how(part: Part) -> None:
    """Show where the coordinates of a table are and what its headers were taken for."""
    for name, value in part.crs.items():
        if value not in (None, "", [], {}):
            st.text(paired(label("crs_part", name, language()), value))
    st.dataframe(
        [
            {t("gate.header"): name, t("gate.meaning"): ours, t("ui.unit"): part.units.get(name, "")}
            for name, ours in part.mapping.items()
        ],
        hide_index=True,
        width="stretch",
    )


def _evidence(own: list[Record]) -> None:
    """Show how one version was read, and give back the file as it came."""
    words = {record.version: f"{record.version} · {record.file} · {when(record.time)}" for record in own[::-1]}
    version = st.selectbox(
        t("gate.version_to_see"), list(words), format_func=words.__getitem__, key=f"gate_version_{own[0].layer}"
    )
    record = next(record for record in own if record.version == version)
    with st.expander(t("gate.how_read")):
        for part in parts_of(record):
            if record.parts:
                st.markdown(f"**{plain(part.source)}**")
                st.text(t("gate.part_rows", used=part.rows_used, aside=part.rows_set_aside, who=part.who or "—"))
            _how(part)
        for fault in record.faults:
            st.text(Fault.from_plain(fault).message(language()))
    if not may_edit():
        return  # the file as it came holds whatever it held
    st.download_button(
        t("gate.source_file", file=plain(record.file)),
        data=lambda: store().source(record.layer, record.version),
        file_name=source_name(record),
        on_click="ignore",
        icon=":material/download:",
        key=f"gate_source_{record.layer}",
    )
