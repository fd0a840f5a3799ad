"""Tables as a person reads them: labels for headers, shares cut off at two decimals, areas in 万m²."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from data.catalog import label
from heating import rates
from heating.assessment import Assessment
from heating.report import county_names, rate_table
from heating.wording import labelled
from ui.texts import language, t

RATES: Final = (
    "rate_low",
    "rate_high",
    "rate_low_after",
    "rate_high_after",
    "household_rate_low",
    "household_rate_high",
    "target",
    "unknown_share",
    "pace_low",
    "pace_high",
    "needed_low",
    "needed_high",
    "group_share",
    "cut_m2",
    "cut_person",
)
WHOLE: Final = (
    "distance_m",
    "margin_m",
    "yield_kwh",
    "specific_yield_kwh_kw",
    "roof_m2",
    "network_margin_m",
    "floor_area_m2",
    "base_floor_area_m2",
)
TENTHS: Final = ("capacity_kw", "network_spare_mw")
BLANK: Final = "—"
"""What an empty cell shows."""
_PER_WAN: Final = 1e4


def _percent(rate: float) -> float | None:
    """Return a share as a percentage cut off at two decimals; see `heating.rates.shown_percent`."""
    return None if pd.isna(rate) else float(rates.shown_percent(rate).removesuffix("%"))


def readable(table: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """Return a table in the reader's words and units, and how its columns are formatted."""
    spoken = language()
    done = table.copy()
    formats: dict[str, Any] = {}
    names: dict[str, str] = {}
    for column in table.columns:
        header = label("column", column, spoken)
        if column in RATES:
            done[column] = [_percent(float(rate)) for rate in table[column]]
            formats[header] = st.column_config.NumberColumn(format="%.2f%%")
        elif column.endswith("_households") or column in WHOLE:
            formats[header] = st.column_config.NumberColumn(format="%.0f")
        elif column.endswith("_area_m2") or (column.startswith("gap_") and "_m2" in column):
            header = t("ui.in_wan", header=header.replace("（m²）", "").replace(" (m²)", ""))
            names[label("column", column, spoken)] = header
            done[column] = table[column] / _PER_WAN
            formats[header] = st.column_config.NumberColumn(format="%.2f")
        elif column in TENTHS:
            formats[header] = st.column_config.NumberColumn(format="%.1f")
    return labelled(done, spoken).rename(columns=names), formats


def show(table: pd.DataFrame, *, height: int | None = None) -> None:
    """Show a table with codes in the reader's words."""
    shown, formats = readable(table)
    st.dataframe(
        shown, hide_index=True, width="stretch", height=height or "auto", column_config=formats, placeholder=BLANK
    )


def pick(table: pd.DataFrame, *, key: str, height: int = 280) -> int | None:
    """Show a table of which one row can be chosen, and return the chosen position."""
    shown, formats = readable(table)
    state = st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=height,
        column_config=formats,
        on_select="rerun",
        selection_mode="single-row",
        placeholder=BLANK,
        key=key,
    )
    chosen = state.selection.rows
    return int(chosen[0]) if chosen and chosen[0] < len(table) else None


def rate_rows(done: Assessment) -> pd.DataFrame:
    """Return the zone × county table with the columns that the screen shows, totals named."""
    table = rate_table(done)
    everywhere = {rates.ALL: t("county.all"), "unknown": t("zone.unknown")}
    shown = ["zone", "county", "rate_low", "rate_high", "target", "standing", "clean_area_m2", "not_clean_area_m2"]
    shown += ["unknown_area_m2", "gap_low_m2", "gap_high_m2", "household_rate_low", "household_rate_high"]
    shown += ["gap_low_households", "gap_high_households"]
    return table.assign(county=table["county"].replace(everywhere))[shown]


def with_county(table: pd.DataFrame, done: Assessment) -> pd.DataFrame:
    """Return the table with the county's name in place of its code."""
    names = county_names(done)
    counties = table["county_code"].map(names).fillna(table["county_code"])
    return table.drop(columns="county_code").assign(county=counties)
