"""Databases: transactions that begin as they must on each kind, and are tried again after a deadlock."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

__all__ = ["Connection", "Database", "Unavailable"]

__all__ = ["Connection", "Database", "Unavailable"]

T = TypeVar("T")
TRIES = 8


class Unavailable(Exception):
    """The database does not answer; nothing was written. Try again later."""


class Database:
    """One database. `notice` hears `commit` and `committed` around every commit: tests crash there."""

    def __init__(
        self, url: str, metadata: MetaData, *, durable: bool = True, notice: Callable[[str], None] | None = None
    ) -> None:
        self.metadata = metadata
        self.sqlite = url.startswith("sqlite")
        self._notice = notice or (lambda _: None)
        # SQLite has one writer; waiting for it in the process is quicker than its own polling.
        self._turn: Any = threading.Lock() if self.sqlite else nullcontext()
        if self.sqlite:
            self._writes = _sqlite(url, "BEGIN IMMEDIATE", durable=durable)
            self._reads = _sqlite(url, "BEGIN", durable=durable)
        else:
            self._writes = create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True)
            self._reads = self._writes.execution_options(isolation_level="REPEATABLE READ")

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations."""
        return self._writes

    def create_all(self) -> None:
        """Make every table that is missing (tests; operators run migrations)."""
        self.metadata.create_all(self._writes)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction; done again from its beginning after a deadlock, so it must have no other effects."""
        for attempt in range(TRIES):
            try:
                return self._write_once(work)
            except DBAPIError as error:
                if not _again(error) or attempt == TRIES - 1:
                    _raise(error)
            time.sleep(random.uniform(0, 0.005 * 2**attempt))
        raise AssertionError

    def _write_once(self, work: Callable[[Connection], T]) -> T:
        with self._turn, self._writes.connect() as connection, connection.begin() as transaction:
            result = work(connection)
            self._notice("commit")
            transaction.commit()
        self._notice("committed")
        return result

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on one snapshot."""
        try:
            with self._reads.connect() as connection, connection.begin():
                return work(connection)
        except OperationalError as error:
            _raise(error)

    def close(self) -> None:
        """Give every connection back."""
        self._writes.dispose()
        self._reads.dispose()


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
        connection.exec_driver_sql(begin)

    return engine


LOCKED = ("database is locked", "database table is locked")
DEADLOCKS = ("40001", "40P01", 1205, 1213)
"""SQLSTATEs of PostgreSQL, numbers of MariaDB."""


def _again(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlstate", None) or next(iter(getattr(error.orig, "args", ())), None)
    return code in DEADLOCKS or any(sign in str(error.orig) for sign in LOCKED)


def _raise(error: DBAPIError) -> NoReturn:
    if isinstance(error, OperationalError):
        raise Unavailable(str(error.orig)) from error
    raise error
