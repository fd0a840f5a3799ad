"""The clean-heating rate: clean area over heated area, per zone × county, unknown as an interval.

Rate = Σ clean ÷ Σ heated (方案三（三）, FACTS B2); buildings that are not heated are in neither. A heat
source that is not known could be clean, not clean or none, so the rate lies between the two bounds given
here; it is never rounded, least of all over a target.
"""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pandas as pd

from data.catalog import UNKNOWN, ZONES
from heating.scenario import Scenario

MEASURES = {"area_m2": "area_m2", "households_used": "households"}
ALL = "all"
PARTS = ("clean", "not_clean", "unknown")
_ROUNDING = 1e-9
_DIGITS = 12


def _sums(buildings: pd.DataFrame, keys: list[str], measure: str, name: str) -> pd.DataFrame:
    """Return the sums of a measure by what is known of the heat; groups that are not heated stay, with zeros."""
    groups = [buildings[key] for key in keys]
    sums = {
        f"{part}_{name}": buildings[measure].where(buildings["clean_heating"] == part, 0.0).groupby(groups).sum()
        for part in PARTS
    }
    return pd.DataFrame(sums).astype(float)


def _bases(buildings: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Return which kinds of area each sum is made of: different ones are not the same thing (FACTS §B2)."""
    heated = buildings[buildings["clean_heating"] != "not_heated"].drop_duplicates([*keys, "area_basis"])
    joined = heated.sort_values("area_basis").groupby(keys)["area_basis"].agg(";".join)
    return joined.rename("area_bases").astype(object)


def rate_bounds(clean: pd.Series, not_clean: pd.Series, unknown: pd.Series) -> pd.DataFrame:
    """Return ``rate_low`` and ``rate_high`` [1]; NaN where nothing is heated.

    >>> rate_bounds(pd.Series([60.0]), pd.Series([20.0]), pd.Series([20.0])).iloc[0].tolist()
    [0.6, 0.8]
    """
    total = (clean + not_clean + unknown).replace(0.0, np.nan)
    return pd.DataFrame({"rate_low": clean / total, "rate_high": (clean + unknown) / total})


def shown_percent(rate: float, *, digits: int = 2) -> str:
    """Write a rate as a percentage cut off, never rounded up: 99.999 % must not read as 100 %.

    >>> shown_percent(0.999999), shown_percent(0.6), shown_percent(float("nan"))
    ('99.99%', '60.00%', '—')
    >>> shown_percent(0.5999999999999999)
    '60.00%'
    """
    if math.isnan(rate):
        return "—"
    step = Decimal(1).scaleb(-digits)
    exact = round(float(rate), _DIGITS)  # 0.5999999999999999 is 60 % that a sum has rounded
    return f"{(Decimal(repr(exact)) * 100).quantize(step, rounding=ROUND_FLOOR)}%"


def standing(low: pd.Series, high: pd.Series, target: pd.Series) -> pd.Series:
    """Say ``met`` where even the lower bound reaches the target, ``missed`` where the upper does not.

    Anything between is ``open``; without a target or without heated area it is ``none``. Rounding of sums, a relative
    1e-9, keeps no rate below its target.
    """
    known = target.notna() & low.notna()
    least = target * (1 - _ROUNDING)
    said = np.select([~known, low >= least, high < least], ["none", "met", "missed"], "open")
    return pd.Series(said, index=low.index, name="standing", dtype="string[pyarrow]")


def _with_totals(buildings: pd.DataFrame) -> pd.DataFrame:
    """Repeat every building under its zone × county, its county, its zone and the whole city."""
    plain = buildings[["zone", "county_code", "clean_heating", "area_basis", *MEASURES]].copy()
    plain["county_code"] = plain["county_code"].astype(object).where(plain["county_code"].notna(), UNKNOWN)
    plain["zone"] = plain["zone"].astype(object)
    plain["area_basis"] = plain["area_basis"].astype(object)
    return pd.concat(
        [
            plain,
            plain.assign(zone=ALL),
            plain.assign(county_code=ALL),
            plain.assign(zone=ALL, county_code=ALL),
        ]
    )


def tabulate(buildings: pd.DataFrame, keys: list[str], scenario: Scenario) -> pd.DataFrame:
    """Tabulate rates, intervals and gaps per group of buildings, as `clean_heating` describes them.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``clean_heating, area_m2, area_basis, households_used`` and the keys per building; a building without
        one of its keys is in no group.
    keys : list of str
        Columns to group by; ``zone``, which gives the target, is one of them.
    scenario : Scenario
        Targets.

    Returns
    -------
    pandas.DataFrame
        One row a group, areas in m2, households and shares in 1.
    """
    table = pd.concat([_sums(buildings, keys, measure, name) for measure, name in MEASURES.items()], axis=1)
    table = table.join(_bases(buildings, keys)).reset_index()
    table["area_bases"] = table["area_bases"].fillna("")
    table["target"] = table["zone"].map(scenario.target).astype(float)
    for name, prefix in (("area_m2", ""), ("households", "household_")):
        clean, dirty, unknown = (table[f"{part}_{name}"] for part in PARTS)
        table[[f"{prefix}rate_low", f"{prefix}rate_high"]] = rate_bounds(clean, dirty, unknown).to_numpy()
        wanted = table["target"] * (clean + dirty + unknown)
        unit = "m2" if name == "area_m2" else name
        for side, sure in (("low", clean + unknown), ("high", clean)):
            gap = (wanted - sure).clip(lower=0.0)
            table[f"gap_{side}_{unit}"] = gap.where(gap > _ROUNDING * wanted, 0.0).where(wanted.notna())
    table["standing"] = standing(table["rate_low"], table["rate_high"], table["target"])
    return table


def clean_heating(buildings: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Tabulate rates, intervals and gaps per zone × county with totals.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``zone, county_code, clean_heating, area_m2, area_basis, households_used`` per building.
    scenario : Scenario
        Targets.

    Returns
    -------
    pandas.DataFrame
        One row a (zone, county) and the totals, marked ``all``: sums by area [m2] and households [1],
        ``rate_low, rate_high`` by area and ``household_rate_low, household_rate_high`` [1], ``target``,
        ``standing``, ``area_bases`` (the kinds of area that are added up), and the gap to the target as
        ``gap_low_m2, gap_high_m2, gap_low_households, gap_high_households`` (low: all unknown is clean; high:
        none is).
    """
    keys = ["zone", "county_code"]
    table = tabulate(_with_totals(buildings), keys, scenario)
    order = {zone: at for at, zone in enumerate((*ZONES, UNKNOWN, ALL))}
    return table.sort_values(
        keys, key=lambda column: column.map(order) if column.name == "zone" else column
    ).reset_index(drop=True)


def village_rates(buildings: pd.DataFrame) -> pd.DataFrame:
    """Return area sums and rate bounds per ``village_code`` (villages with any building)."""
    located = buildings[buildings["village_code"].notna()]
    sums = _sums(located, ["village_code"], "area_m2", "area_m2")
    bounds = rate_bounds(*(sums[f"{part}_area_m2"] for part in PARTS))
    return sums.join(bounds).reset_index()
