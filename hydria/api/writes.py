"""The write path: one transaction takes the load balancer, checks rules on what it then reads, and writes the difference."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hydria.api import access, places, reads
from hydria.api.access import Right
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import edits, kinds
from hydria.domain.edits import Edit, Stamp
from hydria.domain.part import Part
from hydria.domain.refusals import Conflict, Invalid, NotFound, Unsupported
from hydria.domain.tree import Tree
from hydria.kit import ids
from hydria.storage import intents, journal, quotas, rows, shown, worlds, writes
from hydria.storage.database import Connection
from hydria.storage.intents import Locked

Make = Callable[[Tree, Stamp], Tree]
PARENTS: dict[kinds.Kind, tuple[kinds.Kind, str]] = {
    kinds.LISTENER: (kinds.LOADBALANCER, "loadbalancer_id"),
    kinds.MEMBER: (kinds.POOL, "pool_id"),
    kinds.HEALTHMONITOR: (kinds.POOL, "pool_id"),
    kinds.L7POLICY: (kinds.LISTENER, "listener_id"),
    kinds.L7RULE: (kinds.L7POLICY, "l7policy_id"),
}
"""Beneath what a new object goes, and the attribute that says so. A pool has two ways: see `_parent`."""


@dataclass(frozen=True)
class Target:
    """What a write is about: its load balancer, and how its owner may know it."""

    load_balancer_id: str
    project_id: str
    kind: kinds.Kind
    object_id: str


def missing(kind: kinds.Kind, object_id: str) -> NotFound:
    """The refusal of an id that nothing has."""
    return NotFound(f"{kind.words} {object_id} could not be found.")


def immutable(target: Target, status: str) -> Conflict:
    """The refusal of a change that must wait."""
    if target.kind is kinds.LOADBALANCER:
        return Conflict(f"Invalid state {status} of loadbalancer resource {target.load_balancer_id}")
    return Conflict(f"Load Balancer {target.load_balancer_id} is immutable and cannot be updated.")


def create(context: Context, ask: Ask, kind: kinds.Kind, values: dict[str, Any]) -> dict[str, Any]:
    """Add an object below a load balancer; the object as it is then shown."""
    new_id = ids.new()
    if kind is kinds.MEMBER:
        places.members(context.network, ask.caller, [values["subnet_id"]])

    def work(c: Connection) -> tuple[str, shown.Shown | None]:
        parent = _parent(c, kind, values)
        access.allow(ask.caller, Right.WRITE, parent.project_id)

        def make(tree: Tree, stamp: Stamp) -> Tree:
            if parent.kind is not kinds.LOADBALANCER and parent.object_id not in edits.parts(tree, parent.kind):
                raise immutable(Target(parent.load_balancer_id, parent.project_id, kind, new_id), "PENDING_DELETE")
            part = born(kind, values, new_id, parent, stamp)
            return edits.add(tree, part, stamp, context.settings.offer)

        change(context, c, ask, Target(parent.load_balancer_id, parent.project_id, kind, new_id), make)
        return parent.load_balancer_id, shown.one(c, kind, new_id, context.now())

    lb_id, found = context.database.write(work)
    context.nudge.nudge(lb_id)
    return reads.observed(context, [found])[0]


def born(kind: kinds.Kind, values: dict[str, Any], new_id: str, under: Target, stamp: Stamp) -> Part:
    """A new object."""
    generation = stamp.generation
    return kind.resource(
        id=new_id,
        project_id=under.project_id,
        load_balancer_id=under.load_balancer_id,
        born=generation,
        changed=generation,
        touched=generation,
        created_at=stamp.now,
        **values,
    )


def update(context: Context, ask: Ask, kind: kinds.Kind, object_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Change an object; the object as it is then shown."""

    def work(c: Connection) -> tuple[str, shown.Shown | None]:
        target = found(c, ask, kind, object_id)

        def make(tree: Tree, stamp: Stamp) -> Tree:
            return edits.change(tree, _in(tree, target), values, stamp, context.settings.offer)

        change(context, c, ask, target, make)
        return target.load_balancer_id, shown.one(c, kind, object_id, context.now())

    lb_id, changed = context.database.write(work)
    context.nudge.nudge(lb_id)
    return reads.observed(context, [changed])[0]


def delete(context: Context, ask: Ask, kind: kinds.Kind, object_id: str, *, cascade: bool = False) -> None:
    """Remove an object and what is beneath it; a load balancer with children only when `cascade` says so."""

    def work(c: Connection) -> str:
        target = found(c, ask, kind, object_id)
        if kind is kinds.LOADBALANCER:
            _delete_root(context, c, ask, target, cascade=cascade)
        else:
            change(context, c, ask, target, lambda tree, stamp: edits.remove(tree, _in(tree, target), stamp))
        return target.load_balancer_id

    context.nudge.nudge(context.database.write(work))


def _delete_root(context: Context, c: Connection, ask: Ask, target: Target, *, cascade: bool) -> None:
    locked = take(context, c, target, context.settings.delete_s)
    tree = worlds.desired(c, target.load_balancer_id)
    if not cascade and (tree.listeners or tree.pools):
        message = f"Load balancer {target.load_balancer_id} still has listeners or pools; delete them first, or delete with cascade=true."
        raise Invalid(message)
    intents.remove_tree(c, target.load_balancer_id, locked.generation)
    journal.add(c, entry(context, ask, locked, "delete", locked.load_balancer, {}))


def change(context: Context, c: Connection, ask: Ask, target: Target, make: Make) -> Edit:
    """Take the load balancer, make another tree of its tree and write the difference."""
    locked = take(context, c, target, context.settings.push_s)
    stamp = Stamp(locked.generation, context.now())
    before = worlds.desired(c, target.load_balancer_id)
    after = make(before, stamp)
    edit = edits.difference(before, after)
    for part in (*edit.added, *(p for _, p in edit.changed)):
        if reason := context.unsupported(part, after):
            raise Unsupported(reason)
    counts = Counter(kinds.of(p).table for p in edit.added)
    if counts:
        quotas.take(c, target.project_id, counts, context.settings.quotas)
    writes.apply(c, edit, edits.touched(edit, before, after), stamp)
    journal.add(c, *_entries(context, ask, locked, edit))
    return edit


def take(context: Context, c: Connection, target: Target, deadline_s: float) -> Locked:
    """Take the load balancer of a target; raises Conflict when it may not be changed now."""
    due_at = context.now() + int(deadline_s * 1_000_000)
    try:
        locked = intents.lock(c, target.load_balancer_id, due_at)
    except Conflict:
        raise immutable(target, "PENDING_DELETE") from None
    if context.settings.strict_immutable and locked.settled < locked.generation - 1:
        raise immutable(target, "PENDING_UPDATE" if locked.settled else "PENDING_CREATE")
    return locked


def found(c: Connection, ask: Ask, kind: kinds.Kind, object_id: str) -> Target:
    """The target with this id; raises NotFound, and Forbidden when the caller may not write it."""
    owner = writes.parent(c, kind, object_id) if ids.is_id(object_id) else None
    if owner is None:
        raise missing(kind, object_id)
    access.allow(ask.caller, Right.WRITE, owner[1])
    return Target(owner[0], owner[1], kind, object_id.lower())


def _in(tree: Tree, target: Target) -> Part:
    """The target in the tree; raises Conflict when it is being deleted."""
    if target.kind is kinds.LOADBALANCER and tree.loadbalancer:
        return tree.loadbalancer
    part: Part | None = edits.parts(tree, target.kind).get(target.object_id)
    if part is None:
        raise immutable(target, "PENDING_DELETE")
    return part


def _parent(c: Connection, kind: kinds.Kind, values: dict[str, Any]) -> Target:
    """Beneath what a new object goes."""
    above, attribute = PARENTS.get(kind) or _above_pool(values)
    if values.get(attribute) in (None, ids.NIL):
        message = f"{attribute} is required: a UUID."
        raise Invalid(message)
    owner = writes.parent(c, above, values[attribute])
    if owner is None:
        raise missing(above, values[attribute])
    if values.get("loadbalancer_id") not in (None, owner[0]):
        message = f"listener {values['listener_id']} does not belong to load balancer {values['loadbalancer_id']}."
        raise Invalid(message)
    return Target(owner[0], owner[1], above, values[attribute])


def _above_pool(values: dict[str, Any]) -> tuple[kinds.Kind, str]:
    if values.get("listener_id"):
        return kinds.LISTENER, "listener_id"
    if values.get("loadbalancer_id"):
        return kinds.LOADBALANCER, "loadbalancer_id"
    message = "A pool needs loadbalancer_id or listener_id."
    raise Invalid(message)


def stored(context: Context, kind: kinds.Kind, object_id: str) -> Part | None:
    """An object as it is stored now."""
    if not ids.is_id(object_id):
        return None
    return context.database.read(lambda c: rows.one(c, kind, object_id))


def entry(
    context: Context, ask: Ask, locked: Locked, action: str, part: Part, changes: dict[str, Any]
) -> journal.Entry:
    """A line of the journal."""
    return journal.Entry(
        at=context.now(),
        load_balancer_id=part.load_balancer_id,
        project_id=part.project_id,
        generation=locked.generation,
        entry="write",
        action=action,
        kind=kinds.of(part).table,
        object_id=part.id,
        who=ask.caller.user_id,
        request_id=ask.request_id,
        changes=changes,
    )


def _entries(context: Context, ask: Ask, locked: Locked, edit: Edit) -> Iterator[journal.Entry]:
    for part in edit.added:
        yield entry(context, ask, locked, "create", part, given(part))
    for before, after in edit.changed:
        yield entry(context, ask, locked, "update", after, edits.values(before, after))
    for part in edit.removed:
        yield entry(context, ask, locked, "delete", part, {})


def given(part: Part) -> dict[str, Any]:
    """What a new object sets: attribute to [nothing, value]."""
    return {
        n: [None, getattr(part, n)] for n in shown.names(kinds.of(part)) if getattr(part, n) not in (None, "", [], {})
    }
