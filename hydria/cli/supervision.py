"""Supervision of the controllers: runit's runsvdir in a session of its own restarts whatever ends."""

import contextlib
import math
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydria.cli import logs as log_files

RUN = """#!/bin/sh
# A process whose supervisor was killed makes room for its successor. One that begins itself anew keeps its own number.
exec 2>&1
if [ -z "$HYDRIA_API" ]; then  # the API's master starts its workers by this too
    if read -r old < pid && [ "$old" != $$ ] && tr '\\0' '\\n' < "/proc/$old/environ" | grep -qxF {mark}; then
        kill -9 "$old"
    fi 2> /dev/null
    echo $$ > pid
fi
exec env {mark} {tuning} {command}
"""
MARK = "HYDRIA_SERVICES"
"""In the environment of what is supervised, and of nothing else."""
TUNING = "MALLOC_ARENA_MAX=2"  # with an arena a thread, what logins and requests once needed is never given back
KEEPERS = ("runsvdir", "runsv", "svlogd")
START = 'echo $$ > "$0"; exec runsvdir -P "$1"'
LOG = """#!/bin/sh
exec svlogd -l {line} -b {buffer} {folder}
"""
LINE = {"line": 8192, "buffer": 65536}
"""Lines up to this length are never torn when a log is begun anew; ours are half as long at most."""
DAY_S = 86400


@dataclass(frozen=True)
class Standing:
    """How a process is doing."""

    name: str
    pid: int  # 0: it does not run
    up_s: float
    pss_kb: int
    pids: tuple[int, ...] = ()  # with its children


@dataclass(frozen=True)
class Kept:
    """How much of the log of each process is kept: at most `(files + 1) * size_mb`, and about `days`."""

    size_mb: int = 10
    files: int = 10
    days: int = 30

    def config(self) -> str:
        """The same for svlogd. It knows no age of files, so the newest is ended so often that as many as are kept last so long."""
        spare = min(2, self.files - 1)  # on a full disk older logs go first
        age_s = max(self.days * DAY_S // (self.files + 1), 60)
        return f"s{self.size_mb * 1_000_000}\nn{self.files}\nN{spare}\nt{age_s}\n"


class Supervision:
    """`folder` holds a folder per process, memory-backed; `logs` is on a disk, and some of them are kept."""

    def __init__(self, folder: Path, logs: Path, kept: Kept = Kept()) -> None:
        self._services = folder / "services"
        self._logs = logs
        self._kept = kept
        self.pid_file = folder / "runsvdir.pid"
        self._mark = f"{MARK}={self._services}"

    def start(self, commands: dict[str, Sequence[str]]) -> None:
        """Supervise these; does nothing to those that run."""
        self.declare(commands)
        if pid := self._supervisor():
            self.pid_file.write_text(f"{pid}\n")
        else:
            subprocess.run(
                ["setsid", "--fork", "sh", "-c", START, str(self.pid_file), str(self._services)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LANG": "C.UTF-8"},
                cwd="/",
                check=True,
            )

    def declare(self, commands: dict[str, Sequence[str]]) -> bool:
        """How they are run from their next beginning on, and how their logs are kept from now on; whether that is new."""
        new = [self._declare(name, command) for name, command in commands.items()]
        return any(new)

    def begin(self, name: str) -> None:
        """Start a process that was told to stay down; does nothing to one that runs."""
        self._sv("up", name)

    def restart(self, name: str, wait_s: float) -> None:
        """End a process, gracefully or, when it takes longer, at once; its supervisor begins it anew."""
        self._sv("force-restart", name, wait_s)

    def hang_up(self, name: str) -> None:
        """Tell a process to begin itself anew."""
        self._sv("hup", name)

    def is_supervised(self, name: str) -> bool:
        """Whether it would be begun anew."""
        return bool(self._supervisor()) and _running(self._services / name)

    def _sv(self, what: str, name: str, wait_s: float = 1.0) -> None:
        command = ["sv", "-w", str(math.ceil(wait_s)), what, str(self._services / name)]
        subprocess.run(command, capture_output=True, check=False)  # what came of it is looked at by whoever waits

    def _declare(self, name: str, command: Sequence[str]) -> bool:
        log = self._logs / name
        log.mkdir(parents=True, exist_ok=True)
        words = " ".join(shlex.quote(word) for word in command)
        run = RUN.format(mark=shlex.quote(self._mark), tuning=TUNING, command=words)
        keeper = self._services / name / "log"
        logs = [
            _put(log / "config", self._kept.config()),
            _put(keeper / "run", LOG.format(folder=shlex.quote(str(log)), **LINE)),
        ]
        _put(self._services / name / "run", run)
        if any(logs) and _running(keeper):
            # What it has not read yet stays in the pipe for its successor.
            subprocess.run(["sv", "term", str(keeper)], capture_output=True, check=False)
        return any(logs)

    def stop(self, wait_s: float = 15.0) -> list[str]:
        """Stop all; works after a crash of the supervisor, and twice. What was running."""
        for pid in self._supervisors():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)  # it restarts nothing from here on
        names = self.names()
        supervised = [n for n in names if _running(self._services / n)]
        if supervised:
            folders = [str(self._services / n) for n in supervised]
            subprocess.run(["sv", "-w", str(int(wait_s)), "force-shutdown", *folders], capture_output=True, check=False)
        orphans = self.running()
        for pid in (*(p for pids in orphans.values() for p in pids), *self._keepers()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)
        return sorted({*supervised, *orphans})

    def _keepers(self) -> Iterator[int]:
        """What is left of supervisors and loggers: one that cannot write, as its disk is full, does not end when told."""
        folder = str(self._services.resolve())
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                is_keeper = (entry / "comm").read_text().strip() in KEEPERS
                if is_keeper and f"{(entry / 'cwd').readlink()}/".startswith(f"{folder}/"):
                    yield int(entry.name)

    def running(self) -> dict[str, list[int]]:
        """The processes that were started here, with or without a supervisor now."""
        found: dict[str, list[int]] = {}
        mark, names = self._mark.encode(), self.names()
        for entry in Path("/proc").iterdir() if names else ():
            with contextlib.suppress(OSError):  # it ended meanwhile, or it is a file and no process
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"hydria.main" in words and mark in (entry / "environ").read_bytes().split(b"\0"):
                    for name in (n for n in names if n.encode() in words):
                        found.setdefault(name, []).append(int(entry.name))
        return found

    def names(self) -> list[str]:
        """The processes that are supervised."""
        return sorted(p.name for p in self._services.iterdir()) if self._services.is_dir() else []

    def standing(self) -> list[Standing]:
        """How each is doing."""
        return [_standing(self._services / name) for name in self.names()]

    def end_of_log(self, name: str, lines: int = 12) -> list[str]:
        """The last lines a process wrote, for people."""
        return log_files.end(self._logs / name / "current", lines)

    def _supervisor(self) -> int:
        """The process of runsvdir; 0 when it does not run."""
        return next(self._supervisors(), 0)

    def _supervisors(self) -> Iterator[int]:
        """By their command line: the file of its number may be lost, or not written where the disk was full."""
        ours = ["runsvdir", "-P", str(self._services), ""]
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if (entry / "cmdline").read_bytes() == "\0".join(ours).encode():
                    yield int(entry.name)


def _put(path: Path, text: str) -> bool:
    """Write a script of runit, whole or not at all; whether it was another before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text() == text:
        return False
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.chmod(0o755)
    fresh.rename(path)
    return True


def _running(service: Path) -> bool:
    """Whether a runsv looks after this service."""
    return subprocess.run(["sv", "status", str(service)], capture_output=True, check=False).stdout[:4] not in (
        b"fail",
        b"warn",
        b"",
    )


def _standing(service: Path) -> Standing:
    try:
        pid = int((service / "supervise" / "pid").read_text() or 0)
    except (FileNotFoundError, ValueError):
        pid = 0
    ticks = _ticks(pid) if pid else 0
    if not ticks:
        return Standing(service.name, 0, 0.0, 0)
    up = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    pids = (pid, *_children(pid))
    return Standing(service.name, pid, up, sum(map(_pss, pids)), pids)


def _ticks(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when there is none."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0


def _children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
