"""Rows behind rows against SAM's: what reaches them of the beam, of the sky and of the reflecting ground.

SAM takes the row's share of the sky off all diffuse light, circumsolar light too, and leaves little of the light that
the ground reflects. Ours hides circumsolar light as it hides the beam, and leaves the ground and the horizon's light
as they are. So the year is compared once more with SAM's way of it in our numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import parameters
from solar.row_views import row_sky_share
from solar.sky import Sky, sky_of
from solar.validation import sam
from solar.validation.rows import Row

_GRAZING: Final = 0.05
"""Cosine below which a degree of the sun's position is all of the answer."""
_HIGH: Final = 0.2

Floats = npt.NDArray[np.float64]


@lru_cache(maxsize=1)
def row_shade() -> pd.DataFrame:
    """Compare what the row in front leaves, with one sun an hour.

    Returns
    -------
    pandas.DataFrame
        A row each: ``file``, ``tilt``, ``azimuth`` [deg], ``gcr``; the greatest difference of the lit share of the
        plane over the hours in which the sun shines on it [1], ``beam_left``, and ``beam_left_high`` while it stands
        above 11°; that of the share of the sky, ``sky_left`` [1]; ``as_sam_delta`` [1] of the year's POA with SAM's
        way of diffuse light.
    """
    rows = []
    for file in sam.FILES:
        weather = sam.bundled(file)
        skies = [sky_of(weather, model=model, suns_per_hour=1) for model in ("perez", "isotropic")]
        rows += [{"file": file} | _compare(file, case, *skies) for case in sam.cases() if case.gcr > 0]
    return pd.DataFrame(rows)


def _compare(file: str, case: sam.Case, sky: Sky, plain: Sky) -> dict[str, Any]:
    theirs = sam.hourly(file, case)
    slope, turn = np.radians(case.tilt), np.radians(case.azimuth)
    flat = sky.east * np.sin(turn) + sky.north * np.cos(turn)
    cosine = np.maximum(np.sin(slope) * flat + np.cos(slope) * sky.up, 0.0)
    front = np.minimum(cosine, sky.up / case.gcr)
    own = (1 + np.cos(slope)) / 2
    place = np.repeat(np.arange(len(sky.row)), np.diff(sky.first))
    seen = (cosine > _GRAZING) & (sky.up > _GRAZING)
    delta = np.abs(front[seen] / cosine[seen] - theirs.beam_left[sky.row[place[seen]]])
    share = row_sky_share(np.array([case.gcr]), np.array([case.tilt]))[0] / own

    def by_hour(light: Floats) -> Floats:
        return np.bincount(place, light, minlength=len(sky.row)).astype(np.float64)

    diffuse = by_hour((sky.direct - plain.direct) * cosine) + sky.isotropic * own + sky.horizon * np.sin(slope)
    ground = sky.ghi * (1 - np.cos(slope)) / 2 * parameters.value("pv", "albedo")
    as_sam = by_hour(plain.direct * front) + diffuse * theirs.sky_left[sky.row] + ground * theirs.ground_left[sky.row]
    return {
        "tilt": case.tilt,
        "azimuth": case.azimuth,
        "gcr": case.gcr,
        "beam_left": float(delta.max()),
        "beam_left_high": float(delta[sky.up[seen] > _HIGH].max()),
        "sky_left": float(abs(share - theirs.sky_left.min())),
        "as_sam_delta": float(as_sam.sum() / theirs.poa.sum() - 1),
    }


def rows() -> Iterator[Row]:
    """Give the rows for the page."""
    shade = row_shade()
    code = "SAM's self-shading of fixed racks"
    yield (
        "lit share of a row, hour by hour",
        code,
        f"≤ {shade['beam_left'].max():.1e}",
        f"gcr 0.4–0.6; ≤ {shade['beam_left_high'].max():.1e} while the sun stands above 11°",
    )
    yield "view of the sky from a row", code, f"≤ {shade['sky_left'].max():.1e}", "of the view without rows"
    yield (
        "annual POA in rows, SAM's way of diffuse light in our numbers",
        code,
        sam.spread(shade["as_sam_delta"]),
        "row's share of the sky off all diffuse light, SAM's share of the ground; one sun an hour",
    )
