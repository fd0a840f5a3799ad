"""Compiling the few loops that arrays cannot express: once, typed, without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return `function` compiled by Numba at its first call, cached on disk; division by zero gives infinity."""
    made = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    return cast("Callable[Arguments, Result]", made)


def fused(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return `function` compiled as by `compiled`, with products fused, sums reordered and divisions shared.

    Infinities and NaN keep their meaning; the last bit may differ from one machine to another.
    """
    made = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz", "reassoc"})
    return cast("Callable[Arguments, Result]", made(function))
