"""Scenarios come back as they were kept, whatever they are called; what cannot be read is named."""

import json

import pytest

from data.errors import DataError
from heating.scenario import Scenario
from solar.roof_options import RoofOptions
from ui import scenario_store as store

HOSTILE = (
    "../../x",
    "a/b",
    "a\\b",
    "<b>",
    "CON",
    "nul.json",
    "石" * 200,
    "x" * 200,
    ".",
    "..",
    "C:\\x",
    "=1+1",
    "![x](http://a)",
    "{name}",
    "default",
    "🔥",
)


def chosen(name):
    return Scenario(
        name=name, include_35=True, clean_overrides={"biomass": False}, radius_km=12.5, roofs=RoofOptions(gcr=0.4)
    )


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_scenario_comes_back_as_it_was_kept(name, tmp_path):
    folder = tmp_path / "deep" / "scenarios"
    path = store.save(folder, chosen(name))
    assert path.parent == folder
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]
    assert path.stem.isalnum()
    assert path.stem.isascii()
    assert store.shelf(folder).scenarios == {name: chosen(name)}
    store.delete(folder, name)
    assert store.shelf(folder).scenarios == {}


@pytest.mark.parametrize("name", ["", "   ", " a", "a ", "a\nb", "a\x00b", "\u202ea", "\ud800", "x" * 201])
def test_a_name_that_cannot_be_used_is_refused(name, tmp_path):
    with pytest.raises(DataError) as refused:
        store.save(tmp_path, chosen(name))
    assert refused.value.faults[0].rule == "scenario_name"
    assert not list(tmp_path.iterdir())


def test_all_hostile_names_live_side_by_side(tmp_path):
    for name in HOSTILE:
        store.save(tmp_path, chosen(name))
    kept = store.shelf(tmp_path)
    assert list(kept.scenarios) == sorted(HOSTILE)
    assert not kept.faults


def test_one_of_the_same_name_gives_way(tmp_path):
    store.save(tmp_path, chosen("a"))
    store.save(tmp_path, Scenario(name="a"))
    assert store.shelf(tmp_path).scenarios == {"a": Scenario(name="a")}


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda whole: whole[: len(whole) // 2], "not_json"),
        (lambda _: b"", "not_json"),
        (lambda _: b"\xff\xfe\x00", "not_json"),
        (lambda _: b"[" * 100_000, "not_json"),
        (lambda _: b" " * 2_000_000, "scenario_too_long"),
        (lambda whole: whole.replace(b'"include_35": true', b'"include_35": 1'), "scenario_entry"),
        (lambda whole: whole.replace(b'"radius_km"', b'"radius"'), "scenario_entry"),
        (lambda whole: whole.replace(b'"name": "a"', b'"name": ""'), "scenario_name"),
        (lambda whole: whole.replace(b'"name": "a"', b'"name": "c"'), "scenario_misplaced"),
    ],
)
def test_a_broken_file_is_named_and_skipped(spoil, rule, tmp_path):
    path = store.save(tmp_path, chosen("a"))
    store.save(tmp_path, chosen("b"))
    path.write_bytes(spoil(path.read_bytes()))
    kept = store.shelf(tmp_path)
    assert set(kept.scenarios) == {"b"}
    assert {fault.file for fault in kept.faults} == {path.name}
    assert rule in {fault.rule for fault in kept.faults}
    assert all(fault.message(language) for fault in kept.faults for language in ("zh", "en"))


def test_a_file_that_is_being_written_is_not_looked_at(tmp_path):
    (tmp_path / ".abc-x.json").write_bytes(b"{")
    assert store.shelf(tmp_path) == store.Shelf(scenarios={}, faults=())


def test_without_a_folder_there_is_nothing(tmp_path):
    assert store.shelf(tmp_path / "none") == store.Shelf(scenarios={}, faults=())


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError) as refused:
        store.save(tmp_path / "file", chosen("a"))
    assert refused.value.faults[0].rule == "not_writable"


def test_what_is_exported_can_be_brought_in_again():
    said = store.as_bytes(chosen("石嘴山"))
    assert store.parse(said, file="x.json") == chosen("石嘴山")
    assert json.loads(said)["name"] == "石嘴山"


def test_a_scenario_is_known_by_its_choices(tmp_path):
    store.save(tmp_path, chosen("a"))
    kept = store.shelf(tmp_path)
    assert store.known_as(chosen("a"), kept) == ("saved", "a")
    assert store.known_as(chosen("default"), kept) == ("saved", "a")
    assert store.known_as(Scenario(name="a"), kept) == ("plan", "")
    assert store.known_as(Scenario(name="a", include_35=True), kept) == ("unsaved", "")
