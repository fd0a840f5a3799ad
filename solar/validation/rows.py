"""What a row of the validation table is."""

from __future__ import annotations

Row = tuple[str, str, str, str]
"""What was measured, against which reference, with which result, and a remark."""


def percent(share: float) -> str:
    """Return a share with its sign, in percent."""
    return f"{100 * share:+.2f} %"
