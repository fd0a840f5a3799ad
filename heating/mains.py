"""The nearest main that may be tapped: a reading by straight line beside the declared one, never a declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from heating.inside import SURE, combined, doubtful_band, probability, stated_sigma
from heating.scenario import Scenario
from heating.validity import terms

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Bools = NDArray[np.bool_]
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
        Whether one is within reach in a straight line: yes, no or review; review without a reach.
    doubt : array of str
        What leaves the reading open while there is a reach: ``main_edge``, ``main_unknown``, ``no_mains``, or a
        boiler does not, or may not, make hot water (``main_medium``).
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


def _to_lines(frame: gpd.GeoDataFrame, footprints: Objects, lines: Objects, exact_within_m: Floats) -> pd.DataFrame:
    """Return the line nearest to each place, and how far its footprint is from that line [m].

    The line is the one nearest to the place's point; where the footprint may be as near as matters, all lines are
    measured from the footprint itself.
    """
    tree = shapely.STRtree(lines)
    points = frame.geometry.to_numpy()
    (_, nearest), from_point = tree.query_nearest(points, all_matches=False, return_distance=True)
    metres = shapely.distance(footprints, lines[nearest])
    west, south, east, north = shapely.bounds(footprints).T
    close = np.flatnonzero(from_point - np.hypot(east - west, north - south) <= exact_within_m)
    (_, exact), shorter = tree.query_nearest(footprints[close], all_matches=False, return_distance=True)
    nearest[close], metres[close] = exact, shorter
    return pd.DataFrame({"at": nearest, "metres": metres})


def _nearest(
    frame: gpd.GeoDataFrame, footprints: Objects, mains: gpd.GeoDataFrame, scenario: Scenario
) -> tuple[pd.DataFrame, Floats]:
    """Return the nearest of some mains, and P(within reach)."""
    found = pd.DataFrame({name: np.full(len(frame), np.nan) for name in FOUND}).astype({"main_id": object})
    if mains.empty or frame.empty:
        return found.assign(main_id=None), np.zeros(len(frame))
    own, theirs = stated_sigma(frame), stated_sigma(mains)
    widest = np.full(len(frame), np.nan if np.isnan(theirs).any() else theirs.max())
    reach = -np.inf if scenario.tap_reach_m is None else scenario.tap_reach_m
    within = reach + doubtful_band(combined(own, widest, scenario.review_band_m))
    lines = _to_lines(frame, footprints, mains.geometry.to_numpy(), within)
    at = lines["at"].to_numpy()
    found["main_id"] = mains["network_id"].to_numpy(dtype=object)[at]
    found["main_distance_m"] = lines["metres"]
    found["main_dn_mm"] = mains["dn_mm"].to_numpy(dtype=float)[at]
    if "year_built" in mains:
        found["main_year"] = mains["year_built"].to_numpy(dtype=float)[at]
    sigma = combined(own, theirs[at], scenario.review_band_m)
    return found, probability(reach - lines["metres"].to_numpy(dtype=float), sigma)


def mains_near(frame: gpd.GeoDataFrame, footprints: Objects, networks: gpd.GeoDataFrame, scenario: Scenario) -> Mains:
    """Return the main of each place, and whether it is within reach in a straight line.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Points that stand for the places, in a projected CRS [m].
    footprints : array of shapely geometry
        What stands there: distances are measured from its edge.
    networks : geopandas.GeoDataFrame
        In that CRS.
    scenario : Scenario
        Reach and least diameter of a tap, review band, and the day on which declarations must be in force.
    """
    sure, maybe = tappable(networks, scenario)
    found, p = _nearest(frame, footprints, networks[sure], scenario)
    reading, doubt = np.full(len(frame), "review", dtype=object), np.full(len(frame), "", dtype=object)
    if not sure.any() and maybe.any():
        found, p = _nearest(frame, footprints, networks[maybe], scenario)[0], np.zeros(len(frame))
    if scenario.tap_reach_m is None:
        return Mains(found=found, reading=reading, doubt=doubt)
    doubt[p < SURE] = "main_edge"
    reading[p >= SURE] = "yes"
    reading[p <= 1 - SURE], doubt[p <= 1 - SURE] = "no", ""
    if (maybe & ~sure).any():
        other, p_other = _nearest(frame, footprints, networks[maybe & ~sure], scenario)
        open_ones = (reading == "no") & (p_other > 1 - SURE)
        reading[open_ones], doubt[open_ones] = "review", "main_unknown"
        found = found.where(~pd.Series(open_ones), other)
    if not (networks["kind"] == "pipe").any():
        reading[:], doubt[:] = "review", "no_mains"
    if "medium" in frame:  # what makes steam is not heated by a hot-water main
        steam = (frame["medium"] != "hot_water").to_numpy(dtype=bool) & (reading == "yes")
        reading[steam], doubt[steam] = "review", "main_medium"
    return Mains(found=found, reading=reading, doubt=doubt)
