"""The embedded typical year against its stations, and the engine against pvlib's ModelChain and against norms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import irradiance, temperature
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import PVSystem

from data import parameters
from solar.roof_planes import row_pitch
from solar.sky import sky_of
from solar.sun import extra_radiation, sun_position
from solar.synthetic import monthly_means
from solar.system import DC_LOSSES, system
from solar.twin import Plane, plane_hours
from solar.validation.rows import Row, percent
from solar.validation.sam import FILES, bundled, by_month
from solar.weather import Weather, typical_year

SAPM: Final = {"tilted_flat": "open_rack_glass_glass", "flush_metal": "close_mount_glass_glass"}
"""Our mountings by pvlib's names of their thermal parameters."""
PLANES: Final = ((15.0, 180.0, "tilted_flat"), (5.0, 93.7, "flush_metal"), (30.0, 251.3, "tilted_flat"))
YIELDS: Final = (
    (
        5.0,
        "flush_metal",
        "1370–1400",
        "PR 0.78: losses 12.3 %, inverter 96 %, reflection; FACTS takes 0.80 by rule of thumb",
    ),
    (15.0, "tilted_flat", "1490", "rack, PR 0.78; FACTS takes 0.82"),
    (35.0, "tilted_flat", "1560", "rack"),
)
"""Tilt [deg] to the south, mounting, FACTS §E3's kWh/kWp and a remark."""
PITCHES: Final = ((5, 2.83), (15, 3.87), (30, 5.20), (35, 5.56))
"""Tilt [deg] and the pitch that FACTS §E2 states at 39° N [m]."""

Floats = npt.NDArray[np.float64]


class PlainSite(Location):  # type: ignore[misc]
    """A site whose refraction does not follow the air temperature: ours does not either."""

    def get_solarposition(self, times: pd.DatetimeIndex, **options: Any) -> pd.DataFrame:
        """Return the sun's position with pvlib's default temperature."""
        position: pd.DataFrame = super().get_solarposition(times, **(options | {"temperature": 12}))
        return position


def modelchain(
    weather: Weather,
    tilt: float,
    azimuth: float,
    mounting: str,
    *,
    site_class: type[Location] = PlainSite,
    circumsolar_glass: bool = True,
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
    circumsolar_glass : bool
        Whether circumsolar light passes the glass as the beam does, as ours does; ModelChain leaves it as it is.
    """
    site = site_class(weather.latitude, weather.longitude, altitude=weather.altitude_m)
    chain = ModelChain.with_pvwatts(_panels(tilt, azimuth, mounting), site)
    chain.run_model(weather.hours)
    if not circumsolar_glass:
        return chain.results
    found, hours = chain.results, weather.hours
    extra = pd.Series(extra_radiation(pd.DatetimeIndex(hours.index)), index=hours.index)
    sun = (found.solar_position["apparent_zenith"], found.solar_position["azimuth"])
    airmass = found.airmass["airmass_relative"]
    sky = irradiance.perez(tilt, azimuth, hours["dhi"], hours["dni"], extra, *sun, airmass, return_components=True)
    reflected = (sky["poa_circumsolar"] * (1 - found.aoi_modifier)).fillna(0.0)
    light = {
        "effective_irradiance": found.effective_irradiance - reflected,
        "poa_global": found.total_irrad["poa_global"],
    }
    chain.run_model_from_effective_irradiance(hours.assign(**light))
    return chain.results


def _panels(tilt: float, azimuth: float, mounting: str) -> PVSystem:
    def pv(name: str) -> float:
        return parameters.value("pv", name)

    losses = {("nameplate_rating" if name == "nameplate" else name): pv(f"loss_{name}") for name in DC_LOSSES}
    return PVSystem(
        surface_tilt=tilt,
        surface_azimuth=azimuth,
        albedo=pv("albedo"),
        module_parameters={"pdc0": 1000.0, "gamma_pdc": pv("temperature_coefficient")},
        inverter_parameters={
            "pdc0": 1000.0 / pv("dc_ac_ratio") / pv("inverter_efficiency"),
            "eta_inv_nom": pv("inverter_efficiency"),
        },
        temperature_model_parameters=temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"][SAPM[mounting]],
        losses_parameters=losses,
    )


def risen(weather: Weather) -> npt.NDArray[np.bool_]:
    """Tell the hours in which the sun is up at mid-hour: in the others ModelChain lets it shine on steep planes."""
    place = {name: getattr(weather, name) for name in ("longitude", "latitude", "altitude_m")}
    up: npt.NDArray[np.bool_] = sun_position(pd.DatetimeIndex(weather.hours.index), **place)[0] < 90
    return up


def hour_by_hour(weather: Weather) -> pd.DataFrame:
    """Compare the engine at one sun an hour with ModelChain, over the hours that `risen` tells.

    Returns
    -------
    pandas.DataFrame
        A row for each of `PLANES`: ``worst_kw``, the greatest difference of an hour's AC power [kW/kW] where
        circumsolar light passes ModelChain's glass too, ``as_is_delta`` of the year's AC energy where it does not
        [1], and ``compared``, the share of ModelChain's energy in these hours [1].
    """
    sky, up = sky_of(weather, suns_per_hour=1), risen(weather)
    rows = []
    for tilt, azimuth, mounting in PLANES:
        same, as_is = (
            (modelchain(weather, tilt, azimuth, mounting, circumsolar_glass=glass).ac / 1000).fillna(0.0).to_numpy()
            for glass in (True, False)
        )
        plane = Plane(surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)
        ours = np.zeros(len(same))
        ours[sky.row] = plane_hours(sky, plane, system(), diffuse_glass=False, temperature_model="sapm")["ac_kw"]
        rows.append(
            {
                "worst_kw": float(np.abs(ours - same)[up].max()),
                "as_is_delta": float(ours[up].sum() / as_is[up].sum() - 1),
                "compared": float(same[up].sum() / same.sum()),
            }
        )
    return pd.DataFrame(rows)


def monthly(weather: Weather) -> pd.DataFrame:
    """Return monthly sums [kWh/m2]: ``ghi`` and ``dhi`` of the hours, and ``plane``, what lies in a horizontal plane.

    The plane is the engine's, tilt 0, no shade, with its default of suns an hour.
    """
    index = pd.DatetimeIndex(weather.hours.index)
    sky = sky_of(weather)
    flat = plane_hours(sky, Plane(surface_tilt=0.0, surface_azimuth=180.0, mounting="tilted_flat"), system())
    months = index.month.to_numpy()
    found = {name: by_month(weather.hours[name].to_numpy(), months) / 1000 for name in ("ghi", "dhi")}
    return pd.DataFrame(found | {"plane": by_month(flat["plane"].to_numpy(), months[sky.row]) / 1000})


def specific_yield(weather: Weather, tilt: float, azimuth: float, mounting: str) -> float:
    """Return the yield of an unshaded plane by the engine's defaults [kWh/kW]."""
    plane = Plane(surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)
    return float(plane_hours(sky_of(weather), plane, system())["ac_kw"].sum())


def rows() -> Iterator[Row]:
    """Give the rows for the page."""
    year = typical_year()
    for weather, name in ((year, "the typical year"), *((bundled(file), file) for file in FILES)):
        found = hour_by_hour(weather)
        as_is = found["as_is_delta"]
        remark = (
            f"hours with the sun up at their middle ({100 * found['compared'].min():.2f} % of the yield); circumsolar "
            "light passes the glass like the beam, which ModelChain as it is leaves out: our year differs from that by "
            f"{percent(as_is.min())} … {percent(as_is.max())}"
        )
        yield (
            f"hourly AC power, {len(PLANES)} planes, one sun an hour",
            f"pvlib ModelChain PVWatts, {name}",
            f"≤ {found['worst_kw'].max():.1e} kW/kWp",
            remark,
        )
    yield from _month_rows(year)
    for tilt, mounting, fact, remark in YIELDS:
        kwh = specific_yield(year, tilt, 180.0, mounting)
        yield f"kWh/kWp, {tilt:g}° south, {mounting}", f"FACTS E3: {fact}", f"{kwh:.0f}", remark
    length = parameters.value("roofs", "row_length_m")
    for tilt_deg, pitch in PITCHES:
        ours = float(row_pitch(length, tilt_deg, 39.0))
        fact = f"FACTS E2 (GB 50797): {pitch:.2f} m"
        yield f"row pitch at {tilt_deg}°, φ = 39°", fact, f"{ours:.3f} m", f"Δ {ours - pitch:+.3f} m"


def _month_rows(year: Weather) -> Iterator[Row]:
    means, sums = monthly_means(), monthly(year)
    for ours, column in (("ghi", "ghi_kwh_m2"), ("dhi", "dhi_kwh_m2")):
        delta = float(np.abs(sums[ours].to_numpy() / means[column].to_numpy() - 1).max())
        stations = "mean of stations 53519 and 53518, 1991–2017"
        yield f"monthly sums of {ours.upper()}", stations, f"≤ {delta:.1e}", "relative, worst month"
    for weather, name in ((year, "the typical year"), *((bundled(file), file) for file in FILES)):
        found = monthly(weather)
        month = found["plane"] / found["ghi"] - 1
        yield (
            "irradiation of the engine's horizontal plane, monthly",
            f"GHI of {name}",
            f"{percent(month.min())} … {percent(month.max())}",
            f"year {percent(found['plane'].sum() / found['ghi'].sum() - 1)}",
        )
