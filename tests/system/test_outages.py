"""A broker and a database server that die under a whole deployment and come back: nobody is stuck, nothing is lost or done twice."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bench.deployment import NOOP
from hydria.cli import client
from hydria.kit import ids
from hydria.messaging.rabbit import QUEUE
from tests.servers import databases, rabbit
from tests.system.crowd import POOL, V2, member
from tests.system.house import LB, House, traces, wait_for
from tests.system.truth import Truth

MORE = f"""{NOOP}
[house_keeping]
cleanup_interval = 1
"""
IN_A_ROW = 5
PROMPT_S = 3.0
"""So many creations, one after another, take longer when each waits for the next look of the worker, a second apart."""
AWAY_S, PATIENCE_S = 3.0, 60.0


@pytest.fixture(scope="module")
def broker() -> Iterator[rabbit.Rabbit]:
    with rabbit.broker() as made:
        yield made


@pytest.fixture(scope="module")
def server(kind_of_server: str) -> Iterator[Any]:
    """A server as careful as one in production."""
    with databases.server(kind_of_server, careless=False) as made:
        yield made


@pytest.fixture(scope="module")
def house(server: Any, broker: rabbit.Rabbit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    before = traces(folder)
    urls = {"database": server.url("house"), "transport": broker.url}
    made = House(folder, port=19891, more=MORE, api="workers = 2\n", **urls)
    made.up()
    yield made
    made.down()
    assert traces(folder) == before


@pytest.fixture
def truth(house: House) -> Iterator[Truth]:
    """Of a house in which no process ends, and that is empty before and after."""
    made, pids = Truth(house), processes(house)
    yield made
    assert house.empty()
    assert set(made.used().values()) == {0}
    made.close()
    assert processes(house) == pids
    assert [line for line in logs(house) if "raceback" in line or "defect" in line or "api.bug" in line] == []


def processes(house: House) -> dict[str, int]:
    return {s.name: s.pid for s in house.deployment.supervision.standing()}


def logs(house: House) -> list[str]:
    supervision = house.deployment.supervision
    return [line for name in supervision.names() for line in supervision.end_of_log(name, 10_000)]


def is_prompt(house: House) -> bool:
    """Whether workers are told of new work."""
    began = time.monotonic()
    for _ in range(IN_A_ROW):
        assert house.settled(house.create()["id"])
    return time.monotonic() - began < PROMPT_S


def test_a_broker_that_is_killed_amid_creations_holds_nobody_up_and_is_used_again(
    house: House, broker: rabbit.Rabbit, truth: Truth
) -> None:
    assert client.until(lambda: is_prompt(house), 30)
    assert client.until(lambda: broker.has_written(QUEUE), 30)
    with ThreadPoolExecutor(4) as users:
        making = [users.submit(house.create) for _ in range(24)]
        after(6, making)
        broker.kill()
    made = [one.result()["id"] for one in making]
    assert client.until(lambda: {house.status(i) for i in made} == {"ACTIVE"}, 20)
    assert 0 < sum("nudges.broker_away" in line for line in logs(house)) <= len(processes(house)) + 1
    broker.start()
    assert client.until(lambda: is_prompt(house), 60)


def after(times: int, work: list[Future[Any]]) -> None:
    """Wait until so much of it is done. What dies and is started again is started here: it ends with the thread that did."""
    assert client.until(lambda: sum(one.done() for one in work) >= times, 20, 0.001)


class Patient:
    """A user who tries again, under the same key, for as long as the API says that it cannot serve."""

    def __init__(self, house: House) -> None:
        self._api = house.api
        self._ends = time.monotonic() + PATIENCE_S
        self.away: list[tuple[str, str]] = []
        """What was said meanwhile: when to try again, and why."""

    def make(self, path: str, root: str, **values: Any) -> dict[str, Any]:
        key = {"Idempotency-Key": ids.new()}
        while time.monotonic() < self._ends:
            status, answer, headers = self._api.request("POST", f"{V2}/{path}", {root: values}, key)
            if status == 201:
                return dict(answer[root])
            assert status == 503, answer
            self.away.append((headers["Retry-After"], answer["faultstring"]))
            wait_for(float(headers["Retry-After"]) / 4)
        raise TimeoutError(self.away[-1])


def test_a_database_server_that_is_killed_amid_writes_is_missed_politely_and_nothing_is_done_twice(
    house: House, server: Any, truth: Truth
) -> None:
    lb, user = house.create()["id"], Patient(house)
    pool = house.make("pools", "pool", loadbalancer_id=lb, **POOL)["id"]

    path = f"pools/{pool}/members"
    with ThreadPoolExecutor(6) as users:
        making = [users.submit(user.make, path, "member", **member(n)) for n in range(60)]
        after(10, making)
        server.process.stop()
        wait_for(AWAY_S)
        server.process.start()
    assert [one.exception() for one in making if one.exception()] == []
    assert {seconds for seconds, _ in user.away} == {"2"}
    endings = ("Nothing was changed; try again in a moment.", "Look whether it was done before you try again.")
    assert [why for _, why in user.away if not why.endswith(endings)] == []
    assert house.settled(lb)
    truth.is_whole(lb)
    found = house.api.call("GET", f"{V2}/pools/{pool}/members")["members"]
    assert sorted(m["address"] for m in found) == sorted(member(n)["address"] for n in range(60))


def test_load_balancers_whose_making_was_torn_by_the_database_are_made_or_were_never_there(
    house: House, server: Any, truth: Truth
) -> None:
    asked = {"loadbalancer": {"vip_subnet_id": house.subnets["demo"]}}
    with ThreadPoolExecutor(6) as users:
        making = [users.submit(house.api.request, "POST", LB, asked) for _ in range(24)]
        after(6, making)
        server.process.stop()
        server.process.start()
    answers = [one.result()[0] for one in making]
    assert {*answers} <= {201, 503}
    made = house.all()
    assert answers.count(201) <= len(made) <= len(answers)
    assert client.until(lambda: {lb["provisioning_status"] for lb in house.all()} == {"ACTIVE"}, 30)
    assert truth.miscounted() == {}
