"""The workspace keeps every version whole: the same laws for a folder and for a database."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import zipfile
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from postgres_server import postgis_url, postgres  # noqa: F401 - fixtures
from workspace_samples import boilers, current, keep, nothing_aside, record_of, source_of

from data import demo
from data.catalog import LANGUAGES
from data.errors import DataError, Fault
from geo.validate import complete
from geo.workspace import Position, Record, open_store, source_name
from geo.workspace import disk as disk_module
from geo.workspace import folder as folder_module
from geo.workspace import manifest as manifest_module

pytestmark = pytest.mark.xdist_group("workspace")
ROOT = Path(__file__).resolve().parents[2]
KILLS = 15
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork and no kill on this system")


@pytest.fixture(scope="module", autouse=True)
def worker():
    """Start another process at once; it is ready by the time it is asked."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).with_name("workspace_samples.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as running:
        yield running
        running.stdin.close()
        running.wait(20)


def ask(worker, **order):
    worker.stdin.write(json.dumps(order) + "\n")
    worker.stdin.flush()
    return json.loads(worker.stdout.readline())


@pytest.fixture(params=["folder", "postgis"])
def where(request, tmp_path):
    if request.param == "folder":
        return str(tmp_path / "工作区")
    server = request.getfixturevalue("postgres")
    server.run("DROP SCHEMA IF EXISTS nuanguang CASCADE")
    return request.getfixturevalue("postgis_url")


@pytest.fixture
def store(where):
    opened = open_store(where)
    yield opened
    if hasattr(opened, "close"):
        opened.close()


def refused(act, *arguments, **options):
    with pytest.raises(DataError) as caught:
        act(*arguments, **options)
    (fault,) = caught.value.faults
    assert fault.effect == "refused"
    for language in LANGUAGES:
        assert fault.message(language)
    return fault


def same(a, b):
    assert list(a.columns) == list(b.columns)
    assert a.dtypes.astype(str).tolist() == b.dtypes.astype(str).tolist()
    assert [type(x) for x in a.dtypes] == [type(x) for x in b.dtypes]
    assert_geodataframe_equal(a.reset_index(drop=True), b, check_crs=True)
    assert shapely.to_wkb(a.geometry.to_numpy()).tolist() == shapely.to_wkb(b.geometry.to_numpy()).tolist()
    assert (shapely.get_srid(b.geometry.dropna().to_numpy()) == 0).all()


@pytest.fixture(scope="module")
def city():
    made = {name: frame.iloc[:12] for name, frame in demo.city(buildings=1000).items()}
    multi = shapely.MultiPolygon([shapely.box(106, 39, 106.1, 39.1), shapely.box(106.2, 39, 106.3, 39.1)])
    for name, key in (("parcels", "parcel_id"), ("transformers", "transformer_id")):
        made[name] = gpd.GeoDataFrame({key: ["甲-1", "乙-2"]}, geometry=[multi, multi], crs="EPSG:4490")
    return made


def test_every_layer_of_the_city_comes_back_as_it_was(store, city, tmp_path):
    assert store.layers() == {}
    records = {}
    for layer, raw in city.items():
        frame = gpd.GeoDataFrame(complete(pd.DataFrame(raw).drop(columns="geometry"), layer), geometry=raw.geometry)
        frame["source_row"] = np.arange(5, 5 + len(frame))
        frame = frame.iloc[::-1]
        records[layer] = keep(store, tmp_path, layer, layer=layer, frame=frame, mapping={"代码": "village_code"})
        assert records[layer].version == 1
        same(frame, store.read(layer))
    keep(store, tmp_path, "raw", layer="buildings", frame=city["buildings"], expected=1)
    same(city["buildings"], store.read("buildings"))
    assert store.undo("buildings", expected=2) == records["buildings"]
    assert store.layers() == records
    assert store.read("villages")["village_code"].str.fullmatch(r"\d{12}").all()


def test_rows_set_aside_keep_every_cell_and_its_kind(store, tmp_path):
    naive = datetime(2024, 2, 29, 8)  # noqa: DTZ001 - as spreadsheets have them
    cells = ["文字", 3, 2.5, float("inf"), True, None, naive, date(2024, 2, 29), time(8, 30)]
    cells += [timedelta(seconds=90), Decimal("1.10"), pd.Timestamp("2024-02-29", tz="Asia/Shanghai"), b"\x00\xff", "\0"]
    aside = gpd.GeoDataFrame(
        {
            "source_row": np.arange(len(cells)),
            "说明 *": pd.Series(cells, dtype=object),
            "日期": pd.Series(pd.to_datetime(["2024-01-01"] * len(cells))),
            "数": np.float32(1.5),
        },
        geometry=[None] * len(cells),
    )
    keep(store, tmp_path, "a", aside=aside)
    found = store.set_aside("boilers")
    assert [(type(cell), cell) for cell in found["说明 *"]] == [(type(cell), cell) for cell in cells]
    assert found.dtypes.tolist() == aside.dtypes.tolist()
    assert found.crs is None
    assert found.geometry.isna().all()
    keep(store, tmp_path, "b", expected=1)
    same(nothing_aside(), store.set_aside("boilers"))
    keep(store, tmp_path, "c", expected=2, aside=gpd.GeoDataFrame())
    assert store.set_aside("boilers").shape == (0, 0)
    assert len(store.set_aside("boilers", 1)) == len(cells)


def test_edges_of_layers_come_back(store, tmp_path):
    heights = boilers("z").set_geometry(shapely.force_3d(boilers("z").geometry.to_numpy(), 7.0), crs="EPSG:4490")
    gap = boilers("g")
    gap.loc[1, "geometry"] = None
    infinite = boilers("i").assign(capacity_t_h=[np.inf, -np.inf, -0.0])
    odd = boilers("o").rename(columns={"name": 'a "b"; % 中'})
    whole = None
    for number, frame in enumerate((heights, gap, infinite, odd, boilers("e").iloc[:0])):
        whole = keep(store, tmp_path, f"f{number}", frame=frame, expected=whole and whole.version)
        same(frame, store.read("boilers"))
    assert np.signbit(store.read("boilers", 3)["capacity_t_h"].iloc[2])


def test_the_source_comes_back_byte_for_byte(store, tmp_path):
    keep(store, tmp_path, "a")
    assert store.source("boilers") == source_of(tmp_path, "a").read_bytes()
    large = tmp_path / "大.bin"
    large.write_bytes(bytes(range(256)) * (9 * 2**12))
    record = record_of("boilers", boilers("b"), nothing_aside(), large)
    store.keep("boilers", boilers("b"), record, set_aside=nothing_aside(), source=large, expected=1)
    assert store.source("boilers") == large.read_bytes()
    assert store.source("boilers", 1) == source_of(tmp_path, "a").read_bytes()
    assert source_name(store.layers()["boilers"]) == "大.bin"


def test_all_parts_of_a_shapefile_are_kept(store, tmp_path):
    boilers("a")[["boiler_id", "geometry"]].to_file(tmp_path / "点.shp")
    (tmp_path / "点.txt").write_text("no part of it")
    record = record_of("boilers", boilers("a"), nothing_aside(), tmp_path / "点.shp")
    store.keep("boilers", boilers("a"), record, set_aside=nothing_aside(), source=tmp_path / "点.shp", expected=None)
    with zipfile.ZipFile(BytesIO(store.source("boilers"))) as archive:
        said = {name: archive.read(name) for name in archive.namelist()}
    assert said == {path.name: path.read_bytes() for path in tmp_path.glob("点.*") if path.suffix != ".txt"}
    assert {Path(name).suffix for name in said} >= {".shp", ".dbf", ".shx", ".prj"}
    assert source_name(store.layers()["boilers"]) == "点.zip"


def test_versions_go_back_and_forth(store, tmp_path):
    assert store.position("boilers") == Position(current=None, can_undo=False, can_redo=False)
    records = [keep(store, tmp_path, f"v{n}", expected=n or None) for n in range(3)]
    assert [record.version for record in records] == [1, 2, 3]
    assert store.undo("boilers", expected=3) == records[1]
    same(boilers("v1"), store.read("boilers"))
    assert store.redo("boilers", expected=2) == records[2]
    assert store.undo("boilers", expected=3).version == 2
    assert store.undo("boilers", expected=2).version == 1
    assert store.undo("boilers", expected=1) is None
    assert store.layers() == {}
    assert store.history("boilers") == records
    assert store.position("boilers") == Position(current=None, can_undo=False, can_redo=True)
    assert refused(store.undo, "boilers", expected=None).rule == "workspace_nothing_to_undo"
    assert store.redo("boilers", expected=None) == records[0]
    fourth = keep(store, tmp_path, "v4", expected=1)
    assert fourth.version == 4, "a number is never given twice"
    assert refused(store.redo, "boilers", expected=4).rule == "workspace_nothing_to_redo"
    assert store.undo("boilers", expected=4) == records[0]
    same(boilers("v2"), store.read("boilers", 3))


def test_a_layer_that_is_dropped_comes_back(store, tmp_path):
    first = keep(store, tmp_path, "a")
    store.drop("boilers", expected=1)
    assert store.layers() == {}
    assert refused(store.read, "boilers").rule == "workspace_no_layer"
    assert refused(store.drop, "boilers", expected=None).rule == "workspace_no_layer"
    assert store.undo("boilers", expected=None) == first
    store.drop("boilers", expected=1)
    assert keep(store, tmp_path, "b").version == 2
    assert store.history("boilers")[0] == first


def test_nothing_is_written_when_the_workspace_moved_on(store, tmp_path):
    keep(store, tmp_path, "a")
    for act in (
        lambda: keep(store, tmp_path, "b"),
        lambda: keep(store, tmp_path, "b", expected=7),
        lambda: store.undo("boilers", expected=None),
        lambda: store.redo("boilers", expected=2),
        lambda: store.drop("boilers", expected=2),
        lambda: store.accept("boilers", ["x"], expected=None),
    ):
        fault = refused(act)
        assert (fault.rule, fault.layer, fault.got) == ("workspace_moved", "boilers", "1")
    assert [record.version for record in store.history("boilers")] == [1]


def test_what_is_accepted_stays_with_its_version(store, tmp_path):
    first = keep(store, tmp_path, "a", accepted=["late"])
    assert store.accept("boilers", ["far", "late"], expected=1).accepted == ["late", "far"]
    assert store.accept("boilers", ["重复"], expected=1, withdrawn=["late"]).accepted == ["far", "重复"]
    keep(store, tmp_path, "b", expected=1)
    assert store.layers()["boilers"].accepted == []
    assert store.undo("boilers", expected=2).accepted == ["far", "重复"]
    assert asdict(store.layers()["boilers"]) | {"accepted": ["late"]} == asdict(first)


def test_only_pruning_deletes(store, tmp_path):
    for n in range(4):
        keep(store, tmp_path, f"v{n}", expected=n or None)
    store.undo("boilers", expected=4)
    store.undo("boilers", expected=3)
    keep(store, tmp_path, "x", layer="plants")
    assert store.prune(keep=1) == 2
    assert [record.version for record in store.history("boilers")] == [2, 4]
    assert current(store) == 2
    assert store.position("boilers") == Position(current=2, can_undo=False, can_redo=False)
    same(boilers("v3"), store.read("boilers", 4))
    assert refused(store.read, "boilers", 3).rule == "workspace_version_gone"
    assert store.prune(keep=1) == 0
    assert keep(store, tmp_path, "n", expected=2).version == 5
    assert store.undo("boilers", expected=5).version == 2
    with pytest.raises(ValueError, match="at least one"):
        store.prune(keep=0)


@pytest.mark.parametrize("name", ["", "boiler", "../boilers", "boilers'; DROP TABLE x; --", "BOILERS"])
def test_names_that_are_no_layer_are_refused(store, tmp_path, name):
    for act in (store.read, store.set_aside, store.source, store.history, store.position):
        assert refused(act, name).rule == "layer_name_wrong"
    assert refused(store.undo, name, expected=None).rule == "layer_name_wrong"
    assert refused(keep, store, tmp_path, "a", layer=name).rule == "layer_name_wrong"


def test_a_record_speaks_of_its_own_rows_and_file(store, tmp_path):
    source, frame = source_of(tmp_path, "a"), boilers("a")
    right = asdict(record_of("boilers", frame, nothing_aside(), source))

    def attempt(frame=frame, **more):
        return store.keep(
            "boilers", frame, Record(**(right | more)), set_aside=nothing_aside(), source=source, expected=None
        )

    for wrong in ({"rows_used": 2}, {"rows_in": 4}, {"rows_set_aside": 1}, {"layer": "plants"}, {"source_sha256": ""}):
        with pytest.raises(ValueError, match=r"record|rows|digest"):
            attempt(**wrong)
    with pytest.raises(ValueError, match="EPSG:4490"):
        attempt(frame.to_crs(4326))
    source.write_bytes(b"changed meanwhile")
    assert refused(attempt).rule == "workspace_source_changed"
    source.unlink()
    assert refused(attempt).rule == "file_missing"
    assert store.layers() == {}


def test_faults_come_back_from_a_record(store, tmp_path):
    fault = Fault(rule="id_missing", effect="repaired", file="甲\0.csv", rows=(2, 3))
    keep(store, tmp_path, "a", faults=[asdict(fault)])
    (said,) = store.layers()["boilers"].faults
    assert said["rows"] == [2, 3]
    assert said["file"] == "甲␀.csv", "no database keeps a NUL in a text"


def whole(store, mark):
    """Hold that all files of the current version are there and are of one version."""
    assert store.read("boilers")["boiler_id"].tolist() == [f"{mark}-{n}" for n in range(3)]
    assert store.source("boilers").decode("gb18030").split() == ["锅炉编号", mark]
    assert store.set_aside("boilers").columns.tolist() == ["锅炉编号", "geometry"]


@needs_fork
def test_two_processes_lose_nothing(where, store, worker, tmp_path):
    common = {"where": where, "folder": str(tmp_path)}
    jobs = [common | {"mark": mark, "layer": "boilers", "times": 2} for mark in "ab"]
    done = ask(worker, do="races", jobs=jobs)
    assert sorted(done[0]["versions"] + done[1]["versions"]) == list(range(1, 5)), "each went to one of the two"
    assert [record.version for record in store.history("boilers")] == list(range(1, 5))
    for one, mark in zip(done, "ab", strict=True):
        for turn, version in enumerate(one["versions"]):
            same(boilers(f"{mark}{turn}"), store.read("boilers", version))
    jobs = [common | {"mark": layer, "layer": layer, "times": 1} for layer in ("plants", "villages")]
    assert ask(worker, do="races", jobs=jobs) == [{"versions": [1], "lost": 0}] * 2
    assert set(store.layers()) == {"boilers", "plants", "villages"}


@needs_fork
def test_a_killed_process_leaves_a_whole_version(worker, tmp_path):
    where, chance, seen = tmp_path / "w", random.Random(9), 0  # noqa: S311 - moments to kill at
    for _ in range(KILLS):
        order = {"where": str(where), "folder": str(tmp_path), "seconds": chance.uniform(0, 0.06)}
        assert ask(worker, do="killed", **order) == {"signal": 9}
        store = open_store(where)
        version = current(store)
        assert version > seen, "what was kept stays"
        seen = version
        whole(store, mark_of(store.read("boilers")))


class _StoppedError(BaseException):
    """The process is dead: nothing that it would still do is done."""


class _Stop:
    """Let a process die before its n-th step on the disk: that is also right after the step before."""

    CALLS = ("open", "mkdir", "fsync", "replace", "unlink", "rmdir")

    def __init__(self, patch, at):
        self.at, self.steps, self.dead = at, 0, False
        for name in self.CALLS:
            patch.setattr(os, name, self._step(name, getattr(os, name)))

    def _step(self, name, real):
        def call(*arguments, **options):
            if isinstance(arguments[0], str | Path) and str(arguments[0]).endswith(disk_module.LOCK):
                return real(*arguments, **options)  # the system's part: it lets go of a dead process's lock
            if self.dead:
                raise _StoppedError
            self.steps += 1
            if self.steps - 1 == self.at:
                self.dead = True
                if name == "fsync":  # what was not made to last may be half there
                    half(arguments[0])
                raise _StoppedError
            return None if name == "fsync" else real(*arguments, **options)

        return call


def half(handle):
    if os.path.isfile(f"/proc/self/fd/{handle}"):  # noqa: PTH113 - a handle, not a path
        os.ftruncate(handle, os.fstat(handle).st_size // 2)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    store = open_store(folder / "w")
    for n in range(3):
        keep(store, folder, f"v{n}", expected=n or None)
    return folder / "w"


def mark_of(frame):
    return frame["boiler_id"].iloc[0].partition("-")[0] if len(frame) else "nothing"


ACTS = {
    "first": (False, lambda store, folder: keep(store, folder, "new"), (None, 1)),
    "keep": (True, lambda store, folder: keep(store, folder, "new", expected=3), (3, 4)),
    "undo": (True, lambda store, _: store.undo("boilers", expected=3), (3, 2)),
    "prune": (True, lambda store, _: store.prune(keep=1), (3, 3)),
}


@pytest.mark.parametrize("act", ACTS)
def test_every_step_on_the_disk_may_be_the_last(prepared, tmp_path, act, monkeypatch):
    begun, do, allowed = ACTS[act]
    packed, rows = {}, {}
    for mark in ("new", "next"):
        made = folder_module.pack(boilers(mark), layer="boilers")
        packed[mark], rows[mark] = made, made.content
    packed["nothing"] = folder_module.pack(nothing_aside(), layer="boilers")
    # what Parquet says is not what is tested here: bytes stand for rows
    monkeypatch.setattr(folder_module, "pack", lambda frame, **_: packed[mark_of(frame)])
    monkeypatch.setattr(folder_module, "unpack", lambda packed: packed.content)
    rows |= {f"v{n}": open_store(prepared).read("boilers", n + 1) for n in range(3)}
    for at in range(200):
        root = tmp_path / f"w{at}"
        if begun:
            shutil.copytree(prepared, root)
        with pytest.MonkeyPatch.context() as patch:
            stop = _Stop(patch, at)
            with suppress(_StoppedError):
                do(open_store(root), tmp_path)
        store = open_store(root)
        version = current(store)
        assert version in allowed, f"step {at}"
        if version is not None:
            mark = "new" if (act, version) in (("first", 1), ("keep", 4)) else f"v{version - 1}"
            assert store.read("boilers") == rows[mark]
            assert store.set_aside("boilers") == packed["nothing"].content
            assert store.source("boilers").decode("gb18030").split() == ["锅炉编号", mark]
        if at % 3 == 0:
            keep(store, tmp_path, "next", expected=version)
            assert store.read("boilers") == rows["next"]
            assert not list(root.glob(f"{disk_module.UNFINISHED}*")), "what was left is swept"
        if not stop.dead:
            assert version == allowed[1]
            break
    assert at > 8, "the steps were seen"
    assert not stop.dead


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda root: (root / "manifest.json").write_bytes(b""), "workspace_manifest_broken"),
        (
            lambda root: (root / "manifest.json").write_bytes(b'{"format": 2, "layers": {}}'),
            "workspace_manifest_broken",
        ),
        (lambda root: replace_text(root / "manifest.json", "0003-", "../0003-"), "workspace_manifest_broken"),
        (lambda root: replace_text(root / "manifest.json", '"boilers"', '"../etc"'), "workspace_manifest_broken"),
        (lambda root: replace_text(root / "manifest.json", '"at": 3', '"at": 9'), "workspace_manifest_broken"),
        (lambda root: (root / "manifest.json").unlink(), "workspace_manifest_gone"),
        (lambda root: clear(root, "manifest*.json"), "workspace_manifest_gone"),
        (lambda root: flip(root, "0003-*/layer.parquet"), "workspace_damaged"),
        (lambda root: flip(root, "0003-*/record.json"), "workspace_damaged"),
        (lambda root: flip(root, "0003-*/source.csv"), "workspace_damaged"),
        (lambda root: flip(root, "0003-*/set_aside.parquet"), "workspace_damaged"),
        (lambda root: clear(root, "layers/boilers/0003-*/layer.parquet"), "workspace_damaged"),
        (lambda root: shutil.rmtree(root / "layers"), "workspace_damaged"),
    ],
)
def test_what_was_spoiled_is_told_and_never_taken_for_empty(prepared, tmp_path, spoil, rule):
    root = tmp_path / "w"
    shutil.copytree(prepared, root)
    spoil(root)

    def use():
        store = open_store(root)
        store.layers()
        store.read("boilers"), store.set_aside("boilers"), store.source("boilers")

    assert refused(use).rule == rule
    if rule.startswith("workspace_manifest"):
        shutil.copy(prepared / manifest_module.PREVIOUS, root / manifest_module.NAME)
        assert current(open_store(root)) == 2, "the way back that the message names"


def replace_text(path, old, new):
    said = path.read_text()
    assert old in said
    path.write_text(said.replace(old, new))


def flip(root, pattern):
    (path,) = (root / "layers/boilers").glob(pattern)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def clear(root, pattern):
    for path in root.glob(pattern):
        path.unlink()


def test_addresses_that_are_no_workspace_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert refused(open_store, tmp_path / "file").rule == "workspace_kind"
    for where in ("mysql://u:secret@h/d", "http://h/", "postgresql://u:se/cret@h:port/d"):
        fault = refused(open_store, where)
        assert fault.rule == "workspace_kind"
        assert "cret" not in fault.message()


def test_looking_writes_nothing(tmp_path):
    store = open_store(tmp_path / "w")
    assert store.layers() == {}
    assert store.history("boilers") == []
    assert not (tmp_path / "w").exists()


def test_who_waits_too_long_is_told(tmp_path, monkeypatch):
    store = open_store(tmp_path / "w")
    keep(store, tmp_path, "a")
    monkeypatch.setattr(disk_module, "LOCK_WAIT_S", 0.02)
    with disk_module.locked(store.root):
        fault = []
        thread = threading.Thread(target=lambda: fault.append(refused(store.undo, "boilers", expected=1)))
        thread.start()
        thread.join()
    assert fault[0].rule == "workspace_busy"


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    store = open_store(tmp_path / "w")
    keep(store, tmp_path, "a")

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk_module, "write", full)
    assert refused(keep, store, tmp_path, "b", expected=1).rule == "not_writable"
    monkeypatch.undo()
    assert not list((tmp_path / "w").glob(f"{disk_module.UNFINISHED}*"))
    assert keep(store, tmp_path, "b", expected=1).version == 2


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be listed here")
def test_windows_could_do_every_step(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_module, "WINDOWS", True)
    root, real, turns = tmp_path / "w", os.replace, []

    def held(old, new):
        open_now = {os.path.realpath(f"/proc/self/fd/{handle}") for handle in os.listdir("/proc/self/fd")}  # noqa: PTH208 - names
        inside = {path for path in open_now if path.startswith(str(root.resolve()))}
        assert inside <= {str(root.resolve() / disk_module.LOCK)}, "nothing that is renamed or replaced is open"
        turns.append(old)
        if len(turns) % 2:
            raise PermissionError(13, "a scanner holds it")
        real(old, new)

    def no_folder(handle):
        assert not os.path.isdir(f"/proc/self/fd/{handle}")  # noqa: PTH112 - a handle, not a path

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(os, "fsync", no_folder)
    monkeypatch.setattr(disk_module, "_PAUSE_S", 0.001)
    store = open_store(root)
    keep(store, tmp_path, "a")
    keep(store, tmp_path, "b", expected=1)
    same(boilers("b"), store.read("boilers"))


def test_nothing_is_unpickled(prepared, monkeypatch):
    import pickle  # noqa: PLC0415 - to hold that nobody calls it

    def never(*arguments, **options):
        raise AssertionError("unpickled")

    for name in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    same(boilers("v2"), open_store(prepared).read("boilers"))


class Model(RuleBasedStateMachine):
    """The store against a plain list of states."""

    folder: Path

    @initialize()
    def begin(self):
        Model.turn = getattr(Model, "turn", 0) + 1
        self.root = self.folder / str(Model.turn)
        self.store = open_store(self.root)
        self.states, self.at, self.kept = [None], 0, {}

    def now(self):
        return self.states[self.at]

    def then(self, state):
        self.states, self.at = [*self.states[: self.at + 1], state], self.at + 1

    @rule(right=st.booleans())
    def keep(self, right):
        number = len(self.kept) + 1
        if not right:
            assert refused(keep, self.store, self.folder, "x", expected=99).rule == "workspace_moved"
            return
        record = keep(self.store, self.folder, f"m{number}", expected=self.now())
        assert record.version == number
        self.kept[number] = f"m{number}"
        self.then(number)

    @rule()
    def undo(self):
        if self.at:
            done = self.store.undo("boilers", expected=self.now())
            self.at -= 1
            assert (done and done.version) == self.now()

    @rule()
    def redo(self):
        if self.at + 1 < len(self.states):
            self.store.redo("boilers", expected=self.now())
            self.at += 1

    @rule()
    def drop(self):
        if self.now() is not None:
            self.store.drop("boilers", expected=self.now())
            self.then(None)

    @invariant()
    def agree(self):
        if not hasattr(self, "root"):
            return
        seen = open_store(self.root)
        assert current(seen) == self.now()
        assert [record.version for record in seen.history("boilers")] == list(self.kept)
        assert seen.position("boilers") == Position(
            current=self.now(), can_undo=self.at > 0, can_redo=self.at + 1 < len(self.states)
        )
        if self.now() is not None:
            assert seen.read("boilers")["boiler_id"].iloc[0] == f"{self.kept[self.now()]}-0"


def test_the_folder_agrees_with_a_plain_list_of_states(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    machine = type("Machine", (Model,), {"folder": tmp_path})
    machine.TestCase.settings = settings(
        max_examples=8, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine.TestCase("runTest").runTest()
