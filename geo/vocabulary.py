"""Foreign column names and coded values, translated once by the tables of data/vocabulary."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

import pandas as pd

from data.catalog import DATA_DIR, LAYERS
from data.schemas import IDENTIFIERS, allowed, data_columns, schema

GEOMETRY_COLUMNS: Final = ("longitude", "latitude", "lonlat", "easting_m", "northing_m", "wkt")
_GLYPHS: Final = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {"㎡": "m2", "㎥": "m3", "㎞": "km", "㎝": "cm", "㎜": "mm", "㎾": "kw", "º": "°", "【": "[", "】": "]"}
    | dict.fromkeys(" \t\r\n\u00a0\u200b\u3000\ufeff")
)
_DIMENSIONS: Final = {
    "capacity_t_h": ("steam", "power"),
    "dn_mm": ("diameter",),
    "longitude": ("angle",),
    "latitude": ("angle",),
    "households": ("households",),
    "floors": ("storeys",),
    "year_built": ("years",),
    "year_planned": ("years",),
    "year_renewal": ("years",),
    "energy_year": ("years",),
    "people": ("persons",),
    "base_people": ("persons",),
}
YEARS: Final = frozenset(column for column, said in _DIMENSIONS.items() if said == ("years",))
"""Columns that hold a year."""
DATES: Final = frozenset({"valid_from", "valid_to", "permitted"})
"""Columns that hold a date, or as much of it as is known."""
_SUFFIXES: Final = {
    "_yuan": "money",
    "_tce": "coal_equivalent",
    "_t": "mass",
    "_gj": "energy",
    "_m2": "area",
    "_mw": "power",
    "_kva": "apparent",
    "_m": "length",
    "_deg": "angle",
}
_CODED_AS: Final = {"former_source": "heat_source"}
_BRACKETED: Final = re.compile(r"^(.+?)[(\[]([^()\[\]]*)[)\]]$")
_LONGEST_UNIT: Final = 20  # characters, with the words "计量单位:" before it
_LONGEST_NAME: Final = 200  # characters; what is longer is no header
_ANY_TABLE: Final = frozenset({"id", "fid", "code", "编号", "代码"})
_MARKS: Final = re.compile(r"^[*★]+|[*★:]+$")
_TWIN: Final = re.compile(r"\s\((?:[2-9]|[1-9]\d+)\)\s*$")  # what a reader adds to a header that comes again
_REMARK: Final = re.compile(r"必填|选填|可选|\d+位|全称|是/否|是否|.*[/、].*")


def normalise(name: object) -> str:
    """Fold what people write differently: case, spaces, full-width signs, unit glyphs.

    Raised digits stay as they are but for those of m² and m³: 10⁴ is not 104.
    """
    folded = str(name).strip().translate(_GLYPHS).lower()
    return folded.replace("m²", "m2").replace("m³", "m3") if "²" in folded or "³" in folded else folded


def once(name: str) -> str:
    """Return a header without the number that tells it from an earlier one of the same words.

    >>> once("容量(t/h) (2)"), once("容量(2)")
    ('容量(t/h)', '容量(2)')
    """
    return _TWIN.sub("", name)


@cache
def _columns() -> dict[str, dict[str, tuple[str, str]]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "columns.csv", dtype=str, keep_default_na=False)
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for layer, column, foreign, unit in table.itertuples(index=False):
        found[layer][normalise(foreign)] = (column, unit)
    for layer in LAYERS:
        for column in data_columns(layer):
            field = schema(layer).columns[column]
            for own in (field.title, field.description):
                said = _BRACKETED.match(normalise(own))
                unit = unit_of(said.group(2), dimensions(column)) if said else ""
                found[layer].setdefault(normalise(own), (column, unit))
    return dict(found)


@cache
def _values() -> dict[tuple[str, str], dict[str, str]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "values.csv", dtype=str, keep_default_na=False)
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for layer, column, foreign, value in table.itertuples(index=False):
        found[layer, column][normalise(foreign)] = value
    return dict(found)


def known_names(layer: str) -> dict[str, str]:
    """Return every foreign name that a layer knows, folded, with our column."""
    return {name: column for name, (column, _) in _columns().get(layer, {}).items()}


@cache
def _units() -> dict[str, dict[str, tuple[str, float]]]:
    table = pd.read_csv(DATA_DIR / "vocabulary" / "units.csv", dtype=str, keep_default_na=False)
    found: dict[str, dict[str, tuple[str, float]]] = defaultdict(dict)
    for dimension, unit, spelling, factor, _ in table.itertuples(index=False):
        found[dimension][normalise(spelling)] = (unit, float(factor))
    return dict(found)


def unit_factors(dimension: str) -> dict[str, float]:
    """Return every folded spelling of a dimension's units with its size in the dimension's first unit.

    Dimensions are those of data/vocabulary/units.csv: area [m²], steam [t/h], power [MW], apparent [kVA], length [m],
    diameter [mm], angle [°], households, storeys and others that no column of ours has.
    """
    return {spelling: factor for spelling, (_, factor) in _units()[dimension].items()}


def dimensions(column: str) -> tuple[str, ...]:
    """Return the dimensions that a unit of one of our columns may have; none for words and codes."""
    of_suffix = (dimension for suffix, dimension in _SUFFIXES.items() if column.endswith(suffix))
    return _DIMENSIONS.get(column) or tuple(of_suffix)[:1]


def unit_of(spelling: str, fitting: Iterable[str] | None = None) -> str:
    """Return the unit that a spelling names in one of the `fitting` dimensions, in any if none is given, or none."""
    table, folded = _units(), normalise(spelling)
    return next((table[one][folded][0] for one in (table if fitting is None else fitting) if folded in table[one]), "")


def base_unit(column: str) -> str:
    """Return the unit that one of our columns is stored in, or none for words and codes.

    >>> base_unit("heated_area_m2"), base_unit("capacity_t_h"), base_unit("households"), base_unit("name")
    ('m2', 't/h', '户', '')
    """
    return next((unit for one in dimensions(column) for unit, _ in _units()[one].values()), "")


def units_for(column: str) -> list[str]:
    """Return the units that one of our columns may be given in."""
    return list(dict.fromkeys(unit for one in dimensions(column) for unit, _ in _units()[one].values()))


@lru_cache(maxsize=8192)
def split_header(name: str) -> tuple[tuple[str, str], ...]:
    """Return every way to part a header into its words and the spelling of a unit, folded, the likeliest first.

    >>> split_header("供热面积（万㎡）")[0], split_header("容量/蒸吨")[0], split_header("供热面积 单位：亩")[0]
    (('供热面积', '万m2'), ('容量', '蒸吨'), ('供热面积', '亩'))
    """
    folded = _MARKS.sub("", normalise(once(name[:_LONGEST_NAME])))
    inner = _BRACKETED.match(folded)
    if inner:
        said = inner.group(2).removeprefix("计量").removeprefix("单位").removeprefix(":")
        return ((inner.group(1), said),) if unit_of(said) else ()
    found = []
    for at in range(max(1, len(folded) - _LONGEST_UNIT), len(folded)):
        said = re.sub(r"^[/_,\-:;|·]?(?:计?量?单位:)?", "", folded[at:])
        base = folded[:at].rstrip("/_,-:;|·")
        if unit_of(said) and base:
            found.append((base, said))
    return tuple(dict.fromkeys(found))


def _plain(known: dict[str, tuple[str, str]], name: str) -> str | None:
    """Return the folded name that the vocabulary has for a header: its marks and remarks do not count."""
    folded = _MARKS.sub("", normalise(name))
    for candidate in (normalise(name), folded, folded.replace("·", "")):
        if candidate in known:
            return candidate
    remark = _BRACKETED.match(folded)
    if remark and remark.group(1) in known and _REMARK.fullmatch(remark.group(2)) and not unit_of(remark.group(2)):
        return remark.group(1)
    return None


def _resolved(layer: str, name: str) -> tuple[str, str, str, str] | None:
    """Return the vocabulary's name for a header, our column, the unit, and the unit that does not fit it."""
    return None if len(name) > _LONGEST_NAME else _looked_up(layer, once(name))


@lru_cache(maxsize=65536)
def _looked_up(layer: str, name: str) -> tuple[str, str, str, str] | None:
    known = _columns().get(layer, {})
    plain = _plain(known, name)
    if plain is not None:
        return plain, *known[plain], ""
    for base, said in split_header(name):
        found = _plain(known, base)
        if found is None:
            continue
        ours = known[found][0]
        unit = unit_of(said, dimensions(ours))
        return (found, ours, unit, "") if unit else (found, ours, "", said)
    return None


def states_unit(layer: str, name: str) -> bool:
    """Tell whether a known header states its unit itself, fitting or not, so that nothing else may lend it one."""
    name = once(name)
    found = _resolved(layer, name)
    if found is None:
        return False
    plain, ours, _, misfit = found
    fitting = dimensions(ours)
    if misfit or plain not in (normalise(name), normalise(name).replace("·", "")) or dimensions(plain):
        return True
    written = any(unit_of(said, fitting) for _, said in split_header(plain))
    return written or any(len(word) > 1 and word in plain for one in fitting for word in unit_factors(one))


def is_known(name: str) -> bool:
    """Tell whether any layer knows a column of this name, whatever its unit."""
    return any(_resolved(layer, name) for layer in LAYERS)


def is_place(name: str) -> bool:
    """Tell whether a column of this name holds positions in any layer."""
    found = (_resolved(layer, name) for layer in LAYERS)
    return any(entry is not None and entry[1] in GEOMETRY_COLUMNS for entry in found)


def is_quantity(name: str) -> bool:
    """Tell whether a column of this name holds amounts, which a cell for several rows would count several times."""
    found = [entry for layer in LAYERS if (entry := _resolved(layer, name))]
    ours = {one for entry in found for one in dimensions(entry[1])}
    units = {one for _, said in split_header(name) for one in _units() if normalise(said) in _units()[one]}
    return bool((ours | units) - {"angle", "years", "share", "length", "diameter", "storeys"})


def misfits(layer: str, names: list[str]) -> dict[str, tuple[str, str]]:
    """Return the headers that are known but state a unit that cannot be theirs, with our column and that unit."""
    found = {name: _resolved(layer, name) for name in names}
    return {name: (entry[1], entry[3]) for name, entry in found.items() if entry and entry[3]}


def columns(layer: str, names: list[str]) -> dict[str, tuple[str, str]]:
    """Return, for each foreign name that the layer knows, our column and the unit of the foreign one.

    A name is known as it stands in the vocabulary, with a unit added (``供热面积(亩)``, ``容量/蒸吨``) or with a
    remark (``介质（必填）``); one whose unit cannot be that of the column is none (`misfits`). The order is the
    vocabulary's: where several names mean one column, the first is the one to believe. A column under our own name
    stands alone, except for those in other units and for its numbered twins.
    """
    order = {folded: rank for rank, folded in enumerate(_columns().get(layer, {}))}
    known = {name: entry for name in names if (entry := _resolved(layer, name)) and not entry[3]}
    found = {name: known[name][1:3] for name in sorted(known, key=lambda name: order[known[name][0]])}
    own = {column for name, (column, _) in found.items() if name == column}
    return {
        name: (column, unit)
        for name, (column, unit) in found.items()
        if unit or column not in own or once(name) == column
    }


def coded(layer: str, column: str) -> dict[str, str]:
    """Return the foreign values of a coded column, folded, with the value that each stands for."""
    return _values().get((layer, _CODED_AS.get(column, column)), {})


def words(layer: str, column: str) -> list[str]:
    """Return one word a person may write for each coded value of a column: the first that the table has."""
    first: dict[str, str] = {}
    for foreign, value in coded(layer, column).items():
        first.setdefault(value, foreign)
    return list(first.values()) or list(allowed(layer, column) or ())


def guess_layer(names: list[str], geometry_kinds: set[str]) -> tuple[list[str], int]:
    """Return the layers whose vocabulary knows most of the names, and how many points that makes.

    Geometry settles what names leave open: lines are networks unless more names speak of streets, areas are no boilers,
    and points are no outlines.
    Names that any table may have, such as ``id``, tell nothing. More than one layer, or no point, means that the kind
    cannot be told.
    """
    telling = [name for name in names if normalise(name) not in _ANY_TABLE]
    scores = {}
    for layer in LAYERS:
        found = {column for column, _ in columns(layer, telling).values()} - set(GEOMETRY_COLUMNS)
        scores[layer] = len(found - {"name"}) * 2 + ("name" in found) + (IDENTIFIERS[layer] in found)
    if geometry_kinds & {"LineString", "MultiLineString"}:
        lines = max(("networks", "streets"), key=scores.__getitem__)
        return [lines], scores[lines]
    areas = bool(geometry_kinds) and geometry_kinds <= {"Polygon", "MultiPolygon"}
    for layer in ("boilers",) if areas else ("buildings", "counties", "parcels", "networks") if geometry_kinds else ():
        scores[layer] = 0
    best = max(scores.values())
    return [layer for layer, score in scores.items() if score == best], best
