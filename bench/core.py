"""Core-seconds, and the yardstick that makes them comparable between machines: a year of pvlib's ModelChain."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from solar.validation.station import modelchain
from solar.weather import typical_year

ROUNDS = 5


def core_seconds(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the processor time [s] of the best of some rounds, over all threads."""
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


@cache
def modelchain_s() -> float:
    """Return what a year of pvlib's ModelChain costs on this machine, now [core-seconds]."""
    year = typical_year()
    return core_seconds(lambda: modelchain(year, 15.0, 180.0, "tilted_flat"))
