"""The doctor of a deployment whose database server and broker refuse it, hang or are gone."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.deployment import NOOP
from hydria.cli import client
from tests.servers import databases, rabbit
from tests.system.house import House

MORE = f"{NOOP}[health_manager]\nbind_port = 5562\n[metrics]\nbind_port = 19387\n"
LIMIT_S = 11.0
"""Ten for the doctor, and one for a busy machine to start it."""


@pytest.fixture(scope="module")
def broker() -> Iterator[rabbit.Rabbit]:
    with rabbit.broker() as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with databases.server("postgresql", careless=True) as made:
        yield made


@pytest.fixture(scope="module")
def house(server: Any, broker: rabbit.Rabbit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("servers")
    made = House(folder, port=19981, block="10.55", more=MORE, database=server.url("house"), transport=broker.url)
    made.up()
    yield made
    made.down()


def found(house: House) -> dict[str, dict[str, Any]]:
    began = time.monotonic()
    said = house.command("doctor", "--json")
    assert time.monotonic() - began < LIMIT_S
    return {check["name"]: check for check in json.loads(said.stdout)["checks"]}


def changed(house: House, before: str, after: str) -> dict[str, dict[str, Any]]:
    """What is found where the settings name something else."""
    text = house.file.read_text()
    assert before in text
    house.file.write_text(text.replace(before, after))
    try:
        return found(house)
    finally:
        house.file.write_text(text)


def is_well(house: House) -> bool:
    return all(check["state"] == "ok" for check in found(house).values())


def test_servers_that_let_us_in_are_told_without_their_passwords(house: House) -> None:
    checks = found(house)
    assert {c["state"] for c in checks.values()} == {"ok"}, checks
    assert "postgresql+psycopg://hydria@127.0.0.1" in checks["database"]["found"]
    said = house.command("status").stdout
    assert ("database: intent: postgresql" in said, "broker: " in said, "guest:guest" in said) == (True, True, False)


def test_a_wrong_password_of_the_broker_is_told(house: House) -> None:
    check = changed(house, "guest:guest@", "guest:stale@")["broker"]
    assert (check["state"], "stale" in str(check)) == ("wrong", False)
    assert "ACCESS_REFUSED" in check["reason"]
    assert "transport_url" in check["remedy"]


def test_a_database_that_is_not_there_is_told(house: House) -> None:
    check = changed(house, "/house", "/nowhere")["database"]
    assert (check["state"], 'database "nowhere" does not exist' in check["reason"]) == ("wrong", True), check


def test_a_broker_that_is_gone_explains_nothing_else(house: House, broker: rabbit.Rabbit) -> None:
    broker.kill()
    try:
        checks = found(house)
        status = json.loads(house.command("status", "--json").stdout)
    finally:
        broker.start()
    assert {name for name, check in checks.items() if check["state"] != "ok"} == {"broker"}
    assert (status["ok"], status["broker"]["state"]) == (True, "wrong")


def test_a_database_server_that_is_gone_is_named_first(house: House, server: Any) -> None:
    server.process.stop()
    try:
        checks = found(house)
    finally:
        server.process.start()
    wrong = [name for name, check in checks.items() if check["state"] == "wrong"]
    assert wrong[0] == "database"
    assert "onnection refused" in checks["database"]["reason"]
    assert checks["load balancers"]["reason"] == "explained by what is wrong with: database"
    assert client.until(lambda: is_well(house), 30, 1)


def test_the_doctor_is_done_in_ten_seconds_when_everything_hangs(
    house: House, server: Any, broker: rabbit.Rabbit
) -> None:
    pids = [pid for s in house.deployment.supervision.standing() for pid in s.pids]
    for first in (server.process.pid, broker.process.pid):
        pids += [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        checks = found(house)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wrong = {name for name, check in checks.items() if check["state"] == "wrong"}
    assert {"database", "broker", "processes", "API", "load balancers"} <= wrong
    assert client.until(lambda: is_well(house), 60, 1)
