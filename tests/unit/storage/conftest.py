"""What the tests of storage share: a database and a load balancer in it."""

import pathlib

import pytest

from hydria.domain.loadbalancer import LoadBalancer
from hydria.storage import database, intents, tables
from tests.servers.databases import Shelf
from tests.unit.storage import making


@pytest.fixture
def url(kind_of_database, shelf: Shelf, tmp_path: pathlib.Path) -> str:
    """A database with all tables and no row, of each kind."""
    return shelf.take(kind_of_database, tmp_path)


@pytest.fixture
def one_file(shelf: Shelf, tmp_path: pathlib.Path) -> str:
    """The same in a file, for what can be shown with SQLite alone."""
    return shelf.take("sqlite", tmp_path)


@pytest.fixture
def db(url):
    made = database.Database(url, tables.INTENT, durable=False)
    yield made
    made.close()


@pytest.fixture
def lb(db) -> LoadBalancer:
    """A load balancer that was just created."""
    made = making.load_balancer()
    db.write(lambda c: intents.create_root(c, made))
    return made
