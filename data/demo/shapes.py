"""Footprints of the demo city from centre, size, turn and plan form, in local metres."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

# Plan forms on the unit square, x to the east, y to the north; a form with a hole has a second ring,
# a form of two parts is drawn as one building of two wings.
FORMS: Final[dict[str, tuple[tuple[tuple[float, float], ...], ...]]] = {
    "bar": (((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),),
    "ell": (((-0.5, -0.5), (-0.2, -0.5), (-0.2, 0.1), (0.5, 0.1), (0.5, 0.5), (-0.5, 0.5)),),
    "you": (
        ((-0.5, -0.5), (-0.28, -0.5), (-0.28, 0.15), (0.28, 0.15), (0.28, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    ),
    "tee": (
        ((-0.5, 0.1), (-0.14, 0.1), (-0.14, -0.5), (0.14, -0.5), (0.14, 0.1), (0.5, 0.1), (0.5, 0.5), (-0.5, 0.5)),
    ),
    "court": (
        ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
        ((-0.3, -0.26), (-0.3, 0.26), (0.3, 0.26), (0.3, -0.26)),
    ),
    "wings": (
        ((-0.5, -0.5), (0.5, -0.5), (0.5, -0.14), (-0.5, -0.14)),
        ((-0.5, 0.14), (0.5, 0.14), (0.5, 0.5), (-0.5, 0.5)),
    ),
}


def _rings(form: tuple[tuple[float, float], ...], lots: pd.DataFrame) -> Any:
    x, y, w, d, turn = (lots[name].to_numpy(dtype=float)[:, None] for name in ("east", "north", "w", "d", "turn"))
    corner = np.array((*form, form[0]))
    across, along = corner[:, 0] * w, corner[:, 1] * d
    east = x + across * np.cos(turn) - along * np.sin(turn)
    north = y + across * np.sin(turn) + along * np.cos(turn)
    return shapely.linearrings(np.stack([east, north], axis=-1))


def footprints(lots: pd.DataFrame) -> Any:
    """Return one polygon (or MultiPolygon) a building, in local metres.

    Parameters
    ----------
    lots : pandas.DataFrame
        One row a building: `form` (one of `FORMS`), its centre `east`, `north` [m], its size `w` along
        and `d` across [m], its `turn` from east, anticlockwise [rad].
    """
    out = np.empty(len(lots), dtype=object)
    for name, rings in FORMS.items():
        at = np.flatnonzero(lots["form"] == name)
        if not len(at):
            continue
        parts = [_rings(ring, lots.iloc[at]) for ring in rings]
        if name == "wings":
            out[at] = shapely.multipolygons(np.stack([shapely.polygons(part) for part in parts], axis=-1))
        elif len(parts) == 1:
            out[at] = shapely.polygons(parts[0])
        else:
            out[at] = shapely.polygons(parts[0], holes=parts[1][:, None])
    return out
