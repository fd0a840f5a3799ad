"""Reading an elevation model: tiles of any system come in, one metric grid and every fault come out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, reproject, transform, transform_bounds
from rasterio.windows import Window

from data.errors import DataError, Effect, Fault

Bounds = tuple[float, float, float, float]
Floats = NDArray[np.float32]

LAYER: Final = "elevation"
SUFFIXES: Final = (".tif", ".tiff")
LOWEST_M: Final = -500.0
HIGHEST_M: Final = 9000.0
MOST_CELLS: Final = 100_000_000
_METRE: Final = ("", "m", "metre", "metres", "meter", "meters", "1")
_AROUND: Final = 3  # cells read beyond the window, for the interpolation at its edges
_SAME: Final = 4  # decimals of a cell to which grids have to agree to be one


@dataclass(frozen=True, slots=True, kw_only=True)
class Elevation:
    """Heights on a square grid.

    Parameters
    ----------
    z_m : array of float32, shape (rows, columns)
        Heights above sea level [m], the first row in the north; NaN where no file has one.
    west_m, north_m : float
        Coordinates [m] of the centre of the first cell.
    step_m : float
        Side of a cell [m].
    crs : pyproj.CRS
        The projected system of the grid.
    files : tuple of str
        Names of the files that it was read from.
    """

    z_m: Floats
    west_m: float
    north_m: float
    step_m: float
    crs: CRS
    files: tuple[str, ...] = ()


def ground_m(elevation: Elevation, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Return the height of the ground [m] at places [m in ``elevation.crs``], bilinear between cell centres.

    NaN outside the grid, and where a cell that counts has no height. Shapes of `x` and `y` broadcast.
    """
    z = elevation.z_m
    column, row = np.broadcast_arrays(
        (np.asarray(x, dtype=float) - elevation.west_m) / elevation.step_m,
        (elevation.north_m - np.asarray(y, dtype=float)) / elevation.step_m,
    )
    inside = (row >= 0) & (column >= 0) & (row <= z.shape[0] - 1) & (column <= z.shape[1] - 1)
    row, column = np.where(inside, row, 0.0), np.where(inside, column, 0.0)
    total = np.zeros(row.shape)
    for i, down in ((np.floor(row), 1 - row % 1), (np.ceil(row), row % 1)):
        for k, across in ((np.floor(column), 1 - column % 1), (np.ceil(column), column % 1)):
            weight = down * across
            total += np.where(weight > 0, weight * z[i.astype(int), k.astype(int)], 0.0)
    return np.where(inside, total, np.nan)


@dataclass(frozen=True, slots=True)
class _Tile:
    """An open raster whose rows run from north to south."""

    name: str
    source: Any

    @property
    def grid(self) -> tuple[object, ...]:
        """What tiles share that can be read as one: system, cell, and how the cells lie."""
        to = self.source.transform
        phase = (round(to.c / to.a % 1, _SAME) % 1, round(to.f / to.e % 1, _SAME) % 1)
        return (self.source.crs.to_wkt(), round(to.a, 12), round(to.e, 12), *phase)


def _fault(rule: str, file: str, *, expected: str = "", got: str = "", refused: bool = True) -> Fault:
    effect: Effect = "refused" if refused else "noted"
    return Fault(rule=rule, effect=effect, file=file, layer=LAYER, expected=expected, got=got)


def _listed(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        else:
            yield path


def _open(path: Path, stack: ExitStack) -> _Tile:
    """Open a raster, or say what keeps it from being an elevation model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            # by content GDAL would also take a list of other files, on this machine or elsewhere, for a raster
            source = stack.enter_context(rasterio.open(path, driver="GTiff"))
        except RasterioError as error:
            raise DataError([_fault("elevation.unreadable", path.name, got=str(error)[:200])]) from error
    faults: list[Fault] = []
    if source.crs is None or source.transform == Affine.identity():
        faults.append(_fault("elevation.no_crs", path.name, expected="EPSG:4326, EPSG:4490, …"))
    if source.count != 1:
        faults.append(_fault("elevation.several_bands", path.name, expected="1", got=str(source.count)))
    unit = (source.units[0] or "").strip().lower()
    if unit not in _METRE:
        faults.append(_fault("elevation.not_metres", path.name, expected="m", got=unit))
    if faults:
        raise DataError(faults)
    to = source.transform
    if to.b or to.d or to.a < 0 or to.e > 0:
        source = stack.enter_context(WarpedVRT(source, resampling=Resampling.bilinear))
    return _Tile(path.name, source)


def _opened(paths: Iterable[Path], stack: ExitStack) -> list[_Tile]:
    """Open all rasters, or tell the faults of all."""
    tiles: list[_Tile] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            tiles.append(_open(path, stack))
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError(faults)
    return tiles


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the result's cells lie, by the centre of the first."""

    crs: CRS
    west: float
    north: float
    step: float
    shape: tuple[int, int]

    @property
    def edges(self) -> Bounds:
        half = self.step / 2
        rows, columns = self.shape
        west, north = self.west - half, self.north + half
        return west, north - rows * self.step, west + columns * self.step, north

    @property
    def to(self) -> Affine:
        west, _, _, north = self.edges
        return Affine(self.step, 0, west, 0, -self.step, north)

    def window(self, bounds: Bounds) -> tuple[slice, slice]:
        """Return the rows and columns of the cells whose centres are within bounds, at least the nearest."""
        west, south, east, north = bounds
        top, left = int(np.floor((self.north - north) / self.step)), int(np.floor((west - self.west) / self.step))
        bottom, right = int(np.ceil((self.north - south) / self.step)), int(np.ceil((east - self.west) / self.step))
        return slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)


def _native_step(tile: _Tile, crs: CRS, middle: tuple[float, float]) -> float:
    """Return the side [m] of a square as large as a cell of the tile is at a place of `crs`, to three digits."""
    xs, ys = transform(crs, tile.source.crs, [middle[0]], [middle[1]])
    to = tile.source.transform
    corners = [xs[0], xs[0] + to.a, xs[0]], [ys[0], ys[0], ys[0] + to.e]
    east, north = transform(tile.source.crs, crs, *corners)
    across = np.hypot(east[1] - east[0], north[1] - north[0])
    down = np.hypot(east[2] - east[0], north[2] - north[0])
    return float(f"{np.sqrt(across * down):.3g}")


def _laid(tiles: list[_Tile], crs: CRS, wanted: Bounds) -> _Grid:
    """Lay the result's grid: over the first tile's own where they share the system, else on whole steps."""
    west, south, east, north = wanted
    step = min(_native_step(tile, crs, ((west + east) / 2, (south + north) / 2)) for tile in tiles)
    to = tiles[0].source.transform
    own = tiles[0].source.crs == crs and np.isclose(to.a, step) and np.isclose(-to.e, step)
    left, top = (to.c + step / 2, to.f - step / 2) if own else (0.0, 0.0)
    first, last = np.floor((west - left) / step), np.ceil((east - left) / step)
    lower, upper = np.floor((south - top) / step), np.ceil((north - top) / step)
    shape = int(upper - lower) + 1, int(last - first) + 1
    if shape[0] * shape[1] > MOST_CELLS:
        size = f"{shape[0]} × {shape[1]} ({step:g} m)"
        raise DataError([_fault("elevation.too_fine", tiles[0].name, expected=f"≤ {MOST_CELLS:,}", got=size)])
    return _Grid(crs, float(left + first * step), float(top + upper * step), step, (max(2, shape[0]), max(2, shape[1])))


def _joined(tiles: list[_Tile], wanted: Bounds) -> tuple[Floats, Affine, list[Fault]]:
    """Read the window of tiles of one grid into one array, so that no seam is interpolated; the first tile wins."""
    to = tiles[0].source.transform
    west, south, east, north = wanted
    left, right = int(np.floor((west - to.c) / to.a)) - _AROUND, int(np.ceil((east - to.c) / to.a)) + _AROUND
    top, bottom = int(np.floor((north - to.f) / to.e)) - _AROUND, int(np.ceil((south - to.f) / to.e)) + _AROUND
    z = np.full((bottom - top, right - left), np.nan, dtype=np.float32)
    faults: list[Fault] = []
    for tile in tiles:
        own = tile.source.transform
        column, row = round((own.c - to.c) / to.a), round((own.f - to.f) / to.e)
        rows = max(top, row), min(bottom, row + tile.source.height)
        columns = max(left, column), min(right, column + tile.source.width)
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            continue
        window = Window(columns[0] - column, rows[0] - row, columns[1] - columns[0], rows[1] - rows[0])
        try:
            read = tile.source.read(1, window=window, masked=True).astype(np.float32).filled(np.nan)
        except RasterioError as error:
            faults.append(_fault("elevation.unreadable", tile.name, got=str(error)[:200]))
            continue
        read = read * np.float32(tile.source.scales[0]) + np.float32(tile.source.offsets[0])
        faults += _unlikely(tile.name, read)
        part = z[rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left]
        np.copyto(part, read, where=np.isnan(part))
    return z, Affine(to.a, 0, to.c + left * to.a, 0, to.e, to.f + top * to.e), faults


def _unlikely(name: str, z: Floats) -> list[Fault]:
    known = z[np.isfinite(z)]
    if not known.size or (known.min() >= LOWEST_M and known.max() <= HIGHEST_M):
        return []
    got = f"{known.min():g} … {known.max():g}"
    return [_fault("elevation.not_metres", name, expected=f"{LOWEST_M:g} … {HIGHEST_M:g} m", got=got)]


def _share(known: NDArray[np.bool_]) -> str:
    """Write a share below one in per cent, never rounded up to all."""
    return f"{np.floor(known.mean() * 1000) / 10:g} %"


def _combined(tiles: list[_Tile], grid: _Grid) -> Floats:
    """Warp the tiles, those of one grid together, into the result's grid; earlier grids win."""
    groups: dict[tuple[object, ...], list[_Tile]] = {}
    for tile in tiles:
        groups.setdefault(tile.grid, []).append(tile)
    z = np.full(grid.shape, np.nan, dtype=np.float32)
    faults: list[Fault] = []
    for members in groups.values():
        crs = members[0].source.crs
        native, to, found = _joined(members, transform_bounds(grid.crs, crs, *grid.edges))
        faults += found
        warped = np.full(grid.shape, np.nan, dtype=np.float32)
        reproject(
            native,
            warped,
            src_transform=to,
            src_crs=crs,
            src_nodata=np.nan,
            dst_transform=grid.to,
            dst_crs=grid.crs,
            dst_nodata=np.nan,
            resampling=Resampling.bilinear,
            XSCALE=1,  # plain bilinear: GDAL would blur along the axis whose cells are shorter
            YSCALE=1,
        )
        np.copyto(z, warped, where=np.isnan(z))
    if faults:
        raise DataError(faults)
    return z


def _overlapping(tiles: list[_Tile], crs: CRS, wanted: Bounds) -> list[_Tile]:
    kept = []
    for tile in tiles:
        west, south, east, north = transform_bounds(crs, tile.source.crs, *wanted)
        box = tile.source.bounds
        if box.left < east and box.right > west and box.bottom < north and box.top > south:
            kept.append(tile)
    return kept


def read_elevation(
    paths: Sequence[Path], *, crs: CRS, bounds: Bounds, margin_m: float
) -> tuple[Elevation, tuple[Fault, ...]]:
    """Read the elevation model round some buildings.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Rasters of one band, in any system, or folders of them. Tiles are joined; where several have a height, the
        first does.
    crs : pyproj.CRS
        Projected system [m] of the result.
    bounds : tuple of float
        West, south, east, north of the buildings in `crs` [m].
    margin_m : float
        How far beyond them to read [m].

    Returns
    -------
    elevation : Elevation
        Bilinear from the files, on cells of their own size at the middle of `bounds`.
    faults : tuple of Fault
        ``noted``: what part of the area, and of the buildings' own bounds, has no height.

    Raises
    ------
    data.errors.DataError
        If a file cannot be used or none covers any of the area, with the faults of all files.
    ValueError
        If `crs` is not projected in metres, or `bounds` or `margin_m` make no area.
    """
    west, south, east, north = bounds
    wanted = (west - margin_m, south - margin_m, east + margin_m, north + margin_m)
    if not (crs.is_projected and crs.axis_info[0].unit_conversion_factor == 1):
        raise ValueError(f"an elevation model needs a projected CRS in metres, not {crs}")
    if not (np.isfinite(wanted).all() and west <= east and south <= north and margin_m >= 0):
        raise ValueError(f"these bounds and margin make no area: {bounds}, {margin_m}")
    named = ", ".join(path.name for path in paths)
    with ExitStack() as stack:
        opened = _opened(_listed(paths), stack)
        tiles = _overlapping(opened, crs, wanted)
        if not opened:
            raise DataError([_fault("elevation.no_files", named, expected=" ".join(SUFFIXES))])
        if not tiles:
            raise DataError([_fault("elevation.no_overlap", named, expected=_lonlat(crs, wanted))])
        grid = _laid(tiles, crs, wanted)
        z = _combined(tiles, grid)
    known = np.isfinite(z)
    if not known.any():
        raise DataError([_fault("elevation.no_overlap", named, expected=_lonlat(crs, wanted))])
    files = tuple(tile.name for tile in tiles)
    faults = [
        _fault(rule, ", ".join(files), expected="100 %", got=_share(part), refused=False)
        for rule, part in (("elevation.partial", known), ("elevation.buildings_outside", known[grid.window(bounds)]))
        if not part.all()
    ]
    found = Elevation(z_m=z, west_m=grid.west, north_m=grid.north, step_m=grid.step, crs=crs, files=files)
    return found, tuple(faults)


def _lonlat(crs: CRS, wanted: Bounds) -> str:
    """Write the area as longitudes and latitudes, for the person to find tiles by."""
    west, south, east, north = transform_bounds(crs, "EPSG:4326", *wanted)
    return f"{west:.2f}–{east:.2f}° E, {south:.2f}–{north:.2f}° N"


def bounds_near(frame: gpd.GeoDataFrame, within_m: float) -> Bounds:
    """Return the bounds of what lies within a distance [m] of the median place: a stray must not stretch the grid."""
    boxes = frame.geometry.bounds.dropna()
    middle = (boxes[["minx", "miny"]].to_numpy() + boxes[["maxx", "maxy"]].to_numpy()) / 2
    near = boxes[np.abs(middle - np.median(middle, axis=0)).max(axis=1) <= within_m]
    west, south, east, north = near["minx"].min(), near["miny"].min(), near["maxx"].max(), near["maxy"].max()
    return float(west), float(south), float(east), float(north)
