"""Which declarations are in force on a day: documents have a term, given as a day, a month or a year."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.catalog import UNKNOWN

TERMS: Final = ("expired", "not_yet", "term_open")
"""What the term of a declaration may say against it, see `terms`."""


def terms(networks: pd.DataFrame, day: str | None) -> NDArray[np.object_]:
    """Return what the term of each declaration says on a day.

    Parameters
    ----------
    networks : pandas.DataFrame
        ``valid_from`` and ``valid_to`` where they are given: ``2023``, ``2023-06`` or ``2023-06-01``, or ``unknown``
        where a term is given that cannot be read. One that begins in a month begins on its first day, one that ends
        in it ends on its last.
    day : str, optional
        ``2026-11-23``; None where nobody has said on which day the declarations must be in force.

    Returns
    -------
    array of str
        Empty where it is in force, which it is without a term; ``expired``, ``not_yet``; ``term_open`` where there
        is a term that cannot be read, or no day to hold it against.

    >>> rows = pd.DataFrame({"valid_from": ["2023", None, "2027-01"], "valid_to": ["2026-11", "2025", None]})
    >>> terms(rows, "2026-11-23").tolist()
    ['', 'expired', 'not_yet']
    >>> terms(rows, None).tolist()
    ['term_open', 'term_open', 'term_open']
    """
    given = [_said(networks, name) for name in ("valid_from", "valid_to")]
    return np.array([_term(first, last, day) for first, last in zip(*given, strict=True)], dtype=object)


def _said(networks: pd.DataFrame, name: str) -> list[str]:
    """Return the dates of a column as texts, empty where there are none."""
    return [""] * len(networks) if name not in networks else networks[name].astype(object).fillna("").tolist()


def _term(first: str, last: str, day: str | None) -> str:
    if not (first or last):
        return ""
    if day is None:
        return "term_open"
    # Dates written from the year down compare as texts; of equal beginnings the shorter one is the wider.
    if last not in ("", UNKNOWN) and day[: len(last)] > last:
        return "expired"
    if first != UNKNOWN and first > day:
        return "not_yet"
    return "term_open" if UNKNOWN in (first, last) else ""


def has_terms(networks: pd.DataFrame | None) -> bool:
    """Tell whether any declaration states a term, so that the day matters."""
    return networks is not None and any(
        name in networks and networks[name].notna().any() for name in ("valid_from", "valid_to")
    )
