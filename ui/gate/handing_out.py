"""Layers handed out in the format and coordinate system that a person needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import streamlit as st

from data.catalog import LAYERS, label
from data.errors import DataError
from geo import gate
from geo.exports.parts import SYSTEMS
from geo.formats import FORMATS, Exported, export
from heating.assessment import Assessment
from ui.gate import masks
from ui.gate.desk import system_name
from ui.links import keep_among
from ui.state import WORKSPACE, dataset, show_faults
from ui.texts import language, t
from ui.workspace import store

_MADE: Final = "gate_made_export"


def section(done: Assessment) -> None:
    """Choose layers, format and coordinate system; make the file, read its notes, download it."""
    try:
        _offer(done)
    except DataError as error:
        show_faults(error)


def _offer(done: Assessment) -> None:
    frames_of, synthetic = _whose(done)
    present = {name: label("layer", name, language()) for name in LAYERS if name in frames_of}
    formats = {code: label("format", code, language()) for code in FORMATS}
    chosen = st.multiselect(
        t("gate.export_layers"),
        list(present),
        format_func=present.__getitem__,
        key="gate_export_layers",
        placeholder=t("gate.all"),
    )
    left, right = st.columns(2)
    kind = left.selectbox(
        t("gate.export_format"), list(formats), format_func=formats.__getitem__, key="gate_export_format"
    )
    systems = {code: system_name(code) for code in SYSTEMS if code in FORMATS[kind].systems}
    keep_among(st.session_state, "gate_export_crs", systems)
    crs = right.selectbox(t("gate.export_crs"), list(systems), format_func=systems.__getitem__, key="gate_export_crs")
    masks.switch()
    frames = {name: frames_of[name] for name in chosen or present}
    asked = (tuple(frames), tuple(map(id, frames.values())), kind, crs, masks.unmasked(), language())
    if st.button(t("gate.export_make"), type="primary", icon=":material/ios_share:", key="gate_export_make"):
        with st.spinner(t("gate.export_making")):
            st.session_state[_MADE] = asked, _made(frames, kind, crs, synthetic=synthetic)
    made: tuple[object, Exported] | None = st.session_state.get(_MADE)
    if made is None or made[0] != asked:
        return
    for note in made[1].notes:
        st.text(note.message(language()))
    st.download_button(
        t("ui.download", format=made[1].file_name),
        data=made[1].content,
        file_name=made[1].file_name,
        mime=made[1].mime,
        on_click="ignore",
        icon=":material/download:",
        key="gate_export_download",
    )


def _whose(done: Assessment) -> tuple[Mapping[str, gpd.GeoDataFrame], bool]:
    """Ask whether the data in use or the kept layers are meant, where they differ; say whether they are synthetic."""
    kept = {} if dataset().startswith(WORKSPACE) else store().layers()
    words = {code: t(f"gate.export_{code}") for code in ("used", "kept")}
    chosen = "used"
    if kept:
        chosen = st.radio(t("gate.export_whose"), list(words), format_func=words.__getitem__, key="gate_whose")
    if chosen == "kept":
        seal = "-".join(f"{record.layer}{record.sha256}" for record in kept.values())
        return _frames(seal), any(record.synthetic for record in kept.values())
    return done.layers.frames, done.layers.synthetic


@st.cache_resource(max_entries=2, show_spinner=False)
def _frames(seal: str) -> dict[str, gpd.GeoDataFrame]:
    del seal
    return gate.frames_of(store())


def _made(frames: dict[str, gpd.GeoDataFrame], kind: str, crs: str, *, synthetic: bool) -> Exported:
    return export(
        frames,
        format=kind,
        crs=crs,
        language=language(),
        name=t("gate.export_file"),
        synthetic=synthetic,
        masked=not masks.unmasked(),
    )
