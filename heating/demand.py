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
        ``heat_index`` (name of the parameter), ``heat_index_w_m2``, ``peak_kw``, ``heat_gj`` a year; zero where
        the building is not heated, NaN where no index exists for its use (factories, unknown).

    References
    ----------
    CJJ 34-2010, table 3.1.2-1.
    """
    names = index_names(buildings)
    indices = {name: row.value for name, row in parameters.constants("heat_indices").items()}
    watts = names.map(indices).astype(float)
    heated = buildings["heat_source"] != "none"
    peak = (watts * area_m2 / _W_PER_KW).where(heated, 0.0)
    return pd.DataFrame(
        {
            "heat_index": names.astype("string[pyarrow]"),
            "heat_index_w_m2": watts,
            "peak_kw": peak,
            "heat_gj": peak * season_gj_per_kw(),
        },
        index=buildings.index,
    )
