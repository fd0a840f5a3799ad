"""The kernel's work in plain NumPy and pvlib, double precision, one plane at a time: what the kernel is held against.

It starts from the same sky and shares none of the kernel's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import iam, inverter, irradiance, pvsystem, temperature

from data import parameters
from solar.sky import Sky
from solar.system import System, TemperatureModel, diffuse_iam

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """One plane of panels with what stands round it.

    Attributes
    ----------
    surface_tilt, surface_azimuth : float
        [deg], azimuth clockwise from north.
    mounting : str
        Names the temperature parameters in ``pv.csv``.
    ridge_gcr : float
        Length of the slope over the distance to the row in front [1], 0 without one.
    horizon : ndarray, shape (points, 360)
        Tangents at azimuth k + 0.5°: the first row of the terrain alone, the others of each point.
    sky_view : tuple of float
        Share of the sky that terrain leaves, and that terrain and buildings leave [1].
    """

    surface_tilt: float
    surface_azimuth: float
    mounting: str
    ridge_gcr: float = 0.0
    horizon: npt.NDArray[np.floating] = field(default_factory=lambda: np.zeros((2, 360)))
    sky_view: tuple[float, float] = (1.0, 1.0)


def plane_hours(
    sky: Sky,
    plane: Plane,
    given: System,
    *,
    diffuse_glass: bool = True,
    temperature_model: TemperatureModel = "noct",
) -> pd.DataFrame:
    """Return irradiance and power of a plane at each lit hour, for 1 kW of modules.

    Parameters
    ----------
    sky : Sky
        Of its weather cell.
    plane : Plane
        What is looked at.
    given : System
        The electrical side.
    diffuse_glass : bool
        Whether diffuse light loses its part to reflection too; PVWatts 5 leaves it out.

    temperature_model : {"noct", "sapm"}
        Of the cells.

    Returns
    -------
    pandas.DataFrame
        ``plane``, ``terrain``, ``buildings``, ``poa_global``, ``effective`` [W/m2], ``temp_cell`` [degC],
        ``dc_kw`` before the losses, ``unclipped_kw`` and ``ac_kw`` [kW].
    """
    tilt, azimuth = plane.surface_tilt, plane.surface_azimuth
    owner = np.repeat(np.arange(len(sky.row)), np.diff(sky.first))
    zenith = np.degrees(np.arccos(sky.up.clip(-1, 1)))
    aoi = irradiance.aoi(tilt, azimuth, zenith, sky.azimuth)
    cosine = np.cos(np.radians(aoi)).clip(min=0)
    clear = sky.tangent > plane.horizon[:, sky.azimuth.astype(int) % 360]
    seen = clear[1:].mean(axis=0)
    front = np.minimum(cosine, sky.up / plane.ridge_gcr) if plane.ridge_gcr > 0 else cosine

    def hourly(light: Floats) -> Floats:
        return np.bincount(owner, light, minlength=len(sky.row)).astype(float)

    albedo = parameters.value("pv", "albedo")
    ground = irradiance.get_ground_diffuse(tilt, sky.ghi, albedo)
    between = sky.ghi * albedo * _row_ground(tilt, plane.ridge_gcr) if plane.ridge_gcr > 0 else ground
    horizon = sky.horizon * np.sin(np.radians(tilt))
    own = irradiance.isotropic(tilt, sky.isotropic)
    shares = (1.0, *plane.sky_view, plane.sky_view[1] * _row_share(tilt, plane.ridge_gcr))
    beams = (cosine, cosine * clear[0], cosine * seen, front * seen)
    reflected = (ground, ground, ground, between)
    poa = [
        hourly(sky.direct * beam) + own * share + horizon + below
        for beam, share, below in zip(beams, shares, reflected, strict=True)
    ]
    passed = diffuse_iam(tilt) if diffuse_glass else dict.fromkeys(("sky", "horizon", "ground"), 1.0)
    effective = hourly(sky.direct * beams[3] * iam.physical(aoi)) + own * shares[3] * passed["sky"]
    effective = np.maximum(effective + horizon * passed["horizon"] + between * passed["ground"], 0.0)
    cell = _cell(poa[3], sky, plane.mounting, temperature_model)
    dc = pvsystem.pvwatts_dc(effective, cell, 1.0, given.temperature_coefficient)
    return pd.DataFrame(
        dict(zip(("plane", "terrain", "buildings", "poa_global"), poa, strict=True))
        | {"effective": effective, "temp_cell": cell, "dc_kw": dc, "unclipped_kw": given.unclipped(dc * given.kept)}
        | {"ac_kw": inverter.pvwatts(dc * given.kept, given.dc_limit, given.efficiency)}
    )


_SAPM = {"a": "a", "b": "b", "deltaT": "delta_t"}


def _cell(poa: Floats, sky: Sky, mounting: str, model: TemperatureModel) -> Floats:
    if model == "sapm":
        sapm = {key: parameters.value("pv", f"sapm_{name}_{mounting}") for key, name in _SAPM.items()}
        return np.asarray(temperature.sapm_cell(poa, sky.temp_air, sky.wind_speed, **sapm), dtype=float)
    cell = temperature.noct_sam(
        poa,
        sky.temp_air,
        sky.wind_speed,
        noct=parameters.value("pv", f"noct_{mounting}"),
        module_efficiency=parameters.value("pv", "module_w_m2") / 1000,
        transmittance_absorptance=parameters.value("pv", "transmittance_absorptance"),
    )
    return np.asarray(cell, dtype=float)


def _row_ground(tilt: float, ridge_gcr: float) -> float:
    """Return a row's mean view of the ground up to the foot of the row in front, times what of it lies under no row."""
    slope = np.radians(tilt)
    x = (np.arange(20_000) + 0.5) / 20_000
    distance = 1 / ridge_gcr
    to_foot = np.hypot(distance + x * np.cos(slope), x * np.sin(slope))
    view = (1 - (distance * np.cos(slope) + x) / to_foot) / 2
    return float(view.mean() * max(1 - ridge_gcr * np.cos(slope), 0.0))


def _row_share(tilt: float, ridge_gcr: float) -> float:
    """Return what the row in front leaves of a row's own view of the isotropic sky, by summing over its slope.

    At the share x of the slope, counted from below, the front row's upper edge hides the sky below the masking angle
    ψ: the view factor is (1 + cos(β + ψ))/2 there (Passias & Källbäck 1984, doi:10.1016/0379-6787(84)90017-6).
    """
    if ridge_gcr <= 0:
        return 1.0
    slope = np.radians(tilt)
    x = (np.arange(20_000) + 0.5) / 20_000
    psi = np.arctan2((1 - x) * np.sin(slope), 1 / ridge_gcr - (1 - x) * np.cos(slope))
    return float(((1 + np.cos(slope + psi)) / (1 + np.cos(slope))).mean())
