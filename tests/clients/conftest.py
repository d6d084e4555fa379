"""The unmodified command-line client against the real API, with somebody who settles what is wanted."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hydria.storage import claims, tables, worlds
from hydria.storage.database import Connection
from tests.clients import api

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "build/client/bin/openstack"


class StandIn:
    """In the place of a worker: says of everything that it is done. Swap in a real one where `settling` is used."""

    def __init__(self, folder: Path) -> None:
        self._database, self._observed = api.databases(folder)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._database.close()
        self._observed.close()

    def _run(self) -> None:
        while not self._over.wait(0.1):
            self._database.write(settle)


def settle(c: Connection) -> None:
    """Everything that is wanted is done."""
    p = tables.PROGRESS.c
    for lb_id, wanted in c.execute(select(p.load_balancer_id, p.wanted).where(p.wanted > p.settled)).all():
        claims.settle(c, lb_id, wanted)
        worlds.bury(c, lb_id, wanted)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Wait until somebody listens; False when nobody does within 10 s."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        threading.Event().wait(0.05)
    return False


@pytest.fixture(scope="module")
def settling() -> Callable[[Path], StandIn]:
    """What starts whoever settles."""
    return StandIn


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, settling: Callable[[Path], StandIn]) -> Iterator[int]:
    """The API, served on this port."""
    folder, port = tmp_path_factory.mktemp("api"), free_port()
    api.prepare(folder)
    serving = subprocess.Popen([sys.executable, "-m", "tests.clients.api", str(folder), str(port)], cwd=ROOT)
    settler = settling(folder)
    assert answers(port)
    yield port
    settler.stop()
    serving.terminate()
    assert serving.wait(20) == 0


Client = Callable[..., Any]


@pytest.fixture(scope="module")
def openstack(port: int) -> Client:
    """Run one command of the client; what it prints as JSON, or its complaint when it is to fail."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "OS_AUTH_URL": f"http://127.0.0.1:{port}/identity",
        "OS_PASSWORD": api.PASSWORD,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": "RegionOne",
        "OS_IDENTITY_API_VERSION": "3",
    }
    users = {"admin": "demo", "other": "other"}

    def run(command: str, *, user: str = "admin", shows: bool = False, fails: bool = False) -> Any:
        more = {"OS_USERNAME": user, "OS_PROJECT_NAME": users[user]}
        words = [str(CLIENT), *command.split(), *(["-f", "json"] if shows else [])]
        done = subprocess.run(
            words, env={**environment, **more}, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode != 0) is fails, done.stderr
        if fails:
            return done.stderr
        return json.loads(done.stdout) if shows else done.stdout

    return run
