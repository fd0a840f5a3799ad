"""Names: how alike two are, and what in them is no name."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from data.schemas import title
from geo.export import FORMULA_STARTS
from geo.quality.clusters import equal_groups
from geo.quality.findings import Finding
from geo.quality.sheets import City, Sheet

_SUFFIX: Final = re.compile(r"(?:集团)?(?:股份)?有限(?:责任)?公司|(?:集团)?公司")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_DISTINCT: Final = re.compile(r"\d+|[东南西北中上下前后左右新老旧大小甲乙丙丁期]|[a-z](?=\d|炉|座|区|栋|$)")
_NUMERALS: Final = str.maketrans("一二三四五六七八九", "123456789")
_PARTIAL: Final = 6  # a shorter name is part of too many others
_MARKUP: Final = re.compile(r"<\s*[a-z/!]|javascript:|\bon[a-z]+\s*=|&#|&lt;", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]")
_SHOWN: Final = 40
_TEXTS: Final = ("name", "supplier", "document", "town", "owner", "land_use")
_SEPARATOR: Final = re.compile(r"(?<!\d)[\s_\-./#]+|[\s_\-./#]+(?!\d)")


def folded(name: str) -> str:
    """Return a name without what people write differently: width, case, marks, the form of the company.

    >>> folded("惠农供热 有限责任公司"), folded("惠农供热（集团）有限公司")
    ('惠农供热', '惠农供热')
    """
    plain = _NOT_WORD.sub("", unicodedata.normalize("NFKC", name).lower())
    return _SUFFIX.sub("", plain) or plain


def alike(first: str, second: str) -> float:
    """Return how alike two folded names are [%]; 0 where their numbers or directions differ.

    >>> alike("供热站1号", "供热站2号"), alike("惠农供热", "惠农供热")
    (0.0, 100.0)
    """
    if first == second:
        return 100.0
    one, two = first.translate(_NUMERALS), second.translate(_NUMERALS)
    if _DISTINCT.findall(one) != _DISTINCT.findall(two):
        return 0.0
    likeness = fuzz.token_sort_ratio(one, two)
    if min(len(one), len(two)) >= _PARTIAL:
        likeness = max(likeness, fuzz.partial_ratio(one, two))
    return float(likeness)


def _folded_id(identifier: str) -> str:
    plain = unicodedata.normalize("NFKC", identifier).lower()
    return _SEPARATOR.sub("", plain)


def _ids_alike(sheet: Sheet) -> list[Finding]:
    keys = np.array([_folded_id(one) for one in sheet.ids], dtype=object)
    return [
        sheet.doubt("ids_alike", "question", at, ids="、".join(str(one) for one in sheet.ids[at][:6]))
        for at in equal_groups(keys)
    ]


def _village_twice(sheet: Sheet) -> list[Finding]:
    towns, town, names = sheet.words("town_code"), sheet.words("town"), sheet.words("name")
    keys = np.full(len(sheet), None, dtype=object)
    for at, name in enumerate(names):
        place = towns[at] or town[at]
        keys[at] = f"{place} {folded(name)}" if place and name else None
    return [
        sheet.doubt("village_twice", "question", at, name=names[at[0]], town=str(town[at[0]] or towns[at[0]]))
        for at in equal_groups(keys)
    ]


def _contents(sheet: Sheet) -> list[Finding]:
    """Report text that is no plain name: it is shown as text everywhere, and nothing of it is run."""
    found: list[Finding] = []
    for column in _TEXTS:
        if column not in sheet.frame:
            continue
        cells = sheet.frame[column].astype("string").fillna("")
        said = pd.Series(cells.unique(), dtype=object)
        tests = {
            "name_markup": said[[_MARKUP.search(one) is not None for one in said]],
            "name_formula": said[[one.startswith(FORMULA_STARTS) and len(one) > 1 for one in said]],
            "name_control": said[[_CONTROL.search(one) is not None for one in said]],
        }
        for rule_name, hits in tests.items():
            mask = cells.isin(list(hits)).to_numpy(dtype=bool)
            if mask.any():
                shown = _CONTROL.sub("�", str(cells[mask].iloc[0]))[:_SHOWN]
                heading = title(sheet.layer, column)
                found += sheet.whole(rule_name, "note", mask, column=heading, example=shown)
    return found


def examine_names(city: City) -> list[Finding]:
    """Find identifiers and village names that stand twice, and text that is no name."""
    found: list[Finding] = []
    for sheet in city.sheets.values():
        found += _ids_alike(sheet) + _contents(sheet)
    villages = city.get("villages")
    return found + (_village_twice(villages) if villages else [])
