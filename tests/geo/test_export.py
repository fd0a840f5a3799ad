"""Results on disk: whole or not at all, text as text, nothing that a spreadsheet would run."""

import io
import json

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from geo import export
from geo.io import open_raw

NASTY = ["=1+1", "+1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "=HYPERLINK(1)", "好"]


def table():
    return pd.DataFrame(
        {
            "=header": NASTY,
            "code": pd.array(["640202001001"] * len(NASTY), dtype="string[pyarrow]"),
            "flag": pd.array([True, None, False] * 3, dtype="boolean"),
            "number": [np.inf, np.nan, -1.5, *range(6)],
            "kind": pd.Categorical(["=a"] * len(NASTY)),
            "link": ["http://x", "mailto:a", "internal:b!A1", "file:///x"] + [None] * 5,
            "none": [None] * len(NASTY),
        }
    )


def mixed():
    return gpd.GeoDataFrame(
        {
            "id": ["a", "b", "c"],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "code": pd.array(["640202001001", None, "012345678901"], dtype="string[pyarrow]"),
            "none": [None, None, None],
            "mixed": [1, "b", None],
            "nested": [{"a": 1}, [1], None],
        },
        geometry=[shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1), None],
        crs=4490,
    )


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet", "a.gpkg"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, name, monkeypatch):
    path = tmp_path / name
    path.write_bytes(b"old")

    def fail(*args, **_):
        raise OSError("disk full")

    if name.endswith("csv"):
        monkeypatch.setattr("pathlib.Path.write_bytes", fail)
        call = lambda: export.write_bytes(path, b"new")  # noqa: E731
    elif name.endswith("json"):
        call = lambda: export.write_json(path, {"x": float("nan")})  # noqa: E731
    elif name.endswith("parquet"):
        call = lambda: export.write_parquet(path, pd.DataFrame({"x": [1, "a"]}))  # noqa: E731
    else:
        good, bad = mixed(), pd.DataFrame({"x": [object()]})
        call = lambda: export.write_gpkg(path, {"good": good, "bad": bad, "worse": None})  # noqa: E731
    with pytest.raises(Exception):  # noqa: B017, PT011 whatever the library raises
        call()
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert left_in(tmp_path) == [name]


def test_an_interrupted_write_leaves_no_temporary(tmp_path):
    def interrupted():
        with export.atomic(tmp_path / "deep" / "a.gpkg") as temporary:
            temporary.write_bytes(b"half")
            temporary.with_name(temporary.name + "-journal").write_bytes(b"x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert left_in(tmp_path / "deep") == []


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with export.atomic(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.suffix == ".txt"
    assert path.read_text() == "new"


def test_csv_runs_nothing_and_keeps_codes(tmp_path):
    before = table()
    content = export.csv_bytes(before)
    pd.testing.assert_frame_equal(before, table())
    assert content.startswith(b"\xef\xbb\xbf")
    read = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    for column in read:
        for cell in [column, *read[column]]:
            assert not cell.startswith(export.FORMULA_STARTS) or column == "number"
    assert set(read["code"]) == {"640202001001"}
    assert read["number"][2] == "-1.5", "numbers stay numbers"
    assert read.iloc[-1, 0] == "好"


def test_xlsx_runs_nothing_and_keeps_codes():
    book = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes({"a/b:锅炉[1]": table()}, title="=1+1")))
    sheet = book["a_b_锅炉_1_"]
    assert sheet["A1"].value == "=1+1"
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds, "no formula"
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)
    assert [row[0].value.replace("_x000D_", "").strip() for row in sheet.iter_rows(min_row=3)] == [
        cell.strip() for cell in NASTY
    ]
    codes = [row[1] for row in sheet.iter_rows(min_row=3)]
    assert {cell.value for cell in codes} == {"640202001001"}
    assert {cell.data_type for cell in codes} == {"s"}
    assert [row[2].value for row in sheet.iter_rows(min_row=3, max_row=5)] == [True, None, False]


def test_xlsx_of_nothing():
    book = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes({"空": pd.DataFrame({"a": []})})))
    assert book["空"]["A1"].value == "a"


def test_geopackage_of_all_kinds(tmp_path):
    path = export.write_gpkg(tmp_path / "a.gpkg", {"网": mixed(), "表": pd.DataFrame({"a": [1], "b": ["=1"]})})
    assert [str(name) for name, _ in pyogrio.list_layers(path)] == ["网", "表"]
    back = gpd.read_file(path, layer="网")
    assert back.geometry.geom_type.fillna("").tolist() == ["LineString", "Polygon", ""]
    assert back.crs.to_epsg() == 4490
    assert back["code"].tolist()[::2] == ["640202001001", "012345678901"]
    flags = pd.array(back["flag"], dtype="boolean")
    assert list(flags) == [True, pd.NA, False]
    assert open_raw(path, sublayer="表").frame["b"].tolist() == ["=1"]
    assert left_in(tmp_path) == ["a.gpkg"]
    assert export.gpkg_bytes({"网": mixed()}).startswith(b"SQLite format 3")


def test_set_aside_rows_of_a_file_with_reserved_names_can_be_written(tmp_path):
    frame = mixed().assign(fid=["x", "x", "y"], geom=1, ID=2, Id=3)
    export.write_gpkg(tmp_path / "a.gpkg", {"a": frame})
    back = gpd.read_file(tmp_path / "a.gpkg")
    assert back["fid_"].tolist() == ["x", "x", "y"]
    assert {"id", "ID_", "Id__", "geom_"} <= set(back)


def test_parquet_and_json(tmp_path):
    frame = mixed()[["id", "flag", "code", "geometry"]]
    back = gpd.read_parquet(export.write_parquet(tmp_path / "a.parquet", frame))
    assert back["flag"].tolist() == [True, pd.NA, False]
    path = export.write_json(tmp_path / "a.json", {"石": [1, None]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"石": [1, None]}
    assert "石" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("said", ["=1", "'=1", "''=1", "'", "'90s", "''", "\t=1", "'＝", "abc", "", "-5"])
def test_every_apostrophe_comes_back(said):
    made = export.inert(pd.DataFrame({"a": [said]}))["a"][0]
    assert not made.startswith(export.FORMULA_STARTS)
    assert export.as_written(made) == said


def test_formula_like_text_stays_text_when_it_is_edited():
    book = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes({"a": pd.DataFrame({"x": ["=1+1", "好", "'=1"]})})))
    assert [cell.value for cell in book["a"]["A"]] == ["x", "=1+1", "好", "'=1"]
    assert [bool(cell.quotePrefix) for cell in book["a"]["A"]] == [False, True, False, False]


def test_sheets_of_like_names_all_get_in():
    names = ["很长的名字" * 10, "很长的名字" * 10 + "二", "a", "A"]
    book = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes({name: pd.DataFrame({"x": [1]}) for name in names})))
    assert len(book.sheetnames) == 4
    assert max(map(len, book.sheetnames)) <= 31
