"""What a finding of the quality report is: a doubt about rows of a layer, for a person to judge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from data.catalog import text
from data.errors import spans

Severity = Literal["error", "question", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "question", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt about rows of one layer.

    Parameters
    ----------
    rule : str
        Key of the rule; ``quality.<rule>``, ``quality.<rule>.what`` and ``quality.<rule>.mend`` are its texts.
    severity : {"error", "question", "note"}
        An error contradicts itself; a question may be true and needs a person; a note is good to know.
    layer : str
        Which layer it is about.
    ids : tuple of str
        Identifiers of the rows, in the order of `rows`.
    rows : tuple of int
        ``source_row`` of each, ascending in each source; the n-th row of the frame where the frame has no such column.
    values : mapping
        What the text says, already written.
    sources : tuple of str
        ``source_file`` of each, in layers that were joined of several tables; else empty.
    mend : str
        What `geo.quality.mended` can do about it if a person asks, or an empty text.
    """

    rule: str
    severity: Severity
    layer: str
    ids: tuple[str, ...]
    rows: tuple[int, ...]
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
    mend: str = ""
    sources: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What a person's acceptance is remembered by: the same for the same rule, layer and identifiers."""
        said = json.dumps([self.rule, self.layer, sorted(self.ids)], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    @property
    def order(self) -> tuple[int, str, tuple[int, ...], tuple[str, ...], str]:
        """Where it stands in a report: by severity, rule and row."""
        return SEVERITIES.index(self.severity), self.rule, self.rows, self.ids, self.layer

    def places(self) -> str:
        """Write the rows as runs, those of each source with its name.

        >>> Finding(rule="a", severity="note", layer="", ids=("x", "y"), rows=(3, 4), sources=("甲", "乙")).places()
        '甲: 3; 乙: 4'
        """
        if not self.sources:
            return spans(self.rows)
        of: dict[str, list[int]] = {}
        for source, row in zip(self.sources, self.rows, strict=True):
            of.setdefault(source, []).append(row)
        return "; ".join(f"{source}: {spans(rows)}" for source, rows in of.items())

    def title(self, language: str = "zh") -> str:
        """Return the name of the rule."""
        return text(f"quality.{self.rule}", language)

    def what(self, language: str = "zh") -> str:
        """Say what is doubtful, with the values."""
        return text(f"quality.{self.rule}.what", language, **self.values)

    def how(self, language: str = "zh") -> str:
        """Say how a person mends it."""
        return text(f"quality.{self.rule}.mend", language)
