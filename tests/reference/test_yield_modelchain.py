"""Against an independent reference, hour by hour: pvlib's ModelChain in its PVWatts form, on pvlib's own TMY3 files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
from numpy.testing import assert_allclose
from pvlib.location import Location

from data import parameters
from solar.sky import sky_of
from solar.system import system
from solar.twin import Plane, plane_hours
from solar.validation.station import SAPM, modelchain, risen
from solar.weather import read_weather, typical_year

# pvlib 0.16.1 itself uses the deprecated attribute, inside ModelChain
pytestmark = pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear:DeprecationWarning")

DATA = Path(pvlib.__file__).parent / "data"


@pytest.fixture(scope="module", params=["703165TY.csv", "723170TYA.CSV", "typical year"])
def weather(request):
    return typical_year() if request.param == "typical year" else read_weather(DATA / request.param)


@pytest.fixture(scope="module")
def sky(weather):
    return sky_of(weather, suns_per_hour=1)


def hours(sky, tilt, azimuth, mounting, *, glass=False):
    plane = Plane(surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)
    return plane_hours(sky, plane, system(), diffuse_glass=glass, temperature_model="sapm")


@pytest.mark.parametrize(
    ("tilt", "azimuth", "mounting"),
    [(15, 180, "tilted_flat"), (5, 93.7, "flush_metal"), (30, 251.3, "tilted_flat"), (5, 0, "flush_metal")],
)
def test_every_hour_is_that_of_modelchain(weather, sky, tilt, azimuth, mounting):
    reference = modelchain(weather, tilt, azimuth, mounting)
    ours = hours(sky, tilt, azimuth, mounting)
    # where the sun is down at mid-hour, ModelChain lets its beam shine on steep planes
    up = risen(weather)
    # pvlib leaves a NaN where there is GHI without any beam or diffuse; such an hour has no power
    wanted = (reference.ac / 1000).fillna(0.0).to_numpy()
    whole = np.zeros(len(wanted))
    whole[sky.row] = ours["ac_kw"]
    assert_allclose(whole[up], wanted[up], atol=1e-9)
    assert wanted[up].sum() > 0.998 * wanted.sum()
    irradiation = reference.total_irrad["poa_global"].to_numpy()[sky.row]
    known = ~np.isnan(irradiation) & up[sky.row]
    assert known.mean() > 0.94
    assert_allclose(ours["poa_global"][known], irradiation[known], rtol=1e-9, atol=1e-9)
    assert_allclose(ours["temp_cell"][known], reference.cell_temperature.to_numpy()[sky.row][known], atol=1e-9)
    assert whole[up].sum() == pytest.approx(wanted[up].sum(), rel=1e-9)


def test_circumsolar_light_through_the_glass_costs_little(weather, sky):
    plain = modelchain(weather, 15, 180, "tilted_flat", circumsolar_glass=False).ac.fillna(0.0)[risen(weather)]
    ours = hours(sky, 15, 180, "tilted_flat")["ac_kw"].sum()
    assert -0.006 < ours / (plain.sum() / 1000) - 1 < 0


def test_refraction_by_air_temperature_hardly_matters(weather, sky):
    reference = modelchain(weather, 15, 180, "tilted_flat", site_class=Location)
    ours = hours(sky, 15, 180, "tilted_flat")
    wanted = reference.ac.fillna(0.0)[risen(weather)]
    assert ours["ac_kw"].sum() == pytest.approx(wanted.sum() / 1000, rel=1e-4)


def test_temperature_parameters_are_pvlibs():
    for mounting, name in SAPM.items():
        theirs = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"][name]
        ours = {key: parameters.value("pv", f"sapm_{key}_{mounting}") for key in ("a", "b", "delta_t")}
        assert ours == {"a": theirs["a"], "b": theirs["b"], "delta_t": theirs["deltaT"]}


def test_diffuse_reflection_costs_one_to_three_percent(sky):
    less, more = (hours(sky, 15, 180, "tilted_flat", glass=glass)["ac_kw"].sum() for glass in (True, False))
    assert 0.01 < 1 - less / more < 0.03


def test_sun_is_at_the_middle_of_the_hour(weather):
    # half an hour off, closure is lost: the stamps are the mid-points
    def misfit(minutes):
        stamps = weather.hours.index + pd.Timedelta(minutes=minutes)
        sun = pvlib.solarposition.get_solarposition(stamps, weather.latitude, weather.longitude)
        beam = weather.hours["dni"].to_numpy() * np.cos(np.radians(sun["apparent_zenith"])).clip(lower=0).to_numpy()
        return float(np.abs(beam + (weather.hours["dhi"] - weather.hours["ghi"]).to_numpy()).sum())

    assert misfit(0) < 0.15 * min(misfit(-30), misfit(30))


def test_four_suns_an_hour_are_close_to_one(weather, sky):
    one, four = (hours(each, 15, 180, "tilted_flat", glass=True)["ac_kw"].sum() for each in (sky, sky_of(weather)))
    assert four == pytest.approx(one, rel=2e-3)
