"""Where the demo city stands: urban districts, town centres, villages, industrial parks and their share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from data.demo import facts

KINDS: Final = ("city", "town", "village", "park")
SHARE: Final = {"city": 0.35, "town": 0.17, "village": 0.41, "park": 0.07}
# Ground that one building takes up with its streets and yards [m2]: sets how far a site spreads.
GROUND_M2: Final = {"city": 2100.0, "town": 1500.0, "village": 650.0, "park": 6000.0}
CITY_WEIGHT: Final = {"640202": 0.43, "640205": 0.28, "640221": 0.29}
CITY_RADIUS_M: Final = 1900.0
PARKS: Final = (
    ("石嘴山经开区", "640202", 106.447, 39.012, 0.26),
    ("河滨工业园", "640205", 106.722, 39.318, 0.18),
    ("红果子工业园", "640205", 106.728, 39.140, 0.16),
    ("太沙工业园", "640221", 106.428, 38.898, 0.20),
    ("崇岗工业园", "640221", 106.282, 38.878, 0.10),
    ("红崖子工业园", "640221", 106.905, 38.995, 0.10),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sites, one row each, and the villages with their position and site (both in local metres)."""

    sites: pd.DataFrame
    villages: pd.DataFrame
    outlines: dict[str, Any]


def apportion(total: int, weight: Any) -> Any:
    """Share `total` by weights into whole numbers that sum to it exactly (largest remainder)."""
    exact = total * np.asarray(weight, dtype=float) / np.sum(weight)
    whole = np.floor(exact).astype(np.int64)
    short = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:short]] += 1
    return whole


def _site_of(village: pd.DataFrame, kinds: pd.Series) -> pd.Series:
    county, ur_class = village["county_code"], village["ur_class"]
    kind = village["town_code"].map(kinds)
    gardens = (village["town_code"] == "640205102000") & ur_class.isin(["111", "112"])
    in_city = ((kind == "street") | (kind == "county_town") | gardens) & (ur_class != "220")
    site = "town:" + village["town_code"]
    site = site.mask(ur_class == "220", "village:" + village["code"])
    return site.mask(in_city, "city:" + county)


def _table(village: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    first = village.drop_duplicates("site")
    count = village["site"].value_counts()
    frame = pd.DataFrame(
        {
            "key": first["site"],
            "kind": first["site"].str.partition(":")[0],
            "name": first["town"].where(~first["site"].str.startswith("village"), first["name"]),
            "county_code": first["county_code"],
            "town_code": first["town_code"],
            "members": first["site"].map(count),
        }
    )
    frame["x"] = frame["town_code"].map(towns["x"])
    frame["y"] = frame["town_code"].map(towns["y"])
    for code in CITY_WEIGHT:
        own = towns[(towns["county_code"] == code) & towns["kind"].isin(["street", "county_town"])]
        frame.loc[frame["key"] == f"city:{code}", ["x", "y"]] = own[["x", "y"]].mean().to_numpy()
    lon, lat = np.array([park[2:4] for park in PARKS]).T
    x, y = facts.to_local(lon, lat)
    parks = pd.DataFrame(
        {
            "key": [f"park:{park[0]}" for park in PARKS],
            "kind": "park",
            "name": [park[0] for park in PARKS],
            "county_code": [park[1] for park in PARKS],
            "town_code": "",
            "members": 0,
            "x": x,
            "y": y,
        }
    )
    order = pd.concat([frame, parks], ignore_index=True)
    return order.sort_values("kind", key=lambda kind: kind.map(KINDS.index), kind="stable", ignore_index=True)


def _quotas(sites: pd.DataFrame, total: int, rng: np.random.Generator) -> pd.DataFrame:
    weight = np.zeros(len(sites))
    kind = sites["kind"].to_numpy()
    weight[kind == "city"] = sites.loc[kind == "city", "county_code"].map(CITY_WEIGHT)
    weight[kind == "town"] = 0.6 + 0.3 * sites.loc[kind == "town", "members"]
    weight[kind == "village"] = rng.lognormal(0.0, 0.35, int((kind == "village").sum()))
    weight[kind == "park"] = [park[4] for park in PARKS]
    for name, share in SHARE.items():
        weight[kind == name] *= share / weight[kind == name].sum()
    quota = apportion(total, weight)
    ground = sites["kind"].map(GROUND_M2).to_numpy()
    turn = np.where(kind == "village", rng.normal(0.0, 7.0, len(sites)), rng.uniform(-12.0, 12.0, len(sites)))
    return sites.assign(quota=quota, radius_m=np.sqrt(quota * ground / np.pi) + 30.0, turn=np.radians(turn))


def _scatter(sites: pd.DataFrame, outlines: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Put villages round their town centre, inside their county, well apart (Mitchell's best candidate)."""
    x, y, radius = (sites[name].to_numpy(dtype=float, copy=True) for name in ("x", "y", "radius_m"))
    rural = np.flatnonzero(sites["kind"] == "village")
    placed = sites["kind"].to_numpy() != "village"
    town, county = sites["town_code"].tolist(), sites["county_code"].tolist()
    siblings = sites[sites["kind"] == "village"].groupby("town_code")["key"].size()
    inner = {code: shapely.buffer(outline, -350.0) for code, outline in outlines.items()}
    for at in rural:
        reach = 900.0 * np.sqrt(siblings[town[at]]) + 1500.0
        home = inner[county[at]]
        for spread in (1.0, 1.5, 2.2, 3.3, 5.0):
            away = reach * spread * np.sqrt(rng.uniform(0.02, 1.0, 160))
            bearing = rng.uniform(0.0, 2.0 * np.pi, 160)
            east, north = x[at] + away * np.cos(bearing), y[at] + away * np.sin(bearing)
            gap = np.hypot(east[:, None] - x[placed], north[:, None] - y[placed]) - radius[placed] - radius[at]
            gap = np.minimum(gap.min(axis=1), 600.0)
            inside = shapely.contains_xy(home, east, north)
            score = np.where(inside & (gap > 120.0), gap - 0.06 * away, -np.inf)
            best = int(np.argmax(score))
            if np.isfinite(score[best]):
                break
        else:
            best = int(np.argmax(np.where(inside, gap, -np.inf)))
        x[at], y[at], placed[at] = east[best], north[best], True
    return sites.assign(x=x, y=y)


def _communities(village: pd.DataFrame, sites: pd.DataFrame, towns: pd.DataFrame, rng: np.random.Generator) -> Any:
    """Return positions: communities stand about their own office within the spread of their district."""
    at = village["site"].map(pd.Series(sites.index, index=sites["key"])).to_numpy(dtype=np.int64)
    home = sites.loc[at].reset_index(drop=True)
    centre, radius = home[["x", "y"]].to_numpy(), home["radius_m"].to_numpy()
    office = towns.loc[village["town_code"], ["x", "y"]].to_numpy()
    step = rng.normal(0.0, 1.0, (len(village), 2))
    city, town = (home["kind"].to_numpy() == kind for kind in ("city", "town"))
    place = np.where(city[:, None], (office - centre) / CITY_RADIUS_M + 0.33 * step, 0.5 * step)
    # The first community of a town is the one at its office.
    first = ~village["site"].duplicated().to_numpy()
    place[town & first] = 0.0
    place[~(city | town)] = 0.0
    length = np.hypot(*place.T)
    place *= np.minimum(1.0, 0.85 / np.maximum(length, 1e-9))[:, None]
    return at, centre + place * radius[:, None]


def lay_out(*, buildings: int, rng: np.random.Generator) -> Plan:
    """Return sites with their quota of buildings, and positions of all villages inside their county."""
    towns = facts.towns()
    village = facts.villages()
    village["site"] = _site_of(village, towns["kind"])
    frame = facts.counties()
    local = shapely.transform(frame.geometry.to_numpy(), lambda c: np.column_stack(facts.to_local(c[:, 0], c[:, 1])))
    outlines = dict(zip(frame["county_code"], local, strict=True))
    shapely.prepare(local)
    sites = _scatter(_quotas(_table(village, towns), buildings, rng), outlines, rng)
    at, position = _communities(village, sites, towns, rng)
    village["site"] = at
    village["x"], village["y"] = position.T
    for code, outline in outlines.items():
        own = (village["county_code"] == code).to_numpy()
        out = own & ~shapely.contains_xy(outline, position[:, 0], position[:, 1])
        village.loc[out, ["x", "y"]] = sites.loc[at[out], ["x", "y"]].to_numpy()
    return Plan(sites=sites, villages=village, outlines=outlines)
