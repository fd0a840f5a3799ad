"""Layout of roofs: areas, directions, spacing of rows, smallest sizes and reasons."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pvlib import solarposition
from solar_samples import CITY_CRS, house, layer

from data import parameters
from data.catalog import LANGUAGES, text
from solar.roofs import MOUNTINGS, design_roofs, row_pitch

FACTS_E2 = {
    5: (2.83, 0.805),
    10: (3.36, 0.677),
    15: (3.87, 0.589),
    20: (4.34, 0.524),
    30: (5.20, 0.438),
    35: (5.56, 0.410),
}


@pytest.mark.parametrize("tilt", FACTS_E2)
def test_row_pitch_gives_the_table_of_gb_50797(tilt):
    pitch = float(row_pitch(2.278, tilt, 39.0))
    assert pitch == pytest.approx(FACTS_E2[tilt][0], abs=0.008)
    assert 2.278 / pitch == pytest.approx(FACTS_E2[tilt][1], abs=0.002)


@pytest.mark.parametrize("latitude", [38.0, 38.5, 39.0, 39.3, 40.0])
@pytest.mark.parametrize("tilt", [5, 15, 35])
def test_row_pitch_is_the_shadow_that_pvlib_sees(latitude, tilt):
    # true solar 9:00 on the solstice at the meridian of UTC+7: found by the hour angle, not by the clock
    minutes = pd.date_range("2021-12-21 07:00", "2021-12-21 11:00", freq="10s", tz="Etc/GMT-7")
    sun = solarposition.get_solarposition(minutes, latitude, 105.0)
    angle = solarposition.hour_angle(minutes, 105.0, sun["equation_of_time"].to_numpy())
    nine = sun.iloc[int(np.abs(angle + 45).argmin())]
    length, beta = 2.278, np.radians(tilt)
    toward_north = np.cos(np.radians(nine["azimuth"] - 180)) / np.tan(np.radians(nine["elevation"]))
    shadow = length * np.cos(beta) + length * np.sin(beta) * toward_north
    assert float(row_pitch(length, tilt, latitude)) == pytest.approx(shadow, rel=0.01)


@given(tilt=st.floats(1, 60), latitude=st.floats(0, 50), more=st.floats(0.5, 10))
def test_rows_stand_farther_apart_where_the_sun_is_lower(tilt, latitude, more):
    near, far = row_pitch(2.278, tilt, np.array([latitude, latitude + more]))
    assert near <= far


def test_rows_beyond_the_sun_have_no_pitch():
    assert np.isinf(row_pitch(2.0, 15.0, 70.0))


def one(use, kind, geometry):
    return design_roofs(layer([(use, kind, geometry)])).iloc[0]


@pytest.mark.parametrize(
    ("use", "kind", "low", "high"),
    [
        ("factory", "metal_sheet", 145, 165),
        ("factory", "flat_concrete", 73, 92),
        ("rural_house", "pitched_tile", 0.35 * 220, 0.45 * 220),
        ("rural_house", "flat_concrete", 0.5 * 125, 0.5 * 136),
        ("apartment", "flat_concrete", 0.2 * 125, 0.3 * 136),
    ],
)
def test_power_per_gross_roof_is_that_of_the_facts(use, kind, low, high):
    roof = one(use, kind, house(20, 60, 90))
    assert low <= roof["capacity_kw"] * 1000 / roof["roof_m2"] <= high


def test_a_metal_roof_has_two_slopes_and_names_the_southern_first():
    for turn in range(0, 180, 7):
        roof = one("factory", "metal_sheet", house(20, 60, turn))
        assert roof["orientation_deg"] == pytest.approx(turn, abs=1e-3)
        assert roof["surface_azimuth"] == pytest.approx(turn + 90, abs=1e-3)
        assert (roof["surface_azimuth"] - roof["second_azimuth"]) % 360 == pytest.approx(180)
        assert abs(roof["surface_azimuth"] - 180) <= abs((roof["second_azimuth"] - 180 + 180) % 360 - 180) + 1e-6
        assert (roof["mounting"], roof["gcr"]) == ("flush_metal", 1.0)


def test_rows_on_a_flat_roof_face_south_however_the_house_stands():
    roofs = design_roofs(layer([("school", "flat_concrete", house(20, 60, turn)) for turn in (0, 30, 77)]))
    assert roofs["surface_azimuth"].eq(180).all()
    assert roofs["second_azimuth"].isna().all()
    assert roofs["gcr"].between(0.58, 0.60).all()


def test_a_pitched_roof_takes_its_southern_plane():
    roof = one("rural_house", "pitched_tile", house(10, 14, 100))
    assert roof["mounting"] == "pitched_south"
    assert roof["surface_azimuth"] == pytest.approx(190)
    assert np.isnan(roof["second_azimuth"])


def test_a_square_house_has_its_ridge_from_east_to_west():
    assert one("rural_house", "pitched_tile", house(12, 12, 0))["surface_azimuth"] == pytest.approx(180)
    assert one("rural_house", "pitched_tile", house(12, 12, 10))["surface_azimuth"] == pytest.approx(190)


def test_holes_are_not_roof():
    ring = shapely.difference(house(30, 60, 20), house(10, 20, 20))
    assert one("school", "flat_concrete", ring)["roof_m2"] == pytest.approx(30 * 60 - 10 * 20)


def test_reasons_for_leaving_a_roof_out():
    roofs = design_roofs(
        layer(
            [
                ("greenhouse", "metal_sheet", house(20, 60, 0)),
                ("school", "flat_concrete", house(10, 20, 0)),
                ("rural_house", "pitched_tile", house(5, 8, 90)),
                ("school", "flat_concrete", shapely.Polygon()),
                ("school", "flat_concrete", None),
                ("school", "flat_concrete", house(20, 60, 0)),
            ]
        )
    )
    assert roofs["exclusion_reason"].tolist() == [
        "roof.use_excluded",
        "roof.too_small",
        "roof.too_small",
        "roof.no_area",
        "roof.no_area",
        "",
    ]
    out = roofs["exclusion_reason"] != ""
    assert (roofs.loc[out, ["panel_m2", "capacity_kw"]] == 0).all(axis=None)
    assert (roofs.loc[~out, "capacity_kw"] > 0).all()
    for key in set(roofs["exclusion_reason"]) - {""} | {"roof.kind_unknown", "roof.faces_north"}:
        assert all(text(key, language) for language in LANGUAGES)


def test_an_unknown_roof_is_taken_from_the_table_and_marked():
    rows = [(use, "unknown", house(30, 60, 90)) for use in parameters.table("building_uses").index]
    roofs = design_roofs(layer(rows)).set_axis([use for use, _, _ in rows])
    used = roofs["exclusion_reason"] == ""
    assert roofs.loc[used, "assumed"].all()
    assert set(roofs.index[~used]) == {"greenhouse", "ancillary"}
    assert roofs.loc["unknown", "mounting"] == "tilted_flat"
    assert roofs.loc["factory", "mounting"] == "flush_metal"
    assert not one("school", "flat_concrete", house(30, 60, 90))["assumed"]


def test_every_use_and_roof_kind_has_a_parameter_row():
    uses = parameters.table("building_uses").index
    rows = [(use, kind, house(30, 60, 60)) for use in uses for kind in MOUNTINGS]
    roofs = design_roofs(layer(rows))
    assert set(roofs["exclusion_reason"]) == {"", "roof.use_excluded"}


def test_index_and_input_are_left_alone(city_roofs):
    buildings = layer([("school", "flat_concrete", house(20, 60, turn)) for turn in (0, 40)])
    before = buildings.copy()
    roofs = design_roofs(buildings)
    assert roofs.index.equals(buildings.index)
    pd.testing.assert_frame_equal(buildings, before)
    assert city_roofs["mounting"].isin([*MOUNTINGS.values(), "none"]).all()


def test_a_given_latitude_sets_the_rows():
    buildings = layer([("school", "flat_concrete", house(20, 60, 0))])
    own, further = design_roofs(buildings), design_roofs(buildings, latitude=45.0)
    assert_allclose(further["gcr"], 2.278 / row_pitch(2.278, 15.0, 45.0))
    assert further["gcr"].iloc[0] < own["gcr"].iloc[0]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857", "EPSG:2263", None])
def test_coordinates_without_true_metres_are_refused(crs):
    frame = layer([("school", "flat_concrete", house(20, 60, 0))])
    moved = (
        frame.to_crs(crs)
        if crs
        else gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=frame.geometry.to_numpy())
    )
    with pytest.raises(ValueError, match=r"metres|true ones"):
        design_roofs(moved)


def test_no_buildings_give_no_roofs():
    empty = gpd.GeoDataFrame({"use": [], "roof_kind": []}, geometry=gpd.GeoSeries([], crs=CITY_CRS), crs=CITY_CRS)
    assert design_roofs(empty).empty


def test_a_strange_use_is_named():
    with pytest.raises(ValueError, match="castle"):
        design_roofs(layer([("castle", "flat_concrete", house(20, 60, 0))]))
