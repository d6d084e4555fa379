"""A tree: one load balancer and everything beneath it, as it is or is wanted at one generation."""

from collections.abc import Iterator
from typing import Any

import msgspec

from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """Objects by id, each kind in a dictionary of its own, ordered by birth. The load balancer may be absent (empty tree)."""

    loadbalancer: LoadBalancer | None = None
    listeners: dict[str, Listener] = {}
    pools: dict[str, Pool] = {}
    members: dict[str, Member] = {}
    healthmonitors: dict[str, HealthMonitor] = {}
    l7policies: dict[str, L7Policy] = {}
    l7rules: dict[str, L7Rule] = {}

    @property
    def generation(self) -> int:
        """The generation of the load balancer; 0 for the empty tree."""
        return self.loadbalancer.generation if self.loadbalancer else 0

    def parts(self) -> Iterator[Part]:
        """Every object, parents before children."""
        if self.loadbalancer:
            yield self.loadbalancer
        for field in FIELD.values():
            if field != "loadbalancer":
                yield from getattr(self, field).values()

    def find(self, part_id: str) -> Part | None:
        """The object with this id."""
        return next((p for p in self.parts() if p.id == part_id), None)

    def members_of(self, pool_id: str) -> list[Member]:
        """The members of a pool, in order of birth."""
        return [m for m in self.members.values() if m.pool_id == pool_id]

    def monitor_of(self, pool_id: str) -> HealthMonitor | None:
        """The health monitor of a pool."""
        return next((h for h in self.healthmonitors.values() if h.pool_id == pool_id), None)

    def policies_of(self, listener_id: str) -> list[L7Policy]:
        """The policies of a listener, by position."""
        found = [p for p in self.l7policies.values() if p.listener_id == listener_id]
        return sorted(found, key=lambda p: p.position)

    def rules_of(self, policy_id: str) -> list[L7Rule]:
        """The rules of a policy, in order of birth."""
        return [r for r in self.l7rules.values() if r.l7policy_id == policy_id]

    def listeners_of(self, pool_id: str) -> list[Listener]:
        """Listeners that use a pool: as their default or through a policy."""
        through = {p.listener_id for p in self.l7policies.values() if p.redirect_pool_id == pool_id}
        return [li for li in self.listeners.values() if li.default_pool_id == pool_id or li.id in through]

    def plus(self, *parts: Part) -> "Tree":
        """A tree with these objects added or replaced."""
        changes: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, LoadBalancer):
                changes["loadbalancer"] = part
                continue
            field = FIELD[type(part)]
            changes.setdefault(field, dict(getattr(self, field)))[part.id] = part
        return msgspec.structs.replace(self, **changes)

    def minus(self, *part_ids: str) -> "Tree":
        """A tree without these objects; what is beneath them stays (say it too)."""
        gone = set(part_ids)
        changes: dict[str, Any] = {}
        for field in FIELD.values():
            if field == "loadbalancer":
                if self.loadbalancer and self.loadbalancer.id in gone:
                    changes[field] = None
                continue
            have = getattr(self, field)
            if gone & have.keys():
                changes[field] = {k: v for k, v in have.items() if k not in gone}
        return msgspec.structs.replace(self, **changes)


FIELD: dict[type[Part], str] = {
    LoadBalancer: "loadbalancer",
    Listener: "listeners",
    Pool: "pools",
    Member: "members",
    HealthMonitor: "healthmonitors",
    L7Policy: "l7policies",
    L7Rule: "l7rules",
}
"""Where objects of a kind stand in a tree."""


def dump(tree: Tree) -> bytes:
    """A tree as bytes, for the accepted tree's row."""
    return msgspec.msgpack.encode(tree, enc_hook=str)


def load(raw: bytes) -> Tree:
    """The tree those bytes hold."""
    return msgspec.msgpack.decode(raw, type=Tree, strict=False, dec_hook=_plain)


def _plain(kind: type, value: Any) -> Any:
    return kind(value)
