"""The registers as a workbook: one sheet of figures, one a register."""

from __future__ import annotations

import pandas as pd

from data.catalog import text
from geo.export import xlsx_bytes
from geo.masking import masked
from heating.assessment import Assessment
from heating.registers import REGISTERS
from heating.report import stamped
from heating.wording import labelled, rounded


def workbook(done: Assessment, year: int, *, language: str = "zh", unmasked: bool = False) -> bytes | None:
    """Return the figures and the rows of all registers that have any; None where none has.

    Parameters
    ----------
    done : Assessment
        The run.
    year : int
        Ages are counted to this year.
    language : str
        ``zh`` or ``en``.
    unmasked : bool
        Whether names of persons, telephone and identity numbers are shown.
    """
    found = {name: make(done, year) for name, make in REGISTERS.items()}
    found = {name: register for name, register in found.items() if len(register.rows)}
    if not found:
        return None
    told = pd.concat(
        [one.figures.assign(register=text(f"registers.{name}", language)) for name, one in found.items()],
        ignore_index=True,
    )
    sheets = {text("registers.figures", language): told[["register", *(name for name in told if name != "register")]]}
    sheets |= {
        text(f"registers.{name}", language): rounded(pd.DataFrame(one.rows.drop(columns=["geometry", "register_id"])))
        for name, one in found.items()
    }
    shown = {name: table if unmasked else masked(table) for name, table in sheets.items()}
    return xlsx_bytes(
        {name: stamped(labelled(table, language), done, language) for name, table in shown.items()},
        title=text("page.registers", language),
    )
