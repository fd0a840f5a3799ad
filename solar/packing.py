"""Planes and hours as `solar.kernel` takes them: packed in single precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from solar.row_views import row_ground_share, row_sky_share
from solar.sky import Sky
from solar.system import DIFFUSE, System, TemperatureModel, diffuse_iams, heating_per_watt

BINS: Final = 360
FIELDS: Final = (
    "east",
    "north",
    "up",
    "spread",
    "sky_plane",
    "sky_terrain",
    "sky_buildings",
    "sky_rows",
    "sky_glass",
    "slope",
    "slope_glass",
    "ground_rows",
    "ground_glass",
    "ground",
)
"""Columns of a packed plane; see `planes`."""
NO_ROWS: Final = 1e9
"""Spread of planes without rows in front."""

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hours:
    """A sky and a system as the kernel takes them, for one mounting; see `pack_hours`."""

    first: npt.NDArray[np.int32]
    position: Singles
    bin: npt.NDArray[np.int32]
    hour: Singles
    slot: npt.NDArray[np.int32]
    slots: int
    electric: Singles


def pack_hours(sky: Sky, system: System, mounting: str, model: TemperatureModel = "noct") -> Hours:
    """Return what `solar.kernel.run` needs of a sky, for planes of one mounting under a temperature model."""
    if len(sky.slot) and not 0 <= sky.slot.min() <= sky.slot.max() < sky.slots:
        raise ValueError(f"months {sky.slot.min()} to {sky.slot.max()} do not fit into {sky.slots}")
    warmer = heating_per_watt(mounting, sky.wind_speed, model)
    return Hours(
        first=sky.first.astype(np.int32),
        position=np.column_stack([sky.east, sky.north, sky.up, sky.direct, sky.tangent]).astype(np.float32),
        bin=(sky.azimuth.astype(np.int32) % BINS).astype(np.int32),
        hour=np.column_stack([sky.isotropic, sky.horizon, sky.ghi, sky.temp_air, warmer]).astype(np.float32),
        slot=sky.slot.astype(np.int32),
        slots=sky.slots,
        electric=np.array(
            [system.temperature_coefficient, system.kept, *system.curve, system.ac_limit], dtype=np.float32
        ),
    )


def planes(
    *, tilt: Floats, azimuth: Floats, ridge_gcr: Floats, sky_view: Floats, albedo: float, glass: bool = True
) -> Singles:
    """Pack planes for the kernel.

    Parameters
    ----------
    tilt, azimuth : ndarray, shape (planes,)
        [deg], azimuth clockwise from north.
    ridge_gcr : ndarray, shape (planes,)
        As `row_sky_share` takes it.
    sky_view : ndarray, shape (2, planes)
        Share [1] of the plane's own view of the sky that terrain leaves, and that terrain and buildings leave.
    albedo : float
        Of the ground [1].
    glass : bool
        Whether diffuse light loses its part to reflection too; the beam always does.

    Returns
    -------
    ndarray of float32, shape (planes, 14)
        Columns `FIELDS`: the normal; 1/`ridge_gcr`; the isotropic sky's share in the plane, after terrain, after
        buildings, after the row in front, and of that through the glass; sine of the tilt and of that through the
        glass; the reflecting ground's share between the rows, of that through the glass, and without rows.
    """
    slope, turn = np.radians(tilt), np.radians(azimuth)
    through = diffuse_iams(tilt) if glass else dict.fromkeys(DIFFUSE, np.ones(len(tilt)))
    alone = (1 + np.cos(slope)) / 2
    rows = alone * sky_view[1] * row_sky_share(ridge_gcr, tilt) / alone
    ground = row_ground_share(ridge_gcr, tilt) * albedo
    with np.errstate(divide="ignore"):
        spread = np.where(ridge_gcr > 0, 1 / ridge_gcr, NO_ROWS)
    columns = [np.sin(slope) * np.sin(turn), np.sin(slope) * np.cos(turn), np.cos(slope), spread]
    columns += [alone, alone * sky_view[0], alone * sky_view[1], rows, rows * through["sky"]]
    columns += [np.sin(slope), np.sin(slope) * through["horizon"], ground, ground * through["ground"]]
    columns += [(1 - np.cos(slope)) / 2 * albedo]
    return np.column_stack(columns).astype(np.float32)
