"""The words that every sheet shares: headings, column heads and the lines to sign on."""

from __future__ import annotations

from data.catalog import text


def words_of(language: str) -> dict[str, str | list[str]]:
    """Return the headings of a sheet by name, and the heads of its table of rules."""
    names = ("title", "facts", "rules", "missing", "proofs", "flips", "checks", "signed", "map_note")
    columns = ("rule", "state", "strength", "evidence", "clause")
    heads = {name: text(f"sheet.{name}", language) for name in names}
    return heads | {"columns": [text(f"sheet.column_{name}", language) for name in columns]}
