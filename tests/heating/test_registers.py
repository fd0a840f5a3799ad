"""Registers of single clauses: every figure is the sum of its rows, what is not known stays open, edges are exact."""

import io
import math

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from heating_samples import areas, at, boilers, buildings, layers_of, units

from data.catalog import LANGUAGES, label, text
from data.schemas import schema
from geo.crs import STORED
from heating.assessment import assess
from heating.registers import ANSWERS, FIGURES, REGISTERS
from heating.registers.institutions import BASES
from heating.registers.new_buildings import is_new, plan_day
from heating.registers.pipes import AGES
from heating.registers.shape import share
from heating.registers.workbook import workbook
from heating.scenario import Scenario
from heating.supply_tables import plant_table

YEAR = 2026


def run(scenario=None, **frames):
    return assess(layers_of(**({"buildings": buildings({})} | frames)), scenario or Scenario())


def figure(register, name):
    return register.figures.set_index("register_figure").loc[name]


def pipe(**said):
    line = shapely.LineString([at(3_000), at(4_000)])
    return {"kind": "pipe", "geometry": line, "dn_mm": 300.0, "spare_heat_mw": None} | said


def institution(name, **said):
    whole = {"institution_id": name, "name": name, "institution_kind": "organ", "level": "county", "is_frugal": True}
    whole |= {"floor_area_m2": 1000.0, "people": 100.0, "energy_year": 2024.0, "energy_tce": 90.0}
    return whole | {"base_floor_area_m2": 1000.0, "base_people": 100.0, "base_energy_tce": 100.0} | said


def institutions(*rows):
    frame = pd.DataFrame([institution(f"I{nth}", **row) for nth, row in enumerate(rows)])
    frame["is_frugal"] = frame["is_frugal"].astype("boolean")
    for name in schema("institutions").columns:
        if name in frame and str(schema("institutions").columns[name].dtype).startswith("float"):
            frame[name] = frame[name].astype(float)
    return gpd.GeoDataFrame(frame, geometry=[at(3_000 + 10 * nth) for nth in range(len(rows))], crs=STORED)


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


@pytest.mark.parametrize("name", REGISTERS)
def test_every_register_of_the_demo_city_is_whole(done, name):
    register = REGISTERS[name](done, YEAR)
    assert len(register.rows)
    assert list(register.figures) == list(FIGURES)
    assert register.rows["register_id"].is_unique
    assert register.rows[register.colour_by].notna().all()
    assert set(register.rows[register.colour_by]) <= {*ANSWERS, *AGES}
    for language in LANGUAGES:
        assert text(f"registers.clause_{name}", language, day=plan_day())
        for code in register.figures["register_figure"]:
            assert label("figure", code, language) != code
        for note in register.notes:
            assert text(f"registers.note_{note}", language, count=1)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("ultra_low", ["ultra_low_boilers", "ultra_low_units"]),
        ("metering", ["metering_buildings"]),
        ("institutions", ["institutions_cut_m2"]),
    ],
)
def test_the_counts_of_the_figures_are_the_rows(done, name, figures):
    register = REGISTERS[name](done, YEAR)
    told = register.figures.set_index("register_figure").loc[figures]
    assert told[["amount_met", "amount_missed", "amount_open"]].to_numpy().sum() == len(register.rows)


@pytest.mark.parametrize("name", REGISTERS)
def test_without_data_a_register_is_empty_and_says_nothing(name):
    done = run(buildings=buildings({"heat_source": "loose_coal", "year_built": 2000.0}))
    register = REGISTERS[name](done, YEAR)
    assert register.rows.empty
    known = register.figures[["amount_met", "amount_missed", "amount_open"]]
    assert (known == 0).all(axis=None)
    assert set(register.figures["reached"]) <= {"none"}


@pytest.mark.parametrize(
    ("met", "missed", "unknown", "low", "high", "gaps"),
    [
        (8, 2, 0, 0.8, 0.8, (0, 0)),
        (7, 3, 0, 0.7, 0.7, (1, 1)),
        (7, 1, 2, 0.7, 0.9, (0, 1)),
        (2, 1, 0, 2 / 3, 2 / 3, (1, 1)),
        (0, 0, 0, math.nan, math.nan, (math.nan, math.nan)),
    ],
)
def test_shares_are_intervals_and_gaps_whole(met, missed, unknown, low, high, gaps):
    said = pd.Series(["met"] * met + ["missed"] * missed + ["open"] * unknown, dtype=object)
    told = share("x", said, pd.Series(np.ones(len(said))), unit="count", target=0.8)
    np.testing.assert_allclose([told["share_low"], told["share_high"]], [low, high])
    np.testing.assert_allclose([told["amount_gap_low"], told["amount_gap_high"]], gaps)


@pytest.mark.parametrize(
    ("built", "age"), [(2006, "old"), (2007, "aging"), (2011, "aging"), (2012, "younger"), (math.nan, "unknown")]
)
def test_pipes_come_of_age_on_the_year(built, age):
    done = run(networks=areas(pipe(year_built=float(built)), pipe(status="planned", year_built=1990.0), {}))
    register = REGISTERS["pipes"](done, YEAR)
    assert register.rows["pipe_age"].tolist() == [age]
    assert register.rows["length_km"].tolist() == pytest.approx([1.0], rel=2e-3)
    for other in AGES[:3]:
        row = figure(register, f"pipes_{other}")
        sure, possible = float(other == age), float(age in (other, "unknown"))
        assert (row["share_low"], row["share_high"]) == (sure, possible)
        assert row["reached"] == "none"


def test_renewal_is_counted_over_the_old_ones_alone():
    rows = [
        pipe(year_built=1990.0, year_renewal=2027.0),
        pipe(year_built=1991.0),
        pipe(year_built=2020.0, year_renewal=2030.0),
    ]
    row = figure(REGISTERS["pipes"](run(networks=areas(*rows)), YEAR), "pipes_renewal")
    assert (row["amount_met"], row["amount_missed"]) == pytest.approx((1.0, 1.0), rel=2e-3)


def test_metering_counts_the_homes_on_a_network():
    told = [True, False, None, True, True]
    rows = [{"household_metered": one, "households": 10.0, "heat_source": "chp"} for one in told[:3]]
    rows += [{"household_metered": True, "heat_source": "loose_coal"}, {"household_metered": True, "use": "school"}]
    register = REGISTERS["metering"](run(buildings=buildings(*rows)), YEAR)
    assert register.rows["fulfilled"].tolist() == ["met", "missed", "open"]
    row = figure(register, "metering_households")
    assert (row["amount_met"], row["amount_missed"], row["amount_open"]) == (10.0, 10.0, 10.0)
    assert (row["share_low"], row["share_high"]) == pytest.approx((1 / 3, 2 / 3))


@pytest.mark.parametrize(
    ("boiler", "said"),
    [
        ({"capacity_t_h": 65.0, "is_ultra_low": True}, ["met"]),
        ({"capacity_t_h": 65.0, "is_ultra_low": False}, ["missed"]),
        ({"capacity_t_h": 65.0, "is_ultra_low": None}, ["open"]),
        ({"capacity_t_h": 64.9, "is_ultra_low": False}, []),
        ({"capacity_t_h": None, "is_ultra_low": False}, ["open"]),
        ({"capacity_t_h": 70.0, "is_ultra_low": False, "fuel": "unknown"}, ["open"]),
        ({"capacity_t_h": 70.0, "is_ultra_low": False, "fuel": "gas"}, []),
        ({"capacity_t_h": 70.0, "is_ultra_low": False, "status": "retired"}, []),
    ],
)
def test_boilers_of_the_limit_must_be_ultra_low(boiler, said):
    register = REGISTERS["ultra_low"](run(boilers=boilers(boiler)), YEAR)
    assert register.rows["fulfilled"].tolist() == said


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ({"capacity_mw": 45.5, "is_ultra_low": False, "source_kind": "chp"}, ["missed"]),
        ({"capacity_mw": 45.5, "is_ultra_low": False}, ["open"]),
        ({"capacity_mw": 45.4, "is_ultra_low": False}, ["open"]),
        ({"capacity_mw": 330.0, "is_ultra_low": None}, ["open"]),
        ({"capacity_mw": 330.0, "is_ultra_low": True}, ["met"]),
        ({"capacity_mw": 330.0, "is_ultra_low": False, "status": "retired"}, []),
        ({"capacity_mw": 330.0, "is_ultra_low": False, "source_kind": "waste_heat"}, []),
    ],
)
def test_a_unit_gives_no_more_power_than_its_boiler_gives_heat(unit, said):
    assert REGISTERS["ultra_low"](run(plants=units(unit)), YEAR).rows["fulfilled"].tolist() == said


def test_the_register_misses_what_the_rule_finds(done):
    """Rule R1 finds the same boilers: both speak of the same clause."""
    rows = REGISTERS["ultra_low"](done, YEAR).rows
    rule = done.boiler_findings[done.boiler_findings["rule"] == "R1"].set_index("boiler_id")["state"]
    own = rows[rows["burner"] == "boiler"].set_index("register_id")["fulfilled"]
    assert set(own.index[own == "missed"]) == set(rule.index[rule == "yes"])
    assert set(own.index[own == "open"]) <= set(rule.index[rule == "review"])


def test_what_stands_outside_the_counties_is_counted_only(done):
    register = REGISTERS["ultra_low"](done, YEAR)
    whole = done.layers.frames["counties"].union_all()
    assert register.rows.intersects(whole).all()
    units_out = done.layers.frames["plants"]
    units_out = units_out[(units_out["status"] == "operating") & ~units_out.intersects(whole)]
    assert register.notes["ultra_low_outside"] >= len(units_out) > 0


def test_organs_at_county_level_count_and_others_do_not():
    rows = [{}, {"level": "city", "is_frugal": False}, {"level": "town"}, {"institution_kind": "school"}]
    rows += [{"level": "unknown"}, {"institution_kind": "unknown"}, {"is_frugal": None}]
    register = REGISTERS["institutions"](run(institutions=institutions(*rows)), YEAR)
    row = figure(register, "institutions_frugal")
    assert (row["amount_met"], row["amount_missed"], row["amount_open"]) == (1.0, 1.0, 1.0)
    assert register.notes["institutions_unclear"] == 2
    assert register.rows["frugal_counts"].tolist() == ["yes", "yes", "no", "no", "review", "review", "yes"]
    assert (row["share_target"], row["reached"]) == (0.8, "missed")


@pytest.mark.parametrize(("now", "standing"), [(94.0, "met"), (94.1, "missed"), (93.0, "met"), (math.nan, "none")])
def test_the_cut_is_that_of_the_sums(now, standing):
    register = REGISTERS["institutions"](run(institutions=institutions({"energy_tce": now})), YEAR)
    row = figure(register, "institutions_cut_m2")
    assert row["reached"] == standing
    np.testing.assert_allclose(row["share_low"], 1 - now / 100)


def test_a_cut_is_open_while_any_figure_is_missing():
    rows = [{"energy_tce": 50.0}, {"energy_tce": 100.0, "people": None}]
    register = REGISTERS["institutions"](run(institutions=institutions(*rows)), YEAR)
    assert figure(register, "institutions_cut_m2")["reached"] == "met"
    person = figure(register, "institutions_cut_person")
    assert (person["reached"], person["amount_open"]) == ("open", 1.0)
    assert person["share_low"] == pytest.approx(0.5)
    assert register.rows["fulfilled"].tolist() == ["met", "missed"]


def test_energy_intensities_are_kilograms_over_size(done):
    rows = REGISTERS["institutions"](done, YEAR).rows
    for name, size in BASES.items():
        np.testing.assert_allclose(rows[f"kgce_{name}"], rows["energy_tce"] * 1000 / rows[size])
        np.testing.assert_allclose(rows[f"cut_{name}"], 1 - rows[f"kgce_{name}"] / rows[f"base_kgce_{name}"])


@pytest.mark.parametrize(
    ("permitted", "built", "said"),
    [
        ("2022-11-09", math.nan, "yes"),
        ("2022-11-08", 2024.0, "no"),
        ("2022-11", math.nan, "review"),
        ("2022", math.nan, "review"),
        ("2023", 2023.0, "yes"),
        ("unknown", 2024.0, "review"),
        ("unknown", 2021.0, "no"),
        (None, 2022.0, "review"),
        (None, 2021.0, "no"),
        (None, math.nan, "review"),
    ],
)
def test_a_building_is_new_from_the_day_of_the_plan(permitted, built, said):
    assert is_new(permitted, built) == said


def test_what_is_asked_of_new_buildings_hangs_on_use_and_place():
    new = {"permitted": "2023-05", "year_built": 2024.0}
    rows = [
        new | {"energy_standard": "p75", "green_building": True},
        new | {"energy_standard": "p65", "green_building": True},
        new | {"energy_standard": "unknown", "green_building": None},
        new | {"use": "school", "energy_standard": "p50", "green_building": True},
        new | {"use": "rural_house", "energy_standard": "p50", "green_building": None},
        {"permitted": None, "year_built": 2024.0, "energy_standard": "p65", "green_building": True},
        {"permitted": None, "year_built": 2010.0},
        {"permitted": None, "year_built": None},
    ]
    register = REGISTERS["new_buildings"](run(buildings=buildings(*rows)), YEAR)
    assert register.rows["standard_fulfilled"].tolist() == ["met", "missed", "open", "met", "open", "open"]
    assert register.rows["is_new"].tolist() == ["yes"] * 5 + ["review"]
    row = figure(register, "new_standard_count")
    assert (row["amount_met"], row["amount_missed"], row["amount_open"]) == (1.0, 1.0, 1.0)
    assert register.notes == {"new_buildings_unclear": 1, "new_buildings_undated": 1}
    assert set(register.rows["green_asked"]) == {"review"}, "without villages no zone is known"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_a_sheet_for_each_register_and_its_note(done, language):
    book = openpyxl.load_workbook(io.BytesIO(workbook(done, YEAR, language=language)), read_only=True)
    named = [text("registers.figures", language), *(text(f"registers.{name}", language) for name in REGISTERS)]
    assert book.sheetnames == named
    synthetic = text("app.synthetic", language)
    for sheet in book:
        assert any(synthetic in str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)
    assert workbook(run(buildings=buildings({"heat_source": "loose_coal", "year_built": 2000.0})), YEAR) is None


def test_spare_heat_is_what_is_declared_or_what_is_left_of_the_load():
    rows = [
        {"plant_id": "A", "spare_heat_mw": 80.0, "heat_capacity_mw": 500.0, "heat_load_mw": 450.0},
        {"plant_id": "B", "spare_heat_mw": None, "heat_capacity_mw": 500.0, "heat_load_mw": 520.0},
        {"plant_id": "C", "spare_heat_mw": None, "heat_capacity_mw": 500.0, "heat_load_mw": None},
    ]
    table = plant_table(run(plants=units(*rows), networks=areas({"plant_id": "A"}))).set_index("plant_id")
    np.testing.assert_allclose(table.loc[list("ABC"), "spare_heat_mw"], [80.0, -20.0, math.nan])
    assert table.loc[list("ABC"), "spare_by_load_units"].tolist() == [0, 1, 0]
    assert table.loc[list("ABC"), "spare_declared_units"].tolist() == [1, 1, 0]
    assert table.loc["A", "areas"] == "N1"
    assert table.loc["C", "heat_capacity_mw"] == 500.0
    assert math.isnan(table.loc["C", "heat_load_mw"])
    assert set(table["ultra_low"]) == {"review"}


def test_a_cut_of_exactly_what_is_asked_is_met_in_the_rows_as_in_the_sum():
    exact = {"energy_tce": 93.0}
    register = REGISTERS["institutions"](run(institutions=institutions(exact, exact)), YEAR)
    cut = figure(register, "institutions_cut_person")
    assert (cut["reached"], cut["amount_met"], cut["amount_missed"]) == ("met", 2.0, 0.0)
    assert register.rows["fulfilled"].tolist() == ["met", "met"]


@pytest.mark.parametrize("year", [None, 2020.0])
def test_energy_of_no_later_year_tells_no_cut(year):
    register = REGISTERS["institutions"](run(institutions=institutions({"energy_year": year}, {})), YEAR)
    assert figure(register, "institutions_cut_m2")["reached"] == "open"
    assert register.rows["fulfilled"].tolist() == ["open", "met"]


def test_the_workbook_hides_personal_data_unless_it_is_asked_for():
    owner = "户主 王小明 640221197001011234 13909521234"
    done = run(boilers=boilers({"name": owner, "capacity_t_h": 70.0, "is_ultra_low": False}))

    def cells(**how):
        book = openpyxl.load_workbook(io.BytesIO(workbook(done, YEAR, **how)))
        return "".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)

    assert "13909521234" not in cells()
    assert "640221197001011234" not in cells()
    assert "13909521234" in cells(unmasked=True)
