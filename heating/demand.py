"""Heat demand by the area-index method (面积热指标法): peak load and annual heat of each building."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import parameters
from data.parameters import value

_J_PER_GJ: Final = 1e9
_S_PER_DAY: Final = 86400
_W_PER_KW: Final = 1000
BANDED: Final = ("residential", "office_school", "hospital", "hotel", "shop", "hall")


def _bands(kind: str) -> list[tuple[float, str]]:
    """Return the last year of construction and the name of each index of a kind, the earliest first."""
    table = parameters.constants("heat_indices")
    rows = [(float(row.valid_to or "inf"), name) for name, row in table.items() if name.startswith(f"q_{kind}_")]
    return sorted(rows)


def index_names(buildings: pd.DataFrame) -> pd.Series:
    """Return the row of ``heat_indices`` that applies to each building, or null where none does.

    Rows go by year of construction (their ``valid_from`` and ``valid_to``), those of farm houses by retrofit. An
    unknown year counts as before any standard, an unknown retrofit as none: they can only overstate the demand.
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
    return names


def season_gj_per_kw() -> float:
    """Return the annual heat [GJ] of one kW of design load.

    Q = 86400 · N · (ti − ta) ÷ (ti − to) · 10⁻⁶ GJ/kW, the degree-day scaling of FACTS G1.
    """
    inside, mean, design = (
        value("heat_indices", name)
        for name in ("indoor_temperature", "mean_outdoor_temperature", "design_outdoor_temperature")
    )
    days = value("heat_indices", "heating_days")
    return _S_PER_DAY * days * _W_PER_KW / _J_PER_GJ * (inside - mean) / (inside - design)


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


def calibrated(buildings: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Return the demand as meters have it: the building's own, else its class's, else the index alone.

    ``peak_kw`` follows ``heat_gj`` by `season_gj_per_kw`; ``heat_basis`` is ``metered``, ``calibrated``, ``index``,
    or null where nothing is known. A building that is not heated stays at zero.
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
        peak_kw=heat / season_gj_per_kw(),
        heat_basis=basis.astype("string[pyarrow]"),
    )


def heat_demand(buildings: pd.DataFrame, area_m2: pd.Series) -> pd.DataFrame:
    """Return the heat demand of each building.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``use, year_built, retrofitted, heat_source``.
    area_m2 : pandas.Series
        Heated floor area [m2].

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
    names = index_names(buildings)
    indices = {name: row.value for name, row in parameters.constants("heat_indices").items()}
    watts = names.map(indices).astype(float)
    heated = buildings["heat_source"] != "none"
    peak = (watts * area_m2 / _W_PER_KW).where(heated, 0.0)
    by_index = pd.DataFrame(
        {
            "heat_index": names.astype("string[pyarrow]"),
            "heat_index_w_m2": watts,
            "index_heat_gj": peak * season_gj_per_kw(),
        },
        index=buildings.index,
    )
    return calibrated(buildings, by_index)
