"""Horizons of real roofs and the brute force on a few of them, in the same run: ``make bench``. No test of time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest

from solar.horizon import obstacles, point_horizons, reaches
from solar.obstacles import Obstacles
from solar.roof_points import roof_points
from solar.validation.crossings import ray_horizons

FOOTPRINTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "buildings" / "new_york_osm_102k.parquet"
STEP = int(os.environ.get("NUANGUANG_REAL_STEP", "10"))
BLOCK = 2048
FEW = 20

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOOTPRINTS.is_file(), reason=f"the real footprints are not there: {FOOTPRINTS}"),
]

Floats = npt.NDArray[np.float64]
Town = tuple[npt.NDArray[Any], Floats, Obstacles, Floats, npt.NDArray[np.int32]]


@pytest.fixture(scope="module")
def town() -> Town:
    frame = gpd.read_parquet(FOOTPRINTS).to_crs(32618)
    shapes, tops = frame.geometry.to_numpy(), frame["height"].fillna(frame["height"].median()).to_numpy(dtype=float)
    points = roof_points(shapes)
    return (
        shapes,
        tops,
        obstacles(shapes, tops, reach_m=reaches(tops)),
        np.column_stack([points.x, points.y, tops[points.roof]]),
        points.roof,
    )


def test_layout_of_100k_buildings(benchmark: Any, town: Town) -> None:
    shapes, tops, around, _, _ = town
    benchmark.group = "horizon layout"
    benchmark.extra_info["megabytes"] = sum(one.nbytes for one in around if isinstance(one, np.ndarray)) / 1e6
    benchmark(obstacles, shapes, tops, reach_m=reaches(tops))


def test_points_on_100k_roofs(benchmark: Any, town: Town) -> None:
    benchmark.group = "horizon layout"
    benchmark(roof_points, town[0])


def test_horizons_of_real_roofs(benchmark: Any, town: Town) -> None:
    _, _, around, places, own = town
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(places), BLOCK * STEP)]
    count = sum(len(places[block]) for block in blocks)

    def run() -> None:
        for block in blocks:
            x, y, z = places[block].T
            point_horizons(around, x, y, z, own[block])

    run()
    benchmark.group = "horizon"
    benchmark.pedantic(run, rounds=5)
    benchmark.extra_info["points"] = count
    benchmark.extra_info["points_per_second"] = count / benchmark.stats.stats.min


def test_horizons_by_brute_force(benchmark: Any, town: Town) -> None:
    shapes, tops, around, places, own = town
    few = np.linspace(0, len(places) - 1, FEW).astype(int)
    reach = reaches(tops)
    benchmark.group = "horizon"
    expected, _ = benchmark.pedantic(
        lambda: ray_horizons(shapes, tops, reach_m=reach, points=places[few], own=own[few]), rounds=1
    )
    x, y, z = places[few].T
    found = point_horizons(around, x, y, z, own[few])
    benchmark.extra_info["points"] = FEW
    benchmark.extra_info["points_per_second"] = FEW / benchmark.stats.stats.min
    benchmark.extra_info["largest_relative_error"] = float(
        np.max(np.abs(found - expected) / np.maximum(expected, 1e-9))
    )
