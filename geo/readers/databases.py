"""GeoPackages from outside: their schema is looked at before anything that it defines can run.

A GeoPackage is a database, and a database can hold programs: views run when a layer is listed or read (one that
counts without end stops the reader before the first row), generated columns when a row is read, virtual tables reach
for other files. Only plain tables, the R-tree index and the triggers that GDAL and the standard write are let in;
triggers never run here, since the file is only ever read.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import quote

from data.errors import Fault
from geo.readers.raw import cleaned

_WAL_VERSION: Final = slice(18, 20)
_TRIGGER_NAME: Final = re.compile(
    r"(rtree_.+_(insert|delete|update\d?)|trigger_(insert|delete|update)_feature_count_.+"
    r"|gpkg_\w+|fts_.+|.*_(insert|update|delete)_trigger)",
    re.IGNORECASE | re.DOTALL,
)
_STATEMENT: Final = re.compile(
    r"""(insert(\s+or\s+(replace|ignore))?\s+into|delete\s+from|update(\s+or\s+\w+)?)\s+["'`\[]?(rtree_|gpkg_)"""
    r"""|select\s+raise\s*\(""",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]""")
_CALL: Final = re.compile(r"\b([a-z_]\w*)\s*\(", re.IGNORECASE)
_CALLED: Final = frozenset(
    (
        *("st_isempty", "st_minx", "st_maxx", "st_miny", "st_maxy", "lower", "upper", "raise", "strftime"),
        *("values", "in", "not", "and", "or", "when", "where", "select", "cast", "coalesce", "length", "count"),
    )
)
_VIRTUAL: Final = re.compile(r"create\s+virtual\s+table\s+.+\susing\s+rtree\s*\(", re.IGNORECASE | re.DOTALL)
_COMPUTED: Final = (2, 3)  # how sqlite marks virtual and stored generated columns


def _body(sql: str) -> list[str]:
    """Return the statements of a trigger, what is quoted in them kept."""
    masked = _QUOTED.sub(lambda found: "x" * len(found.group()), sql)
    begin = re.search(r"\bbegin\b", masked, re.IGNORECASE)
    end = list(re.finditer(r"\bend\b", masked, re.IGNORECASE))
    if begin is None or not end:
        return [sql]
    inner, shown = masked[begin.end() : end[-1].start()], sql[begin.end() : end[-1].start()]
    cuts = [-1, *(at for at, one in enumerate(inner) if one == ";"), len(inner)]
    parts = [shown[first + 1 : last].strip() for first, last in pairwise(cuts)]
    return [part for part in parts if part]


def known_trigger(name: str, sql: str) -> bool:
    """Tell a trigger that keeps the R-tree, the row count or the rules of the standard's own tables.

    Its name alone proves nothing: each of its statements must write to a table ``rtree_…`` or ``gpkg_…`` or raise an
    error, and call no function but those that such triggers call.
    """
    masked = _QUOTED.sub("x", sql)
    calls = {found.lower() for found in _CALL.findall(masked)}
    return (
        _TRIGGER_NAME.fullmatch(name) is not None
        and all(_STATEMENT.match(statement) for statement in _body(sql))
        and calls <= _CALLED
    )


def _computed(database: sqlite3.Connection, tables: list[str]) -> list[str]:
    found = []
    for table in tables:
        rows = database.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
        found += [f"{table}.{name}" for name, hidden in rows if hidden in _COMPUTED]
    return found


def _schema_faults(database: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return what the schema defines beyond tables: rule and names."""
    entries = [
        (str(kind), str(name), str(sql or ""))
        for kind, name, sql in database.execute("SELECT type, name, sql FROM sqlite_master")
    ]
    virtual = [
        name for kind, name, sql in entries if kind == "table" and re.match(r"create\s+virtual", sql, re.IGNORECASE)
    ]
    plain = [name for kind, name, _ in entries if kind == "table" and name not in virtual]
    named = {name for kind, name, _ in entries if kind == "table"}
    found = {
        "gpkg_view": [name for kind, name, _ in entries if kind == "view"],
        "gpkg_trigger": [name for kind, name, sql in entries if kind == "trigger" and not known_trigger(name, sql)],
        "gpkg_virtual": [name for _, name, sql in entries if name in virtual and not _VIRTUAL.match(sql)],
        "gpkg_computed": _computed(database, plain),
    }
    faults = [(rule, ", ".join(names)[:200]) for rule, names in found.items() if names]
    return faults if "gpkg_contents" in named else [*faults, ("content_not_suffix", "SQLite")]


def database_faults(path: Path) -> list[Fault]:
    """Return what makes a GeoPackage unfit to be opened.

    Parameters
    ----------
    path : pathlib.Path
        The file; it is opened read-only, its schema not trusted, and nothing of it is run.
    """
    beside = path.with_name(f"{path.name}-wal")
    if beside.is_file() and beside.stat().st_size:
        return [_fault(path.name, "gpkg_in_use", got=beside.name)]
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            return _found(database, path.name)
    except sqlite3.Error as error:
        return [_fault(path.name, "file_broken", got=f"SQLite: {cleaned(error)}")]


def held_faults(content: bytes, file: str) -> list[Fault]:
    """Return what makes a GeoPackage unfit to be opened that came inside an archive; see `database_faults`."""
    plain = content[: _WAL_VERSION.start] + b"\x01\x01" + content[_WAL_VERSION.stop :]
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(plain)
            return _found(database, file)
    except (sqlite3.Error, OverflowError) as error:
        return [_fault(file, "file_broken", got=f"SQLite: {cleaned(error)}")]


def _found(database: sqlite3.Connection, file: str) -> list[Fault]:
    database.execute("PRAGMA trusted_schema = OFF")
    return [_fault(file, rule, got=got) for rule, got in _schema_faults(database)]


def left_open(path: Path) -> bool:
    """Tell a database whose last changes may be in a journal that did not come with it."""
    with path.open("rb") as file:
        return file.read(20)[_WAL_VERSION] == b"\x02\x02"


def _fault(file: str, rule: str, *, got: str) -> Fault:
    return Fault(rule=rule, effect="refused", file=file, got=got)
