"""Places that did not report: unknown, never zero."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN
from geo.quality.findings import Finding
from geo.quality.sheets import City, Sheet
from geo.zones import ZoneOptions, locate

_SHOWN: Final = 40
_COUNTED: Final = ("buildings", "boilers")


def _villages_of(city: City) -> dict[str, pd.Series]:
    """Return the village of each building and boiler, as its code or its place tells."""
    around = [None if one is None else one.frame.to_crs(city.crs) for one in map(city.get, ("villages", "counties"))]
    sheets = [sheet for sheet in map(city.get, _COUNTED) if sheet is not None]
    table = {name: np.concatenate([sheet.words(name) for sheet in sheets]) for name in ("village_code", "county_code")}
    places = gpd.GeoDataFrame(table, geometry=np.concatenate([sheet.points for sheet in sheets]), crs=city.crs)
    found = locate(places, around[0], around[1], options=ZoneOptions())["village_code"].astype(object)
    ends = np.cumsum([len(sheet) for sheet in sheets])
    parts = np.split(found.to_numpy(), ends[:-1])
    return {sheet.layer: pd.Series(part, dtype=object) for sheet, part in zip(sheets, parts, strict=True)}


def _listed(names: list[str]) -> str:
    return "、".join(names[:_SHOWN]) + ("…" if len(names) > _SHOWN else "")


class _Census:
    """How many buildings and boilers each village has, and which of them say how they are heated."""

    def __init__(self, city: City, villages: Sheet) -> None:
        self.villages = villages
        counties = city.get("counties")
        self.counties = {} if counties is None else dict(zip(counties.ids, counties.words("name"), strict=True))
        table = pd.DataFrame({"code": villages.ids, "county": villages.words("county_code")})
        table["name"] = villages.words("name")
        town = pd.Series(villages.words("town_code"), dtype=object)
        table["town"] = town.where(town.notna(), pd.Series(villages.ids).str[:9]).astype(str).str[:9]
        names = pd.Series(villages.words("town"), dtype=object)
        table["town_name"] = names.where(names.notna(), table["town"])
        where = _villages_of(city)
        for layer in _COUNTED:
            sheet, at = city.get(layer), where.get(layer)
            table[layer] = 0 if at is None else table["code"].map(at.value_counts()).fillna(0).astype(int)
            if layer == "buildings" and sheet is not None and at is not None:
                told = at[sheet.words("heat_source") != UNKNOWN]
                table["told"] = table["code"].map(told.value_counts()).fillna(0).astype(int)
        self.table = table

    def report(self, rule: str, column: str, silent: pd.Series, *, name: str) -> list[Finding]:
        """Return one finding a county over its silent villages or towns."""
        found = []
        for county, here in self.table.groupby("county", sort=True):
            some = here[silent[here.index]]
            if some.empty:
                continue
            total = max(1, int(here["buildings"].sum()))
            names = list(dict.fromkeys(some[name].astype(str)))
            values = {
                "county": self.counties.get(str(county), str(county)),
                "count": str(some[column].nunique()),
                "all": str(here[column].nunique()),
                "names": _listed(names),
                "buildings": str(int(some["buildings"].sum())),
                "share": f"{some['buildings'].sum() / total:.1%}",
            }
            found.append(self._doubt(rule, some, values))
        return found

    def _doubt(self, rule: str, some: pd.DataFrame, values: dict[str, str]) -> Finding:
        return self.villages.doubt(rule, "note", some.index.to_numpy(dtype=np.intp), **values)


def examine_unknowns(city: City) -> list[Finding]:
    """Find towns without a boiler record, places without any heat source given, and villages without buildings."""
    villages, buildings = city.get("villages"), city.get("buildings")
    if villages is None or buildings is None:
        return []
    census = _Census(city, villages)
    table = census.table
    by_town = table.groupby("town")[["buildings", "boilers", "told"]].transform("sum")
    enough = parameters.value("quality", "silent_buildings")
    towns_silent = (by_town["told"] == 0) & (by_town["buildings"] >= enough)
    villages_silent = (table["told"] == 0) & (table["buildings"] >= enough) & ~towns_silent
    found = census.report("towns_no_heat_source", "town", towns_silent, name="town_name")
    found += census.report("villages_no_heat_source", "code", villages_silent, name="name")
    found += census.report("villages_no_building", "code", table["buildings"] == 0, name="name")
    if city.get("boilers") is not None:
        without = (by_town["boilers"] == 0) & (by_town["buildings"] > 0)
        found += census.report("towns_no_boiler", "town", without, name="town_name")
    return found
