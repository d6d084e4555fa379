"""A whole deployment on this machine: real haproxy, real traffic, processes killed in the middle of things."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydria.cli import client
from hydria.cli.demo import BackEnd
from hydria.cli.trouble import Trouble
from hydria.drivers.compute import Machine
from tests.system.house import LB, House, Traffic, at_once, processes, traces, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    before = traces(folder)
    house = House(folder)
    house.up()
    yield house
    house.down()
    assert traces(folder) == before


@pytest.fixture
def empty(house: House) -> Iterator[House]:
    """The house, with nothing in it before and after; what was made leaves nothing on the machine."""
    before = traces(house.file.parent)
    yield house
    assert house.empty()
    assert client.until(lambda: amphorae(house) == [], 10)
    assert traces(house.file.parent)["links"] == before["links"]
    assert not house.deployment.parts.compute().list()


def amphorae(house: House) -> list[str]:
    """Namespaces of amphorae that are still there."""
    return [n for n in traces(house.file.parent)["netns"] if n.startswith("hydria-a-")]


def spread(vip: str, requests: int = 30) -> dict[str, int]:
    found: dict[str, int] = {}
    for _ in range(requests):
        name = client.ask(vip)
        found[name] = found.get(name, 0) + 1
    return found


def test_traffic_is_spread_evenly(empty: House) -> None:
    lb, _ = empty.serving(empty.backends())
    assert client.until(lambda: len(spread(lb["vip_address"], 6)) == 3, 5)
    assert spread(lb["vip_address"]) == {"demo-1": 10, "demo-2": 10, "demo-3": 10}


def test_a_member_comes_without_a_reload_and_goes_without_a_failed_request(empty: House) -> None:
    members = empty.backends()
    lb, pool = empty.serving(members[:2])
    with Traffic(lb["vip_address"]) as traffic:
        new = empty.member(pool["id"], members[2].address)
        assert client.until(lambda: client.ask(lb["vip_address"]) == "demo-3", 5, 0.005)
        empty.api.call("DELETE", f"/v2/lbaas/pools/{pool['id']}/members/{new['id']}")
        assert empty.settled(lb["id"])
    assert (traffic.failed, "demo-3" in spread(lb["vip_address"])) == (0, False)


def test_traffic_goes_on_without_any_controller(empty: House) -> None:
    lb, _ = empty.serving(empty.backends())
    empty.deployment.supervision.stop()
    with Traffic(lb["vip_address"]) as traffic:
        assert not client.until(lambda: traffic.asked > 100 and traffic.failed > 0, 4)
    empty.up()
    assert traffic.failed == 0


@pytest.mark.parametrize("victim", ["worker", "api", "health", "agent"])
def test_a_process_killed_amid_twenty_creations_harms_nobody(empty: House, victim: str) -> None:
    other, _ = empty.serving(empty.backends(), "other")

    def one(n: int) -> None:
        if n == 7:
            empty.kill(victim)
        empty.create(f"lb{n}")

    with Traffic(other["vip_address"]) as traffic:
        results = at_once(one, 20, 5)
        assert client.until(empty.deployment.is_up, 5)
        assert client.until(empty.deployment.client().answers, 5)
        made = [lb["id"] for lb in empty.all()]
        assert client.until(lambda: {empty.status(i) for i in made} == {"ACTIVE"}, 15)
    assert len(made) > 8
    assert [r for r in results if r is not None and victim != "api"] == []
    assert traffic.failed == 0


def test_a_hundred_members_by_twenty_clients_meet_no_conflict(empty: House) -> None:
    lb, pool = empty.serving(empty.backends())
    before = len(runs(empty, lb["id"]))
    results = at_once(lambda n: empty.member(pool["id"], f"10.66.12.{n + 100}", 9), 100, 20)
    assert [r for r in results if isinstance(r, Exception)] == []
    assert empty.settled(lb["id"])
    members = empty.api.call("GET", f"/v2/lbaas/pools/{pool['id']}/members")["members"]
    assert {m["provisioning_status"] for m in members} == {"ACTIVE"}
    assert len(members) == 103
    assert len(runs(empty, lb["id"])) - before < 60


def runs(house: House, lb_id: str) -> list[dict[str, object]]:
    events = house.api.call("GET", f"{LB}/{lb_id}/events?limit=1000")
    return [e for e in events["events"] if e["entry"] == "run"]


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "fe80::1", "ff02::1", "::ffff:1.2.3.4"]
)
def test_an_odd_address_harms_nobody_else(empty: House, address: str) -> None:
    lb, pool = empty.serving(empty.backends())
    with Traffic(lb["vip_address"]) as traffic:
        with contextlib.suppress(Trouble):  # the API may refuse it; what it lets through must do no harm
            empty.make(f"pools/{pool['id']}/members", "member", address=address, protocol_port=80)
        good = empty.member(pool["id"], "10.66.12.99")
        assert client.until(lambda: state(empty, pool["id"], good["id"]) == "ACTIVE", 10)
    assert traffic.failed <= traffic.asked // 2


def state(house: House, pool: str, member: str) -> str:
    return str(house.api.call("GET", f"/v2/lbaas/pools/{pool}/members/{member}")["member"]["provisioning_status"])


def test_a_placement_whose_namespace_is_gone_is_rebuilt_on_a_new_amphora(empty: House) -> None:
    lb, _ = empty.serving(empty.backends())
    (machine,) = empty.deployment.parts.compute().list()
    kill_all_inside(empty, machine.id)
    assert client.until(lambda: [m.id for m in machines(empty)] not in ([], [machine.id]), 20)
    assert client.until(lambda: bool(client.ask(lb["vip_address"])), 10)
    assert empty.settled(lb["id"])


def machines(house: House) -> list[Machine]:
    return list(house.deployment.parts.compute().list())


def kill_all_inside(house: House, machine_id: str) -> None:
    """End the first process of an amphora: its namespaces, cards and all it ran go with it."""
    pid, _ = (house.deployment.settings.state / "machines" / machine_id / "pid").read_text().split()
    os.kill(int(pid), signal.SIGKILL)


def test_a_member_s_death_and_return_reach_the_api_within_a_second_of_haproxy_s_verdict(empty: House) -> None:
    members = empty.backends()
    lb, pool = empty.serving(members)
    monitor = {"type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1, "max_retries_down": 1}
    empty.make("healthmonitors", "healthmonitor", pool_id=pool["id"], **monitor)
    assert client.until(lambda: set(operating(empty, pool["id"])) == {"ONLINE"}, 10)
    members[0].stop()
    reaches(empty, lb["id"], pool["id"], members[0], "DOWN", "ERROR")
    members[0].start()
    reaches(empty, lb["id"], pool["id"], members[0], "UP", "ONLINE")


def reaches(house: House, lb_id: str, pool: str, member: BackEnd, verdict: str, status: str) -> None:
    """haproxy's verdict on the first member is in the API within a second."""
    assert client.until(lambda: verdict in verdicts(house, lb_id, member.address), 10, 0.01)
    assert client.until(lambda: operating(house, pool)[0] == status, 1.0, 0.02)


def operating(house: House, pool: str) -> list[str]:
    """The operating status of each member, in order of birth."""
    members = house.api.call("GET", f"/v2/lbaas/pools/{pool}/members")["members"]
    return [m["operating_status"] for m in members]


def verdicts(house: House, lb_id: str, address: str) -> list[str]:
    """What haproxy itself says of the server with an address: asked on its admin socket."""
    (agent,) = house.agents()
    (path,) = Path(f"/proc/{agent}/root/run/hydria/placements").glob(f"{lb_id}*/admin*")
    with socket.socket(socket.AF_UNIX) as admin:
        admin.connect(str(path))
        admin.sendall(b"show stat -1 4 -1\n")
        said = b"".join(iter(lambda: admin.recv(65536), b"")).decode()
    rows = [line.split(",") for line in said.splitlines() if line]
    column = rows[0].index("addr")
    return [row[17] for row in rows[1:] if len(row) > column and row[column].startswith(f"{address}:")]


def test_a_killed_haproxy_is_back_by_itself(empty: House) -> None:
    lb, _ = empty.serving(empty.backends())
    wait_for(1.1)  # its supervisor starts again at once what has run for a second
    pids = [pid for pid, words in processes() if "haproxy" in words and lb["id"] in words]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert pids
    assert client.until(lambda: bool(client.ask(lb["vip_address"])), 3, 0.01)
    assert len(machines(empty)) == 1
