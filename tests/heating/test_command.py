"""``python -m heating assess``: files in, files out, and every fault at once with exit code 2."""

import json
from pathlib import Path

import pvlib
import pytest

from data import demo
from data.catalog import text
from heating.layers import demo_layers

SYNTHETIC = "合成示例数据"
ALASKA = Path(pvlib.__file__).parent / "data" / "703165TY.csv"
FILES = {"assessment.gpkg", "clean_heating.csv", "boilers.csv", "boiler_flips.csv", "boiler_ledger.xlsx"}
FILES |= {"registers.xlsx"}
FILES |= {"rooftops.parquet", "summary.json"}


@pytest.fixture(scope="module")
def files(city, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    small = {
        name: frame.iloc[:60] if name in ("buildings", "boilers") else frame for name, frame in city.frames.items()
    }
    for name in ("buildings", "boilers", "plants", "networks", "villages", "counties"):
        small[name].to_parquet(folder / f"{name}.parquet")
    return folder


def given(folder, *names):
    return [option for name in names for option in (f"--{name}", folder / f"{name}.parquet")]


def test_the_demo_from_the_command_line(command, tmp_path):
    out = tmp_path / "new" / "folder"
    said = command("--demo", "--demo-buildings", 2000, "--out", out)
    assert said.exit_code == 0, said.stderr
    assert SYNTHETIC in said.stdout
    assert {path.name for path in out.iterdir()} == FILES
    assert "2000" in said.stdout
    assert text("solar.note.flat_terrain") in said.stdout.replace("\n", "")


def test_own_files_from_the_command_line(command, files, tmp_path):
    names = ("buildings", "boilers", "plants", "networks", "villages", "counties")
    scenario = tmp_path / "s.json"
    scenario.write_text(json.dumps({"name": "单机口径", "plant_reading": "unit"}), encoding="utf-8")
    said = command(*given(files, *names), "--scenario", scenario, "--out", tmp_path / "out", "--language", "en")
    assert said.exit_code == 0, said.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["scenario"]["plant_reading"] == "unit"
    assert not summary["synthetic"]
    assert set(summary["inputs_sha256"]) == set(names)
    assert summary["rows"]["buildings"] == {"in": 60, "used": 60, "set_aside": 0}
    assert SYNTHETIC not in said.stdout


@pytest.fixture
def bad(tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "buildings.geojson").write_text("{ not json", encoding="utf-8")
    (folder / "boilers.csv").write_text("锅炉编号,燃料\nB1,煤\n", encoding="utf-8")
    (folder / "plants.csv").write_bytes(b"")
    (folder / "weather.csv").write_text("nothing", encoding="utf-8")
    (folder / "s.json").write_text(json.dumps({"radius_km": -1, "oops": 1}), encoding="utf-8")
    return folder


def test_all_faults_of_all_bad_files_are_told_at_once(command, bad, tmp_path):
    options = ["--buildings", bad / "buildings.geojson", "--boilers", bad / "boilers.csv", "--out", tmp_path / "out"]
    options += ["--plants", bad / "plants.csv", "--weather", bad / "weather.csv", "--scenario", bad / "s.json"]
    options += ["--networks", bad / "no-such.gpkg"]
    said = command(*options)
    assert said.exit_code == 2
    for name in ("buildings.geojson", "boilers.csv", "plants.csv", "weather.csv", "radius_km", "oops", "no-such.gpkg"):
        assert name in said.stderr, name
    assert "Traceback" not in said.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ((), "file_missing"),
        (("--demo", "--buildings", "x.csv"), "demo_and_files"),
        (("--demo", "--demo-buildings", "999999999"), "demo_size"),
    ],
)
def test_what_cannot_be_asked_is_refused(command, options, rule, tmp_path, monkeypatch):
    def full(**_):
        raise ValueError("room for 200000 buildings only")

    if rule == "demo_size":
        monkeypatch.setattr("heating.__main__.demo_layers", full)
    said = command(*options, "--out", tmp_path / "out")
    assert said.exit_code == 2
    assert text(f"fault.{rule}") in said.stderr


def test_an_unknown_system_is_refused(command, files, tmp_path):
    said = command(*given(files, "buildings"), "--crs", "EPSG:nonsense", "--out", tmp_path / "out")
    assert said.exit_code == 2
    assert "nonsense" in said.stderr


def test_a_folder_that_cannot_be_written_is_told_before_computing(command, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setattr("heating.__main__.assess", lambda *_args, **_options: pytest.fail("computed in vain"))
    said = command("--demo", "--demo-buildings", 2000, "--out", tmp_path / "file" / "out")
    assert said.exit_code == 2
    assert text("fault.not_writable") in said.stderr


def test_strict_refuses_what_else_is_only_noted(command, city, tmp_path):
    frame = city.frames["buildings"].iloc[:40].copy()
    frame["heat_source"] = "peat"
    frame.to_parquet(tmp_path / "b.parquet")
    lenient = command("--buildings", tmp_path / "b.parquet", "--out", tmp_path / "a")
    assert lenient.exit_code == 0, lenient.stderr
    assert (tmp_path / "a" / "faults.csv").is_file()
    strict = command("--buildings", tmp_path / "b.parquet", "--out", tmp_path / "b", "--strict")
    assert strict.exit_code == 2
    assert "peat" in strict.stderr
    assert not list((tmp_path / "b").iterdir())


def test_the_demo_city_under_weather_of_its_own(command, tmp_path):
    said = command("--demo", "--demo-buildings", 2000, "--weather", ALASKA, "--out", tmp_path / "out")
    assert said.exit_code == 2
    assert text("fault.weather.distant") in said.stderr


def test_the_demo_is_built_once(cache, monkeypatch):
    monkeypatch.setenv("NUANGUANG_CACHE", str(cache))
    monkeypatch.setattr(demo, "build", lambda *_args, **_options: pytest.fail("built again"))
    assert demo_layers(buildings=2000).synthetic
