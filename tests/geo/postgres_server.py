"""A PostgreSQL server with PostGIS for the tests: made, used and removed by them, on this machine only."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

_KEY = pytest.StashKey[object]()
_WAIT_S = 30


def _program(name):
    """Find a program of PostgreSQL: in Debian's folders, the newest version first, or on the path."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    found = debian[0] if debian else shutil.which(name)
    return None if found is None else str(found)


def _absent(reason):
    if os.environ.get("REQUIRE_POSTGRES"):
        pytest.fail(f"REQUIRE_POSTGRES is set: {reason}")
    pytest.skip(reason)


def _as_user():
    """Return how to run as somebody who is not root: the server refuses to run as root."""
    if os.name == "nt" or os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return None


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A cluster in a folder of its own; it is stopped and removed by `stop`."""

    def __init__(self, initdb, pg_ctl, user):
        self.password = secrets.token_urlsafe(24)
        self.port = _free_port()
        self._pg_ctl = pg_ctl
        self._user = user
        self._folder = Path(tempfile.mkdtemp(prefix="nuanguang-postgres-"))
        try:
            self._make(initdb)
        except BaseException:
            self.stop()
            raise

    def _run(self, *command):
        environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "HOME": str(self._folder)}
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_WAIT_S * 2,
            check=False,
            **self._user,
        )
        if done.returncode:
            log = self._folder / "log"
            said = log.read_text(errors="replace")[-800:] if log.is_file() else ""
            raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr[-800:]} {said}")

    def _make(self, initdb):
        secret = self._folder / "password"
        secret.write_text(self.password)
        if self._user:
            for path in (self._folder, secret):
                os.chown(path, self._user["user"], self._user["group"])
        data = str(self._folder / "data")
        self._run(
            *(initdb, "-D", data, "-U", "tester", "--pwfile", str(secret), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--no-locale", "--no-sync"),
        )
        secret.unlink()
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.write(
                "listen_addresses = '127.0.0.1'\n"
                f"port = {self.port}\n"
                f"unix_socket_directories = '{self._folder}'\n"
                "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
                "shared_buffers = 32MB\nmax_wal_size = 256MB\njit = off\nautovacuum = off\n"
            )
        self._run(self._pg_ctl, "start", "-D", data, "-w", "-t", str(_WAIT_S), "-l", str(self._folder / "log"))

    def stop(self):
        """Stop the server and remove its folder."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self._run(self._pg_ctl, "stop", "-D", str(self._folder / "data"), "-m", "immediate", "-w")
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database="postgres"):
        """Return the address of a database, with its password."""
        return f"postgresql://tester:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements, database="postgres"):
        """Run statements, each on its own."""
        engine = sa.create_engine(
            self.url(database).replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        try:
            with engine.connect() as connection:
                return [connection.execute(sa.text(statement)) and None for statement in statements]
        finally:
            engine.dispose()


def _started(config):
    if _KEY in config.stash:
        return config.stash[_KEY]
    initdb, pg_ctl, user = _program("initdb"), _program("pg_ctl"), _as_user()
    if initdb is None or pg_ctl is None:
        _absent("no PostgreSQL server is installed here (initdb, pg_ctl)")
    if user is None:
        _absent("PostgreSQL does not run as root, and there is no user postgres or nobody")
    server = Server(initdb, pg_ctl, user)
    config.add_cleanup(server.stop)
    config.stash[_KEY] = server
    available = "SELECT 1 / count(*) FROM pg_available_extensions WHERE name = 'postgis'"
    try:
        server.run(available)
    except sa.exc.DBAPIError:
        del config.stash[_KEY]
        server.stop()
        _absent("PostgreSQL is installed here without PostGIS")
    return server


@pytest.fixture(scope="session")
def postgres(request):
    """Return a running server, one for the whole session; skip, or fail where it is required, without one."""
    return _started(request.config)


@pytest.fixture(scope="session")
def postgis_url(postgres):
    """Return the address of a database with PostGIS; tests that write to it drop the schema ``nuanguang``."""
    return postgres.url()
