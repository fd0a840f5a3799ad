"""Heat networks of the demo city: pipes along its streets and declared service areas (all synthetic)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.catalog import text
from data.demo import facts
from data.demo.sites import Plan

DAWUKOU: Final = "L100000101189"
SHIZUISHAN: Final = "L100000101191"
PINGLUO: Final = "L100000101188"
HEBIN: Final = "L100000101193"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """A network: the site it serves, its source, and the spare heat of its areas [MW] (None: not stated)."""

    site: str
    plant_id: str | None
    label: str
    sources: tuple[str, ...]
    spare_mw: tuple[float | None, ...]
    trunk_dn: float
    medium: str = "hot_water"
    status: str = "existing"
    least: float = 0.3
    reach: float = 0.62


class _Site(NamedTuple):
    x: float
    y: float
    turn: float
    county_code: str


SUPPLIES: Final = (
    Supply(
        site="city:640202",
        plant_id=DAWUKOU,
        label="大武口热电供热",
        sources=("chp",),
        spare_mw=(46.0, 18.5, None, -6.0),
        trunk_dn=1200.0,
    ),
    Supply(
        site="city:640205",
        plant_id=SHIZUISHAN,
        label="石嘴山发电供热",
        sources=("chp",),
        spare_mw=(62.0, None, 25.0, 9.5),
        trunk_dn=1000.0,
    ),
    Supply(
        site="city:640221",
        plant_id=None,
        label="平罗县城区域锅炉房供热",
        sources=("large_coal_ultra_low",),
        spare_mw=(7.5, None, 0.0, 3.0),
        trunk_dn=800.0,
        least=0.75,
        reach=0.0,
    ),
    Supply(
        site="town:640202100000",
        plant_id=DAWUKOU,
        label="大武口热电至星海镇",
        sources=(),
        spare_mw=(15.0,),
        trunk_dn=500.0,
        status="planned",
        reach=0.8,
    ),
    Supply(
        site="town:640221205000",
        plant_id=PINGLUO,
        label="平罗发电至红崖子乡",
        sources=(),
        spare_mw=(None,),
        trunk_dn=400.0,
        status="planned",
        reach=0.8,
    ),
    Supply(
        site="park:河滨工业园",
        plant_id=HEBIN,
        label="河滨工业园蒸汽",
        sources=("chp", "waste_heat"),
        spare_mw=(None,),
        trunk_dn=400.0,
        medium="steam",
        least=0.5,
        reach=0.45,
    ),
)


def _served(supply: Supply, blocks: pd.DataFrame, stock: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the built blocks that the network reaches: mostly those already on it, and gaps among them."""
    on = stock["heat_source"].isin(supply.sources).groupby(stock["block"]).mean()
    built = blocks.loc[blocks.index.isin(on.index)]
    share = on.loc[built.index].to_numpy()
    ring = (built["ring"] / built["ring"].max()).to_numpy()
    near = (ring < supply.reach) & (rng.uniform(size=len(built)) < 0.9)
    return built.iloc[np.flatnonzero((share >= supply.least) | near)]


def _turned(geometry: Any, site: _Site) -> Any:
    sine, cosine = np.sin(site.turn), np.cos(site.turn)
    spin = np.array([[cosine, sine], [-sine, cosine]])
    return shapely.transform(geometry, lambda points: points @ spin + np.array([site.x, site.y]))


def _areas(supply: Supply, served: pd.DataFrame, site: _Site, outline: Any) -> list[Any]:
    u, v, w, h = (served[name].to_numpy() for name in ("u", "v", "w", "h"))
    quarters = len(supply.spare_mw)
    quarter = ((u > np.median(u)).astype(int) + 2 * (v > np.median(v))) % quarters
    # 20 m each way closes the streets between served blocks, so that an area is one shape.
    box = shapely.box(u - w / 2 - 20.0, v - h / 2 - 20.0, u + w / 2 + 20.0, v + h / 2 + 20.0)
    merged = [shapely.union_all(box[quarter == nth]) for nth in range(quarters)]
    taken: Any = shapely.GeometryCollection()
    parts = []
    for area in merged:
        own = shapely.difference(area, taken)
        taken = shapely.union(taken, area)
        parts.append(shapely.intersection(_turned(np.array([own]), site)[0], outline))
    return parts


def _pipes(supply: Supply, served: pd.DataFrame, streets: pd.DataFrame, source: Any) -> Any:
    """Return lines and their diameters: a trunk from the source down the middle avenue, branches off it."""
    along = streets.loc[streets["axis"] == "u", "at_m"].to_numpy()
    across = np.sort(streets.loc[streets["axis"] == "v", "at_m"].to_numpy())
    spine = along[np.argmin(np.abs(along - served["u"].median()))]
    low, high = served["v"].min(), served["v"].max()
    used = across[(across >= low - 60.0) & (across <= high + 60.0)]
    used = used if len(used) else across[[np.argmin(np.abs(across - served["v"].median()))]]
    inlet = used[np.argmin(np.abs(used - source[1]))]
    trunk = [shapely.LineString([source, (spine, source[1]), (spine, inlet)])]
    size = [supply.trunk_dn]
    far = used[np.argmax(np.abs(used - inlet))]
    if far != inlet:
        trunk.append(shapely.LineString([(spine, inlet), (spine, far)]))
        size.append(max(300.0, supply.trunk_dn - 200.0))
    for nth, street in enumerate(used[::2]):
        near = served[(served["v"] - street).abs() < 230.0]
        for side, sizes in ((near["u"].min(), (300.0, 250.0)), (near["u"].max(), (400.0, 200.0))):
            if len(near) and abs(side - spine) > 60.0:
                trunk.append(shapely.LineString([(spine, street), (side, street)]))
                size.append(500.0 if street == inlet else sizes[nth % 2])
    return trunk, size


def _source(supply: Supply, served: pd.DataFrame, site: _Site, plants: gpd.GeoDataFrame) -> tuple[float, float]:
    """Return the heat source in the turned metres of the site; a boiler house at its edge where no plant feeds it."""
    if supply.plant_id is None:
        return float(served["u"].min()) - 150.0, float(served["v"].median())
    unit = plants[(plants["plant_id"] == supply.plant_id) & (plants["status"] == "operating")].geometry.iloc[0]
    east, north = facts.to_local(unit.x, unit.y)
    sine, cosine = np.sin(site.turn), np.cos(site.turn)
    east, north = east - site.x, north - site.y
    return float(east * cosine + north * sine), float(north * cosine - east * sine)


def draw_networks(
    plan: Plan, stock: pd.DataFrame, *, blocks: pd.DataFrame, streets: pd.DataFrame, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return pipes and declared service areas as a layer."""
    plants = facts.plants()
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    for number, supply in enumerate(SUPPLIES, start=1):
        at = plan.sites["key"].tolist().index(supply.site)
        site = _Site(*(plan.sites[name].tolist()[at] for name in _Site._fields))
        served = _served(supply, blocks[blocks["site"] == at], stock[stock["site"] == at], rng)
        if served.empty:
            continue
        common = {
            "supplier": f"合成供热公司{number}",
            "plant_id": supply.plant_id,
            "medium": supply.medium,
            "status": supply.status,
            "document": text("demo.document"),
        }
        lines, sizes = _pipes(supply, served, streets[streets["site"] == at], _source(supply, served, site, plants))
        pipe = common | {"kind": "pipe", "name": f"{supply.label}管线（合成）", "spare_heat_mw": None}
        rows += [pipe | {"dn_mm": size} for size in sizes]
        shapes += list(_turned(np.array(lines, dtype=object), site))
        areas = _areas(supply, served, site, plan.outlines[site.county_code])
        for nth, (area, spare) in enumerate(zip(areas, supply.spare_mw, strict=True), start=1):
            if area.is_empty:
                continue
            name = f"{supply.label}范围{nth}区（合成）"
            rows.append(common | {"kind": "service_area", "name": name, "dn_mm": None, "spare_heat_mw": spare})
            shapes.append(area)
    frame = pd.DataFrame(rows)
    frame.insert(0, "network_id", [f"N{nth:04d}" for nth in range(1, len(frame) + 1)])
    strings = ["network_id", "kind", "name", "supplier", "plant_id", "medium", "status", "document"]
    frame = frame.astype(dict.fromkeys(strings, "str") | {"dn_mm": float, "spare_heat_mw": float})
    return gpd.GeoDataFrame(frame, geometry=facts.to_lonlat(np.array(shapes, dtype=object)), crs=facts.CRS)
