"""One roof in depth: its horizon with the paths of the sun, its waterfall, and what each neighbour costs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from solar.engine import Engine, roof_arrays
from solar.horizon import horizon_owners
from solar.rooftops import Rooftops
from solar.sun import sun_position
from solar.weather import Weather

BINS: Final = 360
DAYS: Final = ("06-21", "09-23", "12-21")
"""Solstices and an equinox: the highest, middle and lowest path of the sun."""
MOST_NEIGHBOURS: Final = 12

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoofDetail:
    """What the page of one roof shows.

    Attributes
    ----------
    horizon : pandas.DataFrame
        A row an azimuth: ``azimuth`` [deg], ``terrain``, ``mean`` and ``highest`` elevation [deg] over its points.
    sun_paths : pandas.DataFrame
        ``day`` (month-day), ``hour`` of local standard time, ``azimuth``, ``elevation`` [deg].
    neighbours : pandas.DataFrame
        ``row`` of the building, ``lost_kwh`` a year that would come back without it, and ``azimuth`` [deg] towards
        the middle of what it hides; the dearest first.
    """

    horizon: pd.DataFrame
    sun_paths: pd.DataFrame
    neighbours: pd.DataFrame


def roof_detail(given: Rooftops, row: int) -> RoofDetail:
    """Return the detail of one roof that has capacity.

    Parameters
    ----------
    given : Rooftops
        The run that the roof belongs to.
    row : int
        Its place among the buildings.
    """
    rows = np.array([row], dtype=np.int64)
    horizon = given.scene.horizons(rows)
    angle = np.degrees(np.arctan(horizon[0].astype(float)))
    table = pd.DataFrame(
        {
            "azimuth": np.arange(BINS) + 0.5,
            "terrain": angle[0],
            "mean": angle[1:].mean(axis=0),
            "highest": angle[1:].max(axis=0),
        }
    )
    weather = given.cells[int(given.weights[0][row, 0])]
    return RoofDetail(horizon=table, sun_paths=sun_paths(weather), neighbours=_neighbours(given, rows, horizon))


def sun_paths(weather: Weather) -> pd.DataFrame:
    """Return where the sun passes at a weather's place on `DAYS`, every ten minutes while it is up."""
    year, zone = weather.year_list[0], weather.clock
    parts = []
    for day in DAYS:
        moments = pd.date_range(f"{year}-{day}", periods=144, freq="10min", tz=zone)
        zenith, azimuth = sun_position(
            moments, longitude=weather.longitude, latitude=weather.latitude, altitude_m=weather.altitude_m
        )
        hour = moments.hour + moments.minute / 60
        parts.append(pd.DataFrame({"day": day, "hour": hour, "azimuth": azimuth, "elevation": 90 - zenith}))
    path = pd.concat(parts, ignore_index=True)
    return path[path["elevation"] > 0].reset_index(drop=True)


def _neighbours(given: Rooftops, rows: Ints, horizon: npt.NDArray[np.float32]) -> pd.DataFrame:
    scene = given.scene
    nothing = pd.DataFrame({"row": pd.Series(dtype=int), "lost_kwh": pd.Series(dtype=float)})
    if scene.around is None or not (horizon[0, 1:] > horizon[0, :1]).any():
        return nothing.assign(azimuth=pd.Series(dtype=float))
    place, _ = scene.points_of(rows)
    where = (scene.points.x[place], scene.points.y[place], scene.roof_m[rows[0]], rows[0])
    seen, owners = horizon_owners(scene.around, *where, north_deg=scene.north_deg[rows[0]])
    owners = np.where(seen > horizon[0, 0], owners, -1)
    names, first = np.unique(owners[owners >= 0], return_inverse=True)
    hides = np.bincount(first, seen[owners >= 0])
    likely = names[np.argsort(-hides, kind="stable")][:MOST_NEIGHBOURS]
    engine = Engine(roof_arrays(given.roofs, given.weights), scene, given.cells, given.options, hourly=False, only=rows)
    now = _yield(engine, rows, horizon)
    found = []
    for name in likely:
        without, _ = horizon_owners(scene.around, *where, north_deg=scene.north_deg[rows[0]], without=int(name))
        view = horizon.copy()
        view[0, 1:] = np.maximum(without, horizon[0, 0])
        lost = (_yield(engine, rows, view) - now) * float(given.roofs["capacity_kw"].iloc[rows[0]])
        found.append({"row": int(name), "lost_kwh": lost, "azimuth": _towards(owners == name)})
    return pd.DataFrame(found).sort_values("lost_kwh", ascending=False, ignore_index=True)


def _yield(engine: Engine, rows: Ints, horizon: npt.NDArray[np.float32]) -> float:
    return float(engine.work(rows, horizon).energy.sum()) / (engine.slots // 12)


def _towards(mask: npt.NDArray[np.bool_]) -> float:
    """Return the middle [deg] of the azimuths that a mask of shape (points, 360) marks."""
    turn = np.radians(np.nonzero(mask)[1] + 0.5)
    return float(np.degrees(np.arctan2(np.sin(turn).mean(), np.cos(turn).mean())) % 360)
