"""How sure it is that a place lies inside an area, from its distance to the edge and how well both are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from geo.proximity import Outline, points_of, segments_of

SURE: Final = 0.95
"""Probability from which a place is held to be inside, and below one minus which it is held to be outside."""
_LEAST_M: Final = 1e-6
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Edge:
    """How places stand to the outer edge of some areas together: the distance, and how well it is known.

    Parameters
    ----------
    margin_m : array
        Distance to the edge [m], positive inside; minus infinity where there are no areas.
    sigma_m : array
        Standard deviation of that distance [m].
    """

    margin_m: Floats
    sigma_m: Floats

    @property
    def p(self) -> Floats:
        """Return P(inside)."""
        return probability(self.margin_m, self.sigma_m)


def stated_sigma(frame: pd.DataFrame) -> Floats:
    """Return the standard deviation of each position as it is stated [m]; NaN where it is not."""
    if "position_sigma_m" not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame["position_sigma_m"].to_numpy(dtype=float))


def combined(own: Floats, theirs: Floats, band_m: float) -> Floats:
    """Return the standard deviation of a distance between two things [m].

    Their own add up as squares; while either is unknown it is at least as large as makes the doubtful band as wide as
    the review band: a place known to the metre says nothing of how well the edge was drawn.

    >>> combined(np.array([3.0, 3.0]), np.array([4.0, np.nan]), 50.0).round(1).tolist()
    [5.0, 30.4]
    """
    together = np.sqrt(np.nan_to_num(own) ** 2 + np.nan_to_num(theirs) ** 2)
    stated = ~np.isnan(own) & ~np.isnan(theirs)
    return np.asarray(np.where(stated, together, np.maximum(together, band_m / float(ndtri(SURE)))), dtype=float)


def edge(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, band_m: float, *, only_doubtful: bool = False) -> Edge:
    """Return how places stand to the edge of areas, with the accuracy of the area whose edge is the nearest.

    Parameters
    ----------
    places, areas : geopandas.GeoDataFrame
        In one projected CRS, with ``position_sigma_m`` [m] where it is stated; where two areas share the nearest
        stretch of edge, the less accurate of them counts.
    band_m : float
        Half width of the review band [m].
    only_doubtful : bool
        Leave the margin infinite where it cannot put P(inside) between one minus `SURE` and `SURE`.
    """
    outline = Outline(areas)
    within = max(_widest_band(places, areas, band_m).max(initial=0.0), _LEAST_M) if only_doubtful else None
    margin, at_place, at_segment = outline.margins(points_of(places), within_m=within)
    of_area = np.where(np.isnan(stated := stated_sigma(areas)), np.inf, stated)
    of_segment, of_place = np.zeros(len(outline.segments)), np.full(len(places), -np.inf)
    segment, area = outline.owners()
    np.maximum.at(of_segment, segment, of_area[area])
    np.maximum.at(of_place, at_place, of_segment[at_segment])
    theirs = np.where(np.isfinite(of_place), of_place, np.nan)
    return Edge(margin_m=margin, sigma_m=combined(stated_sigma(places), theirs, band_m))


def near_own_edge(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, band_m: float) -> tuple[Positions, Positions]:
    """Return the pairs (place, area) where the place is so near to that area's edge that either side may be right."""
    segments, of_segment = segments_of(areas.geometry.to_numpy())
    points, own, theirs = points_of(places), stated_sigma(places), stated_sigma(areas)
    reach = _widest_band(places, areas, band_m)
    at_place, at_segment = shapely.STRtree(segments).query(points, predicate="dwithin", distance=reach)
    at_area = of_segment[at_segment]
    band = doubtful_band(combined(own[at_place], theirs[at_area], band_m))
    close = shapely.distance(points[at_place], segments[at_segment]) < band
    pairs = np.unique(np.column_stack([at_place[close], at_area[close]]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _widest_band(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, band_m: float) -> Floats:
    """Return how near to an edge a place may be doubtful, whichever area's edge it is [m]."""
    theirs = stated_sigma(areas)
    widest = np.full(len(places), np.nan if np.isnan(theirs).any() else theirs.max(initial=0.0))
    return doubtful_band(combined(stated_sigma(places), widest, band_m))


def doubtful_band(sigma_m: Floats) -> Floats:
    """Return how near to the edge P(inside) lies between one minus `SURE` and `SURE` [m]."""
    return sigma_m * float(ndtri(SURE))


def probability(margin_m: Floats, sigma_m: Floats) -> Floats:
    """Return P(inside) = Φ(margin ÷ σ); with σ = 0 the margin decides alone, the edge itself is inside.

    >>> probability(np.array([0.0, 1.0, -1.0]), np.array([10.0, 0.0, 0.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    exact = sigma_m <= 0
    ratio = np.divide(margin_m, sigma_m, out=np.zeros(len(margin_m)), where=~exact)
    return np.asarray(np.where(exact, (margin_m >= 0).astype(float), ndtr(ratio)), dtype=float)
