"""Rates at points in time: kept once, in both stores, and the pace that a target asks for."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from data.errors import DataError
from heating import rates
from heating.assessment import assess
from heating.scenario import Scenario
from heating.snapshots import SnapshotStore, progress
from tests.geo.postgres_server import postgis_url, postgres  # noqa: F401 - fixtures
from tests.heating.test_checks import fresh


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


@pytest.fixture(params=["folder", pytest.param("postgres", marks=pytest.mark.xdist_group("checks"))])
def store(request, tmp_path):
    where = tmp_path if request.param == "folder" else fresh(request.getfixturevalue("postgis_url"))
    opened = SnapshotStore(where)
    yield opened
    opened.close()


def test_what_is_kept_comes_back_with_its_rates(done, store):
    store.save(done, day="2025-12-31", name="年底台账", who="王")
    found = store.table()
    wanted = done.clean_heating.reset_index(drop=True)
    assert len(found) == len(wanted)
    for name in ("county_code", "zone"):
        assert found[name].tolist() == wanted[name].tolist()
    for name in ("clean_area_m2", "unknown_households", "target", "rate_low", "rate_high"):
        pd.testing.assert_series_equal(found[name], wanted[name], check_exact=False, rtol=1e-12)


def test_nothing_is_written_over_and_a_snapshot_can_be_taken_away(done, store):
    store.save(done, day="2025-12-31", name="甲", who="王")
    with pytest.raises(DataError) as refused:
        store.save(done, day="2025-12-31", name=" 甲 ", who="李")
    assert refused.value.faults[0].rule == "snapshot_taken"
    store.save(done, day="2026-12-31", name="甲", who="李")
    assert sorted(set(store.table()["who"])) == ["李", "王"]
    store.drop(day="2025-12-31", name="甲")
    assert set(store.table()["day"]) == {"2026-12-31"}


def test_a_day_that_is_none_is_refused(done, store):
    with pytest.raises(ValueError, match="day"):
        store.save(done, day="2026-02-30", name="甲", who="王")


def kept(*rows):
    table = pd.DataFrame(rows, columns=["day", "at", "zone", "rate_low", "rate_high", "target"])
    return table.assign(county_code=rates.ALL)


def test_the_pace_is_what_is_left_over_the_years_that_are_left():
    table = kept(
        ("2024-01-01", "a", "rural", 0.40, 0.50, 0.60),
        ("2026-01-01", "b", "rural", 0.50, 0.56, 0.60),
        ("2026-01-01", "c", "urban", 1.00, 1.00, 1.00),
    )
    found = progress(table, due="2028-01-01").set_index("zone")
    assert found.loc["rural", "pace_low"] == pytest.approx(0.05, rel=1e-3)
    assert found.loc["rural", "needed_low"] == pytest.approx(0.05, rel=2e-3)
    assert found.loc["rural", "needed_high"] == pytest.approx(0.02, rel=2e-3)
    assert math.isnan(found.loc["urban", "pace_low"])
    assert found.loc["urban", "needed_low"] == 0.0
    late = progress(table, due="2025-12-31").set_index("zone")
    assert math.isnan(late.loc["rural", "needed_low"])
    assert late.loc["urban", "needed_low"] == 0.0
    reached = progress(table.assign(target=0.3), due="2025-12-31")
    assert (reached["needed_low"] == 0).all()
    assert progress(table.iloc[:0], due="2028-01-01").empty


def test_the_last_of_a_day_counts(done, store):
    store.save(done, day="2026-01-01", name="甲", who="王")
    better = done.clean_heating.assign(clean_area_m2=done.clean_heating["clean_area_m2"] * 2)
    store.save(replace(done, clean_heating=better), day="2027-01-01", name="乙", who="王")
    found = progress(store.table(), due="2030-01-01").set_index("zone")
    assert (found["day"] == "2027-01-01").all()
    assert (found["pace_low"] > 0).all()
