"""The coverage ladder: the first rung that holds, its evidence, and how sure a place near the edge is."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from heating_samples import LOCAL, areas, at, boilers, buildings, judged, layers_of, square, units, verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from data import parameters
from geo.crs import STORED
from geo.proximity import points_of
from heating.assessment import climb
from heating.inside import SURE, probability
from heating.ladder import COLUMNS, RUNGS
from heating.scenario import Scenario
from heating.validity import has_terms, terms

HOUSE = {"heat_source": "loose_coal", "geometry": square(3_000, 20.0)}


def pipe(start, end, **said):
    line = shapely.LineString([at(start), at(end)])
    return {"kind": "pipe", "geometry": line, "dn_mm": 300.0, "spare_heat_mw": None} | said


def station(**said):
    return {"kind": "substation", "geometry": at(3_000)} | said


def rungs_of(places, layers, scenario, need_mw):
    points = places.set_geometry(points_of(places))
    return climb(points, layers, scenario, need_mw=need_mw, footprints=places.geometry.to_numpy())[1]


def rungs(frame, networks=None, scenario=None, *, need_mw=0.1, plants=None):
    layers = layers_of(
        **{"networks": networks} if networks is not None else {}, **{"plants": plants} if plants is not None else {}
    )
    need = np.full(len(frame), need_mw)
    return rungs_of(frame.to_crs(LOCAL), layers, scenario or Scenario(), need)


def rung(house=None, *network_rows, scenario=None, **options):
    networks = areas(*network_rows) if network_rows else None
    return rungs(buildings(HOUSE | (house or {})), networks, scenario, **options).iloc[0]


@pytest.mark.parametrize(
    ("house", "networks", "said", "basis"),
    [
        ({"heat_source": "chp"}, [{"geometry": square(60_000)}], "connected", "heat_source"),
        ({"substation_id": "S1"}, [{"geometry": square(60_000)}], "connected", "billing"),
        ({"meter_id": "U9", "heat_source": "chp"}, [], "connected", "billing"),
        ({}, [{}], "covered_spare", "declared"),
        ({}, [{"spare_heat_mw": 0.05}], "covered_full", "declared"),
        ({}, [{"spare_heat_mw": None}], "covered_unstated", "declared"),
        ({}, [{"spare_heat_mw": 0.0}, {"spare_heat_mw": 5.0}], "covered_spare", "declared"),
        ({}, [{"status": "planned"}, {"geometry": square(60_000)}], "planned", "plan"),
        ({}, [{"status": "unknown"}, {"geometry": square(60_000)}], "doubtful", "status_unknown"),
        ({}, [{"geometry": square(60_000)}], "not_covered", "outside"),
        ({}, [pipe(100, 200)], "doubtful", "none_declared"),
        ({}, [], "doubtful", "no_networks"),
    ],
)
def test_each_rung(house, networks, said, basis):
    row = rung(house, *networks)
    assert (row["coverage"], row["coverage_basis"]) == (said, basis)


def test_the_rungs_are_climbed_from_the_top():
    away = {"geometry": square(60_000)}
    everything = [{}, {"status": "planned"}, pipe(2_900, 3_100), away]
    near = Scenario(tap_reach_m=200.0)
    steps = [
        ({"meter_id": "U1"}, everything, "connected"),
        ({}, everything, "covered_spare"),
        ({}, everything[1:], "reachable"),
        ({}, [everything[1], away], "planned"),
        ({}, [pipe(50_000, 50_100), away], "not_covered"),
    ]
    found = [rung(house, *networks, scenario=near)["coverage"] for house, networks, _ in steps]
    assert found == [said for *_, said in steps]
    order = [RUNGS.index(said) for said in found]
    assert order == sorted(order)


def test_no_distance_to_a_pipe_makes_a_place_reachable_before_the_bureau_has_set_a_reach():
    row = rung({}, pipe(2_900, 3_100, year_built=1998.0), {"geometry": square(60_000)})
    assert (row["coverage"], row["reading_line"], row["reading_declared"]) == ("not_covered", "review", "no")
    assert (row["main_id"], row["main_dn_mm"], row["main_year"]) == ("N1", 300.0, 1998.0)
    assert row["main_distance_m"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("main", "scenario", "said"),
    [
        ({}, {}, "reachable"),
        ({"medium": "steam"}, {}, "not_covered"),
        ({"status": "planned"}, {}, "not_covered"),
        ({}, {"tap_min_dn_mm": 300.0}, "reachable"),
        ({}, {"tap_min_dn_mm": 301.0}, "not_covered"),
        ({"dn_mm": None}, {"tap_min_dn_mm": 100.0}, "doubtful"),
        ({"dn_mm": None}, {}, "reachable"),
        ({"medium": "unknown"}, {}, "doubtful"),
        ({"status": "unknown"}, {}, "doubtful"),
        ({"valid_to": "2020"}, {"as_of": "2026-01-01"}, "not_covered"),
        ({"valid_to": "2020"}, {}, "doubtful"),
    ],
)
def test_a_main_may_be_tapped_if_it_runs_with_hot_water_and_is_wide_enough(main, scenario, said):
    scenario = Scenario(tap_reach_m=100.0, **scenario)
    assert rung({}, pipe(2_900, 3_100, **main), {"geometry": square(60_000)}, scenario=scenario)["coverage"] == said


def test_a_plant_that_is_short_makes_its_area_short():
    area = {"plant_id": "P1", "spare_heat_mw": 50.0}
    for spare, said in ((0.0, "covered_full"), (None, "covered_spare"), (80.0, "covered_spare")):
        assert rung({}, area, plants=units({"spare_heat_mw": spare}))["coverage"] == said
    unsaid = area | {"spare_heat_mw": None}
    assert rung({}, unsaid, plants=units({"spare_heat_mw": 80.0}))["coverage"] == "covered_unstated"
    assert rung({}, unsaid, plants=units({"spare_heat_mw": 0.0}))["coverage"] == "covered_full"


def test_a_need_that_is_not_known_is_not_called_covered_with_spare_heat():
    assert rung({}, {}, need_mw=math.nan)["coverage"] == "covered_unstated"


def test_the_earliest_plan_that_holds_a_place_is_told():
    plans = [{"status": "planned", "year_planned": year} for year in (2027.0, 2025.0, None)]
    row = rung({}, *plans, {"geometry": square(60_000)})
    assert (row["planned_year"], row["coverage_network_id"]) == (2025.0, "N2")


@pytest.mark.parametrize(
    ("term", "day", "said"),
    [
        ({"valid_to": "2025"}, "2025-12-31", "covered_spare"),
        ({"valid_to": "2025"}, "2026-01-01", "doubtful"),
        ({"valid_to": "2025-06"}, "2025-06-30", "covered_spare"),
        ({"valid_to": "2025-06-15"}, "2025-06-16", "doubtful"),
        ({"valid_from": "2026"}, "2025-12-31", "doubtful"),
        ({"valid_from": "2026"}, "2026-01-01", "covered_spare"),
        ({"valid_to": "2020"}, None, "doubtful"),
        ({"valid_to": "unknown"}, "2026-01-01", "doubtful"),
        ({"valid_from": "unknown", "valid_to": "2020"}, "2026-01-01", "doubtful"),
        ({}, None, "covered_spare"),
    ],
)
def test_a_declaration_counts_while_it_is_in_force(term, day, said):
    row = rung({}, term, scenario=Scenario(as_of=day))
    assert row["coverage"] == said
    assert (row["coverage_basis"] in ("expired", "not_yet", "term_open")) == (said == "doubtful")
    assert row["coverage_network_id"] == "N1"


@given(year=st.integers(2000, 2030), month=st.integers(1, 12), day=st.integers(1, 28), part=st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_a_term_holds_from_its_first_day_to_its_last(year, month, day, part):
    said = "-".join([f"{year}", f"{month:02d}", f"{day:02d}"][:part])
    period = pd.Period(said, freq={1: "Y", 2: "M", 3: "D"}[part])
    for offset in (-1, 0, 1):
        for moment in (period.start_time, period.end_time):
            today = moment + pd.Timedelta(days=offset)
            on = today.strftime("%Y-%m-%d")
            assert (terms(pd.DataFrame({"valid_from": [said]}), on)[0] == "") == (
                today.normalize() >= period.start_time
            )
            assert (terms(pd.DataFrame({"valid_to": [said]}), on)[0] == "") == (today <= period.end_time)


def test_terms_are_looked_for():
    assert not has_terms(None)
    assert not has_terms(areas({}))
    assert has_terms(areas({"valid_to": "2025"}))


MIDDLE = gpd.GeoSeries([at(3_000)], crs=STORED).to_crs(LOCAL).iloc[0]


def across(margins, **said):
    """Return boilers at distances from the edge of the 400 m square round 3 km [m], positive inside."""
    points = [shapely.Point(MIDDLE.x + 200.0 - margin, MIDDLE.y) for margin in margins]
    places = gpd.GeoSeries(points, crs=LOCAL).to_crs(STORED)
    return boilers(*({"geometry": point} | said for point in places))


@pytest.mark.parametrize("own", [5.0, 20.0])
@pytest.mark.parametrize("theirs", [None, 30.0])
def test_the_probability_is_the_normal_one_of_both_uncertainties(own, theirs):
    margins = np.linspace(-120.0, 120.0, 49)
    found = rungs(across(margins, position_sigma_m=own), areas({"position_sigma_m": theirs}))
    sigma = math.hypot(own, theirs) if theirs else max(own, Scenario().review_band_m / norm.ppf(SURE))
    np.testing.assert_allclose(found["p_covered"], norm.cdf(margins, scale=sigma), atol=1e-6)
    np.testing.assert_allclose(found["coverage_margin_m"], margins, atol=1e-3)
    inside, outside = found["p_covered"] >= SURE, found["p_covered"] <= 1 - SURE
    assert (found.loc[inside, "coverage"] == "covered_spare").all()
    assert (found.loc[outside, "coverage"] == "not_covered").all()
    between = found.loc[~inside & ~outside]
    assert len(between)
    said = between[["coverage", "coverage_basis", "reading_declared"]].drop_duplicates()
    assert said.to_numpy().tolist() == [["doubtful", "edge", "review"]]


def test_an_unknown_accuracy_doubts_as_far_as_the_review_band():
    margins = np.array([-51.0, -49.0, 49.0, 51.0])
    found = rungs(across(margins, position_sigma_m=None), areas({}), Scenario(review_band_m=50.0))
    assert found["coverage"].tolist() == ["not_covered", "doubtful", "doubtful", "covered_spare"]


def test_an_exact_position_is_never_in_doubt():
    found = rungs(across([-0.01, 0.01], position_sigma_m=0.0), areas({"position_sigma_m": 0.0}))
    assert found["coverage"].tolist() == ["not_covered", "covered_spare"]
    assert probability(np.array([0.0]), np.array([0.0])).tolist() == [1.0]


def test_r4_and_the_ladder_agree_on_who_is_inside():
    margins = np.linspace(-100.0, 100.0, 81)
    for sigma in (None, 0.0, 12.0):
        places = across(margins, position_sigma_m=sigma)
        for term in ({}, {"valid_to": "2020"}):
            scenario, networks = Scenario(as_of="2026-01-01"), areas({"position_sigma_m": 9.0} | term)
            rule = judged(scenario, boilers=places, networks=networks)["in_service_area"]
            assert rule.tolist() == rungs(places, networks, scenario)["reading_declared"].tolist()


def test_footprints_reach_a_main_by_their_edge_and_the_nearest_is_found_among_many():
    rng = np.random.default_rng(3)
    shapes = [
        square(float(rng.uniform(0, 6_000)), float(rng.uniform(5, 300)), bearing=float(rng.uniform(70, 90)))
        for _ in range(80)
    ]
    pipes = [pipe(float(a), float(a) + 400.0) for a in rng.uniform(0, 6_000, 12)]
    networks, frame = areas(*pipes), buildings(*(HOUSE | {"geometry": shape} for shape in shapes))
    reach = 150.0
    found = rungs(frame, networks, Scenario(tap_reach_m=reach))
    lines = networks.to_crs(LOCAL).geometry
    every = np.array([[shape.distance(line) for line in lines] for shape in frame.to_crs(LOCAL).geometry])
    exact = every.min(axis=1)
    assert ((found["main_distance_m"] <= reach) == (exact <= reach)).all()
    np.testing.assert_allclose(found["main_distance_m"][exact <= reach], exact[exact <= reach], atol=1e-6)
    assert (found["main_distance_m"] >= exact - 1e-6).all()
    told = found["main_id"].str[1:].astype(int) - 1
    np.testing.assert_allclose(every[np.arange(len(every)), told], found["main_distance_m"], atol=1e-6)


def test_every_place_has_one_rung_whatever_its_order():
    rng = np.random.default_rng(5)
    rows = [
        HOUSE
        | {
            "geometry": square(float(rng.uniform(2_000, 4_000)), 20.0),
            "heat_source": str(rng.choice(["loose_coal", "chp", "unknown"])),
            "meter_id": rng.choice(["U", None]),
        }
        for _ in range(60)
    ]
    networks = areas({}, {"status": "planned", "geometry": square(2_500)}, pipe(3_200, 3_900), {"valid_to": "2020"})
    frame, scenario = buildings(*rows), Scenario(tap_reach_m=80.0, as_of="2026-01-01")
    found = rungs(frame, networks, scenario)
    assert list(found) == list(COLUMNS)
    assert set(found["coverage"]) <= set(RUNGS)
    order = rng.permutation(len(frame))
    mixed = rungs(frame.iloc[order], networks.iloc[::-1], scenario)
    pd.testing.assert_frame_equal(mixed.loc[frame.index], found)
    assert len(rungs(frame.iloc[:0], networks, scenario)) == 0
    assert len(rungs(frame.iloc[:0])) == 0


def test_the_taxonomy_says_of_every_source_whether_only_a_network_delivers_it():
    table = parameters.table("heat_sources")
    assert set(table["network_fed"]) == {"yes", "no", "unknown"}
    assert set(table.index[table["network_fed"] == "yes"]) == {
        "chp",
        "large_coal_ultra_low",
        "waste_heat",
        "waste_chp",
        "nuclear",
    }


@pytest.mark.parametrize(
    ("medium", "area", "said", "basis"),
    [
        ("hot_water", "hot_water", "covered_spare", "declared"),
        ("steam", "steam", "covered_spare", "declared"),
        ("steam", "hot_water", "covered_full", "other_medium"),
        ("unknown", "hot_water", "covered_unstated", "medium_unknown"),
        ("hot_water", "unknown", "covered_unstated", "medium_unknown"),
    ],
)
def test_a_steam_boiler_does_not_go_on_hot_water(medium, area, said, basis):
    row = rungs(boilers({"medium": medium}), areas({"medium": area})).iloc[0]
    assert (row["coverage"], row["coverage_basis"]) == (said, basis)
    away = rungs(boilers({"medium": medium, "geometry": at(9_000)}), areas({"medium": area})).iloc[0]
    assert (away["coverage"], away["coverage_basis"]) == ("not_covered", "outside")


def test_a_plan_is_a_plan_until_its_term_is_over():
    away, day = {"geometry": square(60_000)}, Scenario(as_of="2026-01-01")
    plan = {"status": "planned", "year_planned": 2028.0}
    for term, said in (({"valid_from": "2027"}, "planned"), ({"valid_to": "2025"}, "not_covered"), ({}, "planned")):
        assert rung({}, plan | term, away, scenario=day)["coverage"] == said
    assert rung({}, plan | {"valid_to": "2020"}, away)["coverage"] == "planned", "no day is set"


@pytest.mark.parametrize(
    ("term", "day", "missing"),
    [
        ({"valid_to": "2020"}, "2026-01-01", "expired"),
        ({"valid_from": "2027"}, "2026-01-01", "not_yet"),
        ({"valid_to": "2020"}, None, "term_open"),
        ({"valid_to": "unknown"}, "2026-01-01", "term_open"),
    ],
)
def test_the_rule_on_coverage_names_the_term_that_leaves_it_open(term, day, missing):
    row = verdict(Scenario(as_of=day), networks=areas(term), plants=units({"is_chp": False}))
    assert (row["in_service_area"], row["network_id"]) == ("review", "N1")
    assert missing in row["missing"].split(";")
    planned = verdict(Scenario(as_of=day), networks=areas(term | {"status": "planned"}, {"geometry": square(60_000)}))
    assert planned["in_service_area"] == "no"
    assert (planned["planned_network_id"] is not pd.NA) == (missing != "expired")


def test_the_area_whose_edge_is_nearest_says_how_well_the_edge_is_known():
    # the place lies in both; the edge of coverage near it is that of the large, roughly drawn one
    small, large = {"position_sigma_m": 1.0, "geometry": square(3_000, 100.0)}, {"position_sigma_m": 80.0}
    exact = {"geometry": at(3_000), "position_sigma_m": 0.0}
    found = rungs(boilers(exact), areas(small, large)).iloc[0]
    assert found["p_covered"] == pytest.approx(norm.cdf(200.0, scale=80.0), abs=1e-3)
    inverse = rungs(boilers(exact), areas(small | {"position_sigma_m": 80.0}, large | {"position_sigma_m": 1.0}))
    assert inverse["p_covered"].iloc[0] == pytest.approx(1.0)


def test_a_plan_and_a_main_have_an_accuracy_of_their_own():
    plan = {"status": "planned", "position_sigma_m": 5.0}
    exact = across([20.0], position_sigma_m=0.0)
    assert (
        rungs(exact, areas(plan, {"geometry": square(60_000), "position_sigma_m": 200.0}))["coverage"].iloc[0]
        == "planned"
    )
    rough = rungs(
        exact, areas(plan | {"position_sigma_m": 50.0}, {"geometry": square(60_000), "position_sigma_m": 0.0})
    )
    assert rough[["coverage", "coverage_basis"]].iloc[0].tolist() == ["doubtful", "plan_edge"]
    away, reach = {"geometry": square(60_000), "position_sigma_m": 0.0}, Scenario(tap_reach_m=100.0)
    place = boilers({"geometry": at(3_090, 80.0), "position_sigma_m": 0.0})
    for sigma, said in ((1.0, ["reachable", "main"]), (60.0, ["doubtful", "main_edge"])):
        main = pipe(2_000, 3_000, position_sigma_m=sigma)
        assert rungs(place, areas(main, away), reach)[["coverage", "coverage_basis"]].iloc[0].tolist() == said


def test_without_mains_a_reach_says_nothing():
    row = rung({}, {"geometry": square(60_000)}, scenario=Scenario(tap_reach_m=100.0))
    assert (row["coverage"], row["coverage_basis"], row["reading_line"]) == ("doubtful", "no_mains", "review")
    assert row["reading_declared"] == "no"


def test_a_steam_boiler_is_not_reached_by_a_hot_water_main():
    networks = areas(pipe(2_900, 3_100), {"geometry": square(60_000)})
    found = rungs(boilers({"medium": "steam"}, {"medium": "hot_water"}), networks, Scenario(tap_reach_m=100.0))
    assert found["coverage"].tolist() == ["doubtful", "reachable"]
    assert found["coverage_basis"].tolist() == ["main_medium", "main"]


def test_a_plant_that_does_not_run_leaves_its_area_open_and_the_reason_is_told():
    area = {"plant_id": "P1", "spare_heat_mw": 50.0}
    for said, wanted in (
        ({"spare_heat_mw": 0.0}, ["covered_full", "plant_short"]),
        ({"status": "retired"}, ["covered_unstated", "plant_at_rest"]),
        ({"plant_id": "P9"}, ["covered_spare", "declared"]),
    ):
        assert rung({}, area, plants=units(said))[["coverage", "coverage_basis"]].tolist() == wanted
    short = verdict(networks=areas(area), plants=units({"spare_heat_mw": 0.0}))
    assert (short["verdict"], short["supply_assured"], short["supply_missing"]) == ("R4", "no", "network_spare")


@pytest.mark.parametrize(
    ("stations", "wanted"),
    [
        ([0.05], ["covered_full", "stations_short"]),
        ([0.05, 0.02], ["covered_full", "stations_short"]),
        ([0.05, 0.06], ["covered_spare", "declared"]),
        ([0.05, None], ["covered_spare", "declared"]),
        ([], ["covered_spare", "declared"]),
    ],
)
def test_substations_that_all_state_too_little_take_the_word_of_their_area_away(stations, wanted):
    rows = [station(spare_heat_mw=mw, geometry=at(2_950 + 20 * nth)) for nth, mw in enumerate(stations)]
    assert rung({}, {"spare_heat_mw": 50.0}, *rows)[["coverage", "coverage_basis"]].tolist() == wanted


def test_substations_elsewhere_or_not_yet_built_say_nothing():
    rows = [station(spare_heat_mw=0.0, geometry=at(9_000)), station(spare_heat_mw=0.0, status="planned")]
    assert rung({}, {"spare_heat_mw": 50.0}, *rows)["coverage"] == "covered_spare"


def test_near_the_border_of_two_areas_either_may_serve():
    west, east = halves()
    rich = {"geometry": west, "position_sigma_m": 0.0}
    poor = {"geometry": east, "spare_heat_mw": 0.0, "position_sigma_m": 0.0}
    frame = across_border((-60, -5, 5, 60))
    found = rungs(frame, areas(rich, poor))
    assert found["coverage"].tolist() == ["covered_spare", "covered_unstated", "covered_unstated", "covered_full"]
    assert found["coverage_basis"].tolist() == ["declared", "neighbour_spare", "neighbour_spare", "declared"]
    alike = rungs(frame, areas(rich, poor | {"spare_heat_mw": 90.0}))
    assert (alike["coverage"] == "covered_spare").all()
    inner = {"geometry": square(3_000, 900.0), "position_sigma_m": 0.0}
    assert (rungs(frame, areas(rich, poor, inner))["coverage"] == "covered_spare").all(), "one holds them all surely"


@pytest.mark.parametrize(
    ("term", "day", "word"),
    [
        ({"status": "unknown"}, None, "status_unknown"),
        ({"valid_to": "2025"}, "2026-11-23", "expired"),
        ({"valid_from": "2027"}, "2026-11-23", "not_yet"),
        ({"valid_to": "2025"}, None, "term_open"),
    ],
)
def test_an_area_of_open_standing_doubts_as_far_outside_as_one_in_force(term, day, word):
    places, away = across([-60.0, -20.0, -1.0, 1.0, 20.0]), {"geometry": square(60_000)}
    open_one = rungs(places, areas(term, away), Scenario(as_of=day))
    assert open_one["coverage_basis"].tolist() == ["outside", *[word] * 4]
    assert open_one["coverage"].tolist() == ["not_covered", *["doubtful"] * 4]
    assert open_one["coverage_network_id"].fillna("").tolist() == ["", *["N1"] * 4]
    np.testing.assert_allclose(open_one["coverage_margin_m"].iloc[1:], [-20.0, -1.0, 1.0, 20.0], atol=1e-3)
    assert open_one["p_covered"].iloc[1:].between(0.05, 1.0).all(), "the figures are those of the area that is named"
    rows = judged(Scenario(as_of=day), boilers=places.assign(capacity_t_h=50.0), networks=areas(term, away))
    assert rows["in_service_area"].tolist() == ["no", *["review"] * 4]
    assert (rows["verdict"].iloc[1:] != "R6").all(), "nobody may say that the Plan asks nothing"


def test_near_the_border_of_two_media_neither_is_claimed():
    west, east = ({"geometry": shape, "position_sigma_m": 0.0} for shape in halves())
    frame = across_border((-60, -5, 5, 60))
    found = rungs(frame, areas(west | {"medium": "steam"}, east))
    assert found["coverage"].tolist() == ["covered_full", "covered_unstated", "covered_unstated", "covered_spare"]
    assert found["coverage_basis"].tolist() == ["other_medium", "neighbour_spare", "neighbour_spare", "declared"]


def halves():
    """Return two areas that meet in a line through the middle."""
    shapes = [shapely.box(x, MIDDLE.y - 500, x + 500, MIDDLE.y + 500) for x in (MIDDLE.x - 500, MIDDLE.x)]
    return list(gpd.GeoSeries(shapes, crs=LOCAL).to_crs(STORED))


def across_border(offsets):
    points = gpd.GeoSeries([shapely.Point(MIDDLE.x + dx, MIDDLE.y) for dx in offsets], crs=LOCAL).to_crs(STORED)
    return boilers(*({"geometry": point, "position_sigma_m": 10.0} for point in points))


def test_a_substation_that_no_list_has_connects_nobody():
    station = {"kind": "substation", "geometry": at(3_100), "network_id": "S1"}
    away = {"geometry": square(60_000)}
    found = [rung({"substation_id": name}, station, away) for name in ("S1", "S9")]
    assert [row["coverage"] for row in found] == ["connected", "doubtful"]
    for status in ("planned", "unknown"):
        assert rung({"substation_id": "S1"}, station | {"status": status}, away)["coverage_basis"] == "unlisted"
    assert found[1]["coverage_basis"] == "unlisted"
    assert rung({"substation_id": "S9", "meter_id": "U1"}, station, away)["coverage_basis"] == "billing"
    assert rung({"substation_id": "S9"}, station)["coverage"] == "doubtful"


@pytest.mark.parametrize(
    "said", [{"as_of": "2026-02-30"}, {"as_of": "２０２６-０１-０１"}, {"tap_reach_m": 0.5}, {"tap_min_dn_mm": 10.0}]
)
def test_a_reading_that_the_page_cannot_show_is_no_scenario(said):
    with pytest.raises(ValueError, match=next(iter(said))):
        Scenario(**said)


def streets(*lines):
    shapes = [shapely.LineString([at(*place) for place in line]) for line in lines]
    names = {"street_id": [f"R{nth}" for nth in range(len(lines))], "name": None}
    return gpd.GeoDataFrame(names, geometry=shapes, crs=STORED)


AROUND = [(3_000, 80), (3_000, 90), (3_300, 90), (3_300, 80)]
FAR = {"geometry": square(60_000)}


def rung_by(scenario, *lines, pipes=None):
    found = {"networks": areas(FAR, *([pipe(3_300, 3_400)] if pipes is None else pipes))}
    found |= {"streets": streets(*lines)} if lines else {}
    local = buildings(HOUSE).to_crs(LOCAL)
    return rungs_of(local, layers_of(**found), scenario, np.array([0.1])).iloc[0]


@pytest.mark.parametrize(
    ("reach", "by_line", "by_street"), [(100.0, "no", "no"), (700.0, "yes", "no"), (3_000.0, "yes", "yes")]
)
def test_the_way_along_streets_is_a_reading_of_its_own(reach, by_line, by_street):
    told = {along: rung_by(Scenario(tap_reach_m=reach, reach_along=along), AROUND) for along in ("line", "street")}
    for along, row in told.items():
        assert (row["reading_line"], row["reading_street"]) == (by_line, by_street)
        decides = by_line if along == "line" else by_street
        assert row["coverage"] == ("reachable" if decides == "yes" else "not_covered")
        assert row["main_distance_m"] == pytest.approx(290.0, abs=15)
        chord = 2 * np.sin(np.radians(5))
        assert row["street_distance_m"] == pytest.approx(chord * (3_000 + 3_300) + 300, abs=25)
        assert row["main_id"] == row["street_main_id"]
        assert pd.isna(row["coverage_network_id"]) == (decides != "yes")


def test_where_no_way_leads_or_no_streets_are_given_the_reading_stays_open():
    cut = AROUND[:2]
    for lines, why in (([cut], "no_way"), ([], "no_streets")):
        row = rung_by(Scenario(tap_reach_m=700.0, reach_along="street"), *lines)
        assert (row["coverage"], row["coverage_basis"], row["reading_street"]) == ("doubtful", why, "review")
        assert row["reading_line"] == "yes"
        assert math.isnan(row["street_distance_m"])
        assert pd.isna(row["street_main_id"])
        unset = rung_by(Scenario(reach_along="street"), *lines)
        assert (unset["coverage"], unset["reading_street"]) == ("not_covered", "review")


def test_a_main_that_may_not_be_tapped_leads_no_way():
    planned = rung_by(Scenario(tap_reach_m=3_000.0), AROUND, pipes=[pipe(3_300, 3_400, status="planned")])
    assert (planned["reading_line"], planned["reading_street"]) == ("no", "no")
    unknown = rung_by(Scenario(tap_reach_m=3_000.0), AROUND, pipes=[pipe(3_300, 3_400, status="unknown")])
    assert (unknown["reading_line"], unknown["reading_street"]) == ("review", "review")
