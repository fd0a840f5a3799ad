"""Coordinate columns as ledgers write them: degrees, minutes and seconds in any form, one cell for both, or metres."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.errors import Fault
from geo import cells
from geo.geometry import Mask, finding

Axis = Literal["longitude", "latitude"]
Array = NDArray[np.float64]
Read = tuple[NDArray[np.object_], Mask, list[Fault]]
_Axes = tuple[Array, Array, Mask, list[Fault]]
_KINDS: Final = (("longitude", "latitude"), ("lonlat",), ("easting_m", "northing_m"))
_GLYPHS: Final[dict[int, str]] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{
        ord(glyph): plain for plain, glyphs in (("°", "º˚度"), ("'", "′’‘´`＇分"), ('"', "″”“＂秒")) for glyph in glyphs
    },
    0x3000: " ",
}
_HEMISPHERE: Final = r"(?P<{}>东经|西经|北纬|南纬|[EWNSewns东西北南])?"
_BEFORE, _AFTER = _HEMISPHERE.format("before"), _HEMISPHERE.format("after")
_NUMBER: Final = r"(?P<degrees>[-+]?\d{1,3}(?:\.\d+)?)"
_PART: Final = r"(?P<{}>\d{{1,2}}(?:\.\d+)?)"
_MINUTES, _SECONDS = _PART.format("minutes"), _PART.format("seconds")
_FORMS: Final = (
    re.compile(rf"{_BEFORE}:?\s*{_NUMBER}\s*°?\s*{_AFTER}"),
    re.compile(rf"{_BEFORE}:?\s*{_NUMBER}\s*°\s*{_MINUTES}\s*'?\s*{_AFTER}"),
    re.compile(rf"{_BEFORE}:?\s*{_NUMBER}\s*°\s*{_MINUTES}\s*'\s*{_SECONDS}\s*\"?\s*{_AFTER}"),
    re.compile(rf"{_BEFORE}:?\s*{_NUMBER}(?P<gap>[-: ])\s*{_MINUTES}(?P=gap)\s*{_SECONDS}\s*{_AFTER}"),
)
_LONGEST: Final = 100  # characters of a cell with a place; what is longer is none, and searching it takes minutes
_EAST_WEST: Final = frozenset("EWew东西")
_NEGATIVE: Final = frozenset("WSws西南")
_CHINA: Final[dict[Axis, tuple[float, float]]] = {"longitude": (73.0, 136.0), "latitude": (15.0, 55.0)}


@dataclass(frozen=True, slots=True)
class Angles:
    """A column of longitudes or latitudes.

    Parameters
    ----------
    values : array of float
        Degrees; NaN where nothing usable stood.
    failed : array of bool
        Cells that say something that is no angle.
    said : array of str
        ``longitude`` or ``latitude`` where the cell names its hemisphere, else an empty text.
    """

    values: Array
    failed: NDArray[np.bool_]
    said: NDArray[np.str_]


def angle(cell: str) -> tuple[float, str]:
    """Return the degrees that a cell says and the axis that it names; NaN where it is no angle.

    >>> angle("东经106度23分4.5秒") == angle("106°23′04.5″E") == (106 + 23 / 60 + 4.5 / 3600, "longitude")
    True
    >>> angle("39-01-22")[0] == 39 + 1 / 60 + 22 / 3600, angle("39°65′")
    (True, (nan, ''))
    """
    if len(cell.strip()) > _LONGEST:
        return float("nan"), ""
    folded = cell.strip().translate(_GLYPHS).replace("''", '"')
    match = next(filter(None, (form.fullmatch(folded) for form in _FORMS)), None)
    if match is None:
        return float("nan"), ""
    said = match.groupdict()
    parts = [said.get(name) for name in ("degrees", "minutes", "seconds")]
    given = [part for part in parts if part is not None]
    minutes, seconds = float(parts[1] or 0), float(parts[2] or 0)
    signs = (said["before"] or "")[:1] + (said["after"] or "")[:1]
    broken = minutes >= 60 or seconds >= 60 or any("." in part for part in given[:-1])
    if broken or len(signs) > 1 or (signs and given[0][0] in "+-"):
        return float("nan"), ""
    degrees = float(given[0])
    negative = given[0].startswith("-") or bool(set(signs) & _NEGATIVE)
    size = abs(degrees) + minutes / 60 + seconds / 3600
    axis = "" if not signs else "longitude" if signs in _EAST_WEST else "latitude"
    return -size if negative else size, axis


def parse(column: pd.Series) -> Angles:
    """Read a column of angles, each cell by itself: decimal degrees, or degrees, minutes and seconds.

    Parameters
    ----------
    column : pandas.Series
        Cells as they were read.
    """
    plain, open_cells = cells.numbers(column, unit="°")
    values = plain.to_numpy(dtype=float, copy=True)
    failed = np.zeros(len(column), dtype=bool)
    said = np.full(len(column), "", dtype="<U9")
    words = column.astype(str).to_numpy()
    for at in open_cells:
        values[at], said[at] = angle(words[at])
        failed[at] = np.isnan(values[at])
    return Angles(values, failed, said)


def packed(values: Array, axis: Axis) -> Array | None:
    """Read numbers such as 1062304.5 as degrees, minutes and seconds run together, if they can be nothing else.

    Parameters
    ----------
    values : array of float
        Numbers of a longitude or latitude column; NaN where none stands.
    axis : {"longitude", "latitude"}
        Which it is.

    Returns
    -------
    array of float or None
        Degrees; None unless every number has minutes and seconds below 60 and leads to China.

    >>> float(packed(np.array([1062304.5]), "longitude")[0]) == 106 + 23 / 60 + 4.5 / 3600
    True
    >>> packed(np.array([1066304.5]), "longitude") is None
    True
    """
    known = np.isfinite(values)
    rounded = np.round(np.where(known, values, 0.0), 6)
    whole, minutes, seconds = rounded // 10_000, rounded // 100 % 100, rounded % 100
    least, most = _CHINA[axis]
    fits = (minutes < 60) & (seconds < 60) & (whole >= least) & (whole < most)
    if not known.any() or not fits[known].all():
        return None
    return np.where(known, whole + minutes / 60 + seconds / 3600, np.nan)


def looks_packed(values: Array, axis: Axis) -> bool:
    """Tell whether most numbers have the size of degrees, minutes and seconds run together."""
    known = values[np.isfinite(values)]
    least, most = (10_000 * limit for limit in _CHINA[axis])
    return bool(len(known)) and bool(((known >= least) & (known < most)).mean() > 0.5)


def pair(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Split cells such as ``106.38,39.03`` in two; a cell that is not two parts is kept whole, to be reported.

    >>> [part.tolist() for part in pair(pd.Series(["106.38，39.03", "(106.38 39.03)", "106.38"]))]
    [['106.38', '106.38', '106.38'], ['39.03', '39.03', '106.38']]
    """
    empty = cells.is_empty(column)
    split = [_two(str(cell).strip().strip("()（）[]【】")) for cell in column]
    first, second = ([None if blank else two[at] for two, blank in zip(split, empty, strict=True)] for at in (0, 1))
    return pd.Series(first, index=column.index, dtype=object), pd.Series(second, index=column.index, dtype=object)


def _two(cell: str) -> tuple[str, str]:
    for separator in () if len(cell) > _LONGEST else (r"\s*[,，、;；]\s*", r"\s+"):
        parts = re.split(separator, cell.strip())
        if len(parts) == 2 and all(parts):
            return parts[0], parts[1]
    return cell, cell


def kind_of(frame: pd.DataFrame, places: dict[str, str]) -> tuple[str, ...]:
    """Return which of our coordinate columns to read: the first kind that says anything in this file."""
    kinds = [kind for kind in _KINDS if set(kind) <= places.keys()]
    filled = [kind for kind in kinds if all(not cells.is_empty(frame[places[name]]).all() for name in kind)]
    return next(iter(filled or kinds), ())


def _failures(frame: pd.DataFrame, failed: Mask, rule: str, column: str, *, expected: str = "°") -> list[Fault]:
    """Report cells, one finding for each distinct content."""
    words: NDArray[np.object_] = frame[column].astype(str).to_numpy()
    faults: list[Fault] = []
    for got in pd.unique(words[failed]):
        mask = failed & (words == got)
        faults += finding(frame, mask, rule, "row_set_aside", column=column, expected=expected, got=str(got)[:80])
    return faults


def _degrees(frame: pd.DataFrame, said: tuple[pd.Series, pd.Series], names: tuple[str, str]) -> _Axes:
    """Read longitudes and latitudes as decimals or degrees, minutes and seconds."""
    read = [parse(column) for column in said]
    crossed = [one.said == other for one, other in zip(read, ("latitude", "longitude"), strict=True)]
    named = [one.said != "" for one in read]
    if all((cross == tells).all() and tells.any() for cross, tells in zip(crossed, named, strict=True)):
        crossed = [np.zeros(len(frame), dtype=bool)] * 2  # the whole file is exchanged, which is seen by its numbers
    faults: list[Fault] = []
    axes = []
    reported = np.zeros(len(frame), dtype=bool)
    for one, cross, name in zip(read, crossed, names, strict=True):
        faults += _failures(frame, one.failed, "not_a_number", name)
        faults += _failures(frame, cross, "angle_axis", name)
        reported |= one.failed | cross
        axes.append(np.where(cross, np.nan, one.values))
    file, layer = frame.attrs["file"], frame.attrs["layer"]
    if looks_packed(axes[0], "longitude") and looks_packed(axes[1], "latitude"):
        apart = packed(axes[0], "longitude"), packed(axes[1], "latitude")
        got = f"{np.nanmedian(axes[0]):g}, {np.nanmedian(axes[1]):g}"
        if apart[0] is None or apart[1] is None:
            faults.append(Fault(rule="angles_unclear", effect="refused", file=file, layer=layer, got=got))
        else:
            axes = [apart[0], apart[1]]
            faults.append(Fault(rule="angles_packed", effect="repaired", file=file, layer=layer, got=got))
    return axes[0], axes[1], reported, faults


def _metres(frame: pd.DataFrame, places: dict[str, str]) -> _Axes:
    axes, faults, reported = [], [], np.zeros(len(frame), dtype=bool)
    for name in ("easting_m", "northing_m"):
        column = frame[places[name]]
        parsed, at = cells.numbers(column, unit="m")
        failed = np.zeros(len(frame), dtype=bool)
        failed[at] = True
        faults += _failures(frame, failed, "not_a_number", places[name], expected="m")
        reported |= failed
        axes.append(parsed.to_numpy(dtype=float))
    return axes[0], axes[1], reported, faults


def points(frame: pd.DataFrame, places: dict[str, str], kind: tuple[str, ...]) -> Read:
    """Build points from coordinate columns; cells that are no coordinates are reported by content.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``source_row`` and, in ``attrs``, ``file`` and ``layer``.
    places : dict
        Our names of coordinate columns → the file's.
    kind : tuple of str
        Which of them to read (`kind_of`).

    Returns
    -------
    tuple
        Points in the file's own numbers, longitude or easting first; the rows whose cells cannot be read; faults.
    """
    if kind == ("easting_m", "northing_m"):
        x, y, reported, faults = _metres(frame, places)
    elif kind == ("lonlat",):
        name = places["lonlat"]
        x, y, reported, faults = _degrees(frame, pair(frame[name]), (name, name))
    else:
        names = places["longitude"], places["latitude"]
        x, y, reported, faults = _degrees(frame, (frame[names[0]], frame[names[1]]), names)
    # 0, 0 lies in the Gulf of Guinea: it is how ledgers write a place that they do not know.
    known = ~(np.isnan(x) | np.isnan(y) | ((x == 0) & (y == 0)))
    shapes = np.full(len(frame), None, dtype=object)
    shapes[known] = shapely.points(x[known], y[known])
    return shapes, reported, faults
