"""What the rate would be if some villages were converted: before and after, with what stays unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from data import parameters
from heating import emissions, rates
from heating.assessment import Assessment
from heating.sources import cleanness

Which = Literal["not_clean", "not_clean_and_unknown"]
WHICH: Final[tuple[Which, ...]] = ("not_clean", "not_clean_and_unknown")
_SHOWN: Final = ("rate_low", "rate_high", "gap_low_m2", "gap_high_m2", "standing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A conversion of villages to a heat source.

    Parameters
    ----------
    villages : tuple of str
        Codes of 12 digits.
    to : str
        Heat source of the table ``heat_sources``.
    which : {"not_clean", "not_clean_and_unknown"}
        Which heated buildings of them are converted; those whose source is not known only if it says so.
    """

    villages: tuple[str, ...]
    to: str
    which: Which = "not_clean"


def converted(buildings: pd.DataFrame, measures: Sequence[Measure], overrides: dict[str, bool]) -> pd.DataFrame:
    """Return the buildings with their heat source and cleanness after the measures, and ``measure`` from 1 (0: none).

    A building that an earlier measure has made clean is not converted again; buildings outside every village of a
    measure, and those without heating, stay as they are.
    """
    done = buildings.assign(measure=0, heat_source=buildings["heat_source"].astype(object))
    for number, measure in enumerate(measures, start=1):
        wanted = {"not_clean"} | ({"unknown"} if measure.which == "not_clean_and_unknown" else set())
        here = done["village_code"].isin(list(measure.villages)) & done["clean_heating"].isin(list(wanted))
        here &= done["heat_source"] != measure.to
        done["heat_source"] = done["heat_source"].where(~here, measure.to)
        done["measure"] = done["measure"].where(~here, number)
        done["clean_heating"] = cleanness(done["heat_source"], overrides=overrides)
    return done


@dataclass(frozen=True, slots=True)
class Effect:
    """What measures do.

    Parameters
    ----------
    table : pandas.DataFrame
        By county and zone with the totals: ``rate_low, rate_high, gap_low_m2, gap_high_m2, standing`` and the same
        with ``_after``, and ``target``.
    measures : pandas.DataFrame
        By measure: ``buildings``, ``area_m2``, ``households``, ``peak_kw``, ``heat_gj`` of what is converted, and
        ``peak_unknown`` [1] of buildings without a heat index.
    emissions : pandas.DataFrame
        By measure and quantity, see `heating.emissions.before_after`.
    buildings : pandas.DataFrame
        All buildings after the measures, see `converted`.
    """

    table: pd.DataFrame
    measures: pd.DataFrame
    emissions: pd.DataFrame
    buildings: pd.DataFrame


def effect(done: Assessment, measures: Sequence[Measure]) -> Effect:
    """Return what some measures would make of the rates of an assessment."""
    after = converted(pd.DataFrame(done.buildings), measures, dict(done.scenario.clean_overrides))
    keys = ["county_code", "zone"]
    later = rates.clean_heating(after, done.scenario).set_index(keys)[list(_SHOWN)]
    table = done.clean_heating.set_index(keys)[[*_SHOWN, "target"]]
    table = table.join(later.add_suffix("_after")).reset_index()
    moved = after[after["measure"] > 0]
    sums = moved.groupby("measure").agg(
        buildings=("measure", "size"),
        area_m2=("area_m2", "sum"),
        households=("households_used", "sum"),
        peak_kw=("peak_kw", "sum"),
        heat_gj=("heat_gj", "sum"),
        peak_unknown=("peak_kw", lambda kw: int(kw.isna().sum())),
    )
    told = sums.reindex(range(1, len(measures) + 1), fill_value=0).reset_index()
    with parameters.overridden(done.scenario.parameters):
        burnt = emissions.before_after(pd.DataFrame(done.buildings), after)
    return Effect(table=table, measures=told, emissions=burnt, buildings=after)
