"""Load classes: the screening of FACTS E4 by age, kind, use and structure."""

import numpy as np
import pandas as pd
import pytest
from solar_samples import house, layer

from data import parameters
from data.catalog import LANGUAGES, text
from data.codes import ROOF_KINDS, STRUCTURES
from solar.roof_loads import LOAD_CLASSES
from solar.roofs import MOUNTINGS, RoofOptions, design_roofs


def roof(use, kind, year, structure="unknown", options=None):
    buildings = layer([(use, kind, house(20, 60, 90))]).assign(year_built=year, structure=structure)
    return design_roofs(buildings, options=options).iloc[0]


@pytest.mark.parametrize(
    ("use", "kind", "year", "expected"),
    [
        ("factory", "metal_sheet", 1999, "check"),
        ("factory", "metal_sheet", 2000, "check"),
        ("factory", "metal_sheet", 2001, "check"),
        ("factory", "metal_sheet", 2012, "check"),
        ("factory", "metal_sheet", 2013, "adequate"),
        ("school", "flat_concrete", 1985, "check"),
        ("school", "flat_concrete", 1989, "check"),
        ("school", "flat_concrete", 1990, "check"),
        ("school", "flat_concrete", 2000, "check"),
        ("school", "flat_concrete", 2001, "adequate"),
        ("school", "pitched_tile", 1999, "check"),
        ("school", "pitched_tile", 2010, "adequate"),
        ("rural_house", "pitched_tile", 2015, "check"),
        ("rural_house", "flat_concrete", 2015, "adequate"),
        ("factory", "unknown", 2020, "adequate"),
        ("factory", "unknown", 2005, "check"),
        ("greenhouse", "metal_sheet", 2020, "unknown"),
    ],
)
def test_the_age_decides(use, kind, year, expected):
    assert roof(use, kind, float(year))["load_class"] == expected


@pytest.mark.parametrize("kind", [*MOUNTINGS, "unknown"])
@pytest.mark.parametrize("use", ["factory", "school", "rural_house", "unknown"])
def test_without_an_age_the_class_is_unknown_and_no_roof_is_lost(use, kind):
    known, unknown = roof(use, kind, 2015.0), roof(use, kind, np.nan)
    assert unknown["load_class"] == "unknown"
    assert unknown["exclusion_reason"] == known["exclusion_reason"] == ""
    assert unknown["capacity_kw"] == known["capacity_kw"] > 0


def test_layers_without_age_and_structure_are_designed_all_the_same():
    buildings = layer([("school", kind, house(20, 60, 90)) for kind in ROOF_KINDS])
    roofs = design_roofs(buildings)
    assert (roofs["load_class"] == "unknown").all()
    assert (roofs["capacity_kw"] > 0).all()


@pytest.mark.parametrize("year", [np.nan, 1980.0, 2015.0])
@pytest.mark.parametrize("structure", ["earth_timber", "brick_timber"])
def test_rural_earth_and_timber_is_left_out_with_its_reason(structure, year):
    for kind in ("pitched_tile", "flat_concrete"):
        found = roof("rural_house", kind, year, structure)
        assert (found["load_class"], found["exclusion_reason"]) == ("insufficient", "roof.load_insufficient")
        assert found["capacity_kw"] == 0
        assert found["usable_m2"] > 0
    assert all(text("roof.load_insufficient", language) for language in LANGUAGES)
    elsewhere = roof("school", "pitched_tile", year, structure)
    assert (elsewhere["load_class"], elsewhere["exclusion_reason"]) == ("check", "")


def test_a_rural_pitched_roof_of_known_sound_structure_goes_by_its_age():
    assert roof("rural_house", "pitched_tile", 2015.0, "brick_concrete")["load_class"] == "adequate"
    assert roof("rural_house", "pitched_tile", 1995.0, "brick_concrete")["load_class"] == "check"


def test_only_what_the_rules_exclude_is_excluded_for_its_load():
    rows = [(use, kind, house(30, 60, 90)) for use in parameters.table("building_uses").index for kind in ROOF_KINDS]
    roofs = pd.concat(
        design_roofs(layer(rows).assign(year_built=year, structure=structure))
        for year in (np.nan, 1970.0, 1995.0, 2006.0, 2020.0)
        for structure in STRUCTURES
    )
    assert ((roofs["load_class"] == "insufficient") == (roofs["exclusion_reason"] == "roof.load_insufficient")).all()
    assert set(roofs["load_class"]) == set(LOAD_CLASSES)
    for load_class in LOAD_CLASSES:
        assert all(text(f"load_class.{load_class}", language) for language in LANGUAGES)


def test_every_mounting_adds_a_load_within_the_reserve_of_new_roofs():
    for mounting in [*MOUNTINGS.values(), "tilted_east_west"]:
        row = parameters.constants("roofs")[f"added_load_{mounting}"]
        assert 0 < row.low <= row.value <= row.high <= 0.5
    assert roof("school", "flat_concrete", 2015.0, options=RoofOptions(flat_layout="east_west"))["load_class"] == (
        "adequate"
    )


def test_the_rules_are_well_formed():
    rules = parameters.table("roof_loads")
    assert set(rules["roof_kind"]) <= {"", *MOUNTINGS}
    assert set(rules["structure"]) <= {"", *STRUCTURES}
    assert set(rules["roof_class"]) <= {"", *parameters.table("building_uses")["roof_class"]}
    assert set(rules["excluded"]) == {"yes", "no"}
    assert (rules["reserve_kn_m2"].astype(float) >= 0).all()


@pytest.mark.parametrize("kind", MOUNTINGS)
def test_every_year_has_a_rule(kind):
    buildings = layer([("factory", kind, house(20, 60, 90))] * 160).assign(year_built=np.arange(1890.0, 2050.0))
    classes = design_roofs(buildings)["load_class"]
    assert set(classes) == {"check", "adequate"}
    assert classes.is_monotonic_decreasing, "a newer roof is never screened worse"


@pytest.mark.parametrize("structure", STRUCTURES)
def test_structures_have_labels(structure):
    assert all(text(f"structure.{structure}", language) for language in LANGUAGES)
