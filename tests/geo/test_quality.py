"""The quality report: one planted fault per rule is found with its rows, and clean data are left alone."""

import functools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data import demo
from data.catalog import text_keys
from geo.quality import examine, shapes, table
from geo.quality.rules import RULES

YEAR = 2026
DEGREE_M = 111_000


def frame(geometry, **columns):
    made = gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4490")
    return made.assign(source_row=range(2, 2 + len(made)))


def box(x, y, width=0.0002, height=0.0002):
    return shapely.box(x, y, x + width, y + height)


def area_m2(shape):
    return gpd.GeoSeries([shape], crs=4490).to_crs("+proj=tmerc +lon_0=106.5 +ellps=GRS80").area[0]


def clean_buildings():
    places = [box(106.41 + 0.001 * (n % 6), 39.01 + 0.001 * (n // 6)) for n in range(12)]
    ground = np.array([area_m2(one) for one in places])
    return frame(
        places,
        building_id=[f"A{n}" for n in range(12)],
        name=[None] * 12,
        use=["apartment", "school"] * 6,
        floors=[5.0] * 12,
        height_m=[15.0] * 12,
        year_built=[2001.0] * 12,
        heat_source=["chp"] * 12,
        floor_area_m2=5 * ground,
        heated_area_m2=4 * ground,
        households=[20.0] * 12,
        village_code=["640202001001"] * 12,
        county_code=["640202"] * 12,
    )


def clean_boilers():
    size = [1, 2, 4, 6, 10, 20, 35, 75]
    return frame(
        [shapely.Point(106.412345 + 0.003 * n, 39.013456 + 0.002 * n) for n in range(8)],
        boiler_id=[f"B{n}" for n in range(8)],
        name=[f"{word}供热有限公司" for word in "赵钱孙李周吴郑王"],
        fuel=["coal"] * 8,
        capacity_t_h=np.array(size, dtype=float),
        duty=["heating"] * 8,
        medium=["hot_water"] * 8,
        status=["operating"] * 8,
        year_built=[2005.0] * 8,
    )


@functools.cache
def whole():
    """Return a small city that nothing is wrong with."""
    return {
        "buildings": clean_buildings(),
        "boilers": clean_boilers(),
        "plants": frame(
            [shapely.Point(106.384612, 39.035523)] * 2,
            plant_id=["P1", "P1"],
            unit_id=["U1", "U2"],
            name=["大武口热电"] * 2,
            capacity_mw=[330.0, 330.0],
            status=["operating"] * 2,
        ),
        "networks": frame(
            [
                shapely.LineString([(106.41, 39.011), (106.42, 39.011)]),
                shapely.LineString([(106.42, 39.011), (106.42, 39.02)]),
                shapely.box(106.405, 39.005, 106.42, 39.02),
            ],
            network_id=["N1", "N2", "N3"],
            kind=["pipe", "pipe", "service_area"],
            name=[None] * 3,
            supplier=["供热公司"] * 3,
            plant_id=["P1"] * 3,
            status=["existing"] * 3,
            dn_mm=[300.0, 300.0, np.nan],
            document=["大政发〔2021〕1号"] * 3,
        ),
        "villages": frame(
            [shapely.box(106.4, 39.0, 106.45, 39.05), shapely.box(106.45, 39.0, 106.5, 39.05)],
            village_code=["640202001001", "640205001001"],
            name=["甲村", "乙村"],
            town_code=["640202001", "640205001"],
            town=["甲镇", "乙镇"],
            county_code=["640202", "640205"],
            ur_class=["111", "111"],
        ),
        "counties": frame(
            [shapely.box(106.3, 38.9, 106.45, 39.1), shapely.box(106.45, 38.9, 106.6, 39.1)],
            county_code=["640202", "640205"],
            name=["大武口区", "惠农区"],
        ),
        "transformers": frame(
            [shapely.Point(106.411111, 39.012222), shapely.Point(106.411111, 39.012222)],
            transformer_id=["T1", "T2"],
            capacity_kva=[400.0, 630.0],
            spare_kva=[100.0, 100.0],
        ),
    }


def clean():
    return dict(whole())


EXPECTED_OF_CLEAN = {("villages_no_building", (3,))}
"""The second village has no building on purpose: that is unknown, and told."""


def change(city, layer, **columns):
    """Set cells: column → {position: value}."""
    done = city[layer].copy()
    for column, cells in columns.items():
        at = done.columns.get_loc(column)
        for row, value in cells.items():
            done.iloc[row, at] = value
    return city | {layer: done}


def move(city, layer, **places):
    done = city[layer].copy()
    shape = done.geometry.to_numpy().copy()
    for row, value in places.items():
        shape[int(row[1:])] = value
    return city | {layer: done.set_geometry(gpd.GeoSeries(shape, index=done.index, crs=done.crs))}


def value(one, name):
    return one.values[name]  # noqa: PD011 a finding's values, not a frame's


def told(city):
    return {(one.rule, one.rows) for one in examine(city, this_year=YEAR)}


def test_clean_data_give_no_alarm():
    assert told(clean()) == EXPECTED_OF_CLEAN


def shifted(shape, *, east_m=0.0, scale=1.0):
    moved = shapely.transform(shape, lambda xy: xy + np.array([east_m / DEGREE_M / 0.777, 0.0]))
    return shapely.transform(moved, lambda xy: xy[0] + (xy - xy[0]) * scale)


FIRST = clean_buildings().geometry[0]
PLANTED = {
    "ids_alike": (lambda c: change(c, "boilers", boiler_id={0: "GL-7", 1: "gl 7"}), (2, 3)),
    "village_twice": (
        lambda c: change(
            c,
            "villages",
            village_code={1: "640202001002"},
            name={1: "甲村"},
            county_code={1: "640202"},
            town_code={1: "640202001"},
        ),
        (2, 3),
    ),
    "boiler_twice": (
        lambda c: move(
            change(c, "boilers", name={3: "赵供热有限责任公司"}, capacity_t_h={3: 1.0}),
            "boilers",
            _3=shapely.Point(106.412445, 39.013456),
        ),
        (2, 5),
    ),
    "boilers_heaped": (
        lambda c: move(c, "boilers", **{f"_{n}": shapely.Point(106.42, 39.0200001) for n in range(1, 6)}),
        (3, 4, 5, 6, 7),
    ),
    "transformer_twice": (lambda c: change(c, "transformers", capacity_kva={1: 400.0}), (2, 3)),
    "plant_twice": (
        lambda c: move(
            change(c, "plants", plant_id={1: "P2"}, name={1: "大武口热电有限公司"}),
            "plants",
            _1=shapely.Point(106.386, 39.0355),
        ),
        (2, 3),
    ),
    "coarse_place": (lambda c: move(c, "boilers", _4=shapely.Point(106.42, 39.02)), (6,)),
    "coarse_place_decides": (lambda c: move(c, "boilers", _4=shapely.Point(106.385, 39.171)), (6,)),
    "capacity_unit": (lambda c: change(c, "boilers", capacity_t_h={2: 2.8}), (4,)),
    "capacity_unit_decides": (lambda c: change(c, "boilers", capacity_t_h={2: 29.0}), (4,)),
    "capacity_unit_file": (
        lambda c: change(c, "boilers", capacity_t_h=dict(enumerate([0.7, 1.4, 2.8, 7.0, 14.0, 29.0, 46.0, 58.0]))),
        tuple(range(2, 10)),
    ),
    "capacity_bound": (lambda c: change(c, "plants", capacity_mw={0: 66000.0 / 4}), (2,)),
    "building_twice": (lambda c: move(c, "buildings", _3=shifted(FIRST, east_m=0.3)), (2, 5)),
    "building_inside": (lambda c: move(c, "buildings", _3=shifted(FIRST, scale=0.6)), (2, 5)),
    "building_overlap": (lambda c: move(c, "buildings", _3=shifted(FIRST, east_m=9.0)), (2, 5)),
    "footprint_tiny": (lambda c: move(c, "buildings", _3=box(106.4105, 39.0125, 1e-5, 1e-5)), (5,)),
    "footprint_sliver": (lambda c: move(c, "buildings", _3=box(106.4105, 39.0125, 3e-6, 1e-3)), (5,)),
    "footprint_huge": (lambda c: move(c, "buildings", _3=box(106.42, 39.02, 0.008, 0.008)), (5,)),
    "footprint_pinched": (
        lambda c: move(
            c,
            "buildings",
            _3=shapely.MultiPolygon(
                [shapely.box(106.4205, 39.0125, 106.4206, 39.0126), shapely.box(106.4206, 39.0126, 106.4207, 39.0127)]
            ),
        ),
        (5,),
    ),
    "areas_overlap": (lambda c: move(c, "villages", _1=shapely.box(106.449, 39.0, 106.5, 39.05)), (2, 3)),
    "areas_gap": (lambda c: move(c, "counties", _1=shapely.box(106.4505, 38.9, 106.6, 39.1)), (2, 3)),
    "floor_area_off": (lambda c: change(c, "buildings", floors={3: 1.0}, height_m={3: 4.0}), (5,)),
    "area_unit": (lambda c: change(c, "buildings", floor_area_m2={3: 0.19}, heated_area_m2={3: None}), (5,)),
    "area_unit_file": (
        lambda c: change(
            c, "buildings", floor_area_m2=dict.fromkeys(range(12), 2.9), heated_area_m2=dict.fromkeys(range(12))
        ),
        tuple(range(2, 14)),
    ),
    "heated_over_floor": (lambda c: change(c, "buildings", heated_area_m2={3: 5000.0}), (5,)),
    "storey_height": (lambda c: change(c, "buildings", height_m={3: 4.0}), (5,)),
    "household_area": (lambda c: change(c, "buildings", households={2: 400.0}), (4,)),
    "year_in_future": (lambda c: change(c, "buildings", year_built={3: 2061.0}), (5,)),
    "county_unknown": (lambda c: change(c, "buildings", county_code={3: "640222"}, village_code={3: None}), (5,)),
    "village_unknown": (lambda c: change(c, "buildings", village_code={3: "640202999999"}), (5,)),
    "codes_disagree": (lambda c: change(c, "buildings", county_code={3: "640205"}), (5,)),
    "outside_county": (lambda c: move(c, "buildings", _3=box(106.48, 39.03)), (5,)),
    "near_county_edge": (
        lambda c: move(change(c, "buildings", village_code={3: None}), "buildings", _3=box(106.4502, 39.03)),
        (5,),
    ),
    "outside_all": (lambda c: move(c, "boilers", _3=shapely.Point(107.123456, 39.034567)), (5,)),
    "outside_town": (lambda c: move(c, "buildings", _3=box(106.35, 39.03)), (5,)),
    "network_no_source": (lambda c: change(c, "networks", plant_id={1: None}), (3,)),
    "network_plant_unknown": (lambda c: change(c, "networks", plant_id={1: "P9"}), (3,)),
    "area_no_supplier": (lambda c: change(c, "networks", supplier={2: " "}), (4,)),
    "area_no_document": (lambda c: change(c, "networks", document={2: None}), (4,)),
    "area_size": (lambda c: move(c, "networks", _2=box(106.41, 39.01, 1e-5, 1e-5)), (4,)),
    "pipe_no_dn": (lambda c: change(c, "networks", dn_mm={0: None}), (2,)),
    "pipe_gap": (
        lambda c: move(c, "networks", _1=shapely.LineString([(106.42002, 39.011), (106.42002, 39.02)])),
        (2, 3),
    ),
    "towns_no_boiler": (
        lambda c: move(c, "boilers", **{f"_{n}": shapely.Point(106.46, 39.0301) for n in range(8)}),
        (2,),
    ),
    "towns_no_heat_source": (
        lambda c: change(c, "buildings", heat_source=dict.fromkeys(range(12), "unknown")),
        (2,),
    ),
    "villages_no_building": (lambda c: c, (3,)),
    "name_markup": (lambda c: change(c, "boilers", name={3: "<script>alert(1)</script>"}), (5,)),
    "name_formula": (lambda c: change(c, "boilers", name={3: "=HYPERLINK(1)"}), (5,)),
    "name_control": (lambda c: change(c, "boilers", name={3: "甲\u202e厂"}), (5,)),
}


NEEDED = {
    "coarse_place_decides": ("plants",),
    "county_unknown": ("counties",),
    "village_unknown": ("villages",),
    "outside_county": ("counties",),
    "near_county_edge": ("counties",),
    "outside_all": ("counties",),
    "outside_town": ("villages",),
    "network_plant_unknown": ("plants",),
    "towns_no_boiler": ("buildings", "villages"),
    "towns_no_heat_source": ("villages",),
    "villages_no_building": ("buildings", "villages"),
}


def planted(name):
    """Return the layers that a planted fault touches, and those that its rule looks at besides."""
    city = PLANTED[name][0](clean())
    return {layer: one for layer, one in city.items() if one is not whole()[layer] or layer in NEEDED.get(name, ())}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_with_its_rows_and_nothing_else_is_blamed(name):
    found = examine(planted(name), this_year=YEAR)
    assert [one.rows for one in found if one.rule == name] == [PLANTED[name][1]]
    for one in found:
        assert one.title("zh") != one.title("en")
        assert one.what("zh")
        assert one.what("en")
        assert len(one.ids) == len(one.rows)


def test_an_outlier_and_a_silent_village_need_many_rows():
    many = pd.concat([clean_boilers()] * 5, ignore_index=True)
    many["boiler_id"] = [f"B{n}" for n in range(40)]
    many["source_row"] = range(2, 42)
    many["name"] = [f"{n}号站" for n in range(40)]
    many["capacity_t_h"] = [4.0, 6.0, 10.0, 20.0] * 10
    many.loc[7, "capacity_t_h"] = 499.0
    assert ("capacity_outlier", (9,)) in told({"boilers": many})
    city = clean()
    second = city["buildings"].assign(
        building_id=[f"C{n}" for n in range(12)], source_row=range(20, 32), heat_source="unknown"
    )
    second = second.set_geometry(second.translate(0.002, 0.01))
    second["village_code"] = "640202001002"
    more = city["villages"].iloc[[0]].assign(village_code="640202001002", name="丙村", source_row=9)
    city["buildings"] = pd.concat([city["buildings"], second], ignore_index=True)
    city["villages"] = pd.concat([city["villages"], more], ignore_index=True)
    assert ("villages_no_heat_source", (9,)) in told(city)


def test_every_rule_is_planted_and_has_its_texts():
    assert set(RULES) - set(PLANTED) == {"capacity_outlier", "villages_no_heat_source"}
    for name in RULES:
        assert {f"quality.{name}", f"quality.{name}.what", f"quality.{name}.mend"} <= text_keys()


def test_a_duplicate_of_a_duplicate_is_one_finding():
    city = clean()
    copies = pd.concat([city["buildings"]] + [city["buildings"].iloc[[0]]] * 2, ignore_index=True)
    copies["building_id"] = [f"A{n}" for n in range(14)]
    copies["source_row"] = range(2, 16)
    shapes_now = copies.geometry.to_numpy().copy()
    shapes_now[13] = shifted(FIRST, east_m=0.3)
    city["buildings"] = copies.set_geometry(gpd.GeoSeries(shapes_now, crs=4490))
    assert [rows for name, rows in told(city) if name.startswith("building_")] == [(2, 14, 15)]


def test_equal_boilers_with_their_own_numbers_are_not_doubted():
    city = clean()
    point = shapely.Point(106.4201234, 39.0205678)
    city = change(city, "boilers", name={0: "甲厂1号炉", 1: "甲厂2号炉"}, capacity_t_h={0: 10.0, 1: 10.0})
    city = move(city, "boilers", _0=point, _1=point)
    assert told(city) == EXPECTED_OF_CLEAN


def test_a_ledger_of_hot_water_boilers_that_was_given_in_mw_is_not_doubted():
    city = change(clean(), "boilers", capacity_t_h=dict(enumerate(np.array([0.7, 1.4, 2.8, 7, 14, 29, 58, 70]) / 0.7)))
    assert told(city) == EXPECTED_OF_CLEAN


def test_a_column_of_tonnes_under_a_header_in_mw_is_asked_about_with_the_reading():
    city = change(clean(), "boilers", capacity_t_h=dict(enumerate(np.array([1, 2, 4, 6, 10, 20, 25, 75]) / 0.7)))
    [one] = [one for one in examine(city, this_year=YEAR) if one.rule == "capacity_unit_file"]
    assert (value(one, "unit"), value(one, "reading"), value(one, "count")) == ("t/h", "1–75", "8")


@pytest.mark.parametrize(
    ("given_t_h", "unit", "reading"),
    [
        (2.8, "MW", "4"),
        (29.0, "MW", "41.4286"),
        (2800.0, "kW", "4"),
        (600.0, "万kcal/h", "10"),
        (600000.0, "kcal/h", "1"),
    ],
)
def test_both_readings_of_a_capacity_are_shown(given_t_h, unit, reading):
    city = change(clean(), "boilers", capacity_t_h={2: given_t_h})
    [one] = [one for one in examine(city, this_year=YEAR) if one.rule.startswith("capacity_unit")]
    assert (one.rows, value(one, "unit"), value(one, "reading")) == ((4,), unit, reading)


def test_a_return_pipe_beside_its_supply_is_no_gap():
    city = move(clean(), "networks", _1=shapely.LineString([(106.41, 39.01101), (106.42, 39.01101)]))
    assert told(city) == EXPECTED_OF_CLEAN


def test_nothing_comes_of_nothing():
    assert examine({}) == ()
    assert examine({"buildings": clean_buildings().iloc[:0]}) == ()
    assert table(()).empty
    assert shapes((), {}).empty


def test_the_demo_city_gives_few_findings_and_no_error():
    found = examine(demo.city(buildings=1000), this_year=YEAR)
    assert {one.severity for one in found} <= {"note"}
    assert {one.rule for one in found} <= {
        "network_no_source",
        "towns_no_boiler",
        "villages_no_building",
        "villages_no_heat_source",
        "towns_no_heat_source",
    }
