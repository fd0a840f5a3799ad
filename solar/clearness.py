"""Daily and hourly clearness indices from monthly means, after published models.

Days: the quantiles of the Hollands–Huget distribution, in the order of an AR(1) Gaussian series (Graham,
Hollands & Unny 1988, Solar Energy 40(2), 83–92; quantiles in place of draws after Knight, Klein & Duffie
1991, Solar Energy 46(2), 109–120). Hours: TAG (Aguiar & Collares-Pereira 1992,
doi:10.1016/0038-092X(92)90068-L).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST = 0.05
"""Smallest clearness index of a day or an hour (Hollands & Huget 1983)."""


def daily_clearness(monthly_kt: Floats, month: Ints, rng: np.random.Generator) -> Floats:
    """Return one clearness index a day: each month's quantiles, in the order of an AR(1) series.

    Parameters
    ----------
    monthly_kt : ndarray, shape (12,)
        Monthly mean clearness indices [1].
    month : ndarray, shape (days,)
        Month of each day, 1 to 12.
    rng : numpy.random.Generator
        Source of the order of the days; it does not change which days a month has.

    Returns
    -------
    ndarray, shape (days,)
        Daily clearness indices [1]. The lag-one correlation of 0.29 is that of Graham et al. for all places.
    """
    correlation = 0.29
    noise = ndtri(rng.random(len(month))) * np.sqrt(1 - correlation**2)
    state: Floats = np.empty(len(month))
    previous = 0.0
    for day, step in enumerate(noise):
        previous = state[day] = correlation * previous + step
    daily: Floats = np.empty(len(month))
    for number, mean in enumerate(monthly_kt, start=1):
        days = month == number
        rank = state[days].argsort().argsort()
        daily[days] = clearness_quantile((rank + 0.5) / days.sum(), mean)
    return daily


def clearness_quantile(share: Floats, mean: float) -> Floats:
    """Return the daily clearness index below which `share` of a month's days lie.

    The distribution of Bendt, Collares-Pereira & Rabl (1981) with the parameters of Hollands & Huget (1983,
    Solar Energy 30(3), 195–209): eqs. 2.9.2 and 2.9.4 to 2.9.6 of Duffie & Beckman, 4th ed.

    Parameters
    ----------
    share : ndarray
        Share of days [1], above 0 and below 1.
    mean : float
        Monthly mean clearness index [1].

    Returns
    -------
    ndarray
        Daily clearness indices [1], shape of `share`.
    """
    most = 0.6313 + 0.267 * mean - 11.9 * (mean - 0.75) ** 8
    xi = (most - LEAST) / (most - mean)
    gamma = -1.498 + (1.184 * xi - 27.182 * np.exp(-1.5 * xi)) / (most - LEAST)
    quantile: Floats = np.log((1 - share) * np.exp(gamma * LEAST) + share * np.exp(gamma * most)) / gamma
    return quantile


def hourly_clearness(daily_kt: Floats, sin_elevation: Floats, clear: Floats, rng: np.random.Generator) -> Floats:
    """Return TAG's hourly clearness indices.

    Parameters
    ----------
    daily_kt : ndarray, shape (days,)
        Daily clearness indices [1].
    sin_elevation : ndarray, shape (days, 24)
        Sine of the sun's elevation at the mid-point of each hour; 0 or less while it is down.
    clear : ndarray, shape (days, 24)
        Clearness index of the clean clear sky [1], the upper bound.
    rng : numpy.random.Generator
        Source of the scatter.

    Returns
    -------
    ndarray, shape (days, 24)
        Clearness indices [1], 0 while the sun is down.
    """
    k = daily_kt[:, np.newaxis]
    up = sin_elevation > 0
    level = -0.19 + 1.12 * k + 0.24 * np.exp(-8 * k)
    rise = 0.32 - 1.6 * (k - 0.5) ** 2
    kappa = 0.19 + 2.27 * k**2 - 2.51 * k**3
    mean = level + rise * np.exp(-kappa / np.where(up, sin_elevation, np.inf))
    spread = 0.14 * np.exp(-20 * (k - 0.35) ** 2)
    sigma = spread * np.exp((3 * (k - 0.45) ** 2 + 16 * k**5) * (1 - sin_elevation))
    correlation = (0.38 + 0.06 * np.cos(7.4 * k - 2.5))[:, 0]
    scatter = _morning_chains(correlation, up, rng)
    hourly: Floats = np.where(up, np.minimum(np.maximum(mean + sigma * scatter, LEAST), clear), 0.0)
    return hourly


def _morning_chains(correlation: Floats, up: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Return standard normal AR(1) series that start anew each morning, shape (days, 24)."""
    noise = ndtri(rng.random(up.shape)) * np.sqrt(1 - correlation**2)[:, np.newaxis]
    scatter = np.zeros(up.shape)
    state = np.zeros(len(correlation))
    for hour in range(up.shape[1]):
        state = np.where(up[:, hour], correlation * state + noise[:, hour], 0.0)
        scatter[:, hour] = state
    return scatter
