"""GeoPackages: programs hidden in the schema, broken pages, promises that the tables do not keep."""

import random
import sqlite3
from contextlib import closing

from corpus.entry import Shelf, bytes_of
from corpus.samples import frame, gpkg

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either

_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, NULL AS geom FROM n"


def _changed(*statements, salt=""):
    """Build a GeoPackage and then run statements in it, as someone with a plain SQLite would."""

    def build(path):
        path.write_bytes(gpkg(salt))
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN")
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                if "boilers" in name:
                    database.execute(f'DROP TRIGGER "{name}"')
            for statement in statements:
                database.execute(statement)
            database.execute("COMMIT")

    return build


def _two(path, *, second="老锅炉", **options):
    frame("t").to_file(path, layer="boilers", engine="pyogrio")
    frame("u").to_file(path, layer=second, engine="pyogrio", **options)


def _plain_sqlite(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE boilers (id TEXT, name TEXT)")
        database.execute("INSERT INTO boilers VALUES ('B1', '甲厂')")
        database.commit()


def _with_page(content, page, value):
    at = page * 4096
    return content[:at] + value + content[at + len(value) :]


def _wal(path):
    """Write a database whose last changes are still in a journal beside it."""
    path.write_bytes(gpkg("w"))
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE later (x)")
    database.commit()
    kept = path.with_name(f"{path.name}-wal").read_bytes()
    database.close()
    path.with_name(f"{path.name}-wal").write_bytes(kept)


def _wal_absent(path):
    content = bytearray(gpkg("v"))
    content[18:20] = b"\x02\x02"
    path.write_bytes(bytes(content))


def _huge_text(path):
    """Write one cell of 6 million letters."""
    _changed("UPDATE boilers SET \"单位名称\" = printf('%.*c', 6000000, 'x') WHERE fid = 1", salt="h")(path)


def _many_columns(path):
    adding = [f'ALTER TABLE boilers ADD COLUMN "列{at}" TEXT' for at in range(1100)]
    _changed(*adding, salt="c")(path)


def _spoilt(seed, count):
    """Return a GeoPackage with random bytes in the pages after the first."""
    content, luck = bytearray(gpkg(f"s{seed}")), random.Random(seed)  # noqa: S311 - chance, not secrets
    for _ in range(count):
        content[luck.randrange(4096, len(content))] = luck.randrange(256)
    return bytes(content)


_FIRST = "UPDATE boilers SET geom = {} WHERE fid = 1"

refused(
    "trigger.gpkg", _changed("CREATE TRIGGER t AFTER INSERT ON boilers BEGIN DELETE FROM boilers; END"), "gpkg_trigger"
)
refused(
    "trigger_named_like_gdal.gpkg",
    _changed(
        "CREATE TRIGGER rtree_boilers_geom_insert AFTER INSERT ON boilers BEGIN DELETE FROM boilers; END", salt="1"
    ),
    "gpkg_trigger",
)
refused(
    "trigger_calls.gpkg",
    _changed(
        "CREATE TRIGGER trigger_insert_feature_count_boilers AFTER INSERT ON boilers BEGIN "
        "UPDATE gpkg_ogr_contents SET feature_count = load_extension('x'); END",
        salt="2",
    ),
    "gpkg_trigger",
)
refused("view.gpkg", _changed(f"CREATE VIEW v AS {_ENDLESS}"), "gpkg_view")
refused(
    "view_as_layer.gpkg",
    _changed(
        f"CREATE VIEW endless AS {_ENDLESS}",
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('endless', 'features', 4326)",
        "INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 'POINT', 4326, 0, 0)",
        salt="3",
    ),
    "gpkg_view",
)
refused(
    "computed.gpkg",
    _changed("CREATE TABLE x (a TEXT, b TEXT GENERATED ALWAYS AS (hex(zeroblob(9))) VIRTUAL)", salt="4"),
    "gpkg_computed",
)
refused("virtual_fts.gpkg", _changed("CREATE VIRTUAL TABLE f USING fts5(x)", salt="5"), "gpkg_virtual")
refused("two_layers.gpkg", lambda path: _two(path, second="新锅炉"), "several_layers", layer="plants")
clean("two_layers_named.gpkg", _two, 3, options={"sublayer": "老锅炉"})
refused(
    "no_layers.gpkg",
    _changed("DELETE FROM gpkg_contents", "DELETE FROM gpkg_geometry_columns", salt="6"),
    "file_empty",
    "file_broken",
    "no_coordinates",
    "several_layers",
)
refused("no_table.gpkg", _changed("DROP TABLE boilers", salt="7"), "file_broken", "file_empty")
refused("no_srs_table.gpkg", _changed("DROP TABLE gpkg_spatial_ref_sys", salt="8"), "file_broken", "crs_missing")
either("srs_gone.gpkg", _changed("DELETE FROM gpkg_spatial_ref_sys WHERE srs_id = 4326", salt="9"), 3)
either(
    "srs_lies.gpkg",
    _changed("UPDATE gpkg_spatial_ref_sys SET definition = 'PROJCS[\"x\"' WHERE srs_id = 4326", salt="10"),
    3,
)
refused("no_rows.gpkg", _changed("DELETE FROM boilers", salt="11"), "file_empty")
refused("plain_sqlite.gpkg", _plain_sqlite, "content_not_suffix")
refused("not_sqlite.gpkg", bytes_of(lambda: b"GPKG this is not a database" * 40), "content_not_suffix")
refused("header_only.gpkg", bytes_of(lambda: gpkg("o")[:100]), "file_broken")
refused("cut.gpkg", bytes_of(lambda: gpkg("p")[:30_000]), "file_broken")
refused(
    "schema_page.gpkg",
    bytes_of(lambda: _with_page(gpkg("q"), 0, gpkg("q")[:100] + random.Random(2).randbytes(3_000))),  # noqa: S311 - chance, not secrets
    "file_broken",
)
either("page.gpkg", bytes_of(lambda: _with_page(gpkg("r"), 6, random.Random(3).randbytes(4096))), 3)  # noqa: S311 - chance, not secrets
for _seed in (4, 5):
    either(f"spoilt_{_seed}.gpkg", bytes_of(_spoilt, _seed, 60), 3)
either("application.gpkg", bytes_of(lambda: gpkg("t")[:68] + b"\x00\x00\x00\x00" + gpkg("t")[72:]), 3)
refused("journal.gpkg", _wal, "gpkg_in_use")
let_in("journal_absent.gpkg", _wal_absent, 3, "gpkg_journal")
refused("huge_text.gpkg", _huge_text, "cell_too_long")
refused("many_columns.gpkg", _many_columns, "columns_too_many")
let_in("shape_null.gpkg", _changed(_FIRST.format("NULL"), salt="12"), 3, "geometry_missing", used=2)
either("shape_text.gpkg", _changed(_FIRST.format("'<script>alert(1)</script>'"), salt="13"), 3)
either("shape_cut.gpkg", _changed(_FIRST.format("substr(geom, 1, 14)"), salt="14"), 3)
either("shape_zeros.gpkg", _changed(_FIRST.format("zeroblob(40)"), salt="15"), 3)
either("shape_giant_count.gpkg", _changed(_FIRST.format("x'47500001e6100000010300000001000000ffffff7f'"), salt="16"), 3)
either("row_claims.gpkg", _changed("UPDATE gpkg_ogr_contents SET feature_count = 1000000000", salt="17"), 3)
either("blob_as_name.gpkg", _changed("UPDATE boilers SET \"单位名称\" = x'ff00fe41' WHERE fid = 1", salt="19"), 3)
either("numbers_as_words.gpkg", _changed("UPDATE boilers SET 蒸吨 = '约20' WHERE fid = 1", salt="20"), 3)
