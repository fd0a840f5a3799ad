"""The one use case: layers and a scenario in, every result out. App, command line and tests all call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from data import parameters
from data.errors import Fault
from data.schemas import schema
from geo import zones
from geo.crs import STORED, to_working
from geo.proximity import ring
from geo.validate import complete
from heating import areas, boilers, demand, networks, plants, rates, sources
from heating.layers import Layers
from heating.scenario import Scenario
from heating.verdicts import BoilerFacts, State, truth
from solar import audit, energy, roofs
from solar.weather import require_near

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
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
    audit: pd.DataFrame
    faults: tuple[Fault, ...]


def _tell(progress: Progress | None, share: float, step: str) -> None:
    if progress:
        progress(share, step)


def _empty(layer: str) -> gpd.GeoDataFrame:
    table = complete(pd.DataFrame({name: [] for name in schema(layer).columns if name != "geometry"}), layer)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([], crs=STORED))


def assess_buildings(
    layers: Layers, scenario: Scenario, *, crs: CRS, progress: Progress | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the buildings with zone, area, cleanness, demand, roof and yield, and the self-audit of the yields."""
    stored = layers.frames["buildings"]
    local = stored.to_crs(crs)
    villages, counties = (None if (frame := layers.get(name)) is None else frame.to_crs(crs) for name in ("villages", "counties"))
    _tell(progress, 0.05, "zones")
    place = zones.locate(local, villages, counties, options=scenario.zone_options)
    _tell(progress, 0.2, "demand")
    area = areas.heated_area(local)
    homes = areas.households(local, area["area_m2"], area_per_household_m2=scenario.area_per_household_m2)
    clean = sources.cleanness(local["heat_source"], overrides=scenario.clean_overrides)
    heat = demand.heat_demand(local, area["area_m2"])
    covered = _building_coverage(local, layers, crs)
    _tell(progress, 0.35, "roofs")
    roof = roofs.design_roofs(local)
    _tell(progress, 0.6, "yields")
    yields = energy.annual_yield(roof, layers.weather)
    checked = audit.self_audit(roof, yields, layers.weather)
    kept = stored.drop(columns=["county_code", "village_code"])
    results = pd.concat([place, area, homes, clean, heat, covered, roof, yields], axis=1)
    return gpd.GeoDataFrame(kept.join(results), geometry="geometry", crs=stored.crs), checked


def _building_coverage(local: gpd.GeoDataFrame, layers: Layers, crs: CRS) -> pd.DataFrame:
    frame = layers.get("networks")
    found = networks.coverage(local, (frame if frame is not None else _empty("networks")).to_crs(crs))
    return pd.DataFrame(
        {
            "in_service_area": pd.array(found.state, dtype="string[pyarrow]"),
            "network_id": pd.array(found.network_id, dtype="string[pyarrow]"),
            "planned_network_id": pd.array(found.planned_id, dtype="string[pyarrow]"),
        },
        index=local.index,
    )


def _spare(available_mw: float, needed_mw: float) -> State:
    if np.isnan(available_mw) or np.isnan(needed_mw):
        return "review"
    return "yes" if available_mw >= needed_mw else "no"


def _facts(
    ledger: gpd.GeoDataFrame, near: plants.Radius, covered: networks.Coverage, states: pd.DataFrame, *, has_plants: bool, limit_m: float
) -> list[BoilerFacts]:
    spare_of = states["spare_heat_mw"].astype(float).to_dict()
    needed = ledger["capacity_t_h"].to_numpy(dtype=float) * parameters.value("policy", "mw_per_t_h")
    facts = []
    for at, row in enumerate(ledger.itertuples(index=False)):
        same = covered.medium[at] == row.medium and row.medium != "unknown"
        known_media = "unknown" not in (row.medium, covered.medium[at]) and covered.medium[at] is not None
        facts.append(
            BoilerFacts(
                capacity_t_h=float(row.capacity_t_h),
                fuel=row.fuel,
                duty=row.duty,
                medium=row.medium,
                status=row.status,
                backup=truth(row.is_backup),
                peaking=truth(row.is_peaking),
                ultra_low=truth(row.is_ultra_low),
                in_network=covered.state[at],
                network_margin_m=float(covered.margin_m[at]),
                network_spare=_spare(covered.spare_heat_mw[at], needed[at]),
                network_medium="yes" if same else "no" if known_media else "review",
                in_radius=near.state[at] if has_plants else "review",
                plant_distance_m=float(near.metres[at]) if np.isfinite(near.metres[at]) else np.nan,
                plant_margin_m=limit_m - float(near.metres[at]) if np.isfinite(near.metres[at]) else np.nan,
                plant_spare=_spare(spare_of.get(near.plant_id[at], np.nan), needed[at]),
                plant_doubt=near.doubt[at] if has_plants else ("plants",),
            )
        )
    return facts


def assess_boilers(
    layers: Layers, scenario: Scenario, *, crs: CRS
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the boilers with verdict and evidence, all findings, and the plants' standing."""
    ledger = layers.frames.get("boilers", _empty("boilers"))
    units = layers.frames.get("plants", _empty("plants"))
    pipes = layers.frames.get("networks", _empty("networks"))
    states = plants.plant_states(units, scenario)
    near = plants.radius(ledger, units, states, scenario)
    local = ledger.to_crs(crs)
    covered = networks.coverage(local, pipes.to_crs(crs), sigma_m=ledger["position_sigma_m"])
    limit = scenario.radius_km * 1000
    facts = _facts(ledger, near, covered, states, has_plants="plants" in layers.frames, limit_m=limit)
    villages, counties = (None if (frame := layers.get(name)) is None else frame.to_crs(crs) for name in ("villages", "counties"))
    place = zones.locate(local, villages, counties, options=scenario.zone_options)
    evidence = pd.DataFrame(
        {
            "nearest_plant_id": pd.array(near.plant_id, dtype="string[pyarrow]"),
            "nearest_plant": pd.array([states["name"].get(name) for name in near.plant_id], dtype="string[pyarrow]"),
            "distance_m": [fact.plant_distance_m for fact in facts],
            "margin_m": [fact.plant_margin_m for fact in facts],
            "within_radius": pd.array([fact.in_radius for fact in facts], dtype="string[pyarrow]"),
            "in_service_area": pd.array(covered.state, dtype="string[pyarrow]"),
            "network_id": pd.array(covered.network_id, dtype="string[pyarrow]"),
            "network_margin_m": np.where(np.isfinite(covered.margin_m), covered.margin_m, np.nan),
            "network_spare_mw": covered.spare_heat_mw,
        },
        index=ledger.index,
    )
    judged = boilers.verdicts(facts, scenario, index=ledger.index)
    table = ledger.join(pd.concat([place, judged, evidence], axis=1))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=ledger.crs), boilers.findings_table(ledger, facts, scenario), states


def plant_rings(units: gpd.GeoDataFrame, states: pd.DataFrame, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the geodesic rings of plants that qualify or might, for display."""
    shown = states[states["qualifies"] != "no"]
    points = units[units["status"] == plants.OPERATING].drop_duplicates("plant_id").set_index("plant_id")
    centres = points.geometry.reindex(shown.index).representative_point()
    shapes = [ring(point.x, point.y, scenario.radius_km * 1000) for point in centres]
    return gpd.GeoDataFrame(shown.reset_index()[["plant_id", "name", "qualifies"]], geometry=shapes, crs=STORED)


def assess(layers: Layers, scenario: Scenario, *, progress: Progress | None = None) -> Assessment:
    """Assess a city.

    Parameters
    ----------
    layers : Layers
        Checked layers; only buildings are needed. What other layers would tell is reported as not known.
    scenario : Scenario
        The readings and targets.
    progress : callable, optional
        Told the share done [1] and the key of the step.

    Raises
    ------
    DataError
        If the weather station is too far from the buildings and the scenario does not allow it.
    """
    stored = layers.frames["buildings"]
    west, south, east, north = stored.total_bounds
    noted = require_near(
        layers.weather,
        longitude=float(west + east) / 2,
        latitude=float(south + north) / 2,
        allow_distant=scenario.allow_distant_weather,
    )
    crs = to_working(stored).crs
    buildings, checked = assess_buildings(layers, scenario, crs=crs, progress=progress)
    _tell(progress, 0.9, "verdicts")
    ledger, findings, states = assess_boilers(layers, scenario, crs=crs)
    units = layers.frames.get("plants", _empty("plants"))
    villages = layers.get("villages")
    if villages is not None:
        zoned = villages.assign(zone=zones.village_zones(villages, options=scenario.zone_options))
        villages = zoned.merge(rates.village_rates(buildings), on="village_code", how="left")
    _tell(progress, 1.0, "done")
    return Assessment(
        scenario=scenario,
        layers=layers,
        crs=crs,
        buildings=buildings,
        boilers=ledger,
        boiler_findings=findings,
        plants=units.merge(states[["qualifies", "doubt", "operating_mw"]], left_on="plant_id", right_index=True, how="left"),
        plant_states=states,
        rings=plant_rings(units, states, scenario),
        villages=villages,
        clean_heating=rates.clean_heating(buildings, scenario),
        audit=checked,
        faults=(*layers.faults, *noted),
    )
