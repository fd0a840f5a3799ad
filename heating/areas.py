"""Heated floor area and households of a building, each with what it rests on."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from data import parameters
from geo.crs import require_projected

HOMES = ("apartment", "rural_house")


def storeys(buildings: pd.DataFrame) -> pd.DataFrame:
    """Return the storeys that areas are computed with, and their basis.

    Returns
    -------
    pandas.DataFrame
        ``storeys_used`` [1] and ``storeys_basis``: ``declared``, ``from_height`` or ``assumed_one``.
    """
    from_height = (buildings["height_m"] / parameters.value("policy", "storey_height_m")).round().clip(lower=1.0)
    declared = buildings["floors"].notna()
    tall = ~declared & buildings["height_m"].notna()
    used = buildings["floors"].where(declared, from_height.where(tall, 1.0))
    basis = np.select([declared, tall], ["declared", "from_height"], "assumed_one")
    return pd.DataFrame(
        {"storeys_used": used, "storeys_basis": pd.array(basis, dtype="string[pyarrow]")}, index=buildings.index
    )


def heated_area(buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the area that heating rates and demand are computed with, and its basis.

    The declared heated area stands first, then the declared floor area, then footprint × storeys. Areas of
    different basis are not the same thing (建筑面积, 供热面积, 取暖面积): the basis goes with every number.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        In a projected CRS [m].

    Returns
    -------
    pandas.DataFrame
        ``footprint_m2, area_m2`` [m2], ``area_basis, storeys_used, storeys_basis``.

    Raises
    ------
    ValueError
        On a geographic CRS.
    """
    require_projected(buildings)
    levels = storeys(buildings)
    footprint = buildings.geometry.area
    declared = buildings["heated_area_m2"].notna()
    floor = ~declared & buildings["floor_area_m2"].notna()
    area = buildings["heated_area_m2"].where(
        declared, buildings["floor_area_m2"].where(floor, footprint * levels["storeys_used"])
    )
    computed = "footprint_x_" + levels["storeys_basis"].astype(str)
    basis = np.select([declared, floor], ["heated_area", "floor_area"], computed.to_numpy(dtype=object))
    return pd.DataFrame(
        {
            "footprint_m2": footprint,
            "area_m2": area.astype(float),
            "area_basis": pd.array(basis, dtype="string[pyarrow]"),
        },
        index=buildings.index,
    ).join(levels)


def households(buildings: pd.DataFrame, area_m2: pd.Series, *, area_per_household_m2: float) -> pd.DataFrame:
    """Return households and their basis: declared, or homes' area over the area of one household.

    Returns
    -------
    pandas.DataFrame
        ``households_used`` [1] and ``households_basis``: ``declared``, ``from_area`` or ``not_a_home``.
    """
    declared = buildings["households"].notna()
    home = ~declared & buildings["use"].isin(HOMES)
    used = buildings["households"].where(declared, (area_m2 / area_per_household_m2).where(home, 0.0))
    basis = np.select([declared, home], ["declared", "from_area"], "not_a_home")
    return pd.DataFrame(
        {"households_used": used.astype(float), "households_basis": pd.array(basis, dtype="string[pyarrow]")},
        index=buildings.index,
    )
