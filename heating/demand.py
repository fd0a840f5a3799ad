"""Heat demand by the area-index method (面积热指标法): peak load and annual heat of each building."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import parameters
from data.parameters import value
from heating import season
from heating.season import Season

_W_PER_KW: Final = 1000
_STANDARDS: Final = ("none", "p30", "p50", "p65", "p75")
"""Energy standards of dwellings in the order of the bands of their index; other uses have two, new from p50 on."""
BANDED: Final = ("residential", "office_school", "hospital", "hotel", "shop", "hall")


def _bands(kind: str) -> list[tuple[float, str]]:
    """Return the last year of construction and the name of each index of a kind, the earliest first."""
    table = parameters.constants("heat_indices")
    rows = [(float(row.valid_to or "inf"), name) for name, row in table.items() if name.startswith(f"q_{kind}_")]
    return sorted(rows)


def index_names(buildings: pd.DataFrame) -> pd.Series:
    """Return the row of ``heat_indices`` that applies to each building, or null where none does.

    The energy standard that a building was designed to decides where it is given. Otherwise rows go by year of
    construction (their ``valid_from`` and ``valid_to``); those of farm houses by retrofit alone. An unknown year counts
    as before any standard, an unknown retrofit as none: they can only overstate the demand.
    """
    kinds = buildings["use"].map(parameters.table("building_uses")["heat_index_class"])
    year = buildings["year_built"].fillna(0)
    names = pd.Series(None, index=buildings.index, dtype=object, name="heat_index")
    farm = kinds == "rural_house"
    names[farm] = "q_rural_house_uninsulated"
    names[farm & buildings["retrofitted"].fillna(value=False).astype(bool)] = "q_rural_house_retrofitted"
    for kind in BANDED:
        own = kinds == kind
        bands = _bands(kind)
        names[own] = np.select([year[own] <= last for last, _ in bands], [name for _, name in bands], "")
        if "energy_standard" in buildings:
            stated = own & buildings["energy_standard"].isin(_STANDARDS)
            names[stated] = buildings.loc[stated, "energy_standard"].map(_by_standard([name for _, name in bands]))
    return names


def _by_standard(indices: list[str]) -> dict[str, str]:
    """Return the index of each energy standard: one each where there are as many, else old and new."""
    if len(indices) == len(_STANDARDS):
        return dict(zip(_STANDARDS, indices, strict=True))
    old, new = indices[0], indices[-1]
    return {name: new if at >= _STANDARDS.index("p50") else old for at, name in enumerate(_STANDARDS)}


def calibration(buildings: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Return by heat index how metered or sold heat compares with what the index gives.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``metered_heat_gj`` [GJ/a] where it is given; a meter at nought is no measure of a building's need.
    demand : pandas.DataFrame
        ``heat_index`` and ``index_heat_gj`` from `heat_demand`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``heat_index``: ``metered_buildings`` [1], ``metered_gj``, ``index_gj`` [GJ/a] of these, and
        ``factor`` [1], their ratio; NaN where fewer buildings than ``policy.calibration_min_buildings`` are metered.
    """
    metered = _metered(buildings)
    both = metered.notna() & (demand["index_heat_gj"] > 0)
    grouped = demand.loc[both, "index_heat_gj"].groupby(demand.loc[both, "heat_index"].astype(object))
    table = pd.DataFrame({"metered_buildings": grouped.size(), "index_gj": grouped.sum()})
    table["metered_gj"] = metered[both].groupby(demand.loc[both, "heat_index"].astype(object)).sum()
    enough = table["metered_buildings"] >= value("policy", "calibration_min_buildings")
    table["factor"] = (table["metered_gj"] / table["index_gj"]).where(enough).astype(float)
    return table[["metered_buildings", "metered_gj", "index_gj", "factor"]].rename_axis("heat_index")


def _metered(buildings: pd.DataFrame) -> pd.Series:
    if "metered_heat_gj" not in buildings:
        return pd.Series(np.nan, index=buildings.index)
    given = buildings["metered_heat_gj"].astype(float)
    return given.where(given > 0)


def calibrated(buildings: pd.DataFrame, demand: pd.DataFrame, gj_per_kw: float) -> pd.DataFrame:
    """Return the demand as meters have it: the building's own, else its class's, else the index alone.

    ``peak_kw`` follows ``heat_gj`` by the season's `gj_per_kw`; ``heat_basis`` is ``metered``, ``calibrated``,
    ``index``, or null where nothing is known. A building that is not heated stays at zero.
    """
    factor = demand["heat_index"].astype(object).map(calibration(buildings, demand)["factor"]).astype(float)
    heated = buildings["heat_source"] != "none"
    own = _metered(buildings).where(heated)
    by_class = demand["index_heat_gj"] * factor.fillna(1.0)
    heat = own.fillna(by_class)
    said = np.select([own.notna(), factor.notna() & heated], ["metered", "calibrated"], default="index")
    basis = pd.Series(said, index=demand.index, dtype=object).where(heat.notna())
    return demand.assign(
        heat_gj=heat,
        peak_kw=heat / gj_per_kw,
        heat_basis=basis.astype("string[pyarrow]"),
    )


def heat_demand(buildings: pd.DataFrame, area_m2: pd.Series, during: Season | None = None) -> pd.DataFrame:
    """Return the heat demand of each building.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``use, year_built, retrofitted, heat_source``.
    area_m2 : pandas.Series
        Heated floor area [m2].
    during : Season, optional
        The heating season; by default that of the parameter table.

    Returns
    -------
    pandas.DataFrame
        ``heat_index`` (name of the parameter), ``heat_index_w_m2``, ``index_heat_gj`` (what the index gives a year),
        ``peak_kw``, ``heat_gj`` a year and ``heat_basis``, see `calibrated`; zero where the building is not heated,
        NaN where no index exists for its use (factories, unknown) and no meter tells.

    References
    ----------
    CJJ 34-2010, table 3.1.2-1.
    """
    gj_per_kw = (during or season.of_table()).gj_per_kw
    names = index_names(buildings)
    indices = {name: row.value for name, row in parameters.constants("heat_indices").items()}
    watts = names.map(indices).astype(float)
    heated = buildings["heat_source"] != "none"
    peak = (watts * area_m2 / _W_PER_KW).where(heated, 0.0)
    by_index = pd.DataFrame(
        {
            "heat_index": names.astype("string[pyarrow]"),
            "heat_index_w_m2": watts,
            "index_heat_gj": peak * gj_per_kw,
        },
        index=buildings.index,
    )
    return calibrated(buildings, by_index, gj_per_kw)
