"""How far the clock of a weather file is from the sun, told from its irradiance alone.

Two witnesses, both against the sun's mean height over the hour (four moments an hour, so that the hours of
sunrise and sunset count for the part in which the sun is up):

* **Symmetry.** The clearest hours of a year are as clear in the morning as in the afternoon at the same height of
  the sun, however cloudy the afternoons are. The shift for which the 95th percentiles of the clearness index agree,
  in the middle of all heights of the sun from 8° up, is the error. Needs GHI only.
* **Closure.** GHI - DHI is proportional to DNI·cosZ for the right sun only. The factor is left free, so that a file
  whose sums do not close still tells its time. Needs DNI that is not made from GHI by the file's own clock.

On three TMY files of the United States and on the synthetic year, shifted by 0, ±15, ±30, ±45 and ±60 minutes, the
symmetry is right to 0.6 minutes and the closure to 0.12. On made clear-sky years a mountain of 20° in the west moves
the symmetry by 3 minutes, clouds in four of five afternoon hours by 2, a haze of 10 % every afternoon by 5, and the
closure by less than 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import solarposition
from scipy.optimize import brentq, minimize_scalar

from data import parameters
from solar.sun import extra_radiation
from solar.synthetic import Place
from solar.weather_files import stamps
from solar.weather_split import has

MOST_MINUTES: Final = 120
_COARSE: Final = 30.0
_FINE: Final = 5.0
_DEG_PER_MINUTE: Final = 0.25
_MOMENTS: Final = np.array([-22.5, -7.5, 7.5, 22.5]) * _DEG_PER_MINUTE
_CLEAR: Final = 0.95
_HEIGHTS: Final = np.arange(8.0, 61.0, 4.0)
_LEAST_HOURS: Final = 25
_ELSEWHERE: Final = 30.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockError:
    """How late a file's stamps are [min]: positive where they are later than the moment of the light.

    NaN where a witness has nothing to say. `by_closure` is there only where the best shift is clearly better than
    others.
    """

    by_symmetry: float
    by_closure: float

    @property
    def minutes(self) -> float:
        """The error to correct, in whole minutes: 0 where it is below what correct files show."""
        alone = parameters.value("weather", "clock_threshold_alone")
        if np.isnan(self.by_closure) or abs(self.by_closure - self.by_symmetry) > alone:
            found, least = self.by_symmetry, alone
        else:
            least = alone if np.isnan(self.by_symmetry) else parameters.value("weather", "clock_threshold_both")
            found = self.by_closure
        return float(round(found)) if abs(found) >= least else 0.0

    @property
    def beam_differs(self) -> bool:
        """Whether the beam was computed for another moment than that of the global irradiance."""
        return abs(self.by_closure - self.minutes) > parameters.value("weather", "clock_threshold_alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lit:
    """The hours with light, shape (hours,): hour angle by the file's clock [deg] and the parts of the sun's height."""

    hour_angle: Floats
    sine: Floats
    cosine: Floats

    def height(self, minutes: float) -> Floats:
        """Return the mean of the positive part of cosZ over each hour [1], the clock set back by `minutes`."""
        total = np.zeros_like(self.sine)
        for moment in _MOMENTS:
            angle = np.radians(self.hour_angle + (moment - minutes * _DEG_PER_MINUTE))
            total += np.maximum(self.sine + self.cosine * np.cos(angle), 0.0)
        return total / len(_MOMENTS)


def clock_error(hours: pd.DataFrame, place: Place) -> ClockError:
    """Measure how late the stamps of `hours` are.

    Parameters
    ----------
    hours : pandas.DataFrame
        Index: mid-points of the hours by the file's clock, with a zone. Column ``ghi`` and perhaps ``dni`` and
        ``dhi`` [W/m2]; whole years.
    place : Place
        Where the hours hold.

    Returns
    -------
    ClockError
        Within ±120 minutes; NaN where it is farther off, or where there is too little light to tell.
    """
    lit = hours[hours["ghi"] > 0]
    if not len(lit):
        return ClockError(by_symmetry=np.nan, by_closure=np.nan)
    sun = _lit(stamps(lit), place)
    ghi = lit["ghi"].to_numpy(float)
    return ClockError(
        by_symmetry=_root(_asymmetry(sun, ghi / extra_radiation(stamps(lit)))),
        by_closure=_sharpest(_misfit(sun, lit)) if has(lit, "dni", "dhi") else np.nan,
    )


def _lit(index: pd.DatetimeIndex, place: Place) -> _Lit:
    """Return hour angle and declination from the sun's true position at the stamps."""
    sun = solarposition.get_solarposition(index, place.latitude, place.longitude, place.altitude_m)
    zenith, azimuth = np.radians(sun["zenith"].to_numpy()), np.radians(sun["azimuth"].to_numpy())
    sin_lat, cos_lat = np.sin(np.radians(place.latitude)), np.cos(np.radians(place.latitude))
    sin_dec = np.cos(zenith) * sin_lat + np.sin(zenith) * cos_lat * np.cos(azimuth)
    angle = np.arctan2(
        -np.sin(zenith) * np.sin(azimuth), np.cos(zenith) * cos_lat - np.sin(zenith) * sin_lat * np.cos(azimuth)
    )
    return _Lit(
        hour_angle=np.degrees(angle),
        sine=sin_lat * sin_dec,
        cosine=cos_lat * np.sqrt((1 - sin_dec**2).clip(min=0)),
    )


def _asymmetry(sun: _Lit, ghi_share: Floats) -> Callable[[float], float]:
    """Return the function of the shift [min] that is 0 where clear mornings and afternoons are alike."""

    def asymmetry(minutes: float) -> float:
        up = sun.height(minutes)
        height = np.degrees(np.arcsin(up.clip(max=1)))
        clearness = np.divide(ghi_share, up, out=np.zeros_like(up), where=up > 0)
        morning = np.mod(sun.hour_angle - minutes * _DEG_PER_MINUTE + 180, 360) < 180
        ratios, weights = [], []
        for low, high in pairwise(_HEIGHTS):
            here = (height >= low) & (height < high)
            before, after = clearness[here & morning], clearness[here & ~morning]
            if min(len(before), len(after)) >= _LEAST_HOURS:
                # the lower the sun, the more its height changes in a minute
                steep = 1 / np.tan(np.radians((low + high) / 2))
                ratios.append(np.log(np.quantile(after, _CLEAR) / np.quantile(before, _CLEAR)) / steep)
                weights.append(steep * min(len(before), len(after)))
        return _middle(np.array(ratios), np.array(weights)) if ratios else np.nan

    return asymmetry


def _middle(values: Floats, weights: Floats) -> float:
    """Return the weighted median."""
    order = np.argsort(values)
    upto = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(weights.sum() / 2, upto, values[order]))


def _root(asymmetry: Callable[[float], float]) -> float:
    """Return the shift nearest to 0 at which the afternoons stop to be clearer than the mornings."""
    grid = np.arange(-MOST_MINUTES, MOST_MINUTES + 1, _COARSE)
    values = np.array([asymmetry(minutes) for minutes in grid])
    falls = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
    if not len(falls):
        return np.nan
    at = falls[np.argmin(np.abs(grid[falls] + _COARSE / 2))]
    return float(brentq(asymmetry, grid[at], grid[at + 1], xtol=0.05))


def _misfit(sun: _Lit, lit: pd.DataFrame) -> Callable[[float], float]:
    """Return the function of the shift [min] that is the part of the beam's squares which DNI·cosZ leaves open."""
    dni = lit["dni"].to_numpy(float)
    beam = (lit["ghi"] - lit["dhi"]).to_numpy(float)

    def misfit(minutes: float) -> float:
        computed = dni * sun.height(minutes)
        squares = float(computed @ computed) * float(beam @ beam)
        return 1 - float(computed @ beam) ** 2 / squares if squares > 0 else np.nan

    return misfit


def _sharpest(misfit: Callable[[float], float]) -> float:
    """Return the shift that closes best, or NaN where others do nearly as well."""
    grid = np.arange(-MOST_MINUTES, MOST_MINUTES + 1, _FINE)
    values = np.array([misfit(minutes) for minutes in grid])
    at = int(np.argmin(values))
    if np.isnan(values).any() or at in (0, len(grid) - 1):
        return np.nan
    best = minimize_scalar(
        misfit, bounds=(grid[at] - _FINE, grid[at] + _FINE), method="bounded", options={"xatol": 0.01}
    )
    elsewhere = min(misfit(best.x - _ELSEWHERE), misfit(best.x + _ELSEWHERE))
    return float(best.x) if elsewhere > parameters.value("weather", "clock_sharpness") * best.fun else np.nan
