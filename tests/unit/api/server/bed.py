"""A front driven by hand: its clock, its turns and the ends of its clients' connections are the test's."""

import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hydria.api.server.exchange import Bounds, Service
from hydria.api.server.front import Front
from hydria.api.server.lanes import Job
from hydria.kit.clock import HandClock

HEAD = b"Host: a\r\nX-Auth-Token: t\r\n"
GET = b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n"
MOST = 100_000


def post(length: int, path: bytes = b"/") -> bytes:
    """The head of a request with a body."""
    return b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (path, HEAD, length)


@dataclass
class Queue:
    """A lane whose threads work when the test says so, or at once."""

    waits: bool = False
    most: int = 1000
    jobs: list[Job] = field(default_factory=list)

    def lane(self, method: str, path: str, *, has_token: bool) -> "Queue":
        return self

    def put(self, job: Job) -> None:
        if len(self.jobs) >= self.most:
            job.refuse()
        elif self.waits:
            self.jobs.append(job)
        else:
            job.do()

    def work(self) -> None:
        """Do all that waits."""
        while self.jobs:
            self.jobs.pop(0).do()


@dataclass
class Answer:
    """An answer as a client sees it."""

    code: int
    fields: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """The client's end of a connection."""

    def __init__(self, bed: "Bed", address: str, says: bytes = b"") -> None:
        self.bed = bed
        self.sock, other = socket.socketpair()
        if says:
            self.sock.send(says)
        self.sock.settimeout(0)
        self.port = 1000 + bed.count
        bed.count += 1
        bed.clients.append(self)
        bed.front.welcome(other, (address, self.port))

    def say(self, raw: bytes) -> "Client":
        """Send, and let the front notice."""
        self.sock.send(raw)
        self.bed.turn()
        return self

    def hear(self, most: int = 1 << 20) -> bytes | None:
        """What came; None: nothing yet, b"": the connection is closed."""
        try:
            return self.sock.recv(most)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return b""

    def answers(self) -> list[Answer]:
        """The answers that came."""
        raw, found = self.hear() or b"", []
        while raw:
            head, _, raw = raw.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            fields = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
            size = int(fields.get("content-length", 0))
            found.append(Answer(int(first.split()[1]), fields, raw[:size]))
            raw = raw[size:]
        return found

    def is_closed(self) -> bool:
        return self.hear() == b""


class Bed:
    """A front, with an application that answers with what it was told unless another is given."""

    def __init__(self, application: Callable[..., Iterable[bytes]] | None = None, **bounds: Any) -> None:
        self.clock, self.queue, self.count = HandClock(), Queue(), 0
        self.clients: list[Client] = []
        self.asked: list[dict[str, Any]] = []
        self.metered: list[tuple[str, str, int]] = []
        self.answer = b""
        service = Service(
            application=application or self._application,
            lanes=self.queue,  # type: ignore[arg-type]
            allowance=self._allowance,
            meter=lambda method, route, code, _: self.metered.append((method, route, code)),
        )
        self.front = Front(service, Bounds(**bounds), self.clock)

    def _application(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        self.asked.append(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return [self.answer or environ["PATH_INFO"].encode("latin-1") + environ["wsgi.input"].read()]

    def client(self, address: str = "192.0.2.1") -> Client:
        return Client(self, address)

    def arrive(self, says: bytes, address: str = "192.0.2.1") -> Client:
        """Somebody who has said this before it is noticed."""
        return Client(self, address, says)

    def _allowance(self, path: str, has_token: bool) -> int:
        if path == "/fault":
            raise ZeroDivisionError
        return MOST if has_token or path == "/login" else 0

    def close(self) -> None:
        """Leave nothing open."""
        self.front.close()
        for one in self.clients:
            one.sock.close()

    def turn(self) -> None:
        """Let the front do all there is to do now."""
        for _ in range(8):
            self.front.turn(0)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, a second at a time."""
        for _ in range(int(seconds)):
            self.clock.turn(1)
            self.turn()
