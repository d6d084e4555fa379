"""The unmodified command-line client against a whole deployment whose drivers do nothing."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.deployment import NOOP
from tests.system.house import ROOT, House

CLIENT = ROOT / "build/client/bin/openstack"
Client = Callable[..., Any]
SETTINGS = {"joining": "", "strict": "strict_immutable = true"}
"""Whether writes join those that are under way, or are refused until then."""


@pytest.fixture(scope="module")
def noop_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Every process, and no cloud."""
    house = House(tmp_path_factory.mktemp("api"), port=19874, block="10.63", more=NOOP)
    house.up()
    yield house
    house.down()


@pytest.fixture(scope="module", params=SETTINGS)
def either_house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same, with each way to take writes."""
    settings = SETTINGS[request.param]
    house = House(tmp_path_factory.mktemp("api"), port=19875, block="10.59", more=NOOP, api=settings)
    house.up()
    yield house
    house.down()


@pytest.fixture(scope="module")
def openstack(noop_house: House) -> Client:
    """Run one command of the client; what it prints as JSON, or its complaint when it is to fail."""
    clouds = {"admin": "hydria-admin", "other": "hydria"}
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "OS_CLIENT_CONFIG_FILE": str(noop_house.deployment.clouds),
    }

    def run(command: str, *, user: str = "admin", shows: bool = False, fails: bool = False) -> Any:
        words = [str(CLIENT), *command.split(), *(["-f", "json"] if shows else [])]
        done = subprocess.run(
            words,
            env={**environment, "OS_CLOUD": clouds[user]},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr
        if fails:
            return done.stderr
        return json.loads(done.stdout) if shows else done.stdout

    return run
