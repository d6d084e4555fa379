"""The haproxy of each Debian release that is supported."""

import pytest

from tests.golden import running


@pytest.fixture(params=running.RELEASES, scope="session")
def release(request):
    return request.param


@pytest.fixture(scope="session")
def program(release):
    return running.program(release)
