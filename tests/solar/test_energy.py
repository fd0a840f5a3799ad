"""Laws of the yield: linear, row by row, interpolation like the direct way, south before north."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from data.catalog import LANGUAGES, text
from solar.audit import self_audit
from solar.energy import MONTHS, annual_yield, class_yields, hourly_power, result_notes, solar_hours
from solar.weather import Weather

GOLDEN = (1293.21, 1447.97, 1455.35)
MOUNTINGS = ("flush_metal", "tilted_flat", "pitched_south")


@pytest.fixture(scope="module")
def yields(city_roofs, typical):
    return annual_yield(city_roofs, typical)


@pytest.fixture(scope="module")
def sun(typical):
    return solar_hours(typical)


def specific(weather, tilt, azimuth, mounting):
    return class_yields(weather, surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)[list(MONTHS)].sum(
        axis=1
    )


def roof(tilt, azimuth, mounting, second=np.nan, capacity=1.0):
    columns = {"mounting": mounting, "surface_tilt": tilt, "surface_azimuth": azimuth}
    return pd.DataFrame(columns | {"second_azimuth": second, "capacity_kw": capacity, "assumed": False})


@pytest.mark.parametrize(
    ("mounting", "tilt", "low", "high"),
    [("flush_metal", 5, 1260, 1420), ("tilted_flat", 15, 1400, 1520), ("tilted_flat", 35, 1500, 1600)],
)
def test_yield_of_the_facts_south_cases(typical, mounting, tilt, low, high):
    assert low < specific(typical, tilt, 180, mounting).iloc[0] < high


def test_golden_figures_of_the_city(typical):
    # physical tolerance; they move only with a parameter or a model, and then CHANGELOG.md says so
    found = [
        specific(typical, tilt, 180, mounting).iloc[0]
        for mounting, tilt in (("flush_metal", 5), ("tilted_flat", 15), ("pitched_south", 25))
    ]
    assert_allclose(found, GOLDEN, rtol=1e-3)


def test_months_sum_to_the_year_and_zero_capacity_is_zero(city_roofs, yields):
    assert_allclose(yields[list(MONTHS)].sum(axis=1), yields["yield_kwh"], rtol=1e-12)
    out = city_roofs["capacity_kw"] == 0
    assert out.any()
    assert not out.all()
    assert (yields.loc[out, ["yield_kwh", *MONTHS]] == 0).all(axis=None)
    assert yields.loc[out, "specific_yield_kwh_kw"].isna().all()
    assert yields.loc[~out].notna().all(axis=None)
    assert yields.index.equals(city_roofs.index)


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(0.01, 100))
def test_yield_is_linear_in_capacity(city_roofs, yields, typical, factor):
    some = city_roofs.iloc[:12]
    more = annual_yield(some.assign(capacity_kw=some["capacity_kw"] * factor), typical)
    assert_allclose(more["yield_kwh"], yields["yield_kwh"].iloc[:12] * factor, rtol=1e-9)
    assert_allclose(more["specific_yield_kwh_kw"], yields["specific_yield_kwh_kw"].iloc[:12], rtol=1e-9)


def test_order_and_company_of_roofs_do_not_matter(city_roofs, yields, typical):
    shuffled = city_roofs.sample(frac=0.4, random_state=3)
    pd.testing.assert_frame_equal(annual_yield(shuffled, typical), yields.loc[shuffled.index], rtol=1e-12)


def test_inputs_are_not_changed(city_roofs, typical):
    roofs, hours = city_roofs.copy(), typical.hours.copy()
    annual_yield(city_roofs, typical)
    pd.testing.assert_frame_equal(city_roofs, roofs)
    pd.testing.assert_frame_equal(typical.hours, hours)


@pytest.mark.parametrize(("mounting", "tilt"), [("flush_metal", 5.0), ("pitched_south", 25.0), ("pitched_south", 60.0)])
def test_interpolation_is_the_direct_way_at_any_azimuth(typical, mounting, tilt):
    azimuth = np.random.default_rng(11).uniform(0, 360, 25)
    azimuth[:3] = 0.0, 359.999, 2.5
    found = annual_yield(roof(tilt, azimuth, mounting), typical)
    direct = class_yields(typical, surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)
    assert_allclose(found["yield_kwh"], direct[list(MONTHS)].sum(axis=1), rtol=5e-4)
    assert_allclose(found["poa_kwh_m2"], direct["poa_kwh_m2"], rtol=5e-4)
    assert_allclose(found[list(MONTHS)], direct[list(MONTHS)], rtol=2e-3)


def test_two_slopes_are_half_each(typical):
    both = annual_yield(roof(5.0, np.array([135.0]), "flush_metal", second=315.0), typical)
    halves = annual_yield(roof(5.0, np.array([135.0, 315.0]), "flush_metal"), typical)
    assert both["yield_kwh"].iloc[0] == pytest.approx(halves["yield_kwh"].mean(), rel=1e-12)


@pytest.mark.parametrize("tilt", [5, 15, 35, 60])
def test_south_yields_most_and_north_least(typical, tilt):
    south, east, west, north = specific(typical, tilt, [180, 90, 270, 0], "tilted_flat")
    assert south > max(east, west)
    assert min(east, west) > north
    assert east == pytest.approx(west, rel=0.04)


@pytest.mark.parametrize("turn", [20, 45, 80])
def test_either_side_of_south_is_nearly_alike(typical, turn):
    left, right = specific(typical, 25, [180 - turn, 180 + turn], "pitched_south")
    assert left == pytest.approx(right, rel=0.03)


def test_direction_of_a_flat_panel_does_not_matter(typical):
    assert np.ptp(specific(typical, 0, [0, 90, 217], "tilted_flat")) < 1e-6


def test_horizontal_irradiation_is_that_of_the_weather(typical):
    flat = class_yields(typical, surface_tilt=0, surface_azimuth=180, mounting="tilted_flat")
    assert flat["poa_kwh_m2"].iloc[0] == pytest.approx(typical.hours["ghi"].sum() / 1000, rel=1e-4)


def test_close_mounting_is_hotter_and_yields_less(typical):
    close, rack = (specific(typical, 15, 180, name).iloc[0] for name in ("flush_metal", "tilted_flat"))
    assert close < rack


@settings(max_examples=25, deadline=None)
@given(tilt=st.floats(0, 90), azimuth=st.floats(0, 360), mounting=st.sampled_from(MOUNTINGS))
def test_power_is_never_negative_nor_above_the_inverter(sun, tilt, azimuth, mounting):
    power = hourly_power(sun, surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)
    assert power.notna().all(axis=None)
    assert power["ac_kw"].between(0, 1 / 1.1 + 1e-12).all()
    assert (power["poa_global"] >= 0).all()


def test_the_inverter_clips():
    index = pd.date_range("2021-01-01 00:30", periods=8760, freq="h", tz="Asia/Shanghai")
    bright = pd.DataFrame({"ghi": 0.0, "dni": 0.0, "dhi": 0.0, "temp_air": -20.0, "wind_speed": 10.0}, index=index)
    bright.loc["2021-06-21 12:30+08:00", ["ghi", "dni", "dhi"]] = 1300.0, 1200.0, 130.0
    weather = Weather(hours=bright, longitude=106.5, latitude=39.0, altitude_m=1100.0, name="", source="")
    assert specific(weather, 15, 180, "tilted_flat").iloc[0] == pytest.approx(1 / 1.1)


def test_two_like_years_yield_what_one_does(typical):
    later = typical.hours.set_axis(typical.hours.index + pd.Timedelta(days=365))
    fields = {name: getattr(typical, name) for name in ("longitude", "latitude", "altitude_m", "name", "source")}
    both = Weather(hours=pd.concat([typical.hours, later]), **fields)
    assert both.years == 2
    one, two = (specific(weather, 25, 180, "pitched_south").iloc[0] for weather in (typical, both))
    assert two == pytest.approx(one, rel=1e-3)


def test_progress_reaches_the_end(city_roofs, typical):
    seen = []
    annual_yield(city_roofs, typical, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_no_roofs_yield_nothing(city_roofs, typical):
    empty = annual_yield(city_roofs.iloc[:0], typical)
    assert empty.empty
    assert list(empty)[:3] == ["yield_kwh", "specific_yield_kwh_kw", "poa_kwh_m2"]


@pytest.mark.parametrize("column", ["capacity_kw", "surface_tilt", "surface_azimuth"])
def test_a_number_that_is_none_is_refused(typical, column):
    broken = roof(15.0, np.array([180.0]), "tilted_flat").assign(**{column: np.nan})
    with pytest.raises(ValueError, match="not a number"):
        annual_yield(broken, typical)


def test_the_self_audit_agrees_roof_by_roof(city_roofs, yields, typical):
    audit = self_audit(city_roofs, yields, typical, sample=6, seed=5)
    assert len(audit) == 6
    assert audit["relative_delta"].abs().max() < 2e-4
    again = self_audit(city_roofs, yields, typical, sample=6, seed=5)
    pd.testing.assert_frame_equal(audit, again)


def test_the_self_audit_finds_a_wrong_yield(city_roofs, yields, typical):
    wrong = yields.assign(yield_kwh=yields["yield_kwh"] * 1.01)
    assert_allclose(self_audit(city_roofs, wrong, typical, sample=2)["relative_delta"], 0.01, atol=5e-4)


def test_the_self_audit_of_no_capacity_is_empty(city_roofs, yields, typical):
    out = city_roofs["capacity_kw"] == 0
    assert self_audit(city_roofs[out], yields[out], typical).empty


def test_results_say_what_they_leave_out(city_roofs, typical):
    notes = result_notes(city_roofs, typical)
    assert "solar.note.no_shading" in notes
    assert "solar.note.assumed_roof_kind" in notes
    assert all(text(note, language) for note in notes for language in LANGUAGES)
