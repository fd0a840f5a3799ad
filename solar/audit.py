"""The self-audit: random roofs recomputed the long way, whole pvlib in double precision, with the same horizon.

It shares parameters, weather and horizons with the engine, but not the code that makes energy of them: positions of
the sun, Perez' sky at the plane itself, shade between rows and the electrical side come straight from pvlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import atmosphere, iam, inverter, irradiance, pvsystem, shading, solarposition, temperature

from data import parameters
from solar.engine import ROWS, CityYield
from solar.options import YieldOptions
from solar.scene import Scene
from solar.sun import SUNS_PER_HOUR, day_of_year
from solar.system import diffuse_iam
from solar.weather import Weather, one_year

_MINUTES: Final = (np.arange(SUNS_PER_HOUR) + 0.5) * 60 / SUNS_PER_HOUR - 30
_LOSSES: Final = ("soiling", "shading", "snow", "mismatch", "wiring", "connections", "lid", "age", "availability")
_SLANT: Final = (np.arange(2000) + 0.5) / 2000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class AuditError(ValueError):
    """Raised when a run differs from plain pvlib by more than ``audit_tolerance``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Light:
    """Sun and light at the positions of the lit hours, shape (positions,)."""

    hour: Ints
    zenith: Floats
    azimuth: Floats
    extra: Floats
    dni: Floats
    dhi: Floats
    lit: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plane:
    """One plane with its horizon: a roof has one or two."""

    tilt: float
    azimuth: float
    mounting: str
    ridge_gcr: float
    horizon: npt.NDArray[np.float32]


def self_audit(
    roofs: pd.DataFrame,
    found: CityYield,
    scene: Scene,
    cells: Sequence[Weather],
    *,
    weights: tuple[Ints, Floats] | None = None,
    options: YieldOptions | None = None,
    seed: int | None = None,
) -> pd.DataFrame:
    """Recompute a random sample of roofs, each in one random year of the weather.

    Parameters
    ----------
    roofs : pandas.DataFrame
        As `solar.roofs.design_roofs` gave it.
    found : CityYield
        What `solar.engine.city_yield` made of it, with the same further arguments.
    scene, cells, weights, options
        As given there.
    seed : int, optional
        Of the choice; without it, it follows from the yields, so that another run looks at other roofs and the same
        run at the same ones. ``audit_roofs`` of them, all that have capacity where there are fewer.

    Returns
    -------
    pandas.DataFrame
        On the index of the chosen roofs, in their order: ``year``, ``yield_kwh`` as given for it, ``audit_kwh`` [kWh]
        and ``relative_delta`` [1] of the yield against the audit, 0 where both are below a watt-hour a kilowatt.
    """
    chosen, year = _sample(roofs, found, crc32(found.yearly.to_numpy().tobytes()) if seed is None else seed)
    choice = options or YieldOptions()
    suns: dict[tuple[int, int], _Light] = {}
    audit = []
    for row, number in zip(chosen, year, strict=True):
        planes = _planes(roofs.iloc[row], scene.horizons(np.array([row]))[0])
        share = (np.zeros(1, dtype=np.int64), np.ones(1)) if weights is None else (weights[0][row], weights[1][row])
        energy = 0.0
        for cell, weight in zip(*share, strict=True):
            if (int(cell), number) not in suns:
                suns[int(cell), number] = _light(one_year(cells[cell], int(found.yearly.columns[number])))
            light = suns[int(cell), number]
            energy += weight * float(np.mean([_plane_yield(light, plane, choice) for plane in planes]))
        audit.append(energy * float(roofs["capacity_kw"].iloc[row]))
    given = np.array([found.yearly.iloc[row, number] for row, number in zip(chosen, year, strict=True)], dtype=float)
    check = np.array(audit, dtype=float)
    dark = np.maximum(given, check) <= _NOTHING * roofs["capacity_kw"].iloc[chosen].to_numpy()
    delta = np.divide(given, check, out=np.full(len(check), np.inf), where=check > 0) - 1
    table = {"year": found.yearly.columns[year], "yield_kwh": given, "audit_kwh": check}
    return pd.DataFrame(table | {"relative_delta": np.where(dark, 0.0, delta)}, index=roofs.index[chosen])


_NOTHING: Final = 1e-3


def require_agreement(audit: pd.DataFrame) -> None:
    """Refuse a run whose audit failed.

    Raises
    ------
    AuditError
        Naming the worst roof.
    """
    if audit.empty:
        return
    size = audit["relative_delta"].abs()
    limit = parameters.value("engine", "audit_tolerance")
    if not size.max() <= limit:
        worst = audit.iloc[int(size.to_numpy().argmax())]
        raise AuditError(
            f"self-audit: roof {worst.name} yields {worst['yield_kwh']:.1f} kWh, plain pvlib {worst['audit_kwh']:.1f}"
            f" kWh; {int((size > limit).sum())} of {len(audit)} roofs differ by more than {limit:g}"
        )


def _sample(roofs: pd.DataFrame, found: CityYield, seed: int) -> tuple[Ints, Ints]:
    active = np.flatnonzero(roofs["capacity_kw"].to_numpy() > 0)
    rng = np.random.default_rng(seed)
    count = min(int(parameters.value("engine", "audit_roofs")), len(active))
    chosen = np.sort(rng.choice(active, size=count, replace=False))
    return chosen, rng.integers(0, found.yearly.shape[1], size=count)


def _planes(roof: pd.Series, horizon: npt.NDArray[np.float32]) -> list[_Plane]:
    azimuths = [roof["surface_azimuth"], roof["second_azimuth"]]
    ridges = {"tilted_flat": roof["gcr"], "tilted_east_west": roof["gcr"] / 2}
    return [
        _Plane(
            tilt=float(roof["surface_tilt"]),
            azimuth=float(azimuth),
            mounting=str(roof["mounting"]),
            ridge_gcr=float(ridges[roof["mounting"]]) if roof["mounting"] in ROWS else 0.0,
            horizon=horizon[1:],
        )
        for azimuth in azimuths
        if not np.isnan(azimuth)
    ]


def _light(weather: Weather) -> _Light:
    hours = weather.hours
    lit = hours[hours[["ghi", "dni", "dhi"]].gt(0).any(axis=1)]
    moments = [lit.index + pd.Timedelta(minutes=float(minute)) for minute in _MINUTES]
    suns = [
        solarposition.get_solarposition(moment, weather.latitude, weather.longitude, weather.altitude_m)
        for moment in moments
    ]
    zenith, azimuth = (np.column_stack([sun[name] for sun in suns]) for name in ("apparent_zenith", "azimuth"))
    up = zenith < 90
    count = up.sum(axis=1, keepdims=True)
    extra = np.repeat(
        irradiance.get_extra_radiation(day_of_year(pd.DatetimeIndex(lit.index)))[:, np.newaxis], len(suns), axis=1
    )
    hour = np.nonzero(up)[0]
    brighter = np.where(up, len(suns) / np.maximum(count, 1), 0.0)
    beam, diffuse = (lit[name].to_numpy()[:, np.newaxis] * brighter for name in ("dni", "dhi"))
    return _Light(
        hour=hour,
        zenith=zenith[up],
        azimuth=azimuth[up],
        extra=extra[up],
        dni=np.minimum(beam, extra)[up],
        dhi=diffuse[up],
        lit=lit,
    )


def _plane_yield(light: _Light, plane: _Plane, choice: YieldOptions) -> float:
    """Return the AC energy of 1 kW of modules on one plane over the year [kWh]."""
    albedo = parameters.value("pv", "albedo")
    aoi = irradiance.aoi(plane.tilt, plane.azimuth, light.zenith, light.azimuth)
    elevation = np.radians(90 - light.zenith)
    clear = np.tan(elevation) > plane.horizon[:, np.mod(light.azimuth, 360).astype(int)]
    seen = clear.mean(axis=0) * (1 - _shaded(light, plane))
    beam = (light.dni * np.cos(np.radians(aoi))).clip(min=0)
    sky = _sky(light, plane, choice)
    direct = (beam + sky["circumsolar"]) * seen
    open_sky = sky["isotropic"] * _sky_left(plane) * _left_by_rows(plane)
    ground = light.lit["ghi"].to_numpy() * albedo * _ground_left(plane)

    def hourly(values: Floats) -> Floats:
        return np.bincount(light.hour, values, minlength=len(light.lit)) / SUNS_PER_HOUR

    part = diffuse_iam(plane.tilt) if choice.diffuse_glass else {}
    poa = hourly(direct + open_sky + sky["horizon"]) + ground
    passed = direct * iam.physical(aoi) + open_sky * part.get("sky", 1.0) + sky["horizon"] * part.get("horizon", 1.0)
    effective = (hourly(passed) + ground * part.get("ground", 1.0)).clip(min=0)
    return _alternating(poa, effective, light.lit, plane.mounting, choice)


def _shaded(light: _Light, plane: _Plane) -> Floats:
    if plane.ridge_gcr <= 0:
        return np.zeros(len(light.zenith))
    shaded = shading.shaded_fraction1d(
        light.zenith,
        light.azimuth,
        axis_azimuth=plane.azimuth - 90,
        shaded_row_rotation=plane.tilt,
        collector_width=1.0,
        pitch=1 / plane.ridge_gcr,
    )
    return np.asarray(shaded, dtype=float)


def _sky(light: _Light, plane: _Plane, choice: YieldOptions) -> dict[str, Floats]:
    """Return isotropic, circumsolar and horizon light on the plane at each position [W/m2]."""
    dhi, nothing = light.dhi, np.zeros_like(light.dhi)
    where = (light.zenith, light.azimuth)
    if choice.sky_model == "isotropic":
        return {"isotropic": irradiance.isotropic(plane.tilt, dhi), "circumsolar": nothing, "horizon": nothing}
    if choice.sky_model == "haydavies":
        parts = irradiance.haydavies(
            plane.tilt, plane.azimuth, dhi, light.dni, light.extra, *where, return_components=True
        )
        return {"isotropic": parts["poa_isotropic"], "circumsolar": parts["poa_circumsolar"], "horizon": nothing}
    airmass = atmosphere.get_relative_airmass(light.zenith)
    parts = irradiance.perez(
        plane.tilt, plane.azimuth, dhi, light.dni, light.extra, *where, airmass, return_components=True
    )
    return {name: np.where(dhi > 0, parts[f"poa_{name}"], 0.0) for name in ("isotropic", "circumsolar", "horizon")}


def _sky_left(plane: _Plane) -> float:
    """Return what the horizon leaves of the plane's own view of the sky, summed over azimuth in double precision."""
    slope = np.radians(plane.tilt)
    off = np.radians(np.arange(360) + 0.5 - plane.azimuth)
    own = np.arctan(np.maximum(-np.tan(slope) * np.cos(off), 0.0))

    def above(low: Floats) -> Floats:
        along = np.pi / 4 - low / 2 - np.sin(2 * low) / 4
        view: Floats = np.sin(slope) * np.cos(off) * along + np.cos(slope) * np.cos(low) ** 2 / 2
        return view

    left = [above(np.maximum(np.arctan(point.astype(float)), own)).sum() for point in plane.horizon]
    return float(np.mean(left) / above(own).sum())


def _ground_left(plane: _Plane) -> float:
    """Return the plane's view of reflecting ground, between rows that of the part that lies under no row."""
    slope = np.radians(plane.tilt)
    if plane.ridge_gcr <= 0:
        return float((1 - np.cos(slope)) / 2)
    pitch = 1 / plane.ridge_gcr
    below = np.degrees(np.arctan2(_SLANT * np.sin(slope), pitch + _SLANT * np.cos(slope)))
    view = (1 - np.cos(slope - np.radians(below))) / 2
    return float(view.mean() * max(1 - plane.ridge_gcr * np.cos(slope), 0.0))


def _left_by_rows(plane: _Plane) -> float:
    if plane.ridge_gcr <= 0:
        return 1.0
    slope = np.radians(plane.tilt)
    psi = np.radians(shading.masking_angle(plane.tilt, plane.ridge_gcr, _SLANT))
    return float(((1 + np.cos(slope + psi)) / (1 + np.cos(slope))).mean())


def _cell(poa: Floats, lit: pd.DataFrame, mounting: str, model: str) -> Floats:
    weather = (poa, lit["temp_air"].to_numpy(), lit["wind_speed"].to_numpy())
    if model == "sapm":
        names = {"a": "a", "b": "b", "deltaT": "delta_t"}
        thermal = {key: parameters.value("pv", f"sapm_{name}_{mounting}") for key, name in names.items()}
        return np.asarray(temperature.sapm_cell(*weather, **thermal), dtype=float)
    cell = temperature.noct_sam(
        *weather,
        parameters.value("pv", f"noct_{mounting}"),
        parameters.value("pv", "module_w_m2") / 1000,
        transmittance_absorptance=parameters.value("pv", "transmittance_absorptance"),
    )
    return np.asarray(cell, dtype=float)


def _alternating(poa: Floats, effective: Floats, lit: pd.DataFrame, mounting: str, choice: YieldOptions) -> float:
    cell = _cell(poa, lit, mounting, choice.temperature_model)
    percent = {name: parameters.value("pv", f"loss_{name}") for name in _LOSSES}
    losses = pvsystem.pvwatts_losses(nameplate_rating=parameters.value("pv", "loss_nameplate"), **percent)
    dc = pvsystem.pvwatts_dc(effective, cell, 1.0, parameters.value("pv", "temperature_coefficient"))
    efficiency = parameters.value("pv", "inverter_efficiency")
    limit = 1 / parameters.value("pv", "dc_ac_ratio") / efficiency
    return float(inverter.pvwatts(dc * (1 - losses / 100), limit, efficiency).sum())
