"""What the tests of storage share: a database and a load balancer in it."""

import pathlib
import shutil

import pytest

from hydria.domain.loadbalancer import LoadBalancer
from hydria.storage import database, intents, tables
from tests.unit.storage import making


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A database without a row, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "hydria.db"
    made = database.Database(f"sqlite:///{path}", tables.INTENT)
    made.create_all()
    made.close()
    return path


@pytest.fixture
def db(empty: pathlib.Path, tmp_path: pathlib.Path):
    shutil.copy(empty, tmp_path)
    made = database.Database(f"sqlite:///{tmp_path}/hydria.db", tables.INTENT, durable=False)
    yield made
    made.close()


@pytest.fixture
def lb(db) -> LoadBalancer:
    """A load balancer that was just created."""
    made = making.load_balancer()
    db.write(lambda c: intents.create_root(c, made))
    return made
