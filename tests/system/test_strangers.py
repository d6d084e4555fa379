"""A thousand strangers of every kind, a locked database, restarts and deaths: honest clients hardly notice. Real processes."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from bench.deployment import NOOP
from hydria.cli import client
from tests.servers import process
from tests.system.house import LB, House, traces, wait_for
from tests.system.strangers import KINDS, Honest, Loop, Strangers, head

QUICK_MS = 100
BUSY_MS = 5000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    before = traces(folder)
    more = f"{NOOP}[health_manager]\nbind_port = {process.free_port()}\n[metrics]\nbind_port = {process.free_port()}\n"
    made = House(folder, port=process.free_port(), more=more)
    made.up()
    made.subnets = {"demo": "00000000-0000-4000-8000-0000000000aa"}
    yield made
    made.down()
    assert traces(folder) == before


@pytest.fixture(scope="module")
def honest(house: House) -> Any:
    """Makes honest clients, with a load balancer of theirs."""
    lb = house.create()["id"]
    assert house.settled(lb)
    token = house.api._shown()["X-Auth-Token"]
    return lambda: Honest(port(house), token, f"{LB}/{lb}")


def port(house: House) -> int:
    return int(house.deployment.settings.option("api_settings", "bind_port"))


def ready(house: House) -> dict[str, Any]:
    """What the master last told."""
    return dict(json.loads((house.deployment.settings.run / "api.ready").read_text()))


def hand_over(house: House) -> dict[str, Any]:
    """Tell the master to start anew, and wait for the end of it."""
    began = time.monotonic()
    os.kill(house.pid("api"), signal.SIGHUP)
    assert client.until(lambda: ready(house)["began"] >= began, 30, 0.02)
    return ready(house)


FROM_MANY = ("silent", "half a body, a token", "no answer is read")
CASES = [*((kind, 1) for kind in KINDS), *((kind, 500) for kind in FROM_MANY)]


@pytest.mark.parametrize("name,addresses", CASES)
def test_a_thousand_strangers_cost_others_nothing(house: House, honest: Any, name: str, addresses: int) -> None:
    with Strangers(port(house), KINDS[name], addresses=addresses):
        one = honest().work(15)
    print(one.told(f"{name} from {addresses}"))
    assert one.failed == []
    # The first met with the crowd itself, as it came in; the last tenth with whatever else this machine does.
    assert sorted(one.took_ms)[len(one.took_ms) * 9 // 10] < QUICK_MS
    assert max(one.took_ms) < BUSY_MS


@contextlib.contextmanager
def locked(house: House) -> Iterator[None]:
    """Somebody else writes to the database, for long."""
    with contextlib.closing(
        sqlite3.connect(house.deployment.settings.state / "hydria.db", isolation_level=None)
    ) as foreign:
        foreign.execute("PRAGMA busy_timeout = 5000")
        foreign.execute("BEGIN IMMEDIATE")
        yield
        foreign.execute("ROLLBACK")


def test_writes_that_wait_for_a_lock_hold_up_neither_reads_nor_logins(house: House, honest: Any) -> None:
    reads, logins, path = honest(), [], honest().path
    with ThreadPoolExecutor(30) as users, locked(house):
        body = {"loadbalancer": {"name": "waits"}}
        writes = [users.submit(house.api.request, "PUT", path, body) for _ in range(30)]
        wait_for(0.5)
        for _ in range(20):
            with contextlib.closing(reads.fresh()) as new:
                reads.ask(new)
        for _ in range(3):
            began = time.monotonic()
            house.deployment.client()._log_in()
            logins.append((time.monotonic() - began) * 1000)
        assert not any(one.done() for one in writes)
    print(reads.told("reads"), "logins", [round(x) for x in logins])
    assert (reads.failed, [one.result()[0] for one in writes]) == ([], [200] * 30)
    assert sorted(reads.took_ms)[10] < QUICK_MS
    assert max(*reads.took_ms, *logins) < BUSY_MS


def test_a_full_lane_is_told_in_json_and_reads_go_on(house: House, honest: Any) -> None:
    one, codes = honest(), []
    with locked(house), contextlib.ExitStack() as opened:
        for _ in range(300):
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", port(house)), 10))
            raw = head(b"PUT", one.path.encode(), b"X-Auth-Token: %s\r\nContent-Length: 19\r\n" % one.token.encode())
            sock.sendall(raw + b'{"loadbalancer":{}}')
            sock.settimeout(0.001)
            with contextlib.suppress(TimeoutError):
                codes.append(sock.recv(1000))
        with contextlib.closing(one.fresh()) as new:
            one.ask(new)
    assert one.failed == []
    assert codes
    assert all(b"503 Service Unavailable" in c and b"Retry-After" in c and b'{"code": 503, ' in c for c in codes)


def test_half_bodies_a_locked_database_and_a_restart_at_once(house: House, honest: Any) -> None:
    with Strangers(port(house), KINDS["half a body, a token"], 100), locked(house), Loop(honest) as loop:
        wait_for(0.5)
        assert hand_over(house)["outcome"] == ""
        wait_for(1)
    print(f"asked {loop.asked}, failed {loop.failed}")
    assert (loop.failed, loop.asked > 50) == ([], True)


# --- restarts and deaths


def test_a_restart_loses_no_request(house: House, honest: Any) -> None:
    before, master = ready(house), house.pid("api")
    with Loop(honest, 6) as loop:
        for _ in range(2):
            wait_for(0.3)
            assert (hand_over(house)["outcome"], house.pid("api")) == ("", master)
        wait_for(0.5)
    after = ready(house)
    assert after["pid"] == master
    print(f"asked {loop.asked}, failed {loop.failed}")
    assert (loop.failed, loop.asked > 200) == ([], True)
    assert not set(before["workers"]) & set(after["workers"])
    assert client.until(lambda: not any(Path(f"/proc/{p}").exists() for p in before["workers"]), 15)


def test_settings_that_cannot_be_used_leave_what_runs_alone(house: House, honest: Any) -> None:
    good, before = house.file.read_text(), ready(house)
    try:
        for bad in ("threads = many\n", "threads = 16\n[oslo_policy]\npolicy_file = /nowhere\n[api_settings]\n"):
            house.file.write_text(good.replace("[api_settings]\n", f"[api_settings]\n{bad}", 1))
            after = hand_over(house)
            assert after["outcome"]
            assert after["workers"] == before["workers"]
        assert honest().work(3).failed == []
    finally:
        house.file.write_text(good)
    assert hand_over(house)["outcome"] == ""


def test_another_port_is_served_before_the_old_one_is_left(house: House, honest: Any) -> None:
    good, old, new = house.file.read_text(), port(house), process.free_port()
    try:
        kept = HTTPConnection("127.0.0.1", old)
        kept.request("GET", "/")
        kept.getresponse().read()
        house.file.write_text(good.replace(f"bind_port = {old}\n", f"bind_port = {new}\n", 1))
        assert hand_over(house)["address"] == f"127.0.0.1:{new}"
        moved = honest()
        moved.port = new
        assert moved.work(3).failed == []
        kept.request("GET", "/")
        answer = kept.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
        assert client.until(lambda: not process.listens(old), 5)
    finally:
        house.file.write_text(good)
    assert hand_over(house)["address"] == f"127.0.0.1:{old}"


def test_a_worker_that_is_killed_is_replaced(house: House, honest: Any) -> None:
    (worker,) = ready(house)["workers"]
    os.kill(worker, signal.SIGKILL)
    assert client.until(lambda: ready(house)["workers"] != [worker], 10, 0.02)
    assert honest().work(3).failed == []


def test_a_master_that_is_killed_takes_its_workers_along_and_is_replaced(house: House, honest: Any) -> None:
    before = ready(house)
    os.kill(before["pid"], signal.SIGKILL)
    assert client.until(lambda: ready(house)["pid"] != before["pid"] and house.api.answers(), 15, 0.02)
    assert client.until(lambda: not Path(f"/proc/{before['workers'][0]}").exists(), 15)
    assert honest().work(3).failed == []


def test_two_processes_share_the_work_and_their_metrics_outlive_a_restart(house: House, honest: Any) -> None:
    good = house.file.read_text()
    try:
        house.file.write_text(good.replace("[api_settings]\n", "[api_settings]\nworkers = 2\n", 1))
        first = hand_over(house)
        assert (first["outcome"], len(first["workers"])) == ("", 2)
        assert honest().work(5).failed == []
        assert client.until(lambda: counted(house) > 0, 15)
        before = counted(house)
        hand_over(house)
        assert client.until(lambda: counted(house) >= before, 15)
        wait_for(0.2)
    finally:
        house.file.write_text(good)
    assert hand_over(house)["outcome"] == ""


def counted(house: House) -> float:
    """Requests that the metrics tell of; 0 while nobody serves them."""
    where = house.deployment.settings.option("metrics", "bind_port")
    connection = HTTPConnection("127.0.0.1", where, timeout=5)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except OSError:
        return 0
    finally:
        connection.close()
    lines = [line for line in text.splitlines() if line.startswith("hydria_api_request_seconds_count")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
