"""现场核查 on the page: a queue, a record that keeps every word, and a conflict that is told."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from data.catalog import label, text
from heating.checks import Check, CheckStore
from tests.ui.test_gate_page import buildings_file, dropped, fine, press
from tests.ui.test_pages import opened, words
from ui import access
from ui.texts import plain
from ui.workspace import checks

pytestmark = pytest.mark.usefixtures("small_city")


@pytest.fixture(autouse=True)
def workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("NUANGUANG_WORKSPACE", str(tmp_path))
    return tmp_path


def widget(kind, end):
    return next(one for one in kind if str(one.key).endswith(end))


def queue(app, name="boiler_id"):
    return next(frame.value for frame in app.dataframe if text(f"column.{name}") in frame.value)


def ask(app, name, *, subject="boiler"):
    app.text_input(key=f"checks_id_{subject}").set_value(name)
    return fine(app.run())


def send(app, *, note, who="王工", answer="accepted", status="settled"):
    widget(app.selectbox, "_status").set_value(status)
    widget(app.radio, "_answer").set_value(answer)
    widget(app.text_area, "_note").set_value(note)
    if who is not None:
        widget(app.text_input, "_who").set_value(who)
    next(button for button in app.button if button.label == text("checks.save")).click()
    return fine(app.run())


def kept(workspace):
    store = CheckStore(workspace / "demo")
    table = store.table(every=True)
    store.close()
    return table


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_queue_says_why_each_boiler_waits(language):
    app = opened("checks", language)
    table = next(frame.value for frame in app.dataframe if text("column.reasons", language) in frame.value)
    assert (table[text("column.reasons", language)] != "").all()
    assert text("app.synthetic", language) in words(app)
    assert text("checks.where_demo", language) in words(app)


def test_a_settled_check_leaves_the_queue_and_every_word_is_kept(workspace):
    app = opened("checks")
    name = queue(app)[text("column.boiler_id")].iloc[0]
    ask(app, name)
    send(app, note="已拆除，有照片", status="visited")
    send(app, note="已拆除，证明齐")
    assert name not in set(queue(app)[text("column.boiler_id")])
    said = kept(workspace)
    assert said[["subject", "subject_id", "version", "note", "who"]].to_numpy().tolist() == [
        ["boiler", name, 1, "已拆除，有照片", "王工"],
        ["boiler", name, 2, "已拆除，证明齐", "王工"],
    ]
    assert said["said"].str.count(":").eq(4).all()


def test_another_persons_word_meanwhile_is_told_and_not_overwritten(workspace):
    app = opened("checks")
    name = queue(app)[text("column.boiler_id")].iloc[0]
    ask(app, name)
    other = CheckStore(workspace / "demo")
    other.save(Check(subject="boiler", subject_id=name, status="visited", note="在用", who="李工"), expected=0)
    send(app, note="已拆除")
    assert text("fault.check_moved") in words(app)
    assert "李工" in words(app)
    assert [one.note for one in other.history("boiler", name)] == ["在用"]
    widget(app.button, "_reload").click()
    fine(app.run())
    assert widget(app.text_area, "_note").value == "在用"
    send(app, note="在用；已约拆除")
    assert [one.who for one in other.history("boiler", name)] == ["李工", "王工"]
    other.close()


def test_without_a_name_nothing_is_kept(workspace):
    app = opened("checks")
    ask(app, queue(app)[text("column.boiler_id")].iloc[0])
    send(app, note="x", who=" ")
    assert text("checks.who_missing") in [box.value for box in app.error]
    assert kept(workspace).empty


def test_a_number_that_nobody_has_is_told():
    app = ask(opened("checks"), "<b>没有</b>")
    assert text("checks.unknown_id", id=plain("<b>没有</b>")) in [box.value for box in app.error]


def test_a_building_is_checked_with_a_picture(workspace):
    app = opened("checks")
    app.button_group(key="checks_subject").set_value("building")
    fine(app.run())
    name = queue(app, "building_id")[text("column.building_id")].iloc[0]
    ask(app, name, subject="building")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    widget(app.file_uploader, "_photo").upload("门口.png", picture.getvalue())
    send(app, note="烧散煤")
    said = kept(workspace)
    assert said["photo_name"].tolist() == ["门口.png"]
    widget(app.file_uploader, "_photo").upload("坏.png", b"<script>")
    send(app, note="再查")
    assert text("fault.check_photo") in words(app)
    assert len(kept(workspace)) == 1


def test_checks_of_kept_layers_lie_beside_them_and_apart_from_the_demo_city(workspace):
    app = opened("files")
    dropped(app, "楼.geojson", buildings_file())
    press(app, "gate_read_")
    press(app, "keep_")
    app = opened("checks")
    assert text("checks.where_demo") not in words(app)
    assert "checks_subject" in app.session_state
    name = queue(app, "building_id")[text("column.building_id")].iloc[0]
    ask(app, name, subject="building")
    send(app, note="烧散煤")
    assert kept(workspace).empty
    beside = CheckStore(workspace / "kept")
    assert beside.table()["subject_id"].tolist() == [name]
    beside.close()


def test_a_reader_looks_and_cannot_write(monkeypatch):
    monkeypatch.setattr(access, "may_edit", lambda: False)
    app = opened("checks")
    ask(app, queue(app)[text("column.boiler_id")].iloc[0])
    assert text("checks.reader") in words(app)
    assert not [button for button in app.button if button.label == text("checks.save")]
    assert label("check_status", "open") in str(queue(app).to_numpy())


def test_a_version_seen_in_another_store_breaks_nothing(workspace):
    app = opened("checks")
    name = queue(app)[text("column.boiler_id")].iloc[0]
    store = CheckStore(workspace / "demo")
    ask(app, name)
    app.session_state[f"check_seen_{id(checks(demo=True))}_boiler_{name}"] = 7
    fine(app.run())
    send(app, note="在用", status="visited")
    assert [one.note for one in store.history("boiler", name)] == ["在用"]
    store.close()
