"""Which reading of a file's coordinates agrees with layers that are trusted: decided for the file, never for a record.

Each reading (a system, a web map's offset) puts a sample of the file's places somewhere. Its score is the mean
logarithm of their distance to the nearest trusted shape, in which a few strays weigh little. The best reading has to be
better than every rival: the other readings, and itself moved in eight directions, for a file that lies beside the
trusted layer comes nearer by any step towards it and proves nothing. Neighbouring places err together, so the paired
differences are summed over blocks along a space-filling curve and the blocks are the sample: Student's t over their
means gives the probability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.enums import TransformDirection
from scipy.stats import t as student

from data import parameters
from geo.crs import Candidate, Recognition, to_lonlat, working_crs
from geo.offsets import DATUMS, Datum, from_bd09, from_gcj02

Array = NDArray[np.float64]
Shapes = NDArray[np.object_]
_OUTLINES: Final = ("counties", "villages", "parcels")
_PLACES: Final = ("buildings", "boilers", "plants", "transformers", "villages", "institutions")
_BLOCKS: Final = 20
_IN_BLOCK: Final = 4
_DIRECTIONS: Final = np.arange(8) * (np.pi / 4)
_METRE_DEG: Final = 1.0 / 111_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the readings of a file agree with what is trusted.

    Parameters
    ----------
    best : str
        The reading with the least score; empty where none could be compared.
    decided : bool
        Whether `confidence` and `n` are enough to act on.
    confidence : float
        Probability [1] that `best` is better than its strongest rival.
    n : int
        Number of places within reach of the trusted layer.
    scores : mapping
        Reading → mean log distance [ln m].
    """

    best: str = ""
    decided: bool = False
    confidence: float = 0.0
    n: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)


def sample(shapes: Shapes, layer: str) -> Array:
    """Return places that stand for a file: vertices of lines and outlines, centroids of all else, at even intervals.

    Parameters
    ----------
    shapes : array of shapely geometries
        In any coordinates.
    layer : str
        What the file is.

    Returns
    -------
    array of float, shape (n, 2)
        At most `most_n` places.
    """
    kept = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    along = shapely.get_dimensions(kept) == 1
    if layer in _OUTLINES:
        along |= shapely.get_dimensions(kept) == 2
    vertices = shapely.get_coordinates(kept[along])
    places = np.concatenate([vertices, shapely.get_coordinates(shapely.centroid(kept[~along]))])
    places = places[np.isfinite(places).all(axis=1)]
    most = int(parameters.value("crs", "most_n"))
    at = np.linspace(0, len(places) - 1, min(len(places), most)).round().astype(int)
    return np.asarray(places[at], dtype=float)


def _segments(shapes: Shapes) -> Shapes:
    """Cut lines into their single segments, which an index finds faster than long lines."""
    lines = shapely.get_parts(shapes)
    places, owner = shapely.get_coordinates(lines, return_index=True)
    follows = np.flatnonzero(owner[1:] == owner[:-1])
    return np.asarray(shapely.linestrings(np.stack([places[follows], places[follows + 1]], axis=1)), dtype=object)


def references(trusted: Mapping[str, gpd.GeoDataFrame], shapes: Shapes, layer: str) -> Shapes:
    """Return the trusted shapes that a file can be held against.

    Parameters
    ----------
    trusted : mapping
        Layer → frame in EPSG:4490.
    shapes : array of shapely geometries
        Of the file.
    layer : str
        What the file is.

    Returns
    -------
    array of shapely geometries
        Borders for a file of outlines, pipes besides for a file of lines, and buildings and points for all others;
        empty where nothing fits. Outlines that cover the land tell nothing of places inside them.
    """
    dimensions = shapely.get_dimensions(shapes)
    outlines = layer in _OUTLINES and bool((dimensions == 2).any())
    found: list[Shapes] = []
    for name, frame in trusted.items():
        theirs = frame.geometry.to_numpy()
        theirs = theirs[~(shapely.is_missing(theirs) | shapely.is_empty(theirs))]
        area = shapely.get_dimensions(theirs) == 2
        if outlines:
            found += [_segments(shapely.boundary(theirs[area]))] if name in _OUTLINES else []
        elif name in _PLACES:
            found.append(theirs if name not in _OUTLINES else theirs[~area])
        elif name == "networks" and (dimensions == 1).any():
            found.append(_segments(theirs[~area]))
    return np.concatenate(found) if found else np.empty(0, dtype=object)


def readings(longitude: Array, latitude: Array) -> dict[str, tuple[Array, Array]]:
    """Return the places [deg] that degrees stand for if they are as is, GCJ-02 or BD-09."""
    moved = ((longitude, latitude), from_gcj02(longitude, latitude), from_bd09(longitude, latitude))
    return {str(name): pair for name, pair in zip(DATUMS, moved, strict=True)}


@dataclass(frozen=True, slots=True)
class _Ground:
    """Trusted shapes in metres, and how far places are from them."""

    tree: shapely.STRtree
    reach_m: float

    def logs(self, places: Array) -> Array:
        """Return ln of the distance [m] of each place to the nearest shape, from 1 m up to the reach."""
        found = np.full(len(places), self.reach_m)
        usable = np.flatnonzero(np.isfinite(places).all(axis=1))
        (at, _), metres = self.tree.query_nearest(
            shapely.points(places[usable]), max_distance=self.reach_m, return_distance=True, all_matches=False
        )
        found[usable[at]] = metres
        return np.asarray(np.log(np.clip(found, 1.0, self.reach_m)), dtype=float)


def _projected(metres: CRS, degrees: Array) -> Array:
    x, y = to_lonlat(metres).transform(degrees[:, 0], degrees[:, 1], direction=TransformDirection.INVERSE)
    return np.column_stack([x, y])


def _ground(shapes: Shapes, places: list[Array], reach_m: float) -> tuple[_Ground, CRS] | None:
    """Project the trusted shapes near any of the places [deg] to a system of metres."""
    bounds = shapely.bounds(shapes)
    margin = 1.5 * reach_m * _METRE_DEG
    near = np.zeros(len(shapes), dtype=bool)
    for one in places:
        (west, south), (east, north) = np.nanmin(one, axis=0) - margin, np.nanmax(one, axis=0) + margin
        near |= (bounds[:, 2] >= west) & (bounds[:, 0] <= east) & (bounds[:, 3] >= south) & (bounds[:, 1] <= north)
    if not near.any():
        return None
    kept = shapes[near]
    metres = working_crs(float(np.median(bounds[near, 0])))
    projected = shapely.transform(kept, lambda degrees: _projected(metres, degrees))
    return _Ground(shapely.STRtree(projected), reach_m), metres


def _blocks(places: Array, metres: CRS) -> NDArray[np.intp]:
    """Return a block number for each place: runs of equal length along a Hilbert curve."""
    order = np.argsort(gpd.GeoSeries(shapely.points(places), crs=metres).hilbert_distance().to_numpy(), kind="stable")
    count = max(2, min(_BLOCKS, len(places) // _IN_BLOCK))
    blocks = np.empty(len(places), dtype=np.intp)
    blocks[order] = np.arange(len(places)) * count // max(1, len(places))
    return blocks


def _better(worse_by: Array, blocks: NDArray[np.intp]) -> float:
    """Return the probability that the mean of paired differences is above 0, from the means of their blocks."""
    means = np.bincount(blocks, weights=worse_by) / np.bincount(blocks)
    spread = float(means.std(ddof=1)) / np.sqrt(len(means))
    if spread == 0:
        return 1.0 if means.mean() > 0 else 0.5 if means.mean() == 0 else 0.0
    return float(student.cdf(means.mean() / spread, len(means) - 1))


def _rings(best: Array, radii_m: tuple[float, ...]) -> list[Array]:
    steps = np.column_stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)])
    return [best + radius * step for radius in radii_m for step in steps]


def weigh(places: Mapping[str, tuple[Array, Array]], shapes: Shapes, *, strict: bool = False) -> Verdict:
    """Decide which reading of a file's places agrees with the trusted shapes.

    Parameters
    ----------
    places : mapping
        Reading → longitude and latitude [deg], each of shape (n,): the same n places of the file.
    shapes : array of shapely geometries
        Trusted, in EPSG:4490.
    strict : bool
        Whether the best reading must also be better than itself moved by as little as old datums are away: for a
        system that the file does not state.

    Returns
    -------
    Verdict
        Not decided, with ``n`` 0, where no place is within reach.
    """
    value = {name: one.value for name, one in parameters.constants("crs").items()}
    degrees = {name: np.where(np.isfinite(pair), pair, np.nan).T for name, pair in places.items()}
    degrees = {name: pair for name, pair in degrees.items() if np.isfinite(pair).all(axis=1).any()}
    set_up = _ground(shapes, list(degrees.values()), value["reach_m"]) if degrees else None
    if set_up is None:
        return Verdict()
    ground, system = set_up
    metres = {name: _projected(system, pair) for name, pair in degrees.items()}
    logs = {name: ground.logs(one) for name, one in metres.items()}
    within = np.min(list(logs.values()), axis=0) < np.log(value["reach_m"])
    n = int(within.sum())
    if not n:
        return Verdict()
    scores = {name: float(one[within].mean()) for name, one in logs.items()}
    best = min(scores, key=scores.__getitem__)
    radii = (value["ring_m"], value["near_ring_m"]) if strict else (value["ring_m"],)
    rivals = [one[within] for name, one in logs.items() if name != best]
    rivals += [ground.logs(one) for one in _rings(metres[best][within], radii)]
    blocks = _blocks(metres[best][within], system)
    confidence = min(_better(rival - logs[best][within], blocks) for rival in rivals) if n > 1 else 0.0
    decided = n >= value["least_n"] and confidence >= value["decision_confidence"]
    return Verdict(best=best, decided=decided, confidence=confidence, n=n, scores=scores)


def bounds_of(trusted: Mapping[str, gpd.GeoDataFrame]) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north [deg] of all trusted layers together, or None where they hold nothing."""
    boxes = [frame.total_bounds for frame in trusted.values() if len(frame)]
    usable = [box for box in boxes if np.isfinite(box).all()]
    if not usable:
        return None
    low, high = np.min(usable, axis=0), np.max(usable, axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def _degrees(places: Array, crs: CRS, *, swap: bool) -> tuple[Array, Array]:
    x, y = places[:, ::-1].T if swap else places.T
    longitude, latitude = to_lonlat(crs).transform(x, y)
    return np.asarray(longitude, dtype=float), np.asarray(latitude, dtype=float)


def tested(found: Recognition, places: Array, shapes: Shapes) -> Recognition:
    """Hold a file whose system is known against trusted shapes, to find whether it has a web map's offset.

    Parameters
    ----------
    found : Recognition
        Of the file. A datum that the person named stays; the scores are added all the same.
    places : array of float, shape (n, 2)
        A sample of the file, in its own coordinates.
    shapes : array of shapely geometries
        What is trusted, in EPSG:4490.

    Returns
    -------
    Recognition
        With the datum that was found with confidence; else as it was, with the scores.
    """
    if found.crs is None or not len(places):
        return found
    verdict = weigh(readings(*_degrees(places, found.crs, swap=found.swap)), shapes)
    if not verdict.n:
        return found
    datum = next(one for one in DATUMS if one == verdict.best)
    return replace(
        found,
        datum=datum if verdict.decided and not found.datum_given else found.datum,
        datum_tested=True,
        decided=verdict.decided,
        confidence=verdict.confidence,
        n=verdict.n,
        scores=verdict.scores,
    )


def confirmed(
    found: Recognition, options: tuple[Candidate, ...], places: Array, shapes: Shapes, *, datum: Datum | None
) -> Recognition:
    """Hold a file whose system is not stated against trusted shapes, in each system that it can be in.

    Parameters
    ----------
    found : Recognition
        Of the file, without a system.
    options : tuple of Candidate
        What it can be in.
    places : array of float, shape (n, 2)
        A sample of the file, in its own coordinates.
    shapes : array of shapely geometries
        What is trusted, in EPSG:4490.
    datum : {"wgs84", "gcj02", "bd09"}, optional
        The offset that the person names; without it, each is tried.

    Returns
    -------
    Recognition
        With the system that was confirmed, else without one; `candidates` in the order of their scores.
    """
    named: dict[str, tuple[Candidate, Datum]] = {}
    tried: dict[str, tuple[Array, Array]] = {}
    for option in options:
        degrees = _degrees(places, CRS.from_epsg(option.code), swap=option.swap)
        moves = readings(*degrees)
        for offset in DATUMS if datum is None else (datum,):
            name = option.label if offset == "wgs84" else f"{option.label} + {offset}"
            named[name], tried[name] = (option, offset), moves[offset]
    verdict = weigh(tried, shapes, strict=True) if len(places) else Verdict()
    if not verdict.n:
        return found
    ranked = sorted(verdict.scores, key=verdict.scores.__getitem__)
    tells = replace(
        found,
        datum_tested=True,
        decided=verdict.decided,
        confidence=verdict.confidence,
        n=verdict.n,
        scores=verdict.scores,
        candidates=tuple(dict.fromkeys(named[name][0].label for name in ranked)),
    )
    if not verdict.decided:
        return tells
    option, offset = named[verdict.best]
    return replace(
        tells,
        crs=CRS.from_epsg(option.code),
        why="recognised",
        swap=option.swap,
        datum=offset,
        datum_given=datum is not None,
    )


def certainty(confidence: float | None) -> str:
    """Write a probability in per cent, cut off at one decimal; it is never certain.

    >>> certainty(0.99999), certainty(0.95), certainty(None)
    ('> 99.9 %', '95.0 %', '0.0 %')
    """
    share = 100 * (confidence or 0.0)
    return "> 99.9 %" if share > 99.9 else f"{math.floor(share * 10) / 10:.1f} %"
