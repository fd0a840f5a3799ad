"""Speed as a ratio against the plain way, in the same run: ``make bench``. Nothing here is a test of time."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely

from bench.references import plain_distances
from data import demo
from geo import zones
from geo.crs import STORED, working_crs
from geo.proximity import Distances, points_of
from geo.streets import StreetGraph
from geo.tiles import TileIndex
from geo.zones import ZoneOptions
from heating import areas, boilers, demand, ledger
from heating.assessment import assess, climb
from heating.layers import load_folder
from heating.scenario import Scenario


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    return load_folder(demo.build(tmp_path_factory.mktemp("bench") / "city", buildings=20_000))


def test_distances_in_arrays(benchmark):
    rng = np.random.default_rng(1)
    places = gpd.GeoDataFrame(
        geometry=shapely.points(rng.uniform(106, 107, 20_000), rng.uniform(38.6, 39.5, 20_000)), crs=STORED
    )
    benchmark.group = "distance"
    benchmark(lambda: Distances(places)([shapely.Point(106.4, 39.0)]))


def test_distances_row_by_row(benchmark):
    rng = np.random.default_rng(1)
    benchmark.group = "distance"
    benchmark(plain_distances, rng.uniform(106, 107, 20_000), rng.uniform(38.6, 39.5, 20_000), 106.4, 39.0)


@pytest.mark.parametrize("zoom", [10, 12, 14, 16])
def test_tile(benchmark, layers, zoom):
    frame = layers.frames["buildings"]
    index = TileIndex(frame.geometry)
    classes = np.ones(len(frame), dtype=np.uint8)
    x = int((106.38 + 180) / 360 * 2**zoom)
    y = int((1 - np.arcsinh(np.tan(np.radians(39.02))) / np.pi) / 2 * 2**zoom)
    benchmark.group = "tile"
    benchmark(index.render, classes, ["#00000000", "#C8501E"], zoom, x, y)


def test_assessment_of_20k_buildings(benchmark, layers):
    benchmark.group = "assessment"
    benchmark.pedantic(assess, args=(layers, Scenario()), rounds=2)


def test_rules_of_2000_boilers(benchmark, layers):
    few = layers.frames["boilers"]
    rows = few.iloc[np.arange(2000) % len(few)].reset_index(drop=True)
    rows["boiler_id"] = [f"X{at}" for at in range(len(rows))]
    many = dataclasses.replace(layers, frames=layers.frames | {"boilers": rows})
    crs = working_crs(106.5)
    around = ledger.surroundings(rows, many, Scenario(), crs=crs)
    sizes = rows["capacity_t_h"].to_numpy(dtype=float)
    facts = ledger.facts_of(rows, around, Scenario(), in_city=["yes"] * len(rows), sizes_t_h=sizes)
    benchmark.group = "rules"
    benchmark(lambda: boilers.verdicts(facts, boilers.rulings(facts, Scenario()), index=rows.index))


@pytest.mark.parametrize("with_streets", [False, True])
def test_zones_coverage_and_demand_of_200k_buildings(benchmark, layers, with_streets):
    few = layers.frames["buildings"]
    rows = few.iloc[np.arange(200_000) % len(few)].reset_index(drop=True)
    kept = {name: frame for name, frame in layers.frames.items() if with_streets or name != "streets"}
    many = dataclasses.replace(layers, frames=kept | {"buildings": rows})
    crs = working_crs(106.5)

    def work():
        local = rows.to_crs(crs)
        points = local.set_geometry(points_of(local))
        zones.locate(points, many.projected("villages", crs), many.projected("counties", crs), options=ZoneOptions())
        area = areas.heated_area(local)["area_m2"]
        need = demand.heat_demand(local, area)["peak_kw"].to_numpy(dtype=float) / 1000
        climb(points, many, Scenario(), need_mw=need, footprints=local.geometry.to_numpy())

    if with_streets:
        many.street_graph(crs)
    benchmark.group = "200k buildings"
    benchmark.pedantic(work, rounds=2)


@pytest.mark.parametrize("work", ["graph", "nearest", "ways"])
def test_160k_stretches_of_street(benchmark, work):
    count, step = 283, 120.0  # 2 × 283 × 282 stretches between crossings
    at = np.arange(count) * step
    end = at[-1]
    lines = [shapely.LineString([(x, 0), (x, end)]) for x in at] + [shapely.LineString([(0, y), (end, y)]) for y in at]
    streets = gpd.GeoDataFrame(geometry=lines, crs=working_crs(106.5))
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, end, (2, 200_000))
    houses = shapely.box(x, y, x + 12.0, y + 8.0)
    benchmark.group = "streets"
    if work == "graph":
        benchmark.pedantic(lambda: StreetGraph(streets), rounds=2)
        return
    graph = StreetGraph(streets)
    if work == "nearest":
        benchmark.pedantic(graph.spots, args=(houses,), rounds=2)
        return
    spots, mains = graph.spots(houses), np.array(lines[: count // 10], dtype=object)
    benchmark.pedantic(graph.ways, args=(spots, mains), kwargs={"hop_m": 30.0}, rounds=2)
