"""What stands in a block of each kind: tables of compounds, rows of slabs, courtyards, halls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd


class Item(NamedTuple):
    """One building of a compound: place and size as shares of the block, storeys from `low` to `high`."""

    use: str
    form: str
    x: float
    y: float
    w: float
    d: float
    low: int
    high: int
    chance: float = 1.0


COMPOUNDS: Final[dict[str, tuple[Item, ...]]] = {
    "school": (
        Item("school", "ell", -0.16, 0.24, 0.52, 0.40, 3, 5),
        Item("school", "bar", -0.18, -0.14, 0.44, 0.10, 3, 4, 0.8),
        Item("school", "you", 0.30, 0.26, 0.26, 0.30, 2, 4, 0.6),
        Item("other_public", "bar", 0.32, -0.16, 0.22, 0.20, 1, 2, 0.7),
        Item("ancillary", "bar", 0.00, -0.46, 0.05, 0.04, 1, 1),
    ),
    "hospital": (
        Item("hospital", "court", -0.14, 0.16, 0.46, 0.48, 4, 6),
        Item("hospital", "bar", 0.32, 0.20, 0.14, 0.44, 6, 13),
        Item("hospital", "tee", -0.18, -0.30, 0.34, 0.22, 2, 4, 0.7),
        Item("ancillary", "bar", 0.36, -0.36, 0.10, 0.07, 1, 1),
    ),
    "government": (
        Item("government", "you", 0.00, 0.20, 0.50, 0.34, 4, 7),
        Item("government", "bar", -0.38, -0.16, 0.11, 0.34, 3, 5, 0.8),
        Item("other_public", "bar", 0.36, -0.14, 0.15, 0.28, 1, 3, 0.7),
        Item("ancillary", "bar", -0.10, -0.46, 0.06, 0.04, 1, 1),
        Item("apartment", "bar", -0.10, 0.44, 0.40, 0.085, 5, 6, 0.5),
    ),
    "institute": (
        Item("office", "wings", -0.10, 0.20, 0.48, 0.36, 4, 9),
        Item("office", "court", 0.33, 0.22, 0.24, 0.36, 3, 6, 0.6),
        Item("government", "tee", -0.22, -0.24, 0.36, 0.30, 3, 6, 0.7),
        Item("other_public", "bar", 0.28, -0.26, 0.28, 0.24, 1, 3, 0.5),
        Item("ancillary", "bar", 0.02, -0.46, 0.05, 0.04, 1, 1),
    ),
    "mall": (
        Item("commercial", "bar", -0.22, 0.14, 0.44, 0.50, 3, 5),
        Item("hotel", "tee", 0.28, 0.26, 0.30, 0.26, 8, 16, 0.6),
        Item("office", "bar", 0.28, -0.08, 0.28, 0.16, 5, 15, 0.6),
        Item("commercial", "bar", -0.22, -0.38, 0.46, 0.10, 2, 3, 0.8),
        Item("hotel", "ell", 0.28, -0.36, 0.28, 0.18, 4, 7, 0.4),
    ),
    "court_homes": (
        Item("apartment", "bar", 0.00, 0.42, 0.78, 0.095, 5, 6),
        Item("apartment", "bar", -0.28, 0.14, 0.36, 0.095, 5, 6),
        Item("apartment", "bar", 0.24, 0.14, 0.36, 0.095, 5, 6),
        Item("apartment", "bar", -0.28, -0.16, 0.36, 0.095, 4, 6),
        Item("apartment", "bar", 0.24, -0.16, 0.36, 0.095, 4, 6),
        Item("commercial", "bar", -0.22, -0.43, 0.38, 0.08, 1, 2, 0.8),
        Item("commercial", "bar", 0.24, -0.43, 0.36, 0.08, 1, 2, 0.8),
        Item("ancillary", "bar", -0.02, 0.00, 0.05, 0.08, 1, 1, 0.7),
    ),
    "workshops": (
        Item("factory", "bar", -0.20, 0.20, 0.46, 0.30, 1, 1),
        Item("warehouse", "bar", 0.32, 0.16, 0.20, 0.44, 1, 1, 0.8),
        Item("office", "bar", -0.22, -0.36, 0.30, 0.10, 2, 4, 0.7),
        Item("factory", "bar", -0.24, -0.14, 0.34, 0.20, 1, 1, 0.6),
        Item("ancillary", "bar", 0.30, -0.34, 0.12, 0.10, 1, 1),
    ),
    "works": (
        Item("factory", "bar", -0.14, 0.26, 0.50, 0.28, 1, 1),
        Item("factory", "bar", -0.14, -0.10, 0.42, 0.24, 1, 2, 0.8),
        Item("warehouse", "bar", 0.32, 0.14, 0.18, 0.42, 1, 1, 0.8),
        Item("office", "ell", -0.28, -0.38, 0.20, 0.16, 3, 6),
        Item("ancillary", "bar", 0.10, -0.40, 0.08, 0.08, 1, 1),
        Item("factory", "tee", 0.32, -0.30, 0.20, 0.24, 1, 1, 0.4),
    ),
    "civic": (
        Item("village_committee", "bar", -0.10, 0.26, 0.20, 0.20, 1, 2),
        Item("village_committee", "bar", 0.16, 0.28, 0.11, 0.15, 1, 1, 0.8),
        Item("school", "bar", -0.36, 0.24, 0.20, 0.20, 1, 3, 0.28),
        Item("commercial", "bar", 0.36, -0.26, 0.14, 0.18, 1, 1, 0.8),
        Item("other_public", "bar", -0.30, -0.30, 0.14, 0.20, 1, 1, 0.25),
        Item("ancillary", "bar", 0.34, 0.28, 0.06, 0.10, 1, 1, 0.6),
    ),
    "park": (Item("other_public", "bar", 0.0, 0.1, 0.14, 0.12, 1, 2, 0.4),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Lots of equal size that a set of blocks is divided into; all arrays have one entry a lot."""

    block: Any
    column: Any
    row: Any
    x: Any
    y: Any
    w: Any
    h: Any


def cells(blocks: pd.DataFrame, *, pitch: tuple[float, float], inset: tuple[float, float, float]) -> Cells:
    """Divide blocks into lots of about `pitch` [m], leaving `inset` free (west and east, south, north) [m]."""
    w, h = blocks["w"].to_numpy() - 2.0 * inset[0], blocks["h"].to_numpy() - inset[1] - inset[2]
    columns = np.maximum(1, np.floor(w / pitch[0])).astype(np.int64)
    rows = np.maximum(1, np.floor(h / pitch[1])).astype(np.int64)
    count = columns * rows
    owner = np.repeat(np.arange(len(blocks)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    column, row = nth % columns[owner], nth // columns[owner]
    lot_w, lot_h = (w / columns)[owner], (h / rows)[owner]
    west = (blocks["u"].to_numpy() - w / 2.0)[owner]
    south = (blocks["v"].to_numpy() - blocks["h"].to_numpy() / 2.0 + inset[1])[owner]
    return Cells(
        block=blocks.index.to_numpy()[owner],
        column=column,
        row=row,
        x=west + (column + 0.5) * lot_w,
        y=south + (row + 0.5) * lot_h,
        w=lot_w,
        h=lot_h,
    )


def _frame(lots: Cells, keep: Any, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"block": lots.block, "x": lots.x, "y": lots.y, "form": "bar"} | columns)
    return frame.iloc[np.flatnonzero(keep)]


def _compound(kind: str, blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    parts = []
    for item in COMPOUNDS[kind]:
        own = blocks[rng.uniform(size=len(blocks)) < item.chance]
        size = len(own)
        parts.append(
            pd.DataFrame(
                {
                    "block": own.index,
                    "x": own["u"] + item.x * own["w"],
                    "y": own["v"] + item.y * own["h"],
                    "form": item.form,
                    "w": own["w"] * item.w * rng.uniform(0.85, 1.0, size),
                    "d": own["h"] * item.d * rng.uniform(0.88, 1.0, size),
                    "use": item.use,
                    "floors": rng.integers(item.low, item.high + 1, size).astype(float),
                }
            )
        )
    return parts


def _slabs(blocks: pd.DataFrame, rng: np.random.Generator, *, storeys: tuple[int, ...]) -> list[pd.DataFrame]:
    lots = cells(blocks, pitch=(58.0, 27.0), inset=(6.0, 5.0, 4.0))
    size = len(lots.x)
    shops = rng.uniform(size=int(blocks.index.max()) + 1)[lots.block] < 0.55
    front = shops & (lots.row == 0)
    depth = np.where(front, 9.5, rng.uniform(11.0, 13.2, size))
    north = lots.y + lots.h / 2.0 - depth / 2.0 - 1.0
    homes = _frame(
        lots,
        rng.uniform(size=size) > 0.05,
        y=np.where(front, lots.y - lots.h / 2.0 + depth / 2.0, north),
        w=lots.w * rng.uniform(0.80, 0.92, size),
        d=depth,
        use=np.where(front, "commercial", "apartment"),
        floors=np.where(front, rng.integers(1, 3, size), rng.choice(storeys, size)).astype(float),
    )
    sheds = _frame(
        lots,
        (rng.uniform(size=size) < 0.14) & ~front,
        y=lots.y - lots.h / 2.0 + 3.2,
        w=rng.uniform(9.0, 18.0, size),
        d=rng.uniform(3.5, 4.5, size),
        use="ancillary",
        floors=1.0,
    )
    return [homes, sheds]


def _old_slabs(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    return _slabs(blocks, rng, storeys=(4, 5, 5, 6, 6, 6, 6, 7))


def _low_slabs(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    return _slabs(blocks, rng, storeys=(3, 4, 4, 5, 5, 6))


def _new_towers(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    lots = cells(blocks, pitch=(45.0, 47.0), inset=(6.0, 22.0, 5.0))
    size = len(lots.x)
    tall = rng.uniform(size=size) < 0.07
    towers = _frame(
        lots,
        rng.uniform(size=size) > 0.08,
        w=np.where(tall, 25.0, np.minimum(lots.w - 9.0, rng.uniform(27.0, 40.0, size))),
        d=np.where(tall, 21.0, rng.uniform(14.5, 17.5, size)),
        use="apartment",
        floors=np.where(tall, rng.integers(26, 34, size), rng.choice((6, 6, 7, 11, 11, 11, 15, 18, 18), size)).astype(
            float
        ),
    )
    street = cells(blocks, pitch=(42.0, 500.0), inset=(5.0, 2.0, 4.0))
    count = len(street.x)
    south = blocks["v"] - blocks["h"] / 2.0
    shops = _frame(
        street,
        rng.uniform(size=count) < 0.55,
        y=south.loc[street.block].to_numpy() + 8.0,
        w=street.w * rng.uniform(0.80, 0.96, count),
        d=rng.uniform(10.5, 13.0, count),
        use=rng.choice(("commercial",) * 19 + ("hotel",), count),
        floors=rng.integers(2, 4, count).astype(float),
    )
    gates = pd.DataFrame(
        {
            "block": blocks.index,
            "x": blocks["u"] - blocks["w"] / 2.0 + 4.0,
            "y": blocks["v"] + blocks["h"] / 2.0 - 2.5,
            "form": "bar",
            "w": 6.0,
            "d": 3.6,
            "use": "ancillary",
            "floors": 1.0,
        }
    )
    return [towers, shops, gates]


def _row_houses(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    lots = cells(blocks, pitch=(47.0, 15.5), inset=(4.0, 3.0, 3.0))
    size = len(lots.x)
    return [
        _frame(
            lots,
            rng.uniform(size=size) > 0.22,
            w=lots.w * rng.uniform(0.65, 0.92, size),
            d=rng.uniform(6.2, 7.6, size),
            use="apartment",
            floors=1.0,
        )
    ]


def _main_street(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    parts = []
    for side in (-1.0, 1.0):
        lots = cells(blocks, pitch=(15.0, 500.0), inset=(2.0, 0.0, 0.0))
        size = len(lots.x)
        edge = blocks["v"] + side * (blocks["h"] / 2.0 - 5.5)
        parts.append(
            _frame(
                lots,
                rng.uniform(size=size) > 0.12,
                y=edge.loc[lots.block].to_numpy(),
                w=lots.w - rng.uniform(0.4, 2.0, size),
                d=rng.uniform(8.0, 10.5, size),
                use=rng.choice(("commercial",) * 28 + ("hotel", "office"), size),
                floors=rng.choice((1.0, 2.0, 2.0, 3.0), size),
            )
        )
    inner = blocks.assign(h=blocks["h"] - 30.0)
    return parts + _slabs(inner, rng, storeys=(3, 4, 5))


def _houses(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    lots = cells(blocks, pitch=(17.5, 26.0), inset=(1.0, 0.5, 0.5))
    size = len(lots.x)
    lived = rng.uniform(size=size) > 0.10
    bent = rng.uniform(size=size) < 0.14
    width = np.minimum(lots.w - 3.2, rng.uniform(9.8, 14.2, size))
    depth = np.where(bent, rng.uniform(11.5, 13.5, size), rng.uniform(6.0, 8.2, size))
    main = _frame(
        lots,
        lived,
        y=lots.y + lots.h / 2.0 - depth / 2.0 - rng.uniform(1.2, 2.4, size),
        w=width,
        d=depth,
        form=np.where(bent, "ell", "bar"),
        use="rural_house",
        floors=np.where(rng.uniform(size=size) < 0.07, 2.0, 1.0),
    )
    side = np.where(rng.uniform(size=size) < 0.5, -1.0, 1.0)
    deep = rng.uniform(5.0, 8.0, size)
    sheds = _frame(
        lots,
        lived & ~bent & (rng.uniform(size=size) < 0.30),
        x=lots.x + side * (lots.w / 2.0 - 3.6),
        y=lots.y - lots.h / 2.0 + deep / 2.0 + 1.6,
        w=rng.uniform(3.2, 4.4, size),
        d=deep,
        use="ancillary",
        floors=1.0,
    )
    return [main, sheds]


def _greenhouses(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    lots = cells(blocks, pitch=(88.0, 21.0), inset=(2.0, 2.0, 2.0))
    size = len(lots.x)
    use = np.full(size, "greenhouse", dtype=object)
    return [
        _frame(
            lots,
            rng.uniform(size=size) > 0.08,
            w=lots.w * rng.uniform(0.82, 0.90, size),
            d=rng.uniform(8.5, 10.5, size),
            use=use,
            floors=1.0,
        )
    ]


def _halls(blocks: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    lots = cells(blocks, pitch=(105.0, 62.0), inset=(10.0, 10.0, 8.0))
    size = len(lots.x)
    depth = np.minimum(lots.h - 12.0, rng.uniform(20.0, 56.0, size))
    halls = _frame(
        lots,
        rng.uniform(size=size) > 0.10,
        w=np.clip(lots.w * rng.uniform(0.55, 0.88, size), 30.0, 150.0),
        d=depth,
        use=rng.choice(("factory", "factory", "factory", "warehouse"), size),
        floors=1.0,
    )
    gate = pd.DataFrame(
        {
            "block": blocks.index,
            "x": blocks["u"],
            "y": blocks["v"] - blocks["h"] / 2.0 + 4.5,
            "form": "bar",
            "w": rng.uniform(9.0, 14.0, len(blocks)),
            "d": rng.uniform(5.0, 6.5, len(blocks)),
            "use": rng.choice(("ancillary", "ancillary", "office"), len(blocks)),
            "floors": 1.0,
        }
    )
    return [halls, gate]


_BUILDERS: Final[dict[str, Callable[[pd.DataFrame, np.random.Generator], list[pd.DataFrame]]]] = {
    "old_slabs": _old_slabs,
    "low_slabs": _low_slabs,
    "new_towers": _new_towers,
    "row_houses": _row_houses,
    "main_street": _main_street,
    "houses": _houses,
    "greenhouses": _greenhouses,
    "halls": _halls,
}


def furnish(blocks: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the buildings of all blocks, in the turned metres of their site, block by block."""
    parts: list[pd.DataFrame] = []
    for kind, own in blocks.groupby("kind", sort=True):
        name = str(kind)
        parts += _BUILDERS[name](own, rng) if name in _BUILDERS else _compound(name, own, rng)
    return pd.concat(parts, ignore_index=True).sort_values("block", kind="stable", ignore_index=True)
