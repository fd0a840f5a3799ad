"""The last two distinct runs on a data set are kept, and nothing that fails touches them."""

import datetime as dt
import json
import types

import pytest

from data.errors import DataError
from ui import last_run
from ui.last_run import Run, remember

FIGURES = {"rural/rate_low": 0.5, "rural/standing": "missed", "boilers/R4": 12.0, "heat/peak_mw": None}


def run(minute=0, *, choices="x", name="", **figures):
    return Run(
        time=dt.datetime(2025, 11, 1, 8, minute, tzinfo=dt.UTC),
        kind="saved" if name else "plan",
        scenario=name,
        choices=choices,
        figures=FIGURES | {key.replace("__", "/"): value for key, value in figures.items()},
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "a.json"


def test_the_first_run_has_none_before_it(path):
    assert remember(path, run()) is None
    assert last_run.read(path) == [run()]


def test_the_same_run_seen_again_is_not_kept_twice(path):
    remember(path, run(0))
    before = path.read_bytes()
    assert remember(path, run(5)) is None
    assert path.read_bytes() == before


def test_rounding_makes_no_other_run(path):
    remember(path, run(0))
    assert remember(path, run(5, rural__rate_low=0.5 * (1 + 1e-12))) is None


def test_the_run_before_is_the_last_distinct_one(path):
    first, second, third = run(0), run(1, choices="y", boilers__R4=13.0), run(2, choices="y", boilers__R4=14.0)
    remember(path, first)
    assert remember(path, second) == first
    assert remember(path, run(9, choices="y", boilers__R4=13.0)) == first
    assert remember(path, third) == second
    assert last_run.read(path) == [second, third]


def test_other_choices_are_another_run_even_where_no_figure_moves(path):
    remember(path, run(0))
    assert remember(path, run(1, choices="y", name="<b>../x")) == run(0)
    assert last_run.read(path)[1].scenario == "<b>../x"


def test_times_come_back_with_their_zone(path):
    remember(path, run(7))
    assert last_run.read(path)[0].time == run(7).time


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"runs": [{}]}', b'{"runs": [], "more": 1}', b"\xff", b"[" * 100_000]
)
def test_a_broken_file_is_named_and_left_as_it_is(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        remember(path, run())
    assert refused.value.faults[0].file == path.name
    assert refused.value.faults[0].message("zh")
    assert path.read_bytes() == content


def test_what_cannot_be_written_leaves_the_file(path, monkeypatch):
    remember(path, run())
    before = path.read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(PermissionError("no")))
    with pytest.raises(DataError):
        remember(path, run(1, boilers__R4=1.0))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_file_holds_figures_only(path):
    remember(path, run())
    (kept,) = json.loads(path.read_text(encoding="utf-8"))["runs"]
    assert set(kept) == {"time", "kind", "scenario", "choices", "figures"}
    assert all(value is None or isinstance(value, int | float | str) for value in kept["figures"].values())


def layers(sources, more=None):
    return types.SimpleNamespace(
        sources={name: types.SimpleNamespace(sha256=digest) for name, digest in sources.items()}, sha256=more or {}
    )


def test_a_data_set_is_named_by_all_its_files():
    names = {
        last_run.file_name(layers({"buildings": "a", "boilers": "b"})),
        last_run.file_name(layers({"buildings": "b", "boilers": "a"})),
        last_run.file_name(layers({"buildings": "a"})),
        last_run.file_name(layers({"buildings": "a", "boilers": "b"}, {"weather/x": "c"})),
    }
    assert len(names) == 4
    assert all(name.removesuffix(".json").isalnum() for name in names)
    assert last_run.file_name(layers({"boilers": "b", "buildings": "a"})) in names
    assert last_run.file_name(layers({})) is None
