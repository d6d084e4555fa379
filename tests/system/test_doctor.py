"""The doctor and the status of a deployment whose parts are broken on purpose, one after another, for real."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.deployment import NOOP
from hydria.cli import client
from hydria.drivers.certificates import signing
from hydria.kit import ids
from tests.system.house import LB, House, processes, space, traces, wait_for

SUBNET = "00000000-0000-4000-8000-0000000000aa"
MORE = f"{NOOP}[health_manager]\nbind_port = 5561\n[metrics]\nbind_port = 19377\n"
DAY_S = 86400


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Without machines: what is broken here is broken where there are machines, too."""
    folder = tmp_path_factory.mktemp("doctor")
    made = House(folder, port=19971, block="10.58", more=MORE)
    made.up()
    yield made
    made.down()


def told(house: House) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the findings by name."""
    began = time.monotonic()
    said = house.command("doctor", "--json")
    assert time.monotonic() - began < 12
    assert said.stderr == "", said
    read = json.loads(said.stdout)
    assert (read["ok"], said.returncode) in ((True, 0), (False, 1))
    return said.returncode, {check["name"]: check for check in read["checks"]}


def found(house: House, name: str) -> dict[str, Any]:
    return told(house)[1][name]


def wrong(house: House, *names: str) -> dict[str, dict[str, Any]]:
    """Findings that are wrong; these must be all of them."""
    code, checks = told(house)
    ill = {name: check for name, check in checks.items() if check["state"] == "wrong"}
    assert (code, set(ill)) == (1, set(names)), ill
    return ill


def state(house: House) -> Path:
    return Path(house.deployment.settings.state)


def well(house: House) -> bool:
    return told(house)[0] == 0


# --- shapes


def test_a_well_deployment_is_told_so_for_programs_too(house: House) -> None:
    code, checks = told(house)
    assert (code, {c["state"] for c in checks.values()}) == (0, {"ok"}), checks
    assert set(checks["clock"]) == {"name", "state", "found", "reason", "remedy", "details"}
    assert list(checks).index("database") < list(checks).index("API") < list(checks).index("load balancers")
    assert "hydria.db whole, revision" in checks["database"]["found"]


def test_the_status_for_programs_has_all_that_runs(house: House) -> None:
    read = json.loads(house.command("status", "--json").stdout)
    assert (read["ok"], read["version"]) == (True, "0.1.0")
    assert {p["name"] for p in read["processes"]} == {"api", "health", "housekeeping", "worker"}
    listens = {p["name"]: set(p["listens"]) for p in read["processes"]}
    assert listens["api"] == {"tcp 127.0.0.1:19971", "tcp 127.0.0.1:19377"}
    assert (listens["health"], listens["housekeeping"]) == ({"udp 127.0.0.1:5561", "tcp 127.0.0.1:19379"}, set())
    assert all(p["since"].endswith("Z") and p["memory_kb"] > 1000 for p in read["processes"])
    assert (read["database"]["state"], read["broker"]["state"], read["load_balancers"]["total"]) == ("ok", "ok", 0)


def test_the_status_is_bounded_and_shows_all_when_asked(house: House) -> None:
    made = [make(house, f"many{n}") for n in range(23)]
    try:
        said = house.command("status").stdout
        assert (said.count("many"), "23 load balancers" in said, "3 more: hydria status --all" in said) == (
            20,
            True,
            True,
        )
        assert house.command("status", "--all").stdout.count("many") == 23
        assert house.command("status", "--project", ids.new()).stdout.splitlines()[-1] == "0 load balancers"
    finally:
        for lb in made:
            house.delete(lb["id"])


def make(house: House, name: str) -> dict[str, Any]:
    body = {"loadbalancer": {"name": name, "vip_subnet_id": SUBNET}}
    return dict(house.api.call("POST", LB, body)["loadbalancer"])


# --- the database


def damage(file: Path) -> None:
    """Overwrite all pages of a file but the first, as a bad disk would; what is in the log of writes is put there first."""
    with contextlib.closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as pages:
        pages.seek(size)
        pages.write(b"\xa5" * (file.stat().st_size - size))


@contextlib.contextmanager
def damaged(house: House, name: str) -> Iterator[None]:
    """The processes run, and a file of theirs is damaged."""
    file = state(house) / name
    with contextlib.closing(sqlite3.connect(file)) as raw, contextlib.closing(sqlite3.connect(":memory:")) as kept:
        raw.backup(kept)
        damage(file)
        try:
            yield
        finally:
            house.deployment.down()
            for path in state(house).glob(f"{name}*"):
                path.unlink()
            with contextlib.closing(sqlite3.connect(file)) as anew:
                kept.backup(anew)
    house.up()


def test_a_damaged_database_is_named_with_what_it_explains_and_logged_once_a_minute(house: House) -> None:
    log = state(house) / "log/worker/current"
    with damaged(house, "hydria.db"):
        before = len(log.read_text().splitlines())
        wait_for(3)
        said = wrong(house, "database", "work", "load balancers")
        lines = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    assert "hydria.db: the database is damaged" in said["database"]["reason"]
    assert "put back the last backup" in said["database"]["remedy"]
    assert said["load balancers"]["reason"] == "explained by what is wrong with: database"
    away = [line for line in lines if line["event"].endswith("database_away")]
    assert (0 < len(away) <= 2, all("restore a backup" in line["error"] for line in away)) == (True, True), lines
    assert [line for line in lines if "exception" in line or "traceback" in line] == []


def test_damage_to_what_is_only_observed_has_a_milder_remedy(house: House) -> None:
    with damaged(house, "observed.db"):
        finding = found(house, "database")
    assert (finding["state"], "observed.db: the database is damaged" in finding["reason"]) == ("wrong", True)
    assert "what it held is observed again" in finding["remedy"]


def test_up_refuses_a_damaged_database_in_one_line(house: House) -> None:
    with damaged(house, "hydria.db"):
        house.deployment.down()
        said = house.command("up")
        assert (said.returncode, said.stderr.count("\n"), "damaged" in said.stderr) == (1, 1, True), said
        assert house.deployment.supervision.running() == {}


# --- processes and what they serve


def test_what_was_taken_down_is_not_said_to_have_failed(house: House) -> None:
    house.deployment.down(for_now=True)
    try:
        said = wrong(house, "processes", "API", "load balancers")["processes"]
        assert (said["reason"], said["remedy"], said["details"]) == ("no process runs", "hydria up", [])
    finally:
        house.up()


def test_a_worker_that_stands_still_is_named_with_the_command_that_helps(house: House) -> None:
    pid = house.pid("worker")
    os.kill(pid, signal.SIGSTOP)
    try:
        said = found(house, "processes")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert said["reason"] == "worker stands still: somebody has sent it SIGSTOP"
    assert said["remedy"] == f"kill -CONT {pid}"


def test_an_api_that_stands_still_is_told_within_the_time(house: House) -> None:
    pids = [house.pid("api"), *children(house.pid("api"))]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        said = wrong(house, "processes", "API", "load balancers")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert said["API"]["reason"] == "explained by what is wrong with: processes"
    assert client.until(lambda: well(house), 10)


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_process_that_ends_again_and_again_is_told_with_the_end_of_its_log(house: House) -> None:
    keys = state(house) / "master.keys"
    kept = keys.read_text()
    keys.write_text(f"{kept}a second key that is none\n")
    try:
        os.kill(house.pid("health"), signal.SIGKILL)
        wait_for(3)
        said = found(house, "processes")
    finally:
        keys.write_text(kept)
    assert "health" in said["reason"]
    assert "process.died" in "".join(said["details"])
    assert "ValueError" in "".join(said["details"])
    assert client.until(lambda: well(house), 20)


def test_settings_that_are_not_those_which_run_are_told(house: House) -> None:
    text = house.file.read_text()
    house.file.write_text(text.replace("[DEFAULT]", "[DEFAULT]\nlog_level = debug"))
    try:
        said = wrong(house, "code and settings")["code and settings"]
    finally:
        house.file.write_text(text)
    assert (said["remedy"], "setting [DEFAULT] log_level changed" in said["details"][0]) == ("hydria up", True)


def test_metrics_that_are_not_served_are_a_warning(house: House) -> None:
    house.deployment.down()
    with socket.create_server(("127.0.0.1", 19378)):
        house.up()
        code, checks = told(house)
    assert (code, checks["metrics"]["state"]) == (0, "warning")
    assert checks["metrics"]["reason"] == "not served: worker (127.0.0.1:19378)"
    house.deployment.restart(["worker"])
    assert client.until(lambda: found(house, "metrics")["state"] == "ok", 5)


# --- keys, certificates, disk


def test_a_certificate_that_ended_is_wrong_and_one_that_ends_soon_a_warning(house: House) -> None:
    file = state(house) / "certificates/amphorae.pem"
    kept = file.read_bytes()
    now = time.time()
    try:
        file.write_bytes(signing.dump([signing.new_root("old", now - 20 * DAY_S, 10 * DAY_S)]))
        ended = wrong(house, "certificates")["certificates"]
        file.write_bytes(signing.dump([signing.new_root("soon", now, 3.5 * DAY_S)]))
        soon = told(house)
    finally:
        file.write_bytes(kept)
    assert "amphorae.pem ended on " in ended["reason"]
    assert (soon[0], soon[1]["certificates"]["state"]) == (0, "warning")
    assert "amphorae.pem ends in 3 d" in soon[1]["certificates"]["reason"]


def test_a_key_that_others_may_read_is_wrong(house: House) -> None:
    file = state(house) / "master.keys"
    file.chmod(0o644)
    try:
        said = wrong(house, "secrets")["secrets"]
    finally:
        file.chmod(0o600)
    assert f"others may read {file}" in said["reason"]
    assert "chmod" in said["remedy"]


def test_a_disk_is_warned_of_before_it_is_full(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500m", "tmpfs", str(mount)], check=True)
    try:
        made = House(mount, port=19972, block="10.57", more=MORE)
        little = found(made, "disk")
        (mount / "filling").write_bytes(b"x" * (400 << 20))
        full = found(made, "disk")
    finally:
        subprocess.run(["umount", str(mount)], check=True)
    assert (little["state"], "little room is left" in little["reason"]) == ("warning", True)
    assert (full["state"], "the disk is full" in full["reason"]) == ("wrong", True)


# --- machines


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """With machines of its own."""
    folder = tmp_path_factory.mktemp("real")
    before = traces(folder)
    made = House(folder, port=19973, block="10.56")
    made.up()
    yield made
    made.down()
    assert traces(folder) == before


def test_members_that_are_down_are_named_and_their_load_balancer_comes_first(real: House) -> None:
    lb, pool = real.serving(real.backends(), "web")
    monitor = {"pool_id": pool["id"], "type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1, "max_retries_down": 1}
    real.make("healthmonitors", "healthmonitor", **monitor)
    dead = real.member(pool["id"], "10.56.12.77", 81)
    try:
        assert client.until(lambda: found(real, "load balancers")["state"] == "wrong", 30)
        said = wrong(real, "load balancers")["load balancers"]
        assert said["reason"] == "1 of 1 need attention: 1 DEGRADED"
        assert any(
            line.startswith(f"member {dead['id']} 10.56.12.77:81 of pool {pool['id']} of load balancer web, project ")
            for line in said["details"]
        ), said
        assert "DEGRADED" in real.command("status").stdout
        real.api.call("DELETE", f"/v2/lbaas/pools/{pool['id']}/members/{dead['id']}")
        assert client.until(lambda: well(real), 30)
    finally:
        assert real.empty()
    assert lb


def test_an_amphora_that_died_or_is_silent_is_named(real: House) -> None:
    lb = real.create("shown")
    assert real.settled(lb["id"])
    worker = real.pid("worker")
    os.kill(worker, signal.SIGSTOP)  # else it is mended before anybody looks
    try:
        for pid in agents(real):
            os.kill(pid, signal.SIGSTOP)
        assert client.until(lambda: "nothing was heard of it" in str(found(real, "amphorae")["details"]), 30)
        silent = found(real, "amphorae")
        first = next((state(real) / "machines").glob("*/pid"))
        os.kill(int(first.read_text().split()[0]), signal.SIGKILL)
        assert client.until(lambda: "its machine is" in str(found(real, "amphorae")["details"]), 10)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert silent["reason"] == "1 of 1 are not well"
    assert f"of load balancer {lb['id']}: nothing was heard of it for " in silent["details"][0]
    assert client.until(lambda: well(real), 60)
    assert real.empty()


def agents(house: House) -> list[int]:
    firsts = (state(house) / "machines").glob("*/pid")
    ours = {space(int(first.read_text().split()[0])) for first in firsts}
    return [pid for pid, words in processes() if "hydria.agent" in words and space(pid) in ours]


# --- logs


def test_logs_hold_only_json_and_no_secret(house: House) -> None:
    make(house, "logged")
    assert house.empty()
    wait_for(0.5)
    files = [path for path in (state(house) / "log").rglob("*") if path.name == "current" or path.name.startswith("@")]
    lines = [line for path in files for line in path.read_text().splitlines()]
    assert len(lines) > 10
    read = [json.loads(line) for line in lines]
    assert [line for line in read if not {"time", "level", "event", "process"} <= set(line)] == []
    secrets = [(state(house) / "master.keys").read_text().split(":")[1].strip()]
    secrets += [path.read_text().strip() for path in (state(house) / "passwords").iterdir()]
    assert [secret for secret in secrets if any(secret in line for line in lines)] == []


def test_who_wrote_what_from_where_is_one_grep(house: House) -> None:
    lb = make(house, "deleted")
    house.delete(lb["id"])
    wait_for(0.5)
    lines = [json.loads(line) for line in (state(house) / "log/api/current").read_text().splitlines()]
    (line,) = [x for x in lines if x.get("method") == "DELETE" and lb["id"] in x["path"]]
    assert (line["event"], line["project"], line["address"]) == ("api.write", lb["project_id"], "127.0.0.1")
    logins = [x for x in lines if x["event"] == "api.login"]
    assert {x["name"] for x in logins} >= {"demo"}


def test_reads_are_logged_at_debug_level_and_a_changed_size_of_logs_needs_no_restart(house: House) -> None:
    text = house.file.read_text()
    house.file.write_text(text.replace("[DEFAULT]", "[DEFAULT]\nmax_logfile_size_mb = 1\nmax_logfile_count = 2"))
    log = state(house) / "log/api"
    try:
        before = house.pid("api")
        assert house.command("up").returncode == 0
        assert (house.pid("api"), "s1000000\nn2\n" in (log / "config").read_text()) == (before, True)
        house.file.write_text(house.file.read_text().replace("[DEFAULT]", "[DEFAULT]\nlog_level = debug"))
        assert house.command("up").returncode == 0
        api = house.deployment.client()
        threads = [
            threading.Thread(target=lambda: [api.call("GET", f"{LB}?limit=1") for _ in range(800)]) for _ in "12345"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(1)
        files = [*log.glob("@*"), log / "current"]
        assert 1 < len(files) <= 3
        assert all(path.stat().st_size <= 1_000_000 for path in files)
        lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
        assert {"api.read"} <= {line["event"] for line in lines}
    finally:
        house.file.write_text(text)
        assert house.command("up").returncode == 0
