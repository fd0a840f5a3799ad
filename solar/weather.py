"""The weather that yields are computed from: the city's typical year, or a file, checked and brought to one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Final

import pandas as pd
import pyproj

from data import parameters
from data.errors import DataError, Fault
from solar import synthetic
from solar.synthetic import Place
from solar.weather_checks import LAYER, find_faults, hours_of, refused
from solar.weather_files import COLUMNS, RawWeather, TiltedPlaneError, UnknownFormatError, is_one_year, stamps
from solar.weather_formats import FORMATS, read_raw
from solar.weather_repair import Repair, repaired
from solar.weather_split import closure_notes, completed

_GEOD: Final = pyproj.Geod(ellps="GRS80")
_CHINA_DEG: Final = (73.0, 135.0)
_CHINA_H: Final = 8
_DEG_AN_HOUR: Final = 15
_M_PER_KM: Final = 1000
_SEVERAL: Final = "weather.note.several_years"


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
    repairs : tuple of Repair
        What was mended in the file, with figures before and after; `solar.weather_repair.repair_notes` words them.
    """

    hours: pd.DataFrame
    longitude: float
    latitude: float
    altitude_m: float
    name: str
    source: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def years(self) -> int:
        """How many whole years the hours are: yields are the mean of them."""
        return len(self.year_list)

    @property
    def year_list(self) -> tuple[int, ...]:
        """The calendar years of the hours by the file's own clock, in order; a typical year counts as one."""
        return tuple(int(year) for year in stamps(self.hours).year.unique().sort_values())

    @property
    def clock(self) -> tzinfo:
        """The clock of the place: the file's own; where that is UTC, Beijing time in China, elsewhere by longitude."""
        given = stamps(self.hours)
        if given[0].utcoffset() != timedelta(0):
            return given[0].tzinfo or UTC
        west, east = _CHINA_DEG
        hours = _CHINA_H if west <= self.longitude <= east else round(self.longitude / _DEG_AN_HOUR)
        return timezone(timedelta(hours=hours))


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


def read_weather(path: Path, *, repair: bool = True) -> Weather:
    """Read a weather file; the format is told by its content.

    Parameters
    ----------
    path : pathlib.Path
        EPW, TMY3 CSV, PVGIS hourly (horizontal plane) or TMY and NASA POWER hourly as JSON or CSV, or a plain table.
    repair : bool
        Whether a wrong clock and beam that does not close are mended; otherwise they are only noted.

    Returns
    -------
    Weather
        With notes about what was derived (wind, diffuse split, left-out part years, closure) and with its repairs.

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
    place = Place(longitude=raw.longitude, latitude=raw.latitude, altitude_m=raw.altitude_m)
    repairs: tuple[Repair, ...] = ()
    if repair:
        hours, derived, repairs = repaired(hours, place)
    else:
        hours, derived = completed(hours, place)
    mended = ("weather.note.repaired",) if repairs else ()
    return Weather(
        hours=hours[list(COLUMNS)].astype(float),
        longitude=raw.longitude,
        latitude=raw.latitude,
        altitude_m=raw.altitude_m,
        name=raw.name,
        source=raw.source,
        notes=raw.notes + notes + derived + mended + closure_notes(hours, place),
        repairs=repairs,
    )


def one_year(weather: Weather, year: int) -> Weather:
    """Return the hours of one calendar year, the rest as it is.

    Raises
    ------
    KeyError
        If the weather does not have that year.
    """
    if year not in weather.year_list:
        raise KeyError(year)
    hours = weather.hours[stamps(weather.hours).year == year]
    return replace(weather, hours=hours, notes=tuple(note for note in weather.notes if note != _SEVERAL))


def distance_km(weather: Weather, longitude: float, latitude: float) -> float:
    """Return the geodesic distance [km] from the weather's place to a point [degrees]."""
    metres = _GEOD.inv(weather.longitude, weather.latitude, longitude, latitude)[2]
    return float(metres) / _M_PER_KM


def require_near(
    weather: Weather | Sequence[Weather], *, longitude: float, latitude: float, allow_distant: bool
) -> tuple[Fault, ...]:
    """Refuse weather from too far away, unless the user said that it may be.

    Parameters
    ----------
    weather : Weather or sequence of Weather
        The weather to use; of several cells the nearest counts.
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
    cells = [weather] if isinstance(weather, Weather) else weather
    distance, nearest = min(((distance_km(cell, longitude, latitude), cell) for cell in cells), key=lambda one: one[0])
    limit = parameters.value("policy", "weather_max_km")
    if distance <= limit:
        return ()
    fault = Fault(
        rule="weather.distant",
        effect="noted" if allow_distant else "refused",
        file=nearest.name,
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
    except DataError:
        raise
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
    notes: tuple[str, ...] = (_SEVERAL,) if len(whole) > 1 else ()
    if len(whole) < len(counts):
        notes += ("weather.note.part_years_left_out",)
    return raw.hours[index.year.isin(whole)], notes
