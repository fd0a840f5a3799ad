"""The report as a workbook for the clerk: every doubtful row by its number in the file, with room for an answer."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import xlsxwriter

from data import parameters
from data.catalog import label, text
from data.schemas import IDENTIFIERS, title
from geo.masking import masked_text
from geo.quality.findings import Finding
from geo.quality.report import COLUMNS, cell, positions, table, what
from geo.quality.rules import RULES
from geo.quality.sheets import written

_OPTIONS: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_MOST_ROWS: Final = 1_000_000
_MOST_CHARACTERS: Final = 32_000
_NAMED: Final = ("source_row", "source_file", "id", "name")
_ROW_COLUMNS: Final = (*_NAMED, "severity", "rule", "what", "cells", "mend", "accepted", "opinion")
_WIDTHS: Final = {"what": 60, "cells": 40, "mend": 50, "rule": 24, "name": 28, "opinion": 30, "ids": 30, "key": 12}


def _headings(columns: Sequence[str], language: str) -> list[str]:
    return [text(f"quality.column.{name}", language) for name in columns]


def _cell(value: object) -> object:
    """Return a value as a cell holds it; a text too long for one is cut, and says so."""
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        return value[:_MOST_CHARACTERS] + "…"
    return value


def _sheet(book: Any, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]], language: str) -> None:
    """Write a table under a frozen header with filters; past what a sheet can hold, on further sheets."""
    header = book.add_format({"bold": True, "bg_color": "#E8EEF4", "border": 1})
    for part, start in enumerate(range(0, max(1, len(rows)), _MOST_ROWS)):
        sheet = book.add_worksheet(f"{name} {part + 1}" if part else name)
        some = rows[start : start + _MOST_ROWS]
        for at, heading in enumerate(_headings(columns, language)):
            sheet.write_string(0, at, heading, header)
            sheet.set_column(at, at, _WIDTHS.get(columns[at], 14))
        for turn, row in enumerate(some, start=1):
            for at, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(turn, at, str(_cell(value)))
                elif value is not None:
                    sheet.write_number(turn, at, value)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(some)), len(columns) - 1)


def _said(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "—"
    return written(float(value)) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a report is worded: its language, what a person has accepted, and whether personal data is hidden."""

    language: str
    accepted: Collection[str]
    masked: bool

    def cell(self, finding: Finding, column: str, value: object) -> str:
        return cell(finding, column, _said(value), masked=self.masked and isinstance(value, str))


def _cells(frame: gpd.GeoDataFrame, at: int, finding: Finding, way: _Way) -> str:
    """Write the cells of one row that a finding is about."""
    names = [name for name in RULES[finding.rule].columns if name in frame]
    said = {name: way.cell(finding, name, frame[name].iloc[at]) for name in names}
    return "；".join(f"{title(finding.layer, name, way.language)}={shown}" for name, shown in said.items())


def _layer_rows(findings: Sequence[Finding], frame: gpd.GeoDataFrame | None, way: _Way) -> list[list[object]]:
    where = {} if frame is None else positions(frame, findings[0].layer)
    rows: list[list[object]] = []
    for one in findings:
        severity = text(f"quality.severity.{one.severity}", way.language)
        common = [severity, one.title(way.language), what(one, way.language, masked=way.masked)]
        answer = text("quality.yes" if one.key in way.accepted else "quality.no", way.language)
        sources = one.sources or ("",) * len(one.rows)
        for identifier, row, source in zip(one.ids, one.rows, sources, strict=True):
            at = where.get(identifier)
            cells = "" if frame is None or at is None else _cells(frame, at, one, way)
            known = frame is not None and at is not None and "name" in frame
            name = way.cell(one, "name", frame["name"].iloc[at]) if known and frame is not None else ""
            shown = way.cell(one, IDENTIFIERS[one.layer], identifier)
            file = masked_text(source) if way.masked else source
            rows.append([row, file, shown, name, *common, cells, one.how(way.language), answer, ""])
    return sorted(rows, key=lambda cells: (str(cells[1]), int(str(cells[0]))))


def _limits(rule: str, language: str) -> str:
    said = []
    for name in RULES[rule].limits:
        row = parameters.row(name if "." in name else f"quality.{name}")
        if row is None:
            raise KeyError(name)
        now = parameters.value(row.table, row.name)
        sure = text(f"confidence.{row.confidence}", language)
        shown = row.label_zh if language == "zh" else row.label_en
        unit = "" if row.unit == "1" else f" {row.unit}"
        said.append(f"{shown} {written(now)}{unit}（{row.source}；{sure}）")
    return "；".join(said)


def _about(sources: Mapping[str, str], *, synthetic: bool, language: str) -> list[list[object]]:
    rows: list[list[object]] = (
        [[text("quality.about.data", language), text("app.synthetic_long", language)]] if synthetic else []
    )
    rows += [
        [text("quality.about.rows", language), text("quality.about.rows_text", language)],
        [text("quality.about.severity", language), text("quality.about.severity_text", language)],
        [text("quality.about.opinion", language), text("quality.about.opinion_text", language)],
    ]
    rows += [[label("layer", layer, language), file] for layer, file in sources.items()]
    return [[*row, "", ""] for row in rows] + [
        [text(f"quality.{rule}", language), text(f"quality.{rule}.mend", language), _limits(rule, language), rule]
        for rule in RULES
    ]


def workbook(
    findings: Sequence[Finding],
    frames: Mapping[str, gpd.GeoDataFrame],
    language: str = "zh",
    *,
    sources: Mapping[str, str],
    synthetic: bool,
    accepted: Collection[str] = frozenset(),
    masked: bool = True,
) -> bytes:
    """Return the report as an Excel workbook.

    Parameters
    ----------
    findings : sequence of Finding
        From `examine`.
    frames : mapping
        The layers that were examined.
    language : str
        Of the words.
    sources : mapping
        Layer → name of the file that it came from.
    synthetic : bool
        Whether any of the data is synthetic; then every sheet is of a workbook that says so.
    accepted : collection of str
        Keys of the findings that a person has accepted as they are.
    masked : bool, default True
        Whether personal data is hidden in every cell; see `geo.masking`.

    Returns
    -------
    bytes
        A list of the findings, one sheet a layer with the row numbers of its file and an empty column for the clerk's
        opinion, and a sheet on rules, thresholds and sources. Text is text: nothing is run.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **_OPTIONS}) as book:
        way = _Way(language, accepted, masked)
        listed = table(findings, language, accepted, masked=masked)
        _sheet(book, text("quality.sheet.list", language), COLUMNS, listed.to_numpy(dtype=object).tolist(), language)
        for layer in dict.fromkeys(one.layer for one in findings):
            own = [one for one in findings if one.layer == layer]
            rows = _layer_rows(own, frames.get(layer), way)
            columns = list(_ROW_COLUMNS)
            if not any(one.sources for one in own):
                columns.remove("source_file")
                rows = [[row, *rest] for row, _, *rest in rows]
            _sheet(book, label("layer", layer, language), columns, rows, language)
        files = {layer: masked_text(file) if masked else file for layer, file in sources.items()}
        about = _about(files, synthetic=synthetic, language=language)
        _sheet(book, text("quality.sheet.about", language), ("topic", "about", "limits", "rule_key"), about, language)
    return buffer.getvalue()
