"""Weather as tables: NASA POWER's hours and a plain CSV that anybody can write.

Time stamps, as in `solar.weather_files`, become mid-points:

* NASA POWER stamps are the start of the hour for which the mean holds (`pvlib.iotools.get_nasa_power` says so too):
  + 30 min. The clock is UTC, or LST: UTC and the whole hours nearest to longitude / 15°.
* A plain table says itself whether a stamp is the start, the middle or the end of its interval, and on which clock.
  Steps of 15 and 30 minutes are averaged to hours; each interval counts for the hour that its middle lies in.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pvlib.iotools.nasa_power import VARIABLE_MAP

from data.errors import DataError, Fault
from solar.weather_checks import refused
from solar.weather_files import COLUMNS, HALF_HOUR, RawWeather, stamps

POWER_HEAD: Final = "-BEGIN HEADER-"
_POWER_END: Final = "-END HEADER-"
_POWER_TIME: Final = {"YEAR": "year", "MO": "month", "DY": "day", "HR": "hour"}
_POWER_STAMP: Final = "%Y%m%d%H"
_POWER_NAMES: Final = {power: ours for power, ours in VARIABLE_MAP.items() if ours in (*COLUMNS, "wind_speed_2m")}
_POWER_UNIT: Final = r"^(\w+)\s.*\(([^()]*)\)$"
_POWER_MISSING: Final = -999.0
_POWER_CLOCKS: Final = ("UTC", "LST")
_W_PER_UNIT: Final = {"w/m^2": 1.0, "wh/m^2": 1.0, "kw-hr/m^2": 1000.0, "mj/hr": 1e6 / 3600, "mj/m^2": 1e6 / 3600}
_DEG_PER_HOUR: Final = 15
_HOUR: Final = pd.Timedelta(hours=1)
_STEPS: Final = (pd.Timedelta(minutes=15), HALF_HOUR, _HOUR)
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_SETTING: Final = re.compile(r"#\s*(\w+)\s*=\s*(.*?)[\s,]*$")
_DAY: Final = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]")
_WITHIN: Final = {
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
    "altitude_m": (-500.0, 9000.0),
    "utc_offset_h": (-12.0, 14.0),
}
_TO_MIDDLE: Final = {"start": 0.5, "middle": 0.0, "end": -0.5}
_SYNONYMS: Final = {
    "time": ("time", "datetime", "timestamp", "时间", "时刻", "日期时间"),
    "ghi": ("ghi", "总辐射", "总辐照度", "水平面总辐射"),
    "dni": ("dni", "直接辐射", "法向直接辐射", "法向直射"),
    "dhi": ("dhi", "散射辐射", "散射辐照度", "水平面散射辐射"),
    "temp_air": ("temp_air", "temperature", "气温", "干球温度"),
    "wind_speed": ("wind_speed", "风速"),
}
_NAMES: Final = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms}
_UNITS: Final = {
    **dict.fromkeys(("ghi", "dni", "dhi"), ("w/m2", "w/m²", "w/m^2")),
    "temp_air": ("℃", "°c", "degc", "c"),
    "wind_speed": ("m/s",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Power:
    """NASA POWER hours before their clock: values by its names, stamps without a zone, and its header."""

    frame: pd.DataFrame
    place: dict[str, float]
    standard: str
    units: dict[str, str]
    missing: float


def decoded(content: bytes) -> str:
    """Return text in UTF-8 or, where it is not, in GB 18030, of which GBK is a part."""
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", errors="replace")


def is_plain_table(lines: list[str]) -> bool:
    """Tell whether the first line that is no comment names a time and one of our quantities."""
    heads = [line for line in lines if line.strip() and not line.startswith("#")]
    names = {_named(cell)[0] for cell in heads[0].split(",")} if heads else set()
    return "time" in names and bool(names & set(COLUMNS))


def power_csv(path: Path) -> RawWeather:
    """Read the CSV of NASA POWER's hourly point service.

    Raises
    ------
    ValueError
        If its header states no place.
    data.errors.DataError
        If it is not hourly.
    """
    head, _, body = decoded(path.read_bytes()).partition(_POWER_END)
    # a spreadsheet leaves commas and tabs behind the lines of the header
    lines = [line.rstrip(", \t\r") for line in head.splitlines()]
    place = _found(r"latitude\s+(\S+)\s+longitude\s+(\S+)", lines)
    height = _found(r"^elevation.*=\s*(\S+)\s*meters", lines)
    if not place or not height:
        raise ValueError("no Location or Elevation in the header")
    table = pd.read_csv(io.StringIO(body.lstrip(", \t\r\n")))
    if not set(_POWER_TIME) <= set(table):
        raise DataError([refused("weather.not_hourly", path.name, expected=", ".join(_POWER_TIME))])
    index = pd.DatetimeIndex(pd.to_datetime(table[list(_POWER_TIME)].rename(columns=_POWER_TIME)))
    power = _Power(
        frame=table.set_axis(index),
        place={"latitude": float(place[0]), "longitude": float(place[1]), "altitude_m": float(height[0])},
        standard=(_found(r"^dates.*\sin\s+(\w+)$", lines) or ("",))[0],
        units={said[0]: said[1] for said in (_found(_POWER_UNIT, [line]) for line in lines) if said},
        missing=_POWER_MISSING,
    )
    return _power(power, path)


def power_json(path: Path) -> RawWeather:
    """Read the JSON of NASA POWER's hourly point service.

    Raises
    ------
    KeyError
        If it is not built as the service builds it.
    data.errors.DataError
        If it is not hourly.
    """
    body = json.loads(path.read_text(encoding="utf-8-sig"))
    header = body["header"]
    values = pd.DataFrame(body["properties"]["parameter"])
    index = pd.to_datetime(values.index, format=_POWER_STAMP, errors="coerce")
    if not len(index) or index.hasnans:
        raise DataError([refused("weather.not_hourly", path.name, expected="YYYYMMDDHH")])
    longitude, latitude, altitude = body["geometry"]["coordinates"]
    power = _Power(
        frame=values.set_axis(pd.DatetimeIndex(index)),
        place={"latitude": float(latitude), "longitude": float(longitude), "altitude_m": float(altitude)},
        standard=str(header.get("time_standard", "")),
        units={name: str(said.get("units", "")) for name, said in body.get("parameters", {}).items()},
        missing=float(header.get("fill_value", _POWER_MISSING)),
    )
    return _power(power, path)


def plain_table(path: Path) -> RawWeather:
    """Read a plain CSV: lines ``# name=value`` for place, clock and stamps, then headers in Chinese or English."""
    lines = decoded(path.read_bytes()).splitlines()
    said = {match[1]: match[2] for match in map(_SETTING.match, lines) if match}
    settings, faults = _settings(said, path.name)
    body = "\n".join(line for line in lines if line.strip() and not line.startswith("#"))
    # with its own header pandas would rename the second of two columns of one name
    table = pd.read_csv(io.StringIO(body), dtype=str, header=None, index_col=False)
    heads = [_named(str(head)) for head in table.iloc[0]]
    faults += _head_faults(heads, path.name)
    names = pd.Index([name for name, _ in heads])
    table = table.iloc[1:].set_axis(names, axis=1).loc[:, ~names.duplicated()]
    times, bad_times = _times(table["time"], path.name)
    values = {name: pd.to_numeric(table[name], errors="coerce").array for name in COLUMNS if name in table}
    hours, notes, bad_steps = _hourly(pd.DataFrame(values, index=times), said.get("stamp", ""), path.name)
    zone = timezone(timedelta(hours=settings.pop("utc_offset_h")))
    return RawWeather(
        hours=hours.tz_localize(zone),
        name=said.get("name", path.stem),
        source="CSV",
        typical=False,
        notes=notes,
        faults=(*faults, *bad_times, *bad_steps),
        **settings,
    )


def _found(pattern: str, lines: list[str]) -> tuple[str, ...]:
    """Return the groups of the first line in which the pattern is found, else nothing."""
    matches = (re.search(pattern, line, re.IGNORECASE) for line in lines)
    return next((match.groups() for match in matches if match), ())


def _power(power: _Power, path: Path) -> RawWeather:
    """Bring NASA POWER's values to our names, units and mid-points."""
    faults: list[Fault] = []
    standard = power.standard.upper()
    if standard not in _POWER_CLOCKS:
        faults.append(refused("weather.power_clock", path.name, expected="UTC / LST", got=standard))
    hours = pd.DataFrame(index=stamps(power.frame) + HALF_HOUR)
    for theirs, ours in _POWER_NAMES.items():
        if theirs not in power.frame:
            continue
        values = power.frame[theirs].astype(float)
        values = values.mask(values == power.missing)
        if ours in ("ghi", "dni", "dhi"):
            unit = power.units.get(theirs, "").replace(" ", "").lower()
            if unit not in _W_PER_UNIT:
                got = power.units.get(theirs, "")
                faults.append(refused("weather.power_units", path.name, column=theirs, expected="Wh/m^2", got=got))
            values *= _W_PER_UNIT.get(unit, 1.0)
        hours[ours] = values.to_numpy()
    notes: tuple[str, ...] = ()
    if "wind_speed_2m" in hours:
        if "wind_speed" not in hours:
            hours["wind_speed"], notes = hours["wind_speed_2m"], ("weather.note.wind_2m",)
        hours = hours.drop(columns="wind_speed_2m")
    offset = round(power.place["longitude"] / _DEG_PER_HOUR) if standard == "LST" else 0
    return RawWeather(
        hours=hours.tz_localize(timezone(timedelta(hours=offset))),
        name=path.stem,
        source=f"NASA POWER ({standard})",
        typical=False,
        notes=notes,
        faults=tuple(faults),
        **power.place,
    )


def _named(head: str) -> tuple[str, str]:
    """Return our name of a column and the unit in its brackets; a foreign name stays as it is."""
    match = re.match(r"\s*([^(（\[]*?)\s*(?:[(（\[]\s*(.*?)\s*[)）\]])?\s*$", head)
    name, unit = (match[1], match[2] or "") if match else (head, "")
    return _NAMES.get(name.strip('"').lower(), name), unit


def _head_faults(heads: list[tuple[str, str]], file: str) -> list[Fault]:
    """Two columns of one quantity, and units that are not ours."""
    names = [name for name, _ in heads]
    twice = sorted({name for name in names if name in _SYNONYMS and names.count(name) > 1})
    faults = [refused("weather.table_column_twice", file, column=name) for name in twice]
    for name, unit in heads:
        expected = _UNITS.get(name, ())
        if unit and expected and unit.lower() not in expected:
            faults.append(refused("weather.table_unit", file, column=name, expected=expected[0], got=unit))
    return faults


def _settings(said: dict[str, str], file: str) -> tuple[dict[str, float], list[Fault]]:
    """Return place and hours from UTC, 0 for what is missing, and what is missing."""
    settings: dict[str, float] = {}
    faults = []
    for name, (least, most) in _WITHIN.items():
        try:
            number = float(said.get(name, ""))
        except ValueError:
            number = np.nan
        settings[name] = number if least <= number <= most else 0.0
        if not least <= number <= most:
            expected = f"# {name}={least:g} … {most:g}"
            faults.append(refused(f"weather.table_{name}", file, expected=expected, got=said.get(name, "")))
    if said.get("stamp") not in _TO_MIDDLE:
        expected = " / ".join(f"# stamp={word}" for word in _TO_MIDDLE)
        faults.append(refused("weather.table_stamp", file, expected=expected, got=said.get("stamp", "")))
    return settings, faults


def _times(cells: Any, file: str) -> tuple[pd.DatetimeIndex, list[Fault]]:
    """Return times without a zone; only years that stand first are read, the rest could mean two days."""
    cells = cells.fillna("").str.strip()
    cells = cells.where(cells.str.match(_DAY))
    times = pd.to_datetime(cells.str.replace("/", "-"), format="mixed", errors="coerce").dt.floor("s")
    bad = tuple(int(row) + 1 for row in np.flatnonzero(times.isna()))
    faults = [refused("weather.table_time", file, column="time", rows=bad, expected="YYYY-MM-DD HH:MM")] if bad else []
    return pd.DatetimeIndex(times), faults


def _hourly(values: pd.DataFrame, stamp: str, file: str) -> tuple[pd.DataFrame, tuple[str, ...], list[Fault]]:
    """Bring the stamps to mid-points and shorter steps to hours.

    Returns
    -------
    hours : pandas.DataFrame
        What can be read; an hour whose steps are not all there has no value.
    notes : tuple of str
        Whether steps were averaged.
    faults : list of Fault
        When the step is another one, or shorter steps stand twice.
    """
    values = values[values.index.notna()]
    index = pd.DatetimeIndex(values.index)
    gaps = pd.Series(index.unique().sort_values()).diff().dropna()
    step = pd.Timedelta(gaps.mode().min()) if len(gaps) else pd.Timedelta(0)
    if step not in _STEPS:
        return values, (), [refused("weather.not_hourly", file, expected="15 / 30 / 60 min", got=str(step))]
    values = values.set_axis(index + pd.Timedelta(step * _TO_MIDDLE.get(stamp, 0.0)))
    if step == _HOUR:
        return values, (), []
    twice = tuple(int(row) + 1 for row in np.flatnonzero(index.duplicated()))
    groups = values.groupby(pd.DatetimeIndex(values.index).floor("h"))
    hours = groups.mean().where(groups.count() == _HOUR // step)
    faults = [refused("weather.double_hours", file, rows=twice)] if twice else []
    return hours.set_axis(pd.DatetimeIndex(hours.index) + HALF_HOUR), ("weather.note.averaged",), faults
