"""Areas of villages hold what is nearest to them, and towns are what their villages are."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.testing import assert_allclose

from geo.districts import town_districts, village_districts
from geo.zones import ZoneOptions

CRS = "EPSG:4544"
COUNTIES = gpd.GeoDataFrame(
    {"county_code": ["a", "b"]}, geometry=[shapely.box(0, 0, 9000, 12000), shapely.box(9000, 0, 20000, 12000)], crs=CRS
)


def villages(count, seed=3):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(500, 19500, count), rng.uniform(500, 11500, count)
    county = np.where(x < 9000, "a", "b")
    town = np.where(y < 6000, "south", "north")
    codes = [f"v{n}" for n in range(count)]
    towns = {"town_code": county + town, "town": town}
    table = {"village_code": codes, "county_code": county} | towns
    return gpd.GeoDataFrame(table, geometry=shapely.points(x, y), crs=CRS)


@pytest.mark.parametrize("limit", [900.0, 5000.0])
def test_a_place_is_in_the_area_of_the_nearest_point_of_its_county(limit):
    given = villages(40)
    areas = village_districts(given, COUNTIES, crs=COUNTIES.crs, options=ZoneOptions(nearest_max_m=limit))
    rng = np.random.default_rng(4)
    places = shapely.points(rng.uniform(0, 20000, 800), rng.uniform(0, 12000, 800))
    for place in places:
        mine = given[given["county_code"] == ("a" if place.x < 9000 else "b")]
        away = mine.distance(place)
        held = set(areas.loc[areas.intersects(place), "village_code"])
        if away.min() > limit:
            assert not held
        elif away.min() < limit * 0.995:
            assert held == {mine.loc[away.idxmin(), "village_code"]}


def test_polygons_stay_and_one_point_alone_has_a_circle():
    field = shapely.box(100, 100, 700, 800)
    given = villages(1)
    given = pd.concat([given, villages(1).assign(village_code="field").set_geometry([field])], ignore_index=True)
    areas = village_districts(given, None, crs=COUNTIES.crs, options=ZoneOptions(nearest_max_m=1000)).set_index(
        "village_code"
    )
    assert areas.geometry["field"].equals(field)
    assert_allclose(areas.geometry["v0"].area, np.pi * 1e6, rtol=0.01)


def test_points_on_one_place_share_nothing():
    given = villages(3)
    given = pd.concat([given, given.iloc[[0]].assign(village_code="twin")], ignore_index=True)
    areas = village_districts(given, COUNTIES, crs=COUNTIES.crs)
    assert len(areas) == 3
    assert areas.geometry.area.sum() == pytest.approx(areas.union_all().area)


def test_towns_are_the_union_of_their_villages():
    areas = village_districts(villages(60), COUNTIES, crs=COUNTIES.crs)
    towns = town_districts(areas).set_index("town_code")
    assert set(towns.index) == set(areas["town_code"])
    for code, some in areas.groupby("town_code"):
        assert towns.geometry[code].area == pytest.approx(some.area.sum(), rel=1e-9)
        assert towns.loc[code, "county_code"] == some["county_code"].iloc[0]
    assert len(town_districts(areas.assign(town_code=None))) == 0
