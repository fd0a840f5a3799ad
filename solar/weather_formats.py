"""Which format a weather file has: told by its content, never by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from solar import weather_files as files
from solar import weather_tables as tables
from solar.weather_files import RawWeather, UnknownFormatError

FORMATS: Final = (
    "EPW, TMY3 CSV, PVGIS hourly/TMY (JSON, CSV), NASA POWER hourly (JSON, CSV), CSV (time, ghi, temp_air …)"
)
_HEAD: Final = 4096

Reader = Callable[[Path], RawWeather]


def read_raw(path: Path) -> RawWeather:
    """Read a weather file of any known format.

    Parameters
    ----------
    path : pathlib.Path
        EPW, TMY3 CSV, PVGIS hourly or PVGIS TMY or NASA POWER hourly as JSON or CSV, or a plain table.

    Raises
    ------
    UnknownFormatError
        If it is none of them.
    TiltedPlaneError
        If it holds irradiance on a tilted plane.
    data.errors.DataError
        If its hours cannot be had.
    ValueError, KeyError
        If it is broken inside.
    """
    return _reader(path)(path)


def _reader(path: Path) -> Reader:
    with path.open("rb") as file:
        # a cut character at the end is no reason to take the file for one in another encoding
        head = tables.decoded(file.read(_HEAD).rpartition(b"\n")[0] or path.read_bytes()[:_HEAD])
    lines = head.lstrip().splitlines() or [""]
    if lines[0].startswith("{"):
        return _json_reader(path)
    if lines[0].startswith("LOCATION,"):
        return files.read_epw
    if len(lines) > 1 and lines[1].startswith("Date (MM/DD/YYYY),"):
        return files.read_tmy3
    if lines[0].startswith("Latitude (decimal degrees)"):
        return files.read_pvgis_tmy if "time(UTC)," in head else files.read_pvgis_hourly
    if lines[0].startswith(tables.POWER_HEAD):
        return tables.power_csv
    if tables.is_plain_table(lines):
        return tables.plain_table
    raise UnknownFormatError(path.name)


def _json_reader(path: Path) -> Reader:
    body = json.loads(path.read_text(encoding="utf-8-sig"))
    outputs = body.get("outputs", {})
    if "tmy_hourly" in outputs:
        return files.read_pvgis_tmy
    if "hourly" in outputs:
        return files.read_pvgis_hourly
    if "parameter" in body.get("properties", {}):
        return tables.power_json
    raise UnknownFormatError(path.name)
