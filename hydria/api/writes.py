"""The write path: one transaction takes the load balancer, checks rules on what it then reads, and writes the difference."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hydria.api import choices, conditions, idempotency, places, policies, waiting
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import edits, kinds, restoring
from hydria.domain.attributes import SPELLED
from hydria.domain.edits import Edit, Stamp
from hydria.domain.graphs import Planned
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.part import Part
from hydria.domain.refusals import Conflict, Invalid, NotFound, Unsupported
from hydria.domain.statuses import Provisioning
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

MUTABLE = (Provisioning.ACTIVE,)
DELETABLE = (Provisioning.ACTIVE, Provisioning.ERROR)
"""From which states strict settings let a load balancer be changed, and be deleted or restored."""


@dataclass(frozen=True)
class Target:
    """What a write is about: its load balancer, and how its owner may know it."""

    load_balancer_id: str
    project_id: str
    kind: kinds.Kind
    object_id: str
    under: str | None = None
    """Of a new object: the pool or policy it goes beneath."""


def missing(kind: kinds.Kind, object_id: str) -> NotFound:
    """The refusal of an id that nothing has."""
    return NotFound(f"{kind.words} {object_id} could not be found.")


def immutable(target: Target, status: str) -> Conflict:
    """The refusal of a change that must wait."""
    if target.kind is kinds.LOADBALANCER:
        return Conflict(f"Invalid state {status} of loadbalancer resource {target.load_balancer_id}")
    return Conflict(f"Load Balancer {target.load_balancer_id} is immutable and cannot be updated.")


def create(context: Context, ask: Ask, own: Planned, planned: Sequence[Planned]) -> shown.Shown:
    """Add an object below a load balancer, and what comes with it; the object as it is then shown."""
    kind, values, new_id = own.kind, own.values, own.id
    if subnets := [p.values["subnet_id"] for p in planned if p.values.get("subnet_id")]:
        context.database.read(lambda c: ask.must(policies.on(kind, "post"), _parent(c, kind, values).project_id))
        places.members(context.network, ask.caller, subnets)

    def work(c: Connection) -> shown.Shown:
        parent = _parent(c, kind, values)
        ask.must(policies.on(kind, "post"), parent.project_id)

        def make(tree: Tree, stamp: Stamp) -> Tree:
            if parent.kind is not kinds.LOADBALANCER and parent.object_id not in edits.parts(tree, parent.kind):
                raise immutable(Target(parent.load_balancer_id, parent.project_id, kind, new_id), "PENDING_DELETE")
            for p in planned:
                tree = edits.add(tree, born(p.kind, p.values, p.id, parent, stamp), stamp, context.settings.offer)
            return tree

        target = Target(parent.load_balancer_id, parent.project_id, kind, new_id, parent.object_id)
        change(context, c, ask, target, make)
        return _written(context, c, ask, 201, kind, new_id)

    return _told(context, ask, kind, context.database.write(work))


def _written(context: Context, c: Connection, ask: Ask, code: int, kind: kinds.Kind, object_id: str) -> shown.Shown:
    """The object as it is now; kept as the answer, should the request come again."""
    found = shown.one(c, kind, object_id, context.now())
    assert found is not None
    idempotency.keep(context, c, ask.once, code, kind, found)
    return found


def _told(context: Context, ask: Ask, kind: kinds.Kind, found: shown.Shown) -> shown.Shown:
    waiting.told(context, ask, found.load_balancer_id)
    context.observed.read(lambda o: shown.operating(o, [found]))
    return waiting.reached(context, ask, kind, found)


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


def update(
    context: Context,
    ask: Ask,
    kind: kinds.Kind,
    object_id: str,
    values: dict[str, Any],
    again: Callable[[Part], dict[str, Any]] | None = None,
) -> shown.Shown:
    """Change an object; the object as it is then shown. `again` gives the values anew where they depend on those stored."""
    if kind is kinds.LOADBALANCER and (values.get("vip_sg_ids") or values.get("vip_qos_policy_id")):
        context.database.read(lambda c: found(c, ask, kind, object_id, *policies.putting(values)))
        places.guards(context.network, values)

    def work(c: Connection) -> shown.Shown:
        target = found(c, ask, kind, object_id, *policies.putting(values))

        def make(tree: Tree, stamp: Stamp) -> Tree:
            part = _in(tree, target, ask)
            return edits.change(tree, part, again(part) if again else values, stamp, context.settings.offer)

        change(context, c, ask, target, make)
        return _written(context, c, ask, 200, kind, target.object_id)

    return _told(context, ask, kind, context.database.write(work))


def restore(context: Context, ask: Ask, kind: kinds.Kind, object_id: str) -> shown.Shown:
    """Give an object that the data plane refuses the values that run; the object as it is then shown."""

    def work(c: Connection) -> shown.Shown:
        target = found(c, ask, kind, object_id, "put")

        def make(tree: Tree, stamp: Stamp) -> Tree:
            part = _in(tree, target, ask)
            runs, _, _ = worlds.accepted(c, target.load_balancer_id)
            verdict = worlds.verdicts(c, target.load_balancer_id).get(part.id)
            values = restoring.values(part, runs.find(part.id), verdict)
            return edits.change(tree, part, values, stamp, context.settings.offer)

        change(context, c, ask, target, make, "restore")
        return _written(context, c, ask, 200, kind, target.object_id)

    return _told(context, ask, kind, context.database.write(work))


def delete(context: Context, ask: Ask, kind: kinds.Kind, object_id: str, *, cascade: bool = False) -> None:
    """Remove an object and what is beneath it; a load balancer with children only when `cascade` says so."""

    def work(c: Connection) -> str:
        target = found(c, ask, kind, object_id, "delete")
        if kind is kinds.LOADBALANCER:
            _delete_root(context, c, ask, target, cascade=cascade)
        else:
            change(context, c, ask, target, lambda tree, stamp: edits.remove(tree, _in(tree, target, ask), stamp))
        idempotency.keep_plain(context, c, ask.once, 204)
        return target.load_balancer_id

    waiting.told(context, ask, context.database.write(work))


def _delete_root(context: Context, c: Connection, ask: Ask, target: Target, *, cascade: bool) -> None:
    locked = take(context, c, target, context.settings.delete_s, DELETABLE)
    conditions.check(ask.etags, locked.load_balancer)
    tree = worlds.beneath(c, target.load_balancer_id, locked.load_balancer)
    if not cascade and (tree.listeners or tree.pools):
        message = f"Load balancer {target.load_balancer_id} still has listeners or pools; delete them first, or delete with cascade=true."
        raise Invalid(message)
    intents.remove_tree(c, target.load_balancer_id, locked.generation)
    journal.add(c, entry(context, ask, locked, "delete", locked.load_balancer, {}))


def change(context: Context, c: Connection, ask: Ask, target: Target, make: Make, action: str = "update") -> Edit:
    """Take the load balancer, make another tree of its tree and write the difference."""
    locked = take(context, c, target, context.settings.push_s, DELETABLE if action == "restore" else MUTABLE)
    stamp = Stamp(locked.generation, context.now())
    before = worlds.beneath(c, target.load_balancer_id, locked.load_balancer)
    after = make(before, stamp)
    edit = edits.difference(before, after)
    choices.check_members(edit.added, lambda: choices.flavor(c, locked.load_balancer))
    for part in (*edit.added, *(p for _, p in edit.changed)):
        if reason := context.lacks.unsupported(part, after):
            raise Unsupported(reason)
    counts = Counter(kinds.of(p).table for p in edit.added)
    if counts:
        leaving = Counter(kinds.of(p).table for p in edit.removed)
        quotas.take(c, target.project_id, counts, context.settings.quotas, leaving)
    writes.apply(c, edit, edits.touched(edit, before, after), stamp)
    journal.add(c, *_entries(context, ask, locked, edit, action))
    return edit


def take(
    context: Context, c: Connection, target: Target, deadline_s: float, allowed: Collection[Provisioning] = MUTABLE
) -> Locked:
    """Take the load balancer of a target; raises Conflict when it may not be changed now (`allowed` is for strict settings)."""
    due_at = context.now() + int(deadline_s * 1_000_000)
    generation = _strictly(context, c, target, allowed) if context.settings.strict_immutable else None
    try:
        locked = intents.lock(c, target.load_balancer_id, due_at)
    except Conflict:
        raise immutable(target, "PENDING_DELETE") from None
    if generation not in (None, locked.generation - 1):  # somebody was quicker
        raise immutable(target, "PENDING_UPDATE")
    return locked


def _strictly(context: Context, c: Connection, target: Target, allowed: Collection[Provisioning]) -> int:
    """The generation of a load balancer that strict settings let be changed now; raises Conflict."""
    lb = rows.one(c, kinds.LOADBALANCER, target.load_balancer_id)
    if not isinstance(lb, LoadBalancer):
        raise missing(kinds.LOADBALANCER, target.load_balancer_id)
    _must_be(context, c, target, (kinds.LOADBALANCER, lb.id), allowed)
    above = PARENTS.get(target.kind, (None, ""))[0]
    if above in (kinds.POOL, kinds.L7POLICY):
        there = shown.one(c, target.kind, target.object_id, context.now())
        parent_id = target.under or (there.parent_id if there else None)
        _must_be(context, c, target, (above, parent_id or ""), MUTABLE)
    return lb.generation


def _must_be(
    context: Context, c: Connection, target: Target, thing: tuple[kinds.Kind, str], allowed: Collection[Provisioning]
) -> None:
    """Raise Conflict unless something is in one of these states."""
    there = shown.one(c, *thing, context.now())
    if there is None:
        raise missing(*thing)
    if there.body["provisioning_status"] not in allowed:
        raise immutable(target, there.body["provisioning_status"])


def found(c: Connection, ask: Ask, kind: kinds.Kind, object_id: str, *actions: str) -> Target:
    """The target with this id; raises NotFound, and Forbidden when the caller may not do one of these to it."""
    owner = writes.parent(c, kind, object_id) if ids.is_id(object_id) else None
    if owner is None:
        raise missing(kind, object_id)
    for action in actions:
        ask.must(policies.on(kind, action), owner[1])
    return Target(owner[0], owner[1], kind, object_id.lower())


def _in(tree: Tree, target: Target, ask: Ask) -> Part:
    """The target in the tree; raises Conflict when it is being deleted, Changed when it is not as the request expects."""
    if target.kind is kinds.LOADBALANCER:
        part: Part | None = tree.loadbalancer
    else:
        part = edits.parts(tree, target.kind).get(target.object_id)
    if part is None:
        raise immutable(target, "PENDING_DELETE")
    conditions.check(ask.etags, part)
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


def _entries(context: Context, ask: Ask, locked: Locked, edit: Edit, action: str) -> Iterator[journal.Entry]:
    for part in edit.added:
        yield entry(context, ask, locked, "create", part, given(part))
    for before, after in edit.changed:
        pairs = {n: [_seen(before, n), _seen(after, n)] for n in shown.names(kinds.of(after)) if n not in edits.STAMPS}
        yield entry(context, ask, locked, action, after, {n: pair for n, pair in pairs.items() if pair[0] != pair[1]})
    for part in edit.removed:
        yield entry(context, ask, locked, "delete", part, {})


def given(part: Part) -> dict[str, Any]:
    """What a new object sets: attribute to [nothing, value]."""
    values = {n: _seen(part, n) for n in shown.names(kinds.of(part))}
    return {n: [None, value] for n, value in values.items() if value not in (None, "", [], {})}


def _seen(part: Part, name: str) -> Any:
    """The value of an attribute as users see it."""
    return getattr(part, name + SPELLED, None) or getattr(part, name)
