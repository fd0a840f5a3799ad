"""Which buildings a figure of a table is made of."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from data.catalog import UNKNOWN
from heating import rates

COLUMNS: Final = (
    "building_id",
    "name",
    "county_code",
    "village_code",
    "zone",
    "use",
    "heat_source",
    "clean_heating",
    "coverage",
    "area_m2",
    "area_basis",
    "households_used",
    "households_basis",
    "peak_kw",
    "heat_gj",
    "heat_basis",
    "source_row",
    "source_file",
)
"""What is told of each of them."""
_GAPS: Final = ("gap_low", "gap_high", "gap_households")


def of_area(
    buildings: pd.DataFrame, *, county: str = rates.ALL, zone: str = rates.ALL, part: str = ""
) -> NDArray[np.bool_]:
    """Return which buildings a rate of a county and zone, or a part of it, is made of.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``county_code, zone, heat_source, clean_heating``.
    county, zone : str
        Codes, ``all`` or ``unknown``.
    part : str
        A column of table J4: ``clean``, ``not_clean`` or ``unknown``; a source as it is reported; a gap, which is made
        of what is not clean or not known. Anything else stands for all that is heated.
    """
    keep = (buildings["clean_heating"] != "not_heated").to_numpy(dtype=bool)
    for column, wanted in (("county_code", county), ("zone", zone)):
        if wanted != rates.ALL:
            keep &= (buildings[column].astype(object).fillna(UNKNOWN) == wanted).to_numpy(dtype=bool)
    reported = buildings["heat_source"].astype(object).map(parameters.table("heat_sources")["reported_as"])
    if part in rates.PARTS:
        keep &= (buildings["clean_heating"] == part).to_numpy(dtype=bool)
    elif part in _GAPS:
        keep &= buildings["clean_heating"].isin(["not_clean", "unknown"]).to_numpy(dtype=bool)
    elif part in set(parameters.table("heat_sources")["reported_as"]):
        keep &= (reported == part).to_numpy(dtype=bool)
    return keep


def of_rung(buildings: pd.DataFrame, *, zone: str, rung: str | None) -> NDArray[np.bool_]:
    """Return which heated buildings of a zone stand on a rung, or on any."""
    keep = of_area(buildings, zone=zone)
    return keep if rung is None else keep & (buildings["coverage"] == rung).to_numpy(dtype=bool)
