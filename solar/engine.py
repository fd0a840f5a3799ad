"""Every roof, every hour: blocks of roofs through horizon, sky view and kernel, on all cores, memory bounded.

A block holds a few hundred roofs of one mounting with equally many sample points. Its horizons live only while it is
worked on, so memory does not grow with the city.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import parameters
from solar import kernel, packing
from solar.options import YieldOptions
from solar.roofs import NO_MOUNTING
from solar.scene import Scene
from solar.sky import sky_of
from solar.skyview import sky_view
from solar.system import LOSSES, STAGES, System, system, waterfall
from solar.weather import Weather

BLOCK = 512
MONTHS = tuple(f"m{month:02d}_kwh" for month in range(1, 13))
LOSS_COLUMNS = tuple(f"loss_{name}_kwh" for name in LOSSES)
EAST_WEST = "tilted_east_west"
ROWS = ("tilted_flat", EAST_WEST)
UNGROUPED = "unknown"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Progress = Callable[[float], None]
KeepHours = Callable[[Ints, Singles], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CityYield:
    """What a run found; rows are those of its roofs.

    Attributes
    ----------
    yields : pandas.DataFrame
        ``yield_kwh`` [kWh], ``specific_yield_kwh_kw`` [kWh/kW], ``poa_kwh_m2`` [kWh/m2 that reach the panels],
        ``m01_kwh`` … ``m12_kwh`` [kWh], ``in_plane_kwh`` [kWh of light in the plane, unshaded, at the rated
        efficiency], ``loss_<step>_kwh`` [kWh], ``sky_view`` [1]. A mean year. A roof without capacity yields 0 kWh,
        and what is per kilowatt or per square metre is NaN.
    yearly : pandas.DataFrame
        ``yield_kwh`` of each year of the weather, columns named by the year.
    profiles : pandas.DataFrame
        AC power of each group [kW] at each hour of the first cell, on the clock of its place; roofs of no group are
        ``unknown``. Without columns if no groups were asked for.
    """

    yields: pd.DataFrame
    yearly: pd.DataFrame
    profiles: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoofArrays:
    """The roofs as arrays."""

    capacity: Floats
    mounting: npt.NDArray[np.str_]
    tilt: Floats
    azimuth: Floats
    second: Floats
    ridge_gcr: Floats
    cell: Ints
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockResult:
    """What a block gives, per kW; `power` has a column a roof for all hours of the weather."""

    rows: Ints
    stages: Floats
    energy: Floats
    sky_view: Floats
    power: Singles


class Engine:
    """All that blocks of roofs share: skies packed for the kernel, the scene and the system."""

    def __init__(
        self,
        roofs: RoofArrays,
        scene: Scene,
        cells: Sequence[Weather],
        options: YieldOptions,
        *,
        hourly: bool = False,
        only: Ints | None = None,
    ) -> None:
        self.roofs, self.scene, self.options, self.hourly = roofs, scene, options, hourly
        self.system: System = system()
        self.albedo = parameters.value("pv", "albedo")
        self.total_hours = len(cells[0].hours)
        self.slots = 12 * cells[0].years
        rows = np.flatnonzero(roofs.capacity > 0) if only is None else only
        kinds = np.unique(roofs.mounting[rows])
        self.lit: dict[int, Ints] = {}
        self.hours: dict[tuple[int, str], packing.Hours] = {}
        for number in map(int, np.unique(roofs.cell[rows])):
            sky = sky_of(cells[number], model=options.sky_model)
            self.lit[number] = _on_axis(cells[0], cells[number])[sky.row]
            for kind in map(str, kinds):
                self.hours[number, kind] = packing.pack_hours(sky, self.system, kind, options.temperature_model)

    def blocks(self) -> list[Ints]:
        """Return the rows of each block: one mounting, equally many points, neighbours together."""
        active = np.flatnonzero(self.roofs.capacity > 0)
        # the hours of a block stay within the same memory for any number of years
        size = max(1, BLOCK * 12 // self.slots) if self.hourly else BLOCK
        count = np.diff(self.scene.points.starts)[active]
        kind = np.unique(self.roofs.mounting[active], return_inverse=True)[1]
        cell = self.roofs.cell[active, 0]
        order = np.lexsort((self.scene.nearby[active], cell, count, kind))
        key = np.stack([kind, count, cell], axis=1)[order]
        borders = np.flatnonzero((np.diff(key, axis=0) != 0).any(axis=1)) + 1
        return [
            some[start : start + size]
            for some in np.split(active[order], borders)
            for start in range(0, len(some), size)
        ]

    def work(self, rows: Ints, view: Singles | None = None) -> BlockResult:
        """Return the year of a block's roofs, under the horizons of the scene if no others are given."""
        roofs = self.roofs
        horizon = self.scene.horizons(rows) if view is None else view
        two = np.flatnonzero(~np.isnan(roofs.second[rows]))
        roof = np.concatenate([np.arange(len(rows)), two])
        azimuth = np.concatenate([roofs.azimuth[rows], roofs.second[rows[two]]])
        tilt = roofs.tilt[rows][roof]
        horizon = horizon[roof] if len(two) else horizon
        around = sky_view(horizon, tilt, azimuth, points=(1, horizon.shape[1]))
        left = np.stack([self._terrain_view(horizon, tilt, azimuth), around])
        packed = packing.planes(
            tilt=tilt,
            azimuth=azimuth,
            ridge_gcr=roofs.ridge_gcr[rows][roof],
            sky_view=left,
            albedo=self.albedo,
            glass=self.options.diffuse_glass,
        )
        share = 1 / np.bincount(roof, minlength=len(rows))
        stages = np.zeros((len(rows), self.slots, len(STAGES)))
        energy = np.zeros((len(rows), self.slots))
        power = np.zeros((self.total_hours if self.hourly else 0, len(rows)), dtype=np.float32)
        kind = str(roofs.mounting[rows[0]])
        for cell in np.unique(roofs.cell[rows]):
            weight = np.where(roofs.cell[rows] == cell, roofs.weight[rows], 0.0).sum(axis=1)
            some = np.flatnonzero(weight[roof] > 0)
            part = slice(None) if len(some) == len(roof) else some
            got = kernel.run(self.hours[int(cell), kind], packed[part], horizon[part], hourly=self.hourly)
            scale = (weight * share)[roof[some]]
            for side in (some[some < len(rows)], some[some >= len(rows)]):
                place = np.searchsorted(some, side)
                stages[roof[side]] += got[0][place] * scale[place, np.newaxis, np.newaxis]
                energy[roof[side]] += got[1][place] * scale[place, np.newaxis]
            if self.hourly:
                onto = np.zeros((len(some), len(rows)), dtype=np.float32)
                onto[np.arange(len(some)), roof[some]] = scale
                power[self.lit[int(cell)]] += got[2] @ onto
        mean_view = np.bincount(roof, left[1], minlength=len(rows)) * share
        return BlockResult(rows=rows, stages=stages, energy=energy, sky_view=mean_view, power=power)

    def _terrain_view(self, horizon: Singles, tilt: Floats, azimuth: Floats) -> Floats:
        return np.ones(len(tilt)) if self.scene.terrain is None else sky_view(horizon, tilt, azimuth, points=(0, 1))


def city_yield(
    roofs: pd.DataFrame,
    scene: Scene,
    cells: Sequence[Weather],
    *,
    weights: tuple[Ints, Floats] | None = None,
    options: YieldOptions | None = None,
    groups: pd.Series | None = None,
    keep_hours: KeepHours | None = None,
    progress: Progress | None = None,
) -> CityYield:
    """Return what each roof yields.

    Parameters
    ----------
    roofs : pandas.DataFrame
        As `solar.roofs.design_roofs` gives it, of the buildings of `scene`.
    scene : Scene
        What stands round them.
    cells : sequence of Weather
        Weather cells; the years of all of them are alike.
    weights : tuple of ndarray, optional
        As `solar.weather_cells.cell_weights` gives them for each roof; the first cell for all without it.
    options : YieldOptions, optional
        Sky model and the like.
    groups : pandas.Series, optional
        On the index of `roofs`: the group whose hourly profile a roof adds to.
    keep_hours : callable, optional
        Given the rows of a block and their AC power, shape (hours, roofs) [kW per kW], as blocks are done.
    progress : callable, optional
        Told the share done. What it raises stops the run, and nothing is left of it.

    Raises
    ------
    ValueError
        If a capacity, an angle of a roof with capacity, or a value of the weather is NaN, or cells differ in years.
    """
    _require_alike(cells)
    given = roof_arrays(roofs, weights)
    engine = Engine(given, scene, cells, options or YieldOptions(), hourly=groups is not None or keep_hours is not None)
    done = _Collected(roofs.index, engine, groups)
    blocks = engine.blocks()
    for number, result in enumerate(_in_order(engine.work, blocks), start=1):
        done.add(result)
        if keep_hours is not None:
            keep_hours(result.rows, result.power)
        if progress is not None:
            progress(number / len(blocks))
    return done.finish(cells[0])


def _in_order(work: Callable[[Ints], BlockResult], blocks: list[Ints]) -> Iterator[BlockResult]:
    """Yield the results of blocks in their order, a few ahead on other cores."""
    threads = os.cpu_count() or 1
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        ahead = iter(blocks)
        waiting: list[Future[BlockResult]] = [pool.submit(work, rows) for rows in islice(ahead, 2 * threads)]
        while waiting:
            result = waiting.pop(0).result()
            waiting.extend(pool.submit(work, rows) for rows in islice(ahead, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)


class _Collected:
    """The arrays that results of blocks go into."""

    def __init__(self, index: pd.Index, engine: Engine, groups: pd.Series | None) -> None:
        self.index, self.engine = index, engine
        count = len(index)
        self.stages = np.full((count, len(STAGES)), np.nan)
        self.months = np.full((count, 12), np.nan)
        self.years = np.full((count, engine.slots // 12), np.nan)
        self.sky_view = np.full(count, np.nan)
        self.names: list[str] = []
        self.group = np.zeros(0, dtype=np.int64)
        if groups is not None:
            codes, names = pd.factorize(groups.reindex(index).astype(object).fillna(UNGROUPED), sort=True)
            self.group, self.names = codes, [str(name) for name in names]
        self.profile = np.zeros((engine.total_hours if self.names else 0, len(self.names)))

    def add(self, result: BlockResult) -> None:
        rows, years = result.rows, self.years.shape[1]
        energy = result.energy.reshape(len(rows), years, 12)
        self.stages[rows] = result.stages.sum(axis=1) / years
        self.months[rows], self.years[rows] = energy.mean(axis=1), energy.sum(axis=2)
        self.sky_view[rows] = result.sky_view
        if self.names:
            onto = np.zeros((len(rows), len(self.names)))
            onto[np.arange(len(rows)), self.group[rows]] = self.engine.roofs.capacity[rows]
            self.profile += result.power @ onto

    def finish(self, weather: Weather) -> CityYield:
        capacity = np.where(np.isnan(self.stages[:, 0]), 0.0, self.engine.roofs.capacity)[:, np.newaxis]
        total = self.months.sum(axis=1)
        fall = waterfall(self.stages, total, self.engine.system).to_numpy()
        table = {
            "yield_kwh": np.where(capacity[:, 0] > 0, total * capacity[:, 0], 0.0),
            "specific_yield_kwh_kw": total,
            "poa_kwh_m2": self.stages[:, STAGES.index("rows")],
        }
        in_kwh = np.where(capacity > 0, np.column_stack([self.months, fall]) * capacity, 0.0)
        table |= dict(zip([*MONTHS, "in_plane_kwh", *LOSS_COLUMNS], in_kwh.T, strict=True))
        table["sky_view"] = self.sky_view
        local = pd.DatetimeIndex(weather.hours.index).tz_convert(weather.clock)
        yearly = np.where(capacity > 0, self.years * capacity, 0.0)
        return CityYield(
            yields=pd.DataFrame(table, index=self.index),
            yearly=pd.DataFrame(yearly, index=self.index, columns=list(weather.year_list)),
            profiles=pd.DataFrame(self.profile, columns=self.names, index=local if self.names else None),
        )


def _on_axis(first: Weather, other: Weather) -> Ints:
    """Return the place of each hour of a cell among the hours of the first, by its moment and not by its row.

    The ends of a year on another clock go to its other end.
    """
    start, moments = (pd.DatetimeIndex(cell.hours.index).tz_convert("UTC").floor("h") for cell in (first, other))
    away = ((moments - start[0]) // pd.Timedelta(hours=1)).to_numpy(dtype=np.int64)
    return np.mod(away, len(start))


def _require_alike(cells: Sequence[Weather]) -> None:
    if len({cell.year_list for cell in cells}) > 1 or len({len(cell.hours) for cell in cells}) > 1:
        raise ValueError("weather cells of different years do not go together")


def roof_arrays(roofs: pd.DataFrame, weights: tuple[Ints, Floats] | None) -> RoofArrays:
    """Return the roofs as arrays, those without mounting at no capacity.

    Raises
    ------
    ValueError
        If a capacity, or an angle of a roof with capacity, is not a number.
    """
    capacity = roofs["capacity_kw"].to_numpy(dtype=float)
    mounting = roofs["mounting"].to_numpy(dtype=str)
    columns = ("surface_tilt", "surface_azimuth", "second_azimuth", "gcr")
    tilt, azimuth, second, gcr = (roofs[name].to_numpy(dtype=float) for name in columns)
    active = (capacity > 0) & (mounting != NO_MOUNTING)
    rows = np.isin(mounting, ROWS)
    if np.isnan(capacity).any() or np.isnan([tilt[active], azimuth[active], gcr[active]]).any():
        raise ValueError("a roof's capacity, or the tilt, azimuth or gcr of one with capacity, is not a number")
    nothing = np.zeros((len(roofs), 1), dtype=np.int64)
    cell, weight = weights or (nothing, np.ones((len(roofs), 1)))
    # of a pair that stands back to back, each ridge is one pair away from the next
    ridge = np.where(mounting == EAST_WEST, gcr / 2, gcr)
    return RoofArrays(
        capacity=np.where(active, capacity, 0.0),
        mounting=mounting,
        tilt=tilt,
        azimuth=azimuth,
        second=second,
        ridge_gcr=np.where(rows, ridge, 0.0),
        cell=cell,
        weight=weight,
    )
