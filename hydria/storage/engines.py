"""Engines: how connections to each kind of database are made, how long they are patient, and what their errors mean."""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

LOCK_S = 10
"""Longest wait for a row that another transaction holds."""
STATEMENT_S = 30
"""Longest statement."""
IDLE_S = 30
"""A process that stands still in the middle of a transaction loses it after so long, so that others can go on."""
SILENCE_S = 45
"""A server that says nothing for so long is gone."""
CONNECT_S = 5
POOL = {"pool_size": 16, "max_overflow": 64, "pool_timeout": CONNECT_S, "pool_use_lifo": True}

SPOKEN = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
"""The library we speak with to a server whose URL names none."""
LOCKED = ("database is locked", "database table is locked")
AGAIN = ("40001", "40P01", "55P03", 1205, 1213)
"""Deadlocks, conflicts found at commit by a cluster, waits for a row that were too long: nothing is left of the transaction."""
GONE = ("25006", "57P01", "57P02", "57P03", 1047, 1053, 1290)
"""The server is ending, or cannot write any more because another has taken its place: its connections are worth nothing."""

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, "XX001", "XX002", 1034, 1194, 1195)
"""What is stored cannot be read: of SQLite the primary code."""


def pair(url: str, *, durable: bool) -> tuple[Engine, Engine]:
    """The engine that writes and the one that reads a snapshot."""
    where = make_url(url)
    where = where.set(drivername=SPOKEN.get(where.drivername, where.drivername))
    if where.get_backend_name() == "sqlite":
        return tuple(_sqlite(url, begin, durable=durable) for begin in ("BEGIN IMMEDIATE", "BEGIN"))  # type: ignore[return-value]
    if where.get_backend_name() == "postgresql":
        writes = _server(where, _postgresql(durable=durable), isolation_level="READ COMMITTED")
        # The level of a transaction is said when it begins: both share the connections.
        return writes, writes.execution_options(isolation_level="REPEATABLE READ")
    # A connection that has ended its transaction needs no further word; here the level belongs to the connection.
    levels = ("READ COMMITTED", "REPEATABLE READ")
    return tuple(_server(where, _mariadb(), isolation_level=x, pool_reset_on_return=None) for x in levels)  # type: ignore[return-value]


def _sqlite(url: str, begin: str, *, durable: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=16,
        max_overflow=64,
        connect_args={"timeout": 15, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def opened(raw: sqlite3.Connection, _: Any) -> None:
        raw.isolation_level = None  # transactions begin where we say
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        raw.execute("PRAGMA temp_store = MEMORY")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        if begin == "BEGIN" and isinstance(raw, sqlite3.Connection):
            raw.execute(begin)  # it touches nothing and cannot fail, and each GET has two of them
        else:
            connection.exec_driver_sql(begin)

    return engine


def _server(where: URL, arguments: dict[str, Any], **more: Any) -> Engine:
    # A connection that was lost is noticed by its first statement, and the transaction begins anew: no ping beforehand.
    own = {name: value for name, value in arguments.items() if name not in where.query}
    engine = create_engine(where, connect_args=own, **POOL, **more)

    @event.listens_for(engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if code(context.original_exception) in GONE:
            context.is_disconnect = True

    return engine


def _postgresql(*, durable: bool) -> dict[str, Any]:
    limits = {
        "lock_timeout": LOCK_S * 1000,
        "statement_timeout": STATEMENT_S * 1000,
        "idle_in_transaction_session_timeout": IDLE_S * 1000,
        "synchronous_commit": "on" if durable else "off",
    }
    return {
        "connect_timeout": CONNECT_S,
        "tcp_user_timeout": SILENCE_S * 1000,
        "keepalives_idle": CONNECT_S,
        "keepalives_interval": CONNECT_S,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }


def _mariadb() -> dict[str, Any]:
    limits = {
        "innodb_lock_wait_timeout": LOCK_S,
        "max_statement_time": STATEMENT_S,
        "idle_write_transaction_timeout": IDLE_S,
        "sql_mode": "'TRADITIONAL'",  # what does not fit is refused, not cut
    }
    said = ", ".join(f"{name} = {value}" for name, value in limits.items())
    return {
        "connect_timeout": CONNECT_S,
        "read_timeout": SILENCE_S,
        "write_timeout": SILENCE_S,
        "init_command": f"SET SESSION {said}",
    }


def settle_in(connection: Connection) -> None:
    """Before tables are made: text is compared as it is written, as on the other databases; making tables may take its time."""
    if connection.dialect.name in ("mysql", "mariadb"):
        connection.execute(text("SET SESSION max_statement_time = 0"))
        connection.execute(text("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"))
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))


def code(error: BaseException | None) -> str | int | None:
    """SQLSTATE of PostgreSQL, number of MariaDB (its SQLSTATEs tell less)."""
    first = next(iter(getattr(error, "args", ())), None)
    return first if isinstance(first, int) else getattr(error, "sqlstate", None)


def is_again(error: DBAPIError) -> bool:
    """Whether the transaction was undone by the database because of others, and may succeed when it is done again."""
    return code(error.orig) in AGAIN or any(sign in str(error.orig) for sign in LOCKED)


def is_damaged(error: DBAPIError) -> bool:
    """Whether what is stored is broken: trying again is no use, a backup is."""
    found = error.orig
    primary = getattr(found, "sqlite_errorcode", None)
    return (code(found) if primary is None else primary & 0xFF) in DAMAGED


def is_interrupted(error: DBAPIError) -> bool:
    """Whether SQLite was told to stop."""
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
