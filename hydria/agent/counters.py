"""What haproxy's statistics say, as bodies of State datagrams. Split by hand: a csv module is ten times slower here."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from hydria.kit import ids
from hydria.wire import datagrams
from hydria.wire.datagrams import ListenerCounts, MemberState, State

T = TypeVar("T")

COMMAND = "show stat -1 5 -1"
"""Frontends and servers only."""
ROOM = datagrams.MOST - datagrams.HEADER.size - datagrams.CODE
OVERHEAD = 40
MEMBER_BYTES = 20
LISTENER_BYTES = 74

_PXNAME, _SVNAME, _SCUR, _STOT, _BIN, _BOUT, _EREQ, _STATUS = 0, 1, 4, 7, 8, 9, 12, 17
_WORDS = {
    "UP": MemberState.UP,
    "DOWN": MemberState.DOWN,
    "MAINT": MemberState.MAINT,
    "DRAIN": MemberState.DRAIN,
    "NOLB": MemberState.DRAIN,
    "no": MemberState.NO_CHECK,
}
_SEVERITY = (MemberState.NO_CHECK, MemberState.UP, MemberState.DRAIN, MemberState.MAINT, MemberState.DOWN)


class Counters(msgspec.Struct, frozen=True):
    """Members by id with their worst state, and listeners."""

    members: dict[bytes, int]
    listeners: tuple[ListenerCounts, ...]


def read(said: str) -> Counters:
    """Counters from what `show stat` says; proxies and servers whose names are no ids are not ours to report."""
    members: dict[bytes, int] = {}
    listeners = []
    for line in said.splitlines():
        fields = line.split(",", _STATUS + 1)
        if len(fields) <= _STATUS or line.startswith("#"):
            continue
        if fields[_SVNAME] == "FRONTEND":
            if ids.is_id(fields[_PXNAME]):
                listeners.append(_listener(fields))
        elif ids.is_id(fields[_SVNAME]):
            member = ids.raw(fields[_SVNAME])
            members[member] = worst(members.get(member), state(fields[_STATUS]))
    return Counters(members, tuple(listeners))


def _listener(fields: list[str]) -> ListenerCounts:
    active, total, came, went, errors = (int(fields[at] or 0) for at in (_SCUR, _STOT, _BIN, _BOUT, _EREQ))
    is_open = fields[_STATUS] not in {"STOP", "PAUSED"}
    return ListenerCounts(ids.raw(fields[_PXNAME]), active, total, came, went, errors, is_open)


def state(status: str) -> MemberState:
    """The state of a server from haproxy's words, such as `UP 1/3`, `MAINT (via …)` or `no check`."""
    return _WORDS.get(status.partition(" ")[0], MemberState.DOWN)


def worst(first: int | None, second: MemberState) -> int:
    """The worse of two states; a member is in as many backends as its pool."""
    if first is None:
        return int(second)
    return int(max(MemberState(first), second, key=_SEVERITY.index))


def changed(before: dict[bytes, int], now: dict[bytes, int]) -> dict[bytes, int]:
    """Members whose state is another one, or that are new."""
    return {member: found for member, found in now.items() if before.get(member) != found}


def states(
    load_balancer_id: str,
    start: str,
    members: dict[bytes, int],
    listeners: Iterable[ListenerCounts] = (),
    *,
    edge: bool = False,
) -> list[State]:
    """Bodies that each fit in a datagram."""
    room = ROOM - OVERHEAD - len(start)
    raw = ids.raw(load_balancer_id)
    bodies = [State(raw, start, edge, tuple(some)) for some in _pieces(list(members.items()), room // MEMBER_BYTES)]
    counts = _pieces(list(listeners), room // LISTENER_BYTES)
    bodies += [State(raw, start, edge, (), tuple(some)) for some in counts]
    return bodies or [State(raw, start, edge)]


def _pieces(items: list[T], size: int) -> list[list[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
