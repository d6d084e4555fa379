"""Operating statuses: what amphorae see of a tree, computed from the states of servers and listeners.

Ids are raw bytes here, as they travel. The rules:

    member         admin down, MAINT, or not heard of while a monitor should tell: OFFLINE · DOWN: ERROR ·
                   DRAIN, or up with weight 0: DRAINING · not checked: NO_MONITOR · UP: ONLINE
    pool           admin down, used by no listener, or no member heard of: OFFLINE · has members and none serves: ERROR ·
                   one of them is ERROR: DEGRADED · else ONLINE
    listener       admin down or not heard of: OFFLINE · takes no connections: DEGRADED · else ONLINE
    load balancer  admin down: OFFLINE · else the worst of ONLINE, DEGRADED, ERROR among pools and listeners
"""

import enum
from collections.abc import Mapping

import msgspec

from hydria.domain.statuses import Operating

S = Operating


class Server(enum.IntEnum):
    """What haproxy says of a server; the numbers are those of the datagrams."""

    UP = 1
    DOWN = 2
    DRAIN = 3
    MAINT = 4
    NO_CHECK = 5


class MemberOutline(msgspec.Struct, frozen=True):
    """What counts of a member."""

    id: bytes
    up: bool
    weight: int


class PoolOutline(msgspec.Struct, frozen=True):
    """What counts of a pool. `used`: by an enabled listener, as its default or through an enabled policy."""

    id: bytes
    up: bool
    monitored: bool
    used: bool
    members: tuple[MemberOutline, ...]


class ListenerOutline(msgspec.Struct, frozen=True):
    """What counts of a listener."""

    id: bytes
    up: bool


class Outline(msgspec.Struct, frozen=True):
    """What counts of a tree at one generation."""

    load_balancer_id: bytes
    generation: int
    up: bool
    listeners: tuple[ListenerOutline, ...] = ()
    pools: tuple[PoolOutline, ...] = ()


def statuses(outline: Outline, servers: Mapping[bytes, int], listeners: Mapping[bytes, bool]) -> dict[bytes, Operating]:
    """The status of the load balancer, its listeners, pools and members.

    `servers`: the last `Server` state heard of members; `listeners`: whether they take connections. What was never heard
    of is absent. Ids that are not in the outline are passed over.
    """
    found: dict[bytes, Operating] = {}
    for listener in outline.listeners:
        found[listener.id] = _listener(outline.up and listener.up, listeners.get(listener.id))
    worst = [*found.values()]
    for pool in outline.pools:
        members = {m.id: _member(outline.up and pool.up and m.up, m, pool, servers.get(m.id)) for m in pool.members}
        found |= members
        found[pool.id] = _pool(outline.up and pool.up and pool.used, list(members.values()))
        worst.append(found[pool.id])
    found[outline.load_balancer_id] = _root(worst) if outline.up else S.OFFLINE
    return found


def _listener(up: bool, takes: bool | None) -> Operating:
    if not up or takes is None:
        return S.OFFLINE
    return S.ONLINE if takes else S.DEGRADED


def _member(up: bool, member: MemberOutline, pool: PoolOutline, state: int | None) -> Operating:
    if not up or state == Server.MAINT:
        return S.OFFLINE
    if not pool.monitored:
        # A verdict of checks that are no longer wanted says nothing; a drain is an order and stays.
        return S.DRAINING if state == Server.DRAIN else S.NO_MONITOR
    if state is None:
        return S.OFFLINE
    if state == Server.UP and member.weight == 0:
        return S.DRAINING
    return HEARD[Server(state)]


HEARD = {
    Server.UP: S.ONLINE,
    Server.DOWN: S.ERROR,
    Server.DRAIN: S.DRAINING,
    Server.MAINT: S.OFFLINE,
    Server.NO_CHECK: S.NO_MONITOR,
}
"""The status of a member that is wanted, by its server's state."""

SERVES = frozenset({S.ONLINE, S.NO_MONITOR})


def _pool(up: bool, members: list[Operating]) -> Operating:
    if not up:
        return S.OFFLINE
    if members and not SERVES & set(members):
        # All silent: nothing is known yet. One that is heard of and does not serve: the pool is down.
        return S.OFFLINE if set(members) == {S.OFFLINE} else S.ERROR
    return S.DEGRADED if S.ERROR in members else S.ONLINE


def _root(parts: list[Operating]) -> Operating:
    return next((s for s in (S.ERROR, S.DEGRADED) if s in parts), S.ONLINE)
