"""Month by month against SAM's PVWatts v8: the table under the yearly deltas."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from solar.twin import Plane, plane_hours
from solar.validation import sam
from solar.validation.rows import Row, percent


def months() -> pd.DataFrame:
    """Return the deltas of each month, both codes with one sun an hour.

    Returns
    -------
    pandas.DataFrame
        A row each plane without rows and each month: ``file``, ``tilt``, ``azimuth`` [deg], ``mount``, ``month``,
        ``poa_delta`` and ``ac_delta`` [1].
    """
    ours = sam.comparable()
    parts = []
    for file in sam.FILES:
        number = pd.DatetimeIndex(sam.bundled(file).hours.index).month.to_numpy()
        sky = sam.sky_at(file, 1)
        for case in (case for case in sam.cases() if case.gcr == 0):
            theirs = sam.hourly(file, case)
            mounting = sam.MOUNTS[case.mount][0]
            found = plane_hours(
                sky, Plane(surface_tilt=case.tilt, surface_azimuth=case.azimuth, mounting=mounting), ours
            )
            pairs = {"poa": (found["poa_global"], theirs.poa), "ac": (found["ac_kw"], theirs.ac_kw)}
            delta = {
                f"{name}_delta": sam.by_month(mine.to_numpy(), number[sky.row]) / sam.by_month(other, number) - 1
                for name, (mine, other) in pairs.items()
            }
            said = {"file": file, "tilt": case.tilt, "azimuth": case.azimuth, "mount": case.mount}
            parts.append(pd.DataFrame(said | {"month": np.arange(1, 13)} | delta))
    return pd.concat(parts, ignore_index=True)


def rows() -> Iterator[Row]:
    """Give the rows of the months for the page."""
    for (file, month), some in months().groupby(["file", "month"], sort=False):
        poa, ac = some["poa_delta"], some["ac_delta"]
        yield (
            f"month {month}, {len(some)} planes",
            f"SAM PVWatts v8 on {file}",
            f"POA {sam.spread(poa)}, AC {sam.spread(ac)}",
            f"means {percent(float(poa.mean()))}, {percent(float(ac.mean()))}",
        )
