"""Buildings laid out for the search of horizons; see `solar.horizon`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Grid = tuple[float, float, float, int, int]


class Obstacles(NamedTuple):
    """Buildings that can shade, as plain arrays in the order of the ground that they stand on.

    A row of `boxes` is west, south, east and north edge, top and reach [m] of a building, and 1 where
    its footprint is not valid, so that left and right do not tell which edges face a point. Its outline is ``x`` and
    ``y`` from ``begins[b]`` to ``begins[b + 1]`` [m]: closed rings with the building on their left, each after a NaN.
    `number` is the row of a building in what was given, `place` the reverse, −1 where a row is no obstacle and at its
    end. `grid` has west and south edge and size of its cells [m], columns and rows; cell c lists the buildings that can
    shade any place in it, from the highest top down, in ``listed[cells[c]:cells[c + 1]]``, and the last one, which
    stands for all places outside, none. No wall counts as nearer than `nearest_m` [m].
    No cell lists more than `crowded`, no outline is longer than `longest`.
    """

    boxes: Floats
    x: Floats
    y: Floats
    begins: Longs
    number: Ints
    place: Ints
    grid: Grid
    cells: Longs
    listed: Ints
    nearest_m: float
    crowded: int
    longest: int
