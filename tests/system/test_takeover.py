"""Two workers: one is stopped in the middle of its work, the other ends it, and the first wakes and harms nothing."""

import contextlib
import os
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from hydria.cli import client
from hydria.control.world import Purpose
from hydria.storage import ledger
from tests.system.house import House, at_once, traces, wait_for

MANY = 10


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    before = traces(folder)
    house = House(folder, port=19886, block="10.67")
    house.up()
    yield house
    house.down()
    assert traces(folder) == before


@pytest.fixture
def second(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """Another worker of the same deployment."""
    with house.another("worker") as worker:
        assert client.until(lambda: house.inboxes() == 2, 5, 0.02)
        yield worker


def owners(house: House) -> Counter[str]:
    """How many machines there are for each load balancer, by what the ledger says of them."""
    intent, _ = house.deployment.parts.databases()
    rows = {x.name: x.load_balancer_id for x in intent.read(ledger.every) if x.purpose is Purpose.SERVER}
    intent.close()
    return Counter(rows.get(m.name, f"nobody's: {m.name}") for m in house.deployment.parts.compute().list())


def put_to_sleep(house: House, pid: int) -> None:
    """Stop a worker that holds claims, but not inside a transaction: then SQLite would let nobody else write."""
    for _ in range(100):
        os.kill(pid, signal.SIGSTOP)
        if is_amid_work(house, pid):
            return
        os.kill(pid, signal.SIGCONT)
        wait_for(0.01)
    raise AssertionError(pid)


def is_amid_work(house: House, pid: int) -> bool:
    """Whether a worker holds claims and no lock."""
    database = sqlite3.connect(house.deployment.settings.state / "hydria.db", timeout=0.5, isolation_level=None)
    with contextlib.closing(database):
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        owners = [owner for (owner,) in database.execute("SELECT owner FROM progress")]
        database.execute("ROLLBACK")
        return any(f"-{pid}-" in owner for owner in owners)


def takeovers(house: House) -> int:
    return house.log_of_another("worker").read_text().count("worker.takeover")


def test_a_worker_that_sleeps_amid_ten_creations_is_replaced_and_harms_nothing_when_it_wakes(
    house: House, second: subprocess.Popen[bytes]
) -> None:
    first = house.pid("worker")

    def one(n: int) -> str:
        if n == MANY // 3:
            put_to_sleep(house, first)
        return str(house.create(f"lb{n}")["id"])

    made = at_once(one, MANY, 3)
    try:
        assert client.until(lambda: {house.status(i) for i in made} == {"ACTIVE"}, 15, 0.1)
    finally:
        os.kill(first, signal.SIGCONT)
    assert takeovers(house) > 0
    wait_for(1.0)  # what it was about to do when it fell asleep
    assert owners(house) == Counter(dict.fromkeys(made, 1))
    assert {house.status(i) for i in made} == {"ACTIVE"}
    assert house.pid("worker") == first
    assert second.poll() is None
    assert house.empty(20)
    assert client.until(lambda: not house.deployment.parts.compute().list(), 5)
    with contextlib.closing(house.deployment.parts.databases()[0]) as intent:
        assert client.until(lambda: not intent.read(ledger.every), 5)
