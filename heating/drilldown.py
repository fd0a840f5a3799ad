"""Clean-heating rates from the county down to the single building, with nothing dropped on the way.

A building's county is the one it stands in; its town is that of its village. What has no county, town or
village is a group of its own, so that the groups of one level always add up to the group above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.catalog import UNKNOWN, ZONES
from heating import rates
from heating.scenario import Scenario

Level = Literal["county", "town", "village"]
KEYS: Final = {"county": "county_code", "town": "town", "village": "village_code"}
LEVELS: Final[tuple[Level, ...]] = ("county", "town", "village")
BUILDING_COLUMNS: Final = (
    "building_id",
    "name",
    "zone",
    "use",
    "heat_source",
    "clean_heating",
    "area_m2",
    "area_basis",
    "households_used",
    "households_basis",
    "in_service_area",
)
_ORDER: Final = ("not_clean", "unknown", "clean", "not_heated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A part of the city: county, town and village, each None for all of them; and a zone."""

    county: str | None = None
    town: str | None = None
    village: str | None = None
    zone: str | None = None

    @property
    def below(self) -> Level | None:
        """The level whose groups the area falls into, or None where only buildings are left."""
        return next((level for level in LEVELS if getattr(self, level) is None), None)


def locate(buildings: pd.DataFrame, villages: pd.DataFrame | None) -> pd.DataFrame:
    """Return county, town and village of every building; ``unknown`` where there is none.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``county_code, village_code, zone``, null where not known.
    villages : pandas.DataFrame or None
        ``village_code, town``.

    Returns
    -------
    pandas.DataFrame
        On the index of `buildings`: ``county_code, town, village_code, zone``.
    """
    code = buildings["village_code"].astype(object)
    town = pd.Series(None, index=buildings.index, dtype=object)
    if villages is not None:
        town = code.map(dict(zip(villages["village_code"], villages["town"], strict=True)))
    found = {"county_code": buildings["county_code"].astype(object), "town": town, "village_code": code}
    said = {name: values.where(values.notna(), UNKNOWN) for name, values in found.items()}
    return pd.DataFrame({**said, "zone": buildings["zone"].astype(object)}, index=buildings.index)


def inside(places: pd.DataFrame, area: Area) -> NDArray[np.bool_]:
    """Return which buildings lie in an area.

    Parameters
    ----------
    places : pandas.DataFrame
        From `locate`.
    area : Area
        Where; ``unknown`` as a county, town, village or zone stands for what has none.
    """
    keep = np.ones(len(places), dtype=bool)
    for field, column in (*KEYS.items(), ("zone", "zone")):
        wanted = getattr(area, field)
        if wanted is not None:
            keep &= (places[column] == wanted).to_numpy(dtype=bool)
    return keep


def area_rates(
    buildings: pd.DataFrame, villages: pd.DataFrame | None, scenario: Scenario, *, by: Level, area: Area | None = None
) -> pd.DataFrame:
    """Tabulate rates, intervals and gaps for the counties, towns or villages of an area.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``zone, county_code, village_code, clean_heating, area_m2, area_basis, households_used`` per building.
    villages : pandas.DataFrame or None
        ``village_code, name, town``.
    scenario : Scenario
        Targets.
    by : {"county", "town", "village"}
        What a row stands for, together with its zone: each zone has its own target.
    area : Area, optional
        Only what lies there.

    Returns
    -------
    pandas.DataFrame
        The keys from the county down to `by`, ``name`` (of the village; else the key), ``zone``, and the columns
        of `heating.rates.tabulate`; ``buildings``, ``unknown_buildings`` (heated, source unknown) [1] and
        ``unknown_share`` (unknown area over heated area) [1]. The largest possible gap comes first.

    Notes
    -----
    Areas, households and counts add up to the level above. Gaps do not: what one village has beyond the target
    fills the gap of another in the town's figure, so the gaps of the parts are together at least the whole's.
    """
    keys = [KEYS[level] for level in LEVELS[: LEVELS.index(by) + 1]]
    groups = [*keys, "zone"]
    table = _tabulated(buildings, villages, scenario, groups, area)
    table.insert(len(keys), "name", _names(table[keys[-1]], villages if by == "village" else None))
    order = ["gap_high_m2", "rate_low", *groups]
    return table.sort_values(order, ascending=[False, *[True] * (len(order) - 1)], na_position="last").reset_index(
        drop=True
    )


def totals(
    buildings: pd.DataFrame, villages: pd.DataFrame | None, scenario: Scenario, *, area: Area | None = None
) -> pd.DataFrame:
    """Tabulate an area as a whole, one row a zone, in the columns of `area_rates` without keys and names.

    Parameters
    ----------
    buildings, villages, scenario, area
        As for `area_rates`.

    Returns
    -------
    pandas.DataFrame
        Zones in the order of the Plan, the unknown one last.
    """
    table = _tabulated(buildings, villages, scenario, ["zone"], area)
    order = {zone: at for at, zone in enumerate((*ZONES, UNKNOWN))}
    return table.sort_values("zone", key=lambda zones: zones.map(order)).reset_index(drop=True)


def _tabulated(
    buildings: pd.DataFrame, villages: pd.DataFrame | None, scenario: Scenario, groups: list[str], area: Area | None
) -> pd.DataFrame:
    """Return rates, gaps and counts by group."""
    places = locate(buildings, villages)
    keep = inside(places, area or Area())
    facts = pd.DataFrame(buildings[["clean_heating", "area_m2", "area_basis", "households_used"]])[keep]
    frame = facts.astype({"clean_heating": object, "area_basis": object}).join(places[keep])
    table = rates.tabulate(frame, groups, scenario)
    counted = frame.assign(buildings=1, unknown_buildings=(frame["clean_heating"] == UNKNOWN).astype(int))
    table = table.merge(counted.groupby(groups)[["buildings", "unknown_buildings"]].sum().reset_index(), on=groups)
    heated = table[[f"{part}_area_m2" for part in rates.PARTS]].sum(axis=1).replace(0.0, np.nan)
    return table.assign(unknown_share=table["unknown_area_m2"] / heated)


def _names(codes: pd.Series, villages: pd.DataFrame | None) -> pd.Series:
    """Return the names of villages by their codes, or the keys themselves."""
    if villages is None:
        return codes
    names = codes.map(dict(zip(villages["village_code"], villages["name"], strict=True)))
    return names.where(names.notna(), codes)


def building_rows(buildings: pd.DataFrame, villages: pd.DataFrame | None, area: Area) -> pd.DataFrame:
    """Return the buildings of an area: not clean first, then unknown, the largest first.

    Returns
    -------
    pandas.DataFrame
        `BUILDING_COLUMNS` as far as there are any, areas in m2; ``row`` is the position in `buildings`.
    """
    rows = np.flatnonzero(inside(locate(buildings, villages), area))
    found = pd.DataFrame(buildings.iloc[rows].reindex(columns=list(BUILDING_COLUMNS))).assign(row=rows)
    rank = found["clean_heating"].map({code: at for at, code in enumerate(_ORDER)})
    order = found.assign(rank=rank).sort_values(["rank", "area_m2", "building_id"], ascending=[True, False, True])
    return found.loc[order.index].reset_index(drop=True)
