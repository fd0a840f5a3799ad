"""What a foreign column says beside its own meaning, spelled out as columns of ours."""

from __future__ import annotations

import re
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import parameters
from data.catalog import LANGUAGES, text
from data.errors import Fault
from data.schemas import POLYGONS, title
from geo.cells import is_empty, truths
from geo.geometry import finding
from geo.vocabulary import coded, normalise

Mapped = dict[str, tuple[str, str]]

NOTE_COLUMNS: Final = tuple(text("column.data_note", language) for language in LANGUAGES)
_FLAGS: Final = ("is_backup", "is_peaking")
_ROOF_SHAPES: Final = ("roof_shape", "roof:shape")
_COARSE: Final = ("building", "subtype", "kind_detail", *_ROOF_SHAPES)  # they tell less than others
_FIRST_NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.(\d+))?")
_SAME: Final = 1e-9
_COUNTED: Final = re.compile(
    r"(?:(?:锅炉|设备)?(?:台数|台\(套\)数|台套数)|锅炉数量)(?:\(台(?:/?套)?\))?|数量\(台(?:/?套)?\)"
)
_SHOWN_COUNTS: Final = 20
_COUNT: Final = re.compile(r"(\d+)(?:\.0+)?(?:台|套|座)?")
_KEYS: Final = {
    "buildings": ("use", "heat_source"),
    "boilers": ("capacity_t_h", "fuel"),
    "plants": ("capacity_mw", "status"),
}


def is_synthetic(frame: pd.DataFrame) -> bool:
    """Tell whether a file carries the mark that our exports put on synthetic data, in any language."""
    marks = [text("app.synthetic", language) for language in LANGUAGES]
    return any(bool(frame[name].isin(marks).any()) for name in NOTE_COLUMNS if name in frame)


def absent(frame: gpd.GeoDataFrame, ours: set[str]) -> list[Fault]:
    """Report columns that the file lacks and that its layer is read for: all their cells are unknown then."""
    file, layer = frame.attrs["file"], frame.attrs["layer"]
    faults = [
        Fault(rule="key_column_absent", effect="noted", file=file, layer=layer, column=title(layer, name))
        for name in _KEYS.get(layer, ())
        if name not in ours
    ]
    if layer == "boilers" and "status" not in ours:
        faults.append(Fault(rule="status_not_given", effect="noted", file=file, layer=layer))
    return faults


def enrich(frame: gpd.GeoDataFrame, mapped: Mapped) -> tuple[gpd.GeoDataFrame, Mapped, list[Fault]]:
    """Add the columns that follow from others: duty tells backup and peaking, shape the kind of network.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Foreign columns; ``attrs`` hold the ``layer``.
    mapped : dict
        Foreign column → our column and the foreign one's unit.

    Returns
    -------
    frame, mapped, faults
        With the added columns. A column that the file has is not replaced, save for the names of the plants that the
        Plan names, which are shown as the Plan writes them, and for backup or peaking where the duty says yes and
        the column says no: neither is believed then.
    """
    layer = frame.attrs["layer"]
    ours = {column: foreign for foreign, (column, _) in reversed(mapped.items())}
    said: dict[str, object] = {}
    faults: list[Fault] = []
    if layer == "plants":
        said = _plant_roles(frame, ours)
    elif layer == "boilers":
        said, faults = _boiler_roles(frame, ours)
    elif layer == "buildings":
        faults = _roofs_by_shape(frame, mapped)
    elif layer == "networks":
        shapes = frame.geometry.geom_type
        said = {
            "kind": np.select(
                [shapes.isin(POLYGONS), shapes == "Point"], ["service_area", "substation"], default="pipe"
            )
        }
    replaced = {"name", *_FLAGS}
    new = {
        f"{column} *": (column, values) for column, values in said.items() if column not in ours or column in replaced
    }
    done = frame.assign(**{key: values for key, (_, values) in new.items()})
    done.attrs = dict(frame.attrs)
    renamed = {column for column, _ in new.values()}
    kept = {foreign: entry for foreign, entry in mapped.items() if entry[0] not in renamed}
    return done, {key: (column, "") for key, (column, _) in new.items()} | kept, faults


def _roofs_by_shape(frame: gpd.GeoDataFrame, mapped: Mapped) -> list[Fault]:
    """Say which kinds of roof follow from the shape alone, as maps of volunteers give it: metal sheet has any shape."""
    said = [name for name, (column, _) in mapped.items() if column == "roof_kind"]
    shapes = [name for name in said if normalise(name) in _ROOF_SHAPES]
    faults = []
    for name in shapes:
        kinds = frame[name].astype("string").map(normalise, na_action="ignore").map(coded("buildings", "roof_kind"))
        told = kinds.notna() & kinds.ne("unknown")
        for other in said:
            told &= is_empty(frame[other]) | (other in shapes)
        faults += finding(frame, told.to_numpy(dtype=bool), "roof_by_shape", "noted", column=name)
    return faults


def _several(frame: gpd.GeoDataFrame) -> list[Fault]:
    """Report the rows that stand for more than one boiler, one fault for each number; a word is no number of one."""
    name = next((str(header) for header in frame if _COUNTED.fullmatch(normalise(header))), "")
    if not name:
        return []
    said = frame[name].astype("string").map(normalise, na_action="ignore").astype("string")
    number = said.str.extract(f"^{_COUNT.pattern}$", expand=False)
    shown = number.fillna(said).where(~is_empty(frame[name]) & ~number.isin(["0", "1"]))
    faults: list[Fault] = []
    for got in shown.dropna().unique()[:_SHOWN_COUNTS]:
        told = shown.eq(got).fillna(value=False).to_numpy(dtype=bool)
        faults += finding(frame, told, "several_boilers_in_row", "noted", column=name, got=str(got)[:80])
    return faults


def _boiler_roles(frame: gpd.GeoDataFrame, ours: dict[str, str]) -> tuple[dict[str, object], list[Fault]]:
    """Say what a ledger's form tells: standing where it has no column of status, backup and peaking by duty.

    A header that offers backup and peaking among its duties (FACTS §J1) denies them where another duty is chosen.
    """
    said: dict[str, object] = {} if "status" in ours else {"status": np.full(len(frame), "operating", dtype=object)}
    faults = _several(frame)
    if "duty" not in ours:
        return said, faults
    duty = frame[ours["duty"]].astype("string").map(normalise, na_action="ignore").astype("string")
    offered = all(word in ours["duty"] for word in ("备用", "调峰"))
    denied = duty.isin(list(coded("boilers", "duty"))) & ~is_empty(frame[ours["duty"]]) & offered
    for flag in _FLAGS:
        told = duty.map(coded("boilers", f"{flag}:duty")).astype(object)
        if flag not in ours:
            said[flag] = told.where(told.notna() | ~denied, "false")
            continue
        column = frame[ours[flag]]
        at_odds = told.eq("true") & truths(column)[0].eq(other=False).fillna(value=False).astype(bool)
        faults += finding(frame, at_odds.to_numpy(dtype=bool), "duty_at_odds", "value_set_aside", got=ours[flag])
        filled = column.astype(object).where(~is_empty(column), told)
        said[flag] = filled.where(~at_odds, None)
    return said, faults


def _plant_roles(frame: gpd.GeoDataFrame, ours: dict[str, str]) -> dict[str, object]:
    """Say what the Plan says of the plants that it names, and captive use as the tracker gives it."""
    if "plant_id" not in ours:
        return {}
    plan = parameters.table("plan_plants").replace("unknown", None)
    ids = frame[ours["plant_id"]].astype("string").str.strip()
    captive = ids.map(plan["is_captive"]).astype(object)
    if "captive_use" in ours:
        captive = captive.where(captive.notna() | is_empty(frame[ours["captive_use"]]), "yes")
    said: dict[str, object] = {"is_chp": ids.map(plan["is_chp"]).astype(object), "is_captive": captive}
    if "name" in ours:
        named = ids.map(plan["name_zh"]).astype(object)
        said["name"] = named.where(named.notna(), frame[ours["name"]])
    return said


def _half_steps(values: pd.Series, cells: pd.Series) -> NDArray[np.float64]:
    """Return half the last decimal that each number was written with, in the unit of `values`."""
    steps = []
    for value, cell in zip(values, cells, strict=True):
        written = f"{cell:.15g}" if isinstance(cell, float) else normalise(cell)
        found = _FIRST_NUMBER.search(written)
        number = float(found.group().replace(",", "")) if found else 0.0
        scale = abs(value / number) if number else 1.0
        steps.append(0.5 * scale * 10.0 ** -len(found.group(1) or "") if found else 0.0)
    return np.array(steps)


def contradictions(
    first: pd.Series, second: pd.Series, said: tuple[pd.Series, pd.Series], *, exact: bool
) -> tuple[NDArray[np.intp], pd.Series]:
    """Find where two columns of one meaning are both filled and say different things.

    Parameters
    ----------
    first, second : pandas.Series
        The columns parsed, in the unit and the codes of ours; null and ``unknown`` say nothing.
    said : tuple of pandas.Series
        The columns as they stand in the file, named by their headers. One of open maps that tells no more than a
        kind of what others tell exactly (``subtype``) contradicts none.
    exact : bool
        Whether numbers that differ by no more than rounding, such as 1.2 and 1.24, contradict each other as well.

    Returns
    -------
    at : array of int
        Positions.
    shown : pandas.Series
        What both say there.
    """
    filled = [one.notna() & one.ne("unknown").fillna(value=True).astype(bool) for one in (first, second)]
    at = np.flatnonzero(filled[0] & filled[1] & (not any(normalise(one.name) in _COARSE for one in said)))
    left, right = first.iloc[at], second.iloc[at]
    if pd.api.types.is_numeric_dtype(first) and not pd.api.types.is_bool_dtype(first):
        apart = (left - right).abs().to_numpy(dtype=float)
        slack = _SAME * np.maximum(left.abs().to_numpy(dtype=float), right.abs().to_numpy(dtype=float))
        if not exact:
            steps = [_half_steps(one, cells.iloc[at]) for one, cells in zip((left, right), said, strict=True)]
            slack += np.maximum(*steps)
        at = at[apart > slack]
    else:
        differ = [normalise(one) != normalise(other) for one, other in zip(left, right, strict=True)]
        at = at[np.array(differ, dtype=bool)]
    words = [one.iloc[at].astype(str).str.strip() for one in said]
    return at, words[0] + " / " + words[1]
