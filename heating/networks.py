"""Heat networks: which declared service area a place lies in, how surely, on which day, and with what spare heat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.proximity import holding
from heating.inside import SURE, Edge, edge, near_own_edge
from heating.scenario import Scenario
from heating.validity import terms
from heating.verdicts import STATES, State, suffice

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Positions = NDArray[np.intp]
Pairs = tuple[Positions, Positions]
_NO, _REVIEW, _YES = range(len(STATES))
_NAMES: Final = np.array(STATES, dtype=object)
_STATIONS_MW: Final = "stations_mw"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How places stand to declared service areas; arrays in the order of the places.

    Parameters
    ----------
    state : array of str
        Whether a place lies in an area that stands and is in force: yes, no or review.
    doubt : array of str
        What leaves it open, empty elsewhere: ``edge``; the area that holds it is of unknown status
        (``status_unknown``), ``expired``, ``not_yet`` or ``term_open`` (see `heating.validity.terms`); no area is
        declared (``none_declared``), or there is no layer of networks (``no_networks``).
    network_id : array
        The area that holds the place and can deliver most surely, then the one with the most spare heat; where none
        in force does, the one that leaves it open.
    edge : Edge
        Distance to the edge of coverage, and how well it is known; where an area of open standing leaves the place
        open, to the edge of such areas.
    spare_heat_mw : array
        What that area declares [MW].
    spare, same_medium : array of str
        Whether it covers the need, its plant and its neighbours at the edge considered, and delivers the medium.
    heat_doubt : array of str
        Where its own figure does not decide on ``spare``: ``plant_short``, ``stations_short``, ``plant_at_rest`` or
        ``neighbour_spare``.
    plan_id, plan_year : array
        The earliest planned area that holds the place.
    plan : Edge
        Distance to the edge of what is planned.
    """

    state: Objects
    doubt: Objects
    network_id: Objects
    edge: Edge
    spare_heat_mw: Floats
    spare: Objects
    same_medium: Objects
    heat_doubt: Objects
    plan_id: Objects
    plan_year: Floats
    plan: Edge


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


def _media(places: pd.DataFrame, areas: pd.DataFrame, pairs: Pairs) -> Positions:
    """Return whether each area delivers what its place needs, as positions in `STATES`.

    Buildings have no medium of their own: exchangers warm them from either.
    """
    if "medium" not in places:
        return np.full(len(pairs[0]), _YES)
    have, want = (frame["medium"].to_numpy(dtype=object) for frame in (areas, places))
    return np.array([STATES.index(medium_match(have[a], want[p])) for p, a in zip(*pairs, strict=True)], dtype=np.intp)


def _heat(areas: pd.DataFrame, pairs: Pairs, need_mw: Floats, plants: pd.DataFrame) -> tuple[Positions, Objects]:
    """Return whether each area has the heat for its place, as positions in `STATES`, and what its plant makes of it.

    A plant that is known to be short, or that does not run, takes the area's word away; one that says nothing of its
    spare heat, or that no list has, leaves it. So do the substations that run in the area where all of them state
    their spare heat and even together have too little: they can never make up for what the area does not state.
    """
    at_place, at_area = pairs
    need = need_mw[at_place]
    source = areas["plant_id"].astype(object) if "plant_id" in areas else pd.Series(None, areas.index, dtype=object)
    own = suffice(areas["spare_heat_mw"].to_numpy(dtype=float)[at_area], need)
    spare = source.map(plants["spare_heat_mw"]).to_numpy(dtype=float)[at_area]
    at_rest = (source.map(plants["units"]) == 0).to_numpy(dtype=bool)[at_area]
    short = suffice(spare, need) == _NO
    crowded = suffice(areas[_STATIONS_MW].to_numpy(dtype=float)[at_area], need) == _NO
    heat = np.where(short | crowded, _NO, np.where(at_rest, np.minimum(own, _REVIEW), own))
    why = np.select(
        [short & (own > _NO), crowded & (own > _NO), at_rest & (own == _YES)],
        ["plant_short", "stations_short", "plant_at_rest"],
        default="",
    )
    return heat, why.astype(object)


def _with_stations(areas: gpd.GeoDataFrame, networks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return areas with the spare heat of the substations that run in them [MW]; NaN unless all of them state it."""
    stations = networks[(networks["kind"] == "substation") & (networks["status"] == "existing")]
    at_station, at_area = holding(stations, areas)
    spare = pd.Series(stations["spare_heat_mw"].to_numpy(dtype=float)[at_station])
    whole = spare.groupby(at_area).agg(lambda mw: mw.sum(skipna=False))
    return areas.assign(**{_STATIONS_MW: whole.reindex(range(len(areas))).to_numpy(dtype=float)})


def deliverable_mw(networks: gpd.GeoDataFrame, scenario: Scenario) -> pd.Series:
    """Return what the declared areas in force can still deliver together [MW], by ``network_id``.

    What the area states, or what the substations in it state together where that is less; NaN where the area states
    nothing.

    Parameters
    ----------
    networks : geopandas.GeoDataFrame
        In a projected CRS [m].
    scenario : Scenario
        The day on which declarations must be in force.
    """
    held = networks[terms(networks, scenario.as_of) == ""]
    areas = _with_stations(service_areas(held, status="existing"), held)
    stated = areas["spare_heat_mw"].to_numpy(dtype=float)
    crowded = areas[_STATIONS_MW].to_numpy(dtype=float) < stated
    least = np.where(crowded, areas[_STATIONS_MW].to_numpy(dtype=float), stated)
    return pd.Series(least, index=areas["network_id"].to_numpy(dtype=object), dtype=float)


@dataclass(frozen=True, slots=True)
class _Best:
    """The area that serves each place best, as the pairs that hold it or may hold it say."""

    area: Positions
    heat: Positions
    match: Positions
    why: Objects


def _best(
    places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, need_mw: Floats, plants: pd.DataFrame, band_m: float
) -> _Best:
    """Return the best area of each place; position -1 where none holds it.

    Near the border of two areas either may be the place's: while they do not say the same its heat is left open.
    """
    count, names = len(places), areas["network_id"].to_numpy(dtype=str)
    spare = areas["spare_heat_mw"].fillna(-np.inf).to_numpy(dtype=float)
    held, near = holding(places, areas), near_own_edge(places, areas, band_m)
    heat, why = _heat(areas, held, need_mw, plants)
    match = _media(places, areas, held)
    at_place, at_area = held
    order = np.lexsort((names[at_area], -spare[at_area], -np.minimum(heat, match), at_place))[::-1]
    best = np.full(count, -1, dtype=np.intp)
    best[at_place[order]] = order
    found = _Best(
        area=np.where(best >= 0, np.append(at_area, -1)[best], -1),
        heat=np.where(best >= 0, np.append(heat, _REVIEW)[best], _REVIEW),
        match=np.where(best >= 0, np.append(match, _REVIEW)[best], _REVIEW),
        why=np.where(best >= 0, np.append(why, "")[best], ""),
    )
    total = np.minimum(heat, match)
    near_total = np.minimum(_heat(areas, near, need_mw, plants)[0], _media(places, areas, near))
    unsure = np.isin(at_place * len(areas) + at_area, near[0] * len(areas) + near[1])
    surely, most, least = np.full(count, -1), np.full(count, -1), np.full(count, _YES + 1)
    np.maximum.at(surely, at_place[~unsure], total[~unsure])
    np.maximum.at(most, np.append(at_place, near[0]), np.append(total, near_total))
    np.minimum.at(least, near[0], near_total)
    torn = (best >= 0) & (surely < most) & ((surely >= 0) | (least < most))
    media = np.append(match, _media(places, areas, near))
    candidates = np.append(at_place, near[0])
    low, high = np.full(count, _YES + 1), np.full(count, -1)
    np.minimum.at(low, candidates, media)
    np.maximum.at(high, candidates, media)
    return _Best(
        area=found.area,
        heat=np.where(torn, _REVIEW, found.heat),
        match=np.where(torn & (low < high), _REVIEW, found.match),
        why=np.where(torn, "neighbour_spare", found.why),
    )


def _unclear(
    places: gpd.GeoDataFrame, networks: gpd.GeoDataFrame, said: Objects, state: Positions, band_m: float
) -> tuple[Objects, Objects, Edge]:
    """Return what leaves places open that no area in force holds: the word, the area, and how they stand to such areas.

    An area whose standing is open may hold a place as far outside as one in force would leave it in doubt.
    """
    why, name = np.full(len(places), "", dtype=object), np.full(len(places), None, dtype=object)
    status = networks["status"].to_numpy(dtype=object)
    word = np.where(said != "", said, np.where(status == "unknown", "status_unknown", ""))
    rows = np.flatnonzero(_areal(networks) & (status != "planned") & (word != ""))
    rows = rows[np.argsort(networks["network_id"].to_numpy(dtype=str)[rows])]
    areas = networks.iloc[rows]
    inside, near = holding(places, areas), near_own_edge(places, areas, band_m)
    at_place, at_area = (np.append(*pair) for pair in zip(inside, near, strict=True))
    why[at_place[::-1]] = word[rows][at_area[::-1]]
    name[at_place[::-1]] = networks["network_id"].to_numpy(dtype=object)[rows][at_area[::-1]]
    settled = state != _NO
    why[settled], name[settled] = "", None
    told = Edge(margin_m=np.full(len(places), -np.inf), sigma_m=np.full(len(places), np.nan))
    if len(opened := np.flatnonzero(why != "")):
        found = edge(places.iloc[opened], areas, band_m)
        told.margin_m[opened], told.sigma_m[opened] = found.margin_m, found.sigma_m
    return why, name, told


def _areal(networks: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    outlined = networks.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    return np.asarray((networks["kind"] == "service_area") & outlined, dtype=bool)


def _planned(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[Objects, Floats]:
    """Return the earliest planned area that holds each place, and its year."""
    years = areas["year_planned"].to_numpy(dtype=float) if "year_planned" in areas else np.full(len(areas), np.nan)
    first = np.lexsort((areas["network_id"].to_numpy(dtype=str), years))
    at_place, at_area = holding(places, areas.iloc[first])
    name, year = np.full(len(places), None, dtype=object), np.full(len(places), np.nan)
    name[at_place[::-1]] = areas["network_id"].to_numpy(dtype=object)[first][at_area[::-1]]
    year[at_place[::-1]] = years[first][at_area[::-1]]
    return name, year


def coverage(
    places: gpd.GeoDataFrame,
    networks: gpd.GeoDataFrame,
    scenario: Scenario,
    *,
    need_mw: Floats,
    plants: pd.DataFrame,
) -> Coverage:
    """Place each point against the declared service areas.

    Parameters
    ----------
    places, networks : geopandas.GeoDataFrame
        In one projected CRS [m]; places are points, with ``medium`` and ``position_sigma_m`` where they have them.
    scenario : Scenario
        Review band, and the day on which declarations must be in force. A plan is a plan until its term is over.
    need_mw : array
        What would have to be delivered to each place at peak [MW]; NaN where it is not known.
    plants : pandas.DataFrame
        From `heating.plants.plant_states`.
    """
    said = terms(networks, scenario.as_of)
    areas = _with_stations(service_areas(networks[said == ""], status="existing"), networks[said == ""])
    plans = service_areas(networks[said != "expired"], status="planned")
    to_edge = edge(places, areas, scenario.review_band_m)
    to_plan = edge(places, plans, scenario.review_band_m, only_doubtful=True)
    p = to_edge.p
    state = np.where(p >= SURE, _YES, np.where(p > 1 - SURE, _REVIEW, _NO))
    best = _best(places, areas, need_mw, plants, scenario.review_band_m)
    doubt, open_id, to_open = _unclear(places, networks, said, state, scenario.review_band_m)
    opened = doubt != ""  # what is told of the edge is told of the area that is named
    doubt[state == _REVIEW] = "edge"
    if areas.empty:
        doubt[doubt == ""] = "none_declared" if len(networks) else "no_networks"
    plan_id, plan_year = _planned(places, plans)
    held = best.area >= 0
    ids = np.array([*areas["network_id"], None], dtype=object)
    spare = np.append(areas["spare_heat_mw"].to_numpy(dtype=float), np.nan)
    return Coverage(
        state=_NAMES[np.where(doubt != "", _REVIEW, state)],
        doubt=doubt,
        network_id=np.where(held, ids[best.area], open_id),
        edge=Edge(
            margin_m=np.where(opened, to_open.margin_m, to_edge.margin_m),
            sigma_m=np.where(opened, to_open.sigma_m, to_edge.sigma_m),
        ),
        spare_heat_mw=spare[best.area],
        spare=_NAMES[best.heat],
        same_medium=_NAMES[best.match],
        heat_doubt=best.why,
        plan_id=plan_id,
        plan_year=plan_year,
        plan=to_plan,
    )
