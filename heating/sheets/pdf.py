"""Sheets as PDF: typeset by Typst with the Chinese font of an installed package embedded, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

import typst
from pylopdf_fonts_zh_cn import sans_path

from data.catalog import DATA_DIR
from heating.sheets.content import Sheet
from heating.sheets.words import words_of

TEMPLATE: Final = DATA_DIR / "templates" / "boiler_sheet.typ"


def pdf(sheets: Sequence[Sheet], figures: Mapping[str, bytes], *, language: str = "zh") -> bytes:
    """Return the sheets as one PDF, each beginning on a page of its own.

    Parameters
    ----------
    sheets : sequence of Sheet
        What they say.
    figures : mapping
        Boiler → PNG of its maps.
    language : str
        ``zh`` or ``en``.
    """
    told = [
        asdict(one)
        | {
            "rules": [list(asdict(rule).values()) for rule in one.rules],
            "figure": list(figures[one.boiler_id]),
        }
        for one in sheets
    ]
    inputs = {
        "sheets": json.dumps(told, ensure_ascii=False),
        "words": json.dumps(words_of(language), ensure_ascii=False),
    }
    done = typst.compile(
        str(TEMPLATE),
        format="pdf",
        font_paths=[str(sans_path().parent)],
        ignore_system_fonts=True,
        sys_inputs=inputs,
        timestamp=0,
    )
    return bytes(done)
