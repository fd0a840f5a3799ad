"""The coverage ladder as tables: by zone, village and network, reading against reading, and loose coal."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.catalog import UNKNOWN, ZONES
from heating import networks, rates
from heating.assessment import Assessment
from heating.ladder import COVERED, RUNGS
from heating.sources import LOOSE_COAL
from heating.verdicts import STATES, suffice

COAL_COLUMNS: Final = (
    "building_id",
    "name",
    "county_code",
    "village_code",
    "zone",
    "use",
    "heat_source",
    "area_m2",
    "households_used",
    "coverage",
    "coverage_basis",
    "coverage_network_id",
    "coverage_margin_m",
    "p_covered",
    "coverage_spare_mw",
    "source_row",
    "source_file",
)
READINGS: Final = ("reading_declared", "reading_line", "reading_street")
MIXED: Final = "mixed"
GROUP_COLUMNS: Final = (
    "buildings",
    "households",
    "area_m2",
    "group_coverage",
    "group_rung",
    "group_share",
    "coal_buildings",
)
_COUNTED: Final = {"buildings": None, "area_m2": "area_m2", "households": "households_used"}
_MW_PER_KW: Final = 1e-3


def _heated(buildings: pd.DataFrame) -> pd.DataFrame:
    return buildings[buildings["clean_heating"] != "not_heated"]


def by_rung(buildings: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return for each group and rung how many heated buildings stand on it, their area and their households.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``coverage, clean_heating, area_m2, households_used`` and the keys; one without a key is in a group of its own.
    keys : list of str
        Columns to group by.

    Returns
    -------
    pandas.DataFrame
        The keys, ``coverage``, ``buildings`` [1], ``area_m2``, ``households`` [1]; groups and rungs that have none
        are left out, the rungs in their order.
    """
    heated = _heated(buildings)
    plain = pd.DataFrame({key: heated[key].astype(object).fillna(UNKNOWN) for key in keys})
    plain["coverage"] = pd.Categorical(heated["coverage"].astype(object), categories=list(RUNGS), ordered=True)
    plain["area_m2"], plain["households_used"] = heated["area_m2"], heated["households_used"]
    grouped = plain.groupby([*keys, "coverage"], observed=True, sort=True)
    table = pd.DataFrame(
        {name: grouped.size() if column is None else grouped[column].sum() for name, column in _COUNTED.items()}
    ).reset_index()
    return table.assign(coverage=table["coverage"].astype(object))


def by_household_group(done: Assessment) -> pd.DataFrame:
    """Return where each compound or villagers' group stands on the ladder.

    Returns
    -------
    pandas.DataFrame
        ``county_code``, ``village_code``, ``household_group``, ``buildings`` [1], ``households`` [1], ``area_m2``,
        ``group_coverage`` (the rung of all its heated buildings, else ``mixed``), ``group_rung`` (that of most of its
        area) and ``group_share`` (of that area [1]), ``coal_buildings`` [1] that burn coal in the house. Groups of one
        name in two villages are two; empty where no building has a group.
    """
    heated = _heated(done.buildings)
    columns = ["county_code", "village_code", "household_group"]
    if "household_group" not in heated or heated["household_group"].isna().all():
        return pd.DataFrame(columns=[*columns, *GROUP_COLUMNS])
    told = heated[heated["household_group"].notna()]
    parts = by_rung(told, columns)
    whole = parts.groupby(columns, sort=True)
    most = parts.loc[whole["area_m2"].idxmax()].set_index(columns)
    table = whole[list(_COUNTED)].sum()
    table["group_coverage"] = whole["coverage"].agg(lambda rungs: rungs.iloc[0] if len(rungs) == 1 else MIXED)
    table["group_rung"], table["group_share"] = most["coverage"], most["area_m2"] / table["area_m2"]
    keys = [told[name].astype(object).fillna(UNKNOWN) for name in columns]
    table["coal_buildings"] = told["heat_source"].isin(LOOSE_COAL).groupby(keys).sum()
    return table[list(GROUP_COLUMNS)].reset_index()


def city_table(done: Assessment) -> pd.DataFrame:
    """Return the rungs by zone for the whole city and by county × zone, as `by_rung` has them."""
    zones = {zone: at for at, zone in enumerate((*ZONES, UNKNOWN))}
    whole = by_rung(pd.DataFrame(done.buildings), ["zone"]).assign(county_code=rates.ALL)
    parts = by_rung(pd.DataFrame(done.buildings), ["county_code", "zone"])
    table = pd.concat([whole, parts], ignore_index=True)
    order = table["zone"].map(zones).fillna(len(zones))
    return (
        table.assign(order=order)
        .sort_values(["county_code", "order"], kind="stable", key=_city_first)[
            ["county_code", "zone", "coverage", *_COUNTED]
        ]
        .reset_index(drop=True)
    )


def _city_first(column: pd.Series) -> pd.Series:
    return column.where(column != rates.ALL, "") if column.name == "county_code" else column


def loose_coal(done: Assessment) -> gpd.GeoDataFrame:
    """Return the buildings that burn coal in the house inside declared coverage, as the clause on it asks (三（八）).

    Only those that surely lie inside are findings: near the edge, or inside an area that is not in force, nothing is
    said of them. One with an account of the heat supplier that burns coal all the same contradicts itself: these come
    first, then those with spare heat, of each the largest.
    """
    inside = (done.buildings["reading_declared"] == "yes") & done.buildings["heat_source"].isin(LOOSE_COAL)
    found = done.buildings[inside]
    rung = found["coverage"].astype(object).map(RUNGS.index)
    found = found.iloc[np.lexsort((-found["area_m2"].to_numpy(dtype=float), rung))]
    columns = [name for name in COAL_COLUMNS if name in found]
    return found[[*columns, "geometry"]]


def readings(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how the declared reading, the straight line and the way along streets agree, as counts of rows.

    Returns
    -------
    pandas.DataFrame
        ``reading_declared, reading_line, reading_street, count``; combinations that do not occur are left out.
    """
    return (
        frame.groupby(list(READINGS), observed=True)
        .size()
        .rename("count")
        .reset_index()
        .astype(dict.fromkeys(READINGS, object))
    )


def detour(frame: pd.DataFrame) -> pd.Series:
    """Return how the ways along streets compare with the straight lines to a main.

    Returns
    -------
    pandas.Series
        ``measured`` [1] of both, ``no_way`` [1] of those with a straight line only, and over the first the quartiles
        ``detour_25, detour_50, detour_75`` of the quotient [1]; NaN where nothing is measured.
    """
    line, street = (frame[name].to_numpy(dtype=float) for name in ("main_distance_m", "street_distance_m"))
    both = (street > 0) & (line > 0)
    share = np.quantile(street[both] / line[both], [0.25, 0.5, 0.75]) if both.any() else np.full(3, np.nan)
    counts = {"measured": float(both.sum()), "no_way": float((np.isnan(street) & ~np.isnan(line)).sum())}
    return pd.Series(counts | dict(zip(("detour_25", "detour_50", "detour_75"), share, strict=True)))


def not_connected_inside(buildings: pd.DataFrame, network_id: str) -> NDArray[np.bool_]:
    """Return which heated buildings a declared area covers that are not connected: those that `by_network` adds up."""
    own = buildings["coverage"].isin(COVERED) & (buildings["coverage_network_id"] == network_id)
    return np.asarray((own & (buildings["clean_heating"] != "not_heated")).fillna(value=False), dtype=bool)


def by_network(done: Assessment) -> pd.DataFrame:
    """Return by declared area what its buildings that are not connected would need together, against its spare heat.

    Each of them alone may find spare heat while all of them do not; and several areas may draw on one plant.

    Returns
    -------
    pandas.DataFrame
        ``network_id``, ``buildings`` [1], ``together_mw``, ``need_unknown`` [1] (buildings without a heat index),
        ``spare_mw`` (see `heating.networks.deliverable_mw`) [MW], ``plant_id``, ``plant_together_mw`` (all areas of
        that plant), ``plant_spare_heat_mw`` [MW] and ``enough`` (``yes``, ``no``, ``review``): of the area, and of its
        plant where that states its spare heat.
    """
    inside = _heated(done.buildings[done.buildings["coverage"].isin(COVERED)])
    grouped = inside.groupby(inside["coverage_network_id"].astype(object), sort=True)
    table = pd.DataFrame(
        {
            "buildings": grouped.size(),
            "together_mw": grouped["peak_kw"].sum() * _MW_PER_KW,
            "need_unknown": grouped["peak_kw"].agg(lambda kw: int(kw.isna().sum())),
        }
    ).rename_axis("network_id")
    delivers = networks.deliverable_mw(done.layers.some("networks").to_crs(done.crs), done.scenario)
    table["spare_mw"] = delivers.reindex(table.index).astype(float)
    source = done.layers.some("networks").set_index("network_id")["plant_id"].astype(object)
    table["plant_id"] = source.reindex(table.index)
    by_plant = table.groupby("plant_id")
    table["plant_together_mw"] = by_plant["together_mw"].transform("sum")
    table["plant_spare_heat_mw"] = table["plant_id"].map(done.plant_states["spare_heat_mw"]).astype(float)
    unknown = table["need_unknown"].to_numpy() > 0
    plant_unknown = by_plant["need_unknown"].transform("sum").to_numpy() > 0
    own = _enough(table["spare_mw"], table["together_mw"], unknown)
    plant = _enough(table["plant_spare_heat_mw"], table["plant_together_mw"], plant_unknown)
    stated = table["plant_spare_heat_mw"].notna().to_numpy()
    enough = np.where(stated, np.minimum(own, plant), own)
    return table.assign(enough=np.array(STATES, dtype=object)[enough]).reset_index()


def _enough(spare_mw: pd.Series, need_mw: pd.Series, unknown: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return whether spare heat covers a sum, as positions in `STATES`; needs that are not known only add to it."""
    said = suffice(spare_mw.to_numpy(dtype=float), need_mw.to_numpy(dtype=float))
    return np.where(unknown, np.minimum(said, STATES.index("review")), said)
