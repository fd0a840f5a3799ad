"""The one use case: layers and a scenario in, every result out. App, command line and tests all call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from data import parameters
from data.errors import DataError, Fault
from geo import zones
from geo.crs import STORED, working_crs
from geo.proximity import points_of, ring
from geo.raster import Elevation, bounds_near, read_elevation
from heating import areas, demand, flips, ladder, ledger, networks, plants, rates, sources, supply
from heating.layers import Layers
from heating.scenario import Scenario
from heating.season import Season, season_of
from solar.audit import AuditError
from solar.rooftops import Rooftops, rooftops
from solar.weather import require_near

_MW_PER_KW = 1e-3
Progress = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True)  # no slots: the flip list is kept once it is asked for
class Assessment:
    """Everything that one run found; frames are in EPSG:4490 and keep the rows of their layers."""

    scenario: Scenario
    layers: Layers
    crs: CRS
    buildings: gpd.GeoDataFrame
    boilers: gpd.GeoDataFrame
    boiler_findings: pd.DataFrame
    plants: gpd.GeoDataFrame
    plant_states: pd.DataFrame
    rings: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame | None
    clean_heating: pd.DataFrame
    season: Season
    solar: Rooftops
    faults: tuple[Fault, ...]

    @cached_property
    def boiler_flips(self) -> pd.DataFrame:
        """The boilers whose verdict hangs on one of the open readings, from `heating.flips.flips`."""
        judged = ledger.Judged(boilers=self.boilers, findings=self.boiler_findings, plant_states=self.plant_states)
        with parameters.overridden(self.scenario.parameters):
            return flips.flips(self.layers, self.scenario, judged, crs=self.crs)


def _tell(progress: Progress | None, share: float, step: str) -> None:
    if progress:
        progress(share, step)


def assess_buildings(
    layers: Layers,
    scenario: Scenario,
    *,
    crs: CRS,
    during: Season | None = None,
    solar: Rooftops | None = None,
    progress: Progress | None = None,
) -> tuple[gpd.GeoDataFrame, Rooftops]:
    """Return the buildings with zone, area, cleanness, demand, roof and yield, and the solar run."""
    stored = layers.frames["buildings"]
    local = stored.to_crs(crs)
    villages, counties = layers.projected("villages", crs), layers.projected("counties", crs)
    _tell(progress, 0.02, "zones")
    points = local.set_geometry(points_of(local))
    place = zones.locate(points, villages, counties, options=scenario.zone_options)
    _tell(progress, 0.08, "demand")
    area = areas.heated_area(local)
    homes = areas.households(local, area["area_m2"], area_per_household_m2=scenario.area_per_household_m2)
    clean = sources.cleanness(local["heat_source"], overrides=scenario.clean_overrides)
    heat = demand.heat_demand(local, area["area_m2"], during)
    need = heat["peak_kw"].to_numpy(dtype=float) * _MW_PER_KW
    covered, rungs = climb(points, layers, scenario, need_mw=need, footprints=local.geometry.to_numpy())
    _tell(progress, 0.15, "roofs")
    if solar is None:
        solar = _rooftops(local, place["county_code"], layers, scenario, progress)
    kept = stored.drop(columns=["county_code", "village_code"])
    results = pd.concat([place, area, homes, clean, heat, _told(covered, local.index), rungs, solar.table()], axis=1)
    return gpd.GeoDataFrame(kept.join(results), geometry="geometry", crs=stored.crs), solar


def _rooftops(
    local: gpd.GeoDataFrame, county: pd.Series, layers: Layers, scenario: Scenario, progress: Progress | None
) -> Rooftops:
    elevation: Elevation | None = None
    noted: tuple[Fault, ...] = ()
    if layers.elevation:
        near = bounds_near(local, 1000 * parameters.value("policy", "weather_max_km"))
        margin = parameters.value("terrain", "terrain_reach_m")
        elevation, noted = read_elevation(layers.elevation, crs=local.crs, bounds=near, margin_m=margin)
    told = None if progress is None else lambda share, step: _tell(progress, 0.15 + 0.75 * share, step)
    solar = rooftops(
        local,
        layers.weather,
        elevation=elevation,
        roof_options=scenario.roofs,
        options=scenario.solar,
        groups=county,
        progress=told,
    )
    return replace(solar, noted=noted)


def _told(found: networks.Coverage, index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "in_service_area": pd.array(found.state, dtype="string[pyarrow]"),
            "network_id": pd.array(found.network_id, dtype="string[pyarrow]"),
            "planned_network_id": pd.array(found.plan_id, dtype="string[pyarrow]"),
        },
        index=index,
    )


def climb(
    points: gpd.GeoDataFrame,
    layers: Layers,
    scenario: Scenario,
    *,
    need_mw: NDArray[np.float64],
    footprints: NDArray[np.object_],
) -> tuple[networks.Coverage, pd.DataFrame]:
    """Return how buildings or boilers stand to declared areas, and their rungs, see `heating.ladder`.

    Parameters
    ----------
    points : geopandas.GeoDataFrame
        Buildings or boilers in a projected CRS [m], as the points that stand for them.
    layers : Layers
        Networks and plants where there are any.
    scenario : Scenario
        The readings.
    need_mw : array
        Heat at peak that each would take [MW].
    footprints : array of shapely geometry
        What stands there, in their order and CRS.
    """
    pipes = layers.some("networks").to_crs(points.crs)
    states = plants.plant_states(layers.some("plants"), scenario)
    covered = networks.coverage(points, pipes, scenario, need_mw=need_mw, plants=states)
    places = ladder.Places(
        frame=points,
        footprints=footprints,
        connected=ladder.connected_by(points, pipes),
        streets=layers.street_graph(CRS.from_user_input(points.crs)) if len(pipes) else None,
    )
    return covered, ladder.ladder(places, pipes, covered, scenario)


def plant_rings(units: gpd.GeoDataFrame, states: pd.DataFrame, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the geodesic rings round the places of plants that qualify or might, for display."""
    shown = states[states["qualifies"] != "no"].reset_index()[["plant_id", "name", "qualifies"]]
    counted = units[plants.unit_states(units, scenario)["counts"] != "no"]
    points = counted.assign(point=counted.geometry.representative_point().to_numpy())[["plant_id", "point"]]
    table = shown.merge(points.drop_duplicates(), on="plant_id")
    shapes = [ring(point.x, point.y, scenario.radius_km * 1000) for point in table["point"]]
    return gpd.GeoDataFrame(table.drop(columns="point"), geometry=shapes, crs=STORED)


def _villages(layers: Layers, buildings: gpd.GeoDataFrame, scenario: Scenario) -> gpd.GeoDataFrame | None:
    villages = layers.get("villages")
    if villages is None:
        return None
    zoned = villages.assign(zone=zones.village_zones(villages, options=scenario.zone_options))
    done = zoned.merge(rates.village_rates(buildings), on="village_code", how="left")
    areas = [name for name in done if str(name).endswith("_area_m2")]
    return done.assign(**{name: done[name].fillna(0.0) for name in areas})


def assess(
    layers: Layers, scenario: Scenario, *, solar: Rooftops | None = None, progress: Progress | None = None
) -> Assessment:
    """Assess a city, with the constants as the scenario has them.

    Parameters
    ----------
    layers : Layers
        Checked layers; only buildings are needed. What other layers would tell is reported as not known.
    scenario : Scenario
        The readings and targets.
    solar : Rooftops, optional
        The solar side of an earlier run on the same layers with the same choices of roofs and yields and the same
        changed constants, taken as it is.
    progress : callable, optional
        Told the share done [1] and the key of the step.

    Raises
    ------
    DataError
        If the weather station is too far from the buildings and the scenario does not allow it, or the elevation
        cannot be used, or nothing can be computed with the scenario's changed constants.
    solar.audit.AuditError
        If the self-audit of the yields fails.
    """
    with parameters.overridden(scenario.parameters):
        try:
            return _assess(layers, scenario, solar=solar, progress=progress)
        except (DataError, AuditError):
            raise
        except (ValueError, ArithmeticError) as error:
            if not scenario.parameters:
                raise
            changed = ", ".join(scenario.parameters)
            raise DataError(
                [Fault(rule="parameters_together", effect="refused", file="scenario", column=changed, got=str(error))]
            ) from error


def _assess(layers: Layers, scenario: Scenario, *, solar: Rooftops | None, progress: Progress | None) -> Assessment:
    stored = layers.frames["buildings"]
    # The median, since one stray building must not move the city.
    middle = stored.geometry.bounds.median()
    longitude, latitude = float(middle["minx"] + middle["maxx"]) / 2, float(middle["miny"] + middle["maxy"]) / 2
    noted = require_near(
        layers.weather, longitude=longitude, latitude=latitude, allow_distant=scenario.allow_distant_weather
    )
    crs = working_crs(longitude)
    during = season_of(layers.weather, scenario.season, longitude=longitude, latitude=latitude)
    buildings, solar = assess_buildings(layers, scenario, crs=crs, during=during, solar=solar, progress=progress)
    _tell(progress, 0.9, "verdicts")
    judged = ledger.judge(layers, scenario, crs=crs, drawn_mw=supply.coal_draws(buildings))
    states = judged.plant_states
    sites = judged.boilers.to_crs(crs)
    _, rungs = climb(
        sites.set_geometry(points_of(sites)),
        layers,
        scenario,
        need_mw=judged.boilers["need_mw"].to_numpy(dtype=float),
        footprints=sites.geometry.to_numpy(),
    )
    units = layers.some("plants")
    _tell(progress, 1.0, "done")
    return Assessment(
        scenario=scenario,
        layers=layers,
        crs=crs,
        buildings=buildings,
        boilers=judged.boilers.join(rungs),
        boiler_findings=judged.findings,
        plants=units.join(states[["qualifies", "doubt", "operating_mw"]], on="plant_id"),
        plant_states=states,
        rings=plant_rings(units, states, scenario),
        villages=_villages(layers, buildings, scenario),
        clean_heating=rates.clean_heating(buildings, scenario),
        season=during,
        solar=solar,
        faults=(*layers.faults, *noted, *solar.noted),
    )
