"""Where the sun is and how strongly it shines outside the atmosphere, for stamps that are mid-points."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import irradiance, solarposition

_HORIZON_DEG: Final = 90.0

Floats = npt.NDArray[np.float64]
SUNS_PER_HOUR: Final = 4
"""Positions of the sun that stand for an hour: with one, shading is off by up to 6 % of a roof's year (DESIGN §5)."""


def day_of_year(index: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Return the day of the year in UTC, as pvlib counts it."""
    utc = index.tz_convert("UTC") if index.tz is not None else index
    return utc.day_of_year.to_numpy(dtype=np.int64)


def sun_position(
    index: pd.DatetimeIndex, *, longitude: float, latitude: float, altitude_m: float
) -> tuple[Floats, Floats]:
    """Return apparent zenith and azimuth of the sun [deg] by the NREL SPA (Reda & Andreas 2004).

    Parameters
    ----------
    index : pandas.DatetimeIndex
        Moments, with a time zone.
    longitude, latitude : float
        Degrees east and north.
    altitude_m : float
        Metres above the sea.
    """
    sun = solarposition.get_solarposition(index, latitude, longitude, altitude_m)
    return sun["apparent_zenith"].to_numpy(), sun["azimuth"].to_numpy()


def sub_hour_positions(
    index: pd.DatetimeIndex, *, per_hour: int, longitude: float, latitude: float, altitude_m: float
) -> tuple[Floats, Floats]:
    """Return apparent zenith and azimuth of the sun [deg] at equal parts of each hour, shape (hours, per_hour).

    Parameters
    ----------
    index : pandas.DatetimeIndex
        Mid-points of the hours, with a time zone.
    per_hour : int
        How many positions; 4 are the moments 22.5 and 7.5 minutes before and after the mid-point.
    longitude, latitude : float
        Degrees east and north.
    altitude_m : float
        Metres above the sea.
    """
    offsets = pd.to_timedelta((np.arange(per_hour) + 0.5) / per_hour - 0.5, unit="h").round("s")
    moments = pd.DatetimeIndex(np.add.outer(index.tz_convert("UTC").tz_localize(None).to_numpy(), offsets).ravel())
    place = {"longitude": longitude, "latitude": latitude, "altitude_m": altitude_m}
    zenith, azimuth = sun_position(moments.tz_localize("UTC"), **place)
    return zenith.reshape(-1, per_hour), azimuth.reshape(-1, per_hour)


def mean_cosine(index: pd.DatetimeIndex, *, longitude: float, latitude: float, altitude_m: float) -> Floats:
    """Return the mean cosine of the zenith angle over the part of each hour in which the sun is up, shape (hours,).

    An hour's mean of beam on the horizontal is its mean DNI times this, because both are 0 while the sun is down. The
    cosine at mid-hour differs from it by 0.3 % at noon and by much more in the hours of sunrise and sunset. It is 0
    where the sun stays down.
    """
    place = {"longitude": longitude, "latitude": latitude, "altitude_m": altitude_m}
    zenith, _ = sub_hour_positions(index, per_hour=SUNS_PER_HOUR, **place)
    risen = (zenith < _HORIZON_DEG).sum(axis=1)
    mean: Floats = cosine(zenith).sum(axis=1) / np.maximum(risen, 1)
    return mean


def extra_radiation(index: pd.DatetimeIndex) -> Floats:
    """Return the extraterrestrial irradiance normal to the sun [W/m2] (Spencer 1971)."""
    # by day number: pvlib 0.16.1 asks a DatetimeIndex for an attribute that pandas 3 deprecates
    extra: Floats = irradiance.get_extra_radiation(day_of_year(index))
    return extra


def cosine(zenith: Floats) -> Floats:
    """Return the cosine of the zenith angle, 0 while the sun is down."""
    up: Floats = np.cos(np.radians(zenith)).clip(min=0)
    return up
