"""The fused kernel: every hour of every plane in float32, lanes of planes side by side.

`solar.packing` packs what planes and hours are, `run` sums a year. A plane's irradiance is linear in the few numbers an
hour of `solar.sky`, so an hour costs a dot product, a look at the horizon and a polynomial for each sun position, and
one pass through the electrical side. `solar.twin` is the same in plain NumPy.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from pvlib import iam

from solar.jit import fused
from solar.packing import BINS, FIELDS, Hours
from solar.system import STAGES

LANES: Final = 128
"""Planes that are computed side by side: their horizons fit the second-level cache."""
NEIGHBOURS: Final = 4 * LANES
GLASS_DEGREE: Final = 9


def _glass() -> tuple[float, ...]:
    """Return pvlib's physical incidence-angle modifier as a polynomial in 2 cos θ − 1.

    Its nearest pole lies at cos θ ≈ −0.5, so the error falls by 3.7 a degree. It is fitted to cos θ times the
    modifier, which is what light is multiplied by.
    """
    cosine = (1 - np.cos(np.pi * (np.arange(400) + 0.5) / 400)) / 2
    exact = iam.physical(np.degrees(np.arccos(cosine)))
    fit = np.polynomial.Polynomial.fit(2 * cosine - 1, exact, GLASS_DEGREE, w=cosine, domain=[-1, 1], window=[-1, 1])
    return tuple(float(each) for each in fit.coef)


GLASS: Final = _glass()
"""Coefficients of the glass' transmission as a polynomial in 2 cos θ − 1."""
SUMS: Final = len(STAGES) + 1
_ROUNDING: Final = 3e-6
FEW: Final = 4  # points of all but large roofs

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


def run(hours: Hours, packed: Singles, horizon: Singles, *, hourly: bool = False) -> tuple[Floats, Floats, Singles]:
    """Sum the year of planes.

    Parameters
    ----------
    hours : Hours
        Of their weather cell and mounting.
    packed : ndarray of float32, shape (planes, 14)
        As `solar.packing.planes` gives them.
    horizon : ndarray of float32, shape (planes, points, 360)
        Tangent of the horizon at each azimuth k + 0.5° from each of the plane's points; the first point holds the
        terrain alone, the others terrain and buildings.
    hourly : bool
        Whether the power of each hour is wanted.

    Returns
    -------
    stages : ndarray, shape (planes, slots, 7)
        Sums of `solar.system.STAGES` in each month [kWh per kW].
    energy : ndarray, shape (planes, slots)
        AC energy of each month [kWh per kW].
    power : ndarray of float32, shape (hours, planes)
        AC power of each lit hour [kW per kW], without rows unless asked for.
    """
    count = len(packed)
    if count == 0:
        nothing = np.zeros((0, hours.slots, SUMS))
        return nothing[..., :-1], nothing[..., -1], np.zeros((len(hours.slot) if hourly else 0, 0), dtype=np.float32)
    blocks = -(-count // LANES)
    # of neighbours, planes of like horizons side by side: an open block then need not look for the sun
    order = np.lexsort((horizon.reshape(count, -1).max(axis=1), np.arange(count) // NEIGHBOURS))
    lanes = np.zeros((len(FIELDS), blocks * LANES), dtype=np.float32)
    lanes[:, :count] = packed[order].T
    horizon = np.ascontiguousarray(horizon)
    sums = np.zeros((blocks, hours.slots, SUMS * LANES), dtype=np.float32)
    power = np.zeros((len(hours.slot) if hourly else 0, blocks * LANES), dtype=np.float32)
    for block in range(blocks):
        some = slice(block * LANES, (block + 1) * LANES)
        view = _by_bin(horizon, order[some])
        _run_block(
            hours.first,
            hours.position,
            hours.bin,
            hours.hour,
            hours.slot,
            hours.electric,
            np.ascontiguousarray(lanes[:, some]).ravel(),
            *view,
            sums[block],
            power[:, some],
        )
    found = sums.reshape(blocks, hours.slots, -1, LANES).transpose(0, 3, 1, 2).reshape(-1, hours.slots, SUMS)
    place = np.argsort(order)
    ordered: Floats = found[place].astype(float)
    return _stages(ordered, packed.astype(float), hours), ordered[:, :, -1], power[:, place]


def _stages(found: Floats, packed: Floats, hours: Hours) -> Floats:
    """Return the sums of `solar.system.STAGES` [kWh per kW]: diffuse light is linear, so it is added by the month."""
    columns = dict(zip(FIELDS, packed.T[:, :, np.newaxis], strict=True))
    isotropic, horizon, ghi = (
        np.bincount(hours.slot, hours.hour[:, number], minlength=hours.slots) for number in range(3)
    )
    rest = horizon * columns["slope"] + ghi * columns["ground"]
    light, by_terrain, by_all, rows, glass, cells, free, _ = (part.copy() for part in np.moveaxis(found, -1, 0))
    plane = light + isotropic * columns["sky_plane"] + rest
    terrain = light - by_terrain + isotropic * columns["sky_terrain"] + rest
    buildings = light - by_all + isotropic * columns["sky_buildings"] + rest
    for before, after in ((plane, terrain), (terrain, buildings), (buildings, rows)):
        # sums in single precision: what differs by rounding alone is no loss
        after[:] = np.where(np.abs(after - before) <= _ROUNDING * plane, before, after)
    irradiation = np.stack([plane, terrain, buildings, rows, glass], axis=-1) / 1000
    return np.concatenate([irradiation, np.stack([cells, free], axis=-1)], axis=-1)


def _by_bin(horizon: Singles, rows: npt.NDArray[np.intp]) -> tuple[Singles, Singles]:
    """Return a block's horizons with the planes innermost, shape (360 · points, LANES), and the highest of each bin.

    Lanes that stand for no plane see a flat horizon.
    """
    view = np.zeros((BINS * horizon.shape[1], LANES), dtype=np.float32)
    highest = np.zeros(BINS, dtype=np.float32)
    _turn(horizon, rows, view, highest)
    return view, highest


@fused
def _turn(horizon, rows, view, highest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn tiles of eight bins by all lanes: they stay in the nearest cache."""
    count, points = rows.shape[0], horizon.shape[1]
    for start in range(0, BINS, 8):
        for p in range(points):
            for b in range(start, start + 8):
                most = highest[b]
                for k in range(count):
                    value = horizon[rows[k], p, b]
                    view[b * points + p, k] = value
                    most = max(most, value)
                highest[b] = most


@fused
def _run_block(first, position, bins, hour, slot, electric, lanes, view, bounds, sums, power):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913, PLR0917
    points = view.shape[0] // BINS
    light = np.zeros(2 * LANES, dtype=np.float32)
    seen = np.zeros(LANES, dtype=np.float32)
    each = np.float32(1.0 / max(points - 1, 1))
    for h in range(slot.size):
        light[:] = np.float32(0.0)
        month = np.uintp(slot[h])
        i, end = first[h], first[h + 1]
        while i < end:
            free = 0
            while i + free < end and free < 4 and position[i + free, 4] > bounds[bins[i + free]]:
                free += 1
            if free == 4:
                _shine_four(position, i, lanes, light, sums, month)
                i += 4
            elif points == FEW + 1 and end - i >= 4:
                _shade_four(position, i, bins, view, lanes, light, sums, month)
                i += 4
            elif free > 0:
                _shine_free(position, i, lanes, light, sums, month)
                i += 1
            else:
                row = np.uintp(bins[i] * points)
                _look(position[i, 4], each, points, view, row, seen)
                _shine(position, i, view, row, lanes, seen, light, sums, month)
                i += 1
        _electric(hour, h, electric, lanes, light, sums, month)
        if power.shape[0] > 0:
            power[h] = light[:LANES]


@fused
def _look(tangent, each, points, view, row, seen):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Set `seen` to the share of a roof's points, four by four, that see the sun."""
    one, zero = each, np.float32(0.0)
    seen[:] = zero
    p = 1
    while p + 3 < points:
        at = row + np.uintp(p)
        for k in range(LANES):
            some = one if tangent > view[at, k] else zero
            some += one if tangent > view[at + np.uintp(1), k] else zero
            some += one if tangent > view[at + np.uintp(2), k] else zero
            some += one if tangent > view[at + np.uintp(3), k] else zero
            seen[k] += some
        p += 4
    while p < points:
        for k in range(LANES):
            seen[k] += one if tangent > view[row + np.uintp(p), k] else zero
        p += 1


@fused
def _through(c):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the share of light at cosine c that passes the glass, relative to c = 1."""
    y = c + c - np.float32(1.0)
    value = np.float32(GLASS[9])
    value = value * y + np.float32(GLASS[8])
    value = value * y + np.float32(GLASS[7])
    value = value * y + np.float32(GLASS[6])
    value = value * y + np.float32(GLASS[5])
    value = value * y + np.float32(GLASS[4])
    value = value * y + np.float32(GLASS[3])
    value = value * y + np.float32(GLASS[2])
    value = value * y + np.float32(GLASS[1])
    return value * y + np.float32(GLASS[0])


@fused
def _shine_four(position, i, lanes, light, sums, month):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add four positions of the sun that nothing hides."""
    zero = np.float32(0.0)
    e0, n0, u0, d0 = position[i, 0], position[i, 1], position[i, 2], position[i, 3]
    e1, n1, u1, d1 = position[i + 1, 0], position[i + 1, 1], position[i + 1, 2], position[i + 1, 3]
    e2, n2, u2, d2 = position[i + 2, 0], position[i + 2, 1], position[i + 2, 2], position[i + 2, 3]
    e3, n3, u3, d3 = position[i + 3, 0], position[i + 3, 1], position[i + 3, 2], position[i + 3, 3]
    for k in range(LANES):
        e, n, u, spread = lanes[k], lanes[LANES + k], lanes[2 * LANES + k], lanes[3 * LANES + k]
        c0 = max(e * e0 + n * n0 + u * u0, zero)
        c1 = max(e * e1 + n * n1 + u * u1, zero)
        c2 = max(e * e2 + n * n2 + u * u2, zero)
        c3 = max(e * e3 + n * n3 + u * u3, zero)
        f0, f1 = d0 * min(c0, u0 * spread), d1 * min(c1, u1 * spread)
        f2, f3 = d2 * min(c2, u2 * spread), d3 * min(c3, u3 * spread)
        sums[month, k] += d0 * c0 + d1 * c1 + d2 * c2 + d3 * c3
        light[k] += f0 + f1 + f2 + f3
        light[LANES + k] += f0 * _through(c0) + f1 * _through(c1) + f2 * _through(c2) + f3 * _through(c3)


@fused
def _shine_free(position, i, lanes, light, sums, month):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add one position of the sun that nothing hides."""
    zero = np.float32(0.0)
    e0, n0, u0, d0 = position[i, 0], position[i, 1], position[i, 2], position[i, 3]
    for k in range(LANES):
        c = max(lanes[k] * e0 + lanes[LANES + k] * n0 + lanes[2 * LANES + k] * u0, zero)
        front = d0 * min(c, u0 * lanes[3 * LANES + k])
        sums[month, k] += d0 * c
        light[k] += front
        light[LANES + k] += front * _through(c)


@fused
def _shine(position, i, view, row, lanes, seen, light, sums, month):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Add one position of the sun that some lanes see and some do not."""
    zero = np.float32(0.0)
    e0, n0, u0, d0, tangent = position[i, 0], position[i, 1], position[i, 2], position[i, 3], position[i, 4]
    for k in range(LANES):
        c = max(lanes[k] * e0 + lanes[LANES + k] * n0 + lanes[2 * LANES + k] * u0, zero)
        plane = d0 * c
        front = d0 * seen[k] * min(c, u0 * lanes[3 * LANES + k])
        sums[month, k] += plane
        sums[month, LANES + k] += zero if tangent > view[row, k] else plane
        sums[month, 2 * LANES + k] += plane - plane * seen[k]
        light[k] += front
        light[LANES + k] += front * _through(c)


@fused
def _open_share(tangent, view, row, k):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the share of a plane's four points that see the sun."""
    one, zero = np.float32(0.25), np.float32(0.0)
    share = one if tangent > view[row + np.uintp(1), k] else zero
    share += one if tangent > view[row + np.uintp(2), k] else zero
    share += one if tangent > view[row + np.uintp(3), k] else zero
    return share + (one if tangent > view[row + np.uintp(4), k] else zero)


@fused
def _shade_four(position, i, bins, view, lanes, light, sums, month):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add four positions of the sun that some lanes of four points each see and some do not."""
    zero = np.float32(0.0)
    t0, t1, t2, t3 = position[i, 4], position[i + 1, 4], position[i + 2, 4], position[i + 3, 4]
    e0, n0, u0, d0 = position[i, 0], position[i, 1], position[i, 2], position[i, 3]
    e1, n1, u1, d1, t1 = (
        position[i + 1, 0],
        position[i + 1, 1],
        position[i + 1, 2],
        position[i + 1, 3],
        position[i + 1, 4],
    )
    e2, n2, u2, d2, t2 = (
        position[i + 2, 0],
        position[i + 2, 1],
        position[i + 2, 2],
        position[i + 2, 3],
        position[i + 2, 4],
    )
    e3, n3, u3, d3, t3 = (
        position[i + 3, 0],
        position[i + 3, 1],
        position[i + 3, 2],
        position[i + 3, 3],
        position[i + 3, 4],
    )
    r0, r1 = np.uintp(bins[i] * 5), np.uintp(bins[i + 1] * 5)
    r2, r3 = np.uintp(bins[i + 2] * 5), np.uintp(bins[i + 3] * 5)
    for k in range(LANES):
        e, n, u, spread = lanes[k], lanes[LANES + k], lanes[2 * LANES + k], lanes[3 * LANES + k]
        c0 = max(e * e0 + n * n0 + u * u0, zero)
        c1 = max(e * e1 + n * n1 + u * u1, zero)
        c2 = max(e * e2 + n * n2 + u * u2, zero)
        c3 = max(e * e3 + n * n3 + u * u3, zero)
        p0, p1, p2, p3 = d0 * c0, d1 * c1, d2 * c2, d3 * c3
        s0, s1 = _open_share(t0, view, r0, k), _open_share(t1, view, r1, k)
        s2, s3 = _open_share(t2, view, r2, k), _open_share(t3, view, r3, k)
        hidden = zero if t0 > view[r0, k] else p0
        hidden += zero if t1 > view[r1, k] else p1
        hidden += zero if t2 > view[r2, k] else p2
        hidden += zero if t3 > view[r3, k] else p3
        f0, f1 = d0 * s0 * min(c0, u0 * spread), d1 * s1 * min(c1, u1 * spread)
        f2, f3 = d2 * s2 * min(c2, u2 * spread), d3 * s3 * min(c3, u3 * spread)
        plane = p0 + p1 + p2 + p3
        sums[month, k] += plane
        sums[month, LANES + k] += hidden
        sums[month, 2 * LANES + k] += plane - (p0 * s0 + p1 * s1 + p2 * s2 + p3 * s3)
        light[k] += f0 + f1 + f2 + f3
        light[LANES + k] += f0 * _through(c0) + f1 * _through(c1) + f2 * _through(c2) + f3 * _through(c3)


@fused
def _electric(hour, h, electric, lanes, light, sums, month):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add an hour to the sums, and leave its power in the first lanes of `light`."""
    isotropic, horizon, ghi, temp_air, warmer = hour[h, 0], hour[h, 1], hour[h, 2], hour[h, 3], hour[h, 4]
    gamma, kept, c0, c1, c2, limit = electric[0], electric[1], electric[2], electric[3], electric[4], electric[5]
    zero, kilo = np.float32(0.0), np.float32(0.001)
    cold = np.float32(1.0) + gamma * (temp_air - np.float32(25.0))
    warm = gamma * warmer
    for k in range(LANES):
        rows = light[k] + isotropic * lanes[7 * LANES + k]
        rows += horizon * lanes[9 * LANES + k] + ghi * lanes[11 * LANES + k]
        glass = light[LANES + k] + isotropic * lanes[8 * LANES + k]
        glass = max(glass + horizon * lanes[10 * LANES + k] + ghi * lanes[12 * LANES + k], zero)
        cells = glass * kilo * (cold + rows * warm)
        dc = cells * kept
        free = max(c0 + dc * (c1 + dc * c2), zero)
        ac = min(free, limit)
        sums[month, 3 * LANES + k] += rows
        sums[month, 4 * LANES + k] += glass
        sums[month, 5 * LANES + k] += cells
        sums[month, 6 * LANES + k] += free
        sums[month, 7 * LANES + k] += ac
        light[k] = ac
