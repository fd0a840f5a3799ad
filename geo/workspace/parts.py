"""The tables that a kept layer is joined of, and what their rows say of where they came from."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from data.errors import seen
from geo.workspace.store import Part, Record

BETWEEN: Final = " › "
LONGEST_NAME: Final = 200


def plain_name(file: str) -> str:
    """Return what a file is called, without folders, and its end where that is too long.

    >>> plain_name("a/b.csv"), plain_name("/锅炉.xlsx")
    ('b.csv', '锅炉.xlsx')
    """
    return PurePath(file.replace("\\", "/")).name[-LONGEST_NAME:]


def source_of(file: str, sublayer: str | None) -> str:
    """Return how the rows of a table say where they came from; a sheet that has the file's own name is not told.

    >>> source_of("锅炉.xlsx", "大武口区"), source_of("锅炉.csv", "锅炉")
    ('锅炉.xlsx › 大武口区', '锅炉.csv')
    """
    name = plain_name(file)
    own = sublayer in (None, "", PurePath(name).stem)
    return seen(name if own else f"{name}{BETWEEN}{sublayer}")


def parts_of(record: Record) -> tuple[Part, ...]:
    """Return the tables that a kept layer is joined of; one for a single one."""
    if record.parts:
        return tuple(record.parts)
    return (
        Part(
            source=source_of(record.file, record.sublayer),
            file=record.file,
            sublayer=record.sublayer,
            source_sha256=record.source_sha256,
            rows_in=record.rows_in,
            rows_used=record.rows_used,
            rows_set_aside=record.rows_set_aside,
            mapping=record.mapping,
            units=record.units,
            crs=record.crs,
            time=record.time,
            who=record.who,
            synthetic=record.synthetic,
        ),
    )
