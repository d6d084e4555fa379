"""What the tests of storage share: a database and a load balancer in it."""

import pathlib

import pytest

from hydria.domain.loadbalancer import LoadBalancer
from hydria.storage import intents
from hydria.storage.database import Database
from tests.servers.databases import Shelf
from tests.unit.storage import making


@pytest.fixture
def url(kind_of_database, shelf: Shelf) -> str:
    """A database with all tables and no row, of each kind."""
    return shelf.take(kind_of_database)


@pytest.fixture
def one_file(shelf: Shelf, tmp_path: pathlib.Path) -> str:
    """The same in a file, for what can be shown with SQLite alone."""
    return shelf.file(tmp_path)


@pytest.fixture
def db(url, kind_of_database, shelf: Shelf) -> Database:
    """The same, open."""
    return shelf.opened(kind_of_database)[0]


@pytest.fixture
def lb(db) -> LoadBalancer:
    """A load balancer that was just created."""
    made = making.load_balancer()
    db.write(lambda c: intents.create_root(c, made))
    return made
