"""One kilowatt of modules with its inverter: temperature, named losses, clipping, and the waterfall of them all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import iam
from scipy.interpolate import CubicSpline

from data import parameters

DC_LOSSES: Final = (
    "soiling",
    "shading",
    "snow",
    "mismatch",
    "wiring",
    "connections",
    "lid",
    "nameplate",
    "age",
    "availability",
)
"""PVWatts' losses (Dobos 2014, doi:10.2172/1158421), each a row ``loss_<name>`` of ``pv.csv`` [%]."""
STAGES: Final = ("plane", "terrain", "buildings", "rows", "glass", "cells", "inverter")
"""What the engine sums: energy in the plane, what is left after the shade of terrain, of buildings and of the row in
front, after reflection, after temperature (DC before the losses), and after the inverter before clipping."""
LOSSES: Final = (
    "terrain",
    "buildings",
    "rows",
    "reflection",
    "temperature",
    *DC_LOSSES,
    "inverter",
    "clipping",
)
"""Steps of the waterfall, in their order."""
TemperatureModel = Literal["noct", "sapm"]
_NOCT_AIR: Final = 20.0
_NOCT_LIGHT: Final = 800.0
_WIND_AT_ROOF: Final = 0.51
DIFFUSE: Final = ("sky", "horizon", "ground")
_MOST_TILTS: Final = 40
_TILT_NODES: Final = np.concatenate([[0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0], np.arange(5.0, 91.0, 2.5)])
_INVERTER_REFERENCE: Final = 0.9637
_CURVE: Final = (-0.0059, 0.9858, -0.0162)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The electrical side, per kilowatt of modules at 1000 W/m2 and 25 °C.

    Attributes
    ----------
    temperature_coefficient : float
        [1/K].
    kept : float
        What the DC losses leave [1].
    dc_limit, ac_limit : float
        Of the inverter [kW].
    efficiency : float
        Of the inverter at its limit [1].
    curve : tuple of float
        c0, c1, c2 of AC = c0 + c1·DC + c2·DC² [kW], PVWatts' inverter written out.
    """

    temperature_coefficient: float
    kept: float
    dc_limit: float
    ac_limit: float
    efficiency: float
    curve: tuple[float, float, float]

    def unclipped(self, dc_kw: Floats) -> Floats:
        """Return what the inverter would give without its limit [kW]."""
        power: Floats = np.maximum(self.curve[0] + dc_kw * (self.curve[1] + dc_kw * self.curve[2]), 0.0)
        return power


def dc_losses() -> dict[str, float]:
    """Return the DC losses by name [1]."""
    return {name: parameters.value("pv", f"loss_{name}") / 100 for name in DC_LOSSES}


def system() -> System:
    """Return the system that ``pv.csv`` describes."""
    efficiency = parameters.value("pv", "inverter_efficiency")
    limit = 1 / parameters.value("pv", "dc_ac_ratio") / efficiency
    scale = efficiency / _INVERTER_REFERENCE
    return System(
        temperature_coefficient=parameters.value("pv", "temperature_coefficient"),
        kept=float(np.prod([1 - share for share in dc_losses().values()])),
        dc_limit=limit,
        ac_limit=efficiency * limit,
        efficiency=efficiency,
        curve=(_CURVE[0] * scale * limit, _CURVE[1] * scale, _CURVE[2] * scale / limit),
    )


def heating_per_watt(mounting: str, wind_speed: Floats, model: TemperatureModel = "noct") -> Floats:
    """Return how much warmer than the air the cells are per irradiance [K m2/W], shape of `wind_speed` [m/s].

    ``noct``: SAM's model from the cell temperature at 800 W/m2 and 20 °C (Gilman et al. 2018, NREL/TP-6A20-67399, eq.
    10.37; wind at ten metres brought down to a roof), with PVWatts' temperatures of a rack and of a mount close to the
    roof. ``sapm``: E·exp(a + b·wind) for the module, E/1000·ΔT more for the cell (King, Boyson & Kratochvil 2004,
    SAND2004-3535).
    """
    if model == "noct":
        rise = (parameters.value("pv", f"noct_{mounting}") - _NOCT_AIR) / _NOCT_LIGHT
        useful = parameters.value("pv", "module_w_m2") / 1000 / parameters.value("pv", "transmittance_absorptance")
        cooled: Floats = rise * (1 - useful) * 9.5 / (5.7 + 3.8 * _WIND_AT_ROOF * wind_speed)
        return cooled
    a, b, delta = (parameters.value("pv", f"sapm_{name}_{mounting}") for name in ("a", "b", "delta_t"))
    warmer: Floats = np.exp(a + b * wind_speed) + delta / 1000
    return warmer


@lru_cache(maxsize=512)
def diffuse_iam(tilt: float) -> dict[str, float]:
    """Return what passes the glass of light from ``sky``, ``horizon`` and ``ground`` [1].

    Marion (2017, doi:10.1016/j.solener.2017.03.027); it depends on the tilt [deg] alone.
    """
    return {part: float(share) for part, share in iam.marion_diffuse("physical", tilt).items()}


def diffuse_iams(tilt: Floats) -> dict[str, Floats]:
    """Return `diffuse_iam` of many tilts [deg], shape (planes,).

    Of very many it is a spline between nodes: the sky and horizon parts to 2e-5, the ground's to 3e-3 where it has no
    weight, below 1°.
    """
    each, place = np.unique(tilt, return_inverse=True)
    nodes = each if len(each) <= _MOST_TILTS else _TILT_NODES
    found = [diffuse_iam(float(node)) for node in nodes]
    shares = {part: np.array([one[part] for one in found]) for part in DIFFUSE}
    if nodes is not each:
        shares = {part: CubicSpline(nodes, values)(each) for part, values in shares.items()}
    return {part: values[place] for part, values in shares.items()}


def waterfall(stages: Floats, energy: Floats, given: System) -> pd.DataFrame:
    """Return where the energy in the plane goes.

    Parameters
    ----------
    stages : ndarray, shape (rows, 7)
        Sums of `STAGES` [kWh per kW].
    energy : ndarray, shape (rows,)
        AC energy after clipping [kWh per kW].
    given : System
        What they were computed with.

    Returns
    -------
    pandas.DataFrame, shape (rows, 18)
        ``in_plane``, then the loss of each step of `LOSSES` [kWh per kW]: ``in_plane`` minus all of them is `energy`.
    """
    plane, terrain, buildings, rows, glass, cells, before_clipping = stages.T
    steps = {
        "in_plane": plane,
        "terrain": plane - terrain,
        "buildings": terrain - buildings,
        "rows": buildings - rows,
        "reflection": rows - glass,
        "temperature": glass - cells,
    }
    left = cells.copy()
    for name, share in dc_losses().items():
        steps[name] = left * share
        left = left * (1 - share)
    steps["inverter"] = cells * given.kept - before_clipping
    steps["clipping"] = before_clipping - energy
    return pd.DataFrame(steps)
