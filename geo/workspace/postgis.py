"""A workspace in a PostGIS database, for bureaus where several people work on one set of layers.

Every change is one transaction that holds the layer's row; who comes second waits, sees the new version, and is
told. The address's password stands in no message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import geopandas as gpd
import psycopg
import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.dialects.postgresql import insert

from data.catalog import LAYERS
from geo.workspace import tables
from geo.workspace.codec import Packed, columns_of, digest, pack, unpack
from geo.workspace.manifest import KEPT, Kept
from geo.workspace.moves import Moves
from geo.workspace.sources import safe_suffix, source_bytes, source_name
from geo.workspace.store import Record, check_expected, check_layer, check_whole, refused, with_accepted
from geo.workspace.tables import FILES, LAYERS_TABLE, SRID, VERSIONS
from geo.workspace.timeline import Timeline

CONNECT_WAIT_S: Final = 5
LOCK_WAIT_S: Final = 60
_SETUP_LOCK: Final = 7_236_518_401  # any number; all workspaces of this program make their tables under it
_TIMELINE: Final = TypeAdapter(Timeline)
_RULES: Final = {
    "55P03": "workspace_busy",
    "40P01": "workspace_busy",
    "42501": "workspace_no_right",
    "25006": "workspace_no_right",
    "42P01": "workspace_damaged",
    "42703": "workspace_damaged",
}


def _address(where: str) -> sa.URL:
    """Return the address for the driver that we have.

    Raises
    ------
    DataError
        If it is none; what it says is not repeated, for a password may stand anywhere in it.
    """
    try:
        return sa.make_url(where).set(drivername="postgresql+psycopg")
    except (sa.exc.ArgumentError, ValueError):
        raise refused("workspace_kind", file="postgresql", expected="postgresql://…") from None


class _Desk:
    """A layer held by a transaction."""

    def __init__(self, store: PostgisStore, layer: str, connection: sa.Connection) -> None:
        self.connection = connection
        self._store = store
        self._layer = layer
        connection.execute(
            insert(LAYERS_TABLE)
            .values(layer=layer, timeline=_TIMELINE.dump_python(Timeline(), mode="json"))
            .on_conflict_do_nothing()
        )
        held = sa.select(LAYERS_TABLE.c.timeline).where(LAYERS_TABLE.c.layer == layer).with_for_update()
        self.timeline = store.states(connection.execute(held).scalar_one(), layer)

    def put(self, timeline: Timeline) -> None:
        said = _TIMELINE.dump_python(timeline, mode="json")
        self.connection.execute(
            sa.update(LAYERS_TABLE).where(LAYERS_TABLE.c.layer == self._layer).values(timeline=said)
        )
        self.timeline = timeline

    def record(self, version: int) -> Record:
        return self._store.kept(self.connection, self._layer, version).record

    def versions(self) -> list[int]:
        of_layer = sa.select(VERSIONS.c.version).where(VERSIONS.c.layer == self._layer)
        return list(self.connection.scalars(of_layer))

    def accept(self, version: int, accepted: list[str]) -> None:
        of_version = (VERSIONS.c.layer == self._layer) & (VERSIONS.c.version == version)
        self.connection.execute(sa.update(VERSIONS).where(of_version).values(accepted=accepted))

    def add(self, kept: Kept, files: Mapping[str, bytes]) -> None:
        """Write what is known of a version, and its files in parts."""
        of_version = {"layer": self._layer, "version": kept.record.version}
        said = KEPT.dump_python(kept, mode="json")
        self.connection.execute(sa.insert(VERSIONS).values(**of_version, kept=said, accepted=kept.record.accepted))
        for kind, content in files.items():
            for part, start in enumerate(range(0, len(content), tables.PART_BYTES)):
                piece = content[start : start + tables.PART_BYTES]
                self.connection.execute(sa.insert(FILES).values(**of_version, kind=kind, part=part, content=piece))

    def delete(self, versions: Iterable[int]) -> None:
        for version in versions:
            rows = sa.Table(tables.table_name(self._layer, version), sa.MetaData(schema=tables.SCHEMA))
            rows.drop(self.connection, checkfirst=True)
            for table in (FILES, VERSIONS):
                of_version = (table.c.layer == self._layer) & (table.c.version == version)
                self.connection.execute(sa.delete(table).where(of_version))


class PostgisStore(Moves):
    """A workspace in a PostGIS database; see `geo.workspace.store.Store`.

    Parameters
    ----------
    where : str
        Address of the database, ``postgresql://user:password@host:port/database``.

    Raises
    ------
    DataError
        If it cannot be reached, has no PostGIS, or its user may not make the tables.
    """

    def __init__(self, where: str) -> None:
        url = _address(where)
        self._place = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
        # parameters stay out of messages: they are the bureau's data
        self._engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": CONNECT_WAIT_S},
        )
        try:
            with self._changing() as connection:
                self._set_up(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in our words what the database says."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            said = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            state = getattr(said, "sqlstate", None) or ""
            away = isinstance(said, psycopg.OperationalError) and (not state or state[:2] in ("08", "28", "3D", "57"))
            rule = "workspace_unreachable" if away else _RULES.get(state, "workspace_database")
            raise refused(rule, file=self._place, got=f"{type(said).__name__} {state}".strip()) from error

    @contextmanager
    def _changing(self) -> Iterator[sa.Connection]:
        with self._told(), self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.set_config("lock_timeout", f"{LOCK_WAIT_S}s", sa.true())))
            yield connection

    @contextmanager
    def _looking(self) -> Iterator[sa.Connection]:
        """Look at one state of the whole database."""
        with self._told(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ")

    def _set_up(self, connection: sa.Connection) -> None:
        known = sa.inspect(connection)
        if known.has_table(FILES.name, schema=tables.SCHEMA):
            return
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SETUP_LOCK)))
        try:
            with connection.begin_nested():
                connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS postgis"))
            place = sa.text("SELECT count(*) FROM spatial_ref_sys WHERE srid = :srid")
            fitting = connection.execute(place, {"srid": SRID}).scalar_one()
        except sa.exc.DBAPIError as error:
            raise refused("workspace_no_postgis", file=self._place) from error
        if not fitting:
            raise refused("workspace_no_postgis", file=self._place, expected=f"EPSG:{SRID}")
        tables.create_all(connection)

    @contextmanager
    def _holding(self, layer: str) -> Iterator[_Desk]:
        with self._changing() as connection:
            yield _Desk(self, layer, connection)

    def states(self, said: Any, layer: str) -> Timeline:
        """Read the states of a layer as the database keeps them."""
        try:
            return _TIMELINE.validate_python(said)
        except ValidationError as error:
            raise refused("workspace_damaged", file=f"{self._place} {layer}", layer=layer) from error

    def _current(self, connection: sa.Connection, layer: str) -> Timeline:
        said = connection.execute(sa.select(LAYERS_TABLE.c.timeline).where(LAYERS_TABLE.c.layer == layer)).scalar()
        return Timeline() if said is None else self.states(said, layer)

    def _timeline(self, layer: str) -> Timeline:
        with self._looking() as connection:
            return self._current(connection, layer)

    def _known(self) -> list[str]:
        with self._looking() as connection:
            return list(connection.scalars(sa.select(LAYERS_TABLE.c.layer)))

    def kept(self, connection: sa.Connection, layer: str, version: int) -> Kept:
        """Return what is known of a version."""
        of_version = (VERSIONS.c.layer == layer) & (VERSIONS.c.version == version)
        found = connection.execute(sa.select(VERSIONS.c.kept, VERSIONS.c.accepted).where(of_version)).one_or_none()
        if found is None:
            raise refused("workspace_version_gone", file=layer, layer=layer, got=str(version))
        try:
            kept = KEPT.validate_python(found.kept)
        except ValidationError as error:
            raise refused("workspace_newer", file=f"{self._place} {layer} {version}", layer=layer) from error
        return replace(kept, record=with_accepted(kept.record, found.accepted))

    def layers(self) -> dict[str, Record]:
        """Return the current version of each layer that is there."""
        with self._looking() as connection:
            current = {layer: self._current(connection, layer).current for layer in LAYERS}
            return {
                layer: self.kept(connection, layer, version).record
                for layer, version in current.items()
                if version is not None
            }

    def history(self, layer: str) -> list[Record]:
        """Return all versions of a layer that still exist, the oldest first."""
        check_layer(layer)
        with self._looking() as connection:
            of_layer = sa.select(VERSIONS.c.version).where(VERSIONS.c.layer == layer).order_by(VERSIONS.c.version)
            return [self.kept(connection, layer, version).record for version in connection.scalars(of_layer).all()]

    @contextmanager
    def _fetching(self, layer: str, version: int | None) -> Iterator[tuple[sa.Connection, Kept]]:
        check_layer(layer)
        with self._looking() as connection:
            wanted = self._current(connection, layer).current if version is None else version
            if wanted is None:
                raise refused("workspace_no_layer", file=layer, layer=layer)
            yield connection, self.kept(connection, layer, wanted)

    def _check(self, kept: Kept, what: str, expected: str, found: str) -> None:
        if expected != found:
            layer = kept.record.layer
            file = f"{self._place} {layer} {kept.record.version} {what}"
            raise refused("workspace_damaged", file=file, layer=layer, expected=expected[:16], got=found[:16])

    def read(self, layer: str, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the rows of a version, by default the current one, exactly as they were kept."""
        with self._fetching(layer, version) as (connection, kept):
            name = tables.table_name(layer, kept.record.version)
            frame = tables.fetch(_driver(connection), name, kept.columns)
        self._check(kept, name, kept.record.sha256, digest(frame))
        return frame

    def _file(self, connection: sa.Connection, kept: Kept, kind: str, sha256: str) -> bytes:
        of_file = (
            (FILES.c.layer == kept.record.layer) & (FILES.c.version == kept.record.version) & (FILES.c.kind == kind)
        )
        content = b"".join(connection.scalars(sa.select(FILES.c.content).where(of_file).order_by(FILES.c.part)))
        self._check(kept, kind, sha256, hashlib.sha256(content).hexdigest())
        return content

    def set_aside(self, layer: str, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the rows that were set aside, with the file's own columns."""
        with self._fetching(layer, version) as (connection, kept):
            content = self._file(connection, kept, "set_aside", kept.set_aside_sha256)
        return unpack(Packed(content, kept.set_aside_columns))

    def source(self, layer: str, version: int | None = None) -> bytes:
        """Return the file as it came; one of several parts is a zip of them."""
        with self._fetching(layer, version) as (connection, kept):
            return self._file(connection, kept, "source", kept.source_sha256)

    def keep(
        self,
        layer: str,
        frame: gpd.GeoDataFrame,
        record: Record,
        *,
        set_aside: gpd.GeoDataFrame,
        source: Path | bytes,
        expected: int | None,
    ) -> Record:
        """Keep a new version and put it in use.

        Returns
        -------
        Record
            With its version and the digest of its rows filled in.

        Raises
        ------
        DataError
            If another version is current than the one expected, or if it cannot be written.
        ValueError
            If the record does not speak of these rows.
        """
        check_layer(layer)
        check_whole(layer, frame, record, set_aside)
        columns, plain = columns_of(frame), tables.plain_rows(frame, layer=layer)
        aside, came, seal = pack(set_aside, layer=layer), source_bytes(source, record), digest(frame)
        with self._holding(layer) as desk:
            check_expected(layer, desk.timeline.current, expected)
            version = desk.timeline.last + 1
            kept = Kept(
                record=replace(record, version=version, sha256=seal),
                columns=columns,
                set_aside_columns=aside.columns,
                set_aside_sha256=aside.sha256,
                source_sha256=hashlib.sha256(came).hexdigest(),
                source=f"source{safe_suffix(source_name(record))}",
            )
            desk.add(kept, {"set_aside": aside.content, "source": came})
            table = tables.rows_table(layer, version, frame, columns)
            table.create(desk.connection)
            tables.fill(_driver(desk.connection), table.name, plain, columns)
            tables.index_places(desk.connection, table)
            desk.put(desk.timeline.kept(version))
        return kept.record


def _driver(connection: sa.Connection) -> psycopg.Connection[Any]:
    """Return the driver's own connection, inside the same transaction, for what SQLAlchemy has no words for."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
