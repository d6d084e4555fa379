"""Bringing the databases of a deployment to the tables of this version, with what can go wrong told for people."""

from collections.abc import Iterable

from hydria.cli.trouble import Trouble
from hydria.storage import database, migrate
from hydria.storage.database import Database


def bring(databases: Iterable[Database]) -> None:
    """Do the migrations that are missing; raises Trouble."""
    for one in databases:
        try:
            migrate.upgrade(one)
        except migrate.TooNew as error:
            reason, _, remedy = str(error).partition("; ")
            raise Trouble(reason, remedy) from error
        except database.Unavailable as error:
            remedy = (
                "make room, or set another state_path" if "full" in str(error) else "see [database] in the settings"
            )
            raise Trouble(f"{one.engine.url}: {error}", remedy) from error
        finally:
            one.close()
