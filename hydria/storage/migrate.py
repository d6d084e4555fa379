"""Bring a database to the tables that this version declares."""

import pathlib
from collections.abc import Callable

from alembic import command, config
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, text

from hydria.storage import database, engines, tables

HERE = pathlib.Path(__file__).parent / "migrations"
VERSIONS = HERE / "versions"

CHAINS: dict[str, MetaData] = {"intent": tables.INTENT, "observed": tables.OBSERVED}
"""Chains of migrations; each remembers in a table of its own how far it is, so that both may be in one database."""


class TooNew(Exception):
    """The database was brought further than this version knows."""


def upgrade(db: database.Database) -> None:
    """Do every migration that is missing, in one transaction; several processes may do this at once. Raises TooNew."""
    db.write(lambda c: _alone(c, lambda: _upgrade(chain(db), c)))


def chain(db: database.Database) -> str:
    """Which chain brings this database to its tables."""
    return next(name for name, metadata in CHAINS.items() if metadata is db.metadata)


def settings(chain: str, connection: Connection | None) -> config.Config:
    """What alembic's commands need to work on a chain."""
    made = config.Config()
    for option, value in (
        ("script_location", HERE),
        ("version_locations", VERSIONS / chain),
        ("path_separator", "newline"),
        ("file_template", "r%(rev)s_%(slug)s"),
    ):
        made.set_main_option(option, str(value).replace("%", "%%"))
    made.attributes["configure"] = {
        "connection": connection,
        "target_metadata": CHAINS[chain],
        "version_table": f"schema_{chain}",
    }
    return made


def _alone(connection: Connection, work: Callable[[], None]) -> None:
    """Do it while no other process does; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        engines.settle_in(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hydria'))"))
    if connection.dialect.name not in ("mysql", "mariadb"):
        work()
        return
    if connection.execute(text("SELECT GET_LOCK('hydria', 40)")).scalar() != 1:
        raise database.Unavailable("another process has been making tables for 40 s")
    try:
        engines.settle_in(connection)
        work()
    finally:
        connection.execute(text("SELECT RELEASE_LOCK('hydria')"))


def _upgrade(chain: str, connection: Connection) -> None:
    try:
        command.upgrade(settings(chain, connection), "head")
    except CommandError as error:
        message = f"the tables of {chain} are of a newer version: {error}; run that version, or restore an older backup"
        raise TooNew(message) from error
