"""Which plants are centres of the 15 km clause, and the distance to them."""

import math

import numpy as np
import pytest
import shapely
from heating_samples import GEOD, PLANT, at, boilers, square, units, verdict

from heating import plants
from heating.assessment import plant_rings
from heating.scenario import Scenario

UNIT_READING = Scenario(plant_reading="unit")
CAPTIVE = Scenario(captive_counts=True)


def qualifies(*rows, scenario=None):
    states = plants.plant_states(units(*rows), scenario or Scenario())
    return states["qualifies"].iloc[0], states["doubt"].iloc[0]


TWO_OF_150 = ({"capacity_mw": 150.0}, {"capacity_mw": 150.0})


def test_plant_and_unit_reading_differ_on_two_of_150():
    assert qualifies(*TWO_OF_150) == ("yes", "")
    assert qualifies(*TWO_OF_150, scenario=UNIT_READING) == ("no", "")
    assert qualifies({"capacity_mw": 300.0}, scenario=UNIT_READING) == ("yes", "")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"capacity_mw": 300.0}], ("yes", "")),
        ([{"capacity_mw": 299.9}], ("no", "")),
        ([{"capacity_mw": 99.9}, {"capacity_mw": 100.05}, {"capacity_mw": 100.05}], ("yes", "")),
        ([{"capacity_mw": math.nan}], ("review", "plant_capacity")),
        ([{"capacity_mw": 300.0}, {"capacity_mw": math.nan}], ("yes", "plant_capacity")),
        ([{"capacity_mw": 200.0}, {"capacity_mw": math.nan}], ("review", "plant_capacity")),
        ([{"is_chp": None}], ("review", "plant_chp")),
        ([{"is_chp": False}], ("no", "")),
        ([{"is_captive": True}], ("no", "")),
        ([{"is_captive": None}], ("review", "plant_captive")),
        ([{"is_chp": None, "is_captive": None}], ("review", "plant_chp;plant_captive")),
        ([{"is_chp": None, "capacity_mw": 100.0}], ("no", "")),
        ([{"is_chp": None, "is_captive": True}], ("no", "")),
        ([{"status": "unknown"}], ("review", "plant_status")),
        ([{"status": "unknown", "capacity_mw": 100.0}], ("no", "")),
        ([{"status": "retired"}], ("no", "")),
        ([{"status": "construction"}], ("no", "")),
        ([{"status": "mothballed"}], ("no", "")),
        ([{"status": "retired"}, {"capacity_mw": 200.0}], ("no", "")),
        # the clause counts CHP capacity: condensing units beside a small CHP do not lift it
        ([{"capacity_mw": 150.0}, {"capacity_mw": 330.0, "is_chp": False}], ("no", "")),
        ([{"capacity_mw": 150.0}, {"capacity_mw": 330.0, "is_chp": None}], ("review", "plant_chp")),
    ],
)
def test_a_centre_is_running_chp_not_captive_and_large(rows, said):
    assert qualifies(*rows) == said


@pytest.mark.parametrize("captive", [True, False, None])
def test_captive_plants_count_by_a_switch(captive):
    assert qualifies({"is_captive": captive}, scenario=CAPTIVE) == ("yes", "")


def test_states_tell_what_runs():
    frame = units({"capacity_mw": 330.0}, {"capacity_mw": 200.0, "status": "retired"}, {"capacity_mw": 350.0})
    row = plants.plant_states(frame, Scenario()).loc["P1"]
    assert (row["units"], row["operating_mw"], row["largest_unit_mw"], row["chp_mw"]) == (2, 680.0, 350.0, 680.0)
    assert (row["is_chp"], row["is_captive"]) == ("yes", "no")


def test_spare_heat_is_not_known_while_a_unit_gives_none():
    both = plants.plant_states(units({}, {}), Scenario())
    part = plants.plant_states(units({}, {"spare_heat_mw": math.nan}), Scenario())
    idle = plants.plant_states(units({}, {"spare_heat_mw": math.nan, "status": "retired"}), Scenario())
    assert both["spare_heat_mw"].iloc[0] == 1000.0
    assert np.isnan(part["spare_heat_mw"].iloc[0])
    assert idle["spare_heat_mw"].iloc[0] == 500.0


def test_nameless_plants_go_by_their_number():
    assert plants.plant_states(units({"name": None}), Scenario())["name"].iloc[0] == "P1"


NOTE = {"capacity_t_h": 40.0}


@pytest.mark.parametrize(
    ("metres", "sigma", "said"),
    [
        (0.0, 5.0, "yes"),
        (14_949.0, 5.0, "yes"),
        (14_951.0, 5.0, "review"),
        (15_000.0, 5.0, "review"),
        (15_049.0, math.nan, "review"),
        (15_051.0, math.nan, "no"),
        (15_051.0, 30.0, "review"),
        (14_939.0, 30.0, "yes"),
        (15_061.0, 30.0, "no"),
        (2_000.0, 7_000.0, "review"),
    ],
)
def test_the_review_band_is_50_m_or_two_sigma(metres, sigma, said):
    row = verdict(plants=units({}), geometry=at(metres), position_sigma_m=sigma, **NOTE)
    assert row["within_radius"] == said
    assert row["distance_m"] == pytest.approx(metres, abs=1e-6)
    assert row["margin_m"] == pytest.approx(15_000 - metres, abs=1e-6)
    assert row["near_radius_line"] == (14_000 <= metres <= 16_000)


def test_without_a_band_the_radius_takes_its_own_line_in():
    exact = at(15_000.0)
    metres = GEOD.inv(*PLANT, exact.x, exact.y)[2]
    for radius_km, said in ((metres / 1000, "yes"), ((metres - 1e-4) / 1000, "no")):
        scenario = Scenario(review_band_m=0.0, radius_km=radius_km)
        row = verdict(scenario, plants=units({}), geometry=exact, position_sigma_m=0.0, **NOTE)
        assert row["within_radius"] == said


def test_a_fence_is_measured_to_its_nearest_edge_or_to_its_point():
    fence = units({"geometry": square(0, side=2000.0)})
    place = at(15_500.0, bearing=90.0)
    near = verdict(plants=fence, geometry=place, **NOTE)
    far = verdict(Scenario(distance_from="point"), plants=fence, geometry=place, **NOTE)
    assert (near["within_radius"], far["within_radius"]) == ("yes", "no")
    assert near["distance_m"] == pytest.approx(14_500.0, abs=20.0)
    assert near["point_distance_m"] == pytest.approx(far["distance_m"], abs=1e-6)
    assert verdict(plants=fence, geometry=at(10.0), **NOTE)["distance_m"] == 0.0


def test_units_at_several_places_each_count():
    away = units({"geometry": at(0)}, {"geometry": at(20_000.0, bearing=80.0)})
    row = verdict(plants=away, geometry=at(33_000.0, bearing=80.0), **NOTE)
    assert row["within_radius"] == "yes"
    assert row["distance_m"] == pytest.approx(13_000.0, abs=1.0)


def test_units_that_do_not_run_are_no_place_to_measure_from():
    away = units({}, {"geometry": at(20_000.0), "status": "pre-permit"})
    assert verdict(plants=away, geometry=at(33_000.0), **NOTE)["within_radius"] == "no"


def test_units_that_may_count_leave_their_circle_open():
    # the plant qualifies by its first unit; whether the second is CHP is not known
    away = units({}, {"geometry": at(20_000.0), "is_chp": None})
    row = verdict(plants=away, geometry=at(33_000.0), **NOTE)
    assert (row["within_radius"], row["verdict"]) == ("review", "review")
    assert "plant_chp" in row["missing"].split(";")


@pytest.mark.parametrize(
    ("unit", "missing"),
    [
        ({"is_chp": None}, "plant_chp"),
        ({"is_captive": None}, "plant_captive"),
        ({"capacity_mw": math.nan}, "plant_capacity"),
        ({"status": "unknown"}, "plant_status"),
    ],
)
def test_a_plant_that_may_qualify_leaves_the_verdict_open(unit, missing):
    row = verdict(plants=units(unit), geometry=at(9_000.0), **NOTE)
    assert (row["within_radius"], row["verdict"]) == ("review", "review")
    assert missing in row["missing"].split(";")


def test_the_nearest_qualifying_plant_is_shown_also_from_afar():
    two = units({"plant_id": "A", "name": "远"}, {"plant_id": "B", "name": "近", "geometry": at(5_000.0)})
    row = verdict(plants=two, geometry=at(40_000.0), **NOTE)
    assert (row["nearest_plant_id"], row["nearest_plant"], row["within_radius"]) == ("B", "近", "no")
    assert row["distance_m"] == pytest.approx(35_000.0, abs=1.0)


def test_a_plant_that_qualifies_settles_what_a_nearer_doubtful_one_leaves_open():
    two = units({"plant_id": "A"}, {"plant_id": "B", "geometry": at(9_000.0), "is_chp": None})
    row = verdict(plants=two, geometry=at(10_000.0), **NOTE)
    assert (row["within_radius"], row["nearest_plant_id"], row["verdict"]) == ("yes", "A", "R3")


def test_without_plants_nothing_is_known_and_with_none_qualifying_it_is_no():
    assert verdict(**NOTE)["within_radius"] == "review"
    assert "plants" in verdict(**NOTE)["missing"].split(";")
    none = verdict(plants=units({"is_chp": False}), **NOTE)
    assert none["within_radius"] == "no"
    assert np.isnan(none["distance_m"])


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (1.0, 500.0, "R3"),
        (math.nan, 500.0, "R3"),
        (1.0, math.nan, "review"),
        (math.nan, math.nan, "review"),
        (1.0, -3.0, "none"),
    ],
)
def test_any_plant_within_the_radius_may_have_the_heat(first, second, said):
    two = units(
        {"plant_id": "A", "spare_heat_mw": first}, {"plant_id": "B", "spare_heat_mw": second, "geometry": at(9_000.0)}
    )
    row = verdict(plants=two, geometry=at(3_000.0), networks=None, **NOTE)
    assert row["nearest_plant_id"] == "A"
    assert {"R3": "R3", "review": "review", "none": "none"}[said] == _r3(row)


def _r3(row):
    if "R3" in row["rules_hit"].split(";"):
        return "R3"
    return "review" if "R3" in row["rules_open"].split(";") else "none"


def test_rings_stand_round_every_place_of_a_centre():
    frame = units({}, {"geometry": at(5_000.0)}, {"geometry": at(9_000.0), "status": "retired"}, {})
    states = plants.plant_states(frame, Scenario())
    rings = plant_rings(frame, states, Scenario())
    assert len(rings) == 2
    corner = shapely.get_coordinates(rings.geometry.iloc[0])[17]
    assert GEOD.inv(*PLANT, *corner)[2] == pytest.approx(15_000.0, abs=1e-6)


def test_no_boilers_and_no_plants_are_no_error():
    none = boilers({}).iloc[:0]
    assert plants.radius(none, units({}), plants.plant_states(units({}), Scenario()), Scenario()).state() == []
    nothing = units({}).iloc[:0]
    far = plants.radius(boilers({}), nothing, plants.plant_states(nothing, Scenario()), Scenario())
    assert far.state() == ["no"]
    assert list(far.nearest) == [-1]
