"""Tables of a workspace in PostGIS, and rows of a layer on their way into one and back.

Each version of a layer has a table of its own, ``boilers_0003``: its columns are those of its frame whatever later
versions of the program know, a version that is pruned leaves no dead rows, and the index of one holds no other's
places. Names come from the fixed list of layers and from numbers, never from a user's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
import sqlalchemy as sa
from geoalchemy2 import Geometry
from psycopg import sql
from sqlalchemy.dialects.postgresql import JSONB

from geo.crs import STORED
from geo.workspace.codec import GEOMETRY, Columns, decoded, encoded
from geo.workspace.store import refused

SCHEMA: Final = "nuanguang"
SRID: Final = 4490
ORDER: Final = "row_position"
PART_BYTES: Final = 8 * 2**20  # well below the 1 GB that one value may have
_METADATA: Final = sa.MetaData(schema=SCHEMA)
_TYPES: Final[dict[str, tuple[type[sa.types.TypeEngine[Any]], str]]] = {
    "string": (sa.Text, "text"),
    "str": (sa.Text, "text"),
    "boolean": (sa.Boolean, "bool"),
    "bool": (sa.Boolean, "bool"),
    "float64": (sa.Double, "float8"),
    "int64": (sa.BigInteger, "int8"),
}

LAYERS_TABLE: Final = sa.Table(
    "layers", _METADATA, sa.Column("layer", sa.Text, primary_key=True), sa.Column("timeline", JSONB, nullable=False)
)
VERSIONS: Final = sa.Table(
    "versions",
    _METADATA,
    sa.Column("layer", sa.Text, sa.ForeignKey(LAYERS_TABLE.c.layer), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kept", JSONB, nullable=False),
    sa.Column("accepted", JSONB, nullable=False),
)
FILES: Final = sa.Table(
    "files",
    _METADATA,
    sa.Column("layer", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(["layer", "version"], [VERSIONS.c.layer, VERSIONS.c.version]),
)


def create_all(connection: sa.Connection) -> None:
    """Make the schema and the tables that are not there yet."""
    connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
    _METADATA.create_all(connection)


def native(kind: str) -> bool:
    """Tell whether a kind of column has a type of the database; others are kept as JSON."""
    return kind in _TYPES


def table_name(layer: str, version: int) -> str:
    """Return the name of the table of a version.

    >>> table_name("boilers", 3)
    'boilers_0003'
    """
    return f"{layer}_{version:04d}"


def rows_table(layer: str, version: int, frame: gpd.GeoDataFrame, columns: Columns) -> sa.Table:
    """Return the table that the rows of a version are kept in.

    Raises
    ------
    ValueError
        If it has more than one geometry, or a name that the database cannot bear.
    """
    if ORDER in frame or any(len(name.encode()) > 63 or "\0" in name for name, _ in columns):
        raise ValueError("a column's name cannot be kept")
    if [name for name, kind in columns if kind == GEOMETRY] != [frame.geometry.name]:
        raise ValueError("a layer has one geometry")
    # geometry(Geometry, 4490) takes no heights; a layer with heights gets the type without these bounds
    flat = not bool(shapely.has_z(frame.geometry.to_numpy()).any())
    shape = Geometry("GEOMETRY", srid=SRID, spatial_index=False) if flat else Geometry(None, spatial_index=False)
    return sa.Table(
        table_name(layer, version),
        sa.MetaData(schema=SCHEMA),
        sa.Column(ORDER, sa.BigInteger, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, shape if kind == GEOMETRY else (_TYPES[kind][0] if native(kind) else sa.Text))
            for name, kind in columns
        ),
    )


def _cells(column: pd.Series) -> list[Any]:
    if isinstance(column.dtype, gpd.array.GeometryDtype):
        shapes = shapely.set_srid(column.to_numpy(), SRID)
        return list(shapely.to_wkb(shapes, include_srid=True, flavor="extended"))
    return column.astype(object).where(column.notna(), None).tolist()


def _check_text(plain: pd.DataFrame, *, layer: str) -> None:
    """Refuse texts with a NUL or half a character: no database keeps them."""
    for name in plain:
        if isinstance(plain[name].dtype, pd.StringDtype):
            bad = plain[name].str.contains("\0", regex=False).fillna(value=False).to_numpy(dtype=bool)
            if bad.any():
                got = f"{name}: " + ", ".join(str(at + 1) for at in np.flatnonzero(bad)[:6])
                raise refused("workspace_not_storable", file=layer, layer=layer, got=got)


def plain_rows(frame: gpd.GeoDataFrame, *, layer: str) -> pd.DataFrame:
    """Return the rows of a frame in columns that the database has types for."""
    plain = encoded(frame, native)
    _check_text(plain, layer=layer)
    return plain


def fill(driver: psycopg.Connection[Any], name: str, plain: pd.DataFrame, columns: Columns) -> None:
    """Copy rows into their table, numbered in their order."""
    types = ["int8", *("bytea" if kind == GEOMETRY else _TYPES.get(kind, (None, "text"))[1] for _, kind in columns)]
    names = sql.SQL(", ").join(sql.Identifier(column) for column in (ORDER, *plain))
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(SCHEMA, name), names)
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(types)
        for row in zip(range(len(plain)), *(_cells(plain[column]) for column in plain), strict=True):
            copy.write_row(row)


def _column(cells: list[Any], kind: str) -> Any:
    if kind == GEOMETRY:
        return gpd.array.from_wkb(np.array(cells, dtype=object), crs=STORED)
    return pd.Series(cells, dtype=object if kind in ("string", "str") or not native(kind) else kind)


def fetch(driver: psycopg.Connection[Any], name: str, columns: Columns) -> gpd.GeoDataFrame:
    """Return the rows of a table in their order."""
    wanted = [
        sql.SQL("ST_AsBinary({}, 'NDR')").format(sql.Identifier(column)) if kind == GEOMETRY else sql.Identifier(column)
        for column, kind in columns
    ]
    select = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        sql.SQL(", ").join(wanted), sql.Identifier(SCHEMA, name), sql.Identifier(ORDER)
    )
    with driver.cursor(binary=True) as cursor:
        rows = cursor.execute(select).fetchall()
    cells: Iterator[Any] = zip(*rows, strict=True) if rows else iter([()] * len(columns))
    plain = {column: _column(list(one), kind) for (column, kind), one in zip(columns, cells, strict=True)}
    shape = next(column for column, kind in columns if kind == GEOMETRY)
    frame = decoded(pd.DataFrame(plain, index=pd.RangeIndex(len(rows))), columns, native)
    return gpd.GeoDataFrame(frame, geometry=shape, crs=STORED)


def index_places(connection: sa.Connection, table: sa.Table) -> None:
    """Index the places of a table that is filled."""
    shape = next(column for column in table.c if isinstance(column.type, Geometry))
    sa.Index(f"{table.name}_places", shape, postgresql_using="gist").create(connection)
