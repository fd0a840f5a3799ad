"""数据: bring files in, see every fault, and go back to the demo city."""

from __future__ import annotations

import secrets
from pathlib import Path

import pandas as pd
import streamlit as st

from data.catalog import LAYERS, label, text
from data.errors import DataError
from geo.export import csv_bytes, gpkg_bytes, write_bytes
from geo.readers.opening import SUFFIXES
from heating.layers import load
from heating.report import fault_table, set_aside_layers
from heating.wording import labelled
from solar.weather_repair import repair_notes
from ui.parts import heading
from ui.state import back_to_demo, current, keep_dataset, show_faults, workspace
from ui.texts import enumerated, language, paired, plain, t

FAULT_COLUMNS = ["file", "layer", "rows", "column", "problem", "got", "expected", "effect", "mend", "count"]
UPLOADS = ("buildings", "boilers", "plants", "networks", "villages", "counties")


def offer() -> None:
    """Show one upload a layer and read them together; all faults of all files are shown at once."""
    with st.form("uploads", border=True):
        files = {
            layer: st.file_uploader(
                label("layer", layer, language()) + (" *" if layer == "buildings" else ""),
                type=[suffix.removeprefix(".") for suffix in SUFFIXES],
                key=f"upload_{layer}",
            )
            for layer in UPLOADS
        }
        weather = st.file_uploader(
            t("layer.weather"), type=["epw", "csv", "json"], key="upload_weather", accept_multiple_files=True
        )
        elevation = st.file_uploader(
            t("layer.elevation"), type=["tif", "tiff"], key="upload_elevation", accept_multiple_files=True
        )
        crs = st.text_input(t("files.crs"), placeholder="EPSG:4544", key="upload_crs")
        sent = st.form_submit_button(t("files.read"), type="primary")
    if not sent:
        return
    folder = workspace() / secrets.token_hex(8)
    given = {layer: file for layer, file in files.items() if file is not None}
    paths = {
        layer: write_bytes(folder / layer / Path(file.name).name, file.getvalue()) for layer, file in given.items()
    }
    sky = {
        kind: [
            write_bytes(folder / kind / str(number) / Path(file.name).name, file.getvalue())
            for number, file in enumerate(files_of)
        ]
        for kind, files_of in (("weather", weather), ("elevation", elevation))
    }
    try:
        keep_dataset(load(paths, weather=sky["weather"], elevation=sky["elevation"], crs=crs.strip() or None))
    except DataError as error:
        show_faults(error)
        return
    except ValueError as error:
        st.error(plain(error))
        return
    st.rerun()


def sources() -> pd.DataFrame:
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


done = current()
heading("page.files", done, lead="files.lead")
back_to_demo()
st.subheader(t("files.in_use"), anchor=False)
st.dataframe(sources(), hide_index=True, width="stretch")
for cell in done.layers.weather:
    st.caption(paired(t("layer.weather"), f"{plain(cell.name)} · {plain(cell.source)}"))
    for key, values in repair_notes(cell):
        st.warning(t(key, **values))
terrain = enumerated(plain(path.name) for path in done.layers.elevation) or t("solar.note.flat_terrain")
st.caption(paired(t("layer.elevation"), terrain))

st.subheader(t("files.faults"), anchor=False)
faults = fault_table(done, language=language())
if faults.empty:
    st.success(t("inspect.no_faults"))
else:
    worded = faults.assign(
        layer=[label("layer", layer, language()) for layer in faults["layer"]],
        problem=[text(f"fault.{rule}", language()) for rule in faults["rule"]],
    )
    shown = worded[FAULT_COLUMNS].astype({"column": object}).fillna({"column": "—"})
    st.dataframe(labelled(shown, language()), hide_index=True, width="stretch")
    st.download_button(
        t("files.download_faults"),
        data=csv_bytes(labelled(faults, language())),
        file_name="faults.csv",
        mime="text/csv",
    )
aside = set_aside_layers(done)
if aside:
    st.download_button(t("files.download_aside"), data=gpkg_bytes(aside), file_name="set_aside.gpkg")

st.subheader(t("files.upload"), anchor=False)
st.caption(t("files.upload_note", layers=enumerated(label("layer", layer, language()) for layer in LAYERS[:6])))
offer()

st.caption(t("files.parameters_moved"))
