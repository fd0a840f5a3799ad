"""The building stock of the demo city: footprints, then what each building is and how old."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from data.demo import facts
from data.demo.blocks import lay_streets
from data.demo.compounds import furnish
from data.demo.shapes import footprints
from data.demo.sites import Plan

_STOREY_M: Final = {"apartment": 2.9, "rural_house": 3.1, "hotel": 3.5, "commercial": 4.2, "hospital": 3.8}
_OTHER_STOREY_M: Final = 3.6
_ROOFS: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "factory": (("metal_sheet", 0.86), ("flat_concrete", 0.14)),
    "warehouse": (("metal_sheet", 0.90), ("flat_concrete", 0.10)),
    "rural_house": (("pitched_tile", 0.66), ("flat_concrete", 0.29), ("unknown", 0.05)),
    "village_committee": (("flat_concrete", 0.72), ("pitched_tile", 0.28)),
    "greenhouse": (("unknown", 1.0),),
    "ancillary": (("metal_sheet", 0.45), ("flat_concrete", 0.45), ("unknown", 0.10)),
    "commercial": (("flat_concrete", 0.80), ("metal_sheet", 0.17), ("unknown", 0.03)),
}
_OTHER_ROOFS: Final = (("flat_concrete", 0.94), ("pitched_tile", 0.03), ("unknown", 0.03))
_NAMED: Final = {
    "school": "学校",
    "hospital": "医院",
    "government": "机关",
    "hotel": "宾馆",
    "village_committee": "村委会",
    "factory": "厂房",
}
PLANT_GROUNDS_M: Final = 260.0


def _place(items: pd.DataFrame, blocks: pd.DataFrame, plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """Turn buildings into their site and keep the nearest to its centre, with a reserve for what is dropped."""
    block = blocks.loc[items["block"]]
    site = block["site"].to_numpy()
    nth = items.groupby(site).cumcount().to_numpy()
    home = plan.sites.loc[site]
    keep = nth < 1.12 * home["quota"].to_numpy() + 12
    turn = home["turn"].to_numpy()
    x, y = items["x"].to_numpy(), items["y"].to_numpy()
    placed = items.assign(
        site=site,
        nth=nth,
        east=home["x"].to_numpy() + x * np.cos(turn) - y * np.sin(turn),
        north=home["y"].to_numpy() + x * np.sin(turn) + y * np.cos(turn),
        turn=turn + rng.normal(0.0, 0.008, len(items)),
        year=block["year"].to_numpy(),
        block_kind=block["kind"].to_numpy(),
        county_code=home["county_code"].to_numpy(),
    )
    return placed[keep].reset_index(drop=True)


def _buildable(frame: pd.DataFrame, lonlat: Any) -> Any:
    """Return where a footprint lies inside its county, off the power plants and off all earlier ones."""
    good = np.zeros(len(frame), dtype=bool)
    counties = facts.counties()
    for code, outline in zip(counties["county_code"], counties.geometry, strict=True):
        own = np.flatnonzero(frame["county_code"] == code)
        shapely.prepare(outline)
        good[own] = shapely.contains_properly(outline, lonlat[own])
    units = facts.plants()
    units = units[units["status"] == "operating"].drop_duplicates("plant_id")
    east, north = facts.to_local(units.geometry.x.to_numpy(), units.geometry.y.to_numpy())
    away = np.hypot(frame["east"].to_numpy()[:, None] - east, frame["north"].to_numpy()[:, None] - north)
    good &= away.min(axis=1) > PLANT_GROUNDS_M
    at = np.flatnonzero(good)
    one, other = shapely.STRtree(lonlat[at]).query(lonlat[at], predicate="intersects")
    good[at[np.maximum(one, other)[one != other]]] = False
    return good


def _choose(frame: pd.DataFrame, plan: Plan) -> Any:
    """Return positions of the rows to keep: the quota of each site, shortfalls made up from the reserves."""
    nth = frame.groupby("site").cumcount().to_numpy()
    over = nth - plan.sites.loc[frame["site"], "quota"].to_numpy()
    total = int(plan.sites["quota"].sum())
    kept = np.argsort(np.maximum(over, -1), kind="stable")[:total]
    if len(kept) < total:
        raise ValueError(f"the demo city has room for {len(kept)} buildings only, {total} were asked for")
    return np.sort(kept)


def _drawn(frame: pd.DataFrame, table: dict[str, Any], other: Any, rng: np.random.Generator) -> Any:
    drawn = rng.uniform(size=len(frame))
    out = np.full(len(frame), other[0][0], dtype=object)
    for use in frame["use"].unique():
        own = np.flatnonzero(frame["use"] == use)
        names, chance = zip(*table.get(use, other), strict=True)
        nth = np.searchsorted(np.cumsum(chance), drawn[own] * sum(chance), side="right")
        out[own] = np.array(names, dtype=object)[np.minimum(nth, len(names) - 1)]
    return out


def _villages_of(frame: pd.DataFrame, plan: Plan) -> Any:
    """Return the nearest village of the same site; in industrial parks, of the same county."""
    out = np.empty(len(frame), dtype=object)
    where = frame[["east", "north"]].to_numpy()
    kind = plan.sites["kind"].loc[frame["site"]].to_numpy()
    key = np.where(kind == "park", frame["county_code"], frame["site"].astype(str))
    by_key = pd.concat(
        [plan.villages.assign(key=plan.villages["site"].astype(str)), plan.villages.assign(key=lambda v: v.county_code)]
    )
    for name, own in by_key.groupby("key"):
        at = np.flatnonzero(key == name)
        if len(at):
            points: Any = shapely.points(own[["x", "y"]].to_numpy())
            tree = shapely.STRtree(points)
            out[at] = own["code"].to_numpy()[tree.nearest(shapely.points(where[at]))]
    return out


def _describe(frame: pd.DataFrame, plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    size = len(frame)
    use, floors = frame["use"].to_numpy(), frame["floors"].to_numpy(dtype=float)
    storey = frame["use"].map(_STOREY_M).fillna(_OTHER_STOREY_M).to_numpy()
    height = floors * storey + rng.uniform(0.3, 1.2, size)
    hall = np.isin(use, ("factory", "warehouse"))
    height = np.where(hall, floors * rng.uniform(7.5, 13.5, size), height)
    height = np.where(use == "greenhouse", rng.uniform(3.2, 4.6, size), height)
    year = frame["year"].to_numpy() + np.round(rng.normal(0.0, 2.0, size))
    house = use == "rural_house"
    year = np.where(house, np.round(rng.triangular(1974, 2004, 2022, size)), year)
    gross = frame["footprint_m2"].to_numpy() * floors
    homes = np.where(use == "apartment", np.maximum(1.0, np.round(gross / rng.uniform(88.0, 108.0, size))), np.nan)
    homes = np.where(house, 1.0, homes)
    mended = np.where(year < 2001, rng.uniform(size=size) < 0.34, False)
    return frame.assign(
        height_m=np.where(rng.uniform(size=size) < 0.07, np.nan, np.round(height, 1)),
        storeys=floors,
        floors=np.where(rng.uniform(size=size) < 0.04, np.nan, floors),
        year_built=np.where(rng.uniform(size=size) < 0.06, np.nan, np.clip(year, 1955, 2023)),
        roof_kind=_drawn(frame, _ROOFS, _OTHER_ROOFS, rng),
        gross_m2=gross,
        floor_area_m2=np.where(rng.uniform(size=size) < 0.15, np.nan, np.round(gross, 1)),
        households=np.where(rng.uniform(size=size) < 0.05, np.nan, homes),
        retrofitted=pd.array(mended, dtype="boolean"),
        village_code=_villages_of(frame, plan),
    )


def _name(frame: pd.DataFrame, plan: Plan) -> Any:
    label = frame["use"].map(_NAMED)
    # Offices of industrial parks and small sheds stay nameless, as in a real survey.
    nth = frame.groupby(["site", "use"]).cumcount() + 1
    town = plan.sites["name"].loc[frame["site"]].reset_index(drop=True)
    town = town.str.replace(r"(居|村)委会$", "", regex=True)
    town = town.mask((plan.sites["kind"].loc[frame["site"]] == "city").to_numpy(), "城区")
    full = town + label + nth.astype(str) + "号（合成）"
    return full.where(label.notna())


def raise_stock(plan: Plan, *, rng: np.random.Generator) -> tuple[pd.DataFrame, Any, pd.DataFrame, pd.DataFrame]:
    """Build the stock.

    Returns
    -------
    frame : pandas.DataFrame
        One row a building, with working columns (`site`, `block`, `east`, `north`, `gross_m2`, ...).
    lonlat : numpy.ndarray
        Footprints in degrees, row by row.
    blocks, streets : pandas.DataFrame
        Blocks and street lines in the turned metres of their site.
    """
    blocks, streets = lay_streets(plan.sites, rng=rng)
    frame = _place(furnish(blocks, rng=rng), blocks, plan, rng)
    local = footprints(frame)
    lonlat = facts.to_lonlat(local)
    frame["footprint_m2"] = shapely.area(local)
    good = np.flatnonzero(_buildable(frame, lonlat))
    frame, lonlat = frame.iloc[good].reset_index(drop=True), lonlat[good]
    kept = _choose(frame, plan)
    frame = _describe(frame.iloc[kept].reset_index(drop=True), plan, rng)
    frame["name"] = _name(frame, plan)
    retrofit_unknown = rng.uniform(size=len(frame)) < 0.2
    frame["retrofitted"] = frame["retrofitted"].mask(retrofit_unknown | (frame["use"] == "greenhouse").to_numpy())
    return frame, lonlat[kept], blocks, streets
