"""A deployment on a simulated cloud, for whatever works on one: its parts are looked at one by one."""

import pytest

from tests.scenario.lab import Cellar, Lab


@pytest.fixture(scope="module")
def cellar(shelf):
    made = Cellar(shelf.take("sqlite"))
    yield made
    made.database.close()


@pytest.fixture
def lab(cellar):
    return Lab(cellar)
