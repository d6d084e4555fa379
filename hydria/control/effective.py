"""The tree that is pushed: what is wanted, less what was refused and what hangs on it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hydria.control import tightening
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import FIELD, Tree
from hydria.domain.verdict import Verdict

DEPENDENCY = (LoadBalancer, Pool, Listener, L7Policy, L7Rule, HealthMonitor, Member)
"""Kinds of objects, each after those that it may refer to."""

Parts = dict[str, Part]


@dataclass(frozen=True)
class Composed:
    """A tree, and what is held back in it: object to the kept object it waits for (itself when kept)."""

    tree: Tree
    held: dict[str, str]


def effective(desired: Tree, accepted: Tree, verdicts: Mapping[str, Verdict]) -> Tree:
    """What to push. A refused object keeps its accepted values, and takes of its new ones only what tightens.

    A refused new object is left out with what cannot be without it; a reference to either stays as accepted. Nothing is
    deleted that is still referred to. An L7 policy goes with all its rules or stays with them all: without one of
    its conditions it would catch requests it was never meant for.
    """
    kept = refused(desired, accepted, verdicts)
    bare = [v.object_id for v in verdicts.values() if v.bare]
    return compose(desired, accepted, kept, bare).tree


def refused(desired: Tree, accepted: Tree, verdicts: Mapping[str, Verdict]) -> list[str]:
    """Objects whose pending change has a verdict of its own (what waits for another is worked out anew)."""
    now = {i: part.changed for i, part in changes(desired, accepted).items()}
    own = (v for v in verdicts.values() if not (v.held and v.because))
    return [v.object_id for v in own if now.get(v.object_id) == v.changed]


def changes(desired: Tree, accepted: Tree) -> Parts:
    """What differs: deletions (as accepted) first, what refers before what is referred to; then the rest, as desired."""
    want, have = index(wanted(desired)), index(accepted)
    gone = [p for i, p in have.items() if i not in want]
    new = [p for i, p in want.items() if i not in have or have[i].changed != p.changed]
    return {p.id: p for p in [*sorted(gone, key=_order, reverse=True), *sorted(new, key=_order)]}


def _order(part: Part) -> tuple[int, int, str]:
    return DEPENDENCY.index(type(part)), part.born, part.id


def index(tree: Tree) -> Parts:
    """A tree's objects by id."""
    return {p.id: p for p in tree.parts()}


def wanted(tree: Tree) -> Tree:
    """A tree without what is marked as deleted."""
    if tree.loadbalancer is None or tree.loadbalancer.deleted:
        return Tree()
    return tree.minus(*(p.id for p in tree.parts() if p.deleted))


def compose(
    desired: Tree, accepted: Tree, kept: Collection[str], bare: Collection[str] = (), *, whole_policies: bool = True
) -> Composed:
    """The desired tree with the changes of some objects (deletions too) held back.

    Of those that are not `bare` what tightens is taken still. Without `whole_policies` a policy may come without
    some of its rules: good for finding the rule that is refused, never for use.
    """
    want = wanted(desired)
    if not kept:
        return Composed(want, {})
    before, after = index(accepted), index(want)
    holding = Holding(after, before, whole_policies=whole_policies)
    holding.hold(i for i in changes(desired, accepted) if i in kept)
    parts: list[Part] = []
    for part in after.values():
        parts += _chosen(part, before.get(part.id), holding, bare)
    parts += [p for i, p in before.items() if i not in after and i in holding.back]
    return Composed(_tree(parts), holding.back | holding.loose)


def _chosen(part: Part, before: Part | None, holding: "Holding", bare: Collection[str]) -> Iterator[Part]:
    """An object as it is composed: nothing when it is new and held back.

    Whatever is not wholly as desired has the accepted `changed`, so that the rest of the change is not forgotten.
    """
    if part.id not in holding.back and part.id not in holding.loose:
        yield part
    elif before is None:
        return
    elif part.id in holding.back:
        taken = before if part.id in bare else tightening.tightened(before, part)
        if isinstance(taken, LoadBalancer) and isinstance(part, LoadBalancer):
            taken = msgspec.structs.replace(taken, generation=part.generation, due_at=part.due_at)
        yield msgspec.structs.replace(taken, touched=part.touched)
    else:
        yield msgspec.structs.replace(part, default_pool_id=target(before), changed=before.changed)


def _tree(parts: Iterable[Part]) -> Tree:
    fields: defaultdict[str, Any] = defaultdict(dict)
    for part in sorted(parts, key=lambda p: p.born):
        if isinstance(part, LoadBalancer):
            fields["loadbalancer"] = part
        else:
            fields[FIELD[type(part)]][part.id] = part
    return Tree(**fields)


def parent(part: Part) -> str | None:
    """The object right above."""
    if isinstance(part, Member | HealthMonitor):
        return part.pool_id
    if isinstance(part, L7Policy):
        return part.listener_id
    if isinstance(part, L7Rule):
        return part.l7policy_id
    return None if isinstance(part, LoadBalancer) else part.load_balancer_id


def target(part: Part | None) -> str | None:
    """The pool an object sends traffic to."""
    if isinstance(part, Listener):
        return part.default_pool_id
    return part.redirect_pool_id if isinstance(part, L7Policy) else None


class Holding:
    """Works out what stays behind when some changes do. `back` and `loose` say for whose sake each object stays.

    Back: as accepted, or left out. Loose: a listener as desired, save its default pool.
    """

    def __init__(self, after: Parts, before: Parts, *, whole_policies: bool) -> None:
        self.after, self.before = after, before
        self.back: dict[str, str] = {}
        self.loose: dict[str, str] = {}
        self._gone = [p for i, p in before.items() if i not in after]
        self._users: defaultdict[str, list[str]] = defaultdict(list)  # accepted referrers of a pool
        self._beneath: defaultdict[str, list[str]] = defaultdict(list)  # accepted children
        self._rules: defaultdict[str, set[str]] = defaultdict(set)  # of a policy, accepted and desired
        for part in before.values():
            self._users[target(part) or ""].append(part.id)
            self._beneath[parent(part) or ""].append(part.id)
        for part in (*before.values(), *after.values()) if whole_policies else ():
            if isinstance(part, L7Rule):
                self._rules[part.l7policy_id].add(part.id)

    def hold(self, kept: Iterable[str]) -> None:
        """Hold these back, and in turn everything that must stay behind with them."""
        self.back |= {i: i for i in kept}
        size = -1
        while size != (size := len(self.back) + len(self.loose)):
            for part in self.after.values():
                if part.id not in self.back:
                    self._weigh(part)
            for part in self._gone:
                if part.id not in self.back and (cause := self._still_needed(part)):
                    self.back[part.id] = cause

    def _weigh(self, part: Part) -> None:
        pool, before = target(part), self.before.get(part.id)
        if cause := self._above(part) or self._policy(part):
            self.back[part.id] = cause
        elif pool and pool in self.back and (pool not in self.before or target(before) != pool):
            stays = self.loose if before and isinstance(part, Listener) else self.back
            stays[part.id] = self.back[pool]

    def _above(self, part: Part) -> str | None:
        up = parent(part)
        return self.back.get(up) if up and up not in self.before else None

    def _policy(self, part: Part) -> str | None:
        """What holds another piece of the same policy."""
        policy = part.l7policy_id if isinstance(part, L7Rule) else part.id
        return self._first({policy, *self._rules[policy]}) if policy in self._rules else None

    def _still_needed(self, part: Part) -> str | None:
        """What keeps an object that is to be deleted: what sends traffic to it, its parent, children or policy."""
        up = parent(part)
        above = [up] if up and up not in self.after else []
        cause = self._first([*self._users[part.id], *above]) or self._policy(part)
        return cause or self._first(i for i in self._beneath[part.id] if i not in self.after)

    def _first(self, ids: Iterable[str]) -> str | None:
        causes = (self.back.get(i) or self.loose.get(i) for i in ids)
        return min((c for c in causes if c), default=None)
