"""Nudges on one machine: a datagram to the socket of every worker in a folder."""

import socket
from pathlib import Path

from hydria.kit import ids


class LocalNudge:
    """Sends to every `*.sock` in a folder; the sockets of workers that are gone are removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def nudge(self, load_balancer_id: str) -> None:
        raw = ids.raw(load_balancer_id)
        for path in self._folder.glob("*.sock"):
            try:
                self._socket.sendto(raw, str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)  # its worker was killed; another has a name of its own
            except OSError:
                continue  # full, or just gone: the worker finds the work by looking

    def close(self) -> None:
        """Say nothing more."""
        self._socket.close()


class LocalInbox:
    """Where a worker hears nudges."""

    def __init__(self, folder: Path, worker: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{worker}.sock"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))

    def wait(self, seconds: float) -> str | None:
        """The id of a load balancer that wants work, or None when nothing came in time."""
        self._socket.settimeout(seconds)
        try:
            raw = self._socket.recv(64)
        except TimeoutError:
            return None
        return ids.text(raw) if len(raw) == 16 else None

    def close(self) -> None:
        """Stop listening."""
        self._path.unlink(missing_ok=True)
        self._socket.close()


class NoNudge:
    """Says nothing: workers find the work by looking."""

    def nudge(self, load_balancer_id: str) -> None:
        """Nothing."""
