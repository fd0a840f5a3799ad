"""The two maps of a boiler's sheet: what stands round it, and where it lies among the plants and their radii."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from pylopdf_fonts_zh_cn import sans_path

from data.catalog import text
from heating.assessment import Assessment

NEAR_M: Final = 700.0
_WIDTH_CM: Final = 17.0
_HEIGHT_CM: Final = 7.6
_DPI: Final = 200
_INCH_CM: Final = 2.54
_MARKS: Final = {"boiler": "#B01E2E", "plant": "#5B2333", "area": "#2B7BBA", "house": "#CFC8B8", "pipe": "#1B6E5A"}
_STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@cache
def font(size: float) -> FontProperties:
    """Return the Chinese font of the installed package at a size [pt]."""
    return FontProperties(fname=str(sans_path()), size=size)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What the maps of all boilers of a run are drawn on, in its projected CRS."""

    done: Assessment
    networks: gpd.GeoDataFrame
    plants: gpd.GeoDataFrame
    rings: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame | None


def ground(done: Assessment) -> Ground:
    """Return what the maps of a run's boilers are drawn on."""
    plants = done.plants[done.plants["qualifies"] != "no"].drop_duplicates("plant_id")
    return Ground(
        done=done,
        networks=done.layers.some("networks").to_crs(done.crs),
        plants=plants.to_crs(done.crs),
        rings=done.rings.to_crs(done.crs),
        counties=done.layers.projected("counties", done.crs),
    )


def maps(on: Ground, boiler_id: str, *, language: str = "zh") -> bytes:
    """Return the maps of a boiler as a PNG.

    Parameters
    ----------
    on : Ground
        From `ground`.
    boiler_id : str
        Which boiler.
    language : str
        ``zh`` or ``en``.

    Raises
    ------
    KeyError
        If there is no such boiler.
    """
    boilers = on.done.boilers
    own = boilers[boilers["boiler_id"] == boiler_id]
    if own.empty:
        raise KeyError(boiler_id)
    spot = own.to_crs(on.done.crs).geometry.iloc[0]
    figure = Figure(figsize=(_WIDTH_CM / _INCH_CM, _HEIGHT_CM / _INCH_CM), dpi=_DPI, layout="constrained")
    near, far = figure.subplots(1, 2)
    _near(near, on, spot, language)
    _far(far, on, own.iloc[0], spot, language)
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()


def _near(axes: Axes, on: Ground, spot: shapely.Point, language: str) -> None:
    """Draw what stands within some hundred metres: buildings, areas, pipes, the boiler."""
    window = shapely.box(spot.x - NEAR_M, spot.y - NEAR_M, spot.x + NEAR_M, spot.y + NEAR_M)
    buildings = on.done.buildings
    lonlat = gpd.GeoSeries([window], crs=on.done.crs).to_crs(buildings.crs).iloc[0]
    houses = buildings.geometry.iloc[buildings.sindex.query(lonlat)].to_crs(on.done.crs)
    _draw(axes, houses, color=_MARKS["house"], linewidth=0)
    close = on.networks.iloc[on.networks.sindex.query(window)]
    areas = close[close["kind"] == "service_area"]
    for status, style in (("existing", "-"), ("planned", "--"), ("unknown", ":")):
        _draw(axes, areas[areas["status"] == status].boundary, color=_MARKS["area"], linewidth=0.9, linestyle=style)
    _draw(axes, close.geometry[close["kind"] == "pipe"], color=_MARKS["pipe"], linewidth=0.7)
    axes.plot(spot.x, spot.y, "o", color=_MARKS["boiler"], markersize=6, markeredgecolor="white")
    _frame(axes, window.bounds, text("sheet.map_near", language))


def _far(axes: Axes, on: Ground, own: pd.Series, spot: shapely.Point, language: str) -> None:
    """Draw the plants that qualify or might, with their radii, and the boiler among them in its city."""
    nearest = on.plants[(on.plants["plant_id"] == own["nearest_plant_id"]).fillna(value=False).astype(bool)]
    own_ring = on.rings.geometry[on.rings["plant_id"].isin(nearest["plant_id"])]
    outline = [] if on.counties is None else list(on.counties.geometry)
    west, south, east, north = shapely.total_bounds([spot.buffer(5 * NEAR_M), *own_ring, *outline])
    half = max(east - west, north - south) * 0.52
    x, y = (west + east) / 2, (south + north) / 2
    if on.counties is not None:
        _draw(axes, on.counties.boundary, color="#888888", linewidth=0.5)
    for qualifies, style in (("yes", "-"), ("review", "--")):
        rings = on.rings[on.rings["qualifies"] == qualifies]
        _draw(axes, rings.boundary, color=_MARKS["plant"], linewidth=0.8, linestyle=style)
    centres = on.plants.geometry.representative_point()
    axes.plot(centres.x, centres.y, "s", color=_MARKS["plant"], markersize=2.5)
    for place, name in zip(nearest.geometry.representative_point(), nearest["name"], strict=True):
        _say(axes, str(name), place, color=_MARKS["plant"], offset=(3, 3))
    axes.plot(spot.x, spot.y, "o", color=_MARKS["boiler"], markersize=5, markeredgecolor="white")
    _say(axes, str(own["boiler_id"]), spot, color=_MARKS["boiler"], offset=(4, -8))
    _frame(axes, (x - half, y - half, x + half, y + half), text("sheet.map_far", language))


def _say(axes: Axes, said: str, place: shapely.Point, *, color: str, offset: tuple[int, int]) -> None:
    """Write a name beside a place; a dollar sign of it is no formula."""
    axes.annotate(
        said,
        (place.x, place.y),
        fontproperties=font(6),
        color=color,
        xytext=offset,
        textcoords="offset points",
        parse_math=False,
    )


def _draw(axes: Axes, shapes: gpd.GeoSeries, **style: object) -> None:
    if len(shapes):
        shapes.plot(ax=axes, aspect=None, **style)


def _frame(axes: Axes, bounds: tuple[float, float, float, float], title: str) -> None:
    """Cut the map to its bounds [m], with title, north and a scale bar."""
    west, south, east, north = bounds
    axes.set_xlabel("")
    axes.set_ylabel("")
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal", adjustable="box")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontproperties=font(8), parse_math=False)
    axes.annotate("▲\nN", (0.95, 0.93), xycoords="axes fraction", fontsize=6, ha="center", va="top")
    _scale(axes)


def _scale(axes: Axes) -> None:
    """Draw a bar of a round length, about a quarter of the width."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wanted = (east - west) / 4000
    km = max((step for step in _STEPS if step <= wanted), default=_STEPS[0])
    x, y = west + 0.05 * (east - west), south + 0.06 * (north - south)
    axes.plot([x, x + km * 1000], [y, y], color="black", linewidth=1.6)
    said = f"{km:g} km" if km >= 1 else f"{km * 1000:g} m"
    axes.annotate(said, (x, y), xytext=(0, 2), textcoords="offset points", fontsize=6)
