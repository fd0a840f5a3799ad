"""What a person may choose about the layout of roofs; what is not chosen comes from ``roofs.csv`` and ``pv.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from data import parameters

SOUTH_ROWS: Final = "south_rows"
EAST_WEST: Final = "east_west"
FLAT_LAYOUTS: Final = (SOUTH_ROWS, EAST_WEST)
_MOST_TILT: Final = 75.0
"""Steepest rows [deg], as of a roof in `data.schemas.Buildings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoofOptions:
    """Choices for all roofs of a run.

    Parameters
    ----------
    flat_layout : str
        ``south_rows``, or ``east_west``: back-to-back pairs of low tilt.
    flat_tilt_deg : float, optional
        Tilt of the panels on flat roofs [deg], 0 to 75; east–west pairs no steeper than ``max_tilt_east_west_deg``.
    pitch_m : float, optional
        Pitch of the rows [m], at least the row length, in place of the pitch of GB 50797-2012, 7.2.2.
    gcr : float, optional
        Panel area per area of the array on flat roofs [1], in place of what follows from the pitch.
    rows_follow_building : bool
        Whether rows face the southern long side of the footprint instead of due south, as long as that side looks
        no farther from south than ``max_rows_off_south_deg``.
    setback_m : float, optional
        Distance [m] that panels keep from every edge of the roof, taken off the footprint. Without it the usable
        area is a share of the gross roof, and that share holds the setbacks and walkways already.

    Raises
    ------
    ValueError
        Naming every option that is out of its bounds or contradicts another.
    """

    flat_layout: str = SOUTH_ROWS
    flat_tilt_deg: float | None = None
    pitch_m: float | None = None
    gcr: float | None = None
    rows_follow_building: bool = False
    setback_m: float | None = None

    def __post_init__(self) -> None:
        faults = [*self._out_of_bounds(), *self._contradictions()]
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def east_west(self) -> bool:
        """Whether panels on flat roofs stand in pairs that face east and west."""
        return self.flat_layout == EAST_WEST

    @property
    def tilt_on_flat(self) -> float:
        """Tilt of the panels on flat roofs [deg]."""
        if self.flat_tilt_deg is not None:
            return float(self.flat_tilt_deg)
        if self.east_west:
            return parameters.value("roofs", "tilt_east_west_deg")
        return parameters.value("pv", "tilt_flat_concrete")

    def _out_of_bounds(self) -> Iterator[str]:
        length = parameters.value("roofs", "row_length_m")
        if self.flat_layout not in FLAT_LAYOUTS:
            yield f"flat_layout is one of {', '.join(FLAT_LAYOUTS)}, not {self.flat_layout!r}"
        if self.flat_tilt_deg is not None and not 0 <= self.flat_tilt_deg <= _MOST_TILT:
            yield f"flat_tilt_deg is 0 to {_MOST_TILT:g}, not {self.flat_tilt_deg}"
        if self.pitch_m is not None and not length <= self.pitch_m < math.inf:
            yield f"pitch_m is at least the row length of {length:g} m, not {self.pitch_m}"
        if self.gcr is not None and not 0 < self.gcr <= 1:
            yield f"gcr is above 0 and at most 1, not {self.gcr}"
        if self.setback_m is not None and not 0 <= self.setback_m < math.inf:
            yield f"setback_m is 0 or more, not {self.setback_m}"

    def _contradictions(self) -> Iterator[str]:
        if self.pitch_m is not None and self.gcr is not None:
            yield "pitch_m and gcr say the same thing: give one of them"
        if not self.east_west:
            return
        steepest = parameters.value("roofs", "max_tilt_east_west_deg")
        if self.flat_tilt_deg is not None and steepest < self.flat_tilt_deg <= _MOST_TILT:
            yield f"flat_tilt_deg of east–west pairs is at most {steepest:g}, not {self.flat_tilt_deg}"
        if self.pitch_m is not None:
            yield "pitch_m is for rows that face south: give gcr for east–west pairs"
        if self.rows_follow_building:
            yield "rows_follow_building is for rows that face south"
