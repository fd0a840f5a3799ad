"""The coverage ladder: how far each building or boiler is from district heat, the first rung that holds, and why.

The rungs, first match wins: connected > covered with spare heat > covered, none spare > reachable but undeclared >
planned > not covered > doubtful. Inside a declared area whose spare heat nobody has stated is a rung of its own: it is
covered, and whether it can be connected is not known. A distance to a pipe is a reading beside the declared one, never
a declaration: without a reach that the bureau has set, no place is called reachable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from geo.streets import StreetGraph
from heating.inside import SURE
from heating.mains import Mains, along, mains_near, straight, unmeasured
from heating.networks import Coverage
from heating.scenario import Scenario

RUNGS: Final = (
    "connected",
    "covered_spare",
    "covered_full",
    "covered_unstated",
    "reachable",
    "planned",
    "not_covered",
    "doubtful",
)
"""Rungs of the ladder, the first that holds is the place's."""
COVERED: Final = ("covered_spare", "covered_full", "covered_unstated")
"""The rungs inside a declared area that is in force."""
COLUMNS: Final = (
    "coverage",
    "coverage_basis",
    "coverage_network_id",
    "coverage_margin_m",
    "p_covered",
    "coverage_spare_mw",
    "planned_year",
    "main_id",
    "main_distance_m",
    "main_dn_mm",
    "main_year",
    "street_main_id",
    "street_distance_m",
    "reading_declared",
    "reading_line",
    "reading_street",
)
SUBSTATION: Final = "substation"
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Places:
    """What is asked about, in a projected CRS, with what the ladder needs of each.

    A ``position_sigma_m`` of the frame is the standard deviation of each position [m].

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Points that stand for the places, in their order.
    footprints : array of shapely geometry
        What stands there: the distance to a main is measured from its edge.
    connected : array of str
        From `connected_by`.
    streets : StreetGraph, optional
        In that CRS.
    """

    frame: gpd.GeoDataFrame
    footprints: Objects
    connected: Objects
    streets: StreetGraph | None = None


def connected_by(frame: pd.DataFrame, networks: pd.DataFrame) -> Objects:
    """Return what says that a building or boiler is connected: the supplier's accounts first, then its ledger.

    Parameters
    ----------
    frame : pandas.DataFrame
        Buildings or boilers.
    networks : pandas.DataFrame
        Where it lists substations, one that it does not list as running connects nobody.

    Returns
    -------
    array of str
        ``billing`` where a substation or an account is given, ``heat_source`` where the heat source declared is one
        that only a network delivers, ``unlisted`` where there is only a substation that is not known to run,
        else empty.
    """
    said = np.full(len(frame), "", dtype=object)
    stations = networks[networks["kind"] == SUBSTATION]
    running = stations.loc[stations["status"] == "existing", "network_id"]
    if "substation_id" in frame:
        given, known = frame["substation_id"].notna(), frame["substation_id"].isin(running)
        said[given.to_numpy()] = "unlisted" if len(stations) else "billing"
        said[known.to_numpy()] = "billing"
    if "meter_id" in frame:
        said[frame["meter_id"].notna().to_numpy()] = "billing"
    if "heat_source" in frame:
        fed = frame["heat_source"].map(parameters.table("heat_sources")["network_fed"] == "yes").fillna(value=False)
        said[(said != "billing") & fed.to_numpy(dtype=bool)] = "heat_source"
    return said


def ladder(places: Places, networks: gpd.GeoDataFrame, covered: Coverage, scenario: Scenario) -> pd.DataFrame:
    """Place each building or boiler on the ladder.

    Parameters
    ----------
    places : Places
        In a projected CRS [m].
    networks : geopandas.GeoDataFrame
        Pipes, areas and substations in that CRS.
    covered : Coverage
        How the places stand to the declared areas.
    scenario : Scenario
        Review band, reach and least diameter of a tap, and the day on which declarations must be in force.

    Returns
    -------
    pandas.DataFrame
        On the index of the places: ``coverage`` (one of `RUNGS`) and what it rests on: ``coverage_basis``,
        ``coverage_network_id``, ``coverage_margin_m`` [m] (distance to the edge of coverage, positive inside),
        ``p_covered`` [1], ``coverage_spare_mw`` [MW], ``planned_year``, ``main_id``, ``main_distance_m`` [m],
        ``main_dn_mm`` [mm], ``main_year`` in a straight line, ``street_main_id`` and ``street_distance_m`` [m] along
        streets; and the readings ``reading_declared``, ``reading_line`` and ``reading_street`` (``yes``, ``no``,
        ``review``), of which only the first is a declaration and `Scenario.reach_along` says which of the others
        makes a place reachable.
    """
    pipes = networks.reset_index(drop=True)
    by_line = mains_near(places.frame, pipes, scenario, straight(places.frame, places.footprints))
    by_street = unmeasured(places.frame, scenario)
    if places.streets is not None:
        by_street = mains_near(places.frame, pipes, scenario, along(places.streets, places.footprints))
    mains = by_street if scenario.reach_along == "street" else by_line
    doubt = _doubt(places, covered, mains)
    rung = _rung(places, covered, mains, doubt)
    main_id = mains.found["main_id"].to_numpy(dtype=object)
    named = [rung == "reachable", rung == "planned"]
    edged = np.isfinite(covered.edge.margin_m)
    words = {
        "coverage": rung,
        "coverage_basis": _basis(places, covered, rung, doubt),
        "coverage_network_id": np.select(named, [main_id, covered.plan_id], default=covered.network_id),
        "main_id": by_line.found["main_id"].to_numpy(dtype=object),
        "street_main_id": by_street.found["main_id"].to_numpy(dtype=object),
        "reading_declared": covered.state,
        "reading_line": by_line.reading,
        "reading_street": by_street.reading,
    }
    figures = {
        "coverage_margin_m": np.where(edged, covered.edge.margin_m, np.nan),
        "p_covered": np.where(edged, covered.edge.p, np.nan),
        "coverage_spare_mw": covered.spare_heat_mw,
        "planned_year": np.where(rung == "planned", covered.plan_year, np.nan),
        **{name: by_line.found[name].to_numpy(dtype=float) for name in ("main_distance_m", "main_dn_mm", "main_year")},
        "street_distance_m": by_street.found["main_distance_m"].to_numpy(dtype=float),
    }
    texts = {name: pd.array(values, dtype="string[pyarrow]") for name, values in words.items()}
    every = {**texts, **figures}
    return pd.DataFrame({name: every[name] for name in COLUMNS}, index=places.frame.index)


def _doubt(places: Places, covered: Coverage, mains: Mains) -> Objects:
    """Return the first thing that keeps each place from being called not covered; empty where nothing does."""
    at_plan = covered.plan.p
    reasons = [
        (covered.doubt != "", covered.doubt),
        ((at_plan > 1 - SURE) & (at_plan < SURE), _said("plan_edge", places)),
        (mains.doubt != "", mains.doubt),
        (places.connected == "unlisted", _said("unlisted", places)),
    ]
    return np.select([where for where, _ in reasons], [word for _, word in reasons], default="").astype(object)


def _said(word: str, places: Places) -> Objects:
    return np.full(len(places.frame), word, dtype=object)


def _rung(places: Places, covered: Coverage, mains: Mains, doubt: Objects) -> Objects:
    """Return the first rung that holds for each place."""
    inside = covered.state == "yes"
    spare, medium = covered.spare, covered.same_medium
    holds: dict[str, Bools] = {
        "connected": np.isin(places.connected, ["billing", "heat_source"]),
        "covered_spare": inside & (spare == "yes") & (medium == "yes"),
        "covered_full": inside & ((spare == "no") | (medium == "no")),
        "covered_unstated": inside,
        "reachable": mains.reading == "yes",
        "planned": covered.plan.p >= SURE,
        "not_covered": doubt == "",
    }
    return np.select(list(holds.values()), [_said(name, places) for name in holds], "doubtful").astype(object)


def _basis(places: Places, covered: Coverage, rung: Objects, doubt: Objects) -> Objects:
    """Return what each rung rests on."""
    inside = np.isin(rung, ["covered_spare", "covered_full", "covered_unstated"])
    reasons = [
        (rung == "connected", places.connected),
        (rung == "reachable", _said("main", places)),
        (rung == "planned", _said("plan", places)),
        (rung == "doubtful", doubt),
        (inside & (covered.same_medium == "no"), _said("other_medium", places)),
        (inside & (covered.heat_doubt != ""), covered.heat_doubt),
        (inside & (covered.spare == "yes") & (covered.same_medium == "review"), _said("medium_unknown", places)),
    ]
    default = np.where(inside, "declared", "outside").astype(object)
    return np.select([where for where, _ in reasons], [word for _, word in reasons], default=default).astype(object)
