"""Degree-days: by hand on made-up days, whole years, the place's clock, and what stands in for made-up weather."""

import dataclasses

import pandas as pd
import pytest
from heating_samples import buildings, layers_of

from data import parameters
from data.errors import DataError
from heating import season
from heating.assessment import assess
from heating.scenario import Scenario
from solar.weather import Weather, typical_year

DAYS = 151
HOME = "Asia/Shanghai"


def weather(degrees, *, years=(2019,), clock=HOME, longitude=106.5, name="站"):
    """Return weather whose temperature is one number, or a function of the local day."""
    parts = [pd.date_range(f"{year}-01-01 00:30", f"{year}-12-31 23:30", freq="h", tz=clock) for year in years]
    index = parts[0].append(parts[1:]) if len(parts) > 1 else parts[0]
    local = index.tz_convert(HOME)
    hours = pd.DataFrame(dict.fromkeys(("ghi", "dni", "dhi", "wind_speed"), 0.0), index=index)
    hours["temp_air"] = [degrees(day) for day in local] if callable(degrees) else float(degrees)
    return Weather(hours=hours, longitude=longitude, latitude=39.0, altitude_m=1100.0, name=name, source="test")


def test_every_day_of_the_season_counts_and_no_other():
    found = season.of_weather(weather(lambda day: -3.0 if day.month in (11, 12, 1, 2, 3) else -40.0))
    assert found.degree_days == pytest.approx(DAYS * 21.0)
    assert found.gj_per_kw == pytest.approx(season.of_table().gj_per_kw), "the table's own mean gives the table's heat"
    assert (found.basis, found.years) == ("weather", (2019,))


def test_a_warm_day_takes_nothing_away():
    found = season.of_weather(weather(lambda day: 25.0 if day.month == 3 else 8.0))
    assert found.degree_days == pytest.approx((DAYS - 31) * 10.0)


def test_the_mean_of_the_years():
    found = season.of_weather(weather(lambda day: {2018: 0.0, 2019: -6.0}[day.year], years=(2018, 2019)))
    assert found.degree_days == pytest.approx(DAYS * (18.0 + 24.0) / 2)


def test_days_are_those_of_the_place():
    def every_other_day_is_warm(day):
        return 28.0 if day.day_of_year % 2 else 8.0

    at_home, abroad = (season.of_weather(weather(every_other_day_is_warm, clock=clock)) for clock in (HOME, "UTC"))
    assert at_home.degree_days == pytest.approx(75 * 10.0)
    assert abroad.degree_days == pytest.approx(at_home.degree_days, abs=10.0), "days of Greenwich would give a third"


def test_a_shorter_season_leaves_the_end_away():
    cold = weather(-2.0)
    with parameters.overridden({"heat_indices.heating_days": 120.0}):
        assert season.of_weather(cold).degree_days == pytest.approx(120 * 20.0)


def test_weather_without_a_cold_day_is_refused():
    with pytest.raises(DataError) as caught:
        season.of_weather(weather(20.0))
    assert [fault.rule for fault in caught.value.faults] == ["season_none"]
    assert "站" in caught.value.faults[0].message("zh")


def test_made_up_weather_never_replaces_the_table_and_the_nearest_real_one_does():
    near, far = weather(-5.0, longitude=106.4), weather(-9.0, longitude=104.0)
    place = {"longitude": 106.5, "latitude": 39.0}
    assert season.season_of([typical_year()], "weather", **place) == season.of_table()
    assert season.season_of([typical_year(), far, near], "weather", **place) == season.of_weather(near)
    assert season.season_of([near], "table", **place) == season.of_table()


def test_annual_heat_of_a_run_follows_its_weather():
    layers = layers_of(buildings=buildings({"heat_source": "chp"}))
    cold = dataclasses.replace(layers, weather=(weather(-13.6),))
    table, weathered = (assess(one, Scenario()).buildings.iloc[0] for one in (layers, cold))
    assert table["peak_kw"] == weathered["peak_kw"], "the design load does not hang on the season"
    seconds = 86400 * DAYS
    assert weathered["heat_gj"] == pytest.approx(weathered["peak_kw"] * seconds * 1e-6), "design temperature throughout"
    back = assess(cold, Scenario(season="table")).buildings.iloc[0]
    assert back["heat_gj"] == pytest.approx(table["heat_gj"])
