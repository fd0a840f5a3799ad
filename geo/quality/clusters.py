"""Groups of rows out of pairs: a duplicate of a duplicate belongs to one group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Positions = NDArray[np.intp]
_BLOCK = 20_000


def labels(first: Positions, second: Positions, count: int) -> NDArray[np.int32]:
    """Return the number of the connected group of each of `count` rows, joined by the pairs."""
    joined = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(count, count))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int32)


def clusters(first: Positions, second: Positions) -> list[Positions]:
    """Return the groups that pairs make, each ascending, in the order of their first rows."""
    members, compact = np.unique(np.concatenate((first, second)), return_inverse=True)
    if not len(members):
        return []
    group = labels(compact[: len(first)], compact[len(first) :], len(members))
    order = np.lexsort((members, group))
    parts = np.split(members[order], np.flatnonzero(np.diff(group[order])) + 1)
    return sorted(parts, key=lambda part: int(part[0]))


def equal_groups(keys: NDArray[np.object_]) -> list[Positions]:
    """Return the positions of each key that several rows share, each group ascending; None is no key."""
    code = pd.factorize(keys)[0]
    shared = np.flatnonzero((code >= 0) & (np.bincount(code + 1)[code + 1] > 1))
    order = shared[np.lexsort((shared, code[shared]))]
    parts = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    return sorted((part for part in parts if len(part)), key=lambda part: int(part[0]))


def close_pairs(shapes: NDArray[np.object_], *, within_m: float | None = None) -> Iterator[tuple[Positions, Positions]]:
    """Give the pairs (smaller, greater position) of shapes that meet, or lie within a distance, block by block.

    The blocks keep the memory sane where thousands of shapes lie on one place.
    """
    tree = shapely.STRtree(shapes)
    how = {"predicate": "intersects"} if within_m is None else {"predicate": "dwithin", "distance": within_m}
    for start in range(0, len(shapes), _BLOCK):
        first, second = tree.query(shapes[start : start + _BLOCK], **how)
        first = first + start
        once = first < second
        yield first[once], second[once]
