"""A translated frame held against its layer's model: what passes, what is set aside, and every fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandera.errors import SchemaErrors

from data.errors import Effect, Fault
from data.schemas import IDENTIFIERS, allowed, schema
from geo import cells
from geo.geometry import repair, swapped_rows, unusable

_CODES: Final = {"village_code": 12, "county_code": 6}
_YEARS: Final = ("year_built",)
_OPTIONAL_CODES: Final = ("use", "roof_kind", "heat_source", "fuel", "duty", "medium", "status")
_SHOWN_VALUES: Final = 12


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
    """Faults gathered while the columns of one frame are parsed."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.frame = frame
        self.faults: list[Fault] = []
        self._file, self._layer = frame.attrs["file"], frame.attrs["layer"]

    def add(
        self,
        rule: str,
        effect: Effect,
        at: NDArray[np.intp] | Iterable[int],
        *,
        column: str = "",
        expected: str = "",
        got: str = "",
    ) -> None:
        """Report one finding for all the rows at these positions."""
        rows = tuple(int(row) for row in self.frame["source_row"].to_numpy()[np.asarray(list(at), dtype=np.intp)])
        if rows:
            self.faults.append(
                Fault(
                    rule=rule,
                    effect=effect,
                    file=self._file,
                    layer=self._layer,
                    row=rows[0],
                    rows=rows,
                    column=column,
                    expected=expected,
                    got=got,
                )
            )

    def by_value(self, rule: str, effect: Effect, at: NDArray[np.intp], column: Column, expected: str) -> None:
        """Report one finding for each distinct cell content, with the rows that hold it."""
        words = self.frame[column.foreign].iloc[at].astype(str).reset_index(drop=True)
        for value, group in words.groupby(words, sort=False):
            self.add(rule, effect, at[group.index], column=column.foreign, expected=expected, got=str(value))


def _shown(values: Iterable[str]) -> str:
    listed = list(values)
    return ", ".join(listed[:_SHOWN_VALUES]) + (" …" if len(listed) > _SHOWN_VALUES else "")


def _coded(found: _Findings, layer: str, column: Column) -> pd.Series:
    values = allowed(layer, column.name) or ()
    parsed, failed = cells.codes(found.frame[column.foreign], layer, column.name, values)
    found.by_value("value_unknown", "value_set_aside", failed, column, _shown(values))
    return parsed


def _digits(found: _Findings, column: Column, length: int) -> pd.Series:
    parsed, restored, failed = cells.digits(found.frame[column.foreign], length)
    found.add("code_was_number", "repaired", restored, column=column.foreign, expected=f"{length} 位文本")
    found.by_value("code_broken", "value_set_aside", failed, column, f"{length} 位数字文本")
    return parsed


def _number(found: _Findings, column: Column) -> pd.Series:
    source = found.frame[column.foreign]
    parsed, failed = cells.years(source) if column.name in _YEARS else cells.numbers(source, unit=column.unit)
    found.by_value("not_a_number", "value_set_aside", failed, column, column.unit or "1")
    return parsed


def parse(frame: gpd.GeoDataFrame, columns: list[Column]) -> tuple[pd.DataFrame, list[Fault]]:
    """Turn foreign columns into the layer's columns, each with its kind; unparsable cells become null.

    Returns
    -------
    parsed : pandas.DataFrame
        The layer's columns on the index of `frame`; absent ones are null (coded ones ``unknown``).
    faults : list of Fault
        Every cell that was not understood.
    """
    layer = frame.attrs["layer"]
    found = _Findings(frame)
    parsed: dict[str, pd.Series] = {}
    outputs: dict[str, pd.Series] = {}
    for column in columns:
        field = schema(layer).columns.get(column.name)
        if field is None:
            continue
        kind = str(field.dtype)
        if (layer, column.name) == ("boilers", "capacity_t_h"):
            outputs[column.unit], failed = cells.boiler_output(frame[column.foreign], unit=column.unit)
            rule = "unit_not_stated" if column.unit == "?" else "not_a_number"
            found.by_value(rule, "value_set_aside", failed, column, "20 t/h, 14 MW")
        elif column.name in _CODES:
            parsed[column.name] = _digits(found, column, _CODES[column.name])
        elif allowed(layer, column.name):
            parsed[column.name] = _coded(found, layer, column)
        elif kind == "boolean":
            parsed[column.name], failed = cells.truths(frame[column.foreign])
            found.by_value("not_yes_or_no", "value_set_aside", failed, column, "是 / 否")
        elif kind.startswith("float"):
            parsed[column.name] = _number(found, column)
        else:
            parsed[column.name] = cells.identifiers(frame[column.foreign])
    if outputs:
        parsed["capacity_t_h"] = _one_output(found, outputs)
    return pd.DataFrame(parsed, index=frame.index), found.faults


def _one_output(found: _Findings, outputs: dict[str, pd.Series]) -> pd.Series:
    """Join outputs given in t/h and in MW; where both stand and differ by over 10 %, neither is believed."""
    steam = outputs.get("t/h", outputs.get("?"))
    power = outputs.get("MW")
    if steam is None or power is None:
        return next(series for series in (steam, power) if series is not None)
    differ = ((steam - power).abs() > 0.1 * power.abs()) & steam.notna() & power.notna()
    for at in np.flatnonzero(differ.to_numpy()):
        got = f"{steam.iloc[at]:g} t/h, {power.iloc[at] * cells.MW_PER_T_H:g} MW"
        found.add("units_disagree", "value_set_aside", [at], column="t/h + MW", expected="1 t/h = 0.7 MW", got=got)
    return steam.fillna(power).mask(differ)


def complete(parsed: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Add the layer's absent columns as unknown and give every column the kind its model asks for."""
    done = parsed.copy()
    for name, field in schema(layer).columns.items():
        kind = str(field.dtype)
        if name in ("geometry", "source_row"):
            continue
        if name not in done and not field.required:
            continue
        if name not in done:
            fill = "unknown" if "unknown" in (allowed(layer, name) or ()) else None
            done[name] = pd.Series([fill] * len(done), index=done.index, dtype=object)
        if kind.startswith("float"):
            done[name] = pd.to_numeric(done[name]).astype(float)
        elif kind == "boolean":
            done[name] = done[name].astype("boolean")
        else:
            done[name] = done[name].astype(object).where(done[name].notna(), None).astype("string[pyarrow]")
    return done


def _identify(found: _Findings, parsed: pd.DataFrame, layer: str) -> NDArray[np.bool_]:
    """Number the rows that have no identifier and mark the later ones of those that share one."""
    name = IDENTIFIERS[layer]
    if name in _CODES:
        absent = parsed[name].isna().to_numpy() if name in parsed else np.ones(len(parsed), dtype=bool)
        found.add("code_missing", "row_set_aside", np.flatnonzero(absent), column=name)
        repeated = parsed[name].duplicated().to_numpy() & ~absent if name in parsed else absent
    else:
        if name not in parsed:
            parsed[name] = None
        absent = parsed[name].isna().to_numpy()
        found.add("id_missing", "repaired", np.flatnonzero(absent), column=name)
        numbered = "row-" + found.frame["source_row"].astype(str)
        parsed[name] = parsed[name].astype(object).where(~absent, numbered)
        repeated = parsed[name].duplicated().to_numpy()
        absent = np.zeros(len(parsed), dtype=bool)
    for value, rows in parsed.loc[repeated, name].groupby(parsed.loc[repeated, name], sort=False):
        at = np.flatnonzero(parsed.index.isin(rows.index))
        found.add("id_duplicate", "row_set_aside", at, column=name, got=str(value))
    return repeated | absent


def _out_of_bounds(found: _Findings, layer: str, frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """Blank the cells that break a bound of the model; mark the rows where that cell may not be null."""
    lost = np.zeros(len(frame), dtype=bool)
    try:
        schema(layer).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
    else:
        return frame, lost
    checked = frame.copy()
    checked.attrs = dict(frame.attrs)
    cases = cases[cases["column"].isin(frame.columns) & cases["index"].notna()]
    for (name, check), group in cases.groupby(["column", "check"], sort=False):
        at = frame.index.get_indexer(pd.Index(group["index"].astype(int)))
        field = schema(layer).columns[str(name)]
        losing = not field.nullable
        effect: Effect = "row_set_aside" if losing else "value_set_aside"
        rule = "value_missing" if check == "not_nullable" else "out_of_bounds"
        for value, rows in group.groupby(group["failure_case"].astype(str), sort=False):
            where = found.frame.index.get_indexer(pd.Index(rows["index"].astype(int)))
            found.add(rule, effect, where, column=str(name), expected=str(check), got=str(value))
        if losing:
            lost[at] = True
        else:
            checked.iloc[at, checked.columns.get_loc(str(name))] = np.nan if field.dtype.type == float else None
    return checked, lost


def check(frame: gpd.GeoDataFrame, columns: list[Column]) -> Checked:
    """Check a frame that was read and is in stored coordinates.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Foreign columns, ``source_row`` and geometry in EPSG:4490; ``attrs`` hold ``file`` and ``layer``.
    columns : list of Column
        Which foreign column means what.

    Returns
    -------
    Checked
        ``len(frame) + len(set_aside)`` is the number of rows that came in.
    """
    layer = frame.attrs["layer"]
    mended, faults = repair(frame)
    mended, swapped = swapped_rows(mended)
    bad_shape, shape_faults = unusable(mended)
    parsed, cell_faults = parse(mended, columns)
    found = _Findings(mended)
    keep = ~(bad_shape | _identify(found, parsed, layer))
    whole = gpd.GeoDataFrame(
        complete(parsed, layer).assign(source_row=mended["source_row"].astype("int64")),
        geometry=mended.geometry.to_numpy(),
        crs=mended.crs,
    )
    usable, lost = _out_of_bounds(found, layer, whole[keep])
    aside = ~keep
    aside[np.flatnonzero(keep)[lost]] = True
    return Checked(
        frame=usable[~lost].reset_index(drop=True),
        set_aside=frame[aside].reset_index(drop=True),
        faults=(*faults, *swapped, *shape_faults, *cell_faults, *found.faults),
    )
