"""The clean-heating rate in the columns that the bureau reports (FACTS §J4), by area or by household, never mixed."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN, label, text
from heating import rates
from heating.assessment import Assessment
from heating.report import county_names

Basis = Literal["area", "households"]
MEASURES: Final[dict[Basis, tuple[str, str]]] = {"area": ("area_m2", "m2"), "households": ("households", "households")}
CLEAN: Final = (
    "chp",
    "large_coal",
    "gas",
    "heat_pump",
    "electric",
    "geothermal",
    "waste_heat",
    "biomass",
    "solar",
    "other_clean",
)
DIRTY: Final = ("coal_boiler", "loose_coal", "briquette", "other_dirty")
REPORTED: Final = (
    *("county", "zone", "households", "total", *CLEAN, "clean", *DIRTY, "not_clean", "unknown", "rate", "target"),
    *("standing", "gap_low", "gap_high", "gap_households", "bases", "source", "day"),
)
"""The columns of `in_words` in their order."""
KEYS: Final = ("county_code", "zone")
_WAN: Final = 1e4


def by_source(buildings: pd.DataFrame, basis: Basis) -> pd.DataFrame:
    """Return the heated area [m2] or the households [1] by county, zone and column of the reported table.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``county_code, zone, heat_source, clean_heating, area_m2, households_used``.
    basis : {"area", "households"}
        What is added up.

    Returns
    -------
    pandas.DataFrame
        Indexed by county and zone with the totals ``all``: one column a source as it is reported, and ``unknown``.
    """
    measure = {"area": "area_m2", "households": "households_used"}[basis]
    heated = buildings[buildings["clean_heating"] != "not_heated"]
    reported = parameters.table("heat_sources")["reported_as"]
    plain = pd.DataFrame(
        {
            "county_code": heated["county_code"].astype(object).fillna(UNKNOWN),
            "zone": heated["zone"].astype(object),
            "source": heated["heat_source"].astype(object).map(reported).fillna(UNKNOWN),
            "amount": heated[measure].astype(float),
        }
    )
    every = pd.concat(
        [
            plain,
            plain.assign(zone=rates.ALL),
            plain.assign(county_code=rates.ALL),
            plain.assign(zone=rates.ALL, county_code=rates.ALL),
        ]
    )
    table = every.pivot_table(index=list(KEYS), columns="source", values="amount", aggfunc="sum", fill_value=0.0)
    return table.reindex(columns=[*CLEAN, *DIRTY, UNKNOWN], fill_value=0.0).rename_axis(columns=None)


def j4(done: Assessment, basis: Basis = "area") -> pd.DataFrame:
    """Return the table of FACTS §J4 for an assessment, one row a county and zone, with the totals.

    Parameters
    ----------
    done : Assessment
        The run.
    basis : {"area", "households"}
        Areas in 10⁴ m², or households; the two are never added to one another.

    Returns
    -------
    pandas.DataFrame
        ``county_code, zone, households, total``, one column a source, ``clean``, ``not_clean``, ``unknown``,
        ``rate_low, rate_high, target`` [1], ``standing``, ``gap_low, gap_high`` (in the unit of the basis),
        ``gap_low_households, gap_high_households`` (of areas: by the floor area of a household, FACTS §B2),
        ``bases`` (what the sums are made of, joined by ``;``). Sources that the scenario counts otherwise stay
        in their own column: ``clean`` is what counts.
    """
    name, unit = MEASURES[basis]
    prefix, scale = ("", _WAN) if basis == "area" else ("household_", 1.0)
    rate = done.clean_heating.set_index(list(KEYS))
    sources = by_source(done.buildings, basis).reindex(rate.index, fill_value=0.0) / scale
    table = pd.DataFrame(
        {
            "households": rate[[f"{part}_households" for part in rates.PARTS]].sum(axis=1),
            "total": rate[[f"{part}_{name}" for part in rates.PARTS]].sum(axis=1) / scale,
            **{column: sources[column] for column in (*CLEAN, *DIRTY)},
            **{part: rate[f"{part}_{name}"] / scale for part in rates.PARTS},
            "rate_low": rate[f"{prefix}rate_low"],
            "rate_high": rate[f"{prefix}rate_high"],
            "target": rate["target"],
            "standing": rates.standing(rate[f"{prefix}rate_low"], rate[f"{prefix}rate_high"], rate["target"]),
            "gap_low": rate[f"gap_low_{unit}"] / scale,
            "gap_high": rate[f"gap_high_{unit}"] / scale,
            **_gap_in_households(rate, basis, done.scenario.area_per_household_m2),
            "bases": rate["area_bases"] if basis == "area" else _household_bases(done.buildings).reindex(rate.index),
        }
    )
    return table.reset_index()


def _household_bases(buildings: pd.DataFrame) -> pd.Series:
    """Return by county and zone, with the totals, whether households are declared or come from areas."""
    heated = buildings[(buildings["clean_heating"] != "not_heated") & (buildings["households_used"] > 0)]
    plain = pd.DataFrame(
        {
            "county_code": heated["county_code"].astype(object).fillna(UNKNOWN),
            "zone": heated["zone"].astype(object),
            "basis": heated["households_basis"].astype(object),
        }
    ).drop_duplicates()
    every = pd.concat(
        [
            plain,
            plain.assign(zone=rates.ALL),
            plain.assign(county_code=rates.ALL),
            plain.assign(zone=rates.ALL, county_code=rates.ALL),
        ]
    ).drop_duplicates()
    return every.sort_values("basis").groupby(list(KEYS))["basis"].agg(";".join)


def _bases(codes: object, basis: Basis, language: str) -> str:
    """Return what a sum is made of, in words."""
    group = {"area": "area_basis", "households": "households_basis"}[basis]
    parts = codes.split(";") if isinstance(codes, str) else []
    return "；".join(label(group, part, language) for part in parts if part)


def _gap_in_households(rate: pd.DataFrame, basis: Basis, area_per_household_m2: float) -> dict[str, pd.Series]:
    """Return the gap in households: of the households' own rate, or the area's gap converted."""
    if basis == "households":
        return {f"gap_{side}_households": rate[f"gap_{side}_households"] for side in ("low", "high")}
    return {f"gap_{side}_households": rate[f"gap_{side}_m2"] / area_per_household_m2 for side in ("low", "high")}


def in_words(table: pd.DataFrame, done: Assessment, basis: Basis, *, day: str, language: str = "zh") -> pd.DataFrame:
    """Return the table of `j4` with the heads and words that are reported; rates are cut off, never rounded up.

    Parameters
    ----------
    table : pandas.DataFrame
        From `j4`.
    done : Assessment
        For the names of counties and files.
    basis : {"area", "households"}
        As in `j4`.
    day : str
        Of the figures (统计时点).
    language : str
        ``zh`` or ``en``.
    """
    counties = county_names(done) | {rates.ALL: text("county.all", language), UNKNOWN: text("zone.unknown", language)}
    digits = 4 if basis == "area" else 0
    zones = {rates.ALL: text("zone.all", language)}
    source = done.layers.sources.get("buildings")
    figures = ["total", *CLEAN, *DIRTY, *rates.PARTS, "gap_low", "gap_high"]
    said = pd.DataFrame(
        {
            "county": table["county_code"].map(counties).fillna(table["county_code"]),
            "zone": [zones.get(zone) or label("zone", zone, language) for zone in table["zone"]],
            "households": table["households"].round(0),
            **{name: table[name].round(digits) for name in figures},
            "rate": [_interval(*pair) for pair in zip(table["rate_low"], table["rate_high"], strict=True)],
            "target": [rates.shown_percent(target) for target in table["target"]],
            "standing": [label("standing", code, language) for code in table["standing"]],
            "gap_households": np.ceil(table["gap_high_households"] - 1e-9).clip(lower=0.0) + 0.0,
            "bases": [_bases(codes, basis, language) for codes in table["bases"]],
            "source": source.file if source else "—",
            "day": day,
        }
    )
    unit = text(f"j4.unit_{basis}", language)
    plain = {"county", "zone", "households", "rate", "target", "standing", "gap_households", "bases", "source", "day"}
    return said[list(REPORTED)].rename(
        columns=lambda name: text(f"j4.{name}", language) + ("" if name in plain else f"({unit})")
    )


def _interval(low: float, high: float) -> str:
    """Write a rate, or both its bounds where something is unknown."""
    shown = [rates.shown_percent(rate) for rate in (low, high)]
    return shown[0] if low == high or np.isnan(low) else "–".join(shown)
