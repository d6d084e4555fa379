"""Databases: transactions that begin as they must on each kind, and are done again where that is safe."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Connection, Engine, MetaData, RootTransaction
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from hydria.storage import engines

__all__ = ["Connection", "Damaged", "Database", "Unavailable", "Unsure"]

T = TypeVar("T")
TRIES = 30
"""Where several servers take writes, one of two that meet is undone, again and again: eight tries are soon used up."""
PAUSE_S, MOST_PAUSE_S = 0.005, 0.1
"""Before the second try, and before any."""
PATIENCE_S = 20.0
"""A transaction is not begun anew after so long."""


class Unavailable(Exception):
    """The database does not answer; nothing was written. Try again later."""


class Unsure(Unavailable):
    """The connection was lost while the transaction ended: whether it was written shows when the database is back."""


class Damaged(Unavailable):
    """What is stored can no longer be read as it was written; nothing was written. Only a backup helps."""


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
        self._writes, self._reads = engines.pair(url, durable=durable)

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations."""
        return self._writes

    def create_all(self) -> None:
        """Make every table that is missing (tests; operators run migrations)."""
        with self._writes.begin() as connection:
            engines.settle_in(connection)
            self.metadata.create_all(connection)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction; done again from its beginning after a deadlock, so it must have no other effects."""
        return _tried(lambda: self._write_once(work))

    def _write_once(self, work: Callable[[Connection], T]) -> T:
        with self._turn, self._writes.connect() as connection, connection.begin() as transaction:
            result = work(connection)
            self._notice("commit")
            _commit(connection, transaction)
        self._notice("committed")
        return result

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on one snapshot; begun anew when the connection was lost."""
        return _tried(lambda: self._read_once(work))

    def _read_once(self, work: Callable[[Connection], T]) -> T:
        with self._reads.connect() as connection, connection.begin():
            return work(connection)

    def close(self) -> None:
        """Give every connection back."""
        self._writes.dispose()
        self._reads.dispose()


def _tried(once: Callable[[], T]) -> T:
    """Do it until it succeeds or there is no point; raises Unavailable."""
    until = time.monotonic() + PATIENCE_S
    lost = False
    for attempt in range(TRIES):
        try:
            return once()
        except NoConnection as error:
            raise Unavailable("every connection to the database is in use") from error
        except DBAPIError as error:
            # Lost before the commit, it was undone by the server: a connection may have been stale, two are not.
            anew = error.connection_invalidated and not lost
            lost = lost or error.connection_invalidated
            if attempt == TRIES - 1 or time.monotonic() > until or not (anew or engines.is_again(error)):
                _raise(error)
        time.sleep(random.uniform(0, min(PAUSE_S * 2**attempt, MOST_PAUSE_S)))
    raise AssertionError


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except DBAPIError as error:
        connection.invalidate()  # whatever state it is in, nobody else gets it
        if error.connection_invalidated:
            raise Unsure(f"{error.orig}: whether it was written is not known") from error
        raise


def _raise(error: DBAPIError) -> NoReturn:
    if engines.is_damaged(error):
        raise Damaged(f"the database is damaged ({error.orig}); restore a backup") from error
    if isinstance(error, OperationalError) or error.connection_invalidated:
        raise Unavailable(str(error.orig)) from error
    raise error
