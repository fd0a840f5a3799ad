"""The horizon of terrain by marching every ray on its own, in plain NumPy, for the tests and the benchmarks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.raster import Elevation

Floats = NDArray[np.float64]

EFFECTIVE_RADIUS_M: Final = 6371000 / (1 - 0.13)


def bilinear(z: NDArray[np.float32], row: Floats, column: Floats) -> Floats:
    """Return heights between the cells of `z`; NaN outside."""
    inside = (row >= 0) & (column >= 0) & (row <= z.shape[0] - 1) & (column <= z.shape[1] - 1)
    i = np.clip(row.astype(int), 0, z.shape[0] - 2)
    k = np.clip(column.astype(int), 0, z.shape[1] - 2)
    down, across = row - i, column - k
    upper = z[i, k] * (1 - across) + z[i, k + 1] * across
    lower = z[i + 1, k] * (1 - across) + z[i + 1, k + 1] * across
    return np.where(inside, upper * (1 - down) + lower * down, np.nan)


def marched(
    elevation: Elevation, x: Floats, y: Floats, z_m: Floats, azimuth_deg: Floats, *, part: float = 0.1
) -> Floats:
    """Return the tangent of one horizon a point, by samples of the bilinear surface every `part` of a cell.

    Parameters
    ----------
    elevation : geo.raster.Elevation
        The terrain.
    x, y, z_m, azimuth_deg : array of float, shape (points,)
        Where each point is [m], and where it looks [deg clockwise from grid north].
    part : float
        Distance between samples, in cells.
    """
    cells = np.arange(1, int(np.hypot(*elevation.z_m.shape) / part)) * part
    distance = cells * elevation.step_m
    found = np.zeros(len(x))
    for n, angle in enumerate(np.radians(azimuth_deg)):
        row = (elevation.north_m - y[n]) / elevation.step_m - cells * np.cos(angle)
        column = (x[n] - elevation.west_m) / elevation.step_m + cells * np.sin(angle)
        tangent = (bilinear(elevation.z_m, row, column) - z_m[n]) / distance - distance / (2 * EFFECTIVE_RADIUS_M)
        found[n] = np.fmax.reduce(tangent, initial=0.0)
    return found
