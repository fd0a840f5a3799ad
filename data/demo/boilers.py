"""The boiler ledger of the demo city (synthetic), with boilers on both sides of the 15 km lines."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from data import parameters
from data.demo import facts
from data.demo.networks import DAWUKOU, PINGLUO, SHIZUISHAN

ELLIPSOID: Final = "GRS80"
# Distances from the policy radius at which boilers are put on purpose [m].
MARGINS_M: Final = {
    DAWUKOU: (-58, -34, -12, 9, 31, 57),
    SHIZUISHAN: (-55, -27, -8, 14, 38, 60),
    PINGLUO: (-45, -15, 20, 48),
}
COUNT: Final = {"heating": 70, "process": 62, "clean": 18, "power": 6, "peaking": 8}
SIZES_T_H: Final = {
    "heating": ((2, 4, 6, 10, 15, 20, 35, 40, 65), (0.06, 0.16, 0.18, 0.22, 0.12, 0.12, 0.06, 0.05, 0.03)),
    "process": ((1, 4, 6, 10, 15, 20, 35, 40, 65, 75), (0.05, 0.14, 0.14, 0.18, 0.10, 0.13, 0.09, 0.06, 0.06, 0.05)),
    "clean": ((1, 2, 4, 6, 10, 20), (0.15, 0.20, 0.25, 0.20, 0.12, 0.08)),
    "power": ((75, 130), (0.3, 0.7)),
    "peaking": ((40, 65, 75, 130), (0.25, 0.35, 0.2, 0.2)),
    "line": ((6, 10, 20, 35, 40), (0.2, 0.3, 0.3, 0.1, 0.1)),
}
FUELS: Final = {
    "heating": (("coal",), (1.0,)),
    "process": (("coal", "gas", "biomass"), (0.74, 0.17, 0.09)),
    "clean": (("gas", "electricity", "biomass"), (0.5, 0.3, 0.2)),
    "power": (("coal",), (1.0,)),
    "peaking": (("coal", "gas"), (0.7, 0.3)),
    "line": (("coal",), (1.0,)),
}
_OWNERS: Final = {
    "heating": "供热站",
    "process": "企业",
    "clean": "清洁供热站",
    "power": "自备电站",
    "peaking": "调峰热源厂",
    "line": "锅炉房",
}
CAPTIVE: Final = ("L100000101193", "L100000101207", "L100000104463")


def _near(stock: pd.DataFrame, mask: Any, count: int, rng: np.random.Generator) -> Any:
    """Return positions some tens of metres beside `count` buildings of the mask, large ones likelier [m]."""
    own = stock[mask] if mask.any() else stock
    weight = np.sqrt(own["gross_m2"].to_numpy())
    at = rng.choice(len(own), count, replace=len(own) < count, p=weight / weight.sum())
    bearing, away = rng.uniform(0.0, 2.0 * np.pi, count), rng.uniform(20.0, 55.0, count)
    east = own["east"].to_numpy()[at] + away * np.cos(bearing)
    return np.column_stack([east, own["north"].to_numpy()[at] + away * np.sin(bearing)])


def _on_the_line(plants: gpd.GeoDataFrame, stock: pd.DataFrame, rng: np.random.Generator) -> Any:
    """Return degrees of boilers a few tens of metres from the policy radius, along the geodesic."""
    outlines = shapely.union_all(facts.counties().geometry.to_numpy())
    built: Any = shapely.points(stock[["east", "north"]].to_numpy())
    tree = shapely.STRtree(built)
    radius = 1000.0 * parameters.value("policy", "plant_radius_km")
    geod = pyproj.Geod(ellps=ELLIPSOID)
    points = []
    for plant_id, margins in MARGINS_M.items():
        unit = plants[(plants["plant_id"] == plant_id) & (plants["status"] == "operating")].geometry.iloc[0]
        azimuth = np.arange(0.0, 360.0, 2.0)
        full = np.full(len(azimuth), radius)
        lon, lat, _ = geod.fwd(np.full(len(azimuth), unit.x), np.full(len(azimuth), unit.y), azimuth, full)
        inside = shapely.contains_xy(outlines, lon, lat)
        east, north = facts.to_local(lon[inside], lat[inside])
        _, gap = tree.query_nearest(shapely.points(east, north), all_matches=False, return_distance=True)
        # Of the bearings inside the city, those where somebody lives or works near by.
        settled = azimuth[inside][np.argsort(gap, kind="stable")[: 3 * len(margins)]]
        for margin, bearing in zip(margins, rng.choice(settled, len(margins), replace=False), strict=True):
            points.append(geod.fwd(unit.x, unit.y, bearing, radius + margin)[:2])
    return np.array(points)


def _positions(stock: pd.DataFrame, rng: np.random.Generator) -> tuple[Any, Any]:
    source, use = stock["heat_source"], stock["use"]
    plants = facts.plants()
    units = plants[plants["plant_id"].isin(CAPTIVE)].drop_duplicates("plant_id")
    power = np.column_stack(facts.to_local(units.geometry.x.to_numpy(), units.geometry.y.to_numpy()))
    power = np.repeat(power, COUNT["power"] // len(CAPTIVE), axis=0) + rng.uniform(-120.0, 120.0, (COUNT["power"], 2))
    local = {
        "heating": _near(stock, source == "coal_boiler", COUNT["heating"], rng),
        "process": _near(stock, use == "factory", COUNT["process"], rng),
        "clean": _near(stock, source.isin(["gas_boiler", "electric_boiler", "biomass"]), COUNT["clean"], rng),
        "power": power,
        "peaking": _near(stock, source.isin(["chp", "large_coal_ultra_low"]), COUNT["peaking"], rng),
    }
    points = {name: facts.to_lonlat(shapely.points(xy)) for name, xy in local.items()}
    points["line"] = shapely.points(np.round(_on_the_line(plants, stock, rng), 7))
    kind = np.repeat(np.array(list(points), dtype=object), [len(part) for part in points.values()])
    return kind, np.concatenate(list(points.values()))


def _drawn(kind: Any, table: dict[str, Any], rng: np.random.Generator) -> Any:
    out = np.empty(len(kind), dtype=object)
    for name, (values, chance) in table.items():
        own = np.flatnonzero(kind == name)
        out[own] = rng.choice(np.array(values, dtype=object), len(own), p=np.array(chance) / np.sum(chance))
    return out


def _flag(value: Any, known: Any) -> Any:
    return pd.Series(value).astype("boolean").where(pd.Series(known))


def list_boilers(stock: pd.DataFrame, *, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the ledger as a layer, about 180 boilers."""
    kind, points = _positions(stock, rng)
    size = len(kind)
    capacity = _drawn(kind, SIZES_T_H, rng).astype(float)
    status = rng.choice(("operating", "standby", "retired", "unknown"), size, p=(0.86, 0.08, 0.03, 0.03))
    status[kind == "line"] = "operating"
    duty = np.select([np.isin(kind, ("process", "power"))], [kind], "heating")
    steam = (kind == "power") | ((kind == "process") & (rng.uniform(size=size) < 0.8))
    backup = (status == "standby") & (rng.uniform(size=size) < 0.85)
    low = rng.uniform(size=size) < np.where(capacity >= 65.0, 0.65, np.where(capacity >= 35.0, 0.30, 0.08))
    medium = np.where(steam, "steam", "hot_water")
    medium[rng.uniform(size=size) < 0.03] = "unknown"
    number = pd.Series(kind).groupby(kind).cumcount().to_numpy() + 1
    frame = pd.DataFrame(
        {
            "boiler_id": [f"B{nth:04d}" for nth in range(1, size + 1)],
            "name": [f"{_OWNERS[k]}{n}号（合成）" for k, n in zip(kind, number, strict=True)],
            "fuel": _drawn(kind, FUELS, rng),
            "capacity_t_h": np.where(rng.uniform(size=size) < 0.03, np.nan, capacity),
            "duty": np.where(rng.uniform(size=size) < 0.02, "unknown", duty),
            "medium": medium,
            "status": status,
            "is_backup": _flag(backup, backup | (rng.uniform(size=size) < 0.78)),
            "is_peaking": _flag(kind == "peaking", (kind == "peaking") | (rng.uniform(size=size) < 0.80)),
            "is_ultra_low": _flag(low, rng.uniform(size=size) < 0.85),
            "year_built": np.where(rng.uniform(size=size) < 0.08, np.nan, rng.integers(1994, 2021, size)),
            "position_sigma_m": rng.choice((5.0, 8.0, 10.0, 15.0, 20.0, 30.0, np.nan), size),
        }
    )
    strings = ["boiler_id", "name", "fuel", "duty", "medium", "status"]
    return gpd.GeoDataFrame(frame.astype(dict.fromkeys(strings, "str")), geometry=points, crs=facts.CRS)
