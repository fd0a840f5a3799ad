"""The geometry of sky and rows against rays and sums that know nothing of its formulas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import shading

from solar.row_views import row_sky_share
from solar.skyview import sky_view
from solar.validation.rows import Row

RAYS: Final = 250_000
PLANES: Final = 24
ROWS: Final = ((5.0, 0.3), (15.0, 0.4), (15.0, 0.75), (25.0, 0.5), (35.0, 0.6), (60.0, 0.8), (90.0, 0.5), (10.0, 1.0))
"""Tilt [deg] and ground cover of rows."""
_SEED: Final = 20260712
_NEAREST: Final = 6

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


def random_horizons(rng: np.random.Generator, planes: int, points: int) -> Singles:
    """Return tangents of ragged horizons, 0 to 60° high, shape (planes, points, 360).

    They are low hills with houses of different width before them; one in six planes sees no more than the hills.
    """
    turn = np.radians(np.arange(360) + 0.5)
    waves = np.arange(1, 5)[:, np.newaxis]
    shift = rng.uniform(0, 2 * np.pi, (planes, points, 4, 1))
    high = rng.uniform(0, 12, (planes, 1, 1))
    hills = high * (0.5 + 0.125 * np.cos(waves * turn + shift).sum(axis=2))
    start, width = rng.integers(0, 360, (planes, points, 6, 1)), rng.integers(1, 70, (planes, points, 6, 1))
    tall = (
        rng.uniform(2, 60, (planes, points, 6, 1)) * (np.arange(planes) % 6 > 0)[:, np.newaxis, np.newaxis, np.newaxis]
    )
    houses = np.where((np.arange(360) - start) % 360 < width, tall, 0.0).max(axis=2)
    tangents: Singles = np.tan(np.radians(np.maximum(hills, houses))).astype(np.float32)
    return tangents


def ray_view(
    rng: np.random.Generator, horizon: Singles, tilt: float, azimuth: float, rays: int = RAYS
) -> tuple[float, float]:
    """Return the share of a plane's own view of the sky that a horizon leaves, and its standard error.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of the rays, which leave the plane with a density of cos θ / π.
    horizon : ndarray of float32, shape (points, 360)
        Tangents at azimuth k + 0.5°.
    tilt, azimuth : float
        [deg].
    rays : int
        How many, from each point.
    """
    slope, turn = np.radians(tilt), np.radians(azimuth)
    right = np.array([np.cos(turn), -np.sin(turn), 0.0])
    normal = np.array([np.sin(slope) * np.sin(turn), np.sin(slope) * np.cos(turn), np.cos(slope)])
    upward = np.cross(normal, right)
    seen, sky = 0, 0
    for point in horizon:
        radius, angle = np.sqrt(rng.uniform(size=rays)), rng.uniform(0, 2 * np.pi, rays)
        ray = np.outer(radius * np.cos(angle), right) + np.outer(radius * np.sin(angle), upward)
        ray += np.outer(np.sqrt(1 - radius**2), normal)
        ray = ray[ray[:, 2] > 0]
        toward = np.degrees(np.arctan2(ray[:, 0], ray[:, 1])) % 360
        seen += int((ray[:, 2] > point[toward.astype(int) % 360] * np.hypot(ray[:, 0], ray[:, 1])).sum())
        sky += len(ray)
    share = seen / sky
    return share, float(np.sqrt(share * (1 - share) / sky))


def sky_views(planes: int = PLANES, rays: int = RAYS) -> pd.DataFrame:
    """Compare `solar.skyview.sky_view` of random planes under random horizons with rays.

    Returns
    -------
    pandas.DataFrame
        ``tilt``, ``azimuth`` [deg], ``ours``, ``rays`` and ``error``, the standard error of the rays [1].
    """
    rng = np.random.default_rng(_SEED)
    horizon = random_horizons(rng, planes, 2)
    tilt, azimuth = np.linspace(0, 90, planes), rng.uniform(0, 360, planes)
    found = [ray_view(rng, *each, rays) for each in zip(horizon, tilt, azimuth, strict=True)]
    table = {"tilt": tilt, "azimuth": azimuth, "ours": sky_view(horizon, tilt, azimuth)}
    return pd.DataFrame(table | {"rays": [one[0] for one in found], "error": [one[1] for one in found]})


def summed_row_share(tilt: float, gcr: float, *, places: int = 250, angles: int = 4000) -> float:
    """Return the mean view factor from a row to the sky over the rows in front, ray by ray.

    Rows are endless, so it is half the sum of cos θ over the directions in their cross-section. A ray is followed to
    the line of each of the nearest rows in front and is lost where it crosses the row.
    """
    slope = np.radians(tilt)
    along = (np.arange(places) + 0.5) / places
    x, z = along[:, np.newaxis] * np.cos(slope), along[:, np.newaxis] * np.sin(slope)
    # directions from the way the row faces (0°) over the zenith to the way back (180°)
    angle = (np.arange(angles) + 0.5) / angles * np.pi
    cosine = np.cos(angle - (np.pi / 2 - slope))
    use = cosine > 0
    dx, dz, cosine = -np.cos(angle[use]), np.sin(angle[use]), cosine[use]
    free = np.ones((places, len(dx)), dtype=bool)
    for row in range(1, _NEAREST + 1):
        # place on the row in front where the ray meets its line: p + t·d = (−row/gcr, 0) + s·(cos β, sin β)
        gap = x + row / gcr
        across = dx * np.sin(slope) - dz * np.cos(slope)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (z * np.cos(slope) - gap * np.sin(slope)) / across
            s = (z * dx - gap * dz) / across
        free &= ~((t > 0) & (s > 0) & (s < 1))
    weight = cosine / 2 * np.pi / angles
    return float((free * weight).sum(axis=1).mean())


def row_shares() -> pd.DataFrame:
    """Compare `solar.row_sky_share` with `summed_row_share`.

    Returns
    -------
    pandas.DataFrame
        ``tilt`` [deg], ``gcr``, ``ours`` and ``summed`` [1].
    """
    tilt, gcr = np.array(ROWS).T
    summed = [summed_row_share(*one) for one in ROWS]
    return pd.DataFrame({"tilt": tilt, "gcr": gcr, "ours": row_sky_share(gcr, tilt), "summed": summed})


def row_beams(suns: int = 20_000) -> pd.DataFrame:
    """Compare the beam that reaches a row, the lesser of cos θ and up/gcr, with pvlib's shaded fraction.

    Returns
    -------
    pandas.DataFrame
        ``tilt``, ``azimuth`` [deg], ``gcr``, and the ``worst`` difference [1 of the beam's own strength] over random
        suns.
    """
    rng = np.random.default_rng(_SEED)
    zenith, sun = rng.uniform(0, 89.9, suns), rng.uniform(0, 360, suns)
    up = np.cos(np.radians(zenith))
    rows = []
    for tilt, gcr in ROWS:
        azimuth = float(rng.uniform(0, 360))
        slope = np.radians(tilt)
        cosine = np.sin(slope) * np.sin(np.radians(zenith)) * np.cos(np.radians(sun - azimuth)) + np.cos(slope) * up
        cosine = cosine.clip(min=0)
        shaded = shading.shaded_fraction1d(
            zenith, sun, axis_azimuth=azimuth - 90, shaded_row_rotation=tilt, collector_width=1.0, pitch=1 / gcr
        )
        worst = np.abs(np.minimum(cosine, up / gcr) - cosine * (1 - shaded)).max()
        rows.append({"tilt": tilt, "azimuth": azimuth, "gcr": gcr, "worst": float(worst)})
    return pd.DataFrame(rows)


def rows() -> Iterator[Row]:
    """Give the rows for the page."""
    views = sky_views()
    delta = (views["ours"] - views["rays"]).abs()
    yield (
        f"sky view, {len(views)} tilted planes under ragged horizons",
        f"Monte Carlo, {2 * RAYS:,} cosine-weighted rays each",
        f"≤ {delta.max():.1e}",
        f"standard error ≤ {views['error'].max():.1e}; worst {(delta / views['error']).max():.1f} of its own",
    )
    shares = row_shares()
    yield (
        "view of the sky from a row, mean over its slope",
        f"rays in the cross-section of {_NEAREST} rows",
        f"≤ {(shares['ours'] - shares['summed']).abs().max():.1e}",
        f"{len(shares)} rows of 5° to 90°, gcr 0.3–1",
    )
    yield (
        "beam on a row behind a row",
        "pvlib.shading.shaded_fraction1d",
        f"≤ {row_beams()['worst'].max():.1e}",
        f"of the beam's strength, {len(ROWS)} rows, 20,000 suns each",
    )
