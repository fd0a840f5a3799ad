"""The heating season that annual heat is scaled by: its degree-days, from hourly weather or from the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from data.errors import DataError, Fault
from data.parameters import value
from solar.weather import Weather, distance_km
from solar.weather_files import stamps

_J_PER_GJ: Final = 1e9
_S_PER_DAY: Final = 86400
_H_PER_DAY: Final = 24
_W_PER_KW: Final = 1000
_FIRST_MONTH: Final = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A heating season.

    Parameters
    ----------
    degree_days : float
        Sum over the days of the season of how much the outdoor air is colder than the indoor design temperature [K·d].
    basis : {"weather", "table"}
        Whether hourly weather or the mean temperature of the parameter table says so.
    station : str
        Place of the weather; empty for the table.
    years : tuple of int
        Calendar years that the mean is of; empty for the table.
    """

    degree_days: float
    basis: Literal["weather", "table"]
    station: str = ""
    years: tuple[int, ...] = ()

    @property
    def gj_per_kw(self) -> float:
        """Return the annual heat [GJ] of one kW of design load: 86400 · HDD ÷ (ti − to) · 10⁻⁶ (FACTS G1)."""
        inside, design = (value("heat_indices", f"{name}_temperature") for name in ("indoor", "design_outdoor"))
        return _S_PER_DAY * self.degree_days * _W_PER_KW / _J_PER_GJ / (inside - design)


def of_table() -> Season:
    """Return the season of the parameter table: days × (ti − ta)."""
    inside, mean = (value("heat_indices", f"{name}_temperature") for name in ("indoor", "mean_outdoor"))
    return Season(degree_days=value("heat_indices", "heating_days") * (inside - mean), basis="table")


def of_weather(weather: Weather) -> Season:
    """Return the season of hourly weather, the mean of its years.

    The season is the ``heating_days`` from 1 November on by the place's clock (in Shizuishan to 31 March); a day
    counts by how much its mean is below the indoor design temperature, a warmer day not at all.

    Raises
    ------
    data.errors.DataError
        If no day of the season is colder than the rooms are to be.
    """
    hourly = weather.hours["temp_air"].set_axis(stamps(weather.hours).tz_convert(weather.clock))
    by_day = hourly.resample("D")
    daily, share = by_day.mean(), by_day.size() / _H_PER_DAY
    days = pd.DatetimeIndex(daily.index)
    started = pd.to_datetime({"year": days.year - (days.month < _FIRST_MONTH), "month": _FIRST_MONTH, "day": 1})
    since = (days.tz_localize(None) - pd.DatetimeIndex(started)).days
    cold = (value("heat_indices", "indoor_temperature") - daily).clip(lower=0.0) * share
    total = float(cold[since < value("heat_indices", "heating_days")].sum()) / weather.years
    if total <= 0:
        raise DataError([Fault(rule="season_none", effect="refused", file=weather.name, column="temp_air")])
    return Season(degree_days=total, basis="weather", station=weather.name, years=weather.year_list)


def season_of(
    cells: Sequence[Weather], reading: Literal["weather", "table"], *, longitude: float, latitude: float
) -> Season:
    """Return the season of a run.

    Parameters
    ----------
    cells : sequence of Weather
        Of the run; the one nearest to the place counts. Hours made from monthly means have no cold spells: they never
        replace the table.
    reading : {"weather", "table"}
        What is wanted.
    longitude, latitude : float
        Middle of the buildings [degrees].
    """
    real = [cell for cell in cells if not cell.synthetic]
    if reading == "table" or not real:
        return of_table()
    return of_weather(min(real, key=lambda cell: distance_km(cell, longitude, latitude)))
