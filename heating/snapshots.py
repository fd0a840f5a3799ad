"""Rates at points in time, kept beside a workspace: how far the city has come, and how fast it would have to go."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Final

import pandas as pd
import sqlalchemy as sa

from heating import rates
from heating.assessment import Assessment
from heating.records import SCHEMA, Records, refused

COLUMNS: Final = (
    "county_code",
    "zone",
    "clean_area_m2",
    "not_clean_area_m2",
    "unknown_area_m2",
    "clean_households",
    "not_clean_households",
    "unknown_households",
    "target",
)
_DAYS_A_YEAR: Final = 365.25
_METADATA: Final = sa.MetaData(schema=SCHEMA)
_SNAPSHOTS: Final = sa.Table(
    "rate_snapshots",
    _METADATA,
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("rows", sa.Text, nullable=False),
)


class SnapshotStore(Records):
    """The snapshots of a workspace.

    Parameters
    ----------
    where : str or pathlib.Path
        Folder of a workspace, or the address of a PostgreSQL database.

    Raises
    ------
    DataError
        If it cannot be opened.
    """

    METADATA = _METADATA

    def save(self, done: Assessment, *, day: str, name: str, who: str) -> None:
        """Keep the rates of an assessment as those of a day.

        Parameters
        ----------
        done : Assessment
            The run.
        day : str
            The day that its data speaks of (统计时点), ``2026-11-23``.
        name : str
            What they are called, for instance of which ledger.
        who : str
            Who keeps them.

        Raises
        ------
        DataError
            If there is one of this day and name: nothing is written over.
        """
        rows = done.clean_heating[list(COLUMNS)].astype(object)
        said = rows.where(rows.notna(), None).to_dict("records")
        values = {
            "day": date.fromisoformat(day).isoformat(),
            "name": name.strip(),
            "who": who.strip(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": json.dumps(said, ensure_ascii=False),
        }
        try:
            with self.told() as connection:
                connection.execute(sa.insert(_SNAPSHOTS).values(**values))
        except sa.exc.IntegrityError:
            raise refused("snapshot_taken", file=name, got=day) from None

    def drop(self, *, day: str, name: str) -> None:
        """Take a snapshot away."""
        with self.told() as connection:
            connection.execute(sa.delete(_SNAPSHOTS).where((_SNAPSHOTS.c.day == day) & (_SNAPSHOTS.c.name == name)))

    def table(self) -> pd.DataFrame:
        """Return every snapshot by day, name, county and zone, with ``rate_low, rate_high`` by area [1]."""
        with self.told() as connection:
            kept = connection.execute(sa.select(_SNAPSHOTS).order_by(_SNAPSHOTS.c.day, _SNAPSHOTS.c.name)).mappings()
            rows = [
                {"day": one["day"], "name": one["name"], "who": one["who"], "at": one["at"]} | row
                for one in kept
                for row in json.loads(one["rows"])
            ]
        table = pd.DataFrame(rows, columns=["day", "name", "who", "at", *COLUMNS])
        figures = list(COLUMNS[2:])
        table[figures] = table[figures].astype(float)
        bounds = rates.rate_bounds(*(table[f"{part}_area_m2"] for part in rates.PARTS))
        return table.join(bounds)


def progress(table: pd.DataFrame, *, due: str) -> pd.DataFrame:
    """Return for each zone of the city how fast the rate moved and how fast it has to move until the due day.

    Parameters
    ----------
    table : pandas.DataFrame
        From `SnapshotStore.table`.
    due : str
        Day by which the target is to be reached.

    Returns
    -------
    pandas.DataFrame
        One row a zone: ``day`` (of the last snapshot), ``rate_low``, ``rate_high``, ``target`` [1], ``years_left``,
        ``pace_low, pace_high`` (what the bounds moved a year since the first snapshot [1/a]; NaN with one alone) and
        ``needed_low, needed_high`` (what they would have to move a year [1/a], 0 where the target is reached; NaN
        once the due day is past and it is not).
    """
    whole = table[(table["county_code"] == rates.ALL) & table["target"].notna()]
    rows = []
    for zone, part in whole.groupby("zone", sort=False):
        ordered = part.sort_values(["day", "at"], kind="stable")
        first, last = ordered.iloc[0], ordered.iloc[-1]
        years = _years(first["day"], last["day"])
        left = _years(last["day"], due)
        row = {"zone": zone, "day": last["day"], "target": last["target"], "years_left": left}
        for side in ("low", "high"):
            rate = last[f"rate_{side}"]
            gap = max(last["target"] - rate, 0.0)
            row[f"rate_{side}"] = rate
            row[f"pace_{side}"] = (rate - first[f"rate_{side}"]) / years if years > 0 else float("nan")
            row[f"needed_{side}"] = 0.0 if gap == 0 else gap / left if left > 0 else float("nan")
        rows.append(row)
    columns = ["zone", "day", "rate_low", "rate_high", "target", "years_left"]
    columns += ["pace_low", "pace_high", "needed_low", "needed_high"]
    return pd.DataFrame(rows, columns=columns)


def _years(first: str, last: str) -> float:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days / _DAYS_A_YEAR
