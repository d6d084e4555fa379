"""What happens on a connection: requests are received and given to lanes, answers are sent, by whichever thread has them."""

import contextlib
import email.utils
import functools
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hydria.api.server import answers, wsgi
from hydria.api.server.answers import Ending
from hydria.api.server.connection import Connection, Deadlines, Phase
from hydria.api.server.crowd import Crowd
from hydria.api.server.framing import Refused
from hydria.api.server.lanes import Job, Lanes
from hydria.api.server.reader import Allowance, Request
from hydria.api.server.wsgi import Application, Place
from hydria.kit import ids, log
from hydria.kit.clock import Clock

LOG = log.get()
PIECE = 64 * 1024
FIRST = 4 * 1024
"""Bytes of a stranger that are looked at first: much can be sent that costs much, such as chunks of one byte."""
ONCE = select.EPOLLONESHOT
READABLE, WRITABLE = select.EPOLLIN | ONCE, select.EPOLLOUT | ONCE
NOW = socket.MSG_DONTWAIT  # asked of each call, it need not be said of each socket
READING = (Phase.IDLE, Phase.HEAD, Phase.BODY)
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, 0 seconds

Meter = Callable[[str, str, int, float], None]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What clients may have, in one process."""

    connections: int = 8192
    connections_each: int = 512
    """Of one address."""
    held: int = 64 * 1024 * 1024
    """Bytes of unfinished requests and of answers that were not taken."""
    queue_s: float = 30
    """So long a request may wait for a thread."""
    drain_s: float = 30
    """From being told to end, until the end."""
    drain_idle_s: float = 10
    """Meanwhile, on connections where nothing is asked; 0: they are closed at once."""
    quick_s: float = 10
    """The same as drain_s where nobody takes over."""
    deadlines: Deadlines = field(default_factory=Deadlines)


@dataclass(frozen=True, kw_only=True)
class Service:
    """What is served, by which threads, and who hears of what the server refuses by itself."""

    application: Application
    lanes: Lanes
    allowance: Allowance
    meter: Meter = lambda _method, _route, _code, _seconds: None
    is_one_of_many: bool = False


class Exchange:
    """All connections and what happens on them.

    A connection belongs to the loop, which alone calls `ready`; while it is BUSY it belongs to the thread that answers. It
    changes hands by being armed in `poll`, once, under `lock`.
    """

    def __init__(self, service: Service, bounds: Bounds, clock: Clock) -> None:
        self._service, self._bounds, self._clock = service, bounds, clock
        self.crowd = Crowd(bounds.connections, bounds.connections_each, bounds.held)
        self.connections: dict[int, Connection] = {}
        self.lock = threading.Lock()
        self.poll = select.epoll()
        self.place = ("", 0)
        """Address and port that is served."""
        self.is_ending = False
        """Set: every answer is the last one on its connection."""
        self._date = (0, "")

    def ready(self, one: Connection) -> None:
        if one.phase is Phase.WRITING:
            self._send(one)
        elif one.phase is Phase.LINGERING:
            self._discard(one)
        elif one.phase is Phase.IDLE and not one.reader.is_empty:
            self._advance(one)  # what came behind the last request, before more is read
        elif one.phase in READING:
            self.receive(one)

    def receive(self, one: Connection) -> None:
        try:
            data = one.sock.recv(PIECE if one.served or one.phase is not Phase.IDLE else FIRST, NOW)
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        if data:
            one.reader.receive(data)
        elif data is not None:
            self.close(one)
            return
        self._advance(one)

    def _advance(self, one: Connection) -> None:
        """Give the next request to a lane, or wait for more of it."""
        now = self._clock.monotonic()
        try:
            request = one.reader.next()
        except Refused as refused:
            self.refuse(one, refused.code, refused.why)
            return
        self._weigh(one, one.reader.held + (len(request.body) if request else 0))
        if one.phase not in READING:
            return
        if request:
            one.is_told = False
            self._give(one, request, now)
            return
        one.move(one.reading(), now)
        if one.reader.expects and not one.is_told:
            one.is_told = True
            with contextlib.suppress(OSError):
                one.sock.send(answers.CONTINUE, NOW)
        self.poll.modify(one.sock, READABLE)

    def _weigh(self, one: Connection, held: int) -> None:
        """Count what is held; who holds too much for too long goes."""
        with self.lock:
            self.crowd.weigh(one, held)
        while self.crowd.held > self._bounds.held:
            with self.lock:
                heavy = self.crowd.heaviest()
            if heavy is None:
                return
            if heavy.phase is Phase.WRITING:
                self.evict(heavy)
            else:
                self.refuse(heavy, 503, "The service holds too many unfinished requests; try again in a moment.")

    def _give(self, one: Connection, request: Request, now: float) -> None:
        one.move(Phase.BUSY, now)
        head = request.head
        lane = self._service.lanes.lane(head.method, head.target, has_token=head.has("x-auth-token"))
        lane.put(
            Job(one.peer, functools.partial(self._answer, one, request, now), functools.partial(self._crowded, one))
        )

    def _crowded(self, one: Connection) -> None:
        self.refuse(
            one, 503, "Too many requests of this kind wait already; nothing was changed, try again in a moment."
        )

    # --- answers; in a thread of a lane, but for what the server refuses

    def _answer(self, one: Connection, request: Request, began: float) -> None:
        if self._clock.monotonic() - began > self._bounds.queue_s:
            self.refuse(
                one, 503, "The request waited too long for its turn; nothing was changed, try again in a moment."
            )
            return
        head = request.head
        keeps = request.is_whole and not request.is_last and head.keeps and not self.is_ending
        ending = Ending(keeps=keeps, is_old=head.version == "1.0", is_head=head.method == "HEAD")
        place = Place(self.place, one.client, is_one_of_many=self._service.is_one_of_many)
        call = wsgi.Call()
        try:
            call.made(self._service.application, wsgi.environ(request, place))
            data = call.answer(self._now(), ending)
        except Exception as error:
            LOG.error("api.bug", method=head.method, exc_info=error)  # noqa: TRY400  (the same)
            self.refuse(one, 500, "Something is wrong in the service; its operator finds it in the log.")
            return
        self._finish(one, data, closes=not keeps, lingers=head.keeps or not request.is_whole)

    def refuse(self, one: Connection, code: int, why: str) -> None:
        """Answer what the application is not asked, and close."""
        now, request_id = self._clock.monotonic(), f"req-{ids.new()}"
        method = one.reader.head.method if one.reader.head else "none"
        self._service.meter(method, "", code, now - one.since)
        LOG.debug("api.refused", code=code, why=why, client=one.client[0], request_id=request_id)
        with self.lock:
            if one.phase is Phase.CLOSED:
                return
            one.move(Phase.BUSY, now)
        one.reader.forget()
        self._finish(one, answers.refusal(code, why, request_id, self._now()), closes=True, lingers=True)

    def _finish(self, one: Connection, data: bytes, *, closes: bool, lingers: bool) -> None:
        """Send what can be sent now, and give the connection back to the loop."""
        one.closes, one.lingers = closes, lingers
        try:
            sent = one.sock.send(data, NOW)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close(one)
            return
        with self.lock:
            if one.phase is Phase.CLOSED:
                return
            if not closes:
                self.crowd.finished(one, self._clock.monotonic())
            self.crowd.weigh(one, one.reader.held + len(data) - sent)
            if sent < len(data):
                one.out = memoryview(data)[sent:]
                one.move(Phase.WRITING, self._clock.monotonic())
                self.poll.modify(one.sock, WRITABLE)
                return
        self._sent(one)

    def _sent(self, one: Connection) -> None:
        """An answer was taken as a whole: on to the next request, or to the end."""
        if one.closes and not one.lingers and one.reader.is_empty:
            self.close(one)
            return
        with self.lock:
            now = self._clock.monotonic()
            if one.phase is Phase.CLOSED:
                return
            if one.closes:
                with contextlib.suppress(OSError):
                    one.sock.shutdown(socket.SHUT_WR)
                one.reader.forget()
                self.crowd.weigh(one, 0)
                one.move(Phase.LINGERING, now)
            else:
                one.move(Phase.IDLE, now)
            # What came behind the last request, or a part of it, is here already: being writable, which it is, brings the
            # loop to it, so that it has a deadline, and an Expect its answer.
            self.poll.modify(one.sock, READABLE if one.reader.is_empty else WRITABLE)

    def _send(self, one: Connection) -> None:
        try:
            sent = one.sock.send(one.out, NOW)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close(one)
            return
        one.out = one.out[sent:]
        with self.lock:
            self.crowd.weigh(one, one.reader.held + len(one.out))
        if one.out:
            self.poll.modify(one.sock, WRITABLE)
        else:
            one.out = memoryview(b"")
            self._sent(one)

    def _discard(self, one: Connection) -> None:
        try:
            is_there = bool(one.sock.recv(PIECE, NOW))
        except BlockingIOError:
            is_there = True
        except OSError:
            is_there = False
        if is_there:
            self.poll.modify(one.sock, READABLE)
        else:
            self.close(one)

    # --- the end of a connection

    def evict(self, one: Connection | None) -> None:
        """Close at once; what was not sent is forgotten by the kernel too."""
        if one is not None:
            with contextlib.suppress(OSError):
                if one.phase is Phase.WRITING:
                    one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.close(one)

    def close(self, one: Connection) -> None:
        with self.lock:
            if one.phase is Phase.CLOSED:
                return
            one.move(Phase.CLOSED, self._clock.monotonic())
            self.crowd.remove(one)
            del self.connections[one.sock.fileno()]
            one.sock.close()

    def _now(self) -> str:
        """The field Date; made once a second."""
        now = int(self._clock.now())
        if self._date[0] != now:
            self._date = (now, email.utils.formatdate(now, usegmt=True))
        return self._date[1]
