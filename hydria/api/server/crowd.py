"""All connections, counted by peer: which one goes when there are too many, or when they hold too much memory; pure."""

from collections import OrderedDict
from collections.abc import Iterator

from hydria.api.server.connection import Connection, Phase

GRACE_S = 2.0
"""So long a newcomer is not yet held to be a stranger."""
SOME = 16 * 1024
"""Who holds less need not go to make room for bytes, as long as there is anybody else."""
KEPT = frozenset({Phase.BUSY, Phase.CLOSED})
"""Phases in which a connection never goes."""


class Peer:
    """The connections of one address, those that are longest without a finished request first."""

    def __init__(self) -> None:
        self.strangers: OrderedDict[Connection, None] = OrderedDict()
        """Who never finished a request."""
        self.known: OrderedDict[Connection, None] = OrderedDict()
        self.held = 0

    def __len__(self) -> int:
        return len(self.strangers) + len(self.known)

    def __iter__(self) -> Iterator[Connection]:
        yield from self.strangers
        yield from self.known

    def longest(self, newest: Connection | None, now: float) -> Connection | None:
        """Who goes when there are too many: a stranger, after a moment's grace, before a client that did finish requests."""
        firsts = [
            next((c for c in group if c.phase not in KEPT and c is not newest), None)
            for group in (self.strangers, self.known)
        ]
        if firsts[0] and now - firsts[0].at > GRACE_S:
            return firsts[0]
        return min((c for c in firsts if c), key=lambda c: c.at, default=None)


class Crowd:
    """Who is connected. `most` connections in all, `most_each` of a peer, `most_held` bytes in unfinished requests and answers.

    All clients may come from one address (a proxy, a gateway, the loopback), so nobody is refused for coming from there:
    who has done nothing useful for longest goes, and a newcomer never does.
    """

    def __init__(self, most: int, most_each: int, most_held: int) -> None:
        self._most, self._most_each, self._most_held = most, most_each, most_held
        self._peers: dict[str, Peer] = {}
        self._count = 0
        self.held = 0

    def __len__(self) -> int:
        return self._count

    def add(self, one: Connection) -> None:
        """Somebody has connected."""
        self._peers.setdefault(one.peer, Peer()).strangers[one] = None
        self._count += 1

    def remove(self, one: Connection) -> None:
        """They are gone."""
        self.weigh(one, 0)
        peer = self._peers[one.peer]
        (peer.known if one.served else peer.strangers).pop(one)
        self._count -= 1
        if not peer:
            del self._peers[one.peer]

    def finished(self, one: Connection, now: float) -> None:
        """They have finished a request."""
        peer = self._peers[one.peer]
        if one.served:
            peer.known.move_to_end(one)
        else:
            del peer.strangers[one]
            peer.known[one] = None
        one.served += 1
        one.at = now

    def weigh(self, one: Connection, held: int) -> None:
        """They hold so many bytes now."""
        if more := held - one.held:
            self.held += more
            self._peers[one.peer].held += more
            one.held = held

    def surplus(self, newest: Connection, now: float) -> Connection | None:
        """Who goes as somebody has come; None: there is room, or nobody who may go."""
        if len(self._peers[newest.peer]) > self._most_each:
            return self._peers[newest.peer].longest(newest, now)
        if self._count > self._most:
            return self.largest().longest(newest, now)
        return None

    def largest(self) -> Peer:
        """The peer with most connections; there must be one."""
        return max(self._peers.values(), key=len)

    def heaviest(self) -> Connection | None:
        """Who goes as too much memory is held: the slowest of the peer that holds most; None: there is room, or nobody who may go."""
        if self.held <= self._most_held:
            return None
        for peer in sorted(self._peers.values(), key=lambda p: -p.held):
            able = [c for c in peer if c.held and c.phase not in KEPT]
            if able:
                return min((c for c in able if c.held >= SOME), key=lambda c: c.since, default=able[0])
        return None
