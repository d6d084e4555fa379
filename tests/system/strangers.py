"""Clients without manners, by the thousand; and what an honest one gets meanwhile."""

import contextlib
import itertools
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Self

from tests.system.house import LB

TOKEN = b"X-Auth-Token: %s\r\n"
MANY = 1000


@dataclass(frozen=True)
class Kind:
    """What a stranger sends, and how it goes on."""

    says: bytes
    drips: bytes = b""
    """Sent a byte at a time, for as long as it lasts."""
    reads: bool = True


def head(method: bytes, path: bytes, fields: bytes = b"") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"


def length(size: int) -> bytes:
    return b"Content-Length: %d\r\n" % size


V2, LOGIN = LB.encode(), b"/identity/v3/auth/tokens"
FORGED = TOKEN % b"forged"
KINDS = {
    "silent": Kind(b""),
    "half a head": Kind(b"GET / HTTP/1.1\r\nHost: a\r\n"),
    "half a login": Kind(head(b"POST", LOGIN, length(500)) + b"{"),
    "half a body, no token": Kind(head(b"POST", V2, length(500)) + b"{"),
    "half a body, a token": Kind(head(b"POST", V2, FORGED + length(100_000)) + b"{" * 60_000),
    "no answer is read": Kind(head(b"GET", b"/openapi") * 30, reads=False),
    "a dripping head": Kind(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x"),
    "a dripping body": Kind(head(b"POST", V2, FORGED + length(500)), b"x"),
    "idle after a request": Kind(head(b"GET", b"/")),
    "an endless length": Kind(head(b"POST", V2, FORGED + b"Content-Length: 99999999999999999999\r\n")),
    "tiny chunks": Kind(head(b"POST", V2, FORGED + b"Transfer-Encoding: chunked\r\n") + b"1\r\nx\r\n" * 2000),
    "TLS": Kind(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200))),
}


class Strangers:
    """So many of a kind, from one address or from many, while a block runs."""

    def __init__(self, port: int, kind: Kind, count: int = MANY, addresses: int = 1) -> None:
        self._port, self._kind, self._count, self._addresses = port, kind, count, addresses
        self._socks: list[socket.socket] = []
        self._stop = threading.Event()
        self._dripping = threading.Thread(target=self._drip)

    def __enter__(self) -> Self:
        for number in range(self._count):
            sock = socket.socket()
            if not self._kind.reads:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(5)
            sock.bind((f"127.0.{1 + number % self._addresses // 250}.{1 + number % self._addresses % 250}", 0))
            with contextlib.suppress(OSError):  # who was let go already
                sock.connect(("127.0.0.1", self._port))
                sock.settimeout(0)
                sock.send(self._kind.says)
            self._socks.append(sock)
        self._dripping.start()
        return self

    def _drip(self) -> None:
        while self._kind.drips and not self._stop.wait(0.25):
            for sock in self._socks:
                with contextlib.suppress(OSError):
                    sock.send(self._kind.drips)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._dripping.join()
        for sock in self._socks:
            sock.close()


@dataclass
class Honest:
    """A client that asks, on new connections and on one it keeps; how long answers took, and what failed."""

    port: int
    token: str
    path: str
    took_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def ask(self, connection: HTTPConnection, method: str = "GET", body: bytes | None = None) -> None:
        """One request."""
        began = time.monotonic()
        try:
            connection.request(method, self.path, body, {"X-Auth-Token": self.token})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 400:
                self.failed.append(f"{method} {answer.status}")
        except OSError as error:
            self.failed.append(f"{method} {error!r}")
        self.took_ms.append((time.monotonic() - began) * 1000)

    def fresh(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=20)

    def work(self, times: int) -> Self:
        """Reads and a few writes."""
        kept = self.fresh()
        for number in range(times):
            with contextlib.closing(self.fresh()) as new:
                self.ask(new)
            self.ask(kept)
            if number % 5 == 0:
                self.ask(kept, "PUT", b'{"loadbalancer": {"name": "n%d"}}' % number)
        kept.close()
        return self

    def told(self, what: str) -> str:
        """How it went, in a line."""
        found = sorted(self.took_ms)
        p99 = found[int(len(found) * 0.99)]
        return (
            f"{what}: n {len(found)}, median {statistics.median(found):.1f} ms, p99 {p99:.1f} ms, failed {self.failed}"
        )


@dataclass
class Loop:
    """Clients that ask without a pause while a block runs, some on new connections and some on kept ones."""

    honest: Callable[[], Honest]
    clients: int = 6
    pause_s: float = 0.01
    all: list[Honest] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self.all = [self.honest() for _ in range(self.clients)]
        self._threads = [
            threading.Thread(target=self._run, args=pair) for pair in zip(self.all, itertools.cycle((1, 0)))
        ]
        for one in self._threads:
            one.start()
        return self

    def _run(self, honest: Honest, keeps: int) -> None:
        connection = honest.fresh()
        while not self._stop.wait(self.pause_s):
            honest.ask(connection)
            if not keeps:
                connection.close()
        connection.close()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    @property
    def asked(self) -> int:
        return sum(len(one.took_ms) for one in self.all)

    @property
    def failed(self) -> list[str]:
        return [f for one in self.all for f in one.failed]
