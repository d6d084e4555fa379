"""What a deployment leans on and does not start itself: looked at before anything is started. Each raises Trouble."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from hydria.cli import keystone
from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble
from hydria.storage import database
from hydria.storage.database import Database

OPTIONS = ("[database] connection", "[database] observed_connection")
BROKER = "[DEFAULT] transport_url"


def look(settings: Any, parts: Parts) -> None:
    """Look at all of them, one after another."""
    packages(settings, parts.configuration())
    databases(dict(zip(OPTIONS, parts.databases(), strict=True)))
    if url := settings.option("DEFAULT", "transport_url"):
        broker(url)
    if settings.is_behind_keystone():
        keystone.keystone_takes_us(settings)


def packages(settings: Any, configuration: Any) -> None:
    """What the settings ask for is installed."""
    try:
        configuration.refuse_lacking(settings)
    except configuration.BadSettings as error:
        raise Trouble(str(error), error.remedy) from error


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


def broker(url: str) -> None:
    """The broker answers and lets us in."""
    try:
        import_module("hydria.messaging.broker").reach(url)  # speaks what requirements/openstack.txt brings
    except OSError as error:
        where = url.rpartition("@")[2]
        raise Trouble(f"{BROKER}: rabbit://…@{where}: {error}", f"start that broker, or correct {BROKER}") from error
