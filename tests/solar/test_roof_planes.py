"""Tilt and azimuth of pitched and metal roofs: as given, from the footprint, from true north."""

import numpy as np
import pandas as pd
import pyproj
import pytest
from numpy.testing import assert_allclose
from solar_samples import CITY_CRS, NORTHING, house, layer

from data.catalog import LANGUAGES, text
from solar.roofs import design_roofs

KINDS = {"metal_sheet": "factory", "pitched_tile": "rural_house", "flat_concrete": "school"}


def roof(kind, turn=90, width=20, length=60, x=500_000.0, **columns):
    buildings = layer([(KINDS[kind], kind, house(width, length, turn, x))]).assign(**columns)
    return design_roofs(buildings).iloc[0]


def apart(one, other):
    return abs((one - other + 180) % 360 - 180)


@pytest.mark.parametrize("kind", ["metal_sheet", "pitched_tile"])
def test_turning_a_building_turns_its_plane(kind):
    turns = np.arange(1.0, 179.0, 1.7)
    roofs = design_roofs(layer([(KINDS[kind], kind, house(20, 60, turn)) for turn in turns]))
    assert_allclose(np.diff(roofs["surface_azimuth"]), 1.7, atol=1e-6)
    assert_allclose(roofs["surface_azimuth"], turns + 90, atol=1e-6)
    assert_allclose(roofs["capacity_kw"], roofs["capacity_kw"].iloc[0])
    assert (roofs["plane_source"] == "footprint").all()


@pytest.mark.parametrize("azimuth", [90.0, 135.0, 180.0, 222.5, 270.0])
def test_a_given_azimuth_wins_over_the_footprint(azimuth):
    for kind in ("metal_sheet", "pitched_tile"):
        found = roof(kind, 45, roof_azimuth_deg=azimuth)
        assert (found["surface_azimuth"], found["plane_source"]) == (azimuth, "given")
        assert found["exclusion_reason"] == ""
    assert roof("metal_sheet", 45, roof_azimuth_deg=azimuth)["second_azimuth"] == (azimuth + 180) % 360


def test_a_given_tilt_wins_over_the_table():
    found = roof("pitched_tile", 77, roof_tilt_deg=33.0)
    assert (found["surface_tilt"], found["plane_source"]) == (33, "given")
    assert found["surface_azimuth"] == pytest.approx(167, abs=1e-6)
    assert roof("metal_sheet", roof_tilt_deg=8.0)["surface_tilt"] == 8


def test_what_is_not_given_comes_from_elsewhere():
    nothing = {"roof_tilt_deg": np.nan, "roof_azimuth_deg": None}
    for kind in KINDS:
        pd.testing.assert_series_equal(roof(kind, 70, **nothing), roof(kind, 70))


def test_a_given_plane_that_faces_north_is_left_out_where_it_is_steep():
    steep = roof("pitched_tile", roof_azimuth_deg=350.0, roof_tilt_deg=25.0)
    assert (steep["exclusion_reason"], steep["capacity_kw"], steep["surface_azimuth"]) == ("roof.faces_north", 0, 350)
    assert all(text("roof.faces_north", language) for language in LANGUAGES)
    assert roof("pitched_tile", roof_azimuth_deg=0.0)["exclusion_reason"] == "roof.faces_north"
    shallow = roof("pitched_tile", roof_azimuth_deg=360.0, roof_tilt_deg=9.9)
    assert (shallow["exclusion_reason"], shallow["surface_azimuth"]) == ("", 0)


def test_a_metal_roof_names_its_southern_slope_first_whichever_is_given():
    one, other = (roof("metal_sheet", roof_azimuth_deg=azimuth) for azimuth in (20.0, 200.0))
    assert (one["surface_azimuth"], one["second_azimuth"]) == (200, 20)
    pd.testing.assert_series_equal(one, other)


def test_a_steep_metal_roof_keeps_its_southern_slope_only():
    whole, half = roof("metal_sheet", roof_tilt_deg=9.0), roof("metal_sheet", roof_tilt_deg=20.0)
    assert whole["capacity_kw"] == pytest.approx(1200 * 0.7 * 0.22)
    assert half["capacity_kw"] == pytest.approx(1200 * 0.7 * 0.22 / 2)
    assert half["usable_m2"] == pytest.approx(1200 * 0.7 / 2)
    assert half["surface_azimuth"] == pytest.approx(180, abs=1e-6)
    assert np.isnan(half["second_azimuth"])
    # neither of two slopes that face east and west is a north one
    assert roof("metal_sheet", 0, roof_tilt_deg=20.0)["capacity_kw"] == pytest.approx(whole["capacity_kw"])


def test_a_slope_given_for_a_flat_roof_is_noted_and_not_used():
    plain, doubtful = roof("flat_concrete"), roof("flat_concrete", roof_tilt_deg=10.0, roof_azimuth_deg=90.0)
    assert doubtful["plane_doubt"] == "tilt_contradicts_kind"
    assert all(text("plane_doubt.tilt_contradicts_kind", language) for language in LANGUAGES)
    pd.testing.assert_series_equal(plain.drop("plane_doubt"), doubtful.drop("plane_doubt"))
    assert roof("flat_concrete", roof_tilt_deg=3.0)["plane_doubt"] == ""
    assert roof("pitched_tile", roof_tilt_deg=30.0)["plane_doubt"] == ""


def test_every_roof_says_where_its_plane_comes_from(city_roofs):
    mounted = city_roofs["mounting"] != "none"
    assert set(city_roofs.loc[mounted, "plane_source"]) == {"footprint", "layout"}
    assert (city_roofs.loc[~mounted, "plane_source"] == "").all()
    for source in ("given", "footprint", "layout"):
        assert all(text(f"plane_source.{source}", language) for language in LANGUAGES)


def true_azimuth(x, y, along_x, along_y):
    """Return the geodesic azimuth of a short step in the city's grid."""
    to_degrees = pyproj.Transformer.from_crs(CITY_CRS, pyproj.CRS(CITY_CRS).geodetic_crs, always_xy=True)
    (here, there) = (to_degrees.transform(x + step * along_x, y + step * along_y) for step in (-0.5, 0.5))
    return pyproj.Geod(ellps="GRS80").inv(*here, *there)[0] % 360


@pytest.mark.parametrize("x", [440_000.0, 500_000.0, 512_345.0, 560_000.0])
@pytest.mark.parametrize("turn", [90, 60, 120])
def test_azimuths_are_counted_from_true_north(x, turn):
    ridge, plane = np.radians(turn), np.radians(turn + 90)
    found = roof("metal_sheet", turn, x=x)
    assert found["orientation_deg"] == pytest.approx(true_azimuth(x, NORTHING, np.sin(ridge), np.cos(ridge)), abs=1e-4)
    assert apart(found["surface_azimuth"], true_azimuth(x, NORTHING, np.sin(plane), np.cos(plane))) < 1e-4


def test_east_of_the_meridian_grid_north_is_east_of_true_north():
    east, west = (roof("pitched_tile", x=x)["surface_azimuth"] for x in (560_000.0, 440_000.0))
    assert east - 180 == pytest.approx(180 - west, abs=1e-6)
    assert 0.4 < east - 180 < 0.5


def test_a_house_turned_by_the_convergence_looks_due_south():
    x = 560_000.0
    convergence = roof("pitched_tile", x=x)["surface_azimuth"] - 180
    assert roof("pitched_tile", 90 - convergence, x=x)["surface_azimuth"] == pytest.approx(180, abs=1e-6)


def test_rows_and_given_azimuths_are_true_already():
    assert roof("flat_concrete", x=560_000.0)["surface_azimuth"] == 180
    assert roof("pitched_tile", x=560_000.0, roof_azimuth_deg=180.0)["surface_azimuth"] == 180


@pytest.mark.parametrize("turn", [0, 180, 1e-12, -1e-12])
def test_an_axis_to_the_north_has_no_azimuth_of_180(turn):
    assert roof("pitched_tile", turn)["orientation_deg"] == 0
