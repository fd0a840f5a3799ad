"""The self-audit: random roofs recomputed the long way, with whole-year pandas series and pvlib's own pieces.

It shares the parameters and the weather with `solar.energy`, but none of its code: no orientation classes, no
interpolation, no selection of hours, the irradiance from `pvlib.irradiance.get_total_irradiance`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pvlib import iam, inverter, irradiance, location, pvsystem, temperature

from data import parameters
from solar.sun import day_of_year
from solar.weather import Weather
from solar.weather_files import stamps

_W_PER_KW = 1000.0


def self_audit(
    roofs: pd.DataFrame, yields: pd.DataFrame, weather: Weather, *, sample: int = 12, seed: int = 0
) -> pd.DataFrame:
    """Recompute a random sample of roofs at their exact tilt and azimuth.

    Parameters
    ----------
    roofs, yields : pandas.DataFrame
        As `solar.roofs.design_roofs` and `solar.energy.annual_yield` gave them.
    weather : Weather
        What the yields were computed with.
    sample : int
        How many roofs; all that have capacity, where there are fewer.
    seed : int
        Of the choice.

    Returns
    -------
    pandas.DataFrame
        On the index of the chosen roofs, in their order: ``yield_kwh`` as given, ``audit_kwh`` [kWh] and
        ``relative_delta`` [1] of the yield against the audit.
    """
    active = np.flatnonzero(roofs["capacity_kw"].to_numpy() > 0)
    chosen = np.sort(np.random.default_rng(seed).choice(active, size=min(sample, len(active)), replace=False))
    picked = roofs.iloc[chosen]
    planes = picked[["surface_tilt", "surface_azimuth", "second_azimuth", "mounting"]]
    specific = [_specific_yield(weather, *plane) for plane in planes.itertuples(index=False)]
    audit = picked["capacity_kw"].to_numpy(dtype=float) * np.array(specific, dtype=float)
    given = yields["yield_kwh"].iloc[chosen]
    return pd.DataFrame({"yield_kwh": given, "audit_kwh": audit, "relative_delta": given / audit - 1})


def _specific_yield(weather: Weather, tilt: float, first: float, second: float, mounting: str) -> float:
    """Return kWh per kW and year of a roof, the mean of its one or two slopes."""
    azimuths = [first] if np.isnan(second) else [first, second]
    return float(np.mean([_plane_yield(weather, tilt, azimuth, mounting) for azimuth in azimuths]))


def _plane_yield(weather: Weather, tilt: float, azimuth: float, mounting: str) -> float:
    hours = weather.hours
    index = stamps(hours)
    site = location.Location(weather.latitude, weather.longitude, altitude=weather.altitude_m)
    sun = site.get_solarposition(index)
    zenith, sun_azimuth = sun["apparent_zenith"], sun["azimuth"]
    poa = irradiance.get_total_irradiance(
        tilt,
        azimuth,
        zenith,
        sun_azimuth,
        hours["dni"],
        hours["ghi"],
        hours["dhi"],
        dni_extra=irradiance.get_extra_radiation(day_of_year(index)),
        airmass=site.get_airmass(solar_position=sun)["airmass_relative"],
        albedo=_pv("albedo"),
        model="perez",
        diffuse_components=True,
    ).fillna(0.0)
    through = iam.physical(irradiance.aoi(tilt, azimuth, zenith, sun_azimuth))
    part = iam.marion_diffuse("physical", tilt)
    effective = (
        (poa["poa_direct"] + poa["poa_circumsolar"]) * through
        + poa["poa_isotropic"] * part["sky"]
        + poa["poa_horizon"] * part["horizon"]
        + poa["poa_ground_diffuse"] * part["ground"]
    ).clip(lower=0)
    return _alternating(poa["poa_global"], effective, hours, mounting) / weather.years


def _alternating(poa_global: pd.Series, effective: pd.Series, hours: pd.DataFrame, mounting: str) -> float:
    """Return the AC energy [kWh] of 1 kW of modules over all hours."""
    thermal = {
        "a": _pv(f"sapm_a_{mounting}"),
        "b": _pv(f"sapm_b_{mounting}"),
        "deltaT": _pv(f"sapm_delta_t_{mounting}"),
    }
    cell = temperature.sapm_cell(poa_global, hours["temp_air"], hours["wind_speed"], **thermal)
    losses = pvsystem.pvwatts_losses(
        soiling=_pv("loss_soiling"),
        shading=_pv("loss_shading"),
        snow=_pv("loss_snow"),
        mismatch=_pv("loss_mismatch"),
        wiring=_pv("loss_wiring"),
        connections=_pv("loss_connections"),
        lid=_pv("loss_lid"),
        nameplate_rating=_pv("loss_nameplate"),
        age=_pv("loss_age"),
        availability=_pv("loss_availability"),
    )
    watts = pvsystem.pvwatts_dc(effective, cell, _W_PER_KW, _pv("temperature_coefficient")) * (1 - losses / 100)
    limit = _W_PER_KW / _pv("dc_ac_ratio") / _pv("inverter_efficiency")
    power: pd.Series = inverter.pvwatts(watts, limit, _pv("inverter_efficiency"))
    return float(power.sum()) / _W_PER_KW


def _pv(name: str) -> float:
    return parameters.value("pv", name)
