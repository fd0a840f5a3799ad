"""Small layers with every fact given, and places at exact geodesic distances."""

import dataclasses
import functools

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS, Geod

from data.schemas import schema
from geo.crs import STORED
from geo.validate import complete
from heating import ledger
from heating.layers import Layers, Source
from heating.scenario import Scenario
from heating.verdicts import BoilerFacts
from solar.weather import typical_year

GEOD = Geod(ellps="GRS80")
PLANT = (106.38465, 39.03595)
LOCAL = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=106.5 +k=1 +x_0=500000 +ellps=GRS80 +units=m +no_defs")

FACTS = BoilerFacts(
    capacity_t_h=20.0,
    fuel="coal",
    duty="heating",
    medium="hot_water",
    status="operating",
    backup="no",
    peaking="no",
    ultra_low="yes",
    in_city="yes",
    in_network="no",
    network_margin_m=-500.0,
    network_doubt="",
    network_spare="review",
    network_medium="review",
    in_radius="no",
    plant_distance_m=30_000.0,
    plant_margin_m=-15_000.0,
    plant_spare="no",
    plant_doubt=(),
)
BOILER = {
    "name": None,
    "fuel": "coal",
    "capacity_t_h": 20.0,
    "duty": "heating",
    "medium": "hot_water",
    "status": "operating",
    "is_backup": False,
    "is_peaking": False,
    "is_ultra_low": True,
    "position_sigma_m": 5.0,
}
UNIT = {
    "plant_id": "P1",
    "name": "厂",
    "capacity_mw": 330.0,
    "status": "operating",
    "is_chp": True,
    "is_captive": False,
    "spare_heat_mw": 500.0,
}
AREA = {"kind": "service_area", "status": "existing", "medium": "hot_water", "spare_heat_mw": 100.0, "plant_id": None}
BUILDING = {
    "use": "apartment",
    "floors": 6.0,
    "roof_kind": "flat_concrete",
    "heat_source": "chp",
    "year_built": 2010.0,
}


def facts(**known):
    return dataclasses.replace(FACTS, **known)


def at(metres, bearing=80.0, origin=PLANT):
    """Return the point at a geodesic distance and bearing from a place."""
    x, y, _ = GEOD.fwd(*origin, bearing, metres)
    return shapely.Point(x, y)


def square(metres, side=400.0, origin=PLANT, bearing=80.0):
    """Return a square of some metres round a point, in degrees."""
    middle = gpd.GeoSeries([at(metres, bearing, origin)], crs=STORED).to_crs(LOCAL).iloc[0]
    return gpd.GeoSeries([middle.buffer(side / 2, cap_style="square")], crs=LOCAL).to_crs(STORED).iloc[0]


def layer(name, rows, template):
    """Return a layer of rows given as dicts with ``geometry``; what they leave out is the template's."""
    key = {"boilers": "boiler_id", "plants": "unit_id", "networks": "network_id", "buildings": "building_id"}[name]
    told = [template | {key: f"{name[0].upper()}{nth}"} | row for nth, row in enumerate(rows, start=1)]
    table = pd.DataFrame(told).astype(object).drop(columns="geometry")
    for column in schema(name).columns:
        if column in table and str(schema(name).columns[column].dtype).startswith("float"):
            table[column] = table[column].astype(float)
    frame = complete(table, name).assign(source_row=range(2, 2 + len(told)))
    return gpd.GeoDataFrame(frame, geometry=[row["geometry"] for row in told], crs=STORED)


def boilers(*rows):
    return layer("boilers", rows, BOILER | {"geometry": at(3000)})


def units(*rows):
    return layer("plants", rows, UNIT | {"geometry": shapely.Point(PLANT)})


def areas(*rows):
    return layer("networks", rows, AREA | {"geometry": square(3000)})


def buildings(*rows):
    return layer("buildings", rows, BUILDING | {"geometry": square(3000, 20.0)})


@functools.cache
def year():
    return typical_year()


def layers_of(**frames):
    sources = {
        name: Source(file=f"{name}.csv", sha256="0" * 64, rows_in=len(frame), rows_used=len(frame))
        for name, frame in frames.items()
    }
    return Layers(frames=frames, weather=(year(),), synthetic=False, sources=sources)


def judged(scenario=None, **frames):
    """Return the judged boilers of some layers."""
    return ledger.judge(layers_of(**frames), scenario or Scenario(), crs=LOCAL).boilers


def verdict(scenario=None, *, plants=None, networks=None, **boiler):
    """Return what is said of a single boiler."""
    frames = {"boilers": boilers(boiler)}
    frames |= {"plants": plants} if plants is not None else {}
    frames |= {"networks": networks} if networks is not None else {}
    return judged(scenario, **frames).iloc[0]
