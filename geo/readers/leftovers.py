"""What an archive of layers holds beside them: tables that are read by themselves, never out of an archive."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from geo.exports.naming import table_suffixes
from geo.readers.tables import TABLE_SUFFIXES

_TABLES: Final = {*TABLE_SUFFIXES, ".parquet"} - {".txt"}  # a text beside a layer is a note to its reader


def unread_tables(names: Iterable[str]) -> list[str]:
    """Return the files of an archive that hold rows and are no layer: tables, and those of shapes that are missing.

    The tables of field names that our exports put beside layers belong to these.

    >>> unread_tables(["a.shp", "a.dbf", "b.DBF", "台账.xlsx", "说明.txt", "a_字段对照.csv"])
    ['b.DBF', '台账.xlsx']
    """
    every = [PurePosixPath(name) for name in names]
    shapes = {str(one.with_suffix("")).casefold() for one in every if one.suffix.lower() == ".shp"}
    found = []
    for one in every:
        suffix = one.suffix.lower()
        lone = suffix == ".dbf" and str(one.with_suffix("")).casefold() not in shapes
        if lone or (suffix in _TABLES and not one.name.endswith(table_suffixes())):
            found.append(str(one))
    return found
