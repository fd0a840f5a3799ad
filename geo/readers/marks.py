"""Rows of a ledger that are no records: totals, repeated headers, notes; and totals that do not add up."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from data.errors import Effect
from geo.vocabulary import is_place, normalise

Table = list[list[Any]]
Disagreement = tuple[str, Effect, int, str, str, str]

_TOTAL: Final = re.compile(
    r"^(?:[(（]?)(合计|总计|共计|小计|累计|总合计|总和|合计数|total|subtotal|grandtotal|sum)[)）]?[:：]?$"
)
_PARTIAL: Final = ("小计", "subtotal")
_TOTAL_OF: Final = re.compile(
    r"^(?:全|本|各|.{1,12}(?=[市县区省镇乡村页表类]|街道|园区|社区|部分|[)）一二三四五六七八九十]))?"
    r"(?:[市县区省镇乡村页表类]|街道|园区|社区|部分|[一二三四五六七八九十])?(合计|总计|小计|累计|共计)[:：]?$"
)
_NOTE: Final = re.compile(
    r"^(?:(?:注|备注|附注|说明|填表说明|填报说明|编制说明|指标解释|填表人|填报人|制表人|制表|审核人|审核|复核人?|负责人"
    r"|单位负责人|分管领导|主要领导|联系人|联系电话|电话|填报单位|填表单位|填报时间|填表时间|填报日期|填表日期|制表日期"
    r"|报送时间|数据来源|资料来源|单位\(盖章\)|盖章)\d*[:：]|注\d*[.、)]|(?:填表|填报|编制)说明$)"
)
_ITEM: Final = re.compile(r"^(?:\(?[\d一二三四五六七八九十]+[.、)：:])")
_NUMBER: Final = re.compile(r"^[约≈共计]*[-+]?\d[\d,]*(?:\.\d+)?\D{0,3}$")
_PURE: Final = re.compile(r"^[-+]?\d[\d,]*(?:\.\d+)?$")
_NOT_ADDED: Final = re.compile(
    r"序号|率|比|%|年|时间|日期|编号|代码|编码|证|电话|号$|经度|纬度|坐标|高度|距离|均|单位面积|温|压|坡度|朝向|角|管径|dn|层|lon|lat|id$|^x$|^y$"
)
_GROUP: Final = re.compile(
    r"^(?:(?:第?[一二三四五六七八九十]+[、.．:部类]|\([一二三四五六七八九十]+\)).+|其中:?|.{1,12}(?:[市县区镇乡]|街道|办事处|园区|开发区))$"
)
_ORDINAL: Final = re.compile(r"^\(?[一二三四五六七八九十]+\)?[、.]?$")
_LEAST_COLUMNS: Final = 3  # in a table of two columns a single cell is no sign
_OTHER_WORDS: Final = 1
_LEAST_REPEATED: Final = 2


def _words(row: Sequence[Any]) -> dict[int, str]:
    """Return the cells of a row that hold words: no number, no dash."""
    folded = {at: normalise(cell) for at, cell in enumerate(row) if isinstance(cell, str)}
    return {at: word for at, word in folded.items() if any(sign.isalnum() for sign in word) and not _NUMBER.match(word)}


def _total_word(row: Sequence[Any], places: list[int]) -> str:
    """Return the word that makes a row one of totals, or none: no name that merely holds such a word is one.

    A record has a position or words of its own; totals have a label, perhaps that of their group, and numbers.
    """
    if places and all(row[at] is not None for at in places):
        return ""
    words = _words(row)
    for at, said in words.items():
        word = _ITEM.sub("", said)
        plain, others = _TOTAL.match(word), len(words) - 1
        if plain and others <= _OTHER_WORDS:
            return plain.group(1)
        of = _TOTAL_OF.match(word)
        if of and not others and at <= min(words):
            return of.group(1)
    return ""


def _is_note(said: Sequence[Any], *, after: bool) -> bool:
    first = normalise(said[0]) if said else ""
    if _NOTE.match(first):
        return sum(bool(_NOTE.match(normalise(cell))) for cell in said) * 2 >= len(said)
    return after and len(said) == 1 and (bool(_ITEM.match(first)) or len(first) > len("最多十二个字的名称除外"))


def _is_group(row: Sequence[Any], places: list[int], said: Sequence[Any]) -> bool:
    """Tell a heading between records: a numbered or a district's name alone, or a Chinese numeral and a name."""
    if len(row) < _LEAST_COLUMNS or len(said) not in (1, 2) or any(row[at] is not None for at in places):
        return False
    form = _GROUP if len(said) == 1 else _ORDINAL
    return form.match(normalise(said[0])) is not None


def _repeats(said: Sequence[Any], above: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether cells are those of a row above; most differ in the first already."""
    alike = [head for head in above if len(head) == len(said) >= _LEAST_REPEATED and head[0] == normalise(said[0])]
    return any(head == tuple(map(normalise, said)) for head in alike)


def mark(
    table: Table, names: Sequence[str], *, above: Sequence[Sequence[Any]], numbering: int | None
) -> dict[str, tuple[int, ...]]:
    """Return the rows below the header that are no records, by the rule that says why.

    Parameters
    ----------
    table : list of lists
        Rows below the header, as wide as `names`.
    names : sequence of str
        Names of the columns.
    above : sequence of sequences
        Rows of the title and the header as they stand, which printed ledgers repeat on every page.
    numbering : int, optional
        Position of the row that numbers the columns.
    """
    kinds = ("row_total", "row_repeated_header", "row_note", "row_column_numbers", "row_group")
    found: dict[str, list[int]] = {kind: [] for kind in kinds}
    places = [at for at, name in enumerate(names) if is_place(name)]
    heads = [tuple(normalise(cell) for cell in row if cell is not None) for row in above]
    titles = {head[0] for head in heads if len(head) == 1}
    after = False
    for at, row in enumerate(table):
        said = [cell for cell in row if cell is not None]
        if at == numbering:
            found["row_column_numbers"].append(at)
        elif _repeats(said, heads) or (len(said) == 1 and normalise(said[0]) in titles):
            found["row_repeated_header"].append(at)
        elif _total_word(row, places):
            found["row_total"].append(at)
        elif _is_note(said, after=after):
            found["row_note"].append(at)
            after = True
        else:
            after = False
            if _is_group(row, places, said):
                found["row_group"].append(at)
    return {rule: tuple(rows) for rule, rows in found.items() if rows}


def _plain_number(cell: object) -> float | None:
    """Return the number of a cell; None where it holds none, NaN where it holds something that cannot be added."""
    if cell is None or isinstance(cell, bool):
        return None if cell is None else math.nan
    if isinstance(cell, int | float):
        return float(cell)
    word = normalise(cell).lstrip("约≈")
    if not any(sign.isalnum() for sign in word) or word == "无":
        return None
    return float(word.replace(",", "")) if _PURE.match(word) else math.nan


def _decimals(cell: object) -> int:
    return len(str(cell).partition(".")[2]) if isinstance(cell, str) or float(str(cell)) % 1 else 0


def disagreements(table: Table, names: Sequence[str], marked: dict[str, tuple[int, ...]]) -> list[Disagreement]:
    """Return the totals that no sum of their rows gives: rule, effect, position, column, expected and got.

    A total may stand above or below its rows and cover its group or all: it agrees if it is any of those sums to the
    decimals that it is written with, or the number of those rows. Columns with a cell that is no plain number are
    left alone, as are those that nobody adds: years, codes, shares, positions.
    """
    totals = marked.get("row_total", ())
    aside = {at for rows in marked.values() for at in rows}
    found: list[Disagreement] = []
    for column, name in enumerate(names):
        if not totals or _NOT_ADDED.search(normalise(name)):
            continue
        numbers = {at: _plain_number(row[column]) for at, row in enumerate(table) if at not in aside}
        if any(value is not None and math.isnan(value) for value in numbers.values()):
            continue
        for at in totals:
            got = _plain_number(table[at][column])
            if got is None or math.isnan(got):
                continue
            partial = _total_word(table[at], []) in _PARTIAL
            sums = _sums(at, totals, numbers, partial=partial)
            slack = 0.5 * 10.0 ** -_decimals(table[at][column]) + 1e-9 * abs(got)
            if sums and not any(abs(got - one) <= slack for pair in sums for one in pair):
                own = _nearest([one for one, _ in sums[:-1] or sums], got) if partial else sums[0][0]
                found.append(("total_disagrees", "noted", at, name, f"{own:.10g}", f"{got:.10g}"))
    return found


def _nearest(sums: Sequence[float], got: float) -> float:
    return min(sums, key=lambda one: abs(one - got))


def _sums(
    at: int, totals: Sequence[int], numbers: dict[int, float | None], *, partial: bool
) -> list[tuple[float, float]]:
    """Return sum and count of what a total may be of, its group above or below it or all, the likeliest first."""
    before = max((one for one in totals if one < at), default=-1)
    behind = min((one for one in totals if one > at), default=math.inf)
    up = {one: value for one, value in numbers.items() if before < one < at}
    down = {one: value for one, value in numbers.items() if at < one < behind}
    groups = [up or down, down or up, numbers] if partial else [numbers, up, down]
    return [(math.fsum(value for value in one.values() if value is not None), float(len(one))) for one in groups if one]
