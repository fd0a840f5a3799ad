"""Against an independent reference, hour by hour: pvlib's ModelChain in its PVWatts form, on pvlib's own TMY3 files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest
from numpy.testing import assert_allclose
from pvlib.location import Location

from bench.references import SAPM, modelchain
from data import parameters
from solar.energy import hourly_power, solar_hours
from solar.weather import read_weather, typical_year

# pvlib 0.16.1 itself uses the deprecated attribute, inside ModelChain
pytestmark = pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear:DeprecationWarning")

DATA = Path(pvlib.__file__).parent / "data"


@pytest.fixture(scope="module", params=["703165TY.csv", "723170TYA.CSV", "typical year"])
def weather(request):
    return typical_year() if request.param == "typical year" else read_weather(DATA / request.param)


@pytest.mark.parametrize(
    ("tilt", "azimuth", "mounting"),
    [(15, 180, "tilted_flat"), (5, 93.7, "flush_metal"), (30, 251.3, "tilted_flat"), (5, 0, "flush_metal")],
)
def test_every_hour_is_that_of_modelchain(weather, tilt, azimuth, mounting):
    reference = modelchain(weather, tilt, azimuth, mounting)
    ours = hourly_power(
        solar_hours(weather), surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting, diffuse_iam=False
    )
    lit = weather.hours[["ghi", "dni", "dhi"]].gt(0).any(axis=1).to_numpy()
    # pvlib leaves a NaN where there is GHI without any beam or diffuse; such an hour has no power
    wanted = (reference.ac / 1000).fillna(0.0).to_numpy()
    whole = np.zeros(len(wanted))
    whole[lit] = ours["ac_kw"]
    assert_allclose(whole, wanted, atol=1e-9)
    irradiation = reference.total_irrad["poa_global"].to_numpy()[lit]
    known = ~np.isnan(irradiation)
    assert known.mean() > 0.99
    assert_allclose(ours["poa_global"][known], irradiation[known], rtol=1e-9, atol=1e-9)
    assert whole.sum() == pytest.approx(wanted.sum(), rel=1e-9)


def test_refraction_by_air_temperature_hardly_matters(weather):
    reference = modelchain(weather, 15, 180, "tilted_flat", site_class=Location)
    ours = hourly_power(
        solar_hours(weather), surface_tilt=15, surface_azimuth=180, mounting="tilted_flat", diffuse_iam=False
    )
    assert ours["ac_kw"].sum() == pytest.approx(reference.ac.sum() / 1000, rel=1e-4)


def test_temperature_parameters_are_pvlibs():
    for mounting, name in SAPM.items():
        theirs = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"][name]
        ours = {key: parameters.value("pv", f"sapm_{key}_{mounting}") for key in ("a", "b", "delta_t")}
        assert ours == {"a": theirs["a"], "b": theirs["b"], "delta_t": theirs["deltaT"]}


def test_diffuse_reflection_costs_one_to_three_percent(weather):
    sun = solar_hours(weather)
    plane = {"surface_tilt": 15, "surface_azimuth": 180, "mounting": "tilted_flat"}
    less, more = (hourly_power(sun, **plane, diffuse_iam=loss)["ac_kw"].sum() for loss in (True, False))
    assert 0.01 < 1 - less / more < 0.03


def test_sun_is_at_the_middle_of_the_hour(weather):
    # half an hour off, closure is lost: the stamps are the mid-points
    def misfit(minutes):
        stamps = weather.hours.index + pd.Timedelta(minutes=minutes)
        sun = pvlib.solarposition.get_solarposition(stamps, weather.latitude, weather.longitude)
        beam = weather.hours["dni"].to_numpy() * np.cos(np.radians(sun["apparent_zenith"])).clip(lower=0).to_numpy()
        return float(np.abs(beam + (weather.hours["dhi"] - weather.hours["ghi"]).to_numpy()).sum())

    assert misfit(0) < 0.15 * min(misfit(-30), misfit(30))
