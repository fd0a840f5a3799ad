"""Zones: from the declared village, the outline or the nearest village of the county, and never from a guess."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import working_crs
from geo.zones import COUNTY_SEAT_TOWNS, MINING_STREETS, ZoneOptions, is_district, locate, village_zones, zone_of_class

CRS = working_crs(106.5)
LIMIT = 5000.0


def city(seed=0, count=60):
    """Return places, villages and two counties that meet at x = 0."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-9000, 9000, count), rng.uniform(-9000, 9000, count)
    county = np.where(x < 0, "640202", "640221")
    villages = gpd.GeoDataFrame(
        {
            "village_code": [f"{code}100{n:03d}" for n, code in enumerate(county, 1)],
            "town_code": [f"{code}100" for code in county],
            "county_code": county,
            "ur_class": rng.choice(["111", "112", "121", "122", "123", "210", "220"], count),
        },
        geometry=shapely.points(x, y),
        crs=CRS,
    )
    counties = gpd.GeoDataFrame(
        {"county_code": ["640202", "640221"]},
        geometry=[shapely.box(-10_000, -10_000, 0, 10_000), shapely.box(0, -10_000, 10_000, 10_000)],
        crs=CRS,
    )
    px, py = rng.uniform(-12_000, 12_000, 300), rng.uniform(-12_000, 12_000, 300)
    places = gpd.GeoDataFrame(geometry=shapely.points(px, py), crs=CRS)
    return places, villages, counties


def test_the_nearest_village_of_the_county_row_by_row():
    places, villages, counties = city()
    options = ZoneOptions()
    got = locate(places, villages, counties, options=options)
    zones = village_zones(villages, options=options)
    for row, point in zip(got.itertuples(), places.geometry, strict=True):
        county = next((c.county_code for c in counties.itertuples() if c.geometry.covers(point)), None)
        own = villages[villages["county_code"] == county]
        far = own.distance(point)
        if county is None or far.min() > LIMIT:
            assert (row.zone, row.zone_evidence) == ("unknown", "none")
            assert pd.isna(row.village_code)
        else:
            assert row.village_code == own.loc[far.idxmin(), "village_code"]
            assert (row.zone, row.zone_evidence) == (zones[far.idxmin()], "nearest")
        assert (pd.isna(row.county_code) and county is None) or row.county_code == county
    assert {"none", "nearest"} == set(got["zone_evidence"])


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_row_order_changes_nothing(random):
    places, villages, counties = city(seed=3)
    areas = villages.head(20).set_geometry(villages.head(20).buffer(2500))
    twin = villages.tail(3).assign(village_code=lambda frame: frame["village_code"].str[:9] + "999")
    villages = pd.concat(
        [
            villages,
            twin.iloc[:1],
            areas.assign(village_code=areas["village_code"].str[:9] + "8" + areas["village_code"].str[10:]),
        ]
    )
    villages = villages.drop_duplicates("village_code").reset_index(drop=True)
    expected = locate(places, villages, counties, options=ZoneOptions())

    def shuffled(frame):
        return frame.iloc[random.sample(range(len(frame)), len(frame))]

    got = locate(shuffled(places), shuffled(villages), shuffled(counties), options=ZoneOptions())
    pd.testing.assert_frame_equal(got.sort_index(), expected)


def test_declared_before_polygon_before_nearest():
    places, villages, counties = city(seed=1)
    declared = villages["village_code"].iloc[[5]].item()
    area = villages.iloc[[7]].set_geometry([shapely.box(-20_000, -20_000, 20_000, 20_000)], crs=CRS)
    rest = villages.drop(index=7)
    everything = pd.concat([rest, area])
    said = places.assign(village_code=[declared if n % 2 else "999999999999" for n in range(len(places))])
    got = locate(said, everything, counties, options=ZoneOptions())
    assert (got["zone_evidence"] == np.where(np.arange(len(places)) % 2, "declared", "polygon")).all()
    assert set(got.loc[got["zone_evidence"] == "declared", "village_code"]) == {declared}
    assert set(got.loc[got["zone_evidence"] == "polygon", "village_code"]) == {area["village_code"].item()}
    codes = pd.concat([rest, area]).set_index("village_code")["county_code"]
    assert (got["county_code"] == got["village_code"].map(codes)).all(), "a place is in its village's county"


def test_of_overlapping_outlines_the_own_countys_is_taken():
    _, villages, counties = city()
    both = villages.drop_duplicates("county_code").copy()
    both["geometry"] = [shapely.box(-500, -500, 500, 500)] * 2
    places = gpd.GeoDataFrame(geometry=shapely.points([-100, 100], [0, 0]), crs=CRS)
    got = locate(places, both.set_crs(CRS), counties, options=ZoneOptions())
    assert list(got["county_code"]) == ["640202", "640221"]


def test_never_a_village_of_another_county():
    _, villages, counties = city()
    place = gpd.GeoDataFrame(geometry=shapely.points([-1.0], [0.0]), crs=CRS)
    across = villages[villages["county_code"] == "640221"].head(1).set_geometry(shapely.points([1.0], [0.0]), crs=CRS)
    got = locate(place, across, counties, options=ZoneOptions())
    assert got["zone"].item() == "unknown"
    assert got["county_code"].item() == "640202"
    assert locate(place, across, None, options=ZoneOptions())["zone"].item() == "unknown", "no county, no guess"
    said = place.assign(county_code="640221")
    assert locate(said, across, None, options=ZoneOptions())["zone_evidence"].item() == "nearest"
    assert locate(said, across, counties, options=ZoneOptions())["zone"].item() == "unknown", (
        "its place outweighs its word"
    )


def test_unknown_is_not_guessed():
    places, villages, counties = city()
    for missing in (None, villages.iloc[:0]):
        got = locate(places, missing, counties, options=ZoneOptions())
        assert set(got["zone"]) == {"unknown"}
        assert got["village_code"].isna().all()
    near = locate(places, villages, counties, options=ZoneOptions(nearest_max_m=1.0))
    assert set(near["zone"]) == {"unknown"}
    with pytest.raises(ValueError, match="projected"):
        locate(places.to_crs(4490), villages, counties, options=ZoneOptions())
    assert locate(places.iloc[:0], villages, counties, options=ZoneOptions()).empty


@pytest.mark.parametrize(
    ("ur_class", "county", "town", "default"),
    [
        ("111", "640202", "640202001", "urban"),
        ("112", "640202", "640202100", "county_town"),
        ("121", "640202", "640202100", "county_town"),
        ("121", "640221", "640221100", "county_town"),
        ("121", "640221", "640221101", "county_town"),
        ("122", "640205", "640205100", "county_town"),
        ("123", "640205", "640205100", "county_town"),
        ("210", "640221", "640221200", "rural"),
        ("220", "640202", "640202100", "rural"),
        ("111", "640202", "640202006", "urban"),
    ],
)
def test_each_switch_changes_what_it_names_and_nothing_else(ur_class, county, town, default):
    def zone(**switch):
        return zone_of_class(ur_class, county, town + "000", options=ZoneOptions(**switch))

    assert zone() == default
    assert zone(fringe_as_urban=True) == ("urban" if ur_class == "112" else default)
    rural = ur_class == "121" and town not in COUNTY_SEAT_TOWNS
    assert zone(other_towns_as_rural=True) == ("rural" if rural else default)
    assert zone(mining_streets_open=True) == ("unknown" if town in MINING_STREETS else default)


def test_the_fringe_of_a_county_is_no_city():
    assert zone_of_class("112", "640221", "640221100", options=ZoneOptions(fringe_as_urban=True)) == "county_town"


def test_districts_and_counties():
    assert [is_district(code) for code in ("640202", "640205", "640221", "640181")] == [True, True, False, False]


@pytest.mark.real_data
def test_every_village_of_the_city_has_a_zone(shared_file):
    table = pd.read_csv(shared_file("data/nbs/shizuishan_2023_urban_rural.csv"), dtype=str)
    villages = gpd.GeoDataFrame(
        table.rename(columns={"code": "village_code"}), geometry=[shapely.Point(0, 0)] * len(table), crs=CRS
    )
    zones = village_zones(villages, options=ZoneOptions())
    assert zones.value_counts().to_dict() == {"rural": 167, "urban": 80, "county_town": 79}
    seat = (villages["town_code"] == "640221100000") & (villages["ur_class"] == "121")
    assert (village_zones(villages, options=ZoneOptions(other_towns_as_rural=True))[seat] == "county_town").all()
