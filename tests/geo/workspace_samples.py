"""Small layers to keep, and a worker: another process that keeps layers when it is told to."""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.errors import DataError
from geo.readers.parts import digest
from geo.workspace import Record, open_store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def boilers(mark, count=3):
    """Return a layer whose every row says `mark`."""
    return gpd.GeoDataFrame(
        {
            "boiler_id": pd.Series([f"{mark}-{n}" for n in range(count)], dtype="string[pyarrow]"),
            "name": pd.Series(["石嘴山热力", None, "=1+1"][:count], dtype="string[pyarrow]"),
            "capacity_t_h": np.array([20.0, np.nan, 1 / 3][:count]),
            "is_backup": pd.Series([True, None, False][:count], dtype="boolean"),
            "source_row": np.arange(2, 2 + count, dtype="int64"),
        },
        geometry=[shapely.Point(106.4 + n / 7, 39.0) for n in range(count)],
        crs="EPSG:4490",
    )


def nothing_aside():
    return gpd.GeoDataFrame({"锅炉编号": pd.Series([], dtype=object)}, geometry=gpd.GeoSeries([], crs="EPSG:4490"))


def source_of(folder, mark):
    path = Path(folder) / f"台账 {mark}.csv"
    path.write_bytes(f"锅炉编号\n{mark}\n".encode("gb18030"))
    return path


def record_of(layer, frame, aside, source, **more):
    said = {
        "layer": layer,
        "file": source.name,
        "source_sha256": digest(source),
        "rows_in": len(frame) + len(aside),
        "rows_used": len(frame),
        "rows_set_aside": len(aside),
        "mapping": {"锅炉编号": "boiler_id"},
        "units": {"出力": "t/h"},
        "sublayer": None,
        "crs": {"crs": "EPSG:4490", "scores": [0.5, 1e-7]},
        "time": NOON,
        "who": "王工",
        "synthetic": True,
        "faults": [{"rule": "id_missing", "rows": [2, 3]}],
        "accepted": [],
    }
    return Record(**(said | more))


def keep(store, folder, mark, *, layer="boilers", expected=None, frame=None, aside=None, **more):
    frame = boilers(mark) if frame is None else frame
    aside = nothing_aside() if aside is None else aside
    source = source_of(folder, mark)
    record = record_of(layer, frame, aside, source, **more)
    return store.keep(layer, frame, record, set_aside=aside, source=source, expected=expected)


def current(store, layer="boilers"):
    found = store.layers().get(layer)
    return None if found is None else found.version


def race(where, folder, mark, layer, times):
    """Keep a layer many times over while others do; who is told that it moved looks again."""
    store, versions, lost = open_store(where), [], 0
    while len(versions) < times:
        seen = store.position(layer).current
        try:
            versions.append(keep(store, folder, f"{mark}{len(versions)}", layer=layer, expected=seen).version)
        except DataError as error:
            if {fault.rule for fault in error.faults} != {"workspace_moved"}:
                raise
            lost += 1
    if hasattr(store, "close"):
        store.close()
    return {"versions": versions, "lost": lost}


def _forked(work):
    """Run `work` in a process of its own, that has all modules at once and no threads yet; return it and its pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading)
    try:
        with os.fdopen(writing, "w") as pipe:
            work(pipe)
    except Exception:  # noqa: BLE001 - whatever it is, the test reads it
        traceback.print_exc()
    finally:
        os._exit(0)


def races(jobs):
    """Run several races at once, each in its own process."""

    def running(job):
        return _forked(lambda pipe: json.dump(race(**job), pipe))

    started = [running(job) for job in jobs]
    done = []
    for child, pipe in started:
        with pipe:
            done.append(json.load(pipe))
        os.waitpid(child, 0)
    return done


def killed(where, folder, seconds):
    """Keep a layer over and over in another process and kill it, whatever it is doing then."""

    def work(pipe):
        store, turn = open_store(where), 0
        while True:
            turn += 1
            keep(store, folder, f"k{turn}", expected=current(store))
            if turn == 1:
                pipe.write("!")
                pipe.flush()

    child, pipe = _forked(work)
    with pipe:
        assert pipe.read(1) == "!"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return {"signal": os.WTERMSIG(os.waitpid(child, 0)[1])}


def serve():
    for module in ("geo.workspace.postgis", "geopandas.io.arrow", "pyarrow.parquet", "pyarrow.dataset"):
        importlib.import_module(module)  # once, for all that are forked
    for line in sys.stdin:
        order = json.loads(line)
        done = {"races": races, "killed": killed}[order.pop("do")](**order)
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
