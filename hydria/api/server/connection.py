"""One client's connection: what it is doing, since when, and when it is late; does no I/O and reads no clock."""

import enum
import socket
from dataclasses import dataclass

from hydria.api.server.reader import Reader


class Phase(enum.Enum):
    """What a connection is doing. While it is BUSY it belongs to the thread that answers, else to the loop."""

    IDLE = "nothing of a request is here"
    HEAD = "a part of a head is here"
    BODY = "the head is here, and a part of the body"
    BUSY = "a request waits for a thread or is being answered"
    WRITING = "the client has not taken its whole answer"
    LINGERING = "all is said; what the client still sends is thrown away, or it would lose the answer"
    CLOSED = "it is gone"


NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.IDLE: frozenset({Phase.HEAD, Phase.BODY, Phase.BUSY, Phase.CLOSED}),
    Phase.HEAD: frozenset({Phase.IDLE, Phase.BODY, Phase.BUSY, Phase.CLOSED}),
    Phase.BODY: frozenset({Phase.BUSY, Phase.CLOSED}),
    Phase.BUSY: frozenset({Phase.IDLE, Phase.WRITING, Phase.LINGERING, Phase.CLOSED}),
    Phase.WRITING: frozenset({Phase.IDLE, Phase.LINGERING, Phase.CLOSED}),
    Phase.LINGERING: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long clients may take, in seconds."""

    head_s: float = 10
    """From connecting, or from the first byte of a further request, to the end of the head."""
    body_s: float = 30
    """From the end of the head to the end of the body."""
    rate: int = 1024
    """Least bytes of a body in a second, on the average."""
    spare_s: float = 5
    """So long a body need not come at that rate."""
    answer_s: float = 30
    """To take an answer."""
    idle_s: float = 75
    """Between an answer and the next request."""
    linger_s: float = 5
    """To see an answer that came before all was sent."""


class Connection:
    """A client's connection."""

    __slots__ = (
        "at",
        "client",
        "closes",
        "held",
        "is_told",
        "lingers",
        "out",
        "peer",
        "phase",
        "reader",
        "served",
        "since",
        "sock",
    )

    def __init__(self, sock: socket.socket, client: tuple[str, int], peer: str, reader: Reader, now: float) -> None:
        self.sock = sock
        self.client = client
        self.peer = peer
        """Whom it counts for."""
        self.reader = reader
        self.phase = Phase.IDLE
        self.since = now
        """When the phase began."""
        self.at = now
        """When it was opened, or the last time it finished a request."""
        self.served = 0
        """Requests finished."""
        self.out = memoryview(b"")
        """What is left of an answer."""
        self.held = 0
        """Bytes of memory that are counted for it."""
        self.closes = self.lingers = self.is_told = False

    def move(self, phase: Phase, now: float) -> None:
        """Go to another phase; staying in one does not begin it anew."""
        if phase is not self.phase:
            if phase not in NEXT[self.phase]:
                raise AssertionError(f"{self.phase} may not become {phase}")
            self.phase, self.since = phase, now

    def reading(self) -> Phase:
        """The phase that fits what was received."""
        if self.reader.head is not None:
            return Phase.BODY
        return Phase.IDLE if self.reader.is_empty else Phase.HEAD

    def is_late(self, now: float, limits: Deadlines) -> bool:
        """Whether its phase takes too long."""
        took = now - self.since
        if self.phase is Phase.BODY:
            return took > limits.body_s or self.reader.received < (took - limits.spare_s) * limits.rate
        return took > {
            Phase.IDLE: limits.idle_s if self.served else limits.head_s,
            Phase.HEAD: limits.head_s,
            Phase.WRITING: limits.answer_s,
            Phase.LINGERING: limits.linger_s,
        }.get(self.phase, float("inf"))
