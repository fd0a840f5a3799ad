"""Buildings whose ledgers, accounts, meters and subsidies contradict each other: coal again, or counted twice.

A flag accuses nobody: it says which two statements do not go together, so that somebody looks.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data import parameters
from heating.sources import LOOSE_COAL

FLAGS: Final = (
    "relapsed",
    "coal_with_account",
    "coal_with_subsidy",
    "stove_kept",
    "no_heat_metered",
    "account_twice",
    "footprint_twice",
)
NEEDS: Final = {
    "relapsed": "relapsed",
    "coal_with_account": "meter_id",
    "coal_with_subsidy": "subsidy_yuan",
    "stove_kept": "stove_removed",
    "no_heat_metered": "metered_heat_gj",
    "account_twice": "meter_id",
}
"""The column that each flag rests on: without one cell of it nothing can be said."""
_COLUMNS: Final = (
    "building_id",
    "name",
    "county_code",
    "village_code",
    "zone",
    "heat_source",
    "former_source",
    "area_m2",
    "households_used",
    "meter_id",
    "metered_heat_gj",
    "subsidy_yuan",
    "flags",
    "source_row",
    "source_file",
)


def _said(buildings: pd.DataFrame, name: str) -> pd.Series:
    """Return where a yes or no of the ledger is yes; nowhere without the column."""
    if name not in buildings:
        return pd.Series(data=False, index=buildings.index)
    return buildings[name].fillna(value=False).astype(bool)


def _given(buildings: pd.DataFrame, name: str) -> pd.Series:
    if name not in buildings:
        return pd.Series(data=False, index=buildings.index)
    return buildings[name].notna()


def _number(buildings: pd.DataFrame, name: str) -> pd.Series:
    return buildings[name].astype(float) if name in buildings else pd.Series(np.nan, index=buildings.index)


def flags(buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return which statements about each building do not go together, one column of `FLAGS` each.

    ``relapsed``: the ledger says that coal is burnt again. ``coal_with_account``, ``coal_with_subsidy``: coal is burnt
    in the house, and there is an account of the heat supplier, or public money was paid to convert it.
    ``stove_kept``: the heat source is clean and the coal stove was not removed. ``no_heat_metered``: the heat source
    comes by network alone and the meter shows none. ``account_twice``: another building has the same account, so its
    heat or area may be counted twice. ``footprint_twice``: another building has the same outline.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Assessed buildings; columns that a city does not have flag nothing.
    """
    coal = buildings["heat_source"].isin(LOOSE_COAL)
    clean = buildings["clean_heating"] == "clean"
    fed = parameters.table("heat_sources")["network_fed"] == "yes"
    by_network = buildings["heat_source"].astype(object).map(fed).fillna(value=False).astype(bool)
    removed = buildings["stove_removed"] if "stove_removed" in buildings else pd.Series(pd.NA, index=buildings.index)
    account = _given(buildings, "meter_id")
    doubled = account & buildings["meter_id"].duplicated(keep=False) if account.any() else account
    outline = pd.Series(buildings.geometry.normalize().to_wkb(), index=buildings.index)
    return pd.DataFrame(
        {
            "relapsed": _said(buildings, "relapsed"),
            "coal_with_account": coal & account,
            "coal_with_subsidy": coal & (_number(buildings, "subsidy_yuan") > 0),
            "stove_kept": clean & (removed == False).fillna(value=False).astype(bool),  # noqa: E712 - null is not no
            "no_heat_metered": by_network & (_number(buildings, "metered_heat_gj") == 0),
            "account_twice": doubled,
            "footprint_twice": outline.duplicated(keep=False),
        }
    ).astype(bool)


def flagged(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the buildings that have a flag, with ``flags`` joined by ``;``, the largest first."""
    found = flags(buildings)
    names = np.array(FLAGS, dtype=object)
    rows = found.any(axis=1).to_numpy()
    joined = [";".join(names[row]) for row in found[list(FLAGS)].to_numpy()[rows]]
    table = buildings[rows].assign(flags=joined).sort_values("area_m2", ascending=False, kind="stable")
    return table[[*(name for name in _COLUMNS if name in table), "geometry"]]


def counted(buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return by flag how many buildings have it, their area and their households.

    Returns
    -------
    pandas.DataFrame
        ``flag``, ``rows_known`` [1] (buildings for which it could be looked at), ``buildings`` [1], ``area_m2``,
        ``households`` [1]; every flag, also without any.
    """
    found = flags(buildings)
    known = [int(_given(buildings, NEEDS[name]).sum()) if name in NEEDS else len(buildings) for name in FLAGS]
    return pd.DataFrame(
        {
            "flag": list(FLAGS),
            "rows_known": known,
            "buildings": [int(found[name].sum()) for name in FLAGS],
            "area_m2": [float(buildings.loc[found[name], "area_m2"].sum()) for name in FLAGS],
            "households": [float(buildings.loc[found[name], "households_used"].sum()) for name in FLAGS],
        }
    )
