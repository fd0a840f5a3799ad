"""Which boilers change their verdict under another reading of the Plan, and why (the flip list).

The Plan leaves several readings open (FACTS §A3). Each of them is a switch of the scenario; a boiler whose verdict
hangs on one is not settled by the figures alone, and whoever signs the verdict has to know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import pandas as pd
from pyproj import CRS

from data.catalog import label, text
from heating.layers import Layers
from heating.ledger import Judged, judge
from heating.scenario import Scenario
from heating.verdicts import STATES

READINGS: Final[Mapping[str, tuple[object, ...]]] = {
    "include_35": (False, True),
    "distance_from": ("fence", "point"),
    "plant_reading": ("plant", "unit"),
    "captive_counts": (False, True),
    "power_boilers_count": (False, True),
    "backup_exempt_from_radius": (True, False),
    "premise_decides": (True, False),
    "capacity_by": ("boiler", "site"),
}
"""Switches that decide on boilers, with their readings, in the order of FACTS §A3."""
FLIP_COLUMNS: Final = (
    "boiler_id",
    "switch",
    "reading",
    "other_reading",
    "verdict",
    "other_verdict",
    "strength",
    "other_strength",
    "rules_changed",
    "source_row",
)
_COMPARED: Final = ["verdict", "leading_rule", "strength"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A reading that is not the scenario's: the switch, what it is set to, and what it would be set to."""

    switch: str
    reading: str
    other: str
    scenario: Scenario


def others(scenario: Scenario) -> Iterator[Other]:
    """Yield the scenario with one switch set otherwise, for each switch.

    >>> [other.switch for other in others(Scenario())][:2]
    ['include_35', 'distance_from']
    """
    for switch, readings in READINGS.items():
        now = getattr(scenario, switch)
        for reading in readings:
            if reading != now:
                changed = replace(scenario, **{switch: cast("Any", reading)})
                yield Other(switch=switch, reading=_code(now), other=_code(reading), scenario=changed)


def _code(reading: object) -> str:
    """Return a reading as a code: ``yes`` and ``no`` for switches that are on or off."""
    return {True: "yes", False: "no"}.get(reading, str(reading)) if isinstance(reading, bool) else str(reading)


def _changed_rules(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, str]:
    """Return by boiler which rules answer otherwise, or lift otherwise, as ``R2:no>yes`` joined by ``;``."""
    keys = ["boiler_id", "rule"]
    told = [*keys, "state", "exemption"]
    both = before[told].merge(after[told], on=keys, suffixes=("", "_after"), sort=False)
    found: dict[str, list[str]] = {}
    for row in both.to_dict("records"):
        changed = next((name for name in ("state", "exemption") if row[name] != row[f"{name}_after"]), None)
        if changed is not None:
            move = f"{row['rule']}:{row[changed]}>{row[f'{changed}_after']}"
            found.setdefault(str(row["boiler_id"]), []).append(move)
    return {boiler: ";".join(moves) for boiler, moves in found.items()}


def in_words(table: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return the flip list with its switches, readings and rules in the reader's words; verdicts stay as codes."""
    return table.assign(
        switch=[text(f"option.{switch}", language) for switch in table["switch"]],
        **{
            column: [
                _reading(switch, code, language) for switch, code in zip(table["switch"], table[column], strict=True)
            ]
            for column in ("reading", "other_reading")
        },
        rules_changed=[_rules(str(said), language) for said in table["rules_changed"]],
    )


def _reading(switch: str, code: str, language: str) -> str:
    return label("state", code, language) if code in STATES else text(f"option.{switch}.{code}", language)


def _rules(said: str, language: str) -> str:
    """Return what rules answer otherwise in words: ``R2 否→是``."""
    parts = (part.partition(":") for part in said.split(";") if part)
    moves = ((rule, *move.split(">")) for rule, _, move in parts)
    return "；".join(f"{rule} {_answer(a, language)}→{_answer(b, language)}" for rule, a, b in moves)


def _answer(code: str, language: str) -> str:
    """Return a state, or what lifts the clause, in words."""
    return label("state" if code in STATES else "exemption", code, language) if code else "—"


def flips(layers: Layers, scenario: Scenario, judged: Judged, *, crs: CRS) -> pd.DataFrame:
    """Return every boiler and switch for which the other reading gives another verdict.

    Parameters
    ----------
    layers : Layers
        As they were judged.
    scenario : Scenario
        The readings in use.
    judged : Judged
        What `heating.ledger.judge` found with them.
    crs : pyproj.CRS
        Projected system of the run [m].

    Returns
    -------
    pandas.DataFrame
        ``boiler_id, switch, reading, other_reading, verdict, other_verdict, strength, other_strength,
        rules_changed`` and ``source_row`` where the ledger has it; ordered by boiler as in the ledger, then by
        switch. One switch is moved at a time: what two of them do together is not listed.
    """
    ledger = judged.boilers
    place = dict(zip(ledger["boiler_id"], range(len(ledger)), strict=True))
    tables = []
    for other in others(scenario):
        found = judge(layers, other.scenario, crs=crs)
        moved = (ledger[_COMPARED] != found.boilers[_COMPARED]).any(axis=1)
        if not moved.any():
            continue
        rows, after = ledger[moved], found.boilers[moved]
        tables.append(
            pd.DataFrame(
                {
                    "boiler_id": rows["boiler_id"],
                    "switch": other.switch,
                    "reading": other.reading,
                    "other_reading": other.other,
                    "verdict": rows["verdict"],
                    "other_verdict": after["verdict"],
                    "strength": rows["strength"],
                    "other_strength": after["strength"],
                    "rules_changed": rows["boiler_id"].map(_changed_rules(judged.findings, found.findings)),
                    "source_row": rows.get("source_row", pd.NA),
                }
            )
        )
    if not tables:
        return pd.DataFrame(columns=list(FLIP_COLUMNS))
    whole = pd.concat(tables, ignore_index=True)
    order = whole["boiler_id"].map(place).argsort(kind="stable")
    return whole.iloc[order].reset_index(drop=True)
