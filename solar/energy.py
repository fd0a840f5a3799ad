"""Energy of roofs: hourly pvlib by orientation class, then every roof by interpolation between classes.

Sun at the mid-point of each hour (SPA), Perez sky (1990 coefficients), physical incidence-angle losses for the
beam and, after Marion (2017, doi:10.1016/j.solener.2017.03.027), for the diffuse parts, SAPM cell temperature
of the mounting, PVWatts DC, losses and inverter with clipping (Dobos 2014, doi:10.2172/1158421). The yield of a
plane is smooth in its azimuth: nodes every 5° and cubic interpolation stay within 0.01 % of the direct way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import atmosphere, iam, inverter, irradiance, pvsystem, temperature
from pvlib.tools import cosd

from data import parameters
from solar.roofs import NO_MOUNTING
from solar.sun import extra_radiation, sun_position
from solar.weather import Weather

MONTHS: Final = tuple(f"m{month:02d}_kwh" for month in range(1, 13))
NODE_DEG: Final = 5
_NODES: Final = 360 // NODE_DEG
_W_PER_KW: Final = 1000.0
_LOSSES: Final = ("soiling", "shading", "snow", "mismatch", "wiring", "connections", "lid", "age", "availability")

Floats = npt.NDArray[np.float64]
Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class SolarHours:
    """The lit hours of a weather with what all planes share, shape (hours,); `years` they are spread over."""

    month: npt.NDArray[np.int64]
    years: int
    zenith: Floats
    azimuth: Floats
    airmass: Floats
    dni_extra: Floats
    ghi: Floats
    dni: Floats
    dhi: Floats
    temp_air: Floats
    wind_speed: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _System:
    """One kilowatt of modules with its inverter."""

    a: float
    b: float
    delta_t: float
    temperature_coefficient: float
    loss: float
    inverter_dc: float
    inverter_efficiency: float
    albedo: float


def solar_hours(weather: Weather) -> SolarHours:
    """Return sun, air mass and irradiance at every hour of `weather` that has light."""
    hours = weather.hours
    index = pd.DatetimeIndex(hours.index)
    lit = hours[["ghi", "dni", "dhi"]].gt(0).any(axis=1).to_numpy()
    place = {name: getattr(weather, name) for name in ("longitude", "latitude", "altitude_m")}
    zenith, azimuth = sun_position(index[lit], **place)
    return SolarHours(
        month=index[lit].month.to_numpy(dtype=np.int64),
        years=weather.years,
        zenith=zenith,
        azimuth=azimuth,
        airmass=atmosphere.get_relative_airmass(zenith),
        dni_extra=extra_radiation(index[lit]),
        **{name: hours[name].to_numpy(dtype=float)[lit] for name in ("ghi", "dni", "dhi", "temp_air", "wind_speed")},
    )


def hourly_power(
    sun: SolarHours, *, surface_tilt: float, surface_azimuth: float, mounting: str, diffuse_iam: bool = True
) -> pd.DataFrame:
    """Return irradiance and power of one plane at each lit hour, for 1 kW of modules.

    Parameters
    ----------
    sun : SolarHours
        As `solar_hours` gives it.
    surface_tilt, surface_azimuth : float
        Of the plane [deg], azimuth clockwise from north.
    mounting : str
        Names the temperature parameters in ``pv.csv``.
    diffuse_iam : bool
        Whether reflection takes its part of the diffuse light too; PVWatts 5 leaves it out.

    Returns
    -------
    pandas.DataFrame
        Columns ``poa_global`` [W/m2], ``temp_cell`` [degC] and ``ac_kw`` [kW per kW of modules].
    """
    system = _system(mounting)
    poa, effective = _plane(sun, surface_tilt, surface_azimuth, system.albedo, diffuse_iam=diffuse_iam)
    cell = temperature.sapm_cell(poa, sun.temp_air, sun.wind_speed, system.a, system.b, system.delta_t)
    dc = pvsystem.pvwatts_dc(effective, cell, 1.0, system.temperature_coefficient) * (1 - system.loss / 100)
    ac = inverter.pvwatts(dc, system.inverter_dc, system.inverter_efficiency)
    return pd.DataFrame({"poa_global": poa, "temp_cell": cell, "ac_kw": ac})


def _system(mounting: str) -> _System:
    def pv(name: str) -> float:
        return parameters.value("pv", name)

    losses = {name: pv(f"loss_{name}") for name in _LOSSES}
    efficiency = pv("inverter_efficiency")
    return _System(
        a=pv(f"sapm_a_{mounting}"),
        b=pv(f"sapm_b_{mounting}"),
        delta_t=pv(f"sapm_delta_t_{mounting}"),
        temperature_coefficient=pv("temperature_coefficient"),
        loss=float(pvsystem.pvwatts_losses(nameplate_rating=pv("loss_nameplate"), **losses)),
        inverter_dc=1 / pv("dc_ac_ratio") / efficiency,
        inverter_efficiency=efficiency,
        albedo=pv("albedo"),
    )


def _plane(sun: SolarHours, tilt: float, azimuth: float, albedo: float, *, diffuse_iam: bool) -> tuple[Floats, Floats]:
    """Return the irradiance on a plane and what of it passes the glass [W/m2]."""
    aoi = irradiance.aoi(tilt, azimuth, sun.zenith, sun.azimuth)
    beam = np.maximum(sun.dni * cosd(aoi), 0.0)
    with np.errstate(invalid="ignore"):
        sky = irradiance.perez(
            tilt, azimuth, sun.dhi, sun.dni, sun.dni_extra, sun.zenith, sun.azimuth, sun.airmass, return_components=True
        )
    # without diffuse light Perez' clearness is not defined, and there is no sky part
    isotropic, circumsolar, horizon = (
        np.where(sun.dhi > 0, sky[f"poa_{part}"], 0.0) for part in ("isotropic", "circumsolar", "horizon")
    )
    ground = irradiance.get_ground_diffuse(tilt, sun.ghi, albedo)
    through = iam.physical(aoi)
    poa = beam + isotropic + circumsolar + horizon + ground
    if not diffuse_iam:
        return poa, poa - beam * (1 - through)
    part = _diffuse_iam(tilt)
    effective = (beam + circumsolar) * through + isotropic * part["sky"] + horizon * part["horizon"]
    return poa, np.maximum(effective + ground * part["ground"], 0.0)


@lru_cache(maxsize=128)
def _diffuse_iam(tilt: float) -> dict[str, float]:
    """Return what passes the glass of light from sky, horizon and ground: it depends on the tilt alone."""
    return {part: float(share) for part, share in iam.marion_diffuse("physical", tilt).items()}


def class_yields(
    weather: Weather,
    *,
    surface_tilt: npt.ArrayLike,
    surface_azimuth: npt.ArrayLike,
    mounting: str,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return monthly yield and annual irradiation of planes, computed hour by hour.

    Parameters
    ----------
    weather : Weather
        Whole years; the result is their mean.
    surface_tilt, surface_azimuth : array_like, shape (classes,)
        Of the planes [deg].
    mounting : str
        ``flush_metal``, ``tilted_flat`` or ``pitched_south``.
    progress : callable, optional
        Called with the share done.

    Returns
    -------
    pandas.DataFrame, shape (classes, 13)
        ``poa_kwh_m2`` [kWh/m2 a year] and ``m01_kwh`` … ``m12_kwh`` [kWh per kW of modules].
    """
    sun = solar_hours(weather)
    planes = np.broadcast_arrays(np.atleast_1d(surface_tilt), np.atleast_1d(surface_azimuth))
    rows = []
    for number, (tilt, azimuth) in enumerate(zip(*planes, strict=True), start=1):
        rows.append(_year(sun, float(tilt), float(azimuth), mounting))
        if progress is not None:
            progress(number / len(planes[0]))
    return pd.DataFrame(np.array(rows).reshape(-1, 13), columns=["poa_kwh_m2", *MONTHS])


def _year(sun: SolarHours, tilt: float, azimuth: float, mounting: str) -> Floats:
    power = hourly_power(sun, surface_tilt=tilt, surface_azimuth=azimuth, mounting=mounting)
    monthly = np.bincount(sun.month, power["ac_kw"], minlength=13)[1:]
    return np.concatenate([[power["poa_global"].sum() / _W_PER_KW], monthly]) / sun.years


def annual_yield(roofs: pd.DataFrame, weather: Weather, *, progress: Progress | None = None) -> pd.DataFrame:
    """Return what each roof yields in a mean year, without shade of buildings or terrain.

    Parameters
    ----------
    roofs : pandas.DataFrame
        As `solar.roofs.design_roofs` gives it.
    weather : Weather
        Whole years; the result is their mean.
    progress : callable, optional
        Called with the share done.

    Returns
    -------
    pandas.DataFrame
        On the index of `roofs`: ``yield_kwh`` [kWh], ``specific_yield_kwh_kw`` [kWh/kW], ``poa_kwh_m2``
        [kWh/m2 on the panels], ``m01_kwh`` … ``m12_kwh`` [kWh]. A roof without capacity yields 0 kWh, and its
        specific yield and irradiation are NaN. The two halves of a two-sloped roof count half each, with an
        inverter each.

    Raises
    ------
    ValueError
        If a capacity, an angle of a roof with capacity, or a value of the weather is NaN.
    """
    sun = solar_hours(weather)
    capacity = roofs["capacity_kw"].to_numpy(dtype=float)
    active = (capacity > 0) & (roofs["mounting"] != NO_MOUNTING).to_numpy()
    unit = np.full((len(roofs), 13), np.nan)
    mounting, tilt = roofs["mounting"].to_numpy(dtype=str), roofs["surface_tilt"].to_numpy(dtype=float)
    first, second = (roofs[name].to_numpy(dtype=float) for name in ("surface_azimuth", "second_azimuth"))
    second = np.where(np.isnan(second), first, second)
    if np.isnan(capacity).any() or np.isnan([tilt[active], first[active]]).any():
        raise ValueError("a roof's capacity, or the tilt or azimuth of one with capacity, is not a number")
    groups = sorted(set(zip(mounting[active], tilt[active], strict=True)))
    for number, (kind, slope) in enumerate(groups, start=1):
        rows = np.flatnonzero(active & (mounting == kind) & (tilt == slope))
        both = _interpolated(sun, np.concatenate([first[rows], second[rows]]), float(slope), str(kind))
        unit[rows] = (both[: len(rows)] + both[len(rows) :]) / 2
        if progress is not None:
            progress(number / len(groups))
    if np.isnan(unit[active]).any():
        raise ValueError("a value of the weather is not a number")
    return _totals(unit, np.where(active, capacity, 0.0), roofs.index)


def _totals(unit: Floats, capacity: Floats, index: pd.Index) -> pd.DataFrame:
    # without capacity the specific yield is not defined, but the yield is: nothing
    monthly = np.where(capacity[:, np.newaxis] > 0, unit[:, 1:] * capacity[:, np.newaxis], 0.0)
    result = pd.DataFrame(
        {
            "yield_kwh": monthly.sum(axis=1),
            "specific_yield_kwh_kw": unit[:, 1:].sum(axis=1),
            "poa_kwh_m2": unit[:, 0],
        },
        index=index,
    )
    return result.join(pd.DataFrame(monthly, columns=list(MONTHS), index=index))


def _interpolated(sun: SolarHours, azimuth: Floats, tilt: float, mounting: str) -> Floats:
    """Return the rows of `_year` at any azimuth, shape (azimuths, 13), by cubic Lagrange between nodes.

    Only nodes with a weight are computed: rows that all face south cost one of them.
    """
    position = np.mod(azimuth, 360) / NODE_DEG
    base = np.floor(position + 1e-9).astype(np.int64)
    t = (position - base).clip(min=0)
    t = np.where(t < 1e-9, 0.0, t)
    nodes = (base[:, np.newaxis] + np.arange(-1, 3)) % _NODES
    weights = np.column_stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ]
    )
    table = np.zeros((_NODES, 13))
    for node in np.unique(nodes[weights != 0]):
        table[node] = _year(sun, tilt, float(node * NODE_DEG), mounting)
    values: Floats = np.einsum("nk,nkm->nm", weights, table[nodes])
    return values


def result_notes(roofs: pd.DataFrame, weather: Weather) -> tuple[str, ...]:
    """Return the text keys of what a reader of the yields has to know."""
    assumed = ("solar.note.assumed_roof_kind",) if roofs["assumed"].any() else ()
    return ("solar.note.no_shading", *assumed, *weather.notes)
