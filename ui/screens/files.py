"""数据: bring files in, keep them, see what is doubtful, and hand them out."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from data.catalog import label
from geo.export import gpkg_bytes
from heating.assessment import Assessment
from heating.report import set_aside_layers
from solar.weather_repair import repair_notes
from ui.gate import arriving, doubts, handing_out, kept, sky
from ui.gate.masks import offered
from ui.gate.results import fault_list
from ui.parts import heading
from ui.state import back_to_demo, current, kept_city_moved, use_workspace
from ui.texts import enumerated, language, paired, plain, t


def sources(done: Assessment) -> pd.DataFrame:
    """Return the layers in use with rows in, used and set aside."""
    return pd.DataFrame(
        [
            {
                t("column.layer"): label("layer", layer, language()),
                t("column.file"): source.file,
                t("inspect.rows_in"): source.rows_in,
                t("inspect.rows_usable"): source.rows_used,
                t("inspect.rows_set_aside"): source.rows_in - source.rows_used,
                "SHA-256": source.sha256[:16],
            }
            for layer, source in done.layers.sources.items()
        ]
    )


def in_use(done: Assessment) -> None:
    """Show the data that every page is computed from, and its faults."""
    if kept_city_moved() and st.button(t("gate.use_newer"), type="primary", key="gate_use_newer"):
        use_workspace()
        st.rerun()
    back_to_demo()
    st.dataframe(sources(done), hide_index=True, width="stretch")
    for cell in done.layers.weather:
        st.caption(paired(t("layer.weather"), f"{plain(cell.name)} · {plain(cell.source)}"))
        for key, values in repair_notes(cell):
            st.warning(t(key, **values))
    terrain = enumerated(plain(path.name) for path in done.layers.elevation) or t("solar.note.flat_terrain")
    st.caption(paired(t("layer.elevation"), terrain))
    fault_list(done.faults, key="files")
    aside = set_aside_layers(done)
    if aside:
        masked = {layer: offered(frame) for layer, frame in aside.items()}
        st.download_button(
            t("files.download_aside"),
            data=lambda: gpkg_bytes(masked),
            file_name="set_aside.gpkg",
            on_click="ignore",
            key="files_aside",
        )
    st.caption(t("files.parameters_moved"))


PARTS: dict[str, Callable[[Assessment], None]] = {
    "in_use": in_use,
    "arriving": arriving.section,
    "kept": kept.section,
    "doubts": doubts.section,
    "handing_out": handing_out.section,
    "sky": sky.section,
}
assessed = current()
heading("page.files", assessed, lead="files.lead")
names = {part: t(f"gate.part_{part}") for part in PARTS}
st.session_state.setdefault("files_part", "in_use")
chosen = st.segmented_control(
    t("gate.parts"),
    list(PARTS),
    format_func=names.__getitem__,
    key="files_part",
    label_visibility="collapsed",
    required=True,
)
PARTS[chosen or "in_use"](assessed)
