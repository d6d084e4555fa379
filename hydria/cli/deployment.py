"""The deployment of one machine: how it is brought up and taken down."""

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from hydria.cli import checks, client, folder
from hydria.cli.client import Client
from hydria.cli.parts import Parts
from hydria.cli.supervision import Kept, Supervision
from hydria.cli.trouble import Trouble

START_S = 20.0
ENDURED = 4
"""Pids of one process (0: none at the moment) after which it is not waited for any longer."""
RUN_MB = 16
"""What sockets and supervision need, of memory."""


class Deployment:
    """One deployment on this machine."""

    def __init__(self, settings: Any, parts: Parts) -> None:
        self.settings = settings
        self.parts = parts
        self.supervision = Supervision(settings.run, settings.state / "log", _kept(settings))

    @property
    def clouds(self) -> Path:
        """The file that tells clients how to reach us."""
        return Path(self.settings.state) / "clouds.yaml"

    @property
    def url(self) -> str:
        """Where the API is."""
        base = self.settings.option("api_settings", "api_base_uri")
        host, port = self._listening()
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        return str(base or f"http://{f'[{host}]' if ':' in host else host}:{port}")

    @property
    def known(self) -> bool:
        """Whether it was ever brought up."""
        return bool((self.settings.state / "deployment").exists())

    def client(self, user: str = "demo") -> Client:
        """A client for a user of ours; raises Trouble."""
        with folder.told(self.settings.state):
            password = (self.settings.state / "passwords" / user).read_text().strip()
        return Client(self.url, user, password, "" if self.settings.is_open() else user)

    # --- up

    def up(self) -> None:
        """Bring everything up; does nothing to what is up. Raises Trouble, and then what it made is unmade."""
        self._check()
        with contextlib.ExitStack() as undo, folder.told(self.settings.state):
            for path in (self.settings.state, self.settings.run):
                if not path.exists():
                    undo.callback(shutil.rmtree, path, ignore_errors=True)
            folder.prepare(self.settings.state, self.url, self.parts)
            self.settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.parts.migrate()
            self._wire(undo)
            if not self.supervision.running():
                undo.callback(self.supervision.stop)
            self.supervision.start({name: self.command(name) for name in self.parts.processes})
            self._await()
            undo.pop_all()

    def is_up(self) -> bool:
        """Whether every process runs."""
        standing = self.supervision.standing()
        return bool(standing) and all(s.pid for s in standing)

    def _check(self) -> None:
        """Everything that can be looked at before anything is made."""
        checks.clock()
        checks.tools()
        if self.settings.is_local():
            checks.root()
            checks.haproxy(self.settings.option("haproxy_amphora", "haproxy_cmd"))
        checks.folder(self.settings.state, "state_path")
        checks.folder(self.settings.run, "run_path", RUN_MB)
        running = self.supervision.running()
        if "api" not in running:
            checks.port(*self._listening(), "[api_settings] bind_port")
        if "health" not in running:
            checks.port(*self._datagrams())

    def _listening(self) -> tuple[str, int]:
        host, port = (self.settings.option("api_settings", f"bind_{n}") for n in ("host", "port"))
        return str(host), int(port)

    def _datagrams(self) -> tuple[str, int, str, socket.SocketKind]:
        number = self.settings.option("health_manager", "bind_port")
        return self.parts.health_address(), number, "[health_manager] bind_port", socket.SOCK_DGRAM

    def _wire(self, undo: contextlib.ExitStack) -> None:
        if not self.settings.is_local():
            return
        fabric, networks = self.parts.fabric(), self.parts.networks()
        if not fabric.is_up(networks):
            undo.callback(fabric.down, networks)
        fabric.up(networks)

    def command(self, name: str) -> list[str]:
        """How a process is started; without a settings file it goes by the defaults, as we do."""
        path = Path(self.settings.path).absolute()
        chosen = ["--config", str(path)] if path.exists() else []
        root = f"PYTHONPATH={Path(__file__).parents[2]}"
        return ["env", root, self.parts.python, "-m", "hydria.main", *chosen, name]

    def _await(self) -> None:
        """Until every process does its work; raises Trouble with the end of the log of the one that does not."""
        seen: dict[str, set[int]] = {name: set() for name in self.parts.processes}
        began = time.monotonic()

        def ended() -> bool:
            for one in self.supervision.standing():
                seen[one.name].add(one.pid)
            return max(map(len, seen.values())) > ENDURED

        client.until(lambda: self._missing() is None or ended(), START_S, 0.03)
        if (missing := self._missing()) is None:
            return
        name = max(seen, key=lambda n: len(seen[n])) if ended() else missing
        log = "\n".join(self.supervision.end_of_log(name))
        reason = f"{name} did not come up within {seconds(began)}"
        raise Trouble(reason, "mend what the end of its log, above, tells of", log)

    def _missing(self) -> str | None:
        """A process that does not do its work yet."""
        down = [s.name for s in self.supervision.standing() if not s.pid]
        works = {"api": Client(self.url, "", "", "").answers, "worker": self._hears, "health": self._receives}
        return next((n for n in (*down, *works) if n in down or not works[n]()), None)

    def _hears(self) -> bool:
        remote = self.settings.option("DEFAULT", "transport_url")  # then there is no socket to look for
        return bool(remote) or any((self.settings.run / "nudge").glob("*.sock"))

    def _receives(self) -> bool:
        try:
            checks.port(*self._datagrams())
        except Trouble:
            return True
        return False

    # --- down

    def down(self, *, everything: bool = False, purge: bool = False) -> list[str]:
        """Stop the controllers; with `everything` also amphorae and networks, with `purge` also the state. What was done."""
        checks.root()
        with folder.told(self.settings.state):
            done = [f"stopped {name}" for name in self.supervision.stop()]
            if (everything or purge) and self.known and self.settings.is_local():
                done += self._unwire()
            if everything or purge:
                shutil.rmtree(self.settings.run, ignore_errors=True)
            if purge and self.settings.state.exists():
                shutil.rmtree(self.settings.state)
                done.append(f"removed {self.settings.state}")
        return done

    def _unwire(self) -> list[str]:
        compute, fabric, networks = self.parts.compute(), self.parts.fabric(), self.parts.networks()
        machines, wired = len(compute.list()), fabric.is_up(networks)
        compute.clear()
        fabric.down(networks)
        return [f"removed {machines} amphorae and the networks"] if machines or wired else []


def _kept(settings: Any) -> Kept:
    """How much of the logs is kept."""
    return Kept(*(settings.option("DEFAULT", f"max_logfile_{name}") for name in ("size_mb", "count", "days")))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def seconds(since: float) -> str:
    """How long it is since a monotonic moment, for people."""
    return f"{time.monotonic() - since:.1f} s"
