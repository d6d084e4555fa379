"""What must be true before anything is started: one function per thing, each with its remedy."""

import errno
import os
import re
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path

from hydria.cli.trouble import Trouble

HAPROXY = (2, 6)
ROOM_MB = 200
OLDEST = 1_760_000_000  # nobody runs this before it was written: such a clock is wrong


def root() -> None:
    """Namespaces need root."""
    if os.geteuid() != 0:
        raise Trouble("this must be run as root: it makes network namespaces", "become root and run it again")


def haproxy(path: str = "/usr/sbin/haproxy") -> str:
    """haproxy is there and new enough; its version."""
    if not Path(path).exists():
        raise Trouble(f"{path} does not exist", "apt-get install haproxy")
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)(\.\d+)?", said)
    if not found or (int(found[1]), int(found[2])) < HAPROXY:
        shown = found[0] if found else said[:60]
        raise Trouble(f"{path} is {shown}; at least 2.6 is needed", "install haproxy 2.6 or newer (Debian 12 has it)")
    return found[0].removeprefix("version ")


def tools() -> None:
    """The programs that are used are installed."""
    for program, package in (("runsvdir", "runit"), ("nft", "nftables"), ("ip", "iproute2"), ("openssl", "openssl")):
        if shutil.which(program) is None:
            raise Trouble(f"the program {program} is missing", f"apt-get install {package}")


def folder(path: Path) -> None:
    """A folder can be written and has room."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / ".probe"
        probe.write_bytes(b"x" * 65536)
        probe.unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Trouble(f"{path}: the disk is full", "make room, or set another state_path") from error
        what = "is read-only" if error.errno == errno.EROFS else f"cannot be written ({error.strerror})"
        raise Trouble(f"{path}: {what}", "mount it for writing, or set another state_path") from error
    free = shutil.disk_usage(path).free // 2**20
    if free < ROOM_MB:
        raise Trouble(f"{path}: only {free} MB are free; {ROOM_MB} are needed", "make room, or set another state_path")


def port(host: str, number: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
    """Nobody listens there yet."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                remedy = "stop what listens there (ss -lpn), or set another bind_port"
                raise Trouble(f"port {number} of {host} is in use", remedy) from error
            raise Trouble(f"cannot listen on {host}:{number}: {error.strerror}", "set another bind address") from error


def clock() -> None:
    """The clock is not absurd: certificates depend on it."""
    if time.time() < OLDEST:
        raise Trouble(
            f"the clock says {time.strftime('%Y-%m-%d %H:%M')}", "set it: certificates made now would be worthless"
        )


def descriptors() -> int:
    """How many files a process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
