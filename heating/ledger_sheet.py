"""The ledger of coal boilers in the columns that the bureau reports (FACTS §J1), with verdict and field check."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN, label, text
from geo.masking import masked
from heating.assessment import Assessment
from heating.field_queue import with_checks
from heating.report import boiler_table
from heating.verdicts import truth
from heating.wording import coded_label

COLUMNS: Final = (
    "number",
    "county",
    "town",
    "name",
    "credit_code",
    "boiler_id",
    "model",
    "capacity_t_h",
    "power_mw",
    "medium",
    "fuel",
    "duty",
    "year_built",
    "coal_t",
    "coal_tce",
    "heated_area_wan_m2",
    "dust_process",
    "sulphur_process",
    "nitrogen_process",
    "is_ultra_low",
    "stack_height_m",
    "in_built_up_area",
    "in_service_area",
    "nearest_plant",
    "distance_km",
    "longitude",
    "latitude",
    "clauses",
    "disposal",
    "replacement",
    "deadline",
    "progress",
    "proof",
    "responsible_unit",
    "responsible_person",
    "remark",
)
"""The columns of FACTS §J1, in its order."""
EVIDENCE: Final = (
    "verdict",
    "conclusion",
    "missing",
    "check_status",
    "check_answer",
    "check_note",
    "check_who",
    "check_at",
    "source_row",
    "source_file",
)
"""What the program and the field add behind them."""
_CODED: Final = ("medium", "fuel", "in_service_area", "verdict", "missing")
_M_PER_KM: Final = 1e3
_WAN: Final = 1e4


def j1(done: Assessment, checks: pd.DataFrame, *, language: str = "zh", unmasked: bool = False) -> pd.DataFrame:
    """Return the ledger in the columns of FACTS §J1 and what the program and the field say behind them, in words.

    A cell of which nothing is known is empty; whether coverage is open is said (待核), never left out.

    Parameters
    ----------
    done : Assessment
        The run.
    checks : pandas.DataFrame
        From `heating.checks.CheckStore.table`.
    language : str
        ``zh`` or ``en``.
    unmasked : bool
        Whether names of persons, telephone and identity numbers are shown.
    """
    ledger = with_checks(pd.DataFrame(done.boilers.drop(columns="geometry")), checks, "boiler")
    told = boiler_table(done, language=language)
    factor = parameters.value("policy", "mw_per_t_h")
    tonnes = _number(ledger, "coal_t")
    found: dict[str, object] = {name: told[name].to_numpy() for name in (*COLUMNS, *EVIDENCE) if name in told}
    found |= {name: ledger[name].to_numpy() for name in (*COLUMNS, *EVIDENCE) if name in ledger and name not in found}
    with parameters.overridden(done.scenario.parameters):
        standard = tonnes * parameters.value("emissions", "raw_coal_standard")
    found |= {
        "number": np.arange(1, len(ledger) + 1),
        "town": _towns(ledger, done),
        "power_mw": (ledger["capacity_t_h"] * factor).round(3).to_numpy(),
        "duty": _duties(ledger, language),
        "coal_tce": standard.round(1),
        "heated_area_wan_m2": (_number(ledger, "heated_area_m2") / _WAN).round(4),
        "is_ultra_low": _truths(ledger, "is_ultra_low", language),
        "in_built_up_area": _truths(ledger, "in_built_up_area", language),
        "distance_km": (ledger["distance_m"] / _M_PER_KM).round(3).to_numpy(),
        "longitude": told["longitude"].round(6).to_numpy(),
        "latitude": told["latitude"].round(6).to_numpy(),
        "clauses": _clauses(done, language),
        "disposal": [label("disposal", code, language) for code in _disposals(ledger)],
        "progress": _progress(ledger, language),
        "proof": _proof(ledger),
        "check_status": [label("check_status", code, language) for code in ledger["check_status"]],
        "check_answer": [label("check_answer", code, language) if code else "" for code in ledger["check_answer"]],
    }
    found |= {name: [coded_label(name, code, language) for code in told[name]] for name in _CODED}
    table = pd.DataFrame({name: found.get(name, [""] * len(ledger)) for name in (*COLUMNS, *EVIDENCE)})
    shown = table if unmasked else masked(table)
    return shown.rename(columns=lambda name: text(f"j1.{name}", language))


def _number(ledger: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    said = ledger[name] if name in ledger else pd.Series(np.nan, index=ledger.index)
    return np.asarray(said.to_numpy(dtype=float))


def _disposals(ledger: pd.DataFrame) -> pd.Series:
    said = ledger["disposal"] if "disposal" in ledger else pd.Series(None, index=ledger.index)
    return said.astype(object).where(said.notna(), UNKNOWN)


def _truths(ledger: pd.DataFrame, name: str, language: str) -> list[str]:
    said = ledger[name] if name in ledger else pd.Series(pd.NA, index=ledger.index)
    return ["" if pd.isna(cell) else label("state", "yes" if cell else "no", language) for cell in said]


def _towns(ledger: pd.DataFrame, done: Assessment) -> list[str]:
    """Return the town that the ledger gives, else the one of the village that the boiler stands in."""
    villages = done.layers.some("villages")
    names = dict(zip(villages["village_code"], villages["town"], strict=True))
    own = ledger["town"] if "town" in ledger else pd.Series(None, index=ledger.index, dtype=object)
    found = own.astype(object).where(own.notna(), ledger["village_code"].astype(object).map(names))
    return [str(name) for name in found.astype(object).where(found.notna(), "")]


def _duties(ledger: pd.DataFrame, language: str) -> list[str]:
    """Return what each boiler is for, with backup and peaking where the ledger says so."""
    rows = zip(ledger["duty"], ledger["is_backup"], ledger["is_peaking"], strict=True)
    return [
        "、".join(
            [coded_label("duty", duty, language)]
            + [
                text(f"j1.{key}", language)
                for key, said in (("backup", backup), ("peaking", peaking))
                if truth(said) == "yes"
            ]
        )
        for duty, backup, peaking in rows
    ]


def _clauses(done: Assessment, language: str) -> list[str]:
    """Return the clauses that apply to each boiler and, marked, those that are open."""
    findings = done.boiler_findings
    cited = findings[(findings["state"] != "no") & (findings["clause_id"] != "")]
    said: dict[str, list[str]] = {}
    for row in cited.itertuples(index=False):
        mark = "" if row.state == "yes" else f"（{label('state', 'review', language)}）"
        strength = label("strength", row.strength, language)
        said.setdefault(str(row.boiler_id), []).append(f"{row.section} {row.rule} {strength}{mark}")
    return ["；".join(said.get(str(name), [])) for name in done.boilers["boiler_id"]]


def _progress(ledger: pd.DataFrame, language: str) -> list[str]:
    """Return whether each boiler still stands, as the ledger has it; what the field says has columns of its own."""
    return [coded_label("status", status, language) for status in ledger["status"]]


def _proof(ledger: pd.DataFrame) -> list[str]:
    """Return the proof that the ledger names, and the picture of the last check."""
    own = ledger["proof"] if "proof" in ledger else pd.Series(None, index=ledger.index, dtype=object)
    rows = zip(own.astype(object), ledger["check_photo"], strict=True)
    return ["；".join(str(part) for part in row if isinstance(part, str) and part) for row in rows]
