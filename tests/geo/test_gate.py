"""The gate from end to end: look, decide, read, keep, take back, check, hand out — on the screen's own functions."""

import zipfile

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from geo_samples import buildings, rules
from typer.testing import CliRunner

from data.catalog import LAYERS, text
from data.errors import DataError, Fault
from geo import gate, keeping
from geo.__main__ import app
from geo.formats import export
from geo.io import read_layer
from geo.template import headers, template
from geo.vocabulary import columns
from geo.workspace import open_store

HEADER = ["锅炉编号", "单位名称", "锅炉燃料的种类", "吨位", "用途", "经度", "纬度"]
ROWS = [
    ["B1", "甲厂", "煤", "20", "供热", 106.40, 39.01],
    ["B2", "乙厂", "煤", "14", "供热", 106.41, 39.02],
    ["B3", "丙厂", "煤", "10", "供热", None, None],
]


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "锅炉 台账.xlsx"
    book = openpyxl.Workbook()
    for row in [HEADER, *ROWS]:
        book.active.append(row)
    book.save(path)
    return path


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "kept")


def geo(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def kept(store, ledger, **said):
    look = gate.look(ledger, layer="boilers", store=store)
    mapping = {match.foreign: (match.ours, match.unit) for match in look.questions} | said
    decision = gate.Decision(layer="boilers", mapping=mapping)
    done = gate.read(ledger, decision, raws=look.raws, name="锅炉 台账.xlsx")
    return keeping.keep(
        store, done, decision, signature=look.signature, who="张", expected=gate.version_of(store, "boilers")
    )


def test_a_question_is_not_used_before_it_is_answered(ledger):
    look = gate.look(ledger, layer="boilers")
    assert [match.foreign for match in look.questions if match.how == "similar"] == ["锅炉燃料的种类"]
    unasked = gate.read(ledger, look.decision(), raws=look.raws)
    assert set(unasked.frame["fuel"]) == {"unknown"}
    answered = gate.Decision(layer="boilers", mapping={"锅炉燃料的种类": ("fuel", "")})
    assert set(gate.read(ledger, answered, raws=look.raws).frame["fuel"]) == {"coal"}


def test_a_known_header_can_be_left_out(ledger):
    decision = gate.Decision(layer="boilers", mapping={"单位名称": ("", "")})
    done = gate.read(ledger, decision)
    assert done.frame["name"].isna().all()
    assert "单位名称" in done.unread


def test_a_stated_unit_scales(ledger):
    decision = gate.Decision(layer="boilers", mapping={"吨位": ("capacity_t_h", "MW")})
    done = gate.read(ledger, decision)
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([20 / 0.7, 14 / 0.7])
    assert done.units["吨位"] == "MW"


def test_what_is_kept_is_what_was_read_with_the_file_as_it_came(store, ledger):
    record = kept(store, ledger)
    assert (record.rows_in, record.rows_used, record.rows_set_aside) == (3, 2, 1)
    assert store.source("boilers") == ledger.read_bytes()
    assert store.set_aside("boilers")["单位名称"].tolist() == ["丙厂"]
    assert store.read("boilers")["boiler_id"].tolist() == ["B1", "B2"]
    assert record.who == "张"
    assert {fault["rule"] for fault in record.faults} >= {"geometry_missing"}
    assert [Fault.from_plain(fault).message() for fault in record.faults]


def test_a_confirmed_mapping_is_remembered_for_files_with_the_same_headers(store, ledger, tmp_path):
    kept(store, ledger)
    other = tmp_path / "二月.csv"
    pd.DataFrame(ROWS, columns=HEADER)[HEADER[::-1]].to_csv(other, index=False)
    look = gate.look(other, layer="boilers", store=store)
    found = {match.foreign: match for match in look.matches}
    assert (found["锅炉燃料的种类"].how, found["锅炉燃料的种类"].ours) == ("remembered", "fuel")
    assert set(gate.read(other, look.decision(), raws=look.raws).frame["fuel"]) == {"coal"}


def test_two_people_who_saw_the_same_version_do_not_overwrite_each_other(store, ledger):
    look = gate.look(ledger, layer="boilers", store=store)
    decision = look.decision()
    done = gate.read(ledger, decision, raws=look.raws)
    seen = gate.version_of(store, "boilers")
    keeping.keep(store, done, decision, signature=look.signature, who="甲", expected=seen)
    with pytest.raises(DataError) as caught:
        keeping.keep(store, done, decision, signature=look.signature, who="乙", expected=seen)
    assert rules(caught.value.faults) == {"workspace_moved"}
    assert [record.who for record in store.history("boilers")] == ["甲"]


def test_synthetic_layers_are_never_trusted_and_the_counties_always_are(store, tmp_path):
    assert set(gate.trusted_layers(None)) == {"counties"}
    path = tmp_path / "b.gpkg"
    buildings(数据说明=[text("app.synthetic")] * 4).to_file(path)
    decision = gate.Decision(layer="buildings")
    done = gate.read(path, decision)
    assert done.synthetic
    keeping.keep(store, done, decision, signature="", who="", expected=None)
    assert set(gate.trusted_layers(store)) == {"counties"}


def test_mending_keeps_a_version_and_loses_no_row(store, tmp_path):
    again = pd.concat([buildings(), buildings(1).assign(建筑编号="A9")], ignore_index=True)
    path = tmp_path / "建筑.gpkg"
    gpd.GeoDataFrame(again, crs="EPSG:4326").to_file(path)
    decision = gate.Decision(layer="buildings")
    keeping.keep(store, gate.read(path, decision), decision, signature="", who="", expected=None)
    from geo import quality  # noqa: PLC0415

    finding = next(one for one in quality.examine(gate.frames_of(store)) if one.mend and "A9" in one.ids)
    record = keeping.mend(store, finding, who="李", expected=1)
    assert (record.version, record.rows_used, record.rows_set_aside) == (2, 4, 1)
    assert record.rows_in == 5
    assert store.source("buildings") == path.read_bytes()
    assert finding.key not in {one.key for one in quality.examine(gate.frames_of(store))}
    store.undo("buildings", expected=2)
    assert len(store.read("buildings")) == 5


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("layer", LAYERS)
def test_every_header_of_the_template_is_known(layer, language):
    wanted = headers(layer, language)
    found = columns(layer, list(wanted))
    assert {name: ours for name, (ours, _) in found.items()} == wanted


def test_a_filled_template_is_read_whole(tmp_path):
    path = tmp_path / "模板.xlsx"
    path.write_bytes(template())
    book = openpyxl.load_workbook(path)
    page = book["锅炉"]
    said = dict.fromkeys([cell.value for cell in page[1]])
    said |= {"锅炉编号": "B1", "燃料种类": "煤", "额定蒸发量(蒸吨/小时)": 20, "经度": 106.4, "纬度": 39.0}
    page.append(list(said.values()))
    book.save(path)
    done = read_layer(path, "boilers", sublayer="锅炉")
    assert done.frame[["boiler_id", "fuel", "capacity_t_h"]].iloc[0].tolist() == ["B1", "coal", 20.0]
    assert not done.unread


def test_the_commands_do_the_same(tmp_path, ledger):
    where = tmp_path / "w"
    asked = geo("import", ledger, "--workspace", where, "--layer", "boilers")
    assert asked.exit_code == 3
    assert "锅炉燃料的种类" in asked.stderr
    mapping = ("--map", "锅炉燃料的种类=fuel", "--map", "吨位=capacity_t_h|蒸吨")
    done = geo("import", ledger, "--workspace", where, "--layer", "boilers", *mapping, "--who", "张")
    assert done.exit_code == 0, done.stderr
    assert geo("import", ledger, "--workspace", where, "--layer", "boilers").exit_code == 0, "remembered"
    assert "锅炉 台账.xlsx" in geo("layers", "--workspace", where).stdout
    assert geo("undo", "boilers", "--workspace", where).exit_code == 0
    assert gate.version_of(open_store(where), "boilers") == 1
    assert geo("redo", "boilers", "--workspace", where).exit_code == 0
    report = tmp_path / "报告.xlsx"
    assert geo("check", "--workspace", where, "--out", report).exit_code == 0
    assert openpyxl.load_workbook(report).sheetnames
    out = geo("export", "--workspace", where, "--format", "geojson", "--crs", "EPSG:4490", "--out", tmp_path / "out")
    assert out.exit_code == 0, out.stderr
    (made,) = (tmp_path / "out").iterdir()
    back = gpd.read_file(made)
    assert shapely.get_coordinates(back.geometry).round(6).tolist() == [[106.40, 39.01], [106.41, 39.02]]
    bad = geo("import", ledger, "--workspace", where, "--layer", "boilers", "--map", "没有等号")
    assert bad.exit_code == 2
    assert text("fault.mapping_unreadable") in bad.stderr


@pytest.mark.parametrize("kind", ["csv", "xlsx", "geojson", "gpkg"])
def test_an_export_in_shifted_coordinates_comes_back_where_it_was(tmp_path, ledger, kind):
    done = gate.read(ledger, gate.Decision(layer="boilers", mapping={"锅炉燃料的种类": ("fuel", "")}))
    made = export({"boilers": done.frame}, format=kind, crs="GCJ-02", name="锅炉", synthetic=False)
    path = tmp_path / made.file_name
    path.write_bytes(made.content)
    back = read_layer(path, "boilers")
    assert "crs_by_column" in rules(back.faults)
    moved = shapely.distance(back.frame.geometry.to_numpy(), done.frame.geometry.to_numpy())
    assert moved.max() < 1e-7


def test_a_capacity_whose_unit_nobody_stated_is_no_number(store, tmp_path):
    path = tmp_path / "台账.csv"
    path.write_text(
        "锅炉编号,燃料种类,额定容量,经度,纬度\nB1,煤,14,106.4,39.01\nB2,煤,20MW,106.41,39.0\n", encoding="utf-8"
    )
    look = gate.look(path, store=store)
    assert [match.foreign for match in look.questions] == ["额定容量"]
    for said in ({}, {"额定容量": ("capacity_t_h", "")}, {"额定容量": ("capacity_t_h", "?")}):
        done = gate.read(path, gate.Decision(layer="boilers", mapping=said), raws=look.raws)
        assert done.frame["capacity_t_h"].isna().tolist() == [True, False]
        assert "unit_not_stated" in rules(done.faults)
        assert done.units["额定容量"] == "?"
    decision = gate.Decision(layer="boilers", mapping={"额定容量": ("capacity_t_h", "")})
    keeping.keep(store, done, decision, signature=look.signature, who="", expected=None)
    assert [match.foreign for match in gate.look(path, store=store).questions] == ["额定容量"], "it is asked again"
    assert geo("import", path, "--workspace", tmp_path / "w", "--yes").exit_code == 3


def test_what_was_undone_is_not_remembered(store, ledger):
    kept(store, ledger)
    store.undo("boilers", expected=1)
    assert [match.foreign for match in gate.look(ledger, layer="boilers", store=store).questions] == [
        "锅炉燃料的种类",
        "吨位",
    ]


def test_degrees_that_could_not_be_tested_are_told_and_not_trusted(store, tmp_path):
    path = tmp_path / "b.gpkg"
    buildings().to_file(path)
    untested = gate.read(path, gate.Decision(layer="buildings"), trusted=gate.trusted_layers(store))
    assert "datum_untested" in rules(untested.faults)
    stated = gate.read(path, gate.Decision(layer="buildings", datum="wgs84"), trusted=gate.trusted_layers(store))
    assert "datum_untested" not in rules(stated.faults)
    for done, trusted in ((untested, {"counties"}), (stated, {"counties", "buildings"})):
        seen = gate.version_of(store, "buildings")
        keeping.keep(store, done, gate.Decision(layer="buildings"), signature="", who="", expected=seen)
        assert set(gate.trusted_layers(store)) == trusted


def test_a_boiler_in_another_city_is_a_question_without_counties_too(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("锅炉编号,燃料种类,经度,纬度\nB1,煤,116.40,39.01\nB2,煤,106.4,39.01\n", encoding="utf-8")
    done = gate.read(path, gate.Decision(layer="boilers"))
    found = [one for one in gate.doubts({"boilers": done.frame}) if "B1" in one.ids]
    assert found
    assert all("B2" not in one.ids for one in found if one.rule.startswith("outside"))


def test_what_a_layer_takes_the_place_of_is_told(store, ledger, tmp_path):
    kept(store, ledger)
    other = tmp_path / "惠农区.csv"
    pd.DataFrame([["B9", "丁厂", "煤", "4", "供热", 106.7, 39.2]], columns=HEADER).to_csv(other, index=False)
    done = gate.read(other, gate.Decision(layer="boilers"))
    change = keeping.change(store, done)
    assert (change.before.version, change.before.rows_used, change.after, change.gone) == (1, 2, 1, 2)


@pytest.mark.parametrize("name", ["../../x.csv", "C:\\a\\b.csv", "/etc/passwd.csv", "锅" * 120 + ".csv", ".."])
def test_hostile_names_are_kept_as_words_and_mended_without_touching_the_disk(store, tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(
        "锅炉编号,单位名称,燃料种类,蒸吨,经度,纬度\nB1,甲厂,煤,20,106.4,39.01\nB2,甲厂,煤,20,106.4,39.01\n",
        encoding="utf-8",
    )
    decision = gate.Decision(layer="boilers")
    done = gate.read(path, decision, name=name)
    before = set(tmp_path.rglob("*"))
    keeping.keep(store, done, decision, signature="", who="", expected=None)
    finding = next(one for one in gate.doubts(gate.frames_of(store)) if one.mend)
    record = keeping.mend(store, finding, who="", expected=1)
    assert "/" not in record.file
    assert "\\" not in record.file
    assert store.source("boilers") == path.read_bytes()
    assert all(
        (tmp_path / "kept") in one.parents or one == tmp_path / "kept" for one in set(tmp_path.rglob("*")) - before
    )


def test_a_layer_of_loose_shapefile_parts_can_be_mended(store, tmp_path):
    again = pd.concat([buildings(), buildings(1).assign(建筑编号="A9")], ignore_index=True)
    path = tmp_path / "b.shp"
    plain = again.rename(columns={"建筑编号": "id", "用途": "use"})
    gpd.GeoDataFrame(plain, crs="EPSG:4326").to_file(path, encoding="gbk")
    decision = gate.Decision(layer="buildings")
    keeping.keep(store, gate.read(path, decision), decision, signature="", who="", expected=None)
    came = store.source("buildings")
    finding = next(one for one in gate.doubts(gate.frames_of(store)) if one.mend)
    assert keeping.mend(store, finding, who="", expected=1).version == 2
    assert store.source("buildings") == came


def test_commands_tell_what_cannot_be_written(tmp_path, ledger):
    where = tmp_path / "w"
    geo(
        "import",
        ledger,
        "--workspace",
        where,
        "--layer",
        "boilers",
        "--map",
        "锅炉燃料的种类=fuel",
        "--map",
        "吨位=capacity_t_h|t/h",
    )
    (tmp_path / "file").write_text("x")
    done = geo("export", "--workspace", where, "--out", tmp_path / "file" / "under")
    assert done.exit_code == 2
    assert text("fault.not_writable") in done.stderr


@pytest.mark.parametrize("command", ["layers", "check", "export", "undo", "redo"])
def test_a_workspace_that_is_not_there_is_told(tmp_path, command):
    out = ["--out", tmp_path / "out"] if command == "export" else []
    out = ["boilers"] if command in ("undo", "redo") else out
    said = geo(command, "--workspace", tmp_path / "mistyped", *out)
    assert said.exit_code == 2
    assert text("fault.workspace_empty") in said.output
    assert not (tmp_path / "mistyped").exists()


def test_a_layer_that_is_not_there_is_named_in_the_commands_own_words(store, ledger, tmp_path):
    kept(store, ledger)
    for command, rule in (
        (("undo", "boiler"), "layer_name_wrong"),
        (("export", "--layer", "plants"), "workspace_no_layer"),
    ):
        out = ["--out", tmp_path / "out"] if command[0] == "export" else []
        said = geo(*command, "--workspace", tmp_path / "kept", *out)
        assert said.exit_code == 2
        assert text(f"fault.{rule}") in said.output


def test_columns_that_are_not_used_are_named(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame([[*ROWS[0], "x"]], columns=[*HEADER, "巡检频次"]).to_csv(path, index=False)
    said = geo("import", path, "--workspace", tmp_path / "w", "--yes", "--map", "吨位=capacity_t_h|t/h")
    assert said.exit_code == 0, said.output
    assert text("gate.unread_line", names="巡检频次") in said.output


def test_two_pairs_of_coordinates_that_differ_are_told(tmp_path):
    path = tmp_path / "a.csv"
    rows = [[*row, 106.4, 39.01] for row in ROWS[:2]]
    pd.DataFrame(rows, columns=[*HEADER, "lon", "lat"]).to_csv(path, index=False)
    done = gate.read(path, gate.Decision(layer="boilers"))
    told = {fault.column: fault for fault in done.faults if fault.rule == "place_twice"}
    assert set(told) in ({"lon", "lat"}, {"经度", "纬度"})
    assert all(fault.rows == (3,) for fault in told.values()), "the second row alone differs"
    used = next(iter(told.values())).expected
    assert done.frame.geometry.x.tolist() == pytest.approx([106.40, 106.41] if used in HEADER else [106.4, 106.4])


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_an_archive_of_our_tables_says_what_to_do(tmp_path, format_):
    frames = {"boilers": read_layer(_ledger(tmp_path), "boilers").frame, "buildings": _four(tmp_path)}
    made = export(frames, format=format_, crs="EPSG:4490", language="zh", name="全部", synthetic=False)
    path = tmp_path / made.file_name
    path.write_bytes(made.content)
    with pytest.raises(DataError) as caught:
        gate.look(path)
    assert rules(caught.value.faults) == {"archive_of_tables"}
    assert "csv" in caught.value.faults[0].got or "parquet" in caught.value.faults[0].got


def _ledger(folder):
    path = folder / "锅炉.csv"
    pd.DataFrame(ROWS, columns=HEADER).to_csv(path, index=False)
    return path


def _four(folder):
    path = folder / "楼.geojson"
    buildings().to_file(path)
    return read_layer(path, "buildings").frame


def test_a_table_beside_layers_in_a_zip_is_told(tmp_path):
    buildings().to_file(tmp_path / "建筑.shp", encoding="gb18030")
    pd.DataFrame(ROWS, columns=HEADER).to_excel(tmp_path / "锅炉.xlsx", index=False)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(tmp_path.glob("建筑.*")):
            archive.write(one, one.name)
        archive.write(tmp_path / "建筑.dbf", "住户.dbf")
        archive.write(tmp_path / "锅炉.xlsx", "锅炉.xlsx")
    done = gate.read(path, gate.Decision(layer="buildings"))
    told = next(fault for fault in done.faults if fault.rule == "archive_tables_left")
    assert (told.got, told.effect, told.file) == ("住户.dbf, 锅炉.xlsx", "noted", "a.zip")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_sheet_of_a_file_that_has_none_is_refused(tmp_path, kind):
    path = tmp_path / f"台账.{kind}"
    frame = pd.DataFrame(ROWS, columns=HEADER)
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    with pytest.raises(DataError) as caught:
        gate.look(path, layer="boilers", sublayers=("大武口区",))
    assert [(fault.rule, fault.expected) for fault in caught.value.faults] == [("sublayer_unknown", "台账")]


def test_what_was_confirmed_for_a_sheet_holds_for_the_workbook_and_back(store, tmp_path):
    path, other = tmp_path / "a.xlsx", ["锅炉编号", "热源的名字啊", *HEADER[2:]]
    book = openpyxl.Workbook()
    for at, (name, header) in enumerate({"甲": HEADER, "乙": other, "丙": HEADER}.items()):
        sheet = book.active if not at else book.create_sheet(name)
        sheet.title = name
        for row in [header, [f"Z{at}", *ROWS[0][1:]]]:
            sheet.append(row)
    book.save(path)
    said = {"锅炉燃料的种类": ("fuel", ""), "热源的名字啊": ("name", ""), "吨位": ("capacity_t_h", "t/h")}

    def confirmed(*sheets):
        look = gate.look(path, layer="boilers", sublayers=sheets, store=store)
        return {match.foreign: match.ours for match in look.matches if match.how == "remembered"}, look

    before, look = confirmed("甲")
    assert not before
    of_one = {name: ours for name, ours in said.items() if name in HEADER}
    decision = gate.Decision(layer="boilers", sublayers=("甲",), mapping=of_one)
    keeping.keep(store, gate.read(path, decision), decision, signature=look.signature, who="", expected=None)
    assert confirmed("甲", "丙")[0] == {name: ours for name, (ours, _) in of_one.items()}
    asked = confirmed("甲", "乙")[1]
    assert {match.foreign for match in asked.questions} == set(of_one), "a sheet of other headers has its own questions"
    decision = gate.Decision(layer="boilers", sublayers=("甲", "乙"), mapping=said)
    keeping.keep(store, gate.read(path, decision), decision, signature=asked.signature, who="", expected=1)
    assert confirmed("乙")[0] == {name: ours for name, (ours, _) in said.items() if name in other}


def test_a_caption_of_this_file_overrules_the_unit_of_the_last(store, tmp_path):
    def table(name, caption):
        path = tmp_path / name
        book = openpyxl.Workbook()
        for row in [
            [caption],
            ["锅炉编号", "单位名称", "燃料", "额定容量", "经度", "纬度"],
            [*ROWS[0][:2], "煤", 14, 106.4, 39.01],
        ]:
            book.active.append(row)
        book.save(path)
        return path

    first = table("a.xlsx", "锅炉台账")
    decision = gate.Decision(layer="boilers", mapping={"额定容量": ("capacity_t_h", "t/h")})
    seal = gate.look(first, layer="boilers", store=store).signature
    keeping.keep(store, gate.read(first, decision), decision, signature=seal, who="", expected=None)
    for caption, capacity in (("锅炉台账", 14), ("锅炉台账（单位：MW）", 20)):
        look = gate.look(table("b.xlsx", caption), layer="boilers", store=store)
        done = gate.read(tmp_path / "b.xlsx", look.decision(), raws=look.raws)
        assert done.frame["capacity_t_h"].tolist() == pytest.approx([capacity])
