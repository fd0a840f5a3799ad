"""Records of the ledgers that may stand twice, and places too coarse for a verdict."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from data import parameters
from geo.proximity import distance_to
from geo.quality.clusters import Positions, close_pairs, clusters, equal_groups
from geo.quality.findings import Finding
from geo.quality.naming import alike, folded
from geo.quality.sheets import City, Objects, Sheet, span, written

_DECIMALS: Final = 7
_METRES_PER_DEGREE: Final = 111_320.0


def _limit(name: str) -> float:
    return parameters.value("quality", name)


def _equal(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which capacities are equal within the tolerance, or not known on one side."""
    near = np.abs(first - second) <= _limit("alike_capacity_share") * np.fmax(first, second)
    return np.asarray(near | np.isnan(first) | np.isnan(second), dtype=bool)


def _same(values: Objects, first: Positions, second: Positions) -> NDArray[np.bool_]:
    """Tell which pairs say the same, or where one of them does not say."""
    one, two = values[first], values[second]
    silent = np.array(
        [left in (None, "unknown") or right in (None, "unknown") for left, right in zip(one, two, strict=True)],
        dtype=bool,
    )
    return np.asarray(np.asarray(one == two, dtype=bool) | silent, dtype=bool)


def _names_agree(names: list[str], first: Positions, second: Positions) -> NDArray[np.bool_]:
    least = _limit("alike_name_ratio")
    pairs = zip(first, second, strict=True)
    return np.array([bool(names[a] and names[b]) and alike(names[a], names[b]) >= least for a, b in pairs], dtype=bool)


def _boiler_pairs(sheet: Sheet, heaped: NDArray[np.bool_]) -> tuple[Positions, Positions]:
    capacity, year = sheet.numbers("capacity_t_h"), sheet.numbers("year_built")
    names = [folded(name or "") for name in sheet.words("name")]
    fuel, duty = sheet.words("fuel"), sheet.words("duty")
    some = np.flatnonzero(~heaped)
    firsts, seconds = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for left, right in close_pairs(sheet.points[some], within_m=_limit("alike_distance_m")):
        first, second = some[left], some[right]
        keep = _equal(capacity[first], capacity[second]) & (
            (year[first] == year[second]) | np.isnan(year[first] + year[second])
        )
        first, second = first[keep], second[keep]
        keep = _same(fuel, first, second) & _same(duty, first, second)
        first, second = first[keep], second[keep]
        keep = _names_agree(names, first, second)
        firsts.append(first[keep])
        seconds.append(second[keep])
    return np.concatenate(firsts), np.concatenate(seconds)


def _spread_m(sheet: Sheet, at: Positions) -> float:
    low_x, low_y, high_x, high_y = shapely.total_bounds(sheet.points[at])
    return float(np.hypot(high_x - low_x, high_y - low_y))


def _boilers_twice(sheet: Sheet, heaped: NDArray[np.bool_]) -> list[Finding]:
    capacity, names = sheet.numbers("capacity_t_h"), sheet.words("name")
    found = []
    for at in clusters(*_boiler_pairs(sheet, heaped)):
        known = capacity[at][~np.isnan(capacity[at])]
        values = {
            "count": str(len(at)),
            "name": str(names[at[0]]),
            "capacity": span(known) if len(known) else "—",
            "distance": written(round(_spread_m(sheet, at))),
        }
        found.append(sheet.doubt("boiler_twice", "question", at, mend="drop_later", **values))
    return found


def _places(sheet: Sheet) -> Objects:
    """Return a key for the exact place of each row in degrees."""
    middle = shapely.get_coordinates(shapely.centroid(sheet.shapes)).round(_DECIMALS)
    return np.array([f"{x:.7f} {y:.7f}" for x, y in middle], dtype=object)


def _heaps(sheet: Sheet) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Find places that stand for many owners: they are somebody's guess, a town's centre for instance."""
    heaped = np.zeros(len(sheet), dtype=bool)
    names = np.array([folded(name or "") for name in sheet.words("name")], dtype=object)
    found = []
    for at in equal_groups(_places(sheet)):
        owners = {name for name in names[at] if name}
        if len(owners) >= _limit("heap_rows"):
            heaped[at] = True
            place = shapely.centroid(sheet.shapes[at[0]])
            values = {"count": str(len(at)), "owners": str(len(owners)), "place": f"{place.x:.6f}, {place.y:.6f}"}
            found.append(sheet.doubt("boilers_heaped", "question", at, **values))
    return found, heaped


def _transformers_twice(sheet: Sheet) -> list[Finding]:
    """Find transformers on one point whose size and spare are both stated and equal."""
    size, spare = sheet.numbers("capacity_kva"), sheet.numbers("spare_kva")
    found = []
    for left, right in close_pairs(sheet.points, within_m=_limit("same_point_m")):
        same = (size[left] == size[right]) & (spare[left] == spare[right])
        for at in clusters(left[same], right[same]):
            values = {"count": str(len(at)), "capacity": span(size[at]), "spare": span(spare[at])}
            found.append(sheet.doubt("transformer_twice", "question", at, mend="drop_later", **values))
    return found


def _plants_twice(sheet: Sheet) -> list[Finding]:
    """Find two plant identifiers for what may be one plant: near, alike by name, with a unit of equal size."""
    plant, capacity, shown = sheet.words("plant_id"), sheet.numbers("capacity_mw"), sheet.words("name")
    names = [folded(name or "") for name in shown]
    pairs: dict[tuple[str, str], set[int]] = {}
    for left, right in close_pairs(sheet.points, within_m=_limit("plant_alike_distance_m")):
        keep = (plant[left] != plant[right]) & _equal(capacity[left], capacity[right])
        first, second = left[keep], right[keep]
        agree = _names_agree(names, first, second)
        for a, b in zip(first[agree], second[agree], strict=True):
            if plant[a] and plant[b]:
                one, two = sorted((str(plant[a]), str(plant[b])))
                pairs.setdefault((one, two), set()).update((int(a), int(b)))
    found = []
    for both, at in sorted(pairs.items()):
        said = "、".join(sorted({str(shown[one]) for one in at}))
        found.append(sheet.doubt("plant_twice", "question", at, plants="、".join(both), names=said))
    return found


def _decimals(sheet: Sheet, places: int) -> NDArray[np.bool_]:
    """Tell which points are written with at most so many decimals of a degree in both axes."""
    scaled = shapely.get_coordinates(shapely.centroid(sheet.shapes)) * 10.0**places
    return np.asarray((np.abs(scaled - scaled.round()) < 1e-5).all(axis=1), dtype=bool)


def _hangs(city: City, sheet: Sheet, at: Positions, error_m: float) -> int:
    """Count the rows whose distance to some plant is within `error_m` of the policy's radius."""
    plants = city.get("plants")
    if plants is None or not len(at):
        return 0
    radius_m = parameters.value("policy", "plant_radius_km") * 1000
    places = sheet.frame.iloc[at].set_geometry(sheet.shapes[at])
    unsure = np.zeros(len(at), dtype=bool)
    for target in {shapely.to_wkb(shape): shape for shape in plants.shapes}.values():
        unsure |= np.abs(distance_to(places, target) - radius_m) <= error_m
    return int(unsure.sum())


def _coarse(city: City, sheet: Sheet) -> list[Finding]:
    found: list[Finding] = []
    done = np.zeros(len(sheet), dtype=bool)
    for places in range(int(_limit("coarse_decimals")) + 1):
        mask = _decimals(sheet, places) & ~done
        done |= mask
        error_m = _METRES_PER_DEGREE / 10**places / 2 * np.sqrt(2)
        hanging = _hangs(city, sheet, np.flatnonzero(mask), error_m)
        values = {"decimals": str(places), "metres": written(float(f"{error_m:.1g}")), "near": str(hanging)}
        if hanging:
            found += sheet.whole("coarse_place_decides", "question", mask, **values)
        else:
            found += sheet.whole("coarse_place", "note", mask, **values)
    return found


def examine_ledgers(city: City) -> list[Finding]:
    """Find records of boilers, plants and transformers that may stand twice, and coarse or borrowed places."""
    found: list[Finding] = []
    if boilers := city.get("boilers"):
        heaps, heaped = _heaps(boilers)
        found += heaps + _boilers_twice(boilers, heaped) + _coarse(city, boilers)
    if plants := city.get("plants"):
        found += _plants_twice(plants)
    if transformers := city.get("transformers"):
        found += _transformers_twice(transformers)
    return found
