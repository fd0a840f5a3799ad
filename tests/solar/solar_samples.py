"""Footprints, and weather files of each format written from given hours; the faults of a bad one."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data.catalog import LANGUAGES
from data.errors import DataError
from solar.sun import mean_cosine
from solar.weather import read_weather

CITY_CRS = "+proj=tmerc +lat_0=0 +lon_0=106.5 +k=1 +x_0=500000 +ellps=GRS80 +units=m"
NORTHING = 4_330_000


def house(width, length, turn, x=500_000.0, y=NORTHING):
    """Return a rectangle whose long side points to `turn` degrees from north."""
    box = shapely.box(-width / 2, -length / 2, width / 2, length / 2)
    turned = shapely.transform(box, lambda points: points @ _rotation(turn).T)
    return shapely.transform(turned, lambda points: points + np.array([x, y]))


def _rotation(turn):
    angle = np.radians(turn)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def layer(rows, crs=CITY_CRS):
    frame = pd.DataFrame(rows, columns=["use", "roof_kind", "geometry"], index=[f"b{n}" for n in range(len(rows))])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)


def written(tmp_path, content, name="weather.txt", encoding="utf-8"):
    path = tmp_path / name
    path.write_text(content, encoding=encoding, newline="")
    return path


def faults_of(path):
    """Return rule and column of every fault of a weather file, each of which has its words."""
    with pytest.raises(DataError) as error:
        read_weather(path)
    for fault in error.value.faults:
        for language in LANGUAGES:
            assert path.name in fault.message(language)
    return {(fault.rule, fault.column) for fault in error.value.faults}


HEADER = {"latitude": 39.125, "longitude": 106.5585, "elevation": 1106.0}
EPW_HEAD = "LOCATION,Shizuishan,NX,CHN,Test,53518,39.125,{longitude},{zone},1106\n" + "X\n" * 7
TMY3_COLUMNS = "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),Wspd (m/s)"


def _table(columns):
    return pd.DataFrame(columns).round(6).to_csv(index=False, header=False, lineterminator="\n")


def epw_text(hours, *, zone="8.0", years=None, longitude=106.5585):
    index = hours.index
    year = [years[month - 1] for month in index.month] if years else index.year
    cells = dict.fromkeys(range(35), 0)
    cells |= {0: year, 1: index.month, 2: index.day, 3: index.hour + 1, 4: 60, 5: "?9"}
    cells |= {6: hours["temp_air"], 13: hours["ghi"], 14: hours["dni"], 15: hours["dhi"], 21: hours["wind_speed"]}
    columns = {number: getattr(cell, "array", cell) for number, cell in cells.items()}
    return EPW_HEAD.format(zone=zone, longitude=longitude) + _table(columns)


def tmy3_text(hours, *, zone="8.0"):
    index = hours.index
    columns = {"day": index.strftime("%m/%d/1996"), "time": [f"{hour + 1:02d}:00" for hour in index.hour]}
    columns |= {name: hours[name].array for name in ("ghi", "dni", "dhi", "temp_air", "wind_speed")}
    head = f'535180,"SHIZUISHAN",NX,{zone},39.125,106.5585,1106\n{TMY3_COLUMNS}\n'
    return head + _table(columns)


def in_utc(hours, year):
    """Return the hours on the UTC clock, in the order of a UTC year."""
    index = hours.index.tz_convert("UTC")
    return hours.set_axis([stamp.replace(year=year) for stamp in index]).sort_index()


def pvgis_rows(hours):
    beam = hours["dni"] * mean_cosine(hours.index, longitude=106.5585, latitude=39.125, altitude_m=1106.0)
    columns = {"time": hours.index.strftime("%Y%m%d:%H%M"), "Gb(i)": beam.array, "Gd(i)": hours["dhi"].array}
    columns |= {"Gr(i)": 0.0, "H_sun": 0.0, "T2m": hours["temp_air"].array, "WS10m": hours["wind_speed"].array}
    return pd.DataFrame(columns | {"Int": 0.0})


def pvgis_hourly_json(hours, *, slope=0):
    fixed = {"slope": {"value": slope, "optimal": False}, "azimuth": {"value": 0, "optimal": False}}
    inputs = {"location": HEADER, "mounting_system": {"fixed": fixed}}
    outputs = {"hourly": pvgis_rows(hours).to_dict("records")}
    return json.dumps({"inputs": inputs, "outputs": outputs, "meta": {"inputs": {}}})


def pvgis_hourly_csv(hours):
    head = [
        "Latitude (decimal degrees):\t39.125",
        "Longitude (decimal degrees):\t106.5585",
        "Elevation (m):\t1106",
        "Radiation database:\tPVGIS-ERA5",
        "",
        "",
        "Slope: 0 deg. ",
        "Azimuth: 0 deg. ",
        "",
    ]
    return "\r\n".join([*head, pvgis_rows(hours).to_csv(index=False, lineterminator="\r\n"), "Gb(i): Beam", ""])


def tmy_rows(hours, offset_h):
    moved = hours.index - pd.Timedelta(hours=offset_h)
    years = np.array(YEARS)[moved.month - 1].astype(str).astype(object)
    columns = {
        "time(UTC)": years + moved.strftime("%m%d:%H%M").to_numpy(object),
        "T2m": hours["temp_air"].array,
        "RH": 50.0,
        "G(h)": hours["ghi"].array,
    }
    columns |= {"Gb(n)": hours["dni"].array, "Gd(h)": hours["dhi"].array, "IR(h)": 300.0}
    return pd.DataFrame(columns | {"WS10m": hours["wind_speed"].array, "WD10m": 0.0, "SP": 89000.0})


YEARS = [2005, 2012, 2008, 2016, 2009, 2010, 2006, 2007, 2011, 2013, 2014, 2015]


def pvgis_tmy_json(hours, offset_h=0.5):
    months = [{"month": number, "year": year} for number, year in enumerate(YEARS, start=1)]
    inputs = {"location": HEADER | {"irradiance_time_offset": offset_h}}
    outputs = {"months_selected": months, "tmy_hourly": tmy_rows(hours, offset_h).to_dict("records")}
    return json.dumps({"inputs": inputs, "outputs": outputs, "meta": {"inputs": {}}})


def pvgis_tmy_csv(hours, offset_h=0.5):
    head = [
        "Latitude (decimal degrees): 39.125",
        "Longitude (decimal degrees): 106.5585",
        "Elevation (m): 1106.0",
        f"Irradiance Time Offset (h): {offset_h}",
        "month,year",
        *(f"{number},{year}" for number, year in enumerate(YEARS, start=1)),
    ]
    table = tmy_rows(hours, offset_h).to_csv(index=False, lineterminator="\r\n")
    return "\r\n".join([*head, table, "T2m: air temperature", ""])


POWER = {
    "ghi": ("ALLSKY_SFC_SW_DWN", "Wh/m^2"),
    "dni": ("ALLSKY_SFC_SW_DNI", "Wh/m^2"),
    "dhi": ("ALLSKY_SFC_SW_DIFF", "Wh/m^2"),
    "temp_air": ("T2M", "C"),
    "wind_speed": ("WS10M", "m/s"),
}


def power_csv(hours, *, standard=" in UTC", units=None):
    """Write hours whose index is mid-points on the clock that `standard` names; the stamps are the starts."""
    start = hours.index - pd.Timedelta(minutes=30)
    said = {name: (theirs, (units or {}).get(name, unit)) for name, (theirs, unit) in POWER.items() if name in hours}
    head = [
        "-BEGIN HEADER-",
        "NASA/POWER Source Native Resolution Hourly Data ",
        f"Dates (month/day/year): 01/01/2019 through 12/31/2019{standard} ",
        "Location: Latitude  39.125   Longitude 106.5585 ",
        "Elevation from MERRA-2: Average for 0.5 x 0.625 degree lat/lon region = 1106.0 meters",
        "The value for missing source data that cannot be computed: -999 ",
        "Parameter(s): ",
        *(f"{theirs}     CERES SYN1deg All Sky Surface Irradiance ({unit}) " for theirs, unit in said.values()),
        "-END HEADER-",
    ]
    columns = {"YEAR": start.year, "MO": start.month, "DY": start.day, "HR": start.hour}
    columns |= {theirs: hours[name].array for name, (theirs, _) in said.items()}
    return "\n".join([*head, pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")])


def power_json(hours, *, standard="UTC"):
    start = (hours.index - pd.Timedelta(minutes=30)).strftime("%Y%m%d%H")
    values = {theirs: dict(zip(start, hours[name], strict=True)) for name, (theirs, _) in POWER.items()}
    return json.dumps(
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [106.5585, 39.125, 1106.0]},
            "properties": {"parameter": values},
            "header": {"title": "NASA/POWER Hourly", "fill_value": -999.0, "time_standard": standard},
            "parameters": {theirs: {"units": unit, "longname": theirs} for theirs, unit in POWER.values()},
        }
    )


PLACE_LINES = ("# latitude=39.125", "# longitude=106.5585", "# altitude_m=1106", "# utc_offset_h=8")
CHINESE = {
    "ghi": "总辐射(W/m²)",
    "dni": "直接辐射",
    "dhi": "散射辐射",
    "temp_air": "气温（℃）",
    "wind_speed": "风速",
}


def table_text(hours, *, stamp="middle", names=None, head=PLACE_LINES):
    """Write hours whose index is mid-points of intervals of its own step."""
    step = hours.index[1] - hours.index[0]
    stamps = hours.index + {"start": -0.5, "middle": 0.0, "end": 0.5}[stamp] * step
    table = hours.rename(columns=names or {}).reset_index(drop=True)
    table.insert(len(table.columns) // 2, "时间" if names else "time", stamps.strftime("%Y/%m/%d %H:%M:%S"))
    return "\n".join([*head, f"# stamp={stamp}", table.to_csv(index=False, lineterminator="\n")])
