"""One command at a time."""

import os
from pathlib import Path

import pytest

from hydria.cli import turn
from hydria.cli.trouble import Trouble


def test_a_second_command_is_told_who_is_at_work_and_gives_up_after_its_deadline(tmp_path: Path) -> None:
    heard: list[str] = []
    lock = tmp_path / "run.lock"
    why = rf"hydria up \(pid {os.getpid()}\) has been at work here for 0 s"
    second = turn.taken(lock, "down", heard.append, wait_s=0.01)
    with turn.taken(lock, "up", heard.append), pytest.raises(Trouble, match=why), second:
        raise AssertionError
    assert heard == [f"waiting for hydria up (pid {os.getpid()})"]


def test_the_lock_is_free_after_its_holder_failed_and_leaves_no_file(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    with pytest.raises(KeyboardInterrupt), turn.taken(lock, "up", print):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with turn.taken(lock, "up", print, wait_s=0):
        assert lock.exists()


def test_a_file_that_a_killed_holder_left_is_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    lock.write_text("hydria up (pid 1)")
    with turn.taken(lock, "up", print, wait_s=0):
        assert lock.read_text() == f"hydria up (pid {os.getpid()})"
