"""Bringing the databases of a deployment to the tables of this version, with what can go wrong told for people."""

from collections.abc import Iterable

from hydria.cli.trouble import Trouble
from hydria.storage import database, integrity, migrate
from hydria.storage.database import Database

LOOK_S = 3.0
"""Longest look through a file of SQLite: a page that is damaged is better told now than by whoever reads it."""


def bring(databases: Iterable[Database]) -> None:
    """Do the migrations that are missing; raises Trouble."""
    for one in databases:
        try:
            migrate.upgrade(one)
            integrity.look(one, LOOK_S)
        except migrate.TooNew as error:
            reason, _, remedy = str(error).partition("; ")
            raise Trouble(reason, remedy) from error
        except database.Damaged as error:
            reason, _, remedy = str(error).rpartition("; ")
            raise Trouble(f"{one.engine.url}: {reason}", remedy) from error
        except database.Unavailable as error:
            remedy = (
                "make room, or set another state_path" if "full" in str(error) else "see [database] in the settings"
            )
            raise Trouble(f"{one.engine.url}: {error}", remedy) from error
        finally:
            one.close()
