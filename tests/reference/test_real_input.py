"""Real footprints and real coal plants through the whole assessment, held against plain computations.

Every twentieth footprint by default; ``NUANGUANG_REAL_STEP=1`` takes all 102 thousand.
"""

import json
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pvlib
import pytest
import shapely
from pyproj import CRS, Geod
from typer.testing import CliRunner

from heating.__main__ import app
from heating.assessment import assess
from heating.layers import load
from heating.scenario import Scenario

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FOOTPRINTS = SHARED / "buildings" / "new_york_osm_102k.parquet"
UNITS = SHARED / "plants" / "gem_gcpt_2024-07_units.csv"
ALASKA = Path(pvlib.__file__).parent / "data" / "703165TY.csv"
STEP = int(os.environ.get("NUANGUANG_REAL_STEP", "20"))
CITY = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=106.5 +k=1 +x_0=500000 +ellps=GRS80 +units=m +no_defs")
DAWUKOU = (106.39, 39.02)
MAIN_PLANTS = {"L100000101188", "L100000101189", "L100000101191"}

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real data sets are not there: {SHARED}"),
]


@pytest.fixture(scope="module")
def footprints(tmp_path_factory):
    if STEP == 1:
        return FOOTPRINTS
    path = tmp_path_factory.mktemp("real") / FOOTPRINTS.name
    gpd.read_parquet(FOOTPRINTS).iloc[::STEP].to_parquet(path)
    return path


@pytest.fixture(scope="module")
def moved(footprints, tmp_path_factory):
    """Put the same footprints, in their true size and shape, into 大武口."""
    frame = gpd.read_parquet(footprints)
    flat = frame.to_crs(32618)
    west, south, east, north = flat.total_bounds
    there = gpd.GeoSeries(gpd.points_from_xy([DAWUKOU[0]], [DAWUKOU[1]]), crs=4490).to_crs(CITY).iloc[0]
    shift = [1, 0, 0, 1, there.x - (west + east) / 2, there.y - (south + north) / 2]
    shapes = flat.geometry.affine_transform(shift)
    path = tmp_path_factory.mktemp("moved") / "moved.parquet"
    gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes.to_numpy(), crs=CITY).to_crs(4490).to_parquet(path)
    return path


def command(out, *options):
    return CliRunner().invoke(app, ["assess", "--out", str(out), *map(str, options)])


def test_distant_weather_is_refused_then_allowed(footprints, tmp_path):
    given = ("--buildings", footprints, "--plants", UNITS, "--weather", ALASKA)
    refused = command(tmp_path / "refused", *given)
    assert refused.exit_code == 2
    assert "100 km" in refused.stderr
    assert not list((tmp_path / "refused").glob("*"))

    allowed = command(tmp_path / "allowed", *given, "--allow-distant-weather")
    assert allowed.exit_code == 0, allowed.stderr
    said = json.loads((tmp_path / "allowed" / "summary.json").read_text(encoding="utf-8"))
    rows = said["rows"]["buildings"]
    assert rows["in"] == rows["used"] + rows["set_aside"] == len(gpd.read_parquet(footprints))
    assert said["rows"]["plants"]["in"] == said["rows"]["plants"]["used"] == 162
    assert rows["used"] == sum(said["buildings_by_zone"].values()) == said["buildings_by_zone"]["unknown"]
    assert len(pd.read_parquet(tmp_path / "allowed" / "rooftops.parquet")) == rows["used"]
    whole = said["clean_heating"]["all"]
    # nothing is known of how New York heats: the rate may be anything, and is not called a target met
    assert (whole["rate_low"], whole["rate_high"], whole["standing"]) == (0.0, 1.0, "none")
    assert set(said["inputs_sha256"]) == {"buildings", "plants", f"weather/{ALASKA.name}"}
    assert not said["synthetic"]


def test_every_moved_footprint_has_a_yield_or_a_reason(moved):
    done = assess(load({"buildings": moved, "plants": UNITS}), Scenario())
    source = done.layers.sources["buildings"]
    aside = 0 if source.set_aside is None else len(source.set_aside)
    roofs = done.buildings
    assert len(roofs) + aside == source.rows_in == len(gpd.read_parquet(moved))
    fitted = roofs["yield_kwh"] > 0
    assert (fitted | (roofs["exclusion_reason"].fillna("") != "")).all()
    assert fitted.any()
    assert roofs.loc[fitted, "specific_yield_kwh_kw"].between(60, 1900).all()
    original = gpd.read_parquet(FOOTPRINTS).iloc[::STEP].to_crs(32618).area.sum()
    assert roofs["footprint_m2"].sum() == pytest.approx(original, rel=5e-3)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Write 2,000 boilers round the city as a bureau would, a tenth of them within 150 m of a 15 km line."""
    rng = np.random.default_rng(20221109)
    geod = Geod(ellps="GRS80")
    points = np.column_stack([rng.uniform(106.0, 107.2, 1800), rng.uniform(38.6, 39.6, 1800)])
    units = pd.read_csv(UNITS)
    main = units[units["GEM location ID"].isin(MAIN_PLANTS) & (units["Status"] == "operating")]
    centres = main.sample(200, replace=True, random_state=1)[["Longitude", "Latitude"]].to_numpy()
    x, y, _ = geod.fwd(*centres.T, rng.uniform(0, 360, 200), rng.uniform(14_850, 15_150, 200))
    points = np.vstack([points, np.column_stack([x, y])])
    table = pd.DataFrame(
        {
            "锅炉编号": [f"G{nth:04d}" for nth in range(len(points))],
            "额定蒸发量(蒸吨/小时)": rng.choice([10, 20, 35, 40, 65, 75], len(points)),
            "燃料种类": "燃煤",
            "用途": "供热",
            "锅炉状态": "在用",
            "点位中误差(m)": rng.choice([np.nan, 5, 20, 60], len(points)),
            "经度": points[:, 0],
            "纬度": points[:, 1],
        }
    )
    path = tmp_path_factory.mktemp("ledger") / "锅炉台账.csv"
    table.to_csv(path, index=False, encoding="gb18030")
    return path


def plain_state(longitude, latitude, sigma, units):
    """Judge one boiler with nothing but a loop over all units and ``Geod.inv``."""
    geod = Geod(ellps="GRS80")
    band = max(50.0, 0.0 if np.isnan(sigma) else 2 * sigma)
    best = "no"
    for x, y, sure in units:
        metres = geod.inv(longitude, latitude, x, y)[2]
        inside = "review" if abs(metres - 15_000) < band else "yes" if metres <= 15_000 else "no"
        if inside == "yes" and sure:
            return "yes"
        if inside != "no":
            best = "review"
    return best


def plain_centres():
    """Return place and certainty of the units of running plants of 300 MW and more that are not captive."""
    table = pd.read_csv(UNITS)
    running = table[table["Status"] == "operating"]
    captive = {"L100000101193", "L100000101207", "L100000104463"}
    captive |= set(running.loc[running["Captive industry use"].notna(), "GEM location ID"])
    open_plants = running[~running["GEM location ID"].isin(captive)]
    size = open_plants.groupby("GEM location ID")["Capacity (MW)"].sum()
    large = open_plants[open_plants["GEM location ID"].isin(size.index[size >= 300])]
    assert set(large["GEM location ID"]) > MAIN_PLANTS
    return [(row["Longitude"], row["Latitude"], row["GEM location ID"] in MAIN_PLANTS) for _, row in large.iterrows()]


def test_every_verdict_on_15_km_is_that_of_the_geodesic(ledger, footprints, tmp_path):
    few = tmp_path / "few.parquet"
    gpd.read_parquet(footprints).iloc[:1].set_geometry([shapely.box(106.39, 39.02, 106.3901, 39.0201)]).to_parquet(few)
    done = assess(load({"buildings": few, "boilers": ledger, "plants": UNITS}), Scenario())
    rows = done.boilers
    assert len(rows) == 2000
    centres = plain_centres()
    wanted = [
        plain_state(point.x, point.y, sigma, centres)
        for point, sigma in zip(rows.geometry, rows["position_sigma_m"], strict=True)
    ]
    assert list(rows["within_radius"]) == wanted
    assert {"yes", "no", "review"} == set(wanted)
    distances = np.array(
        [
            min(Geod(ellps="GRS80").inv(point.x, point.y, x, y)[2] for x, y, sure in centres if sure)
            for point in rows.geometry
        ]
    )
    known = (rows["within_radius"] != "review").to_numpy()
    np.testing.assert_allclose(rows["distance_m"].to_numpy()[known], distances[known], atol=1e-6)
