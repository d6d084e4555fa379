"""Other programs: run to their end within a deadline, or started to outlive the agent."""

import asyncio
import contextlib
import os
from dataclasses import dataclass

DEADLINE_S = 10.0
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    out: bytes
    err: str


async def run(argv: list[str], given: bytes = b"", env: dict[str, str] | None = None) -> Ended:
    """Run a program to its end; one that takes longer than the deadline is killed and has code 124."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=pipe, stdout=pipe, stderr=pipe, env={**ENVIRONMENT, **(env or {})}
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            out, err = await process.communicate(given)
    except TimeoutError:
        return Ended(124, b"", f"{argv[0]} did not end within {DEADLINE_S:.0f} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, out, err.decode(errors="replace"))


def start_apart(argv: list[str]) -> int:
    """Start a program in a session of its own, so that the agent's end is not its end; its process id."""
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0)
    silent = [null, (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    return os.posix_spawn(argv[0], argv, dict(ENVIRONMENT), file_actions=silent, setsid=True)


def reap(pid: int) -> bool:
    """Take note of a child's end without waiting; whether it has ended (or is no child of ours)."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def inside(namespace: str) -> list[int]:
    """Processes in a network namespace, by its file."""
    try:
        wanted = os.stat(namespace)
    except FileNotFoundError:
        return []
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal() and name != str(os.getpid()):
            with contextlib.suppress(OSError):
                seen = os.stat(f"/proc/{name}/ns/net")
                if (seen.st_dev, seen.st_ino) == (wanted.st_dev, wanted.st_ino):
                    found.append(int(name))
    return found
