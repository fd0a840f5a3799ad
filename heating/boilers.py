"""The Plan's boiler clauses as rules (FACTS §A2, R1–R6): three-valued, with evidence and exemption.

A rule answers ``yes`` only when every fact it needs is known; ``review`` names what is missing. The wording
of a conclusion carries the clause's own strength: an encouraged closure is never written as a duty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from heating.scenario import Scenario
from heating.validity import TERMS
from heating.verdicts import BoilerFacts, Finding, State, above, all_of, any_of, at_least, holds, negate

Rule = Callable[[BoilerFacts, Scenario], Finding]
VERDICT_COLUMNS: Final = (
    "verdict",
    "leading_rule",
    "leading_state",
    "strength",
    "rules_hit",
    "rules_open",
    "exemption",
    "missing",
    "supply_assured",
    "supply_missing",
)
FINDING_COLUMNS: Final = (
    "boiler_id",
    "rule",
    "state",
    "strength",
    "exemption",
    "missing",
    "distance_m",
    "margin_m",
    "clause_id",
    "section",
    "clause_text",
    "lead_dept",
    "source",
)
_CITED: Final = ("clause_id", "section", "clause_text", "lead_dept", "source")


def is_coal(facts: BoilerFacts) -> State:
    """Whether it burns coal."""
    known: dict[str, State] = {"coal": "yes", "unknown": "review"}
    return known.get(facts.fuel, "no")


def is_live(facts: BoilerFacts) -> State:
    """Whether it still stands: a retired boiler is under no clause, a standby one is."""
    known: dict[str, State] = {"retired": "no", "unknown": "review"}
    return known.get(facts.status, "yes")


def is_industrial(facts: BoilerFacts, scenario: Scenario) -> State:
    """Whether it is an industrial or heating boiler, or the scenario counts power stations' too (FACTS §A3-5)."""
    if scenario.power_boilers_count:
        return "yes"
    known: dict[str, State] = {"power": "no", "unknown": "review"}
    return known.get(facts.duty, "yes")


def may_be_merged(facts: BoilerFacts, scenario: Scenario) -> State:
    """Whether the radius clause speaks of it: boilers, and the outdated small coal CHP (落后燃煤小热电).

    The Plan does not define the latter (FACTS §A3-8), so a power station's boiler is for a person to judge.
    """
    return any_of(is_industrial(facts, scenario), "review" if facts.duty == "power" else "no")


def _subject(facts: BoilerFacts) -> dict[str, State]:
    """Return what every clause asks of its subject: a coal boiler that stands, in this city."""
    return {"fuel": is_coal(facts), "status": is_live(facts), "county": facts.in_city}


def is_small(facts: BoilerFacts, scenario: Scenario) -> State:
    """Whether it is below the small-boiler limit; `include_35` takes the limit itself in."""
    over = above(facts.capacity_t_h, scenario.small_boiler_t_h)
    return holds(over, over <= 0 if scenario.include_35 else over < 0)


def _finding(
    rule: str, state: State, known: dict[str, State], *, exemption: str = "", also: tuple[str, ...] = ()
) -> Finding:
    """Return a finding that names its open facts where it is open itself."""
    open_facts = (*(name for name, fact in known.items() if fact == "review"), *also)
    return Finding(rule=rule, state=state, exemption=exemption, missing=open_facts if state == "review" else ())


def ultra_low(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R1: coal boilers of 65 t/h and more, power stations included, must be ultra-low emission (A1-1)."""
    subject, size = _subject(facts), at_least(facts.capacity_t_h, scenario.ultra_low_t_h)
    state = all_of(*subject.values(), size, negate(facts.ultra_low))
    return _finding("R1", state, subject | {"capacity": size, "ultra_low": facts.ultra_low})


def small_boiler(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R2: coal boilers below 35 t/h are to be phased out, emergency backup and peaking excepted (A1-22)."""
    subject, small, duty = _subject(facts), is_small(facts, scenario), is_industrial(facts, scenario)
    excepted = any_of(facts.backup, facts.peaking)
    clause = all_of(*subject.values(), duty, small)
    return _finding(
        "R2",
        all_of(clause, negate(excepted)),
        subject | {"duty": duty, "capacity": small, "backup": facts.backup, "peaking": facts.peaking},
        exemption="backup_or_peaking" if excepted == "yes" and clause != "no" else "",
    )


def plant_radius(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R3: coal boilers within 15 km of a CHP plant of 300 MW and more; closure is encouraged (A1-21).

    The clause stands under the premise that heat supply is assured: plants known to lack the spare heat do
    not make it apply, unknown ones leave it open (FACTS §A3-7), unless `premise_decides` is off.
    """
    spare: State = facts.plant_spare if scenario.premise_decides else "yes"
    subject, kind = _subject(facts), may_be_merged(facts, scenario)
    near = all_of(*subject.values(), kind, facts.in_radius)
    backup: State = facts.backup if scenario.backup_exempt_from_radius else "no"
    peaking: State = facts.peaking if scenario.backup_exempt_from_radius else "no"
    excepted = any_of(backup, peaking)
    exemption = ""
    if near != "no" and excepted == "yes":
        exemption = "backup_from_radius"
    elif near != "no" and spare == "no":
        exemption = "plant_spare_short"
    return _finding(
        "R3",
        all_of(near, spare, negate(excepted)),
        subject | {"small_chp" if facts.duty == "power" else "duty": kind, "backup": backup, "peaking": peaking},
        exemption=exemption,
        also=facts.plant_doubt,
    )


def _term(facts: BoilerFacts) -> tuple[str, ...]:
    """Return what is open about the term of the declaration that holds the boiler."""
    return (facts.network_doubt,) if facts.network_doubt in TERMS else ()


def network_coverage(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R4: coal boilers inside heat-network coverage are eliminated; no size limit, no backup exemption (A1-20)."""
    subject, duty = _subject(facts), is_industrial(facts, scenario)
    state = all_of(*subject.values(), duty, facts.in_network)
    return _finding("R4", state, subject | {"duty": duty, "coverage": facts.in_network}, also=_term(facts))


def between(facts: BoilerFacts, scenario: Scenario) -> Finding:
    """R6: between the limits, outside every network and every radius, the Plan asks nothing.

    Being exempt inside a radius is not the same as standing outside: the places decide, not the other rules.
    """
    subject, duty = _subject(facts), is_industrial(facts, scenario)
    middling = all_of(negate(is_small(facts, scenario)), negate(at_least(facts.capacity_t_h, scenario.ultra_low_t_h)))
    free = all_of(negate(facts.in_radius), negate(facts.in_network))
    return _finding(
        "R6",
        all_of(*subject.values(), duty, middling, free),
        subject | {"duty": duty, "capacity": middling, "coverage": facts.in_network},
        also=(*_term(facts), *(facts.plant_doubt if facts.in_radius == "review" else ())),
    )


RULES: Final[dict[str, Rule]] = {
    "R1": ultra_low,
    "R2": small_boiler,
    "R3": plant_radius,
    "R4": network_coverage,
    "R6": between,
}


@cache
def priority() -> tuple[str, ...]:
    """Return the rules, the leading one first: R4 > R2 > R3 > R1 > R6 (FACTS §A2, R5)."""
    return tuple(parameters.table("boiler_rules")["priority"].astype(int).sort_values().index)


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
    """Return the verdict code of a boiler.

    A rule, ``review``, ``retired``, ``not_coal``, ``exempt`` (backup or peaking) or ``none``. A plant without
    spare heat exempts nobody: the clause's premise fails for now, and that is said in the exemption column.
    """
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
    return "exempt" if any(finding.exemption.startswith("backup") for finding in ranked) else "none"


def safety_of(facts: BoilerFacts, rule: str) -> str:
    """Whether the heat that would replace a boiler is assured: spare MW at peak, and in its medium.

    No removal is advised unless this is ``yes``; ``review`` means that it has to be checked first, ``none``
    that the rule removes nothing.
    """
    if rule == "R4":
        return all_of(facts.network_spare, facts.network_medium)
    if rule == "R3":
        return all_of(facts.plant_spare, "yes" if facts.medium == "hot_water" else "review")
    return "review" if rule == "R2" else "none"


def supply_gaps(facts: BoilerFacts, rule: str) -> tuple[str, ...]:
    """Return keys of what keeps the replacing heat from being assured (FACTS §A3-7, A3-9)."""
    steam = "steam_network" if facts.medium == "steam" else "medium"
    gaps: dict[str, dict[str, State]] = {
        "R4": {"network_spare": facts.network_spare, steam: facts.network_medium},
        "R3": {"plant_spare": facts.plant_spare, steam: "yes" if facts.medium == "hot_water" else "review"},
        "R2": {"replacing_heat": "review"},
    }
    return tuple(name for name, state in gaps.get(rule, {}).items() if state != "yes")


def rulings(facts: Iterable[BoilerFacts], scenario: Scenario) -> list[list[Finding]]:
    """Return what every rule says of each boiler, in the order of `facts`."""
    return [findings(known, scenario) for known in facts]


def findings_table(boilers: pd.DataFrame, facts: Sequence[BoilerFacts], ruled: Sequence[list[Finding]]) -> pd.DataFrame:
    """Return one row a boiler and rule, with clause, strength, state, exemption, missing facts and evidence.

    Parameters
    ----------
    boilers : pandas.DataFrame
        With ``boiler_id``.
    facts : sequence of BoilerFacts
        In the order of `boilers`.
    ruled : sequence of list of Finding
        From `rulings` of these facts.
    """
    rules = parameters.table("boiler_rules").loc[list(priority())]
    every = [finding for found in ruled for finding in found]
    margins = {"R3": [known.plant_margin_m for known in facts], "R4": [known.network_margin_m for known in facts]}
    nowhere = [math.nan] * len(facts)
    cited = {name: np.tile(rules[name].to_numpy(dtype=object), len(facts)) for name in ("strength", *_CITED)}
    table = pd.DataFrame(
        {
            "boiler_id": np.repeat(boilers["boiler_id"].to_numpy(dtype=object), len(rules)),
            "rule": [finding.rule for finding in every],
            "state": [finding.state for finding in every],
            "exemption": [finding.exemption for finding in every],
            "missing": [";".join(finding.missing) for finding in every],
            "distance_m": _by_rule({"R3": [known.plant_distance_m for known in facts]}, nowhere),
            "margin_m": _by_rule(margins, nowhere),
            **cited,
        }
    )
    return table[list(FINDING_COLUMNS)]


def _by_rule(known: Mapping[str, list[float]], nowhere: list[float]) -> NDArray[np.float64]:
    """Return a figure of each boiler and rule, where the rule rests on one."""
    return np.array([known.get(rule, nowhere) for rule in priority()], dtype=float).T.ravel()


def verdicts(facts: Sequence[BoilerFacts], ruled: Sequence[list[Finding]], *, index: pd.Index) -> pd.DataFrame:
    """Return the verdict of each boiler, each on its own: what many draw on together is `heating.supply`'s.

    Parameters
    ----------
    facts : sequence of BoilerFacts
        What is known of each boiler.
    ruled : sequence of list of Finding
        From `rulings` of these facts.
    index : pandas.Index
        Of the boilers.

    Returns
    -------
    pandas.DataFrame
        ``verdict, leading_rule, leading_state, strength, rules_hit, rules_open, exemption, missing,
        supply_assured, supply_missing`` on `index`.
    """
    strengths = parameters.table("boiler_rules")["strength"].to_dict()
    rows = []
    for known, found in zip(facts, ruled, strict=True):
        rule, state = leading(found)
        rows.append(
            (
                verdict_of(known, found),
                rule,
                state,
                strengths.get(rule, "none"),
                ";".join(finding.rule for finding in found if finding.state == "yes"),
                ";".join(finding.rule for finding in found if finding.state == "review"),
                ";".join(finding.exemption for finding in found if finding.exemption),
                ";".join(dict.fromkeys(name for finding in found for name in finding.missing)),
                safety_of(known, rule),
                ";".join(supply_gaps(known, rule)),
            )
        )
    return pd.DataFrame(rows, index=index, columns=list(VERDICT_COLUMNS))
