"""What a boiler's sheet says, in words: every rule with clause and evidence, what is missing, and the field check."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import pandas as pd

from data.catalog import label, text
from geo.masking import masked
from heating.assessment import Assessment
from heating.checks import COLUMNS as CHECK_COLUMNS
from heating.flips import in_words
from heating.report import boiler_table
from heating.wording import coded_label

FACTS: Final = (
    "boiler_id",
    "name",
    "county",
    "zone",
    "capacity_t_h",
    "site_total_t_h",
    "need_mw",
    "fuel",
    "duty",
    "medium",
    "status",
    "longitude",
    "latitude",
    "nearest_plant",
    "distance_m",
    "plant_spare_mw",
    "in_service_area",
    "network_id",
    "network_margin_m",
    "network_spare_mw",
    "coverage",
    "coverage_basis",
    "p_covered",
    "source_file",
    "source_row",
)
_SHOWN_CHECKS: Final = 3
_PER_MILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Ruled:
    """One rule of the sheet, in words: its name, whether it applies, its strength, its evidence and its clause."""

    rule: str
    state: str
    strength: str
    evidence: str
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is printed of one boiler; all of it is text.

    Parameters
    ----------
    boiler_id : str
        Its identifier.
    title, notice, verdict, conclusion, footer : str
        Head, the mark of synthetic data (or empty), the verdict, what follows of it, and what the sheet rests on.
    facts : tuple of (str, str)
        Label and value.
    rules : tuple of Ruled
        Every rule, the leading one first.
    supply, missing, proofs, flips, checks : tuple of str
        On the replacing heat; what is not known; what an exemption has to be proved by; readings that answer
        otherwise; the last field checks.
    """

    boiler_id: str
    title: str
    notice: str
    verdict: str
    conclusion: str
    facts: tuple[tuple[str, str], ...]
    rules: tuple[Ruled, ...]
    supply: tuple[str, ...]
    missing: tuple[str, ...]
    proofs: tuple[str, ...]
    flips: tuple[str, ...]
    checks: tuple[str, ...]
    footer: str


def value_words(column: str, value: object, language: str) -> str:
    """Return one value as a person reads it; a dash where it is not known."""
    if pd.isna(value):  # type: ignore[call-overload]
        return "—"
    if isinstance(value, float):
        return _figure(column, value)
    try:
        return coded_label(column, value, language) or "—"
    except KeyError:
        return str(value)


def _figure(column: str, value: float) -> str:
    """Write a figure; one that a limit is held against keeps its digits: 34.996 t/h must not read as 35."""
    if column in ("longitude", "latitude"):
        return f"{value:.6f}"
    if column == "p_covered":
        return f"{math.floor(value * _PER_MILLE) / _PER_MILLE:.3f}"
    return f"{value:,.2f}" if column.endswith("_m") else f"{value:,.10g}"


def sheet(
    done: Assessment,
    boiler_id: str,
    checks: pd.DataFrame,
    *,
    day: str,
    language: str = "zh",
    unmasked: bool = False,
) -> Sheet:
    """Return what the sheet of a boiler says.

    Parameters
    ----------
    done : Assessment
        The run.
    boiler_id : str
        Which boiler.
    checks : pandas.DataFrame
        All versions, from `heating.checks.CheckStore.table`.
    day : str
        Day of printing.
    language : str
        ``zh`` or ``en``.
    unmasked : bool
        Whether names of persons, telephone and identity numbers are shown.

    Raises
    ------
    KeyError
        If there is no such boiler.
    """
    table = boiler_table(done, language=language, only=boiler_id)
    if table.empty:
        raise KeyError(boiler_id)
    told = checks[(checks["subject"] == "boiler") & (checks["subject_id"] == boiler_id)][list(CHECK_COLUMNS)]
    row = (table if unmasked else masked(table)).iloc[0]
    findings = done.boiler_findings[done.boiler_findings["boiler_id"] == boiler_id]
    flips = in_words(done.boiler_flips[done.boiler_flips["boiler_id"] == boiler_id], language)
    return Sheet(
        boiler_id=boiler_id,
        title=text("sheet.title", language),
        notice=text("app.synthetic_long", language) if done.layers.synthetic else "",
        verdict=coded_label("verdict", row["verdict"], language),
        conclusion=str(row["conclusion"]),
        facts=tuple(
            (label("column", name, language), value_words(name, row[name], language)) for name in FACTS if name in row
        ),
        rules=tuple(_ruled(finding, language) for _, finding in findings.iterrows()),
        supply=_supply(row, language),
        missing=_listed("missing", ";".join([row["missing"], row["supply_missing"]]), language),
        proofs=tuple(text(f"proof.{key}", language) for key in _keys(row["exemption"])),
        flips=tuple(
            text(
                "boilers.flip",
                language,
                switch=flip["switch"],
                reading=flip["other_reading"],
                verdict=coded_label("verdict", flip["other_verdict"], language),
            )
            for _, flip in flips.iterrows()
        ),
        checks=_checked(told if unmasked else masked(told), language),
        footer=_footer(done, day, language),
    )


def _keys(joined: object) -> list[str]:
    return list(dict.fromkeys(key for key in str(joined).split(";") if key))


def _listed(group: str, joined: object, language: str) -> tuple[str, ...]:
    return tuple(label(group, key, language) for key in _keys(joined))


def _ruled(finding: pd.Series, language: str) -> Ruled:
    notes = []
    if pd.notna(finding["distance_m"]):
        notes.append(text("ui.distance", language, metres=finding["distance_m"], margin=finding["margin_m"]))
    elif pd.notna(finding["margin_m"]):
        notes.append(text("ui.network_margin", language, metres=finding["margin_m"]))
    notes.extend(
        text(f"ui.{name}", language, what=coded_label(name, finding[name], language))
        for name in ("missing", "exemption")
        if finding[name]
    )
    cited = f"{finding['source']} {finding['section']}：{finding['clause_text']}" if finding["clause_text"] else "—"
    return Ruled(
        rule=f"{finding['rule']} {label('rule', finding['rule'], language)}",
        state=label("state", finding["state"], language),
        strength=label("strength", finding["strength"], language),
        evidence="；".join(notes) or "—",
        clause=cited,
    )


def _supply(row: pd.Series, language: str) -> tuple[str, ...]:
    """Return what is known of the heat that would replace the boiler; nothing where no clause removes it."""
    if row["supply_assured"] == "none":
        return ()
    said = [text("sheet.supply", language, said=coded_label("supply_assured", row["supply_assured"], language))]
    if row["supply_source"]:
        said.append(text("sheet.supply_source", language, name=row["supply_source"], need=row["need_mw"]))
    return tuple(said)


def _checked(own: pd.DataFrame, language: str) -> tuple[str, ...]:
    return tuple(
        text(
            "sheet.check",
            language,
            at=str(one["at"])[:10],
            who=one["who"],
            status=label("check_status", one["status"], language),
            answer=label("check_answer", one["answer"], language),
            note=one["note"] or "—",
        )
        for _, one in own.sort_values("version").tail(_SHOWN_CHECKS).iloc[::-1].iterrows()
    )


def _footer(done: Assessment, day: str, language: str) -> str:
    """Return what the sheet rests on: the day, the readings and the ledger."""
    source = done.layers.sources.get("boilers")
    return text(
        "sheet.footer",
        language,
        day=day,
        radius=done.scenario.radius_km,
        small=done.scenario.small_boiler_t_h,
        band=done.scenario.review_band_m,
        as_of=done.scenario.as_of or "—",
        file=source.file if source else "—",
        digest=source.sha256[:12] if source else "—",
    )
