"""The offset coordinates of Chinese web maps, GCJ-02 (Amap, Tencent) and BD-09 (Baidu), and their exact inverses.

Both shift WGS 84 degrees by a smooth field, up to 700 m (GCJ-02) or 700 to 1,500 m (BD-09), that is published as
formulas only. Their inverses are found by fixed-point iteration on the forward formulas: the field changes by less than
2 % of a step, so that each turn gains almost two digits. CGCS2000 and WGS 84 are the same at this precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeVar, get_args

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Datum = Literal["wgs84", "gcj02", "bd09"]
DATUMS: Final[tuple[Datum, ...]] = get_args(Datum)
Array = NDArray[np.float64]
_Pair = tuple[Array, Array]
_Shapes = TypeVar("_Shapes", gpd.GeoDataFrame, gpd.GeoSeries, NDArray[np.object_])

_NAMES: Final[dict[str, Datum]] = {
    **dict.fromkeys(("wgs84", "cgcs2000"), "wgs84"),
    **dict.fromkeys(("gcj02", "火星坐标", "火星坐标系", "高德坐标", "腾讯坐标", "国测局坐标"), "gcj02"),
    **dict.fromkeys(("bd09", "bd09ll", "百度坐标", "百度坐标系"), "bd09"),
}

BOX: Final = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north [deg] of where the transform applies: the test that is published with it."""
_MARGIN: Final = 0.05  # deg; farther than BD-09 moves anything
_AXIS_M: Final = 6_378_245.0  # Krasovsky 1940, as published
_ECCENTRICITY: Final = 0.00669342162296594323
_BD_WAVES: Final = np.pi * 3000.0 / 180.0
_STEP: Final = 1e-13  # deg
_TURNS: Final = 16


def offset_named(name: str) -> Datum | None:
    """Return the offset datum that a person names; None for anything else, projected systems among them.

    >>> offset_named("GCJ-02"), offset_named("百度坐标"), offset_named("EPSG:4544")
    ('gcj02', 'bd09', None)
    """
    folded = name.strip().lower().translate(str.maketrans(dict.fromkeys("-_ ")))
    return _NAMES.get(folded)


def _within(longitude: Array, latitude: Array, *, margin: float = 0.0) -> NDArray[np.bool_]:
    west, south, east, north = BOX
    inside = (longitude >= west - margin) & (longitude <= east + margin)
    return np.asarray(inside & (latitude >= south - margin) & (latitude <= north + margin), dtype=bool)


def _waves(value: Array, *terms: tuple[float, float]) -> Array:
    total = np.zeros_like(value)
    for amplitude, factor in terms:
        total += amplitude * np.sin(value * (factor * np.pi))
    return total * (2.0 / 3.0)


def _gcj(longitude: Array, latitude: Array) -> _Pair:
    """Shift WGS 84 to GCJ-02 wherever it is: the formula without the box."""
    x, y = longitude - 105.0, latitude - 35.0
    shared = _waves(x, (20.0, 6.0), (20.0, 2.0))
    root, product = np.sqrt(np.abs(x)), 0.1 * x * y
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + product + 0.2 * root + shared
    north_m += _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + product + 0.1 * root + shared
    east_m += _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    radians = np.radians(latitude)
    curve = 1.0 - _ECCENTRICITY * np.sin(radians) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY) / (curve * np.sqrt(curve))
    parallel_m = _AXIS_M / np.sqrt(curve) * np.cos(radians)
    return longitude + np.degrees(east_m / parallel_m), latitude + np.degrees(north_m / meridian_m)


def _bd_of_gcj(longitude: Array, latitude: Array) -> _Pair:
    radius = np.hypot(longitude, latitude) + 2e-5 * np.sin(latitude * _BD_WAVES)
    angle = np.arctan2(latitude, longitude) + 3e-6 * np.cos(longitude * _BD_WAVES)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _bd(longitude: Array, latitude: Array) -> _Pair:
    return _bd_of_gcj(*_gcj(longitude, latitude))


def _solve(forward: Callable[[Array, Array], _Pair], longitude: Array, latitude: Array) -> _Pair:
    """Return where `forward` leads to the given place: x ← x + (target - forward(x)) until nothing moves."""
    x, y = longitude.copy(), latitude.copy()
    for _ in range(_TURNS):
        there_x, there_y = forward(x, y)
        step_x, step_y = longitude - there_x, latitude - there_y
        x, y = x + step_x, y + step_y
        if not x.size or max(np.abs(step_x).max(), np.abs(step_y).max()) < _STEP:
            break
    return x, y


def _applied(forward: Callable[[Array, Array], _Pair], longitude: ArrayLike, latitude: ArrayLike) -> _Pair:
    x, y = (np.array(values, dtype=np.float64) for values in np.broadcast_arrays(longitude, latitude))
    inside = _within(x, y)
    x[inside], y[inside] = forward(x[inside], y[inside])
    return x, y


def _inverted(forward: Callable[[Array, Array], _Pair], longitude: ArrayLike, latitude: ArrayLike) -> _Pair:
    """Solve for the place, and keep what was given where that place is outside the box, for it was never shifted."""
    x, y = (np.array(values, dtype=np.float64) for values in np.broadcast_arrays(longitude, latitude))
    near = _within(x, y, margin=_MARGIN)
    solved_x, solved_y = _solve(forward, x[near], y[near])
    shifted = _within(solved_x, solved_y)
    x[near], y[near] = np.where(shifted, solved_x, x[near]), np.where(shifted, solved_y, y[near])
    return x, y


def to_gcj02(longitude: ArrayLike, latitude: ArrayLike) -> _Pair:
    """Shift WGS 84 degrees to GCJ-02.

    Parameters
    ----------
    longitude, latitude : array_like of float
        Degrees, of shapes that broadcast.

    Returns
    -------
    tuple of array of float64
        Longitude and latitude [deg]; NaN stays NaN, and what is outside `BOX` stays as it is.

    References
    ----------
    The formulas as published in eviltransform (github.com/googollee/eviltransform) and coordtransform
    (github.com/wandergis/coordtransform).
    """
    return _applied(_gcj, longitude, latitude)


def from_gcj02(longitude: ArrayLike, latitude: ArrayLike) -> _Pair:
    """Return the WGS 84 degrees that `to_gcj02` leads from; parameters and result as there.

    Within 1 km outside `BOX` a place can be one that was shifted there or one that was not: the former is taken.

    >>> x, y = from_gcj02(*to_gcj02(106.3846, 39.0355))
    >>> round(float(x), 10), round(float(y), 10)
    (106.3846, 39.0355)
    """
    return _inverted(_gcj, longitude, latitude)


def to_bd09(longitude: ArrayLike, latitude: ArrayLike) -> _Pair:
    """Shift WGS 84 degrees to BD-09, by way of GCJ-02; parameters and result as of `to_gcj02`."""
    return _applied(_bd, longitude, latitude)


def from_bd09(longitude: ArrayLike, latitude: ArrayLike) -> _Pair:
    """Return the WGS 84 degrees that `to_bd09` leads from; parameters and result as of `from_gcj02`.

    Both steps are inverted, the waves that BD-09 adds included: the published inverse leaves them in.
    """
    return _inverted(_bd, longitude, latitude)


_MOVES: Final[dict[tuple[str, bool], Callable[[ArrayLike, ArrayLike], _Pair]]] = {
    ("gcj02", False): to_gcj02,
    ("gcj02", True): from_gcj02,
    ("bd09", False): to_bd09,
    ("bd09", True): from_bd09,
}


def _moved(shapes: NDArray[np.object_], move: Callable[[ArrayLike, ArrayLike], _Pair]) -> NDArray[np.object_]:
    def vertices(places: Array) -> Array:
        return np.column_stack([*move(places[:, 0], places[:, 1]), places[:, 2:]])

    done = np.array(shapes, dtype=object)
    high = np.asarray(shapely.has_z(done), dtype=bool)
    for mask, has_z in ((high, True), (~high, False)):
        if mask.any():
            done[mask] = shapely.transform(done[mask], vertices, include_z=has_z)
    return done


def shift(shapes: _Shapes, datum: Datum, *, inverse: bool = False) -> _Shapes:
    """Shift every vertex from WGS 84 to an offset datum, or back.

    Parameters
    ----------
    shapes : geopandas.GeoDataFrame, geopandas.GeoSeries or array of shapely geometries
        In degrees, longitude first; heights stay.
    datum : {"wgs84", "gcj02", "bd09"}
        ``wgs84`` leaves everything where it is.
    inverse : bool
        From `datum` to WGS 84.

    Returns
    -------
    The same kind with other geometries, rows, columns and attributes unchanged.

    Raises
    ------
    ValueError
        If the datum is unknown or the CRS is not of degrees.
    """
    if datum not in DATUMS:
        raise ValueError(f"unknown datum: {datum}")
    done: _Shapes
    if isinstance(shapes, gpd.GeoDataFrame):
        done = shapes.set_geometry(shift(shapes.geometry, datum, inverse=inverse))
        return done
    if isinstance(shapes, gpd.GeoSeries):
        if shapes.crs is not None and not shapes.crs.is_geographic:
            raise ValueError(f"the offset is of degrees, not of {shapes.crs.name}")
        array = shift(shapes.to_numpy(), datum, inverse=inverse)
        done = gpd.GeoSeries(array, index=shapes.index, crs=shapes.crs, name=shapes.name)
        return done
    done = shapes.copy() if datum == "wgs84" else _moved(shapes, _MOVES[datum, inverse])
    return done
