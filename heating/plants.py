"""Power plants that can be the centre of the 15 km clause, and how far each boiler is from them."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.proximity import nearest
from heating.scenario import Scenario
from heating.verdicts import State, all_of, truth

OPERATING = "operating"
_M_PER_KM = 1000.0


def plant_states(plants: gpd.GeoDataFrame, scenario: Scenario) -> pd.DataFrame:
    """Judge each plant as a centre of the radius clause.

    Parameters
    ----------
    plants : geopandas.GeoDataFrame
        Units; those of one plant share ``plant_id``. Only operating ones count.
    scenario : Scenario
        Size limit, plant or unit reading, captive switch.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``plant_id``: ``name, units, operating_mw, largest_unit_mw, is_chp, is_captive, qualifies``
        (three-valued), ``doubt`` (keys of what is not known), ``spare_heat_mw``.
    """
    rows = {}
    for plant_id, units in plants[plants["status"] == OPERATING].groupby("plant_id", sort=True):
        size = units["capacity_mw"].sum(skipna=False) if scenario.plant_reading == "plant" else (
            np.nan if units["capacity_mw"].isna().any() else units["capacity_mw"].max()
        )
        known = units["capacity_mw"].sum() if scenario.plant_reading == "plant" else units["capacity_mw"].max()
        big: State = "yes" if known >= scenario.chp_min_mw else "review" if np.isnan(size) else "no"
        chp = _any(units["is_chp"])
        captive = _any(units["is_captive"])
        independent: State = "yes" if scenario.captive_counts else {"yes": "no", "no": "yes", "review": "review"}[captive]  # type: ignore[assignment]
        states = {"plant_capacity": big, "plant_chp": chp, "plant_captive": independent}
        rows[plant_id] = {
            "name": units["name"].iloc[0],
            "units": len(units),
            "operating_mw": units["capacity_mw"].sum(),
            "largest_unit_mw": units["capacity_mw"].max(),
            "is_chp": chp,
            "is_captive": captive,
            "qualifies": all_of(*states.values()),
            "doubt": ";".join(name for name, state in states.items() if state == "review"),
            "spare_heat_mw": units["spare_heat_mw"].sum(min_count=1),
        }
    columns = ["name", "units", "operating_mw", "largest_unit_mw", "is_chp", "is_captive", "qualifies", "doubt"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[*columns, "spare_heat_mw"])
    return table.rename_axis("plant_id")


def _any(column: pd.Series) -> State:
    states = [truth(value) for value in column]
    if "yes" in states:
        return "yes"
    return "review" if "review" in states else "no"


@dataclass(frozen=True, slots=True)
class Radius:
    """How each boiler stands to the radius clause; arrays in the order of the boilers."""

    state: NDArray[np.object_]
    plant_id: NDArray[np.object_]
    metres: NDArray[np.float64]
    doubt: NDArray[np.object_]


def _banded(metres: NDArray[np.float64], radius_m: float, band_m: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return yes inside, no outside, review within the band round the radius: |d − r| < band."""
    inside = np.where(metres <= radius_m, "yes", "no").astype(object)
    inside[np.abs(metres - radius_m) < band_m] = "review"
    return inside


def _centres(plants: gpd.GeoDataFrame, ids: pd.Index, scenario: Scenario) -> gpd.GeoDataFrame:
    units = plants[(plants["status"] == OPERATING) & plants["plant_id"].isin(ids)].reset_index(drop=True)
    if scenario.distance_from == "point":
        units = units.set_geometry(units.geometry.representative_point())
    return units


def radius(
    boilers: gpd.GeoDataFrame, plants: gpd.GeoDataFrame, states: pd.DataFrame, scenario: Scenario
) -> Radius:
    """Measure every boiler against the plants that qualify, and against those that might.

    A boiler inside the radius of a qualifying plant is ``yes``; one that is inside only of plants whose
    qualification is not known, or in the review band (|d − 15 km| < max(50 m, 2σ)), is ``review``.

    Parameters
    ----------
    boilers, plants : geopandas.GeoDataFrame
        Lon-lat.
    states : pandas.DataFrame
        From `plant_states`.
    scenario : Scenario
        Radius, band and where to measure from.
    """
    limit = scenario.radius_km * _M_PER_KM
    sigma = boilers["position_sigma_m"].fillna(0.0).to_numpy(dtype=float)
    band = np.maximum(scenario.review_band_m, 2 * sigma)
    measured = {}
    for wanted in ("yes", "review"):
        units = _centres(plants, states.index[states["qualifies"] == wanted], scenario)
        found = nearest(boilers, units)
        ids = np.append(units["plant_id"].to_numpy(dtype=object), None)
        measured[wanted] = (_banded(found.metres, limit, band), ids[found.position], found.metres)
    sure, maybe = measured["yes"], measured["review"]
    use_maybe = (sure[0] == "no") & (maybe[0] != "no")
    state = np.where(use_maybe, "review", sure[0]).astype(object)
    plant = np.where(use_maybe, maybe[1], sure[1])
    doubts = states["doubt"].to_dict()
    doubt = np.empty(len(boilers), dtype=object)
    for at in range(len(boilers)):
        near_edge = (maybe if use_maybe[at] else sure)[0][at] == "review"
        named = tuple(filter(None, str(doubts.get(plant[at], "")).split(";"))) if use_maybe[at] else ()
        doubt[at] = (*named, *(("radius_band",) if near_edge else ()))
    return Radius(state, plant, np.where(use_maybe, maybe[2], sure[2]), doubt)
