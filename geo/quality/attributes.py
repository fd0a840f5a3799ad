"""What buildings say of themselves, held against their own footprint and against itself."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data import parameters
from geo.quality.findings import Finding
from geo.quality.sheets import City, Sheet, span, written

_HOMES: Final = ("apartment", "rural_house")
_HALLS: Final = ("factory", "warehouse")
_TEN_THOUSAND: Final = 1e4


def _limit(name: str) -> float:
    return parameters.value("quality", name)


def _area_units(sheet: Sheet, ratio: NDArray[np.float64]) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Ask about floor areas that look like 万㎡, like 亩, or like m² read as 万㎡: once a column, else by row."""
    area = sheet.numbers("floor_area_m2")
    known = int(np.isfinite(ratio).sum())
    asked = np.zeros(len(sheet), dtype=bool)
    found: list[Finding] = []
    for unit, factor in (("万㎡", _TEN_THOUSAND), ("亩", _limit("mu_m2")), ("㎡", 1 / _TEN_THOUSAND)):
        with np.errstate(invalid="ignore"):
            mask = (np.abs(ratio * factor - 1) <= _limit("unit_tolerance")) & ~asked
        asked |= mask
        common = {"unit": unit, "factor": repr(factor)}
        if known >= _limit("unit_file_rows") and mask.sum() >= _limit("unit_file_share") * known:
            values = {"count": str(mask.sum()), "known": str(known), **common}
            values |= {"given": span(area[mask]), "reading": span(area[mask] * factor)}
            found.append(sheet.doubt("area_unit_file", "question", np.flatnonzero(mask), mend="floor_area", **values))
            continue
        for at in np.flatnonzero(mask):
            values = {"given": written(area[at]), "reading": written(area[at] * factor), **common}
            found.append(sheet.doubt("area_unit", "question", [at], mend="floor_area", **values))
    return found, asked


def _floor_areas(sheet: Sheet) -> list[Finding]:
    area, floors = sheet.numbers("floor_area_m2"), sheet.numbers("floors")
    built = np.where(sheet.polygonal, sheet.area_m2 * floors, np.nan)
    ratio = np.divide(area, built, out=np.full(len(sheet), np.nan), where=built > 0)
    found, asked = _area_units(sheet, ratio)
    off = ((ratio > _limit("floor_area_times")) | (ratio < 1 / _limit("floor_area_part"))) & ~asked
    for at in np.flatnonzero(off):
        values = {"declared": written(area[at]), "floors": written(floors[at]), "ratio": f"{ratio[at]:.2g}"}
        values |= {"footprint": written(round(sheet.area_m2[at], 1)), "built": written(round(built[at], 1))}
        found.append(sheet.doubt("floor_area_off", "question", [at], **values))
    return found


def _heated(sheet: Sheet) -> list[Finding]:
    heated, area = sheet.numbers("heated_area_m2"), sheet.numbers("floor_area_m2")
    return [
        sheet.doubt("heated_over_floor", "question", [at], heated=written(heated[at]), declared=written(area[at]))
        for at in np.flatnonzero(heated > _limit("heated_share") * area)
    ]


def _storeys(sheet: Sheet) -> list[Finding]:
    height, floors = sheet.numbers("height_m"), sheet.numbers("floors")
    storey = height / floors
    homes = np.isin(sheet.words("use").astype(str), _HOMES)
    halls = np.isin(sheet.words("use").astype(str), _HALLS)
    high = np.where(
        halls,
        np.inf,
        np.where(floors >= 2, _limit("storey_high_m"), np.where(homes, _limit("home_storey_high_m"), np.inf)),
    )
    return [
        sheet.doubt(
            "storey_height",
            "question",
            [at],
            height=written(height[at]),
            floors=written(floors[at]),
            storey=f"{storey[at]:.1f}",
        )
        for at in np.flatnonzero((storey < _limit("storey_low_m")) | (storey > high))
    ]


def _households(sheet: Sheet) -> list[Finding]:
    homes = np.isin(sheet.words("use").astype(str), _HOMES)
    count = sheet.numbers("households")
    area = sheet.numbers("floor_area_m2")
    built = np.where(sheet.polygonal, sheet.area_m2 * sheet.numbers("floors"), np.nan)
    area = np.where(np.isnan(area), built, area)
    each = np.divide(area, count, out=np.full(len(sheet), np.nan), where=count > 0)
    off = homes & ((each < _limit("household_low_m2")) | (each > _limit("household_high_m2")))
    return [
        sheet.doubt(
            "household_area",
            "question",
            [at],
            households=written(count[at]),
            area=written(round(area[at], 1)),
            each=written(round(each[at], 1)),
        )
        for at in np.flatnonzero(off)
    ]


def _future(sheet: Sheet, this_year: int) -> list[Finding]:
    years = sheet.numbers("year_built")
    return [
        sheet.doubt("year_in_future", "error", [at], year=written(years[at]), now=str(this_year))
        for at in np.flatnonzero(years > this_year)
    ]


def examine_attributes(city: City, *, this_year: int) -> list[Finding]:
    """Find buildings whose own figures contradict one another, and years that have not come."""
    found: list[Finding] = []
    if buildings := city.get("buildings"):
        found += _floor_areas(buildings) + _heated(buildings) + _storeys(buildings) + _households(buildings)
    for layer in ("buildings", "boilers"):
        if sheet := city.get(layer):
            found += _future(sheet, this_year)
    return found
