"""Independent references that the tests, the validation table and the benchmarks share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pvlib
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import PVSystem
from pyproj import Geod

from data import parameters
from solar.weather import Weather

SAPM: Final = {"tilted_flat": "open_rack_glass_glass", "flush_metal": "close_mount_glass_glass"}
_LOSSES: Final = ("soiling", "shading", "snow", "mismatch", "wiring", "connections", "lid", "age", "availability")


class PlainSite(Location):  # type: ignore[misc]
    """A site whose refraction does not follow the air temperature: ours does not either."""

    def get_solarposition(self, times: pd.DatetimeIndex, **options: Any) -> pd.DataFrame:
        """Return the sun's position with pvlib's default temperature."""
        position: pd.DataFrame = super().get_solarposition(times, **(options | {"temperature": 12}))
        return position


def modelchain(
    weather: Weather, tilt: float, azimuth: float, mounting: str, *, site_class: type[Location] = PlainSite
) -> Any:
    """Return the results of pvlib's ModelChain, PVWatts form, for one kW of panels.

    Parameters
    ----------
    weather : Weather
        Hours with their mid-points as index.
    tilt, azimuth : float
        Of the panels [deg].
    mounting : str
        Key of `SAPM`.
    site_class : type
        Class of the site; `Location` lets refraction follow the air temperature.
    """

    def pv(name: str) -> float:
        return parameters.value("pv", name)

    system = PVSystem(
        surface_tilt=tilt,
        surface_azimuth=azimuth,
        albedo=pv("albedo"),
        module_parameters={"pdc0": 1000.0, "gamma_pdc": pv("temperature_coefficient")},
        inverter_parameters={
            "pdc0": 1000.0 / pv("dc_ac_ratio") / pv("inverter_efficiency"),
            "eta_inv_nom": pv("inverter_efficiency"),
        },
        temperature_model_parameters=pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"][SAPM[mounting]],
        losses_parameters={name: pv(f"loss_{name}") for name in _LOSSES} | {"nameplate_rating": pv("loss_nameplate")},
    )
    chain = ModelChain.with_pvwatts(
        system, site_class(weather.latitude, weather.longitude, altitude=weather.altitude_m)
    )
    chain.run_model(weather.hours)
    return chain.results


def plain_distances(lon: np.ndarray, lat: np.ndarray, target_lon: float, target_lat: float) -> np.ndarray:
    """Return geodesic distances [m], one plain call of `Geod.inv` a row."""
    geod = Geod(ellps="GRS80")
    return np.array([geod.inv(x, y, target_lon, target_lat)[2] for x, y in zip(lon, lat, strict=True)])
