"""The planes that panels lie in: tilt, azimuth and ground cover, as given, by the footprint or by the layout."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import parameters
from solar.roof_options import RoofOptions

SOUTH: Final = 180.0
_EAST: Final = 90.0
_WEST: Final = 270.0
_TURN: Final = 360.0
_NOISE_DEG: Final = 1e-6

Floats = npt.NDArray[np.float64]


def row_pitch(length: float, tilt: float, latitude: npt.ArrayLike, *, off_south: npt.ArrayLike = 0.0) -> Floats:
    """Return the pitch of rows facing the equator that do not shade each other at the winter solstice.

    GB 50797-2012, 7.2.2: no shade from 9:00 to 15:00 true solar time,
    D = L cosβ + L sinβ (0.707 tanφ + 0.4338)/(0.707 − 0.4338 tanφ), where 0.707 is the cosine of the hour angle
    at 9:00 and 0.4338 the tangent of 23.45°. Rows turned by γ off south see the sun of the turned-to end of the day
    more squarely: the numerator becomes (0.707 tanφ + 0.4338) cosγ + 0.707/cosφ |sinγ|.

    Parameters
    ----------
    length : float
        Row length along the slope [m].
    tilt : float
        Tilt [deg].
    latitude : array_like
        Degrees; the rows face the equator on either side of it.
    off_south : array_like
        Angle between the rows' azimuth and the equator's direction [deg], up to 90 either way.

    Returns
    -------
    ndarray
        Pitch D [m]; infinite where the sun is not up at that hour.
    """
    hour_angle = np.radians(15 * (12 - parameters.value("roofs", "solstice_no_shade_start_h")))
    tan_declination = np.tan(np.radians(-parameters.value("roofs", "solstice_declination_deg")))
    phi, turn = (np.radians(np.abs(np.asarray(angle, dtype=float))) for angle in (latitude, off_south))
    height = np.cos(hour_angle) - tan_declination * np.tan(phi)
    toward = np.cos(hour_angle) * np.tan(phi) + tan_declination
    squarely = toward * np.cos(turn) + np.sin(hour_angle) / np.cos(phi) * np.sin(turn)
    height, squarely = np.broadcast_arrays(height, squarely)
    shadow = np.divide(squarely, height, out=np.full(height.shape, np.inf), where=height > 0)
    beta = np.radians(tilt)
    pitch: Floats = length * np.cos(beta) + length * np.sin(beta) * shadow
    return pitch


def roof_planes(
    kind: pd.Series, shape: pd.DataFrame, given: pd.DataFrame, latitude: npt.ArrayLike, options: RoofOptions
) -> pd.DataFrame:
    """Lay the panels of each roof in one plane or two.

    Pitched and metal roofs take the tilt and azimuth that the layer gives, else the tilt of ``pv.csv`` and a ridge
    along the long axis. A ridge has a plane on either side: metal roofs carry panels on both, the more southern one
    named first, save that a north plane of 10° and more is left out (FACTS E2); pitched ones on the given plane, else
    on the more southern only, also where the ridge runs north–south and both are as good. On flat concrete the
    layout decides; a given tilt of 10° or more contradicts the kind and is noted, not used.

    Parameters
    ----------
    kind : pandas.Series
        Roof kind to mount on, empty where nothing is mounted.
    shape : pandas.DataFrame
        As `solar.roof_shapes.roof_shapes` gives it.
    given : pandas.DataFrame
        ``roof_tilt_deg`` and ``roof_azimuth_deg`` [deg from true north], NaN where the layer does not say.
    latitude : array_like
        Latitude to space the rows for [deg].
    options : RoofOptions
        Layout of flat roofs.

    Returns
    -------
    pandas.DataFrame
        ``surface_tilt``, ``surface_azimuth``, ``second_azimuth`` [deg], ``gcr`` [1], ``share`` of the planes that
        carries panels [1], ``plane_source`` and ``plane_doubt``; on the index of `kind`.
    """
    flat, metal, mounted = kind == "flat_concrete", kind == "metal_sheet", kind != ""
    sloped = mounted & ~flat
    tilt = given["roof_tilt_deg"].where(sloped).fillna(_default_tilts(kind, options))
    azimuth = (given["roof_azimuth_deg"] % _TURN).where(sloped).fillna(shape["orientation_deg"] + _EAST)
    azimuth = azimuth.where(~metal | ~_faces_north(azimuth), (azimuth + SOUTH) % _TURN)
    along = flat & options.rows_follow_building & (off_south(azimuth) <= _roofs("max_rows_off_south_deg"))
    azimuth = azimuth.mask(flat & ~along, _EAST if options.east_west else SOUTH)
    second = ((azimuth + SOUTH) % _TURN).where(metal | (flat & options.east_west))
    left_out = metal & _faces_north(second) & (tilt >= _roofs("north_excluded_from_tilt_deg"))
    cover = _ground_cover(off_south(azimuth).to_numpy(), np.asarray(latitude, dtype=float), options)
    said = sloped & given.notna().any(axis=1)
    contradicted = flat & (given["roof_tilt_deg"] >= _roofs("flat_given_tilt_deg"))
    source = np.select([said, sloped | along, flat], ["given", "footprint", "layout"], default="")
    return pd.DataFrame(
        {
            "surface_tilt": tilt.where(mounted),
            "surface_azimuth": azimuth.where(mounted),
            "second_azimuth": second.mask(left_out),
            "gcr": pd.Series(cover, index=kind.index).where(flat, 1.0).where(mounted),
            "share": np.where(left_out, 0.5, 1.0),
            "plane_source": pd.Series(source, index=kind.index, dtype=object),
            "plane_doubt": pd.Series(
                np.where(contradicted, "tilt_contradicts_kind", ""), index=kind.index, dtype=object
            ),
        },
        index=kind.index,
    )


def off_south(azimuth: pd.Series) -> pd.Series:
    """Return the angle between an azimuth of 0 to 360° and south [deg]."""
    return (azimuth - SOUTH).abs()


def north_excluded(tilt: pd.Series, azimuth: pd.Series) -> pd.Series:
    """Tell planes that face north too steeply: north of ``max_off_south_pitched_deg``, from 10° up (FACTS E2)."""
    return _faces_north(azimuth) & (tilt >= _roofs("north_excluded_from_tilt_deg"))


def _faces_north(azimuth: pd.Series) -> pd.Series:
    return off_south(azimuth) > _roofs("max_off_south_pitched_deg") + _NOISE_DEG


def _default_tilts(kind: pd.Series, options: RoofOptions) -> pd.Series:
    sloped = {name: parameters.value("pv", f"tilt_{name}") for name in ("metal_sheet", "pitched_tile")}
    return kind.map({**sloped, "flat_concrete": options.tilt_on_flat}).astype(float)


def _ground_cover(turned: Floats, latitude: Floats, options: RoofOptions) -> Floats:
    """Return panel area per area of the array of rows on a flat roof [1]."""
    length = _roofs("row_length_m")
    if options.gcr is not None:
        return np.full(len(turned), float(options.gcr))
    if options.east_west:
        return np.full(len(turned), _roofs("gcr_east_west"))
    if options.pitch_m is not None:
        return np.full(len(turned), length / options.pitch_m)
    return np.minimum(length / row_pitch(length, options.tilt_on_flat, latitude, off_south=turned), 1.0)


def _roofs(name: str) -> float:
    return parameters.value("roofs", name)
