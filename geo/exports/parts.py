"""Layers made ready to be written: plain cells, one coordinate system, marks of what they are, every change told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from data.catalog import text
from data.errors import DataError, Effect, Fault
from geo import offsets
from geo.geometry import Mask, blank

SYSTEMS: Final = ("EPSG:4490", "EPSG:4326", "EPSG:4544", "EPSG:4545", "EPSG:4523", "EPSG:4524", "GCJ-02")
GCJ: Final = "GCJ-02"
_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")
_UNNAMED: Final = re.compile("[\x00-\x20\x7f\ud800-\udfff]+")
_NUMBERS: Final = ("integer", "floating", "mixed-integer-float", "decimal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person asks for: `system` is one of `SYSTEMS`, `file` the name that the export will bear."""

    system: str
    language: str
    file: str
    synthetic: bool

    @property
    def crs(self) -> CRS | None:
        """The system that files may state; GCJ-02 is none that programs know, so they state nothing then."""
        return None if self.system == GCJ else CRS.from_user_input(self.system)

    @property
    def degrees(self) -> bool:
        """Whether the coordinates are longitude and latitude."""
        return self.crs is None or bool(self.crs.is_geographic)

    @property
    def mark(self) -> str:
        """What must be known before the data is used, in one line."""
        said = [text("app.synthetic", self.language)] * self.synthetic
        return "；".join(said + [text("export.gcj02_mark", self.language)] * (self.system == GCJ))


@dataclass(frozen=True, slots=True)
class Part:
    """One layer on its way out: `rows` are its row numbers as a person counts them."""

    layer: str
    frame: pd.DataFrame
    rows: NDArray[np.int64]
    ask: Ask

    @property
    def shapes(self) -> NDArray[np.object_] | None:
        """The shapes, where the layer has any."""
        return self.frame.geometry.to_numpy() if isinstance(self.frame, gpd.GeoDataFrame) else None

    @property
    def fields(self) -> list[str]:
        """The columns besides the shape."""
        own = self.frame.geometry.name if isinstance(self.frame, gpd.GeoDataFrame) else None
        return [str(name) for name in self.frame if name != own]

    def finding(
        self,
        rule: str,
        effect: Effect,
        mask: Mask | None = None,
        *,
        column: str | None = None,
        expected: str = "",
        got: str = "",
    ) -> list[Fault]:
        """Return one fault for the rows of `mask`, or for the whole layer; none where no row is meant."""
        rows = () if mask is None else tuple(int(row) for row in self.rows[mask])
        if mask is not None and not rows:
            return []
        fault = Fault(rule=rule, effect=effect, file=self.ask.file, layer=self.layer, column=column, expected=expected)
        return [replace(fault, got=got, row=rows[0] if rows else None, rows=rows)]

    def altered(self, frame: pd.DataFrame) -> Part:
        """Return the same layer with other columns on its rows."""
        return replace(self, frame=frame)

    def only(self, mask: Mask, layer: str) -> Part:
        """Return some of the rows under another name."""
        return replace(self, layer=layer, frame=self.frame[mask].reset_index(drop=True), rows=self.rows[mask])


def without(shapes: NDArray[np.object_], mask: Mask) -> NDArray[np.object_]:
    """Return the shapes with those of `mask` left out."""
    kept = np.array(shapes, dtype=object)
    kept[mask] = None
    return kept


def refused(ask: Ask, rule: str, *, layer: str = "", expected: str = "", got: str = "") -> DataError:
    """Return the error that nothing was written."""
    fault = Fault(rule=rule, effect="refused", file=ask.file, layer=layer, expected=expected, got=got)
    return DataError([fault])


def unique(name: str, taken: Iterable[str]) -> str:
    """Return the name, with underscores behind it while others bear it; letter case tells nothing apart."""
    folded = {one.lower() for one in taken}
    while name.lower() in folded:
        name += "_"
    return name


def is_text(column: pd.Series) -> bool:
    """Tell whether a column of a part holds text."""
    return isinstance(column.dtype, pd.StringDtype)


def texts(part: Part) -> list[str]:
    """Return the fields of a part that hold text."""
    return [name for name in part.fields if is_text(part.frame[name])]


def blanks(part: Part) -> list[Fault]:
    """Tell that a format cannot keep an empty text apart from no text."""
    faults: list[Fault] = []
    for name in texts(part):
        empty = part.frame[name].eq("").fillna(value=False).to_numpy(dtype=bool)
        faults += part.finding("export_empty_text", "noted", empty, column=name)
    return faults


def _word(cell: Any) -> str | None:
    """Write one cell of any kind as text, so that nothing of it is lost."""
    if isinstance(cell, dict | list | tuple | set | np.ndarray):
        plain = sorted(cell, key=str) if isinstance(cell, set) else cell
        return json.dumps(plain, ensure_ascii=False, default=lambda item: getattr(item, "tolist", item.__str__)())
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, shapely.Geometry):
        return str(shapely.to_wkt(cell, rounding_precision=9))
    if pd.isna(cell):
        return None
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _as_text(column: pd.Series) -> pd.Series:
    return pd.Series([_word(cell) for cell in column], index=column.index, dtype="str")


def _typed(column: pd.Series) -> tuple[pd.Series, bool]:
    """Return a column as truths, numbers, times or text; the last tells whether mixed cells became text."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) and not pd.api.types.is_object_dtype(kind):
        return column.astype("boolean"), False
    if pd.api.types.is_numeric_dtype(kind) or isinstance(kind, pd.StringDtype):
        return (column.astype("str") if isinstance(kind, pd.StringDtype) else column), False
    if pd.api.types.is_datetime64_any_dtype(kind):
        return column, False
    cells = column.astype(object)
    said = pd.api.types.infer_dtype(cells, skipna=True)
    if said == "boolean":
        return cells.astype("boolean"), False
    if said in _NUMBERS and (said != "integer" or cells.dropna().abs().max() < 2**63):
        return (cells.astype("Int64") if said == "integer" else pd.to_numeric(cells).astype(float)), False
    return _as_text(cells), said not in ("string", "empty", "date", "datetime", "categorical")


def _written(column: pd.Series) -> tuple[pd.Series, Mask]:
    """Return text without the characters that no file can hold, and the rows that had any."""
    cells = column.astype(object).to_numpy()
    bad = np.array([isinstance(cell, str) and _UNWRITABLE.search(cell) is not None for cell in cells], dtype=bool)
    if not bad.any():
        return column, bad
    done = cells.copy()
    done[bad] = [_UNWRITABLE.sub("\ufffd", cell) for cell in cells[bad]]
    return pd.Series(done, index=column.index, dtype=object), bad


def _plain(layer: str, frame: pd.DataFrame, ask: Ask) -> tuple[Part, list[Fault]]:
    """Return the layer with columns of plain kinds under names of their own."""
    shaped = isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name in frame.columns
    own = frame.geometry.name if shaped else None
    rows = frame["source_row"] if "source_row" in frame else pd.Series(np.arange(1, 1 + len(frame)))
    numbered = pd.api.types.is_integer_dtype(rows.dtype) and not rows.isna().any()
    part = Part(layer, frame, np.asarray(rows if numbered else np.arange(1, 1 + len(frame)), dtype=np.int64), ask)
    done: dict[str, pd.Series] = {}
    faults: list[Fault] = []
    for at, column in enumerate(frame.columns):
        if column == own:
            continue
        said = _UNNAMED.sub(" ", str(column)).strip() or f"列{at + 1}"
        name = said
        while name in done or (shaped and name == "geometry"):
            name += "_"
        cells = frame.iloc[:, at].reset_index(drop=True)
        if _may_hold_text(cells):
            cells, bad = _written(cells)
            faults += part.finding("export_characters", "repaired", bad, column=name)
        done[name], mixed = _typed(cells)
        faults += part.finding("export_as_text", "noted", column=name) if mixed else []
    whole: pd.DataFrame = pd.DataFrame(done, index=pd.RangeIndex(len(frame)))
    if shaped:
        whole = gpd.GeoDataFrame(whole, geometry=frame.geometry.to_numpy(), crs=frame.crs)
    return part.altered(whole), faults


def _may_hold_text(column: pd.Series) -> bool:
    kind = column.dtype
    return pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.StringDtype | pd.CategoricalDtype)


def _marked(part: Part) -> Part:
    """Say in every row that data is synthetic, or that coordinates are shifted."""
    said = {}
    if part.ask.synthetic:
        said[text("column.data_note", part.ask.language)] = text("app.synthetic", part.ask.language)
    if part.ask.system == GCJ and part.shapes is not None:
        said[unique(text("export.crs_column", part.ask.language), part.fields)] = GCJ
    if not said:
        return part
    stamps = {name: pd.Series(value, index=part.frame.index, dtype="str") for name, value in said.items()}
    return part.altered(part.frame.assign(**stamps))


def _moved(part: Part) -> tuple[Part, list[Fault]]:
    """Bring the shapes to the system that is asked for; those that have no place in it are left out and told."""
    shapes = part.shapes
    if shapes is None:
        return part, []
    frame: Any = part.frame
    target = part.ask.crs
    if frame.crs is None:
        if not blank(shapes).all():
            raise refused(part.ask, "export_crs_missing", layer=part.layer)
        return part.altered(frame.set_crs(target) if target else frame), []
    frame = frame.to_crs(target or CRS.from_epsg(4326))
    moved = np.array(frame.geometry.to_numpy(), dtype=object)
    if target is None:
        moved = offsets.shift(moved, "gcj02")
    lost = ~blank(moved) & ~np.isfinite(shapely.bounds(moved)).all(axis=1)
    whole = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=without(moved, lost), crs=target)
    return part.altered(whole), part.finding("export_outside", "value_set_aside", lost, expected=part.ask.system)


def _retyped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with numbers of which some were hidden as text."""
    mixed = [name for name in frame if pd.api.types.is_object_dtype(frame[name].dtype)]
    return frame.assign(**{str(name): _as_text(frame[name]) for name in mixed}) if mixed else frame


def prepare(
    frames: Iterable[tuple[str, pd.DataFrame]],
    ask: Ask,
    hide: Callable[[pd.DataFrame], tuple[pd.DataFrame, str]] | None,
) -> tuple[list[Part], list[Fault]]:
    """Return every layer ready to be written, with what was changed for it.

    Parameters
    ----------
    frames : iterable of (name, frame)
        The layers.
    ask : Ask
        What is asked for.
    hide : callable, optional
        Takes a frame, and returns it without personal data and how many cells of which columns were hidden.
    """
    parts, faults = [], []
    for layer, frame in frames:
        part, told = _plain(layer, frame, ask)
        shown, hidden = hide(part.frame) if hide else (part.frame, "")
        moved, lost = _moved(part.altered(_retyped(shown)))
        parts.append(_marked(moved))
        faults += [*told, *lost, *(part.finding("export_masked", "noted", got=hidden) if hidden else [])]
    return parts, faults
