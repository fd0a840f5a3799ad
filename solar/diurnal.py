"""Hourly air temperature from monthly means: a mean-keeping annual course and Erbs' diurnal shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import CubicSpline

Floats = npt.NDArray[np.float64]


def hourly_temperature(
    index: pd.DatetimeIndex, monthly_mean: Floats, monthly_kt: Floats, *, longitude: float
) -> Floats:
    """Return the air temperature of every hour of a year, its monthly means kept.

    Erbs, Klein & Beckman (1983), "Estimation of degree-days and ambient temperature bin data from
    monthly-average temperatures", ASHRAE Journal 25(6), 60–65: the day swings by A = 25.8 Kt − 5.21 K.

    Parameters
    ----------
    index : pandas.DatetimeIndex
        Mid-points of all hours of one year, with its time zone.
    monthly_mean : ndarray, shape (12,)
        Monthly mean air temperatures [degC].
    monthly_kt : ndarray, shape (12,)
        Monthly mean clearness indices [1].
    longitude : float
        Degrees east; the shape is in local solar time.

    Returns
    -------
    ndarray, shape (hours,)
        Air temperature [degC].
    """
    month = index.month.to_numpy() - 1
    utc = index.tz_convert("UTC")
    solar_hour = utc.hour + utc.minute / 60 + longitude / 15
    t = 2 * np.pi * (solar_hour.to_numpy(dtype=float) - 1) / 24
    shape = (
        0.4632 * np.cos(t - 3.805)
        + 0.0984 * np.cos(2 * t - 0.360)
        + 0.0168 * np.cos(3 * t - 0.822)
        + 0.0138 * np.cos(4 * t - 3.513)
    )
    swing = (25.8 * monthly_kt - 5.21)[month]
    warmth: Floats = annual_course(month, monthly_mean) + swing * shape
    return warmth


def annual_course(month: npt.NDArray[np.int64], monthly_mean: Floats) -> Floats:
    """Return a smooth periodic course through the year whose monthly means are `monthly_mean` exactly.

    The knots of a periodic cubic spline at mid-month are solved for, so that the means come out right:
    the spline through the means themselves would flatten summer and winter.

    Parameters
    ----------
    month : ndarray, shape (hours,)
        Month of each hour, 0 to 11, in order.
    monthly_mean : ndarray, shape (12,)
        The means to keep.

    Returns
    -------
    ndarray, shape (hours,)
        The course, in the unit of the means.
    """
    hours = np.bincount(month)
    middle = np.cumsum(hours) - hours / 2
    knots = np.append(middle, middle[0] + len(month))
    basis = CubicSpline(knots, np.vstack([np.eye(12), np.eye(12)[:1]]), bc_type="periodic")
    weights = basis(np.arange(len(month)) + 0.5)
    means = np.vstack([weights[month == number].mean(axis=0) for number in range(12)])
    course: Floats = weights @ np.linalg.solve(means, monthly_mean)
    return course
