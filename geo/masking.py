"""Personal data hidden before a layer leaves the bureau: names, telephone and identity numbers, bank cards, homes.

What a column is called tells names, addresses and numbers without a form of their own; mobile, identity and card
numbers are found in any text by their form and check digits, so that codes of villages, firms and boilers stay whole.
An identity number with a wrong check figure is hidden too, but for columns of codes. What a list of faults quotes is
hidden by the column that the fault is about.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, Final, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from data.catalog import DATA_DIR, LANGUAGES, label, text
from geo.vocabulary import normalise

Frame = TypeVar("Frame", bound=pd.DataFrame)
Hide = Callable[[str], str]

KINDS: Final = ("name", "phone", "identity", "bank", "address")
_HALF: Final = {ord(full): half for full, half in zip("０１２３４５６７８９Ｘｘ－（）", "0123456789Xx-()", strict=True)}
_APART: Final = re.compile(r"[/／、，,和及与\s()（）_\-.:：]+")
_COUNTED: Final = re.compile(r"\s*\(\d+\)$")
_CODE: Final = re.compile(r"(?:代码|编码|编号|注册号|信用码|宗地号|digest|sha256|_id|_code|^id|^fid)$")
_MEASURE: Final = re.compile(
    r"(?:_(?:m|m2|km|km2|mm|mw|kw|kwh|kwh_kw|gj|t|t_h|kva|deg|yuan)|\((?!\d)[^)]*\)|（[^）]*）|金额|面积|电量|投资|费用)$",
    re.IGNORECASE,
)
# Provinces of GB/T 2260 with 91, of foreigners' permanent residence cards.
_PROVINCES: Final = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83, 91]
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FOREIGN: Final = 91  # of residence cards, and of the credit codes of all companies
_FREE: Final = r"(?:(?<![0-9A-Za-z_])|(?<=[Tt][Ee][Ll])|(?<=[Pp]hone))(?<!\d\.)"
_END: Final = r"(?![0-9A-Za-z_])(?!\.\d*[1-9])"
_IDENTITY: Final = re.compile(rf"{_FREE}\d{{6}}[ -]?(?:\d{{8}}[ -]?\d{{3}}[\dXx]|\d{{9}}){_END}")
_CARD: Final = re.compile(rf"{_FREE}(?:62|9558|4\d|5\d)(?:[ -]?\d){{12,17}}{_END}")
_MOBILE: Final = re.compile(rf"{_FREE}(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{{4}}){{2}}{_END}")
_LANDLINE: Final = re.compile(rf"{_FREE}(?:\(?0\d{{2,3}}\)?[ -]\d{{7,8}}|\(0\d{{2,3}}\)\d{{7,8}}|0952\d{{7}}){_END}")
_SHORTEST: Final = 1_000_000  # a local telephone number has 7 figures
_LONG: Final = re.compile(r"\d(?:[ -]?[\dXx]){6,}")
_ANY: Final = re.compile(r"\d(?:[ ()-]*\d){9}")
_HAN: Final = r"[\u3400-\u9fff\U00020000-\U0003ffff·]"
_GAP: Final = r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]"
_PERSON: Final = re.compile(rf"{_HAN}+(?:{_GAP}+{_HAN}+)*|[A-Za-z]{{2,}}")
_BLANKS: Final = re.compile(rf"({_GAP}+)")
_FIRM: Final = re.compile(
    r".{2,}(?:公司|集团|工厂|.厂|局|委员会|村委会|居委会|政府|街道办|办事处|学校|小学|中学|大学|幼儿园|医院|卫生院|卫生室|中心|银行|"
    r"合作社|供热站|热力站|所|队|部|协会|基金会|管委会)$"
)
_FOREIGN_FIRM: Final = re.compile(r"\b(?:co|ltd|corp|inc|llc|plc|group|company|energy|power|bureau)\b", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"\d|[一二三四五六七八九十百零〇两]+(?=[组队号栋幢楼层室户排巷单门])")


@dataclass(frozen=True, slots=True)
class Masked:
    """A frame without personal data, and how many cells of each column were changed for it."""

    frame: pd.DataFrame
    counts: dict[str, int]


@cache
def _private() -> tuple[tuple[str, str], ...]:
    with (DATA_DIR / "vocabulary" / "private.csv").open(encoding="utf-8", newline="") as file:
        return tuple((normalise(row["name"]), row["kind"]) for row in csv.DictReader(file))


def kinds(column: object) -> set[str]:
    """Return what kinds of personal data a column holds by its name, some of `KINDS`.

    Headers that name several things (``联系人/电话``) and those with a word before (``村级联系人``) are known.

    >>> sorted(kinds("联系人/电话")), kinds("单位名称"), kinds("责任单位")
    (['name', 'phone'], set(), set())
    """
    words = _private()
    header = normalise(_COUNTED.sub("", str(column)))
    said = {part for part in (*_APART.split(header), header) if part}
    return {
        kind for word, kind in words for part in said if part == word or (not word.isascii() and part.endswith(word))
    }


def _starred(said: str, first: int, last: int) -> str:
    """Keep the first and last figures of a number and put a star for each between; signs between them stay."""
    places = [at for at, sign in enumerate(said) if sign.isalnum()]
    hidden = set(places[first : len(places) - last])
    return "".join("*" if at in hidden else sign for at, sign in enumerate(said))


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        return 1880 <= date(year, month, day).year <= date.today().year  # noqa: DTZ011 a birthday has no time zone
    except ValueError:
        return False


def is_identity(number: str) -> bool:
    """Tell a citizen's identity number of 18 or 15 figures by province, birthday and, of 18, its check figure.

    References
    ----------
    GB 11643-1999, 公民身份号码; check figure after ISO 7064, MOD 11-2.

    >>> is_identity("11010519491231002X"), is_identity("110105194912310021"), is_identity("91640200MA76XXXXXX")
    (True, False, False)
    """
    if not re.fullmatch(r"\d{17}[\dXx]|\d{15}", number) or int(number[:2]) not in _PROVINCES:
        return False
    if len(number) == 15:
        return _is_date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
    total = sum(weight * int(figure) for weight, figure in zip(_WEIGHTS, number[:17], strict=True))
    right = _CHECKS[total % 11] == number[17].upper()
    return right and _is_date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_credit_code(code: str) -> bool:
    """Tell a unified social credit code by its region and check sign (GB 32100-2015).

    >>> is_credit_code("91640200710653741" + "3"), is_credit_code("916402007106537410")
    (True, False)
    """
    if not re.fullmatch(rf"[{_CREDIT}]{{2}}\d{{6}}[{_CREDIT}]{{10}}", code) or int(code[2:4]) not in {10, *_PROVINCES}:
        return False
    total = sum(_CREDIT.index(sign) * pow(3, at, 31) for at, sign in enumerate(code[:17]))
    return _CREDIT[-total % 31] == code[17]


def _is_mistyped_identity(number: str) -> bool:
    """Tell a number with the province and birthday of an identity number whose check figure alone is wrong."""
    if not re.fullmatch(r"\d{17}[\dXx]", number) or int(number[:2]) not in _PROVINCES - {_FOREIGN}:
        return False
    return _is_date(int(number[6:10]), int(number[10:12]), int(number[12:14])) and not is_credit_code(number.upper())


def is_card(number: str) -> bool:
    """Tell a bank card's number by its length and the check figure of ISO/IEC 7812 (Luhn).

    >>> is_card("6222021001116245702"), is_card("6222021001116245703")
    (True, False)
    """
    if not re.fullmatch(r"(?:62|9558)\d{14,17}|[45]\d{15}", number):
        return False
    doubled = [int(figure) * (1 + at % 2) for at, figure in enumerate(reversed(number))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _figures(said: str) -> str:
    return re.sub(r"[^0-9Xx]", "", said)


def _identity(match: re.Match[str]) -> str:
    number = _figures(match.group())
    personal = is_identity(number) or _is_mistyped_identity(number)
    return _starred(match.group(), 6, 4 if len(number) == 18 else 3) if personal else match.group()


def _sure_identity(match: re.Match[str]) -> str:
    """Hide an identity number of 18 figures among codes, which are made of regions and dates too."""
    number = _figures(match.group())
    return _starred(match.group(), 6, 4) if len(number) == 18 and is_identity(number) else match.group()


def _card(match: re.Match[str]) -> str:
    return _starred(match.group(), 4, 4) if is_card(_figures(match.group())) else match.group()


def _mobile(match: re.Match[str]) -> str:
    ahead = len(_figures(match.group())) - 11
    return _starred(match.group(), 3 + ahead, 4)


def _landline(match: re.Match[str]) -> str:
    area = 4 if _figures(match.group())[1] not in "12" else 3
    return _starred(match.group(), area, 4)


def _long(match: re.Match[str]) -> str:
    length = len(_figures(match.group()))
    return _starred(match.group(), 6 if length >= 15 else 3, 4) if length > 7 else _starred(match.group(), 0, 4)


def _is_firm(said: str) -> bool:
    return len(said) >= 5 and _FIRM.match(said) is not None


def _person(match: re.Match[str]) -> str:
    """Hide names: a letter that stands alone belongs to one name with those beside it (``张 三``, ``欧阳 修``)."""
    parts = _BLANKS.split(match.group())
    words = parts[::2]
    apart = [at for at, word in enumerate(words) if _is_firm(word)]
    for first, last in pairwise([-1, *apart, len(words)]):
        people = range(first + 1, last)
        one = any(len(words[at]) == 1 for at in people)
        for turn, at in enumerate(people):
            kept = 0 if one and turn else 1
            parts[2 * at] = words[at][:kept] + "*" * (len(words[at]) - kept)
    return "".join(parts)


def _by_form(said: str, *, code: bool) -> str:
    """Hide every number in a text that its own form tells as personal; in codes only whole identity numbers."""
    if not _ANY.search(said):
        return said
    shown = _IDENTITY.sub(_sure_identity if code else _identity, said)
    if code:
        return shown
    for pattern, hide in ((_CARD, _card), (_MOBILE, _mobile), (_LANDLINE, _landline)):
        shown = pattern.sub(hide, shown)
    return shown


def _respelled(said: str, hide: Hide) -> str:
    """Let full-width figures be read as plain ones; a text without anything to hide stays letter by letter."""
    plain = said.translate(_HALF)
    shown = hide(plain)
    return said if shown == plain else shown


@lru_cache(maxsize=512)
def _hider(*columns: str) -> Hide:
    """Return what hides personal data in texts of a column, by all the names that it has."""
    found = {kind for column in columns for kind in kinds(column)}
    code = any(_CODE.search(normalise(column)) for column in columns)

    def hide(said: str) -> str:
        shown = _by_form(said, code=code and not found)
        if found & {"phone", "identity", "bank"}:
            shown = _LONG.sub(_long, shown)
        if "name" in found and not _FOREIGN_FIRM.search(shown):
            shown = _PERSON.sub(_person, shown)
        return _NUMBERED.sub("*", shown) if "address" in found else shown

    return lambda said: _respelled(said, hide)


def _lossy_identity(number: int) -> bool:
    """Tell an identity number that a spreadsheet has kept as a float: its last figures and check are gone."""
    said = str(number)
    dated = len(said) == 18 and _is_date(int(said[6:10]), int(said[10:12]), int(said[12:14]))
    return dated and int(said[:2]) in _PROVINCES


def _typed(cell: Any, hide: Hide) -> Any:
    """Hide a number that was typed as one; what hides nothing stays the number that it is."""
    if not (np.isfinite(cell) and abs(cell) >= _SHORTEST and float(cell).is_integer()):
        return cell
    said = str(int(cell))
    if isinstance(cell, float | np.floating) and _lossy_identity(int(cell)):
        return _starred(said, 6, 4)
    shown = hide(said)
    return cell if shown == said else shown


def _shown(cell: Any, hide: Hide) -> Any:
    """Hide what is personal in a cell of any kind, in lists and structures too."""
    if isinstance(cell, str):
        return hide(cell)
    if isinstance(cell, dict):
        return {key: _shown(value, _hider(str(key)) if kinds(key) else hide) for key, value in cell.items()}
    if isinstance(cell, list | tuple | np.ndarray):
        return [_shown(value, hide) for value in cell]
    number = isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool | np.bool_)
    return _typed(cell, hide) if number else cell


def _differ(new: object, old: object) -> bool:
    return new is not old and (type(new) is not type(old) or str(new) != str(old))


def _as_column(cells: list[Any], like: pd.Series) -> pd.Series:
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    done = pd.Series(values, index=like.index, name=like.name, dtype=object)
    return done.astype(like.dtype) if isinstance(like.dtype, pd.StringDtype) else done


def _changed(column: pd.Series, hide: Hide) -> tuple[pd.Series, int]:
    """Return the column with its cells hidden and how many are; equal texts are looked at once."""
    once = cache(hide)
    cells = column.astype(object).to_list()
    shown = [_shown(cell, once) for cell in cells]
    count = sum(map(_differ, shown, cells))
    return (_as_column(shown, column), count) if count else (column, 0)


def _can_hold(cells: pd.Series, column: object) -> bool:
    """Tell whether a column can hold personal data: it is no measure, truth, time or shape."""
    kind = cells.dtype
    if (
        isinstance(cells, gpd.GeoSeries)
        or pd.api.types.is_bool_dtype(kind)
        or pd.api.types.is_datetime64_any_dtype(kind)
    ):
        return False
    if not pd.api.types.is_numeric_dtype(kind):
        return True
    measure = bool(_MEASURE.search(normalise(column))) and not kinds(column)
    return not measure and bool((cells.abs() >= _SHORTEST).fillna(value=False).any())


def masked_text(said: str, *columns: str) -> str:
    """Return one text without personal data, by all the names of the column that it is of, if it is of one.

    >>> masked_text("张三", "owner", "权利人"), masked_text("张三"), masked_text("电话13812345678")
    ('张*', '张三', '电话138****5678')
    """
    return _hider(*columns)(said)


@cache
def _headers(name: str) -> frozenset[str]:
    return frozenset({name, *(label("column", name, language) for language in LANGUAGES)})


def _quoted(message: object, got: str, shown: str, hide: Hide) -> object:
    """Hide personal data in what a fault says; what it quotes is hidden already."""
    if not isinstance(message, str):
        return message
    for language in LANGUAGES:
        ahead, quote, behind = message.partition(text("fault.got", language, got=got)) if got else (message, "", "")
        if quote:
            return hide(ahead) + text("fault.got", language, got=shown) + hide(behind)
    return hide(message)


def _of_faults(frame: pd.DataFrame) -> dict[int, pd.Series]:
    """Return what a list of faults quotes and says, hidden by the column that each fault is about.

    Such a list has the columns of `data.errors.Fault.as_row` under their own names or their labels.
    """
    named = [str(column) for column in frame.columns]
    at = {one: [n for n, name in enumerate(named) if name in _headers(one)] for one in ("column", "got", "message")}
    if len(at["column"]) != 1 or len(at["got"]) != 1:
        return {}
    about, got = (frame.iloc[:, at[one][0]].astype(object).to_list() for one in ("column", "got"))
    hiders = [_hider(column) if isinstance(column, str) else _hider() for column in about]
    shown = [_shown(cell, hide) for cell, hide in zip(got, hiders, strict=True)]
    done = {at["got"][0]: shown}
    for place in at["message"]:
        told = zip(frame.iloc[:, place].astype(object), got, shown, strict=True)
        done[place] = [_quoted(said, str(quote), str(own), _hider()) for said, quote, own in told]
    return {place: _as_column(cells, frame.iloc[:, place]) for place, cells in done.items()}


def hidden(frame: Frame) -> Masked:
    """Hide personal data and say in how many cells of which columns.

    Parameters
    ----------
    frame : pandas.DataFrame or geopandas.GeoDataFrame
        Any layer or list; it is not changed.

    Returns
    -------
    Masked
        The same rows, columns and shapes. Names keep their first letter (``张*``), telephone numbers the first 3 and
        last 4 figures, identity numbers the first 6 and last 4, cards the first and last 4, home addresses their
        words. Doing it twice changes nothing more.
    """
    done = frame.copy()
    counts: dict[str, int] = {}
    faults = _of_faults(frame)
    for at, column in enumerate(frame.columns):
        cells = frame.iloc[:, at]
        if at in faults:
            shown, count = faults[at], sum(map(_differ, faults[at], cells))
        else:
            shown, count = _changed(cells, _hider(str(column))) if _can_hold(cells, column) else (cells, 0)
        if count:
            counts[str(column)] = counts.get(str(column), 0) + count
            done.isetitem(at, shown)  # type: ignore[arg-type]
    return Masked(done, counts)


def masked(frame: Frame) -> Frame:
    """Return the frame with personal data hidden; see `hidden`."""
    return hidden(frame).frame  # type: ignore[return-value]
