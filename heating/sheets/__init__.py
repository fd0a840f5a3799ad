"""一炉一策: one printable sheet a boiler, with map, evidence and clause, as docx and pdf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd

from heating.assessment import Assessment
from heating.sheets.content import sheet
from heating.sheets.figure import ground, maps
from heating.sheets.pdf import pdf
from heating.sheets.word import docx

FORMATS: Final = ("pdf", "docx")


def printed(
    done: Assessment,
    boiler_ids: Sequence[str],
    checks: pd.DataFrame,
    *,
    day: str,
    kind: str = "pdf",
    language: str = "zh",
    unmasked: bool = False,
    progress: Callable[[float], None] | None = None,
) -> bytes:
    """Return the sheets of some boilers as one file.

    Parameters
    ----------
    done : Assessment
        The run.
    boiler_ids : sequence of str
        Which boilers, in the order of printing.
    checks : pandas.DataFrame
        All versions, from `heating.checks.CheckStore.table`.
    day : str
        Day of printing.
    kind : {"pdf", "docx"}
        Format.
    language : str
        ``zh`` or ``en``.
    unmasked : bool
        Whether names of persons, telephone and identity numbers are shown.
    progress : callable, optional
        Told the share done [1].

    Raises
    ------
    KeyError
        If there is no such boiler.
    """
    on = ground(done)
    said, figures = [], {}
    for at, name in enumerate(boiler_ids):
        said.append(sheet(done, name, checks, day=day, language=language, unmasked=unmasked))
        figures[name] = maps(on, name, language=language)
        if progress:
            progress((at + 1) / len(boiler_ids))
    return {"pdf": pdf, "docx": docx}[kind](said, figures, language=language)
