"""A deployment on a simulated cloud, for workers whose parts are looked at one by one."""

import pytest

from tests.scenario.lab import Cellar, Lab


@pytest.fixture(scope="session")
def cellar(tmp_path_factory):
    return Cellar(tmp_path_factory.mktemp("cellar"))


@pytest.fixture
def lab(cellar):
    return Lab(cellar)
