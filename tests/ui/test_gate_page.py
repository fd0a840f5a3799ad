"""The page 数据: a ledger is dropped, questions are answered, it is kept, taken back, checked and handed out."""

from __future__ import annotations

import io
import zipfile

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from data.catalog import text
from geo import gate, keeping
from geo.io import embedded_counties
from geo.offsets import shift as shifted
from geo.workspace import open_store
from tests.ui.test_pages import opened, words

pytestmark = pytest.mark.usefixtures("small_city")

HEADER = "锅炉编号,单位名称,锅炉燃料的种类,吨位（蒸吨）,用途,经度,纬度"
LEDGER = f"""{HEADER}
B1,甲厂,煤,20,供热,106.40,39.01
B2,<script>alert(1)</script>,煤,14,供热,106.41,39.02
B3,丙厂,煤,10,供热,,
"""
ROWS_IN, USED, ASIDE = 3, 2, 1


@pytest.fixture(autouse=True)
def workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("NUANGUANG_WORKSPACE", str(tmp_path))
    return tmp_path


def fine(app):
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def part(app, name):
    app.segmented_control(key="files_part").set_value(name)
    return fine(app.run())


def press(app, start):
    next(button for button in app.button if str(button.key).startswith(start)).click()
    return fine(app.run())


def dropped(app, name, content):
    part(app, "arriving")
    app.file_uploader(key="gate_files").upload(name, content.encode() if isinstance(content, str) else content)
    return fine(app.run())


def widget(kind, start):
    return next(one for one in kind if str(one.key).startswith(start))


def metrics(app):
    return [int(metric.value.replace(",", "")) for metric in app.metric]


def keep_ledger(app, language="zh"):
    dropped(app, "锅炉.csv", LEDGER)
    press(app, "gate_read_")
    press(app, "keep_")
    return app


def buildings_file():
    shapes = [shapely.box(106.4 + n * 0.002, 39.0, 106.401 + n * 0.002, 39.001) for n in range(4)]
    frame = gpd.GeoDataFrame(
        {
            "建筑编号": list("abcd"),
            "用途": ["住宅", "学校", "厂房", "医院"],
            "取暖方式": ["散煤", "热泵", "散煤", "地热"],
        },
        geometry=shapes,
        crs=4490,
    )
    return frame.to_json(to_wgs84=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_ledger_is_read_with_its_questions_faults_and_rows_set_aside(workspace, language):
    app = opened("files", language)
    dropped(app, "锅炉.csv", LEDGER)
    assert widget(app.selectbox, "layer_").value == "boilers"
    question = widget(app.selectbox, "map_")
    assert "锅炉燃料的种类" in question.label
    assert question.value == "fuel"
    press(app, "gate_read_")
    assert metrics(app) == [ROWS_IN, USED, ASIDE]
    faults = next(frame.value for frame in app.dataframe if text("column.mend", language) in frame.value)
    assert text("fault.geometry_missing", language) in faults.iloc[:, 4].tolist()
    assert not open_store(workspace / "kept").layers(), "reading keeps nothing"
    press(app, "keep_")
    record = open_store(workspace / "kept").layers()["boilers"]
    assert (record.file, record.rows_in, record.rows_used, record.rows_set_aside) == ("锅炉.csv", 3, 2, 1)
    assert record.confirmed == {"锅炉燃料的种类": "fuel"}
    assert set(open_store(workspace / "kept").read("boilers")["fuel"]) == {"coal"}


def test_an_answer_that_was_changed_asks_to_read_again(workspace):
    app = opened("files")
    dropped(app, "锅炉.csv", LEDGER)
    press(app, "gate_read_")
    widget(app.selectbox, "map_").set_value("")
    fine(app.run())
    assert text("gate.changed_since") in [box.value for box in app.warning]
    assert not [button for button in app.button if str(button.key).startswith("keep_")]


def test_a_refused_file_lists_every_fault_and_nothing_else_changes(workspace):
    app = opened("files")
    dropped(app, "锅炉.csv", "锅炉编号,燃料种类\nB1,煤\n")
    press(app, "gate_read_")
    assert text("fault.no_coordinates") in words(app)
    assert not open_store(workspace / "kept").layers()


def test_a_bomb_is_refused_before_it_is_opened(workspace):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../a.shp", b"0" * 50_000_000)
    app = opened("files")
    dropped(app, "a.zip", content.getvalue())
    assert app.error
    assert not [button for button in app.button if str(button.key).startswith("keep_")]


def test_taken_back_files_leave_nothing_on_disk(workspace):
    app = opened("files")
    dropped(app, "锅炉.csv", LEDGER)
    assert len(list((workspace / "incoming").rglob("*.csv"))) == 1
    app.file_uploader(key="gate_files").clear()
    fine(app.run())
    assert not list((workspace / "incoming").rglob("*.csv"))


def test_versions_are_undone_and_redone(workspace):
    app = opened("files")
    keep_ledger(app)
    store = open_store(workspace / "kept")
    part(app, "kept")
    press(app, "gate_undo_boilers")
    assert not store.layers()
    press(app, "gate_redo_boilers")
    assert store.layers()["boilers"].version == 1
    shown = [frame.value for frame in app.dataframe if text("gate.version") in frame.value]
    assert shown[0][text("column.file")].tolist() == ["锅炉.csv"]


def test_kept_buildings_become_the_city_of_every_new_session(workspace):
    app = opened("files")
    dropped(app, "建筑.geojson", buildings_file())
    press(app, "gate_read_")
    press(app, "keep_")
    assert text("app.synthetic") in words(app), "this session goes on with its own city"
    part(app, "kept")
    press(app, "gate_use")
    part(app, "in_use")
    assert text("app.synthetic") not in words(app)
    assert app.dataframe[0].value[text("column.file")].tolist() == ["建筑.geojson"]
    other = opened("files")
    assert other.dataframe[0].value[text("column.file")].tolist() == ["建筑.geojson"]


def test_the_same_rows_from_a_file_of_another_name_are_told_under_that_name(monkeypatch, tmp_path):
    for name in ("先.geojson", "后.geojson"):
        monkeypatch.setenv("NUANGUANG_WORKSPACE", str(tmp_path / name))
        app = opened("files")
        dropped(app, name, buildings_file())
        press(app, "gate_read_")
        press(app, "keep_")
        assert opened("files").dataframe[0].value[text("column.file")].tolist() == [name]


def test_another_version_meanwhile_is_a_conflict_that_is_told(workspace):
    first, second = opened("files"), opened("files")
    for app in (first, second):
        dropped(app, "锅炉.csv", LEDGER)
        press(app, "gate_read_")
    press(first, "keep_")
    press(second, "keep_")
    assert text("fault.workspace_moved") in [box.value for box in second.error]
    assert open_store(workspace / "kept").layers()["boilers"].version == 1
    press(second, "again_")
    assert not any(str(button.key).startswith("keep_") for button in second.button), "nothing is chosen beforehand"
    widget(second.radio, "way_").set_value("replace")
    fine(second.run())
    assert any("1" in box.value for box in second.warning), "what it takes the place of is told"
    press(second, "keep_")
    assert open_store(workspace / "kept").layers()["boilers"].version == 2


def test_sheets_and_a_second_countys_file_are_joined(workspace):
    header, counties = HEADER.split(","), {"大武口区": [], "惠农区": [], "说明": []}
    for at, (name, rows) in enumerate(counties.items()):
        rows += [header, [f"{name[0]}1", "甲厂", "煤", "20", "供热", 106.4 + at / 100, 39.0]]
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in counties.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    app = dropped(opened("files"), "台账.xlsx", content.getvalue())
    widget(app.multiselect, "sublayer_").set_value(["大武口区", "惠农区"])
    fine(app.run())
    press(app, "gate_read_")
    assert metrics(app) == [2, 2, 0]
    assert "台账\\.xlsx › 惠农区" in words(app), "the coordinates of each sheet are told"
    press(app, "keep_")
    app = dropped(opened("files"), "平罗县.csv", LEDGER)
    press(app, "gate_read_")
    widget(app.radio, "way_").set_value("add")
    fine(app.run())
    press(app, "keep_")
    kept = open_store(workspace / "kept")
    assert kept.read("boilers")["boiler_id"].tolist() == ["大1", "惠1", "B1", "B2"]
    app = dropped(opened("files"), "平罗县 新.csv", LEDGER.replace("B2", "B9"))
    press(app, "gate_read_")
    widget(app.radio, "way_").set_value("instead:平罗县.csv")
    fine(app.run())
    press(app, "keep_")
    assert kept.read("boilers")["boiler_id"].tolist() == ["大1", "惠1", "B1", "B9"]
    assert kept.read("boilers")["source_file"].tolist()[2:] == ["平罗县 新.csv"] * 2


def test_words_of_a_file_are_no_markdown(workspace):
    hostile = LEDGER.replace("甲厂,煤", "甲厂,![x](http://a.example/a.png)")
    app = dropped(opened("files"), "[a](http://b.example).csv", hostile)
    labels = [box.label for box in app.selectbox] + [box.value for box in app.subheader]
    assert any("http" in label for label in labels)
    assert not any("](http" in label for label in labels)


def test_a_damaged_workspace_is_told_on_every_part(workspace):
    keep_ledger(opened("files"))
    (workspace / "kept" / "manifest.json").write_text("{", encoding="utf-8")
    app = opened("files")
    for name in ("in_use", "arriving", "kept", "doubts", "handing_out", "sky"):
        part(app, name)


def test_findings_are_shown_accepted_and_exported(workspace):
    store = open_store(workspace / "kept")
    path = workspace / "b.csv"
    twice = LEDGER.replace("106.41,39.02", "106.40,39.01").replace("<script>alert(1)</script>,煤,14", "甲厂,煤,20")
    path.write_text(twice, encoding="utf-8")
    look = gate.look(path, store=store)
    decision = gate.Decision(layer="boilers", mapping={"锅炉燃料的种类": ("fuel", "")})
    keeping.keep(store, gate.read(path, decision), decision, signature=look.signature, who="", expected=None)
    app = part(opened("files"), "doubts")
    findings = widget(app.dataframe, "gate_findings_")
    assert len(findings.value)
    before = [markdown.value for markdown in app.markdown if markdown.value.startswith("### ")]
    app.session_state[findings.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    fine(app.run())
    press(app, "accept_")
    after = [markdown.value for markdown in app.markdown if markdown.value.startswith("### ")]
    assert sum(int(value[4:]) for value in after) == sum(int(value[4:]) for value in before) - 1


@pytest.mark.parametrize("kind", ["gpkg", "xlsx"])
def test_an_export_says_synthetic_and_is_masked(workspace, kind):
    app = part(opened("files"), "handing_out")
    app.multiselect(key="gate_export_layers").set_value(["boilers"])
    app.selectbox(key="gate_export_format").set_value(kind)
    app.selectbox(key="gate_export_crs").set_value("EPSG:4544")
    fine(app.run())
    press(app, "gate_export_make")
    made = app.session_state["gate_made_export"][1]
    assert text("app.synthetic") in made.file_name
    if kind == "gpkg":
        (workspace / "out.gpkg").write_bytes(made.content)
        frame = gpd.read_file(workspace / "out.gpkg", layer="boilers")
        assert frame.crs.to_epsg() == 4544
        assert len(frame) == 180
    else:
        assert openpyxl.load_workbook(io.BytesIO(made.content)).sheetnames


def test_the_template_is_offered_and_weather_has_its_place(workspace):
    app = part(opened("files"), "sky")
    assert {uploader.key for uploader in app.file_uploader} == {"upload_weather", "upload_elevation"}


def test_a_reader_looks_but_brings_nothing_in_and_gets_masked_files(workspace, monkeypatch):
    keep_ledger(opened("files"))
    monkeypatch.setattr("ui.access.role", lambda: "reader")
    app = opened("files")
    for name in ("arriving", "sky"):
        part(app, name)
        assert not app.file_uploader
        assert text("gate.readers_look") in [box.value for box in app.info]
    part(app, "kept")
    assert not [button for button in app.button if str(button.key).startswith("gate_")]
    assert not [button for button in app.download_button if str(button.key).startswith("gate_source")]
    part(app, "handing_out")
    assert text("gate.unmask") not in [box.label for box in app.checkbox]
    assert text("gate.masked_note") in words(app)
    app.switch_page("screens/scenarios.py")
    fine(app.run())
    saving = {text(f"scenarios.{act}") for act in ("save", "bring")}
    assert all(button.disabled for button in app.button if button.label in saving)


def test_the_kept_layers_can_be_handed_out_before_there_is_a_city_of_them(workspace):
    app = keep_ledger(opened("files"))
    part(app, "handing_out")
    app.radio(key="gate_whose").set_value("kept")
    fine(app.run())
    press(app, "gate_export_make")
    made = app.session_state["gate_made_export"][1]
    assert text("app.synthetic") not in made.file_name
    (workspace / "out.gpkg").write_bytes(made.content)
    assert gpd.read_file(workspace / "out.gpkg", layer="boilers")["boiler_id"].tolist() == ["B1", "B2"]


@pytest.mark.parametrize("shift", ["auto", "wgs84", "bd09"])
def test_a_person_overrules_the_offset_that_was_found(workspace, shift):
    outlines = shifted(embedded_counties(), "gcj02")
    app = dropped(opened("files"), "县.geojson", outlines.to_crs(4326).to_json())
    widget(app.selectbox, "shift_").set_value(shift)
    fine(app.run())
    press(app, "gate_read_")
    press(app, "keep_")
    kept = open_store(workspace / "kept")
    wanted = {"auto": embedded_counties(), "wgs84": outlines, "bd09": shifted(outlines, "bd09", inverse=True)}[shift]
    assert kept.read("counties").total_bounds == pytest.approx(wanted.total_bounds, abs=1e-6)
    assert kept.layers()["counties"].crs["datum_given"] is (shift != "auto")
    assert "100.0" not in words(app), "nothing is certain"


@pytest.mark.parametrize("code", ["EPSG:4544", "EPSG:4543"])
def test_a_system_that_a_file_does_not_state_is_offered(workspace, code):
    to_metres = Transformer.from_crs(4490, code, always_xy=True)
    rows = [[f"B{n}", "甲厂", "煤", "20", "供热", *to_metres.transform(106.4 + n / 100, 39.0)] for n in range(3)]
    table = pd.DataFrame(rows, columns=["锅炉编号", "单位名称", "燃料", "吨位(蒸吨)", "用途", "东坐标", "北坐标"])
    app = dropped(opened("files"), "锅炉.csv", table.to_csv(index=False))
    if widget(app.selectbox, "layer_").value is None:
        widget(app.selectbox, "layer_").set_value("boilers")
        fine(app.run())
    press(app, "gate_read_")
    assert text("fault.crs_missing") in words(app)
    press(app, f"crs_{widget(app.selectbox, 'crs_').key.removeprefix('crs_')}_{code}")
    assert widget(app.selectbox, "crs_").value == code
    press(app, "gate_read_")
    press(app, "keep_")
    kept = open_store(workspace / "kept").read("boilers")
    assert kept.geometry.x.tolist() == pytest.approx([106.4, 106.41, 106.42], abs=1e-8)
