"""What a run leaves behind is seen, named and ended, however it tried to get away."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "leave_nothing.py"


def leave(command: str, limit: int = 20) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, str(SCRIPT), str(limit), "sh", "-c", command]
    return subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    "command,left",
    [
        ("setsid sleep 1000 >/dev/null 2>&1 &", "process"),
        ("unshare --pid --fork setsid sleep 1000 >/dev/null 2>&1 &", "process"),
        ("ip netns add left", "namespace left"),
        ("ip link add left type dummy || ip link add left type bridge", "link left"),
        ("mount -t tmpfs left /mnt", "mount /mnt"),
    ],
)
def test_what_is_left_behind_is_named(command, left):
    done = leave(command)
    assert (done.returncode, f"left behind: {left}" in done.stderr) == (1, True)


def test_a_run_that_cleans_up_is_content():
    done = leave("ip netns add gone; ip netns exec gone true; ip netns del gone; setsid sleep 0.3 &")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_exit_code_of_the_command_is_kept():
    assert leave("exit 7").returncode == 7


def test_a_run_that_hangs_is_ended():
    done = leave("sleep 1000", limit=1)
    assert done.returncode != 0
    assert "no end after 1 s" in done.stderr


def test_the_machine_has_no_trace_of_it():
    leave("ip netns add trace; ip link add trace type bridge")
    seen = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert "trace" not in seen
    assert "trace" not in Path("/proc/net/dev").read_text()
