"""Intent: what users want. Every function runs inside a transaction of the API that began with `lock` or `create_root`.

def add_member(c):
    locked = intents.lock(c, lb_id, now, due)     # first: from here on this load balancer is ours
    ...check rules on rows read now...
    intents.add(c, member)                        # born, changed, touched = locked.generation
    intents.touch(c, locked.generation, kinds.POOL, [pool_id])
    journal.write(c, ...)
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, update
from sqlalchemy.exc import IntegrityError

from hydria.domain import kinds
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.part import Part
from hydria.domain.refusals import Conflict, NotFound
from hydria.storage import plain, rows, tables

P = TypeVar("P", bound=Part)
ROOT = tables.TREE["load_balancer"]
PROGRESS = tables.PROGRESS
RAISE = update(ROOT).where(ROOT.c.id == bindparam("lb"), ROOT.c.deleted == 0).values(generation=ROOT.c.generation + 1)


class Locked(msgspec.Struct, frozen=True):
    """A load balancer whose row this transaction holds, at its new generation."""

    load_balancer: LoadBalancer
    generation: int
    settled: int


def create_root(c: Connection, lb: LoadBalancer) -> None:
    """Store a new load balancer (generation 1) and want work on it; raises Conflict when its VIP's port is another's."""
    try:
        rows.add(c, ROOT, lb)
    except IntegrityError:  # nothing else of a new load balancer is not its own
        message = f"vip_port_id: port {lb.vip_port_id} is the VIP of another load balancer."
        raise Conflict(message) from None
    plain.add(c, PROGRESS, [{"load_balancer_id": lb.id, "wanted": lb.generation, "settled": 0}])


def lock(c: Connection, lb_id: str, due_at: int) -> Locked:
    """Take a load balancer and raise its generation. `due_at`: microseconds since 1970, kept only if nothing was pending.

    Raises NotFound, and Conflict while it is being deleted.
    """
    raised = c.execute(RAISE, {"lb": lb_id})
    found = plain.find(c, ROOT, id=lb_id).first()
    if found is None:
        message = f"load balancer {lb_id} does not exist"
        raise NotFound(message)
    if not raised.rowcount:
        message = f"Load Balancer {lb_id} is immutable and cannot be updated."
        raise Conflict(message)
    lb = rows.to(LoadBalancer, found)
    settled: int = plain.find(c, PROGRESS, load_balancer_id=lb_id).one().settled
    plain.change(c, PROGRESS, {"load_balancer_id": lb_id}, wanted=lb.generation, not_before=0)
    values: dict[str, Any] = {"touched": lb.generation}
    if settled >= lb.generation - 1:
        values["due_at"] = due_at
    plain.change(c, ROOT, {"id": lb_id}, **values)
    return Locked(msgspec.structs.replace(lb, **values), lb.generation, settled)


def grant(c: Connection, lb_id: str, due_at: int) -> None:
    """Begin the deadline of a load balancer anew, although something was pending."""
    plain.change(c, ROOT, {"id": lb_id}, due_at=due_at)


def add(c: Connection, *parts: Part) -> None:
    """Store new objects, all of one kind."""
    if parts:
        rows.add(c, tables.TREE[kinds.of(parts[0]).table], *parts)


def change(c: Connection, part: P, generation: int, now: int, values: dict[str, Any]) -> P:
    """Write attributes of an object; the object as it is now."""
    return change_all(c, [(part, values)], generation, now)[0]


def change_all(c: Connection, wanted: Iterable[tuple[P, dict[str, Any]]], generation: int, now: int) -> list[P]:
    """Write attributes of objects, with one statement for those that set the same ones; the objects as they are now."""
    stamps = {"changed": generation, "touched": generation, "updated_at": now}
    made = [(msgspec.structs.replace(part, **values, **stamps), (*values, *stamps)) for part, values in wanted]
    alike: dict[tuple[kinds.Kind, tuple[str, ...]], dict[str, dict[str, Any]]] = {}
    for part, names in made:
        columns = rows.values(part)
        alike.setdefault((kinds.of(part), names), {})[part.id] = {n: columns[n] for n in names}
    for (kind, _), changes in alike.items():
        plain.change_each(c, tables.TREE[kind.table], changes)
    return [part for part, _ in made]


def touch(c: Connection, generation: int, kind: kinds.Kind, object_ids: Iterable[str]) -> None:
    """Say that something beneath these objects was written."""
    wanted = list(object_ids)
    if wanted:
        table = tables.TREE[kind.table]
        c.execute(update(table).where(table.c.id.in_(wanted)).values(touched=generation))


def remove(c: Connection, generation: int, kind: kinds.Kind, *conditions: ColumnElement[bool]) -> int:
    """Mark objects for deletion; how many. The worker removes them when that is settled."""
    table = tables.TREE[kind.table]
    values = {"deleted": generation, "changed": generation, "touched": generation}
    return c.execute(update(table).where(table.c.deleted == 0, *conditions).values(**values)).rowcount


def remove_tree(c: Connection, lb_id: str, generation: int) -> None:
    """Mark a load balancer and everything beneath it for deletion."""
    for kind in kinds.KINDS:
        table = tables.TREE[kind.table]
        remove(c, generation, kind, table.c.load_balancer_id == lb_id)


def give_vip(c: Connection, lb_id: str, *, port_id: str, address: str, subnet_id: str, network_id: str) -> None:
    """Write what the network made of a load balancer's VIP."""
    vip = {"vip_port_id": port_id, "vip_address": address, "vip_subnet_id": subnet_id, "vip_network_id": network_id}
    plain.change(c, ROOT, {"id": lb_id}, **vip)


def forget_root(c: Connection, lb_id: str) -> None:
    """Undo `create_root` when the VIP was refused; nothing else of the load balancer exists yet."""
    for table in (*(tables.TREE[k.table] for k in kinds.KINDS), PROGRESS, tables.EXTERNAL):
        plain.remove(c, table, load_balancer_id=lb_id)
