"""Whatever is joined, replaced, mended, undone or dropped, and in which order: every row of every file is somewhere."""

import os
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from data.errors import DataError
from data.schemas import MODELS
from geo import gate, keeping
from geo.workspace import Part, open_store

HEADER = ["锅炉编号", "单位名称", "燃料", "吨位(蒸吨)", "经度", "纬度"]
PLACED = st.sampled_from([True, True, True, False])
ROWS = st.lists(st.tuples(st.sampled_from("甲乙丙"), st.integers(1, 2), PLACED), min_size=2, max_size=5)
DECISION = gate.Decision(layer="boilers")


class Joined(RuleBasedStateMachine):
    """A workspace against what a person remembers of it: the rows of each source, version by version."""

    folder: Path

    @initialize()
    def begin(self):
        Joined.turn = getattr(Joined, "turn", 0) + 1
        self.home = self.folder / str(Joined.turn)
        self.home.mkdir()
        self.store = open_store(self.home / "kept")
        self.states, self.at, self.files = [None], 0, 0

    def now(self):
        return self.states[self.at]

    def then(self, state):
        self.states, self.at = [*self.states[: self.at + 1], state], self.at + 1

    def read(self, rows):
        """Read a table of boilers, some without a place and so set aside."""
        self.files += 1
        cells = [
            [f"{firm}{number}", f"{firm}厂", "煤", "4", *((106.4, 39.0 + number / 90) if placed else (None, None))]
            for firm, number, placed in rows
        ]
        path = self.home / f"{self.files}.csv"
        pd.DataFrame(cells, columns=HEADER).to_csv(path, index=False)
        return path.name, len(rows), gate.read(path, DECISION)

    def keep(self, done, join):
        seen = gate.version_of(self.store, "boilers")
        foretold = keeping.change(self.store, done, join)
        record = keeping.keep(self.store, done, DECISION, signature="", who="", expected=seen, join=join)
        if foretold is not None:
            assert foretold.after == record.rows_used

    @rule(rows=ROWS)
    def replace(self, rows):
        try:
            name, count, done = self.read(rows)
        except DataError:
            return
        self.keep(done, None)
        self.then({name: count})

    @rule(rows=ROWS)
    def add(self, rows):
        try:
            name, count, done = self.read(rows)
        except DataError:
            return
        self.keep(done, keeping.Join())
        self.then({**(self.now() or {}), name: count})

    @rule(rows=ROWS, data=st.data())
    def instead_of(self, rows, data):
        if not self.now():
            return
        gone = data.draw(st.sets(st.sampled_from(sorted(self.now())), min_size=1))
        try:
            name, count, done = self.read(rows)
        except DataError:
            return
        self.keep(done, keeping.Join(instead_of=tuple(gone)))
        self.then({**{one: rows for one, rows in self.now().items() if one not in gone}, name: count})

    @rule(data=st.data())
    def mend(self, data):
        if not self.now():
            return
        found = [one for one in gate.doubts(gate.frames_of(self.store)) if one.mend == "drop_later"]
        if found:
            finding = data.draw(st.sampled_from(found))
            keeping.mend(self.store, finding, who="", expected=gate.version_of(self.store, "boilers"))
            self.then(self.now())

    @rule()
    def undo(self):
        if self.at:
            self.store.undo("boilers", expected=gate.version_of(self.store, "boilers"))
            self.at -= 1

    @rule()
    def redo(self):
        if self.at + 1 < len(self.states):
            self.store.redo("boilers", expected=gate.version_of(self.store, "boilers"))
            self.at += 1

    @rule()
    def drop(self):
        if self.now():
            self.store.drop("boilers", expected=gate.version_of(self.store, "boilers"))
            self.then(None)

    @invariant()
    def agree(self):
        if not hasattr(self, "home"):
            return
        store, state = open_store(self.home / "kept"), self.now()
        assert ("boilers" in store.layers()) == bool(state)
        if not state:
            return
        record, frame, aside = store.layers()["boilers"], store.read("boilers"), store.set_aside("boilers")
        MODELS["boilers"].validate(frame)
        assert frame["boiler_id"].is_unique
        assert (record.rows_in, record.rows_used, record.rows_set_aside) == (
            sum(state.values()),
            len(frame),
            len(aside),
        )
        if record.parts:
            assert {part.source: part.rows_used + part.rows_set_aside for part in record.parts} == state
            assert {part.source: part.rows_in for part in record.parts} == state
            places = [
                place
                for rows in (frame, aside)
                if len(rows)
                for place in zip(rows["source_file"], rows["source_row"], strict=True)
            ]
            assert sorted(places) == sorted(
                (source, row) for source, count in state.items() for row in range(2, count + 2)
            )
        else:
            assert {record.file: record.rows_in} == state


def test_every_row_of_every_file_is_somewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    machine = type("Machine", (Joined,), {"folder": tmp_path})
    machine.TestCase.settings = settings(
        max_examples=15, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine.TestCase("runTest").runTest()


def part(file):
    return Part(
        source=file,
        file=file,
        sublayer=None,
        source_sha256="0" * 64,
        rows_in=1,
        rows_used=1,
        rows_set_aside=0,
        mapping={},
        units={},
        crs={},
        time=datetime.now(UTC),
        who="",
        synthetic=False,
    )


def test_many_files_are_named_whole_and_counted():
    parts = [part(f"{at:02d}{'甲' * 30}.csv") for at in range(9)]
    said = keeping.name_of(parts)
    assert len(said) <= 200
    assert said.split("、") == [*(one.file for one in parts[:5]), "…（9）"]
    assert keeping.name_of(parts[:2]) == "、".join(one.file for one in parts[:2])
    long = keeping.name_of([part("甲" * 300), part("b.csv")])
    assert (len(long), long[-4:]) == (200, "…（2）")


def test_a_clash_is_told_of_its_own_file_however_much_is_joined_later(tmp_path):
    store = open_store(tmp_path / "kept")
    for at in range(4):
        path = tmp_path / f"{at}.csv"
        pd.DataFrame([["B1", f"{at}厂", "煤", "4", 106.4, 39.0]], columns=HEADER).to_csv(path, index=False)
        done, seen = gate.read(path, DECISION), gate.version_of(store, "boilers")
        record = keeping.keep(store, done, DECISION, signature="", who="", expected=seen, join=keeping.Join())
    assert {fault["file"] for fault in record.faults if fault["rule"] == "id_taken"} == {"1.csv", "2.csv", "3.csv"}
    assert store.read("boilers")["boiler_id"].tolist() == ["B1"]
