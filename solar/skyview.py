"""How much of the sky a tilted plane sees under its horizon."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from solar.jit import fused

BINS: Final = 360

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


def sky_view(horizon: Singles, tilt: Floats, azimuth: Floats, *, points: tuple[int, int] | None = None) -> Floats:
    """Return the share of its own view of the sky that the horizon leaves to each plane.

    The view factor of a plane is ∫∫ cos θ cos h dh dφ / π over the sky above both the horizon and the plane itself
    (Dozier & Frew 1990, doi:10.1109/36.58986, of a tilted plane; here it is integrated over h in closed form at each
    azimuth). The mean over a plane's points is divided by the same sum without a horizon, (1 + cos β)/2.

    Parameters
    ----------
    horizon : ndarray of float32, shape (planes, points, 360)
        Tangent of the horizon's elevation at azimuth k + 0.5°, at least 0.
    tilt, azimuth : ndarray, shape (planes,)
        [deg], azimuth clockwise from north.
    points : tuple of int, optional
        The first of the points that count and the one after the last; all without it.

    Returns
    -------
    ndarray, shape (planes,)
        1 under a flat horizon, 0 where nothing of the sky is left.
    """
    turn, slope, facing = np.radians(np.arange(BINS) + 0.5), np.radians(tilt), np.radians(azimuth)
    compass = np.stack([np.cos(turn), np.sin(turn)]).astype(np.float32)
    plane = np.column_stack([np.cos(facing), np.sin(facing), np.sin(slope), np.cos(slope)]).astype(np.float32)
    found = np.zeros((len(tilt), 2), dtype=np.float64)
    begin, end = points or (0, horizon.shape[1])
    _views(np.ascontiguousarray(horizon), begin, end, compass, plane, found)
    share: Floats = found[:, 0] / found[:, 1]
    return share


@fused
def _views(horizon, begin, end, compass, plane, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    pull, limit = np.empty(BINS, np.float32), np.empty(BINS, np.float32)
    for i in range(horizon.shape[0]):
        north, east, steep, flat = plane[i, 0], plane[i, 1], plane[i, 2], plane[i, 3]
        for k in range(BINS):
            pull[k] = steep * (north * compass[0, k] + east * compass[1, k])
            limit[k] = max(-pull[k] / flat, np.float32(0.0))
        whole = np.float32(0.0)
        for k in range(BINS):
            whole += _above(limit[k], pull[k], flat)
        found[i, 1] = (end - begin) * whole
        for p in range(begin, end):
            left = np.float32(0.0)
            for k in range(BINS):
                left += _above(max(horizon[i, p, k], limit[k]), pull[k], flat)
            found[i, 0] += left


@fused
def _above(tangent, pull, flat):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return ∫ cos θ cos h dh from the elevation of this tangent up to the zenith."""
    one, half = np.float32(1.0), np.float32(0.5)
    part = one / (one + tangent * tangent)
    return pull * half * (_arc(tangent) - tangent * part) + flat * half * part


@fused
def _arc(tangent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return π/2 − atan to 1e-7, after Abramowitz & Stegun (1964) 4.4.49."""
    one = np.float32(1.0)
    steep = tangent > one
    x = one / tangent if steep else tangent
    z = x * x
    v = np.float32(0.0028662257)
    v = v * z + np.float32(-0.0161657367)
    v = v * z + np.float32(0.0429096138)
    v = v * z + np.float32(-0.0752896400)
    v = v * z + np.float32(0.1065626393)
    v = v * z + np.float32(-0.1420889944)
    v = v * z + np.float32(0.1999355085)
    v = v * z + np.float32(-0.3333314528)
    small = x + x * z * v
    return small if steep else np.float32(1.5707963267948966) - small
