"""Independent references that the validation table and the benchmarks share."""

from __future__ import annotations

import numpy as np
from pyproj import Geod


def plain_distances(lon: np.ndarray, lat: np.ndarray, target_lon: float, target_lat: float) -> np.ndarray:
    """Return geodesic distances [m], one plain call of `Geod.inv` a row."""
    geod = Geod(ellps="GRS80")
    return np.array([geod.inv(x, y, target_lon, target_lat)[2] for x, y in zip(lon, lat, strict=True)])
