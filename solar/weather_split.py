"""What a weather file lacks is computed from what it has: wind, beam and diffuse; and how well the three close."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import irradiance

from data import parameters
from solar.sun import day_of_year, extra_radiation, mean_cosine, sun_position
from solar.synthetic import Place
from solar.weather_files import stamps

_NIGHT: Final = 100.0

Floats = npt.NDArray[np.float64]


def completed(hours: pd.DataFrame, place: Place) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the hours with wind, DNI and DHI where the file lacks them.

    Parameters
    ----------
    hours : pandas.DataFrame
        Index: mid-points of hours. Columns ``ghi`` and ``temp_air``, and some of ``dni``, ``dhi``, ``bhi``
        (beam on the horizontal) [W/m2] and ``wind_speed`` [m/s], without gaps where they are there.
    place : Place
        Where the hours hold.

    Returns
    -------
    hours : pandas.DataFrame
        The same, complete.
    notes : tuple of str
        Text keys of what was derived.
    """
    hours, notes = _with_wind(hours)
    hours, more = _with_split(hours, place)
    return hours, notes + more


def has(hours: pd.DataFrame, *names: str) -> bool:
    """Tell whether all these columns are there, with a value in every hour."""
    return all(name in hours and bool(hours[name].notna().all()) for name in names)


def beam_to_dni(beam: Floats, hours: pd.DataFrame, place: Place) -> Floats:
    """Return the DNI [W/m2] whose part on the horizontal is `beam` [W/m2], with the hour's mean of cosZ.

    Near the horizon the division runs away: nothing is brighter than the sun above the atmosphere.
    """
    up = _mean_cosine(hours, place)
    dni = np.divide(beam.clip(min=0), up, out=np.zeros_like(up), where=up > 0)
    bounded: Floats = np.minimum(dni, extra_radiation(stamps(hours)))
    return bounded


def closure(hours: pd.DataFrame, place: Place) -> tuple[float, float]:
    """Compare GHI with DNI·cosZ + DHI for the hour's mean of cosZ.

    Returns
    -------
    sums : float
        Relative difference of the sums [1]: positive where beam and diffuse give more than the global.
    scatter : float
        Sum of the absolute hourly differences over the sum of GHI [1]: a clock that is wrong by half an hour
        hardly shows in the sums.
    """
    closed = hours["dni"] * _mean_cosine(hours, place) + hours["dhi"]
    total = max(float(hours["ghi"].sum()), np.finfo(float).tiny)
    return float(closed.sum() - hours["ghi"].sum()) / total, float((closed - hours["ghi"]).abs().sum()) / total


def closure_notes(hours: pd.DataFrame, place: Place) -> tuple[str, ...]:
    """Return the text keys of what does not close."""
    sums, scatter = closure(hours, place)
    notes: tuple[str, ...] = ()
    if abs(sums) > parameters.value("pv", "closure_tolerance"):
        notes += ("weather.note.no_closure",)
    if scatter > parameters.value("pv", "closure_scatter_tolerance"):
        notes += ("weather.note.clock_doubtful",)
    return notes


def _zenith(hours: pd.DataFrame, place: Place) -> Floats:
    return _sun(_key(hours), place)[0]


def _mean_cosine(hours: pd.DataFrame, place: Place) -> Floats:
    return _sun(_key(hours), place)[1]


def _key(hours: pd.DataFrame) -> bytes:
    return stamps(hours).tz_convert("UTC").as_unit("s").asi8.tobytes()


@lru_cache(maxsize=4)
def _sun(seconds: bytes, place: Place) -> tuple[Floats, Floats]:
    """Return zenith at the mid-point [deg] and mean cosine of each hour; the same hours are asked for several times."""
    index = pd.DatetimeIndex(np.frombuffer(seconds, dtype="datetime64[s]")).tz_localize("UTC")
    where = {"longitude": place.longitude, "latitude": place.latitude, "altitude_m": place.altitude_m}
    zenith, _ = sun_position(index, **where)
    up = np.zeros_like(zenith)
    near_day = zenith < _NIGHT
    if near_day.any():
        up[near_day] = mean_cosine(index[near_day], **where)
    for kept in (zenith, up):
        kept.setflags(write=False)
    return zenith, up


def _with_wind(hours: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if has(hours, "wind_speed"):
        return hours, ()
    return hours.assign(wind_speed=parameters.value("pv", "reference_wind_speed")), ("weather.note.no_wind",)


def _with_split(hours: pd.DataFrame, place: Place) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Complete DNI and DHI where the file lacks them."""
    if has(hours, "dni", "dhi"):
        return hours, ()
    note = "weather.note.from_closure"
    if has(hours, "dni"):
        beam = hours["dni"] * _mean_cosine(hours, place)
        return hours.assign(dhi=(hours["ghi"] - beam).clip(lower=0)), (note,)
    if not has(hours, "dhi"):
        split = irradiance.erbs(hours["ghi"].to_numpy(), _zenith(hours, place), day_of_year(stamps(hours)))
        hours, note = hours.assign(dhi=split["dhi"]), "weather.note.erbs"
    beam = hours["bhi"] if has(hours, "bhi") else hours["ghi"] - hours["dhi"]
    return hours.assign(dni=beam_to_dni(beam.to_numpy(float), hours, place)), (note,)
