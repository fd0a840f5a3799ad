"""What to check in the field first: boilers and buildings by how much a verdict or the rate depends on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN
from heating.assessment import Assessment
from heating.checks import Subject
from heating.sources import LOOSE_COAL

STRENGTHS: Final = ("rigid", "eliminate", "promote", "encourage", "none")
"""How strongly a clause is worded, the strongest first."""
REMOVALS: Final = ("R4", "R2", "R3")
_SAID: Final[dict[Subject, tuple[str, ...]]] = {
    "boiler": ("verdict", "rules_hit", "supply_assured", "rules_open", "missing"),
    "building": ("coverage", "clean_heating", "coverage_basis"),
}
_OBJECT: Final[dict[Subject, tuple[str, ...]]] = {
    "boiler": ("name", "capacity_t_h", "village_code", "county_code"),
    "building": ("name", "use", "area_m2", "village_code"),
}
"""What tells one from another where the file names none: the program's own identifier is only the number of a row."""
_ROW: Final = "row-"
_MARK: Final = "#"
CHECKED: Final = ("check_status", "check_answer", "check_said", "check_note", "check_photo", "check_who", "check_at")
BOILER_COLUMNS: Final = (
    "boiler_id",
    "name",
    "county_code",
    "zone",
    "capacity_t_h",
    "verdict",
    "strength_at_stake",
    "reasons",
    "missing",
)
BUILDING_COLUMNS: Final = (
    "building_id",
    "name",
    "county_code",
    "village_code",
    "zone",
    "heat_source",
    "coverage",
    "coverage_basis",
    "reasons",
    "rate_points",
    "area_m2",
    "households_used",
)


def said_of(frame: pd.DataFrame, subject: Subject) -> pd.Series:
    """Return what the program says of each boiler or building: a check of one word does not settle another.

    What is open belongs to it: a clause that opens later was not what the person looked at. So does what is known of a
    boiler or building that has no identifier of its own, since another may have its row in the next file.
    """
    said = _joined_cells(frame, _SAID[subject])
    numbered = frame[f"{subject}_id"].astype(str).str.startswith(_ROW)
    known = [name for name in _OBJECT[subject] if name in frame]
    return said.where(~numbered, said + _MARK + _joined_cells(frame, known)).rename("said")


def _told(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return where a column of truths says yes."""
    said = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="boolean")
    return said.astype("boolean").fillna(value=False).astype(bool)


def _joined_cells(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    rows = zip(*(frame[name].astype(object).fillna("").astype(str) for name in names), strict=True)
    return pd.Series([":".join(row) for row in rows], index=frame.index, dtype=object)


def with_checks(frame: pd.DataFrame, checks: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Return boilers or buildings with their last check.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``boiler_id`` or ``building_id``, and what `said_of` needs.
    checks : pandas.DataFrame
        From `heating.checks.CheckStore.table`.
    subject : {"boiler", "building"}
        Which of them the frame holds.

    Returns
    -------
    pandas.DataFrame
        With ``check_status`` (``open`` where there is none), ``check_answer, check_said, check_note, check_photo,
        check_who, check_at``, ``check_version`` (0 where there is none), ``said``, and ``check_outdated``: whether the
        program now says something else than what was checked. A check of another boiler or building that had the
        same number of a row is not told here: it leaves its version, and ``check_outdated``, alone.
    """
    own = checks[checks["subject"] == subject].set_index("subject_id")
    keys = frame[f"{subject}_id"].astype(object)
    sources = ("status", "answer", "said", "note", "photo_name", "who", "at")
    told = {
        name: keys.map(own[source]).astype(object).fillna("") for name, source in zip(CHECKED, sources, strict=True)
    }
    done = frame.assign(
        **told, check_version=keys.map(own["version"]).fillna(0).astype(int), said=said_of(frame, subject)
    )
    done["check_outdated"] = (done["check_version"] > 0) & (done["check_said"] != done["said"])
    another = done["check_outdated"] & keys.astype(str).str.startswith(_ROW)
    another &= _object(done["check_said"]) != _object(done["said"])
    done.loc[another, list(CHECKED)] = ""
    done["check_status"] = done["check_status"].replace("", "open")
    return done


def _object(said: pd.Series) -> pd.Series:
    return pd.Series([str(one).partition(_MARK)[2] for one in said], index=said.index, dtype=object)


def _joined(reasons: dict[str, pd.Series]) -> pd.Series:
    """Return the keys of the reasons that hold, joined by ``;``."""
    held = pd.DataFrame({key: where.astype(bool) for key, where in reasons.items()})
    names = np.array(held.columns, dtype=object)
    return pd.Series([";".join(names[row]) for row in held.to_numpy()], index=held.index, dtype=object)


def boilers(done: Assessment, checks: pd.DataFrame) -> pd.DataFrame:
    """Return the boilers whose verdict depends on something that is not known, the strongest clause at stake first.

    ``reasons``: ``open`` (a rule waits for a fact), ``hangs`` (another reading of the Plan says otherwise),
    ``heat_unassured`` (a removal applies and the replacing heat is not assured), ``near_line`` (14–16 km),
    ``contested`` and ``outdated`` (a check that disagrees, or was of another verdict). ``strength_at_stake`` is that
    of the strongest rule that applies or is open. Of equal strength those with more reasons come first, then the
    larger.

    Parameters
    ----------
    done : Assessment
        The run.
    checks : pandas.DataFrame
        From `heating.checks.CheckStore.table`.

    Returns
    -------
    pandas.DataFrame
        `BOILER_COLUMNS`, ``said``, and the last check as `with_checks` has it; settled checks of the present verdict
        that nobody contests are left out.
    """
    table = with_checks(pd.DataFrame(done.boilers.drop(columns="geometry")), checks, "boiler")
    hanging = set(done.boiler_flips["boiler_id"])
    standing = ~table["verdict"].isin(["not_coal", "retired"])
    removal = table["leading_rule"].isin(REMOVALS) & (table["leading_state"] == "yes")
    table["reasons"] = _joined(
        {
            "open": table["rules_open"] != "",
            "hangs": table["boiler_id"].isin(hanging),
            "heat_unassured": removal & table["supply_assured"].isin(["no", "review"]),
            "near_line": table["near_radius_line"].fillna(value=False).astype(bool) & standing,
            "contested": table["check_answer"] == "contested",
            "outdated": table["check_outdated"],
        }
    )
    table["strength_at_stake"] = [_strongest(f"{hit};{open_}") for hit, open_ in _at_stake(table)]
    table = table[(table["reasons"] != "") & ~_settled(table)]
    many, rank = table["reasons"].str.count(";"), table["strength_at_stake"].map(STRENGTHS.index)
    size = table["capacity_t_h"].fillna(0.0)
    order = np.lexsort((table["boiler_id"].astype(str), -size, -many, rank))
    return table.iloc[order][[*BOILER_COLUMNS, "said", *CHECKED, "check_version", "check_outdated"]]


def _at_stake(table: pd.DataFrame) -> zip[tuple[str, str]]:
    return zip(table["rules_hit"].astype(str), table["rules_open"].astype(str), strict=True)


def _strongest(rules: str) -> str:
    strengths = parameters.table("boiler_rules")["strength"].to_dict()
    found = {strengths[rule] for rule in rules.split(";") if rule}
    return next((strength for strength in STRENGTHS if strength in found), "none")


def _settled(table: pd.DataFrame) -> pd.Series:
    fresh = (table["check_status"] == "settled") & ~table["check_outdated"]
    return fresh & (table["check_answer"] != "contested")


def buildings(done: Assessment, checks: pd.DataFrame) -> pd.DataFrame:
    """Return the heated buildings of which something is not known, those that move the rate most first.

    ``reasons``: ``source_unknown`` (clean or not is not known), ``contradiction`` (an account of the heat supplier,
    and coal burnt in the house), ``relapsed`` (counted as clean by its main source, and said to burn coal again, FACTS
    B1), ``coal_inside`` (coal burnt in the house inside declared coverage, 三（八）),
    ``coverage_doubtful``, ``contested`` and ``outdated``. ``rate_points`` is by how much the answer moves the
    clean-heating rate of its zone in the city [percentage points]; coal inside coverage and doubtful coverage alone
    move none. Then the larger comes first.

    Parameters
    ----------
    done : Assessment
        The run.
    checks : pandas.DataFrame
        From `heating.checks.CheckStore.table`.

    Returns
    -------
    pandas.DataFrame
        `BUILDING_COLUMNS`, ``said``, and the last check as `with_checks` has it; settled checks are left out as for
        `boilers`.
    """
    heated = done.buildings[done.buildings["clean_heating"] != "not_heated"]
    whole = heated["area_m2"].groupby(heated["zone"].astype(object)).transform("sum")
    points = (100 * heated["area_m2"] / whole).where(whole > 0, 0.0)
    unknown = heated["clean_heating"] == UNKNOWN
    burning = heated["heat_source"].isin(LOOSE_COAL)
    torn = (heated["coverage_basis"] == "billing") & burning
    inside = (heated["reading_declared"] == "yes") & burning & ~torn
    relapsed = (heated["clean_heating"] == "clean") & _told(heated, "relapsed")
    known = set(checks.loc[checks["subject"] == "building", "subject_id"])
    asked = unknown | torn | inside | relapsed | (heated["coverage"] == "doubtful") | heated["building_id"].isin(known)
    table = with_checks(pd.DataFrame(heated[asked].drop(columns="geometry")), checks, "building")
    moves = (unknown | torn | relapsed)[asked]
    table["rate_points"] = points[asked].where(moves, 0.0)
    table["reasons"] = _joined(
        {
            "source_unknown": unknown[asked],
            "contradiction": torn[asked],
            "relapsed": relapsed[asked],
            "coal_inside": inside[asked],
            "coverage_doubtful": table["coverage"] == "doubtful",
            "contested": table["check_answer"] == "contested",
            "outdated": table["check_outdated"],
        }
    )
    table = table[(table["reasons"] != "") & ~_settled(table)]
    order = np.lexsort((table["building_id"].astype(str), -table["area_m2"], -table["rate_points"]))
    columns = [name for name in BUILDING_COLUMNS if name in table]
    return table.iloc[order][[*columns, "said", *CHECKED, "check_version", "check_outdated"]]
