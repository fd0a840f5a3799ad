"""The ledger as a whole: shared sources, sites, and what a missing layer leaves open."""

import itertools
import math

import geopandas as gpd
import pytest
from heating_samples import LOCAL, areas, at, boilers, judged, layers_of, square, units

from geo.crs import STORED
from heating import ledger
from heating.scenario import Scenario
from heating.supply import Draw, overdrawn


def test_what_one_network_cannot_replace_together_is_left_open():
    # 14 MW each: two fit into 30 MW, three do not
    two = judged(boilers=boilers({}, {}), networks=areas({"spare_heat_mw": 30.0}), plants=units({"is_chp": False}))
    three = judged(
        boilers=boilers({}, {}, {}), networks=areas({"spare_heat_mw": 30.0}), plants=units({"is_chp": False})
    )
    assert list(two["supply_assured"]) == ["yes", "yes"]
    assert list(three["verdict"]) == ["R4"] * 3
    assert list(three["supply_assured"]) == ["review"] * 3
    assert set(three["supply_missing"]) == {"shared_spare"}


def test_what_one_plant_cannot_replace_together_is_left_open():
    plants = units({"spare_heat_mw": 60.0})
    frames = {"plants": plants, "networks": areas({"geometry": at(40_000.0).buffer(0.001)})}
    large = {"capacity_t_h": 50.0}
    assert list(judged(boilers=boilers(large), **frames)["supply_assured"]) == ["yes"]
    both = judged(boilers=boilers(large, large), **frames)
    assert list(both["verdict"]) == ["R3", "R3"]
    assert list(both["supply_assured"]) == ["review", "review"]


def test_networks_draw_on_the_plant_that_feeds_them():
    plants = units({"spare_heat_mw": 30.0})
    fed = areas({"spare_heat_mw": 500.0, "plant_id": "P1"})
    free = areas({"spare_heat_mw": 500.0})
    trio = boilers({}, {}, {})
    assert set(judged(boilers=trio, plants=plants, networks=fed)["supply_assured"]) == {"review"}
    assert set(judged(boilers=trio, plants=plants, networks=free)["supply_assured"]) == {"yes"}


def test_boilers_that_are_not_to_be_removed_draw_nothing():
    rows = boilers({}, {"fuel": "gas"}, {"status": "retired"}, {"medium": "steam"}, {"geometry": at(9_000.0)})
    found = judged(boilers=rows, networks=areas({"spare_heat_mw": 15.0}), plants=units({"is_chp": False}))
    assert list(found["supply_assured"]) == ["yes", "none", "none", "no", "review"]


def test_overdrawn_judges_known_sources_only():
    draws = [Draw(need_mw=10.0, sources=(("plant", "a"), ("network", "n"))), Draw(need_mw=10.0)]
    assert overdrawn(draws, {("plant", "a"): math.nan, ("network", "n"): 10.0}) == set()
    assert overdrawn(draws, {("plant", "a"): 9.0}) == {("plant", "a")}


def test_a_site_is_an_owner_at_a_place():
    rows = boilers(
        {"name": "甲"},
        {"name": "甲", "geometry": at(9_000)},
        {"name": "不详"},
        {"name": "不详"},
        {"name": "乙"},
        {"name": "乙", "duty": "power"},
    )
    villages = gpd.GeoDataFrame(
        {
            "village_code": ["640202001001", "640202001002"],
            "name": ["一", "二"],
            "town_code": None,
            "town": None,
            "county_code": "640202",
            "ur_class": "111",
        },
        geometry=[square(3_000, 900.0), square(9_000, 900.0)],
        crs=STORED,
    )
    found = {
        count: judged(Scenario(power_boilers_count=count), boilers=rows, villages=villages)["site_total_t_h"]
        for count in (False, True)
    }
    assert found[False].fillna(-1).tolist() == [20.0, 20.0, -1, -1, 20.0, -1]
    assert found[True].fillna(-1).tolist() == [20.0, 20.0, -1, -1, 40.0, 40.0]


def test_site_totals_are_a_hint_that_judges_nothing():
    rows = boilers(
        {"name": "甲"},
        {"name": "甲"},
        {"name": "甲", "fuel": "gas"},
        {"name": "甲", "status": "retired"},
        {"name": "乙"},
        {"name": "丙"},
        {"name": "丙", "capacity_t_h": math.nan},
        {"name": "丁"},
        {"name": "丁", "fuel": "unknown"},
        {},
    )
    found = judged(boilers=rows, plants=units({"is_chp": False}))
    assert found["site_total_t_h"].fillna(-1).tolist() == [40.0, 40.0, -1, -1, 20.0, -1, -1, -1, -1, -1]
    # two boilers of 20 t/h are each below 35 t/h, whatever their sum
    assert "R2" in found["rules_hit"].iloc[0].split(";")


@pytest.mark.parametrize("given", [c for n in range(3) for c in itertools.combinations(("plants", "networks"), n)])
def test_each_missing_layer_leaves_its_rule_open(given):
    frames = {"plants": units({}), "networks": areas({})}
    found = judged(boilers=boilers({"capacity_t_h": 40.0}), **{name: frames[name] for name in given}).iloc[0]
    assert (found["within_radius"] == "review") == ("plants" not in given)
    assert (found["in_service_area"] == "review") == ("networks" not in given)
    if not given:
        assert found["verdict"] == "review"
        assert set(found["missing"].split(";")) == {"plants", "coverage"}


def test_outside_the_city_the_plan_may_not_reach():
    outline = gpd.GeoDataFrame(
        {"county_code": ["640202"], "name": ["大武口区"]}, geometry=[at(0).buffer(0.1)], crs=STORED
    )
    rows = boilers({}, {"geometry": at(60_000.0)})
    found = judged(boilers=rows, plants=units({}), networks=areas({}), counties=outline)
    assert list(found["verdict"]) == ["R4", "review"]
    assert found["missing"].iloc[1] == "county"


def test_no_ledger_is_an_empty_one():
    done = ledger.judge(layers_of(plants=units({})), Scenario(), crs=LOCAL)
    assert len(done.boilers) == len(done.findings) == 0
    assert {"verdict", "distance_m", "supply_assured", "site_total_t_h"} <= set(done.boilers)


def test_nothing_that_decides_is_null():
    rows = boilers({}, {"capacity_t_h": math.nan, "is_backup": None, "is_peaking": None, "medium": "unknown"})
    found = judged(boilers=rows, plants=units({}), networks=areas({}))
    columns = [
        "verdict",
        "leading_state",
        "strength",
        "rules_hit",
        "missing",
        "supply_assured",
        "within_radius",
        "zone",
    ]
    assert found[columns].notna().all(axis=None)


def test_inputs_are_left_alone():
    frames = {"boilers": boilers({}, {}), "plants": units({}), "networks": areas({})}
    before = {name: frame.copy() for name, frame in frames.items()}
    judged(**frames)
    for name, frame in frames.items():
        assert frame.equals(before[name])
