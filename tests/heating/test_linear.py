"""Linear heat density: sums are kept, a stretch counts once, and what is not known is counted apart."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from heating_samples import LOCAL, at, buildings, layers_of, square

from geo.crs import STORED
from heating import linear
from heating.assessment import assess
from heating.scenario import Scenario

VILLAGE = "640202001001"
GJ_PER_MWH = 3.6


def street(name, *places):
    return {"street_id": name, "name": name, "geometry": shapely.LineString([at(*place) for place in places])}


def run(*houses, streets):
    frame = gpd.GeoDataFrame(pd.DataFrame(streets), geometry="geometry", crs=STORED) if streets else None
    village = {"village_code": [VILLAGE], "name": ["甲村"], "town_code": [VILLAGE[:9]], "town": ["甲镇"]}
    village |= {"county_code": [VILLAGE[:6]], "ur_class": ["220"]}
    places = gpd.GeoDataFrame(village, geometry=[at(3_100)], crs=STORED)
    layers = layers_of(buildings=buildings(*houses), villages=places, **({} if frame is None else {"streets": frame}))
    return assess(layers, Scenario())


def house(metres, **said):
    template = {"geometry": square(metres, 20.0, bearing=80.3), "heat_source": "loose_coal", "use": "rural_house"}
    return template | {"heated_area_m2": 100.0, "village_code": VILLAGE} | said


MAIN = street("S1", (3_000, 80), (3_400, 80))
SIDE = street("S2", (3_400, 80), (3_400, 84))


def test_a_village_without_streets_has_no_figure():
    done = run(house(3_100), streets=[])
    assert linear.by_village(done) is None
    assert linear.by_street(done) is None


def test_the_density_is_heat_over_the_stretches_that_houses_stand_on():
    done = run(house(3_100), house(3_200), streets=[MAIN, SIDE])
    row = linear.by_village(done).iloc[0]
    heat = done.buildings["heat_gj"].sum() / GJ_PER_MWH
    assert (row["village_code"], row["buildings"], row["buildings_unknown"]) == (VILLAGE, 2, 0)
    assert row["heat_mwh"] == pytest.approx(heat)
    assert row["street_length_m"] == pytest.approx(400, abs=0.5), "the side street has no house and does not count"
    assert row["linear_density_mwh_m"] == pytest.approx(heat / row["street_length_m"])
    assert 0 < row["off_street_m"] < 20


def test_a_house_without_an_index_is_counted_and_adds_nothing():
    done = run(house(3_100), house(3_200, use="factory"), house(3_300, heat_source="none"), streets=[MAIN])
    row = linear.by_village(done).iloc[0]
    assert (row["buildings"], row["buildings_unknown"]) == (2, 1)
    assert row["heat_mwh"] == pytest.approx(done.buildings["heat_gj"].iloc[0] / GJ_PER_MWH)


def test_streets_share_out_the_heat_of_the_city(city):
    done = assess(city, Scenario())
    lines = linear.by_street(done)
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    assert lines["heat_mwh"].sum() == pytest.approx(heated["heat_gj"].sum() / GJ_PER_MWH)
    assert lines["buildings"].sum() == len(heated)
    assert lines["linear_density_mwh_m"].dropna().is_monotonic_decreasing
    length = lines.to_crs(LOCAL).length
    assert (lines["street_length_m"] <= length * 1.001 + 1).all(), "the stretches of a street are parts of it"
    unknown = lines["buildings"] == lines["buildings_unknown"]
    assert (lines["linear_density_mwh_m"].isna() == unknown).all(), "what is not known is not nought"
