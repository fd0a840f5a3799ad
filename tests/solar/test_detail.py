"""One roof in depth: the neighbour that costs most is the one that stands in the sun."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from solar_samples import house, layer

from solar.detail import DAYS, roof_detail, sun_paths
from solar.rooftops import rooftops


@pytest.fixture(scope="module")
def street(typical):
    """Return a school with a tower south of it, a higher house north, and a shed."""
    shapes = [
        house(20, 40, 90),
        house(12, 40, 90, 500_000, 4_330_000 - 40),
        house(12, 40, 90, 500_000, 4_330_000 + 40),
        house(4, 4, 0, 500_040, 4_330_000),
    ]
    rows = layer([("school", "flat_concrete", shape) for shape in shapes])
    rows = rows.assign(height_m=[10.0, 40.0, 30.0, 3.0], floors=np.nan, year_built=2005.0)
    return rows, rooftops(rows, [typical])


def test_the_tower_in_the_south_costs_most(street, typical):
    rows, run = street
    detail = roof_detail(run, 0)
    assert list(detail.neighbours["row"]) == [1, 2]
    assert detail.neighbours["azimuth"].iloc[0] == pytest.approx(180, abs=2)
    assert min(detail.neighbours["azimuth"].iloc[1], 360 - detail.neighbours["azimuth"].iloc[1]) < 2
    without = rooftops(rows.drop(rows.index[1]), [typical]).found.yields["yield_kwh"].iloc[0]
    gain = without - run.found.yields["yield_kwh"].iloc[0]
    assert detail.neighbours["lost_kwh"].iloc[0] == pytest.approx(gain, rel=1e-4)
    assert gain > 0.05 * without


def test_the_horizon_is_that_of_the_scene(street):
    _, run = street
    detail = roof_detail(run, 0).horizon
    south = detail[detail["azimuth"].between(170, 190)]
    # of nine points the southern three lie a third of the width south of the middle, the wall 34 m, 30 m higher
    assert south["highest"].max() == pytest.approx(np.degrees(np.arctan(30 / (34 - 20 / 3))), abs=0.01)
    assert (detail["mean"] <= detail["highest"] + 1e-6).all()
    assert (detail["terrain"] == 0).all()


def test_a_free_roof_has_no_neighbours(street):
    _, run = street
    detail = roof_detail(run, 1)
    assert detail.neighbours.empty
    assert list(detail.neighbours) == ["row", "lost_kwh", "azimuth"]


def test_the_sun_passes_highest_in_june(typical):
    paths = sun_paths(typical)
    top = paths.groupby("day")["elevation"].max()
    latitude = typical.latitude
    for day, declination in zip(DAYS, (23.44, 0.0, -23.44), strict=True):
        assert top[day] == pytest.approx(90 - latitude + declination, abs=0.6)
    assert (paths["elevation"] > 0).all()
    assert pd.api.types.is_float_dtype(paths["hour"])


@pytest.mark.parametrize(("longitude", "hours"), [(106.56, 8), (-74.0, -5)])
def test_a_weather_in_utc_is_shown_on_the_clock_of_its_place(typical, longitude, hours):
    utc = dataclasses.replace(typical, hours=typical.hours.tz_convert("UTC"), longitude=longitude)
    assert utc.clock.utcoffset(None) == pd.Timedelta(hours=hours)
    assert typical.clock == typical.hours.index.tz
    paths = sun_paths(utc)
    top = paths.loc[paths.groupby("day")["elevation"].idxmax(), "hour"]
    assert top.between(11, 13.5).all()
    for _, path in paths.groupby("day"):
        assert path["hour"].is_monotonic_increasing
        assert path["azimuth"].diff().dropna().between(0, 30).all()
