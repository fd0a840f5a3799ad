"""The nearest main that may be tapped: readings by straight line and along streets beside the declared one.

Neither is a declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import parameters
from geo.streets import StreetGraph
from heating.inside import SURE, combined, doubtful_band, probability, stated_sigma
from heating.scenario import Scenario
from heating.validity import terms

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Bools = NDArray[np.bool_]
Measure = Callable[[Objects, Floats], tuple[NDArray[np.intp], Floats]]
"""From some mains, and how near is near enough to matter [m], to the position of each place's main (-1: none leads
there) and its distance [m]."""
FOUND: Final = ("main_id", "main_distance_m", "main_dn_mm", "main_year")


@dataclass(frozen=True, slots=True)
class Mains:
    """The main of each place, and whether it is within reach.

    Parameters
    ----------
    found : pandas.DataFrame
        ``main_id``, ``main_distance_m`` [m], ``main_dn_mm`` [mm], ``main_year``: the nearest that surely may be
        tapped, or the one that leaves the reading open.
    reading : array of str
        Whether one is within reach: yes, no or review; review without a reach.
    doubt : array of str
        What leaves the reading open while there is a reach: ``main_edge``, ``main_unknown``, ``no_mains``, no way
        leads to one (``no_way``), there are no streets (``no_streets``), or a boiler does not, or may not, make hot
        water (``main_medium``).
    """

    found: pd.DataFrame
    reading: Objects
    doubt: Objects


def tappable(networks: gpd.GeoDataFrame, scenario: Scenario) -> tuple[Bools, Bools]:
    """Return which rows are mains that surely may be tapped, and which may be: running, hot water, wide enough."""
    pipes = (networks["kind"] == "pipe").to_numpy(dtype=bool)
    said = terms(networks, scenario.as_of)
    least, dn = scenario.tap_min_dn_mm, networks["dn_mm"].to_numpy(dtype=float)
    wide, unstated = (np.full(len(networks), fill_value=True), np.zeros(len(networks), dtype=bool))
    if least is not None:
        wide, unstated = dn >= least, np.isnan(dn)
    status, medium = networks["status"].to_numpy(dtype=object), networks["medium"].to_numpy(dtype=object)
    sure = pipes & (status == "existing") & (medium == "hot_water") & wide & (said == "")
    maybe = pipes & np.isin(status, ["existing", "unknown"]) & (medium != "steam") & (wide | unstated)
    return sure, maybe & np.isin(said, ["", "term_open"])


def straight(frame: gpd.GeoDataFrame, footprints: Objects) -> Measure:
    """Measure places in a straight line from their footprints.

    The main is the one nearest to the place's point; where the footprint may be as near as matters, all mains are
    measured from the footprint itself.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Points that stand for the places, in a projected CRS [m].
    footprints : array of shapely geometry
        What stands there.
    """

    def measured(lines: Objects, exact_within_m: Floats) -> tuple[NDArray[np.intp], Floats]:
        tree = shapely.STRtree(lines)
        points = frame.geometry.to_numpy()
        (_, nearest), from_point = tree.query_nearest(points, all_matches=False, return_distance=True)
        metres = shapely.distance(footprints, lines[nearest])
        west, south, east, north = shapely.bounds(footprints).T
        close = np.flatnonzero(from_point - np.hypot(east - west, north - south) <= exact_within_m)
        (_, exact), shorter = tree.query_nearest(footprints[close], all_matches=False, return_distance=True)
        nearest[close], metres[close] = exact, shorter
        return nearest, metres

    return measured


def along(streets: StreetGraph, footprints: Objects) -> Measure:
    """Measure places along streets: straight to the nearest street, along streets, and from there to a main beside."""
    spots = streets.spots(footprints)

    def measured(lines: Objects, _: Floats) -> tuple[NDArray[np.intp], Floats]:
        ways = streets.ways(spots, lines, hop_m=parameters.value("policy", "main_hop_m"))
        return ways.line, ways.metres

    return measured


def _nearest(
    frame: gpd.GeoDataFrame, mains: gpd.GeoDataFrame, scenario: Scenario, measure: Measure
) -> tuple[pd.DataFrame, Floats]:
    """Return the nearest of some mains, and P(within reach)."""
    found = pd.DataFrame({name: np.full(len(frame), np.nan) for name in FOUND}).astype({"main_id": object})
    if mains.empty or frame.empty:
        return found.assign(main_id=None), np.zeros(len(frame))
    own, theirs = stated_sigma(frame), stated_sigma(mains)
    widest = np.full(len(frame), np.nan if np.isnan(theirs).any() else theirs.max())
    reach = -np.inf if scenario.tap_reach_m is None else scenario.tap_reach_m
    within = reach + doubtful_band(combined(own, widest, scenario.review_band_m))
    at, metres = measure(mains.geometry.to_numpy(), within)
    led = at >= 0
    found["main_id"] = pd.Series(mains["network_id"].to_numpy(dtype=object)[at]).where(led, None)
    found["main_distance_m"] = np.where(led, metres, np.nan)
    found["main_dn_mm"] = np.where(led, mains["dn_mm"].to_numpy(dtype=float)[at], np.nan)
    if "year_built" in mains:
        found["main_year"] = np.where(led, mains["year_built"].to_numpy(dtype=float)[at], np.nan)
    sigma = combined(own, theirs[at], scenario.review_band_m)
    return found, np.where(led, probability(reach - np.where(led, metres, 0.0), sigma), 0.0)


def mains_near(frame: gpd.GeoDataFrame, networks: gpd.GeoDataFrame, scenario: Scenario, measure: Measure) -> Mains:
    """Return the main of each place, and whether it is within reach.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Points that stand for the places, in a projected CRS [m].
    networks : geopandas.GeoDataFrame
        In that CRS.
    scenario : Scenario
        Reach and least diameter of a tap, review band, and the day on which declarations must be in force.
    measure : callable
        `straight` or `along`. Where no way leads to a main the reading stays open: the drawing may lack a street.
    """
    sure, maybe = tappable(networks, scenario)
    found, p = _nearest(frame, networks[sure], scenario, measure)
    reading, doubt = np.full(len(frame), "review", dtype=object), np.full(len(frame), "", dtype=object)
    if not sure.any() and maybe.any():
        found, p = _nearest(frame, networks[maybe], scenario, measure)[0], np.zeros(len(frame))
    if scenario.tap_reach_m is None:
        return Mains(found=found, reading=reading, doubt=doubt)
    doubt[p < SURE] = "main_edge"
    reading[p >= SURE] = "yes"
    reading[p <= 1 - SURE], doubt[p <= 1 - SURE] = "no", ""
    if (maybe & ~sure).any():
        other, p_other = _nearest(frame, networks[maybe & ~sure], scenario, measure)
        open_ones = (reading == "no") & (p_other > 1 - SURE)
        reading[open_ones], doubt[open_ones] = "review", "main_unknown"
        found = found.where(~pd.Series(open_ones), other)
    pathless = (reading == "no") & found["main_id"].isna().to_numpy() & sure.any()
    reading[pathless], doubt[pathless] = "review", "no_way"
    if not (networks["kind"] == "pipe").any():
        reading[:], doubt[:] = "review", "no_mains"
    if "medium" in frame:  # what makes steam is not heated by a hot-water main
        steam = (frame["medium"] != "hot_water").to_numpy(dtype=bool) & (reading == "yes")
        reading[steam], doubt[steam] = "review", "main_medium"
    return Mains(found=found, reading=reading, doubt=doubt)


def unmeasured(frame: gpd.GeoDataFrame, scenario: Scenario) -> Mains:
    """Return the reading along streets where there are none: open, as far as there is a reach."""
    found = pd.DataFrame({name: np.full(len(frame), np.nan) for name in FOUND}).astype({"main_id": object})
    why = "" if scenario.tap_reach_m is None else "no_streets"
    return Mains(
        found=found.assign(main_id=None),
        reading=np.full(len(frame), "review", dtype=object),
        doubt=np.full(len(frame), why, dtype=object),
    )
