"""Heat networks: which declared service area a place lies in, how deep, and with what spare heat."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.proximity import holding, margin_to_edge
from heating.verdicts import STATES, State, suffices


@dataclass(frozen=True, slots=True)
class Coverage:
    """How places stand to declared service areas; arrays in the order of the places.

    ``state`` is yes, no or review (no existing areas at all, in an area of unknown status, or in the band round
    the edge); ``network_id`` is the best of the areas that hold the place: one that can deliver, then the one
    with the most spare heat; ``margin_m`` is the distance to the edge of coverage [m], positive inside;
    ``spare`` and ``same_medium`` tell whether that area covers the need, in its medium; ``planned_id`` names a
    planned area that holds the place.
    """

    state: NDArray[np.object_]
    network_id: NDArray[np.object_]
    margin_m: NDArray[np.float64]
    spare_heat_mw: NDArray[np.float64]
    spare: NDArray[np.object_]
    same_medium: NDArray[np.object_]
    planned_id: NDArray[np.object_]


def service_areas(networks: gpd.GeoDataFrame, *, status: str) -> gpd.GeoDataFrame:
    """Return the declared areas of one status."""
    wanted = (networks["kind"] == "service_area") & (networks["status"] == status)
    areal = networks.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    return networks[wanted & areal].reset_index(drop=True)


def medium_match(delivered: object, wanted: object) -> State:
    """Return whether a network delivers what a boiler makes; hot water does not replace process steam (A3-9)."""
    if "unknown" in (delivered, wanted):
        return "review"
    return "yes" if delivered == wanted else "no"


def _first(places: int, at_place: NDArray[np.intp], values: NDArray[np.object_]) -> NDArray[np.object_]:
    found = np.full(places, None, dtype=object)
    found[at_place[::-1]] = values[::-1]
    return found


def _ranked(
    areas: gpd.GeoDataFrame,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    need_mw: NDArray[np.float64],
    medium: NDArray[np.object_],
) -> pd.DataFrame:
    """Return the pairs of place and area, those that can deliver first, then by spare heat."""
    at_place, at_area = pairs
    held = areas[["network_id", "spare_heat_mw", "medium"]].iloc[at_area].assign(place=at_place)
    held["spare"] = [suffices(have, need) for have, need in zip(held["spare_heat_mw"], need_mw[at_place], strict=True)]
    held["match"] = [medium_match(have, want) for have, want in zip(held["medium"], medium[at_place], strict=True)]
    held["rank"] = np.minimum(held["spare"].map(STATES.index), held["match"].map(STATES.index)).astype(int)
    order = {"place": True, "rank": False, "spare_heat_mw": False, "network_id": True}
    return pd.DataFrame(held.sort_values(list(order), ascending=list(order.values()), na_position="last"))


def _state(
    networks: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    held: NDArray[np.bool_],
    margin_m: NDArray[np.float64],
    band_m: NDArray[np.float64],
) -> NDArray[np.object_]:
    state = np.where(held, "yes", "no").astype(object)
    state[np.abs(margin_m) < band_m] = "review"
    unclear, _ = holding(places, service_areas(networks, status="unknown"))
    state[unclear[state[unclear] == "no"]] = "review"
    if not np.isfinite(margin_m).any():
        state[:] = "review"
    return state


def coverage(
    places: gpd.GeoDataFrame,
    networks: gpd.GeoDataFrame,
    *,
    band_m: NDArray[np.float64] | None = None,
    need_mw: NDArray[np.float64] | None = None,
    medium: NDArray[np.object_] | None = None,
) -> Coverage:
    """Place each point against the existing and planned service areas.

    Parameters
    ----------
    places, networks : geopandas.GeoDataFrame
        In one projected CRS [m].
    band_m : array, optional
        How near to the edge the state of a place is left open [m]; nowhere without it.
    need_mw, medium : array, optional
        What would have to be delivered to each place [MW], and as hot water or steam.
    """
    count = len(places)
    areas = service_areas(networks, status="existing")
    pairs = holding(places, areas)
    ranked = _ranked(
        areas,
        pairs,
        np.full(count, np.nan) if need_mw is None else need_mw,
        np.full(count, "unknown", dtype=object) if medium is None else medium,
    )
    at_place = ranked["place"].to_numpy(dtype=np.intp)
    found = {name: _first(count, at_place, ranked[name].to_numpy(dtype=object)) for name in ranked}
    margin = margin_to_edge(places, areas)
    planned = service_areas(networks, status="planned")
    plan_place, plan_area = holding(places, planned)
    held = pd.notna(found["network_id"])
    return Coverage(
        state=_state(networks, places, held, margin, np.zeros(count) if band_m is None else band_m),
        network_id=found["network_id"],
        margin_m=margin,
        spare_heat_mw=pd.to_numeric(pd.Series(found["spare_heat_mw"], dtype=object)).to_numpy(dtype=float),
        spare=np.where(held, found["spare"], "review"),
        same_medium=np.where(held, found["match"], "review"),
        planned_id=_first(count, plan_place, planned["network_id"].to_numpy(dtype=object)[plan_area]),
    )
