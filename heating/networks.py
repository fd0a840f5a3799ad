"""Heat networks: which declared service area a place lies in, how deep, and with what spare heat."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.proximity import holding, margin_to_edge


@dataclass(frozen=True, slots=True)
class Coverage:
    """How places stand to declared service areas; arrays in the order of the places.

    ``state`` is yes, no or review (no declared areas at all, or nearer to the edge than 2σ); ``network_id`` is
    the area with the most spare heat of those that hold the place; ``margin_m`` is the distance to the edge of
    coverage [m], positive inside; ``planned_id`` names a planned area that holds the place.
    """

    state: NDArray[np.object_]
    network_id: NDArray[np.object_]
    margin_m: NDArray[np.float64]
    spare_heat_mw: NDArray[np.float64]
    medium: NDArray[np.object_]
    planned_id: NDArray[np.object_]


def service_areas(networks: gpd.GeoDataFrame, *, status: str) -> gpd.GeoDataFrame:
    """Return the declared areas of one status."""
    wanted = (networks["kind"] == "service_area") & (networks["status"] == status)
    areal = networks.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    return networks[wanted & areal].reset_index(drop=True)


def _first(places: int, at_place: NDArray[np.intp], values: NDArray[np.object_]) -> NDArray[np.object_]:
    found = np.full(places, None, dtype=object)
    found[at_place[::-1]] = values[::-1]
    return found


def coverage(places: gpd.GeoDataFrame, networks: gpd.GeoDataFrame, *, sigma_m: pd.Series | None = None) -> Coverage:
    """Place each point against the existing and planned service areas.

    Parameters
    ----------
    places, networks : geopandas.GeoDataFrame
        In one projected CRS [m].
    sigma_m : pandas.Series, optional
        Positional standard deviation of each place [m]; nearer than 2σ to the edge, the state is ``review``.
    """
    count = len(places)
    areas = service_areas(networks, status="existing")
    areas = areas.sort_values("spare_heat_mw", ascending=False, na_position="last").reset_index(drop=True)
    at_place, at_area = holding(places, areas)
    ids, spare, media = (areas[name].to_numpy(dtype=object) for name in ("network_id", "spare_heat_mw", "medium"))
    network_id = _first(count, at_place, ids[at_area])
    margin = margin_to_edge(places, areas)
    state = np.where(pd.notna(network_id), "yes", "no").astype(object)
    if sigma_m is not None:
        state[np.abs(margin) < 2 * sigma_m.fillna(0.0).to_numpy(dtype=float)] = "review"
    planned = service_areas(networks, status="planned")
    plan_place, plan_area = holding(places, planned)
    found_spare = _first(count, at_place, spare[at_area])
    return Coverage(
        state=state if len(areas) else np.full(count, "review", dtype=object),
        network_id=network_id,
        margin_m=margin,
        spare_heat_mw=pd.to_numeric(pd.Series(found_spare, dtype=object)).to_numpy(dtype=float),
        medium=_first(count, at_place, media[at_area]),
        planned_id=_first(count, plan_place, planned["network_id"].to_numpy(dtype=object)[plan_area]),
    )
