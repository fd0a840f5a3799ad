"""Field checks: every word is kept, and who had not seen the last one is told of it."""

import io
import multiprocessing
import threading

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given, settings
from PIL import Image

from data.catalog import LANGUAGES, text
from data.errors import DataError
from heating.checks import ANSWERS, COLUMNS, LONGEST_NOTE, STATUSES, SUBJECTS, Check, CheckStore
from heating.records import FILE
from tests.geo.postgres_server import postgis_url, postgres  # noqa: F401 - fixtures


def fresh(url):
    import sqlalchemy as sa  # noqa: PLC0415

    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS nuanguang CASCADE"))
    engine.dispose()
    return url


@pytest.fixture(params=["folder", pytest.param("postgres", marks=pytest.mark.xdist_group("checks"))])
def where(request, tmp_path):
    return tmp_path / "w" if request.param == "folder" else fresh(request.getfixturevalue("postgis_url"))


@pytest.fixture
def store(where):
    made = CheckStore(where)
    yield made
    made.close()


def check(name="B1", **said):
    return Check(subject="boiler", subject_id=name, **({"status": "visited", "who": "张"} | said))


def picture(colour="red", kind="PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, kind)
    return buffer.getvalue()


def fault(act):
    with pytest.raises(DataError) as caught:
        act()
    (one,) = caught.value.faults
    for language in LANGUAGES:
        assert text(f"fault.{one.rule}", language)
        assert text(f"mend.{one.rule}", language)
    return one


def test_what_is_saved_is_what_is_read(store, where):
    done = store.save(check(answer="contested", said="R2", note="现场为燃气锅炉\n“已改造”"), expected=0)
    assert (done.version, done.who, done.note) == (1, "张", "现场为燃气锅炉\n“已改造”")
    again = CheckStore(where)
    assert again.history("boiler", "B1") == [done]
    assert again.history("building", "B1") == []
    again.close()


def test_every_version_stays_and_the_last_one_counts(store):
    first = store.save(check(note="一"), expected=0)
    second = store.save(check(note="二", status="settled", who="李"), expected=1)
    other = store.save(check("B2"), expected=0)
    assert store.history("boiler", "B1") == [first, second]
    assert store.table()[["subject_id", "version", "note"]].to_numpy().tolist() == [["B1", 2, "二"], ["B2", 1, ""]]
    assert store.table(every=True)["version"].tolist() == [1, 2, 1]
    assert list(store.table()) == list(COLUMNS)
    assert other.at <= store.table(every=True)["at"].max()


def test_an_empty_store_is_an_empty_table(store):
    assert store.table().empty
    assert list(store.table()) == list(COLUMNS)


@pytest.mark.parametrize("seen", [0, 2, 7])
def test_who_did_not_see_the_last_word_is_told_it_and_writes_nothing(store, seen):
    store.save(check(note="别人写的", who="李", answer="accepted"), expected=0)
    one = fault(lambda: store.save(check(note="我写的"), expected=seen))
    assert (one.rule, one.expected) == ("check_moved", str(seen))
    if seen == 0:
        assert "李" in one.got
        assert "别人写的" in one.got
    assert store.table()["note"].tolist() == ["别人写的"]


def test_many_at_once_lose_nothing(where):
    stores = [CheckStore(where) for _ in range(4)]
    told = []

    def work(own, who):
        for at in range(8):
            while True:
                seen = len(own.history("boiler", "B1"))
                try:
                    own.save(check(note=f"{who}-{at}", who=who), expected=seen)
                    break
                except DataError as error:
                    told.append(error.faults[0].rule)

    threads = [threading.Thread(target=work, args=(own, f"w{at}")) for at, own in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = stores[0].history("boiler", "B1")
    assert [one.version for one in history] == list(range(1, 33))
    assert {one.note for one in history} == {f"w{who}-{at}" for who in range(4) for at in range(8)}
    assert set(told) <= {"check_moved"}
    for own in stores:
        own.close()


def _save(where, who, done):
    own = CheckStore(where)
    try:
        own.save(check(note=who, who=who), expected=0)
        done.put((who, "kept"))
    except DataError as error:
        done.put((who, error.faults[0].rule))
    own.close()


def test_of_two_processes_that_saw_the_same_one_is_told(where):
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    workers = [context.Process(target=_save, args=(where, who, done)) for who in ("甲", "乙")]
    for worker in workers:
        worker.start()
    said = dict(done.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()
    assert sorted(said.values()) == ["check_moved", "kept"]
    own = CheckStore(where)
    assert [one.who for one in own.history("boiler", "B1")] == [who for who, how in said.items() if how == "kept"]
    own.close()


def test_a_picture_is_kept_once_and_stays_with_the_next_word(store):
    first = store.save(check(photo_name="现场../炉.png"), expected=0, photo=picture())
    second = store.save(check("B2", photo_name="b.png"), expected=0, photo=picture())
    assert first.photo == second.photo
    assert store.photo(first.photo) == picture()
    assert "/" not in first.photo_name
    later = store.save(check(photo=first.photo, photo_name=first.photo_name, note="补充"), expected=1)
    assert (later.photo, later.photo_name) == (first.photo, first.photo_name)
    assert store.photo("0" * 64) == b""
    assert store.save(check("B3"), expected=0).photo_name == ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_of_telephones(store, kind):
    assert store.photo(store.save(check(photo_name="a"), expected=0, photo=picture(kind=kind)).photo)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<html><script>alert(1)</script></html>", "check_photo"),
        (picture()[:20], "check_photo"),
        (picture(kind="GIF"), "check_photo"),
        (b"\x89PNG" + b"0" * (16 * 2**20), "check_photo_large"),
    ],
    ids=["html", "cut", "gif", "large"],
)
def test_what_is_no_picture_is_refused_and_nothing_is_written(store, content, rule):
    assert fault(lambda: store.save(check(photo_name="a.png"), expected=0, photo=content)).rule == rule
    assert store.table().empty


def test_a_note_has_its_measure(store):
    assert store.save(check(note="字" * LONGEST_NOTE), expected=0).version == 1
    assert fault(lambda: store.save(check(note="字" * (LONGEST_NOTE + 1)), expected=1)).rule == "check_note"


@pytest.mark.parametrize(
    "text_", ["'; DROP TABLE field_checks; --", "=1+1", "<b>x</b>", "𠮷㙍", "a\x00b"[:1], "%s {x}"]
)
def test_any_text_is_a_text(store, text_):
    store.save(check(text_, note=text_, who=text_), expected=0)
    row = store.table().iloc[0]
    assert (row["subject_id"], row["note"], row["who"]) == (text_, text_, text_)


def test_a_folder_that_cannot_be_and_an_address_that_is_none(tmp_path):
    (tmp_path / "file").write_text("x")
    assert fault(lambda: CheckStore(tmp_path / "file" / "under")).rule == "not_writable"
    assert fault(lambda: CheckStore("postgresql://u:geheim@h:port/x")).rule == "workspace_kind"
    one = fault(lambda: CheckStore("postgresql://u:geheim@127.0.0.1:9/x?connect_timeout=2"))
    assert one.rule == "check_store"
    assert "geheim" not in one.message()


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    assert fault(lambda: CheckStore(tmp_path)).rule == "check_store"


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(SUBJECTS),
            st.sampled_from(["1", "2"]),
            st.sampled_from(STATUSES),
            st.sampled_from(ANSWERS),
            st.integers(0, 3),
        ),
        max_size=12,
    )
)
def test_the_store_agrees_with_plain_lists(tmp_path_factory, acts):
    store = CheckStore(tmp_path_factory.mktemp("checks"))
    kept = {}
    for subject, name, status, answer, seen in acts:
        history = kept.setdefault((subject, name), [])
        one = Check(subject=subject, subject_id=name, status=status, answer=answer)
        if seen == len(history):
            history.append(store.save(one, expected=seen))
        else:
            with pytest.raises(DataError):
                store.save(one, expected=seen)
    for (subject, name), history in kept.items():
        assert store.history(subject, name) == history
        assert [one.version for one in history] == list(range(1, len(history) + 1))
    last = {place: history[-1] for place, history in kept.items() if history}
    table = store.table()
    assert {(row.subject, row.subject_id): row.version for row in table.itertuples()} == {
        place: one.version for place, one in last.items()
    }
    assert isinstance(table, pd.DataFrame)
    store.close()


def _open_and_count(where):
    store = CheckStore(where)
    count = len(store.table())
    store.close()
    return count


def test_many_open_a_new_store_at_once(where):
    with multiprocessing.get_context("spawn").Pool(6) as pool:
        assert pool.map(_open_and_count, [where] * 6) == [0] * 6
