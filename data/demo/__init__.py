"""The embedded demo city: real lists and outlines, a synthetic stock that never passes for the real one."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data import parameters
from data.catalog import VERSION, text
from data.demo import facts
from data.demo.boilers import list_boilers
from data.demo.heat import heat
from data.demo.networks import draw_networks
from data.demo.registers import describe_buildings, describe_pipes, draw_streets, list_institutions
from data.demo.sites import Plan, lay_out
from data.demo.stock import raise_stock

BUILDINGS: Final = 40_000
SEED: Final = 20221109
MANIFEST: Final = "manifest.json"
NO_VILLAGE_SHARE: Final = 0.03
_STRINGS: Final = ("building_id", "name", "use", "roof_kind", "heat_source", "village_code", "county_code")
_COLUMNS: Final = (
    "name",
    "use",
    "floors",
    "height_m",
    "year_built",
    "roof_kind",
    "heat_source",
    "floor_area_m2",
    "heated_area_m2",
    "households",
    "retrofitted",
    "village_code",
    "county_code",
)
Progress = Callable[[float, str], None]


@cache
def _digest() -> str:
    """Return a SHA-256 over the code and facts of the demo city: an older city is not current."""
    seal = hashlib.sha256()
    for path in sorted(facts.DIRECTORY.iterdir()):
        if path.suffix in {".py", ".csv", ".geojson"}:
            seal.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return seal.hexdigest()


def _manifest(buildings: int, seed: int) -> dict[str, Any]:
    return {
        "synthetic": True,
        "notice": text("demo.notice"),
        "notice_en": text("demo.notice", "en"),
        "version": VERSION,
        "digest": _digest(),
        "parameters": parameters.digest(),
        "seed": seed,
        "buildings": buildings,
        "sources": list(facts.SOURCES),
    }


def is_current(out: Path, *, buildings: int = BUILDINGS, seed: int = SEED) -> bool:
    """Return whether `out` already holds this very city, made by this version."""
    try:
        found = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found == _manifest(buildings, seed))


def _buildings(stock: pd.DataFrame, lonlat: Any, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the building layer, near things near each other in the file, identifiers by county."""
    layer = gpd.GeoDataFrame(stock[list(_COLUMNS)], geometry=lonlat, crs=facts.CRS)
    layer = layer.iloc[np.argsort(layer.hilbert_distance().to_numpy(), kind="stable")].reset_index(drop=True)
    nth = layer.groupby("county_code").cumcount() + 1
    layer.insert(0, "building_id", layer["county_code"] + "-B" + nth.astype(str).str.zfill(6))
    layer["village_code"] = layer["village_code"].mask(rng.uniform(size=len(layer)) < NO_VILLAGE_SHARE)
    return layer.astype(dict.fromkeys(_STRINGS, "str"))


def _villages(plan: Plan) -> gpd.GeoDataFrame:
    named = plan.villages.rename(columns={"code": "village_code"})
    columns = ["village_code", "name", "town_code", "town", "county_code", "ur_class"]
    points = facts.to_lonlat(shapely.points(named[["x", "y"]].to_numpy()))
    return gpd.GeoDataFrame(named[columns].astype("str"), geometry=points, crs=facts.CRS)


def city(
    *, buildings: int = BUILDINGS, seed: int = SEED, progress: Progress | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Return all layers of the demo city by name; the same arguments give the same city.

    Parameters
    ----------
    buildings : int
        Number of buildings, met exactly.
    seed : int
        Seed of the one random generator (PCG64).
    progress : callable, optional
        Called with the share done and a caption.

    Raises
    ------
    ValueError
        If `buildings` is too few for every site to exist, or more than there is room for.
    """
    if buildings < 1000:
        raise ValueError(f"the demo city needs 1000 buildings or more, got {buildings}")
    say = progress or (lambda _share, _caption: None)
    rng = np.random.Generator(np.random.PCG64(seed))
    say(0.02, text("demo.step.facts"))
    layers = {"counties": facts.counties(), "plants": facts.plants()}
    say(0.08, text("demo.step.sites"))
    plan = lay_out(buildings=buildings, rng=rng)
    say(0.15, text("demo.step.buildings"))
    stock, lonlat, blocks, streets = raise_stock(plan, rng=rng)
    say(0.65, text("demo.step.heat"))
    stock = heat(stock, plan, rng=rng)
    say(0.70, text("demo.step.networks"))
    drawn = draw_networks(plan, stock, blocks=blocks, streets=streets, rng=rng)
    layers["streets"] = draw_streets(plan, blocks=blocks, streets=streets)
    say(0.80, text("demo.step.boilers"))
    layers["boilers"] = list_boilers(stock, rng=rng)
    layers["villages"] = _villages(plan)
    built = _buildings(stock, lonlat, rng)
    # The registers are drawn last, so that no figure of the city hangs on them.
    layers["networks"] = describe_pipes(drawn, rng=rng)
    layers["buildings"] = describe_buildings(built, rng=rng)
    layers["institutions"] = list_institutions(layers["buildings"], rng=rng)
    return layers


def _replace(new: Path, out: Path, aside: Path) -> None:
    if out.exists():
        out.rename(aside)
    new.rename(out)


def build(out: Path, *, buildings: int = BUILDINGS, seed: int = SEED, progress: Progress | None = None) -> Path:
    """Write the demo city into `out` as GeoParquet, one file a layer, and return `out`.

    The files are made beside `out` and moved there when all of them are complete, so that a reader
    never meets half a city.

    Parameters
    ----------
    out : pathlib.Path
        Directory; an older demo city in it is replaced.
    buildings : int
        Number of buildings, met exactly.
    seed : int
        Seed of the random generator.
    progress : callable, optional
        Called with the share done and a caption.

    Raises
    ------
    FileExistsError
        If `out` holds something that is not a demo city.
    """
    if out.exists() and not (out / MANIFEST).is_file() and (out.is_file() or any(out.iterdir())):
        raise FileExistsError(f"{out} holds other files than a demo city and is left as it is")
    layers = city(buildings=buildings, seed=seed, progress=progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    if progress:
        progress(0.88, text("demo.step.write"))
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        new = Path(work) / "new"
        new.mkdir()
        mark = {text("column.data_note"): text("app.synthetic")}
        for name, layer in layers.items():
            layer.assign(**mark).to_parquet(new / f"{name}.parquet", index=False)
        manifest = json.dumps(_manifest(buildings, seed), ensure_ascii=False, indent=2)
        (new / MANIFEST).write_text(manifest + "\n", encoding="utf-8")
        _replace(new, out, Path(work) / "old")
    if progress:
        progress(1.0, text("demo.step.done"))
    return out
