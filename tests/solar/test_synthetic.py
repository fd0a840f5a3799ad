"""Laws of the typical year: monthly sums kept, nothing beyond the sky, the same every time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pvlib import solarposition

from data import parameters
from solar.clearness import LEAST, clearness_quantile
from solar.sun import extra_radiation, mean_cosine
from solar.synthetic import Place, monthly_means, scaled_under, station_place, synthetic_year


@pytest.fixture(scope="module")
def sun(typical):
    return solarposition.get_solarposition(typical.hours.index, typical.latitude, typical.longitude, typical.altitude_m)


def test_monthly_sums_are_those_of_the_stations(typical):
    rows = parameters.table("climate_solar").astype({"month": int, "ghi_kwh_m2": float, "dhi_kwh_m2": float})
    wanted = rows.groupby("month")[["ghi_kwh_m2", "dhi_kwh_m2"]].mean()
    found = typical.hours.groupby(typical.hours.index.month)[["ghi", "dhi"]].sum() / 1000
    assert_allclose(found, wanted, rtol=1e-9)
    assert found["ghi"].sum() == pytest.approx(1641.80, abs=0.005)
    assert found["dhi"].sum() == pytest.approx(571.325, abs=0.005)


def test_stations_are_read_in_the_place_given(typical):
    assert typical.longitude == pytest.approx((106.767 + 106.350) / 2)
    assert typical.latitude == pytest.approx((39.217 + 39.033) / 2)
    assert len(parameters.table("climate_solar")) == 24


def test_closure_is_exact(typical):
    hours = typical.hours
    place = {name: getattr(typical, name) for name in ("longitude", "latitude", "altitude_m")}
    cosine = mean_cosine(hours.index, **place)
    assert_allclose(hours["dni"] * cosine + hours["dhi"], hours["ghi"], atol=1e-9)


def test_there_is_no_light_while_the_sun_is_down(typical, sun):
    night = sun["apparent_zenith"] >= 90
    assert (typical.hours.loc[night, ["ghi", "dni", "dhi"]] == 0).all(axis=None)
    assert (typical.hours.loc[~night, "ghi"] > 0).all()


def test_nothing_exceeds_what_comes_from_the_sun(typical, sun):
    extra = extra_radiation(typical.hours.index)
    cosine = np.cos(np.radians(sun["apparent_zenith"])).clip(lower=0)
    hours = typical.hours
    assert (hours["dni"] <= extra).all()
    assert (hours["ghi"] <= extra * cosine * (1 + 1e-12)).all()
    assert (hours["dhi"] <= hours["ghi"] * (1 + 1e-12)).all()
    assert (hours[["ghi", "dni", "dhi"]] >= 0).all(axis=None)


def test_noon_is_at_the_longitude_of_the_city(typical):
    hours = typical.hours
    clock = hours.index.hour + hours.index.minute / 60
    noon = (clock * hours["ghi"]).sum() / hours["ghi"].sum()
    assert noon == pytest.approx(12 + (120 - 106.56) / 15, abs=0.15)
    assert str(hours.index.tz) == "Asia/Shanghai"
    assert len(hours) == 8760


def test_every_run_gives_the_same_year(typical):
    again = synthetic_year(monthly_means(), station_place())
    pd.testing.assert_frame_equal(again, typical.hours[again.columns], check_exact=True)


def test_the_seed_changes_hours_but_no_month():
    one, two = (synthetic_year(monthly_means(), station_place(), seed=seed) for seed in (1, 2))
    assert (one["ghi"] != two["ghi"]).any()
    months = one.index.month
    assert_allclose(one.groupby(months).sum()[["ghi", "dhi"]], two.groupby(months).sum()[["ghi", "dhi"]], rtol=1e-9)


def test_temperature_keeps_its_monthly_means_and_swings_by_day(typical):
    wanted = parameters.table("climate_temperature")["temp_air"].astype(float)
    warmth = typical.hours["temp_air"]
    assert_allclose(warmth.groupby(warmth.index.month).mean(), wanted, atol=1e-9)
    by_hour = warmth.groupby(warmth.index.hour).mean()
    assert by_hour.idxmax() in (15, 16)
    assert by_hour.idxmin() in (5, 6)


def test_november_and_december_are_the_fit_that_their_rows_name():
    rows = parameters.table("climate_temperature").astype({"month": int, "temp_air": float}).set_index("month")
    angle = 2 * np.pi * (np.arange(1, 13) - 0.5) / 12
    waves = np.column_stack([np.ones(12), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    fit = np.linalg.lstsq(waves[:10], rows["temp_air"].to_numpy()[:10], rcond=None)[0]
    assert_allclose(rows["temp_air"].loc[[11, 12]], np.round(waves @ fit, 1)[10:], atol=0.01)
    assert (rows["confidence"].loc[[11, 12]] == "low").all()
    assert rows["source"].loc[[11, 12]].str.contains("derived").all()


def test_more_than_the_cleanest_sky_is_refused():
    means = monthly_means()
    means.loc[6, "ghi_kwh_m2"] *= 2
    with pytest.raises(ValueError, match="cleanest sky"):
        synthetic_year(means, station_place())


def test_an_impossible_diffuse_sum_is_refused():
    means = monthly_means()
    means.loc[6, "dhi_kwh_m2"] = means.loc[6, "ghi_kwh_m2"] * 1.1
    with pytest.raises(ValueError, match="diffuse"):
        synthetic_year(means, station_place())


@settings(max_examples=8, deadline=None)
@given(latitude=st.floats(20, 46), longitude=st.floats(75, 134), share=st.floats(0.35, 0.55))
def test_any_place_keeps_its_sums(latitude, longitude, share):
    place = Place(longitude=longitude, latitude=latitude, altitude_m=500.0)
    means = _clear_share(place, share)
    year = synthetic_year(means, place)
    found = year.groupby(year.index.month)[["ghi", "dhi"]].sum() / 1000
    assert_allclose(found["ghi"], means["ghi_kwh_m2"], rtol=1e-9)
    assert_allclose(found["dhi"], means["dhi_kwh_m2"], rtol=1e-9)


def _clear_share(place, clearness):
    index = pd.date_range("2021-01-01 00:30", periods=8760, freq="h", tz="Asia/Shanghai")
    sun = solarposition.get_solarposition(index, place.latitude, place.longitude)
    top = extra_radiation(index) * np.cos(np.radians(sun["apparent_zenith"])).clip(lower=0)
    ghi = clearness * top.groupby(index.month).sum() / 1000
    return pd.DataFrame({"ghi_kwh_m2": ghi, "dhi_kwh_m2": 0.5 * ghi, "temp_air": 10.0})


@given(mean=st.floats(0.3, 0.7), share=st.floats(0.001, 0.999))
def test_daily_clearness_stays_between_its_bounds(mean, share):
    most = 0.6313 + 0.267 * mean - 11.9 * (mean - 0.75) ** 8
    assert LEAST <= clearness_quantile(np.array([share]), mean)[0] <= most


@given(mean=st.floats(0.3, 0.7))
def test_daily_clearness_has_the_mean_asked_for(mean):
    share = (np.arange(2000) + 0.5) / 2000
    assert clearness_quantile(share, mean).mean() == pytest.approx(mean, abs=0.012)


@given(
    shape=st.lists(st.floats(0, 1000), min_size=1, max_size=40),
    room=st.lists(st.floats(0, 1000), min_size=40, max_size=40),
    share=st.floats(0, 0.999),
)
def test_scaling_reaches_the_total_and_never_the_bound(shape, room, share):
    shape, bound = np.array(shape), np.array(room[: len(shape)])
    total = share * bound[shape > 1e-3].sum()
    shape = np.where(shape > 1e-3, shape, 0.0)
    scaled = scaled_under(total, shape, bound)
    assert scaled.sum() == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert (scaled <= bound * (1 + 1e-12) + 1e-12).all()
