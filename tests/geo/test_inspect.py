"""``python -m geo inspect``: what a file is, in words and as JSON."""

import json

import pytest
from geo_samples import BOILER_HEADER, BOILERS, buildings, write_csv
from typer.testing import CliRunner

from geo.__main__ import app


def inspect(*arguments):
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


@pytest.fixture
def boilers(tmp_path):
    rows = [*BOILERS, "B3,丙,魔法石,20,,供热,106.4,39", "B4,[/red]丁,煤,20,,供热,,"]
    return write_csv(tmp_path / "锅炉[b].csv", BOILER_HEADER + ",附注甲[MW]", [row + "," for row in rows])


def test_json_tells_everything(boilers):
    done = inspect(boilers, "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["layer"] == "boilers"
    assert said["crs"] == "EPSG:4490"
    assert said["crs_why"]
    assert (said["rows_in"], said["rows_usable"], said["rows_set_aside"]) == (4, 3, 1)
    assert {one["rule"] for one in said["faults"]} == {"value_unknown", "geometry_missing", "status_not_given"}
    assert all(one["mend"] and one["message"] for one in said["faults"])
    assert said["columns_unread"] == ["附注甲[MW]"]
    assert len(said["sha256"]) == 64


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_tell_it_too(boilers, language):
    done = inspect(boilers, "--language", language)
    assert done.exit_code == 0
    assert "魔法石" in done.stdout
    assert "附注甲[MW]" in done.stdout, "a header is no markup"
    assert "锅炉[b].csv" in done.stdout
    assert "None" not in done.stdout


def test_a_clean_file_is_called_clean(tmp_path):
    buildings().to_file(tmp_path / "a.gpkg", engine="pyogrio")
    done = inspect(tmp_path / "a.gpkg")
    assert done.exit_code == 0
    assert "没有发现问题" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ["--crs", "EPSG:99999999"],
        ["--layer", "kettles"],
        ["--sublayer", "no"],
        ["--language", "fr"],
        ["--crs", "EPSG:2432"],
    ],
)
def test_wrong_options_are_exit_code_2_and_no_traceback(tmp_path, options):
    buildings().to_file(tmp_path / "a.gpkg", engine="pyogrio")
    done = inspect(tmp_path / "a.gpkg", *options)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert done.output.strip()


def test_unusable_files_are_exit_code_2(tmp_path):
    for name, content in {"no.csv": None, "a.csv": b"", "b.gpkg": b"junk", "c.csv": b"foo\n1\n"}.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        words, plain = inspect(tmp_path / name), inspect(tmp_path / name, "--json")
        assert (words.exit_code, plain.exit_code) == (2, 2)
        assert name in words.stderr
        assert json.loads(plain.stdout)["faults"][0]["rule"]


def test_a_system_given_by_the_person_is_used(tmp_path):
    frame = buildings(crs="EPSG:4544").set_crs(None, allow_override=True)
    frame.to_parquet(tmp_path / "a.parquet")
    refused = json.loads(inspect(tmp_path / "a.parquet", "--json").stdout)["faults"][0]
    assert (refused["rule"], refused["got"]) == ("crs_missing", "EPSG:4544/4545")
    done = json.loads(inspect(tmp_path / "a.parquet", "--json", "--crs", "EPSG:4544").stdout)
    assert done["rows_usable"] == 4
    assert done["crs"] == "EPSG:4544"
