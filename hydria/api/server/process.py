"""A worker of the API: serves the socket it was given until its master says, or shows, that it is time to end."""

import gc
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass

from hydria.api.server.front import Front

SWITCH_S = 0.0002
"""How long a thread that computes keeps others from running: a request changes threads, and waits, a few times."""
SPARED = 256
"""Descriptors for everything but clients."""


@dataclass(frozen=True)
class Descriptors:
    """What the master gives a worker; see its page."""

    listener: int
    ready: int
    life: int


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
