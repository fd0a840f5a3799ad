"""Several tables of one layer become one: the sheets of a workbook, or a county's file beside what is kept already.

Every row keeps its row number and says which file and sheet it came from. An identifier names one record: where a
later table uses one that is taken, its row is set aside and told. Numbers that only count the rows of a table are no
identifiers of the city; they are written with the name of their table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import Fault, seen
from data.schemas import IDENTIFIERS, allowed, schema, title
from geo.crs import STORED
from geo.io import LayerRead
from geo.validate import Checked
from geo.vocabulary import normalise
from geo.workspace import plain_name

_RUNNING = "序号"
_SHOWN = 5
_GROUPS: dict[str, tuple[str, ...]] = {"plants": ("plant_id",)}  # columns that say which rows are one thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One table of a layer.

    Parameters
    ----------
    source : str
        File and sheet, as its rows name them.
    tag : str
        What its row numbers are written with.
    frame, set_aside : geopandas.GeoDataFrame
        Rows that can be used, and those that cannot; both with ``source_row`` and ``source_file``.
    running : array of bool, shape (len(frame),)
        Rows whose identifier only counts the rows of the table.
    counted : tuple of str
        Other columns that only count the rows.
    """

    source: str
    tag: str
    frame: gpd.GeoDataFrame
    set_aside: gpd.GeoDataFrame
    running: NDArray[np.bool_]
    counted: tuple[str, ...] = ()


def unused(name: str, taken: Iterable[str]) -> str:
    """Return a name that is not taken, with a number behind it where it must be.

    >>> unused("a", ["a", "a (2)"]), unused("b", ["a"])
    ('a (3)', 'b')
    """
    others, number, found = set(taken), 1, name
    while found in others:
        number += 1
        found = f"{name} ({number})"
    return found


def block_of(done: LayerRead, source: str) -> Block:
    """Return a layer that was read as a table to be joined."""
    name = IDENTIFIERS[done.layer]
    numbered = {row for fault in done.faults if fault.rule == "id_missing" for row in fault.rows or (fault.row,)}
    counted = [ours for header, ours in done.mapping.items() if normalise(header) == _RUNNING]
    running = done.frame["source_row"].isin(numbered).to_numpy() | (name in counted)
    return Block(
        source=source,
        tag=seen(done.sublayer or PurePath(plain_name(done.file)).stem),
        frame=placed(done.frame, source),
        set_aside=placed(done.checked.set_aside, source),
        running=running,
        counted=tuple(ours for ours in counted if ours in _GROUPS.get(done.layer, ())),
    )


def joined(layer: str, blocks: Sequence[Block]) -> Checked:
    """Join tables of one layer, the first one's identifiers before the later ones'.

    Parameters
    ----------
    layer : str
        Which layer they are.
    blocks : sequence of Block
        One or more tables in the order in which they count.

    Returns
    -------
    geo.validate.Checked
        With as many rows as the tables have together, and what was done to make them one.
    """
    name = IDENTIFIERS[layer]
    frames, aside, faults = [], [], []
    used: dict[str, str] = {}
    for block in blocks:
        frame = block.frame
        if block.running.any():
            frame, told = _tagged(layer, block, used.keys())
            faults.append(told)
        again = frame[name].isin(used.keys()).to_numpy()
        faults += [
            _clash(layer, str(source), rows, used) for source, rows in frame[again].groupby("source_file", sort=False)
        ]
        aside += [block.set_aside, frame[again]]
        new = frame[~again]
        frames.append(new)
        used |= dict(zip(new[name], new["source_file"], strict=True))
    whole = _typed(layer, frames)
    return Checked(whole, _loose(aside), (*faults, *_shared(layer, whole)))


def placed(frame: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    """Say of each row where it came from; a file's own column of that name is kept under another one."""
    if "source_file" in frame:
        frame = frame.rename(columns={"source_file": unused("source_file", map(str, frame))})
    return frame.assign(source_file=pd.array([source] * len(frame), dtype="string[pyarrow]"))


def _shared(layer: str, whole: gpd.GeoDataFrame) -> list[Fault]:
    """Tell of plants of several tables that have one number and other names: they would count as one plant."""
    found = []
    for name in _GROUPS.get(layer, ()):
        for number, rows in whole.groupby(name, sort=False):
            names, files = rows["name"].dropna().unique(), rows["source_file"].unique()
            if min(len(names), len(files)) > 1:
                got = ", ".join(map(str, names))
                file, row = str(rows["source_file"].iloc[-1]), int(rows["source_row"].iloc[-1])
                found.append(
                    Fault(
                        rule="group_shared",
                        effect="noted",
                        file=file,
                        layer=layer,
                        row=row,
                        column=title(layer, name),
                        got=f"{number}: {got}",
                    )
                )
    return found


def _tagged(layer: str, block: Block, used: Iterable[str]) -> tuple[gpd.GeoDataFrame, Fault]:
    """Write running numbers with the table's tag, and the tag with a number where the same was used before."""
    name, before, frame = IDENTIFIERS[layer], set(used), block.frame
    plain = frame.loc[block.running, name].astype(str)
    tag, number = block.tag, 1
    while before & set(f"{tag}-" + plain):
        number += 1
        tag = f"{block.tag} ({number})"
    ids = frame[name].astype(object)
    ids[block.running] = f"{tag}-" + plain
    rows = tuple(int(row) for row in frame.loc[block.running, "source_row"])
    example = f"{plain.iloc[0]} → {ids[block.running].iloc[0]}"
    told = Fault(
        rule="id_running", effect="repaired", file=block.source, layer=layer, row=rows[0], rows=rows, got=example
    )
    others = {other: (f"{tag}-" + frame[other].astype(str)).astype("string[pyarrow]") for other in block.counted}
    return frame.assign(**{name: ids.astype("string[pyarrow]")}, **others), told


def _clash(layer: str, source: str, again: gpd.GeoDataFrame, used: dict[str, str]) -> Fault:
    ids = [str(one) for one in again[IDENTIFIERS[layer]]]
    shown = ", ".join(f"{one}（{used[one]}）" for one in ids[:_SHOWN]) + ("…" if len(ids) > _SHOWN else "")
    rows = tuple(int(row) for row in again["source_row"])
    return Fault(rule="id_taken", effect="row_set_aside", file=source, layer=layer, row=rows[0], rows=rows, got=shown)


def _typed(layer: str, frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put frames of one layer below each other; a column that one of them lacks is unknown there."""
    fields = [name for name in schema(layer).columns if any(name in frame for frame in frames) and name != "geometry"]
    extra = [name for frame in frames for name in frame if name not in fields and name != "geometry"]
    done: dict[str, pd.Series] = {}
    for name in dict.fromkeys([*fields, *extra]):
        kind = next(frame[name].dtype for frame in frames if name in frame)
        coded = name in fields and "unknown" in (allowed(layer, name) or ())
        fill = "unknown" if coded else np.nan if pd.api.types.is_float_dtype(kind) else pd.NA
        cells = [frame[name] if name in frame else pd.Series(fill, index=frame.index, dtype=kind) for frame in frames]
        done[name] = pd.concat(cells, ignore_index=True).astype(kind)
    shapes = np.concatenate([frame.geometry.to_numpy() for frame in frames])
    return gpd.GeoDataFrame(pd.DataFrame(done), geometry=shapes, crs=frames[0].crs)


def _loose(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put rows of foreign columns below each other as they are."""
    names = dict.fromkeys(name for frame in frames for name in frame if name != "geometry")
    done: dict[Any, list[Any]] = {
        name: [cell for frame in frames for cell in (frame[name] if name in frame else [None] * len(frame))]
        for name in names
    }
    shapes = [shape for frame in frames for shape in (frame.geometry if "geometry" in frame else [None] * len(frame))]
    columns = {name: pd.Series(cells, dtype=object) for name, cells in done.items()}
    table = pd.DataFrame(columns, index=range(sum(map(len, frames))))
    whole = gpd.GeoDataFrame(table, geometry=shapes, crs=STORED)
    return whole.astype({"source_row": "int64"}) if "source_row" in whole else whole


def of_sheets(parts: Sequence[LayerRead], file: str) -> LayerRead:
    """Join the sheets of one file, each read by itself.

    Parameters
    ----------
    parts : sequence of LayerRead
        Two or more, of one layer.
    file : str
        What the person calls the file.

    Returns
    -------
    LayerRead
        The layer as a whole; `parts` tell how each was read.
    """
    first = parts[0]
    sources: list[str] = []
    for part in parts:
        sources.append(unused(part.file, sources))
    whole = joined(first.layer, [block_of(part, source) for part, source in zip(parts, sources, strict=True)])
    faults = tuple(fault for part in parts for fault in part.faults) + whole.faults
    return replace(
        first,
        file=file,
        checked=Checked(whole.frame, whole.set_aside, faults),
        mapping={header: ours for part in parts[::-1] for header, ours in part.mapping.items()},
        units={header: unit for part in parts[::-1] for header, unit in part.units.items()},
        unread=tuple(dict.fromkeys(header for part in parts for header in part.unread)),
        rows_in=sum(part.rows_in for part in parts),
        synthetic=any(part.synthetic for part in parts),
        sublayer=None,
        parts=tuple(parts),
    )
