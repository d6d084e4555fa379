"""Run a command in a network of its own and fail when it leaves processes, namespaces, links or mounts behind.

    leave_nothing.py SECONDS COMMAND...

After so many seconds the command is ended. The process makes itself the parent of whatever its command orphans, so a
daemon cannot slip away by forking twice.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | 0x40000
PR_SET_CHILD_SUBREAPER = 36
NETNS = Path("/run/netns")
GRACE = 3.0


def system_call(name: str, *arguments: int | bytes | None) -> None:
    """Call the C library; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_own_network() -> None:
    """A fresh network with nothing but its loopback, and a private list of named namespaces."""
    system_call("unshare", CLONE_NEWNET | CLONE_NEWNS)
    system_call("mount", b"none", b"/", None, MS_REC_PRIVATE, None)
    NETNS.mkdir(parents=True, exist_ok=True)
    system_call("mount", b"tmpfs", bytes(NETNS), b"tmpfs", 0, b"mode=0755")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def links() -> set[str]:
    """Network interfaces of this namespace."""
    return {line.split()[0].split(":")[0] for line in Path("/proc/net/dev").read_text().splitlines()[2:]}


def namespaces() -> set[str]:
    """Named network namespaces. The folder may be gone: a Hydria that leaves takes it along when it is empty."""
    return {entry.name for entry in NETNS.iterdir()} if NETNS.exists() else set()


def mounts() -> set[str]:
    """Mount points."""
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def descendants(ancestor: int) -> dict[int, str]:
    """Living processes below one, with their command lines."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parents.update(parent_of(int(entry.name)))
    below = {ancestor}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in below} - below
        below |= more
        grown = bool(more)
    return {pid: command_of(pid) for pid in below - {ancestor}}


def parent_of(pid: int) -> dict[int, int]:
    """The parent of a process; nothing when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return {}
    return {} if fields[0] == "Z" else {pid: int(fields[1])}


def command_of(pid: int) -> str:
    """Its command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


def reap_until(done: Callable[[dict[int, int]], bool], deadline: float) -> dict[int, int]:
    """Collect the exit codes of children until that is enough or time is up."""
    codes: dict[int, int] = {}
    while not done(codes) and time.monotonic() < deadline:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            codes[pid] = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.1)
    return codes


def run(command: list[str], limit: float) -> int:
    """Run it to its end or the limit in seconds; its exit code."""
    child = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The terminal tells the child as well; its end is waited for.
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    codes = reap_until(lambda seen: child.pid in seen, time.monotonic() + limit)
    if child.pid not in codes:
        print(f"leave_nothing: no end after {limit:.0f} s", file=sys.stderr)
        child.send_signal(signal.SIGABRT)  # pytest answers this with the stack of every thread.
        codes = reap_until(lambda seen: child.pid in seen, time.monotonic() + GRACE)
    return codes.get(child.pid, -signal.SIGABRT)


def leftovers() -> dict[int, str]:
    """Processes that do not end by themselves within the grace; they are ended."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        reap_until(lambda _: False, time.monotonic() + 0.1)
        if not descendants(os.getpid()):
            return {}
    left = descendants(os.getpid())
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    reap_until(lambda codes: set(left) <= set(codes), time.monotonic() + GRACE)
    return left


def report(kind: str, names: Iterable[str]) -> bool:
    """Name what was left; whether there was anything."""
    found = sorted(names)
    for name in found:
        print(f"left behind: {kind} {name}", file=sys.stderr)
    return bool(found)


def main(limit: float, command: list[str]) -> int:
    """Exit code: the command's, or 1 when it succeeded and left something."""
    enter_own_network()
    system_call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = links(), namespaces(), mounts()
    code = run(command, limit)
    left = leftovers()
    found = [
        report("process", (f"{pid} {text}" for pid, text in left.items())),
        report("link", links() - before[0]),
        report("namespace", namespaces() - before[1]),
        report("mount", mounts() - before[2]),
    ]
    return code if code > 0 else 128 - code if code < 0 else int(any(found))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
