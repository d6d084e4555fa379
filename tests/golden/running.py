"""A haproxy that runs a file, and its admin socket."""

import csv
import io
import os
import platform
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RELEASES = {"bookworm": "2.6.", "trixie": "3.0."}
"""The Debian releases whose haproxy must take all that is written here, and its version there."""

AGENT = (
    "global\n    stats socket {folder}/admin.sock level admin\n    log {folder}/log local0 notice\n    maxconn 100\n"
)
"""What the agent puts before the file, as far as the file needs it."""

DONE = ("", "New server registered.", "Server deleted.")
"""What haproxy answers to a command that worked."""

ENABLED, MAINTENANCE = 4, 1  # bits of srv_check_state and srv_admin_state


def program(release: str) -> str:
    """The haproxy of a Debian release: this machine's, or one that the set-up has unpacked."""
    if platform.freedesktop_os_release().get("VERSION_CODENAME") == release:
        return "haproxy"
    return str(Path(__file__).parents[2] / "build" / "haproxy" / release / "haproxy")


def written(program: str, text: str, folder: Path) -> list[str]:
    """The command line of a haproxy with this file behind the agent's part."""
    folder.mkdir(exist_ok=True)
    (folder / "agent.cfg").write_text(AGENT.format(folder=folder))
    (folder / "haproxy.cfg").write_text(text)
    return [program, "-f", str(folder / "agent.cfg"), "-f", str(folder / "haproxy.cfg")]


@contextmanager
def running(program: str, text: str, folder: Path) -> Iterator["Haproxy"]:
    """A haproxy that serves when this returns: as a daemon it lets go only then."""
    subprocess.run(
        [*written(program, text, folder), "-D", "-p", str(folder / "pid")], check=True, timeout=20, capture_output=True
    )
    try:
        yield Haproxy(folder / "admin.sock")
    finally:
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


class Haproxy:
    """What can be asked of one that runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def tell(self, command: str) -> str:
        """Give a command; what haproxy answers."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(5)
            wire.connect(str(self.path))
            wire.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: wire.recv(65536), b"")).decode().strip()

    def servers(self) -> set[tuple[str, ...]]:
        """Every server with all that must not depend on how it came."""
        lines = self.tell("show servers state").splitlines()[1:]
        kinds = {(row["# pxname"], row["svname"]): row["bck"] for row in self._stat()}
        return {_facts(row, kinds) for row in _rows(lines)}

    def limits(self) -> dict[str, str]:
        """The connection limit of every frontend."""
        return {row["# pxname"]: row["slim"] for row in self._stat() if row["svname"] == "FRONTEND"}

    def _stat(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.tell("show stat"))))


def _rows(lines: list[str]) -> list[dict[str, str]]:
    names = lines[0].removeprefix("# ").split()
    return [dict(zip(names, line.split(), strict=True)) for line in lines[1:]]


def _facts(row: dict[str, str], kinds: dict[tuple[str, str], str]) -> tuple[str, ...]:
    backend, name = row["be_name"], row["srv_name"]
    is_down = bool(int(row["srv_admin_state"]) & MAINTENANCE)
    checked = int(row["srv_check_state"])
    return (
        backend,
        name,
        row["srv_id"],
        f"{row['srv_addr']}:{row['srv_port']}",
        f"{row['srv_check_addr']}:{row['srv_check_port']}",
        f"weight {row['srv_uweight']}",
        f"down {is_down}",
        f"backup {kinds[backend, name]}" if not is_down else "",
        f"checked {checked & ENABLED}" if not is_down else "",
    )
