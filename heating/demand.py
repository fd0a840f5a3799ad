"""Heat demand by the area-index method (面积热指标法): peak load and annual heat of each building."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data import parameters
from data.parameters import value

RESIDENTIAL_BANDS = (
    (1995, "before_1996"),
    (2000, "1996_2000"),
    (2008, "2001_2008"),
    (2018, "2009_2018"),
    (9999, "from_2019"),
)
SAVING_STANDARD_YEAR = 2005
_J_PER_GJ = 1e9
_S_PER_DAY = 86400


def index_names(buildings: pd.DataFrame) -> pd.Series:
    """Return the row of ``heat_indices`` that applies to each building, or null where none does.

    Homes go by year of construction, other uses by whether they were built to an energy standard (2005),
    farm houses by retrofit. An unknown year counts as before any standard: it can only overstate the demand.
    """
    kinds = buildings["use"].map(parameters.table("building_uses")["heat_index_class"])
    year = buildings["year_built"].fillna(0)
    names = pd.Series(None, index=buildings.index, dtype=object, name="heat_index")
    bands = np.select([year <= last for last, _ in RESIDENTIAL_BANDS], [band for _, band in RESIDENTIAL_BANDS], "")
    home = kinds == "residential"
    names[home] = ("q_residential_" + pd.Series(bands, index=buildings.index))[home]
    farm = kinds == "rural_house"
    names[farm & buildings["retrofitted"].fillna(value=False).astype(bool)] = "q_rural_house_retrofitted"
    names[farm & names.isna()] = "q_rural_house_uninsulated"
    other = kinds.isin(["office_school", "hospital", "hotel", "shop", "hall"])
    band = np.where(year < SAVING_STANDARD_YEAR, "before_2005", "from_2005")
    names[other] = ("q_" + kinds.astype(str) + "_" + band)[other]
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
    return _S_PER_DAY * days * 1000 / _J_PER_GJ * (inside - mean) / (inside - design)


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
    peak = (watts * area_m2 / 1000).where(heated, 0.0)
    return pd.DataFrame(
        {
            "heat_index": names.astype("string[pyarrow]"),
            "heat_index_w_m2": watts,
            "peak_kw": peak,
            "heat_gj": peak * season_gj_per_kw(),
        },
        index=buildings.index,
    )
