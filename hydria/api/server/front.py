"""The front: one loop over all connections, which sees deadlines and bounds kept, and drains when it is told to."""

import os
import select
import socket
from collections.abc import Callable

from hydria.api.server.connection import Connection, Phase
from hydria.api.server.crowd import Crowd
from hydria.api.server.exchange import NOW, ONCE, Bounds, Exchange, Service
from hydria.api.server.reader import Reader
from hydria.api.server.turns import Turns
from hydria.kit import log
from hydria.kit.clock import Clock

LOG = log.get()
AT_ONCE = 64
"""Connections taken, before others are looked at again."""
FEW = 8
"""So many on which something has happened need not take turns."""
LOOKED_AT = 2
"""Else so many are looked at before more are taken: who comes behind a crowd waits for few of it."""
SWEEP_S, DRAIN_SWEEP_S = 1.0, 0.1
MAPPED = "::ffff:"
"""Before an IPv4 address, where a socket of IPv6 serves both."""


class Front:
    """Serves a listening socket until it is told to drain."""

    def __init__(self, service: Service, bounds: Bounds, clock: Clock) -> None:
        self._service, self._bounds, self._clock = service, bounds, clock
        self._all = Exchange(service, bounds, clock)
        self._turns: Turns[Connection] = Turns()
        self._bell = os.pipe()
        self._listener: socket.socket | None = None
        self._is_listening = False
        self._life: int | None = None
        self._ends: float | None = None
        self._drained_since = 0.0
        self._idle_s = 0.0
        self._swept = clock.monotonic()
        self._all.poll.register(self._bell[0], select.EPOLLIN)

    # --- the loop

    def serve(self, listener: socket.socket, life: int | None = None) -> None:
        """Serve until drained. `life`: a descriptor that becomes readable when the master is gone."""
        self._listener, self._life = listener, life
        self._all.place = listener.getsockname()[:2]
        listener.settimeout(0)
        self._listen()
        if life is not None:
            self._all.poll.register(life, ONCE | select.EPOLLIN)
        while not self.is_over():
            self.turn(self._pause())
        self.close()

    def close(self) -> None:
        """End all that is there still."""
        for one in list(self._all.connections.values()):
            self._all.close(one)
        self._all.poll.close()
        for fd in self._bell:
            os.close(fd)

    def turn(self, pause: float | None) -> None:
        """Do what there is to do, after so many seconds at the latest (None: whenever something happens)."""
        events = self._all.poll.poll(0 if self._turns else pause)
        is_quiet = not self._turns and len(events) <= FEW
        for fd, _ in events:
            self._event(fd, is_quiet=is_quiet)
        for _ in range(min(LOOKED_AT, len(self._turns))):
            if one := self._turns.next():
                self._do(one, self._all.ready)
        self._sweep(self._clock.monotonic())

    def drain(self, *, quick: bool = False) -> None:
        """Take no more connections, answer what is under way, then let `serve` return; may be called by a signal's handler.

        Idle connections get a while, unless it is to be quick.
        """
        os.write(self._bell[1], b"q" if quick else b"d")

    @property
    def crowd(self) -> Crowd:
        """Who is connected."""
        return self._all.crowd

    def is_over(self) -> bool:
        """Whether it has drained."""
        return self._ends is not None and (not self._all.connections or self._clock.monotonic() > self._ends)

    def _pause(self) -> float | None:
        """Nothing need be looked at while nobody is there."""
        if self._ends is not None:
            return DRAIN_SWEEP_S
        return SWEEP_S if self._all.connections or not self._is_listening else None

    def _event(self, fd: int, *, is_quiet: bool) -> None:
        if self._listener is not None and fd == self._listener.fileno():
            self._accept()
        elif fd == self._bell[0]:
            self._begin_drain(quick=b"q" in os.read(fd, 16))
        elif fd == self._life:
            self._begin_drain(quick=False)
        elif one := self._all.connections.get(fd):
            if is_quiet:
                self._do(one, self._all.ready)
            else:
                self._happened(one)

    def _happened(self, one: Connection) -> None:
        """It is looked at when its turn comes; behind a proxy too, newcomers do not hold up those who are known."""
        self._turns.add((one.peer, one.served > 0), one)

    def _do(self, one: Connection, step: Callable[[Connection], None]) -> None:
        """A fault of ours costs the connection on which it shows, never the loop."""
        try:
            step(one)
        except Exception as error:
            LOG.error("api.bug", phase=one.phase.name, exc_info=error)  # noqa: TRY400  (one event, one line)
            self._all.close(one)

    def _begin_drain(self, *, quick: bool) -> None:
        now = self._clock.monotonic()
        if not self._all.is_ending:
            self._all.is_ending, self._drained_since = True, now
        if self._listener is not None:
            while self._accept():  # who was let in by the kernel may not be let in by anybody else
                pass
            if self._is_listening:
                self._all.poll.unregister(self._listener)
            self._listener.close()
            self._listener = None
        self._ends = now + (self._bounds.quick_s if quick else self._bounds.drain_s)
        self._idle_s = 0.0 if quick else self._bounds.drain_idle_s
        LOG.info("api.draining", connections=len(self._all.connections))

    # --- connections come

    def _accept(self) -> bool:
        """Take some connections; whether there may be more."""
        assert self._listener is not None
        for _ in range(AT_ONCE):
            try:
                sock, client = self._listener.accept()
            except BlockingIOError:
                return False
            except ConnectionAbortedError:
                continue  # they have gone already
            except OSError as error:
                self._pause_listening(str(error))
                return False
            self.welcome(sock, client[:2])
        return True

    def _listen(self) -> None:
        if self._listener is not None and not self._is_listening:
            self._all.poll.register(self._listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            self._is_listening = True

    def _pause_listening(self, why: str) -> None:
        """There is no descriptor or no memory for one more: until the next sweep, and some who do nothing make room."""
        LOG.warning("api.not_accepted", why=why, connections=len(self._all.connections))
        if self._is_listening and self._listener is not None:
            self._all.poll.unregister(self._listener)
            self._is_listening = False
        now = self._clock.monotonic()
        for _ in range(AT_ONCE):
            with self._all.lock:
                one = self._all.crowd.largest().longest(None, now) if len(self._all.crowd) else None
            if one is None:
                return
            self._let_go(one)

    def welcome(self, sock: socket.socket, client: tuple[str, int]) -> None:
        """Somebody has connected from this address and port."""
        now = self._clock.monotonic()
        address = client[0].removeprefix(MAPPED)
        one = Connection(sock, (address, client[1]), _peer(address), Reader(self._service.allowance), now)
        with self._all.lock:
            self._all.connections[sock.fileno()] = one
            self._all.crowd.add(one)
        self._make_room(one, now)
        self._do(one, lambda _: self._all.poll.register(sock, ONCE))
        self._happened(one)

    def _make_room(self, newest: Connection, now: float) -> None:
        """Let go of those who have done nothing for longest, unless they ask something this very moment."""
        while True:
            with self._all.lock:
                surplus = self._all.crowd.surplus(newest, now)
            if surplus is None:
                return
            self._let_go(surplus)

    def _let_go(self, one: Connection) -> None:
        """Close, unless a request has come this very moment: it would be lost."""
        is_asking = one.phase is Phase.IDLE and _is_asking(one)
        self._do(one, self._all.receive if is_asking else self._all.evict)

    # --- connections go

    def _sweep(self, now: float) -> None:
        """Once a second: who is late goes."""
        if now - self._swept < (SWEEP_S if self._ends is None else DRAIN_SWEEP_S):
            return
        self._swept = now
        self._listen()
        for one in list(self._all.connections.values()):
            if one.is_late(now, self._bounds.deadlines):
                self._do(one, self._late)
            elif self._ends is not None and one.phase is Phase.IDLE and self._is_left(one, now):
                self._let_go(one)

    def _is_left(self, one: Connection, now: float) -> bool:
        """While draining: whether nothing was asked on an idle connection for a while."""
        return now - max(one.since, self._drained_since) >= self._idle_s

    def _late(self, one: Connection) -> None:
        if one.phase is Phase.HEAD:
            self._all.refuse(one, 408, "The head of the request did not come in time.")
        elif one.phase is Phase.BODY:
            self._all.refuse(one, 408, "The body of the request did not come in time.")
        else:
            self._let_go(one)


def _is_asking(one: Connection) -> bool:
    """Whether something has just come that was not read yet."""
    try:
        return bool(one.sock.recv(1, socket.MSG_PEEK | NOW))
    except OSError:
        return False


def _peer(address: str) -> str:
    """Whom a connection counts for: an address, and with IPv6 its network, which one client may have all of."""
    if ":" not in address:
        return address
    return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])[:8].hex()
