"""Every format in, one checked layer out."""

import zipfile
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from geo_samples import BOILER_HEADER, BOILERS, buildings, fault, read, rules, square, write_csv

from data.errors import DataError
from geo.io import embedded_counties, guess, open_raw

FORMATS = ["a.gpkg", "a.geojson", "a.fgb", "a.parquet", "a.shp"]


def write(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio", encoding="gb18030" if path.suffix == ".shp" else None)
    return path


def zipped(path, target, folder=""):
    with zipfile.ZipFile(target, "w") as archive:
        for part in path.parent.glob(f"{path.stem}.*"):
            if part != target:
                archive.write(part, folder + part.name)
    return target


@pytest.mark.parametrize("name", FORMATS)
def test_a_layer_survives_every_format(tmp_path, name):
    done = read(write(buildings(), tmp_path / name), "buildings")
    frame = done.frame.sort_values("building_id", ignore_index=True)
    assert list(frame["building_id"]) == ["A0", "A1", "A2", "A3"]
    assert list(frame["use"]) == ["school", "factory", "apartment", "hospital"]
    assert list(frame["heat_source"]) == ["loose_coal", "gas_boiler", "heat_pump", "geothermal"]
    assert done.mapping == {"建筑编号": "building_id", "用途": "use", "heating": "heat_source"}
    assert not done.faults
    moved = shapely.distance(shapely.centroid(frame.geometry), shapely.centroid(buildings().geometry.to_numpy()))
    assert moved.max() < 1e-9


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4544", "EPSG:4545", "EPSG:4523", "EPSG:4524", "EPSG:3857"])
def test_a_layer_survives_every_system(tmp_path, crs):
    done = read(write(buildings(crs=crs), tmp_path / "a.gpkg"), "buildings")
    moved = shapely.distance(done.frame.geometry.to_numpy(), buildings().geometry.to_numpy())
    assert moved.max() < 1e-8
    assert done.recognition.why == "declared"


@pytest.mark.parametrize("folder", ["", "成果/建筑/"])
def test_zipped_shapefile(tmp_path, folder):
    shp = write(buildings(), tmp_path / "a.shp")
    done = read(zipped(shp, tmp_path / "上报.zip", folder), "buildings")
    assert len(done.frame) == 4
    assert guess(tmp_path / "上报.zip") == "buildings"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("stated", [True, False])
def test_shapefile_in_chinese_with_and_without_a_stated_encoding(tmp_path, encoding, stated):
    frame = buildings(名称=["石嘴山", "惠农", "平罗", "㙍𠮷"]).rename(columns={"建筑编号": "编号"})
    frame.to_file(tmp_path / "a.shp", engine="pyogrio", encoding=encoding)
    if not stated:
        (tmp_path / "a.cpg").unlink()
    assert list(read(tmp_path / "a.shp", "buildings").frame["name"]) == ["石嘴山", "惠农", "平罗", "㙍𠮷"]


def test_shapefile_whose_field_name_was_cut_within_a_character(tmp_path):
    frame = buildings(名称=["石嘴山", "惠农", "平罗", "㙍𠮷"]).rename(columns={"建筑编号": "0123456789"})
    frame.to_file(tmp_path / "a.shp", engine="pyogrio", encoding="utf-8")
    dbf = tmp_path / "a.dbf"
    dbf.write_bytes(dbf.read_bytes().replace(b"0123456789", "建筑编号".encode()[:10]))
    done = read(tmp_path / "a.shp", "buildings")
    assert done.unread == ("建筑编",)
    assert list(done.frame["name"]) == ["石嘴山", "惠农", "平罗", "㙍𠮷"]


def test_geopackage_with_several_layers(tmp_path):
    path = tmp_path / "city.gpkg"
    buildings().to_file(path, layer="buildings", engine="pyogrio")
    buildings(2).to_file(path, layer="老楼", engine="pyogrio")
    assert len(read(path, "buildings").frame) == 4, "the layer that bears the name serves"
    assert len(read(path, "buildings", sublayer="老楼").frame) == 2
    with pytest.raises(DataError) as refused:
        read(path, "parcels")
    assert rules(refused.value.faults) == {"several_layers"}
    assert "老楼" in refused.value.faults[0].got
    with pytest.raises(DataError) as refused:
        read(path, "buildings", sublayer="新楼")
    assert rules(refused.value.faults) == {"sublayer_unknown"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_encoding(tmp_path, encoding):
    done = read(write_csv(tmp_path / "a.csv", BOILER_HEADER, BOILERS, encoding), "boilers")
    assert list(done.frame["name"]) == ["甲厂", "乙厂"]
    assert done.frame["capacity_t_h"].tolist() == pytest.approx([20, 20])
    assert done.recognition.why == "columns"
    assert not rules(done.faults)


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_other_delimiters(tmp_path, delimiter):
    rows = [row.replace(",", delimiter) for row in BOILERS]
    path = write_csv(tmp_path / "a.csv", BOILER_HEADER.replace(",", delimiter), rows)
    assert len(read(path, "boilers").frame) == 2


def test_row_numbers_are_the_spreadsheets(tmp_path):
    path = write_csv(tmp_path / "a.csv", "石嘴山市燃煤锅炉台账,,,", [",,", BOILER_HEADER, "", *BOILERS, ",,", "合计"])
    done = read(path, "boilers")
    assert list(done.frame["source_row"]) == [5, 6]
    assert list(done.checked.set_aside["source_row"]) == [8]
    assert fault(done, "header_below").row == 3


def test_a_stray_comma_costs_its_row_only(tmp_path):
    done = read(write_csv(tmp_path / "a.csv", BOILER_HEADER, [*BOILERS, "B3,丙,厂,煤,20,,供热,106.4,39"]), "boilers")
    assert fault(done, "row_overlong").rows == (4,)
    assert len(done.frame) == 2


def test_a_long_outline_in_csv(tmp_path):
    ring = shapely.Point(106.4, 39).buffer(0.01, quad_segs=3000)
    path = write_csv(tmp_path / "a.csv", "建筑编号;WKT", [f"A1;{ring.wkt}"])
    assert len(path.read_text()) > 200_000
    assert shapely.get_num_coordinates(read(path, "buildings").frame.geometry.iloc[0]) == 12001


def workbook(path, rows, title="Sheet", other=()):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name in other:
        book.create_sheet(name).append(["说明"])
    book.save(path)
    return path


def test_xlsx_with_numeric_codes_and_dates(tmp_path):
    rows = [
        ["村(社区)代码", "名称", "县区代码", "城乡分类代码", "乡镇代码", "经度", "纬度"],
        [640202001001, "甲", 640202, 111, 640202001000, 106.4, 39.0],
        ["640202001002", "乙", "640202", "112", 640202001.0, "106.41", 39.0],
        [640202001003.0, "丙", None, 220.0, None, 106.42, 39.0],
    ]
    done = read(workbook(tmp_path / "a.xlsx", rows), "villages")
    assert list(done.frame["village_code"]) == ["640202001001", "640202001002", "640202001003"]
    assert list(done.frame["county_code"]) == ["640202"] * 3, "a village's code begins with its county's"
    assert list(done.frame["ur_class"]) == ["111", "112", "220"]
    assert list(done.frame["town_code"].fillna("")) == ["640202001000", "640202001", ""]
    assert rules(done.faults) == {"code_was_number"}

    rows = [
        ["锅炉编号", "单位名称", "锅炉蒸吨", "投运时间", "是否超低排放", "经度", "纬度"],
        [1, "甲", "约20蒸吨", datetime(2010, 5, 1, tzinfo=UTC).replace(tzinfo=None), True, 106.4, 39.0],
        [2.0, "乙", 35, 45078, "否", 106.4, 39.0],
        ["3", 5, 10, "2011年5月", "nan", 106.4, 39.0],
    ]
    frame = read(workbook(tmp_path / "b.xlsx", rows), "boilers").frame
    assert list(frame["boiler_id"]) == ["1", "2", "3"]
    assert frame["capacity_t_h"].tolist() == [20, 35, 10]
    assert frame["year_built"].tolist() == [2010, 2023, 2011]
    assert frame["is_ultra_low"].tolist() == [True, False, pd.NA]


def test_xlsx_of_several_sheets(tmp_path):
    rows = [BOILER_HEADER.split(","), *(row.split(",") for row in BOILERS)]
    several = workbook(tmp_path / "a.xlsx", rows, title="台账", other=["填表说明"])
    with pytest.raises(DataError) as refused:
        read(several, "boilers")
    assert rules(refused.value.faults) == {"several_layers"}
    assert len(read(several, "boilers", sublayer="台账").frame) == 2
    assert len(read(workbook(tmp_path / "b.xlsx", rows, "锅炉", ["说明"]), "boilers").frame) == 2
    blank = workbook(tmp_path / "c.xlsx", rows)
    book = openpyxl.load_workbook(blank)
    book.create_sheet("Sheet2")
    book.save(blank)
    assert len(read(blank, "boilers").frame) == 2, "a blank sheet is no sheet"


def test_a_wrong_range_in_a_workbook_loses_nothing(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [BOILER_HEADER.split(","), *(row.split(",") for row in BOILERS)])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert b'<dimension ref="A1:H3"' in parts["xl/worksheets/sheet1.xml"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part.replace(b'ref="A1:H3"', b'ref="A1:B2"'))
    assert len(read(path, "boilers").frame) == 2


def test_formulas_are_never_run(tmp_path):
    rows = [BOILER_HEADER.split(","), ["B1", '=HYPERLINK("http://x")', "煤", "=10+10", None, "供热", 106.4, 39.0]]
    done = read(workbook(tmp_path / "a.xlsx", rows), "boilers")
    assert fault(done, "not_a_number").got == "=10+10"
    assert np.isnan(done.frame["capacity_t_h"].iloc[0])
    assert done.frame["name"].iloc[0] == '=HYPERLINK("http://x")', "the text stays what it is"


def test_overture_like_table(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "id": ["08b2a", "08b2b", "08b2c"],
            "names": [{"primary": "石嘴山站", "common": {"en": "Station"}}, None, {"primary": None, "common": None}],
            "subtype": ["transportation", "residential", "medical"],
            "class": ["train_station", "house", None],
            "height": [12.5, None, 3.0],
            "num_floors": pd.array([2, None, 1], dtype="Int32"),
            "sources": [[{"dataset": "OpenStreetMap"}], [], None],
            "bbox": [{"xmin": 106.4, "xmax": 106.5}] * 3,
        },
        geometry=[square(), square(106.41), square(106.42)],
        crs="OGC:CRS84",
    )
    frame.to_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", "buildings")
    assert list(done.frame["use"]) == ["other_public", "rural_house", "hospital"], "the subtype fills what class leaves"
    assert done.frame["name"].tolist()[0] == "石嘴山站"
    assert done.frame["name"].isna().tolist() == [False, True, True]
    assert {"sources", "bbox.xmin"} <= set(done.unread)
    assert fault(done, "column_twice").column == "subtype"
    assert guess(tmp_path / "a.parquet") == "buildings"


def test_osm_like_table(tmp_path):
    index = pd.MultiIndex.from_tuples([("way", 11), ("way", 12), ("relation", 13)], names=["element", "id"])
    frame = gpd.GeoDataFrame(
        {
            "building": ["apartments", "yes", "industrial"],
            "building:levels": ["6", "2;3", None],
            "height": ["18 m", "6.5", "unknown"],
            "roof:shape": ["flat", "gabled", None],
            "roof:material": [None, "metal", None],
        },
        geometry=[square(), square(106.41), shapely.MultiPolygon([square(106.42), square(106.43)])],
        index=index,
        crs=4326,
    )
    frame.to_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", "buildings")
    assert list(done.frame["building_id"]) == ["11", "12", "13"]
    assert list(done.frame["use"]) == ["apartment", "unknown", "factory"]
    assert list(done.frame["roof_kind"]) == ["flat_concrete", "metal_sheet", "unknown"]
    assert done.frame["height_m"].tolist()[:2] == [18, 6.5]
    assert {one.got for one in done.faults if one.rule == "not_a_number"} == {"2;3", "unknown"}


def test_geoparquet_of_wkb_without_metadata_needs_a_system(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b"], "geometry": [square().wkb, b"junk"]})
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError) as refused:
        read(tmp_path / "a.parquet", "buildings")
    assert {"crs_missing", "shape_unreadable"} <= rules(refused.value.faults)
    assert len(read(tmp_path / "a.parquet", "buildings", crs="EPSG:4490").frame) == 1


def test_geoparquet_whose_geometry_has_another_name(tmp_path):
    buildings().rename_geometry("geom").to_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", "buildings")
    assert done.unread == ()
    assert len(done.frame) == 4


def test_the_persons_mapping_wins(tmp_path):
    path = write_csv(tmp_path / "a.csv", "编号,甲,乙,经度,纬度", ["B1,K7,20,106.4,39"])
    done = read(path, "boilers", mapping={"甲": "boiler_id", "乙": ("capacity_t_h", "t/h")})
    assert done.frame["boiler_id"].tolist() == ["K7"]
    assert done.frame["capacity_t_h"].tolist() == [20]
    assert done.unread == ("编号",)
    with pytest.raises(DataError) as refused:
        read(path, "boilers", mapping={"丙": "name", "甲": "nothing", "乙": "fuel"})
    assert {"column_missing", "mapping_unknown"} <= rules(refused.value.faults)


def test_columns_in_two_units_are_both_used(tmp_path):
    rows = ["A1,1200,,POINT (106 39)", "A2,,0.3,POINT (106 39)"]
    path = write_csv(tmp_path / "a.csv", "编号,建筑面积(㎡),建筑面积(万㎡),WKT", rows)
    raw = open_raw(path)
    raw.frame["WKT"] = square().wkt
    raw.frame.drop(columns="source_row").to_csv(path, index=False)
    assert read(path, "buildings").frame["floor_area_m2"].tolist() == [1200, 3000]


def test_plants_of_the_plan_and_captive_ones(tmp_path):
    header = "GEM location ID,GEM unit/phase ID,Plant name (local),Capacity (MW),Captive industry use,经度,纬度"
    rows = ["L100000101189,U1,别名,330,,106.4,39", "L9,U2,自备厂,150,aluminium,106.5,39", "L8,U3,别厂,50,—,106.5,39"]
    done = read(write_csv(tmp_path / "a.csv", header, rows), "plants")
    assert done.frame["name"].tolist() == ["国能大武口热电", "自备厂", "别厂"]
    assert done.frame["is_chp"].tolist() == [True, pd.NA, pd.NA], "unknown is not guessed"
    assert done.frame["is_captive"].tolist() == [False, True, pd.NA]
    assert "is_chp" not in done.mapping.values(), "the mapping tells what the file has"


def test_backup_and_peaking_are_read_from_the_duty(tmp_path):
    rows = [f"B{n},甲,煤,20,,{duty},106.4,39" for n, duty in enumerate(["备用", "调峰", "供热"])]
    frame = read(write_csv(tmp_path / "a.csv", BOILER_HEADER, rows), "boilers").frame
    assert frame["is_backup"].tolist() == [True, pd.NA, pd.NA]
    assert frame["is_peaking"].tolist() == [pd.NA, True, pd.NA]


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".geojson", ".csv"])
def test_what_was_read_can_be_written_and_read_again(tmp_path, suffix):
    first = read(write_csv(tmp_path / "a.csv", BOILER_HEADER, BOILERS), "boilers").frame
    path = tmp_path / f"again{suffix}"
    if suffix == ".csv":
        places = {"经度": first.geometry.x, "纬度": first.geometry.y}
        pd.DataFrame(first.drop(columns="geometry")).assign(**places).to_csv(path, index=False)
    else:
        write(first, path)
    again = read(path, "boilers")
    assert not again.faults
    drop = ["source_row", "geometry"]
    pd.testing.assert_frame_equal(pd.DataFrame(again.frame).drop(columns=drop), pd.DataFrame(first).drop(columns=drop))
    assert again.frame.geometry.geom_equals_exact(first.geometry, 1e-9).all()


def test_an_identifier_tells_the_layer(tmp_path):
    outline = gpd.GeoDataFrame({"adcode": ["640202"], "name": ["大武口区"]}, geometry=[square()], crs=4326)
    outline.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    assert guess(tmp_path / "a.gpkg") == "counties"


@pytest.mark.real_data
def test_real_files(shared_file):
    counties = read(shared_file("data/boundaries/ningxia_counties_wgs84.geojson"), "counties")
    assert len(counties.frame) == 22
    assert {"640202", "640205", "640221"} <= set(counties.frame["county_code"])
    units = shared_file("data/plants/gem_gcpt_2024-07_units.csv")
    assert guess(units) == "plants"
    assert len(read(units, "plants").frame) == len(pd.read_csv(units))
    with pytest.raises(DataError) as refused:
        read(shared_file("data/nbs/shizuishan_2023_urban_rural.csv"), "villages")
    assert "no_coordinates" in rules(refused.value.faults)


@pytest.mark.real_data
def test_every_building_of_new_york_is_kept(shared_file):
    path = shared_file("data/buildings/new_york_osm_102k.parquet")
    done = read(path, "buildings")
    source = gpd.read_parquet(path, columns=["id", "height", "geometry"])
    assert len(done.frame) == len(source)
    assert (done.frame["building_id"] == source["id"].astype(str).to_numpy()).all()
    np.testing.assert_array_equal(done.frame["height_m"], source["height"].to_numpy())


J1 = "锅炉编号/注册代码,单位名称,额定蒸发量(蒸吨/小时),燃料种类,用途(供热/生产/备用/调峰),完成情况,经度,纬度"


def test_a_ledger_of_the_bureau_tells_backup_peaking_and_standing(tmp_path):
    path = tmp_path / "燃煤锅炉淘汰台账.csv"
    rows = [
        f"B{n},甲,20,煤,{duty},{done},106.4,39"
        for n, (duty, done) in enumerate(
            [("供热", "未完成"), ("备用", "进行中"), ("调峰", "已拆除"), ("", ""), ("大修", "已完成")]
        )
    ]
    path.write_text("\n".join([J1, *rows]), encoding="utf-8-sig")
    found = read(path, "boilers")
    ledger = found.frame
    assert ledger["is_backup"].astype(object).where(ledger["is_backup"].notna(), None).tolist() == [
        False,
        True,
        False,
        None,
        None,
    ]
    assert ledger["is_peaking"].astype(object).where(ledger["is_peaking"].notna(), None).tolist() == [
        False,
        False,
        True,
        None,
        None,
    ]
    assert ledger["status"].tolist() == ["operating", "operating", "retired", "unknown", "unknown"]
    assert not any(fault.rule == "status_not_given" for fault in found.faults)


def test_duty_denies_nothing_where_the_header_offers_no_backup(tmp_path):
    path = tmp_path / "锅炉.csv"
    path.write_text("锅炉编号,额定蒸发量(蒸吨/小时),燃料,用途,经度,纬度\n1,20,煤,供热,106.4,39", encoding="utf-8")
    ledger = read(path, "boilers").frame
    assert ledger["is_backup"].isna().all()
    assert ledger["is_peaking"].isna().all()


def test_a_ledger_without_a_status_is_taken_as_standing_and_says_so(tmp_path):
    path = tmp_path / "锅炉.csv"
    path.write_text("锅炉编号,额定蒸发量(蒸吨/小时),燃料,经度,纬度\n1,20,煤,106.4,39", encoding="utf-8")
    found = read(path, "boilers")
    assert found.frame["status"].tolist() == ["operating"]
    assert [fault.effect for fault in found.faults if fault.rule == "status_not_given"] == ["noted"]


def test_duty_and_flags_at_odds_are_not_believed(tmp_path):
    header = "锅炉编号,额定蒸发量(蒸吨/小时),燃料,用途,是否备用,是否调峰,状态,经度,纬度"
    rows = ["1,20,煤,调峰,否,否,在用,106.4,39", "2,20,煤,调峰,否,,在用,106.4,39", "3,20,煤,供热,否,否,在用,106.4,39"]
    done = read(write_csv(tmp_path / "a.csv", header, rows), "boilers")
    assert done.frame["is_peaking"].tolist() == [pd.NA, True, False]
    assert done.frame["is_backup"].tolist() == [False, False, False]
    assert [fault.rows for fault in done.faults if fault.rule == "duty_at_odds"] == [(2,)]


def test_a_layer_without_its_key_column_says_so(tmp_path):
    frame = buildings().rename(columns={"heating": "heat_sourc"})
    done = read(write(frame, tmp_path / "a.gpkg"), "buildings")
    assert rules(done.faults) == {"key_column_absent"}
    assert set(done.frame["heat_source"]) == {"unknown"}


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".geojson"])
def test_our_mark_on_synthetic_data_is_found_again(tmp_path, suffix):
    marked = buildings(数据说明="合成示例数据")
    assert read(write(marked, tmp_path / f"a{suffix}"), "buildings").synthetic
    assert not read(write(buildings(), tmp_path / f"b{suffix}"), "buildings").synthetic


def test_the_bureaus_own_headers_are_known(tmp_path):
    header = "村码(12位),名称,县(区)代码,城乡分类代码,经度,纬度"
    rows = ["6.40202E+11,甲,640202,111,106.4,39", "640202001002,乙,640202,112,106.4,39.01"]
    done = read(write_csv(tmp_path / "村.csv", header, rows), "villages")
    assert done.frame["village_code"].tolist() == ["640202001002"]
    assert {"code_broken"} <= rules(done.faults)
    frame = buildings().drop(columns="用途")
    frame["建筑类别(党政机关/学校/医院/村委会/其他公共/工商业厂房/农村居民)"] = [
        "党政机关",
        "学校",
        "工商业厂房",
        "农村居民",
    ]
    frame["屋面材质(混凝土/彩钢瓦/瓦)"] = ["混凝土", "混凝土", "彩钢瓦", "瓦"]
    read_back = read(write(frame, tmp_path / "屋顶资源摸排表.gpkg"), "buildings").frame
    assert list(read_back["use"]) == ["government", "school", "factory", "rural_house"]
    assert list(read_back["roof_kind"]) == ["flat_concrete", "flat_concrete", "metal_sheet", "pitched_tile"]


def test_a_column_that_any_table_may_have_does_not_tell_the_layer(tmp_path):
    outlines = embedded_counties().assign(id=["0", "1", "2"])
    outlines.to_file(tmp_path / "县.geojson", engine="pyogrio")
    assert guess(tmp_path / "县.geojson") == "counties"
