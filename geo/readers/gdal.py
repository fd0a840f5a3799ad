"""The one way in which GDAL is asked: what it remarks is kept for the person, and nothing else hears of it."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable
from typing import Any, Final, TextIO, TypeVar

import pandas as pd
import pyogrio

from data.errors import Fault
from geo.readers.raw import cleaned

T = TypeVar("T")
_TURN: Final = threading.RLock()
_TOLD: Final = 3
_MORE: Final = re.compile(r"[.\s]*Further messages of this type will be.*", re.DOTALL)


def heard(do: Callable[[], T]) -> tuple[T, list[str]]:
    """Do something with GDAL (or another library that warns), and keep what it warns of.

    Python's filters of warnings belong to the whole process, so that one reading at a time has its turn; warnings of
    other threads go where they would have gone.

    Returns
    -------
    done, remarks
        What came of it; each warning once, as it was written.
    """
    said: dict[str, None] = {}
    mine = threading.get_ident()
    with _TURN, warnings.catch_warnings():
        others = warnings.showwarning
        warnings.simplefilter("always")

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if threading.get_ident() == mine:
                said[str(message)] = None
            else:
                others(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        done = do()
    return done, list(said)


def read_frame(place: str | bytes, **options: Any) -> pd.DataFrame:
    """Read a layer; a shape that cannot be built is none, so that its row is set aside and the others are read."""
    frame: pd.DataFrame = pyogrio.read_dataframe(place, on_invalid="warn", **options)
    return frame


def remark(said: list[str]) -> list[Fault]:
    """Return what was warned of as one remark about a file, whose name and layer are not known here."""
    told = [one for one in dict.fromkeys(cleaned(_MORE.sub("", one)) for one in said) if one]
    if not told:
        return []
    more = f" (+{len(told) - _TOLD})" if len(told) > _TOLD else ""
    return [Fault(rule="gdal_remark", effect="noted", file="", got="; ".join(told[:_TOLD])[:200] + more)]
