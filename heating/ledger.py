"""The boiler ledger held against plants and networks: the facts that the rules judge, and the verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from data import parameters
from geo import zones
from geo.cells import is_empty
from heating import boilers, networks, plants, supply
from heating.layers import Layers
from heating.scenario import Scenario
from heating.verdicts import STATES, BoilerFacts, State, suffices, truth

_M_PER_KM: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The boilers with verdict and evidence, what every rule says of each, and the plants' standing."""

    boilers: gpd.GeoDataFrame
    findings: pd.DataFrame
    plant_states: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands round the boilers: plants and networks, and the spare heat of each.

    ``delivers_mw`` is what each area can deliver together, ``drawn_mw`` what the removal of loose coal in it would
    draw [MW], by network; NaN there where that is not known.
    """

    states: pd.DataFrame
    near: plants.Radius
    covered: networks.Coverage
    has_plants: bool
    need_mw: NDArray[np.float64]
    delivers_mw: pd.Series
    drawn_mw: pd.Series

    @property
    def plant_spare_mw(self) -> dict[str, float]:
        """Spare heat at peak by plant, of the units that make it a centre [MW]."""
        return {str(name): float(spare) for name, spare in self.states["centre_spare_mw"].items()}

    def spare(self) -> NDArray[np.intp]:
        """Return whether each plant covers each boiler's need, as positions in `STATES`."""
        spare = self.plant_spare_mw
        rows = [[STATES.index(suffices(spare[name], need)) for need in self.need_mw] for name in self.near.plant_id]
        return np.array(rows, dtype=np.intp).reshape(self.near.inside.shape)

    def doubt(self, spare: NDArray[np.intp]) -> list[tuple[str, ...]]:
        """Return keys of what is open about the plants that might serve each boiler within their radius."""
        if not self.has_plants:
            return [("plants",)] * len(self.need_mw)
        doubts = self.states["doubt"].to_dict()
        named = [tuple(filter(None, str(doubts[name]).split(";"))) for name in self.near.plant_id]
        found: list[tuple[str, ...]] = []
        for at in range(len(self.need_mw)):
            keys: list[str] = []
            surely = (self.near.inside[:, at] == plants.YES).any()
            for row in np.flatnonzero(np.minimum(self.near.inside[:, at], spare[:, at]) == plants.REVIEW):
                open_circle = self.near.inside[row, at] == plants.REVIEW
                if surely and open_circle:  # it stands in a circle for certain: only that plant's heat is asked for
                    continue
                keys += ["radius_band"] * bool(self.near.edge[row, at])
                keys += named[row] if open_circle else ()
                keys += ["plant_spare"] * bool(spare[row, at] == plants.REVIEW)
            found.append(tuple(dict.fromkeys(keys)))
        return found

    def serving(self, spare: NDArray[np.intp]) -> list[str | None]:
        """Return the nearest plant within the radius that surely has the heat for each boiler, or None."""
        serves = np.minimum(self.near.inside, spare) == plants.YES
        metres = np.vstack([np.where(serves, self.near.metres, np.inf), np.full((1, len(self.need_mw)), np.inf)])
        names = [*self.near.plant_id, None]
        return [names[row] if np.isfinite(metres[row, at]) else None for at, row in enumerate(metres.argmin(axis=0))]


def surroundings(
    ledger: gpd.GeoDataFrame, layers: Layers, scenario: Scenario, *, crs: CRS, drawn_mw: pd.Series | None = None
) -> Surroundings:
    """Measure the boilers against plants (geodesics) and declared service areas (in `crs`).

    Near the edge of a service area a boiler is left open while P(inside) lies between 5 and 95 %, see
    `heating.inside.combined`; a declaration that is not in force on the day of the scenario leaves it open too.
    """
    units = layers.some("plants")
    states = plants.plant_states(units, scenario)
    need = ledger["capacity_t_h"].to_numpy(dtype=float) * parameters.value("policy", "mw_per_t_h")
    local, pipes = ledger.to_crs(crs), layers.some("networks").to_crs(crs)
    covered = networks.coverage(local, pipes, scenario, need_mw=need, plants=states)
    near = plants.radius(ledger, units, states, scenario)
    has_plants = len(units) > 0
    return Surroundings(
        states=states,
        near=near,
        covered=covered,
        has_plants=has_plants,
        need_mw=need,
        delivers_mw=networks.deliverable_mw(pipes, scenario),
        drawn_mw=pd.Series(dtype=float) if drawn_mw is None else drawn_mw,
    )


def facts_of(
    ledger: gpd.GeoDataFrame,
    around: Surroundings,
    scenario: Scenario,
    *,
    in_city: list[State],
    sizes_t_h: NDArray[np.float64],
) -> list[BoilerFacts]:
    """Return what the rules know of each boiler, the sizes from `judged_sizes`."""
    near, covered, spare = around.near, around.covered, around.spare()
    inside: list[State] = near.state() if around.has_plants else ["review"] * len(ledger)
    served: list[State] = [STATES[at] for at in np.minimum(near.inside, spare).max(axis=0, initial=plants.NO)]
    metres = near.shown(near.metres)
    margin = np.where(np.isfinite(covered.edge.margin_m), covered.edge.margin_m, np.nan)
    doubt = around.doubt(spare if scenario.premise_decides else np.full_like(spare, plants.YES))
    return [
        BoilerFacts(
            capacity_t_h=float(sizes_t_h[at]),
            fuel=row.fuel,
            duty=row.duty,
            medium=row.medium,
            status=row.status,
            backup=truth(row.is_backup),
            peaking=truth(row.is_peaking),
            ultra_low=truth(row.is_ultra_low),
            in_city=in_city[at],
            in_network=covered.state[at],
            network_margin_m=float(margin[at]),
            network_doubt=covered.doubt[at],
            network_spare=covered.spare[at],
            network_medium=covered.same_medium[at],
            in_radius=inside[at],
            plant_distance_m=float(metres[at]),
            plant_margin_m=scenario.radius_km * _M_PER_KM - float(metres[at]),
            plant_spare=served[at] if around.has_plants else "review",
            plant_doubt=doubt[at],
        )
        for at, row in enumerate(ledger.itertuples(index=False))
    ]


def _in_city(county_code: pd.Series, counties: gpd.GeoDataFrame | None) -> list[State]:
    """Return whether each boiler stands in the city; without outlines the bureau's own ledger is believed.

    Outside the outlines either the position is wrong or the Plan does not reach there: a person has to look.
    """
    return ["yes" if counties is None or known else "review" for known in county_code.notna()]


def site_totals(ledger: pd.DataFrame, place: pd.DataFrame, scenario: Scenario) -> pd.Series:
    """Return the total output of the standing coal boilers of one owner in one village or community [t/h].

    A hint where the rules go by the single boiler (FACTS §A3-13). Null for nameless boilers, and wherever a boiler of
    the same site has an unknown output, fuel, duty or status. Boilers of power stations count with the clauses that
    speak of them.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Boilers.
    place : pandas.DataFrame
        ``village_code`` and ``county_code`` of each, from `geo.zones.locate`: one owner's boilers in two villages
        are two sites.
    scenario : Scenario
        Whether the boilers of power stations count.
    """
    counted = _counted(ledger, scenario)
    duty_known = scenario.power_boilers_count | (ledger["duty"] != "unknown")
    sure = counted & (ledger["fuel"] == "coal") & (ledger["status"] != "unknown") & duty_known
    where = place["village_code"].astype(object).fillna(place["county_code"].astype(object)).fillna("")
    sites = pd.Series(list(zip(ledger["name"].astype(object), where, strict=True)), index=ledger.index, dtype=object)
    sizes = ledger["capacity_t_h"].where(sure)
    totals = sizes[counted].groupby(sites[counted]).agg(lambda part: part.sum(skipna=False))
    return sites.map(totals).where(sure).astype(float).rename("site_total_t_h")


def _counted(ledger: pd.DataFrame, scenario: Scenario) -> pd.Series:
    """Tell which boilers have an owner and are, or may be, standing coal boilers that the clauses speak of."""
    named = ~is_empty(ledger["name"])
    spoken_of = scenario.power_boilers_count | (ledger["duty"] != "power")
    return named & ledger["fuel"].isin(["coal", "unknown"]) & (ledger["status"] != "retired") & spoken_of


def judged_sizes(ledger: pd.DataFrame, site_total_t_h: pd.Series, scenario: Scenario) -> NDArray[np.float64]:
    """Return the output that limits of size are held against [t/h]: the boiler's, or its site's together.

    A site whose total is not known is of unknown size; a boiler without an owner stands for itself (FACTS §A3-13).
    """
    own = ledger["capacity_t_h"].astype(float)
    if scenario.capacity_by == "site":
        own = own.where(~_counted(ledger, scenario), site_total_t_h)
    return np.asarray(own, dtype=float)


def _network_plants(pipes: gpd.GeoDataFrame) -> dict[str, str]:
    fed = pipes[pipes["plant_id"].notna()]
    return dict(zip(fed["network_id"], fed["plant_id"], strict=True))


def _draws(judged: pd.DataFrame, around: Surroundings, fed_by: dict[str, str]) -> list[supply.Draw]:
    """Return what the removal of each boiler would draw, for those whose own replacing heat is assured.

    A boiler of unknown output draws too, on all that it may be given to: nobody can say what is left for others.
    """
    serving = around.serving(around.spare())
    draws = []
    rows = judged[["leading_rule", "leading_state", "supply_assured", "rules_hit", "rules_open"]].itertuples(
        index=False
    )
    for at, row in enumerate(rows):
        sized = not math.isnan(around.need_mw[at])
        removed = {row.leading_rule} if (row.supply_assured, row.leading_state) == ("yes", "yes") else set()
        if not sized:
            removed = set(f"{row.rules_hit};{row.rules_open}".split(";"))
        sources: tuple[supply.Source, ...] = ()
        if "R4" in removed:
            network = around.covered.network_id[at]
            sources = (("network", network), ("plant", fed_by.get(network)))
        elif "R3" in removed:
            inside = around.near.plant_id[around.near.inside[:, at] == plants.YES]
            named = [serving[at]] if sized else list(inside)
            sources = tuple((kind, name) for name in named for kind in ("centre", "plant"))
        draws.append(supply.Draw(need_mw=float(around.need_mw[at]), sources=sources))
    return draws


def _other_draws(around: Surroundings, fed_by: dict[str, str]) -> list[supply.Draw]:
    """Return what loose coal inside each area would draw: the clause on coverage removes it as well (A1-20)."""
    return [
        supply.Draw(need_mw=float(mw), sources=(("network", name), ("plant", fed_by.get(str(name)))))
        for name, mw in around.drawn_mw.items()
    ]


def share_supply(judged: pd.DataFrame, around: Surroundings, pipes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the verdicts with the replacing heat checked over all boilers that would draw on one source.

    Adds ``supply_source`` (network or plant that would deliver); where a source is overdrawn,
    ``supply_assured`` becomes ``review`` and ``supply_missing`` names ``shared_spare``.
    """
    spare: dict[supply.Source, float] = {("network", name): mw for name, mw in around.delivers_mw.items()}
    spare |= {("centre", name): mw for name, mw in around.plant_spare_mw.items()}
    spare |= {("plant", name): float(mw) for name, mw in around.states["spare_heat_mw"].items()}
    fed_by = _network_plants(pipes)
    draws = _draws(judged, around, fed_by)
    over = supply.overdrawn([*draws, *_other_draws(around, fed_by)], spare)
    assured = (judged["supply_assured"] == "yes").to_numpy(dtype=bool)
    short = np.array([bool(over.intersection(draw.sources)) for draw in draws], dtype=bool) & assured
    names = {("centre", name): said for name, said in around.states["name"].items()}
    sources = [
        str(names.get(draw.sources[0], draw.sources[0][1])) if draw.sources and sure else ""
        for draw, sure in zip(draws, assured, strict=True)
    ]
    return judged.assign(
        supply_assured=judged["supply_assured"].mask(short, "review"),
        supply_missing=judged["supply_missing"].mask(short, "shared_spare"),
        supply_source=pd.array(sources, dtype="string[pyarrow]"),
    )


def _evidence(ledger: gpd.GeoDataFrame, around: Surroundings, facts: list[BoilerFacts]) -> pd.DataFrame:
    near, covered = around.near, around.covered
    ids = [None if row < 0 else near.plant_id[row] for row in near.nearest]
    names, spare = around.states["name"].to_dict(), around.plant_spare_mw
    noted_m = parameters.value("policy", "radius_note_km") * _M_PER_KM
    line = np.array([fact.plant_margin_m for fact in facts], dtype=float)
    return pd.DataFrame(
        {
            "nearest_plant_id": pd.array(ids, dtype="string[pyarrow]"),
            "nearest_plant": pd.array([names.get(name) for name in ids], dtype="string[pyarrow]"),
            "distance_m": near.shown(near.metres),
            "margin_m": line,
            "point_distance_m": near.shown(near.point_metres),
            "near_radius_line": pd.Series(np.abs(line) <= noted_m, dtype="boolean").mask(np.isnan(line)).array,
            "within_radius": pd.array([fact.in_radius for fact in facts], dtype="string[pyarrow]"),
            "plant_spare_mw": [spare.get(str(name), math.nan) for name in ids],
            "in_service_area": pd.array(covered.state, dtype="string[pyarrow]"),
            "network_id": pd.array(covered.network_id, dtype="string[pyarrow]"),
            "network_margin_m": [fact.network_margin_m for fact in facts],
            "network_spare_mw": covered.spare_heat_mw,
            "planned_network_id": pd.array(covered.plan_id, dtype="string[pyarrow]"),
            "need_mw": around.need_mw,
        },
        index=ledger.index,
    )


def judge(layers: Layers, scenario: Scenario, *, crs: CRS, drawn_mw: pd.Series | None = None) -> Judged:
    """Judge every boiler of the ledger.

    Parameters
    ----------
    layers : Layers
        Boilers, and plants, networks, villages and counties where there are any.
    scenario : Scenario
        The readings.
    crs : pyproj.CRS
        Projected system of the run [m].
    drawn_mw : pandas.Series, optional
        What the removal of loose coal would draw from each network [MW], from `heating.supply.coal_draws`.
    """
    ledger = layers.some("boilers")
    around = surroundings(ledger, layers, scenario, crs=crs, drawn_mw=drawn_mw)
    counties = layers.projected("counties", crs)
    place = zones.locate(ledger.to_crs(crs), layers.projected("villages", crs), counties, options=scenario.zone_options)
    together = site_totals(ledger, place, scenario)
    in_city = _in_city(place["county_code"], counties)
    sizes = judged_sizes(ledger, together, scenario)
    facts = facts_of(ledger, around, scenario, in_city=in_city, sizes_t_h=sizes)
    ruled = boilers.rulings(facts, scenario)
    verdicts = boilers.verdicts(facts, ruled, index=ledger.index)
    judged = share_supply(verdicts, around, layers.some("networks"))
    table = ledger.join(pd.concat([place, judged, _evidence(ledger, around, facts), together], axis=1))
    return Judged(
        boilers=gpd.GeoDataFrame(table, geometry="geometry", crs=ledger.crs),
        findings=boilers.findings_table(ledger, facts, ruled),
        plant_states=around.states,
    )
