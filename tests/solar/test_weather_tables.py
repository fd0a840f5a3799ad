"""The same hours read from NASA POWER and from plain tables are the same weather; a bad table tells all its faults."""

import json

import numpy as np
import pandas as pd
import pytest
import solar_samples as samples
from numpy.testing import assert_allclose
from solar_samples import faults_of, written

from data.catalog import LANGUAGES
from data.errors import DataError
from solar.weather import read_weather
from solar.weather_formats import read_raw

COLUMNS = ["ghi", "dni", "dhi", "temp_air", "wind_speed"]


@pytest.fixture(scope="module")
def local(typical):
    """Return the typical year on a clock of whole hours, as the EPW of it has it."""
    return typical.hours[COLUMNS]


@pytest.fixture(scope="module")
def utc(typical):
    return samples.in_utc(typical.hours, 2019)


def same(weather, hours, atol=1e-5):
    assert (weather.hours.index == hours.index).all()
    assert list(weather.hours) == COLUMNS
    assert_allclose(weather.hours, hours[COLUMNS], atol=atol)
    assert (weather.longitude, weather.latitude, weather.altitude_m) == (106.5585, 39.125, 1106.0)
    assert (weather.repairs, weather.years, weather.synthetic) == ((), 1, False)


def test_power_csv_in_utc_comes_back(tmp_path, utc):
    weather = read_weather(written(tmp_path, samples.power_csv(utc)))
    same(weather, utc)
    assert (weather.notes, weather.source) == ((), "NASA POWER (UTC)")


def test_power_in_local_solar_time_is_seven_hours_ahead(tmp_path, local):
    solar = local.set_axis(local.index.tz_localize(None))
    content = samples.power_csv(solar, standard=" in LST").replace("\n", ",,,\n", 9)
    weather = read_weather(written(tmp_path, content), repair=False)
    assert str(weather.hours.index[0]) == "2021-01-01 00:30:00+07:00"
    assert "weather.note.clock_doubtful" in weather.notes, "the hours are Beijing's: one too late for that clock"
    (repair,) = read_weather(written(tmp_path, content)).repairs
    assert repair.minutes == 60


def test_power_json_comes_back_and_its_fill_value_is_a_gap(tmp_path, utc):
    path = written(tmp_path, samples.power_json(utc))
    same(read_weather(path), utc, atol=1e-9)
    body = json.loads(path.read_text())
    body["properties"]["parameter"]["T2M"]["2019010102"] = -999.0
    assert faults_of(written(tmp_path, json.dumps(body))) == {("weather.gaps", "temp_air")}


def test_power_units_and_wind_at_two_metres(tmp_path, utc):
    joules = utc.assign(**{name: utc[name] * 3600 / 1e6 for name in ("ghi", "dni", "dhi")})
    content = samples.power_csv(joules, units=dict.fromkeys(("ghi", "dni", "dhi"), "MJ/hr")).replace("WS10M", "WS2M")
    weather = read_weather(written(tmp_path, content))
    same(weather, utc)
    assert weather.notes == ("weather.note.wind_2m",)


def test_power_without_clock_or_unit_is_refused_with_all_faults(tmp_path, utc):
    content = samples.power_csv(utc.iloc[:-24], standard="", units={"ghi": "furlong", "dni": ""})
    assert faults_of(written(tmp_path, content)) == {
        ("weather.power_clock", None),
        ("weather.power_units", "ALLSKY_SFC_SW_DWN"),
        ("weather.power_units", "ALLSKY_SFC_SW_DNI"),
        ("weather.incomplete_year", None),
    }


@pytest.mark.parametrize("form", ["csv", "json"])
def test_daily_power_is_refused(tmp_path, utc, form):
    if form == "csv":
        content = samples.power_csv(utc.iloc[:48]).replace(",HR,", ",DOY,")
    else:
        body = json.loads(samples.power_json(utc.iloc[::24]))
        values = body["properties"]["parameter"]
        body["properties"]["parameter"] = {
            name: {stamp[:8]: one for stamp, one in row.items()} for name, row in values.items()
        }
        content = json.dumps(body)
    assert faults_of(written(tmp_path, content)) == {("weather.not_hourly", None)}


@pytest.mark.parametrize("stamp", ["start", "middle", "end"])
def test_a_plain_table_comes_back_whatever_its_stamps_mean(tmp_path, local, stamp):
    weather = read_weather(written(tmp_path, samples.table_text(local, stamp=stamp), "any"))
    same(weather, local, atol=1e-9)
    assert (weather.notes, weather.name, weather.source) == ((), "any", "CSV")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
def test_a_chinese_table_in_any_order_comes_back(tmp_path, local, encoding):
    turned = local[COLUMNS[::-1]]
    content = "# name=惠农站\n" + samples.table_text(turned, stamp="end", names=samples.CHINESE)
    weather = read_weather(written(tmp_path, content, encoding=encoding))
    same(weather, local, atol=1e-9)
    assert weather.name == "惠农站"


def test_the_format_is_told_wherever_a_character_is_cut(tmp_path, local):
    # an even number of Chinese characters in UTF-8 is also good GBK, but other words
    named = local.iloc[:240].assign(站名="惠农" * 30)
    content = samples.table_text(named, names={"temp_air": "气温"})
    for padding in range(6):
        path = written(tmp_path, f"# {'x' * padding}\n{content}")
        assert read_raw(path).source == "CSV"


@pytest.mark.parametrize(("stamp", "parts"), [("start", 4), ("middle", 2), ("end", 4)])
def test_short_steps_are_averaged_to_the_hour_of_their_middle(tmp_path, local, stamp, parts):
    swing = np.tile(np.arange(parts) - (parts - 1) / 2, len(local)) * 0.1
    fine = local.loc[local.index.repeat(parts)]
    minutes = pd.to_timedelta(np.tile((np.arange(parts) + 0.5) * 60 / parts - 30, len(local)), unit="min")
    fine = fine.set_axis(fine.index + minutes).assign(temp_air=fine["temp_air"].to_numpy() + swing)
    weather = read_weather(written(tmp_path, samples.table_text(fine, stamp=stamp)))
    same(weather, local, atol=1e-9)
    assert weather.notes == ("weather.note.averaged",)


def test_a_short_step_that_is_missing_or_twice_is_a_fault(tmp_path, local):
    fine = local.loc[local.index.repeat(2)]
    fine = fine.set_axis(fine.index + pd.to_timedelta(np.tile([-15, 15], len(local)), unit="min"))
    gap = pd.concat([fine.iloc[:101], fine.iloc[102:]])
    assert faults_of(written(tmp_path, samples.table_text(gap))) == {("weather.gaps", name) for name in COLUMNS}
    twice = pd.concat([fine.iloc[:5], fine.iloc[4:]])
    found = faults_of(written(tmp_path, samples.table_text(twice)))
    assert found == {("weather.double_hours", None)} | {("weather.gaps", name) for name in COLUMNS}


def test_what_a_table_lacks_is_derived_as_for_other_files(tmp_path, local):
    weather = read_weather(written(tmp_path, samples.table_text(local[["ghi", "temp_air"]])))
    assert weather.notes == ("weather.note.no_wind", "weather.note.erbs")
    assert_allclose(weather.hours["ghi"], local["ghi"], atol=1e-9)


def test_every_fault_of_a_broken_table_is_told_at_once(tmp_path, local):
    broken = local.assign(time_="x").iloc[:-24].copy()
    broken.iloc[7, 0] = -3.0
    content = samples.table_text(
        broken.drop(columns=["temp_air", "time_"]), head=("# latitude=139", "# longitude=east")
    )
    content = content.replace("stamp=middle", "stamp=noon").replace("wind_speed", "风速(km/h)").replace("dhi", "dni")
    content = content.replace("2021/01/02 03:30:00", "2.1.2021 3:30", 1)
    assert faults_of(written(tmp_path, content)) == {
        ("weather.table_latitude", None),
        ("weather.table_longitude", None),
        ("weather.table_altitude_m", None),
        ("weather.table_utc_offset_h", None),
        ("weather.table_stamp", None),
        ("weather.table_column_twice", "dni"),
        ("weather.table_unit", "wind_speed"),
        ("weather.table_time", "time"),
        ("weather.column_missing", "temp_air"),
        ("weather.incomplete_year", None),
        ("weather.negative", "ghi"),
    }


def test_the_mend_of_a_missing_line_shows_the_line(tmp_path, local):
    with pytest.raises(DataError) as error:
        read_weather(written(tmp_path, samples.table_text(local.iloc[:48], head=())))
    said = {fault.rule: fault for fault in error.value.faults}
    for name in ("latitude", "longitude", "altitude_m", "utc_offset_h"):
        for language in LANGUAGES:
            assert f"# {name}=" in said[f"weather.table_{name}"].message(language).rpartition(";")[2]


@pytest.mark.parametrize("step", ["10min", "3h"])
def test_other_steps_are_refused(tmp_path, local, step):
    index = pd.date_range("2021-01-01", periods=60, freq=step)
    found = faults_of(written(tmp_path, samples.table_text(local.iloc[:60].set_axis(index))))
    assert ("weather.not_hourly", None) in found
