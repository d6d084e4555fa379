"""The commands `up`, `down`, `status`, `doctor` and `quickstart`, as they are typed; supervisors and processes killed."""

import http.client
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydria.cli import client, demo
from hydria.kit import ids
from tests.system.house import House, processes, traces

PROCESSES = ("api", "health", "housekeeping", "worker")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("door")
    before = traces(folder)
    house = House(folder, port=19976, block="10.65")
    yield house
    house.down()
    assert traces(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == ["hydria.conf"]


@pytest.fixture
def running(house: House) -> House:
    house.up()
    return house


@pytest.fixture
def down(house: House) -> House:
    house.deployment.down()
    return house


def done(house: House, *words: str) -> str:
    said = house.command(*words)
    assert (said.returncode, said.stderr) == (0, ""), said
    return said.stdout


def keepers(house: House) -> dict[int, str]:
    """The processes that look after the others."""
    folder = str(house.deployment.settings.run / "services")
    found = {}
    for pid, words in processes():
        name = words.partition(" ")[0]
        if name in ("runsvdir", "runsv") and folder in os.path.realpath(f"/proc/{pid}/cwd"):
            found[pid] = name
    return found


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def pids(house: House) -> dict[str, int]:
    return {s.name: s.pid for s in house.deployment.supervision.standing()}


def working(house: House) -> bool:
    """Everything runs, once, and answers."""
    running = house.deployment.supervision.running()
    counts = {name: len(found) for name, found in running.items()}
    return counts == {"api": 2, "health": 1, "housekeeping": 1, "worker": 1} and house.deployment.client().answers()


# --- before anything was ever up


def test_what_was_never_up_is_told_so(tmp_path: Path) -> None:
    fresh = House(tmp_path, port=19977, block="10.63")
    assert done(fresh, "down") == "nothing was running\n"
    assert done(fresh, "down", "--purge") == "nothing was running\n"
    assert done(fresh, "quickstart", "--down", "--purge") == "nothing was running\n"
    said = fresh.command("status")
    assert (said.returncode, said.stdout, said.stderr) == (1, "nothing runs; start with `hydria up`\n", "")
    said = fresh.command("doctor")
    assert (said.returncode, said.stderr) == (1, "")
    assert "wrong   deployment: nothing was ever brought up here\n        remedy: hydria up\n" in said.stdout
    assert "wrong   networks: explained by what is wrong with: deployment\n" in said.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hydria.conf"]


# --- up and down


def test_up_tells_where_the_api_is_and_may_be_repeated(down: House) -> None:
    said = done(down, "up")
    assert re.match(r"up in \d+\.\d s: http://127\.0\.0\.1:19976\n", said)
    assert f"clients: . {down.deployment.settings.state}/openrc\n" in said
    before = pids(down)
    assert done(down, "up")
    assert pids(down) == before
    assert working(down)


def test_down_may_be_repeated(running: House) -> None:
    assert done(running, "down") == "".join(f"stopped {name}\n" for name in PROCESSES)
    assert done(running, "down") == "nothing was running\n"
    assert not running.deployment.supervision.running()
    assert not keepers(running)


@pytest.mark.parametrize("victims", [("runsvdir",), ("runsvdir", "runsv"), ("runsv",)])
def test_up_works_after_supervisors_were_killed(running: House, victims: tuple[str, ...]) -> None:
    kill(*(pid for pid, name in keepers(running).items() if name in victims))
    assert done(running, "up")
    assert client.until(lambda: working(running), 10), running.deployment.supervision.running()
    kill(running.pid("worker"))
    assert client.until(lambda: working(running), 5)


def test_up_works_after_everything_was_killed(running: House) -> None:
    kill(*keepers(running), *(p for found in running.deployment.supervision.running().values() for p in found))
    assert done(running, "up")
    assert client.until(lambda: working(running), 10)


@pytest.mark.parametrize("victims", [("runsvdir",), ("runsvdir", "runsv"), ("runsv",)])
def test_down_works_after_supervisors_were_killed(running: House, victims: tuple[str, ...]) -> None:
    kill(*(pid for pid, name in keepers(running).items() if name in victims))
    assert done(running, "down") == "".join(f"stopped {name}\n" for name in PROCESSES)
    assert not running.deployment.supervision.running()
    assert not keepers(running)


def supervisors(house: House) -> list[int]:
    line = f"runsvdir -P {house.deployment.settings.run}/services "
    return [pid for pid, words in processes() if words == line]


@pytest.mark.parametrize("number", ["", "1\n", "no number"])
def test_a_supervisor_whose_number_was_lost_is_the_only_one_and_ends(running: House, number: str) -> None:
    (before,) = supervisors(running)
    running.deployment.supervision.pid_file.write_text(number)
    assert done(running, "up")
    assert supervisors(running) == [before]
    assert done(running, "down")
    assert client.until(lambda: not supervisors(running), 2)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_is_killed_is_back_within_two_seconds(running: House, name: str) -> None:
    before = running.pid(name)
    began = time.monotonic()
    kill(before)
    assert client.until(lambda: running.pid(name) not in (0, before), 2)
    assert client.until(lambda: working(running), 4)
    assert client.until(running.deployment.client().answers, max(0.0, began + 2 - time.monotonic()))


def test_what_would_be_lost_is_told_before_it_is_removed(running: House) -> None:
    lb = running.create()
    assert running.settled(lb["id"])
    before = pids(running)
    for command in ("down --all", "quickstart --down --purge"):
        said = running.command(*command.split())
        assert (said.returncode, said.stdout) == (1, "")
        (line,) = said.stderr.splitlines()
        assert "this removes 1 load balancer of 1 project, and their traffic; 1 amphora and the networks" in line
        assert re.search(r"nobody is here to be asked; remedy: hydria --config \S+ down --(all|purge) --yes$", line)
    assert pids(running) == before
    assert running.empty()


# --- status and doctor


def test_status_shows_processes_and_load_balancers(running: House) -> None:
    lb = running.create("shown")
    assert running.settled(lb["id"])
    said = done(running, "status")
    assert [name for name in PROCESSES if not re.search(rf"{name}\W+{running.pid(name)}\W+\d+ s\W+\d+ MiB", said)] == []
    assert re.search(r"API http://127\.0\.0\.1:19976; \d+ MiB in all", said)
    assert re.search(rf"shown\W+{lb['vip_address']}\W+ACTIVE\W+ONLINE", said)
    assert running.empty()


def test_a_healthy_deployment_has_nothing_wrong(running: House) -> None:
    said = done(running, "doctor")
    assert [line for line in said.splitlines() if not line.startswith("ok ")] == []
    assert re.search(r"haproxy: [23]\.\d", said)
    assert "processes: api, health, housekeeping, worker" in said


def test_the_doctor_finds_why_a_process_does_not_come_up(running: House) -> None:
    keys = running.deployment.settings.state / "master.keys"
    kept = keys.rename(keys.with_name("kept"))
    try:
        kill(running.pid("health"))
        log = running.deployment.supervision.end_of_log
        assert client.until(lambda: any("master.keys" in line for line in log("health")), 20)
        said = running.command("doctor")
    finally:
        kept.rename(keys)
    assert (said.returncode, said.stderr) == (1, "")
    assert re.search(rf"^wrong +deployment: {keys} is not there$", said.stdout, re.MULTILINE)
    assert re.search("^wrong +processes: explained by what is wrong with: deployment$", said.stdout, re.MULTILINE)
    assert client.until(lambda: working(running), 5)


def test_keys_that_are_lost_are_not_made_anew(running: House) -> None:
    keys = running.deployment.settings.state / "master.keys"
    kept = keys.rename(keys.with_name("kept"))
    try:
        said = running.command("up")
        assert not keys.exists()
    finally:
        kept.rename(keys)
    assert (said.returncode, f"{keys} is not there; remedy: put it back" in said.stderr) == (1, True)
    assert working(running)


def test_the_doctor_tells_what_to_do_when_all_is_down(down: House) -> None:
    said = down.command("doctor")
    assert (said.returncode, said.stderr) == (1, "")
    assert "wrong   processes: no process runs\n        remedy: hydria up\n" in said.stdout
    for what in ("warning metrics", "wrong   API"):
        assert f"{what}: explained by what is wrong with: processes\n" in said.stdout
    said = down.command("status")
    assert said.returncode == 1
    assert said.stdout.count("down") == 4


# --- who may come in


def listening(kind: str) -> set[str]:
    """Addresses that are listened on in this network."""
    said = subprocess.run(["ss", "-Hln", f"--{kind}"], capture_output=True, text=True, check=True).stdout
    return {line.split()[3] for line in said.splitlines()}


def test_only_the_loopback_and_the_management_network_are_listened_on(running: House) -> None:
    assert {a for a in listening("tcp") if "19976" in a} == {"127.0.0.1:19976"}
    assert {a for a in listening("udp") if ":5555" in a} == {"10.65.0.2:5555"}


def test_nobody_comes_in_without_a_login(running: House) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", 19976, timeout=5)
    connection.request("GET", "/v2/lbaas/loadbalancers")
    assert connection.getresponse().status == 401
    connection.close()


def test_what_is_secret_only_its_owner_reads(running: House) -> None:
    state = running.deployment.settings.state
    names = ("master.keys", "users.json", "clouds.yaml", "passwords/demo", "passwords/admin", "deployment")
    assert {oct((state / name).stat().st_mode & 0o777) for name in names} == {"0o600"}
    assert {oct((state / name).stat().st_mode & 0o777) for name in (".", "passwords", "certificates")} == {"0o700"}
    keys = [p for p in (state / "certificates").iterdir() if b"PRIVATE" in p.read_bytes()]
    assert keys
    assert {oct(p.stat().st_mode & 0o777) for p in keys} == {"0o600"}


def test_no_secret_is_in_a_log_or_an_argument(running: House) -> None:
    state = running.deployment.settings.state
    lb = running.create("secret")
    assert running.settled(lb["id"])
    assert running.empty()
    secrets = [(state / "master.keys").read_text().split(":")[1].strip()]
    secrets += [(state / "passwords" / user).read_text().strip() for user in ("demo", "admin")]
    texts = [p.read_text() for p in (state / "log").rglob("*") if p.is_file()]
    texts += [words for _, words in processes()]
    assert [n for n, secret in enumerate(secrets) if any(secret in text for text in texts)] == []
    assert not any("PRIVATE KEY" in text for text in texts)


def test_an_open_door_is_told_loudly_and_is_for_this_machine_only(tmp_path: Path) -> None:
    fresh = House(tmp_path, port=19978, block="10.63")
    text = fresh.file.read_text()
    fresh.file.write_text(text.replace("[api_settings]", "[api_settings]\nauth_strategy = noauth"))
    try:
        assert "WARNING: auth_strategy = noauth" in done(fresh, "up")
        assert {a for a in listening("tcp") if "19978" in a} == {"127.0.0.1:19978"}
        assert done(fresh, "status")
        assert "api.open" in "".join(fresh.deployment.supervision.end_of_log("api"))
    finally:
        fresh.down()


# --- quick start


def test_the_quick_start_shows_what_it_measured_and_leaves_nothing(tmp_path: Path) -> None:
    before = traces(tmp_path)
    fresh = House(tmp_path, port=19979, block="10.62")
    first = done(fresh, "quickstart")
    began = time.monotonic()
    second = done(fresh, "quickstart")
    assert time.monotonic() - began < 10
    vip = None
    for said in (first, second):
        vip = re.search(r"load balancer: VIP (10\.62\.8\.\d+), answering after: (\d+ ms|there already)", said)
        assert vip
        assert len(re.findall(r"demo-[123]\W+10\.62\.12\.25[234]:8080\W+(?:8|9|10|11|12)  █", said)) == 3
        assert re.search(r"one member killed: [01] of \d+ requests failed meanwhile", said)
        assert "addresses: API http://127.0.0.1:19979; mgmt 10.62.0.0/22, demo 10.62.8.0/24" in said
        assert f"use it:   . {fresh.deployment.settings.state}/openrc\n" in said
        assert "./quickstart --down" in said
        assert client.ask(vip[1])
    assert done(fresh, "quickstart", "--down") == "".join(f"stopped {name}\n" for name in PROCESSES)
    assert vip
    assert client.ask(vip[1]), "traffic goes on without controllers"
    assert "removed 1 amphorae and the networks" in done(fresh, "quickstart", "--down", "--all", "--yes")
    assert traces(tmp_path) == before
    assert fresh.deployment.known
    assert f"removed {tmp_path}/state" in done(fresh, "quickstart", "--down", "--purge", "--yes")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hydria.conf"]


def test_a_quick_start_that_does_not_balance_fails_and_says_why(running: House) -> None:
    done(running, "quickstart")
    victim = running.backends()[1]
    victim.stop()
    sick = demo.CONFIG.format(folder=victim.folder, name=victim.name, address=victim.address, port=demo.PORT)
    config = victim.folder / f"{ids.new()}-{victim.name}.cfg"
    config.write_text(sick.replace("status 200", "status 500"))
    subprocess.run(["ip", "netns", "exec", victim.namespace, victim.haproxy, "-D", "-f", str(config)], check=True)
    try:
        said = running.command("quickstart")
    finally:
        victim.stop()
    assert said.returncode == 1
    *log, last = said.stderr.splitlines()
    assert re.match(r"hydria: not every back end answers through 10\.65\.8\.\d+; remedy: hydria doctor; ", last)
    assert any("run.settled" in entry for entry in log)
    assert running.empty()
    demo.down(running.deployment)
