"""Yields against NREL's own code: SAM's PVWatts v8, run by PySAM on pvlib's two bundled typical years.

Both codes get the very same hours. What SAM lets one choose is chosen alike: Perez' sky, the ground's albedo, the sum
of the DC losses, DC over AC, the inverter's efficiency, and its premium module's temperature coefficient. What it does
not: its modules are a single-diode model with a spectrum by air mass behind coated glass, its inverter
starts at 0.5 % of its power. So the AC delta is taken apart: irradiance, cell temperature, module, inverter.

SAM takes one sun position for each record. Hourly records are therefore compared with our engine at one sun an hour
and at its default; for the default there are records of a quarter of an hour too, with the same suns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pvlib
from pvlib import atmosphere, inverter, pvsystem
from PySAM import Pvwattsv8

from data import parameters
from solar.sky import Sky, sky_of
from solar.sun import SUNS_PER_HOUR, extra_radiation, sub_hour_positions
from solar.system import System, system
from solar.twin import Plane, plane_hours
from solar.validation.rows import Row, percent
from solar.weather import Weather, read_weather

FILES: Final = ("703165TY.csv", "723170TYA.CSV")
"""Sand Point, Alaska (55.3° N) and Greensboro, North Carolina (36.1° N), in pvlib's own data."""
MOUNTS: Final = {"rack": ("tilted_flat", 0), "roof": ("flush_metal", 1)}
"""Our mounting and SAM's array type."""
ANGLES: Final = (
    (0.0, 180.0),
    (5.0, 93.7),
    (5.0, 180.0),
    (10.0, 0.0),
    (15.0, 135.0),
    (15.0, 180.0),
    (25.0, 180.0),
    (30.0, 251.3),
    (35.0, 180.0),
    (60.0, 90.0),
)
WITH_ROWS: Final = ((15.0, 180.0, 0.4), (15.0, 180.0, 0.6), (30.0, 251.3, 0.5), (35.0, 180.0, 0.6))
QUARTERS: Final = ANGLES
PREMIUM: Final = 1
PREMIUM_COEFFICIENT: Final = -0.0035
"""What SAM states for its premium module [1/K]."""
ALONE: Final = 0.01
"""The smallest ground cover SAM takes: its rows hardly see each other."""
MANY_ROWS_KW: Final = 100_000.0
"""Capacity at which SAM lays out some 400 rows, so the first one, which has none in front, hardly counts."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plane that both codes compute; `gcr` is 0 for one that stands alone."""

    tilt: float
    azimuth: float
    mount: str
    gcr: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """What SAM says of each of its records: irradiance [W/m2], cell temperature [degC], power [kW/kW], shade [1]."""

    poa: Floats
    temp_cell: Floats
    dc_kw: Floats
    ac_kw: Floats
    beam_left: Floats
    sky_left: Floats
    ground_left: Floats


def cases() -> list[Case]:
    """Return the combinations of tilt, azimuth and mount, those that stand alone before those in rows."""
    alone = [Case(tilt=tilt, azimuth=azimuth, mount=mount) for mount in MOUNTS for tilt, azimuth in ANGLES]
    return alone + [Case(tilt=tilt, azimuth=azimuth, mount="rack", gcr=gcr) for tilt, azimuth, gcr in WITH_ROWS]


@lru_cache(maxsize=len(FILES))
def bundled(file: str) -> Weather:
    """Return one of `FILES` as we read it."""
    return read_weather(Path(pvlib.__file__).parent / "data" / file)


@lru_cache(maxsize=2 * len(FILES))
def sky_at(file: str, suns_per_hour: int) -> Sky:
    """Return the sky of one of `FILES`."""
    return sky_of(bundled(file), suns_per_hour=suns_per_hour)


def comparable() -> System:
    """Return our system with the temperature coefficient of SAM's premium module."""
    return replace(system(), temperature_coefficient=PREMIUM_COEFFICIENT)


def resource(weather: Weather) -> dict[str, Any]:
    """Return a weather's hours as SAM takes them, each stamped at its middle."""
    hours = weather.hours
    index = pd.DatetimeIndex(hours.index)
    columns = {"gh": "ghi", "dn": "dni", "df": "dhi", "tdry": "temp_air", "wspd": "wind_speed"}
    return _table(weather, index, {name: hours[ours].to_numpy() for name, ours in columns.items()})


def quarter_resource(weather: Weather) -> dict[str, Any]:
    """Return records of quarters of an hour: beam and diffuse spread evenly over those in which the sun is up."""
    hours = weather.hours
    index = pd.DatetimeIndex(hours.index)
    place = {name: getattr(weather, name) for name in ("longitude", "latitude", "altitude_m")}
    zenith, _ = sub_hour_positions(index, per_hour=SUNS_PER_HOUR, **place)
    risen = zenith < 90
    weight = risen * SUNS_PER_HOUR / np.maximum(risen.sum(axis=1), 1)[:, np.newaxis]
    beam = np.minimum(hours["dni"].to_numpy()[:, np.newaxis] * weight, extra_radiation(index)[:, np.newaxis])
    minutes = (np.arange(SUNS_PER_HOUR) + 0.5) * 60 / SUNS_PER_HOUR - 30
    moments = (index.repeat(SUNS_PER_HOUR) + pd.to_timedelta(np.tile(minutes, len(index)), unit="min")).round("s")
    held = {"gh": "ghi", "tdry": "temp_air", "wspd": "wind_speed"}
    columns = {name: np.repeat(hours[ours].to_numpy(), SUNS_PER_HOUR) for name, ours in held.items()}
    diffuse = hours["dhi"].to_numpy()[:, np.newaxis] * weight
    return _table(weather, moments, columns | {"dn": beam.ravel(), "df": diffuse.ravel()})


def _table(weather: Weather, index: pd.DatetimeIndex, columns: dict[str, Floats]) -> dict[str, Any]:
    zone = index[0].utcoffset()
    if zone is None:
        raise ValueError("the hours of a weather have a time zone")
    clock = {name: getattr(index, name) for name in ("year", "month", "day", "hour")}
    minute = index.minute + index.second / 60
    pressure = np.full(len(index), atmosphere.alt2pres(weather.altitude_m) / 100)
    nothing = np.zeros(len(index))
    arrays = clock | {"minute": minute} | columns | {"pres": pressure, "tdew": nothing, "wdir": nothing}
    place = {"lat": weather.latitude, "lon": weather.longitude, "elev": weather.altitude_m}
    series = {name: np.asarray(values, dtype=float).tolist() for name, values in arrays.items()}
    return {"tz": zone.total_seconds() / 3600, **place, **series}


def pvwatts8(given: dict[str, Any], case: Case, ours: System) -> Reference:
    """Run PVWatts v8.

    Parameters
    ----------
    given : dict
        Records as `resource` or `quarter_resource` gives them.
    case : Case
        The plane.
    ours : System
        Whose losses, inverter and limit SAM takes over.
    """
    capacity = MANY_ROWS_KW if case.gcr > 0 else 1.0
    model = Pvwattsv8.new()
    model.SolarResource.assign(
        {
            "solar_resource_data": given,
            "albedo": (parameters.value("pv", "albedo"),) * 12,
            "use_wf_albedo": 0,
        }
    )
    design = {"system_capacity": capacity, "module_type": PREMIUM, "array_type": MOUNTS[case.mount][1]}
    design |= {"tilt": case.tilt, "azimuth": case.azimuth, "gcr": case.gcr or ALONE, "bifaciality": 0}
    design |= {"dc_ac_ratio": 1 / ours.ac_limit, "inv_eff": 100 * ours.efficiency, "losses": 100 * (1 - ours.kept)}
    model.SystemDesign.assign(design | {"en_snowloss": 0, "batt_simple_enable": 0})
    model.AdjustmentFactors.assign({"adjust_constant": 0.0})
    model.execute(0)
    found = {
        name: np.array(getattr(model.Outputs, name))
        for name in ("poa", "tcell", "dc", "ac", "ss_beam_factor", "ss_sky_diffuse_factor", "ss_gnd_diffuse_factor")
    }
    return Reference(
        poa=found["poa"],
        temp_cell=found["tcell"],
        dc_kw=found["dc"] / capacity / 1000,
        ac_kw=found["ac"] / capacity / 1000,
        beam_left=found["ss_beam_factor"],
        sky_left=found["ss_sky_diffuse_factor"],
        ground_left=found["ss_gnd_diffuse_factor"],
    )


@lru_cache(maxsize=256)
def hourly(file: str, case: Case) -> Reference:
    """Return what SAM makes of the hours of one of `FILES`."""
    return pvwatts8(_resource(file), case, comparable())


@lru_cache(maxsize=len(FILES))
def _resource(file: str) -> dict[str, Any]:
    return resource(bundled(file))


def _plane(case: Case) -> Plane:
    return Plane(
        surface_tilt=case.tilt, surface_azimuth=case.azimuth, mounting=MOUNTS[case.mount][0], ridge_gcr=case.gcr
    )


def _compare(file: str, case: Case, ours: System) -> dict[str, Any]:
    """Return one row of `comparison`."""
    theirs = hourly(file, case)
    months = pd.DatetimeIndex(bundled(file).hours.index).month.to_numpy()
    row: dict[str, Any] = {"file": file} | {name: getattr(case, name) for name in Case.__slots__}
    for suns in (1, SUNS_PER_HOUR):
        sky = sky_at(file, suns)
        found = plane_hours(sky, _plane(case), ours)
        end = "" if suns == SUNS_PER_HOUR else "_one_sun"
        for name, our_values, their_values in (
            ("poa", found["poa_global"], theirs.poa / 1000),
            ("ac", found["ac_kw"], theirs.ac_kw),
        ):
            mine = our_values.to_numpy() / (1000 if name == "poa" else 1)
            month = by_month(mine, months[sky.row]) / by_month(their_values, months) - 1
            worst = int(np.abs(month).argmax())
            row |= {
                f"{name}{end}": mine.sum(),
                f"sam_{name}": their_values.sum(),
                f"{name}_delta{end}": mine.sum() / their_values.sum() - 1,
                f"{name}_month{end}": worst + 1,
                f"{name}_month_delta{end}": month[worst],
            }
        row |= {f"{name}{end}": value for name, value in _steps(found, theirs, sky, ours).items()}
    return row


def by_month(values: Floats, months: npt.NDArray[np.integer]) -> Floats:
    """Return the twelve sums of the months 1 … 12."""
    return np.bincount(months, values, minlength=13)[1:].astype(np.float64)


def _steps(found: pd.DataFrame, theirs: Reference, sky: Sky, ours: System) -> dict[str, float]:
    """Return what cell temperature, module and inverter add to the AC delta, and AC with SAM's cells."""
    effective = found["effective"].to_numpy()
    same = pvsystem.pvwatts_dc(effective, theirs.temp_cell[sky.row], 1.0, ours.temperature_coefficient)
    dc, poa = found["dc_kw"].sum(), found["poa_global"].sum() / theirs.poa.sum()
    ac = inverter.pvwatts(same * ours.kept, ours.dc_limit, ours.efficiency)
    return {
        "thermal": dc / same.sum() - 1,
        "module": same.sum() * ours.kept / theirs.dc_kw.sum() / poa - 1,
        "inverter": found["ac_kw"].sum() / (dc * ours.kept) / (theirs.ac_kw.sum() / theirs.dc_kw.sum()) - 1,
        "ac_same_cells_delta": float(ac.sum() / theirs.ac_kw.sum() - 1),
    }


@lru_cache(maxsize=1)
def comparison() -> pd.DataFrame:
    """Compare every case on both files.

    Returns
    -------
    pandas.DataFrame
        A row each: ``file``, ``tilt``, ``azimuth`` [deg], ``mount``, ``gcr``; ``poa`` and ``sam_poa`` [kWh/m2],
        ``ac`` and ``sam_ac`` [kWh/kW]; ``poa_delta``, ``ac_delta`` [1] of the year, ``poa_month`` and
        ``poa_month_delta`` of the worst month, ``ac_month`` and ``ac_month_delta``; of the AC delta the parts
        ``thermal``, ``module`` (glass, spectrum, weak light) and ``inverter`` [1], whose factors and that of POA make
        the whole; ``ac_same_cells_delta`` with SAM's cell temperatures. All with four suns an hour, and once more
        ending in ``_one_sun``.
    """
    ours = comparable()
    return pd.DataFrame([_compare(file, case, ours) for file in FILES for case in cases()])


@lru_cache(maxsize=1)
def quarters() -> pd.DataFrame:
    """Compare the default of four suns an hour with SAM on records of a quarter of an hour.

    Returns
    -------
    pandas.DataFrame
        A row each: ``file``, ``tilt``, ``azimuth`` [deg], ``poa_delta`` [1] of the year, and ``poa_delta_whole`` [1]
        of the hours in which all four suns are up.
    """
    ours = comparable()
    rows = []
    for file in FILES:
        given, sky = quarter_resource(bundled(file)), sky_at(file, SUNS_PER_HOUR)
        whole = np.diff(sky.first) == SUNS_PER_HOUR
        for tilt, azimuth in QUARTERS:
            case = Case(tilt=tilt, azimuth=azimuth, mount="roof")
            theirs = pvwatts8(given, case, ours).poa.reshape(-1, SUNS_PER_HOUR).mean(axis=1)
            mine = plane_hours(sky, _plane(case), ours)["poa_global"].to_numpy()
            part = (mine - theirs[sky.row])[whole].sum() / theirs.sum()
            delta = mine.sum() / theirs.sum() - 1
            rows.append({"file": file, "tilt": tilt, "azimuth": azimuth, "poa_delta": delta, "poa_delta_whole": part})
    return pd.DataFrame(rows)


def rows() -> Iterator[Row]:
    """Give the rows for the page."""
    table = comparison()
    for file, of_file in table.groupby("file", sort=False):
        code = f"SAM PVWatts v8 (PySAM) on {file}"
        alone = of_file[of_file["gcr"] == 0]
        yield _year(alone, "poa", code, f"{len(alone)} planes, both codes with one sun an hour", "_one_sun")
        yield _year(alone, "poa", code, "ours with four suns an hour, SAM with one")
        for mount, of_mount in alone.groupby("mount", sort=False):
            yield _year(of_mount, "ac", f"{code}, {mount}", _parts(of_mount))
        same = alone["ac_same_cells_delta"]
        yield (
            "annual AC, SAM's cell temperatures in our chain",
            code,
            spread(same),
            f"mean {percent(same.mean())}",
        )
        yield _year(of_file[of_file["gcr"] > 0], "poa", f"{code}, rows, gcr 0.4–0.6", _ROWS_REMARK)
    yield from _quarter_rows()


_ROWS_REMARK: Final = "SAM takes the row's share of sky off circumsolar light too"


def _quarter_rows() -> Iterator[Row]:
    for file, of_file in quarters().groupby("file", sort=False):
        yield (
            "annual POA, records of a quarter of an hour",
            f"SAM PVWatts v8 on {file}, our four suns",
            spread(of_file["poa_delta"]),
            f"{spread(of_file['poa_delta_whole'])} from hours with all four suns up, the rest from sunrise and sunset",
        )


def spread(delta: pd.Series) -> str:
    """Return the least and the greatest of some deltas."""
    return f"{percent(float(delta.min()))} … {percent(float(delta.max()))}"


def _parts(table: pd.DataFrame) -> str:
    means = [f"{name} {percent(float(table[name].mean()))}" for name in ("thermal", "module", "inverter")]
    return f"mean parts: {', '.join(means)}"


def _year(table: pd.DataFrame, name: str, code: str, remark: str, end: str = "") -> Row:
    delta, month = table[f"{name}_delta{end}"], table[f"{name}_month_delta{end}"]
    worst = table.iloc[int(month.abs().to_numpy().argmax())]
    where = f"{worst['tilt']:g}°/{worst['azimuth']:g}° {worst['mount']}"
    said = f"worst month {percent(worst[f'{name}_month_delta{end}'])} ({worst[f'{name}_month{end}']}, {where})"
    return f"annual {name.upper()}", code, f"{spread(delta)}, mean {percent(delta.mean())}", f"{remark}; {said}"
