"""What people record beside a workspace: SQLite in its folder, or PostgreSQL where several offices work on one list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from filelock import FileLock

from data.errors import DataError, Fault

FILE: Final = "checks.sqlite"
SCHEMA: Final = "nuanguang"
_WAIT_MS: Final = 10_000
_MAKING: Final = 0x4E47  # any number of our own: who makes the tables holds it


def refused(rule: str, *, file: str = "", expected: str = "", got: str = "") -> DataError:
    """Return the error of a record that cannot be kept."""
    return DataError([Fault(rule=rule, effect="refused", file=file, expected=expected, got=got)])


def _lines(connection: Any, _: Any) -> None:
    """Let readers go on while somebody writes, and writers wait for each other."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_WAIT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _engine(where: str | Path) -> sa.Engine:
    if isinstance(where, str) and "://" in where:
        try:
            address = sa.make_url(where).set(drivername="postgresql+psycopg")
        except (sa.exc.ArgumentError, ValueError):
            raise refused("workspace_kind", file="postgresql", expected="postgresql://…") from None
        return sa.create_engine(address, pool_pre_ping=True)
    folder = Path(where)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused("not_writable", file=folder.name, got=error.strerror or "") from error
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(folder / FILE)))
    sa.event.listen(engine, "connect", _lines)
    return engine.execution_options(schema_translate_map={SCHEMA: None})


class Records:
    """The records of one kind of a workspace.

    Parameters
    ----------
    where : str or pathlib.Path
        Folder of a workspace, or the address of a PostgreSQL database.

    Raises
    ------
    DataError
        If it cannot be opened.
    """

    METADATA: ClassVar[sa.MetaData]

    def __init__(self, where: str | Path) -> None:
        self._engine = _engine(where)
        self._name = self._engine.url.database or ""
        self._make(where)

    def _make(self, where: str | Path) -> None:
        """Make the tables that are not there yet, one process after the other."""
        if self._engine.dialect.name == "postgresql":
            with self.told() as connection:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
                connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
                self.METADATA.create_all(connection, checkfirst=True)
            return
        with FileLock(Path(where) / f"{FILE}.lock", timeout=_WAIT_MS / 1000), self.told() as connection:
            self.METADATA.create_all(connection, checkfirst=True)

    @contextmanager
    def told(self) -> Iterator[sa.Connection]:
        """Open a transaction; what the database says is told without its address."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as error:
            said = type(error.orig).__name__
            raise refused("check_store", file=Path(self._name).name, got=said) from error

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
