"""Bounds and lists of a layer's model: which values hold them, and how a person writes them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SIGNS: Final = {
    "greater_than": ">",
    "greater_than_or_equal_to": "≥",
    "less_than": "<",
    "less_than_or_equal_to": "≤",
}
_COMPARED: Final[dict[str, Callable[..., object]]] = {
    "greater_than": operator.gt,
    "greater_than_or_equal_to": operator.ge,
    "less_than": operator.lt,
    "less_than_or_equal_to": operator.le,
    "isin": lambda values, listed: [value in listed for value in values.to_numpy(dtype=object)],
}


def bound_words(check: str) -> str:
    """Write a check of the model as a person does, for instance ``> 0``.

    >>> bound_words("greater_than_or_equal_to(1)"), bound_words("str_matches('x')")
    ('≥ 1', "str_matches('x')")
    """
    name, _, limit = check.partition("(")
    return f"{_SIGNS[name]} {limit.rstrip(')')}" if name in _SIGNS else check


def holds(test: Any, values: pd.Series) -> NDArray[np.bool_]:
    """Tell which values hold a check of the model; plain bounds and lists are compared without its machinery."""
    compare = _COMPARED.get(test.name)
    if compare is None:
        return np.asarray(test(values).check_output, dtype=bool)
    return np.asarray(compare(values, *test.statistics.values()), dtype=bool)
