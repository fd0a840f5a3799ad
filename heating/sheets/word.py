"""Sheets as docx, for offices that write on them: the same words, tables and maps as the PDF."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any, Final

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from heating.sheets.content import Sheet
from heating.sheets.words import words_of

_FONT: Final = "宋体"
_ACCENT: Final = RGBColor(0x8A, 0x3A, 0x14)
_WARNING: Final = RGBColor(0xC8, 0x50, 0x1E)
_RULE_WIDTHS_CM: Final = (2.6, 1.3, 1.3, 5.2, 7.0)
_FACT_WIDTHS_CM: Final = (3.6, 5.1, 3.6, 5.1)
_NO_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MADE: Final = datetime(2022, 11, 9)  # noqa: DTZ001 - docx knows no zone; a fixed day keeps the bytes the same


def docx(sheets: Sequence[Sheet], figures: Mapping[str, bytes], *, language: str = "zh") -> bytes:
    """Return the sheets as one docx, each beginning on a page of its own.

    Parameters
    ----------
    sheets : sequence of Sheet
        What they say.
    figures : mapping
        Boiler → PNG of its maps.
    language : str
        ``zh`` or ``en``.
    """
    words = words_of(language)
    document = Document()
    document.core_properties.title = str(words["title"])
    document.core_properties.author = ""
    document.core_properties.created = document.core_properties.modified = _MADE
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(9)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    style.paragraph_format.space_after = Pt(2)
    for at, sheet in enumerate(sheets):
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(1.8)
        section.top_margin, section.bottom_margin = Cm(1.2), Cm(1.4)
        if at:
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        _sheet(document, sheet, figures[sheet.boiler_id], words)
    held = io.BytesIO()
    document.save(held)
    return _without_times(held)


def _without_times(held: io.BytesIO) -> bytes:
    """Return the file with one fixed time for every part of it: the same words make the same bytes."""
    done = io.BytesIO()
    with zipfile.ZipFile(held) as source, zipfile.ZipFile(done, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(
                zipfile.ZipInfo(part.filename, _MADE.timetuple()[:6]), source.read(part), zipfile.ZIP_DEFLATED
            )
    return done.getvalue()


def _sheet(document: Any, sheet: Sheet, figure: bytes, words: Mapping[str, Any]) -> None:
    """Write one sheet."""
    _line(document, sheet.title, size=15, bold=True).alignment = WD_ALIGN_PARAGRAPH.CENTER
    if sheet.notice:
        _line(document, sheet.notice, size=8, colour=_WARNING)
    _line(document, sheet.verdict, size=12, bold=True)
    for said in (sheet.conclusion, *sheet.supply):
        _line(document, said)
    _head(document, words["facts"])
    cells = [cell for pair in sheet.facts for cell in pair]
    cells += [""] * (-len(cells) % 4)
    _table(document, [cells[at : at + 4] for at in range(0, len(cells), 4)], _FACT_WIDTHS_CM)
    document.add_picture(io.BytesIO(figure), width=Cm(13.6))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
    _line(document, words["map_note"], size=6.5)
    _head(document, words["rules"])
    _table(document, [words["columns"], *(astuple(rule) for rule in sheet.rules)], _RULE_WIDTHS_CM, headed=True)
    for name in ("missing", "proofs", "flips", "checks"):
        items = getattr(sheet, name)
        if items:
            _head(document, words[name])
            for item in items:
                _line(document, f"· {item}")
    _line(document, words["signed"]).paragraph_format.space_before = Pt(6)
    _line(document, sheet.footer, size=6.5)


def _line(document: Any, said: str, *, size: float = 9, bold: bool = False, colour: RGBColor | None = None) -> Any:
    paragraph = document.add_paragraph()
    run = paragraph.add_run(_NO_XML.sub("", said))
    run.font.size, run.font.bold = Pt(size), bold
    if colour is not None:
        run.font.color.rgb = colour
    return paragraph


def _head(document: Any, said: str) -> None:
    paragraph = _line(document, said, size=10.5, bold=True, colour=_ACCENT)
    paragraph.paragraph_format.space_before = Pt(5)
    paragraph.paragraph_format.keep_with_next = True


def _table(document: Any, rows: Sequence[Sequence[str]], widths_cm: Sequence[float], *, headed: bool = False) -> None:
    """Write a table of texts with fixed widths, its first row in bold where it is a head."""
    table = document.add_table(rows=0, cols=len(widths_cm))
    table.style = "Table Grid"
    table.autofit = False
    for column, width in zip(table.columns, widths_cm, strict=True):
        column.width = Cm(width)
    for at, row in enumerate(rows):
        cells = table.add_row().cells
        for cell, said, width in zip(cells, row, widths_cm, strict=True):
            cell.width = Cm(width)
            run = cell.paragraphs[0].add_run(_NO_XML.sub("", said))
            run.font.size, run.font.bold = Pt(8), headed and at == 0
            cell.paragraphs[0].paragraph_format.space_after = Pt(0)
