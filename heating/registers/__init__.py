"""Registers beside the coverage maps: how far each clause is met, what is missing, and the rows behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from heating.assessment import Assessment
from heating.registers.institutions import institutions
from heating.registers.metering import metering
from heating.registers.new_buildings import new_buildings
from heating.registers.pipes import pipes
from heating.registers.shape import ANSWERS, FIGURES, Register
from heating.registers.ultra_low import ultra_low

REGISTERS: Final[dict[str, Callable[[Assessment, int], Register]]] = {
    "ultra_low": ultra_low,
    "pipes": pipes,
    "metering": metering,
    "institutions": institutions,
    "new_buildings": new_buildings,
}
"""Each register by name; it takes a run and the year that ages are counted to."""

__all__ = ["ANSWERS", "FIGURES", "REGISTERS", "Register"]
