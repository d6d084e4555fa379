"""What scenarios share: a database of each kind."""

from collections.abc import Iterator

import pytest

from tests.scenario.lab import Cellar
from tests.servers.databases import Shelf


@pytest.fixture(scope="module")
def cellar(kind_of_database: str, shelf: Shelf) -> Iterator[Cellar]:
    made = Cellar(shelf.take(kind_of_database))
    yield made
    made.database.close()
