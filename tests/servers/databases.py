"""PostgreSQL and MariaDB for tests: as many databases as wanted on one server of each."""

import functools
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psycopg
import pymysql.cursors
from sqlalchemy import MetaData, event

from hydria.storage import tables
from hydria.storage.database import Connection, Database
from tests.servers import process

KINDS = ("sqlite", "postgresql", "mariadb")
USER = "hydria"


class Server(Protocol):
    """A database server."""

    process: process.Process

    def url(self, name: str) -> str:
        """The URL of a new, empty database."""
        ...

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        ...


class PostgreSQL:
    """PostgreSQL. Careless: it may lose what it wrote when the machine, not when the server, dies. `port`: a known one, for all."""

    def __init__(self, where: Path, *, careless: bool, port: int = 0) -> None:
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        self.port = port or process.free_port()
        data = str(where / "data")
        locale = ("--locale", "C.UTF-8", "--encoding", "UTF8")
        process.command(
            f"{programs}/initdb", "-D", data, "-A", "trust", "-U", USER, "--no-sync", *locale, user="postgres"
        )
        if port:
            with (where / "data/pg_hba.conf").open("a") as rules:
                rules.write("host all all all trust\n")
        options = {
            "listen_addresses": "*" if port else "127.0.0.1",
            "unix_socket_directories": str(where),
            "max_connections": "300",
        }
        if careless:
            options |= {"fsync": "off", "full_page_writes": "off", "max_wal_size": "4GB", "autovacuum": "off"}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.process = process.Process(
            (f"{programs}/postgres", "-D", data, "-p", str(self.port), *settings),
            "postgres",
            where / "log",
            self._answers,
            end=signal.SIGQUIT,
        )
        self.process.start()

    def _connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(f"host=127.0.0.1 port={self.port} user={USER} dbname={name}", autocommit=True)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def _say(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    def url(self, name: str) -> str:
        self._say(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    def drop(self, name: str) -> None:
        self._say(f"DROP DATABASE {name} WITH (FORCE)")


def install_mariadb(data: Path) -> None:
    """The folder of a server that has never run."""
    process.command(
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--innodb-flush-method=nosync",
        user="mysql",
    )


class MariaDB:
    """MariaDB. Careless as above."""

    def __init__(self, where: Path, *, careless: bool, port: int = 0) -> None:
        self.port = port or process.free_port()
        data, self._socket = where / "data", str(where / "socket")
        install_mariadb(data)
        options = [
            "--no-defaults",
            f"--datadir={data}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self._socket}",
            f"--pid-file={where}/pid",
            "--max-connections=300",
            "--skip-name-resolve",
        ]
        if careless:
            options += ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--innodb-doublewrite=0"]
        self.process = process.Process(("mariadbd", *options), "mysql", where / "log", self._answers)
        self.process.start()

    def _connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(unix_socket=self._socket, user="root", autocommit=True)

    def _answers(self) -> bool:
        return process.listens(self.port)

    def _say(self, *statements: str) -> None:
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def url(self, name: str) -> str:
        grant = f"GRANT ALL ON {name}.* TO {USER}@'127.0.0.1' IDENTIFIED BY '{USER}'"
        self._say(f"CREATE DATABASE {name} CHARACTER SET utf8mb4", grant)
        return f"mysql+pymysql://{USER}:{USER}@127.0.0.1:{self.port}/{name}?charset=utf8mb4"

    def drop(self, name: str) -> None:
        self._say(f"DROP DATABASE {name}")


PROGRAMS: dict[str, tuple[str, type[PostgreSQL | MariaDB]]] = {
    "postgresql": ("postgres", PostgreSQL),
    "mariadb": ("mysql", MariaDB),
}


@contextmanager
def server(kind: str, *, careless: bool = True, port: int = 0) -> Iterator[PostgreSQL | MariaDB]:
    """A server of a kind, gone at the end with all it held."""
    user, start = PROGRAMS[kind]
    with process.folder(user, in_memory=careless) as where:
        started = start(where, careless=careless, port=port)
        try:
            yield started
        finally:
            started.process.stop()


@contextmanager
def heard(*databases: Database) -> Iterator[list[str]]:
    """The statements that databases are told meanwhile, without those that begin a transaction."""
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append(" ".join(statement.split()))

    # On PostgreSQL one engine stands behind both.
    engines = {engine.pool: engine for db in databases for engine in (db._reads, db._writes)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    yield said
    for engine in engines:
        event.remove(engine, "before_cursor_execute", listen)


class Servers:
    """One server of each kind, started when it is wanted for the first time."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._running: dict[str, PostgreSQL | MariaDB] = {}

    def of(self, kind: str) -> PostgreSQL | MariaDB:
        """The server of a kind."""
        if kind not in self._running:
            self._running[kind] = self._open.enter_context(server(kind))
        return self._running[kind]

    @contextmanager
    def empty(self, kind: str, where: Path, name: str) -> Iterator[str]:
        """The URL of a database without a table; SQLite's is a file in a folder."""
        if kind == "sqlite":
            yield f"sqlite:///{where}/{name}.db"
            return
        name = re.sub(r"\W", "_", name)[:60]
        yield self.of(kind).url(name)
        self.of(kind).drop(name)

    def close(self) -> None:
        """End every server."""
        self._open.close()


class Shelf:
    """Of each kind one database with all tables, both chains in it; whoever takes it finds it without a row."""

    def __init__(self, servers: Servers, where: Path) -> None:
        self._servers = servers
        self._where = where
        self._open = ExitStack()
        self._made: dict[str, tuple[str, Database, Database]] = {}

    def take(self, kind: str) -> str:
        """The URL of the database, in which there is no row any more."""
        url, *both = self._of(kind)
        for one in both:
            one.write(functools.partial(wipe, one.metadata))
        return url

    def opened(self, kind: str) -> tuple[Database, Database]:
        """The database as it is, for what is wanted and for what is observed. It stays open, and so knows its statements."""
        return self._of(kind)[1:]

    def file(self, where: Path) -> str:
        """The URL of an SQLite database in a file of its own."""
        self.take("sqlite")
        own = where / "hydria.db"
        with closing(sqlite3.connect(self._where / "shelf.db")) as empty, closing(sqlite3.connect(own)) as made:
            empty.backup(made)
        return f"sqlite:///{own}"

    def _of(self, kind: str) -> tuple[str, Database, Database]:
        if kind not in self._made:
            url = self._open.enter_context(self._servers.empty(kind, self._where, "shelf"))
            intent, observed = (Database(url, m, durable=False) for m in (tables.INTENT, tables.OBSERVED))
            for one in (intent, observed):
                self._open.callback(one.close)
                one.create_all()
            self._made[kind] = url, intent, observed
        return self._made[kind]

    def close(self) -> None:
        """Remove the databases."""
        self._open.close()


def wipe(metadata: MetaData, c: Connection) -> None:
    """Remove every row."""
    for table in metadata.sorted_tables:
        c.execute(table.delete())
