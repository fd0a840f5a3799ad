"""Which roofs take photovoltaics, how they are mounted and how much fits on them.

Every share, tilt and smallest size is a row of ``roofs.csv`` or ``pv.csv``; a building's use and roof kind
choose the row. A roof that takes nothing says why.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from data import parameters

MOUNTINGS: Final = {"flat_concrete": "tilted_flat", "metal_sheet": "flush_metal", "pitched_tile": "pitched_south"}
"""Mounting of each roof kind."""
NO_MOUNTING: Final = "none"
_SMALLEST_ROOF: Final = dict.fromkeys(
    ("public_flat", "hospital", "village_public", "commercial", "industrial"), "min_roof_public_m2"
)
_SMALLEST_ARRAY: Final = {
    "rural_house": "min_panel_rural_m2",
    "apartment": "min_panel_apartment_m2",
    "unknown": "min_panel_unknown_m2",
}
_SOUTH: Final = 180.0
_MOST_DISTORTION: Final = 0.01
"""Areal distortion of a projection past which its areas are refused: EPSG:3857 has 0.65 here."""

Floats = npt.NDArray[np.float64]


def row_pitch(length: float, tilt: float, latitude: npt.ArrayLike) -> Floats:
    """Return the pitch of rows facing the equator that do not shade each other at the winter solstice.

    GB 50797-2012, 7.2.2: no shade from 9:00 to 15:00 true solar time,
    D = L cosβ + L sinβ (0.707 tanφ + 0.4338)/(0.707 − 0.4338 tanφ), where 0.707 is the cosine of the hour angle
    at 9:00 and 0.4338 the tangent of 23.45°.

    Parameters
    ----------
    length : float
        Row length along the slope [m].
    tilt : float
        Tilt [deg].
    latitude : array_like
        Degrees; the rows face the equator on either side of it.

    Returns
    -------
    ndarray
        Pitch D [m]; infinite where the sun is not up at that hour.
    """
    hour_angle = np.radians(15 * (12 - parameters.value("roofs", "solstice_no_shade_start_h")))
    tan_declination = np.tan(np.radians(-parameters.value("roofs", "solstice_declination_deg")))
    tan_latitude = np.tan(np.radians(np.abs(np.asarray(latitude, dtype=float))))
    height = np.cos(hour_angle) - tan_declination * tan_latitude
    toward = np.cos(hour_angle) * tan_latitude + tan_declination
    shadow = np.divide(toward, height, out=np.full_like(height, np.inf), where=height > 0)
    beta = np.radians(tilt)
    pitch: Floats = length * np.cos(beta) + length * np.sin(beta) * shadow
    return pitch


def design_roofs(buildings: gpd.GeoDataFrame, *, latitude: float | None = None) -> pd.DataFrame:
    """Lay out each roof by its use and kind.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Columns ``use``, ``roof_kind`` and the footprint, in a projected system in metres.
    latitude : float, optional
        Latitude [deg] to space the rows for; that of each building if not given.

    Returns
    -------
    pandas.DataFrame
        On the index of `buildings`; excluded roofs have no panels and no capacity:

        ``roof_m2``           footprint without its holes [m2]
        ``mounting``          ``flush_metal``, ``tilted_flat``, ``pitched_south`` or ``none``
        ``orientation_deg``   azimuth of the long axis [deg from grid north, 0 to 180]
        ``surface_tilt``      tilt of the panels [deg]
        ``surface_azimuth``   azimuth of the panels [deg clockwise from north]; of two slopes the more southern
        ``second_azimuth``    azimuth of the other half of the panels [deg], NaN where all face one way
        ``gcr``               panel area per area of the array [1]
        ``panel_m2``          panel area [m2]
        ``capacity_kw``       DC power [kW]
        ``exclusion_reason``  text key, empty where the roof is used
        ``assumed``           whether the roof kind was unknown and taken from ``roofs.csv``

    Raises
    ------
    ValueError
        If the coordinates are not projected metres with true areas, or a use has no row.
    """
    _require_metres(buildings)
    kinds = _roof_kinds(buildings)
    shape = _shapes(buildings)
    mounted = kinds["mounting"] != NO_MOUNTING
    rows = kinds["mounting"] == "tilted_flat"
    tilt = _by_row(kinds["mounting_kind"], "pv", "tilt_{}", mounted)
    usable = _by_row(kinds["roof_class"] + "_" + kinds["mounting_kind"], "roofs", "usable_{}", mounted)
    phi = _latitudes(buildings) if latitude is None else np.full(len(buildings), float(latitude))
    gcr = pd.Series(_ground_cover(rows.to_numpy(), phi), index=buildings.index).where(mounted)
    panel = (shape["roof_m2"] * usable * gcr).fillna(0.0)
    azimuth = (shape["orientation_deg"] + 90).mask(rows, _SOUTH).where(mounted)
    reason = _exclusions(kinds, shape["roof_m2"], panel, azimuth)
    used = reason == ""
    return pd.DataFrame(
        {
            "roof_m2": shape["roof_m2"],
            "mounting": kinds["mounting"],
            "orientation_deg": shape["orientation_deg"],
            "surface_tilt": tilt,
            "surface_azimuth": azimuth,
            "second_azimuth": ((azimuth + _SOUTH) % 360).where(kinds["mounting"] == "flush_metal"),
            "gcr": gcr,
            "panel_m2": panel.where(used, 0.0),
            "capacity_kw": (panel * parameters.value("pv", "module_w_m2") / 1000).where(used, 0.0),
            "exclusion_reason": reason,
            "assumed": kinds["assumed"],
        }
    )


def _require_metres(buildings: gpd.GeoDataFrame) -> None:
    crs = buildings.crs
    if crs is None or not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        raise ValueError(f"roofs need a projected coordinate system in metres, not {crs.name if crs else None}")
    west, south, east, north = buildings.total_bounds
    if np.isnan(west):
        return
    to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_degrees.transform((west + east) / 2, (south + north) / 2)
    scale = pyproj.Proj(crs).get_factors(longitude, latitude).areal_scale
    if not abs(scale - 1) <= _MOST_DISTORTION:
        raise ValueError(f"areas in {crs.name} are {scale:.3f} times the true ones here: use another projection")


def _roof_kinds(buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return roof class, the kind to mount on (empty if none), the mounting and whether the kind was assumed."""
    classes = parameters.table("building_uses")["roof_class"]
    strangers = set(buildings["use"]) - set(classes.index)
    if strangers:
        raise ValueError(f"uses without a row in building_uses.csv: {sorted(map(str, strangers))}")
    roof_class = buildings["use"].astype(str).map(classes)
    known = buildings["roof_kind"].isin(tuple(MOUNTINGS))
    assumed_kind = roof_class.map(_assumed_kinds())
    kind = buildings["roof_kind"].astype(str).where(known, assumed_kind).fillna("")
    kind = kind.where(roof_class != NO_MOUNTING, "")
    return pd.DataFrame(
        {
            "roof_class": roof_class,
            "mounting_kind": kind,
            "mounting": kind.map(MOUNTINGS).fillna(NO_MOUNTING),
            "assumed": ~known & (kind != ""),
        }
    )


def _assumed_kinds() -> dict[str, str]:
    """Return the roof kind to take for a roof class where it is unknown: rows ``assumed_<class>_<kind>``."""
    found = {}
    for name in parameters.constants("roofs"):
        for kind in MOUNTINGS:
            if name.startswith("assumed_") and name.endswith(f"_{kind}"):
                found[name.removeprefix("assumed_").removesuffix(f"_{kind}")] = kind
    return found


def _by_row(keys: pd.Series, table: str, pattern: str, used: pd.Series) -> pd.Series:
    """Return the parameter that each row's key names, NaN where the row has no mounting."""
    values = {key: parameters.value(table, pattern.format(key)) for key in keys[used].unique()}
    return keys.where(used).map(values).astype(float)


def _shapes(buildings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return footprint area [m2] and azimuth of the long axis [deg], of the smallest rectangle around it."""
    footprint = buildings.geometry.to_numpy()
    area = np.nan_to_num(shapely.area(footprint))
    rectangle = shapely.oriented_envelope(footprint)
    whole = shapely.get_num_coordinates(rectangle) == 5
    corner = shapely.get_coordinates(rectangle[whole]).reshape(-1, 5, 2)
    sides = np.diff(corner[:, :3], axis=1)
    length = np.hypot(sides[..., 0], sides[..., 1])
    azimuth = np.degrees(np.arctan2(sides[..., 0], sides[..., 1])) % 180
    # of a square, the axis nearer to east–west, so that a plane looks south
    square = np.isclose(length[:, 0], length[:, 1], rtol=1e-3)
    first = np.where(square, _from_east(azimuth[:, 0]) <= _from_east(azimuth[:, 1]), length[:, 0] > length[:, 1])
    orientation = np.full(len(buildings), np.nan)
    orientation[whole] = np.where(first, azimuth[:, 0], azimuth[:, 1])
    return pd.DataFrame({"roof_m2": area, "orientation_deg": orientation}, index=buildings.index)


def _from_east(azimuth: Floats) -> Floats:
    return np.abs(azimuth - 90)


def _latitudes(buildings: gpd.GeoDataFrame) -> Floats:
    """Return the latitude [deg] of each building, NaN where it has no geometry."""
    footprint = buildings.geometry.to_numpy()
    there = ~(shapely.is_missing(footprint) | shapely.is_empty(footprint))
    middle = shapely.centroid(footprint[there])
    to_degrees = pyproj.Transformer.from_crs(buildings.crs, buildings.crs.geodetic_crs, always_xy=True)
    latitude = np.full(len(buildings), np.nan)
    latitude[there] = to_degrees.transform(shapely.get_x(middle), shapely.get_y(middle))[1]
    return latitude


def _ground_cover(rows: npt.NDArray[np.bool_], latitude: Floats) -> Floats:
    """Return panel area per area of the array [1]: below 1 only for rows that must not shade each other."""
    length = parameters.value("roofs", "row_length_m")
    pitch = row_pitch(length, parameters.value("pv", "tilt_flat_concrete"), latitude)
    return np.where(rows, length / pitch, 1.0)


def _exclusions(kinds: pd.DataFrame, roof_m2: pd.Series, panel_m2: pd.Series, azimuth: pd.Series) -> pd.Series:
    """Return why a roof is left out, as a text key; empty where it is used. The first reason counts."""
    off_south = (azimuth - _SOUTH).abs()
    roof_class = kinds["roof_class"]
    north = (kinds["mounting"] == "pitched_south") & (
        off_south > parameters.value("roofs", "max_off_south_pitched_deg")
    )
    small = roof_m2 < _smallest(roof_class, _SMALLEST_ROOF)
    few = panel_m2 < _smallest(roof_class, _SMALLEST_ARRAY)
    reasons = (
        (roof_class == NO_MOUNTING, "roof.use_excluded"),
        (kinds["mounting"] == NO_MOUNTING, "roof.kind_unknown"),
        (panel_m2 <= 0, "roof.no_area"),
        (north, "roof.faces_north"),
        (small | few, "roof.too_small"),
    )
    chosen = np.select([test.to_numpy() for test, _ in reasons], [key for _, key in reasons], default="")
    return pd.Series(chosen, index=kinds.index, dtype=object)


def _smallest(roof_class: pd.Series, rows: dict[str, str]) -> pd.Series:
    return (
        roof_class.map({name: parameters.value("roofs", row) for name, row in rows.items()}).astype(float).fillna(0.0)
    )
