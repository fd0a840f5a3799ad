"""The demo city: exact, repeatable, valid against the schemas, true to the facts that it embeds."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from typer.testing import CliRunner

from data import demo, parameters, schemas
from data.__main__ import app
from data.catalog import text, text_keys
from data.demo import facts
from data.demo.sites import apportion

BUILDINGS = 3000
LAYERS = ("buildings", "boilers", "plants", "networks", "villages", "counties", "streets", "institutions")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
# Operating units [MW] as GEM lists them (July 2024) of the three plants that the Plan names.
PLAN_PLANTS = {
    "L100000101189": [330.0] * 2,
    "L100000101191": [330.0] * 4 + [350.0] * 2,
    "L100000101188": [660.0] * 2,
}
# NBS 2023: how many villages and communities of each class the city has.
CLASSES = {"111": 80, "112": 5, "121": 36, "122": 35, "123": 3, "210": 11, "220": 156}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return demo.build(tmp_path_factory.mktemp("demo") / "city", buildings=BUILDINGS)


@pytest.fixture(scope="session")
def layers(folder):
    return {name: gpd.read_parquet(folder / f"{name}.parquet") for name in LAYERS}


@pytest.fixture(scope="session")
def local(layers):
    return layers["buildings"].to_crs(facts.LOCAL)


@pytest.mark.parametrize("layer", LAYERS)
def test_passes_its_schema_after_reading_back(layers, layer):
    frame = layers[layer]
    schemas.schema(layer).validate(frame, lazy=True)
    assert frame.crs.to_epsg() == 4490
    assert frame.geometry.is_valid.all()
    assert not frame.geometry.is_empty.any()
    assert set(frame.geometry.geom_type) <= set(schemas.GEOMETRY_TYPES[layer])


def test_holds_exactly_as_many_buildings_as_asked(layers):
    assert len(layers["buildings"]) == BUILDINGS


@pytest.mark.parametrize("buildings", [1000, 4321])
def test_any_count_is_met_exactly(buildings):
    assert len(demo.city(buildings=buildings)["buildings"]) == buildings


def test_too_few_buildings_are_refused():
    with pytest.raises(ValueError, match="1000"):
        demo.city(buildings=999)


def test_same_seed_same_city_other_seed_another(layers):
    again = demo.city(buildings=BUILDINGS)
    for layer in LAYERS:
        written = pd.DataFrame(layers[layer])
        assert (written.pop(text("column.data_note")) == text("app.synthetic")).all()
        pd.testing.assert_frame_equal(pd.DataFrame(again[layer]), written)
    other = demo.city(buildings=BUILDINGS, seed=7)
    assert not other["buildings"].geometry.geom_equals(layers["buildings"].geometry).all()
    assert not other["villages"].geometry.geom_equals(layers["villages"].geometry).all()


def test_villages_are_the_published_ones(layers):
    villages = layers["villages"]
    assert len(villages) == 326
    assert villages["ur_class"].value_counts().to_dict() == CLASSES
    farm = villages[villages["town"] == "前进农场"]
    assert farm["town_code"].unique().tolist() == ["640221400000"]
    assert farm["village_code"].str.startswith("640221104").all()


@pytest.mark.parametrize("layer", ["buildings", "villages"])
def test_everything_stands_inside_its_county(layers, layer):
    outline = layers["counties"].set_index("county_code").geometry
    frame = layers[layer]
    inside = shapely.covers(outline.loc[frame["county_code"]].to_numpy(), frame.geometry.to_numpy())
    assert inside.all()


def test_towns_lie_in_their_county_and_cover_all_villages(layers):
    towns = facts.towns()
    outline = layers["counties"].set_index("county_code").geometry
    points = shapely.points(towns[["lon", "lat"]].to_numpy())
    assert shapely.contains(outline.loc[towns["county_code"]].to_numpy(), points).all()
    assert set(layers["villages"]["town_code"]) == set(towns["town_code"])


def test_buildings_do_not_overlap(local):
    one, other = shapely.STRtree(local.geometry.to_numpy()).query(local.geometry.to_numpy(), predicate="intersects")
    assert (one == other).all()


def test_has_holes_and_multipolygons(layers):
    shape = layers["buildings"].geometry
    assert (shapely.get_num_interior_rings(shape.to_numpy()) > 0).sum() >= 3
    assert (shape.geom_type == "MultiPolygon").sum() >= 3


def test_buildings_have_plausible_size_and_storeys(layers, local):
    stock = layers["buildings"]
    area = local.area
    assert area.between(10.0, 16_000.0).all()
    houses = stock["use"] == "rural_house"
    assert area[houses].median() == pytest.approx(85.0, abs=20.0)
    assert stock.loc[houses, "floors"].max() <= 2
    assert stock["floors"].max() <= 33
    known = stock["floors"].notna() & stock["floor_area_m2"].notna()
    ratio = stock.loc[known, "floor_area_m2"] / (area * stock["floors"])[known]
    # Coordinates are kept to a centimetre, which is half a percent of the smallest shed.
    np.testing.assert_allclose(ratio, 1.0, atol=6e-3)
    assert not (stock["heated_area_m2"] > stock["floor_area_m2"] + 0.1).any()


def test_uses_and_heat_sources_agree(layers):
    stock = layers["buildings"]
    cold = stock["heat_source"] == "none"
    assert cold[stock["use"].isin(["greenhouse", "ancillary"])].all()
    assert not cold[stock["use"].isin(["apartment", "rural_house", "school", "hospital"])].any()
    assert stock.loc[stock["use"].isin(["apartment", "rural_house"]), "households"].notna().mean() > 0.9
    assert 0.005 < (stock["heat_source"] == "unknown").mean() < 0.05
    assert 0.01 < stock["village_code"].isna().mean() < 0.05


def test_clean_shares_leave_work_to_do_in_every_zone(layers, local):
    stock = layers["buildings"]
    classes = stock["village_code"].map(layers["villages"].set_index("village_code")["ur_class"])
    zone_of = facts.zone_by_class()
    zone = [zone_of.get(pair, "unknown") for pair in zip(stock["county_code"], classes, strict=True)]
    clean = stock["heat_source"].map(parameters.table("heat_sources")["clean"])
    area = local.area * stock["floors"].fillna(1.0)
    both = clean.isin(["yes", "no"])
    share = ((clean == "yes") * area)[both].groupby(pd.Series(zone)[both]).sum() / area[both].groupby(
        pd.Series(zone)[both]
    ).sum()
    assert 0.92 < share["urban"] < 1.0
    assert 0.70 < share["county_town"] < 0.90
    assert 0.30 < share["rural"] < 0.68


def test_plan_plants_have_their_published_units(layers):
    units = layers["plants"]
    running = units[units["status"] == "operating"]
    for plant_id, capacity in PLAN_PLANTS.items():
        assert sorted(running.loc[running["plant_id"] == plant_id, "capacity_mw"]) == capacity
        assert running.loc[running["plant_id"] == plant_id, "is_chp"].all()
    made_up = units[units["spare_heat_mw"].notna()]
    assert set(made_up["plant_id"]) == {"L100000101189"}
    assert set(made_up["status"]) == {"operating"}


def test_boilers_stand_on_both_sides_of_a_15_km_line(layers):
    boilers, units = layers["boilers"], layers["plants"]
    assert 170 <= len(boilers) <= 190
    assert (boilers["fuel"] == "coal").mean() > 0.6
    radius = 1000.0 * parameters.value("policy", "plant_radius_km")
    geod = pyproj.Geod(ellps="GRS80")
    for plant_id in PLAN_PLANTS:
        unit = units[(units["plant_id"] == plant_id) & (units["status"] == "operating")].geometry.iloc[0]
        lon, lat = boilers.geometry.x.to_numpy(), boilers.geometry.y.to_numpy()
        away = geod.inv(np.full(len(lon), unit.x), np.full(len(lon), unit.y), lon, lat)[2] - radius
        assert ((away > 0) & (away < 100)).any()
        assert ((away < 0) & (away > -100)).any()


def test_boilers_lie_in_the_city(layers):
    city = shapely.buffer(shapely.union_all(layers["counties"].geometry.to_numpy()), 0.001)
    assert layers["boilers"].within(city).all()


def test_networks_serve_the_town_and_hold_coal_boilers(layers):
    networks, boilers = layers["networks"], layers["boilers"]
    assert set(networks["kind"]) == {"pipe", "service_area"}
    assert set(networks["status"]) == {"existing", "planned"}
    assert (networks["document"] == text("demo.document")).all()
    assert networks.loc[networks["kind"] == "pipe", "dn_mm"].between(200, 1200).all()
    areas = networks[(networks["kind"] == "service_area") & (networks["status"] == "existing")]
    assert areas["spare_heat_mw"].notna().any()
    assert areas["spare_heat_mw"].isna().any()
    served = shapely.union_all(areas.geometry.to_numpy())
    on_chp = layers["buildings"][layers["buildings"]["heat_source"] == "chp"]
    assert on_chp.representative_point().within(served).mean() > 0.7
    assert (boilers.within(served) & (boilers["fuel"] == "coal")).sum() >= 3


def test_manifest_says_that_the_city_is_synthetic(folder):
    manifest = json.loads((folder / demo.MANIFEST).read_text(encoding="utf-8"))
    assert manifest["synthetic"] is True
    assert "合成" in manifest["notice"]
    assert manifest["buildings"] == BUILDINGS
    assert any("CC BY 4.0" in source for source in manifest["sources"])


def test_knows_whether_a_city_is_current(folder, tmp_path):
    assert demo.is_current(folder, buildings=BUILDINGS)
    assert not demo.is_current(folder, buildings=BUILDINGS + 1)
    assert not demo.is_current(folder, buildings=BUILDINGS, seed=1)
    assert not demo.is_current(tmp_path, buildings=BUILDINGS)


def test_replaces_an_older_city_but_nothing_else(tmp_path):
    out = tmp_path / "city"
    demo.build(out, buildings=1000)
    demo.build(out, buildings=1001)
    assert demo.is_current(out, buildings=1001)
    assert [path.name for path in tmp_path.iterdir()] == ["city"]
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(FileExistsError, match="letters"):
        demo.build(other, buildings=1000)
    assert (other / "letter.txt").read_text(encoding="utf-8") == "dear"


def test_progress_runs_to_the_end_with_captions(tmp_path):
    said: list[tuple[float, str]] = []
    demo.build(tmp_path / "city", buildings=1000, progress=lambda share, caption: said.append((share, caption)))
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(caption for _, caption in said)


def test_command_line_writes_the_city(tmp_path):
    said = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "city"), "--buildings", "1000", "--seed", "3"])
    assert said.exit_code == 0
    assert demo.is_current(tmp_path / "city", buildings=1000, seed=3)
    assert "合成" in said.output


def test_names_say_that_they_are_made_up(layers):
    for layer in ("buildings", "boilers", "networks"):
        names = layers[layer]["name"].dropna()
        assert len(names)
        assert names.str.contains("合成").all()


def test_texts_stand_in_both_languages():
    own = [key for key in text_keys() if key.startswith("demo.")]
    assert len(own) >= 10


@pytest.mark.parametrize(("total", "weight"), [(10, [1, 1, 1]), (0, [2, 3]), (1, [0.2, 0.8]), (997, [5, 0, 3, 2.5])])
def test_apportionment_is_exact_and_near_the_weights(total, weight):
    shared = apportion(total, weight)
    assert shared.sum() == total
    assert np.abs(shared - total * np.array(weight) / sum(weight)).max() < 1.0


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not beside the project")
def test_embedded_villages_are_the_nbs_list_row_by_row():
    real = pd.read_csv(SHARED / "nbs" / "shizuishan_2023_urban_rural.csv", dtype=str)
    own = facts.villages()
    pd.testing.assert_frame_equal(own, real[own.columns])


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not beside the project")
def test_embedded_outlines_keep_the_area_and_borders_of_the_real_ones():
    real = gpd.read_file(SHARED / "boundaries" / "ningxia_counties_wgs84.geojson")
    real = real.assign(code=real["district_adcode"].astype(str)).set_index("code").to_crs(facts.LOCAL)
    own = facts.counties().set_index("county_code").to_crs(facts.LOCAL)
    ratio = own.area / real.loc[own.index].area
    np.testing.assert_allclose(ratio, 1.0, atol=0.005)
    assert shapely.coverage_is_valid(facts.counties().geometry.to_numpy())


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data sets are not beside the project")
def test_embedded_units_are_those_of_gem():
    real = pd.read_csv(SHARED / "plants" / "gem_gcpt_2024-07_units.csv").set_index("GEM unit/phase ID")
    own = facts.plants().set_index("unit_id")
    same = real.loc[own.index]
    assert (own["capacity_mw"] == same["Capacity (MW)"]).all()
    assert (own["status"] == same["Status"]).all()
    assert (own["plant_id"] == same["GEM location ID"]).all()
    np.testing.assert_allclose(own.geometry.x, same["Longitude"], atol=1e-9)
    np.testing.assert_allclose(own.geometry.y, same["Latitude"], atol=1e-9)
