"""Linear heat density: the heat that a metre of street would sell in a year, by street and by village."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from heating.assessment import Assessment

_GJ_PER_MWH: Final = 3.6
COLUMNS: Final = (
    "buildings",
    "buildings_unknown",
    "heat_mwh",
    "street_length_m",
    "linear_density_mwh_m",
    "off_street_m",
)


def _stretches(done: Assessment) -> pd.DataFrame | None:
    """Return the heated buildings with the stretch of street that each stands on; None without streets."""
    graph = done.layers.street_graph(done.crs)
    if graph is None:
        return None
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    spots = graph.spots(heated.geometry.to_crs(done.crs).to_numpy())
    return pd.DataFrame(
        {
            "village_code": heated["village_code"].to_numpy(dtype=object),
            "edge": spots.edge,
            "length_m": graph.length_m[spots.edge],
            "street": graph.street[spots.edge],
            "off_m": spots.off_m,
            "heat_gj": heated["heat_gj"].to_numpy(dtype=float),
        }
    )


def _densities(houses: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return by key what `COLUMNS` says; a stretch counts once however many buildings stand on it."""
    known = houses[houses[key].notna()]
    groups = known.groupby(key, sort=True)
    length = known.drop_duplicates([key, "edge"]).groupby(key)["length_m"].sum()
    heat = groups["heat_gj"].sum(min_count=1) / _GJ_PER_MWH
    table = pd.DataFrame(
        {
            "buildings": groups.size(),
            "buildings_unknown": groups["heat_gj"].agg(lambda heat: int(heat.isna().sum())),
            "heat_mwh": heat,
            "street_length_m": length,
            "linear_density_mwh_m": heat / length,
            "off_street_m": groups["off_m"].median(),
        }
    )
    return table[list(COLUMNS)].rename_axis(key).reset_index()


def by_village(done: Assessment) -> pd.DataFrame | None:
    """Return the linear heat density of each village; None where the run has no streets.

    Returns
    -------
    pandas.DataFrame
        ``village_code`` and, of its heated buildings: ``buildings``, ``buildings_unknown`` without a heat index [1],
        ``heat_mwh`` (of the others) [MWh/a], ``street_length_m`` of the stretches between crossings on which at least
        one of them stands [m], ``linear_density_mwh_m`` [MWh/(m·a)] and ``off_street_m``, their median distance to
        the street [m].

    References
    ----------
    Persson, U., Werner, S., 2011. Heat distribution and the future competitiveness of district heating. Applied
    Energy 88, 568-576. https://doi.org/10.1016/j.apenergy.2010.09.020
    """
    houses = _stretches(done)
    return None if houses is None else _densities(houses, "village_code")


def by_street(done: Assessment) -> gpd.GeoDataFrame | None:
    """Return the linear heat density of each street with its line, densest first; None where the run has no streets.

    Returns
    -------
    geopandas.GeoDataFrame
        ``street_id, name`` and the columns of `by_village`; streets without a heated building are left out.
    """
    houses = _stretches(done)
    if houses is None:
        return None
    streets = done.layers.frames["streets"]
    table = _densities(houses, "street")
    table = table.sort_values("linear_density_mwh_m", ascending=False, kind="stable").reset_index(drop=True)
    own = streets.iloc[table["street"].to_numpy(dtype=np.intp)].reset_index(drop=True)
    return gpd.GeoDataFrame(
        own[["street_id", "name"]].join(table[list(COLUMNS)]), geometry=own.geometry, crs=streets.crs
    )
