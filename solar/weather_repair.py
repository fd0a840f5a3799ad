"""Mending the clock and the closure of a weather file, and saying by how much each figure moved.

Typical years of the CSWD kind run 30 to 60 minutes late, and their global irradiance is not the sum of their beam
and diffuse. A wrong clock is set right for whole rows: irradiance, temperature and wind move together. Where the
sums do not close, or the beam was computed for another moment than the global irradiance, GHI and DHI are kept and
DNI is computed from them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal, Protocol

import pandas as pd

from data import parameters
from solar.synthetic import Place
from solar.weather_clock import clock_error
from solar.weather_files import stamps
from solar.weather_split import beam_to_dni, closure, completed, has

_W_PER_KW: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One repair, with the figures before and after it.

    Parameters
    ----------
    kind : {"clock", "closure"}
        What was wrong.
    minutes : float
        How late the file's stamps were [min]; negative where they were early; 0 for a closure.
    ghi_before, ghi_after, dni_before, dni_after, dhi_before, dhi_after : float
        Means of the years [kWh/m2 a year]; what the file lacks is derived before and after in the same way.
    closure_before, closure_after : float
        (DNI·cosZ + DHI) / GHI - 1 of the sums [1].
    scatter_before, scatter_after : float
        Sum of the absolute hourly differences over the sum of GHI [1].
    """

    kind: Literal["clock", "closure"]
    minutes: float
    ghi_before: float
    ghi_after: float
    dni_before: float
    dni_after: float
    dhi_before: float
    dhi_after: float
    closure_before: float
    closure_after: float
    scatter_before: float
    scatter_after: float


class Mended(Protocol):
    """What carries repairs: a `solar.weather.Weather`."""

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was mended."""


def repair_notes(weather: Mended) -> tuple[tuple[str, dict[str, object]], ...]:
    """Return for each repair its text key and the values that fill the places of the text."""
    return tuple((f"weather.repair.{one.kind}", asdict(one)) for one in weather.repairs)


def repaired(hours: pd.DataFrame, place: Place) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Repair, ...]]:
    """Return the hours complete, with clock and closure mended where they need it.

    Parameters
    ----------
    hours : pandas.DataFrame
        As `solar.weather_split.completed` takes them.
    place : Place
        Where the hours hold.

    Returns
    -------
    hours : pandas.DataFrame
        Complete; GHI and DHI of each row as in the file.
    notes : tuple of str
        Text keys of what was derived.
    repairs : tuple of Repair
        What was mended, in this order; empty for a file that needs none.
    """
    found = clock_error(hours, place)
    whole, notes = completed(hours, place)
    repairs: tuple[Repair, ...] = ()
    if found.minutes:
        before = whole
        whole, notes = completed(set_back(hours, found.minutes), place)
        repairs += (_repair("clock", before, whole, place=place, minutes=found.minutes),)
    sums, _ = closure(whole, place)
    open_sums = abs(sums) > parameters.value("pv", "closure_tolerance")
    if has(hours, "dni", "dhi") and (open_sums or found.beam_differs):
        before = whole
        beam = (whole["ghi"] - whole["dhi"]).to_numpy(float)
        whole = whole.assign(dni=beam_to_dni(beam, whole, place))
        repairs += (_repair("closure", before, whole, place=place),)
    return whole, notes, repairs


def set_back(hours: pd.DataFrame, minutes: float) -> pd.DataFrame:
    """Return the hours with their stamps set back by `minutes`; what leaves a year goes to its other end."""
    index = stamps(hours)
    moved = (index - pd.Timedelta(minutes=minutes)).round("s")
    out = moved.year != index.year
    wrapped = [stamp.replace(year=int(year)) for stamp, year in zip(moved[out], index.year[out], strict=True)]
    order = moved[~out].append(pd.DatetimeIndex(wrapped, tz=index.tz)) if wrapped else moved
    rows = pd.concat([hours[~out], hours[out]]) if wrapped else hours
    return rows.set_axis(pd.DatetimeIndex(order).as_unit(index.unit)).sort_index()


def _repair(
    kind: Literal["clock", "closure"],
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    place: Place,
    minutes: float = 0.0,
) -> Repair:
    years = stamps(after).year.nunique()
    figures = {
        f"{name}_{when}": float(hours[name].sum()) / _W_PER_KW / years
        for name in ("ghi", "dni", "dhi")
        for when, hours in (("before", before), ("after", after))
    }
    sums_before, scatter_before = closure(before, place)
    sums_after, scatter_after = closure(after, place)
    return Repair(
        kind=kind,
        minutes=minutes,
        closure_before=sums_before,
        closure_after=sums_after,
        scatter_before=scatter_before,
        scatter_after=scatter_after,
        **figures,
    )
