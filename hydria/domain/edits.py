"""What a write makes of a tree: objects added, changed and removed, with all that follows from it. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from hydria.domain import kinds, rules
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import FIELD, Tree

STAMPS = frozenset({"changed", "touched", "updated_at"})


class Stamp(msgspec.Struct, frozen=True):
    """When a write happens: its generation and the time in microseconds."""

    generation: int
    now: int


def changed(part: Part, stamp: Stamp, values: dict[str, Any]) -> Any:
    """The object with other values, marked as written."""
    marks = {"changed": stamp.generation, "touched": stamp.generation, "updated_at": stamp.now}
    return msgspec.structs.replace(part, **values, **marks)


def add(tree: Tree, part: Part, stamp: Stamp, offer: rules.Offer) -> Tree:
    """The tree with a new object; raises a refusal."""
    part = rules.check(tree, part, offer)
    if isinstance(part, L7Policy):
        return _placed(tree, part, stamp)
    after = tree.plus(part)
    if isinstance(part, Pool) and part.listener_id:
        return after.plus(changed(tree.listeners[part.listener_id], stamp, {"default_pool_id": part.id}))
    return after


def change(tree: Tree, part: Part, values: dict[str, Any], stamp: Stamp, offer: rules.Offer) -> Tree:
    """The tree with other values of an object; raises a refusal."""
    wanted = rules.check(tree, changed(part, stamp, values), offer)
    if isinstance(wanted, L7Policy):
        return _placed(tree, wanted, stamp)
    return tree.plus(wanted)


def remove(tree: Tree, part: Part, stamp: Stamp) -> Tree:
    """The tree without an object and what is beneath it; raises Conflict."""
    rules.removable(tree, part)
    after = tree.minus(part.id, *(p.id for p in beneath(tree, part)))
    if isinstance(part, Pool):
        losing = [li for li in tree.listeners.values() if li.default_pool_id == part.id]
        return after.plus(*(changed(li, stamp, {"default_pool_id": None}) for li in losing))
    if isinstance(part, L7Policy):
        return _numbered(after, after.policies_of(part.listener_id), stamp)
    return after


def beneath(tree: Tree, part: Part) -> Iterator[Part]:
    """Everything that exists only as a part of an object."""
    if isinstance(part, Listener):
        for policy in tree.policies_of(part.id):
            yield policy
            yield from tree.rules_of(policy.id)
    elif isinstance(part, L7Policy):
        yield from tree.rules_of(part.id)
    elif isinstance(part, Pool):
        yield from tree.members_of(part.id)
        yield from (h for h in tree.healthmonitors.values() if h.pool_id == part.id)


def _placed(tree: Tree, policy: L7Policy, stamp: Stamp) -> Tree:
    """The tree with a policy at the position it asks for; the others of its listener make room."""
    others = [p for p in tree.policies_of(policy.listener_id) if p.id != policy.id]
    others.insert(min(policy.position - 1, len(others)), policy)
    return _numbered(tree.plus(policy), others, stamp)


def _numbered(tree: Tree, policies: Iterable[L7Policy], stamp: Stamp) -> Tree:
    moved = []
    for position, policy in enumerate(policies, 1):
        if policy.position != position:
            fresh = policy.changed == stamp.generation
            moved.append(
                msgspec.structs.replace(policy, position=position)
                if fresh
                else changed(policy, stamp, {"position": position})
            )
    return tree.plus(*moved)


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """How two trees differ."""

    added: tuple[Part, ...]
    changed: tuple[tuple[Part, Part], ...]  # before, after
    removed: tuple[Part, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(before: Tree, after: Tree) -> Edit:
    """How one tree becomes the other; parents before children."""
    old = {p.id: p for p in before.parts()}
    new = {p.id: p for p in after.parts()}
    return Edit(
        added=tuple(p for p in new.values() if p.id not in old),
        changed=tuple((old[p.id], p) for p in new.values() if p.id in old and old[p.id] is not p),
        removed=tuple(p for p in old.values() if p.id not in new),
    )


def values(before: Part, after: Part) -> dict[str, list[Any]]:
    """What a change sets: attribute to [before, after], the marks of the write aside."""
    names = [n for n in type(after).__struct_fields__ if n not in STAMPS]
    return {n: [getattr(before, n), getattr(after, n)] for n in names if getattr(before, n) != getattr(after, n)}


def touched(edit: Edit, before: Tree, after: Tree) -> dict[kinds.Kind, set[str]]:
    """What stands above the objects written, and is therefore pending too."""
    found: dict[kinds.Kind, set[str]] = {}
    written = [*edit.added, *(p for _, p in edit.changed), *edit.removed]
    for part in written:
        for tree in (before, after):
            for above in _above(tree, part):
                found.setdefault(kinds.of(above), set()).add(above.id)
    marked = {p.id for p in written}
    return {kind: ids - marked for kind, ids in found.items() if ids - marked}


def _above(tree: Tree, part: Part) -> Iterator[Part]:
    if isinstance(part, Pool):
        yield from tree.listeners_of(part.id)
    elif isinstance(part, Member | HealthMonitor) and part.pool_id in tree.pools:
        yield tree.pools[part.pool_id]
        yield from tree.listeners_of(part.pool_id)
    elif isinstance(part, L7Policy) and part.listener_id in tree.listeners:
        yield tree.listeners[part.listener_id]
    elif isinstance(part, L7Rule) and part.l7policy_id in tree.l7policies:
        policy = tree.l7policies[part.l7policy_id]
        yield policy
        yield from _above(tree, policy)


def parts(tree: Tree, kind: kinds.Kind) -> dict[str, Any]:
    """Objects of a kind below the load balancer, by id."""
    found: dict[str, Any] = getattr(tree, FIELD[kind.resource])
    return found
