"""Public institutions: frugal organs, and energy per floor area and per person against 2020 (方案三（六）)."""

from __future__ import annotations

import math
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data.parameters import value
from heating.assessment import Assessment
from heating.registers.shape import Register, answer, answers, figures, ones, share
from heating.verdicts import at_least

COUNTED_LEVELS: Final = ("city", "county")
BASE_YEAR: Final = 2020
"""The Plan names none; national rules count from 2020 (FACTS A2, R12)."""
BASES: Final = {"m2": "floor_area_m2", "person": "people"}
_KGCE_PER_TCE: Final = 1000.0


def _with_energy(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the institutions with energy per floor area and person, now and in 2020, and the cut since then.

    Figures of no stated year, or of the base year or before, tell no cut.
    """
    done = frame.copy()
    later = frame["energy_year"] > BASE_YEAR
    for name, size in BASES.items():
        now = frame["energy_tce"] * _KGCE_PER_TCE / frame[size]
        base = frame["base_energy_tce"] * _KGCE_PER_TCE / frame[f"base_{size}"]
        done[f"kgce_{name}"], done[f"base_kgce_{name}"] = now, base
        done[f"cut_{name}"] = (1.0 - now / base).where((base > 0) & later)
    return done


def _cut(rows: pd.DataFrame, name: str) -> dict[str, object]:
    """Return how far the energy of all institutions together has fallen per floor area or person.

    It is that of those whose figures are known, and settled only where all of them are.
    """
    size, target = BASES[name], value("policy", f"public_energy_{name}_cut")
    needed = ["energy_tce", size, "base_energy_tce", f"base_{size}"]
    known = rows[rows[needed].notna().all(axis=1) & (rows["energy_year"] > BASE_YEAR)]
    now, base = (known[one].sum() / known[other].sum() if len(known) else math.nan for one, other in _pairs(size))
    fallen = 1.0 - now / base if len(known) and base > 0 else math.nan
    whole = len(known) == len(rows)
    cuts = _reached(known[f"cut_{name}"], target)
    return {
        "register_figure": f"institutions_cut_{name}",
        "measure_unit": "count",
        "amount_met": float((cuts == "met").sum()),
        "amount_missed": float((cuts == "missed").sum()),
        "amount_open": float(len(rows) - len(known)),
        "share_low": fallen,
        "share_high": fallen,
        "share_target": target,
        "amount_gap_low": math.nan,
        "amount_gap_high": math.nan,
        "reached": "none" if math.isnan(fallen) else answer(at_least(fallen, target)) if whole else "open",
    }


def _reached(cuts: pd.Series, target: float) -> pd.Series:
    """Return the answer of each cut; one that is not known is open."""
    return pd.Series([answer(at_least(float(cut), target)) for cut in cuts], index=cuts.index, dtype=object)


def _pairs(size: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("energy_tce", size), ("base_energy_tce", f"base_{size}")


def institutions(done: Assessment, _year: int) -> Register:
    """List the public institutions with what the Plan asks of them.

    Returns
    -------
    Register
        ``frugal_counts`` tells whether one is an organ at county level or above, which the 80 % speak of (those of
        towns are not, FACTS A3-11); where its kind or level is not known it is left out and counted in the notes.
        ``cut_m2`` and ``cut_person`` are its own falls since 2020 [1]; the two figures on them are falls of the sums,
        ``low`` and ``high`` alike, and open while the figures of any institution are missing.
    """
    rows = _with_energy(done.layers.some("institutions"))
    organ, level = rows["institution_kind"], rows["level"]
    counts = np.select(
        [organ.isin(["organ"]) & level.isin(COUNTED_LEVELS), organ.isin(["organ", "unknown"]) & (level != "town")],
        ["yes", "review"],
        default="no",
    )
    frugal = answers(rows["is_frugal"])
    own = pd.Series(counts == "yes", index=rows.index)
    rows = rows.assign(
        register_id=rows["institution_id"], frugal_counts=counts, fulfilled=_answer(rows, frugal.to_numpy(), own)
    )
    told = [
        share(
            "institutions_frugal",
            frugal[own.to_numpy()],
            ones(rows)[own],
            unit="count",
            target=value("policy", "frugal_organ_share"),
        )
    ]
    cuts = [_cut(rows, name) for name in BASES] if len(rows) else []
    table = pd.concat([figures(told), pd.DataFrame(cuts)], ignore_index=True) if cuts else figures(told)
    return Register(
        rows=rows,
        figures=table,
        colour_by="fulfilled",
        notes={"institutions_unclear": int((counts == "review").sum())},
        clause="policy.frugal_organ_share",
    )


def _answer(
    rows: pd.DataFrame, frugal: np.ndarray[tuple[int], np.dtype[np.object_]], own: pd.Series
) -> pd.api.extensions.ExtensionArray:
    """Return whether an institution does all that is asked of it: both cuts, and frugal where it counts."""
    parts = [
        _reached(rows[f"cut_{name}"], value("policy", f"public_energy_{name}_cut")).to_numpy(dtype=object)
        for name in BASES
    ]
    parts.append(np.where(own.to_numpy(), frugal.astype(str), "met"))
    worst = np.select(
        [np.any([part == one for part in parts], axis=0) for one in ("missed", "open")], ["missed", "open"], "met"
    )
    return pd.array(worst, dtype="string[pyarrow]")
