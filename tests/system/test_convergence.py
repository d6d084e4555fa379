"""`hydria up` makes what runs what is set and installed: settings and code changed, broken and mended, commands at once."""

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from bench.deployment import NOOP
from hydria.cli import client
from tests.servers import process
from tests.system.house import ROOT, House, wait_for


class Requests:
    """Requests to the API while a block runs, on one connection that is kept and on new ones; `lost` is what failed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(kept,)) for kept in (True, False)]
        self.answered = 0
        self.lost: list[str] = []

    def _run(self, kept: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._stop.wait(0.01):
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                self.answered += answer.status == 200
                if answer.status != 200:
                    self.lost.append(f"{kept}: {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(f"{kept}: {error!r}")
                connection.close()
            if not kept:
                connection.close()
        connection.close()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


class Installed:
    """A deployment without a cloud whose code is a copy of ours, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.port = process.free_port()
        more = f"{NOOP}[health_manager]\nbind_port = {process.free_port()}\n[metrics]\nenabled = false\n"
        self.house = House(folder, port=self.port, block="10.68", more=more)
        self.code = folder / "code"
        shutil.copytree(ROOT / "hydria", self.code / "hydria", ignore=shutil.ignore_patterns("__pycache__"))

    def line(self, *words: str) -> list[str]:
        run = [sys.executable, "-m", "hydria.main", "--config", str(self.house.file), *words]
        return ["env", f"PYTHONPATH={self.code}", *run]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.line(*words), capture_output=True, text=True, check=False, cwd="/")

    def done(self, *words: str) -> str:
        said = self.command(*words)
        assert (said.returncode, said.stderr) == (0, ""), said
        return said.stdout

    def write(self, group: str, line: str) -> None:
        """Put a line into a group of the settings."""
        text = self.house.file.read_text()
        self.house.file.write_text(text.replace(f"[{group}]\n", f"[{group}]\n{line}\n", 1))

    def edit(self, module: str, old: str, new: str) -> None:
        """Change the code."""
        path = self.code / "hydria" / module
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def pids(self) -> dict[str, int]:
        return {s.name: s.pid for s in self.house.deployment.supervision.standing()}

    def changed(self, before: dict[str, int]) -> set[str]:
        return {name for name, pid in self.pids().items() if pid != before[name]}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    made = Installed(tmp_path_factory.mktemp("installed"))
    yield made
    made.done("down", "--purge", "--yes")


@pytest.fixture
def up(installed: Installed) -> Installed:
    installed.done("up")
    return installed


def code(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    connection.close()
    return answer.status


def restarted(said: str) -> list[str]:
    """Who was begun anew, in order, each with why."""
    return re.findall(r"^(\w+ restarted in \d+\.\d s: .*)$", said, re.MULTILINE)


def test_where_nothing_changed_it_says_so_and_does_nothing(up: Installed) -> None:
    before = up.pids()
    assert re.match(r"up already, nothing to change; looked at in 0\.\d s: http", up.done("up"))
    assert up.pids() == before


def test_a_changed_setting_is_applied_to_those_it_concerns(up: Installed) -> None:
    before = up.pids()
    up.write("controller_worker", "threads = 5")
    (line,) = restarted(up.done("up"))
    assert line.startswith("worker restarted")
    assert line.endswith(": setting [controller_worker] threads changed")
    assert up.changed(before) == {"worker"}


def test_a_changed_setting_of_the_api_is_applied_and_loses_no_request(up: Installed) -> None:
    before = up.pids()
    with Requests(up.port) as requests:
        up.write("api_settings", "healthcheck_enabled = true")
        (line,) = restarted(up.done("up"))
    assert line.endswith(": setting [api_settings] healthcheck_enabled changed")
    assert requests.lost == []
    assert requests.answered > 50
    assert up.changed(before) <= {"api"}
    assert code(up.port, "/healthcheck") == 200


def test_a_changed_version_restarts_all_one_at_a_time_and_loses_no_request(up: Installed) -> None:
    up.edit("__init__.py", "__version__ = ", "__version__ = '9' + ")
    with Requests(up.port) as requests:
        lines = restarted(up.done("up"))
    assert [line.split()[0] for line in lines] == ["worker", "health", "housekeeping", "api"]
    assert all(re.search(r": version [\d.]+ -> 9[\d.]+$", line) for line in lines)
    assert requests.lost == []
    assert "nothing to change" in up.done("up")
    assert up.done("--version").startswith("hydria 9")


def test_restart_begins_anew_what_is_named_or_all(up: Installed) -> None:
    before = up.pids()
    assert [line.split()[0] for line in restarted(up.done("restart", "health"))] == ["health"]
    assert up.changed(before) == {"health"}
    with Requests(up.port) as requests:
        lines = restarted(up.done("restart"))
    assert [line.split()[0] for line in lines] == ["worker", "health", "housekeeping", "api"]
    assert requests.lost == []
    said = up.command("restart", "nobody")
    assert (said.returncode, said.stderr.splitlines()) == (
        1,
        ["hydria: there is no process nobody; remedy: name some of api, worker, health, housekeeping"],
    )


def test_code_that_does_not_come_up_is_told_and_the_others_go_on(up: Installed) -> None:
    before = up.pids()
    broken = 'raise RuntimeError("broken on purpose")\n'
    up.edit("worker/service.py", "class Service:", f"{broken}class Service:")
    with Requests(up.port) as requests:
        said = up.command("up")
    assert said.returncode == 1
    assert re.match(r"hydria: worker did not come up within \d+\.\d s; remedy: ", said.stderr.splitlines()[-1])
    assert "broken on purpose" in said.stderr
    assert requests.lost == []
    assert up.changed(before) <= {"worker"}
    up.edit("worker/service.py", broken, "")
    assert [line.split()[0] for line in restarted(up.done("up"))] in ([], ["worker"])
    assert "nothing to change" in up.done("up")


def test_what_was_stopped_or_killed_is_begun(up: Installed) -> None:
    folder = up.house.deployment.settings.run / "services/worker"
    subprocess.run(["sv", "-w", "15", "down", str(folder)], check=True, capture_output=True)
    before = up.pids()
    assert before["worker"] == 0
    assert up.done("up").startswith("up in ")
    assert up.changed(before) == {"worker"}


def test_two_at_once_take_turns(up: Installed) -> None:
    up.write("controller_worker", "drain_timeout = 7")
    both = [subprocess.Popen(up.line("up"), stdout=subprocess.PIPE, text=True, cwd="/") for _ in range(2)]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(len(restarted(text)) for text in said) == [0, 1]
    assert sum("waiting for hydria up (pid " in text for text in said) == 1


def test_up_during_down_waits_and_ends_up(up: Installed) -> None:
    down = subprocess.Popen(up.line("down"), stdout=subprocess.DEVNULL, cwd="/")
    lock = up.house.deployment.settings.run.with_name("run.lock")
    assert client.until(lock.exists, 10)
    assert "waiting for hydria down (pid " in up.done("up")
    assert down.wait(10) == 0
    assert up.house.deployment.is_up()


@pytest.mark.parametrize("moment", [0.6, 1.5, 3.0])
def test_one_that_was_killed_on_the_way_is_completed_by_the_next(up: Installed, moment: float) -> None:
    up.edit("__init__.py", "__version__ = ", f"__version__ = '{moment}' + ")
    with subprocess.Popen(up.line("up"), stdout=subprocess.DEVNULL, cwd="/") as first:
        wait_for(moment)
        first.send_signal(signal.SIGKILL)
    up.done("up")
    assert "nothing to change" in up.done("up")
    assert up.house.deployment.client().answers()


def test_settings_that_cannot_be_used_change_nothing(up: Installed) -> None:
    before, kept = up.pids(), up.house.file.read_text()
    up.write("api_settings", f"bind_prot = {up.port}")
    said = up.command("up")
    up.house.file.write_text(kept)
    assert said.returncode == 1
    assert said.stderr == (
        f"hydria: {up.house.file}: [api_settings] bind_prot: no such option; did you mean bind_port?; "
        "remedy: correct it, or leave it out\n"
    )
    assert up.pids() == before


def test_a_port_that_is_taken_is_refused_before_anything_is_stopped(up: Installed) -> None:
    before, kept = up.pids(), up.house.file.read_text()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        up.house.file.write_text(re.sub(rf"bind_port = {up.port}\b", f"bind_port = {taken}", kept))
        said = up.command("up")
    up.house.file.write_text(kept)
    assert said.returncode == 1
    assert f"hydria: port {taken} of 127.0.0.1 is in use; remedy: " in said.stderr
    assert up.pids() == before


def test_how_logs_are_kept_changes_without_a_restart(up: Installed) -> None:
    before = up.pids()
    up.write("DEFAULT", "max_logfile_count = 3")
    assert "logs are kept as the settings say now" in up.done("up")
    assert up.pids() == before
    assert "n3" in (up.house.deployment.settings.state / "log/api/config").read_text()
