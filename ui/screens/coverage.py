"""清洁取暖: rates with their interval and gap, by zone, county and village."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from heating.report import rate_table
from ui import citymap, figures, tables
from ui.evidence import panel
from ui.parts import area_filter, downloads, heading, rate_notes, within, zone_cards
from ui.state import current
from ui.texts import language, t

VILLAGE_COLUMNS = [
    "village_code",
    "name",
    "town",
    "zone",
    "clean_area_m2",
    "not_clean_area_m2",
    "unknown_area_m2",
    "rate_low",
    "rate_high",
]

done = current()
heading("page.coverage", done, lead="coverage.lead")
zone_cards(done)
rate_notes(done)
st.altair_chart(figures.rate_intervals(done, language()), width="stretch")
st.caption(t("coverage.interval"))
county, zone = area_filter(done, key="coverage")
keep = within(done.buildings, county, zone)


def villages() -> pd.DataFrame:
    """Return the villages of the chosen area with their rates, the lowest first."""
    if done.villages is None:
        return pd.DataFrame(columns=VILLAGE_COLUMNS)
    chosen = done.villages[within(done.villages, county, zone)]
    return pd.DataFrame(chosen).reindex(columns=VILLAGE_COLUMNS).sort_values("rate_low").reset_index(drop=True)


table = villages()


@st.fragment
def city() -> None:
    """Show the villages, the map that follows the chosen one, and what was clicked."""
    st.subheader(t("coverage.villages", count=len(table)), anchor=False)
    chosen = tables.pick(table, key="coverage_villages")
    focus = None
    if chosen is not None and done.villages is not None:
        code = table["village_code"].iloc[chosen]
        point = done.villages.set_index("village_code").geometry[code].representative_point()
        focus = (point.x, point.y, 15)
    wide, narrow = st.columns([3, 1])
    with wide:
        event = citymap.show(
            done,
            metrics=("clean_heating", "in_service_area", "zone"),
            layers=("counties", "service_areas", "pipes", "villages"),
            key="coverage_map",
            keep=keep,
            focus=focus,
        )
    with narrow:
        panel(done, event)


city()
rates_shown = rate_table(done)
st.subheader(t("overview.by_county"), anchor=False)
tables.show(tables.rate_rows(done))
downloads(
    done,
    t("file.clean_heating"),
    rates_shown,
    title=t("page.coverage"),
    shapes={"buildings": done.buildings[keep], "clean_heating": rates_shown},
)
st.divider()
downloads(done, t("file.villages"), table, title=t("file.villages"))
