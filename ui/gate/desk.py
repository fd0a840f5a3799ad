"""Kept layers in the words of the screen."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from data.catalog import label
from geo.workspace import Record
from ui.texts import language, t


def system_name(code: str) -> str:
    """Return the name of a coordinate system in the session's words."""
    return label("gate.crs", code.lower().replace(":", "_").replace("-", "_"), language())


def when(moment: datetime) -> str:
    """Return a moment as the clock on the wall shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def records_table(records: list[Record], *, current: dict[str, int]) -> pd.DataFrame:
    """Return versions as a table for the screen, those in use marked."""
    return pd.DataFrame(
        [
            {
                t("column.layer"): label("layer", record.layer, language()),
                t("gate.version"): record.version,
                t("gate.current"): "✓" if current.get(record.layer) == record.version else "",
                t("column.file"): record.file,
                t("inspect.rows_in"): record.rows_in,
                t("inspect.rows_usable"): record.rows_used,
                t("inspect.rows_set_aside"): record.rows_set_aside,
                t("inspect.crs"): record.crs.get("crs") or "—",
                t("gate.time"): when(record.time),
                t("gate.who"): record.who,
                t("gate.note"): record.note,
                "SHA-256": record.source_sha256[:16],
            }
            for record in records
        ]
    )
