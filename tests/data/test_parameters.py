"""Every constant is cited, within its own range, and says what the policy and the facts say."""

import csv
import math

import pytest

from data import parameters

NAMED = [name for name in parameters.TABLES if "value" in parameters.table(name) and "unit" in parameters.table(name)]
# The default is the cautious one, below the modules that its own source names (FACTS §E1).
BELOW_ITS_RANGE = {("pv", "module_w_m2")}
COLUMNS = {"name", "value", "unit", "region", "valid_from", "valid_to", "source", "confidence"}


@pytest.mark.parametrize("table", parameters.TABLES)
def test_every_row_is_cited(table):
    frame = parameters.table(table)
    assert len(frame)
    assert (frame["source"].str.strip() != "").all()
    assert set(frame["confidence"]) <= set(parameters.CONFIDENCE)
    assert not frame.map(lambda cell: cell != cell.strip()).any(axis=None), "no stray spaces"
    path = parameters.DIRECTORY / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        assert {len(row) for row in csv.reader(file)} == {frame.shape[1]}


@pytest.mark.parametrize("table", NAMED)
def test_every_constant_has_its_unit_its_labels_and_a_sane_range(table):
    assert set(parameters.table(table)) >= COLUMNS
    for name, one in parameters.constants(table).items():
        assert one.unit, name
        assert one.label_zh, name
        assert one.label_en, name
        assert math.isfinite(one.value), name
        assert math.isnan(one.low) == math.isnan(one.high), name
        if not math.isnan(one.low):
            assert one.low <= one.high, name
            if (table, name) not in BELOW_ITS_RANGE:
                assert one.low <= one.value <= one.high, name
        for date in (one.valid_from, one.valid_to):
            assert not date or date[:4].isdigit(), name
        if one.valid_from and one.valid_to:
            assert one.valid_from <= one.valid_to, name


@pytest.mark.parametrize("table", [name for name in parameters.TABLES if "label_zh" in parameters.table(name)])
def test_labels_stand_in_both_languages(table):
    frame = parameters.table(table)
    assert (frame["label_zh"].str.strip() != "").all()
    assert (frame["label_en"].str.strip() != "").all()


@pytest.mark.parametrize(
    ("table", "name", "expected"),
    [
        ("policy", "target_urban", 1.0),
        ("policy", "target_county_town", 0.8),
        ("policy", "target_rural", 0.6),
        ("policy", "plant_radius_km", 15),
        ("policy", "chp_min_mw", 300),
        ("policy", "small_boiler_t_h", 35),
        ("policy", "ultra_low_t_h", 65),
        ("policy", "mw_per_t_h", 0.7),
        ("policy", "area_per_household_m2", 100),
        ("policy", "pilot_party_gov", 0.5),
        ("policy", "pilot_public", 0.4),
        ("policy", "pilot_commercial", 0.3),
        ("policy", "pilot_rural", 0.2),
        ("policy", "pilot_storage_share", 0.1),
        ("policy", "new_public_pv_share", 0.5),
        ("emissions", "grid_ningxia_2021", 0.6546),
        ("emissions", "grid_ningxia_2022", 0.6423),
        ("emissions", "grid_ningxia_2023", 0.6187),
        ("emissions", "grid_china_2023", 0.5306),
        ("tariffs", "coal_benchmark_price", 0.2595),
        ("pv", "module_w_m2", 220),
    ],
)
def test_figures_of_the_facts(table, name, expected):
    assert parameters.value(table, name) == expected


def test_what_is_clean():
    clean = parameters.table("heat_sources")["clean"]
    assert (clean[["chp", "large_coal_ultra_low", "gas_boiler", "heat_pump", "waste_heat", "biomass"]] == "yes").all()
    assert (clean[["coal_boiler", "loose_coal", "clean_briquette", "firewood"]] == "no").all()
    assert clean["unknown"] not in ("yes", "no")


def test_zone_classes_are_those_of_the_statistics_bureau():
    frame = parameters.table("zone_classes")
    assert list(frame.index) == ["111", "112", "121", "122", "123", "210", "220"]
    assert set(frame["district_zone"]) | set(frame["county_zone"]) == {"urban", "county_town", "rural"}


@pytest.mark.real_data
def test_clauses_are_the_policys_own_words(shared_file):
    policy = shared_file("policy/shizfa-2022-57.txt").read_text(encoding="utf-8")
    for rule, row in parameters.table("boiler_rules").iterrows():
        if row["clause_text"]:
            assert row["clause_text"] in policy, rule
    strength = parameters.table("boiler_rules")["strength"]
    assert strength["R3"] == "encourage", "鼓励 is never an order"
    assert "鼓励" in parameters.table("boiler_rules").loc["R3", "clause_text"]


def test_tables_are_copies_and_the_digest_pins_them():
    before = parameters.digest()
    mine = parameters.table("policy")
    mine.loc["target_rural", "value"] = "0"
    assert parameters.value("policy", "target_rural") == 0.6
    assert parameters.digest() == before
    assert len(before) == 64
    with pytest.raises(KeyError):
        parameters.value("policy", "no such row")
