"""One roof in depth: months, horizon with sun paths, where its light goes, and the neighbours that cost it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import text
from heating.assessment import Assessment
from solar.detail import RoofDetail, roof_detail
from ui import figures, roof_figures
from ui.texts import language, plain, t


def roof_panel(done: Assessment, row: int) -> None:
    """Show the roof of a building of the assessment, or why it has none."""
    cells = done.buildings.iloc[row]
    st.subheader(t("roof.heading", name=plain(cells["building_id"])), anchor=False)
    if not cells["capacity_kw"] > 0:
        st.info(text(str(cells["exclusion_reason"]), language()) if cells["exclusion_reason"] else t("roof.none"))
        return
    with parameters.overridden(done.scenario.parameters):
        detail = roof_detail(done.solar, row)
    st.caption(_facts(cells))
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('roof.months')}**")
        st.altair_chart(figures.monthly_yield(done.buildings.iloc[[row]], language(), unit="MWh"), width="stretch")
        st.markdown(f"**{t('roof.horizon')}**")
        st.altair_chart(roof_figures.horizon(detail, language()), width="stretch")
        if done.solar.scene.terrain is None:
            st.caption(t("solar.note.flat_terrain"))
    with right:
        st.markdown(f"**{t('roof.waterfall')}**")
        st.altair_chart(roof_figures.waterfall(done.buildings.iloc[[row]], language()), width="stretch")
        st.markdown(f"**{t('roof.neighbours')}**")
        _neighbours(done, detail, float(cells["yield_kwh"]))


def _facts(cells: pd.Series) -> str:
    values = {
        "kw": cells["capacity_kw"],
        "kwh": cells["yield_kwh"],
        "p90": cells["p90_kwh"],
        "tilt": cells["surface_tilt"],
        "azimuth": cells["surface_azimuth"],
        "height": cells["height_used_m"],
        "sky": cells["sky_view"],
    }
    source = t(f"height_source.{cells['height_source']}")
    load = t(f"load_class.{cells['load_class']}")
    return t("roof.facts", **values, source=source, load=load)


def _neighbours(done: Assessment, detail: RoofDetail, yield_kwh: float) -> None:
    found = detail.neighbours[detail.neighbours["lost_kwh"] > 0]
    if found.empty:
        st.caption(t("roof.no_neighbours"))
        return
    others = done.buildings.iloc[found["row"].to_numpy()]
    worst = others.iloc[0]
    st.text(
        t(
            "roof.worst",
            name=worst["building_id"],
            height=float(worst["height_used_m"]),
            kwh=float(found["lost_kwh"].iloc[0]),
            share=float(found["lost_kwh"].iloc[0]) / yield_kwh,
        )
    )
    table = pd.DataFrame(
        {
            t("column.building_id"): others["building_id"].to_numpy(),
            t("roof.lost"): found["lost_kwh"].to_numpy(),
            t("roof.towards"): found["azimuth"].to_numpy(),
            t("column.height_used_m"): others["height_used_m"].to_numpy(),
            t("column.height_source"): [t(f"height_source.{source}") for source in others["height_source"]],
        }
    )
    number = st.column_config.NumberColumn(format="%.0f")
    wide = {t("roof.towards"): number, t("roof.lost"): number, t("column.height_used_m"): number}
    st.dataframe(table, hide_index=True, width="stretch", column_config=wide)
