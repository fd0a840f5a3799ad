"""Registers of the demo city: streets, public institutions, pipes and new buildings (all synthetic)."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data import parameters
from data.demo import facts
from data.demo.sites import Plan

_BESIDE_M: Final = 45.0
_HOMES: Final = ("apartment", "rural_house")
_BUILDINGS_A_GROUP: Final = 25
_STANDARD_SINCE: Final = ((1996, "p30"), (2001, "p50"), (2009, "p65"), (2019, "p75"))
_INSTITUTION: Final = {"government": "organ", "school": "school", "hospital": "hospital", "other_public": "other"}
_INSTITUTIONS: Final = 120
_KGCE_M2: Final = (9.0, 26.0)
_M2_PERSON: Final = (14.0, 40.0)
_KG_PER_T: Final = 1000.0
_LAST_YEAR: Final = 2024


def _told(values: Any, where: Any) -> Any:
    """Return values as objects, None where they are not told."""
    said = np.array(values, dtype=object)
    said[~where] = None
    return said


def _extent(lines: pd.DataFrame, blocks: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Return from where to where each street of one site has blocks beside it; NaN where it has none."""
    far = np.full((len(lines), 2), np.nan)
    for row, (axis, at) in enumerate(zip(lines["axis"], lines["at_m"], strict=True)):
        over, along, half, depth = ("u", "v", "h", "w") if axis == "u" else ("v", "u", "w", "h")
        near = blocks[(blocks[over] - at).abs() < blocks[depth] / 2 + _BESIDE_M]
        if len(near):
            far[row] = (near[along] - near[half] / 2).min() - 5.0, (near[along] + near[half] / 2).max() + 5.0
    return far


def draw_streets(plan: Plan, *, blocks: pd.DataFrame, streets: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the streets between the built blocks of every site as a layer."""
    sites, shapes = plan.sites, []
    for at, own in streets.groupby("site", sort=True):
        far = _extent(own, blocks[blocks["site"] == at])
        straight = own["at_m"].to_numpy()
        for axis, place, (low, high) in zip(own["axis"], straight, far, strict=True):
            if np.isfinite(low):
                ends = [(place, low), (place, high)] if axis == "u" else [(low, place), (high, place)]
                shapes.append((int(str(at)), shapely.LineString(ends)))
    site = np.array([at for at, _ in shapes])
    turn, x, y = (sites[name].to_numpy()[site] for name in ("turn", "x", "y"))
    ends = shapely.get_coordinates([line for _, line in shapes]).reshape(-1, 2, 2)
    sine, cosine = np.sin(turn)[:, None], np.cos(turn)[:, None]
    east = ends[..., 0] * cosine - ends[..., 1] * sine + x[:, None]
    north = ends[..., 0] * sine + ends[..., 1] * cosine + y[:, None]
    lines = facts.to_lonlat(shapely.linestrings(np.stack([east, north], axis=-1)))
    frame = pd.DataFrame({"street_id": [f"R{nth:05d}" for nth in range(1, len(lines) + 1)], "name": None})
    frame = frame.assign(name=[f"合成路{nth}" for nth in range(1, len(lines) + 1)]).astype("str")
    return gpd.GeoDataFrame(frame, geometry=lines, crs=facts.CRS)


def describe_pipes(networks: gpd.GeoDataFrame, *, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the networks with the years, the material and the planned renewal of their running pipes."""
    running = ((networks["kind"] == "pipe") & (networks["status"] == "existing")).to_numpy()
    year = np.where(running, np.round(rng.triangular(1996, 2008, 2021, len(networks))), np.nan)
    year[rng.uniform(size=len(networks)) < 0.08] = np.nan
    year[np.flatnonzero(running)[:1]] = 1998.0  # one at least is due, however small the city
    renewed = year < 2004
    steel = _told(np.full(len(networks), "钢管", dtype=object), running)
    return networks.assign(
        year_built=year,
        year_renewal=np.where(renewed, 2026.0, np.nan),
        material=pd.array(steel, dtype="str"),
    )


def describe_buildings(buildings: gpd.GeoDataFrame, *, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the buildings with groups of homes, energy standards, permits of new ones and metering by household."""
    count, year = len(buildings), buildings["year_built"].to_numpy(dtype=float)
    standard = np.full(count, "none", dtype=object)
    for since, name in _STANDARD_SINCE:
        standard[year >= since] = name
    standard[np.isnan(year) | (rng.uniform(size=count) < 0.3)] = "unknown"
    new = year >= 2022
    month = rng.integers(1, 13, count)
    permit = [f"{int(one - 1)}-{nth:02d}" if told else None for one, nth, told in zip(year, month, new, strict=True)]
    green = _told(rng.uniform(size=count) < 0.85, new)
    fed = buildings["heat_source"].map(parameters.table("heat_sources")["network_fed"] == "yes").to_numpy(dtype=bool)
    homes = (buildings["use"] == "apartment").to_numpy()
    metered = _told(rng.uniform(size=count) < np.where(year >= 2008, 0.55, 0.12), fed & homes)
    metered[rng.uniform(size=count) < 0.15] = None
    nth = buildings.groupby("village_code", dropna=False).cumcount() // _BUILDINGS_A_GROUP + 1
    group = nth.map("合成第{}组".format).where(buildings["use"].isin(_HOMES) & buildings["village_code"].notna(), None)
    return buildings.assign(
        household_group=pd.array(group, dtype="str"),
        energy_standard=pd.array(standard, dtype="str"),
        green_building=pd.array(green, dtype="boolean"),
        permitted=pd.array(permit, dtype="str"),
        household_metered=pd.array(metered, dtype="boolean"),
    )


def list_institutions(buildings: gpd.GeoDataFrame, *, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return some public institutions with the energy of 2020 and of a later year, most of them complete."""
    public = buildings[buildings["use"].isin(list(_INSTITUTION)) & buildings["floor_area_m2"].notna()]
    chosen = public.iloc[np.sort(rng.permutation(len(public))[:_INSTITUTIONS])].reset_index(drop=True)
    count = len(chosen)
    organ = (chosen["use"] == "government").to_numpy()
    area = chosen["floor_area_m2"].to_numpy(dtype=float)
    people = np.maximum(3.0, np.round(area / rng.uniform(*_M2_PERSON, count)))
    base = area * rng.uniform(*_KGCE_M2, count) / _KG_PER_T
    now = base * rng.normal(0.94, 0.06, count)
    unknown = rng.uniform(size=count) < 0.12
    frame = pd.DataFrame(
        {
            "institution_id": [f"P{nth:04d}" for nth in range(1, count + 1)],
            "name": [f"合成机构{nth}" for nth in range(1, count + 1)],
            "institution_kind": chosen["use"].map(_INSTITUTION).astype("str"),
            "level": rng.choice(["city", "county", "town"], count, p=[0.25, 0.5, 0.25]),
            "is_frugal": pd.array(_told(rng.uniform(size=count) < 0.78, organ), dtype="boolean"),
            "floor_area_m2": area,
            "people": people,
            "energy_year": float(_LAST_YEAR),
            "energy_tce": np.where(unknown, np.nan, np.round(now, 3)),
            "base_floor_area_m2": area,
            "base_people": np.maximum(3.0, np.round(people * rng.normal(1.0, 0.05, count))),
            "base_energy_tce": np.round(base, 3),
        }
    ).astype({"level": "str"})
    points = chosen.geometry.representative_point().to_numpy()
    return gpd.GeoDataFrame(frame, geometry=points, crs=facts.CRS)
