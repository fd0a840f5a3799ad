"""How sure a yield is: from year to year by the weather, and by the model and its losses."""

from __future__ import annotations

import pandas as pd
from scipy.stats import norm

from data import parameters


def interannual_sd(yearly: pd.DataFrame) -> pd.Series:
    """Return the standard deviation of the annual yield from year to year, relative to its mean [1].

    Parameters
    ----------
    yearly : pandas.DataFrame
        Yield of each roof in each year, a column a year.

    Returns
    -------
    pandas.Series
        ``interannual_sd`` on the same index: the sample's own where there are at least ``years_for_own_spread``
        years, else the cited parameter; NaN where there is no yield.
    """
    mean = yearly.mean(axis=1)
    enough = yearly.shape[1] >= parameters.value("engine", "years_for_own_spread")
    if enough:
        spread = yearly.std(axis=1, ddof=1) / mean.where(mean > 0)
    else:
        spread = pd.Series(parameters.value("weather", "interannual_sd_ghi"), index=yearly.index).where(mean > 0)
    return spread.rename("interannual_sd")


def exceedance(yearly: pd.DataFrame) -> pd.DataFrame:
    """Return P50 and P90 of the annual yield.

    Year-to-year spread and the model's own (``model_sd_yield``) are taken as normal and independent (Dobos, Gilman &
    Kasberg 2012, NREL/CP-6A20-54488).

    Parameters
    ----------
    yearly : pandas.DataFrame
        As `interannual_sd` takes it.

    Returns
    -------
    pandas.DataFrame
        On the same index: ``p50_kwh``, the mean year; ``p90_kwh``, exceeded in nine years of ten; ``yield_sd``, the
        joint relative standard deviation [1], NaN where there is no yield.
    """
    mean = yearly.mean(axis=1)
    joint = (interannual_sd(yearly) ** 2 + parameters.value("weather", "model_sd_yield") ** 2) ** 0.5
    p90 = mean * (1 - norm.ppf(0.9) * joint.fillna(0.0)).clip(lower=0)
    return pd.DataFrame({"p50_kwh": mean, "p90_kwh": p90, "yield_sd": joint})
