"""Laws of the engine: linear, row by row, energy conserved, shade only takes, blocks and order do not matter."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.testing import assert_allclose
from solar_samples import house, layer

from geo.raster import Elevation
from solar import engine
from solar.audit import AuditError, require_agreement, self_audit
from solar.engine import LOSS_COLUMNS, MONTHS, city_yield
from solar.options import YieldOptions
from solar.roofs import design_roofs
from solar.rooftops import rooftops
from solar.scene import build_scene
from solar.system import system
from solar.weather import Weather
from solar.weather_cells import cell_weights

GOLDEN = {"flush_metal": 1266.87, "tilted_flat": 1448.23, "pitched_south": 1510.30}


def lone(use, kind, turn=90.0, **columns):
    return layer([(use, kind, house(20, 60, turn))]).assign(height_m=10.0, floors=np.nan, year_built=2005.0, **columns)


def yields_of(buildings, cells, **options):
    return rooftops(buildings, cells, **options).found.yields


def test_golden_figures_of_the_city(typical):
    # physical tolerance; they move only with a parameter or a model, and then CHANGELOG.md says so
    found = {
        mounting: yields_of(lone(use, kind), [typical])["specific_yield_kwh_kw"].iloc[0]
        for mounting, use, kind in (
            ("flush_metal", "factory", "metal_sheet"),
            ("tilted_flat", "school", "flat_concrete"),
            ("pitched_south", "rural_house", "pitched_tile"),
        )
    }
    assert found == pytest.approx(GOLDEN, rel=1e-3)


def test_months_sum_to_the_year_and_zero_capacity_is_zero(run):
    yields, roofs = run.found.yields, run.roofs
    assert_allclose(yields[list(MONTHS)].sum(axis=1), yields["yield_kwh"], rtol=1e-9)
    out = roofs["capacity_kw"] == 0
    assert 0 < out.sum() < len(out)
    assert (yields.loc[out, ["yield_kwh", "in_plane_kwh", *MONTHS, *LOSS_COLUMNS]] == 0).all(axis=None)
    assert yields.loc[out, ["specific_yield_kwh_kw", "poa_kwh_m2", "sky_view"]].isna().all(axis=None)
    assert yields.loc[~out].notna().all(axis=None)
    assert yields.index.equals(roofs.index)


def test_the_waterfall_conserves_energy(run):
    yields = run.found.yields
    left = yields["in_plane_kwh"] - yields[list(LOSS_COLUMNS)].sum(axis=1)
    assert_allclose(left, yields["yield_kwh"], rtol=1e-9)
    lost = yields[[name for name in LOSS_COLUMNS if name != "loss_temperature_kwh"]]
    assert (lost >= -1e-6 * yields[["in_plane_kwh"]].to_numpy()).all(axis=None)
    without_rows = ~run.roofs["mounting"].isin(["tilted_flat", "tilted_east_west"])
    assert (yields.loc[without_rows, "loss_rows_kwh"] == 0).all()
    assert yields["loss_buildings_kwh"].sum() > 0.01 * yields["in_plane_kwh"].sum()
    assert (yields["loss_terrain_kwh"] == 0).all()


def test_the_size_of_blocks_does_not_matter(run, typical, monkeypatch):
    monkeypatch.setattr(engine, "BLOCK", 7)
    again = city_yield(run.roofs, run.scene, [typical])
    same(again.yields, run.found.yields)


def same(found, wanted):
    """Hold two tables of yields equal to single precision, losses relative to the light they are taken from."""
    light = wanted[["in_plane_kwh"]].to_numpy()
    pd.testing.assert_frame_equal(found.drop(columns=[*LOSS_COLUMNS]), wanted.drop(columns=[*LOSS_COLUMNS]), rtol=1e-6)
    assert ((found - wanted)[[*LOSS_COLUMNS]].abs() <= 3e-6 * light).all(axis=None)


def test_order_of_buildings_does_not_matter(town, run, typical):
    shuffled = town.sample(frac=1.0, random_state=3)
    again = yields_of(shuffled, [typical])
    same(again.loc[town.index], run.found.yields)


def test_inputs_are_not_changed(run, typical):
    roofs, hours = run.roofs.copy(), typical.hours.copy()
    city_yield(run.roofs, run.scene, [typical])
    pd.testing.assert_frame_equal(run.roofs, roofs)
    pd.testing.assert_frame_equal(typical.hours, hours)


def test_yield_is_linear_in_capacity(run, typical):
    more = city_yield(run.roofs.assign(capacity_kw=run.roofs["capacity_kw"] * 3.7), run.scene, [typical]).yields
    assert_allclose(more["yield_kwh"], run.found.yields["yield_kwh"] * 3.7, rtol=1e-9)


def test_a_new_building_never_raises_a_neighbours_yield(town, run, typical):
    tower = town.iloc[[0]].assign(height_m=90.0, geometry=[house(25, 25, 10, 500_330, 4_330_330 - 6)])
    more = pd.concat([town, tower.set_axis(["tower"])])
    after = yields_of(more, [typical]).loc[town.index]
    change = after["yield_kwh"] - run.found.yields["yield_kwh"]
    assert (change <= 1e-6 * run.found.yields["yield_kwh"]).all()
    assert (change < -0.01 * run.found.yields["yield_kwh"]).sum() > 3
    assert (after["sky_view"].dropna() <= run.found.yields["sky_view"].dropna() + 1e-9).all()


def test_without_building_shade_nothing_is_lost_to_buildings(town, run, typical):
    free = yields_of(town, [typical], options=YieldOptions(building_shade=False))
    assert (free["loss_buildings_kwh"] == 0).all()
    assert (free["sky_view"].dropna() == 1).all()
    assert (free["yield_kwh"] >= run.found.yields["yield_kwh"] * (1 - 1e-6)).all()


def test_two_slopes_are_half_each(typical):
    both = lone("factory", "metal_sheet", turn=90.0)
    roofs = design_roofs(both)
    assert roofs["second_azimuth"].notna().all()
    scene = build_scene(both, lit=np.array([True]))
    halves = [
        city_yield(roofs.assign(surface_azimuth=azimuth, second_azimuth=np.nan), scene, [typical]).yields
        for azimuth in (roofs["surface_azimuth"], roofs["second_azimuth"])
    ]
    whole = city_yield(roofs, scene, [typical]).yields
    assert_allclose(whole["yield_kwh"], (halves[0]["yield_kwh"] + halves[1]["yield_kwh"]) / 2, rtol=1e-6)


def test_the_inverter_clips_and_the_waterfall_says_so():
    index = pd.date_range("2021-01-01 00:30", periods=8760, freq="h", tz="Asia/Shanghai")
    bright = pd.DataFrame({"ghi": 0.0, "dni": 0.0, "dhi": 0.0, "temp_air": -20.0, "wind_speed": 10.0}, index=index)
    bright.loc["2021-06-21 12:30+08:00", ["ghi", "dni", "dhi"]] = 1300.0, 1200.0, 130.0
    weather = Weather(hours=bright, longitude=106.5, latitude=39.0, altitude_m=1100.0, name="", source="")
    roof = yields_of(lone("school", "flat_concrete"), [weather])
    assert roof["specific_yield_kwh_kw"].iloc[0] == pytest.approx(1 / 1.1, rel=1e-6)
    assert roof["loss_clipping_kwh"].iloc[0] > 0


def moved(weather, years):
    fields = {field.name: getattr(weather, field.name) for field in dataclasses.fields(weather)}
    return Weather(**fields | {"hours": weather.hours.set_axis(weather.hours.index + pd.DateOffset(years=years))})


def test_years_are_computed_each_and_averaged(typical):
    bright, dull = typical, moved(typical, 1)
    dull = dataclasses.replace(dull, hours=dull.hours.assign(dni=dull.hours["dni"] * 0.5))
    both = dataclasses.replace(typical, hours=pd.concat([bright.hours, dull.hours]))
    building = lone("school", "flat_concrete")
    found = rooftops(building, [both]).found
    single = [rooftops(building, [weather]).found.yields["yield_kwh"].iloc[0] for weather in (bright, dull)]
    assert_allclose(found.yearly.to_numpy()[0], single, rtol=1e-6)
    assert list(found.yearly) == [2021, 2022]
    assert found.yields["yield_kwh"].iloc[0] == pytest.approx(np.mean(single), rel=1e-6)


def test_years_with_one_missing_between_them_are_kept_apart(typical):
    later = moved(typical, 2)
    later = dataclasses.replace(later, hours=later.hours.assign(dni=later.hours["dni"] * 0.5))
    both = dataclasses.replace(typical, hours=pd.concat([typical.hours, later.hours]))
    found = rooftops(lone("school", "flat_concrete"), [both])
    assert list(found.found.yearly) == [2021, 2023]
    single = [yields_of(lone("school", "flat_concrete"), [each])["yield_kwh"].iloc[0] for each in (typical, later)]
    assert_allclose(found.found.yearly.to_numpy()[0], single, rtol=1e-6)


def test_cells_on_different_clocks_meet_at_the_same_moment(town, typical):
    town = town.iloc[:13]
    utc = typical.hours.tz_convert("UTC")
    wrapped = utc.set_axis([stamp.replace(year=2021) for stamp in utc.index]).sort_index()
    cells = [at(typical, 106.4, 1.0), dataclasses.replace(typical, longitude=106.6, hours=wrapped)]
    mixed = rooftops(town, cells, options=YieldOptions(weather_mode="interpolated"), groups=town["use"])
    night = cells[0].hours["ghi"].to_numpy() == 0
    assert (mixed.found.profiles.to_numpy()[night] < 1e-9).all()
    swapped = rooftops(town, cells[::-1], options=YieldOptions(weather_mode="interpolated"), groups=town["use"])
    hours = swapped.found.profiles.groupby(swapped.found.profiles.index.hour).sum()
    assert_allclose(hours, mixed.found.profiles.groupby(mixed.found.profiles.index.hour).sum(), rtol=1e-5, atol=1e-6)


def test_profiles_of_groups_sum_to_their_yields(run, town, typical):
    profiles = run.found.profiles
    assert profiles.index.equals(typical.hours.index)
    wanted = run.found.yields["yield_kwh"].groupby(town["use"]).sum()
    assert_allclose(profiles.sum(), wanted[profiles.columns], rtol=1e-5)
    night = typical.hours["ghi"].to_numpy() == 0
    assert (profiles[night] == 0).all(axis=None)


def at(weather, longitude, scale):
    hours = weather.hours.assign(dni=weather.hours["dni"] * scale)
    return dataclasses.replace(weather, longitude=longitude, hours=hours)


def test_each_roof_takes_the_weather_of_its_cell(town, typical):
    town = town.iloc[:26]
    cells = [at(typical, 106.45415, 0.6), at(typical, 106.55415, 1.0)]
    west, east = (yields_of(town, [cell])["yield_kwh"] for cell in cells)
    x = town.centroid.x
    nearest = yields_of(town, cells)["yield_kwh"]
    middle = 500_359.0
    assert (x < middle - 1).any()
    assert (x > middle + 1).any()
    assert_allclose(nearest[x < middle - 1], west[x < middle - 1], rtol=1e-6)
    assert_allclose(nearest[x > middle + 1], east[x > middle + 1], rtol=1e-6)
    mixed = yields_of(town, cells, options=YieldOptions(weather_mode="interpolated"))["yield_kwh"]
    place = town.centroid.to_crs(4326)
    cell, weight = cell_weights(cells, place.x, place.y, mode="interpolated")
    both = np.column_stack([west, east])
    assert_allclose(mixed, (np.take_along_axis(both, cell, axis=1) * weight).sum(axis=1), rtol=1e-5)


def test_cells_of_different_years_are_refused(run, typical):
    with pytest.raises(ValueError, match="different years"):
        city_yield(run.roofs, run.scene, [typical, moved(at(typical, 106.0, 1.0), 1)])


@pytest.mark.parametrize("column", ["capacity_kw", "surface_tilt", "surface_azimuth", "gcr"])
def test_a_number_that_is_none_is_refused(run, typical, column):
    broken = run.roofs.assign(**{column: np.nan})
    with pytest.raises(ValueError, match="not a number"):
        city_yield(broken, run.scene, [typical])


def test_options_that_are_none_are_named_all_at_once():
    with pytest.raises(ValueError, match=r"sky_model.*weather_mode"):
        YieldOptions(sky_model="clear", weather_mode="somehow")


def test_progress_reaches_the_end_and_can_stop_the_run(run, typical):
    seen = []
    city_yield(run.roofs, run.scene, [typical], progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        city_yield(run.roofs, run.scene, [typical], progress=stop)


def test_no_roofs_yield_nothing(town, typical):
    empty = rooftops(town.iloc[:0], [typical])
    assert empty.table().empty
    assert empty.audit.empty


def test_ground_outside_the_model_is_that_of_the_nearest_building(typical):
    rows = layer([("school", "flat_concrete", house(20, 60, 90, 500_000 + 200 * n)) for n in range(4)])
    rows = rows.assign(height_m=10.0, floors=np.nan, year_built=2005.0)
    z = np.full((80, 80), 1100.0, dtype=np.float32)
    z[:, 40:] = 1200.0
    z[:, 46:] = np.nan
    model = Elevation(z_m=z, west_m=498_000.0, north_m=4_332_000.0, step_m=50.0, crs=rows.crs)
    scene = build_scene(rows, lit=np.ones(4, dtype=bool), elevation=model)
    assert_allclose(scene.roof_m, [1210, 1210, 1210, 1210])
    assert (rooftops(rows, [typical], elevation=model).audit["relative_delta"].abs() < 1e-5).all()


def test_hidden_and_odd_footprints_do_not_break_a_run(typical):
    shapes = [house(20, 60, 30), shapely.Polygon(), house(20, 60, 30).buffer(9), None]
    odd = layer([("school", "flat_concrete", shape) for shape in shapes])
    odd = odd.assign(height_m=[5.0, 9.0, 80.0, 9.0], floors=np.nan, year_built=2005.0)
    yields = yields_of(odd, [typical])
    assert yields["yield_kwh"].iloc[0] < 0.3 * yields["yield_kwh"].iloc[2]
    assert (yields["yield_kwh"].iloc[[1, 3]] == 0).all()


def test_the_self_audit_agrees_roof_by_roof(run):
    assert len(run.audit) == (run.roofs["capacity_kw"] > 0).sum()
    assert run.audit["relative_delta"].abs().max() < 1e-5
    again = self_audit(run.roofs, run.found, run.scene, run.cells, weights=run.weights)
    pd.testing.assert_frame_equal(run.audit, again)


@pytest.mark.parametrize("sky_model", ["haydavies", "isotropic"])
def test_the_self_audit_agrees_under_other_skies(town, typical, sky_model):
    options = YieldOptions(sky_model=sky_model, diffuse_glass=False)
    assert rooftops(town.iloc[:40], [typical], options=options).audit["relative_delta"].abs().max() < 1e-5


def test_the_self_audit_finds_a_wrong_yield_and_the_run_fails(run):
    wrong = dataclasses.replace(run.found, yearly=run.found.yearly * 1.01)
    audit = self_audit(run.roofs, wrong, run.scene, run.cells, weights=run.weights)
    assert_allclose(audit["relative_delta"], 0.01, atol=5e-4)
    with pytest.raises(AuditError, match="self-audit"):
        require_agreement(audit)


def test_the_inverter_limit_of_the_system_holds_every_hour(run):
    most = run.roofs["capacity_kw"].sum() * system().ac_limit
    assert run.found.profiles.sum(axis=1).max() <= most * (1 + 1e-6)


def test_results_say_what_they_leave_out(run):
    notes = run.notes()
    assert "solar.note.flat_terrain" in notes
    assert "solar.note.assumed_roof_kind" in notes
    assert "solar.note.estimated_heights" not in notes
