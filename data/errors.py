"""Faults found in input data: every one of them at once, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from data.catalog import text

Effect = Literal["refused", "row_set_aside", "value_set_aside", "repaired", "noted"]
_SHOWN = 60
_DIRECTING = (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)  # seen by nobody
_UNSEEN = {
    code: " " if code in (9, 10, 11, 12, 13, 0x85) else "\N{REPLACEMENT CHARACTER}"
    for code in (*range(32), *range(127, 160), *_DIRECTING)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One finding about one place of a file.

    Parameters
    ----------
    rule : str
        Key of the finding; ``fault.<rule>`` and ``mend.<rule>`` are its texts in the catalogue.
    effect : {"refused", "row_set_aside", "value_set_aside", "repaired", "noted"}
        What was done about it. ``refused`` means that the whole file was not used.
    file, layer : str
        Name of the file as the user knows it, and the layer it was read as.
    row : int, optional
        Row as a person counts it: the spreadsheet's row number for tables, the n-th feature otherwise.
    column : str, optional
        Column as it is named in the file.
    expected, got : str
        What was expected and what was found.
    rows : tuple of int
        All rows that the finding stands for, when it is about more than one.
    """

    rule: str
    effect: Effect
    file: str
    layer: str = ""
    row: int | None = None
    column: str | None = None
    expected: str = ""
    got: str = ""
    rows: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Number of rows that the finding stands for."""
        return max(1, len(self.rows))

    def message(self, language: str = "zh") -> str:
        """Say what is wrong, where, and how to mend it, in one line."""
        place = [self.file]
        if self.row is not None:
            place.append(text("fault.place.row", language, row=self.row))
        if self.column:
            place.append(text("fault.place.column", language, column=self.column))
        said = [text(f"fault.{self.rule}", language)]
        if self.expected:
            said.append(text("fault.expected", language, expected=self.expected))
        if self.got:
            said.append(text("fault.got", language, got=self.got))
        if self.count > 1:
            said.append(text("fault.count", language, count=self.count, rows=spans(self.rows, most=6)))
        said.append(text(f"effect.{self.effect}", language))
        said.append(text(f"mend.{self.rule}", language))
        return seen(" · ".join(place) + ": " + "; ".join(said))

    def as_plain(self) -> dict[str, Any]:
        """Return the fault as plain values, to be kept as JSON; `from_plain` makes it again."""
        return asdict(self) | {"rows": list(self.rows)}

    @classmethod
    def from_plain(cls, said: Mapping[str, Any]) -> Fault:
        """Make a fault again from `as_plain`."""
        return cls(**{**said, "rows": tuple(said.get("rows", ()))})

    def as_row(self, language: str = "zh") -> dict[str, str | int | None]:
        """Return the fault as one row of a table for the screen or an export."""
        return {
            "file": seen(self.file),
            "layer": self.layer,
            "row": self.row,
            "column": self.column and seen(self.column),
            "rule": self.rule,
            "effect": text(f"effect.{self.effect}", language),
            "expected": seen(self.expected),
            "got": seen(self.got),
            "count": self.count,
            "rows": spans(self.rows) if self.rows else str(self.row or ""),
            "mend": text(f"mend.{self.rule}", language),
            "message": self.message(language),
        }


def seen(said: str) -> str:
    """Return a text that shows where it has control characters: breaks as blanks, others as U+FFFD."""
    return said.translate(_UNSEEN)


def spans(rows: Iterable[int], *, most: int | None = None) -> str:
    """Write row numbers as runs, for instance ``2-5, 9``; past `most` runs the rest is an ellipsis."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:most]]
    return ", ".join(shown + ["…"] * (most is not None and len(runs) > most))


class DataError(ValueError):
    """Raised when input cannot be used; carries all faults that were found, not just the first."""

    def __init__(self, faults: Iterable[Fault], language: str = "zh") -> None:
        self.faults = tuple(faults)
        super().__init__(fault_list(self.faults, language))


def fault_list(faults: Iterable[Fault], language: str = "zh", *, most: int = _SHOWN) -> str:
    """Write faults as a list, the gravest first; past `most` lines the rest is counted."""
    order = ("refused", "row_set_aside", "value_set_aside", "repaired", "noted")
    ranked = sorted(faults, key=lambda fault: order.index(fault.effect))
    lines = [f"- {fault.message(language)}" for fault in ranked[:most]]
    if len(ranked) > most:
        lines.append(text("fault.more", language, count=len(ranked) - most))
    return "\n".join(lines)
