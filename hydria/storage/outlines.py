"""Outlines of trees as users want them, read for many load balancers at once with a fixed number of statements."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, select, type_coerce

from hydria.domain.operating import ListenerOutline, MemberOutline, Outline, PoolOutline
from hydria.kit import ids
from hydria.storage import tables

T = tables.TREE
MOST = 500
"""Load balancers in one call."""


def generations(c: Connection, lb_ids: Collection[bytes]) -> dict[bytes, int]:
    """The generation of each that exists and is wanted."""
    lb = T["load_balancer"].c
    query = select(type_coerce(lb.id, LargeBinary), lb.generation).where(lb.id.in_(_texts(lb_ids)), lb.deleted == 0)
    return {row[0]: row[1] for row in c.execute(query)}


def roots(c: Connection) -> set[str]:
    """Every load balancer there is."""
    return set(c.execute(select(T["load_balancer"].c.id)).scalars())


def read(c: Connection, lb_ids: Collection[bytes]) -> dict[bytes, Outline]:
    """The outline of each load balancer that exists and is wanted, at most `MOST` of them."""
    wanted = _texts(lb_ids)
    listeners: dict[bytes, list[Any]] = defaultdict(list)
    for row in _rows(c, "listener", wanted, "id", "admin_state_up", "default_pool_id"):
        listeners[row[0]].append(row)
    enabled = {row[1]: row[3] for found in listeners.values() for row in found if row[2]}
    used = {pool for pool in enabled.values() if pool}
    policies = _rows(c, "l7policy", wanted, "listener_id", "redirect_pool_id", "admin_state_up")
    used |= {row[2] for row in policies if row[3] and row[2] and row[1] in enabled}
    pools = _pools(c, wanted, used)
    return {
        row[0]: Outline(
            row[0],
            row[1],
            bool(row[2]),
            tuple(ListenerOutline(x[1], bool(x[2])) for x in listeners[row[0]]),
            tuple(pools[row[0]]),
        )
        for row in _rows(c, "load_balancer", wanted, "generation", "admin_state_up")
    }


def _pools(c: Connection, wanted: list[str], used: set[bytes]) -> dict[bytes, list[PoolOutline]]:
    monitored = {row[1] for row in _rows(c, "health_monitor", wanted, "pool_id", "admin_state_up") if row[2]}
    members: dict[bytes, list[MemberOutline]] = defaultdict(list)
    for _, member, pool, up, weight in _rows(c, "member", wanted, "id", "pool_id", "admin_state_up", "weight"):
        members[pool].append(MemberOutline(member, bool(up), weight))
    pools: dict[bytes, list[PoolOutline]] = defaultdict(list)
    for lb, pool, up in _rows(c, "pool", wanted, "id", "admin_state_up"):
        pools[lb].append(PoolOutline(pool, bool(up), pool in monitored, pool in used, tuple(members[pool])))
    return pools


def _rows(c: Connection, table: str, wanted: list[str], *names: str) -> Iterable[Any]:
    """The load balancer's id and these columns of what is wanted; ids raw."""
    t: Table = T[table]
    picked = [type_coerce(t.c[n], LargeBinary) if n == "id" or n.endswith("_id") else t.c[n] for n in names]
    owner = type_coerce(t.c.load_balancer_id, LargeBinary)
    return c.execute(
        select(owner, *picked).where(t.c.load_balancer_id.in_(wanted), t.c.deleted == 0).order_by(t.c.id)
    ).all()


def _texts(raw: Iterable[bytes]) -> list[str]:
    return [ids.text(i) for i in raw]
