"""Coal boilers of 65 t/h and more, power stations' too, by ultra-low emission (方案三（一）)."""

from __future__ import annotations

import math
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data.parameters import value
from heating.assessment import Assessment
from heating.plants import OPERATING
from heating.registers.shape import Register, answer, figures, ones, share
from heating.supply_tables import OUTSIDE, counties_of
from heating.verdicts import State, all_of, at_least, truth

NO_COAL: Final = ("waste_heat", "biomass", "geothermal", "heat_pump")
_COAL: Final = "chp"
"""The kind of heat source that burns coal by the table of heat sources; of other plants the fuel is not known."""
_GONE: Final = "retired"
_COLUMNS: Final = ("burner", "name", "capacity_t_h", "capacity_mw", "status", "is_ultra_low", "is_captive")


def _large(row: Any, limit_t_h: float) -> State:
    """Return whether a boiler reaches the limit.

    What boils for a generating unit gives more heat than the unit gives power: one of so many MW surely reaches the
    limit, and of a smaller one nothing is known.
    """
    if row.burner == "boiler":
        return at_least(row.capacity_t_h, limit_t_h)
    power = row.capacity_mw / value("policy", "mw_per_t_h")
    return "yes" if not math.isnan(power) and at_least(power, limit_t_h) == "yes" else "review"


def _fuel(units: gpd.GeoDataFrame) -> list[str]:
    """Return the fuel of generating units: coal where the kind of source says so, else not known."""
    kinds = units["source_kind"] if "source_kind" in units else [""] * len(units)
    return ["coal" if kind == _COAL else "unknown" for kind in kinds]


def _standing(done: Assessment) -> gpd.GeoDataFrame:
    """Return what may be a coal boiler under the clause: boilers that are not retired, and units that run."""
    boilers, units = done.layers.some("boilers"), done.layers.some("plants")
    burning = boilers[boilers["fuel"].isin(["coal", "unknown"]) & (boilers["status"] != _GONE)]
    running = units[(units["status"] == OPERATING)]
    if "source_kind" in running:
        running = running[~running["source_kind"].isin(NO_COAL)]
    parts = [
        burning.assign(burner="boiler", register_id=burning["boiler_id"], capacity_mw=math.nan, is_captive=pd.NA),
        running.assign(burner="unit", register_id=running["unit_id"], capacity_t_h=math.nan, fuel=_fuel(running)),
    ]
    columns = ["register_id", *_COLUMNS, "fuel", "source_row", "source_file", "geometry"]
    told = [part.reindex(columns=columns).astype({"is_ultra_low": object, "is_captive": object}) for part in parts]
    return gpd.GeoDataFrame(
        pd.concat([part for part in told if len(part)] or told, ignore_index=True), geometry="geometry", crs=units.crs
    )


def _in_city(done: Assessment, rows: gpd.GeoDataFrame) -> pd.Series:
    """Return which rows stand in the counties of the run; all of them where it has no outlines."""
    return counties_of(rows, done.layers.get("counties")) != OUTSIDE


def ultra_low(done: Assessment, _year: int) -> Register:
    """List the coal boilers that must be of ultra-low emission.

    Returns
    -------
    Register
        Boilers and generating units that reach, or may reach, ``Scenario.ultra_low_t_h``; met where the ledger says
        that they are of ultra-low emission, missed where it says that they are not and they surely reach the limit.
        The target is all of them. A boiler that is surely smaller is left out, and one outside the counties is only
        counted in the notes.
    """
    found = _standing(done)
    inside = _in_city(done, found).to_numpy(dtype=bool)
    rows = found[inside]
    large = [_large(row, done.scenario.ultra_low_t_h) for row in rows.itertuples()]
    kept = rows[np.array([state != "no" for state in large], dtype=bool)]
    sure = [state for state in large if state != "no"]
    said = [
        _said(truth(told), reaches, fuel)
        for told, reaches, fuel in zip(kept["is_ultra_low"], sure, kept["fuel"], strict=True)
    ]
    kept = kept.assign(fulfilled=pd.array(said, dtype="string[pyarrow]"), reaches=sure).reset_index(drop=True)
    told = [
        share(f"ultra_low_{kind}s", kept["fulfilled"][own], ones(kept)[own], unit="count", target=1.0)
        for kind in ("boiler", "unit")
        if (own := kept["burner"] == kind).any()
    ]
    return Register(
        rows=kept,
        figures=figures(told),
        colour_by="fulfilled",
        notes={"ultra_low_outside": int((~inside).sum())},
        clause="policy.ultra_low_t_h",
    )


def _said(is_ultra_low: State, reaches: State, fuel: str) -> str:
    """Return the answer of one boiler: what need not be of ultra-low emission is not missed."""
    if is_ultra_low == "yes":
        return "met"
    burns: State = "yes" if fuel == "coal" else "review"
    return "missed" if is_ultra_low == "no" and all_of(reaches, burns) == "yes" else answer("review")
