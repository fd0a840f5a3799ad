"""Weather files of the known formats, brought to one form: the reading only, no judgement of the values.

Time stamps are handled format by format, because each means another moment:

* EPW rows are hours 1 to 24 that end at the hour; `pvlib.iotools.read_epw` labels them by the start: + 30 min.
* TMY3 rows end at the stamp, and `read_tmy3` keeps that: − 30 min.
* PVGIS hourly values hold at the stamp itself, which carries the satellite's minute (ERA5: the half hour).
* PVGIS TMY stamps are full hours, the irradiance holds at the stamp + "irradiance time offset" of the header.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pvlib import iotools

from data.errors import Fault
from solar.synthetic import TYPICAL_YEAR

COLUMNS: Final = ("ghi", "dni", "dhi", "temp_air", "wind_speed")
HALF_HOUR: Final = pd.Timedelta(minutes=30)
_HEAD: Final = 4096
_EPW_MISSING: Final = {"ghi": 9999.0, "dni": 9999.0, "dhi": 9999.0, "temp_air": 99.9, "wind_speed": 999.0}
_TMY3_MISSING: Final = dict.fromkeys(COLUMNS, -9900.0)


class UnknownFormatError(ValueError):
    """Raised when a file is none of the known formats."""


class TiltedPlaneError(ValueError):
    """Raised when a file holds irradiance on a tilted plane, from which the horizontal cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawWeather:
    """A file as it was read: `hours` may hold gaps and faults, and columns may be missing.

    `notes` are the text keys of what was done in reading; `faults` is what only the reader could see.
    """

    hours: pd.DataFrame
    longitude: float
    latitude: float
    altitude_m: float
    name: str
    source: str
    typical: bool
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_epw(path: Path) -> RawWeather:
    """Read an EnergyPlus weather file."""
    text, has_zone = _zoned(path, field=8)
    data, meta = iotools.read_epw(io.StringIO(text))
    hours = _without(data if has_zone else data.tz_localize(None), _EPW_MISSING)
    return RawWeather(
        hours=_one_calendar(hours.set_axis(stamps(hours) + HALF_HOUR)),
        longitude=meta["longitude"],
        latitude=meta["latitude"],
        altitude_m=meta["altitude"],
        name=str(meta["city"]),
        source=f"EPW {meta['data_type']}",
        typical=True,
    )


def read_tmy3(path: Path) -> RawWeather:
    """Read a TMY3 table of the NREL."""
    text, has_zone = _zoned(path, field=3)
    # one calendar from the start: the row that ends February of a leap year would else fall on the 29th
    data, meta = iotools.read_tmy3(io.StringIO(text), coerce_year=TYPICAL_YEAR)
    hours = _without(data if has_zone else data.tz_localize(None), _TMY3_MISSING)
    return RawWeather(
        hours=hours.set_axis(stamps(hours) - HALF_HOUR),
        longitude=meta["longitude"],
        latitude=meta["latitude"],
        altitude_m=meta["altitude"],
        name=str(meta["Name"]).strip('"'),
        source="TMY3",
        typical=True,
    )


def _zoned(path: Path, *, field: int) -> tuple[str, bool]:
    """Return the text with a zone of 0 written in where its first line has none, and whether it had one.

    pvlib cannot read such a file at all, and then its other faults would stay unknown.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    first, _, rest = text.partition("\n")
    cells = first.split(",")
    try:
        float(cells[field])
    except (ValueError, IndexError):
        cells[field : field + 1] = ["0"]
        return ",".join(cells) + "\n" + rest, False
    return text, True


def read_pvgis_tmy(path: Path) -> RawWeather:
    """Read a typical year of PVGIS, as JSON or CSV."""
    data, meta = iotools.read_pvgis_tmy(path, pvgis_format=_pvgis_form(path))
    place = _pvgis_place(meta["inputs"])
    offset = pd.Timedelta(hours=place.pop("offset"))
    hours = _one_calendar(_without(data, {}))
    # the offset may lead out of the year at its ends: those hours go to the other end
    hours = hours.set_axis(_into_year(stamps(hours) + offset)).sort_index()
    return RawWeather(hours=hours, name=path.stem, source="PVGIS TMY", typical=True, **place)


def read_pvgis_hourly(path: Path) -> RawWeather:
    """Read hours of PVGIS on the horizontal plane, as JSON or CSV.

    Raises
    ------
    TiltedPlaneError
        If they are for a tilted plane.
    """
    data, meta = iotools.read_pvgis_hourly(path, pvgis_format=_pvgis_form(path))
    if _pvgis_slope(meta["inputs"]) != 0:
        raise TiltedPlaneError(path.name)
    place = _pvgis_place(meta["inputs"])
    place.pop("offset")
    hours = pd.DataFrame({name: data[name] for name in ("temp_air", "wind_speed") if name in data})
    if "poa_direct" in data:
        # on a horizontal plane; the beam becomes DNI where the sun's height is known, in solar.weather
        hours["bhi"] = data["poa_direct"]
        hours["dhi"] = data["poa_sky_diffuse"] + data["poa_ground_diffuse"]
        hours["ghi"] = hours["bhi"] + hours["dhi"]
    else:
        hours["ghi"] = data["poa_global"]
    return RawWeather(hours=hours.astype(float), name=path.stem, source="PVGIS hourly", typical=False, **place)


def _pvgis_form(path: Path) -> str:
    with path.open("rb") as file:
        return "json" if file.read(_HEAD).lstrip().startswith((b"{", b"\xef\xbb\xbf{")) else "csv"


def _pvgis_place(inputs: dict[str, Any]) -> dict[str, Any]:
    place = inputs.get("location", inputs)
    return {
        "longitude": float(place["longitude"]),
        "latitude": float(place["latitude"]),
        "altitude_m": float(place["elevation"]),
        "offset": float(place.get("irradiance_time_offset", place.get("irradiance time offset", 0.0))),
    }


def _pvgis_slope(inputs: dict[str, Any]) -> float:
    """Return the tilt of the plane [deg]; NaN for a moving one."""
    if "mounting_system" in inputs:
        fixed = inputs["mounting_system"].get("fixed")
        return float(fixed["slope"]["value"]) if fixed else np.nan
    return float(str(inputs.get("Slope", "nan")).split()[0].removesuffix("deg."))


def _without(data: pd.DataFrame, missing: dict[str, float]) -> pd.DataFrame:
    """Return the columns that we know, as numbers, with a format's marks of missing values taken out."""
    found = pd.DataFrame(index=data.index)
    for name in COLUMNS:
        if name in data:
            values = pd.to_numeric(data[name], errors="coerce")
            mark = missing.get(name)
            found[name] = values.mask(values == mark) if mark is not None else values
    return found


def stamps(hours: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the time stamps of a frame of hours."""
    return pd.DatetimeIndex(hours.index)


def is_one_year(index: pd.DatetimeIndex) -> bool:
    """Tell whether all stamps are of one calendar year."""
    return bool((index.year == index.year[0]).all()) if len(index) else True


def _one_calendar(hours: pd.DataFrame) -> pd.DataFrame:
    """Write the months of different years, as typical years have them, into one year; leave one year alone."""
    index = stamps(hours)
    if is_one_year(index):
        return hours
    leap_day = (index.month == 2) & (index.day == 29)
    return hours[~leap_day].set_axis(_into_year(index[~leap_day]))


def _into_year(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    parts = pd.DataFrame({name: getattr(index, name) for name in ("month", "day", "hour", "minute", "second")})
    return pd.DatetimeIndex(pd.to_datetime(parts.assign(year=TYPICAL_YEAR))).tz_localize(index.tz)
