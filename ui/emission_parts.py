"""Coal and emissions of measures on a page, and of a GJ of heat by its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import label
from heating import emissions
from heating.assessment import Assessment
from heating.what_if import Measure
from ui import tables
from ui.parts import downloads
from ui.texts import language, t

_DIRECT: Final = ("electric_boiler", "electric_heater")
_PER_GJ: Final = {
    "coal_t": "coal_t_gj",
    "tce": "tce_gj",
    "co2_t": "co2_gj",
    "co2_t_low": "co2_low_gj",
    "co2_t_high": "co2_high_gj",
    "so2_kg": "so2_gj",
    "nox_kg": "nox_gj",
    "pm25_kg": "pm25_gj",
}
_THOUSAND: Final = 1e3


def _words(values: pd.Series, form: str) -> list[str]:
    return [t("emissions.not_given") if pd.isna(value) else format(value, form) for value in values]


def _told(table: pd.DataFrame) -> pd.DataFrame:
    said = {name: _words(table[name], ",.1f") for name in ("before", "after", "change")}
    return table.assign(quantity=[label("quantity", code, language()) for code in table["quantity"]], **said)


def _electric() -> None:
    said = emissions.direct_electric()
    year = parameters.constants("emissions")[emissions.GRID].valid_from
    key = "emissions.electric_rises" if said["rise"] > 0 else "emissions.electric_falls"
    words = t(
        key,
        year=year,
        electric=said["electric_kg_gj"],
        coal=said["coal_kg_gj"],
        low=said["coal_low_kg_gj"],
        high=said["coal_high_kg_gj"],
        rise=said["rise"],
        even=said["even_efficiency"],
        cop=said["even_cop"],
    )
    (st.warning if said["rise"] > 0 else st.info)(words)


def show(done: Assessment, table: pd.DataFrame, measures: Sequence[Measure]) -> None:
    """Show what measures make of coal and emissions, and the factors that say so."""
    st.subheader(t("emissions.title"), anchor=False)
    with parameters.overridden(done.scenario.parameters):
        year = parameters.constants("emissions")[emissions.GRID].valid_from
        st.caption(t("emissions.note", year=year))
        if any(one.to in _DIRECT for one in measures):
            _electric()
        told = _told(table)
        tables.show(told)
        downloads(done, t("file.emissions"), told, title=t("emissions.title"))
        with st.expander(t("emissions.per_gj")):
            st.caption(t("emissions.low"))
            _electric()
            factors = emissions.per_gj()
            shown = pd.DataFrame({ours: _words(factors[name] * _THOUSAND, ",.1f") for name, ours in _PER_GJ.items()})
            tables.show(shown.assign(heat_source=factors.index.to_list())[["heat_source", *_PER_GJ.values()]])
