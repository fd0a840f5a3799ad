"""Shapes within shapes: what is so deep that reading it would take minutes or end the program is told beforehand."""

from __future__ import annotations

import re
import struct
from typing import Final

_DEEPEST: Final = 16  # levels; a collection of areas in parts has four as WKT
_COLLECTIONS: Final = (4, 5, 6, 7, 9, 10, 11, 12)
_POINT, _LINES, _POLYGON, _TRIANGLE = 1, (2, 8), 3, 17
_FLAGS: Final = (0x80000000, 0x40000000)  # Z and M as PostGIS writes them
_NUMBERED: Final = 0x20000000  # a reference system's number follows


def wkt_too_deep(wkt: str) -> bool:
    """Tell whether a WKT has brackets within brackets that no shape needs: reading them takes their number squared.

    >>> wkt_too_deep("GEOMETRYCOLLECTION(POINT(1 2))"), wkt_too_deep("GEOMETRYCOLLECTION(" * 20)
    (False, True)
    """
    if wkt.count("(") <= _DEEPEST:
        return False
    level = 0
    for bracket in re.findall(r"[()]", wkt):
        level += 1 if bracket == "(" else -1
        if level > _DEEPEST:
            return True
    return False


def wkb_too_deep(wkb: bytes) -> bool:
    """Tell whether a WKB has collections within collections that no shape needs: some 10,000 levels end the program.

    Only the heads of shapes are looked at; one that is cut or makes no sense is not deep, but cannot be read either.

    Parameters
    ----------
    wkb : bytes
        ISO or extended WKB of either byte order.

    References
    ----------
    OGC 06-103r4, clause 8.2.
    """
    waiting: list[int] = []  # shapes that are still to come, by level
    at = 0
    try:
        while True:
            kind, count, at = _head(wkb, at)
            if kind in _COLLECTIONS:
                waiting.append(count)
            while waiting and not waiting[-1]:
                waiting.pop()
            if not waiting:
                return False
            if len(waiting) > _DEEPEST:
                return True
            waiting[-1] -= 1
    except (struct.error, IndexError, ValueError):
        return False


def _head(wkb: bytes, at: int) -> tuple[int, int, int]:
    """Return kind and number of parts of the shape at a place, and where the next one's head is."""
    order = ">" if wkb[at] == 0 else "<"
    (said,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    at += 5 + (4 if said & _NUMBERED else 0)
    plain = said & 0x0FFFFFFF
    extra = {0: 0, 1: 1, 2: 1, 3: 2}[plain // 1000] if plain < 4000 else 0
    size = 8 * (2 + max(extra, sum(bool(said & flag) for flag in _FLAGS)))
    kind = plain % 1000
    if kind == _POINT:
        return kind, 0, at + size
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    at += 4
    if kind in _LINES:
        return kind, 0, at + count * size
    if kind in (_POLYGON, _TRIANGLE):
        for _ in range(count):
            (places,) = struct.unpack_from(f"{order}I", wkb, at)
            at += 4 + places * size
        return kind, 0, at
    if kind not in _COLLECTIONS:
        raise ValueError(kind)
    return kind, count, at
