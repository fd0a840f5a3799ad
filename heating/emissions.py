"""Coal, standard coal, CO2 and pollutants of heat by its source: what cited factors give, and what none gives."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import pandas as pd

from data import parameters
from data.parameters import Parameter

QUANTITIES: Final = ("coal_t", "tce", "co2_t", "so2_kg", "nox_kg", "pm25_kg")
"""What is counted: raw coal burnt [t], energy as standard coal [tce], CO2 [t], and at the place of heating SO2, NOx and
PM2.5 [kg]."""
GRID: Final = "grid_ningxia_2023"
"""The factor of electricity: the latest of Ningxia's grid."""
LOCAL: Final = {"so2_kg": "so2", "nox_kg": "nox", "pm25_kg": "pm25"}
_CARRIERS: Final = {
    "coal": ("raw_coal_heat", "raw_coal_standard", "raw_coal", 1.0),
    "gas": ("gas_heat", "gas_standard", "gas", 1.0),
    "electricity": ("electricity_heat", "electricity_standard", GRID, 1e-3),
}
_CHP: Final = "chp"
_KEPT: Final = ("low", "value", "high")


class _Burnt(NamedTuple):
    """What a GJ of heat takes: raw coal [t], energy [tce], CO2 [t]; NaN where no factor is cited."""

    coal_t: float
    tce: float
    co2_t: float


def _at(constant: Parameter, end: str) -> float:
    """Return a constant at one end of its cited range, the value itself where it has none."""
    bound = float(getattr(constant, end))
    return constant.value if math.isnan(bound) or constant.changed else bound


def _burnt(source: str, fuel: str, end: str) -> _Burnt:
    """Return what a GJ of heat takes at one end of the efficiency's range: ``low`` is the least that is burnt."""
    factors, conversion = parameters.constants("emissions"), parameters.constants("heat_conversion")
    if source == _CHP:
        tce = _at(conversion["chp_coal"], end)
        return _Burnt(tce / factors["raw_coal_standard"].value, tce, tce * factors["standard_coal"].value)
    if source not in conversion or fuel not in _CARRIERS:
        return _Burnt(math.nan if fuel == "coal" else 0.0, math.nan, math.nan)
    heat, standard, carbon, tonnes = _CARRIERS[fuel]
    best = {"low": "high", "high": "low"}.get(end, end)
    amount = 1.0 / (_at(conversion[source], best) * factors[heat].value)
    coal = amount if fuel == "coal" else 0.0
    return _Burnt(coal, amount * factors[standard].value, amount * factors[carbon].value * tonnes)


def _local(source: str, fuel: str, fed: str, coal_t: float) -> dict[str, float]:
    """Return what a GJ of heat emits where it is used [kg]: none from a network, from power, or without fuel."""
    if fed == "yes" or fuel in ("electricity", "none"):
        return dict.fromkeys(LOCAL, 0.0)
    factors = parameters.constants("emissions")
    cited = {name: factors.get(f"{short}_{source}") for name, short in LOCAL.items()}
    return {name: math.nan if row is None else coal_t * row.value for name, row in cited.items()}


def per_gj() -> pd.DataFrame:
    """Return what a GJ of delivered heat takes and emits, by heat source.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``heat_source`` of the table ``heat_sources``: `QUANTITIES` per GJ, with ``co2_t_low`` and
        ``co2_t_high`` at the ends of the cited range of the efficiency. CO2 includes the power plants' and the CHP
        plants'; SO2, NOx and PM2.5 are those at the place of heating. NaN where no factor is cited: that is not nought.

    References
    ----------
    GB/T 2589-2020 for standard coal; tables ``emissions`` and ``heat_conversion`` with the source of each factor.
    """
    rows = {}
    for source, said in parameters.table("heat_sources").iterrows():
        if said["clean"] in ("not_heated", "unknown"):
            continue
        ends = {end: _burnt(str(source), said["fuel"], end) for end in _KEPT}
        middle = ends["value"]
        rows[source] = {
            **middle._asdict(),
            **_local(str(source), said["fuel"], said["network_fed"], middle.coal_t),
            "co2_t_low": ends["low"].co2_t,
            "co2_t_high": ends["high"].co2_t,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("heat_source")


def emitted(heat_source: pd.Series, heat_gj: pd.Series) -> pd.DataFrame:
    """Return what buildings take and emit in a year.

    Parameters
    ----------
    heat_source : pandas.Series
        Of each building.
    heat_gj : pandas.Series
        Annual heat [GJ], on the same index.

    Returns
    -------
    pandas.DataFrame
        `QUANTITIES` and ``co2_t_low, co2_t_high`` on that index; NaN where the heat or the factor is not known, nought
        where nothing is heated.
    """
    factors = per_gj()
    source = heat_source.astype(object)
    told = pd.DataFrame(
        {name: source.map(factors[name]).astype(float) * heat_gj.astype(float) for name in factors},
        index=heat_source.index,
    )
    return told.mask(source == "none", 0.0)


def before_after(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return what measures make of the emissions of the buildings that they convert, the heat staying the same.

    Parameters
    ----------
    before, after : pandas.DataFrame
        Buildings with ``heat_source, heat_gj`` on one index; `after` with ``measure``, 0 where nothing is converted.

    Returns
    -------
    pandas.DataFrame
        One row a measure and quantity of `QUANTITIES`: ``measure, quantity``, ``buildings`` that are converted,
        ``known`` (those of them whose emission is known before and after), ``heat_gj`` of these, and over these alone
        ``before, after, change`` in the unit of the quantity; NaN where none is known.
    """
    moved = after.index[after["measure"] > 0]
    own = after.loc[moved, "measure"]
    sides = [
        emitted(side.loc[moved, "heat_source"], before.loc[moved, "heat_gj"])[list(QUANTITIES)]
        for side in (before, after)
    ]
    rows = []
    for measure, at in own.groupby(own, sort=True).groups.items():
        for quantity in QUANTITIES:
            old, new = (side.loc[at, quantity] for side in sides)
            known = old.notna() & new.notna()
            some = known.any()
            rows.append(
                {
                    "measure": measure,
                    "quantity": quantity,
                    "buildings": len(at),
                    "known": int(known.sum()),
                    "heat_gj": float(before.loc[at, "heat_gj"][known].sum()),
                    "before": float(old[known].sum()) if some else math.nan,
                    "after": float(new[known].sum()) if some else math.nan,
                }
            )
    columns = ["measure", "quantity", "buildings", "known", "heat_gj", "before", "after"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(change=table["after"] - table["before"])


def direct_electric() -> dict[str, float]:
    """Return how direct electric heating stands to a coal stove in CO2 on Ningxia's grid.

    Returns
    -------
    dict
        ``electric_kg_gj`` and ``coal_kg_gj`` [kg/GJ], ``coal_low_kg_gj, coal_high_kg_gj`` over the range of the
        stove's efficiency, ``rise`` [1] (positive where electricity emits more), ``even_efficiency`` [1] of a stove
        that emits as much, and ``even_cop`` [1] of a heat pump that emits as much as the stove.
    """
    power = _burnt("electric_heater", "electricity", "value").co2_t
    least, coal, most = (_burnt("loose_coal", "coal", end).co2_t for end in _KEPT)
    efficiency = parameters.value("heat_conversion", "loose_coal")
    return {
        "electric_kg_gj": power * 1e3,
        "coal_kg_gj": coal * 1e3,
        "coal_low_kg_gj": least * 1e3,
        "coal_high_kg_gj": most * 1e3,
        "rise": power / coal - 1.0,
        "even_efficiency": efficiency * coal / power,
        "even_cop": power / coal,
    }
