"""Power plants that can be the centre of the 15 km clause, and how far each boiler is from them.

States are kept as positions in `heating.verdicts.STATES` (no < review < yes) where arrays are compared:
Kleene's conjunction is then the minimum, and his disjunction the maximum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.proximity import Distances
from heating.scenario import Scenario
from heating.verdicts import STATES, State, all_of, any_of, at_least, negate, truth

OPERATING: Final = "operating"
NO, REVIEW, YES = range(len(STATES))
_M_PER_KM: Final = 1000.0
_STATE_COLUMNS: Final = (
    "name",
    "units",
    "operating_mw",
    "largest_unit_mw",
    "chp_mw",
    "is_chp",
    "is_captive",
    "qualifies",
    "doubt",
    "spare_heat_mw",
    "centre_spare_mw",
)


class _Unit(NamedTuple):
    """A generating unit: what is given of it, and how it was judged."""

    plant_id: str
    name: Any
    capacity_mw: float
    status: str
    is_chp: Any
    is_captive: Any
    spare_heat_mw: float
    plant_status: State
    plant_chp: State
    plant_captive: State
    counts: State


def unit_states(plants: gpd.GeoDataFrame, scenario: Scenario) -> pd.DataFrame:
    """Judge each unit: it counts towards a centre if it runs, is CHP, and is not captive (FACTS §A2-R3, A3-4).

    Returns
    -------
    pandas.DataFrame
        On the index of `plants`: ``counts`` (three-valued) and its parts ``plant_status, plant_chp,
        plant_captive``, which are also the keys of what is not known.
    """
    running: dict[str, State] = {OPERATING: "yes", "unknown": "review"}
    parts = pd.DataFrame(
        {
            "plant_status": [running.get(status, "no") for status in plants["status"]],
            "plant_chp": [truth(value) for value in plants["is_chp"]],
            "plant_captive": [
                "yes" if scenario.captive_counts else negate(truth(value)) for value in plants["is_captive"]
            ],
        },
        index=plants.index,
        dtype=object,
    )
    counts = [all_of(*states) for states in parts.itertuples(index=False)]
    return parts.assign(counts=pd.Series(counts, index=plants.index, dtype=object))


def spare_heat(plants: pd.DataFrame) -> pd.Series:
    """Return the spare heat of each unit at peak [MW]: what is declared, else what it can deliver less its load.

    NaN where neither is given; negative where a unit is short.
    """
    declared = plants["spare_heat_mw"].astype(float)
    if not {"heat_capacity_mw", "heat_load_mw"} <= set(plants):
        return declared
    return declared.fillna(plants["heat_capacity_mw"].astype(float) - plants["heat_load_mw"].astype(float))


def _size(units: Sequence[_Unit], scenario: Scenario) -> float:
    """Return the size that the reading asks for [MW]: of the whole plant, or of its largest unit."""
    known = [unit.capacity_mw for unit in units if not math.isnan(unit.capacity_mw)]
    return math.fsum(known) if scenario.plant_reading == "plant" else max(known, default=0.0)


def _plant(units: Sequence[_Unit], scenario: Scenario) -> dict[str, object]:
    """Judge one plant from its units: by the size that is sure, and by the size that is possible."""
    possible = [unit for unit in units if unit.counts != "no"]
    sure = [unit for unit in possible if unit.counts == "yes"]
    nameless = any(math.isnan(unit.capacity_mw) for unit in possible)
    reached = at_least(_size(sure, scenario), scenario.chp_min_mw) if sure else "no"
    reachable = possible and (nameless or at_least(_size(possible, scenario), scenario.chp_min_mw) == "yes")
    parts = ("plant_status", "plant_chp", "plant_captive")
    doubt = [name for name in parts if any(getattr(unit, name) == "review" for unit in possible)]
    running = [unit for unit in units if unit.status == OPERATING]
    sizes = [unit.capacity_mw for unit in running if not math.isnan(unit.capacity_mw)]
    named = pd.Series([unit.name for unit in units], dtype=object).dropna()
    qualifies: State = "yes" if reached == "yes" else "review" if reachable else "no"
    return {
        "name": named.mode().iloc[0] if len(named) else units[0].plant_id,
        "units": len(running),
        "operating_mw": math.fsum(sizes),
        "largest_unit_mw": max(sizes, default=math.nan),
        "chp_mw": math.fsum(unit.capacity_mw for unit in sure if not math.isnan(unit.capacity_mw)),
        "is_chp": any_of(*(truth(unit.is_chp) for unit in running)),
        "is_captive": any_of(*(truth(unit.is_captive) for unit in running)),
        "qualifies": qualifies,
        "doubt": ";".join([*doubt, *["plant_capacity"] * nameless]) if qualifies != "no" else "",
        # Units without a figure may be short of heat: their plant's total is not known then.
        "spare_heat_mw": math.fsum(unit.spare_heat_mw for unit in running) if running else math.nan,
        "centre_spare_mw": _centre_spare(running),
    }


def _centre_spare(running: list[_Unit]) -> float:
    """Return the heat that the units which make the plant a centre can still give [MW]; NaN where it is not known.

    Boilers beside them and captive units do not replace heat under the clause on CHP plants. A unit that only may
    count leaves the sum open, unless it says that it has none to give.
    """
    counted = [unit for unit in running if unit.counts != "no"]
    if not counted or any(unit.counts == "review" and unit.spare_heat_mw > 0 for unit in counted):
        return math.nan
    return math.fsum(unit.spare_heat_mw for unit in counted)


def _by_plant(plants: gpd.GeoDataFrame, scenario: Scenario) -> dict[str, list[_Unit]]:
    """Return the units of each plant, in the order of their plants' identifiers."""
    judged = unit_states(plants, scenario).assign(spare_heat_mw=spare_heat(plants))
    columns = [judged[name] if name in judged else plants[name] for name in _Unit._fields]
    found: dict[str, list[_Unit]] = {}
    for cells in zip(*(column.astype(object) for column in columns), strict=True):
        unit = _Unit(*cells)
        found.setdefault(unit.plant_id, []).append(unit)
    return dict(sorted(found.items()))


def plant_states(plants: gpd.GeoDataFrame, scenario: Scenario) -> pd.DataFrame:
    """Judge each plant as a centre of the radius clause.

    Parameters
    ----------
    plants : geopandas.GeoDataFrame
        Units; those of one plant share ``plant_id``. Only running CHP units add to its size.
    scenario : Scenario
        Size limit, plant or unit reading, captive switch.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``plant_id``: ``name, units, operating_mw, largest_unit_mw, chp_mw, is_chp, is_captive,
        qualifies`` (three-valued), ``doubt`` (keys of what is not known), ``spare_heat_mw`` (of `spare_heat`, all
        running units) and ``centre_spare_mw`` (of those that make it a centre) [MW].
    """
    rows = {plant_id: _plant(units, scenario) for plant_id, units in _by_plant(plants, scenario).items()}
    index = pd.Index(list(rows), dtype=plants["plant_id"].dtype, name="plant_id")
    return pd.DataFrame(list(rows.values()), index=index, columns=list(_STATE_COLUMNS))


@dataclass(frozen=True, slots=True)
class Radius:
    """How each boiler stands to each plant that qualifies or might: one row a plant, one column a boiler.

    ``inside`` holds positions in `STATES`; ``metres`` is the distance that it rests on [m], ``point_metres``
    the one to the plant's point; ``edge`` tells where the review band decides. ``nearest`` is the row of the
    plant to show for each boiler: the nearest of those it is inside of, else the nearest that qualifies, or -1.
    """

    plant_id: NDArray[np.object_]
    inside: NDArray[np.intp]
    metres: NDArray[np.float64]
    point_metres: NDArray[np.float64]
    edge: NDArray[np.bool_]
    nearest: NDArray[np.intp]

    def state(self) -> list[State]:
        """Return whether each boiler is inside any plant's radius."""
        return [STATES[at] for at in self.inside.max(axis=0, initial=NO)]

    def shown(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value of the plant to show for each boiler, NaN where there is none."""
        padded = np.vstack([values, np.full((1, values.shape[1]), np.nan)])
        return np.asarray(padded[self.nearest, np.arange(values.shape[1])], dtype=float)


def _banded(
    metres: NDArray[np.float64], radius_m: float, band_m: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return yes inside, no outside, review within the band round the radius: |d − r| < band."""
    edge = np.abs(metres - radius_m) < band_m
    return np.where(edge, REVIEW, np.where(metres <= radius_m, YES, NO)), edge


def _to_plant(
    distances: Distances,
    units: Sequence[tuple[State, BaseGeometry]],
    qualifies: State,
    band_m: NDArray[np.float64],
    scenario: Scenario,
) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Return inside, edge, and distances of one plant; units that only may count leave their circle open."""
    limit, to_points = scenario.radius_km * _M_PER_KM, scenario.distance_from == "point"
    possible = [shape for counts, shape in units if counts != "no"]
    sure = [shape for counts, shape in units if counts == "yes"] if qualifies == "yes" else []
    metres = distances(possible, to_points=to_points)
    inside, edge = _banded(metres, limit, band_m)
    certain = distances(sure, to_points=to_points)
    surely, sure_edge = _banded(certain, limit, band_m)
    return (
        np.maximum(surely, np.minimum(inside, REVIEW)),
        sure_edge | (edge & (surely == NO)),
        certain if qualifies == "yes" else metres,
        distances(sure if qualifies == "yes" else possible, to_points=True),
    )


def radius(boilers: gpd.GeoDataFrame, plants: gpd.GeoDataFrame, states: pd.DataFrame, scenario: Scenario) -> Radius:
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
    band = np.maximum(scenario.review_band_m, 2 * boilers["position_sigma_m"].fillna(0.0).to_numpy(dtype=float))
    units: dict[str, list[tuple[State, BaseGeometry]]] = {}
    counts = unit_states(plants, scenario)["counts"]
    for plant_id, counted, shape in zip(plants["plant_id"], counts, plants.geometry, strict=True):
        units.setdefault(plant_id, []).append((counted, shape))
    centres = states[states["qualifies"] != "no"]
    distances = Distances(boilers)
    measured = [
        _to_plant(distances, units[str(plant_id)], qualifies, band, scenario)
        for plant_id, qualifies in centres["qualifies"].items()
    ]
    shape = (len(centres), len(boilers))
    inside = np.array([each[0] for each in measured], dtype=np.intp).reshape(shape)
    metres = np.array([each[2] for each in measured], dtype=float).reshape(shape)
    return Radius(
        plant_id=centres.index.to_numpy(dtype=object),
        inside=inside,
        metres=metres,
        point_metres=np.array([each[3] for each in measured], dtype=float).reshape(shape),
        edge=np.array([each[1] for each in measured], dtype=bool).reshape(shape),
        nearest=_nearest(inside, metres, (centres["qualifies"] == "yes").to_numpy(dtype=bool)),
    )


def _nearest(inside: NDArray[np.intp], metres: NDArray[np.float64], qualifies: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the row of the plant to show for each boiler: surest first, then nearest."""
    if not len(metres):
        return np.full(metres.shape[1], -1, dtype=np.intp)
    rank = inside * 2 + qualifies[:, None]
    best = rank == rank.max(axis=0)
    return np.asarray(np.where(best, metres, np.inf).argmin(axis=0), dtype=np.intp)
