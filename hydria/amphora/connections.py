"""Connections to amphorae: HTTP/1.1 over mutual TLS, every wait with a deadline, kept alive in a bounded pool."""

import collections
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import h11

from hydria.amphora import Contact, trust
from hydria.kit import clock
from hydria.wire import identities

_CHUNK = 65536
_MOST_BYTES = 4 * 1024 * 1024
"""A longer answer is no answer: an amphora may be in somebody else's hands."""


@dataclass(frozen=True)
class Settings:
    """How amphorae are spoken to."""

    port: int = identities.AGENT_PORT
    connect_s: float = 1.0
    """For the TCP connection, and again for the TLS handshake."""
    answer_s: float = 10.0
    """From the first byte of a request to the last of its answer."""
    idle_s: float = 20.0
    """A kept connection that was not used for so long is closed."""
    kept: int = 512
    """Connections kept at most, over all amphorae."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


class Broken(Exception):
    """The connection ended before an answer; `is_dead`: without a byte of one, as the other end gave it up."""

    def __init__(self, text: str, *, is_dead: bool) -> None:
        super().__init__(text)
        self.is_dead = is_dead


class Connection:
    """One connection, used by one thread at a time."""

    def __init__(self, sock: ssl.SSLSocket, time: clock.Clock) -> None:
        self.sock = sock
        self.used_at = time.monotonic()
        self._time = time
        self._is_answering = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_CHUNK)

    def ask(self, request: h11.Request, body: bytes, seconds: float) -> Answer:
        """Send a request and wait for its answer. Raises Broken."""
        deadline = self._time.monotonic() + seconds
        self._is_answering = False
        try:
            self._send(request, body, deadline)
            return self._answer(deadline)
        except TimeoutError as error:
            message = f"no answer within {seconds:g} s"
            raise Broken(message, is_dead=False) from error
        except (OSError, h11.RemoteProtocolError) as error:
            raise Broken(str(error) or type(error).__name__, is_dead=not self._is_answering) from error

    def is_usable(self) -> bool:
        """Ready for the next request: nothing half said, and the other end has neither closed nor spoken unasked."""
        if self._http.our_state is not h11.IDLE:
            return False
        poll = select.poll()  # not select.select, which cannot look at descriptors above 1023
        poll.register(self.sock, select.POLLIN)
        return not self.sock.pending() and not poll.poll(0)

    def is_free(self) -> bool:
        """Whether another request may follow."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        self.used_at = self._time.monotonic()
        return self._http.our_state is h11.IDLE

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    def _send(self, request: h11.Request, body: bytes, deadline: float) -> None:
        events: list[h11.Event] = [request, h11.EndOfMessage()]
        if body:
            events.insert(1, h11.Data(data=body))
        data = b"".join(self._http.send(event) or b"" for event in events)
        self._patience(deadline)
        # Who refuses a request half way answers and closes: the answer is still there to be read.
        with contextlib.suppress(BrokenPipeError, ssl.SSLEOFError):
            self.sock.sendall(data)

    def _answer(self, deadline: float) -> Answer:
        status, parts, size = 0, [], 0
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._patience(deadline)
                data = self.sock.recv(_CHUNK)
                self._is_answering |= bool(data)
                self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                parts.append(bytes(event.data))
                size += len(event.data)
                if size > _MOST_BYTES:
                    message = f"its answer is longer than {_MOST_BYTES} bytes"
                    raise Broken(message, is_dead=False)
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, b"".join(parts))

    def _patience(self, deadline: float) -> None:
        left = deadline - self._time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


class Connections:
    """Kept connections, by amphora. Safe to use from many threads."""

    def __init__(self, believed: trust.Trust, time: clock.Clock, settings: Settings) -> None:
        self._trust = believed
        self._time = time
        self._settings = settings
        self._turn = threading.Lock()
        self._kept: collections.OrderedDict[Connection, Contact] = collections.OrderedDict()  # longest unused first
        self._of: dict[Contact, list[Connection]] = {}

    def open(self, contact: Contact) -> Connection:
        """A new connection to an amphora that has shown who it is. Raises OSError, trust.Stranger."""
        s = self._settings
        plain = socket.create_connection((contact.address, s.port), timeout=s.connect_s)
        with _closed_on_failure(plain):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = self._trust.context().wrap_socket(plain)
        with _closed_on_failure(secured):
            self._trust.check(secured, contact)
        return Connection(secured, self._time)

    def kept(self, contact: Contact) -> Connection | None:
        """A connection from before that still looks well, taken out of the pool; None when there is none."""
        while True:
            with self._turn:
                found = self._of.get(contact, [])
                if not found:
                    return None
                connection = found[-1]
                self._take_out(connection)
            is_young = self._time.monotonic() - connection.used_at < self._settings.idle_s
            if is_young and connection.is_usable():
                return connection
            connection.close()

    def keep(self, contact: Contact, connection: Connection) -> None:
        """Give a connection back for the next request; it is closed if it cannot serve one."""
        if not connection.is_free():
            connection.close()
            return
        with self._turn:
            self._kept[connection] = contact
            self._of.setdefault(contact, []).append(connection)
            surplus = self._surplus()
        for old in surplus:
            old.close()

    def forget(self, contact: Contact) -> None:
        """Close what is kept of an amphora."""
        with self._turn:
            found = list(self._of.get(contact, []))
            for connection in found:
                self._take_out(connection)
        for connection in found:
            connection.close()

    def close(self) -> None:
        """Close everything that is kept."""
        for contact in list(self._of):
            self.forget(contact)

    def _surplus(self) -> list[Connection]:
        """Take out what is too old or too much."""
        now, surplus = self._time.monotonic(), []
        while self._kept:
            oldest = next(iter(self._kept))
            if len(self._kept) <= self._settings.kept and now - oldest.used_at < self._settings.idle_s:
                break
            self._take_out(oldest)
            surplus.append(oldest)
        return surplus

    def _take_out(self, connection: Connection) -> None:
        contact = self._kept.pop(connection)
        self._of[contact].remove(connection)
        if not self._of[contact]:
            del self._of[contact]


@contextlib.contextmanager
def _closed_on_failure(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise
