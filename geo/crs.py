"""Coordinate systems: what a file is in, what we store, and the one projected system a run computes in.

Stored coordinates are CGCS2000 lon-lat (EPSG:4490); at the precision of this work WGS 84 is the same.
Distances that decide a verdict are geodesics on GRS80; a projected system serves areas and local geometry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError

from geo.crs_names import code_by_name, resolve
from geo.offsets import Datum

STORED: Final = CRS.from_epsg(4490)
GEOD: Final = Geod(ellps="GRS80")
CITY_EXTENT: Final = (105.8, 107.2)
CITY_MERIDIAN: Final = 106.5
CITY_BOX: Final = (105.8, 38.5, 107.2, 39.6)
_CHINA: Final = (73.0, 136.0, 15.0, 55.0)
_OLD_DATUMS: Final = ("beijing", "xian", "pulkovo 1942", "北京", "西安")
_OLD_AXES_M: Final = (6_378_245.0, 6_378_140.0)  # Krasovsky 1940 and IAG 1975, on which Beijing 54 and Xian 80 stand

_WHOLE_FILE: Final = 0.9
_MAJORITY: Final = 0.5
_LOOKED_AT: Final = 2_000
_NEAR_DEG: Final = 1.0
_ORDERS: Final = (" (north first)", " (latitude first)")

Found = Literal["declared", "format", "columns", "given", "swapped", "missing", "refused", "recognised"]


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
    datum : {"wgs84", "gcj02", "bd09"}
        Which offset the coordinates had; it has been taken off.
    datum_given : bool
        Whether the person named the datum.
    datum_tested : bool
        Whether the file was held against a trusted layer.
    decided : bool
        Whether that test was good enough to act on; if not, the datum is only what the file states.
    confidence : float, optional
        Probability [1] that the best reading is better than every rival, where that was tested.
    n : int
        Number of places that the test rests on.
    scores : mapping
        Reading → mean log distance [ln m] to the trusted layer; the least is the best.
    candidates : tuple of str
        Systems that the numbers can be in, the best first.
    pipeline : str
        The person's own transformation to lon-lat degrees; `crs` is then what it leads to.
    """

    crs: CRS | None
    why: Found
    hint: str = ""
    swap: bool = False
    datum: Datum = "wgs84"
    datum_given: bool = False
    datum_tested: bool = False
    decided: bool = False
    confidence: float | None = None
    n: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    pipeline: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return everything in plain values that JSON can hold; `from_dict` reads them back."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        crs = code_of(self.crs) if self.crs else None
        return {**said, "crs": crs, "scores": dict(self.scores), "candidates": list(self.candidates)}

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Recognition:
        """Return the recognition that `as_dict` wrote."""
        crs = CRS.from_user_input(said["crs"]) if said["crs"] else None
        return cls(**{**said, "crs": crs, "candidates": tuple(said["candidates"])})


def code_of(crs: CRS) -> str:
    """Return the authority's code of a system, or where it has none its whole definition."""
    known = None if crs.is_bound else crs.to_authority(min_confidence=100)
    return ":".join(known) if known else str(crs.to_wkt())


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


@lru_cache(maxsize=64)
def to_lonlat(crs: CRS) -> Transformer:
    """Return the way from a system, easting or longitude first, to stored degrees.

    The seven parameters of a system lead to WGS 84: on the way to any other datum PROJ would leave them out.
    """
    return Transformer.from_crs(crs, 4326 if crs.is_bound else STORED, always_xy=True)


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
    for first, second, note in ((west, south, ""), (south, west, _ORDERS[0])):
        codes = _gauss_kruger(first, second)
        if codes:
            return f"{'EPSG:4544/4545' if len(codes) > 1 else f'EPSG:{codes[0]}'}{note}"
    return ""


def _gauss_kruger(east: float, north: float) -> list[int]:
    """Return the CGCS2000 zones that an easting and northing [m] can be in.

    Eastings with the zone in front tell it: 25 to 45 are 3° zones, 13 to 23 are 6° zones. Plain ones can be in any:
    every 6° zone shares its meridian, and so its numbers, with the 3° zone that is listed.
    """
    zone = int(east // 1_000_000)
    if not 1.6e6 <= north <= 6.2e6:
        return []
    if 25 <= zone <= 45:
        return [4513 + zone - 25]
    if 13 <= zone <= 23:
        return [4491 + zone - 13]
    return list(range(4534, 4555)) if 1e5 <= east < 1e6 else []


@dataclass(frozen=True, slots=True)
class Candidate:
    """A system that a file's numbers can be in.

    Parameters
    ----------
    code : int
        EPSG code.
    swap : bool
        Whether the northing or latitude comes first.
    place : tuple of float
        Longitude and latitude [deg] of the file's middle, read so.
    """

    code: int
    swap: bool
    place: tuple[float, float]

    @property
    def label(self) -> str:
        """The code, with the order of the axes where it is not east first."""
        return f"EPSG:{self.code}{_ORDERS[self.code == 4490] if self.swap else ''}"


def _codes(x: float, y: float) -> list[int]:
    """Return the systems that a place can be in, east or longitude first."""
    if abs(x) <= 180 and abs(y) <= 90:
        return [4490]
    mercator = [3857] if 8.1e6 <= x <= 1.52e7 and 1.6e6 <= y <= 7.4e6 else []
    return _gauss_kruger(x, y) + mercator


def candidates(
    x: NDArray[np.float64], y: NDArray[np.float64], *, near: tuple[float, float, float, float] | None = None
) -> tuple[Candidate, ...]:
    """List the systems that a whole file can be in and that place it in China, the nearest to where it should be first.

    Parameters
    ----------
    x, y : array of float
        Raw coordinates in the file's order.
    near : tuple of float, optional
        West, south, east, north [deg] of the layers that are trusted; without them, of this city. Where some systems
        place the file within 1° of it, the others are left out.
    """
    if not len(x):
        return ()
    step = -(-len(x) // _LOOKED_AT)
    one, two = x[::step], y[::step]
    found = []
    for swap, east, north in ((False, one, two), (True, two, one)):
        middle = [float(np.quantile(values, 0.5, method="lower")) for values in (east, north)]
        for code in _codes(*middle):
            system = CRS.from_epsg(code)
            longitude, latitude = to_lonlat(system).transform(middle[0], middle[1])
            inside = in_china(np.array(middle[:1]), np.array(middle[1:]), system)
            if inside.all() and fitting(east, north, system).mean() >= _WHOLE_FILE:
                found.append(Candidate(code, swap, (longitude, latitude)))
    west, south, right, top = near or CITY_BOX

    def gap(one: Candidate) -> float:
        longitude, latitude = one.place
        return max(west - longitude, longitude - right, south - latitude, latitude - top, 0.0)

    ordered = sorted(found, key=gap)
    return tuple([one for one in ordered if gap(one) <= _NEAR_DEG] or ordered)


def _plain(declared: CRS) -> CRS:
    """Return a system without the seven parameters that came with it."""
    return declared.source_crs if declared.is_bound and declared.source_crs is not None else declared


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


def _has_parameters(declared: CRS) -> bool:
    """Tell whether a system brings its own way to WGS 84; seven zeros are none."""
    way = declared.coordinate_operation if declared.is_bound else None
    return way is not None and (any(way.towgs84) or bool(way.grids))


def _is_old(declared: CRS) -> bool:
    """Tell a system on Beijing 54 or Xian 80 by its own name, its datum's and its ellipsoid, never by remarks."""
    if _has_parameters(declared):
        return False
    plain = _plain(declared)
    base = plain.geodetic_crs
    names = (plain.name, base.name, base.datum.name if base.datum else "") if base else (plain.name,)
    named = any(old in name.lower().replace("_", " ") for old in _OLD_DATUMS for name in names)
    return named or (plain.ellipsoid is not None and plain.ellipsoid.semi_major_metre in _OLD_AXES_M)


def fitting(x: NDArray[np.float64], y: NDArray[np.float64], declared: CRS) -> NDArray[np.bool_]:
    """Tell which coordinates can be places in `declared`.

    Degrees must be on the globe. Projected ones must lead to places where the system is used, and must not look
    like degrees: a whole city within 180 m of a false origin is a file whose system is misnamed.
    """
    if declared.is_geographic:
        return np.asarray((np.abs(x) <= 180) & (np.abs(y) <= 90), dtype=bool)
    west, south, east, north = _area_of_use(_plain(declared))
    longitude, latitude = to_lonlat(declared).transform(x, y)
    return np.asarray(
        ~((np.abs(x) <= 180) & (np.abs(y) <= 180))
        & (longitude >= west)
        & (longitude <= east)
        & (latitude >= south)
        & (latitude <= north),
        dtype=bool,
    )


def in_china(x: NDArray[np.float64], y: NDArray[np.float64], declared: CRS) -> NDArray[np.bool_]:
    """Tell which coordinates, read in `declared`, are in the bounds of China."""
    longitude, latitude = to_lonlat(declared).transform(x, y)
    inside = (longitude >= _CHINA[0]) & (longitude <= _CHINA[1]) & (latitude >= _CHINA[2]) & (latitude <= _CHINA[3])
    return np.asarray(inside, dtype=bool)


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
    system = resolve(declared)
    as_is, exchanged = fitting(x, y, system), fitting(y, x, system)
    if system.is_projected and (as_is & exchanged).any():
        # A system of the whole world has a place for either order: of the two, it is the one in China.
        as_is &= in_china(x, y, system) | ~in_china(y, x, system)
    if (exchanged & ~as_is).mean() >= _WHOLE_FILE:
        return Recognition(crs=system, why="swapped", hint=looks, swap=True)
    usable = as_is | exchanged if system.is_geographic else as_is
    if usable.mean() < _MAJORITY:
        return Recognition(crs=None, why="missing", hint=looks)
    return Recognition(crs=system, why=why)


def parse_crs(name: str) -> CRS:
    """Return the system that a person named, for instance ``EPSG:4544`` or ``CGCS2000_3_Degree_GK_Zone_35``.

    Raises
    ------
    ValueError
        If PROJ does not know it.
    """
    said = name.strip()
    for order in _ORDERS:
        said = said.removesuffix(order)
    code = None if "[" in said or "+" in said else code_by_name(said)
    try:
        return CRS.from_epsg(code) if code else CRS.from_user_input(said)
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
