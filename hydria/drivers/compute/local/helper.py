"""Starts one local machine and leaves; run as a script, knows nothing of the rest and imports next to nothing.

    helper.py NETNS MACHINE-FOLDER DISK-FOLDER HOST-NAME AGENT-SCRIPT

It enters the network namespace, makes the others, and becomes two processes: the machine's first process, and one that
writes the pid down before that may go on. Whoever destroys a machine marks it `doomed` first and reads the pid then;
here the pid is written first and the mark read then. So one of the two always sees the other.
"""

# pathlib takes longer to import than all of this takes to run.

import contextlib
import ctypes
import os
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUTS, NEWIPC, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
BIND, REC, SLAVE, NOSUID, NODEV, NOEXEC, DETACH = 0x1000, 0x4000, 0x80000, 2, 4, 8, 2
RUN = "/run/hydria"
SERVICES = "/run/supervised"  # apart from the agent's own folder: it supervises what is in that itself
DISK = "/var/lib/hydria"
CONFIG = "/etc/hydria"
LOG = "/run/agent.log"  # opened for both ways, the fifo neither blocks nor breaks while one side starts anew
LOG_LIMITS = "s262144\nn3\n"
LONG_AGO = 1  # runsvdir waits a second before it reads a folder that was changed within the present one
SUPERVISOR = ("runsvdir", "-P", SERVICES, "log: " + "." * 400)


def main(netns: str, machine: str, disk: str, name: str, agent: str) -> int:
    """Start a machine; 0 when its supervisor runs."""
    folder = os.open(machine, os.O_RDONLY | os.O_DIRECTORY)
    check(LIBC.setns(os.open(netns, os.O_RDONLY), NEWNET), netns)
    check(LIBC.unshare(NEWNS | NEWUTS | NEWIPC | NEWPID), "namespaces")
    go, say_go = os.pipe()
    hear_end, end = os.pipe()  # closed by a successful exec
    child = os.fork()
    if child == 0:
        os.close(say_go)
        if os.read(go, 1):
            become(folder, disk, name, agent, end)
        os._exit(1)
    os.close(end)
    write(folder, "pid", f"{child} {started(child)}\n")
    if exists(folder, "doomed"):
        os.kill(child, signal.SIGKILL)
        return 1
    os.write(say_go, b"g")
    fault = os.read(hear_end, 4096)
    sys.stderr.buffer.write(fault)
    return 1 if fault else 0


def become(folder: int, disk: str, name: str, agent: str, end: int) -> None:
    """Turn into the machine's supervisor."""
    try:
        check(LIBC.sethostname(name.encode(), len(name)), "host name")
        furnish(disk)
        serve("log", f"exec svlogd -tt {DISK}/log 0<>{LOG}")
        serve("agent", f"exec 1<>{LOG} 2>&1\n{agent}")
        os.utime(SERVICES, (LONG_AGO, LONG_AGO))
        write(folder, "up", "")
        os.execvp(SUPERVISOR[0], SUPERVISOR)
    except OSError as error:
        os.write(end, f"{error}\n".encode())


def furnish(disk: str) -> None:
    """The machine's own view of files: its disk, its settings, its memory-backed /run, its processes, its cards."""
    mount("none", "/", None, REC | SLAVE)
    mount(f"{disk}/etc", CONFIG, None, BIND)
    mount(f"{disk}/var", DISK, None, BIND)
    mount("tmpfs", "/run", "tmpfs", NOSUID | NODEV, "mode=755,size=64m")
    mount("proc", "/proc", "proc", NOSUID | NODEV | NOEXEC)
    LIBC.umount2(b"/sys", DETACH)
    mount("sysfs", "/sys", "sysfs", NOSUID | NODEV | NOEXEC)
    os.mkdir(RUN, mode=0o700)
    os.mkdir(SERVICES, mode=0o700)
    os.mkfifo(LOG, 0o600)
    os.makedirs(f"{DISK}/log", mode=0o700, exist_ok=True)
    put(f"{DISK}/log/config", LOG_LIMITS, 0o600)


def serve(name: str, script: str) -> None:
    """A supervised service."""
    os.mkdir(f"{SERVICES}/{name}", mode=0o700)
    put(f"{SERVICES}/{name}/run", f"#!/bin/sh\n{script}\n", 0o700)


def started(pid: int) -> str:
    """When a process started, in ticks: with the pid, its name for ever."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[19]


def write(folder: int, name: str, text: str) -> None:
    """Write a file whole or not at all."""
    with open(os.open(f".{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=folder), "w") as file:
        file.write(text)
    os.rename(f".{name}", name, src_dir_fd=folder, dst_dir_fd=folder)


def put(path: str, text: str, mode: int) -> None:
    """Write a file with that mode."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)


def exists(folder: int, name: str) -> bool:
    """Whether a file is in a folder."""
    with contextlib.suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder)
        return True
    return False


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount something."""
    filesystem = kind.encode() if kind else None
    result = LIBC.mount(source.encode(), target.encode(), filesystem, ctypes.c_ulong(flags), data.encode())
    check(result, f"mount {target}")


def check(result: int, what: str) -> None:
    """Raise what the C library left in errno."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
