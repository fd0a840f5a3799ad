"""What the product is called, which layers it knows, and the one catalogue of its texts."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Final

VERSION: Final = "0.1.0"
DATA_DIR: Final = Path(__file__).parent
LANGUAGES: Final = ("zh", "en")
LAYERS: Final = (
    "buildings",
    "boilers",
    "plants",
    "networks",
    "villages",
    "counties",
    "parcels",
    "transformers",
    "streets",
    "institutions",
)
ZONES: Final = ("urban", "county_town", "rural")
UNKNOWN: Final = "unknown"


@cache
def _texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in sorted((DATA_DIR / "texts").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["key"] in found:
                    raise ValueError(f"text key {row['key']!r} stands twice in {path.name}")
                found[row["key"]] = {language: row[language] for language in LANGUAGES}
    return found


def text_keys() -> frozenset[str]:
    """Return every key of the catalogue."""
    return frozenset(_texts())


def text(key: str, language: str = "zh", **values: object) -> str:
    """Return the text of `key` in `language`, its ``{names}`` filled in.

    Raises
    ------
    KeyError
        If the catalogue has no such key or language: a missing text is a fault of ours.
    """
    return _texts()[key][language].format(**values)


def label(group: str, name: object, language: str = "zh") -> str:
    """Return the label of a coded value, or the value itself where it has none of its own."""
    entry = _texts().get(f"{group}.{name}")
    return entry[language] if entry else str(name)
