"""Coordinate systems: signatures, the working system and its promised accuracy."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod, Transformer

from geo import crs
from geo.crs_names import resolve


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (4523, "EPSG:4523"),
        (4524, "EPSG:4524"),
        (4544, "EPSG:4544/4545"),
        (4545, "EPSG:4544/4545"),
        (3857, "EPSG:3857"),
        (4490, "EPSG:4490"),
        (4326, "EPSG:4490"),
    ],
)
@pytest.mark.parametrize("place", [(106.38, 39.03), (106.78, 39.28), (106.55, 38.9)])
def test_signatures(code, expected, place):
    x, y = Transformer.from_crs(4490, code, always_xy=True).transform(*place)
    assert crs.signature(x, y, x, y) == expected
    turned = crs.signature(y, x, y, x)
    assert turned != expected
    if code != 3857:
        assert "first" in turned


def test_nothing_is_recognised_in_nonsense():
    assert crs.signature(1e9, 1e9, 1e9, 1e9) == ""
    assert crs.signature(3000, 3000, 4000, 4000) == ""


@pytest.mark.parametrize("code", [4490, 4326, 4544, 4545, 4523, 4524, 4496, 4507, 3857, 32648])
@pytest.mark.parametrize("esri", [False, True])
def test_what_is_declared_rightly_is_believed(code, esri):
    declared = CRS.from_wkt(CRS.from_epsg(code).to_wkt("WKT1_ESRI")) if esri else CRS.from_epsg(code)
    x, y = Transformer.from_crs(4490, code, always_xy=True).transform([106.38, 106.78], [39.03, 39.28])
    found = crs.recognise(np.array(x), np.array(y), declared, why="declared")
    assert found.crs.equals(declared, ignore_axis_order=True)
    assert (found.why, found.swap) == ("declared", False)


def test_this_citys_own_system_is_believed_too():
    own = crs.working_crs(106.5)
    x, y = Transformer.from_crs(4490, own, always_xy=True).transform([106.38, 106.78], [39.03, 39.28])
    assert crs.recognise(np.array(x), np.array(y), own, why="declared").crs == own
    assert crs.recognise(np.array(y), np.array(x), own, why="declared").swap


@pytest.mark.parametrize("esri", [False, True])
@pytest.mark.parametrize("code", [2432, 2433, 2359, 2360, 2380, 2381, 4214, 4610])
def test_old_datums_are_refused_however_written(code, esri):
    declared = CRS.from_wkt(CRS.from_epsg(code).to_wkt("WKT1_ESRI")) if esri else CRS.from_epsg(code)
    assert crs.recognise(np.array([106.4]), np.array([39.0]), declared, why="declared").why == "refused"


@pytest.mark.parametrize("ellipsoid", ["+ellps=krass", "+a=6378140 +rf=298.257"])
def test_old_datums_are_used_with_their_parameters_only(ellipsoid):
    bare = f"+proj=tmerc +lon_0=105 +x_0=500000 {ellipsoid} +units=m +no_defs"
    x, y = np.array([621000.0]), np.array([4320000.0])
    for said in (bare, f"{bare} +towgs84=0,0,0,0,0,0,0"):
        assert crs.recognise(x, y, crs.parse_crs(said), why="given").why == "refused", said
    found = crs.recognise(x, y, crs.parse_crs(f"{bare} +towgs84=15.8,-154.4,-82.3"), why="given")
    moved = crs.to_lonlat(found.crs).transform(x, y)
    plain = Transformer.from_crs(bare, "+proj=longlat +ellps=GRS80", always_xy=True).transform(x, y)
    assert 20 < crs.distance_m(*moved, *plain).item() < 200, "the parameters are applied"


@pytest.mark.parametrize(
    ("name", "code"),
    [(f"CGCS2000_3_Degree_GK_Zone_{zone}", 4513 + zone - 25) for zone in (25, 35, 36, 45)]
    + [(f"CGCS2000_3_Degree_GK_CM_{meridian}E", 4534 + (meridian - 75) // 3) for meridian in (75, 105, 108, 135)]
    + [(f"CGCS2000_GK_Zone_{zone}", 4491 + zone - 13) for zone in (13, 18, 23)]
    + [(f"CGCS2000_GK_CM_{meridian}E", 4502 + (meridian - 75) // 6) for meridian in (75, 105, 135)]
    + [("GCS_China_Geodetic_Coordinate_System_2000", 4490), ("CGCS2000 3度带 35带", 4523), ("国家2000", 4490)]
    + [("2000国家大地坐标系 3度带 中央经线105", 4544), ("CGCS2000 / 3-degree Gauss-Kruger zone 36", 4524)],
)
def test_names_of_desktop_programs(name, code):
    assert crs.parse_crs(name).to_epsg() == code
    own = CRS.from_epsg(code).to_wkt("WKT1_ESRI")
    renamed = CRS.from_wkt(own.replace(own.split('"')[1], name, 1))
    assert resolve(renamed).to_authority(min_confidence=100) == ("EPSG", str(code))


@pytest.mark.parametrize("name", ["CGCS2000_3_Degree_GK_Zone_50", "CGCS2000_3_Degree_GK_CM_106E", "CGCS2000_GK", "带"])
def test_names_that_name_no_system(name):
    with pytest.raises(ValueError, match="unknown"):
        crs.parse_crs(name)


def test_a_name_whose_numbers_are_others_is_not_believed():
    own = CRS.from_wkt(
        CRS.from_epsg(4545).to_wkt("WKT1_ESRI").replace("CGCS2000_3_Degree_GK_CM_108E", "CGCS2000_3_Degree_GK_CM_105E")
    )
    assert resolve(own) is own


@pytest.mark.parametrize("code", [4490, 3857, *range(4522, 4526), 4495, 4496, 4497, *range(4543, 4547)])
def test_candidates_hold_what_the_file_is_in_and_nothing_far_away(code):
    system = CRS.from_epsg(code)
    place = 106.4 if code in (4490, 3857) else system.area_of_use.bounds[0] + 0.9
    x, y = Transformer.from_crs(4490, code, always_xy=True).transform(
        place + np.linspace(0, 0.2, 50), np.full(50, 39.0)
    )
    near = (place, 38.9, place + 0.2, 39.1)
    labels = [one.label for one in crs.candidates(x, y, near=near)]
    assert labels == [f"EPSG:{code}"]
    (turned,) = crs.candidates(y, x, near=near)
    assert (turned.code, turned.swap) == (code, True)
    assert "first" in turned.label
    assert crs.parse_crs(turned.label).to_epsg() == code


def test_plain_eastings_far_from_the_city_leave_every_zone_open():
    x, y = Transformer.from_crs(4490, 4548, always_xy=True).transform(116.4, 39.9)
    codes = [one.code for one in crs.candidates(np.array([x]), np.array([y]), near=(116, 39, 117, 40))]
    assert codes == [4548]
    every = crs.candidates(np.array([x]), np.array([y]), near=(-74, 40, -73, 41))
    assert {4534, 4544, 4548, 4551} <= {one.code for one in every}
    assert crs.candidates(np.empty(0), np.empty(0)) == ()
    assert crs.candidates(np.array([3000.0]), np.array([3000.0])) == ()


@pytest.mark.parametrize(
    "said", ["EPSG:4544", "+proj=tmerc +lon_0=105 +x_0=5e5 +ellps=krass +towgs84=15,-154,-82", None]
)
def test_a_recognition_is_kept_as_json_and_read_back(said):
    scores = {"wgs84": 1.25, "gcj02": 5.0}
    system = crs.parse_crs(said) if said else None
    one = crs.Recognition(crs=system, why="given", swap=True, datum="gcj02", n=60, scores=scores, candidates=("a", "b"))
    plain = one.as_dict()
    again = crs.Recognition.from_dict(json.loads(json.dumps(plain)))
    assert {**again.as_dict(), "crs": ""} == {**plain, "crs": ""}
    assert again.crs == one.crs
    assert plain["crs"] == said or said is None or plain["crs"].startswith("BOUNDCRS")


def test_without_a_declaration_only_a_hint_is_given():
    found = crs.recognise(np.array([35620000.0]), np.array([4322000.0]), None, why="missing")
    assert (found.crs, found.why, found.hint) == (None, "missing", "EPSG:4523")


def test_the_working_system():
    def meridian(system):
        return next(item.value for item in system.coordinate_operation.params if "Longitude" in item.name)

    assert meridian(crs.working_crs(106.5)) == meridian(crs.working_crs(105.8)) == 106.5
    for zone in range(25, 46):
        chosen = crs.working_crs(zone * 3 + 0.2 if zone != 35 else 104.9)
        assert chosen.to_epsg() == 4509 + zone
    assert meridian(crs.working_crs(-73.97)) == -73.97
    assert all(crs.working_crs(longitude).is_projected for longitude in np.arange(-180, 180, 7.3))


@pytest.mark.parametrize(("half_width", "limit"), [(0.3, 0.19), (0.5, 0.35), (0.7, 0.68)])
def test_fifteen_kilometres_in_the_working_system(half_width, limit):
    """The design's 0.19 m holds within 0.3° of the meridian; the city's western edge, 0.53° away, has 0.3 m."""
    rng = np.random.default_rng(0)
    count = 20_000
    x, y = rng.uniform(106.5 - half_width, 106.5 + half_width, count), rng.uniform(38.6, 39.45, count)
    x2, y2, _ = Geod(ellps="GRS80").fwd(x, y, rng.uniform(0, 360, count), np.full(count, 15_000.0))
    there = Transformer.from_crs(4490, crs.working_crs(106.5), always_xy=True)
    (a, b), (c, d) = there.transform(x, y), there.transform(x2, y2)
    off = np.abs(np.hypot(a - c, b - d) - 15_000)
    inside = np.abs(x2 - 106.5) <= half_width
    assert limit / 2 < off[inside].max() <= limit


def test_distances_are_geodesics():
    rng = np.random.default_rng(1)
    a, b = rng.uniform([-180, -90], [180, 90], (500, 2)), rng.uniform([-180, -90], [180, 90], (500, 2))
    got = crs.distance_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    each = [Geod(ellps="GRS80").inv(*one, *other)[2] for one, other in zip(a, b, strict=True)]
    np.testing.assert_array_equal(got, each)
    assert crs.distance_m(a[:, :1], a[:, 1:], b[:7, 0], b[:7, 1]).shape == (500, 7)
    assert crs.distance_m(106.0, 39.0, 106.0, 39.0).item() == 0


def test_areas_in_degrees_are_refused():
    frame = gpd.GeoDataFrame(geometry=[shapely.box(106, 39, 107, 40)], crs=4490)
    for wrong in (frame, frame.set_crs(None, allow_override=True), frame.geometry):
        with pytest.raises(ValueError, match="projected"):
            crs.require_projected(wrong)
    crs.require_projected(frame.to_crs(crs.working_crs(106.5)))


def test_unknown_names_are_refused():
    for name in ("", "foo", "EPSG:99999999"):
        with pytest.raises(ValueError, match="unknown coordinate system"):
            crs.parse_crs(name)
    assert crs.parse_crs("EPSG:4544").to_epsg() == 4544
