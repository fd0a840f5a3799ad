"""Whether a roof may be able to carry panels, screened by age, kind, use and structure (FACTS E4).

A screening only: what it calls adequate is still verified before building, GB 55001-2021 and GB 50009-2012.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN

LOAD_CLASSES: Final = ("adequate", "check", "insufficient", UNKNOWN)
_CODES: Final = ("roof_class", "roof_kind", "structure")

Mask = npt.NDArray[np.bool_]


def load_classes(roofs: pd.DataFrame) -> pd.Series:
    """Return the load class of each roof by the first rule of ``roof_loads.csv`` that fits it.

    A rule that excludes makes the roof ``insufficient``; any other compares the reserve that it grants with the dead
    load that the mounting adds, and says ``adequate`` or ``check``. Where no rule fits, as where the age is not
    known, the class is ``unknown``.

    Parameters
    ----------
    roofs : pandas.DataFrame
        ``roof_class``, ``roof_kind`` (empty where nothing is mounted), ``structure``, ``year_built`` and
        ``mounting``.

    Returns
    -------
    pandas.Series
        One of `LOAD_CLASSES`, on the index of `roofs`.
    """
    rules = parameters.table("roof_loads").to_dict("records")
    known = {name: roofs[name].to_numpy() for name in (*_CODES, "year_built")}
    added = roofs["mounting"].map(_added_loads(roofs["mounting"])).to_numpy(dtype=float)
    classes = [
        np.full(len(roofs), "insufficient")
        if rule["excluded"] == "yes"
        else np.where(added <= float(rule["reserve_kn_m2"]), "adequate", "check")
        for rule in rules
    ]
    chosen = np.select([_fits(known, rule) for rule in rules], classes, default=UNKNOWN)
    return pd.Series(chosen, index=roofs.index, dtype=object)


def _fits(known: Mapping[str, npt.NDArray[Any]], rule: Mapping[Any, str]) -> Mask:
    """Tell the roofs that a rule is about: a blank cell of the rule means any, known or not."""
    conditions = [known["roof_kind"] != ""]
    conditions += [known[column] == rule[column] for column in _CODES if rule[column]]
    if rule["year_from"]:
        conditions.append(known["year_built"] >= float(rule["year_from"]))
    if rule["year_to"]:
        conditions.append(known["year_built"] <= float(rule["year_to"]))
    fits: Mask = np.logical_and.reduce(conditions).astype(bool)
    return fits


def _added_loads(mounting: pd.Series) -> dict[str, float]:
    """Return the dead load that each mounting adds [kN/m2 of the array]."""
    rows = parameters.constants("roofs")
    return {name: rows[f"added_load_{name}"].value for name in mounting.unique() if f"added_load_{name}" in rows}
