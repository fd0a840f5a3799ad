"""What reading a file found: rows, coordinates with their evidence, every fault, and what was set aside."""

from __future__ import annotations

import hashlib
import json
import math

import geopandas as gpd
import pandas as pd
import streamlit as st

from data.catalog import label, text
from data.errors import Fault
from geo.crs import Recognition, code_of
from geo.datum import certainty
from geo.export import csv_bytes, gpkg_bytes, xlsx_bytes
from geo.io import LayerRead, embedded_counties
from heating.wording import labelled
from ui.features import document
from ui.gate.masks import offered
from ui.map import VectorLayer, city_map
from ui.parts import XLSX
from ui.store import STORE
from ui.texts import enumerated, language, paired, plain, t

FAULT_COLUMNS = ["file", "layer", "rows", "column", "problem", "got", "expected", "effect", "mend", "count"]
SHOWN_ON_MAP = 5_000
_COLOURS = {True: "#C8501E", False: "#1B7F6B"}


def table_height(rows: int, *, most: int = 8) -> int:
    """Return the height [pixels] of a table that shows all its rows, or `most` of them."""
    return 35 * (min(rows, most) + 1) + 3


def seal(done: LayerRead) -> str:
    """Name what was read of a file: its bytes, sheets, headers and place."""
    said = [done.sha256, [part.file for part in done.parts], done.file, done.mapping, done.recognition.as_dict()]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()[:16]


def shown(done: LayerRead) -> None:
    """Show what was read of a file."""
    first, second, third = st.columns(3)
    first.metric(t("inspect.rows_in"), f"{done.rows_in:,}")
    second.metric(t("inspect.rows_usable"), f"{len(done.frame):,}")
    third.metric(t("inspect.rows_set_aside"), f"{len(done.checked.set_aside):,}")
    for part in done.parts or (done,):
        coordinates(part.recognition, of=part.file if done.parts else "")
    fault_list(done.faults, key=f"faults_{seal(done)}")
    _aside(done)
    on_map(done)


def coordinates(found: Recognition, *, of: str = "") -> None:
    """Show which coordinate system was used, why, and how sure that is; for one of several sheets, of which."""
    st.markdown(f"**{t('gate.coordinates')}**" + (f" · {plain(of)}" if of else ""))
    system = "—" if found.crs is None else code_of(found.crs)
    st.text(paired(t("inspect.crs"), f"{system} · {text(f'crs.{found.why}', language())}"))
    if not found.datum_tested:
        st.caption(t("gate.datum_untested"))
        return
    sure_of_it = found.decided or found.datum_given
    datum = label("datum", found.datum if sure_of_it else None, language())
    sure = certainty(found.confidence)
    st.text(t("gate.datum_tested", datum=datum, confidence=sure, n=found.n))
    nearness = [
        t("gate.datum_score", name=name, metres=f"{math.exp(score):,.0f}") for name, score in found.scores.items()
    ]
    st.caption(t("gate.datum_scores", said=enumerated(nearness, "semicolon")))


def fault_list(faults: tuple[Fault, ...], *, key: str) -> None:
    """Show all faults as a table with the rows of the file, and offer it."""
    st.markdown(f"**{t('files.faults')}**")
    if not faults:
        st.success(t("inspect.no_faults"))
        return
    table = pd.DataFrame([fault.as_row(language()) for fault in faults])
    worded = table.assign(
        layer=[label("layer", layer, language()) for layer in table["layer"]],
        problem=[text(f"fault.{rule}", language()) for rule in table["rule"]],
    )
    view = labelled(worded[FAULT_COLUMNS].astype({"column": object}).fillna({"column": "—"}), language())
    st.dataframe(offered(view), hide_index=True, width="stretch")
    left, right = st.columns(2)
    left.download_button(
        t("files.download_faults"),
        data=lambda: csv_bytes(offered(labelled(table, language()))),
        file_name="faults.csv",
        mime="text/csv",
        key=f"{key}_csv",
        on_click="ignore",
    )
    right.download_button(
        t("gate.download_faults_xlsx"),
        data=lambda: xlsx_bytes({t("files.faults"): offered(labelled(table, language()))}),
        file_name="faults.xlsx",
        mime=XLSX,
        key=f"{key}_xlsx",
        on_click="ignore",
    )


def _aside(done: LayerRead) -> None:
    """Show and offer the rows that cannot be used, as they stand in the file."""
    aside = done.checked.set_aside
    if not len(aside):
        return
    st.markdown(f"**{t('gate.rows_aside', count=len(aside))}**")
    masked = offered(pd.DataFrame(aside.drop(columns="geometry")))
    shown_rows = masked.astype(object).where(masked.notna(), "").astype(str)
    named = shown_rows.rename(columns={"source_row": t("column.source_row")})
    st.dataframe(named, hide_index=True, width="stretch", height=table_height(len(named)))
    words = gpd.GeoDataFrame(
        masked.astype(object).map(str, na_action="ignore"), geometry=aside.geometry.to_numpy(), crs=aside.crs
    )
    st.download_button(
        t("files.download_aside"),
        data=lambda: gpkg_bytes({done.layer: words}),
        file_name="set_aside.gpkg",
        key=f"aside_{seal(done)}",
        on_click="ignore",
    )


@st.fragment
def on_map(done: LayerRead) -> None:
    """Show where the rows are; those with a finding stand out."""
    frame = done.frame.head(SHOWN_ON_MAP)
    several = bool(done.parts)
    marked = {(fault.file if several else "", row) for fault in done.faults for row in fault.rows or (fault.row,)}
    sources = frame["source_file"] if several else [""] * len(frame)
    places = list(zip(sources, frame["source_row"], strict=True))
    said = [
        {
            "_color": _COLOURS[place in marked],
            "_fill": _COLOURS[place in marked],
            "_weight": 1.2,
            "_radius": 4,
            "_fill_opacity": 0.5,
            "_tooltip": [[t("column.source_row"), " ".join(map(str, place)).strip()]],
        }
        for place in places
    ]
    if len(done.frame) > SHOWN_ON_MAP:
        st.caption(t("gate.map_first", count=SHOWN_ON_MAP))
    key = STORE.put_vectors(f"arrival-{seal(done)}", document(frame, range(len(frame)), said))
    west, south, east, north = frame.total_bounds
    city_map(
        STORE,
        center=((west + east) / 2, (south + north) / 2),
        zoom=zoom_for(west, south, east, north),
        tile_key=None,
        vectors=[county_outlines(), VectorLayer(name="arrival", label_key="gate.map_rows", key=key)],
        language=language(),
        map_id="gate_map",
        height=380,
    )


def county_outlines() -> VectorLayer:
    """Return the real outlines of the three counties, for a person to see where things are."""
    frame = embedded_counties()
    said = [
        {"_color": "#8A8578", "_weight": 1.2, "_fill_opacity": 0.0, "_tooltip": str(name)} for name in frame["name"]
    ]
    key = STORE.put_vectors("county-outlines", document(frame, frame["county_code"], said))
    return VectorLayer(name="outlines", label_key="map.layer_counties", key=key, kind="ring")


def zoom_for(west: float, south: float, east: float, north: float) -> int:
    """Return the zoom at which bounds [degrees] fill the map.

    >>> zoom_for(106.3, 39.0, 106.31, 39.01) > zoom_for(105.8, 38.5, 107.2, 39.5)
    True
    """
    span = max(east - west, (north - south) * 1.3, 1e-3)
    zoom = 17
    while zoom > 6 and span > 500 / 2**zoom:
        zoom -= 1
    return zoom
