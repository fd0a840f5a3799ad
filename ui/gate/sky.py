"""Weather and elevation of the user's own for the data in use."""

from __future__ import annotations

import secrets

import streamlit as st

from data.errors import DataError
from geo.export import write_bytes
from geo.readers.limits import safe_name
from heating.assessment import Assessment
from heating.layers import replace_sky
from ui.access import may_edit
from ui.state import keep_dataset, show_faults
from ui.texts import plain, t
from ui.workspace import workspace


def section(done: Assessment) -> None:
    """Take weather files and elevation tiles, and assess the layers in use under them."""
    st.caption(t("gate.sky_lead"))
    if not may_edit():
        st.info(t("gate.readers_look"))
        return
    with st.form("sky", border=True):
        weather = st.file_uploader(
            t("layer.weather"), type=["epw", "csv", "json"], key="upload_weather", accept_multiple_files=True
        )
        elevation = st.file_uploader(
            t("layer.elevation"), type=["tif", "tiff"], key="upload_elevation", accept_multiple_files=True
        )
        sent = st.form_submit_button(t("files.read"), type="primary")
    if not sent:
        return
    folder = workspace() / "sky" / secrets.token_hex(8)
    paths = {
        kind: [
            write_bytes(folder / kind / str(number) / safe_name(file.name), file.getvalue())
            for number, file in enumerate(files)
        ]
        for kind, files in (("weather", weather), ("elevation", elevation))
    }
    try:
        keep_dataset(replace_sky(done.layers, weather=paths["weather"], elevation=paths["elevation"]))
    except DataError as error:
        show_faults(error)
        return
    except ValueError as error:
        st.error(plain(error))
        return
    st.rerun()
