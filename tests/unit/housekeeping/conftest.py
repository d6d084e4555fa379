"""A deployment on a simulated cloud, to be kept clean."""

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
