"""Three-valued answers and the facts and findings that boiler rules exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

State = Literal["yes", "no", "review"]
STATES: Final = ("yes", "no", "review")


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
    return {"yes": "no", "no": "yes", "review": "review"}[state]  # type: ignore[return-value]


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
    in_network : {"yes", "no", "review"}
        Whether it lies inside a declared, existing service area.
    network_margin_m : float
        Distance to the edge of coverage [m], positive inside.
    network_spare : {"yes", "no", "review"}
        Whether that network has the spare heat at peak to replace it.
    network_medium : {"yes", "no", "review"}
        Whether that network delivers the medium the boiler makes.
    in_radius : {"yes", "no", "review"}
        Whether a qualifying plant is within the radius.
    plant_distance_m, plant_margin_m : float
        Distance to the plant that decides [m], and radius minus distance [m].
    plant_spare : {"yes", "no", "review"}
        Whether that plant has the spare heat at peak.
    plant_doubt : tuple of str
        Keys of what is not known about the plant.
    """

    capacity_t_h: float
    fuel: str
    duty: str
    medium: str
    status: str
    backup: State
    peaking: State
    ultra_low: State
    in_network: State
    network_margin_m: float
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
