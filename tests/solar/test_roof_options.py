"""Choices about the layout of roofs: bounds, contradictions, and what each does to a flat roof."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from solar_samples import house, layer

from data import parameters
from data.catalog import LANGUAGES, text
from solar.roof_options import FLAT_LAYOUTS
from solar.roofs import RoofOptions, design_roofs, row_pitch

LATITUDE = 39.0


def flat(options=None, turn=90, use="school", **columns):
    buildings = layer([(use, "flat_concrete", house(20, 60, turn))]).assign(**columns)
    return design_roofs(buildings, latitude=LATITUDE, options=options).iloc[0]


def test_all_faults_are_told_at_once():
    with pytest.raises(ValueError, match="flat_layout") as caught:
        RoofOptions(flat_layout="heap", flat_tilt_deg=-1.0, pitch_m=1.0, gcr=1.5, setback_m=-0.1)
    said = str(caught.value)
    assert said.count(";") == 5
    for name in ("'heap'", "flat_tilt_deg", "pitch_m is at least", "gcr is above", "setback_m", "same thing"):
        assert name in said


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"flat_layout": ""}, "flat_layout"),
        ({"flat_tilt_deg": 76.0}, "flat_tilt_deg"),
        ({"flat_tilt_deg": np.nan}, "flat_tilt_deg"),
        ({"pitch_m": 2.277}, "pitch_m"),
        ({"pitch_m": np.inf}, "pitch_m"),
        ({"gcr": 0.0}, "gcr"),
        ({"gcr": 1.01}, "gcr"),
        ({"gcr": np.nan}, "gcr"),
        ({"setback_m": np.nan}, "setback_m"),
        ({"setback_m": np.inf}, "setback_m"),
        ({"pitch_m": 4.0, "gcr": 0.5}, "give one of them"),
        ({"flat_layout": "east_west", "pitch_m": 4.0}, "give gcr"),
        ({"flat_layout": "east_west", "rows_follow_building": True}, "rows_follow_building"),
        ({"flat_layout": "east_west", "flat_tilt_deg": 25.0}, "at most 20"),
    ],
)
def test_each_fault_is_told_alone(wrong, named):
    with pytest.raises(ValueError, match=named) as caught:
        RoofOptions(**wrong)
    assert ";" not in str(caught.value)


def test_bounds_themselves_are_allowed_and_options_do_not_change():
    RoofOptions(flat_tilt_deg=0.0, gcr=1.0, setback_m=0.0)
    RoofOptions(flat_tilt_deg=75.0, pitch_m=parameters.value("roofs", "row_length_m"))
    RoofOptions(flat_layout="east_west", flat_tilt_deg=20.0, gcr=0.9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        RoofOptions().gcr = 0.5
    for layout in FLAT_LAYOUTS:
        assert all(text(f"flat_layout.{layout}", language) for language in LANGUAGES)


def test_without_options_the_tables_decide():
    roof = flat()
    assert roof.equals(flat(RoofOptions()))
    assert roof["surface_tilt"] == parameters.value("pv", "tilt_flat_concrete") == 15
    assert roof["usable_m2"] == pytest.approx(1200 * 0.55)
    assert roof["panel_m2"] == pytest.approx(1200 * 0.55 * 0.589, rel=2e-3)
    assert (roof["usable_basis"], roof["plane_source"], roof["plane_doubt"]) == ("gross_share", "layout", "")


@pytest.mark.parametrize("tilt", [0.0, 5.0, 10.0, 35.0])
def test_a_tilt_of_ones_own_brings_its_own_pitch(tilt):
    roof = flat(RoofOptions(flat_tilt_deg=tilt))
    assert roof["surface_tilt"] == tilt
    assert roof["gcr"] == pytest.approx(2.278 / float(row_pitch(2.278, tilt, LATITUDE)))


def test_pitch_and_ground_cover_say_the_same():
    by_pitch, by_cover = flat(RoofOptions(pitch_m=4.556)), flat(RoofOptions(gcr=0.5))
    assert by_pitch["gcr"] == pytest.approx(0.5)
    assert by_pitch["capacity_kw"] == pytest.approx(by_cover["capacity_kw"])
    assert by_cover["capacity_kw"] == pytest.approx(1200 * 0.55 * 0.5 * 0.22)


@pytest.mark.parametrize("cover", [0.1, 0.37, 0.8, 1.0])
def test_capacity_is_proportional_to_ground_cover(cover):
    assert flat(RoofOptions(gcr=cover))["capacity_kw"] == pytest.approx(1200 * 0.55 * 0.22 * cover)


@pytest.mark.parametrize("options", [RoofOptions(gcr=0.3), RoofOptions(pitch_m=9.0), RoofOptions(flat_tilt_deg=40.0)])
def test_what_is_chosen_for_flat_roofs_leaves_the_others_alone(options):
    buildings = layer([("factory", kind, house(20, 60, 70)) for kind in ("metal_sheet", "pitched_tile")])
    assert design_roofs(buildings, options=options).equals(design_roofs(buildings))


def test_east_and_west_pairs_have_two_opposite_azimuths():
    roof = flat(RoofOptions(flat_layout="east_west"), turn=37)
    assert (roof["mounting"], roof["surface_azimuth"], roof["second_azimuth"]) == ("tilted_east_west", 90, 270)
    assert (roof["surface_tilt"], roof["gcr"], roof["plane_source"]) == (10, 0.85, "layout")
    assert roof["panel_m2"] == pytest.approx(1200 * 0.55 * 0.85)
    assert flat(RoofOptions(flat_layout="east_west", gcr=0.9, flat_tilt_deg=5))["gcr"] == 0.9
    assert all(text("mounting.tilted_east_west", language) for language in LANGUAGES)


def test_east_and_west_pairs_have_the_temperatures_of_a_close_mount():
    for name in ("a", "b", "delta_t"):
        ours = parameters.value("pv", f"sapm_{name}_tilted_east_west")
        assert ours == parameters.value("pv", f"sapm_{name}_pitched_south")


def test_the_steepest_pairs_do_not_shade_each_other_in_the_window_of_gb_50797():
    phi, declination, hour = np.radians([LATITUDE, -23.45, 45.0])
    up = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour)
    profile = np.degrees(np.arctan2(up, np.cos(declination) * np.sin(hour)))
    assert profile == pytest.approx(21.4, abs=0.1)
    assert parameters.value("roofs", "max_tilt_east_west_deg") <= profile


@pytest.mark.parametrize(("turn", "azimuth"), [(61, 151), (75, 165), (90, 180), (119, 209)])
def test_rows_follow_a_building_that_looks_nearly_south(turn, azimuth):
    roof = flat(RoofOptions(rows_follow_building=True), turn=turn)
    assert roof["surface_azimuth"] == pytest.approx(azimuth, abs=1e-6)
    assert roof["plane_source"] == "footprint"
    apart = float(row_pitch(2.278, 15.0, LATITUDE, off_south=azimuth - 180))
    assert roof["gcr"] == pytest.approx(2.278 / apart, rel=1e-6)
    assert roof["gcr"] <= flat(turn=turn)["gcr"] + 1e-6


@pytest.mark.parametrize("turn", [0, 30, 59, 121, 179])
def test_rows_of_a_building_that_looks_elsewhere_face_south(turn):
    roof = flat(RoofOptions(rows_follow_building=True), turn=turn)
    assert (roof["surface_azimuth"], roof["plane_source"]) == (180, "layout")
    assert roof["gcr"] == flat()["gcr"]


@given(latitude=st.floats(20, 45), tilt=st.floats(1, 40), turn=st.floats(0, 60))
def test_the_pitch_of_turned_rows_is_the_longest_shadow_between_nine_and_fifteen(latitude, tilt, turn):
    phi, declination, hours = np.radians(latitude), np.radians(-23.45), np.radians(np.linspace(-45, 45, 181))
    up = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hours)
    south = np.cos(declination) * np.cos(hours) * np.sin(phi) - np.sin(declination) * np.cos(phi)
    west = np.cos(declination) * np.sin(hours)
    along = (south * np.cos(np.radians(turn)) + west * np.sin(np.radians(turn))) / up
    needed = 2.0 * np.cos(np.radians(tilt)) + 2.0 * np.sin(np.radians(tilt)) * along.max()
    for side in (turn, -turn):
        assert float(row_pitch(2.0, tilt, latitude, off_south=side)) == pytest.approx(needed, rel=1e-9)
