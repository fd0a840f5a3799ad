"""The Plan's boiler clauses as rules (FACTS §A2, R1–R6): three-valued, with evidence and exemption.

A rule answers ``yes`` only when every fact it needs is known; ``review`` names what is missing. The wording
of a conclusion carries the clause's own strength: an encouraged closure is never written as a duty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

import pandas as pd

from data import parameters
from heating.scenario import Scenario
from heating.verdicts import BoilerFacts, Finding, State, all_of, any_of, negate

Rule = Callable[[BoilerFacts, Scenario], Finding]


def is_coal(facts: BoilerFacts) -> State:
    """Whether it burns coal."""
    return {"coal": "yes", "unknown": "review"}.get(facts.fuel, "no")  # type: ignore[return-value]


def is_live(facts: BoilerFacts) -> State:
    """Whether it still stands: a retired boiler is under no clause, an unknown status is taken as standing."""
    return "no" if facts.status == "retired" else "yes"


def is_industrial(facts: BoilerFacts) -> State:
    """Whether it is an industrial or heating boiler, not a power station's (FACTS §A3-5)."""
    return "no" if facts.duty == "power" else "yes"


def compare(value: float, condition: bool) -> State:  # noqa: FBT001
    """Return the state of a comparison with a value that may not be known."""
    return "review" if math.isnan(value) else "yes" if condition else "no"


def is_small(facts: BoilerFacts, scenario: Scenario) -> State:
    """Whether it is below the small-boiler limit; `include_35` takes the limit itself in."""
    limit, size = scenario.small_boiler_t_h, facts.capacity_t_h
    return compare(size, size <= limit if scenario.include_35 else size < limit)


def _missing(**states: State) -> tuple[str, ...]:
    return tuple(name for name, state in states.items() if state == "review")


def ultra_low(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R1: coal boilers of 65 t/h and more, power stations included, must be ultra-low emission (A1-1)."""
    coal, size = is_coal(facts), compare(facts.capacity_t_h, facts.capacity_t_h >= scenario.ultra_low_t_h)
    unmet = negate(facts.ultra_low)
    state = all_of(coal, is_live(facts), size, unmet)
    return Finding(
        rule="R1", state=state, missing=_missing(fuel=coal, capacity=size, ultra_low=unmet) * (state == "review")
    )


def small_boiler(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R2: coal boilers below 35 t/h are to be phased out, emergency backup and peaking excepted (A1-22)."""
    coal, small = is_coal(facts), is_small(facts, scenario)
    excepted = any_of(facts.backup, facts.peaking)
    clause = all_of(coal, is_live(facts), is_industrial(facts), small)
    state = all_of(clause, negate(excepted))
    exempt = excepted == "yes" and clause != "no"
    return Finding(
        rule="R2",
        state=state,
        exemption="backup_or_peaking" if exempt else "",
        missing=_missing(fuel=coal, capacity=small, backup=facts.backup, peaking=facts.peaking) * (state == "review"),
    )


def plant_radius(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R3: coal boilers within 15 km of a CHP plant of 300 MW and more; closure is encouraged (A1-21).

    The clause stands under the premise that heat supply is assured: a plant known to lack the spare heat does
    not make it apply, an unknown one leaves it open (FACTS §A3-7).
    """
    coal = is_coal(facts)
    near = all_of(coal, is_live(facts), is_industrial(facts), facts.in_radius)
    excepted = any_of(facts.backup, facts.peaking) if scenario.backup_exempt_from_radius else "no"
    state = all_of(near, facts.plant_spare, negate(excepted))
    exemption = ""
    if near != "no" and excepted == "yes":
        exemption = "backup_from_radius"
    elif near != "no" and facts.plant_spare == "no":
        exemption = "plant_spare_short"
    doubt = facts.plant_doubt if facts.in_radius == "review" else ()
    missing = _missing(fuel=coal, plant_spare=facts.plant_spare, backup=excepted)
    return Finding(rule="R3", state=state, exemption=exemption, missing=(*missing, *doubt) * (state == "review"))


def network_coverage(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R4: coal boilers inside heat-network coverage are eliminated; no size limit, no backup exemption (A1-20)."""
    del scenario
    coal = is_coal(facts)
    state = all_of(coal, is_live(facts), is_industrial(facts), facts.in_network)
    return Finding(rule="R4", state=state, missing=_missing(fuel=coal, coverage=facts.in_network) * (state == "review"))


def between(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R6: between the limits and under neither plant nor network clause the Plan asks nothing."""
    coal = is_coal(facts)
    size = all_of(
        negate(is_small(facts, scenario)),
        compare(facts.capacity_t_h, facts.capacity_t_h < scenario.ultra_low_t_h),
    )
    free = all_of(
        negate(plant_radius(facts, scenario).state),
        negate(network_coverage(facts, scenario).state),
    )
    state = all_of(coal, is_live(facts), is_industrial(facts), size, free)
    return Finding(rule="R6", state=state, missing=_missing(fuel=coal, capacity=size) * (state == "review"))


RULES: Final[dict[str, Rule]] = {
    "R1": ultra_low,
    "R2": small_boiler,
    "R3": plant_radius,
    "R4": network_coverage,
    "R6": between,
}


def priority() -> list[str]:
    """Return the rules, the leading one first: R4 > R2 > R3 > R1 > R6 (FACTS §A2, R5)."""
    return list(parameters.table("boiler_rules")["priority"].astype(int).sort_values().index)


def findings(facts: BoilerFacts, scenario: Scenario) -> list[Finding]:
    """Return what every rule says of a boiler, the leading rule first."""
    return [RULES[rule](facts, scenario) for rule in priority()]


def leading(found: Iterable[Finding]) -> tuple[str, State]:
    """Return the rule that leads and its state.

    The first rule that applies leads; if none does, the first that is open; else there is none. An open rule
    of higher priority does not hide a settled one, but both are reported.
    """
    ranked = list(found)
    for wanted in ("yes", "review"):
        for finding in ranked:
            if finding.state == wanted:
                return finding.rule, finding.state
    return "", "no"


def verdict_of(facts: BoilerFacts, found: Iterable[Finding]) -> str:
    """Return the verdict code of a boiler: a rule, ``review``, ``exempt``, ``not_coal``, ``retired`` or ``none``."""
    ranked = list(found)
    rule, state = leading(ranked)
    if state == "yes":
        return rule
    if state == "review":
        return "review"
    if is_live(facts) == "no":
        return "retired"
    if is_coal(facts) == "no":
        return "not_coal"
    return "exempt" if any(finding.exemption for finding in ranked) else "none"


def safety_of(facts: BoilerFacts, rule: str) -> State:
    """Whether the heat that would replace a boiler is assured: spare MW at peak, and in its medium.

    No removal is advised unless this is ``yes``; ``review`` means that it has to be checked first.
    """
    if rule == "R4":
        return all_of(facts.network_spare, facts.network_medium)
    if rule == "R3":
        return all_of(facts.plant_spare, "review" if facts.medium != "hot_water" else "yes")
    return "review" if rule == "R2" else "yes"


def findings_table(boilers: pd.DataFrame, facts: list[BoilerFacts], scenario: Scenario) -> pd.DataFrame:
    """Return one row a boiler and rule, with clause, strength, state, exemption, missing facts and evidence.

    Parameters
    ----------
    boilers : pandas.DataFrame
        With ``boiler_id``.
    facts : list of BoilerFacts
        In the order of `boilers`.
    scenario : Scenario
        Limits and readings.
    """
    rules = parameters.table("boiler_rules")
    rows = [
        {
            "boiler_id": name,
            "rule": finding.rule,
            "state": finding.state,
            "strength": rules.at[finding.rule, "strength"],
            "exemption": finding.exemption,
            "missing": ";".join(finding.missing),
            "distance_m": known.plant_distance_m if finding.rule == "R3" else math.nan,
            "margin_m": {"R3": known.plant_margin_m, "R4": known.network_margin_m}.get(finding.rule, math.nan),
            "clause_id": rules.at[finding.rule, "clause_id"],
            "section": rules.at[finding.rule, "section"],
            "clause_text": rules.at[finding.rule, "clause_text"],
            "source": rules.at[finding.rule, "source"],
        }
        for name, known in zip(boilers["boiler_id"], facts, strict=True)
        for finding in findings(known, scenario)
    ]
    return pd.DataFrame(rows)


def verdicts(facts: list[BoilerFacts], scenario: Scenario, *, index: pd.Index) -> pd.DataFrame:
    """Return the verdict of each boiler.

    Returns
    -------
    pandas.DataFrame
        ``verdict, leading_rule, leading_state, strength, rules_hit, rules_open, exemption, missing,
        supply_assured`` on `index`.
    """
    strengths = parameters.table("boiler_rules")["strength"]
    rows = []
    for known in facts:
        found = findings(known, scenario)
        rule, state = leading(found)
        rows.append(
            {
                "verdict": verdict_of(known, found),
                "leading_rule": rule,
                "leading_state": state,
                "strength": strengths.get(rule, "none"),
                "rules_hit": ";".join(finding.rule for finding in found if finding.state == "yes"),
                "rules_open": ";".join(finding.rule for finding in found if finding.state == "review"),
                "exemption": ";".join(finding.exemption for finding in found if finding.exemption),
                "missing": ";".join(dict.fromkeys(name for finding in found for name in finding.missing)),
                "supply_assured": safety_of(known, rule) if state != "no" else "none",
            }
        )
    return pd.DataFrame(rows, index=index, columns=None if rows else _EMPTY_COLUMNS)


_EMPTY_COLUMNS: Final = [
    "verdict",
    "leading_rule",
    "leading_state",
    "strength",
    "rules_hit",
    "rules_open",
    "exemption",
    "missing",
    "supply_assured",
]
