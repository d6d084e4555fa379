"""Failover as operators order it, on real amphorae, with clients that go on asking."""

from collections.abc import Iterator

import pytest

from hydria.cli import client
from hydria.cli.client import Client
from tests.system.house import LB, House, Traffic, traces

AMPHORAE = "/v2/octavia/amphorae"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("failover")
    before = traces(folder)
    house = House(folder, port=19816, block="10.64")
    house.up()
    yield house
    house.down()
    assert traces(folder) == before


@pytest.fixture(scope="module")
def operator(house: House) -> Client:
    return house.deployment.client("admin")


def serving(operator: Client, lb_id: str) -> list[str]:
    found = operator.call("GET", f"{AMPHORAE}?loadbalancer_id={lb_id}")["amphorae"]
    return [str(a["id"]) for a in found]


@pytest.mark.parametrize("of_amphora", [False, True], ids=["load balancer", "amphora"])
def test_clients_hardly_notice_that_an_amphora_is_replaced(house: House, operator: Client, *, of_amphora: bool) -> None:
    lb, _ = house.serving(house.backends())
    before = serving(operator, lb["id"])
    path = f"{AMPHORAE}/{before[0]}" if of_amphora else f"{LB}/{lb['id']}"
    with Traffic(lb["vip_address"]) as traffic:
        operator.call("PUT", f"{path}/failover")
        assert house.status(lb["id"]) == "PENDING_UPDATE"
        assert house.settled(lb["id"])
        asked = traffic.asked
        assert client.until(lambda: traffic.asked > asked + 100, 20)  # the old one is long gone
    after = serving(operator, lb["id"])
    assert (len(after), set(after) & set(before), traffic.failed <= 3) == (1, set(), True)
    assert house.empty()


def test_an_amphora_that_is_told_again_serves_on(house: House, operator: Client) -> None:
    lb, _ = house.serving(house.backends())
    (amphora,) = serving(operator, lb["id"])
    with Traffic(lb["vip_address"]) as traffic:
        operator.call("PUT", f"{AMPHORAE}/{amphora}/config")
        assert house.settled(lb["id"])
    assert (serving(operator, lb["id"]), traffic.failed, bool(client.ask(lb["vip_address"]))) == ([amphora], 0, True)
    assert house.empty()
