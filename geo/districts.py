"""Where villages, towns and counties lie on a map, also where villages are known as points only."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.zones import ZoneOptions

TOWN_KEYS: Final = ["town_code", "town", "county_code"]


def village_districts(
    villages: gpd.GeoDataFrame, counties: gpd.GeoDataFrame | None, *, crs: CRS, options: ZoneOptions | None = None
) -> gpd.GeoDataFrame:
    """Return the area of each village: its polygon, or the places for which its point is the nearest.

    Parameters
    ----------
    villages : geopandas.GeoDataFrame
        Layer `villages`; points, polygons or both.
    counties : geopandas.GeoDataFrame, optional
        Layer `counties`: areas of points end at the border of their own county.
    crs : pyproj.CRS
        Projected system in metres that distances are measured in.
    options : ZoneOptions, optional
        Its ``nearest_max_m`` is how far from its point an area reaches [m], as `geo.zones.locate` has it.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows of `villages` that have an area, in their own system, with the columns they had. Areas from points
        are a sketch: no border of a village is known from them.
    """
    limit = (options or ZoneOptions()).nearest_max_m
    local = villages.to_crs(crs)
    shapes = local.geometry.to_numpy().copy()
    pointed = shapely.get_dimensions(shapes) == 0
    county = villages["county_code"].astype(object).to_numpy()
    borders = None if counties is None else counties.to_crs(crs).set_index("county_code").geometry
    for code in pd.unique(county[pointed]):
        some = np.flatnonzero(pointed & (county == code))
        cells = _nearest_cells(shapes[some], limit)
        if borders is not None and code in borders.index:
            cells = shapely.intersection(cells, shapely.make_valid(borders[code]))
        shapes[some] = cells
    found = villages.set_geometry(gpd.GeoSeries(shapes, index=villages.index, crs=crs).to_crs(villages.crs))
    return found[(shapely.get_dimensions(shapes) == 2) & ~shapely.is_empty(shapes)]


def _nearest_cells(points: NDArray[np.object_], limit_m: float) -> NDArray[np.object_]:
    """Return the places nearest to each point within a limit; of points on one place the first has all of them."""
    centres = shapely.centroid(points)
    within = shapely.buffer(centres, limit_m, quad_segs=16)
    _, first = np.unique(shapely.get_coordinates(centres), axis=0, return_index=True)
    if len(first) == 1:
        cells = within[first]
    else:
        diagram = shapely.voronoi_polygons(shapely.multipoints(centres[first]), extend_to=shapely.union_all(within))
        parts = shapely.get_parts(diagram)
        tree = shapely.STRtree(parts)
        at_centre, at_part = tree.query(centres[first], predicate="intersects")
        part = np.full(len(first), -1)
        part[at_centre[::-1]] = at_part[::-1]
        cells = shapely.intersection(parts[part], within[first])
    found = np.full(len(points), shapely.Polygon(), dtype=object)
    found[first] = cells
    return found


def town_districts(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the towns as the union of their villages' areas.

    Parameters
    ----------
    areas : geopandas.GeoDataFrame
        From `village_districts`, with ``town_code``, ``town`` and ``county_code``.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a town with those columns; villages without a town are left out.
    """
    known = areas[areas["town_code"].notna()]
    keys = known[TOWN_KEYS].astype(object).drop_duplicates("town_code").set_index("town_code")
    groups = known.geometry.groupby(known["town_code"].astype(object))
    shapes = {code: shapely.union_all(some.to_numpy(), grid_size=None) for code, some in groups}
    table = keys.reindex(list(shapes)).reset_index(names="town_code")
    return gpd.GeoDataFrame(table, geometry=list(shapes.values()), crs=areas.crs)
