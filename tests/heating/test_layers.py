"""What is known of a run's layers: where they came from, and whether any of it is made up."""

from __future__ import annotations

import pytest

from data import demo
from heating.layers import load, load_folder


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return demo.build(tmp_path_factory.mktemp("demo") / "city", buildings=1000)


@pytest.mark.parametrize("layer", ["boilers", "networks", "villages", "plants", "counties"])
def test_one_file_of_the_demo_city_makes_the_run_synthetic(city, layer):
    layers = load({"buildings": city / "buildings.parquet", layer: city / f"{layer}.parquet"})
    assert layers.synthetic
    assert load({"buildings": city / "buildings.parquet"}).synthetic


def test_a_folder_keeps_its_rows_without_the_column_of_the_mark(city):
    layers = load_folder(city)
    assert layers.synthetic
    assert all("数据说明" not in frame for frame in layers.frames.values())
