"""Declared service areas: who lies inside, and whether the network could take over."""

import math

import numpy as np
import pytest
import shapely
from heating_samples import LOCAL, areas, at, boilers, buildings, square, units, verdict

from heating.inside import SURE, edge
from heating.networks import coverage, medium_match, service_areas
from heating.plants import plant_states
from heating.scenario import Scenario

FAR = units({"is_chp": False})


def covered(frame, networks):
    need = np.full(len(frame), math.nan)
    states = plant_states(FAR, Scenario())
    return coverage(frame.to_crs(LOCAL), networks.to_crs(LOCAL), Scenario(), need_mw=need, plants=states)


def said(*networks, **boiler):
    return verdict(networks=areas(*networks), plants=FAR, **boiler)


def test_inside_a_declared_area_is_r4():
    row = said({})
    assert (row["in_service_area"], row["verdict"], row["network_id"]) == ("yes", "R4", "N1")
    assert row["network_margin_m"] == pytest.approx(200.0, abs=1.0)
    assert row["supply_assured"] == "yes"
    assert row["supply_source"] == "N1"


def test_outside_it_is_not():
    row = said({}, geometry=at(3_500.0))
    assert (row["in_service_area"], row["verdict"]) == ("no", "R2")
    assert row["network_margin_m"] < 0


@pytest.mark.parametrize("status", ["planned", "unknown"])
def test_areas_that_do_not_stand_leave_coverage_open_if_they_are_all_there_is(status):
    assert said({"status": status})["in_service_area"] == "review"
    assert said({"status": status}, geometry=at(9_000.0))["in_service_area"] == "review"


def test_planned_areas_do_not_count_but_are_told():
    row = said({"geometry": square(9_000.0)}, {"status": "planned"})
    assert (row["in_service_area"], row["planned_network_id"]) == ("no", "N2")
    assert row["verdict"] == "R2"


def test_an_area_of_unknown_status_leaves_open():
    row = said({"geometry": square(9_000.0)}, {"status": "unknown"})
    assert row["in_service_area"] == "review"
    assert "coverage" in row["missing"].split(";")
    assert row["rules_hit"] == "R2"


def test_pipes_are_no_coverage():
    pipe = {"kind": "pipe", "geometry": shapely.LineString([at(2_900.0), at(3_100.0)])}
    assert said(pipe)["in_service_area"] == "review"
    assert said(pipe, {"geometry": square(9_000.0)})["in_service_area"] == "no"


def test_without_networks_coverage_is_open():
    row = verdict(plants=FAR)
    assert row["in_service_area"] == "review"
    assert "R4" in row["rules_open"].split(";")
    assert math.isnan(row["network_margin_m"])


@pytest.mark.parametrize(
    ("metres", "sigma", "state"),
    [
        (3_150.0, 5.0, "yes"),
        (3_195.0, 5.0, "review"),
        (3_205.0, 5.0, "review"),
        (3_215.0, 5.0, "review"),
        (3_260.0, 5.0, "no"),
        (3_180.0, math.nan, "review"),
        (3_240.0, math.nan, "review"),
        (3_260.0, math.nan, "no"),
        (3_140.0, math.nan, "yes"),
        (3_150.0, 40.0, "review"),
    ],
)
def test_near_the_edge_the_position_has_to_be_surveyed(metres, sigma, state):
    # the square is 400 m wide and its edges run north–south: 90° leads straight to one
    area = {"geometry": square(3_000.0, bearing=90.0)}
    row = said(area, geometry=at(metres, bearing=90.0), position_sigma_m=sigma)
    assert row["in_service_area"] == state


@pytest.mark.parametrize(
    ("network", "boiler", "assured", "gap"),
    [
        ({}, {}, "yes", ""),
        ({"spare_heat_mw": 14.0}, {}, "yes", ""),
        ({"spare_heat_mw": 13.9}, {}, "no", "network_spare"),
        ({"spare_heat_mw": -1.0}, {}, "no", "network_spare"),
        ({"spare_heat_mw": math.nan}, {}, "review", "network_spare"),
        ({}, {"capacity_t_h": math.nan}, "review", "network_spare"),
        ({}, {"medium": "steam"}, "no", "steam_network"),
        ({"medium": "steam"}, {"medium": "steam"}, "yes", ""),
        ({"medium": "unknown"}, {}, "review", "medium"),
        ({}, {"medium": "unknown"}, "review", "medium"),
    ],
)
def test_nothing_is_removed_without_heat_in_its_medium(network, boiler, assured, gap):
    row = said(network, **boiler)
    assert row["verdict"] == "R4"
    assert (row["supply_assured"], row["supply_missing"]) == (assured, gap)


def test_of_overlapping_areas_the_one_that_can_deliver_is_chosen():
    water, steam = {"spare_heat_mw": 900.0}, {"spare_heat_mw": 30.0, "medium": "steam"}
    assert said(water, steam, medium="steam")["network_id"] == "N2"
    assert said(water, steam)["network_id"] == "N1"
    short, unknown = {"spare_heat_mw": 1.0}, {"spare_heat_mw": math.nan}
    assert said(short, unknown)["network_id"] == "N2"
    assert said(short, unknown)["supply_assured"] == "review"


def test_media_match():
    assert medium_match("steam", "steam") == "yes"
    assert medium_match("hot_water", "steam") == "no"
    assert medium_match("unknown", "steam") == medium_match("steam", "unknown") == "review"


def test_buildings_take_the_area_with_most_spare_heat():
    frame = areas({"spare_heat_mw": 5.0}, {"spare_heat_mw": 50.0}, {"spare_heat_mw": math.nan})
    found = covered(buildings({}, {"geometry": square(9_000.0, 20.0)}), frame)
    assert list(found.network_id) == ["N2", None]
    assert list(found.state) == ["yes", "no"]


def test_nothing_against_nothing():
    none, nowhere = areas({}).iloc[:0], boilers({}).iloc[:0]
    assert list(covered(nowhere, none).state) == []
    assert list(covered(nowhere, areas({})).state) == []
    assert list(covered(boilers({}), none).state) == ["review"]
    assert list(covered(boilers({}), none).doubt) == ["no_networks"]
    assert len(service_areas(none, status="existing")) == 0


def test_what_is_far_from_any_edge_need_not_be_measured():
    rng = np.random.default_rng(3)
    east, sigma = rng.uniform(0, 9_000, 400), rng.choice([math.nan, 0.0, 5.0, 40.0], 400)
    rows = [
        {"geometry": at(float(metres)), "position_sigma_m": spread} for metres, spread in zip(east, sigma, strict=True)
    ]
    places = boilers(*rows).to_crs(LOCAL)
    plans = areas(*({"geometry": square(where, 300.0), "position_sigma_m": 8.0} for where in (2_000, 2_500, 6_000)))
    whole = edge(places, plans.to_crs(LOCAL), 50.0)
    short = edge(places, plans.to_crs(LOCAL), 50.0, only_doubtful=True)
    open_ones = (whole.p > 1 - SURE) & (whole.p < SURE)
    assert open_ones.any()
    assert not open_ones.all()
    np.testing.assert_array_equal(short.margin_m[open_ones], whole.margin_m[open_ones])
    np.testing.assert_array_equal(short.p[open_ones], whole.p[open_ones])
    np.testing.assert_array_equal((short.p >= SURE)[~open_ones], (whole.p >= SURE)[~open_ones])
