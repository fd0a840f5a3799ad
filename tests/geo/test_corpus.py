"""Whatever file comes to the gate: a clear verdict, nothing lost, nothing let in, nothing done behind one's back."""

import os
import re
import signal
import sys
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from corpus import samples, variants
from corpus.entry import CANARY, HIDDEN
from corpus.shelves import ENTRIES
from corpus.watch import canary, listing, watched
from hypothesis import HealthCheck, Phase, given, settings

from data.catalog import text_keys
from data.errors import DataError
from geo.io import read_layer
from geo.readers.opening import SUFFIXES

CLASS = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning)\b|<class |object at 0x|Traceback")
WINDOWS = sys.platform == "win32"
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]|^(con|nul)\.|[. ]$', re.IGNORECASE)
PLACES = {entry.name: turn for turn, entry in enumerate(ENTRIES)}
SECONDS, GROWN_MB = 5.0, 300.0


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Work in an empty folder, with an empty folder for temporary files, and listen to who calls home."""
    root = tmp_path_factory.mktemp("corpus")
    for name in ("files", "here", "temporary"):
        (root / name).mkdir()
    before, here = tempfile.tempdir, Path.cwd()
    read_layer(_written(root, "first.csv", samples.csv("first")), "boilers")
    with canary() as server:
        CANARY["url"] = f"http://127.0.0.1:{server.server_address[1]}/canary"
        tempfile.tempdir = str(root / "temporary")
        os.chdir(root / "here")
        yield root, server
        os.chdir(here)
        tempfile.tempdir = before


def _written(root, name, content):
    path = root / "files" / name
    path.write_bytes(content)
    return path


def outcome(house, path, layer, **options):
    """Read a file under watch: the reading or nothing, and the faults. Anything else that is raised fails the test."""
    root, server = house
    folder, calls = path.parent, server.calls
    before = listing(folder)
    read, faults = None, ()
    with watched() as seen:
        try:
            read = read_layer(path, layer, **options)
            faults = read.faults
        except DataError as error:
            faults = error.faults
            assert faults, "a refusal says why"
            assert any(fault.effect == "refused" for fault in faults)
    assert listing(folder) == before, "nothing is written beside the file"
    assert not listing(root / "here")
    assert not listing(root / "temporary")
    assert not seen.events, seen.events
    assert not seen.warnings, seen.warnings
    assert server.calls == calls, "nobody called home"
    assert seen.seconds < SECONDS, f"{seen.seconds:.1f} s"
    assert seen.grown_mb < GROWN_MB, f"{seen.grown_mb:.0f} MB"
    return read, faults


def hold_speech(house, path, faults):
    """Every fault is said in both languages, names the file, and shows nothing of the machine or of Python."""
    root, _ = house
    keys = text_keys()
    for fault in faults:
        assert {f"fault.{fault.rule}", f"mend.{fault.rule}"} <= keys
        assert fault.file
        said = {language: fault.message(language) for language in ("zh", "en")}
        assert said["zh"] != said["en"]
        for language, message in said.items():
            row = fault.as_row(language)
            assert message.startswith(fault.file)
            assert row["mend"]
            assert row["message"] == message
            assert not CLASS.search(message), message
            assert str(root) not in message, message
            assert "/vsi" not in message, message
            odd = [one for one in message if unicodedata.category(one) == "Cc"]
            assert not odd, repr(message)
        if fault.file != path.name:
            assert fault.file.startswith(f"{path.name}/") or fault.rule == "file_name"


def hold_rows(read):
    """Every row is used or set aside, and a row is set aside exactly when a fault says so."""
    aside = read.checked.set_aside["source_row"].tolist()
    used = read.frame["source_row"].tolist()
    assert read.rows_in == len(used) + len(aside)
    assert len({*used, *aside}) == read.rows_in, "each row once"
    reported = {row for fault in read.faults if fault.effect == "row_set_aside" for row in fault.rows}
    assert set(aside) == reported
    assert read.frame.crs.to_epsg() == 4490
    assert read.frame.geometry.is_valid.all()
    assert not any(HIDDEN in str(cell) for cell in read.frame.drop(columns="geometry").to_numpy().ravel())


def built(house, entry):
    root, _ = house
    if WINDOWS and FORBIDDEN.search(entry.name):
        pytest.skip("Windows cannot store this name")
    folder = root / "files" / f"{PLACES[entry.name]:03d}"
    path = folder / entry.name
    if not folder.exists():
        folder.mkdir()
        entry.build(path)
    return path


@pytest.mark.parametrize("entry", ENTRIES, ids=[ascii(entry.name)[1:-1][:60] for entry in ENTRIES])
def test_a_file_gets_its_verdict(house, entry):
    path = built(house, entry)
    read, faults = outcome(house, path, entry.layer, **entry.options)
    hold_speech(house, path, faults)
    rules = {fault.rule for fault in faults}
    if read is not None:
        hold_rows(read)
        assert entry.records in (None, read.rows_in), sorted(rules)
        assert entry.used in (None, len(read.frame)), sorted(rules)
        assert set(entry.holds) <= set(read.frame.get("name", ())), read.frame.get("name")
    if entry.either:
        return
    if entry.refused:
        assert read is None, "it must be refused"
        assert entry.refused & {fault.rule for fault in faults if fault.effect == "refused"}, sorted(rules)
    else:
        assert read is not None, [fault.message("en") for fault in faults]
        assert entry.faults <= rules, sorted(rules)
        assert not (entry.clean and rules), [fault.message("en") for fault in faults]


def test_the_corpus_is_large_and_covers_every_format(house):
    names = [entry.name for entry in ENTRIES]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    suffixes = Counter(Path(name).suffix.lower() for name in names)
    assert min(suffixes[suffix] for suffix in SUFFIXES) >= 3
    digests = set()
    for entry in ENTRIES:
        if not (WINDOWS and FORBIDDEN.search(entry.name)):
            digests |= set(listing(built(house, entry).parent).values())
    assert len(digests) >= 150
    strict = [entry for entry in ENTRIES if not entry.either]
    assert len(strict) >= 150, "most files have a verdict of their own"


@pytest.mark.skipif(WINDOWS, reason="Windows has no such files")
def test_things_that_are_no_plain_files(house, tmp_path):
    right = tmp_path / "right.csv"
    right.write_bytes(samples.csv("link"))
    (tmp_path / "link.csv").symlink_to(right)
    read, _ = outcome(house, tmp_path / "link.csv", "boilers")
    assert len(read.frame) == 3, "a person's own link is followed"
    (tmp_path / "folder.gpkg").mkdir()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "device.csv").symlink_to("/dev/zero")
    for name in ("folder.gpkg", "loop.csv", "dangling.csv", "device.csv", "absent.csv"):
        read, faults = outcome(house, tmp_path / name, "boilers")
        assert {fault.rule for fault in faults} == {"file_missing"}, name
        hold_speech((tmp_path, house[1]), tmp_path / name, faults)


@pytest.mark.skipif(WINDOWS, reason="Windows has no such files")
def test_a_pipe_does_not_hang(tmp_path):
    def late(*_):
        raise TimeoutError

    os.mkfifo(tmp_path / "pipe.csv")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(5)
    try:
        with pytest.raises(DataError) as caught:
            read_layer(tmp_path / "pipe.csv", "boilers")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert [fault.rule for fault in caught.value.faults] == ["file_missing"]


def _stands_the_laws(house, suffix, content):
    path = _written(house[0], f"variant{suffix}", content)
    try:
        read = read_layer(path, "buildings" if suffix in (".osm", ".pbf") else "boilers")
    except DataError as error:
        faults = error.faults
        assert faults
    else:
        faults = read.faults
        hold_rows(read)
    hold_speech(house, path, faults)


QUICK = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": (Phase.explicit, Phase.generate),  # shrinking would take minutes, and the examples are small
    "suppress_health_check": list(HealthCheck),
}


@settings(max_examples=25, **QUICK)
@given(variants.damaged())
def test_damaged_files_stand_the_laws(house, drawn):
    _stands_the_laws(house, *drawn)


@settings(max_examples=15, **QUICK)
@given(variants.tables())
def test_random_tables_stand_the_laws(house, drawn):
    _stands_the_laws(house, *drawn)
