"""A translated frame held against its layer's model: what passes, what is set aside, and every fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.catalog import UNKNOWN
from data.errors import Effect, Fault
from data.schemas import IDENTIFIERS, allowed, data_columns, schema, title
from geo import cells
from geo.bounds import bound_words, holds
from geo.geometry import Mask, finding, misplaced, repair, unusable
from geo.roles import contradictions
from geo.vocabulary import DATES, YEARS, base_unit, coded, dimensions, normalise, unit_of, units_for, words

_CODES: Final = {"village_code": 12, "county_code": 6}
_TEXT_CODES: Final = ("town_code", "plant_id")
_LONG_CODES: Final = ("credit_code",)
_SHOWN_CODES: Final = 12
_SHOWN_VALUES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as the file names it, with the unit its header states."""

    name: str
    foreign: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A layer after the check: rows that can be used, rows set aside, and every fault."""

    frame: gpd.GeoDataFrame
    set_aside: gpd.GeoDataFrame
    faults: tuple[Fault, ...]


class _Findings:
    """Faults gathered over the cells of one frame, and the rows and cells that they cost."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.frame = frame
        self.layer: str = frame.attrs["layer"]
        self.fields: dict[str, Any] = schema(self.layer).columns
        self.faults: list[Fault] = []
        self.lost: Mask = np.zeros(len(frame), dtype=bool)
        self.failed: dict[str, Mask] = {}

    def add(
        self, rule: str, effect: Effect, at: NDArray[np.intp], *, column: str, expected: str = "", got: str = ""
    ) -> None:
        """Report one finding for all the rows at these positions, if there are any."""
        if not len(at):
            return
        mask = np.zeros(len(self.frame), dtype=bool)
        mask[at] = True
        if effect == "row_set_aside":
            self.lost |= mask
        self.faults += finding(self.frame, mask, rule, effect, column=column, expected=expected, got=got)

    def unread(
        self, rule: str, at: NDArray[np.intp], column: Column, expected: str, *, said: pd.Series | None = None
    ) -> None:
        """Report cells that could not be used, one finding for each distinct content.

        A cell that may not be null costs its row. Past the first hundred contents one finding holds the rest.
        """
        failed = self.failed.setdefault(column.name, np.zeros(len(self.frame), dtype=bool))
        if not len(at):
            return
        contents = self.frame[column.foreign].iloc[at].astype(str) if said is None else said
        failed[at] = True
        effect = self.effect(column.name)
        groups = pd.Series(at).groupby(contents.to_numpy(), sort=False)
        rest: list[NDArray[np.intp]] = []
        for turn, (content, group) in enumerate(groups):
            where, got = group.to_numpy(), str(content)[:80]
            if turn < _SHOWN_VALUES:
                self.add(rule, effect, where, column=column.foreign, expected=expected, got=got)
            else:
                rest.append(where)
        if rest:
            self.add(rule, effect, np.concatenate(rest), column=column.foreign, expected=expected, got="…")

    def effect(self, name: str) -> Effect:
        """Return what an unusable cell of this column costs: itself, or its row where it may not be null."""
        field = self.fields[name]
        nullable = field.nullable or "unknown" in (allowed(self.layer, name) or ())
        own = name == IDENTIFIERS[self.layer] and name not in _CODES
        return "value_set_aside" if nullable or own else "row_set_aside"


def _listed(values: Iterable[str]) -> str:
    listed = list(values)
    return ", ".join(listed[:_SHOWN_CODES]) + (" …" if len(listed) > _SHOWN_CODES else "")


def _distinct(source: pd.Series, at: NDArray[np.intp]) -> str:
    return _listed(dict.fromkeys(map(str, source.iloc[at])))


def _digits(found: _Findings, column: Column) -> pd.Series:
    length = _CODES[column.name]
    parsed, restored, failed = cells.digits(found.frame[column.foreign], length)
    found.add("code_was_number", "repaired", restored, column=column.foreign, expected=f"{length} 位文本")
    found.unread("code_broken", failed, column, f"{length} 位数字文本")
    return parsed


def _identifiers(found: _Findings, column: Column) -> pd.Series:
    parsed, failed = cells.identifiers(found.frame[column.foreign])
    found.unread("id_broken", failed, column, "文本")
    return parsed


def _whole(found: _Findings, column: Column) -> pd.Series:
    """Return the cells of a foreign column without a spreadsheet's errors (``#REF!``), which are reported."""
    source: pd.Series = found.frame[column.foreign]
    if pd.api.types.is_numeric_dtype(source) or not (broken := cells.errors(source)).any():
        return source
    found.unread("cell_error", np.flatnonzero(broken), column, "")
    whole: pd.Series = source.astype(object).where(~broken, None)
    return whole


def _numeric(
    found: _Findings, column: Column, parsed: pd.Series, failed: NDArray[np.intp], source: pd.Series
) -> pd.Series:
    """Report the cells of a column of numbers that are none, that are ranges, or that are not exact."""
    spans = cells.ranges(source.iloc[failed])
    found.unread("value_range", failed[spans], column, "")
    capacity, bare = column.name == "capacity_t_h", column.unit == "?"
    rule = "not_a_number" if not bare else "unit_not_stated" if capacity else "unit_missing"
    expected = " / ".join(units_for(column.name)) if bare else column.unit or "1"
    found.unread(rule, failed[~spans], column, "20 t/h, 14 MW" if capacity else expected)
    if "power" in dimensions(column.name) and column.unit not in cells.CALORIES:
        heat = np.setdiff1d(cells.calories(source), failed)
        found.add("unit_calories", "noted", heat, column=column.foreign, got=_distinct(source, heat))
    about = np.setdiff1d(cells.approximate(source), failed)
    found.add("value_approximate", "noted", about, column=column.foreign, got=_distinct(source, about))
    return parsed


def _quantity(found: _Findings, column: Column, source: pd.Series) -> pd.Series:
    if (found.layer, column.name) == ("boilers", "capacity_t_h"):
        parsed, failed = cells.boiler_output(source, unit=column.unit)
        return _numeric(found, column, parsed, failed, source)
    said = source.astype("string").map(normalise, na_action="ignore").map(coded(found.layer, column.name))
    source = source.astype(object).where(said.isna(), said)
    if column.name in YEARS:
        parsed, failed = cells.years(source, epoch=found.frame.attrs.get("epoch", 1900))
        return _numeric(found, replace(column, unit="2023, 2023-06"), parsed, failed, source)
    base = base_unit(column.name)
    parsed, failed = cells.numbers(source, unit=column.unit or base, base=base)
    return _numeric(found, column, parsed, failed, source)


def _parse(found: _Findings, column: Column) -> pd.Series:
    """Parse one foreign column by the kind of ours; what cannot be read is null and reported."""
    kind = str(found.fields[column.name].dtype)
    values = allowed(found.layer, column.name)
    if column.name in _CODES:
        return _digits(found, column)
    if column.name == IDENTIFIERS[found.layer] or column.name in _TEXT_CODES:
        return _identifiers(found, column)
    source = _whole(found, column)
    if values:
        parsed, failed = cells.codes(source, found.layer, column.name, values)
        found.unread("value_unknown", failed, column, _listed(words(found.layer, column.name)))
    elif column.name in _LONG_CODES:
        parsed, failed = cells.identifiers(source)
        found.unread("digits_lost", failed, column, "")
    elif column.name in DATES:
        parsed, failed = cells.dates(source, epoch=found.frame.attrs.get("epoch", 1900))
        found.unread("not_a_date", failed, column, "2023, 2023-06, 2023-06-01")
        parsed.iloc[failed] = UNKNOWN  # a term that cannot be read is not the same as none
    elif kind == "boolean":
        parsed, failed = cells.truths(source)
        found.unread("not_yes_or_no", failed, column, "是 / 否")
    elif kind.startswith("float"):
        return _quantity(found, column, source)
    else:
        return cells.plain_text(source)
    return parsed


def parse(found: _Findings, columns: list[Column]) -> pd.DataFrame:
    """Turn foreign columns into the layer's columns, each with its kind; cells that cannot be read become null.

    Where several foreign columns mean one of ours, the first is believed and the others fill its gaps; where they
    contradict each other, none is. Identifiers are never mixed.
    """
    parsed: dict[str, pd.Series] = {}
    used: dict[str, list[tuple[Column, pd.Series]]] = {}
    disputed: dict[str, Mask] = {}
    for column in columns:
        if column.name not in data_columns(found.layer):
            continue
        power = column.name == "capacity_t_h" and unit_of(column.unit, ("power",))
        key = "capacity_mw" if power else column.name
        if key not in parsed:
            parsed[key] = _parse(found, column)
            used[key] = [(column, parsed[key])]
            continue
        file, first = found.frame.attrs["file"], used[key][0][0].foreign
        twice = Fault(rule="column_twice", effect="noted", file=file, column=column.foreign, expected=first)
        found.faults.append(replace(twice, layer=found.layer))
        if column.name != IDENTIFIERS[found.layer]:
            other = _parse(found, column)
            for before, values in used[key]:
                wrong = _disputed(found, before, column, values, other)
                disputed[column.name] = disputed.get(column.name, wrong) | wrong
            used[key].append((column, other))
            gaps = parsed[key].isna() | parsed[key].eq("unknown").fillna(value=False).astype(bool)
            parsed[key] = parsed[key].where(~gaps, other)
    if found.layer == "boilers" and "capacity_mw" in parsed:
        heat = parsed.pop("capacity_mw")
        parsed["capacity_t_h"] = _one_output(found, parsed.get("capacity_t_h"), heat)
    for name, wrong in disputed.items():
        nothing = "unknown" if "unknown" in (allowed(found.layer, name) or ()) else None
        parsed[name] = parsed[name].mask(wrong, nothing)
    return pd.DataFrame(parsed, index=found.frame.index)


def _disputed(found: _Findings, first: Column, second: Column, one: pd.Series, other: pd.Series) -> Mask:
    """Report where two columns of one meaning differ, and tell where neither is believed: of free text the first is."""
    name, source = second.name, (found.frame[first.foreign], found.frame[second.foreign])
    at, shown = contradictions(one, other, source, exact=name == "capacity_t_h")
    both = replace(second, foreign=f"{first.foreign} + {second.foreign}")
    wrong: Mask = np.zeros(len(found.frame), dtype=bool)
    if _is_free(found, name):
        found.add("columns_disagree", "noted", at, column=both.foreign, got=_listed(dict.fromkeys(shown))[:300])
    else:
        found.unread("columns_disagree", at, both, "", said=shown)
        wrong[at] = True
    return wrong


def _is_free(found: _Findings, name: str) -> bool:
    """Tell whether a column holds free text, which decides nothing."""
    coded_or_code = allowed(found.layer, name) or name in (*_CODES, *_TEXT_CODES)
    return str(found.fields[name].dtype).startswith("str") and not coded_or_code


def _one_output(found: _Findings, steam: pd.Series | None, power: pd.Series) -> pd.Series:
    """Join outputs given in t/h and in MW; where both stand and differ by over 10 %, neither is believed."""
    if steam is None:
        return power
    differ = ((steam - power).abs() > 0.1 * power.abs()).to_numpy()
    for at in np.flatnonzero(differ):
        got = f"{steam.iloc[at]:g} t/h, {power.iloc[at] * cells.MW_PER_T_H:g} MW"
        found.add(
            "units_disagree", "value_set_aside", np.array([at]), column="t/h + MW", expected="1 t/h = 0.7 MW", got=got
        )
    return steam.fillna(power).mask(differ)


def complete(parsed: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Add the layer's absent columns as unknown and give every column the kind its model asks for."""
    fields = schema(layer).columns
    done: dict[str, pd.Series] = {}
    for name in data_columns(layer):
        field = fields[name]
        if name not in parsed and not field.required:
            continue
        fill = "unknown" if "unknown" in (allowed(layer, name) or ()) else None
        given = parsed[name] if name in parsed else pd.Series(fill, index=parsed.index, dtype=object)
        done[name] = _of_kind(given, str(field.dtype))
    every = {name: done[name] if name in done else parsed[name] for name in fields if name in done or name in parsed}
    return pd.DataFrame(every | {name: parsed[name] for name in parsed if name not in every}, index=parsed.index)


def _of_kind(given: pd.Series, kind: str) -> pd.Series:
    if kind.startswith("float"):
        return pd.to_numeric(given).astype(float)
    return given.astype("boolean" if kind == "boolean" else "string[pyarrow]")


def _missing(found: _Findings, whole: pd.DataFrame, columns: list[Column]) -> None:
    """Report empty cells that may not be empty, and columns that may not be absent."""
    given = {column.name: column.foreign for column in columns}
    for name, field in found.fields.items():
        if name not in whole or field.nullable or found.effect(name) != "row_set_aside":
            continue
        empty = whole[name].isna().to_numpy() & ~found.failed.get(name, np.zeros(len(whole), dtype=bool))
        if name not in given and empty.any():
            expected = f"{title(found.layer, name)} ({name})"
            found.add("column_missing", "row_set_aside", np.flatnonzero(empty), column=name, expected=expected)
        else:
            rule = "code_missing" if name in _CODES else "value_missing"
            found.add(rule, "row_set_aside", np.flatnonzero(empty), column=given.get(name, name))


def _bound(found: _Findings, whole: pd.DataFrame, columns: list[Column]) -> pd.DataFrame:
    """Blank the cells that break a bound of the model; where they may not be null, their rows are lost."""
    done = whole.copy()
    for name, field in found.fields.items():
        if name not in whole:
            continue
        values = whole[name].dropna()
        for test in field.checks if len(values) else ():
            bad = values[~holds(test, values)]
            if bad.empty:
                continue
            done.loc[bad.index, name] = None
            at = whole.index.get_indexer(bad.index)
            source = next((column for column in columns if column.name == name), Column(name=name, foreign=name))
            found.unread(
                "out_of_bounds", at, source, bound_words(str(test.error)), said=_source(found, columns, name, bad)
            )
    return done


def _source(found: _Findings, columns: list[Column], name: str, bad: pd.Series) -> pd.Series:
    """Return what the file says in the cells that became the values `bad`."""
    said = pd.Series(None, index=bad.index, dtype=object)
    for column in columns:
        if column.name == name:
            cells_said = found.frame.loc[bad.index, column.foreign].astype(object)
            said = said.where(said.notna(), cells_said.where(~cells.is_empty(cells_said), None))
    return said.where(said.notna(), bad.astype(object)).astype(str)


def _identify(found: _Findings, whole: pd.DataFrame, keep: Mask, columns: list[Column]) -> pd.DataFrame:
    """Give rows without an identifier their row number; of kept rows that share one, only the first stays."""
    name = IDENTIFIERS[found.layer]
    column = next((column.foreign for column in columns if column.name == name), name)
    done = whole.copy()
    if name not in _CODES:
        absent = done[name].isna().to_numpy()
        broken = found.failed.get(name, np.zeros(len(done), dtype=bool))
        found.add("id_missing", "repaired", np.flatnonzero(absent & ~broken), column=column)
        taken, prefix = set(done[name].dropna()), "row-"
        numbers = found.frame["source_row"].astype(str)
        while taken & set(prefix + numbers[absent]):
            prefix = "_" + prefix
        done[name] = done[name].astype(object).where(~absent, prefix + numbers).astype("string[pyarrow]")
    kept = done.loc[keep, name].dropna()
    again = kept[kept.duplicated()]
    if again.empty:
        return done
    for said, group in again.groupby(again, sort=False):
        at = done.index.get_indexer(group.index)
        found.add("id_duplicate", "row_set_aside", at, column=column, got=str(said))
    return done


def check(frame: gpd.GeoDataFrame, columns: list[Column], *, reported: Mask | None = None) -> Checked:
    """Check a frame that was read and placed.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Foreign columns, ``source_row``, a unique index and the geometry in EPSG:4490, or without a CRS where the
        file could not be placed: then its cells are checked all the same. ``attrs`` hold ``file`` and ``layer``.
    columns : list of Column
        Which foreign column means what, the most trusted first.
    reported : array of bool, optional
        Rows that were found unusable and reported before.

    Returns
    -------
    Checked
        ``len(frame) + len(set_aside)`` is the number of rows that came in.
    """
    before = np.zeros(len(frame), dtype=bool) if reported is None else reported
    mended, collapsed, faults = repair(frame)
    shapeless, shape_faults = unusable(mended, before | collapsed)
    away, away_faults = misplaced(mended) if mended.crs is not None else (before, [])
    found = _Findings(mended)
    whole = complete(parse(found, columns), found.layer)
    if found.layer == "villages":
        # GB/T 2260: a village's code begins with its county's.
        whole["county_code"] = whole["county_code"].fillna(whole["village_code"].str[:6])
    _missing(found, whole, columns)
    whole = _bound(found, whole, columns)
    usable = ~(before | collapsed | shapeless | away)
    whole = _identify(found, whole, usable & ~found.lost, columns)
    kept = usable & ~found.lost
    whole["source_row"] = mended["source_row"].astype("int64")
    placed = gpd.GeoDataFrame(whole, geometry=mended.geometry.to_numpy(), crs=frame.crs)
    return Checked(
        frame=placed[kept].reset_index(drop=True),
        set_aside=frame[~kept].reset_index(drop=True),
        faults=(*faults, *shape_faults, *away_faults, *found.faults),
    )
