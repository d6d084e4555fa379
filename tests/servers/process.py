"""A server as a process of ours: started in a folder of its own on a free port, and gone for sure at the end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 60.0
END_S = 20.0
MEMORY = Path("/dev/shm")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def folder(user: str, *, in_memory: bool = False) -> Iterator[Path]:
    """A folder that belongs to a user; the folders of pytest are closed to all but root."""
    place = MEMORY if in_memory and MEMORY.is_dir() else None
    path = Path(tempfile.mkdtemp(prefix=f"hydria-{user}-", dir=place))
    try:
        shutil.chown(path, user)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def command(*words: str, user: str) -> None:
    """Run a command of a server's making; raises with what it said."""
    done = subprocess.run(_as(user, words), capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


def _as(user: str, words: tuple[str, ...], *, dies: str = "") -> list[str]:
    """As another user; `dies`: the signal it gets when we end without a word."""
    who = pwd.getpwnam(user)
    death = ["--pdeathsig", dies] if dies else []
    ids = ["--reuid", str(who.pw_uid), "--regid", str(who.pw_gid), "--clear-groups"]
    return ["setpriv", *ids, *death, "--", *words]


@dataclass
class Process:
    """One server. `end` is the signal that ends it at once."""

    words: tuple[str, ...]
    user: str
    log: Path
    ready: Callable[[], bool]
    end: signal.Signals = signal.SIGKILL
    environment: Mapping[str, str] | None = None
    running: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            line = _as(self.user, self.words, dies=self.end.name.removeprefix("SIG"))
            environment = {"PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", **(self.environment or {})}
            self.running = subprocess.Popen(line, stdout=log, stderr=log, cwd="/", env=environment)
        deadline = time.monotonic() + START_S
        while not self.ready():
            waiting = self.running.poll() is None and time.monotonic() < deadline
            assert waiting, self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of what runs."""
        assert self.running
        return self.running.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, while it runs."""
        if self.running:
            self.running.send_signal(number)

    def stop(self, number: signal.Signals | None = None) -> None:
        """End it, if it runs."""
        if self.running is None:
            return
        if self.running.poll() is None:
            self.running.send_signal(number or self.end)
        try:
            self.running.wait(END_S)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait(END_S)
        self.running = None
