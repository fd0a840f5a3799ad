"""The figures of a box are those of the buildings in it, counted one by one; districts add up to the city."""

import json

import numpy as np
import pytest
import shapely

from heating import rates
from heating.assessment import assess
from heating.drilldown import locate
from heating.layers import demo_layers
from heating.scenario import Scenario
from ui.choropleth import _documents, district_rates
from ui.selection import summary, within_box


@pytest.fixture(scope="module")
def done():
    return assess(demo_layers(buildings=1500), Scenario())


def test_a_box_holds_what_its_inner_point_says(done):
    west, south, east, north = np.percentile(done.buildings.bounds.to_numpy(), [30, 30, 70, 70], axis=0).diagonal()
    box = (float(west), float(south), float(max(east, west + 0.1)), float(max(north, south + 0.1)))
    inside = within_box(done.buildings, box)
    assert 0 < inside.sum() < len(inside)
    for shape, held in zip(done.buildings.geometry, inside, strict=True):
        point = shapely.point_on_surface(shape)
        assert held == (box[0] <= point.x <= box[2] and box[1] <= point.y <= box[3])


def test_the_figures_are_sums_and_the_rate_an_interval(done):
    chosen = done.buildings.iloc[:400]
    clean = chosen.loc[chosen["clean_heating"] == "clean", "area_m2"].sum()
    unknown = chosen.loc[chosen["clean_heating"] == "unknown", "area_m2"].sum()
    heated = chosen.loc[chosen["clean_heating"] != "not_heated", "area_m2"].sum()
    figures = summary(chosen, 3)
    assert figures["box.buildings"] == "400"
    assert figures["box.boilers"] == "3"
    assert figures["box.heated"] == f"{heated / 1e4:,.2f}"
    low, high = rates.shown_percent(clean / heated), rates.shown_percent((clean + unknown) / heated)
    assert figures["box.rate"] == (low if low == high else f"{low} – {high}")


def test_nothing_heated_has_no_rate(done):
    assert summary(done.buildings.iloc[:0], 0)["box.rate"] == "—"


@pytest.mark.parametrize("level", ["county", "town", "village"])
def test_districts_add_up_to_the_city(done, level):
    table = district_rates(done, level)
    heated = done.buildings["clean_heating"] != "not_heated"
    assert table["heated_m2"].sum() == pytest.approx(done.buildings.loc[heated, "area_m2"].sum())
    places = locate(done.buildings, done.layers.get("villages"))
    key = {"county": "county_code", "town": "town", "village": "village_code"}[level]
    for name, row in table.iterrows():
        some = done.buildings[(places[key] == name).to_numpy()]
        area = some["area_m2"].where(some["clean_heating"] == "clean", 0.0).sum()
        if row["heated_m2"] > 0:
            assert row["rate_low"] == pytest.approx(area / row["heated_m2"])


def test_each_level_is_a_document_with_the_rates_it_shows(done):
    documents = _documents.__wrapped__("x", "zh", done)
    assert list(documents) == ["county", "town", "village"]
    for level, content in documents.items():
        features = json.loads(content)["features"]
        table = district_rates(done, level)
        assert len(features) > 2
        for feature in features:
            said = dict(feature["properties"]["_tooltip"])
            if feature["id"] in table.index and table.loc[feature["id"], "heated_m2"] > 0:
                assert rates.shown_percent(float(table.loc[feature["id"], "rate_low"])) in said["清洁取暖率"]
            else:
                assert said["清洁取暖率"] == "—"
