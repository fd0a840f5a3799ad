"""The one way from buildings to yields: design, scene, engine, spread and audit, for command line and assessment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from data.errors import Fault
from geo.raster import Elevation
from solar.audit import require_agreement, self_audit
from solar.engine import CityYield, Floats, Ints, KeepHours, city_yield
from solar.options import YieldOptions
from solar.roof_options import RoofOptions
from solar.roofs import design_roofs
from solar.scene import Scene, build_scene
from solar.uncertainty import exceedance
from solar.weather import Weather
from solar.weather_cells import cell_weights

Progress = Callable[[float, str], None]
OpenHours = Callable[[pd.DataFrame], KeepHours]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rooftops:
    """The solar side of a run; frames are on the index of its buildings.

    Attributes
    ----------
    roofs : pandas.DataFrame
        As `solar.roofs.design_roofs` gives it.
    found : CityYield
        Yields, years and profiles.
    spread : pandas.DataFrame
        As `solar.uncertainty.exceedance` gives it.
    audit : pandas.DataFrame
        As `solar.audit.self_audit` gives it.
    scene : Scene
        What stands round the roofs.
    cells, weights, options
        The weather with each roof's share in its cells, and the choices.
    noted : tuple of Fault
        What the reader of the results has to know of the files of the terrain.
    """

    roofs: pd.DataFrame
    found: CityYield
    spread: pd.DataFrame
    audit: pd.DataFrame
    scene: Scene
    cells: tuple[Weather, ...]
    weights: tuple[Ints, Floats]
    options: YieldOptions
    noted: tuple[Fault, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return one row a building: design, height, yields and spread."""
        heights = self.scene.heights.rename(columns={"height_m": "height_used_m"})
        return pd.concat([self.roofs, heights, self.found.yields, self.spread], axis=1)

    def notes(self) -> tuple[str, ...]:
        """Return the text keys of what a reader of the yields has to know."""
        active = self.roofs["capacity_kw"] > 0
        keys = ["solar.note.flat_terrain"] if self.scene.terrain is None else []
        keys += ["solar.note.no_building_shade"] if self.scene.around is None else []
        if (self.scene.heights["height_source"] != "given").any() and self.scene.around is not None:
            keys.append("solar.note.estimated_heights")
        if self.roofs["assumed"][active].any():
            keys.append("solar.note.assumed_roof_kind")
        return (*keys, *dict.fromkeys(note for cell in self.cells for note in cell.notes))


def rooftops(
    buildings: gpd.GeoDataFrame,
    cells: Sequence[Weather],
    *,
    elevation: Elevation | None = None,
    roof_options: RoofOptions | None = None,
    options: YieldOptions | None = None,
    groups: pd.Series | None = None,
    open_hours: OpenHours | None = None,
    progress: Progress | None = None,
) -> Rooftops:
    """Return what the roofs of a city yield, audited.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Checked buildings in a projected system in metres.
    cells : sequence of Weather
        Weather cells.
    elevation : Elevation, optional
        Terrain in the same projection.
    roof_options, options : optional
        Choices of the design and of the yield.
    groups : pandas.Series, optional
        The group whose hourly profile a roof adds to.
    open_hours : callable, optional
        Given the designed roofs, returns what takes the hours of each block; see `solar.hourly_store`.
    progress : callable, optional
        Told the share done [1] and the key of the step; what it raises stops the run.

    Raises
    ------
    solar.audit.AuditError
        If the self-audit finds a roof that plain pvlib computes otherwise.
    """

    def tell(low: float, high: float, step: str) -> Callable[[float], None] | None:
        return None if progress is None else lambda share: progress(low + share * (high - low), step)

    choice = options or YieldOptions()
    roofs = design_roofs(buildings, options=roof_options)
    lit = (roofs["capacity_kw"] > 0).to_numpy()
    if progress is not None:
        progress(0.1, "terrain" if elevation is not None else "scene")
    scene = build_scene(
        buildings,
        lit=lit,
        elevation=elevation,
        building_shade=choice.building_shade,
        progress=tell(0.1, 0.3, "terrain"),
    )
    weights = _weights(buildings, cells, choice)
    if progress is not None:
        progress(0.3, "yields")
    found = city_yield(
        roofs,
        scene,
        cells,
        weights=weights,
        options=choice,
        groups=groups,
        keep_hours=None if open_hours is None else open_hours(roofs),
        progress=tell(0.3, 0.9, "yields"),
    )
    if progress is not None:
        progress(0.9, "audit")
    audit = self_audit(roofs, found, scene, cells, weights=weights, options=choice)
    require_agreement(audit)
    return Rooftops(
        roofs=roofs,
        found=found,
        spread=exceedance(found.yearly),
        audit=audit,
        scene=scene,
        cells=tuple(cells),
        weights=weights,
        options=choice,
    )


def _weights(buildings: gpd.GeoDataFrame, cells: Sequence[Weather], options: YieldOptions) -> tuple[Ints, Floats]:
    if len(cells) == 1:
        return np.zeros((len(buildings), 1), dtype=np.int64), np.ones((len(buildings), 1))
    footprints = buildings.geometry.to_numpy()
    there = ~(shapely.is_missing(footprints) | shapely.is_empty(footprints))
    place = np.tile([cells[0].longitude, cells[0].latitude], (len(buildings), 1))
    middle = shapely.centroid(footprints[there])
    to_degrees = pyproj.Transformer.from_crs(buildings.crs, buildings.crs.geodetic_crs, always_xy=True)
    place[there] = np.column_stack(to_degrees.transform(shapely.get_x(middle), shapely.get_y(middle)))
    return cell_weights(cells, place[:, 0], place[:, 1], mode=options.weather_mode)
