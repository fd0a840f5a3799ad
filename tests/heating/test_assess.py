"""The whole assessment of a small demo city, in memory and in files."""

import dataclasses
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pvlib
import pyogrio
import pytest
from pyproj import Geod

from data import parameters
from data.errors import DataError, Fault
from heating import rates, report, wording
from heating.assessment import assess
from heating.layers import Layers
from heating.scenario import Scenario
from solar.weather import typical_year

SYNTHETIC = "合成示例数据"
ALASKA = Path(pvlib.__file__).parent / "data" / "703165TY.csv"
FILES = {"assessment.gpkg", "clean_heating.csv", "boilers.csv", "boiler_flips.csv", "rooftops.parquet", "summary.json"}


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


@pytest.fixture(scope="module")
def aside(city):
    """Give rows set aside as a spreadsheet leaves them: mixed kinds, clashing names, no position."""
    rows = pd.DataFrame({"fid": ["a", 7], "Name": [1.5, "x"], "name": [None, "y"], "source_row": [4, 9]}, dtype=object)
    return gpd.GeoDataFrame(
        rows.assign(source_row=[4, 9]), geometry=[None, city.frames["boilers"].geometry.iloc[0]], crs=4490
    )


@pytest.fixture(scope="module")
def written(done, aside, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    source = dataclasses.replace(done.layers.sources["boilers"], set_aside=aside, rows_in=182)
    layers = dataclasses.replace(done.layers, sources={**done.layers.sources, "boilers": source})
    fault = Fault(rule="file_empty", effect="noted", file="x.csv")
    report.write(dataclasses.replace(done, layers=layers, faults=(fault,)), out)
    return out


def test_every_building_has_its_results(done):
    needed = ["zone", "zone_evidence", "area_m2", "area_basis", "households_used", "clean_heating", "in_service_area"]
    needed += ["roof_m2", "mounting", "capacity_kw", "yield_kwh", *report.MONTHS]
    assert done.buildings[needed].notna().all(axis=None)
    assert len(done.buildings) == 2000
    assert done.buildings.crs.to_epsg() == 4490
    known = done.buildings["heat_index"].notna()
    assert done.buildings.loc[known, ["peak_kw", "heat_gj"]].notna().all(axis=None)
    fitted = done.buildings["capacity_kw"] > 0
    assert (fitted == (done.buildings["exclusion_reason"].fillna("") == "")).all()
    assert (fitted == (done.buildings["yield_kwh"] > 0)).all()


def test_every_boiler_has_a_verdict_with_its_evidence(done):
    needed = ["verdict", "leading_state", "strength", "supply_assured", "within_radius", "in_service_area", "zone"]
    assert done.boilers[[*needed, "distance_m", "margin_m", "nearest_plant"]].notna().all(axis=None)
    assert len(done.boiler_findings) == 5 * len(done.boilers)
    assert done.boiler_findings[["state", "strength", "missing", "exemption"]].notna().all(axis=None)
    assert set(done.boiler_findings["state"]) <= {"yes", "no", "review"}
    assert (done.plants["qualifies"].notna()).all()


def test_a_verdict_is_what_its_findings_say(done):
    states = done.boiler_findings.pivot_table(index="boiler_id", columns="rule", values="state", aggfunc="first")
    for _, row in done.boilers.iterrows():
        said = states.loc[row["boiler_id"]]
        assert set(filter(None, row["rules_hit"].split(";"))) == set(said.index[said == "yes"])
        assert set(filter(None, row["rules_open"].split(";"))) == set(said.index[said == "review"])
        if row["verdict"] in said.index:
            assert said[row["verdict"]] == "yes"


def test_nobody_is_sent_to_close_in_words_stronger_than_the_clause(done):
    table = report.boiler_table(done)
    # the verdict on 鼓励 and 推进 clauses is a list, never an order
    assert not table["conclusion"].str.contains("应关停|责令|必须|立即").any()
    assert table.loc[table["verdict"] == "R3", "conclusion"].str.contains("鼓励").all()
    assert table.loc[table["verdict"] == "review", "conclusion"].str.startswith("待核").all()
    assert table.loc[table["verdict"] == "review", "clause"].str.startswith(("（待核）", "")).all()
    removal = table["verdict"].isin(["R2", "R3", "R4"])
    unsure = removal & (table["supply_assured"] != "yes")
    assert table.loc[unsure, "conclusion"].str.contains("拆除前须先核实|暂不能拆除").all()
    assert table.loc[removal & (table["supply_assured"] == "yes"), "supply_missing"].eq("").all()


def test_removals_that_are_assured_fit_into_their_sources_together(done):
    spare = done.layers.frames["networks"].set_index("network_id")["spare_heat_mw"]
    sure = done.boilers[(done.boilers["supply_assured"] == "yes") & (done.boilers["leading_rule"] == "R4")]
    need = sure.groupby("network_id")["need_mw"].sum()
    assert len(need)
    assert (need <= spare.reindex(need.index)).all()


def test_the_summary_is_the_sum_of_the_tables(done):
    said = json.loads(json.dumps(report.summary(done), ensure_ascii=False, allow_nan=False))
    roofs = done.buildings
    assert said["rooftops"]["yield_gwh"] == pytest.approx(roofs["yield_kwh"].sum() / 1e6)
    assert said["rooftops"]["capacity_mw"] == pytest.approx(roofs["capacity_kw"].sum() / 1e3)
    assert said["rooftops"]["fitted"] == int((roofs["yield_kwh"] > 0).sum())
    assert said["heat"]["annual_tj"] == pytest.approx(roofs["heat_gj"].sum() / 1e3)
    assert sum(said["buildings_by_zone"].values()) == said["rows"]["buildings"]["used"] == 2000
    assert sum(said["boilers_by_verdict"].values()) == said["rows"]["boilers"]["used"]
    heated = roofs[roofs["clean_heating"] != "not_heated"]
    clean = heated.loc[heated["clean_heating"] == "clean", "area_m2"].sum()
    assert said["clean_heating"]["all"]["rate_low"] == pytest.approx(clean / heated["area_m2"].sum())
    assert said["parameters"]["policy"]["plant_radius_km"] == 15.0
    assert said["parameters_sha256"] == parameters.digest()
    assert set(said["inputs_sha256"]) == set(done.layers.sources)
    assert SYNTHETIC in said["notice"]


def test_rates_are_those_of_a_plain_loop(done):
    table = done.clean_heating.set_index(["zone", "county_code"])
    rows = done.buildings
    for (zone, county), row in table.iterrows():
        own = rows if zone == rates.ALL else rows[rows["zone"] == zone]
        own = own if county == rates.ALL else own[own["county_code"].fillna("unknown") == county]
        for part in rates.PARTS:
            part_rows = own[own["clean_heating"] == part]
            assert row[f"{part}_area_m2"] == pytest.approx(part_rows["area_m2"].sum())
            assert row[f"{part}_households"] == pytest.approx(part_rows["households_used"].sum())


def test_distances_are_those_of_the_geodesic(done):
    geod = Geod(ellps="GRS80")
    centres = done.plants[(done.plants["qualifies"] == "yes") & (done.plants["status"] == "operating")]
    for _, row in done.boilers.iterrows():
        own = centres[centres["plant_id"] == row["nearest_plant_id"]]
        metres = min(geod.inv(row.geometry.x, row.geometry.y, p.x, p.y)[2] for p in own.geometry)
        assert row["distance_m"] == pytest.approx(metres, abs=1e-6)


@pytest.mark.parametrize("absent", ["boilers", "plants", "networks", "villages", "counties", "all"])
def test_every_layer_but_buildings_may_be_absent(city, absent, tmp_path):
    kept = {name for name in city.frames if name != absent} if absent != "all" else {"buildings"}
    few = {"buildings": 40, "boilers": 60, "villages": 30}
    frames = {name: frame.iloc[: few.get(name)] for name, frame in city.frames.items()}
    layers = dataclasses.replace(city, frames={name: frames[name] for name in kept}, sources={})
    found = assess(layers, Scenario())
    coal = found.boilers[(found.boilers["fuel"] == "coal") & (found.boilers["status"] != "retired")]
    if absent == "networks":
        assert (coal["in_service_area"] == "review").all()
        assert not (coal["verdict"] == "R4").any()
    if absent == "plants":
        assert (coal["within_radius"] == "review").all()
    if absent in ("villages", "all"):
        assert set(found.buildings["zone"]) == {"unknown"}
    for file in report.write(found, tmp_path):
        assert file.stat().st_size > 0
    assert len(report.boiler_table(found)) == len(found.boilers)
    assert len(report.rate_labels(report.rate_table(found), "zh"))


def test_an_assessment_leaves_its_layers_alone_and_can_be_made_again(city, done):
    again = assess(city, Scenario())
    pd.testing.assert_frame_equal(pd.DataFrame(again.boilers), pd.DataFrame(done.boilers))
    pd.testing.assert_frame_equal(again.clean_heating, done.clean_heating)
    assert "verdict" not in city.frames["boilers"]


def test_weather_from_afar_is_refused_then_noted(city):
    far = dataclasses.replace(typical_year(), latitude=34.0)
    few = {"buildings": city.frames["buildings"].iloc[:40]}
    with pytest.raises(DataError) as caught:
        assess(Layers(frames=few, weather=(far,), synthetic=False), Scenario())
    assert caught.value.faults[0].rule == "weather.distant"
    noted = assess(Layers(frames=few, weather=(far,), synthetic=False), Scenario(allow_distant_weather=True))
    assert [fault.effect for fault in noted.faults] == ["noted"]


def test_every_export_says_that_it_is_synthetic(written):
    assert {path.name for path in written.iterdir()} == FILES | {"faults.csv", "set_aside.gpkg"}
    for name in ("assessment.gpkg", "set_aside.gpkg"):
        layers = [layer for layer, _ in pyogrio.list_layers(written / name)]
        assert layers
        for layer in layers:
            frame = pyogrio.read_dataframe(written / name, layer=layer)
            assert (frame["数据说明"] == SYNTHETIC).all(), layer
    for name in ("boilers.csv", "boiler_flips.csv", "clean_heating.csv", "faults.csv"):
        table = pd.read_csv(written / name)
        assert (table["数据说明"] == SYNTHETIC).all(), name
    assert (pd.read_parquet(written / "rooftops.parquet")["数据说明"] == SYNTHETIC).all()
    assert SYNTHETIC in (written / "summary.json").read_text(encoding="utf-8")


def test_all_layers_with_results_are_in_the_geopackage(written):
    layers = {layer for layer, _ in pyogrio.list_layers(written / "assessment.gpkg")}
    wanted = {"buildings", "boilers", "plants", "plant_rings", "villages", "networks", "counties"}
    wanted |= {"streets", "institutions"}
    assert layers == wanted | {"boiler_findings", "boiler_flips", "clean_heating"}
    boilers = pyogrio.read_dataframe(written / "assessment.gpkg", layer="boilers")
    assert {"verdict", "supply_missing", "site_total_t_h", "point_distance_m"} <= set(boilers)
    assert "yield_kwh" in pyogrio.read_info(written / "assessment.gpkg", layer="buildings")["fields"]


@pytest.mark.parametrize("name", ["boilers.csv", "boiler_flips.csv", "clean_heating.csv", "faults.csv"])
def test_tables_have_chinese_headers_and_no_codes(written, name):
    table = pd.read_csv(written / name)
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in column) for column in table.columns), list(table)
    codes = {"review", "yes", "no", "coal", "hot_water", "county_town", "urban", "none", "clean", "met"}
    for column in table.select_dtypes(exclude="number"):
        assert not codes & set(table[column].dropna().unique()), column


def test_rows_set_aside_are_kept_as_text(written):
    frame = pyogrio.read_dataframe(written / "set_aside.gpkg", layer="boilers")
    assert frame["fid_"].tolist() == ["a", "7"]
    assert frame["source_row"].tolist() == [4, 9]
    assert {"Name", "name_"} <= set(frame)


def test_files_of_an_earlier_run_do_not_stay(done, written, tmp_path):
    for name in ("faults.csv", "set_aside.gpkg"):
        (tmp_path / name).write_bytes((written / name).read_bytes())
    report.write(done, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_real_data_carries_no_such_mark(done):
    real = dataclasses.replace(done, layers=dataclasses.replace(done.layers, synthetic=False))
    assert report.summary(real)["notice"] == ""
    assert "数据说明" not in report.stamped(report.roof_table(real), real, "zh")


def test_tables_read_in_english_too(done):
    table = wording.labelled(report.boiler_table(done, language="en"), "en")
    assert "verdict" in table
    assert not table.astype(str).apply(lambda column: column.str.contains("待核")).any(axis=None)


def test_numbers_of_the_rate_table_are_finite(done):
    table = done.clean_heating
    heated = table[[f"{part}_area_m2" for part in rates.PARTS]].sum(axis=1) > 0
    assert np.isfinite(table.loc[heated, ["rate_low", "rate_high"]]).all(axis=None)
    aimed = heated & table["target"].notna()
    assert np.isfinite(table.loc[aimed, ["gap_low_m2", "gap_high_m2", "gap_low_households"]]).all(axis=None)
