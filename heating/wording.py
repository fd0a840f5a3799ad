"""Results in the reader's words and figures: coded values as labels, headers, and how many digits are shown."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import parameters
from data.catalog import label, text
from heating import rates

CODED: Final = {
    "layer": "layer",
    "zone": "zone",
    "zone_evidence": "zone_evidence",
    "standing": "standing",
    "reached": "reached",
    "verdict": "verdict",
    "leading_state": "state",
    "state": "state",
    "strength": "strength",
    "other_verdict": "verdict",
    "other_strength": "strength",
    "supply_assured": "supply",
    "within_radius": "state",
    "in_service_area": "state",
    "coverage": "rung",
    "group_coverage": "rung",
    "group_rung": "rung",
    "coverage_basis": "rung_basis",
    "reading_declared": "state",
    "reading_line": "state",
    "reading_street": "state",
    "enough": "state",
    "qualifies": "state",
    "check_status": "check_status",
    "check_answer": "check_answer",
    "strength_at_stake": "strength",
    "answer": "check_answer",
    "subject": "subject",
    "clean_heating": "clean",
    "use": "use",
    "heat_source": "heat_source",
    "roof_kind": "roof_kind",
    "fuel": "fuel",
    "duty": "duty",
    "medium": "medium",
    "status": "status",
    "mounting": "mounting",
    "load_class": "load_class",
    "plane_source": "plane_source",
    "plane_doubt": "plane_doubt",
    "usable_basis": "usable_basis",
    "structure": "structure",
    "height_source": "height_source",
    "area_basis": "area_basis",
    "storeys_basis": "storeys_basis",
    "households_basis": "households_basis",
    "heat_basis": "heat_basis",
    "ultra_low": "state",
    "role": "role",
    "fulfilled": "fulfilled",
    "standard_fulfilled": "fulfilled",
    "green_fulfilled": "fulfilled",
    "register_figure": "figure",
    "measure_unit": "measure_unit",
    "burner": "burner",
    "reaches": "state",
    "pipe_age": "pipe_age",
    "energy_standard": "energy_standard",
    "institution_kind": "institution_kind",
    "level": "level",
    "frugal_counts": "state",
    "is_new": "state",
    "standard_asked": "state",
    "green_asked": "state",
}
_DUST: Final = 1e-9
_DIGITS: Final = {
    "_households": 0,
    "_kwh_kw": 1,
    "_mwh_m": 2,
    "_mwh": 1,
    "kgce_m2": 2,
    "kgce_person": 1,
    "cut_m2": 4,
    "cut_person": 4,
    "_kwh": 0,
    "_m2": 1,
    "_m": 1,
    "_kw": 2,
    "_mw": 2,
    "_t_h": 6,
    "p_covered": 3,
    "longitude": 6,
    "latitude": 6,
    "surface_azimuth": 1,
}
LISTS: Final = {
    "missing": "missing",
    "exemption": "exemption",
    "doubt": "missing",
    "supply_missing": "missing",
    "area_bases": "area_basis",
    "reasons": "check_reason",
    "flags": "check_flag",
    "source_kind": "source_kind",
}
FLAGS: Final = (
    "near_radius_line",
    "check_outdated",
    "household_metered",
    "green_building",
    "is_frugal",
    "is_captive",
    "is_ultra_low",
)
TABLE_LABELS: Final = {"use": "building_uses", "heat_source": "heat_sources", "former_source": "heat_sources"}


def coded_label(column: str, value: object, language: str) -> str:
    """Return the label of a coded value in a column; several are joined by ``；``."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if column in TABLE_LABELS:
        return str(parameters.table(TABLE_LABELS[column])[f"label_{language}"].loc[str(value)])
    if column in LISTS:
        return "；".join(label(LISTS[column], part, language) for part in str(value).split(";") if part)
    if column == "exclusion_reason":
        return text(str(value), language) if value else ""
    if column in FLAGS:
        return label("state", "yes" if value else "no", language)
    return label(CODED[column], value, language)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with figures as a person needs them; GeoPackage and Parquet keep them whole.

    Rates are cut off at 0.01 %, never rounded up; gaps in households are whole households, rounded up.
    """
    done = table.copy()
    for column in (name for name in table if pd.api.types.is_float_dtype(table[name])):
        name, values = str(column), table[column]
        if name.removesuffix("_after").endswith(("rate_low", "rate_high")):
            done[column] = [float(rates.shown_percent(rate).rstrip("%—") or "nan") / 100 for rate in values]
        elif name.startswith("gap_") and name.endswith("_households"):
            done[column] = np.ceil(values - _DUST)
        else:
            digits = next((digits for ending, digits in _DIGITS.items() if name.endswith(ending)), None)
            done[column] = values if digits is None else values.round(digits)
    return done


def labelled(table: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return the table with headers and coded values in the reader's words."""
    done = table.copy()
    for column in done.columns:
        if column in {*CODED, *LISTS, *TABLE_LABELS, *FLAGS, "exclusion_reason"}:
            words = {value: coded_label(column, value, language) for value in done[column].dropna().unique()}
            done[column] = done[column].map(words).astype(object)
    return done.rename(columns=lambda column: label("column", column, language))
