"""What the search field finds: the best first, by name, code or place, and nothing where nothing fits."""

import geopandas as gpd
import pytest
import shapely

from ui.gazetteer import MOST_HITS, Gazetteer, as_json, position


def frame(rows, key="code"):
    names, codes, notes = zip(*rows, strict=True)
    places = shapely.points([(106 + n / 100, 39 + n / 100) for n in range(len(rows))])
    return gpd.GeoDataFrame({key: codes, "name": names, "town": notes}, geometry=places, crs=4326)


@pytest.fixture
def city():
    villages = frame(
        [("潮湖村", "640202101", "长胜街道"), ("兴民村", "640202102", None), ("潮湖", "640202103", "星海镇")]
    )
    boilers = frame([("潮湖小区锅炉房", "K1", None), (None, "K2", None), ("重名", "K3", None), ("重名", "K3", None)])
    houses = frame([(None, f"B{n}", None) for n in range(40)], key="building_id")
    return Gazetteer(
        [
            ("villages", villages, "code", "name", "town"),
            ("boilers", boilers, "code", "name", None),
            ("building", houses, "building_id", "name", None),
        ]
    )


def test_equal_comes_before_beginning_before_part(city):
    assert [hit.name for hit in city.find("潮湖")] == ["潮湖", "潮湖村", "潮湖小区锅炉房"]
    assert [hit.name for hit in city.find("湖小区")] == ["潮湖小区锅炉房"]


def test_codes_are_found_in_any_case_and_bring_their_row(city):
    hit = city.find("b7")[0]
    assert (hit.kind, hit.code, hit.row) == ("building", "B7", 7)
    assert (hit.lon, hit.lat) == (pytest.approx(106.07), pytest.approx(39.07))
    assert city.find("640202102")[0].name == "兴民村"


def test_the_code_and_the_note_tell_namesakes_apart(city):
    assert [hit.note for hit in city.find("潮湖")][:2] == ["640202103 · 星海镇", "640202101 · 长胜街道"]
    assert len([hit for hit in city.find("重名") if hit.code == "K3"]) == 1


def test_few_are_enough_and_nothing_is_nothing(city):
    assert len(city.find("B")) == MOST_HITS
    assert city.find("") == city.find("   ") == city.find("没有这个") == city.find("潮" * 81) == []
    assert Gazetteer([]).find("潮湖") == []
    for wild in ("%", "_", ".*", "\\", "[", "潮.村"):
        assert city.find(wild) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("39.012, 106.376", (106.376, 39.012)),
        ("106.376 39.012", (106.376, 39.012)),
        ("106.376，39.012", (106.376, 39.012)),
        ("39.012N 106.376E", (106.376, 39.012)),
        ("106.376E;39.012N", (106.376, 39.012)),
        ("106.376° 39.012°", (106.376, 39.012)),
        ("39.0北 106.3东", (106.3, 39.0)),
        ("-33.9, 151.2", (151.2, -33.9)),
        ("39.012", None),
        ("640202101", None),
        ("39, 106, 7", None),
        ("399, 106", None),
        ("90, 106", None),
    ],
)
def test_positions_in_either_order(typed, expected):
    assert position(typed) == expected


def test_a_position_is_a_place_of_its_own(city):
    (hit,) = city.find("39.012, 106.376")
    assert (hit.kind, hit.lon, hit.lat, hit.row) == ("place", 106.376, 39.012, None)
    (told,) = as_json([hit], {"place": "坐标"})
    assert told["kind_label"] == "坐标"
    assert told["id"] is None
