"""What the master leaves to its successor, and what it loads."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest

from hydria.api.server import master
from hydria.api.server.master import Plan, Planner, State, Worker

PLAN = Plan("127.0.0.1", 9876, 2, "/run/x/api.ready", ["python", "master.py"], ["python", "-m", "hydria.main", "api"])


def test_a_successor_knows_all_that_the_master_knew() -> None:
    state = State(PLAN, 5, [Worker(1, 2, None, 3.0)], [Worker(4, 6, 7, 8.0)], 9.0)
    assert State.read(json.dumps(asdict(state))) == state
    assert State.read(json.dumps(asdict(State(PLAN)))) == State(PLAN)


def test_who_reads_the_settings_for_ever_is_ended() -> None:
    planner = Planner(["sleep", "1000"])
    assert not planner.is_late()
    planner.began -= master.START_S
    assert planner.is_late()
    assert "did not end within 60 s" in planner.give_up()
    with pytest.raises(ProcessLookupError):
        os.kill(planner.pid, 0)


def test_the_master_loads_nothing_that_is_installed() -> None:
    show = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*{m.split('.')[0] for m in sys.modules})"
    line = [sys.executable, "-I", "-S", "-c", show, str(master.__file__)]
    loaded = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name not in sys.stdlib_module_names} == {"__main__"}
