"""Charts, drawn by Altair in the browser from scripts that Streamlit bundles."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from data.catalog import ZONES, label, text
from heating import rates
from heating.assessment import Assessment
from heating.report import rate_table
from solar.engine import MONTHS
from ui.paint import VERDICT

_HEIGHT = 34


def rate_intervals(done: Assessment, language: str) -> Any:
    """Return bars from the lower bound with the interval behind and a tick at each target, zone × county."""
    table = rate_table(done)
    table = table[table["zone"].isin(ZONES) & (table["county_code"] != "unknown")]
    county = table["county"].where(table["county_code"] != rates.ALL, text("county.all", language))
    shown = pd.DataFrame(
        {
            "place": table["zone"].map(lambda zone: label("zone", zone, language)) + " · " + county.astype(str),
            "low": table["rate_low"],
            "high": table["rate_high"],
            "target": table["target"],
            "standing": table["standing"].map(lambda code: label("standing", code, language)),
        }
    ).dropna(subset=["low"])
    colours = alt.Scale(
        domain=[label("standing", code, language) for code in ("met", "missed", "open")],
        range=["#2F8F5B", "#C8501E", "#E0A21A"],
    )
    base = alt.Chart(shown).encode(y=alt.Y("place:N", sort=None, title=None, axis=alt.Axis(labelLimit=240)))
    axis = alt.Axis(format="%", title=text("column.rate", language))
    span = alt.Scale(domain=[0, 1])
    colour = alt.Color("standing:N", scale=colours, title=None, legend=alt.Legend(orient="top"))
    solid = base.mark_bar(height=12).encode(x=alt.X("low:Q", axis=axis, scale=span), color=colour)
    open_part = base.mark_bar(height=12, opacity=0.35).encode(x="low:Q", x2="high:Q", color=colour)
    tick = base.mark_tick(thickness=3, size=22, color="#22252A").encode(x="target:Q")
    return alt.layer(solid, open_part, tick).properties(height=_HEIGHT * max(1, len(shown)))


def verdict_bars(done: Assessment, language: str) -> Any:
    """Return the number of boilers by verdict."""
    counts = done.boilers["verdict"].value_counts()
    shown = pd.DataFrame(
        {
            "verdict": [label("verdict", code, language) for code in VERDICT if code in counts],
            "count": [int(counts[code]) for code in VERDICT if code in counts],
            "colour": [colour for code, colour in VERDICT.items() if code in counts],
        }
    )
    return (
        alt.Chart(shown)
        .mark_bar(height=14)
        .encode(
            y=alt.Y("verdict:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("count:Q", title=text("ui.boilers_count", language), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("colour:N", scale=None),
            tooltip=[
                alt.Tooltip("verdict", title=text("column.verdict", language)),
                alt.Tooltip("count", title=text("ui.boilers_count", language)),
            ],
        )
        .properties(height=_HEIGHT * max(1, len(shown)))
    )


_PER_UNIT = {"GWh": 1e-6, "MWh": 1e-3}


def monthly_yield(buildings: pd.DataFrame, language: str, *, unit: str = "GWh") -> Any:
    """Return the electricity of the given roofs by month [GWh or MWh]."""
    scale = _PER_UNIT[unit]
    shown = pd.DataFrame({"month": range(1, 13), "energy": [float(buildings[name].sum()) * scale for name in MONTHS]})
    return (
        alt.Chart(shown)
        .mark_bar(color="#DD6B28")
        .encode(
            x=alt.X("month:O", title=text("ui.month", language), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("energy:Q", title=unit),
            tooltip=[
                alt.Tooltip("month", title=text("ui.month", language)),
                alt.Tooltip("energy", title=unit, format=".2f"),
            ],
        )
        .properties(height=240)
    )
