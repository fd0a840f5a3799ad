"""A file k minutes late is found k minutes late; a correct one is never touched; nothing is mended twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
import solar_samples as samples
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from solar_samples import written

from data.catalog import LANGUAGES, text
from solar.sun import extra_radiation, mean_cosine
from solar.synthetic import Place
from solar.weather import read_weather
from solar.weather_clock import ClockError, _root, clock_error
from solar.weather_repair import repair_notes, repaired, set_back
from solar.weather_split import beam_to_dni, closure

PVLIB_DATA = Path(pvlib.__file__).parent / "data"
SHIFTS = {
    "typical": (-60, -45, -15, 30),
    "703165TY.csv": (-30, 15, 60),
    "723170TYA.CSV": (-15, 30, 45),
}
SKY = ["ghi", "dni", "dhi"]


def place_of(weather):
    return Place(longitude=weather.longitude, latitude=weather.latitude, altitude_m=weather.altitude_m)


def late(hours, minutes):
    return set_back(hours, -minutes)


def cloudy_year(place, *, mountain=0.0, haze=0.0, afternoon=0.0):
    """Return hours of quarter-hourly clear skies under clouds: a mountain in the west [deg], duller afternoons."""
    quarters = pd.date_range("2022-01-01 00:07:30", periods=365 * 96, freq="15min", tz="Etc/GMT-8")
    site = pvlib.location.Location(place.latitude, place.longitude, altitude=place.altitude_m)
    sun = site.get_solarposition(quarters)
    airmass = pvlib.atmosphere.get_absolute_airmass(pvlib.atmosphere.get_relative_airmass(sun["apparent_zenith"]))
    clear = pvlib.clearsky.ineichen(sun["apparent_zenith"], airmass, 3.0, place.altitude_m, extra_radiation(quarters))
    rng = np.random.default_rng(5)
    west = sun["azimuth"].to_numpy() > 180
    share = np.clip(1.2 - rng.random(365 * 8), 0.2, 1).repeat(12)
    share = share * np.where(west & (rng.random(365 * 24).repeat(4) < afternoon), 0.6, 1) * np.where(west, 1 - haze, 1)
    up = np.cos(np.radians(sun["apparent_zenith"].to_numpy())).clip(min=0)
    ghi = clear["ghi"].to_numpy() * share
    beam = np.where(west & (sun["elevation"] < mountain), 0, clear["dni"].to_numpy() * (2 * share - 1).clip(min=0))
    beam = np.minimum(beam, np.divide(0.9 * ghi, up, out=np.zeros_like(up), where=up > 0))
    full = clear["dni"].to_numpy() * (2 * share - 1).clip(min=0) * up
    diffuse = (ghi - np.minimum(full, 0.9 * ghi)).clip(min=0)
    fine = pd.DataFrame({"ghi": diffuse + beam * up, "dni": beam, "dhi": diffuse}, index=quarters)
    hours = fine.resample("h").mean()
    return hours.set_axis(hours.index + pd.Timedelta(minutes=30)).assign(temp_air=10.0, wind_speed=2.0)


@pytest.fixture(scope="module")
def years(typical):
    """Return correct years with their places: the synthetic one and two files that come with pvlib."""
    found = {"typical": (typical.hours, place_of(typical))}
    for name in ("703165TY.csv", "723170TYA.CSV"):
        weather = read_weather(PVLIB_DATA / name, repair=False)
        found[name] = (weather.hours, place_of(weather))
    return found


@pytest.fixture(scope="module")
def place(typical):
    return place_of(typical)


@pytest.mark.parametrize("name", list(SHIFTS))
def test_a_clock_that_is_wrong_is_found_by_both_witnesses(years, name):
    hours, place = years[name]
    for minutes in SHIFTS[name]:
        found = clock_error(late(hours, minutes), place)
        assert found.by_symmetry == pytest.approx(minutes, abs=0.8)
        assert found.by_closure == pytest.approx(minutes, abs=0.15)
        assert found.minutes == minutes
    alone = clock_error(late(hours[["ghi"]], 30), place)
    assert np.isnan(alone.by_closure)
    assert alone.by_symmetry == pytest.approx(30, abs=0.8)
    assert alone.minutes == round(alone.by_symmetry)


@pytest.mark.parametrize("name", list(SHIFTS))
def test_a_correct_year_is_never_touched(years, name):
    hours, place = years[name]
    same, _, repairs = repaired(hours, place)
    assert repairs == ()
    assert_frame_equal(same, hours)
    assert clock_error(hours[["ghi"]], place).minutes == 0


@pytest.mark.parametrize("dull", [{}, {"mountain": 20.0}, {"haze": 0.1}, {"afternoon": 0.8}])
def test_mountains_and_dull_afternoons_do_not_turn_the_clock(place, dull):
    hours = cloudy_year(place, **dull)
    found = clock_error(hours, place)
    assert found.by_closure == pytest.approx(0, abs=1)
    assert abs(found.by_symmetry) < 6
    assert repaired(hours, place)[2] == ()
    assert clock_error(hours[["ghi"]], place).minutes == 0


@pytest.mark.parametrize(("name", "minutes"), [("703165TY.csv", -30), ("723170TYA.CSV", 60)])
def test_a_repaired_clock_gives_the_hours_back(years, name, minutes):
    hours, place = years[name]
    whole, _, (repair,) = repaired(late(hours, minutes), place)
    assert (repair.kind, repair.minutes) == ("clock", minutes)
    assert_frame_equal(whole, hours)
    assert repair.scatter_after < 0.005
    assert repair.scatter_before > 0.03
    assert clock_error(whole, place).minutes == 0


def test_an_epw_of_a_place_farther_west_is_late(tmp_path, typical):
    # 7.5 degrees of longitude are half an hour of the sun
    path = written(tmp_path, samples.epw_text(typical.hours, longitude=106.5585 + 7.5))
    weather = read_weather(path)
    (repair,) = weather.repairs
    assert repair.minutes == 30
    assert weather.notes == ("weather.note.repaired",)
    assert weather.years == 1
    told = read_weather(path, repair=False)
    assert (told.repairs, told.notes) == ((), ("weather.note.clock_doubtful",))
    assert_allclose(told.hours, typical.hours[told.hours.columns], atol=1e-5)


def test_late_hours_that_do_not_close_get_both_repairs_and_keep_ghi_and_dhi(typical, place):
    wrong = late(typical.hours.assign(dni=typical.hours["dni"] * 0.7), 45)
    whole, _, repairs = repaired(wrong, place)
    assert [repair.kind for repair in repairs] == ["clock", "closure"]
    clock, mend = repairs
    assert clock.minutes == 45
    assert_frame_equal(whole.drop(columns="dni"), typical.hours.drop(columns="dni"), check_freq=False)
    assert mend.closure_before < -0.1
    assert abs(mend.closure_after) < 1e-3
    assert mend.scatter_after < 1e-3
    assert mend.dni_after == pytest.approx(mend.dni_before / 0.7, rel=2e-3)
    assert mend.dni_before == clock.dni_after == pytest.approx(wrong["dni"].sum() / 1000)
    assert (mend.ghi_before, mend.dhi_before) == (mend.ghi_after, mend.dhi_after)
    assert mend.ghi_after == pytest.approx(typical.hours["ghi"].sum() / 1000)
    assert (whole["dni"] <= extra_radiation(whole.index)).all()
    again, _, repairs = repaired(whole, place)
    assert repairs == ()
    assert_frame_equal(again, whole)


def test_beam_that_was_computed_by_another_clock_is_computed_anew(typical, place):
    where = {"longitude": place.longitude, "latitude": place.latitude, "altitude_m": place.altitude_m}
    sky = typical.hours.copy()
    up = mean_cosine(late(sky, -45).index, **where)
    sky["dni"] = np.divide(sky["ghi"] - sky["dhi"], up, out=np.zeros(len(sky)), where=up > 0.05).clip(upper=1300)
    whole, _, (mend,) = repaired(sky, place)
    assert (mend.kind, mend.minutes) == ("closure", 0)
    assert_allclose(whole["dni"], typical.hours["dni"], atol=1e-6)
    # the same fault from the other side: all is late, and the beam was computed by the late clock
    _, _, repairs = repaired(late(sky, 45), place)
    assert [repair.kind for repair in repairs] == ["clock", "closure"]
    assert repairs[0].minutes == pytest.approx(45, abs=1)


def test_a_clock_beyond_two_hours_is_told_and_not_guessed(tmp_path, typical):
    hours = typical.hours.assign(dni=9999.0, dhi=9999.0)
    weather = read_weather(written(tmp_path, samples.epw_text(hours, zone="0.0")))
    assert weather.repairs == ()
    assert "weather.note.clock_doubtful" in weather.notes


def test_a_year_without_light_has_no_clock(typical, place):
    found = clock_error(typical.hours.assign(ghi=0.0), place)
    assert (found.minutes, found.beam_differs) == (0, False)


@pytest.mark.parametrize(
    ("symmetry", "closing", "minutes", "differs"),
    [
        (0.5, 7.9, 0, False),
        (0.5, 8.1, 8, False),
        (11.9, np.nan, 0, False),
        (-12.1, np.nan, -12, False),
        (np.nan, 11.9, 0, False),
        (np.nan, 12.1, 12, False),
        (30.0, 0.0, 30.0, True),
        (0.0, 30.0, 0, True),
        (35.0, 30.0, 30.0, False),
    ],
)
def test_which_witness_counts(symmetry, closing, minutes, differs):
    found = ClockError(by_symmetry=symmetry, by_closure=closing)
    assert (found.minutes, found.beam_differs) == (minutes, differs)


def test_beam_that_says_nothing_of_the_time_is_no_witness(typical, place):
    found = clock_error(typical.hours.assign(dni=500.0), place)
    assert np.isnan(found.by_closure)
    assert np.isnan(clock_error(typical.hours.assign(dni=0.0), place).by_closure)
    assert found.minutes == 0


def test_the_nearest_time_of_equal_skies_counts():
    assert _root(lambda minutes: -(minutes + 100) * (minutes + 45) * (minutes - 10)) == pytest.approx(10, abs=0.1)
    assert np.isnan(_root(lambda minutes: minutes + 1))


def test_set_back_hours_stay_in_their_years():
    index = pd.date_range("2019-01-01 00:30", "2020-12-31 23:30", freq="h", tz="Etc/GMT-8")
    hours = pd.DataFrame({"ghi": np.arange(len(index)) * 1.0}, index=index)
    for minutes in (-45, 45, 100):
        moved = set_back(hours, minutes)
        assert moved.index.is_monotonic_increasing
        assert not moved.index.has_duplicates
        by_year = moved["ghi"].groupby(moved.index.year).sum()
        assert_allclose(by_year, hours["ghi"].groupby(index.year).sum())
        assert moved["ghi"].loc["2020-07-01"].iloc[12] == pytest.approx(hours["ghi"].loc["2020-07-01"].iloc[12], abs=2)
    assert moved.index[-1] == pd.Timestamp("2020-12-31 23:50", tz="Etc/GMT-8")
    assert moved["ghi"].iloc[-1] == hours["ghi"].loc["2020"].iloc[1]


def test_every_repair_has_its_words(typical, place):
    _, _, repairs = repaired(late(typical.hours.assign(dni=typical.hours["dni"] * 0.7), 45), place)
    for language in LANGUAGES:
        clock, mend = (text(key, language, **values) for key, values in repair_notes(replace(typical, repairs=repairs)))
        assert "+45" in clock
        assert f"{repairs[1].dni_after:.0f}" in mend


def test_beam_becomes_dni_while_the_sun_is_up_and_never_more_than_outside_the_air(typical, place):
    where = {"longitude": place.longitude, "latitude": place.latitude, "altitude_m": place.altitude_m}
    index = typical.hours.index
    dni = beam_to_dni(np.full(len(index), 200.0), typical.hours, place)
    up = mean_cosine(index, **where)
    assert_array_equal(dni > 0, up > 0)
    high = up > 0.2
    assert_allclose(dni[high] * up[high], 200.0)
    low = (up > 0) & (up < 0.1)
    assert_allclose(dni[low], extra_radiation(index)[low])
    assert (beam_to_dni(np.full(len(index), -1.0), typical.hours, place) == 0).all()


def test_closure_is_that_of_the_mean_sun_of_the_hour(typical, place):
    sums, scatter = closure(typical.hours.assign(dni=0.0), place)
    beam = 1 - typical.hours["dhi"].sum() / typical.hours["ghi"].sum()
    assert sums == pytest.approx(-beam)
    assert scatter == pytest.approx(beam)
    assert closure(typical.hours, place)[1] < 1e-9
