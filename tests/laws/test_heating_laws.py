"""What has to hold for every boiler, plant and building: knowledge only resolves, and nothing unknown is a yes."""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heating import boilers, plants, rates
from heating.scenario import Scenario
from heating.verdicts import BoilerFacts
from tests.heating.heating_samples import FACTS, areas, at, judged, square, units
from tests.heating.heating_samples import boilers as ledger_of

DEFAULT = Scenario()
SIZES = (10.0, 34.9, 35.0, 50.0, 65.0, 90.0)
KNOWN = {
    "capacity_t_h": SIZES,
    "fuel": ("coal", "gas"),
    "duty": ("heating", "power"),
    "status": ("operating", "standby", "retired"),
    **dict.fromkeys(
        ("backup", "peaking", "ultra_low", "in_city", "in_network", "in_radius", "plant_spare"), ("yes", "no")
    ),
}
BLANK = {"capacity_t_h": math.nan, "fuel": "unknown", "duty": "unknown", "status": "unknown"}
UNKNOWN = {name: BLANK.get(name, "review") for name in KNOWN}

definite = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in KNOWN.items()})
hidden = st.sets(st.sampled_from(list(KNOWN)), max_size=4)
readings = st.builds(
    Scenario, include_35=st.booleans(), backup_exempt_from_radius=st.booleans(), power_boilers_count=st.booleans()
)


def clauses(told, scenario, *, small_chp):
    """Say what each clause says of a boiler of which everything is known, in plain logic."""
    size = told["capacity_t_h"]
    yes = {name: told[name] == "yes" for name in KNOWN}
    small = size < 35 or (scenario.include_35 and size == 35)
    burning = told["fuel"] == "coal" and told["status"] != "retired" and yes["in_city"]
    industrial = told["duty"] != "power" or scenario.power_boilers_count
    excepted = yes["backup"] or yes["peaking"]
    near = yes["in_radius"] and yes["plant_spare"]
    return {
        "R1": burning and size >= 65 and not yes["ultra_low"],
        "R2": burning and industrial and small and not excepted,
        "R3": burning and (industrial or small_chp) and near and not (excepted and scenario.backup_exempt_from_radius),
        "R4": burning and industrial and yes["in_network"],
        "R6": burning and industrial and not small and size < 65 and not yes["in_network"] and not yes["in_radius"],
    }


def states(told, scenario):
    known = dataclasses.replace(FACTS, **told)
    return {rule: boilers.RULES[rule](known, scenario).state for rule in boilers.RULES}


@settings(max_examples=60, deadline=None)
@given(told=definite, hide=hidden, scenario=readings)
def test_a_rule_is_settled_only_if_every_possible_fact_agrees(told, hide, scenario):
    said = states(told | {name: UNKNOWN[name] for name in hide}, scenario)
    choices = [KNOWN[name] if name in hide else (told[name],) for name in KNOWN]
    possible = {rule: set() for rule in said}
    for values in itertools.product(*choices):
        for small_chp in (True, False):
            for rule, applies in clauses(dict(zip(KNOWN, values, strict=True)), scenario, small_chp=small_chp).items():
                possible[rule].add(applies)
    for rule, state in said.items():
        if state != "review":
            assert possible[rule] == {state == "yes"}, rule
        elif not hide:
            assert possible[rule] == {True, False}, rule


@settings(max_examples=80, deadline=None)
@given(told=definite, hide=hidden, scenario=readings)
def test_a_fact_more_only_resolves_reviews(told, hide, scenario):
    before = states(told | {name: UNKNOWN[name] for name in hide}, scenario)
    for name in hide:
        after = states(told | {other: UNKNOWN[other] for other in hide - {name}}, scenario)
        for rule in before:
            assert before[rule] in ("review", after[rule]), (rule, name)


@settings(max_examples=80, deadline=None)
@given(told=definite, hide=hidden, scenario=readings)
def test_a_review_says_what_it_misses_and_a_settled_rule_misses_nothing(told, hide, scenario):
    known = dataclasses.replace(FACTS, **(told | {name: UNKNOWN[name] for name in hide}), plant_doubt=("plant_spare",))
    for finding in boilers.findings(known, scenario):
        assert bool(finding.missing) == (finding.state == "review"), finding


@settings(max_examples=80, deadline=None)
@given(told=definite, scenario=readings)
def test_a_larger_boiler_leaves_r2_and_enters_r1(told, scenario):
    grown = [states(told | {"capacity_t_h": size}, scenario) for size in SIZES]
    for small, large in itertools.pairwise(grown):
        assert not (small["R2"] == "no" and large["R2"] == "yes")
        assert not (small["R1"] == "yes" and large["R1"] == "no")
        assert (small["R3"], small["R4"]) == (large["R3"], large["R4"])


@settings(max_examples=80, deadline=None)
@given(told=definite, hide=hidden, scenario=readings)
def test_removal_is_never_called_assured_on_unknown_heat(told, hide, scenario):
    known = dataclasses.replace(FACTS, **(told | {name: UNKNOWN[name] for name in hide}))
    row = boilers.verdicts([known], boilers.rulings([known], scenario), index=[0]).iloc[0]
    if row["supply_assured"] == "yes":
        assert row["leading_rule"] in ("R3", "R4")
        assert "yes" in (known.plant_spare, known.network_spare)
        assert row["supply_missing"] == ""


FLAG = st.sampled_from([True, False, None])
unit = st.fixed_dictionaries(
    {
        "capacity_mw": st.sampled_from([100.0, 150.0, 300.0, math.nan]),
        "is_chp": FLAG,
        "is_captive": FLAG,
        "status": st.sampled_from(["operating", "retired", "unknown"]),
        "spare_heat_mw": st.sampled_from([-5.0, 50.0, math.nan]),
    }
)


def filled(row, draw):
    """Return the unit with every unknown replaced by a fact."""
    done = dict(row)
    for name, choices in {"is_chp": (True, False), "is_captive": (True, False)}.items():
        done[name] = draw.draw(st.sampled_from(choices)) if row[name] is None else row[name]
    if math.isnan(row["capacity_mw"]):
        done["capacity_mw"] = draw.draw(st.sampled_from([1.0, 300.0, 900.0]))
    if row["status"] == "unknown":
        done["status"] = draw.draw(st.sampled_from(["operating", "retired"]))
    return done


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(unit, min_size=1, max_size=4), reading=st.sampled_from(["plant", "unit"]), draw=st.data())
def test_knowing_more_of_a_plant_only_resolves(rows, reading, draw):
    scenario = Scenario(plant_reading=reading)
    before = plants.plant_states(units(*rows), scenario)["qualifies"].iloc[0]
    after = plants.plant_states(units(*(filled(row, draw) for row in rows)), scenario)["qualifies"].iloc[0]
    assert after != "review"
    assert before in ("review", after)


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(unit, min_size=1, max_size=4))
def test_the_unit_reading_never_admits_more(rows):
    frame = units(*rows)
    wide = plants.plant_states(frame, Scenario())["qualifies"].iloc[0]
    narrow = plants.plant_states(frame, Scenario(plant_reading="unit"))["qualifies"].iloc[0]
    order = ("no", "review", "yes")
    assert order.index(narrow) <= order.index(wide)


def test_toward_a_plant_the_radius_goes_from_no_by_review_to_yes():
    distances = [*np.linspace(20_000.0, 0.0, 81).tolist(), 15_060.0, 15_030.0, 14_970.0, 14_940.0]
    distances.sort(reverse=True)
    rows = [{"geometry": at(metres), "position_sigma_m": 12.0} for metres in distances]
    said = judged(boilers=ledger_of(*rows), plants=units({}))["within_radius"]
    assert list(said) == sorted(said, key=("no", "review", "yes").index)
    assert set(said) == {"no", "review", "yes"}


@pytest.fixture(scope="module")
def town():
    rng = np.random.default_rng(11)
    rows = []
    for _ in range(140):
        row = {"geometry": at(float(rng.uniform(0, 24_000)), float(rng.choice([80.0, 200.0])))}
        row |= {
            "capacity_t_h": float(rng.choice([10, 20, 35, 50, 65, 80, np.nan])),
            "fuel": _pick(rng, "coal", "coal", "gas"),
        }
        row |= {name: _pick(rng, True, False, None) for name in ("is_backup", "is_peaking", "is_ultra_low")}
        row |= {"duty": _pick(rng, "heating", "power", "unknown"), "medium": _pick(rng, "hot_water", "steam")}
        row |= {
            "name": _pick(rng, "甲", "乙", None),
            "status": _pick(rng, "operating", "operating", "retired", "unknown"),
        }
        rows.append(row)
    centres = units(
        {"plant_id": "A", "spare_heat_mw": 90.0},
        {"plant_id": "B", "geometry": at(9_000.0), "is_chp": None},
        {"plant_id": "C", "geometry": at(12_000.0, 200.0), "is_captive": True, "capacity_mw": 150.0},
        {"plant_id": "C", "geometry": at(12_000.0, 200.0), "is_captive": True, "capacity_mw": 150.0},
    )
    network = [{"geometry": square(metres, 2_000.0)} for metres in (2_000.0, 2_500.0, 8_000.0)]
    nets = areas(network[0], network[1] | {"spare_heat_mw": 20.0}, network[2] | {"medium": "steam"})
    return {"boilers": ledger_of(*rows), "plants": centres, "networks": nets}


def _pick(rng, *values):
    return values[int(rng.integers(len(values)))]


def test_the_order_of_rows_does_not_matter(town):
    rng = np.random.default_rng(5)
    plain = judged(**town).set_index("boiler_id")
    for _ in range(3):
        mixed = {name: frame.iloc[rng.permutation(len(frame))].reset_index(drop=True) for name, frame in town.items()}
        found = judged(**mixed).set_index("boiler_id").loc[plain.index]
        pd.testing.assert_frame_equal(
            pd.DataFrame(found.drop(columns=["geometry"])), pd.DataFrame(plain.drop(columns=["geometry"]))
        )


def changed(town, scenario):
    before, after = judged(**town), judged(scenario, **town)
    columns = ["rules_hit", "rules_open", "verdict"]
    return before[(before[columns] != after[columns]).any(axis=1)]


@pytest.mark.parametrize(
    ("switch", "only"),
    [
        ({"include_35": True}, lambda rows: rows["capacity_t_h"] == 35.0),
        ({"power_boilers_count": True}, lambda rows: rows["duty"] != "heating"),
        (
            {"backup_exempt_from_radius": False},
            lambda rows: rows[["is_backup", "is_peaking"]].ne(False).fillna(True).any(axis=1),
        ),
        ({"distance_from": "point"}, lambda rows: rows["fuel"] == "none"),
        ({"plant_reading": "unit"}, lambda rows: rows["fuel"] == "none"),
        ({"captive_counts": True}, lambda rows: rows["fuel"] == "coal"),
        ({"target_rural": 0.1, "fringe_as_urban": True}, lambda rows: rows["fuel"] == "none"),
    ],
)
def test_a_switch_changes_only_what_it_says(town, switch, only):
    rows = changed(town, Scenario(**switch))
    assert only(rows).all()
    if switch.keys() & {"include_35", "power_boilers_count", "backup_exempt_from_radius", "captive_counts"}:
        assert len(rows)


AREA = st.floats(1.0, 1e4)
buildings = st.lists(
    st.tuples(
        st.sampled_from(["urban", "rural"]), st.sampled_from(["clean", "not_clean", "unknown", "not_heated"]), AREA
    ),
    min_size=1,
    max_size=6,
)


def table(rows):
    frame = pd.DataFrame(rows, columns=["zone", "clean_heating", "area_m2"])
    frame = frame.assign(county_code="640202", households_used=frame["area_m2"] / 100, area_basis="floor_area")
    return rates.clean_heating(frame, DEFAULT).query("county_code == '640202'").set_index("zone")


@settings(max_examples=12, deadline=None)
@given(rows=buildings)
def test_the_interval_holds_every_possible_truth(rows):
    told = table(rows)
    doubtful = [nth for nth, row in enumerate(rows) if row[1] == "unknown"]
    for truth in itertools.product(("clean", "not_clean", "not_heated"), repeat=min(len(doubtful), 4)):
        real = [list(row) for row in rows]
        for nth, said in zip(doubtful, truth, strict=False):
            real[nth][1] = said
        for nth in doubtful[4:]:
            real[nth][1] = "not_clean"
        for zone, row in _plain(real).items():
            low, high = told.loc[zone, ["rate_low", "rate_high"]]
            assert low - 1e-12 <= row["rate"] <= high + 1e-12
            gap_low, gap_high = told.loc[zone, ["gap_low_m2", "gap_high_m2"]]
            assert gap_low - 1e-6 <= row["gap"] <= gap_high + 1e-6
            standing = told.loc[zone, "standing"]
            assert standing == "open" or standing == ("met" if row["rate"] >= row["target"] else "missed")


def _plain(rows):
    """Return rate and gap by zone, by hand."""
    done = {}
    for zone in {row[0] for row in rows}:
        clean = sum(row[2] for row in rows if row[0] == zone and row[1] == "clean")
        total = clean + sum(row[2] for row in rows if row[0] == zone and row[1] == "not_clean")
        if total:
            target = DEFAULT.target(zone)
            done[zone] = {"rate": clean / total, "gap": max(0.0, target * total - clean), "target": target}
    return done


@settings(max_examples=100, deadline=None)
@given(rate=st.floats(0.0, 1.0), target=st.sampled_from([1.0, 0.8, 0.6]))
def test_a_shown_percentage_never_reaches_a_target_that_is_missed(rate, target):
    shown = float(rates.shown_percent(rate).rstrip("%"))
    assert shown <= rate * 100 + 1e-9
    if rate < target:
        assert shown < target * 100


def test_facts_know_every_field_that_the_laws_vary():
    assert set(KNOWN) <= {field.name for field in dataclasses.fields(BoilerFacts)}
