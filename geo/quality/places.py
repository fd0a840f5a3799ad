"""Places held against the county and village that their own codes name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data import parameters
from geo.quality.findings import Finding
from geo.quality.sheets import City, Objects, Sheet, span

_CODED = ("buildings", "villages")
_LOCATED = ("buildings", "villages", "boilers", "transformers", "parcels", "institutions")


def _known(values: Objects) -> NDArray[np.bool_]:
    return np.array([value is not None for value in values], dtype=bool)


def _strays(values: Objects, among: Objects) -> NDArray[np.bool_]:
    return _known(values) & ~pd.Series(values, dtype=object).isin(list(among)).to_numpy()


def _codes(city: City, sheet: Sheet) -> list[Finding]:
    """Find codes that nothing has, and codes of one row that name two counties."""
    county, village = sheet.words("county_code"), sheet.words("village_code")
    found: list[Finding] = []
    counties, villages = city.get("counties"), city.get("villages")
    if counties is not None:
        strays = _strays(county, counties.ids)
        for code in sorted(set(county[strays])):
            found += sheet.whole("county_unknown", "error", strays & (county == code), code=str(code))
    if villages is not None and sheet is not villages:
        strays = _strays(village, villages.ids)
        codes = sorted(set(village[strays]))
        shown = "、".join(codes[:10]) + ("…" if len(codes) > 10 else "")
        found += sheet.whole("village_unknown", "question", strays, codes=shown, kinds=str(len(codes)))
    prefix = np.array([None if code is None else str(code)[:6] for code in village], dtype=object)
    at_odds = _known(prefix) & _known(county) & (prefix != county)
    for one, two in sorted(set(zip(prefix[at_odds], county[at_odds], strict=True))):
        mask = at_odds & (prefix == one) & (county == two)
        found += sheet.whole("codes_disagree", "error", mask, village=str(one), county=str(two))
    return found


def _distance_m(areas: Objects, points: Objects) -> NDArray[np.float64]:
    """Return how far each point [m] is outside its own area; 0 inside."""
    return np.asarray(shapely.distance(areas, points), dtype=float)


def _holder(points: Objects, areas: Objects, names: Objects) -> Objects:
    """Return the name of the first area that holds each point, or None."""
    held = np.full(len(points), None, dtype=object)
    at_point, at_area = shapely.STRtree(areas).query(points, predicate="intersects")
    order = np.lexsort((at_area, at_point))[::-1]
    held[at_point[order]] = names[at_area[order]]
    return held


def _own_county(sheet: Sheet, counties: Sheet) -> list[Finding]:
    """Find points outside the county that their own code names, by the pair of counties."""
    own = sheet.words("county_code")
    position = pd.Index(counties.ids).get_indexer(pd.Index(own, dtype=object))
    at = np.flatnonzero(position >= 0)
    for code in np.unique(position[at]):
        shapely.prepare(counties.local[code])
    inside = shapely.intersects(counties.local[position[at]], sheet.points[at])
    at = at[~inside]
    if not len(at):
        return []
    metres = _distance_m(counties.local[position[at]], sheet.points[at])
    stands = _holder(sheet.points[at], counties.local, _named(counties))
    named = _named(counties)[position[at]]
    far = metres > parameters.value("quality", "outside_tolerance_m")
    found = []
    for (own_name, there, is_far), group in pd.Series(at).groupby([named, stands.astype(str), far]):
        values = {"own": str(own_name), "there": "—" if there == "None" else str(there)}
        where = group.index.to_numpy()
        values |= {"count": str(len(where)), "metres": span(metres[where].round())}
        if is_far:
            found.append(sheet.doubt("outside_county", "error", at[where], **values))
        else:
            found.append(sheet.doubt("near_county_edge", "note", at[where], **values))
    return found


def _named(sheet: Sheet) -> Objects:
    names = sheet.words("name")
    return np.array(
        [f"{name} {code}" if name else str(code) for name, code in zip(names, sheet.ids, strict=True)], dtype=object
    )


def _outside_all(sheet: Sheet, counties: Sheet) -> list[Finding]:
    """Find points outside every county that no code of their own places in one."""
    open_rows = np.ones(len(sheet), dtype=bool)
    if "county_code" in sheet.frame:
        open_rows = ~pd.Series(sheet.words("county_code"), dtype=object).isin(list(counties.ids)).to_numpy()
    whole = shapely.union_all(counties.local)
    shapely.prepare(whole)
    open_rows &= ~shapely.intersects(whole, sheet.points)
    at = np.flatnonzero(open_rows)
    metres = _distance_m(np.full(len(at), whole, dtype=object), sheet.points[at])
    far = np.zeros(len(sheet), dtype=bool)
    far[at] = metres > parameters.value("quality", "outside_tolerance_m")
    if not far.any():
        return []
    return sheet.whole("outside_all", "question", far, metres=span(metres[far[at]].round()))


def _own_town(sheet: Sheet, villages: Sheet) -> list[Finding]:
    """Find points outside the town of the village that their own code names, where villages have outlines."""
    own = villages.polygonal
    town = np.array([str(code)[:9] for code in villages.ids], dtype=object)
    said = sheet.words("village_code")
    position = pd.Index(villages.ids).get_indexer(pd.Index(said, dtype=object))
    tolerance = parameters.value("quality", "outside_tolerance_m")
    names = villages.words("town")
    found: list[Finding] = []
    towns = np.where(position >= 0, town[position], "")
    for code in sorted(set(town[own])):
        members = town == code
        if not own[members].all():
            continue
        area = shapely.union_all(villages.local[members])
        shapely.prepare(area)
        at = np.flatnonzero(towns == code)
        at = at[~shapely.intersects(area, sheet.points[at])]
        metres = np.asarray(shapely.distance(area, sheet.points[at]), dtype=float)
        at, metres = at[metres > tolerance], metres[metres > tolerance]
        if len(at):
            name = str(names[members][0] or code)
            values = {"town": name, "count": str(len(at)), "metres": span(metres.round())}
            found.append(sheet.doubt("outside_town", "question", at, **values))
    return found


def examine_places(city: City) -> list[Finding]:
    """Find rows that stand elsewhere than their codes say, and codes that nothing has."""
    found: list[Finding] = []
    counties, villages = city.get("counties"), city.get("villages")
    for layer in _LOCATED:
        sheet = city.get(layer)
        if sheet is None:
            continue
        if layer in _CODED:
            found += _codes(city, sheet)
        if counties is not None:
            found += (_own_county(sheet, counties) if layer in _CODED else []) + _outside_all(sheet, counties)
        if layer == "buildings" and villages is not None:
            found += _own_town(sheet, villages)
    return found
