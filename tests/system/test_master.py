"""The master of the API's processes with workers that do nothing: signals at any moment, and what it cannot do. Real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hydria.api.server import master
from hydria.api.server.master import Plan, State
from hydria.cli import client
from tests.servers import process

SOON_S = 10
WORKER = """#!{python} -IS
import json, os, select, sys, time
told = os.environ["HYDRIA_API"]
if told == "plan":
    print(open("plan").read())
    sys.exit()
time.sleep(0.3)
given = json.loads(told)
os.write(given["ready"], b"1")
select.select([given["life"]], [], [])
"""


class Masters:
    """A master in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.script, self.told = folder, folder / "worker", folder / "run" / "ready"
        self.told.parent.mkdir()
        self.script.write_text(WORKER.format(python=sys.executable))
        self.script.chmod(0o755)
        program = [sys.executable, "-I", "-S", master.__file__]
        plan = Plan("127.0.0.1", process.free_port(), 2, str(self.told), program, [str(self.script)])
        (folder / "plan").write_text(json.dumps(asdict(plan)))
        line = [*program, json.dumps(asdict(State(plan))), "--", *plan.command]
        self.process = subprocess.Popen(line, cwd=folder, stderr=subprocess.DEVNULL)
        assert client.until(self.told.exists, SOON_S, 0.01)

    def ready(self) -> dict[str, Any]:
        return dict(json.loads(self.told.read_text()))

    def send(self, *signals: signal.Signals) -> float:
        """Send signals; when that was."""
        began = time.monotonic()
        for number in signals:
            self.process.send_signal(number)
        return began

    def ended(self, since: float) -> bool:
        """Whether the hand-over that was asked for then has ended."""
        return client.until(lambda: self.told.exists() and self.ready()["began"] >= since, SOON_S, 0.01)

    def children(self) -> list[int]:
        top = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{top}/task/{top}/children").read_text().split()]

    def is_new(self, before: list[int]) -> bool:
        """Whether two workers are there, and none of those that were."""
        return client.until(lambda: len(now := self.children()) == 2 and not {*now} & {*before}, SOON_S, 0.01)


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Masters]:
    made = Masters(tmp_path)
    yield made
    made.send(signal.SIGTERM)
    assert made.process.wait(SOON_S) == 0


def test_a_hand_over_that_is_asked_for_while_another_is_under_way_comes_after_it(one: Masters) -> None:
    one.send(signal.SIGHUP)
    assert client.until(lambda: len(one.children()) == 4, SOON_S, 0.01)
    last = one.send(signal.SIGHUP, signal.SIGHUP)
    assert one.ended(last)
    assert one.ready()["outcome"] == ""


@pytest.mark.parametrize("pause_ms", range(0, 700, 100))
def test_whoever_ends_it_during_a_hand_over_ends_it(tmp_path: Path, pause_ms: int) -> None:
    made = Masters(tmp_path)
    before = made.children()
    made.send(signal.SIGHUP)
    time.sleep(pause_ms / 1000)
    during = made.children()
    made.send(signal.SIGHUP, signal.SIGTERM)
    assert made.process.wait(SOON_S) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in (*before, *during))


def test_where_it_cannot_say_that_it_handed_over_it_does_so_all_the_same(one: Masters) -> None:
    before = one.children()
    away = one.told.parent.rename(one.folder / "away")
    one.send(signal.SIGHUP)
    assert one.is_new(before)
    assert one.process.poll() is None
    away.rename(one.told.parent)


def test_what_cannot_be_started_is_told_and_tried_again_while_the_rest_goes_on(one: Masters) -> None:
    first, second = one.children()
    one.script.chmod(0o644)
    assert one.ended(one.send(signal.SIGHUP))
    assert "Permission denied" in one.ready()["outcome"]
    os.kill(first, signal.SIGKILL)
    time.sleep(0.5)
    assert one.children() == [second]
    one.script.chmod(0o755)
    assert client.until(lambda: len(one.children()) == 2, SOON_S, 0.01)


def test_a_worker_that_ends_at_once_is_not_started_at_once_again(one: Masters) -> None:
    one.script.write_text(f"#!{sys.executable} -IS\nopen('starts', 'a').write('x')\n")
    for pid in one.children():
        os.kill(pid, signal.SIGKILL)
    time.sleep(3)
    assert 2 <= len((one.folder / "starts").read_text()) < 20
