"""Speed as a ratio against the plain way, in the same run: ``make bench``. Nothing here is a test of time."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from bench.references import plain_distances
from data import demo
from geo.crs import STORED
from geo.proximity import nearest
from geo.tiles import TileIndex
from heating.assessment import assess
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
    benchmark(nearest, places, gpd.GeoDataFrame(geometry=[shapely.Point(106.4, 39.0)], crs=STORED))


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
