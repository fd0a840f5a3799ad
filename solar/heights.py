"""Height of every building, and what it rests on: the file, its storeys or its use."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import parameters

SOURCES: Final = ("given", "floors", "use")
"""What a height rests on, the surest first."""


def building_heights(buildings: pd.DataFrame) -> pd.DataFrame:
    """Return the height above ground of each building, and its source.

    The given height stands first, then storeys times the storey height of the use, then the typical height of the use.
    The latter two are rows of ``horizon.csv``.

    Parameters
    ----------
    buildings : pandas.DataFrame
        Columns ``use``, ``floors`` and ``height_m`` of the `buildings` layer.

    Returns
    -------
    pandas.DataFrame
        On the index of `buildings`: ``height_m`` [m] and ``height_source``, one of `SOURCES`.

    Raises
    ------
    ValueError
        If a use has no row.
    """
    strangers = set(buildings["use"].unique()) - set(parameters.table("building_uses").index)
    if strangers:
        raise ValueError(f"uses without a row in building_uses.csv: {sorted(map(str, strangers))}")
    given = buildings["height_m"].notna()
    counted = ~given & buildings["floors"].notna()
    stacked = buildings["floors"] * _by_use(buildings["use"], "storey_m_{}")
    height = buildings["height_m"].where(given, stacked.where(counted, _by_use(buildings["use"], "height_m_{}")))
    source = np.select([given, counted], SOURCES[:2], SOURCES[2])
    return pd.DataFrame(
        {"height_m": height.astype(float), "height_source": pd.array(source, dtype="string[pyarrow]")},
        index=buildings.index,
    )


def _by_use(uses: pd.Series, pattern: str) -> pd.Series:
    codes, names = pd.factorize(uses)
    values = np.array([parameters.value("horizon", pattern.format(use)) for use in names], dtype=float)
    return pd.Series(values[codes], index=uses.index)
