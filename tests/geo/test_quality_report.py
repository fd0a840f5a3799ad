"""The report that a clerk gets, and the mends that a person asks for."""

import io

import geopandas as gpd
import openpyxl
import pytest
import shapely
from test_quality import YEAR, change, clean, planted, value
from typer.testing import CliRunner

from data.errors import DataError
from geo.__main__ import app
from geo.quality import COLUMNS, MENDS, examine, mended, shapes, table, workbook

EVIL = "=HYPERLINK(1)"


def finding(city, name):
    return next(one for one in examine(city, this_year=YEAR) if one.rule == name)


def promise(frame, done):
    """Hold what every mend promises: no row is lost, and the layer that came in is as it was."""
    assert len(done.frame) + len(done.set_aside) == len(frame)
    assert sorted([*done.frame["source_row"], *done.set_aside["source_row"]]) == list(frame["source_row"])
    assert done.frame.crs == frame.crs
    for language in ("zh", "en"):
        assert done.fault.message(language)
    return done


@pytest.mark.parametrize("name", ["building_twice", "boiler_twice", "transformer_twice"])
def test_the_later_duplicate_is_set_aside_and_the_doubt_is_gone(name):
    city = planted(name)
    one = finding(city, name)
    frame = city[one.layer]
    before = frame.copy()
    done = promise(frame, mended(frame, one))
    assert frame.equals(before)
    assert list(done.set_aside["source_row"]) == list(one.rows[1:]) == list(done.fault.rows)
    assert done.fault.effect == "row_set_aside"
    assert name not in {left.rule for left in examine(city | {one.layer: done.frame}, this_year=YEAR)}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("capacity_unit", "capacity_t_h"),
        ("capacity_unit_file", "capacity_t_h"),
        ("area_unit", "floor_area_m2"),
        ("area_unit_file", "floor_area_m2"),
    ],
)
def test_the_other_reading_is_taken_for_the_doubted_rows_alone(name, column):
    city = planted(name)
    one = finding(city, name)
    frame = city[one.layer]
    done = promise(frame, mended(frame, one)).frame
    doubted = frame["source_row"].isin(one.rows)
    factor = float(value(one, "factor"))
    assert done.loc[doubted, column].tolist() == (frame.loc[doubted, column] * factor).tolist()
    assert done.loc[~doubted].equals(frame.loc[~doubted])
    assert name not in {left.rule for left in examine(city | {one.layer: done}, this_year=YEAR)}
    with pytest.raises(DataError):
        mended(done, one)


def test_an_overlap_is_cut_off_the_later_footprint_alone():
    city = planted("building_overlap")
    one = finding(city, "building_overlap")
    frame = city["buildings"]
    done = promise(frame, mended(frame, one)).frame
    first, second = (done.loc[done["source_row"] == row].geometry.iloc[0] for row in one.rows)
    assert first.equals_exact(frame.loc[frame["source_row"] == one.rows[0]].geometry.iloc[0])
    assert shapely.area(shapely.intersection(first, second)) == pytest.approx(0.0, abs=1e-15)
    assert shapely.is_valid(second)
    assert not [left for left in examine({"buildings": done}, this_year=YEAR) if left.rule == "building_overlap"]


def test_a_mend_that_does_not_fit_is_refused():
    city = planted("boiler_twice")
    one = finding(city, "boiler_twice")
    other = city["boilers"].iloc[:1]
    plain = finding(planted("year_in_future"), "year_in_future")
    for frame, asked in ((other, one), (city["boilers"], plain)):
        with pytest.raises(DataError) as caught:
            mended(frame, asked)
        assert all(fault.message("en") for fault in caught.value.faults)


def test_every_mend_has_its_button():
    assert {
        one.mend
        for name in ("building_twice", "capacity_unit", "area_unit", "building_overlap")
        for one in examine(planted(name), this_year=YEAR)
        if one.mend
    } == set(MENDS)


@pytest.fixture(scope="module")
def evil():
    """Return a city with findings in three layers, one of them a name that a spreadsheet would run."""
    city = change(clean(), "boilers", name={2: EVIL}, capacity_t_h={2: 29.0})
    city = change(city, "buildings", year_built={3: 2061.0}, heated_area_m2={4: 9000.0})
    return city, examine(city, this_year=YEAR)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_says_everything_in_both_languages(evil, language):
    _, found = evil
    said = table(found, language, {found[0].key})
    assert list(said) == list(COLUMNS)
    assert len(said) == len(found)
    assert not said.isna().to_numpy().any()
    assert said["accepted"].tolist()[0] != said["accepted"].tolist()[1]
    assert (said["count"] == [len(one.rows) for one in found]).all()


def test_shapes_are_those_of_the_rows(evil):
    city, found = evil
    drawn = shapes(found, city)
    assert drawn.crs.to_epsg() == 4490
    assert len(drawn) == sum(len(one.rows) for one in found)
    for row in drawn.itertuples():
        frame = city[row.layer]
        assert row.geometry.equals(frame.loc[frame["source_row"] == row.source_row].geometry.iloc[0])
    assert len(shapes(found, {"boilers": city["boilers"].iloc[:0]})) == 0


def test_the_workbook_reads_back_with_the_row_numbers_and_runs_nothing(evil):
    city, found = evil
    made = workbook(found, city, sources={"boilers": "锅炉台账.xlsx"}, synthetic=True, accepted={found[0].key})
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert book.sheetnames == ["问题清单", "建筑", "锅炉", "村（社区）", "说明"]
    for layer, sheet in (("buildings", "建筑"), ("boilers", "锅炉")):
        header, *body = book[sheet].iter_rows(values_only=True)
        rows = sorted(row for one in found if one.layer == layer for row in one.rows)
        assert [line[0] for line in body] == rows
        frame = city[layer].set_index("source_row")
        identifier = frame.columns[0]
        assert [line[1] for line in body] == frame.loc[rows, identifier].tolist()
        assert header[-1] == "处理意见"
        assert {line[-1] for line in body} <= {None, ""}
        assert book[sheet].freeze_panes == "A2"
        assert book[sheet].auto_filter.ref
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert EVIL in {cell.value for cell in cells}
    said = " ".join(str(cell.value) for line in book["说明"].iter_rows() for cell in line)
    for word in ("合成示例数据", "锅炉台账.xlsx", "程序约定", "35"):
        assert word in said


def test_a_workbook_of_no_findings_is_still_a_workbook():
    made = workbook((), {}, "en", sources={}, synthetic=False)
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert book.sheetnames == ["Findings", "About"]
    assert "synthetic" not in str([cell.value for cell in book["About"]["B"]]).lower()


def test_rows_without_numbers_are_counted_and_identifiers_keep_their_digits():
    frame = gpd.GeoDataFrame(
        {"building_id": ["001", "002"], "year_built": [2001.0, 2050.0]},
        geometry=[shapely.box(106.4, 39.0, 106.401, 39.001), shapely.box(106.41, 39.0, 106.411, 39.001)],
        crs="EPSG:4490",
    )
    [one] = examine({"buildings": frame}, this_year=YEAR)
    assert (one.rows, one.ids) == ((2,), ("002",))
    book = openpyxl.load_workbook(io.BytesIO(workbook([one], {"buildings": frame}, sources={}, synthetic=False)))
    assert book["建筑"]["B2"].value == "002"


PHONE, IDENTITY, MISTYPED = "13812345678", "11010519491231002X", "110105194912310021"
PERSONAL = {PHONE, IDENTITY, MISTYPED, "张三", "李 四"}


@pytest.fixture(scope="module")
def private():
    """Return a city with findings that quote telephone and identity numbers, and owners' names."""
    city = change(clean(), "boilers", name={2: f"热力站{PHONE}"}, boiler_id={2: IDENTITY}, capacity_t_h={2: 29.0})
    city["parcels"] = gpd.GeoDataFrame(
        {"parcel_id": ["P1", "P2"], "owner": ["=张三", "<b>李 四"], "land_use": [f"={MISTYPED}", "住宅"]},
        geometry=[shapely.box(106.4, 39.0, 106.401, 39.001), shapely.box(106.41, 39.0, 106.411, 39.001)],
        crs="EPSG:4490",
    )
    return city, examine(city, this_year=YEAR)


def told(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [str(cell) for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line if cell]


def quoted(cells):
    return {one for one in PERSONAL if any(one in str(cell) for cell in cells)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_personal_data_is_hidden_in_the_table_and_every_cell_of_the_workbook(private, language):
    city, found = private
    made = {"sources": {"boilers": f"锅炉{PHONE}.xlsx"}, "synthetic": False}
    shut, plain = (told(workbook(found, city, language, **made, **more)) for more in ({}, {"masked": False}))
    assert not quoted(shut)
    assert quoted(plain) == PERSONAL
    assert len(shut) == len(plain)
    assert {"110105********002X", "热力站138****5678", "锅炉138****5678.xlsx"} <= set(shut)
    listed, bare = table(found, language), table(found, language, masked=False)
    assert not quoted(listed.to_numpy().ravel())
    assert quoted(bare.to_numpy().ravel()) == PERSONAL - {PHONE}
    kept = ["severity", "rule", "layer", "rows", "count", "mend", "accepted", "key"]
    assert listed[kept].equals(bare[kept])


def test_a_report_without_personal_data_is_the_same_masked_and_not(evil):
    city, found = evil
    assert table(found).equals(table(found, masked=False))
    shut, plain = (told(workbook(found, city, sources={}, synthetic=True, masked=masked)) for masked in (True, False))
    assert shut == plain


def test_the_command_hides_personal_data_unless_it_is_asked_not_to(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "800")
    header = "锅炉编号,单位名称,燃料种类,额定蒸发量(蒸吨/小时),用途,经度,纬度"
    ledger, where, out = tmp_path / "台账.csv", tmp_path / "库", tmp_path / "问题.xlsx"
    ledger.write_text(f"{header}\nG1,<b>热力站{PHONE},煤,29,采暖,106.401234,39.012345\n", encoding="utf-8")

    def geo(command, *more):
        done = CliRunner().invoke(app, [command, *map(str, more), "--workspace", str(where)])
        assert done.exit_code == 0, done.output
        return done.stdout

    geo("import", ledger, "--layer", "boilers", "--crs", "EPSG:4490", "--datum", "wgs84", "--yes")
    for more, hidden in (((), True), (("--unmasked",), False)):
        printed = geo("check", "--out", out, *more)
        for said in (printed, " ".join(told(out.read_bytes()))):
            assert (PHONE in said) is not hidden
            assert ("热力站138****5678" in said) is hidden
