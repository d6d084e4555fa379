"""Several objects in one request: a body with children in it, a whole load balancer's at most, read into objects to be made. Pure.

Pools are known by name. A pool inside something else refers to one that is defined when it says little more than the name.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from hydria.domain import edits, forms, kinds
from hydria.domain.attributes import At, attributes
from hydria.domain.edits import Stamp
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.refusals import Invalid
from hydria.domain.rules import Offer
from hydria.domain.tree import Tree

Body = dict[str, Any]
ORDER = (kinds.POOL, kinds.MEMBER, kinds.HEALTHMONITOR, kinds.LISTENER, kinds.L7POLICY, kinds.L7RULE)
"""What others refer to comes first."""
ABOVE = ("loadbalancer_id", "listener_id", "pool_id")
"""What a child inside its parent does not say."""
MOST_OF_A_REFERENCE = 3
"""An object of more attributes than these defines a pool."""


class Planned(msgspec.Struct, frozen=True):
    """An object to be made."""

    kind: kinds.Kind
    id: str
    values: Body


class Reader:
    """Reads one request. `fresh` gives identifiers."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh
        self._planned: dict[kinds.Kind, list[Planned]] = {k: [] for k in ORDER}
        self._pools: dict[str, str] = {}

    def read(self, body: Body) -> list[Planned]:
        """Take the children out of the body of a load balancer; raises Invalid."""
        listeners = [dict(li) for li in _objects("listeners", body.pop("listeners", None))]
        for pool in _objects("pools", body.pop("pools", None)):
            self._define(pool)
        for listener in listeners:
            for policy in _objects("l7policies", listener.get("l7policies")):
                self._define_if_new(policy.get("redirect_pool"))
            self._define_if_new(listener.get("default_pool"))
        for listener in listeners:
            self._listener(listener)
        return [p for kind in ORDER for p in self._planned[kind]]

    def read_below(self, kind: kinds.Kind, body: Body, **parents: str) -> tuple[Planned, list[Planned]]:
        """One object below a load balancer, and all that is to be made for it, itself included; raises Invalid."""
        if kind is kinds.LISTENER:
            own = self._listener_alone(dict(body))
        elif kind is kinds.POOL:
            own = self._pool(dict(body))
        elif kind is kinds.L7POLICY:
            own = self._with_rules(dict(body))
        else:
            own = self._plan(kind, body, **parents)
        planned = [p for k in ORDER for p in self._planned[k]]
        return next(p for p in planned if p.id == own), planned

    def _plan(self, kind: kinds.Kind, body: Body, **parents: str) -> str:
        forms.project(body)
        asked = attributes(kind.resource)
        named = {n: i for n, i in parents.items() if asked[n].at & At.CREATE}
        planned = Planned(kind, self._fresh(), {**forms.create(kind.resource, {**body, **named}), **parents})
        self._planned[kind].append(planned)
        return planned.id

    def _define(self, asked: Body) -> None:
        body = dict(asked)
        name = body.get("name")
        if not isinstance(name, str) or not name:
            message = "pools: every pool of a whole tree needs a name."
            raise Invalid(message)
        if name in self._pools:
            message = f"pools: two pools are named {name!r}."
            raise Invalid(message)
        self._pools[name] = self._pool(body)

    def _pool(self, body: Body) -> str:
        members, monitor = _objects("members", body.pop("members", None)), body.pop("healthmonitor", None)
        pool_id = self._plan(kinds.POOL, body)
        for member in members:
            self._plan(kinds.MEMBER, dict(member), pool_id=pool_id)
        if monitor is not None:
            self._plan(kinds.HEALTHMONITOR, dict(_object("healthmonitor", monitor)), pool_id=pool_id)
        return pool_id

    def _define_if_new(self, asked: Any) -> None:
        """A pool inside something else: a definition, unless it names one that is defined."""
        if asked is None:
            return
        body = _object("pool", asked)
        is_short = len(body) <= MOST_OF_A_REFERENCE
        if not (is_short and ("protocol" not in body or body.get("name") in self._pools)):
            self._define(body)

    def _referred(self, asked: Any) -> str:
        name = _object("pool", asked).get("name")
        if name not in self._pools:
            message = f"pool {name!r} is referred to and not defined."
            raise Invalid(message)
        return self._pools[name]

    def _listener(self, body: Body) -> None:
        pool, policies = body.pop("default_pool", None), _objects("l7policies", body.pop("l7policies", None))
        if body.get("default_pool_id") is not None:
            message = "default_pool_id: inside a load balancer that is being made, a listener's pool is default_pool."
            raise Invalid(message)
        parents = {"default_pool_id": self._referred(pool)} if pool is not None else {}
        listener_id = self._plan(kinds.LISTENER, body, **parents)
        for policy in policies:
            self._policy(dict(policy), listener_id)

    def _listener_alone(self, body: Body) -> str:
        """A listener of a load balancer that is there; its default pool needs no name where nothing else refers to it."""
        pool, policies = body.pop("default_pool", None), _objects("l7policies", body.pop("l7policies", None))
        if pool is not None and body.get("default_pool_id") is not None:
            message = "default_pool: give either a pool to be made, or default_pool_id."
            raise Invalid(message)
        for policy in policies:
            self._define_if_new(policy.get("redirect_pool"))
        parents = {}
        if pool is not None and _object("default_pool", pool).get("name"):
            self._define_if_new(pool)
            parents = {"default_pool_id": self._referred(pool)}
        elif pool is not None:
            parents = {"default_pool_id": self._pool(dict(pool))}
        listener_id = self._plan(kinds.LISTENER, body, **parents)
        for policy in policies:
            self._policy(dict(policy), listener_id)
        return listener_id

    def _policy(self, body: Body, listener_id: str) -> None:
        pool, parents = body.pop("redirect_pool", None), {"listener_id": listener_id}
        if pool is not None:
            parents["redirect_pool_id"] = self._referred(pool)
        self._with_rules(body, **parents)

    def _with_rules(self, body: Body, **parents: str) -> str:
        asked = _objects("rules", body.pop("rules", None))
        policy_id = self._plan(kinds.L7POLICY, body, **parents)
        for rule in asked:
            self._plan(kinds.L7RULE, dict(rule), l7policy_id=policy_id)
        return policy_id


def _objects(name: str, asked: Any) -> list[Body]:
    if asked is None:
        return []
    if not isinstance(asked, list):
        message = f"{name} must be a list of objects; not {forms.quoted(asked)}."
        raise Invalid(message)
    return [_object(name, a) for a in asked]


def _object(name: str, asked: Any) -> Body:
    if not isinstance(asked, dict):
        message = f"{name}: {forms.quoted(asked)} is no object."
        raise Invalid(message)
    for parent in ABOVE:
        if parent in asked:
            message = f"{name}: {parent!r} cannot be given: a child inside its parent does not name it."
            raise Invalid(message)
    return asked


def built(lb: LoadBalancer, planned: list[Planned], now: int, offer: Offer) -> Tree:
    """The tree of a new load balancer, every rule checked; raises a refusal."""
    tree, stamp = Tree(loadbalancer=lb), Stamp(1, now)
    for p in planned:
        marks = {"born": 1, "changed": 1, "touched": 1, "created_at": now}
        owner = {"id": p.id, "project_id": lb.project_id, "load_balancer_id": lb.id}
        tree = edits.add(tree, p.kind.resource(**{**p.values, **owner, **marks}), stamp, offer)
    return tree
