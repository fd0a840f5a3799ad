"""The ledger as a whole: shared sources, sites, and what a missing layer leaves open."""

import itertools
import math

import geopandas as gpd
import pytest
from heating_samples import LOCAL, areas, at, boilers, buildings, judged, layers_of, square, units

from geo.crs import STORED
from heating import ledger
from heating.assessment import assess
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


def station(mw, metres=3_000.0):
    return {"kind": "substation", "spare_heat_mw": mw, "geometry": at(metres)}


def test_substations_hold_all_boilers_of_an_area_together():
    net = areas({"spare_heat_mw": 100.0}, station(20.0))
    bare = units({"is_chp": False})
    assert list(judged(boilers=boilers({}), networks=net, plants=bare)["supply_assured"]) == ["yes"]
    assert set(judged(boilers=boilers({}, {}), networks=net, plants=bare)["supply_assured"]) == {"review"}
    unstated = areas({"spare_heat_mw": 100.0}, station(20.0), station(None, 3_050.0))
    assert set(judged(boilers=boilers({}, {}), networks=unstated, plants=bare)["supply_assured"]) == {"yes"}


def test_a_boiler_of_unknown_output_leaves_nothing_to_promise():
    net, bare = areas({"spare_heat_mw": 60.0}), units({"is_chp": False})
    found = judged(boilers=boilers({}, {}, {"capacity_t_h": None}), networks=net, plants=bare)
    assert list(found["supply_assured"]) == ["review"] * 3
    centre = units({"spare_heat_mw": 60.0})
    far = areas({"geometry": at(40_000.0).buffer(0.001)})
    pair = boilers({"capacity_t_h": 40.0}, {"capacity_t_h": None})
    assert "yes" not in set(judged(boilers=pair, networks=far, plants=centre)["supply_assured"])


def test_loose_coal_in_the_area_draws_on_the_same_heat():
    home = {"heat_source": "loose_coal", "heated_area_m2": 100_000.0, "use": "apartment", "year_built": 1990.0}
    net = areas({"spare_heat_mw": 15.0})
    frames = {"boilers": boilers({}), "networks": net, "plants": units({"is_chp": False})}
    alone = assess(layers_of(buildings=buildings({}), **frames), Scenario())
    beside = assess(layers_of(buildings=buildings(home), **frames), Scenario())
    assert beside.buildings["coverage"].tolist() == ["covered_spare"]
    assert alone.boilers["supply_assured"].tolist() == ["yes"], "a building on the network draws nothing more"
    assert beside.boilers["supply_assured"].tolist() == ["review"], "14 MW and the homes need more than 15 MW"
    strange = assess(layers_of(buildings=buildings(home | {"use": "factory"}), **frames), Scenario())
    assert strange.boilers["supply_assured"].tolist() == ["review"], "a need that nobody knows may be any"


def test_a_list_of_plants_without_rows_says_nothing_of_plants():
    rows = boilers({"capacity_t_h": 40.0})
    net = areas({"geometry": at(40_000.0).buffer(0.001)})
    empty = judged(boilers=rows, networks=net, plants=units({}).iloc[:0])
    absent = judged(boilers=rows, networks=net)
    assert empty["verdict"].tolist() == absent["verdict"].tolist() == ["review"]


def test_only_units_that_make_the_centre_lend_their_heat():
    rows, far = boilers({"capacity_t_h": 40.0}), areas({"geometry": at(40_000.0).buffer(0.001)})

    def assured(*plant, **readings):
        return judged(Scenario(**readings), boilers=rows, networks=far, plants=units(*plant))["supply_assured"].iloc[0]

    chp, other = {"spare_heat_mw": 0.0}, {"is_chp": False, "spare_heat_mw": 500.0}
    assert assured(chp, other) == "none", "without assured heat the clause does not apply"
    assert assured({"spare_heat_mw": 500.0}, other | {"spare_heat_mw": None}) == "yes"
    captive = {"is_captive": True, "spare_heat_mw": 500.0}
    assert assured(chp, captive) == "none"
    assert assured(chp, captive, captive_counts=True) == "yes"
    assert assured(chp, {"is_chp": None, "spare_heat_mw": 500.0}) == "review"
