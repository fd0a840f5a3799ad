"""Heat density on a grid: annual heat and peak load per cell, as a GeoTIFF that keeps every sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.io import MemoryFile

from data.catalog import label, text
from data.errors import DataError, Fault
from geo.proximity import points_of

CELL_M: Final = 100.0
BANDS: Final = ("heat_mwh", "peak_kw", "buildings_unknown")
_MWH_PER_GJ: Final = 1 / 3.6
_MOST_CELLS: Final = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Heat by cell.

    Parameters
    ----------
    heat_mwh : array (rows, columns)
        Annual heat of the buildings of each cell [MWh/a]; NaN where there is no building. Divided by the cell's area
        of 1 ha at 100 m it is the heat density [MWh/(ha·a)].
    peak_kw : array (rows, columns)
        Their design load [kW].
    unknown : array (rows, columns)
        How many of them have no heat index [1]: their heat is in no sum.
    transform : affine.Affine
        From column and row to the projected CRS.
    crs : pyproj.CRS
        That CRS.
    """

    heat_mwh: NDArray[np.float64]
    peak_kw: NDArray[np.float64]
    unknown: NDArray[np.float64]
    transform: Affine
    crs: CRS


def heat_density(buildings: gpd.GeoDataFrame, crs: CRS, *, cell_m: float = CELL_M) -> Density:
    """Return heat by cell of a grid; each building counts whole in the cell that holds its inner point.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        ``heat_gj, peak_kw`` of each.
    crs : pyproj.CRS
        Projected system of the grid [m].
    cell_m : float
        Side of a cell [m]; the grid lies on whole multiples of it.

    Raises
    ------
    DataError
        If the grid would have more than 50 million cells: a building lies far from the others.
    """
    points = gpd.GeoSeries(points_of(buildings), crs=buildings.crs).to_crs(crs)
    column, row = np.floor(points.x.to_numpy() / cell_m), np.floor(points.y.to_numpy() / cell_m)
    west, north = column.min(), row.max()
    across, down = (column - west).astype(np.intp), (north - row).astype(np.intp)
    shape = int(down.max()) + 1, int(across.max()) + 1
    if shape[0] * shape[1] > _MOST_CELLS:
        said = f"{shape[0]} × {shape[1]}"
        raise DataError([Fault(rule="grid_too_large", effect="refused", file=label("layer", "buildings"), got=said)])
    heat = buildings["heat_gj"].to_numpy(dtype=float) * _MWH_PER_GJ
    peak = buildings["peak_kw"].to_numpy(dtype=float)
    at = np.ravel_multi_index((down, across), shape)
    cells = shape[0] * shape[1]
    anybody = np.bincount(at, minlength=cells) > 0
    sums = [
        np.bincount(at, weights=weights, minlength=cells)
        for weights in (np.nan_to_num(heat), np.nan_to_num(peak), np.isnan(heat).astype(float))
    ]
    found, load, unknown = (np.where(anybody, total, np.nan).reshape(shape) for total in sums)
    transform = Affine(cell_m, 0.0, west * cell_m, 0.0, -cell_m, (north + 1) * cell_m)
    return Density(heat_mwh=found, peak_kw=load, unknown=unknown, transform=transform, crs=crs)


def geotiff(density: Density, *, synthetic: bool, language: str = "zh") -> bytes:
    """Return a GeoTIFF of three bands, see `BANDS`; it says so where the data is synthetic.

    Parameters
    ----------
    density : Density
        From `heat_density`.
    synthetic : bool
        Whether the buildings are made up.
    language : str
        Of the names of the bands.
    """
    grids = (density.heat_mwh, density.peak_kw, density.unknown)
    profile = {
        "driver": "GTiff",
        "width": grids[0].shape[1],
        "height": grids[0].shape[0],
        "count": len(grids),
        "dtype": "float32",
        "crs": density.crs.to_wkt(),
        "transform": density.transform,
        "nodata": np.nan,
        "compress": "deflate",
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            for band, (name, grid) in enumerate(zip(BANDS, grids, strict=True), start=1):
                target.write(grid.astype(np.float32), band)
                target.set_band_description(band, text(f"density.{name}", language))
            notice = {"NOTICE": text("app.synthetic_long", language)} if synthetic else {}
            target.update_tags(CELL_M=f"{density.transform.a:g}", **notice)
        return bytes(memory.read())
