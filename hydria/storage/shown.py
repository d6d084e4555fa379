"""What users see of the objects of a tree: rows as dictionaries, with statuses and with what stands beside them.

A fixed number of statements, whatever the number of objects.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from hydria.domain import kinds, statuses
from hydria.domain.attributes import SPELLED, Kept, attributes, spelled
from hydria.domain.statuses import Operating, Provisioning
from hydria.storage import journal, tables

P, V, SEEN = tables.PROGRESS, tables.VERDICT, tables.OPERATING
T = tables.TREE
ROOT = T["load_balancer"]
SECOND = 1_000_000


PARENT = {
    kinds.MEMBER: "pool_id",
    kinds.HEALTHMONITOR: "pool_id",
    kinds.L7POLICY: "listener_id",
    kinds.L7RULE: "l7policy_id",
}
"""The kinds that exist only beneath another object, and the column that says which."""


SILENT = {
    kinds.LOADBALANCER: Operating.OFFLINE,
    kinds.LISTENER: Operating.OFFLINE,
    kinds.POOL: Operating.OFFLINE,
    kinds.MEMBER: Operating.NO_MONITOR,  # OFFLINE beneath a pool with a monitor
    kinds.HEALTHMONITOR: Operating.ONLINE,
    kinds.L7POLICY: Operating.ONLINE,
    kinds.L7RULE: Operating.ONLINE,
}
"""The operating status while nothing has been observed."""

STATED = (kinds.HEALTHMONITOR, kinds.L7POLICY, kinds.L7RULE)
"""Kinds of which nothing is ever observed: ONLINE from the moment when they are what runs."""


class Shown(NamedTuple):
    """An object as users see it. `silent` is its operating status while nothing has been observed."""

    body: dict[str, Any]
    load_balancer_id: str
    parent_id: str | None
    silent: Operating
    changed: int = 0  # generation of its last write
    is_member: bool = False


class Facts(NamedTuple):
    """What the statuses of an object are computed from. A row's own attributes are slow to read."""

    load_balancer_id: str
    created_at: int
    updated_at: int | None
    born: int
    changed: int
    touched: int
    deleted: int
    settled: int
    root_generation: int
    root_due_at: int
    refused_at: int | None
    reason: str | None


@cache
def names(kind: kinds.Kind) -> tuple[str, ...]:
    """Columns of a kind that users see."""
    return tuple(a.name for a in attributes(kind.resource).values() if a.kept is Kept.STORED)


@cache
def statement(kind: kinds.Kind) -> Select[Any]:
    """Every object of a kind with what its statuses are computed from; the columns users see come first."""
    table = T[kind.table]
    hidden = [c for c in table.c if c.name not in names(kind) and c.name not in ("generation", "due_at")]
    aside = [
        P.c.settled,
        ROOT.c.generation.label("root_generation"),
        ROOT.c.due_at.label("root_due_at"),
        V.c.changed.label("refused_at"),
        V.c.reason.label("verdict"),
        V.c.request_id.label("verdict_request_id"),
        P.c.step,
        P.c.reason,
        P.c.remedy,
        P.c.request_id,
    ]
    joined: Any = table
    if table is not ROOT:
        joined = joined.join(ROOT, ROOT.c.id == table.c.load_balancer_id)
    joined = joined.join(P, P.c.load_balancer_id == table.c.load_balancer_id).outerjoin(V, V.c.object_id == table.c.id)
    return select(*(table.c[n] for n in names(kind)), *hidden, *aside).select_from(joined)


@cache
def _facts(kind: kinds.Kind) -> Callable[[Any], tuple[Any, ...]]:
    """What picks the facts out of a row."""
    columns = [c.name for c in statement(kind).selected_columns]
    return itemgetter(*(columns.index(name) for name in Facts._fields))


@cache
def _null_if_empty(kind: kinds.Kind) -> tuple[str, ...]:
    return tuple(a.name for a in attributes(kind.resource).values() if a.is_null_if_empty)


@cache
def _spellings(kind: kinds.Kind) -> tuple[tuple[str, int], ...]:
    """Addresses that are shown as they were written, and where a row says how."""
    columns = [c.name for c in statement(kind).selected_columns]
    return tuple((name, columns.index(name + SPELLED)) for name in spelled(kind.resource))


@cache
def _by_id(kind: kinds.Kind) -> Select[Any]:
    return statement(kind).where(T[kind.table].c.id == bindparam("wanted"))


def one(c: Connection, kind: kinds.Kind, object_id: str, now: int) -> Shown | None:
    """One object, or None; `now` in microseconds."""
    return next(iter(_shown(c, kind, c.execute(_by_id(kind), {"wanted": object_id}).all(), now)), None)


@cache
def _beneath(kind: kinds.Kind) -> Select[Any]:
    return statement(kind).where(T[kind.table].c.load_balancer_id == bindparam("wanted")).order_by(*in_order(kind))


def beneath(c: Connection, kind: kinds.Kind, load_balancer_id: str, now: int) -> list[Shown]:
    """All objects of a kind beneath a load balancer."""
    return _shown(c, kind, c.execute(_beneath(kind), {"wanted": load_balancer_id}).all(), now)


def some(c: Connection, kind: kinds.Kind, query: Select[Any], now: int) -> list[Shown]:
    """The objects of a query that began with `statement`, in its order."""
    return _shown(c, kind, c.execute(query).all(), now)


def operating(observed: Connection, found: Sequence[Shown]) -> None:
    """Fill in the operating statuses."""
    seen = observations(observed, [s.body["id"] for s in found])
    for s in found:
        # What is down is OFFLINE at once; but a member of which nobody has ever spoken stays as it was.
        down = not s.body["admin_state_up"] and (not s.is_member or s.body["id"] in seen)
        s.body["operating_status"] = Operating.OFFLINE if down else seen.get(s.body["id"], s.silent)


@cache
def _observed(*, one: bool) -> Select[Any]:
    return select(SEEN.c.object_id, SEEN.c.status).where(_among(SEEN.c.object_id, one=one))


def _among(column: Any, *, one: bool) -> ColumnElement[bool]:
    """Whether a column has one of the values `wanted`; for one value a plain comparison is far quicker to say."""
    wanted: ColumnElement[bool] = (
        column == bindparam("wanted") if one else column.in_(bindparam("wanted", expanding=True))
    )
    return wanted


def _wanted(values: Sequence[str]) -> dict[str, Any]:
    return {"wanted": values[0] if len(values) == 1 else values}


def observations(observed: Connection, object_ids: Sequence[str]) -> dict[str, str]:
    """What was last observed of these objects."""
    if not object_ids:
        return {}
    query = _observed(one=len(object_ids) == 1)
    return {row[0]: row[1] for row in observed.execute(query, _wanted(object_ids))}


def moment(microseconds: int | None) -> str | None:
    """A time as the API writes it."""
    return None if microseconds is None else _second(microseconds // SECOND)


@lru_cache(1000)
def _second(since: int) -> str:
    return datetime.fromtimestamp(since, UTC).isoformat()[:19]


def _shown(c: Connection, kind: kinds.Kind, found: Sequence[Any], now: int) -> list[Shown]:
    shown = [_row(kind, row, now) for row in found]
    BESIDE[kind](c, shown, found)
    _requests(c, shown, found)
    return shown


def _requests(c: Connection, shown: list[Shown], rows: Sequence[Any]) -> None:
    """Name the request behind a trouble where no run has named it yet: that of the last write."""
    nameless = [(s, row) for s, row in zip(shown, rows, strict=True) if s.body.get("request_id", "") is None]
    asked = journal.requests(c, ((s.load_balancer_id, row.touched) for s, row in nameless))
    for s, row in nameless:
        s.body["request_id"] = asked.get((s.load_balancer_id, row.touched))


def _row(kind: kinds.Kind, row: Any, now: int) -> Shown:
    facts = Facts._make(_facts(kind)(row))
    body = dict(zip(names(kind), row, strict=False))
    body["tenant_id"] = body["project_id"]
    for name, index in _spellings(kind):
        body[name] = row[index] or body[name]
    for name in _null_if_empty(kind):
        body[name] = body[name] or None
    body["created_at"] = moment(facts.created_at)
    is_new = facts.born > facts.settled
    body["updated_at"] = None if is_new else moment(facts.updated_at or facts.created_at)
    overdue = statuses.is_overdue(facts.root_generation, facts.settled, facts.root_due_at, now)
    status = statuses.provisioning(facts, facts.settled, refused_at=facts.refused_at, overdue=overdue)
    body["provisioning_status"] = status
    body["operating_status"] = ""
    if status is not Provisioning.ACTIVE and (status is Provisioning.ERROR or facts.reason):
        body |= _trouble(kind, row)
    parent_id = getattr(row, PARENT[kind]) if kind in PARENT else None
    silent = Operating.OFFLINE if is_new and kind in STATED else SILENT[kind]
    return Shown(body, facts.load_balancer_id, parent_id, silent, facts.changed, kind is kinds.MEMBER)


def _trouble(kind: kinds.Kind, row: Any) -> dict[str, Any]:
    """Why an object is not as it is wanted, for its owner."""
    if row.touched <= row.settled:
        return {
            "reason": row.verdict,
            "failed_step": "prove",
            "request_id": row.verdict_request_id,
            "remedy": f"Change, restore or delete this {kind.words}; what it was before keeps running.",
        }
    return {
        "reason": row.reason or "The work has not ended before its deadline; it goes on.",
        "failed_step": row.step or "wait",
        "request_id": row.request_id,
        "remedy": row.remedy or "Nothing need be done; when it lasts, the operator should see whether workers run.",
    }


def _refs(c: Connection, child: kinds.Kind, column: str, parents: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The children of objects: parent to references."""
    found: dict[str, list[dict[str, str]]] = {p: [] for p in parents}
    if found:
        query = _children(child, column, one=len(found) == 1)
        for parent, child_id in c.execute(query, _wanted(list(found))):
            found[parent].append({"id": child_id})
    return found


def in_order(kind: kinds.Kind) -> tuple[ColumnElement[Any], ...]:
    """Policies by position, everything else by age."""
    t = T[kind.table].c
    return (t.position, t.id) if kind is kinds.L7POLICY else (t.created_at, t.id)


@cache
def _children(child: kinds.Kind, column: str, *, one: bool) -> Select[Any]:
    table = T[child.table]
    wanted = _among(table.c[column], one=one)
    return select(table.c[column], table.c.id).where(wanted).order_by(*in_order(child))


def _beside_load_balancers(c: Connection, shown: list[Shown], _: Sequence[Any]) -> None:
    parents = [s.body["id"] for s in shown]
    listeners = _refs(c, kinds.LISTENER, "load_balancer_id", parents)
    pools = _refs(c, kinds.POOL, "load_balancer_id", parents)
    for s in shown:
        s.body["listeners"], s.body["pools"] = listeners[s.body["id"]], pools[s.body["id"]]
        for vip in s.body["additional_vips"]:
            vip["port_id"] = vip["port_id"] or s.body["vip_port_id"]


def _beside_listeners(c: Connection, shown: list[Shown], _: Sequence[Any]) -> None:
    policies = _refs(c, kinds.L7POLICY, "listener_id", (s.body["id"] for s in shown))
    for s in shown:
        s.body["l7policies"] = policies[s.body["id"]]
        s.body["loadbalancers"] = [{"id": s.load_balancer_id}]


def _beside_pools(c: Connection, shown: list[Shown], _: Sequence[Any]) -> None:
    parents = [s.body["id"] for s in shown]
    members = _refs(c, kinds.MEMBER, "pool_id", parents)
    monitors = _refs(c, kinds.HEALTHMONITOR, "pool_id", parents)
    listeners = _refs(c, kinds.LISTENER, "default_pool_id", parents)
    through = _through(c, parents)
    for s in shown:
        pool_id = s.body["id"]
        s.body["members"] = members[pool_id]
        if monitors[pool_id]:
            s.body["healthmonitor_id"] = monitors[pool_id][0]["id"]
        users = [*(li["id"] for li in listeners[pool_id]), *through.get(pool_id, ())]
        s.body["listeners"] = [{"id": li} for li in dict.fromkeys(users)]
        s.body["loadbalancers"] = [{"id": s.load_balancer_id}]


def _through(c: Connection, pools: Sequence[str]) -> dict[str, list[str]]:
    """Listeners that use pools through their policies."""
    found: dict[str, list[str]] = {}
    table = T["l7policy"]
    if pools:
        query = select(table.c.redirect_pool_id, table.c.listener_id).where(table.c.redirect_pool_id.in_(pools))
        for pool, listener in c.execute(query):
            found.setdefault(pool, []).append(listener)
    return found


def _beside_members(c: Connection, shown: list[Shown], rows: Sequence[Any]) -> None:
    monitored = {p for p, m in _refs(c, kinds.HEALTHMONITOR, "pool_id", {r.pool_id for r in rows}).items() if m}
    for i, row in enumerate(rows):
        if row.pool_id in monitored:
            shown[i] = shown[i]._replace(silent=Operating.OFFLINE)


def _beside_monitors(_: Connection, shown: list[Shown], rows: Sequence[Any]) -> None:
    for s, row in zip(shown, rows, strict=True):
        s.body["pools"] = [{"id": row.pool_id}]


def _beside_policies(c: Connection, shown: list[Shown], _: Sequence[Any]) -> None:
    found = _refs(c, kinds.L7RULE, "l7policy_id", (s.body["id"] for s in shown))
    for s in shown:
        s.body["rules"] = found[s.body["id"]]


def _nothing(_: Connection, _shown_: list[Shown], _rows: Sequence[Any]) -> None:
    """Nothing stands beside a rule."""


BESIDE = {
    kinds.LOADBALANCER: _beside_load_balancers,
    kinds.LISTENER: _beside_listeners,
    kinds.POOL: _beside_pools,
    kinds.MEMBER: _beside_members,
    kinds.HEALTHMONITOR: _beside_monitors,
    kinds.L7POLICY: _beside_policies,
    kinds.L7RULE: _nothing,
}
