"""Charts of roofs: where the light goes, what hides the sun, and how a day runs."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from data.catalog import label, text
from solar.detail import RoofDetail
from solar.system import LOSSES

_PATHS: Final = ("#DD6B28", "#C2A14D", "#5B7FA6")
_LEAST_SHOWN: Final = 5e-4
_SHARES: Final = alt.Scale(domain=[0, 1.15])


def waterfall(roofs: pd.DataFrame, language: str) -> Any:
    """Return the way from the light in the plane to the electricity of the given roofs, step by step [%].

    Parameters
    ----------
    roofs : pandas.DataFrame
        Columns ``in_plane_kwh``, ``loss_<step>_kwh`` and ``yield_kwh`` [kWh].
    language : str
        ``zh`` or ``en``.
    """
    light = float(roofs["in_plane_kwh"].sum())
    lost = {name: float(roofs[f"loss_{name}_kwh"].sum()) / light if light else 0.0 for name in LOSSES}
    steps = [{"step": text("column.in_plane_kwh", language), "low": 0.0, "high": 1.0, "share": 1.0, "kind": "end"}]
    left = 1.0
    for name, share in lost.items():
        if abs(share) >= _LEAST_SHOWN:
            step = {"step": label("loss", name, language), "low": left - share, "high": left, "share": -share}
            steps.append(step | {"kind": "loss"})
        left -= share
    steps.append({"step": text("column.yield_kwh", language), "low": 0.0, "high": left, "share": left, "kind": "end"})
    shown = pd.DataFrame(steps)
    words = alt.Axis(labelLimit=230, labelOverlap=False)
    base = alt.Chart(shown).encode(y=alt.Y("step:N", sort=None, title=None, axis=words))
    colours = alt.Scale(domain=["end", "loss"], range=["#2F8F5B", "#C8501E"])
    bars = base.mark_bar(height=13).encode(
        x=alt.X("low:Q", axis=alt.Axis(format="%", title=None), scale=_SHARES),
        x2="high:Q",
        color=alt.Color("kind:N", scale=colours, legend=None),
        tooltip=[alt.Tooltip("step", title=text("ui.item", language)), alt.Tooltip("share", format="+.2%", title="%")],
    )
    figures = base.mark_text(align="left", dx=4, fontSize=11).encode(
        x="high:Q", text=alt.Text("share:Q", format="+.1%")
    )
    return alt.layer(bars, figures).properties(height=22 * len(shown))


def horizon(detail: RoofDetail, language: str) -> Any:
    """Return a roof's horizon by azimuth with the paths of the sun at the solstices and the equinox."""
    marks = {0: "N", 90: "E", 180: "S", 270: "W", 360: "N"}
    axis = alt.Axis(
        values=list(marks),
        title=text("roof.azimuth", language),
        labelExpr=" : ".join(f"datum.value === {value} ? '{mark}'" for value, mark in marks.items()) + " : ''",
    )
    across = alt.X("azimuth:Q", scale=alt.Scale(domain=[0, 360]), axis=axis)
    up = alt.Scale(domain=[0, 80], clamp=True)
    names = {column: text(f"roof.horizon_{column}", language) for column in ("highest", "mean", "terrain")}
    long = detail.horizon.rename(columns=names).melt("azimuth", list(names.values()), "what", "elevation")
    shades = alt.Scale(domain=list(names.values()), range=["#C9CED6", "#8A93A0", "#7A5C3E"])
    area = (
        alt.Chart(long)
        .mark_area(opacity=0.75, line=False)
        .encode(
            x=across,
            y=alt.Y("elevation:Q", scale=up, stack=None, title=text("roof.elevation", language)),
            color=alt.Color("what:N", scale=shades, title=None, legend=alt.Legend(orient="bottom", columns=3)),
        )
    )
    days = {day: text(f"roof.day_{day}", language) for day in detail.sun_paths["day"].unique()}
    paths = detail.sun_paths.assign(day=detail.sun_paths["day"].map(days))
    colours = alt.Scale(domain=list(days.values()), range=list(_PATHS))
    line = (
        alt.Chart(paths)
        .mark_line(strokeWidth=2)
        .encode(
            x=across,
            y=alt.Y("elevation:Q", scale=up),
            stroke=alt.Stroke("day:N", scale=colours, legend=None),
            order="hour:Q",
            tooltip=[
                alt.Tooltip("day", title=text("roof.day", language)),
                alt.Tooltip("hour", format=".1f", title=text("roof.hour", language)),
                alt.Tooltip("elevation", format=".1f", title=text("roof.elevation", language)),
            ],
        )
    )
    tops = paths.loc[paths.groupby("day")["elevation"].idxmax()]
    words = (
        alt.Chart(tops)
        .mark_text(dy=-8, fontSize=12)
        .encode(x=across, y=alt.Y("elevation:Q", scale=up), text="day:N", color=alt.value("#22252A"))
    )
    return alt.layer(area, line, words).resolve_scale(stroke="independent").properties(height=300)


def mean_days(profiles: pd.DataFrame, language: str) -> Any:
    """Return the mean day of four months of the summed hourly power [MW]."""
    index = pd.DatetimeIndex(profiles.index)
    total = profiles.sum(axis=1).to_numpy() / 1e3
    hour = index.hour.to_numpy() + index.minute.to_numpy() / 60
    table = pd.DataFrame({"month": index.month, "hour": np.floor(hour) + 0.5, "mw": total})
    mean = table[table["month"].isin((1, 4, 7, 10))].groupby(["month", "hour"], as_index=False)["mw"].mean()
    mean["month"] = [text("roof.month", language, month=int(month)) for month in mean["month"]]
    return (
        alt.Chart(mean)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("hour:Q", title=text("roof.hour", language), scale=alt.Scale(domain=[0, 24])),
            y=alt.Y("mw:Q", title="MW"),
            color=alt.Color("month:N", title=None, sort=None, legend=alt.Legend(orient="top")),
            tooltip=["month", "hour", alt.Tooltip("mw", format=".1f", title="MW")],
        )
        .properties(height=240)
    )
