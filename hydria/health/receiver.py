"""The receiver's loop: sockets in, answers out; when it falls behind it sheds states first and says so."""

import contextlib
import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hydria.health.heard import Address, Event, Heard, Moment
from hydria.health.settings import HealthSettings
from hydria.kit import log
from hydria.kit.clock import Clock
from hydria.wire import datagrams
from hydria.wire.datagrams import KindOf

READ, BATCH = 4096, 512
"""Datagrams read and handled in one round: reading is quicker, so that little is lost before it was looked at."""

NOISE = 50
"""A sender of whom so many were refused within a second is passed over while we are behind."""

FORCE_BUFFER = 33  # SO_RCVBUFFORCE: Python has no name for it


def listen(host: str, port: int, buffer: int) -> socket.socket:
    """A socket that hears `host` and `port`, with as much room as the kernel gives."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, FORCE_BUFFER, buffer)
    except PermissionError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    opened.bind((host, port))
    return opened


def lost(sockets: Iterable[socket.socket]) -> int:
    """Datagrams that the kernel threw away because nobody read them in time."""
    inodes = {str(os.fstat(s.fileno()).st_ino) for s in sockets}
    count = 0
    for name in ("udp", "udp6"):
        with contextlib.suppress(OSError):
            rows = (line.split() for line in Path("/proc/self/net", name).read_text().splitlines()[1:])
            count += sum(int(row[12]) for row in rows if row[9] in inodes)
    return count


class Receiver:
    """One thread's loop. `troubled_at` is when it last stood still or threw something away (monotonic)."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        heard: Heard,
        take: Callable[[list[Event]], None],
        clock: Clock,
        settings: HealthSettings,
    ) -> None:
        self._sockets, self._heard, self._take, self._clock, self._settings = sockets, heard, take, clock, settings
        self._waiting: deque[tuple[bytes, Address, socket.socket]] = deque()
        self._again: deque[tuple[bytes, Address]] = deque(maxlen=settings.strangers_per_second)
        self._wake, self._woken = socket.socketpair()
        self._stopping = False
        self._lost = 0
        self.troubled_at: float | None = None

    def stop(self) -> None:
        """End the loop soon."""
        self._stopping = True
        self._poke()

    def close(self) -> None:
        """Give everything back, once the loop has ended."""
        for opened in (self._wake, self._woken, *self._sockets):
            opened.close()

    def _poke(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake anyway; closed: it has ended
            self._wake.send(b"!", socket.MSG_DONTWAIT)

    def again(self, found: Iterable[tuple[bytes, Address]]) -> None:
        """Hear datagrams once more whose senders are known by now."""
        self._again.extend(found)
        self._poke()

    def check_lost(self) -> None:
        """Notice what the kernel threw away; called now and then by the watcher."""
        count = lost(self._sockets)
        if count > self._lost:
            self._heard.counts["lost"] += count - self._lost
            self._lost = count
            self.troubled_at = self._clock.monotonic()

    def run(self) -> None:
        """Hear until `stop`."""
        ready = select.poll()
        for opened in (self._woken, *self._sockets):
            opened.settimeout(0)
            ready.register(opened, select.POLLIN)
        began = self._clock.monotonic()
        while not self._stopping:
            if not self._waiting:
                ready.poll(500)
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(64)
            now = self._clock.monotonic()
            if now - began > self._settings.stall:
                self.troubled_at = now
            began = now
            self._read()
            self._handle(Moment(self._clock.now(), now))

    def _read(self) -> None:
        """Empty the sockets, so that nothing is lost before it was looked at."""
        waiting, counts, queue = self._waiting, self._heard.counts, self._settings.queue
        while self._again:
            waiting.append((*self._again.popleft(), self._sockets[0]))
        for opened in self._sockets:
            receive = opened.recvfrom
            try:
                for _ in range(READ):
                    datagram, address = receive(datagrams.MOST + 1)
                    if len(waiting) < queue and (len(waiting) * 2 < queue or self._may_stay(datagram, address)):
                        waiting.append((datagram, address, opened))
                    else:
                        counts["shed"] += 1
                        self.troubled_at = self._clock.monotonic()
            except BlockingIOError:
                continue
            except OSError as error:  # an answer's ICMP error, reported on the next read
                counts["socket_errors"] += 1
                log.get().debug("health.socket", error=str(error))

    def _handle(self, now: Moment) -> None:
        events: list[Event] = []
        waiting, hear, counts = self._waiting, self._heard.hear, self._heard.counts
        for _ in range(min(BATCH, len(waiting))):
            datagram, address, opened = waiting.popleft()
            try:
                answer, found = hear(datagram, address, now)
            except Exception:  # noqa: BLE001  (one datagram must not make us deaf to all others)
                counts["bugs"] += 1
                log.get().error("health.bug", exc_info=True)
                continue
            events += found
            if answer is not None:
                try:
                    opened.sendto(answer, address)
                except OSError:  # a full buffer or no route: the next datagram is answered
                    counts["unsent"] += 1
        if events:
            self._take(events)

    def _may_stay(self, datagram: bytes, address: Address) -> bool:
        """Whether a datagram is worth its place while we are behind: an Alive of somebody known who makes no noise."""
        if len(datagram) < datagrams.HEADER.size or datagram[1] != KindOf.ALIVE:
            return False
        return datagram[2:18] in self._heard.voices and self._heard.noise.get(address, 0) < NOISE
