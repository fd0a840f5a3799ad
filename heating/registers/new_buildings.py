"""New buildings: dwellings to the 75 % energy standard, and the green building standard in towns (方案三（三）)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN
from heating.assessment import Assessment
from heating.registers.shape import Register, answer, answers, figures, ones, share
from heating.verdicts import State, all_of

WANTED: Final = "p75"
_TOWN: Final = ("urban", "county_town")
_COLUMNS: Final = (
    "building_id",
    "name",
    "county_code",
    "village_code",
    "zone",
    "use",
    "year_built",
    "permitted",
    "energy_standard",
    "green_building",
    "area_m2",
    "source_row",
    "source_file",
)
_NOT_HEATED: Final = ("greenhouse", "ancillary")


def plan_day() -> str:
    """Return the day from which a building is new under the Plan: that of its issue."""
    return parameters.cited("policy")["target_urban"].valid_from


def is_new(permitted: object, year_built: float) -> State:
    """Return whether a building was permitted on or after the day of the Plan.

    Without a permit date the year it was built tells: one finished before that year cannot be new, one finished in or
    after it may have been permitted earlier.

    >>> is_new("2022-11-09", float("nan")), is_new("2022-11", float("nan")), is_new("2022-10", 2024.0)
    ('yes', 'review', 'no')
    >>> is_new(None, 2021.0), is_new(None, 2024.0), is_new(None, float("nan"))
    ('no', 'review', 'review')
    """
    day = plan_day()
    if isinstance(permitted, str) and permitted != UNKNOWN:
        if len(permitted) < len(day) and day.startswith(permitted):
            return "review"
        return "yes" if permitted >= day else "no"
    return "no" if year_built < int(day[:4]) else "review"


def _told(buildings: pd.DataFrame, name: str) -> pd.Series:
    return buildings[name] if name in buildings else pd.Series(None, index=buildings.index, dtype=object)


def new_buildings(done: Assessment, _year: int) -> Register:
    """List the buildings that are, or may be, new under the Plan.

    Returns
    -------
    Register
        ``is_new`` (three-valued), ``standard_asked`` (apartments; farm houses are left to a person) and
        ``green_asked`` (in the city, county towns and the urban fringe) with ``standard_fulfilled`` and
        ``green_fulfilled``; ``fulfilled`` is the worse of the two. Figures count buildings and area of those surely
        new and surely asked; the target is all of them. The notes count those whose newness is not known, and apart
        from them those of which neither a permit nor a year is given, which are not listed.
    """
    frame = done.buildings[~done.buildings["use"].isin(_NOT_HEATED)]
    permits, years = _told(frame, "permitted").astype(object), frame["year_built"].astype(float)
    new = [is_new(permit, year) for permit, year in zip(permits, years, strict=True)]
    dated = permits.notna() | years.notna()
    listed = dated.to_numpy() & np.array([state != "no" for state in new], dtype=bool)
    kept, new = frame[listed].reset_index(drop=True), list(np.array(new, dtype=object)[listed])
    standard_asked: list[State] = [_DWELLING.get(use, "no") for use in kept["use"]]
    green_asked: list[State] = [
        "yes" if zone in _TOWN else "review" if zone == UNKNOWN else "no" for zone in kept["zone"]
    ]
    standard = (
        _told(kept, "energy_standard")
        .astype(object)
        .map(lambda one: None if one in (None, UNKNOWN) or pd.isna(one) else one == WANTED)
    )
    rows = kept[[*(name for name in _COLUMNS if name in kept), "geometry"]].assign(
        register_id=kept["building_id"].to_numpy(),
        is_new=new,
        standard_asked=standard_asked,
        standard_fulfilled=_answers(answers(standard), new, standard_asked),
        green_asked=green_asked,
        green_fulfilled=_answers(answers(_told(kept, "green_building")), new, green_asked),
    )
    both = rows[["standard_fulfilled", "green_fulfilled"]]
    rows = rows.assign(
        fulfilled=[
            "missed" if "missed" in pair else "open" if "open" in pair else "met"
            for pair in both.itertuples(index=False)
        ]
    )
    return Register(
        rows=rows,
        figures=figures(_figures(rows)),
        colour_by="fulfilled",
        notes={
            "new_buildings_unclear": int((rows["is_new"] == "review").sum()),
            "new_buildings_undated": int((~dated).sum()),
        },
        clause="new_buildings",
    )


_DWELLING: Final[dict[str, State]] = {"apartment": "yes", "rural_house": "review"}


def _answers(said: pd.Series, new: list[State], asked: list[State]) -> list[str]:
    """Return the answers where something is surely asked; nothing asked is met, something doubtful is open."""
    found = []
    for one, *states in zip(said, new, asked, strict=True):
        due = all_of(*states)
        found.append("met" if due == "no" else str(one) if due == "yes" or one == "met" else answer("review"))
    return found


def _figures(rows: pd.DataFrame) -> list[dict[str, object]]:
    told = []
    for name in ("standard", "green"):
        own = rows[(rows["is_new"] == "yes") & (rows[f"{name}_asked"] == "yes")]
        said = own[f"{name}_fulfilled"]
        told.append(share(f"new_{name}_count", said, ones(own), unit="count", target=1.0))
        told.append(share(f"new_{name}_area", said, own["area_m2"], unit="m2", target=1.0))
    return told
