"""What a row of panels sees past the row in front: of the sky, and of the ground between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def row_sky_share(ridge_gcr: Floats, tilt: Floats) -> Floats:
    """Return the mean view factor from a row to the sky between it and the next, by crossed strings (Hottel 1954).

    Parameters
    ----------
    ridge_gcr : ndarray
        Length of the row's slope over the distance to the next row [1]; 0 for a plane without a row in front.
    tilt : ndarray
        [deg].
    """
    slope = np.radians(tilt)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = 1 / ridge_gcr
        share = (1 + distance - np.hypot(distance - np.cos(slope), np.sin(slope))) / 2
    alone: Floats = (1 + np.cos(slope)) / 2
    return np.where(ridge_gcr > 0, share, alone)


def row_ground_share(ridge_gcr: Floats, tilt: Floats) -> Floats:
    """Return what a row sees of light from the ground between it and the next, per horizontal irradiance and albedo.

    Crossed strings again: what is neither sky nor the back of the row in front is ground, and that ground has lost the
    light that falls on the rows above it.

    Parameters
    ----------
    ridge_gcr, tilt : ndarray
        As `row_sky_share` takes them.
    """
    slope = np.radians(tilt)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = 1 / ridge_gcr
        near, far = (np.hypot(distance + side * np.cos(slope), np.sin(slope)) for side in (-1, 1))
        seen = 1 - row_sky_share(ridge_gcr, tilt) - (near + far - 2 * distance) / 2
    alone: Floats = (1 - np.cos(slope)) / 2
    return np.where(ridge_gcr > 0, np.maximum(seen, 0) * np.maximum(1 - ridge_gcr * np.cos(slope), 0), alone)
