"""The beginning of the API's processes: how the master is begun, and what a worker is until it is time to end."""

import gc
import json
import os
import resource
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hydria.api.server import lanes, master
from hydria.api.server.exchange import Bounds, Meter, Service
from hydria.api.server.front import Front
from hydria.api.server.lanes import Lanes, Slots
from hydria.api.server.reader import Allowance
from hydria.api.server.wsgi import Application
from hydria.kit.clock import Clock

OPTIONS = ("bind_host", "bind_port", "workers", "threads", "max_connections", "max_connections_per_peer")
"""Options that are looked at here, all of `[api_settings]`."""
SWITCH_S = 0.0002
"""How long a thread that computes keeps others from running: a request changes threads, and waits, a few times."""
SPARED = 256
"""Descriptors for everything but clients."""


def begin(of: Mapping[str, Any], run: Path, *, is_asked: bool) -> None:
    """Become the master, another program in this process, as it loads nothing but the standard library; does not return.

    `is_asked`: only tell a master that runs what it would be now.
    """
    command = [sys.executable, "-m", "hydria.main", *sys.argv[1:]]
    program = [sys.executable, "-I", "-S", master.__file__]
    plan = master.Plan(of["bind_host"], of["bind_port"], of["workers"], str(run / "api.ready"), program, command)
    if is_asked:
        sys.stdout.write(json.dumps(asdict(plan)) + "\n")
        return
    shutil.rmtree(run / "metrics", ignore_errors=True)
    run.mkdir(parents=True, exist_ok=True)
    os.execv(sys.executable, [*program, json.dumps(asdict(master.State(plan))), "--", *command])


@dataclass(frozen=True)
class Serving:
    """How a worker serves."""

    of: Mapping[str, Any]
    allowance: Allowance
    needs_token: bool

    @cached_property
    def writing(self) -> Slots:
        """The threads that answer writes."""
        return Slots(lanes.shared(self.of["threads"]))

    def front(self, application: Application, meter: Meter, clock: Clock) -> Front:
        """What serves an application."""
        service = Service(
            application=application,
            lanes=Lanes(self.of["threads"], self.writing, needs_token=self.needs_token),
            allowance=self.allowance,
            meter=meter,
            is_one_of_many=self.of["workers"] > 1,
        )
        most = most_connections(self.of["max_connections"])
        bounds = Bounds(connections=most, connections_each=self.of["max_connections_per_peer"])
        return Front(service, bounds, clock)


@dataclass(frozen=True)
class Descriptors:
    """What the master gives a worker; see its page."""

    listener: int
    ready: int
    life: int

    @classmethod
    def read(cls, told: str) -> "Descriptors":
        """As the master writes them."""
        return cls(**json.loads(told))


def most_connections(wanted: int) -> int:
    """So many connections, or fewer where the limit of descriptors, which is raised as far as may be, is lower."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return wanted if most == resource.RLIM_INFINITY else max(1, min(wanted, most - SPARED))


def run(front: Front, given: Descriptors) -> None:
    """Say that it is ready, and serve. SIGTERM: others take over; SIGINT: nobody does."""
    listener = socket.socket(fileno=given.listener)
    for fd in (given.listener, given.life):
        os.set_inheritable(fd, False)
    signal.signal(signal.SIGTERM, lambda *_: front.drain())
    signal.signal(signal.SIGINT, lambda *_: front.drain(quick=True))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()  # what is loaded now stays, and need not be looked through again and again
    os.write(given.ready, b"1")
    os.close(given.ready)
    front.serve(listener, given.life)
