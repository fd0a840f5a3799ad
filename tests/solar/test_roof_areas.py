"""Usable area: shares of the gross roof, setbacks on the footprint, and what always holds between the areas."""

import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.testing import assert_allclose
from solar_samples import house, layer

from data import parameters
from data.catalog import LANGUAGES, text
from solar.roof_shapes import rectangle_share
from solar.roofs import MOUNTINGS, RoofOptions, design_roofs

USES = [use for use, row in parameters.table("building_uses").iterrows() if row["roof_class"] != "none"]
EVERY = [RoofOptions(), RoofOptions(setback_m=0.0), RoofOptions(setback_m=1.2), RoofOptions(flat_layout="east_west")]

SETBACKS = [0.0, 0.1, 0.5, 1.2, 2.0, 3.3, 5.0, 20.0]


def design(rows, options=None):
    return design_roofs(layer(rows), options=options)


def usable(use, kind, shape, setback_m):
    return design([(use, kind, shape)], RoofOptions(setback_m=setback_m))["usable_m2"].iloc[0]


def many(count=300):
    """Return houses of all uses and kinds, every third with a court."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(count):
        width, length, turn = rng.uniform(3, 120), rng.uniform(3, 120), rng.uniform(0, 180)
        shape = house(width, length, turn)
        court = house(width / 3, length / 3, turn + 10)
        kind = rng.choice([*MOUNTINGS, "unknown"])
        rows.append((rng.choice(USES), kind, shapely.difference(shape, court) if number % 3 == 0 else shape))
    return rows


@pytest.mark.parametrize("options", EVERY)
def test_panels_fit_the_usable_area_and_that_the_roof(options):
    roofs = design(many(), options)
    assert (roofs["panel_m2"] >= 0).all()
    assert (roofs["panel_m2"] <= roofs["usable_m2"] * (1 + 1e-12)).all()
    assert (roofs["usable_m2"] <= roofs["roof_m2"] * (1 + 1e-12)).all()
    assert_allclose(roofs["capacity_kw"], roofs["panel_m2"] * 0.22)
    assert ((roofs["capacity_kw"] > 0) == (roofs["exclusion_reason"] == "")).all()
    assert (roofs["capacity_kw"] > 0).any()


def test_a_larger_setback_never_gives_more():
    rows = many()
    found = np.array([design(rows, RoofOptions(setback_m=setback))["usable_m2"] for setback in SETBACKS])
    assert (np.diff(found, axis=0) <= 1e-6).all()
    assert (found[0] > 0).all()


def test_a_setback_by_hand():
    # 25.2 × 44.6 m is the typical school: 0.55 of it gross, at 1.2 m (22.8 × 42.2)/(25.2 × 44.6) of it net
    free = 0.55 / (22.8 * 42.2 / (25.2 * 44.6))
    assert usable("school", "flat_concrete", house(20, 60, 33), 1.0) == pytest.approx(18 * 58 * free, rel=1e-6)
    assert usable("school", "flat_concrete", house(20, 60, 33), 0.0) == pytest.approx(20 * 60 * free, rel=1e-6)
    assert usable("school", "flat_concrete", house(20, 60, 33), 10.0) == pytest.approx(0, abs=1e-6)
    court = shapely.difference(house(40, 60, 33), house(10, 20, 33))
    # round the court the strip turns the corner on an arc, which is drawn with 8 chords a quarter
    strip = 40 * 60 - 38 * 58 + 2 * (10 + 20) + np.pi
    assert usable("school", "flat_concrete", court, 1.0) == pytest.approx((2200 - strip) * free, rel=1e-4)


@pytest.mark.parametrize("kind", MOUNTINGS)
@pytest.mark.parametrize("use", ["school", "factory", "apartment", "hospital", "commercial", "village_committee"])
def test_the_reference_setback_on_a_typical_roof_is_the_gross_share(use, kind):
    roof_class = parameters.table("building_uses").loc[use, "roof_class"]
    width, length = (parameters.value("roofs", f"typical_{side}_{roof_class}_m") for side in ("width", "length"))
    setback = parameters.value("roofs", f"setback_{kind}_m")
    gross = parameters.value("roofs", f"usable_{roof_class}_{kind}")
    found = usable(use, kind, house(width, length, 90), setback)
    assert found == pytest.approx(width * length * min(gross, float(rectangle_share(width, length, setback))), rel=1e-6)


def test_a_narrow_roof_loses_more_to_its_edges_than_a_wide_one():
    narrow, wide = (usable("school", "flat_concrete", house(width, 1200 / width, 90), 1.2) for width in (8, 30))
    assert narrow < wide


def test_the_basis_is_told_for_every_roof():
    rows = [("school", "flat_concrete", house(20, 60, 0)), ("greenhouse", "metal_sheet", house(20, 60, 0))]
    for options, basis in ((None, "gross_share"), (RoofOptions(setback_m=0.5), "setback")):
        roofs = design(rows, options)
        assert (roofs["usable_basis"] == basis).all()
        assert roofs["usable_m2"].tolist()[1] == 0
        assert all(text(f"usable_basis.{basis}", language) for language in LANGUAGES)


def test_roofs_without_a_shape_have_no_usable_area():
    rows = [("school", "flat_concrete", shapely.Polygon()), ("school", "flat_concrete", None)]
    for options in EVERY:
        roofs = design(rows, options)
        assert (roofs["exclusion_reason"] == "roof.no_area").all()
        assert (roofs[["roof_m2", "usable_m2", "panel_m2", "capacity_kw"]] == 0).all(axis=None)


def city():
    rng = np.random.default_rng(11)
    count = 60
    rows = [
        (rng.choice(USES), rng.choice([*MOUNTINGS, "unknown"]), house(*rng.uniform(5, 70, 2), rng.uniform(0, 180)))
        for _ in range(count)
    ]
    given = {
        "year_built": rng.choice([np.nan, 1985, 1995, 2005, 2015], count),
        "roof_tilt_deg": rng.choice([np.nan, 5, 20], count),
        "roof_azimuth_deg": rng.choice([np.nan, 30, 170, 260], count),
        "structure": rng.choice(["unknown", "earth_timber", "brick_concrete"], count),
    }
    return layer(rows).assign(**given)


@pytest.mark.parametrize("options", [*EVERY, RoofOptions(rows_follow_building=True)])
def test_each_roof_is_designed_by_itself(options):
    buildings = city()
    whole = design_roofs(buildings, options=options)
    backwards = design_roofs(buildings.iloc[::-1], options=options)
    pd.testing.assert_frame_equal(whole, backwards.loc[whole.index])
    alone = pd.concat([design_roofs(buildings.iloc[[at]], options=options) for at in range(0, len(buildings), 7)])
    pd.testing.assert_frame_equal(whole.iloc[::7], alone)


def test_the_buildings_are_not_changed_and_may_share_a_label():
    buildings = city()
    before = buildings.copy()
    whole = design_roofs(buildings, options=RoofOptions(setback_m=1.0))
    pd.testing.assert_frame_equal(buildings, before)
    twins = buildings.set_axis(["b0"] * len(buildings))
    same = design_roofs(twins, options=RoofOptions(setback_m=1.0))
    pd.testing.assert_frame_equal(whole.reset_index(drop=True), same.reset_index(drop=True))
