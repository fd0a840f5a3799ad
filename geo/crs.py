"""Coordinate systems: what a file is in, what we store, and the one projected system a run computes in.

Stored coordinates are CGCS2000 lon-lat (EPSG:4490); at the precision of this work WGS 84 is the same.
Distances that decide a verdict are geodesics on GRS80; a projected system serves areas and local geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError

STORED: Final = CRS.from_epsg(4490)
GEOD: Final = Geod(ellps="GRS80")
CITY_EXTENT: Final = (105.8, 107.2)
CITY_MERIDIAN: Final = 106.5
_CHINA: Final = (73.0, 136.0, 15.0, 55.0)
_OLD_DATUMS: Final = ("beijing", "xian", "pulkovo 1942")

_WHOLE_FILE: Final = 0.9
_MAJORITY: Final = 0.5

Found = Literal["declared", "format", "columns", "given", "swapped", "missing", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What is known of a file's coordinates.

    Parameters
    ----------
    crs : pyproj.CRS, optional
        The system to read the coordinates in; None when the file cannot be used as it is.
    why : str
        How it was found: a key ``crs.<why>`` of the text catalogue.
    hint : str
        A system that the numbers look like, for the person to confirm; never used unasked.
    swap : bool
        Whether the axes have to be exchanged.
    """

    crs: CRS | None
    why: Found
    hint: str = ""
    swap: bool = False


def _tmerc(meridian: float) -> CRS:
    return CRS.from_proj4(f"+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0=500000 +ellps=GRS80 +units=m +no_defs")


def working_crs(longitude: float) -> CRS:
    """Return the projected system [m] to compute in near a longitude [degrees east].

    This city straddles the edge of two 3° zones and gets its own meridian, 106.5° E; elsewhere in China the
    nearest CGCS2000 3° zone serves (EPSG:4534 to 4554), and beyond it a transverse Mercator on the data.

    >>> working_crs(106.4).coordinate_operation.params[1].value, working_crs(116.4).to_epsg()
    (106.5, 4548)
    """
    west, east = CITY_EXTENT
    if west <= longitude <= east:
        return _tmerc(CITY_MERIDIAN)
    if _CHINA[0] <= longitude <= _CHINA[1]:
        return CRS.from_epsg(4534 + round((longitude - 75) / 3))
    return _tmerc(round(longitude, 2))


def require_projected(frame: gpd.GeoDataFrame | gpd.GeoSeries) -> None:
    """Refuse to measure areas or lengths on degrees.

    Raises
    ------
    ValueError
        If the CRS is missing or geographic.
    """
    if frame.crs is None or not frame.crs.is_projected:
        raise ValueError(f"areas and lengths need a projected CRS in metres, not {frame.crs}")


def distance_m(
    longitude_a: ArrayLike, latitude_a: ArrayLike, longitude_b: ArrayLike, latitude_b: ArrayLike
) -> NDArray[np.float64]:
    """Return geodesic distances [m] on GRS80 between points given in degrees; shapes broadcast.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. J. Geod. 87, 43-55. doi:10.1007/s00190-012-0578-z
    """
    arrays = np.broadcast_arrays(longitude_a, latitude_a, longitude_b, latitude_b)
    flat = [np.ascontiguousarray(array, dtype=float).ravel() for array in arrays]
    _, _, metres = GEOD.inv(flat[0], flat[1], flat[2], flat[3])
    return np.asarray(metres, dtype=float).reshape(arrays[0].shape)


def signature(west: float, south: float, east: float, north: float) -> str:
    """Name the system that bounds look like by their size alone, or return an empty text.

    >>> signature(35620000, 4322000, 35625000, 4330000)
    'EPSG:4523'
    >>> signature(4322000, 446000, 4330000, 450000)
    'EPSG:4544/4545 (north first)'
    """
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        return "EPSG:4490"
    if _CHINA[2] <= west and east <= _CHINA[3] and _CHINA[0] <= south and north <= _CHINA[1]:
        return "EPSG:4490 (latitude first)"
    if west >= 8.1e6 and east <= 1.52e7 and south >= 1.6e6 and north <= 7.4e6:
        return "EPSG:3857"
    for first, second, note in ((west, south, ""), (south, west, " (north first)")):
        zone = int(first // 1_000_000)
        if 25 <= zone <= 45 and 1.6e6 <= second <= 6.2e6:
            return f"EPSG:{4513 + zone - 25}{note}"
        if 1e5 <= first < 1e6 and 1.6e6 <= second <= 6.2e6:
            return f"EPSG:4544/4545{note}"
    return ""


def _area_of_use(declared: CRS) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the places that a system is made for, with a margin of 3°."""
    code = declared.to_epsg()
    area = declared.area_of_use or (CRS.from_epsg(code).area_of_use if code else None)
    if area is not None:
        west, south, east, north = area.bounds
        return west - 3, south - 3, east + 3, north + 3
    operation = declared.coordinate_operation
    if operation is not None and "Transverse Mercator" in operation.method_name:
        meridian = next(float(item.value) for item in operation.params if item.name == "Longitude of natural origin")
        return meridian - 6, -90.0, meridian + 6, 90.0
    return -180.0, -90.0, 180.0, 90.0


def _is_old(declared: CRS) -> bool:
    """Tell a system on Beijing 54 or Xian 80 by its own name and its datum's, never by remarks that mention them."""
    base = declared.geodetic_crs
    names = (declared.name, base.name, base.datum.name if base.datum else "") if base else (declared.name,)
    return any(old in name.lower().replace("_", " ") for old in _OLD_DATUMS for name in names)


def fitting(x: NDArray[np.float64], y: NDArray[np.float64], declared: CRS) -> NDArray[np.bool_]:
    """Tell which coordinates can be places in `declared`.

    Degrees must be on the globe. Projected ones must lead to places where the system is used, and must not look
    like degrees: a whole city within 180 m of a false origin is a file whose system is misnamed.
    """
    if declared.is_geographic:
        return np.asarray((np.abs(x) <= 180) & (np.abs(y) <= 90), dtype=bool)
    west, south, east, north = _area_of_use(declared)
    longitude, latitude = Transformer.from_crs(declared, STORED, always_xy=True).transform(x, y)
    return np.asarray(
        ~((np.abs(x) <= 180) & (np.abs(y) <= 180))
        & (longitude >= west)
        & (longitude <= east)
        & (latitude >= south)
        & (latitude <= north),
        dtype=bool,
    )


def recognise(x: NDArray[np.float64], y: NDArray[np.float64], declared: CRS | None, *, why: Found) -> Recognition:
    """Decide whether `declared` can be what the coordinates are in: the file as a whole, by the majority of its rows.

    Parameters
    ----------
    x, y : array of float
        Raw coordinates of all located rows; single stray rows must not hide what the file is in.
    declared : pyproj.CRS, optional
        What the file, its format or the person says.
    why : str
        Where `declared` comes from.
    """
    if not len(x):
        return Recognition(crs=declared, why=why if declared else "missing")
    middle_x, middle_y = (float(np.quantile(values, 0.5, method="lower")) for values in (x, y))
    looks = signature(middle_x, middle_y, middle_x, middle_y)
    if declared is None or not (declared.is_geographic or declared.is_projected):
        return Recognition(crs=None, why="missing", hint=looks)
    if _is_old(declared):
        return Recognition(crs=None, why="refused", hint=declared.name)
    as_is, exchanged = fitting(x, y, declared), fitting(y, x, declared)
    if (exchanged & ~as_is).mean() >= _WHOLE_FILE:
        return Recognition(crs=declared, why="swapped", hint=looks, swap=True)
    usable = as_is | exchanged if declared.is_geographic else as_is
    if usable.mean() < _MAJORITY:
        return Recognition(crs=None, why="missing", hint=looks)
    return Recognition(crs=declared, why=why)


def parse_crs(name: str) -> CRS:
    """Return the system that a person named, for instance ``EPSG:4544``.

    Raises
    ------
    ValueError
        If PROJ does not know it.
    """
    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        raise ValueError(f"unknown coordinate system: {name}") from error


def convergence_deg(crs: CRS, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Return the meridian convergence [deg] of a projected system at places of it [m], in their shape.

    It is the true azimuth of grid north, positive where grid north points east of true north: a direction's true
    azimuth is its grid azimuth plus this.
    """
    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_degrees.transform(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    return np.asarray(Proj(crs).get_factors(longitude, latitude).meridian_convergence, dtype=float)
