"""Which offset and which system a file has: found against trusted layers, left alone where that proves nothing."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geo_samples import fault, read, rules
from pyproj import Transformer

from data import parameters
from data.errors import DataError
from geo import datum, offsets
from geo.crs import STORED, Recognition, distance_m, working_crs
from geo.io import read_layer
from geo.placing import place, restore

DRAWS = 40


@pytest.fixture(scope="module")
def counties(shared_file):
    frame = gpd.read_file(shared_file("data/boundaries/ningxia_counties_wgs84.geojson"))
    return frame.assign(county_code=frame["district_adcode"].astype(str), name=frame["district_name"]).to_crs(STORED)


@pytest.fixture(scope="module")
def city(shared_file):
    """Give real footprints, carried to this city from another country, where no offset has an effect."""
    path = shared_file("data/buildings/new_york_osm_102k.parquet")
    shapes = gpd.read_parquet(path, columns=["geometry"]).geometry.to_numpy()
    west, south, east, north = shapely.bounds(shapes).T
    inside = (west > -73.99) & (east < -73.965) & (south > 40.72) & (north < 40.74)
    inside &= shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    return shapely.transform(shapes[inside], lambda xy: xy + np.array([106.38 + 73.975, 39.03 - 40.73]))


def iou(one, other):
    left, right = (
        frame.set_index("county_code").sort_index().to_crs(working_crs(106.5)).geometry for frame in (one, other)
    )
    return (left.intersection(right).area / left.union(right).area).tolist()


def test_county_outlines_that_say_wgs84_and_are_gcj02(shared_file, counties):
    path = shared_file("data/boundaries/shizuishan_counties_gcj02.geojson")
    plain = read(path, "counties")
    own = counties[counties["county_code"].isin(plain.frame["county_code"])]
    assert not plain.recognition.datum_tested
    assert not {one.rule for one in plain.faults if one.rule.startswith("datum")}
    done = read(path, "counties", trusted={"counties": counties})
    assert (done.recognition.datum, done.recognition.datum_tested) == ("gcj02", True)
    assert done.recognition.confidence > 0.999
    assert done.recognition.n == 1770
    assert fault(done, "datum_shifted").effect == "repaired"
    assert "n = 1770" in fault(done, "datum_shifted").got
    before, after = iou(plain.frame, own), iou(done.frame, own)
    assert 0.94 < min(before) < 0.96
    assert min(after) > 0.995
    kept = read(path, "counties", trusted={"counties": counties}, datum="wgs84")
    assert kept.frame.geometry.equals(plain.frame.geometry), "the person's word goes first"
    assert fault(kept, "datum_disputed").effect == "noted"


def test_right_outlines_stay_as_they_are(tmp_path, counties):
    counties[["county_code", "name", "geometry"]].to_file(tmp_path / "a.geojson", engine="pyogrio")
    done = read(tmp_path / "a.geojson", "counties", trusted={"counties": counties})
    assert (done.recognition.datum, done.recognition.datum_tested) == ("wgs84", True)
    assert done.recognition.confidence > 0.999
    assert not {one.rule for one in done.faults if one.rule.startswith("datum")}
    assert shapely.hausdorff_distance(done.frame.geometry.iloc[0], counties.geometry.iloc[0]) < 1e-7


def drawn(city, rng, count, *, noise_m=3.0, side_m=1000.0):
    """Give places near `count` buildings of one random quarter, as a ledger has them."""
    centres = shapely.get_coordinates(shapely.centroid(city))
    while True:
        middle = centres[rng.integers(len(centres))]
        near = np.flatnonzero((np.abs(centres - middle) < side_m / 111_000).all(axis=1))
        if len(near) >= count:
            return centres[rng.choice(near, count, replace=False)] + rng.normal(0, noise_m, (count, 2)) / 111_000


MOVES = {"wgs84": lambda x, y: (x, y), "gcj02": offsets.to_gcj02, "bd09": offsets.to_bd09}


def test_from_fifty_places_on_the_verdict_is_right(city):
    rng = np.random.default_rng(5)
    right = decided = 0
    for turn in range(DRAWS):
        truth = offsets.DATUMS[turn % 3]
        places = MOVES[truth](*drawn(city, rng, 50).T)
        verdict = datum.weigh(datum.readings(*places), city)
        assert not verdict.decided or verdict.best == truth, "undecided is allowed, wrong is not"
        right += verdict.best == truth
        decided += verdict.decided
    assert right >= 0.99 * DRAWS
    assert decided >= 0.95 * DRAWS


def test_a_file_beside_the_trusted_layer_proves_nothing(city):
    """Any step towards the trusted layer brings such a file nearer: that must not pass for an offset."""
    rng = np.random.default_rng(6)
    east, west = shapely.bounds(city)[:, 0].max(), shapely.bounds(city)[:, 0].min()
    for gap in (0.001, 0.005, 0.02):
        for side in (west - gap - 0.01, east + gap):
            places = rng.uniform([side, 39.02], [side + 0.01, 39.04], (200, 2))
            assert not datum.weigh(datum.readings(*places.T), city).decided
    far = rng.uniform([107.5, 39.0], [107.6, 39.1], (200, 2))
    assert datum.weigh(datum.readings(*far.T), city) == datum.Verdict()


def test_places_that_have_nothing_to_do_with_the_trusted_layer(city):
    rng = np.random.default_rng(7)
    west, south, east, north = shapely.total_bounds(city)
    for _ in range(6):
        places = rng.uniform([west, south], [east, north], (100, 2))
        assert not datum.weigh(datum.readings(*places.T), city).decided


def test_few_places_decide_nothing(city):
    least = int(parameters.value("crs", "least_n"))
    places = drawn(city, np.random.default_rng(8), least - 1, noise_m=0.0)
    assert not datum.weigh(datum.readings(*places.T), city).decided


def test_a_sample_is_spread_over_the_file_and_the_same_each_time():
    places = shapely.points(np.arange(10_000.0), np.zeros(10_000))
    one = datum.sample(places, "boilers")
    assert len(one) == parameters.value("crs", "most_n")
    assert (one[0, 0], one[-1, 0]) == (0, 9999)
    np.testing.assert_array_equal(one, datum.sample(places, "boilers"))
    box = np.array([shapely.box(0, 0, 2, 2), None, shapely.Point()], dtype=object)
    assert datum.sample(box, "buildings").tolist() == [[1, 1]]
    assert len(datum.sample(box, "counties")) == 5
    assert len(datum.sample(np.array([shapely.LineString([(0, 0), (1, 1)])]), "networks")) == 2


def test_what_a_file_is_held_against(city):
    frame = gpd.GeoDataFrame(geometry=city[:9], crs=STORED)
    outline = gpd.GeoDataFrame(geometry=[shapely.box(106, 39, 107, 40)], crs=STORED)
    trusted = {"buildings": frame, "counties": outline, "villages": outline}
    points = shapely.points([[106.4, 39.0]])
    assert len(datum.references(trusted, points, "boilers")) == 9, "outlines that cover the land tell nothing"
    assert len(datum.references(trusted, outline.geometry.to_numpy(), "counties")) == 8
    assert len(datum.references({}, points, "boilers")) == 0
    assert len(datum.references({"counties": outline}, points, "boilers")) == 0


def ledger(tmp_path, x, y, header="经度,纬度"):
    first, second = header.split(",")
    table = pd.DataFrame({"编号": [f"B{n}" for n in range(len(x))], "燃料": "煤", "蒸吨": 20, first: x, second: y})
    table.to_csv(tmp_path / "a.csv", index=False)
    return tmp_path / "a.csv"


@pytest.mark.parametrize("truth", ["gcj02", "bd09"])
def test_a_ledger_out_of_a_web_map(tmp_path, city, truth):
    trusted = {"buildings": gpd.GeoDataFrame(geometry=city, crs=STORED)}
    places = drawn(city, np.random.default_rng(9), 120)
    x, y = MOVES[truth](*places.T)
    done = read(ledger(tmp_path, x, y), "boilers", trusted=trusted)
    assert (done.recognition.datum, done.recognition.decided) == (truth, True)
    away = distance_m(done.frame.geometry.x, done.frame.geometry.y, *places.T)
    assert away.max() < 0.001
    name = {"gcj02": "火星坐标", "bd09": "BD-09"}[truth]
    for options in ({"crs": name}, {"datum": truth}):
        given = read(ledger(tmp_path, x, y), "boilers", **options)
        assert (given.recognition.datum, given.recognition.datum_given) == (truth, True)
        assert not given.recognition.datum_tested
        assert fault(given, "datum_given").effect == "repaired"
        assert distance_m(given.frame.geometry.x, given.frame.geometry.y, *places.T).max() < 0.001
    few = read(ledger(tmp_path, x[:5], y[:5]), "boilers", trusted=trusted)
    assert (few.recognition.datum, few.recognition.decided, few.recognition.n) == ("wgs84", False, 5)
    assert fault(few, "datum_undecided").effect == "noted"
    assert "n = 5" in fault(few, "datum_undecided").got


@pytest.mark.parametrize(("code", "north_first"), [(4523, False), (4544, True)])
def test_a_system_that_is_not_stated_is_used_where_trusted_layers_confirm_it(tmp_path, city, code, north_first):
    trusted = {"buildings": gpd.GeoDataFrame(geometry=city, crs=STORED)}
    places = drawn(city, np.random.default_rng(10), 150)
    x, y = Transformer.from_crs(STORED, code, always_xy=True).transform(*places.T)
    said = (y, x) if north_first else (x, y)
    done = read(ledger(tmp_path, *said, header="X坐标,Y坐标"), "boilers", trusted=trusted)
    assert (done.recognition.why, done.recognition.crs.to_epsg()) == ("recognised", code)
    assert (done.recognition.swap, done.recognition.datum) == (north_first, "wgs84")
    assert fault(done, "crs_recognised").effect == "repaired"
    assert distance_m(done.frame.geometry.x, done.frame.geometry.y, *places.T).max() < 0.001
    old = np.add(said, [[70.0], [-75.0]])
    with pytest.raises(DataError) as caught:
        read_layer(ledger(tmp_path, *old, header="X坐标,Y坐标"), "boilers", trusted=trusted)
    assert "crs_missing" in rules(caught.value.faults), "Xian 80 has such numbers too, about 100 m away"


def test_words_that_nobody_knows_or_that_contradict_each_other(tmp_path):
    path = ledger(tmp_path, [106.4], [39.0])
    for options, rule in (
        ({"datum": "wgs72"}, "datum_unknown"),
        ({"crs": "GCJ-02", "datum": "bd09"}, "datum_contradicted"),
        ({"crs": "+proj=pipeline +step +proj=nothing"}, "crs_unknown"),
        ({"crs": "+proj=longlat +nadgrids=/etc/hostname"}, "crs_unknown"),
    ):
        with pytest.raises(DataError) as caught:
            read_layer(path, "boilers", **options)
        assert rule in rules(caught.value.faults)


PIPELINE = (
    "+proj=pipeline +step +inv +proj=tmerc +lon_0=105 +x_0=500000 +ellps=krass +step +proj=cart +ellps=krass "
    "+step +proj=helmert +x=15 +y=-154 +z=-82 +step +inv +proj=cart +ellps=GRS80"
)


BOUND = "+proj=tmerc +lon_0=105 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3,0,0,0,0 +units=m +no_defs"
EITHER_ORDER = ["EPSG:4523", "EPSG:4544", "EPSG:3857", BOUND]


@pytest.mark.parametrize(
    ("said", "north_first"), [(one, order) for one in EITHER_ORDER for order in (False, True)] + [(PIPELINE, False)]
)
@pytest.mark.parametrize("offset", ["wgs84", "bd09"])
def test_what_was_read_can_be_given_back(said, north_first, offset):
    rng = np.random.default_rng(11)
    code = "EPSG:4544" if said.startswith("+") else said
    places = rng.uniform([106.3, 38.9], [106.5, 39.1], (40, 2))
    x, y = Transformer.from_crs(STORED, code, always_xy=True).transform(*MOVES[offset](*places.T))
    shapes = shapely.points(y, x) if north_first else shapely.points(x, y)
    frame = gpd.GeoDataFrame({"source_row": np.arange(1, 41)}, geometry=shapes)
    frame.attrs = {"file": "a.parquet", "layer": "boilers"}
    done = place(frame, {}, None, why="missing", crs=said, datum=offset)
    assert not done.refused
    kept = Recognition.from_dict(json.loads(json.dumps(done.recognition.as_dict())))
    back = restore(done.frame, kept)
    away = shapely.distance(back.geometry.to_numpy(), shapes)
    assert away.max() < (0.001 if offset == "wgs84" else 0.01)
    if not said.startswith("+"):
        assert distance_m(done.frame.geometry.x, done.frame.geometry.y, *places.T).max() < 0.001


def test_what_was_refused_cannot_be_given_back(city):
    frame = gpd.GeoDataFrame(geometry=city[:1], crs=STORED)
    with pytest.raises(ValueError, match="nothing to restore"):
        restore(frame, Recognition(crs=None, why="missing"))
