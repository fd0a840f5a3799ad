"""Distances along streets: a graph of street centre lines, and the way from each place to the nearest of some lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from geo.crs import require_projected

GRID_M: Final = 0.1
"""Streets nearer to each other than this meet: drawings seldom join them to the millimetre."""
STEP_M: Final = 10.0
"""Lines beside a street are joined to it at least this often, so a way is too long by half of it at most."""
_GAP_M: Final = 1.0
_LEAST_M: Final = 1e-9
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
Objects = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Spots:
    """Where shapes stand on a graph of streets.

    Parameters
    ----------
    edge : array of positions
        The stretch.
    at_m : array
        The place on it, from its start [m].
    off_m : array
        How far the shape is from it [m].
    """

    edge: Positions
    at_m: Floats
    off_m: Floats


@dataclass(frozen=True, slots=True)
class Ways:
    """The shortest way along streets from each place to a line.

    Parameters
    ----------
    metres : array
        Length: to the nearest street, along streets, and from there to the line [m]; infinite where no way leads.
    line : array of positions
        The line reached; -1 where none is.
    """

    metres: Floats
    line: Positions


class StreetGraph:
    """Streets cut where they meet or cross.

    Parameters
    ----------
    streets : geopandas.GeoDataFrame
        Lines in a projected CRS [m]. Where two of them cross they are joined, bridges too: a pipe may branch there.

    Attributes
    ----------
    edges : array of shapely.LineString
        Stretches between crossings.
    length_m : array
        Length of each stretch [m].
    """

    def __init__(self, streets: gpd.GeoDataFrame) -> None:
        require_projected(streets)
        self._lines = np.asarray(streets.geometry.to_numpy(), dtype=object)
        self.edges: Objects = shapely.get_parts(shapely.unary_union(self._lines, grid_size=GRID_M))
        self.length_m: Floats = shapely.length(self.edges)
        self._tree = shapely.STRtree(self.edges)
        self._start = np.concatenate([[0.0], np.cumsum(self.length_m + _GAP_M)])[: len(self.edges)]

    @cached_property
    def street(self) -> Positions:
        """Return the row of the streets that each stretch belongs to, one of them where several lie on each other."""
        middles = shapely.line_interpolate_point(self.edges, 0.5, normalized=True)
        return np.asarray(shapely.STRtree(self._lines).query_nearest(middles, all_matches=False)[1], dtype=np.intp)

    @cached_property
    def _junctions(self) -> tuple[NDArray[np.intp], int]:
        """Return the nodes at the start and the end of each stretch, and how many nodes there are."""
        ends = shapely.get_coordinates(
            np.concatenate([shapely.get_point(self.edges, 0), shapely.get_point(self.edges, -1)])
        )
        known, node = np.unique(np.round(ends / GRID_M).astype(np.int64), axis=0, return_inverse=True)
        return node.reshape(2, -1).astype(np.intp), len(known)

    def spots(self, shapes: Objects) -> Spots:
        """Return where each shape, a point or a footprint in the CRS of the streets, is nearest to a street."""
        if not len(self.edges) or not len(shapes):
            count = len(shapes)
            return Spots(np.full(count, -1, dtype=np.intp), np.full(count, np.nan), np.full(count, np.inf))
        (_, edge), off = self._tree.query_nearest(shapes, all_matches=False, return_distance=True)
        return Spots(edge=edge, at_m=self._place_on(edge, shapes), off_m=off)

    def _place_on(self, edge: Positions, shapes: Objects) -> Floats:
        feet = shapely.get_point(shapely.shortest_line(self.edges[edge], shapes), 0)
        return np.asarray(np.minimum(shapely.line_locate_point(self.edges[edge], feet), self.length_m[edge]))

    def ways(self, places: Spots, lines: Objects, *, hop_m: float) -> Ways:
        """Return the shortest way from each place along the streets to a line.

        Parameters
        ----------
        places : Spots
            Where the places stand, from `spots`: a way begins straight to there.
        lines : array of shapely geometry
            Mains, in the CRS of the streets. A way ends where one runs along or across a street.
        hop_m : float
            How far from a street a main may lie and still be reached from it [m].
        """
        count = len(places.edge)
        taps, line = self._taps(lines, hop_m)
        if not len(line) or not count:
            return Ways(metres=np.full(count, np.inf), line=np.full(count, -1, dtype=np.intp))
        keys, nodes, metres, tap = self._lengths(taps)
        key = self._start[places.edge] + places.at_m
        first = np.searchsorted(keys, self._start[places.edge])
        last = np.searchsorted(keys, self._start[places.edge] + self.length_m[places.edge], side="right") - 1
        after = np.clip(np.searchsorted(keys, key, side="right"), first + 1, last)
        left, right = nodes[after - 1], nodes[after]
        by_left, by_right = metres[left] + np.abs(key - keys[after - 1]), metres[right] + np.abs(keys[after] - key)
        total = places.off_m + np.minimum(by_left, by_right)
        reached = np.where(np.isfinite(total), tap[np.where(by_left <= by_right, left, right)], -1)
        return Ways(metres=total, line=np.append(line, -1)[reached])

    def _taps(self, lines: Objects, hop_m: float) -> tuple[Spots, Positions]:
        """Return where lines are reached from streets, and the position of the line."""
        corners, line = shapely.get_coordinates(shapely.segmentize(lines, STEP_M), return_index=True)
        points = shapely.points(corners)
        at_point, edge = self._tree.query(points, predicate="dwithin", distance=hop_m)
        near = points[at_point]
        off = shapely.distance(self.edges[edge], near)
        return Spots(edge, self._place_on(edge, near), off), np.asarray(line[at_point], dtype=np.intp)

    def _lengths(self, taps: Spots) -> tuple[Floats, Positions, Floats, Positions]:
        """Return all nodes along the stretches by key, and for each node the way to a tap [m] and which tap that is.

        The key of a node is the length of all stretches before its own, each with a gap after it, and its place on it.
        """
        (tails, heads), junctions = self._junctions
        count, ranks = len(taps.edge), np.arange(3)
        keys = np.concatenate([self._start, self._start[taps.edge] + taps.at_m, self._start + self.length_m])
        of_tap = junctions + np.arange(count)
        nodes = np.concatenate([tails, of_tap, heads])
        order = np.lexsort((np.repeat(ranks, [len(tails), count, len(heads)]), keys))
        keys, nodes = keys[order], nodes[order]
        along = np.diff(np.searchsorted(self._start, keys, side="right")) == 0
        origins = of_tap + count
        graph = _graph(
            np.concatenate([nodes[:-1][along], origins]),
            np.concatenate([nodes[1:][along], of_tap]),
            np.concatenate([np.diff(keys)[along], taps.off_m]),
            nodes=junctions + 2 * count,
        )
        metres, _, origin = dijkstra(graph, directed=False, indices=origins, min_only=True, return_predecessors=True)
        return keys, nodes, metres, np.where(origin >= 0, origin - junctions - count, -1)


def _graph(tails: Positions, heads: Positions, metres: Floats, *, nodes: int) -> csr_array:
    """Return the lengths between nodes as a sparse matrix; of several ways between two nodes the shortest."""
    low, high = np.minimum(tails, heads), np.maximum(tails, heads)
    order = np.lexsort((metres, high, low))
    low, high, metres = low[order], high[order], metres[order]
    new = np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0)) & (low != high)
    # a way of no length must not vanish from the sparse matrix
    return coo_array((np.maximum(metres, _LEAST_M)[new], (low[new], high[new])), shape=(nodes, nodes)).tocsr()
