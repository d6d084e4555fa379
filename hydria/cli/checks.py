"""What must be true before anything is started: one function per thing, each with its remedy."""

import errno
import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from hydria.cli.trouble import Trouble

Kind = socket.SocketKind
HAPROXY = (2, 6)
ROOM_MB = 200
SOCKET = 107  # letters in the name of a UNIX socket
FREEBIND = 15  # IP_FREEBIND, which the module socket does not name
TOOLS = {"runsvdir": "runit", "nft": "nftables", "ip": "iproute2", "openssl": "openssl"}
"""Programs, and the packages of Debian that bring them."""
OLDEST = 1_760_000_000  # nobody runs this before it was written: such a clock is wrong


def root() -> None:
    """Namespaces need root."""
    if os.geteuid() != 0:
        raise Trouble("this must be run as root: it makes network namespaces", "become root and run it again")


def haproxy(path: str = "/usr/sbin/haproxy") -> str:
    """haproxy is there and new enough; its version."""
    remedy = "install haproxy 2.6 or newer (apt-get install haproxy), or set [haproxy_amphora] haproxy_cmd"
    if not Path(path).exists():
        raise Trouble(f"haproxy is missing: {path} does not exist", remedy)
    try:
        said = subprocess.run([path, "-v"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(f"{path} cannot be run: {getattr(error, 'strerror', None) or error}", remedy) from error
    found = re.search(r"version (\d+)\.(\d+)(\.\d+)?", said)
    if not found or (int(found[1]), int(found[2])) < HAPROXY:
        shown = found[0] if found else "not haproxy"
        raise Trouble(f"{path} is {shown}, and at least version 2.6 is needed", remedy)
    return found[0].removeprefix("version ")


def tools() -> str:
    """The programs that are used are installed; their names."""
    for program, package in TOOLS.items():
        if shutil.which(program) is None:
            raise Trouble(f"the program {program} is missing", f"apt-get install {package}")
    return ", ".join(TOOLS)


def folder(path: Path, option: str = "state_path", room_mb: int = ROOM_MB) -> None:
    """A folder, or the one it will be made in, can be written and has room. Leaves no trace."""
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"x" * 65536)
            probe.flush()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Trouble(f"{path}: the disk is full", f"make room, or set another {option}") from error
        what = "is read-only" if error.errno == errno.EROFS else f"cannot be written ({error.strerror})"
        raise Trouble(f"{path}: {what}", f"mount it for writing, or set another {option}") from error
    free = shutil.disk_usage(there).free // 2**20
    if free < room_mb:
        what = f"the disk is full: {free} MB are free, and {room_mb} are needed"
        raise Trouble(f"{path}: {what}", f"make room, or set another {option}")


def port(host: str, number: int, option: str, kind: Kind = Kind.SOCK_STREAM, *, there: bool = False) -> None:
    """Nobody listens there yet; the address itself need not be there either, unless it must be `there`."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.IPPROTO_IP, FREEBIND, int(not there))
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
            name = "UDP port" if kind is socket.SOCK_DGRAM else "port"
            remedy = f"stop what listens there (ss -lpn), or set another {option}"
            raise Trouble(f"{name} {number} of {host} {what}", remedy) from error


def sockets(run: Path) -> None:
    """The name of a worker's socket below run_path is not longer than the kernel allows."""
    length = len(f"{run.absolute()}/nudge/{socket.gethostname()[:32]}-{2**22}-12345678.sock")
    if length > SOCKET:
        raise Trouble(
            f"run_path: {run} is {length - SOCKET} letters too long for sockets in it", "set a shorter run_path"
        )


def clock() -> None:
    """The clock is not absurd: certificates depend on it."""
    if time.time() < OLDEST:
        raise Trouble(
            f"the clock says {time.strftime('%Y-%m-%d %H:%M')}", "set it: certificates made now would be worthless"
        )


def descriptors() -> int:
    """How many files a process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
