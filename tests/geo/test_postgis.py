"""What is PostGIS's own in a workspace: tables for QGIS, secrets, servers that are away, people who edit tables."""

import traceback

import pytest
import sqlalchemy as sa
from postgres_server import _free_port, postgis_url, postgres  # noqa: F401 - fixtures
from test_workspace import refused, same
from workspace_samples import boilers, current, keep

from geo.workspace import open_store
from geo.workspace import postgis as postgis_module

pytestmark = pytest.mark.xdist_group("workspace")


@pytest.fixture
def store(postgres, postgis_url):  # noqa: F811 - a fixture
    postgres.run("DROP SCHEMA IF EXISTS nuanguang CASCADE")
    opened = open_store(postgis_url)
    yield opened
    opened.close()


def ask_server(server, statement):
    engine = sa.create_engine(server.url().replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.execute(sa.text(statement)).scalar_one()


@pytest.fixture
def ask(postgis_url):  # noqa: F811 - a fixture
    engine = sa.create_engine(postgis_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)

    def run(statement):
        with engine.begin() as connection:
            done = connection.execute(sa.text(statement))
            return done.all() if done.returns_rows else None

    return run


def test_a_version_is_a_table_that_qgis_can_open(store, ask, tmp_path):
    keep(store, tmp_path, "a")
    (place,) = ask("SELECT type, srid, coord_dimension FROM geometry_columns WHERE f_table_name = 'boilers_0001'")
    assert tuple(place) == ("GEOMETRY", 4490, 2)
    (index,) = ask("SELECT indexdef FROM pg_indexes WHERE tablename = 'boilers_0001' AND indexdef LIKE '%gist%'")
    assert "geometry" in index[0]
    kinds = dict(
        map(
            tuple,
            ask("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'boilers_0001'"),
        )
    )
    assert kinds["boiler_id"] == "text"
    assert kinds["capacity_t_h"] == "double precision"
    assert kinds["is_backup"] == "boolean"
    assert kinds["source_row"] == "bigint"
    unknown = ask("SELECT name IS NULL, capacity_t_h IS NULL, is_backup IS NULL FROM nuanguang.boilers_0001 ORDER BY 1")
    assert tuple(unknown[-1]) == (True, True, True), "what is not known is NULL, not NaN"
    assert ask("SELECT count(*) FROM spatial_ref_sys WHERE srid = 4490 AND auth_name = 'EPSG'")[0][0] == 1


def test_rows_that_somebody_edited_are_told_and_not_used(store, ask, tmp_path):
    keep(store, tmp_path, "a")
    keep(store, tmp_path, "b", expected=1)
    ask("UPDATE nuanguang.boilers_0002 SET capacity_t_h = 64.9 WHERE row_position = 0")
    assert refused(store.read, "boilers").rule == "workspace_damaged"
    same(boilers("a"), store.read("boilers", 1))
    ask("UPDATE nuanguang.files SET content = 'x' WHERE kind = 'source' AND version = 1")
    assert refused(store.source, "boilers", 1).rule == "workspace_damaged"
    ask("DROP TABLE nuanguang.boilers_0001")
    assert refused(store.read, "boilers", 1).rule == "workspace_damaged"
    ask("""UPDATE nuanguang.layers SET timeline = '{"states": [], "at": 0, "last": 0}'""")
    assert refused(store.layers).rule == "workspace_damaged"


def test_a_failed_import_leaves_nothing(store, ask, tmp_path, monkeypatch):
    keep(store, tmp_path, "a")

    def broken(*arguments):
        raise RuntimeError("stopped in the middle")

    monkeypatch.setattr(postgis_module.tables, "index_places", broken)
    with pytest.raises(RuntimeError):
        keep(store, tmp_path, "b", expected=1)
    monkeypatch.undo()
    assert current(store) == 1
    assert ask("SELECT to_regclass('nuanguang.boilers_0002')")[0][0] is None
    assert keep(store, tmp_path, "b", expected=1).version == 2


def test_text_that_no_database_keeps_is_refused(store, tmp_path):
    frame = boilers("a")
    frame.loc[2, "name"] = "甲\0乙"
    fault = refused(keep, store, tmp_path, "a", frame=frame)
    assert (fault.rule, fault.got) == ("workspace_not_storable", "name: 3")
    assert store.layers() == {}


def test_who_waits_too_long_is_told(store, ask, tmp_path, postgis_url, monkeypatch):  # noqa: F811 - a fixture
    keep(store, tmp_path, "a")
    monkeypatch.setattr(postgis_module, "LOCK_WAIT_S", 0.05)
    other = open_store(postgis_url)
    with other._holding("boilers"):
        assert refused(store.undo, "boilers", expected=1).rule == "workspace_busy"
        assert current(store) == 1, "looking does not wait"
        keep(store, tmp_path, "p", layer="plants")
    other.close()
    assert store.undo("boilers", expected=1) is None


def test_no_message_tells_the_password(postgres, postgis_url):  # noqa: F811 - fixtures
    wrong = "Geheim-9"
    port = postgres.port
    for where in (
        f"postgresql://tester:{wrong}@127.0.0.1:{port}/postgres",
        f"postgresql+psycopg://tester:{wrong}@127.0.0.1:{_free_port()}/postgres",
        f"postgresql://tester@127.0.0.1:{port}/postgres?password={wrong}",
        postgis_url.replace("/postgres", "/nowhere"),
    ):
        with pytest.raises(Exception, match="数据库") as caught:
            open_store(where)
        said = "".join(traceback.format_exception(caught.value))
        assert caught.value.faults[0].rule == "workspace_unreachable"
        assert wrong not in said
        assert postgres.password not in said
    store = open_store(postgis_url)
    assert postgres.password not in repr(store) + str(vars(store))
    store.close()


def test_a_user_without_rights_is_told(postgres, store, tmp_path):  # noqa: F811 - a fixture
    keep(store, tmp_path, "a")
    postgres.run(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN PASSWORD 'r'",
        "GRANT USAGE ON SCHEMA nuanguang TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA nuanguang TO reader",
    )
    other = open_store(postgres.url().replace(f"tester:{postgres.password}", "reader:r"))
    same(boilers("a"), other.read("boilers"))
    assert refused(other.undo, "boilers", expected=1).rule == "workspace_no_right"
    other.close()
    postgres.run("DROP OWNED BY reader", "DROP ROLE reader")


def test_a_database_without_postgis_is_told(postgres):  # noqa: F811 - a fixture
    # the server's own template has none, and only its administrator may add it
    postgres.run("DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN PASSWORD 'p'")
    where = postgres.url("template1").replace(f"tester:{postgres.password}", "plain:p")
    assert refused(open_store, where).rule == "workspace_no_postgis"
    left = ask_server(postgres, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'plain'")
    assert left == 0, "a store that could not be opened lets go of its connection"
    postgres.run("DROP ROLE plain")
