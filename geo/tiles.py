"""Buildings as PNG tiles drawn on demand, and the building under a point.

A tile is drawn by Pillow from mercator coordinates that are computed once. A new colouring is a new
array of classes, never a new geometry, so repainting a city costs as little as drawing it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

Color = str | tuple[int, ...]
Integers = NDArray[np.int64]

MIN_ZOOM: Final = 4
MAX_ZOOM: Final = 20
OUTLINE_ZOOM: Final = 15
TILE_SIZE: Final = 512
_TRANSPARENT: Final = (0, 0, 0, 0)
_SMALL: Final = 2
_EDGE_SHADE: Final = 0.68
_MOST_CLASSES: Final = 128
_MERCATOR_LIMIT: Final = 85.0511287798066


def unit_mercator(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return spherical-mercator positions of `lonlat` [degrees], x eastwards and y southwards in 0..1."""
    lat = np.radians(np.clip(lonlat[:, 1], -_MERCATOR_LIMIT, _MERCATOR_LIMIT))
    return np.column_stack([lonlat[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)])


def tile_bounds(z: int, x: int, y: int, *, margin: float = 0.0) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a tile [degrees], widened by `margin` (a share of its side)."""
    side = 2.0**-z

    def latitude(v: float) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * v))))

    return (
        (x - margin) * side * 360 - 180,
        latitude((y + 1 + margin) * side),
        (x + 1 + margin) * side * 360 - 180,
        latitude((y - margin) * side),
    )


def rgba(color: Color) -> tuple[int, int, int, int]:
    """Return red, green, blue and alpha (0..255) of a CSS colour or a tuple of three or four."""
    parts = ImageColor.getcolor(color, "RGBA") if isinstance(color, str) else color
    if not isinstance(parts, tuple) or len(parts) not in (3, 4):
        raise ValueError(f"not a colour: {color!r}")
    red, green, blue, alpha = (*parts, 255)[:4]
    return red, green, blue, alpha


@cache
def empty_tile(size: int = TILE_SIZE) -> bytes:
    """Return a fully transparent tile."""
    return _png(np.zeros((size, size), np.uint8), [_TRANSPARENT])


def _png(classes: NDArray[np.uint8], colors: Sequence[tuple[int, int, int, int]]) -> bytes:
    image = Image.fromarray(classes)
    image.putpalette([part for color in colors for part in color[:3]])
    bits = next(bits for bits in (1, 2, 4, 8) if len(colors) <= 2**bits)
    file = io.BytesIO()
    alphas = bytes(color[3] for color in colors)
    image.save(file, "PNG", transparency=alphas, bits=bits, compress_level=3)
    return file.getvalue()


def _ranges(starts: Integers, counts: Integers) -> Integers:
    """Return ``start, start + 1, … start + count - 1`` of each pair, one after another."""
    ends = np.cumsum(counts)
    return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)


def _offsets(owners: Integers, count: int) -> Integers:
    return np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=count))]).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canvas:
    """The grid of one tile: `world` samples span the world, `fine` x `fine` samples make a pixel."""

    world: float
    left: int
    top: int
    side: int
    fine: int = 1


def _polygon_parts(geometry: NDArray[Any]) -> tuple[NDArray[Any], Integers]:
    """Return the polygons of all rows and the row of each, out of collections too."""
    parts, rows = shapely.get_parts(geometry, return_index=True)
    while (shapely.get_type_id(parts) > shapely.GeometryType.POLYGON).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        rows = rows[inner]
    kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return parts[kept], rows[kept]


def _edges(colors: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Return the colours darkened, for the edges of buildings."""
    return [(*(round(part * _EDGE_SHADE) for part in color[:3]), color[3]) for color in colors]  # type: ignore[misc]


class TileIndex:
    """Polygons of one layer, ready to be drawn as map tiles and to be found by position.

    Parameters
    ----------
    shapes : GeoSeries or GeoDataFrame
        Polygons and MultiPolygons in lon-lat. Rows without a polygon are never drawn or found.

    Raises
    ------
    ValueError
        If the coordinates are projected.
    """

    def __init__(self, shapes: gpd.GeoSeries | gpd.GeoDataFrame) -> None:
        if shapes.crs is not None and not shapes.crs.is_geographic:
            raise ValueError("tiles need lon-lat coordinates")
        geometry: NDArray[Any] = np.asarray(shapes.geometry.array, dtype=object)
        self._geometry = geometry
        self._tree = shapely.STRtree(geometry)
        self._area = np.nan_to_num(shapely.area(geometry))
        polygons, rows = _polygon_parts(geometry)
        rings, owners = shapely.get_rings(polygons, return_index=True)
        lonlat, ring_of = shapely.get_coordinates(rings, return_index=True)
        self._xy = unit_mercator(lonlat)
        self._polygon_start = _offsets(rows, len(geometry))
        self._ring_start = _offsets(owners, len(polygons))
        self._vertex_start = _offsets(ring_of, len(rings))
        west, south, east, north = shapely.bounds(geometry).T
        self._box = np.hstack(
            [unit_mercator(np.column_stack([west, north])), unit_mercator(np.column_stack([east, south]))]
        )

    def __len__(self) -> int:
        return len(self._geometry)

    def identify(self, lon: float, lat: float, *, among: NDArray[np.bool_] | None = None) -> int | None:
        """Return the row of the polygon at a position [degrees], the smallest if several, or None.

        `among` says for each row whether it counts.
        """
        rows = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
        if among is not None:
            rows = rows[among[rows]]
        return int(min(rows, key=lambda row: (self._area[row], row))) if len(rows) else None

    def in_box(self, west: float, south: float, east: float, north: float) -> Integers:
        """Return the rows, in order, whose polygon meets a box [degrees]."""
        return np.sort(self._tree.query(shapely.box(west, south, east, north), predicate="intersects"))

    def outline(self, row: int) -> dict[str, Any]:
        """Return the polygon of a row as a GeoJSON geometry."""
        shape: dict[str, Any] = shapely.geometry.mapping(self._geometry[row])
        return shape

    def render(
        self,
        classes: NDArray[np.uint8],
        palette: Sequence[Color],
        z: int,
        x: int,
        y: int,
        *,
        size: int = TILE_SIZE,
    ) -> bytes:
        """Draw one tile.

        Parameters
        ----------
        classes : ndarray of uint8, shape (n,)
            Class of each row, an index into `palette`; rows of class 0 are not drawn.
        palette : sequence of str or tuple
            Colours, at most 128; the first is never used.
        z, x, y : int
            Tile in the usual XYZ scheme.
        size : int
            Side of the image [pixels].

        Returns
        -------
        bytes
            A PNG with a palette; whatever is not a polygon is transparent.

        Raises
        ------
        ValueError
            If `classes` does not fit the rows, or the palette does not fit the classes.
        """
        if len(classes) != len(self):
            raise ValueError(f"{len(classes)} classes for {len(self)} rows")
        if len(palette) > _MOST_CLASSES:
            raise ValueError(f"{len(palette)} colours, at most {_MOST_CLASSES}")
        rows = self._tree.query(shapely.box(*tile_bounds(z, x, y, margin=2 / size)))
        rows = rows[classes[rows] > 0]
        if len(rows) == 0:
            return empty_tile(size)
        if int(classes[rows].max()) >= len(palette):
            raise ValueError(f"class {classes[rows].max()} has no colour")
        colors = [_TRANSPARENT, *(rgba(color) for color in palette[1:])]
        if z < OUTLINE_ZOOM:
            plain = _Canvas(world=2.0**z * size, left=x * size, top=y * size, side=size)
            return _png(self._draw(rows, classes, plain), colors)
        # One pixel of margin makes the edges of neighbouring tiles agree; two samples a pixel keep corners true.
        fine = _Canvas(world=2.0**z * size * 2, left=x * size * 2 - 2, top=y * size * 2 - 2, side=size * 2 + 4, fine=2)
        drawn = self._draw(rows, np.arange(1, len(self) + 1, dtype=np.int32), fine)[1::2, 1::2]
        return _png(_outlined(drawn, classes, len(colors)), [*colors, *_edges(colors)])

    def _draw(self, rows: Integers, values: NDArray[Any], canvas: _Canvas) -> NDArray[Any]:
        """Return the value of the topmost polygon at each sample of a canvas, 0 where there is none."""
        # The smallest comes last, so that the building on top is the one that `identify` finds.
        rows = rows[np.argsort(-self._area[rows], kind="stable")]
        extent = (self._box[rows, 2:] - self._box[rows, :2]) * canvas.world
        small = (extent < _SMALL * canvas.fine).all(axis=1)
        grid = np.zeros((canvas.side, canvas.side), values.dtype)
        self._set_small(grid, rows[small], values, canvas)
        if small.all():
            return grid
        image = Image.fromarray(grid)
        self._draw_polygons(image, rows[~small], values, canvas)
        return np.asarray(image)

    def _set_small(self, grid: NDArray[Any], rows: Integers, values: NDArray[Any], canvas: _Canvas) -> None:
        """Set buildings of less than two pixels without drawing: far out, that is most of a city."""
        box = self._box[rows] * (canvas.world / canvas.fine)
        corner = np.array([canvas.left, canvas.top]) // canvas.fine
        first = np.ceil(box[:, :2] - 0.5).astype(np.int64) - corner
        last = np.floor(box[:, 2:] - 0.5).astype(np.int64) - corner
        missed = last < first
        centre = np.floor((box[:, :2] + box[:, 2:]) / 2).astype(np.int64) - corner
        first[missed] = last[missed] = centre[missed]
        side = canvas.side // canvas.fine
        for step in np.ndindex(_SMALL, _SMALL):
            pixel = first + step
            kept = ((pixel >= 0) & (pixel < side) & (pixel <= last)).all(axis=1)
            place = pixel[kept] * canvas.fine + canvas.fine - 1
            grid[place[:, 1], place[:, 0]] = values[rows[kept]]

    def _draw_polygons(self, image: Image.Image, rows: Integers, values: NDArray[Any], canvas: _Canvas) -> None:
        first = self._polygon_start[rows]
        count = self._polygon_start[rows + 1] - first
        polygons = _ranges(first, count)
        inks = np.repeat(values[rows], count).tolist()
        start = self._vertex_start[self._ring_start[polygons]]
        stop = self._vertex_start[self._ring_start[polygons + 1]]
        # Samples are numbered over the whole world before the tile's corner is taken off: tiles agree exactly.
        sample = np.rint(self._xy[_ranges(start, stop - start)] * canvas.world - 0.5)
        path = (sample - [canvas.left, canvas.top]).astype(np.float32)
        flat = path.tobytes()
        pen = ImageDraw.Draw(image)
        ends = np.cumsum(stop - start).tolist()
        rings = (self._ring_start[polygons + 1] - self._ring_start[polygons]).tolist()
        begin = 0
        for place, (end, ink, parts) in enumerate(zip(ends, inks, rings, strict=True)):
            if parts == 1:
                pen.polygon(flat[begin * 8 : end * 8], fill=ink)
            else:
                ring = self._ring_start[polygons[place]]
                cuts = self._vertex_start[ring : ring + parts + 1] - self._vertex_start[ring]
                _paste_with_holes(image, path[begin:end], cuts, ink)
            begin = end


def _paste_with_holes(image: Image.Image, path: NDArray[np.float32], cuts: Integers, ink: int) -> None:
    """Draw a polygon whose rings are `path` between `cuts`; through a hole, what lies below stays to be seen."""
    low = np.maximum(path.min(axis=0), 0).astype(int)
    high = np.minimum(path.max(axis=0), image.width - 1).astype(int)
    if (high < low).any():
        return
    mask = Image.new("1", (int(high[0] - low[0] + 1), int(high[1] - low[1] + 1)))
    pen = ImageDraw.Draw(mask)
    moved = (path - low).astype(np.float32)
    for number, (begin, end) in enumerate(pairwise(cuts.tolist())):
        # Pillow fills a polygon with its rim; the rim of a hole belongs to the building.
        pen.polygon(moved[begin:end].tobytes(), fill=int(number == 0), outline=1)
    image.paste(ink, (int(low[0]), int(low[1])), mask)


def _outlined(drawn: NDArray[np.int32], classes: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Return the class of each pixel of drawn rows, raised by `count` where another row begins."""
    inner = drawn[1:-1, 1:-1]
    edge = np.zeros(inner.shape, bool)
    for other in (drawn[:-2, 1:-1], drawn[2:, 1:-1], drawn[1:-1, :-2], drawn[1:-1, 2:]):
        edge |= inner != other
    found = np.where(inner > 0, classes[inner - 1], 0)
    raised: NDArray[np.uint8] = (found + count * (edge & (inner > 0))).astype(np.uint8)
    return raised
