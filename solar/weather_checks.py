"""What is wrong with a weather file: every check, every fault, none of them silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from data import parameters
from data.errors import Fault
from solar.weather_files import RawWeather, is_one_year, stamps

LAYER: Final = "weather"
IRRADIANCE: Final = ("ghi", "dni", "dhi")
_HOURS_A_DAY: Final = 24


def find_faults(raw: RawWeather, hours: pd.DataFrame, file: str) -> list[Fault]:
    """Return all faults of the hours that are to be used.

    Parameters
    ----------
    raw : RawWeather
        The file as read, for its place and kind.
    hours : pandas.DataFrame
        Its whole years, or all of it where there is none.
    file : str
        Name as the user knows it.
    """
    return [*raw.faults, *(fault for check in _CHECKS for fault in check(raw, hours, file))]


def refused(rule: str, file: str, **said: Any) -> Fault:
    """Return a fault for which the whole file is not used."""
    return Fault(rule=rule, effect="refused", file=file, layer=LAYER, **said)


def hours_of(year: int) -> int:
    """Return how many hours a calendar year has."""
    return (366 if pd.Timestamp(year, 1, 1).is_leap_year else 365) * _HOURS_A_DAY


def _nth(bad: Any) -> tuple[int, ...]:
    """Return the hours of the file that `bad` marks, counted from 1."""
    return tuple(int(row) + 1 for row in np.flatnonzero(bad))


def _check_place(raw: RawWeather, _: pd.DataFrame, file: str) -> list[Fault]:
    if abs(raw.longitude) <= 180 and abs(raw.latitude) <= 90 and np.isfinite(raw.altitude_m):
        return []
    got = f"{raw.longitude}, {raw.latitude}, {raw.altitude_m} m"
    return [refused("weather.place", file, expected="lon ±180°, lat ±90°, m", got=got)]


def _check_clock(raw: RawWeather, hours: pd.DataFrame, file: str) -> list[Fault]:
    """Every hour once, for whole calendar years, on a clock whose zone is known."""
    index = stamps(hours)
    faults = []
    if index.tz is None:
        faults.append(refused("weather.naive_clock", file))
    if index.has_duplicates:
        faults.append(refused("weather.double_hours", file, rows=_nth(index.duplicated())))
    found = index.floor("h").nunique()
    wanted = sum(hours_of(int(year)) for year in index.year.unique()) or hours_of(1)
    without_leap_day = raw.typical and is_one_year(index) and found == hours_of(1)
    if found != wanted and not without_leap_day:
        faults.append(refused("weather.incomplete_year", file, expected=f"{wanted} h", got=f"{found} h"))
    return faults


def _check_columns(_: RawWeather, hours: pd.DataFrame, file: str) -> list[Fault]:
    """GHI and temperature are there, and no column that is there has gaps."""
    present = hours.dropna(axis="columns", how="all")
    wanted = ("ghi", "temp_air")
    faults = [refused("weather.column_missing", file, column=name) for name in wanted if name not in present]
    gaps = {str(name): _nth(present[name].isna()) for name in present}
    return faults + [refused("weather.gaps", file, column=name, rows=rows) for name, rows in gaps.items() if rows]


def _check_values(_: RawWeather, hours: pd.DataFrame, file: str) -> list[Fault]:
    """Nothing negative or beyond the physically possible."""
    limits = {
        **dict.fromkeys((*IRRADIANCE, "bhi"), (0.0, _limit("most_irradiance"))),
        "temp_air": (_limit("least_temp_air"), _limit("most_temp_air")),
        "wind_speed": (0.0, _limit("most_wind_speed")),
    }
    faults = []
    for name, (least, most) in limits.items():
        if name not in hours:
            continue
        expected = f"{least:g} … {most:g}"
        below = "weather.negative" if least == 0 else "weather.out_of_range"
        for rule, bad in ((below, hours[name] < least), ("weather.out_of_range", hours[name] > most)):
            if bad.any():
                got = f"{hours[name][bad].min():g} … {hours[name][bad].max():g}"
                faults.append(refused(rule, file, column=name, rows=_nth(bad), expected=expected, got=got))
    return faults


def _limit(name: str) -> float:
    return parameters.value("pv", f"weather_{name}")


_CHECKS: Final[tuple[Callable[[RawWeather, pd.DataFrame, str], list[Fault]], ...]] = (
    _check_place,
    _check_clock,
    _check_columns,
    _check_values,
)
