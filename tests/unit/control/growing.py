"""Trees for tests, grown by hand or at random, and data planes that refuse some of their objects."""

from collections.abc import Callable, Generator
from typing import Any

import msgspec
from hypothesis import strategies as st

from hydria.control import blame
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.types import (
    Address,
    Algorithm,
    Compare,
    ListenerProtocol,
    MonitorType,
    PolicyAction,
    PoolProtocol,
    RuleType,
)

Oracle = Callable[[Tree], str | None]

REQUIRED: dict[type[Part], dict[str, Any]] = {
    LoadBalancer: {},
    Listener: {"protocol": ListenerProtocol.HTTP, "protocol_port": 80},
    Pool: {"protocol": PoolProtocol.HTTP, "lb_algorithm": Algorithm.ROUND_ROBIN},
    Member: {"address": Address("10.0.0.1"), "protocol_port": 80},
    HealthMonitor: {"type": MonitorType.TCP, "delay": 5, "timeout": 5, "max_retries": 3},
    L7Policy: {"action": PolicyAction.REJECT},
    L7Rule: {"type": RuleType.PATH, "compare_type": Compare.EQUAL_TO, "value": "/"},
}


def part(kind: type[Part], part_id: str, changed: int, **values: Any) -> Any:
    """An object as it is since it last changed, which is when it was born too."""
    common = {"project_id": "p", "load_balancer_id": "lb", "created_at": 0, "born": changed, "touched": changed}
    return kind(id=part_id, changed=changed, **{**common, **REQUIRED[kind], **values})


def tree(generation: int, *parts: Part) -> Tree:
    """A load balancer, unchanged since it was created, with these objects."""
    return Tree().plus(part(LoadBalancer, "lb", 1, generation=generation), *parts)


def change(before: Tree, part_id: str, **values: Any) -> Tree:
    """The next generation of a tree, with an object changed."""
    after = later(before)
    found, g = after.find(part_id), after.generation
    assert found
    return after.plus(msgspec.structs.replace(found, changed=g, touched=g, **values))


def later(before: Tree) -> Tree:
    """The next generation of a tree."""
    assert before.loadbalancer
    return before.plus(msgspec.structs.replace(before.loadbalancer, generation=before.generation + 1))


def judge(oracle: Oracle, deciding: Generator[Tree, str | None, blame.Outcome]) -> blame.Outcome:
    """Let a data plane answer until the blame is found."""
    try:
        candidate = next(deciding)
        while True:
            candidate = deciding.send(oracle(candidate))
    except StopIteration as end:
        outcome: blame.Outcome = end.value
        return outcome


def refusing(*poison: tuple[str, int]) -> Oracle:
    """A data plane that refuses some objects since they changed."""

    def oracle(candidate: Tree) -> str | None:
        return next((f"no {p.id}" for p in candidate.parts() if (p.id, p.changed) in poison), None)

    return oracle


# --- at random: a history of requests as the API would let them in

Draw = Callable[[st.SearchStrategy[Any]], Any]


def _one(draw: Draw, ids: dict[str, Any]) -> str:
    chosen: str = draw(st.sampled_from(sorted(ids)))
    return chosen


def _maybe(draw: Draw, ids: dict[str, Any]) -> str | None:
    return draw(st.sampled_from([None, *sorted(ids)])) if ids else None


def _create(draw: Draw, t: Tree) -> Tree:
    g = t.generation + 1
    bare = {p for p in t.pools if not t.monitor_of(p)}
    makers: list[tuple[type[Part], Callable[[], dict[str, Any]]]] = [
        (Pool, dict),
        (Listener, lambda: {"default_pool_id": _maybe(draw, t.pools)}),
    ]
    if t.pools:
        makers.append((Member, lambda: {"pool_id": _one(draw, t.pools)}))
    if bare:
        makers.append((HealthMonitor, lambda: {"pool_id": draw(st.sampled_from(sorted(bare)))}))
    if t.listeners:
        policy = {"listener_id": "", "redirect_pool_id": None}
        makers.append((L7Policy, lambda: {**policy, "listener_id": _one(draw, t.listeners), **_pointed(draw, t)}))
    if t.l7policies:
        makers.append((L7Rule, lambda: {"l7policy_id": _one(draw, t.l7policies)}))
    kind, values = draw(st.sampled_from(makers))
    return later(t).plus(part(kind, f"{kind.__name__.lower()}-{g}", g, **values()))


def _pointed(draw: Draw, t: Tree) -> dict[str, Any]:
    return {"redirect_pool_id": _maybe(draw, t.pools)}


def _update(draw: Draw, t: Tree) -> Tree:
    chosen = draw(st.sampled_from([p for p in t.parts() if not isinstance(p, L7Rule | LoadBalancer)]))
    values: dict[str, Any] = {"name": f"since {t.generation + 1}"}
    if draw(st.booleans()):
        values["admin_state_up"] = draw(st.booleans())
    if isinstance(chosen, Listener):
        values["default_pool_id"] = _maybe(draw, t.pools)
    if isinstance(chosen, L7Policy):
        values |= _pointed(draw, t)
    return change(t, chosen.id, **values)


def _delete(draw: Draw, t: Tree) -> Tree:
    used = {p.redirect_pool_id for p in t.l7policies.values()}
    gone = {draw(st.sampled_from([p.id for p in t.parts() if p.id not in used and p.id != "lb"] or ["none"]))}
    for p in t.parts():  # parents come before children
        above = {getattr(p, f, None) for f in ("pool_id", "listener_id", "l7policy_id")}
        if above & gone:
            gone.add(p.id)
    after = later(t).minus(*gone)
    for listener in t.listeners.values():
        if listener.default_pool_id in gone and listener.id not in gone:
            g = after.generation
            after = after.plus(msgspec.structs.replace(listener, default_pool_id=None, changed=g, touched=g))
    return after


@st.composite
def histories(draw: Draw, most: int = 8) -> tuple[Tree, Tree]:
    """An accepted tree (it may be empty) and one that is desired some requests later."""
    now = tree(1)
    first = draw(st.integers(0, most))
    trees = []
    for count in (first, draw(st.integers(1, most))):
        for _ in range(count):
            requests = [_create, _create, _update, _delete] if len(list(now.parts())) > 1 else [_create]
            now = draw(st.sampled_from(requests))(draw, now)
        trees.append(now)
    return (Tree() if draw(st.integers(0, 4)) == 0 else trees[0]), trees[1]
