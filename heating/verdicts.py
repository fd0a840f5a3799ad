"""Three-valued answers and the facts and findings that boiler rules exchange."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

State = Literal["yes", "no", "review"]
STATES: Final[tuple[State, ...]] = ("no", "review", "yes")
_ROUNDING: Final = 1e-9


def all_of(*states: State) -> State:
    """Return Kleene's conjunction: ``no`` if any is, else ``review`` if any is, else ``yes``.

    >>> all_of("yes", "review"), all_of("review", "no")
    ('review', 'no')
    """
    if "no" in states:
        return "no"
    return "review" if "review" in states else "yes"


def any_of(*states: State) -> State:
    """Return Kleene's disjunction."""
    if "yes" in states:
        return "yes"
    return "review" if "review" in states else "no"


def negate(state: State) -> State:
    """Return the opposite; ``review`` stays."""
    return STATES[len(STATES) - 1 - STATES.index(state)]


def above(value: float, limit: float) -> float:
    """Return how far a value is above a limit: 0 at the limit itself, NaN where the value is not known.

    Outputs given in MW carry rounding errors into t/h (24.5 MW is 35 t/h); these must not carry a boiler over
    a limit, so a relative 1e-9 counts as none.

    >>> above(24.5 / 0.7 + 1e-12, 35.0), above(34.9, 35.0) < 0
    (0.0, True)
    """
    return 0.0 if math.isclose(value, limit, rel_tol=_ROUNDING) else value - limit


def holds(known: float, condition: bool) -> State:  # noqa: FBT001 - the condition on `known` itself
    """Return the state of a condition on a number that may not be known."""
    return "review" if math.isnan(known) else "yes" if condition else "no"


def at_least(value: float, limit: float) -> State:
    """Return whether a number reaches a limit, the limit itself included."""
    over = above(value, limit)
    return holds(over, over >= 0)


def suffices(available: float, needed: float) -> State:
    """Return whether spare heat [MW] covers a need [MW]; ``review`` where either is not known."""
    return at_least(available, needed) if not math.isnan(needed) else "review"


def suffice(available: NDArray[np.float64], needed: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return `suffices` of each pair [MW], as positions in `STATES`.

    >>> [STATES[at] for at in suffice(np.array([2.0, 2.0, np.nan]), np.array([2.0, 3.0, 1.0]))]
    ['yes', 'no', 'review']
    """
    alike = np.abs(available - needed) <= _ROUNDING * np.maximum(np.abs(available), np.abs(needed))
    known = ~np.isnan(available) & ~np.isnan(needed)
    review, no, yes = (STATES.index(state) for state in ("review", "no", "yes"))
    return np.asarray(np.where(known, np.where(alike | (available > needed), yes, no), review), dtype=np.intp)


def truth(value: Any) -> State:
    """Return the state of a nullable boolean."""
    if pd.isna(value):
        return "review"
    return "yes" if value else "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerFacts:
    """What the rules know of one boiler. None and NaN mean: not known.

    Parameters
    ----------
    capacity_t_h : float
        Rated output [t/h].
    fuel, duty, medium, status : str
        Codes of `data.schemas`.
    backup, peaking, ultra_low : {"yes", "no", "review"}
        What the ledger says.
    in_city : {"yes", "no", "review"}
        Whether it stands in the city that the Plan speaks of; ``review`` outside the given county outlines.
    in_network : {"yes", "no", "review"}
        Whether it lies inside a declared, existing service area.
    network_margin_m : float
        Distance to the edge of coverage [m], positive inside.
    network_doubt : str
        What leaves that open, see `heating.networks.Coverage`; empty where nothing does.
    network_spare : {"yes", "no", "review"}
        Whether that network has the spare heat at peak to replace it.
    network_medium : {"yes", "no", "review"}
        Whether that network delivers the medium the boiler makes.
    in_radius : {"yes", "no", "review"}
        Whether a qualifying plant is within the radius.
    plant_distance_m, plant_margin_m : float
        Distance to the nearest qualifying plant [m], and radius minus distance [m].
    plant_spare : {"yes", "no", "review"}
        Whether a qualifying plant within the radius has the spare heat at peak.
    plant_doubt : tuple of str
        Keys of what is not known about the plants that decide.
    """

    capacity_t_h: float
    fuel: str
    duty: str
    medium: str
    status: str
    backup: State
    peaking: State
    ultra_low: State
    in_city: State
    in_network: State
    network_margin_m: float
    network_doubt: str
    network_spare: State
    network_medium: State
    in_radius: State
    plant_distance_m: float
    plant_margin_m: float
    plant_spare: State
    plant_doubt: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says of one boiler.

    Parameters
    ----------
    rule : str
        Row of the table ``boiler_rules``.
    state : {"yes", "no", "review"}
        Whether the clause applies.
    exemption : str
        Key of the exemption that lifts it, or empty.
    missing : tuple of str
        Keys of the facts that would settle a ``review``.
    """

    rule: str
    state: State
    exemption: str = ""
    missing: tuple[str, ...] = ()
