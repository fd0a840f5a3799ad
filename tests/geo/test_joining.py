"""Several tables, one layer: no row is lost, each says where it came from, and an identifier names one record."""

import io
import zipfile

import geopandas as gpd
import hypothesis.strategies as st
import openpyxl
import pandas as pd
import pytest
from geo_samples import rules
from hypothesis import given, settings
from typer.testing import CliRunner

from data.catalog import text
from data.errors import DataError
from data.schemas import MODELS
from geo import gate, keeping, quality
from geo.__main__ import app
from geo.formats import export
from geo.joining import block_of, joined
from geo.workspace import open_store, parts_of

HEADER = ["锅炉编号", "单位名称", "燃料", "吨位(蒸吨)", "经度", "纬度"]
SHEETS = {
    "大武口区": [["B1", "甲厂", "煤", "20", 106.40, 39.01], ["B2", "乙厂", "煤", "14", 106.41, 39.02]],
    "惠农区": [["H1", "丙厂", "煤", "10", 106.78, 39.25], ["H2", "丁厂", "煤", "6", None, None]],
    "平罗县": [["P1", "戊厂", "煤", "4", 106.54, 38.91]],
}
ROWS = sum(map(len, SHEETS.values()))


def book(path, sheets=SHEETS, header=HEADER, *, title=0):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for at, (name, rows) in enumerate(sheets.items()):
        sheet = made.create_sheet(name)
        for _ in range(title * at):
            sheet.append(["全区锅炉台账"])
        for row in [header, *rows]:
            sheet.append(row)
    made.save(path)
    return path


def table(path, rows, header=HEADER):
    pd.DataFrame(rows, columns=header).to_csv(path, index=False)
    return path


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "kept")


def read(path, *sheets):
    return gate.read(path, gate.Decision(layer="boilers", sublayers=sheets))


def keep(store, done, join=None, sheets=()):
    decision = gate.Decision(layer="boilers", sublayers=sheets)
    seen = gate.version_of(store, "boilers")
    return keeping.keep(store, done, decision, signature="s", who="张", expected=seen, join=join)


def test_sheets_of_a_workbook_become_one_layer(tmp_path):
    done = read(book(tmp_path / "台账.xlsx", title=1), *SHEETS)
    assert done.rows_in == ROWS == len(done.frame) + len(done.checked.set_aside)
    assert done.frame["boiler_id"].tolist() == ["B1", "B2", "H1", "P1"]
    assert done.frame["source_file"].tolist() == ["台账.xlsx › 大武口区"] * 2 + [
        "台账.xlsx › 惠农区",
        "台账.xlsx › 平罗县",
    ]
    assert done.frame["source_row"].tolist() == [2, 3, 3, 4], "rows as each sheet numbers them"
    assert done.checked.set_aside["锅炉编号"].tolist() == ["H2"]
    assert {fault.file for fault in done.faults if fault.effect == "row_set_aside"} == {"台账.xlsx › 惠农区"}
    MODELS["boilers"].validate(done.frame)


def test_one_sheet_is_what_it_is_alone(tmp_path):
    path = book(tmp_path / "台账.xlsx")
    alone = read(path, "大武口区")
    assert "source_file" not in alone.frame
    assert not alone.parts
    whole = read(path, *SHEETS).frame.head(2).drop(columns="source_file")
    pd.testing.assert_frame_equal(pd.DataFrame(whole), pd.DataFrame(alone.frame)[list(whole)])


def test_a_sheet_that_cannot_be_used_is_named_with_all_its_faults(tmp_path):
    bad = {**SHEETS, "空": [], "说明": [["填表说明", None, None, None, None, None]]}
    with pytest.raises(DataError) as caught:
        read(book(tmp_path / "台账.xlsx", bad), "大武口区", "说明", "没有的表")
    files = {fault.file for fault in caught.value.faults if fault.effect == "refused"}
    assert files == {"台账.xlsx › 没有的表"}
    with pytest.raises(DataError) as caught:
        read(book(tmp_path / "台账.xlsx", bad), "大武口区", "说明")
    assert {fault.file for fault in caught.value.faults if fault.effect == "refused"} == {"台账.xlsx › 说明"}


def test_running_numbers_name_no_record_of_the_city(tmp_path):
    sheets = {name: [[at, *row[1:]] for at, row in enumerate(rows, 1)] for name, rows in SHEETS.items()}
    done = read(book(tmp_path / "台账.xlsx", sheets, ["序号", *HEADER[1:]]), *SHEETS)
    assert done.frame["boiler_id"].tolist() == ["大武口区-1", "大武口区-2", "惠农区-1", "平罗县-1"]
    assert "id_running" in rules(done.faults)
    without = read(
        book(tmp_path / "b.xlsx", {name: [row[1:] for row in rows] for name, rows in SHEETS.items()}, HEADER[1:]),
        *SHEETS,
    )
    assert without.frame["boiler_id"].is_unique
    assert len(without.frame) == len(done.frame)


def test_an_identifier_that_is_taken_sets_the_later_row_aside(tmp_path):
    sheets = {**SHEETS, "平罗县": [["B1", "戊厂", "煤", "4", 106.54, 38.91]]}
    done = read(book(tmp_path / "台账.xlsx", sheets), *sheets)
    told = next(fault for fault in done.faults if fault.rule == "id_taken")
    assert (told.file, told.rows, told.got) == ("台账.xlsx › 平罗县", (2,), "B1（台账.xlsx › 大武口区）")
    assert done.rows_in == ROWS == len(done.frame) + len(done.checked.set_aside)
    assert done.frame.loc[done.frame["boiler_id"] == "B1", "name"].tolist() == ["甲厂"]


def test_headers_that_differ_between_sheets(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "甲"
    for row in [HEADER, *SHEETS["大武口区"]]:
        made.active.append(row)
    other = made.create_sheet("乙")
    for row in [["锅炉编号", "热源名字", "燃料", "额定容量(MW)", "经度", "纬度"], ["Z1", "己厂", "煤", 7, 106.4, 39.0]]:
        other.append(row)
    made.save(tmp_path / "a.xlsx")
    look = gate.look(tmp_path / "a.xlsx", sublayers=("甲", "乙"))
    assert look.layer == "boilers"
    assert {match.foreign for match in look.matches} == {*HEADER, "热源名字", "额定容量(MW)"}
    mapping = {"热源名字": ("name", ""), "单位名称": ("name", "")}
    decision = gate.Decision(layer="boilers", sublayers=("甲", "乙"), mapping=mapping)
    done = gate.read(tmp_path / "a.xlsx", decision, raws=look.raws)
    assert done.frame["name"].tolist() == ["甲厂", "乙厂", "己厂"]
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([20, 14, 10])


def test_a_countys_file_beside_what_is_kept_and_back(store, tmp_path):
    paths = {name: table(tmp_path / f"{name}.csv", rows) for name, rows in SHEETS.items()}
    for at, path in enumerate(paths.values(), 1):
        record = keep(store, read(path), keeping.Join() if at > 1 else None)
        assert record.version == at
    whole = store.read("boilers")
    assert whole["boiler_id"].tolist() == ["B1", "B2", "H1", "P1"]
    assert whole["source_file"].tolist() == ["大武口区.csv", "大武口区.csv", "惠农区.csv", "平罗县.csv"]
    assert store.set_aside("boilers")["锅炉编号"].tolist() == ["H2"]
    assert (record.rows_in, record.rows_used, record.rows_set_aside) == (ROWS, 4, 1)
    assert [part.source for part in parts_of(record)] == [path.name for path in paths.values()]
    assert record.file == "大武口区.csv、惠农区.csv、平罗县.csv"
    with zipfile.ZipFile(io.BytesIO(store.source("boilers"))) as came:
        contents = {name.rpartition("/")[2]: came.read(name) for name in came.namelist()}
    assert contents == {path.name: path.read_bytes() for path in paths.values()}
    assert {fault["file"] for fault in record.faults} <= {path.name for path in paths.values()}
    store.undo("boilers", expected=3)
    assert store.read("boilers")["boiler_id"].tolist() == ["B1", "B2", "H1"]


def test_one_countys_rows_give_way_to_its_new_file(store, tmp_path):
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    keep(store, read(table(tmp_path / "b.csv", SHEETS["惠农区"])), keeping.Join())
    newer = read(table(tmp_path / "b2.csv", [["H2", "丁厂", "煤", "6", 106.79, 39.26]]))
    join = keeping.Join(instead_of=("b.csv",))
    foretold = keeping.change(store, newer, join)
    assert (foretold.before.rows_used, foretold.after, foretold.gone) == (3, 3, 1)
    record = keep(store, newer, join)
    assert store.read("boilers")["boiler_id"].tolist() == ["B1", "B2", "H2"]
    assert len(store.set_aside("boilers")) == 0
    assert [part.source for part in record.parts] == ["a.csv", "b2.csv"]
    with zipfile.ZipFile(io.BytesIO(store.source("boilers"))) as came:
        assert {name.rpartition("/")[2] for name in came.namelist()} == {"a.csv", "b2.csv"}
    with pytest.raises(DataError) as caught:
        keep(store, newer, keeping.Join(instead_of=("没有.csv",)))
    assert rules(caught.value.faults) == {"source_unknown"}
    assert gate.version_of(store, "boilers") == 3


def test_the_same_file_twice_has_two_names_and_adds_nothing(store, tmp_path):
    done = read(table(tmp_path / "a.csv", SHEETS["大武口区"]))
    keep(store, done)
    record = keep(store, done, keeping.Join())
    assert [part.source for part in record.parts] == ["a.csv", "a.csv (2)"]
    assert "file_again" in {fault["rule"] for fault in record.faults}
    assert (record.rows_used, record.rows_set_aside) == (2, 2)


def test_running_numbers_of_files_of_one_name(store, tmp_path):
    for at, name in enumerate("甲乙丙"):
        (tmp_path / name).mkdir()
        rows = [[1, f"{name}厂", "煤", "4", 106.4 + at / 100, 39.0]]
        done = read(table(tmp_path / name / "台账.csv", rows, ["序号", *HEADER[1:]]))
        keep(store, done, keeping.Join() if at else None)
    assert store.read("boilers")["boiler_id"].tolist() == ["1", "台账-1", "台账 (2)-1"]


def test_only_the_version_that_was_seen_is_joined(store, tmp_path):
    done = read(table(tmp_path / "a.csv", SHEETS["大武口区"]))
    keep(store, done)
    keep(store, read(table(tmp_path / "b.csv", SHEETS["惠农区"])), keeping.Join())
    late = read(table(tmp_path / "c.csv", SHEETS["平罗县"]))
    with pytest.raises(DataError) as caught:
        keeping.keep(store, late, gate.Decision(layer="boilers"), signature="", who="", expected=1, join=keeping.Join())
    assert rules(caught.value.faults) == {"workspace_moved"}
    assert store.read("boilers")["boiler_id"].tolist() == ["B1", "B2", "H1"]


def test_a_joined_layer_is_trusted_only_if_all_its_parts_are(store, tmp_path):
    def boxes(name, west):
        outline = f"POLYGON (({west} 39, {west + 0.001} 39, {west + 0.001} 39.001, {west} 39.001, {west} 39))"
        path = tmp_path / name
        pd.DataFrame({"建筑编号": [name], "用途": ["住宅"], "wkt": [outline]}).to_csv(path, index=False)
        return path

    for at, datum in enumerate(("wgs84", None)):
        decision = gate.Decision(layer="buildings", datum=datum, crs="EPSG:4490")
        done = gate.read(boxes(f"{at}.csv", 106.4 + at / 100), decision)
        seen, join = gate.version_of(store, "buildings"), keeping.Join() if at else None
        keeping.keep(store, done, decision, signature="", who="", expected=seen, join=join)
        assert ("buildings" in gate.trusted_layers(store)) == (at == 0)


def test_findings_name_the_file_of_each_row(store, tmp_path):
    again = [["X1", *SHEETS["大武口区"][0][1:]]]
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    keep(store, read(table(tmp_path / "b.csv", again)), keeping.Join())
    frames = gate.frames_of(store)
    finding = next(one for one in gate.doubts(frames) if one.mend == "drop_later")
    assert (finding.ids, finding.rows, finding.sources) == (("B1", "X1"), (2, 2), ("a.csv", "b.csv"))
    assert finding.places() == "a.csv: 2; b.csv: 2"
    content = quality.workbook([finding], frames, sources={}, synthetic=False)
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[text("layer.boilers")].iter_rows(values_only=True))
    assert [row[:3] for row in rows if row[0] == 2] == [(2, "a.csv", "B1"), (2, "b.csv", "X1")]
    record = keeping.mend(store, finding, who="", expected=2)
    assert store.read("boilers")["boiler_id"].tolist() == ["B1", "B2"]
    assert [part.source for part in record.parts] == ["a.csv", "b.csv"]


def test_the_commands(tmp_path):
    path, where = book(tmp_path / "台账.xlsx"), tmp_path / "w"

    def geo(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)))

    sheets = [word for name in ("大武口区", "惠农区") for word in ("--sublayer", name)]
    first = geo("import", path, "--workspace", where, "--layer", "boilers", *sheets)
    assert first.exit_code == 0, first.output
    assert "大武口区: " in first.output
    later = geo("import", path, "--workspace", where, "--layer", "boilers", "--sublayer", "平罗县", "--add")
    assert later.exit_code == 0, later.output
    assert "3 行 → 4 行" in later.output
    listed = geo("layers", "--workspace", where)
    assert "台账.xlsx › 平罗县" in listed.output.replace("\n", "")
    wrong = geo(
        "import", path, "--workspace", where, "--layer", "boilers", "--sublayer", "平罗县", "--instead-of", "无"
    )
    assert wrong.exit_code == 2
    assert "台账.xlsx › 惠农区" in wrong.output


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True), min_size=1, max_size=4))
def test_no_row_is_lost_and_every_identifier_is_one(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("tables")
    blocks = []
    for at, ids in enumerate(numbers):
        rows = [[f"N{one}", f"{at}厂", "煤", "4", 106.4, 39.0] for one in ids]
        blocks.append(block_of(read(table(folder / f"{at}.csv", rows)), f"{at}.csv"))
    done = joined("boilers", blocks)
    assert len(done.frame) + len(done.set_aside) == sum(map(len, numbers))
    assert done.frame["boiler_id"].is_unique
    assert set(done.frame["boiler_id"]) == {f"N{one}" for ids in numbers for one in ids}
    for row in done.frame.itertuples():
        first = next(at for at, ids in enumerate(numbers) if int(row.boiler_id[1:]) in ids)
        assert row.source_file == f"{first}.csv"
        assert row.name == f"{first}厂"


def test_the_file_of_a_clash_is_the_one_that_has_the_identifier(store, tmp_path):
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    keep(store, read(table(tmp_path / "b.csv", SHEETS["惠农区"])), keeping.Join())
    third = read(table(tmp_path / "c.csv", [["H1", "己厂", "煤", "4", 106.7, 39.2]]))
    (told,) = keeping.change(store, third, keeping.Join()).told
    assert (told.file, told.got) == ("c.csv", "H1（b.csv）")


@pytest.mark.parametrize("name", ["../../甲.xlsx", "C:\\乙\\甲.xlsx", "甲\n[x](y).xlsx", "甲" * 250 + ".xlsx"])
def test_rows_of_a_file_of_any_name_can_give_way(store, tmp_path, name):
    sheets = ("大武口区", "惠农区")
    path = book(tmp_path / "台账.xlsx")
    done = gate.read(path, gate.Decision(layer="boilers", sublayers=sheets), name=name)
    record = keep(store, done, sheets=sheets)
    assert [part.source for part in record.parts] == list(dict.fromkeys(store.read("boilers")["source_file"]))
    newer = read(table(tmp_path / "b.csv", SHEETS["平罗县"]))
    keep(store, newer, keeping.Join(instead_of=(record.parts[0].source,)))
    assert store.read("boilers")["boiler_id"].tolist() == ["H1", "P1"]


def test_what_a_file_is_called_may_name_a_person(store, tmp_path):
    for at, name in enumerate(("张三13912345678", "b")):
        done = read(table(tmp_path / f"{name}.csv", list(SHEETS.values())[at]))
        keep(store, done, keeping.Join() if at else None)
    frames = gate.frames_of(store)
    for masked in (True, False):
        made = export(frames, format="csv", crs="EPSG:4490", language="zh", name="a", synthetic=False, masked=masked)
        assert ("13912345678" in made.content.decode("utf-8-sig")) != masked


def test_a_joined_layer_comes_back_from_an_export(store, tmp_path):
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    keep(store, read(table(tmp_path / "b.csv", SHEETS["平罗县"])), keeping.Join())
    frames = gate.frames_of(store)
    for kind in ("gpkg", "shp", "geojson", "kml", "xlsx", "csv", "parquet"):
        made = export(frames, format=kind, crs="EPSG:4490", language="zh", name="a", synthetic=False)
        path = tmp_path / made.file_name
        path.write_bytes(made.content)
        look = gate.look(path, layer="boilers")
        done = gate.read(path, look.decision(), raws=look.raws)
        assert not look.questions, kind
        assert done.frame["boiler_id"].tolist() == ["B1", "B2", "P1"], kind
        assert done.frame["capacity_t_h"].tolist() == [20, 14, 4], kind


def test_a_whole_ledger_twice_is_one_fault(tmp_path):
    rows = [[f"A{n}", "甲厂", "煤", "4", 106.4, 39.0] for n in range(4000)]
    first = block_of(read(table(tmp_path / "a.csv", rows)), "a.csv")
    second = block_of(read(table(tmp_path / "b.csv", rows)), "b.csv")
    done = joined("boilers", [first, second])
    assert (len(done.frame), len(done.set_aside)) == (4000, 4000)
    (told,) = done.faults
    assert len(told.got) < 200


def test_where_a_row_came_from_is_the_programs_word(store, tmp_path):
    header = [*HEADER, "source_file"]
    rows = [["B1", "甲厂", "煤", "20", 106.40, 39.01, "b.csv"], ["B2", "乙厂", "煤", "14", None, None, "b.csv"]]
    keep(store, read(table(tmp_path / "a.csv", rows, header)))
    keep(store, read(table(tmp_path / "b.csv", SHEETS["惠农区"])), keeping.Join())
    record = keep(store, read(table(tmp_path / "b2.csv", SHEETS["平罗县"])), keeping.Join(instead_of=("b.csv",)))
    assert set(store.set_aside("boilers")["source_file"]) == {"a.csv"}
    assert (record.rows_in, record.rows_used, record.rows_set_aside) == (3, 2, 1)
    assert "b.csv" in store.set_aside("boilers").astype(str).to_numpy(), "the file's own column is kept"


def test_parts_count_the_rows_that_the_layer_has_of_them(store, tmp_path):
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    record = keep(store, read(table(tmp_path / "b.csv", [*SHEETS["大武口区"], *SHEETS["平罗县"]])), keeping.Join())
    assert [(part.rows_used, part.rows_set_aside) for part in record.parts] == [(2, 0), (1, 2)]
    assert sum(part.rows_used for part in record.parts) == record.rows_used


def test_a_row_whose_identifier_is_free_again_comes_back(store, tmp_path):
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    keep(store, read(table(tmp_path / "b.csv", [["B1", "另一厂", "煤", "4", 106.8, 39.2]])), keeping.Join())
    assert store.read("boilers")["name"].tolist() == ["甲厂", "乙厂"]
    newer = read(table(tmp_path / "a2.csv", SHEETS["大武口区"][1:]))
    record = keep(store, newer, keeping.Join(instead_of=("a.csv",)))
    assert store.read("boilers").set_index("boiler_id")["name"].to_dict() == {"B1": "另一厂", "B2": "乙厂"}
    assert (
        store.read("boilers").dtypes.to_dict()
        == store.read("boilers", 1).assign(source_file=store.read("boilers")["source_file"]).dtypes.to_dict()
    )
    assert record.rows_set_aside == 0
    assert "id_taken" not in {fault["rule"] for fault in record.faults}
    MODELS["boilers"].validate(store.read("boilers"))


def test_what_was_accepted_of_other_rows_is_not_accepted(store, tmp_path):
    big = ["序号", *HEADER[1:]], [[1, "甲厂", "煤", "1000", 106.40, 39.01]]
    keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])))
    keep(store, read(table(tmp_path / "b.csv", big[1], big[0])), keeping.Join())
    finding = next(one for one in gate.doubts(gate.frames_of(store)) if one.sources == ("b.csv",))
    store.accept("boilers", [finding.key], expected=2)
    keep(store, read(table(tmp_path / "c.csv", SHEETS["平罗县"])), keeping.Join())
    assert store.layers()["boilers"].accepted == [finding.key]
    again = read(table(tmp_path / "b2.csv", [[1, "完全不同", "煤", "1100", 106.5, 39.1]], big[0]))
    keep(store, again, keeping.Join(instead_of=("b.csv",)))
    assert store.layers()["boilers"].accepted == []


def test_a_mend_keeps_what_was_joined_first_and_goes_with_its_file(store, tmp_path):
    keep(store, read(table(tmp_path / "z.csv", [["Z1", *SHEETS["大武口区"][0][1:]]])))
    keep(store, read(table(tmp_path / "b.csv", [["B1", *SHEETS["大武口区"][0][1:]]])), keeping.Join())
    finding = next(one for one in gate.doubts(gate.frames_of(store)) if one.mend == "drop_later")
    record = keeping.mend(store, finding, who="", expected=2)
    assert store.read("boilers")["boiler_id"].tolist() == ["Z1"]
    assert [(part.rows_used, part.rows_set_aside) for part in record.parts] == [(1, 0), (0, 1)]
    assert record.faults[-1]["file"] == "b.csv"
    newer = read(table(tmp_path / "b2.csv", SHEETS["平罗县"]))
    told = keeping.change(store, newer, keeping.Join(instead_of=("b.csv",))).told
    assert [fault.rule for fault in told] == ["mend_undone"]
    record = keep(store, newer, keeping.Join(instead_of=("b.csv",)))
    assert "quality_dropped" not in {fault["rule"] for fault in record.faults}


def test_shapefiles_that_differ_in_their_table_alone_are_two_files(store, tmp_path):
    contents = []
    for at, folder in enumerate("甲乙"):
        (tmp_path / folder).mkdir()
        rows = {"锅炉编号": [f"{folder}1"], "名称": [f"{at}厂"], "燃料": ["煤"]}
        frame = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy([106.4], [39.0]), crs=4490)
        frame.to_file(tmp_path / folder / "h.shp", encoding="gb18030")
        keep(store, read(tmp_path / folder / "h.shp"), keeping.Join() if at else None)
        contents.append((tmp_path / folder / "h.dbf").read_bytes())
    with zipfile.ZipFile(io.BytesIO(store.source("boilers"))) as whole:
        inner = [zipfile.ZipFile(io.BytesIO(whole.read(name))) for name in whole.namelist()]
        assert [one.read("h.dbf") for one in inner] == contents


def test_plants_that_are_only_counted_stay_apart(store, tmp_path):
    header = ["序号", "电厂名称", "容量(MW)", "经度", "纬度"]
    for at, name in enumerate(("大武口热电", "惠农热电")):
        path = table(tmp_path / f"{name}.csv", [[1, name, 200, 106.4 + at / 3, 39.0]], header)
        decision = gate.Decision(layer="plants", mapping={"序号": ("plant_id", "")})
        done = gate.read(path, decision)
        seen = gate.version_of(store, "plants")
        join = keeping.Join() if at else None
        keeping.keep(store, done, decision, signature="", who="", expected=seen, join=join)
    assert store.read("plants")["plant_id"].nunique() == 2


def test_plants_of_one_number_and_two_names_are_told(store, tmp_path):
    header = ["电厂编号", "机组编号", "电厂名称", "容量(MW)", "经度", "纬度"]
    for at, name in enumerate(("大武口热电", "惠农热电")):
        path = table(tmp_path / f"{name}.csv", [["P1", f"U{at}", name, 200, 106.4, 39.0]], header)
        done = gate.read(path, gate.Decision(layer="plants"))
        seen, join = gate.version_of(store, "plants"), keeping.Join() if at else None
        record = keeping.keep(
            store, done, gate.Decision(layer="plants"), signature="", who="", expected=seen, join=join
        )
    assert [fault["got"] for fault in record.faults if fault["rule"] == "group_shared"] == ["P1: 大武口热电, 惠农热电"]


def test_what_a_person_says_of_no_sheets_header_is_refused(tmp_path):
    path = book(tmp_path / "台账.xlsx")
    decision = gate.Decision(layer="boilers", sublayers=tuple(SHEETS), mapping={"没有的": ("name", "")})
    with pytest.raises(DataError) as caught:
        gate.read(path, decision)
    assert [(fault.rule, fault.column) for fault in caught.value.faults if fault.effect == "refused"] == [
        ("column_missing", "没有的")
    ]


def test_a_sheet_named_twice_is_read_once(tmp_path):
    done = read(book(tmp_path / "台账.xlsx"), "大武口区", "大武口区", "平罗县")
    assert done.frame["boiler_id"].tolist() == ["B1", "B2", "P1"]


def test_sheets_of_different_systems_say_so(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "度"
    for row in [HEADER, *SHEETS["大武口区"]]:
        made.active.append(row)
    other = made.create_sheet("米")
    for row in [[*HEADER[:4], "东坐标", "北坐标"], ["P1", "戊厂", "煤", "4", 633470.0, 4308480.0]]:
        other.append(row)
    made.save(tmp_path / "a.xlsx")
    for crs in (None, "EPSG:4544"):
        with pytest.raises(DataError) as caught:
            gate.read(tmp_path / "a.xlsx", gate.Decision(layer="boilers", sublayers=("度", "米"), crs=crs))
        assert "sheets_systems" in rules(caught.value.faults)


def test_an_empty_workspace_has_no_source_to_replace(store, tmp_path):
    with pytest.raises(DataError) as caught:
        keep(store, read(table(tmp_path / "a.csv", SHEETS["大武口区"])), keeping.Join(instead_of=("x.csv",)))
    assert rules(caught.value.faults) == {"source_unknown"}


def test_an_answer_for_several_sheets_fills_what_a_sheet_leaves_open(tmp_path):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, unit in (("甲", "MW"), ("乙", "t/h")):
        sheet = made.create_sheet(name)
        for row in [[f"单位：{unit}"], [*HEADER[:3], "容量", *HEADER[4:]], [f"{name}1", "厂", "煤", 7, 106.4, 39.0]]:
            sheet.append(row)
    made.save(tmp_path / "a.xlsx")
    decision = gate.Decision(layer="boilers", sublayers=("甲", "乙"), mapping={"容量": ("capacity_t_h", "MW")})
    done = gate.read(tmp_path / "a.xlsx", decision)
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([10, 7])
    alone = gate.Decision(layer="boilers", sublayers=("乙",), mapping={"容量": ("capacity_t_h", "MW")})
    (told,) = [fault for fault in gate.read(tmp_path / "a.xlsx", alone).faults if fault.rule == "unit_overruled"]
    assert (told.column, told.expected, told.got) == ("容量", "t/h", "MW")


def test_a_question_of_one_sheet_is_asked_though_another_knows(tmp_path):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, fuel in (("甲", "锅炉燃料的种类"), ("乙", "燃料")):
        sheet = made.create_sheet(name)
        for row in [[*HEADER[:2], fuel, *HEADER[3:]], [f"{name}1", "厂", "天然气", 7, 106.4, 39.0]]:
            sheet.append(row)
    made.save(tmp_path / "a.xlsx")
    look = gate.look(tmp_path / "a.xlsx", layer="boilers", sublayers=("乙", "甲"))
    assert [match.foreign for match in look.questions] == ["锅炉燃料的种类"]


def test_a_corrected_workbook_takes_the_place_of_all_its_sheets(store, tmp_path):
    keep(store, read(table(tmp_path / "z.csv", SHEETS["平罗县"])))
    sheets = ("大武口区", "惠农区")
    keep(store, read(book(tmp_path / "k.xlsx"), *sheets), keeping.Join(), sheets)
    old = tuple(part.source for part in store.layers()["boilers"].parts[1:])
    mended = {**SHEETS, "惠农区": [["H1", "丙厂", "煤", "12", 106.78, 39.25]]}
    record = keep(store, read(book(tmp_path / "k.xlsx", mended), *sheets), keeping.Join(instead_of=old), sheets)
    kept = store.read("boilers").set_index("boiler_id")["capacity_t_h"].to_dict()
    assert kept == {"P1": 4, "B1": 20, "B2": 14, "H1": 12}
    assert [part.source for part in record.parts] == ["z.csv", *old]


def test_masked_findings_hide_what_a_file_is_called(store, tmp_path):
    for at, name in enumerate(("张三13912345678", "b")):
        rows = [[f"{name[0]}1", *SHEETS["大武口区"][0][1:]]]
        keep(store, read(table(tmp_path / f"{name}.csv", rows)), keeping.Join() if at else None)
    found = gate.doubts(gate.frames_of(store))
    for masked in (True, False):
        said = quality.table(found, masked=masked).to_string()
        assert ("13912345678" in said) != masked
