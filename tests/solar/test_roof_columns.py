"""Foreign columns of tilt, azimuth and structure, as files name them."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.io import read_layer
from geo.vocabulary import coded


def read(tmp_path, **columns):
    count = len(next(iter(columns.values())))
    said = {"id": [f"w{number}" for number in range(count)], "building": ["house"] * count} | columns
    shapes = [shapely.box(106.4 + step, 39.0, 106.401 + step, 39.001) for step in np.arange(count) * 0.002]
    path = tmp_path / "buildings.gpkg"
    gpd.GeoDataFrame(said, geometry=shapes, crs=4326).to_file(path)
    return read_layer(path, "buildings")


@pytest.mark.parametrize(
    ("tilt", "azimuth"), [("roof:angle", "roof:direction"), ("屋面坡度", "屋面朝向"), ("屋面倾角", "屋面方位角")]
)
def test_tilt_and_azimuth_are_read(tmp_path, tilt, azimuth):
    done = read(tmp_path, **{tilt: ["30", "22.5°", None, "88"], azimuth: ["180", "270", "361", None]})
    assert done.frame["roof_tilt_deg"].tolist() == pytest.approx([30, 22.5, np.nan, np.nan], nan_ok=True)
    assert done.frame["roof_azimuth_deg"].tolist() == pytest.approx([180, 270, np.nan, np.nan], nan_ok=True)
    assert sorted((one.column, one.rule) for one in done.faults if one.rule == "out_of_bounds") == sorted(
        [(tilt, "out_of_bounds"), (azimuth, "out_of_bounds")]
    )


def test_a_slope_in_percent_is_not_taken_for_degrees(tmp_path):
    done = read(tmp_path, 屋面坡度=["5%", "10"])
    assert done.frame["roof_tilt_deg"].tolist() == pytest.approx([np.nan, 10], nan_ok=True)
    assert "not_a_number" in {one.rule for one in done.faults}


def test_overtures_roof_direction_is_the_ridge_and_not_read(tmp_path):
    done = read(tmp_path, roof_direction=[90.0])
    assert "roof_azimuth_deg" not in done.frame
    assert "roof_direction" in done.unread


def test_structures_are_read(tmp_path):
    done = read(tmp_path, 结构类型=["砖混", "土木", "砖木结构", "框架", "轻钢", "竹", None])
    expected = ["brick_concrete", "earth_timber", "brick_timber", "reinforced_concrete", "light_steel"]
    assert done.frame["structure"].tolist() == [*expected, "unknown", "unknown"]
    assert "value_unknown" in {one.rule for one in done.faults}


def test_layers_without_the_columns_stay_without(tmp_path):
    done = read(tmp_path, name=["甲"])
    assert not {"structure", "roof_tilt_deg", "roof_azimuth_deg"} & set(done.frame)


def test_words_for_directions_are_points_of_the_compass():
    said = {word: float(angle) for word, angle in coded("buildings", "roof_azimuth_deg").items()}
    assert set(np.array(list(said.values())) % 22.5) == {0}
    assert (said["s"], said["ssw"], said["东南"], said["正南"], said["nnw"]) == (180, 202.5, 135, 180, 337.5)
