"""Heat metered and charged by household (方案四（五）：推进供热分户计量和按供热量收费)."""

from __future__ import annotations

from typing import Final

import pandas as pd

from heating.assessment import Assessment
from heating.registers.shape import Register, answers, figures, ones, share

HOMES: Final = ("apartment", "rural_house")
_COLUMNS: Final = (
    "building_id",
    "name",
    "county_code",
    "village_code",
    "zone",
    "use",
    "heat_source",
    "substation_id",
    "area_m2",
    "households_used",
    "household_metered",
    "source_row",
    "source_file",
)


def metering(done: Assessment, _year: int) -> Register:
    """List the homes that are connected to a network by whether their heat is metered by household.

    Returns
    -------
    Register
        Shares by household, by area and by building; the Plan gives no target. A home without an entry is open.
    """
    connected = (done.buildings["coverage"] == "connected") & done.buildings["use"].isin(HOMES)
    kept = done.buildings[connected].reset_index(drop=True)
    given = kept["household_metered"] if "household_metered" in kept else pd.Series(pd.NA, index=kept.index)
    said = answers(given)
    rows = kept[[*(name for name in _COLUMNS if name in kept), "geometry"]].assign(
        register_id=kept["building_id"].to_numpy(), fulfilled=said
    )
    return Register(
        rows=rows,
        figures=figures(
            [
                share("metering_households", said, kept["households_used"], unit="households"),
                share("metering_area", said, kept["area_m2"], unit="m2"),
                share("metering_buildings", said, ones(kept), unit="count"),
            ]
        ),
        colour_by="fulfilled",
        notes={},
        clause="metering",
    )
