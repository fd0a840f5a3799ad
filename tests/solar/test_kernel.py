"""The fused kernel: row by row what plain NumPy finds, and the laws of shade and energy."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pvlib import iam

from data import parameters
from solar import kernel
from solar.kernel import GLASS, LANES, run
from solar.packing import FIELDS, pack_hours, planes
from solar.row_views import row_sky_share
from solar.sky import MODELS, sky_of
from solar.skyview import sky_view
from solar.system import DIFFUSE, LOSSES, STAGES, diffuse_iam, diffuse_iams, system, waterfall
from solar.twin import Plane, plane_hours
from solar.weather import Weather, one_year

COLUMNS = ("plane", "terrain", "buildings", "poa_global", "effective", "dc_kw", "unclipped_kw")
MOUNTINGS = ("tilted_flat", "flush_metal", "pitched_south", "tilted_east_west")


@pytest.fixture(scope="module")
def skies(typical):
    return {model: sky_of(typical, model=model) for model in MODELS}


@pytest.fixture(scope="module")
def sky(skies):
    return skies["perez"]


@pytest.fixture(scope="module")
def few(typical):
    """Return the sky of a quarter of the days, for laws that need no whole year."""
    hours = typical.hours.where(
        (np.arange(8760) // 24 % 4 == 0)[:, np.newaxis] | [False, False, False, True, True], 0.0
    )
    return sky_of(replace(typical, hours=hours))


class Scene:
    """Random planes under random horizons."""

    def __init__(self, seed, count, *, points=4, rows=True, high=50.0):
        rng = np.random.default_rng(seed)
        self.tilt = rng.uniform(0, 90, count)
        self.azimuth = rng.uniform(0, 360, count)
        self.gcr = np.where(rng.random(count) < 0.5, rng.uniform(0.2, 0.95, count), 0.0) * rows
        hills = np.tan(np.radians(rng.uniform(0, 8, (count, 1, 360))))
        houses = np.tan(np.radians(rng.uniform(0, high, (count, points, 30)))).repeat(12, axis=2)
        houses *= rng.random((count, points, 30)).repeat(12, axis=2) < 0.4
        self.horizon = np.concatenate([hills, np.maximum(hills, houses)], axis=1).astype(np.float32)

    def left(self):
        every = (self.tilt, self.azimuth)
        return np.stack([sky_view(self.horizon[:, :1], *every), sky_view(self.horizon[:, 1:], *every)])

    def packed(self, *, glass=True):
        return planes(
            tilt=self.tilt,
            azimuth=self.azimuth,
            ridge_gcr=self.gcr,
            sky_view=self.left(),
            albedo=parameters.value("pv", "albedo"),
            glass=glass,
        )

    def run(self, sky, mounting="tilted_flat", *, hourly=False, glass=True):
        return run(pack_hours(sky, system(), mounting), self.packed(glass=glass), self.horizon, hourly=hourly)

    def twin(self, number, sky, mounting="tilted_flat", *, glass=True):
        plane = Plane(
            surface_tilt=self.tilt[number],
            surface_azimuth=self.azimuth[number],
            mounting=mounting,
            ridge_gcr=self.gcr[number],
            horizon=self.horizon[number],
            sky_view=tuple(self.left()[:, number]),
        )
        return plane_hours(sky, plane, system(), diffuse_glass=glass)

    def pick(self, order):
        for name in ("tilt", "azimuth", "gcr", "horizon"):
            setattr(self, name, getattr(self, name)[order])
        return self


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("mounting", "seed", "rows"), [(name, 3 + n, n % 2 == 0) for n, name in enumerate(MOUNTINGS)])
def test_every_hour_of_every_plane_is_that_of_plain_numpy(skies, model, mounting, seed, rows):
    sky, scene, glass = skies[model], Scene(seed, 3, points=seed, rows=rows), seed != 4
    stages, energy, power = scene.run(sky, mounting, hourly=True, glass=glass)
    for number in range(3):
        wanted = scene.twin(number, sky, mounting, glass=glass)
        assert_allclose(power[:, number], wanted["ac_kw"], atol=1e-5)
        assert energy[number].sum() == pytest.approx(wanted["ac_kw"].sum(), rel=1e-5)
        per = np.array([1000.0] * 5 + [1.0] * 2)
        months = np.stack([np.bincount(sky.slot, wanted[name], minlength=12) for name in COLUMNS], axis=1) / per
        assert_allclose(stages[number], months, rtol=3e-5, atol=1e-4)
        assert_allclose(stages[number].sum(axis=0), months.sum(axis=0), rtol=1e-5)
        assert_allclose(energy[number], np.bincount(sky.slot, wanted["ac_kw"], minlength=12), rtol=3e-5, atol=1e-5)


def test_hours_sum_to_the_months(sky):
    _, energy, power = Scene(8, 5).run(sky, hourly=True)
    months = np.stack([np.bincount(sky.slot, hours, minlength=12) for hours in power.T.astype(float)])
    assert_allclose(months, energy, rtol=2e-6)
    assert Scene(8, 5).run(sky)[2].shape == (0, 5)


@pytest.mark.parametrize("seed", range(4))
def test_a_higher_horizon_never_raises_a_months_energy(few, seed):
    low = Scene(seed, 40)
    high = Scene(seed, 40)
    raised = np.random.default_rng(seed).uniform(0, 0.5, high.horizon[:, 1:].shape).astype(np.float32)
    high.horizon[:, 1:] += raised
    before, after = (scene.run(few) for scene in (low, high))
    assert (after[1] <= before[1] * (1 + 2e-6) + 1e-6).all()
    assert (after[1].sum(axis=1) < before[1].sum(axis=1)).all()
    for stage, name in enumerate(STAGES):
        more = after[0][:, :, stage] - before[0][:, :, stage] * (1 + 2e-6)
        assert (more <= 1e-5).all() or name in {"plane", "terrain"}
    assert_allclose(after[0][:, :, :2], before[0][:, :, :2], rtol=2e-6, atol=1e-6)


def test_rows_in_front_never_raise_a_months_energy(few):
    free, shaded = Scene(5, 60, rows=False), Scene(5, 60)
    rows = shaded.gcr > 0
    before, after = free.run(few)[1], shaded.run(few)[1]
    assert (after <= before * (1 + 2e-6) + 1e-6).all()
    assert (after[rows].sum(axis=1) < before[rows].sum(axis=1)).all()
    assert_allclose(after[~rows], before[~rows], rtol=2e-6)


@pytest.mark.parametrize("mounting", MOUNTINGS)
def test_energy_is_conserved_step_by_step(sky, mounting):
    stages, energy, _ = Scene(12, 130).run(sky, mounting)
    table = waterfall(stages.sum(axis=1), energy.sum(axis=1), system())
    assert list(table) == ["in_plane", *LOSSES]
    left = table["in_plane"] - table[list(LOSSES)].sum(axis=1)
    assert_allclose(left, energy.sum(axis=1), rtol=1e-9)
    for name in LOSSES:
        assert name == "temperature" or (table[name] >= -2e-6 * table["in_plane"]).all(), name
    assert (table["reflection"] > 0).all()
    assert (table["in_plane"] > 0).all()


def test_cold_makes_the_temperature_step_negative(typical):
    cold = replace(typical, hours=typical.hours.assign(temp_air=-40.0, wind_speed=8.0))
    stages, energy, _ = Scene(2, 20).run(sky_of(cold))
    table = waterfall(stages.sum(axis=1), energy.sum(axis=1), system())
    assert (table["temperature"] < 0).all()
    assert (table["clipping"] >= -1e-6 * table["in_plane"]).all()


def test_order_and_company_of_planes_do_not_matter(few):
    scene = Scene(6, LANES + 20)
    hours, packed, horizon = pack_hours(few, system(), "tilted_flat"), scene.packed(), scene.horizon
    stages, energy, power = run(hours, packed, horizon, hourly=True)
    order = np.random.default_rng(1).permutation(len(packed))
    mixed = run(hours, packed[order], horizon[order], hourly=True)
    assert_allclose(mixed[0], stages[order], rtol=2e-6, atol=1e-6)
    assert_allclose(mixed[1], energy[order], rtol=1e-6)
    assert_allclose(mixed[2], power[:, order], atol=5e-7)
    company = np.concatenate([np.arange(7), np.zeros(100, dtype=int)])
    padded = run(hours, packed[company], horizon[company])
    assert_allclose(padded[1][:7], energy[:7], rtol=1e-6)
    assert_array_equal(padded[1][7:], np.broadcast_to(padded[1][0], (100, 12)))


@pytest.mark.parametrize("count", [1, LANES - 1, LANES, LANES + 1])
def test_any_number_of_planes(few, count):
    scene = Scene(9, LANES + 1)
    hours, packed = pack_hours(few, system(), "tilted_flat"), scene.packed()
    every = run(hours, packed, scene.horizon)
    some = run(hours, packed[:count], scene.horizon[:count], hourly=True)
    assert some[0].shape == (count, 12, len(STAGES))
    assert some[2].shape == (len(few.row), count)
    assert_allclose(some[1], every[1][:count], rtol=1e-6)


def test_a_run_repeats_bit_by_bit_and_keeps_its_input(few):
    scene = Scene(4, 30)
    packed, horizon = scene.packed(), scene.horizon.copy()
    hours = pack_hours(few, system(), "tilted_flat")
    one, two = (run(hours, packed, horizon, hourly=True) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert_array_equal(first, second)
    assert_array_equal(packed, scene.packed())
    assert_array_equal(horizon, scene.horizon)


def test_under_a_full_horizon_there_is_no_beam(few):
    closed = Scene(7, 20)
    closed.horizon[:, 1:] = 1e6
    dark = replace(few, direct=np.zeros_like(few.direct))
    packed = closed.packed()
    assert_allclose(packed[:, FIELDS.index("sky_buildings")], 0, atol=1e-6)
    with_beam, without = (
        run(pack_hours(each, system(), "flush_metal"), packed, closed.horizon) for each in (few, dark)
    )
    assert_allclose(with_beam[1], without[1], rtol=1e-6, atol=1e-7)
    assert_allclose(with_beam[0][:, :, 3:], without[0][:, :, 3:], rtol=1e-5, atol=1e-3)


def test_several_years_are_the_single_ones(typical):
    later = typical.hours.assign(**{name: typical.hours[name] * 0.8 for name in ("ghi", "dni", "dhi")})
    later.index = later.index + pd.Timedelta(days=365)
    place = {name: getattr(typical, name) for name in ("longitude", "latitude", "altitude_m", "name", "source")}
    both = Weather(hours=pd.concat([typical.hours, later]), **place)
    scene = Scene(10, 5)
    stages, energy, _ = scene.run(sky_of(both))
    assert both.years == 2
    assert energy.shape == (5, 24)
    for number, year in enumerate(both.year_list):
        alone = scene.run(sky_of(one_year(both, year)))
        assert_allclose(energy[:, 12 * number : 12 * number + 12], alone[1], rtol=2e-6, atol=1e-6)
        assert_allclose(stages[:, 12 * number : 12 * number + 12], alone[0], rtol=2e-6, atol=1e-5)


def test_full_hours_keep_their_beam(typical):
    sky = sky_of(typical, model="isotropic")
    there = np.diff(sky.first)
    owner = np.repeat(np.arange(len(there)), there)
    dni = typical.hours["dni"].to_numpy()[sky.row]
    whole = there == 4
    assert_allclose(np.bincount(owner, sky.direct, minlength=len(there))[whole], dni[whole], rtol=1e-12)
    horizontal = np.bincount(owner, sky.direct * sky.up, minlength=len(there))
    beam = (typical.hours["ghi"] - typical.hours["dhi"]).to_numpy()[sky.row]
    assert_allclose(horizontal[whole], beam[whole], rtol=1e-9, atol=1e-9)


def test_hours_of_sunrise_keep_their_beam(typical):
    dni = np.minimum(typical.hours["dni"].to_numpy() + typical.hours["dhi"].to_numpy(), 50.0)
    sky = sky_of(replace(typical, hours=typical.hours.assign(dni=dni)), model="isotropic")
    there = np.diff(sky.first)
    part = (there > 0) & (there < 4)
    assert part.sum() > 100
    found = np.bincount(np.repeat(np.arange(len(there)), there), sky.direct, minlength=len(there))
    assert_allclose(found[part], dni[sky.row][part], rtol=1e-12)


def test_diffuse_light_of_an_hour_is_kept(skies, typical):
    sky = skies["isotropic"]
    some = np.diff(sky.first) > 0
    assert_allclose(sky.isotropic[some], typical.hours["dhi"].to_numpy()[sky.row][some], rtol=1e-12)


def test_two_ways_to_divide_the_hour_are_close(typical):
    scene = Scene(11, 30, high=25.0)
    four, eight = (scene.run(sky_of(typical, suns_per_hour=suns))[1].sum(axis=1) for suns in (4, 8))
    assert_allclose(four, eight, rtol=0.02)
    assert np.abs(four / eight - 1).mean() < 0.004


def test_direction_of_a_flat_plane_does_not_matter(few):
    scene = Scene(1, 12, rows=False)
    scene.tilt[:] = 0.0
    scene.horizon[:] = 0.0
    energy = scene.run(few)[1]
    assert_allclose(energy, np.broadcast_to(energy[0], energy.shape), rtol=2e-6)


def test_many_tilts_take_a_spline_that_is_nearly_exact():
    tilt = (np.linspace(0, 90, 73) + np.random.default_rng(0).uniform(-0.4, 0.4, 73)).clip(0, 90)
    many = diffuse_iams(tilt)
    exact = {part: np.array([diffuse_iam(float(one))[part] for one in tilt]) for part in DIFFUSE}
    slope = np.radians(tilt)
    # each part with the weight that it has on a plane
    weights = {"sky": (1 + np.cos(slope)) / 2, "horizon": np.sin(slope), "ground": (1 - np.cos(slope)) / 2}
    for part, weight in weights.items():
        assert_allclose(many[part] * weight, exact[part] * weight, atol=2e-5)
    few = diffuse_iams(tilt[:9])
    for part in DIFFUSE:
        assert_allclose(few[part], exact[part][:9], rtol=1e-12)


def test_the_glass_is_pvlibs():
    cosine = np.linspace(0, 1, 2001)
    found = np.polynomial.Polynomial(GLASS)(2 * cosine - 1) * cosine
    exact = iam.physical(np.degrees(np.arccos(cosine))) * cosine
    assert_allclose(found, exact, atol=3e-5)
    assert len(GLASS) == kernel.GLASS_DEGREE + 1


def test_a_row_without_a_row_in_front_sees_the_sky_of_its_tilt():
    tilt = np.array([0.0, 15.0, 60.0, 90.0])
    alone = (1 + np.cos(np.radians(tilt))) / 2
    assert_allclose(row_sky_share(np.zeros(4), tilt), alone)
    assert_allclose(row_sky_share(np.full(4, 1e-6), tilt), alone, rtol=1e-5)
    close = row_sky_share(np.full(4, 0.9), tilt)
    assert (close[1:] < alone[1:]).all()
    assert close[0] == pytest.approx(1.0)


def test_what_the_sky_refuses(typical):
    with pytest.raises(ValueError, match="none of perez"):
        sky_of(typical, model="bright")
    hours = typical.hours.copy()
    hours.iloc[4000, 0] = np.nan
    with pytest.raises(ValueError, match="not a number"):
        sky_of(replace(typical, hours=hours))
