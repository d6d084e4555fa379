"""What a deployment leans on and does not start itself: looked at before anything is started. Each raises Trouble."""

from collections.abc import Callable, Mapping

from hydria.cli.trouble import Trouble
from hydria.storage import database
from hydria.storage.database import Database


def databases(options: Mapping[str, Database]) -> None:
    """Every database that is a server answers and lets us in; `options` names the line of the settings for each."""
    try:
        for option, one in options.items():
            if not one.sqlite:
                _database(option, one)
    finally:
        for one in options.values():
            one.close()


def _database(option: str, one: Database) -> None:
    try:
        one.read(lambda _: None)
    except database.Unavailable as error:
        raise Trouble(f"{option}: {one.engine.url}: {error}", f"start that server, or correct {option}") from error


def broker(url: str, reach: Callable[[str], None]) -> None:
    """The broker answers and lets us in."""
    try:
        reach(url)
    except OSError as error:
        option = "[DEFAULT] transport_url"
        where = url.rpartition("@")[2]
        raise Trouble(f"{option}: rabbit://…@{where}: {error}", f"start that broker, or correct {option}") from error
