"""Capacities that look like another unit, or like no capacity of their kind at all."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from geo.quality.findings import Finding
from geo.quality.sheets import City, Sheet, span, written

_NORMAL: Final = 1.4826  # MAD of a normal distribution in standard deviations
_LEAST_KW: Final = 300.0
_LEAST_TEN_THOUSAND_KCAL: Final = 100.0


def _steps(prefix: str) -> NDArray[np.float64]:
    rows = parameters.constants("quality").values()
    return np.array([row.value for row in rows if row.name.startswith(prefix)])


def _standard(values: NDArray[np.float64], steps: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Tell which values are one of the standard ratings."""
    off = np.abs(values[:, None] / steps[None, :] - 1)
    return np.asarray(np.nanmin(np.where(np.isnan(off), np.inf, off), axis=1) <= tolerance, dtype=bool)


def readings(values: NDArray[np.float64], power: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.bool_], float]]:
    """Find capacities that are no standard rating in t/h but are one in another unit.

    Parameters
    ----------
    values : array of float
        Rated outputs as they were read [t/h]; NaN where not known.
    power : array of bool
        Which boilers serve power generation: their ratings run far above those of heating boilers.

    Returns
    -------
    dict
        Unit that was perhaps meant → the rows it fits, and the factor that turns their value into t/h.
    """
    tolerance, mw = parameters.value("quality", "step_tolerance"), parameters.value("policy", "mw_per_t_h")
    steam, water = _steps("steam_step_"), _steps("water_step_")
    open_to_doubt = ~np.isnan(values) & ~_standard(values, steam, tolerance)
    heat = open_to_doubt & ~power
    kcal = parameters.value("quality", "kcal_h_per_t_h")
    converted = open_to_doubt & _standard(values * mw, steam, tolerance)
    return {
        "MW": (open_to_doubt & _standard(values, water, tolerance), 1 / mw),
        "kW": (heat & (values >= _LEAST_KW) & _standard(values / 1000, water, tolerance), 1e-3 / mw),
        "万kcal/h": (
            heat & (values >= _LEAST_TEN_THOUSAND_KCAL) & _standard(values * 1e4 / kcal, steam, tolerance),
            1e4 / kcal,
        ),
        "kcal/h": (heat & (values >= 1e4) & _standard(values / kcal, steam, tolerance), 1 / kcal),
        "t/h": (converted & ~_standard(values * mw, water, tolerance), mw),
    }


def _decides(sheet: Sheet, given: NDArray[np.float64], read: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for which coal boilers the other reading crosses a limit of the policy."""
    coal = np.isin(sheet.words("fuel").astype(str), ["coal", "unknown", "None"])
    crossed = np.zeros(len(sheet), dtype=bool)
    for name in ("small_boiler_t_h", "ultra_low_t_h"):
        limit = parameters.value("policy", name)
        crossed |= (given < limit) != (read < limit)
    return np.asarray(coal & crossed, dtype=bool)


def _units(sheet: Sheet) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Ask about capacities in another unit: once for a column, else row by row."""
    given = sheet.numbers("capacity_t_h")
    known = ~np.isnan(given)
    found: list[Finding] = []
    asked = np.zeros(len(sheet), dtype=bool)
    enough = known.sum() >= parameters.value("quality", "unit_file_rows")
    for unit, (fitting, factor) in readings(given, sheet.words("duty") == "power").items():
        mask = fitting & ~asked
        asked |= mask
        common = {"unit": unit, "factor": repr(factor)}
        decides = _decides(sheet, given, given * factor)
        if enough and mask.sum() >= parameters.value("quality", "unit_file_share") * known.sum():
            values = {"count": str(mask.sum()), "known": str(known.sum()), "given": span(given[mask]), **common}
            values |= {"reading": span(given[mask] * factor), "deciding": str((decides & mask).sum())}
            found.append(sheet.doubt("capacity_unit_file", "question", np.flatnonzero(mask), mend="capacity", **values))
            continue
        for at in np.flatnonzero(mask):
            values = {"given": written(given[at]), "reading": written(given[at] * factor), **common}
            found.append(
                sheet.doubt("capacity_unit_decides", "question", [at], mend="capacity", **values)
                if decides[at]
                else sheet.doubt("capacity_unit", "question", [at], mend="capacity", **values)
            )
    return found, asked


def _outliers(
    sheet: Sheet, column: str, unit: str, *, kinds: tuple[str, ...], asked: NDArray[np.bool_]
) -> list[Finding]:
    """Find capacities far off the median of their own kind, on a logarithmic scale."""
    capacity = np.where(asked, np.nan, sheet.numbers(column))
    far, times = parameters.value("quality", "outlier_mads"), parameters.value("quality", "outlier_times")
    kind = pd.Series(["/".join(str(one) for one in said) for said in zip(*map(sheet.words, kinds), strict=True)])
    found: list[Finding] = []
    for _, group in kind[~np.isnan(capacity)].groupby(kind):
        at = group.index.to_numpy()
        if len(at) < parameters.value("quality", "outlier_rows"):
            continue
        logs = np.log(capacity[at])
        middle = np.median(logs)
        off = np.abs(logs - middle)
        spread = _NORMAL * np.median(off)
        for one in at[(off > far * spread) & (off > np.log(times))]:
            values = {"capacity": written(capacity[one]), "unit": unit, "median": written(float(np.exp(middle)))}
            found.append(sheet.doubt("capacity_outlier", "question", [one], count=str(len(at)), **values))
    return found


def _bounds(sheet: Sheet, column: str, unit: str, low: float, high: float, *, skip: NDArray[np.bool_]) -> list[Finding]:
    capacity = sheet.numbers(column)
    limits = {"low": written(low), "high": written(high), "unit": unit}
    return [
        sheet.doubt("capacity_bound", "question", [at], capacity=written(capacity[at]), **limits)
        for at in np.flatnonzero(((capacity < low) | (capacity > high)) & ~skip)
    ]


def examine_capacities(city: City) -> list[Finding]:
    """Find capacities of boilers and plants that may be in another unit, and those out of all proportion."""
    found: list[Finding] = []
    if boilers := city.get("boilers"):
        units, asked = _units(boilers)
        most = parameters.value("quality", "boiler_most_t_h")
        power = np.asarray(boilers.words("duty") == "power", dtype=bool)
        found += units
        found += _outliers(boilers, "capacity_t_h", "t/h", kinds=("fuel", "duty"), asked=asked)
        found += _bounds(boilers, "capacity_t_h", "t/h", 0.0, most, skip=asked | power)
    if plants := city.get("plants"):
        low, high = (parameters.value("quality", f"plant_unit_{end}_mw") for end in ("least", "most"))
        found += _bounds(plants, "capacity_mw", "MW", low, high, skip=np.zeros(len(plants), dtype=bool))
        found += _outliers(plants, "capacity_mw", "MW", kinds=("status",), asked=np.zeros(len(plants), dtype=bool))
    return found
