"""A typical year of hours made from twelve monthly means: deterministic, its monthly sums kept.

Clearness indices after `solar.clearness`; the hourly diffuse fraction after Erbs, Klein & Duffie (1982,
doi:10.1016/0038-092X(82)90302-4), bent by one exponent a month until the monthly diffuse sum is the measured
one; temperature after `solar.diurnal`. Nothing exceeds the cleanest clear sky of Ineichen & Perez (2002,
doi:10.1016/S0038-092X(02)00045-2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import atmosphere, clearsky, irradiance
from scipy.optimize import brentq

from data import parameters
from solar.clearness import daily_clearness, hourly_clearness
from solar.diurnal import hourly_temperature
from solar.sun import cosine, day_of_year, extra_radiation, mean_cosine, sun_position

TYPICAL_YEAR: Final = 2021
"""Calendar that typical hours are written in: any year without a leap day would do."""
TIME_ZONE: Final = "Asia/Shanghai"
SEED: Final = 53519
"""Fixed, so that every run on every machine gets the same year."""
_HOURS: Final = 24
_W_PER_KW: Final = 1000
_STEEPEST: Final = 50.0

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a year is made for: degrees east and north, metres above the sea."""

    longitude: float
    latitude: float
    altitude_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sky:
    """Sun and clean clear sky at the mid-point of each hour, shape (hours,); irradiances in W/m2."""

    index: pd.DatetimeIndex
    month: Ints
    zenith: Floats
    cos_zenith: Floats
    extra_horizontal: Floats
    clear_ghi: Floats
    clear_dni: Floats


def station_place() -> Place:
    """Return the mean position of the stations of ``climate_solar.csv``."""
    rows = parameters.table("climate_solar").drop_duplicates("station")
    mean = rows[["longitude", "latitude", "altitude_m"]].astype(float).mean()
    return Place(longitude=mean["longitude"], latitude=mean["latitude"], altitude_m=mean["altitude_m"])


def monthly_means() -> pd.DataFrame:
    """Return the city's monthly means, the mean of its stations.

    Returns
    -------
    pandas.DataFrame
        Index ``month`` 1 to 12; columns ``ghi_kwh_m2``, ``dhi_kwh_m2`` [kWh/m2] and ``temp_air`` [degC].
    """
    solar = parameters.table("climate_solar").astype({"month": int, "ghi_kwh_m2": float, "dhi_kwh_m2": float})
    warmth = parameters.table("climate_temperature").astype({"month": int, "temp_air": float})
    means = solar.groupby("month")[["ghi_kwh_m2", "dhi_kwh_m2"]].mean()
    return means.assign(temp_air=warmth.set_index("month")["temp_air"])


def synthetic_year(means: pd.DataFrame, place: Place, *, seed: int = SEED) -> pd.DataFrame:
    """Return 8,760 hours whose monthly GHI, DHI and air temperature are those of `means`.

    Parameters
    ----------
    means : pandas.DataFrame
        As `monthly_means` gives it.
    place : Place
        Position that the year is made for.
    seed : int
        Of the order of days and of the hourly scatter; no monthly value depends on it.

    Returns
    -------
    pandas.DataFrame
        Index: mid-points of the hours, Asia/Shanghai. Columns ``ghi``, ``dni``, ``dhi`` [W/m2] with
        GHI = DNI·cosZ + DHI for the hour's mean of cosZ, and ``temp_air`` [degC].

    Raises
    ------
    ValueError
        If a month has more GHI than the cleanest sky gives, or a diffuse sum that no split reaches.
    """
    sky = _sky(place)
    ghi_sums = means["ghi_kwh_m2"].to_numpy(float) * _W_PER_KW
    dhi_sums = means["dhi_kwh_m2"].to_numpy(float) * _W_PER_KW
    _require_below(ghi_sums, np.bincount(sky.month, sky.clear_ghi)[1:].astype(np.float64))
    monthly_kt = ghi_sums / np.bincount(sky.month, sky.extra_horizontal)[1:]
    ghi = _global(ghi_sums, monthly_kt, sky, np.random.Generator(np.random.PCG64(seed)))
    dhi = _diffuse(dhi_sums, ghi, sky)
    mean_up = mean_cosine(sky.index, longitude=place.longitude, latitude=place.latitude, altitude_m=place.altitude_m)
    dni = np.divide(ghi - dhi, mean_up, out=np.zeros_like(ghi), where=mean_up > 0)
    warmth = hourly_temperature(sky.index, means["temp_air"].to_numpy(float), monthly_kt, longitude=place.longitude)
    return pd.DataFrame({"ghi": ghi, "dni": dni, "dhi": dhi, "temp_air": warmth}, index=sky.index)


def _require_below(sums: Floats, clear: Floats) -> None:
    too_bright = np.flatnonzero(~(sums < clear)) + 1
    if len(too_bright):
        raise ValueError(f"months {too_bright.tolist()} have more irradiation than the cleanest sky gives")


def _sky(place: Place) -> _Sky:
    index = pd.date_range(f"{TYPICAL_YEAR}-01-01 00:30", periods=365 * _HOURS, freq="h", tz=TIME_ZONE)
    zenith, _ = sun_position(index, longitude=place.longitude, latitude=place.latitude, altitude_m=place.altitude_m)
    extra = extra_radiation(index)
    cos_zenith = cosine(zenith)
    clear_ghi, clear_dni = np.zeros_like(extra), np.zeros_like(extra)
    up = cos_zenith > 0
    clear_ghi[up], clear_dni[up] = _cleanest(zenith[up], extra[up], place.altitude_m)
    return _Sky(
        index=index,
        month=index.month.to_numpy(dtype=np.int64),
        zenith=zenith,
        cos_zenith=cos_zenith,
        extra_horizontal=extra * cos_zenith,
        clear_ghi=np.minimum(clear_ghi, extra * cos_zenith),
        clear_dni=np.minimum(clear_dni, extra),
    )


def _cleanest(zenith: Floats, extra: Floats, altitude_m: float) -> tuple[Floats, Floats]:
    """Return GHI and DNI [W/m2] of the cleanest clear sky while the sun is up."""
    airmass = atmosphere.get_absolute_airmass(atmosphere.get_relative_airmass(zenith), atmosphere.alt2pres(altitude_m))
    turbidity = parameters.value("pv", "clean_sky_linke_turbidity")
    clear = clearsky.ineichen(zenith, airmass, turbidity, altitude_m, extra)
    return clear["ghi"], clear["dni"]


def _global(sums: Floats, monthly_kt: Floats, sky: _Sky, rng: np.random.Generator) -> Floats:
    """Return GHI of each hour [W/m2] with the monthly `sums` [Wh/m2], nowhere above the clear sky."""
    by_day = (-1, _HOURS)
    extra = sky.extra_horizontal.reshape(by_day)
    clear = np.divide(sky.clear_ghi.reshape(by_day), extra, out=np.zeros_like(extra), where=extra > 0)
    days = daily_clearness(monthly_kt, sky.month[::_HOURS], rng)
    shape = (hourly_clearness(days, sky.cos_zenith.reshape(by_day), clear, rng) * extra).ravel()
    ghi = np.empty_like(shape)
    for number, total in enumerate(sums, start=1):
        hours = sky.month == number
        ghi[hours] = scaled_under(total, shape[hours], sky.clear_ghi[hours])
    return ghi


def scaled_under(total: float, shape: Floats, bound: Floats) -> Floats:
    """Return min(s·shape, bound) with the one factor s that gives the sum `total`.

    Raises
    ------
    ValueError
        If `bound` itself, where `shape` is above zero, does not reach `total`.
    """
    room = bound[shape > 0].sum()
    if total > room:
        raise ValueError(f"a sum of {total:.0f} does not fit under a bound of {room:.0f}")
    full = np.zeros(shape.shape, dtype=bool)
    while True:
        factor = (total - bound[full].sum()) / max(shape[~full].sum(), np.finfo(float).tiny)
        more = ~full & (factor * shape > bound)
        if not more.any():
            return np.where(full, bound, factor * shape)
        full |= more


def _diffuse(sums: Floats, ghi: Floats, sky: _Sky) -> Floats:
    """Return DHI of each hour [W/m2] with the monthly `sums` [Wh/m2]: Erbs' fraction, bent month by month."""
    erbs = irradiance.erbs(ghi, sky.zenith, day_of_year(sky.index))
    lit = ghi > 0
    fraction = np.divide(erbs["dhi"], ghi, out=np.ones_like(ghi), where=lit)
    beam = np.divide(sky.clear_dni * sky.cos_zenith, ghi, out=np.zeros_like(ghi), where=lit)
    dhi = np.zeros_like(ghi)
    for number, total in enumerate(sums, start=1):
        hours = (sky.month == number) & lit
        dhi[hours] = ghi[hours] * _bent(total, ghi[hours], fraction[hours], (1 - beam[hours]).clip(min=0))
    return dhi


def _bent(total: float, ghi: Floats, fraction: Floats, least: Floats) -> Floats:
    """Return max(fraction**g, least) with the one exponent g for which its product with `ghi` sums to `total`."""

    def excess(exponent: float) -> float:
        return float((ghi * np.maximum(fraction**exponent, least)).sum() - total)

    if excess(0.0) < 0 or excess(_STEEPEST) > 0:
        raise ValueError(f"no split of a month's irradiance has {total:.0f} Wh/m2 of diffuse")
    exponent = brentq(excess, 0.0, _STEEPEST, xtol=1e-15, rtol=4 * np.finfo(float).eps)
    split: Floats = np.maximum(fraction**exponent, least)
    return split
