"""Where the sun is and how strongly it shines outside the atmosphere, for stamps that are mid-points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import irradiance, solarposition

Floats = npt.NDArray[np.float64]


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


def extra_radiation(index: pd.DatetimeIndex) -> Floats:
    """Return the extraterrestrial irradiance normal to the sun [W/m2] (Spencer 1971)."""
    # by day number: pvlib 0.16.1 asks a DatetimeIndex for an attribute that pandas 3 deprecates
    extra: Floats = irradiance.get_extra_radiation(day_of_year(index))
    return extra


def cosine(zenith: Floats) -> Floats:
    """Return the cosine of the zenith angle, 0 while the sun is down."""
    up: Floats = np.cos(np.radians(zenith)).clip(min=0)
    return up
