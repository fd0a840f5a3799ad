"""``python -m solar yield`` from the outside: files in, files out, every fault at once."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import Affine
from solar_samples import CITY_CRS, epw_text, written
from typer.testing import CliRunner

from data.catalog import text
from solar.__main__ import app
from solar.engine import LOSS_COLUMNS
from solar.hourly_store import read_hours


@pytest.fixture(scope="module")
def buildings(tmp_path_factory, town):
    some = town.iloc[:30].reset_index(drop=True)
    path = tmp_path_factory.mktemp("town") / "buildings.gpkg"
    some.assign(building_id=[f"B{n}" for n in range(len(some))], heat_source="unknown").to_crs(4326).to_file(path)
    return path


def run(*options):
    return CliRunner().invoke(app, ["yield", *map(str, options)])


def mountain(path):
    """Write a wall of mountains 2 km west of the town."""
    z = np.full((60, 60), 1100.0, dtype=np.float32)
    z[:, :10] = 2600.0
    profile = {"driver": "GTiff", "width": 60, "height": 60, "count": 1, "dtype": "float32", "crs": CITY_CRS}
    with rasterio.open(path, "w", **profile, transform=Affine(100, 0, 497_000, 0, -100, 4_333_000)) as file:
        file.write(z, 1)
    return path


def test_yields_audit_hours_and_profiles_agree(tmp_path, buildings):
    out, hours, profiles = tmp_path / "roofs.parquet", tmp_path / "hours.parquet", tmp_path / "profiles.csv"
    said = run("--buildings", buildings, "--out", out, "--hourly", hours, "--profiles", profiles, "--years")
    assert said.exit_code == 0, said.output
    table = gpd.read_parquet(out)
    assert list(table["building_id"]) == [f"B{n}" for n in range(30)]
    assert (table["y2021_kwh"] - table["yield_kwh"]).abs().max() < 1e-3
    assert (table["p90_kwh"] <= table["p50_kwh"]).all()
    audit = pd.read_csv(tmp_path / "roofs.audit.csv").rename(columns={text("column.relative_delta"): "relative_delta"})
    assert len(audit) == (table["capacity_kw"] > 0).sum()
    assert audit["relative_delta"].abs().max() < 1e-5
    power, _ = read_hours(hours)
    wanted = table.set_index("building_id")["yield_kwh"][power.columns]
    assert power.sum().to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-4)
    groups = pd.read_csv(profiles).drop(columns=text("column.mid_hour"))
    sums = pd.read_csv(tmp_path / "roofs.groups.csv").set_index(text("column.use"))
    losses = sums[[text(f"column.{name}") for name in LOSS_COLUMNS]].sum(axis=1)
    assert (sums[text("column.in_plane_kwh")] - losses).to_numpy() == pytest.approx(sums[text("column.yield_kwh")])
    assert set(groups) == set(sums.index)
    assert groups.to_numpy().sum() == pytest.approx(table["yield_kwh"].sum(), rel=1e-5)
    assert text("solar.note.flat_terrain") in said.output


def test_a_mountain_in_the_west_takes_the_evenings(tmp_path, buildings):
    flat = tmp_path / "flat.csv"
    assert run("--buildings", buildings, "--out", flat, "--language", "en").exit_code == 0
    dem = mountain(tmp_path / "dem.tif")
    shaded = tmp_path / "shaded.csv"
    said = run("--buildings", buildings, "--out", shaded, "--elevation", dem, "--language", "en")
    assert said.exit_code == 0, said.output
    assert text("solar.note.flat_terrain", "en") not in said.output
    before, after = (pd.read_csv(path) for path in (flat, shaded))
    name = text("column.loss_terrain_kwh", "en")
    assert (before[name] == 0).all()
    yields = text("column.yield_kwh", "en")
    fitted = before[yields] > 0
    assert (after.loc[fitted, name] > 0.01 * after.loc[fitted, text("column.in_plane_kwh", "en")]).all()
    assert (after.loc[fitted, yields] < before.loc[fitted, yields]).all()


def test_a_late_clock_is_repaired_and_said(tmp_path, buildings, typical):
    late = typical.hours.set_axis(typical.hours.index)
    moved = late.assign(**{name: np.roll(late[name].to_numpy(), 1) for name in ("ghi", "dni", "dhi")})
    weather = written(tmp_path, epw_text(moved), "late.epw")
    out = tmp_path / "roofs.csv"
    said = run("--buildings", buildings, "--weather", weather, "--out", out, "--language", "en")
    assert said.exit_code == 0, said.output
    assert "60 minutes late" in said.output
    raw = run("--buildings", buildings, "--weather", weather, "--out", out, "--no-repair", "--language", "en")
    assert "minutes late" not in raw.output


def test_every_fault_is_told_at_once(tmp_path):
    bad = written(tmp_path, "no weather", "bad.epw")
    said = run("--buildings", tmp_path / "none.gpkg", "--weather", bad, "--out", tmp_path / "o.csv", "--language", "en")
    assert said.exit_code == 2
    assert "none.gpkg" in said.output
    assert "bad.epw" in said.output


def test_outputs_and_options_are_checked_before_anything_is_read(tmp_path, buildings):
    said = run(
        "--buildings", buildings, "--out", tmp_path / "o.shp", "--hourly", tmp_path / "h.csv", "--language", "en"
    )
    assert said.exit_code == 2
    assert "o.shp" in said.output
    assert "h.csv" in said.output
    said = run("--buildings", buildings, "--out", tmp_path / "o.csv", "--sky-model", "clear")
    assert said.exit_code == 2
    assert "sky_model" in said.output
    assert list(tmp_path.iterdir()) == []


def test_distant_weather_is_refused_unless_allowed(tmp_path, buildings, typical):
    far = written(tmp_path, epw_text(typical.hours, longitude=110.0), "far.epw")
    out = tmp_path / "o.csv"
    assert run("--buildings", buildings, "--weather", far, "--out", out).exit_code == 2
    assert not out.exists()
    said = run("--buildings", buildings, "--weather", far, "--out", out, "--allow-distant-weather", "--no-repair")
    assert said.exit_code == 0, said.output


def test_east_west_rows_carry_more_and_yield_less_a_kilowatt(tmp_path, buildings):
    tables = []
    for layout in ("south_rows", "east_west"):
        out = tmp_path / f"{layout}.parquet"
        assert run("--buildings", buildings, "--out", out, "--flat-layout", layout).exit_code == 0
        tables.append(gpd.read_parquet(out))
    south, pairs = tables
    flat = (south["mounting"] == "tilted_flat") & (pairs["mounting"] == "tilted_east_west") & (south["capacity_kw"] > 0)
    assert flat.any()
    assert (pairs.loc[flat, "capacity_kw"] > south.loc[flat, "capacity_kw"]).all()
    assert (pairs.loc[flat, "specific_yield_kwh_kw"] < south.loc[flat, "specific_yield_kwh_kw"]).all()


def test_synthetic_buildings_mark_every_row(tmp_path, town):
    some = (
        town.iloc[:5]
        .reset_index(drop=True)
        .assign(building_id=list("abcde"), heat_source="unknown", 数据说明="合成示例数据")
    )
    path = tmp_path / "buildings.gpkg"
    some.to_crs(4326).to_file(path)
    out = tmp_path / "roofs.parquet"
    assert run("--buildings", path, "--out", out, "--hourly", tmp_path / "h.parquet").exit_code == 0
    assert (gpd.read_parquet(out)["data_note"] == text("app.synthetic")).all()
    assert json.dumps(read_hours(tmp_path / "h.parquet")[1], ensure_ascii=False).count(text("app.synthetic")) == 1


def test_a_csv_has_no_codes_and_every_header_words(tmp_path, buildings):
    out = tmp_path / "roofs.csv"
    assert run("--buildings", buildings, "--out", out, "--years").exit_code == 0
    table = pd.read_csv(out)
    assert not [name for name in table if name.isascii()]
    codes = {"tilted_flat", "flush_metal", "rural_house", "flat_concrete", "given", "footprint", "check", "unknown"}
    assert not codes & set(table.select_dtypes(["object", "string"]).to_numpy().ravel())


def test_outputs_never_share_a_file(tmp_path, buildings):
    both = tmp_path / "roofs.parquet"
    said = run("--buildings", buildings, "--out", both, "--hourly", both)
    assert said.exit_code == 2
    assert text("fault.same_output") in said.output


def test_buildings_without_the_group_are_one_group_and_said(tmp_path, buildings):
    out, profiles = tmp_path / "roofs.parquet", tmp_path / "p.csv"
    said = run("--buildings", buildings, "--out", out, "--profiles", profiles, "--by", "county_code")
    assert said.exit_code == 0, said.output
    assert text("fault.no_groups") in said.output
    assert pd.read_csv(profiles).iloc[:, 1].sum() == pytest.approx(gpd.read_parquet(out)["yield_kwh"].sum(), rel=1e-5)


def test_terrain_that_misses_the_town_is_refused_with_the_tiles(tmp_path, buildings):
    dem = mountain(tmp_path / "dem.tif")
    with rasterio.open(dem, "r+") as file:
        z = file.read(1)
        z[:, 25:] = np.nan
        file.write(z, 1)
    said = run("--buildings", buildings, "--out", tmp_path / "o.csv", "--elevation", dem)
    assert said.exit_code == 2
    assert "N39E106" in said.output
