"""The box that a person drew on a map: what lies in it, in figures, as a table and as files."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import streamlit as st
from numpy.typing import NDArray

from heating import rates
from heating.assessment import Assessment
from ui import tables
from ui.map import last_event
from ui.parts import downloads
from ui.texts import t

Box = tuple[float, float, float, float]
SHOWN = 500
COLUMNS = ["building_id", "county_code", "zone", "use", "heat_source", "clean_heating", "area_m2"]
COLUMNS += ["in_service_area", "capacity_kw", "yield_kwh"]


def selected_box(key: str) -> Box | None:
    """Return the box [degrees] that stands on a map: the last one drawn, until it is taken away."""
    kept: tuple[int, Box | None] = st.session_state.get(f"{key}_box", (0, None))
    event = last_event(key)
    if event is not None and event.box is not None and event.serial > kept[0]:
        kept = (event.serial, event.box)
        st.session_state[f"{key}_box"] = kept
    return kept[1]


def _take_away(name: str) -> None:
    st.session_state[name] = (st.session_state[name][0], None)


def within_box(frame: gpd.GeoDataFrame, box: Box) -> NDArray[np.bool_]:
    """Return which features have their inner point in a box [degrees]."""
    shapes = frame.geometry.to_numpy()
    left, low, right, high = shapely.bounds(shapes).T
    west, south, east, north = box
    found: NDArray[np.bool_] = (left >= west) & (right <= east) & (low >= south) & (high <= north)
    # only of those across an edge is the inner point in doubt
    across = np.flatnonzero((right >= west) & (left <= east) & (high >= south) & (low <= north) & ~found)
    inner = shapely.point_on_surface(shapes[across])
    x, y = shapely.get_x(inner), shapely.get_y(inner)
    found[across] = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return found


def summary(chosen: pd.DataFrame, boilers: int) -> dict[str, str]:
    """Return the figures of the chosen buildings by text key; a rate is an interval where heat sources are unknown."""
    sums = {part: float(chosen["area_m2"].where(chosen["clean_heating"] == part, 0.0).sum()) for part in rates.PARTS}
    heated = sum(sums.values())
    low, high = (sums["clean"] / heated, (sums["clean"] + sums["unknown"]) / heated) if heated else (np.nan, np.nan)
    shown = rates.shown_percent(low), rates.shown_percent(high)
    return {
        "box.buildings": f"{len(chosen):,}",
        "box.heated": f"{heated / 1e4:,.2f}",
        "box.rate": shown[0] if shown[0] == shown[1] else " – ".join(shown),
        "box.households": f"{chosen['households_used'].sum():,.0f}",
        "box.boilers": f"{boilers:,}",
        "box.capacity": f"{chosen['capacity_kw'].sum() / 1e3:,.2f}",
        "box.energy": f"{chosen['yield_kwh'].sum() / 1e6:,.2f}",
    }


def box_panel(done: Assessment, key: str, *, keep: NDArray[np.bool_] | None = None) -> None:
    """Show what lies in the box of a map; nothing where there is none.

    Parameters
    ----------
    done : Assessment
        What the map shows.
    key : str
        Name of the map.
    keep : ndarray of bool, optional
        Buildings that the map draws; all of them if not given.
    """
    box = selected_box(key)
    if box is None:
        st.caption(t("box.hint"))
        return
    inside = within_box(done.buildings, box)
    chosen = done.buildings[inside if keep is None else inside & keep]
    boilers = done.boilers[within_box(done.boilers, box)]
    with st.container(border=True):
        left, right = st.columns([4, 1])
        left.subheader(t("box.title"), anchor=False)
        right.button(
            t("box.clear"),
            key=f"{key}_box_clear",
            icon=":material/close:",
            width="stretch",
            on_click=_take_away,
            args=(f"{key}_box",),
        )
        if chosen.empty and boilers.empty:
            st.info(t("box.empty"))
            return
        figures = summary(chosen, len(boilers))
        for some in (list(figures.items())[:4], list(figures.items())[4:]):
            for place, (name, figure) in zip(st.columns(4), some, strict=False):
                place.metric(t(name), figure)
        table = pd.DataFrame(chosen.drop(columns="geometry"))[COLUMNS]
        if len(table) > SHOWN:
            st.caption(t("box.shown", count=SHOWN, total=len(table)))
        tables.show(tables.with_county(table.head(SHOWN), done), height=260)
        downloads(
            done,
            t("box.file"),
            tables.with_county(table, done),
            title=t("box.title"),
            shapes={"buildings": chosen, "boilers": boilers},
        )
