"""Whether a database can be used: it answers, what it stores is whole, and its tables are those of this version."""

import time
from typing import Any

from alembic import script
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from hydria.storage import database, engines, migrate

STEPS = 100_000
"""Of SQLite's machine, about a millisecond, between two looks at the clock."""
MOST = 3
"""Complaints shown."""


class Foreign(Exception):
    """The tables are of another version."""


def look(db: database.Database, seconds: float) -> str:
    """What was found, for people. Raises Unavailable, Damaged and Foreign; looks through a file for so long at most, at 0 not."""
    whole = _look_through(db, seconds) if db.sqlite and seconds else ""
    found, wanted = db.read(lambda c: revision(db, c)), head(db)
    if found != wanted:
        message = f"its tables are at revision {found or 'none'}, and this version wants {wanted}"
        raise Foreign(message)
    return ", ".join(filter(None, (whole, f"revision {found}")))


def revision(db: database.Database, connection: database.Connection) -> str | None:
    """How far its tables were brought; None: there are none."""
    table = f"schema_{migrate.chain(db)}"
    if not connection.dialect.has_table(connection, table):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608  (a name of ours)
    return None if found is None else str(found)


def head(db: database.Database) -> str:
    """The newest revision that is known here."""
    scripts = script.ScriptDirectory.from_config(migrate.settings(migrate.chain(db), None))
    return str(scripts.get_current_head())


def _look_through(db: database.Database, seconds: float) -> str:
    until = time.monotonic() + seconds

    def check(connection: database.Connection) -> list[str]:
        raw: Any = connection.connection.driver_connection
        raw.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        try:
            return [str(row[0]) for row in connection.execute(text(f"PRAGMA quick_check({MOST})"))]
        except DatabaseError as error:
            if engines.is_interrupted(error):
                return []
            raise
        finally:
            raw.set_progress_handler(None, 0)

    found = db.read(check)
    if not found:
        return f"whole as far as could be looked at in {seconds:.0f} s"
    if found != ["ok"]:
        message = f"the database is damaged ({'; '.join(found)}); restore a backup"
        raise database.Damaged(" ".join(message.split()))
    return "whole"
