"""Tables of plants and networks against counting row by row with shapely and geodesics."""

import numpy as np
import pandas as pd
import pytest
import shapely
from heating_samples import areas, at, boilers, buildings, layers_of, square, units
from pyproj import Geod

from data.catalog import label
from heating import supply_tables
from heating.assessment import assess
from heating.scenario import Scenario

GEOD = Geod(ellps="GRS80")


@pytest.fixture(scope="module")
def done(city):
    return assess(city, Scenario())


def small(**frames):
    return assess(layers_of(**({"buildings": buildings({})} | frames)), Scenario(allow_distant_weather=True))


def contains(done, frame, network):
    """Return which places lie in one area, in the run's projection."""
    places = frame.to_crs(done.crs).geometry.representative_point()
    area = done.layers.frames["networks"].set_index("network_id").geometry[[network]].to_crs(done.crs).iloc[0]
    return np.array([area.intersects(point) for point in places])


def test_buildings_and_boilers_of_an_area_are_those_that_shapely_finds_there(done):
    table = supply_tables.network_table(done)
    rows = table[table["kind"] == "service_area"].set_index("network_id")
    inside = {name: contains(done, done.buildings, name) for name in rows.index}
    boilers_in = {name: contains(done, done.boilers, name) for name in rows.index}
    shared = sum(held.astype(int) for held in inside.values()) > 1
    assert shared.sum() < 0.01 * len(done.buildings)
    heated = (done.buildings["clean_heating"] != "not_heated").to_numpy()
    for name, row in rows.iterrows():
        assert inside[name].sum() - (inside[name] & shared).sum() <= row["buildings"] <= inside[name].sum()
        if not (inside[name] & shared).any():
            area = done.buildings["area_m2"][inside[name] & heated].sum()
            assert row["heated_area_m2"] == pytest.approx(area)
        assert row["boilers"] <= boilers_in[name].sum()
    everywhere = np.any(list(inside.values()), axis=0)
    assert rows["buildings"].sum() == everywhere.sum()
    assert rows["boilers"].sum() == np.any(list(boilers_in.values()), axis=0).sum()


def test_boilers_of_a_plant_are_those_within_the_geodesic_radius(done):
    table = supply_tables.plant_table(done).set_index("plant_id")
    plants = done.layers.frames["plants"]
    band = np.maximum(done.scenario.review_band_m, 2 * done.boilers["position_sigma_m"].fillna(0.0)).to_numpy()
    for name, row in table[table["qualifies"] == "yes"].iterrows():
        running = plants[(plants["plant_id"] == name) & (plants["status"] == "operating")]
        metres = np.array(
            [
                min(GEOD.inv(boiler.x, boiler.y, point.x, point.y)[2] for point in running.geometry)
                for boiler in done.boilers.geometry
            ]
        )
        limit = done.scenario.radius_km * 1000
        assert row["boilers_within"] == ((metres <= limit) & (np.abs(metres - limit) >= band)).sum()
        # Units that are not running but may count leave more boilers open than the band alone.
        assert row["boilers_maybe"] >= (np.abs(metres - limit) < band).sum()
        listed = supply_tables.boilers_within(done, name)
        assert len(listed) == row["boilers_within"] + row["boilers_maybe"]
        assert (listed["within_radius"] == "yes").sum() == row["boilers_within"]


def test_verdicts_of_a_plant_add_up_to_its_boilers(done):
    table = supply_tables.plant_table(done)
    for row in table[table["qualifies"] != "no"].to_dict("records"):
        counts = [int(part.rsplit(" ", 1)[1]) for part in row["boilers_by_verdict"].split("；") if part]
        assert sum(counts) == row["boilers_within"] + row["boilers_maybe"]
    assert table.loc[table["qualifies"] == "no", ["boilers_within", "boilers_maybe"]].isna().all().all()


def test_every_plant_and_network_stands_in_its_table_once(done):
    plants, networks = done.layers.frames["plants"], done.layers.frames["networks"]
    assert sorted(supply_tables.plant_table(done)["plant_id"]) == sorted(plants["plant_id"].unique())
    assert list(supply_tables.network_table(done)["network_id"]) == list(networks["network_id"])


def test_counties_are_those_that_touch(done):
    networks, counties = done.layers.frames["networks"], done.layers.frames["counties"]
    found = supply_tables.counties_of(networks, counties)
    for at_row, shape in enumerate(networks.geometry):
        touching = [
            code
            for code, area in zip(counties["county_code"], counties.geometry, strict=True)
            if area.intersects(shape)
        ]
        assert found.iloc[at_row].split(";") == (touching or [supply_tables.OUTSIDE])
    assert set(supply_tables.counties_of(networks, None)) == {"unknown"}


def test_spare_heat_is_told_only_if_every_running_unit_declares_it():
    plants = units(
        {"plant_id": "P1", "spare_heat_mw": 50.0},
        {"plant_id": "P1", "spare_heat_mw": None},
        {"plant_id": "P2", "spare_heat_mw": 30.0},
        {"plant_id": "P2", "status": "construction", "spare_heat_mw": None},
        {"plant_id": "P3", "status": "retired"},
    )
    table = supply_tables.plant_table(small(plants=plants)).set_index("plant_id")
    assert np.isnan(table.loc["P1", "spare_heat_mw"])
    assert table.loc["P1", "spare_declared_units"] == 1
    assert table.loc["P2", ["spare_heat_mw", "units", "units_total"]].tolist() == [30.0, 1, 2]
    assert table["status"].to_dict() == {"P1": "operating", "P2": "operating", "P3": "retired"}
    assert table["boilers_within"].isna().all()


def test_an_area_of_unknown_status_holds_what_lies_in_it():
    networks = areas({"status": "unknown"}, {"status": "existing", "geometry": square(9_000.0)})
    done = small(networks=networks, boilers=boilers({}, {"geometry": at(9_000.0)}, {"geometry": at(50_000.0)}))
    table = supply_tables.network_table(done).set_index("network_id")
    assert table["boilers"].tolist() == [1, 1]
    assert table["buildings"].tolist() == [1, 0]
    assert supply_tables.members(done.boilers).tolist() == ["N1", "N2", None]


def test_areas_and_lengths_are_those_on_the_ground():
    pipe = {"kind": "pipe", "geometry": shapely.LineString([at(1_000.0), at(3_000.0)])}
    table = supply_tables.network_table(small(networks=areas({"geometry": square(3000.0, 400.0)}, pipe)))
    assert table["area_km2"].iloc[0] == pytest.approx(0.16, rel=1e-3)
    assert table["length_km"].iloc[1] == pytest.approx(2.0, rel=1e-3)
    assert table[["length_km", "area_km2"]].isna().to_numpy().tolist() == [[True, False], [False, True]]
    assert pd.isna(table["buildings"].iloc[1])


def test_what_is_not_declared_is_found():
    networks = areas(
        {"spare_heat_mw": None, "plant_id": "P1"},
        {"spare_heat_mw": -3.0, "plant_id": "P9"},
        {"spare_heat_mw": 10.0, "plant_id": None},
        {"kind": "pipe", "spare_heat_mw": None, "plant_id": "P1", "geometry": shapely.LineString([at(10.0), at(90.0)])},
    )
    plants = units({"spare_heat_mw": None}, {"plant_id": "P2", "is_chp": None})
    done = small(networks=networks, plants=plants)
    found = supply_tables.findings(supply_tables.plant_table(done), supply_tables.network_table(done))
    assert found == {
        "area_spare_undeclared": ["N1"],
        "area_spare_none": ["N2"],
        "network_source_missing": ["N3"],
        "network_source_strange": ["N2"],
        "plant_spare_undeclared": ["P1"],
        "plant_doubtful": ["P2"],
    }


def test_without_layers_the_tables_are_empty():
    done = small()
    plants, networks = supply_tables.plant_table(done), supply_tables.network_table(done)
    assert plants.empty
    assert networks.empty
    assert supply_tables.findings(plants, networks) == {}


def test_verdicts_are_counted_in_words():
    assert supply_tables.by_verdict(["R4", "review", "R4"], "zh") == (
        f"{label('verdict', 'R4')} 2；{label('verdict', 'review')} 1"
    )
    assert supply_tables.by_verdict([], "en") == ""
