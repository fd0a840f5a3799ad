"""Every format comes back to the hours it was written from; a bad file tells all its faults at once."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
import solar_samples as samples
from numpy.testing import assert_allclose
from solar_samples import faults_of, written

import solar.weather as weather_module
from data import parameters
from data.catalog import LANGUAGES, text
from data.errors import DataError
from solar.weather import distance_km, one_year, read_weather, require_near, typical_year

PVLIB_DATA = Path(pvlib.__file__).parent / "data"
COLUMNS = ["ghi", "dni", "dhi", "temp_air", "wind_speed"]


@pytest.fixture(scope="module")
def utc(typical):
    return samples.in_utc(typical.hours, 2019)


def test_epw_of_mixed_years_comes_back(tmp_path, typical):
    weather = read_weather(written(tmp_path, samples.epw_text(typical.hours, years=samples.YEARS), "city.epw"))
    assert_allclose(weather.hours[COLUMNS], typical.hours[COLUMNS], atol=1e-5)
    assert (weather.hours.index == typical.hours.index).all()
    assert weather.notes == ()
    assert (weather.years, weather.synthetic, weather.name) == (1, False, "Shizuishan")


def test_epw_written_in_one_leap_year_without_its_leap_day_is_whole(tmp_path, typical):
    weather = read_weather(written(tmp_path, samples.epw_text(typical.hours, years=[2020] * 12)))
    assert len(weather.hours) == 8760
    assert weather.notes == ()


def test_tmy3_comes_back(tmp_path, typical):
    weather = read_weather(written(tmp_path, samples.tmy3_text(typical.hours), "no_suffix"))
    assert_allclose(weather.hours[COLUMNS], typical.hours[COLUMNS], atol=1e-5)
    assert (weather.hours.index == typical.hours.index).all()
    assert weather.notes == ()


@pytest.mark.parametrize(("form", "offset_h"), [("json", 0.5), ("csv", 0.5), ("json", 0.0), ("csv", -0.25)])
def test_pvgis_tmy_comes_back_at_the_moment_of_its_offset(tmp_path, utc, form, offset_h):
    write = samples.pvgis_tmy_json if form == "json" else samples.pvgis_tmy_csv
    hours = utc.set_axis(utc.index + pd.Timedelta(hours=offset_h - 0.5))
    weather = read_weather(written(tmp_path, write(hours, offset_h)), repair=False)
    minute = weather.hours.index.minute.unique()
    assert minute == [offset_h * 60 % 60]
    assert weather.hours.index.is_monotonic_increasing
    found = weather.hours.groupby(weather.hours.index.month)[COLUMNS].sum()
    assert_allclose(found.sum(), utc[COLUMNS].sum(), rtol=1e-9)
    assert weather.years == 1
    assert weather.notes == (() if offset_h == 0.5 else ("weather.note.clock_doubtful",))


@pytest.mark.parametrize("form", ["json", "csv"])
def test_pvgis_hourly_comes_back(tmp_path, utc, form):
    write = samples.pvgis_hourly_json if form == "json" else samples.pvgis_hourly_csv
    weather = read_weather(written(tmp_path, write(utc), "any.dat"))
    others = ["dni", "dhi", "temp_air", "wind_speed"]
    assert_allclose(weather.hours[others], utc[others], atol=1e-6)
    # the sun of 2019 stands elsewhere than that of 2021 by some minutes of arc
    assert_allclose(weather.hours["ghi"], utc["ghi"], atol=4)
    assert weather.notes == ("weather.note.from_closure",)


def test_whole_years_are_kept_and_part_years_left_out(tmp_path, utc):
    later = utc.set_axis(utc.index + pd.Timedelta(days=365))
    part = utc.iloc[:100].set_axis(utc.index[:100] + pd.Timedelta(days=365 * 2))
    leap_day = later.iloc[-24:].set_axis(later.index[-24:] + pd.Timedelta(days=1))
    rest = part.set_axis(part.index + pd.Timedelta(days=1))
    content = samples.pvgis_hourly_json(pd.concat([utc, later, leap_day, rest]))
    weather = read_weather(written(tmp_path, content))
    assert weather.year_list == (2019, 2020)
    assert weather.years == 2
    assert len(weather.hours) == 8760 + 8784
    assert {"weather.note.several_years", "weather.note.part_years_left_out"} <= set(weather.notes)
    leap = one_year(weather, 2020)
    assert (leap.year_list, len(leap.hours), leap.longitude) == ((2020,), 8784, weather.longitude)
    assert set(weather.notes) - set(leap.notes) == {"weather.note.several_years"}
    halves = [one_year(weather, year).hours["ghi"].sum() for year in weather.year_list]
    assert_allclose(sum(halves), weather.hours["ghi"].sum(), rtol=1e-12)
    with pytest.raises(KeyError):
        one_year(weather, 2021)


def test_a_tilted_plane_is_refused(tmp_path, utc):
    path = written(tmp_path, samples.pvgis_hourly_json(utc.iloc[:48], slope=30))
    assert faults_of(path) == {("weather.tilted_plane", None)}


def test_missing_beam_and_diffuse_are_split_by_erbs(tmp_path, typical):
    hours = typical.hours.assign(dni=9999.0, dhi=9999.0, wind_speed=999.0)
    weather = read_weather(written(tmp_path, samples.epw_text(hours)))
    assert "weather.note.erbs" in weather.notes
    assert "weather.note.no_wind" in weather.notes
    assert weather.hours["wind_speed"].eq(parameters.value("pv", "reference_wind_speed")).all()
    assert_allclose(weather.hours["ghi"], typical.hours["ghi"], atol=1e-5)
    assert 0.25 < weather.hours["dhi"].sum() / weather.hours["ghi"].sum() < 0.5


def test_missing_diffuse_alone_comes_from_closure(tmp_path, typical):
    weather = read_weather(written(tmp_path, samples.epw_text(typical.hours.assign(dhi=9999.0))))
    assert_allclose(weather.hours["dhi"], typical.hours["dhi"], atol=1e-3)
    assert "weather.note.from_closure" in weather.notes


def test_a_clock_that_is_an_hour_late_is_told_where_it_may_not_be_repaired(tmp_path, typical):
    hours = typical.hours.copy()
    hours[["ghi", "dni", "dhi"]] = np.roll(hours[["ghi", "dni", "dhi"]], 1, axis=0)
    weather = read_weather(written(tmp_path, samples.epw_text(hours)), repair=False)
    assert "weather.note.clock_doubtful" in weather.notes
    assert weather.repairs == ()


def test_irradiance_that_does_not_close_is_told(tmp_path, typical):
    hours = typical.hours.assign(ghi=typical.hours["ghi"] * 1.2)
    weather = read_weather(written(tmp_path, samples.epw_text(hours)), repair=False)
    assert "weather.note.no_closure" in weather.notes
    assert_allclose(weather.hours["dni"], hours["dni"], atol=1e-5)


@pytest.mark.parametrize("name", ["703165TY.csv", "723170TYA.CSV"])
def test_pvlibs_own_tmy3_files_close(name):
    weather = read_weather(PVLIB_DATA / name)
    assert len(weather.hours) == 8760
    assert weather.notes == ()
    sun = pvlib.solarposition.get_solarposition(weather.hours.index, weather.latitude, weather.longitude)
    closed = weather.hours["dni"] * np.cos(np.radians(sun["apparent_zenith"])).clip(lower=0) + weather.hours["dhi"]
    assert np.sqrt(((closed - weather.hours["ghi"]) ** 2).mean()) < 1.5


def test_all_faults_come_at_once(tmp_path, typical):
    hours = typical.hours.iloc[:-48].copy()
    hours.iloc[100, hours.columns.get_loc("ghi")] = -5.0
    hours.iloc[200, hours.columns.get_loc("dhi")] = 9999.0
    hours.iloc[300, hours.columns.get_loc("temp_air")] = 88.0
    hours.iloc[400, hours.columns.get_loc("dni")] = 3000.0
    assert faults_of(written(tmp_path, samples.epw_text(hours, zone=""))) == {
        ("weather.naive_clock", None),
        ("weather.incomplete_year", None),
        ("weather.negative", "ghi"),
        ("weather.gaps", "dhi"),
        ("weather.out_of_range", "temp_air"),
        ("weather.out_of_range", "dni"),
    }


def test_rows_of_a_fault_are_counted(tmp_path, typical):
    hours = typical.hours.copy()
    hours.iloc[[10, 11, 5000], hours.columns.get_loc("ghi")] = -1.0
    with pytest.raises(DataError) as error:
        read_weather(written(tmp_path, samples.epw_text(hours)))
    assert error.value.faults[0].rows == (11, 12, 5001)


def test_repeated_hours_and_missing_columns_are_refused(tmp_path, typical):
    text_ = samples.tmy3_text(typical.hours).replace("Dry-bulb (C)", "Colour")
    lines = text_.splitlines()
    lines[10] = lines[9]
    assert faults_of(written(tmp_path, "\n".join(lines))) == {
        ("weather.double_hours", None),
        ("weather.incomplete_year", None),
        ("weather.column_missing", "temp_air"),
    }


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "weather.unknown_format"),
        ("time,colour\n2021-01-01 00:00,5\n", "weather.unknown_format"),
        ('{"properties": {"parameter": {}}}', "weather.unreadable"),
        ("-BEGIN HEADER-\n-END HEADER-\nYEAR,MO\n", "weather.unreadable"),
        ("{broken", "weather.unreadable"),
        ('{"outputs": {}}', "weather.unknown_format"),
        ('{"outputs": {"hourly": []}}', "weather.unreadable"),
        ("LOCATION,a,b,c,d,e,39,106,8\nshort\n", "weather.unreadable"),
        ("Latitude (decimal degrees): 39\nLongitude: 1\n", "weather.unreadable"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, content, rule):
    assert faults_of(written(tmp_path, content)) == {(rule, None)}


def test_a_file_without_hours_is_refused(tmp_path):
    found = faults_of(written(tmp_path, samples.EPW_HEAD.format(zone=8, longitude=106.5)))
    assert ("weather.incomplete_year", None) in found


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path):
    assert faults_of(tmp_path / "nothing.epw") == {("weather.unreadable", None)}


def test_binary_content_is_refused_in_words(tmp_path):
    path = tmp_path / "picture.epw"
    path.write_bytes(bytes(range(256)) * 40)
    assert faults_of(path) == {("weather.unknown_format", None)}


def test_distant_weather_is_refused_unless_the_user_says_so(typical):
    dawukou, new_york = (106.38, 39.02), (-74.0, 40.7)
    assert distance_km(typical, *dawukou) < 25
    assert require_near(typical, longitude=dawukou[0], latitude=dawukou[1], allow_distant=False) == ()
    with pytest.raises(DataError) as error:
        require_near(typical, longitude=new_york[0], latitude=new_york[1], allow_distant=False)
    assert [fault.rule for fault in error.value.faults] == ["weather.distant"]
    (noted,) = require_near(typical, longitude=new_york[0], latitude=new_york[1], allow_distant=True)
    assert noted.effect == "noted"
    for language in LANGUAGES:
        assert "100 km" in noted.message(language)


def test_the_limit_itself_is_near_enough(typical):
    north = 0.8982  # degrees, about 99.7 km
    assert distance_km(typical, typical.longitude, typical.latitude + north) < 100
    assert not require_near(
        typical, longitude=typical.longitude, latitude=typical.latitude + north, allow_distant=False
    )


def test_every_note_has_its_words():
    code = "".join(path.read_text(encoding="utf-8") for path in Path(weather_module.__file__).parent.glob("*.py"))
    notes = {*typical_year().notes, *re.findall(r"weather\.note\.\w+", code)}
    assert {"weather.note.repaired", "weather.note.averaged", "weather.note.clock_doubtful"} <= notes
    for note in notes:
        assert all(text(note, language) for language in LANGUAGES)
