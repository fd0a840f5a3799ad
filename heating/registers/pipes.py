"""Pipes by age (方案三（三）：加大供热等老旧管网更新改造力度)."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data.parameters import value
from heating.assessment import Assessment
from heating.registers.shape import Register, figures, share

AGES: Final = ("old", "aging", "younger", "unknown")
_COLUMNS: Final = (
    "network_id",
    "name",
    "supplier",
    "plant_id",
    "medium",
    "status",
    "dn_mm",
    "material",
    "operating",
    "year_built",
    "year_renewal",
    "source_row",
    "source_file",
)
_M_PER_KM: Final = 1000.0


def pipes(done: Assessment, year: int) -> Register:
    """List the running pipes by age.

    Parameters
    ----------
    done : Assessment
        The run.
    year : int
        Ages are counted to this year: a pipe laid in 2006 is 20 years old in 2026.

    Returns
    -------
    Register
        Pipes whose state is not known are listed too. ``pipe_age`` is ``old`` from ``policy.old_pipe_years`` on,
        ``aging`` from ``policy.aging_pipe_years`` on, ``younger``, or ``unknown`` without a year. The figures are
        shares of the length, without a target: the Plan gives none; ``renewal`` is the part of the old ones whose
        renewal has a year.
    """
    layer = done.layers.some("networks")
    kept = layer[(layer["kind"] == "pipe") & (layer["status"] != "planned")].reset_index(drop=True)
    laid = kept["year_built"].astype(float) if "year_built" in kept else pd.Series(np.nan, index=kept.index)
    age = year - laid
    old, aging = value("policy", "old_pipe_years"), value("policy", "aging_pipe_years")
    said = np.select([age >= old, age >= aging, age.notna()], list(AGES[:3]), default="unknown")
    length = kept.to_crs(done.crs).length / _M_PER_KM if len(kept) else pd.Series(dtype=float)
    told = kept[[name for name in _COLUMNS if name in kept]].assign(
        register_id=kept["network_id"].to_numpy(), pipe_age=said, age_years=age, length_km=length
    )
    rows = gpd.GeoDataFrame(told, geometry=kept.geometry, crs=kept.crs)
    planned = kept["year_renewal"].notna() if "year_renewal" in kept else pd.Series(data=False, index=kept.index)
    by_age = [_of_age(one, rows) for one in AGES[:3]]
    is_old = pd.Series(said == "old", index=kept.index)
    renewal = share("pipes_renewal", planned[is_old].map({True: "met", False: "missed"}), length[is_old], unit="km")
    return Register(
        rows=rows, figures=figures([*by_age, renewal]), colour_by="pipe_age", notes={}, clause="policy.old_pipe_years"
    )


def _of_age(age: str, rows: gpd.GeoDataFrame) -> dict[str, object]:
    """Return the share of the length that is of one age; pipes without a year may be of any."""
    said = rows["pipe_age"].map({"unknown": "open", age: "met"}).fillna("missed")
    return share(f"pipes_{age}", said, rows["length_km"], unit="km")
