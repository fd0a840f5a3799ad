"""The rows behind a figure add up to it."""

import numpy as np
import pytest

from data.catalog import UNKNOWN
from heating import ladder_tables, linear, rate_sheet, rates
from heating.assessment import assess
from heating.behind import of_area, of_rung
from heating.scenario import Scenario


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario(tap_reach_m=100.0))


@pytest.mark.parametrize(
    ("basis", "measure", "scale"), [("area", "area_m2", 1e4), ("households", "households_used", 1)]
)
def test_every_figure_of_the_reported_table_is_the_sum_of_its_rows(done, basis, measure, scale):
    for row in rate_sheet.j4(done, basis).to_dict("records"):
        for part in ("total", *rate_sheet.CLEAN, *rate_sheet.DIRTY, *rates.PARTS):
            keep = of_area(done.buildings, county=row["county_code"], zone=row["zone"], part=part)
            assert done.buildings.loc[keep, measure].sum() / scale == pytest.approx(row[part], abs=1e-9), part


def test_what_closes_a_gap_is_what_is_not_clean_or_not_known(done):
    keep = of_area(done.buildings, zone="rural", part="gap_high")
    assert set(done.buildings.loc[keep, "clean_heating"]) == {"not_clean", "unknown"}
    assert set(done.buildings.loc[keep, "zone"]) == {"rural"}


def test_every_rung_of_a_zone_is_its_rows(done):
    table = ladder_tables.city_table(done)
    whole = table[table["county_code"] == rates.ALL]
    for row in whole.itertuples():
        keep = of_rung(done.buildings, zone=row.zone, rung=row.coverage)
        assert (keep.sum(), done.buildings.loc[keep, "area_m2"].sum()) == (row.buildings, pytest.approx(row.area_m2))
    for zone, rows in whole.groupby("zone"):
        assert of_rung(done.buildings, zone=zone, rung=None).sum() == rows["buildings"].sum()


def test_what_an_area_would_have_to_deliver_is_its_rows(done):
    table = ladder_tables.by_network(done)
    assert len(table)
    for row in table.itertuples():
        keep = ladder_tables.not_connected_inside(done.buildings, row.network_id)
        assert keep.sum() == row.buildings
        assert done.buildings.loc[keep, "peak_kw"].sum() / 1e3 == pytest.approx(row.together_mw)


def test_the_heat_of_a_village_is_that_of_its_rows(done):
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    table = linear.by_village(done)
    for row in table.itertuples():
        own = heated[heated["village_code"].astype(object).fillna(UNKNOWN) == row.village_code]
        np.testing.assert_allclose(own["heat_gj"].sum() / 3.6, row.heat_mwh)
        assert len(own) == row.buildings
