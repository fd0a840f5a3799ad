"""Kept layers are assessed as the files they came from are, and personal data stays out of what is written."""

import geopandas as gpd
import pytest
from geopandas.testing import assert_geodataframe_equal

from data.catalog import text
from data.errors import DataError
from geo import gate, keeping
from geo.workspace import open_store
from heating import report
from heating.assessment import assess
from heating.layers import kept_layers, load
from heating.scenario import Scenario

BUILDINGS = """建筑编号;用途;取暖方式;建筑面积;层数;WKT
A1;住宅;散煤;900;3;POLYGON((106.400 39.01,106.401 39.01,106.401 39.011,106.400 39.011,106.400 39.01))
A2;学校;燃气锅炉;1200;2;POLYGON((106.402 39.01,106.403 39.01,106.403 39.011,106.402 39.011,106.402 39.01))
"""
LEDGER = """锅炉编号,单位名称,燃料种类,额定蒸发量(蒸吨/小时),用途,经度,纬度,责任人,联系电话
B1,甲厂,煤,20,供热,106.40,39.01,张三丰,13895212345
B2,乙厂,煤,10,供热,,,李四光,13995212346
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    paths = {"buildings": folder / "建筑.csv", "boilers": folder / "锅炉.csv"}
    paths["buildings"].write_text(BUILDINGS, encoding="utf-8")
    paths["boilers"].write_text(LEDGER, encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def store(files, tmp_path_factory):
    kept = open_store(tmp_path_factory.mktemp("kept") / "w")
    for layer, path in files.items():
        decision = gate.Decision(layer=layer)
        done = gate.read(path, decision)
        keeping.keep(kept, done, decision, signature="", who="", expected=None)
    return kept


@pytest.fixture(scope="module")
def done(store):
    return assess(kept_layers(store), Scenario())


def test_kept_layers_are_the_files_layers(store, files):
    kept, read = kept_layers(store), load(files)
    assert list(kept.frames) == list(read.frames)
    for layer, frame in read.frames.items():
        assert_geodataframe_equal(kept.frames[layer], frame)
        ours, theirs = kept.sources[layer], read.sources[layer]
        assert (ours.file, ours.sha256, ours.rows_in, ours.rows_used) == (
            theirs.file,
            theirs.sha256,
            theirs.rows_in,
            theirs.rows_used,
        )
    assert [fault.message() for fault in kept.faults] == [fault.message() for fault in read.faults]


def test_a_workspace_without_buildings_says_what_is_wanting(tmp_path):
    with pytest.raises(DataError) as caught:
        kept_layers(open_store(tmp_path / "empty"))
    assert [fault.rule for fault in caught.value.faults] == ["file_missing"]


def test_personal_data_stays_out_unless_asked_for(done, tmp_path):
    report.write(done, tmp_path / "masked")
    report.write(done, tmp_path / "open", unmasked=True)
    (hidden,) = gpd.read_file(tmp_path / "masked" / "set_aside.gpkg", layer="boilers").itertuples()
    (shown,) = gpd.read_file(tmp_path / "open" / "set_aside.gpkg", layer="boilers").itertuples()
    assert (hidden.责任人, hidden.联系电话) == ("李**", "139****2346")
    assert (shown.责任人, shown.联系电话) == ("李四光", "13995212346")
    assert hidden.单位名称 == shown.单位名称 == "乙厂"
    for name in ("assessment.gpkg", "boilers.csv", "rooftops.parquet"):
        assert b"13995212346" not in (tmp_path / "masked" / name).read_bytes()


def test_a_mistyped_workspace_is_told_as_such_and_not_made(command, tmp_path):
    said = command("--workspace", tmp_path / "mistyped", "--out", tmp_path / "out")
    assert said.exit_code == 2
    assert text("fault.workspace_empty") in said.output
    assert not (tmp_path / "mistyped").exists()
