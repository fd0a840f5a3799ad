"""Counties, towns and villages in the colour of their clean-heating rate, for those who see the city from afar."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from data.catalog import label, text
from geo.districts import town_districts, village_districts
from heating import rates
from heating.assessment import Assessment
from heating.drilldown import KEYS, Level, area_rates
from ui.features import document
from ui.map import VectorLayer
from ui.paint import rate_colour
from ui.store import STORE

NAME: Final = "districts"
FARTHEST: Final[dict[Level, int]] = {"county": 9, "town": 11, "village": 13}
"""Nearest zoom at which each level is shown."""


def district_rates(done: Assessment, level: Level) -> pd.DataFrame:
    """Return the rate of each district over all its zones.

    Returns
    -------
    pandas.DataFrame
        Indexed by the district's key: ``rate_low, rate_high`` [1]; ``target`` [1], the targets of its zones weighted
        by heated area, NaN where a zone without a target has any; ``heated_m2``.
    """
    table = area_rates(done.buildings, done.layers.get("villages"), done.scenario, by=level)
    heated = table[[f"{part}_area_m2" for part in rates.PARTS]].sum(axis=1)
    weighed = pd.DataFrame(
        {
            "key": table[KEYS[level]],
            "clean": table["clean_area_m2"],
            "unknown": table["unknown_area_m2"],
            "heated_m2": heated,
            "target": np.where(heated > 0, heated * table["target"].astype(float), 0.0),
        }
    )
    groups = weighed.groupby("key")
    sums = groups.sum().assign(target=groups["target"].sum(min_count=1))
    sums.loc[groups["target"].apply(lambda some: some.isna().any()), "target"] = np.nan
    whole = sums["heated_m2"].replace(0.0, np.nan)
    return pd.DataFrame(
        {
            "rate_low": sums["clean"] / whole,
            "rate_high": (sums["clean"] + sums["unknown"]) / whole,
            "target": sums["target"] / whole,
            "heated_m2": sums["heated_m2"],
        }
    )


def _shapes(done: Assessment) -> dict[Level, gpd.GeoDataFrame]:
    """Return the areas of each level that there are any of."""
    found: dict[Level, gpd.GeoDataFrame] = {}
    villages, counties = done.layers.get("villages"), done.layers.get("counties")
    if counties is not None:
        found["county"] = counties.assign(key=counties["county_code"])
    if villages is not None:
        areas = village_districts(villages, counties, crs=done.crs, options=done.scenario.zone_options)
        towns = town_districts(areas)
        found["town"] = towns.assign(key=towns["town"], name=towns["town"])
        found["village"] = areas.assign(key=areas["village_code"])
    return found


def _document(frame: gpd.GeoDataFrame, table: pd.DataFrame, language: str) -> bytes:
    rows = table.reindex(frame["key"].astype(object))
    said: list[dict[str, Any]] = []
    for name, low, high, target, heated in zip(
        frame["name"], rows["rate_low"], rows["rate_high"], rows["target"], rows["heated_m2"], strict=True
    ):
        shown = rates.shown_percent(float(low)), rates.shown_percent(float(high))
        said.append(
            {
                "_color": "#FFFFFF",
                "_weight": 1,
                "_fill": rate_colour(float(low), float(target)),
                "_fill_opacity": 0.45,
                "_tooltip": [
                    [label("column", "name", language), str(name)],
                    [text("column.rate", language), shown[0] if shown[0] == shown[1] else " – ".join(shown)],
                    [label("column", "target", language), rates.shown_percent(float(target), digits=1)],
                    [text("map.heated", language), "—" if pd.isna(heated) else f"{heated / 1e4:,.1f}"],
                ],
            }
        )
    return document(frame, frame["key"], said)


@st.cache_resource(max_entries=16, show_spinner=False)
def _documents(name: str, language: str, _done: Assessment) -> dict[Level, bytes]:
    del name
    return {level: _document(frame, district_rates(_done, level), language) for level, frame in _shapes(_done).items()}


def choropleth(name: str, done: Assessment, language: str, *, shown: bool = True) -> VectorLayer | None:
    """Return the layer of districts, or None where neither counties nor villages are known.

    Parameters
    ----------
    name : str
        Name of the assessment, which documents are kept under.
    done : Assessment
        Where the rates come from.
    language : str
        Language of the tooltips.
    shown : bool
        Whether it is on until the person switches it.
    """
    made = _documents(name, language, done)
    keys = {level: STORE.put_vectors(f"{name}-{NAME}-{level}-{language}", content) for level, content in made.items()}
    if not keys:
        return None
    return VectorLayer(
        name=NAME,
        label_key="map.layer_districts",
        key=next(iter(keys.values())),
        shown=shown,
        kind="area",
        levels=tuple((FARTHEST[level], key) for level, key in keys.items()),
    )
