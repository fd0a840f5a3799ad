"""Weather of several places: reading a set of files, and how much each cell counts at a building."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pyproj
from scipy.spatial import cKDTree

from data.errors import DataError, Fault
from solar.weather import Weather, distance_km, read_weather
from solar.weather_checks import refused

MOST_CELLS: Final = 4
_SPARE: Final = 2
_SAME_PLACE_KM: Final = 0.01
_GEOD: Final = pyproj.Geod(ellps="GRS80")

Mode = Literal["nearest", "interpolated"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def read_cells(paths: Path | Sequence[Path], *, repair: bool = True, same_years: bool = False) -> tuple[Weather, ...]:
    """Read the weather of several places.

    Parameters
    ----------
    paths : pathlib.Path or sequence of pathlib.Path
        Files, or one folder of which every file is read that is not hidden, in the order of their names.
    repair : bool
        As `solar.weather.read_weather` takes it.
    same_years : bool
        Whether the years will be computed one by one: then all cells must have the same. Means over several years
        do not need that.

    Returns
    -------
    tuple of Weather
        In the order of the files.

    Raises
    ------
    data.errors.DataError
        With the faults of all files; when two are of the same place; when there is none.
    """
    folder = paths if isinstance(paths, Path) else None
    files = _files_of(folder) if folder else [Path(path) for path in paths] if not isinstance(paths, Path) else []
    cells: dict[Path, Weather] = {}
    faults: list[Fault] = []
    for path in files:
        try:
            cells[path] = read_weather(path, repair=repair)
        except DataError as error:
            faults.extend(error.faults)
    if not files:
        faults.append(refused("weather.no_cells", folder.name if folder else ""))
    faults += _double_places(cells)
    if same_years:
        faults += _other_years(cells)
    if faults:
        raise DataError(faults)
    return tuple(cells.values())


def cell_weights(
    cells: Sequence[Weather], longitude: npt.ArrayLike, latitude: npt.ArrayLike, *, mode: Mode
) -> tuple[Ints, Floats]:
    """Return which cells count at each point, and how much.

    Parameters
    ----------
    cells : sequence of Weather
        At least one; no two at one place.
    longitude, latitude : array_like, shape (points,)
        Degrees.
    mode : {"nearest", "interpolated"}
        The nearest cell by the geodesic on GRS80, or the up to four nearest by the inverse square of their
        distances (Shepard 1968, doi:10.1145/800186.810616).

    Returns
    -------
    cell : ndarray of int, shape (points, k)
        Positions in `cells`, the nearest first; k is 1 or min(4, cells).
    weight : ndarray, shape (points, k)
        Not negative, the sum of each row 1; at a cell itself that cell alone.
    """
    lon, lat = np.atleast_1d(np.asarray(longitude, float)), np.atleast_1d(np.asarray(latitude, float))
    place = np.array([(cell.longitude, cell.latitude) for cell in cells], dtype=float)
    wanted = min(1 if mode == "nearest" else MOST_CELLS, len(cells))
    # the chord through the Earth finds the candidates, the geodesic puts them into order
    near = _candidates(place, lon, lat, min(wanted + _SPARE, len(cells)))
    side = [np.broadcast_to(start[:, np.newaxis], near.shape).ravel() for start in (lon, lat)]
    _, _, metres = _GEOD.inv(side[0], side[1], place[near, 0].ravel(), place[near, 1].ravel())
    distance = np.asarray(metres, dtype=float).reshape(near.shape)
    order = np.argsort(distance, axis=1, kind="stable")[:, :wanted]
    distance = np.take_along_axis(distance, order, axis=1)
    nearest = distance[:, :1]
    share = np.divide(nearest, distance, out=np.ones_like(distance), where=distance > 0) ** 2
    share /= share.sum(axis=1, keepdims=True)
    return np.take_along_axis(near, order, axis=1), share


def _candidates(place: Floats, lon: Floats, lat: Floats, count: int) -> Ints:
    """Return the `count` cells nearest to each point in space, shape (points, count)."""
    tree = cKDTree(_in_space(place[:, 0], place[:, 1]))
    _, near = tree.query(_in_space(lon, lat), k=np.arange(1, count + 1))
    return np.asarray(near, dtype=np.int64)


def _in_space(lon: Floats, lat: Floats) -> Floats:
    """Return geocentric coordinates on the ellipsoid [m], shape (points, 3)."""
    east, north = np.radians(lon), np.radians(lat)
    across = _GEOD.a / np.sqrt(1 - _GEOD.es * np.sin(north) ** 2)
    around = across * np.cos(north)
    return np.column_stack([around * np.cos(east), around * np.sin(east), across * (1 - _GEOD.es) * np.sin(north)])


def _files_of(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _double_places(cells: dict[Path, Weather]) -> list[Fault]:
    return [
        refused("weather.cell_twice", second.name, got=first.name)
        for (first, one), (second, other) in combinations(cells.items(), 2)
        if distance_km(one, other.longitude, other.latitude) < _SAME_PLACE_KM
    ]


def _other_years(cells: dict[Path, Weather]) -> list[Fault]:
    """Return a fault for each file whose years are not those of the first."""
    years = {path: _spelled(cell) for path, cell in cells.items()}
    first = next(iter(years.values()), "")
    return [
        refused("weather.cell_years", path.name, expected=first, got=said)
        for path, said in years.items()
        if said != first
    ]


def _spelled(cell: Weather) -> str:
    return ", ".join(str(year) for year in cell.year_list)
