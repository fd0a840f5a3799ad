"""How the buildings of the demo city are heated: shares of clean area met zone by zone."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from data.demo import facts
from data.demo.sites import Plan

# Shares of clean floor area that the synthetic city is made to have.
CLEAN_SHARE: Final = {
    ("640202", "urban"): 0.965,
    ("640205", "urban"): 0.945,
    ("640202", "county_town"): 0.870,
    ("640205", "county_town"): 0.815,
    ("640221", "county_town"): 0.770,
}
RURAL_SHARE: Final = {"640202": 0.58, "640205": 0.51, "640221": 0.46}
RURAL_SPREAD: Final = 0.09
RURAL_BOUNDS: Final = (0.35, 0.65)
UNKNOWN_SHARE: Final = 0.025
NOT_HEATED: Final = {"greenhouse": 1.0, "ancillary": 1.0, "warehouse": 0.88, "factory": 0.45}
_Shares = dict[str, float]
_CLEAN: Final[dict[str, _Shares]] = {
    "district": {
        "chp": 0.87,
        "large_coal_ultra_low": 0.02,
        "gas_boiler": 0.04,
        "gas_wall_hung": 0.03,
        "electric_boiler": 0.015,
        "heat_pump": 0.015,
        "geothermal": 0.005,
        "waste_heat": 0.005,
    },
    "county_seat": {
        "large_coal_ultra_low": 0.54,
        "gas_boiler": 0.16,
        "gas_wall_hung": 0.14,
        "electric_boiler": 0.06,
        "heat_pump": 0.06,
        "biomass": 0.02,
        "waste_heat": 0.02,
    },
    "town": {
        "gas_wall_hung": 0.34,
        "air_heater": 0.20,
        "heat_pump": 0.16,
        "electric_boiler": 0.12,
        "electric_heater": 0.08,
        "gas_boiler": 0.06,
        "biomass": 0.04,
    },
    "village": {
        "air_heater": 0.36,
        "gas_wall_hung": 0.22,
        "electric_heater": 0.14,
        "biomass": 0.12,
        "heat_pump": 0.08,
        "solar": 0.08,
    },
    "park": {"waste_heat": 0.25, "gas_boiler": 0.30, "chp": 0.25, "electric_boiler": 0.10, "heat_pump": 0.10},
}
_COAL_BIG: Final[_Shares] = {"coal_boiler": 0.92, "loose_coal": 0.08}
_COAL_SMALL: Final[_Shares] = {"loose_coal": 0.78, "clean_briquette": 0.14, "firewood": 0.05, "coal_boiler": 0.03}
_BIG_M2: Final = 900.0


def _pick(shares: _Shares, drawn: Any) -> Any:
    edges = np.cumsum(list(shares.values()))
    nth = np.searchsorted(edges, drawn * edges[-1], side="right")
    return np.array(list(shares), dtype=object)[np.minimum(nth, len(edges) - 1)]


def _zones(frame: pd.DataFrame, plan: Plan) -> Any:
    classes = frame["village_code"].map(plan.villages.set_index("code")["ur_class"])
    zone_of = facts.zone_by_class()
    return np.array([zone_of[pair] for pair in zip(frame["county_code"], classes, strict=True)], dtype=object)


def _dirtiness(frame: pd.DataFrame, plan: Plan, rng: np.random.Generator) -> Any:
    """Return a score: compounds and villages share their luck, old low houses have less of it."""
    block = rng.uniform(size=int(frame["block"].max()) + 1)[frame["block"]]
    place = rng.uniform(size=len(plan.sites))[frame["site"]]
    kind = plan.sites["kind"].loc[frame["site"]].to_numpy()
    score = 0.45 * block + 0.40 * rng.uniform(size=len(frame)) + 0.30 * place * (kind == "village")
    score += 0.30 * (frame["block_kind"] == "row_houses") + 0.12 * frame["block_kind"].isin(["workshops", "works"])
    score += 0.15 * (plan.sites["name"].loc[frame["site"]].isin(["石炭井街道", "白芨沟街道"])).to_numpy()
    score -= 0.80 * (frame["storeys"] >= 9) + 0.10 * frame["use"].isin(["government", "hospital"])
    return score.to_numpy(dtype=float)


def _coal_heated(frame: pd.DataFrame, *, score: Any, group: Any, share: dict[str, float], heated: Any) -> Any:
    """Return which buildings burn coal, so that each group has its share of clean area."""
    coal = np.zeros(len(frame), dtype=bool)
    area = frame["gross_m2"].to_numpy()
    for name, clean in share.items():
        own = np.flatnonzero((group == name) & heated)
        if len(own):
            own = own[np.argsort(-score[own], kind="stable")]
            before = np.cumsum(area[own]) - area[own] / 2.0
            coal[own] = before < (1.0 - clean) * area[own].sum()
    return coal


def _groups(frame: pd.DataFrame, plan: Plan, zone: Any, rng: np.random.Generator) -> tuple[Any, dict[str, float]]:
    town = frame["village_code"].map(plan.villages.set_index("code")["town_code"]).to_numpy()
    county = frame["county_code"].to_numpy()
    group = np.where(zone == "rural", town, county + ":" + zone)
    share = {f"{code}:{name}": value for (code, name), value in CLEAN_SHARE.items()}
    codes = sorted(plan.villages["town_code"].unique())
    spread = dict(zip(codes, rng.uniform(-RURAL_SPREAD, RURAL_SPREAD, len(codes)), strict=True))
    for code in codes:
        share[code] = float(np.clip(RURAL_SHARE[code[:6]] + spread[code], *RURAL_BOUNDS))
    return group, share


def heat(frame: pd.DataFrame, plan: Plan, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the stock with `heat_source`, `heated_area_m2` and its working `zone`."""
    size = len(frame)
    zone = _zones(frame, plan)
    heated = rng.uniform(size=size) >= frame["use"].map(NOT_HEATED).fillna(0.0).to_numpy()
    group, share = _groups(frame, plan, zone, rng)
    coal = _coal_heated(frame, score=_dirtiness(frame, plan, rng), group=group, share=share, heated=heated)
    kind = plan.sites["kind"].loc[frame["site"]].to_numpy()
    setting = np.where(kind == "city", np.where(frame["county_code"] == "640221", "county_seat", "district"), kind)
    together = rng.uniform(size=int(frame["block"].max()) + 1)[frame["block"]]
    drawn = np.where((rng.uniform(size=size) < 0.85) & (kind != "village"), together, rng.uniform(size=size))
    source = np.full(size, "none", dtype=object)
    for name, shares in _CLEAN.items():
        own = heated & ~coal & (setting == name)
        source[own] = _pick(shares, drawn[own])
    big = (frame["gross_m2"] > _BIG_M2).to_numpy()
    source[coal & big] = _pick(_COAL_BIG, drawn[coal & big])
    source[coal & ~big] = _pick(_COAL_SMALL, rng.uniform(size=int((coal & ~big).sum())))
    source[heated & (rng.uniform(size=size) < UNKNOWN_SHARE)] = "unknown"
    measured = (rng.uniform(size=size) < 0.10) & (source != "none") & (source != "unknown")
    part = np.round(frame["gross_m2"].to_numpy() * rng.uniform(0.78, 0.98, size), 1)
    return frame.assign(heat_source=source, heated_area_m2=np.where(measured, part, np.nan), zone=zone)
