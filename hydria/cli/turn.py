"""One command at a time: who brings a deployment up, takes it down or restarts it holds a lock, and says who it is."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from hydria.cli.trouble import Trouble

WAIT_S = 120.0
"""A command that restarts four processes which are slow to end may take so long."""
LOOK_S = 0.1


@contextlib.contextmanager
def taken(path: Path, command: str, tell: Callable[[str], None], wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock; `tell` hears of whom is waited for. Raises Trouble when that takes too long. Leaves no file behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_s
    told = False
    while (file := _tried(path)) is None:
        holder = _holder(path)
        if not told:
            tell(f"waiting for {holder}")
            told = True
        if time.monotonic() > until:
            raise Trouble(f"{holder} has been at work here for {wait_s:.0f} s", "wait for its end, or end it")
        time.sleep(LOOK_S)
    with file:
        with contextlib.suppress(OSError):  # who it is cannot be said where the disk is full
            file.truncate(0)
            file.write(f"hydria {command} (pid {os.getpid()})")
            file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _tried(path: Path) -> IO[str] | None:
    """The locked file; None while another has it. A file that its last holder has removed meanwhile is no lock."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    file.close()
    return None


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text() or "another command"
    return "another command"
