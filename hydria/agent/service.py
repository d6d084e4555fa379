"""One supervisor (runsv) per placement: it respawns haproxy at once and outlives the agent."""

import asyncio
import contextlib
import os
import signal

from hydria.agent import disk, processes
from hydria.agent.places import Places

RUNSV = "/usr/bin/runsv"
MOST_WORDS = 256 * 1024

_RUN = """#!/bin/sh
# A respawn starts from what was last proved and loaded, whatever was being tried.
ln -sfn good {run}/current
read -r HYDRIA_START < /proc/sys/kernel/random/uuid
export HYDRIA_START
exec /usr/bin/nsenter --net={namespace} /usr/bin/unshare --mount --pid --fork --kill-child \\
    {haproxy} -W -S {master},mode,600 -f {current}/agent.cfg -f {current}/haproxy.cfg </dev/null >/dev/null 2>>{words}
"""


def script(places: Places, haproxy: str) -> str:
    """What the supervisor runs."""
    return _RUN.format(
        run=places.run,
        namespace=places.namespace,
        haproxy=haproxy,
        master=places.master,
        current=places.current,
        words=places.words,
    )


def start(places: Places, haproxy: str) -> int:
    """Start the supervisor; its process id."""
    disk.folder(places.service)
    disk.write(f"{places.service}/run", script(places, haproxy).encode(), 0o700, lasting=False)
    disk.forget(places.admin)
    disk.write(places.words, b"", lasting=False)
    supervisor = processes.start_apart([RUNSV, places.service])
    disk.write(_pid_file(places), str(supervisor).encode(), lasting=False)
    return supervisor


def is_alive(places: Places) -> bool:
    """Whether a supervisor listens."""
    try:
        os.close(os.open(f"{places.service}/supervise/ok", os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


async def stop(places: Places) -> None:
    """End the supervisor and all that runs in the placement's namespace; returns when they are gone.

    The supervisor is killed, not asked: asked, it waits a second after a service that ended soon after its start.
    """
    supervisor = int(disk.read(_pid_file(places)) or b"0")
    if supervisor and is_alive(places) and _is_ours(supervisor, places):
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGKILL)
    await clear(places)
    for _ in range(500):
        if not is_alive(places):
            break
        await asyncio.sleep(0.004)


def _pid_file(places: Places) -> str:
    return f"{places.service}/supervisor.pid"


def _is_ours(pid: int, places: Places) -> bool:
    """Process ids are used again: only one that supervises this placement may be killed."""
    return places.service.encode() in (disk.read(f"/proc/{pid}/cmdline") or b"")


async def clear(places: Places) -> None:
    """Kill what runs in the placement's namespace: also what a dead supervisor left."""
    for _ in range(500):
        found = processes.inside(places.namespace)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.004)


def trim(places: Places) -> None:
    """Keep haproxy's words from filling the memory."""
    with contextlib.suppress(OSError):
        if os.path.getsize(places.words) > MOST_WORDS:
            os.truncate(places.words, 0)
