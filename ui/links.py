"""What a person chose on the pages: it lives on when they change pages, and in the address, so that it can be shared.

Streamlit forgets a widget's value once its page is left, so the values are kept apart and given back before the page
is drawn. The address is read once, strictly: unknown names and values of another kind are left out and counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any, Final

import streamlit as st

KEPT: Final = "kept_choices"
PARAMETER: Final = "state"
LONGEST: Final = 2000
_TEXT: Final = 64
_LIST: Final = 40
_GREATEST: Final = 1e9

Choice = str | float | bool | list[str] | None

NAMES: Final[dict[str, type]] = {
    **dict.fromkeys(
        [f"{page}_map_metric" for page in ("overview", "coverage", "boilers", "rooftops", "networks")], str
    ),
    **dict.fromkeys([f"{page}_{what}" for page in ("boilers", "rooftops") for what in ("county", "zone")], str),
    **{f"coverage_{level}": str for level in ("county", "town", "village", "zone")},
    "networks_kind": str,
    "compare_metric": str,
    "boilers_verdict": list,
    "rooftops_use": list,
    "rooftops_least": float,
}
"""Widgets whose values are kept, and of what kind they are."""


def sane(name: str, value: object) -> bool:
    """Say whether a value may be given to a widget: of its kind, finite, and not too long.

    >>> sane("rooftops_least", 5.0), sane("rooftops_least", "5"), sane("rooftops_use", ["school"]), sane("x", 1)
    (True, False, True, False)
    """
    kind = NAMES.get(name)
    if kind is str:
        return value is None or (isinstance(value, str) and 0 < len(value) <= _TEXT)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _GREATEST
    if kind is list:
        return (
            isinstance(value, list)
            and len(value) <= _LIST
            and all(isinstance(one, str) and 0 < len(one) <= _TEXT for one in value)
        )
    return False


def read(said: str | None) -> tuple[dict[str, Choice], bool]:
    """Return the choices of an address, and whether all of it could be understood.

    >>> read('{"boilers_county": "640205"}'), read("nonsense"), read(None)
    (({'boilers_county': '640205'}, True), ({}, False), ({}, True))
    """
    if not said:
        return {}, True
    try:
        given = json.loads(said) if len(said) <= LONGEST else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return {}, False
    good = {name: value for name, value in given.items() if sane(name, value)}
    return good, len(good) == len(given)


def write(kept: Mapping[str, Choice]) -> str | None:
    """Return the choices as an address has them, or None where there is nothing to tell."""
    told = {name: kept[name] for name in sorted(kept) if kept[name] not in (None, [], "", "all", 0, 0.0)}
    said = json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return said if told and len(said) <= LONGEST else None


def give_back(session: MutableMapping[Any, Any], said: str | None) -> bool:
    """Put kept choices back under their widgets, those of the address once at the session's start.

    Returns
    -------
    bool
        Whether all of the address was understood.
    """
    understood = True
    if KEPT not in session:
        session[KEPT], understood = read(said)
    kept: dict[str, Choice] = session[KEPT]
    for name in NAMES:
        if name in session and sane(name, session[name]):
            kept[name] = session[name]
        elif name in kept and name not in session:
            session[name] = kept[name]
    return understood


def publish() -> None:
    """Keep what the widgets hold now, and write it into the address."""
    give_back(st.session_state, None)
    said = write(st.session_state[KEPT])
    if said is None:
        st.query_params.pop(PARAMETER, None)
    elif st.query_params.get(PARAMETER) != said:
        st.query_params[PARAMETER] = said


def keep_among(session: MutableMapping[Any, Any], name: str, options: Collection[object]) -> None:
    """Take a value away from a widget that does not offer it: an address may come from other data."""
    value = session.get(name)
    if isinstance(value, list):
        session[name] = [one for one in value if one in options]
    elif name in session and value not in options:
        del session[name]
