"""The weather that yields are computed from: the city's typical year, or a file, checked and brought to one form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
from pvlib import irradiance

from data import parameters
from data.errors import DataError, Fault
from solar import synthetic
from solar.sun import cosine, day_of_year, extra_radiation, sun_position
from solar.weather_checks import LAYER, find_faults, hours_of, refused
from solar.weather_files import COLUMNS, RawWeather, TiltedPlaneError, UnknownFormatError, is_one_year, read_raw, stamps

FORMATS: Final = "EPW, TMY3 CSV, PVGIS hourly/TMY (JSON, CSV)"
_GEOD: Final = pyproj.Geod(ellps="GRS80")
_M_PER_KM: Final = 1000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Hourly weather of one or more whole years at one place.

    Parameters
    ----------
    hours : pandas.DataFrame
        Index: time-zone-aware mid-point of the hour for which the irradiance holds. Columns ``ghi``, ``dni``,
        ``dhi`` [W/m2], ``temp_air`` [degC], ``wind_speed`` [m/s]; no gaps, nothing negative.
    longitude, latitude : float
        Degrees east and north.
    altitude_m : float
        Metres above the sea.
    name, source : str
        Place and origin, as the file or our tables give them.
    synthetic : bool
        Whether the hours were made from monthly means.
    notes : tuple of str
        Text keys of what a reader of the results has to know.
    """

    hours: pd.DataFrame
    longitude: float
    latitude: float
    altitude_m: float
    name: str
    source: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    @property
    def years(self) -> int:
        """How many whole years the hours are: yields are the mean of them."""
        return int(stamps(self.hours).year.nunique())


def typical_year() -> Weather:
    """Return the typical year of the city, made from the monthly means of its two radiation stations."""
    place = synthetic.station_place()
    hours = synthetic.synthetic_year(synthetic.monthly_means(), place)
    table = parameters.table("climate_solar").drop_duplicates("station")
    return Weather(
        hours=hours.assign(wind_speed=parameters.value("pv", "reference_wind_speed")),
        longitude=place.longitude,
        latitude=place.latitude,
        altitude_m=place.altitude_m,
        name=" + ".join(table["name"] + " " + table["station"]),
        source=table["source"].iloc[0],
        synthetic=True,
        notes=("weather.note.synthetic", "weather.note.derived_temperature", "weather.note.no_wind"),
    )


def read_weather(path: Path) -> Weather:
    """Read a weather file; the format is told by its content.

    Parameters
    ----------
    path : pathlib.Path
        EPW, TMY3 CSV, PVGIS hourly (horizontal plane) or PVGIS TMY, as JSON or CSV.

    Returns
    -------
    Weather
        With notes about what was derived: wind, diffuse split, left-out part years, closure.

    Raises
    ------
    data.errors.DataError
        With every fault of the file at once.
    """
    raw = _read(path)
    hours, notes = _whole_years(raw)
    faults = find_faults(raw, hours, path.name)
    if faults:
        raise DataError(faults)
    for complete in (_with_wind, _with_split):
        hours, found = complete(hours, raw)
        notes += found
    return Weather(
        hours=hours[list(COLUMNS)],
        longitude=raw.longitude,
        latitude=raw.latitude,
        altitude_m=raw.altitude_m,
        name=raw.name,
        source=raw.source,
        notes=notes + _closure(hours, raw),
    )


def distance_km(weather: Weather, longitude: float, latitude: float) -> float:
    """Return the geodesic distance [km] from the weather's place to a point [degrees]."""
    metres = _GEOD.inv(weather.longitude, weather.latitude, longitude, latitude)[2]
    return float(metres) / _M_PER_KM


def require_near(weather: Weather, *, longitude: float, latitude: float, allow_distant: bool) -> tuple[Fault, ...]:
    """Refuse weather from too far away, unless the user said that it may be.

    Parameters
    ----------
    weather : Weather
        The weather to use.
    longitude, latitude : float
        Middle of the buildings [degrees].
    allow_distant : bool
        What the user said.

    Returns
    -------
    tuple of Fault
        A ``noted`` fault when distant weather is used on the user's word, else nothing.

    Raises
    ------
    data.errors.DataError
        When it is farther than ``policy.weather_max_km`` and not allowed.
    """
    distance = distance_km(weather, longitude, latitude)
    limit = parameters.value("policy", "weather_max_km")
    if distance <= limit:
        return ()
    fault = Fault(
        rule="weather.distant",
        effect="noted" if allow_distant else "refused",
        file=weather.name,
        layer=LAYER,
        expected=f"≤ {limit:.0f} km",
        got=f"{distance:.0f} km",
    )
    if not allow_distant:
        raise DataError([fault])
    return (fault,)


def _read(path: Path) -> RawWeather:
    """Read the file, a failure told as a fault."""
    try:
        return read_raw(path)
    except UnknownFormatError:
        fault = refused("weather.unknown_format", path.name, expected=FORMATS)
    except TiltedPlaneError:
        fault = refused("weather.tilted_plane", path.name, expected="slope = 0°")
    except OSError as error:
        fault = refused("weather.unreadable", path.name, got=error.strerror or str(error))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        fault = refused("weather.unreadable", path.name, got=f"{type(error).__name__}: {error}")
    raise DataError([fault])


def _whole_years(raw: RawWeather) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the whole calendar years of a file of several, or the file as it is."""
    index = stamps(raw.hours)
    if is_one_year(index):
        return raw.hours, ()
    counts = pd.Series(index.year).value_counts()
    whole = [year for year, rows in counts.items() if rows == hours_of(int(str(year)))]
    if not whole:
        return raw.hours, ()
    notes: tuple[str, ...] = ("weather.note.several_years",) if len(whole) > 1 else ()
    if len(whole) < len(counts):
        notes += ("weather.note.part_years_left_out",)
    return raw.hours[index.year.isin(whole)], notes


def _with_wind(hours: pd.DataFrame, _: RawWeather) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if "wind_speed" in hours and hours["wind_speed"].notna().all():
        return hours, ()
    return hours.assign(wind_speed=parameters.value("pv", "reference_wind_speed")), ("weather.note.no_wind",)


def _zenith(hours: pd.DataFrame, raw: RawWeather) -> Floats:
    zenith, _ = sun_position(stamps(hours), longitude=raw.longitude, latitude=raw.latitude, altitude_m=raw.altitude_m)
    return zenith


def _with_split(hours: pd.DataFrame, raw: RawWeather) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Complete DNI and DHI where the file lacks them."""
    have = {name for name in ("dni", "dhi", "bhi") if name in hours and hours[name].notna().all()}
    if {"dni", "dhi"} <= have:
        return hours, ()
    zenith = _zenith(hours, raw)
    note = "weather.note.from_closure"
    if "dhi" not in have and "dni" in have:
        return hours.assign(dhi=(hours["ghi"] - hours["dni"] * cosine(zenith)).clip(lower=0)), (note,)
    if "dhi" not in have:
        split = irradiance.erbs(hours["ghi"].to_numpy(), zenith, day_of_year(stamps(hours)))
        hours, note = hours.assign(dhi=split["dhi"]), "weather.note.erbs"
    beam = (hours["bhi"] if "bhi" in have else hours["ghi"] - hours["dhi"]).to_numpy().clip(min=0)
    up = cosine(zenith)
    # near the horizon the division runs away: nothing is brighter than the sun above the atmosphere
    dni = np.minimum(np.divide(beam, up, out=np.zeros_like(beam), where=up > 0), extra_radiation(stamps(hours)))
    return hours.assign(dni=dni), (note,)


def _closure(hours: pd.DataFrame, raw: RawWeather) -> tuple[str, ...]:
    """Compare the sums of GHI and of DNI·cosZ + DHI; a difference is noted, not repaired."""
    closed = hours["dni"] * cosine(_zenith(hours, raw)) + hours["dhi"]
    # hour by hour as well: a clock that is wrong by half an hour hardly shows in the sums
    total = max(hours["ghi"].sum(), np.finfo(float).tiny)
    sums = abs(closed.sum() - total) / total
    scatter = (closed - hours["ghi"]).abs().sum() / total
    notes: tuple[str, ...] = ()
    if sums > parameters.value("pv", "closure_tolerance"):
        notes += ("weather.note.no_closure",)
    if scatter > parameters.value("pv", "closure_scatter_tolerance"):
        notes += ("weather.note.clock_doubtful",)
    return notes
