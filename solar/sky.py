"""The sky of one weather cell as the few scalars an hour that the irradiance of every plane is linear in.

On a plane of tilt β whose normal makes the angle θ with the sun, Perez' sky (1990, doi:10.1016/0038-092X(90)90055-H)
is isotropic·(1 + cos β)/2 + circumsolar·cos θ + horizon·sin β; Hay–Davies and the isotropic sky are the same with
fewer terms. Circumsolar light comes from the sun's direction and is added to the beam. So an hour is two diffuse
numbers and, for each of its sun positions, one number for all light from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import atmosphere, irradiance

from solar.sun import SUNS_PER_HOUR, extra_radiation, sub_hour_positions
from solar.weather import Weather

SkyModel = Literal["perez", "haydavies", "isotropic"]
MODELS: Final = get_args(SkyModel)
_PROBE_DEG: Final = 30.0
"""Tilt at which the horizon term is read off: steep enough to have one, too flat for the sky to sum below 0."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sky:
    """The lit hours of a weather, shape (hours,), and their sun positions above the horizon, shape (positions,).

    Attributes
    ----------
    row : ndarray
        Place of the hour in the weather's table.
    slot : ndarray
        Month of the hour, twelve for each year that the weather holds: 0 … `slots` − 1.
    first : ndarray, shape (hours + 1,)
        Positions of hour h are ``first[h]`` up to ``first[h + 1]``.
    azimuth : ndarray
        Of the sun [deg clockwise from north].
    east, north, up : ndarray
        Unit vector to the sun.
    direct : ndarray
        Beam and circumsolar irradiance normal to the sun, times the position's part of the hour [W/m2].
    isotropic, horizon, ghi : ndarray
        Isotropic and horizon part of the diffuse sky, and what the ground reflects [W/m2].
    temp_air, wind_speed : ndarray
        [degC], [m/s].
    """

    row: Ints
    slot: Ints
    slots: int
    first: Ints
    azimuth: Floats
    east: Floats
    north: Floats
    up: Floats
    direct: Floats
    isotropic: Floats
    horizon: Floats
    ghi: Floats
    temp_air: Floats
    wind_speed: Floats

    @property
    def years(self) -> int:
        """How many years the slots are."""
        return self.slots // 12

    @property
    def tangent(self) -> Floats:
        """Tangent of the sun's elevation at each position."""
        flat: Floats = self.up / np.hypot(self.east, self.north)
        return flat


def sky_of(weather: Weather, *, model: SkyModel = "perez", suns_per_hour: int = SUNS_PER_HOUR) -> Sky:
    """Return the sky of a weather.

    Beam and diffuse light of an hour are spread evenly over those of its positions that are above the horizon, so the
    hours of sunrise and sunset keep their energy; the beam never exceeds the extraterrestrial irradiance.

    Parameters
    ----------
    weather : Weather
        Whole years.
    model : {"perez", "haydavies", "isotropic"}
        Of the diffuse sky.
    suns_per_hour : int
        Positions of the sun an hour.

    Raises
    ------
    ValueError
        If a value of the weather is not a number, or the model is none of these.
    """
    if model not in MODELS:
        raise ValueError(f"sky model {model!r} is none of {', '.join(MODELS)}")
    hours = weather.hours
    if hours.isna().any(axis=None):
        raise ValueError("a value of the weather is not a number")
    row = np.flatnonzero(hours[["ghi", "dni", "dhi"]].gt(0).any(axis=1).to_numpy())
    lit = hours.iloc[row]
    index = pd.DatetimeIndex(lit.index)
    place = {name: getattr(weather, name) for name in ("longitude", "latitude", "altitude_m")}
    zenith, azimuth = sub_hour_positions(index, per_hour=suns_per_hour, **place)
    risen = zenith < 90
    there = risen.sum(axis=1)
    extra = np.broadcast_to(extra_radiation(index)[:, np.newaxis], zenith.shape)
    # an hour's mean spread over the part of it that has sun
    brighter = (suns_per_hour / np.maximum(there, 1))[:, np.newaxis]
    beam = np.minimum(lit["dni"].to_numpy()[:, np.newaxis] * brighter, extra)
    diffuse = np.broadcast_to(lit["dhi"].to_numpy()[:, np.newaxis] * brighter, zenith.shape)
    parts = _diffuse_parts(model, zenith[risen], azimuth[risen], beam[risen], diffuse[risen], extra[risen])
    owner = np.nonzero(risen)[0]
    # by rank, for a file may lack a year between others
    year = np.searchsorted(weather.year_list, index.year)
    return Sky(
        row=row,
        slot=(year * 12 + index.month.to_numpy() - 1).astype(np.int64),
        slots=12 * weather.years,
        first=np.concatenate([[0], np.cumsum(there)]).astype(np.int64),
        azimuth=np.mod(azimuth[risen], 360),
        **_direction(zenith[risen], azimuth[risen]),
        direct=(beam[risen] + parts["circumsolar"]) / suns_per_hour,
        isotropic=np.bincount(owner, parts["isotropic"] / suns_per_hour, minlength=len(row)).astype(float),
        horizon=np.bincount(owner, parts["horizon"] / suns_per_hour, minlength=len(row)).astype(float),
        **{name: lit[name].to_numpy(dtype=float) for name in ("ghi", "temp_air", "wind_speed")},
    )


def _direction(zenith: Floats, azimuth: Floats) -> dict[str, Floats]:
    flat, turn = np.sin(np.radians(zenith)), np.radians(azimuth)
    return {"east": flat * np.sin(turn), "north": flat * np.cos(turn), "up": np.cos(np.radians(zenith))}


def _diffuse_parts(
    model: SkyModel, zenith: Floats, azimuth: Floats, dni: Floats, dhi: Floats, extra: Floats
) -> dict[str, Floats]:
    """Return isotropic [W/m2], circumsolar normal to the sun [W/m2] and horizon part [W/m2] at each position.

    They are read off pvlib's own models: at tilt 0 the sky is isotropic + circumsolar·cos θ, and at a probe tilt
    that faces the sun the horizon part stands alone.
    """
    nothing = np.zeros_like(dhi)
    if model == "isotropic":
        return {"isotropic": dhi.copy(), "circumsolar": nothing, "horizon": nothing}
    up = np.cos(np.radians(zenith))
    if model == "haydavies":
        flat = irradiance.haydavies(0.0, 180.0, dhi, dni, extra, zenith, azimuth, return_components=True)
        return {
            "isotropic": flat["poa_isotropic"],
            "circumsolar": flat["poa_circumsolar"] / up,
            "horizon": nothing,
        }
    sky = {
        tilt: irradiance.perez(
            tilt,
            azimuth,
            dhi,
            dni,
            extra,
            zenith,
            azimuth,
            atmosphere.get_relative_airmass(zenith),
            return_components=True,
        )
        for tilt in (0.0, _PROBE_DEG)
    }
    # without diffuse light Perez' clearness is not defined, and there is no sky part
    some = dhi > 0
    return {
        "isotropic": np.where(some, sky[0.0]["poa_isotropic"], 0.0),
        "circumsolar": np.where(some, sky[0.0]["poa_circumsolar"] / up, 0.0),
        "horizon": np.where(some, sky[_PROBE_DEG]["poa_horizon"] / np.sin(np.radians(_PROBE_DEG)), 0.0),
    }
