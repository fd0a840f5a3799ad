"""Street blocks of every site: a turned grid of streets, filled from the centre outwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """Size of the blocks of one kind of site [m], and how many buildings a block holds."""

    width: tuple[float, float]
    height: tuple[float, float]
    street: float
    avenue: float
    avenue_every: int
    per_block: float


GRAIN: Final = {
    "city": Grain(width=(125, 195), height=(108, 165), street=18, avenue=38, avenue_every=4, per_block=9.0),
    "town": Grain(width=(85, 135), height=(78, 112), street=11, avenue=20, avenue_every=3, per_block=8.5),
    "village": Grain(width=(92, 150), height=(54, 59), street=6, avenue=9, avenue_every=2, per_block=13.0),
    "park": Grain(width=(220, 330), height=(150, 215), street=24, avenue=40, avenue_every=3, per_block=5.0),
}
# Chance of each kind of block in the inner, middle and outer ring of a site.
MIX: Final[dict[str, dict[str, tuple[float, float, float]]]] = {
    "city": {
        "old_slabs": (0.36, 0.38, 0.22),
        "new_towers": (0.16, 0.24, 0.34),
        "court_homes": (0.10, 0.07, 0.03),
        "row_houses": (0.01, 0.04, 0.11),
        "school": (0.06, 0.06, 0.05),
        "hospital": (0.02, 0.01, 0.005),
        "government": (0.07, 0.02, 0.01),
        "institute": (0.05, 0.02, 0.015),
        "mall": (0.11, 0.04, 0.02),
        "workshops": (0.00, 0.03, 0.10),
        "park": (0.06, 0.08, 0.11),
    },
    "town": {
        "main_street": (0.40, 0.20, 0.05),
        "low_slabs": (0.20, 0.16, 0.05),
        "school": (0.10, 0.08, 0.04),
        "hospital": (0.03, 0.01, 0.00),
        "government": (0.12, 0.03, 0.01),
        "workshops": (0.00, 0.03, 0.05),
        "houses": (0.11, 0.48, 0.80),
    },
    "village": {"houses": (1.0, 1.0, 1.0)},
    "park": {"halls": (0.45, 0.55, 0.60), "works": (0.45, 0.35, 0.25), "park": (0.10, 0.10, 0.15)},
}
# The first blocks of a site, so that even a small one has its institutions.
FIRST: Final = {
    "city": ("government", "hospital", "mall", "institute", "school", "old_slabs", "new_towers", "row_houses"),
    "town": ("main_street", "government", "main_street", "school", "hospital", "low_slabs"),
    "village": ("civic",),
    "park": ("works",),
}
YEARS: Final = {
    "old_slabs": (1976, 2001),
    "new_towers": (2005, 2023),
    "court_homes": (1980, 1998),
    "row_houses": (1958, 1986),
    "school": (1985, 2016),
    "hospital": (1984, 2018),
    "government": (1982, 2014),
    "institute": (1978, 2012),
    "mall": (1996, 2019),
    "workshops": (1970, 2008),
    "main_street": (1988, 2014),
    "low_slabs": (1986, 2012),
    "houses": (1976, 2018),
    "civic": (1995, 2018),
    "halls": (1998, 2022),
    "works": (1978, 2016),
    "greenhouses": (2004, 2021),
    "park": (1990, 2015),
}


def _edges(size: Any, *, street: float, avenue: float, every: int) -> tuple[Any, Any]:
    """Return the middles of blocks and of the streets after them along one axis [m], the grid centred on 0."""
    gap = np.where(np.arange(len(size)) % every == 0, avenue, street)
    end = np.cumsum(size + gap)
    half = end[-1] / 2.0
    return end - gap - size / 2.0 - half, end - gap / 2.0 - half


def _grid(site: Any, *, at: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    grain = GRAIN[site.kind]
    wanted = int(np.ceil(1.6 * site.quota / grain.per_block)) + 8
    side = int(np.ceil(np.sqrt(1.35 * wanted))) | 1
    width = rng.uniform(*grain.width, side)
    height = rng.uniform(*grain.height, 2 * side if site.kind == "village" else side)
    u, street_u = _edges(width, street=grain.street, avenue=grain.avenue, every=grain.avenue_every)
    v, street_v = _edges(height, street=grain.street, avenue=grain.avenue, every=grain.avenue_every)
    column, row = (index.ravel() for index in np.meshgrid(np.arange(len(u)), np.arange(len(v)), indexing="ij"))
    stretch = rng.uniform(0.85, 1.2)
    away = np.hypot(u[column] * stretch, v[row] / stretch) * (1.0 + rng.normal(0.0, 0.10, len(row)))
    near = np.argsort(away, kind="stable")[:wanted]
    blocks = pd.DataFrame(
        {
            "site": at,
            "order": np.arange(len(near)),
            "u": u[column[near]],
            "v": v[row[near]],
            "w": width[column[near]],
            "h": height[row[near]],
            "ring": np.minimum(away[near] / away[near][-1], 1.0),
        }
    )
    streets = pd.DataFrame(
        {
            "site": at,
            "axis": ["u"] * len(street_u) + ["v"] * len(street_v),
            "at_m": np.concatenate([street_u, street_v]),
        }
    )
    return blocks, streets


def _kinds(blocks: pd.DataFrame, kind: str, rng: np.random.Generator) -> Any:
    mix = MIX[kind]
    chance = np.cumsum(np.array(list(mix.values())), axis=0)
    chance /= chance[-1]
    ring = np.digitize(blocks["ring"], (0.33, 0.62))
    drawn = (rng.uniform(size=len(blocks)) > chance[:, ring]).sum(axis=0)
    name = np.array(list(mix), dtype=object)[drawn]
    order = blocks["order"].to_numpy()
    for first, fixed in enumerate(FIRST[kind]):
        name[order == first] = fixed
    if kind == "city":
        # A town grows to one side: there the new quarters are.
        newer = (blocks["u"].to_numpy() > 350.0) & (name == "old_slabs") & (rng.uniform(size=len(blocks)) < 0.55)
        name[newer] = "new_towers"
    return name


def _greenhouses(blocks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return fields of greenhouses beside some villages, on the south side past their last houses."""
    lowest = blocks.groupby("site").agg(v=("v", "min"), h=("h", "max"), u=("u", "mean"))
    fields = lowest[rng.uniform(size=len(lowest)) < 0.3].reset_index()
    return pd.DataFrame(
        {
            "site": fields["site"],
            "order": 2,
            "u": fields["u"],
            "v": fields["v"] - fields["h"] / 2.0 - 90.0,
            "w": 190.0,
            "h": rng.uniform(80.0, 150.0, len(fields)),
            "ring": 1.0,
            "kind": "greenhouses",
        }
    )


def lay_streets(sites: pd.DataFrame, *, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all blocks (in the turned metres of their site, with kind and year) and all street lines."""
    grids = [_grid(site, at=int(at), rng=rng) for at, site in zip(sites.index, sites.itertuples(), strict=True)]
    blocks = pd.concat([grid[0] for grid in grids], ignore_index=True)
    streets = pd.concat([grid[1] for grid in grids], ignore_index=True)
    parts = []
    for kind in GRAIN:
        own = blocks[sites["kind"].loc[blocks["site"]].to_numpy() == kind].copy()
        own["kind"] = _kinds(own, kind, rng)
        parts.append(own)
        if kind == "village":
            parts.append(_greenhouses(own, rng))
    blocks = pd.concat(parts, ignore_index=True)
    blocks = blocks.sort_values(["site", "order"], kind="stable", ignore_index=True)
    early, late = np.array([YEARS[kind] for kind in blocks["kind"]], dtype=float).T
    # Outer rings are younger than the middle of a town.
    age = np.clip(0.55 * rng.uniform(size=len(blocks)) + 0.45 * blocks["ring"].to_numpy(), 0.0, 1.0)
    return blocks.assign(year=np.round(early + age * (late - early))), streets
