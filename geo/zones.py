"""Which village, county and policy zone a building or boiler belongs to, and how that was found.

The NBS urban–rural class of the village decides the zone (data/parameters/zone_classes.csv, after
国统字〔2009〕91号); the switches are the readings that the Plan leaves open. A place whose village and
county are not known is ``unknown`` and is counted apart, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import parameters
from data.catalog import UNKNOWN
from geo.crs import require_projected
from geo.proximity import pairs_of, points_of

COUNTY_SEAT_TOWNS: Final = ("640221100",)
MINING_STREETS: Final = ("640202006", "640202007")
COUNTY_DIGIT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneOptions:
    """Readings of the zone rules that the Plan leaves open; the defaults are those of FACTS §C.

    Parameters
    ----------
    fringe_as_urban : bool
        Class 112 of a city district counts as the city (the stricter reading).
    other_towns_as_rural : bool
        Class 121 outside the county seat counts as countryside rather than as a central town.
    mining_streets_open : bool
        The mining streets in the mountains (石炭井, 白芨沟) are left ``unknown`` for a person to judge.
    nearest_max_m : float
        Farther than this from any village point [m], a place has no village.
    """

    fringe_as_urban: bool = False
    other_towns_as_rural: bool = False
    mining_streets_open: bool = False
    nearest_max_m: float = 5000.0


def is_district(county_code: str) -> bool:
    """Tell a city district (市辖区) from a county by the fifth digit of its code (GB/T 2260).

    >>> is_district("640202"), is_district("640221")
    (True, False)
    """
    return int(county_code[4]) < COUNTY_DIGIT


def zone_of_class(ur_class: str, county_code: str, town_code: str, *, options: ZoneOptions) -> str:
    """Return the policy zone of a village.

    Parameters
    ----------
    ur_class : str
        NBS urban–rural class, 111 to 220.
    county_code : str
        Six-digit code.
    town_code : str
        Nine- or twelve-digit code; tells the county seat's town from the others.
    options : ZoneOptions
        The open readings.

    >>> zone_of_class("121", "640221", "640221100", options=ZoneOptions(other_towns_as_rural=True))
    'county_town'
    """
    if options.mining_streets_open and town_code[:9] in MINING_STREETS:
        return UNKNOWN
    district = is_district(county_code)
    if ur_class == "112" and district and options.fringe_as_urban:
        return "urban"
    if ur_class == "121" and options.other_towns_as_rural and town_code[:9] not in COUNTY_SEAT_TOWNS:
        return "rural"
    return _zones_by_class()[ur_class][0 if district else 1]


@cache
def _zones_by_class() -> dict[str, tuple[str, str]]:
    """Return by urban–rural class the zone that it is in a district, and in a county."""
    table = parameters.table("zone_classes")
    return {str(code): (str(row["district_zone"]), str(row["county_zone"])) for code, row in table.iterrows()}


def village_zones(villages: gpd.GeoDataFrame, *, options: ZoneOptions) -> pd.Series:
    """Return the policy zone of each village as a Series named ``zone`` on the index of `villages`."""
    towns = villages["town_code"].fillna(villages["village_code"].str[:9])
    zones = [
        zone_of_class(ur_class, county, town, options=options)
        for ur_class, county, town in zip(villages["ur_class"], villages["county_code"], towns, strict=True)
    ]
    return pd.Series(zones, index=villages.index, name="zone", dtype="string[pyarrow]")


def _order(codes: pd.Series) -> NDArray[np.intp]:
    """Return the rank of each code: what decides where several places are equally right, whatever their row order."""
    return np.asarray(codes.rank(method="first").to_numpy() - 1, dtype=np.intp)


def _within(
    points: NDArray[np.object_],
    areas: gpd.GeoDataFrame,
    *,
    code: str,
    own: NDArray[np.object_] | None = None,
) -> NDArray[np.intp]:
    """Return for each point the position of the area that holds it, or -1.

    Of several, one of the point's `own` county comes first, then the one with the lowest `code`.
    """
    held = np.full(len(points), -1, dtype=np.intp)
    if len(areas) and len(points):
        at_point, at_area = pairs_of(points, areas.geometry.to_numpy())
        foreign = np.zeros(len(at_point), dtype=bool)
        if own is not None:
            foreign = areas["county_code"].to_numpy(dtype=object)[at_area] != own[at_point]
        order = np.asarray(np.lexsort((_order(areas[code])[at_area], foreign, at_point))[::-1])
        held[at_point[order]] = at_area[order]
    return held


def _nearest(points: NDArray[np.object_], villages: gpd.GeoDataFrame, *, limit_m: float) -> NDArray[np.intp]:
    """Return for each point the position of the nearest village point within the limit, or -1."""
    found = np.full(len(points), -1, dtype=np.intp)
    if len(villages) and len(points):
        tree = shapely.STRtree(villages.geometry.to_numpy())
        at_point, at_village = tree.query_nearest(points, max_distance=limit_m, all_matches=True)
        order = np.lexsort((_order(villages["village_code"])[at_village], at_point))[::-1]
        found[at_point[order]] = at_village[order]
    return found


def locate(
    places: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame | None,
    counties: gpd.GeoDataFrame | None,
    *,
    options: ZoneOptions,
) -> pd.DataFrame:
    """Find the county, village and zone of each place.

    Parameters
    ----------
    places : geopandas.GeoDataFrame
        Buildings or boilers in a projected CRS [m]; ``village_code`` is believed where it is known to `villages`.
    villages, counties : geopandas.GeoDataFrame, optional
        In the same CRS. Village points are matched to the nearest one of the same county, polygons by position; a
        place in a village is in that village's county.
    options : ZoneOptions
        The open readings.

    Returns
    -------
    pandas.DataFrame
        On the index of `places`: ``county_code, village_code, zone, zone_evidence`` where the evidence is
        ``declared``, ``polygon``, ``nearest`` or ``none``.
    """
    require_projected(places)
    points = points_of(places)
    county = _county_codes(places, points, counties)
    village = np.full(len(places), -1, dtype=np.intp)
    evidence = np.full(len(places), "none", dtype=object)
    if villages is not None and len(villages):
        codes = pd.Index(villages["village_code"])
        if "village_code" in places:
            village = codes.get_indexer(places["village_code"].astype(object))
            evidence[village >= 0] = "declared"
        areas = villages.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
        held = _within(points, villages[areas], code="village_code", own=county)
        _fill(village, evidence, "polygon", _positions(areas)[held])
        _nearest_in_county(village, evidence, points, county, villages, ~areas, options.nearest_max_m)
        known = village >= 0
        county[known] = villages["county_code"].to_numpy()[village[known]]
    return _answer(places.index, county, village, evidence, villages, options)


def _positions(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the positions where `mask` holds, with -1 behind them so that index -1 stays -1."""
    return np.append(np.flatnonzero(mask), -1)


def _fill(village: NDArray[np.intp], evidence: NDArray[np.object_], word: str, found: NDArray[np.intp]) -> None:
    new = (village < 0) & (found >= 0)
    village[new] = found[new]
    evidence[new] = word


def _county_codes(
    places: gpd.GeoDataFrame, points: NDArray[np.object_], counties: gpd.GeoDataFrame | None
) -> NDArray[np.object_]:
    """Return the county that each place stands in; where no outline holds it, its own statement serves."""
    codes = np.full(len(places), None, dtype=object)
    if "county_code" in places:
        said = places["county_code"]
        codes[said.notna().to_numpy()] = said.dropna().to_numpy(dtype=object)
    if counties is not None and len(counties):
        held = _within(points, counties, code="county_code")
        codes[held >= 0] = counties["county_code"].to_numpy(dtype=object)[held[held >= 0]]
    return codes


def _nearest_in_county(
    village: NDArray[np.intp],
    evidence: NDArray[np.object_],
    points: NDArray[np.object_],
    county: NDArray[np.object_],
    villages: gpd.GeoDataFrame,
    is_point: NDArray[np.bool_],
    limit_m: float,
) -> None:
    """Give places without a village the nearest village point of their own county."""
    own = villages["county_code"].to_numpy(dtype=object)
    for code in pd.unique(own[is_point]):
        open_places = np.flatnonzero((village < 0) & (county == code))
        candidates = is_point & (own == code)
        found = np.full(len(points), -1, dtype=np.intp)
        found[open_places] = _positions(candidates)[
            _nearest(points[open_places], villages[candidates], limit_m=limit_m)
        ]
        _fill(village, evidence, "nearest", found)


def _answer(
    index: pd.Index,
    county: NDArray[np.object_],
    village: NDArray[np.intp],
    evidence: NDArray[np.object_],
    villages: gpd.GeoDataFrame | None,
    options: ZoneOptions,
) -> pd.DataFrame:
    zones = np.full(len(index), UNKNOWN, dtype=object)
    codes = np.full(len(index), None, dtype=object)
    if villages is not None and len(villages):
        known = village >= 0
        zones[known] = village_zones(villages, options=options).to_numpy(dtype=object)[village[known]]
        codes[known] = villages["village_code"].to_numpy(dtype=object)[village[known]]
    return pd.DataFrame(
        {
            "county_code": pd.array(county, dtype="string[pyarrow]"),
            "village_code": pd.array(codes, dtype="string[pyarrow]"),
            "zone": pd.array(zones, dtype="string[pyarrow]"),
            "zone_evidence": pd.array(evidence, dtype="string[pyarrow]"),
        },
        index=index,
    )
