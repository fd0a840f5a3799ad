"""P50 and P90: from a file's own years where there are enough, else from the cited spread."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from data import parameters
from solar.uncertainty import exceedance, interannual_sd

MODEL = parameters.value("weather", "model_sd_yield")


def years(count, sd=0.1, roofs=3):
    rng = np.random.default_rng(1)
    return pd.DataFrame(1000 * (1 + sd * rng.standard_normal((roofs, count))), columns=range(2000, 2000 + count))


def test_one_year_takes_the_cited_spread():
    one = years(1)
    cited = parameters.value("weather", "interannual_sd_ghi")
    assert (interannual_sd(one) == cited).all()
    found = exceedance(one)
    assert (found["p50_kwh"] == one[2000]).all()
    assert found["p90_kwh"].to_numpy() == pytest.approx(
        one[2000].to_numpy() * (1 - norm.ppf(0.9) * np.hypot(cited, MODEL)), rel=1e-12
    )


def test_many_years_take_their_own_spread():
    many = years(20)
    own = many.std(axis=1, ddof=1) / many.mean(axis=1)
    assert interannual_sd(many).to_numpy() == pytest.approx(own.to_numpy())
    assert (interannual_sd(many.iloc[:, :9]) == parameters.value("weather", "interannual_sd_ghi")).all()


def test_nine_years_in_ten_exceed_p90():
    many = years(4000, sd=0.06, roofs=2)
    found = exceedance(many)
    rng = np.random.default_rng(2)
    both = many.to_numpy() * (1 + MODEL * rng.standard_normal(many.shape))
    assert (both > found[["p90_kwh"]].to_numpy()).mean() == pytest.approx(0.9, abs=0.01)


def test_more_spread_never_raises_p90_and_nothing_stays_nothing():
    calm, wild = exceedance(years(20, sd=0.02)), exceedance(years(20, sd=0.12))
    assert (calm["p90_kwh"] / calm["p50_kwh"] > wild["p90_kwh"] / wild["p50_kwh"]).all()
    nothing = exceedance(pd.DataFrame({2000: [0.0, 5.0]}))
    assert nothing["p90_kwh"].iloc[0] == 0
    assert np.isnan(nothing["yield_sd"].iloc[0])
