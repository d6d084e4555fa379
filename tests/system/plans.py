"""Random plans of several users for a few objects that they share: each names what it does by small numbers, so that it shrinks."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.system.crowd import POOL, Scribe, member
from tests.system.house import House, at_once

Op = tuple[str, int, int]
Plan = list[list[Op]]
RULE = {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/"}
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
USUAL = (400, 404, 409)
"""How a write is refused that another made impossible."""


def whole(subnet: str) -> dict[str, Any]:
    """The tree that they begin with."""
    policies = [{"action": "REJECT", "name": str(n), "rules": [RULE]} for n in range(2)]
    first = {**POOL, "name": "web", "members": [member(n) for n in range(2)], "healthmonitor": MONITOR}
    other = {**POOL, "name": "tcp", "protocol": "TCP"}
    listener = {"protocol": "HTTP", "protocol_port": 80, "default_pool": {"name": "web"}, "l7policies": policies}
    return {"loadbalancer": {"vip_subnet_id": subnet, "listeners": [listener], "pools": [first, other]}}


class Shared:
    """What they share. New objects join it, and those that are deleted stay: some ask for what is gone."""

    def __init__(self, house: House) -> None:
        self.scribe = Scribe(house)
        answer = self.scribe.ask("POST", "loadbalancers", whole(house.subnets["demo"]))
        assert answer, self.scribe.refused
        lb = answer["loadbalancer"]
        self.lb: str = lb["id"]
        self.listeners = [li["id"] for li in lb["listeners"]]
        self.policies = [p["id"] for li in lb["listeners"] for p in li["l7policies"]]
        self.pools = [p["id"] for p in lb["pools"]]
        self.members = [(p["id"], m["id"]) for p in lb["pools"] for m in p["members"]]

    def play(self, plan: Plan) -> list[Any]:
        """Every user in a thread of its own; what went wrong in them."""

        def user(n: int) -> None:
            for verb, one, other in plan[n]:
                VERBS[verb](self, one, other)

        return [r for r in at_once(user, len(plan), len(plan)) if r is not None]

    def listener(self, one: int, other: int) -> None:
        """Two of the same port are one too many."""
        body = {"loadbalancer_id": self.lb, "protocol": "HTTP", "protocol_port": 80 + one}
        self._made(self.listeners, "listeners", "listener", {**body, "default_pool_id": _of(self.pools, other)})

    def pool(self, one: int, other: int) -> None:
        above = {"listener_id": _of(self.listeners, other)} if one % 2 else {"loadbalancer_id": self.lb}
        self._made(self.pools, "pools", "pool", {**above, **POOL})

    def turn(self, one: int, other: int) -> None:
        """Give a listener another pool; one of them is not for it."""
        pool = None if other == 0 else _of(self.pools, other)
        self.scribe.ask("PUT", f"listeners/{_of(self.listeners, one)}", {"listener": {"default_pool_id": pool}})

    def policy(self, one: int, other: int) -> None:
        where = {"listener_id": _of(self.listeners, other), "position": one + 1}
        pool = {"action": "REDIRECT_TO_POOL", "redirect_pool_id": _of(self.pools, one)}
        self._made(self.policies, "l7policies", "l7policy", {**where, **(pool if other % 2 else {"action": "REJECT"})})

    def move(self, one: int, other: int) -> None:
        self.scribe.ask("PUT", f"l7policies/{_of(self.policies, one)}", {"l7policy": {"position": other + 1}})

    def rule(self, one: int, other: int) -> None:
        self.scribe.ask("POST", f"l7policies/{_of(self.policies, one)}/rules", {"rule": {**RULE, "value": f"/{other}"}})

    def monitor(self, one: int, other: int) -> None:
        """A pool has one at most."""
        body = {"pool_id": _of(self.pools, one), **MONITOR, "delay": 5 + other}
        self.scribe.ask("POST", "healthmonitors", {"healthmonitor": body})

    def member(self, one: int, other: int) -> None:
        """Two of the same address are one too many."""
        pool = _of(self.pools, one)
        answer = self.scribe.ask("POST", f"pools/{pool}/members", {"member": member(other)})
        if answer:
            self.members.append((pool, answer["member"]["id"]))

    def weigh(self, one: int, other: int) -> None:
        pool, its_id = _of(self.members, one)
        self.scribe.ask("PUT", f"pools/{pool}/members/{its_id}", {"member": {"weight": other}})

    def batch(self, one: int, other: int) -> None:
        members = [{**member(n), "weight": one} for n in range(other)]
        query = "?additive_only=true" if one % 2 else ""
        self.scribe.ask("PUT", f"pools/{_of(self.pools, one)}/members{query}", {"members": members})

    def rename(self, one: int, other: int) -> None:
        self.scribe.ask("PUT", f"loadbalancers/{self.lb}", {"loadbalancer": {"name": f"{one} {other}"}})

    def drop(self, one: int, other: int) -> None:
        pool, its_id = _of(self.members, one)
        paths = (
            f"pools/{pool}/members/{its_id}",
            f"l7policies/{_of(self.policies, one)}",
            f"pools/{_of(self.pools, one)}",
            f"listeners/{_of(self.listeners, one)}",
        )
        self.scribe.ask("DELETE", paths[other % len(paths)])

    def _made(self, known: list[str], path: str, root: str, values: dict[str, Any]) -> None:
        answer = self.scribe.ask("POST", path, {root: values})
        if answer:
            known.append(answer[root]["id"])


def _of(known: list[Any], n: int) -> Any:
    """One of them, rather a new one: the last for 0."""
    return known[-1 - n % len(known)]


VERBS: dict[str, Callable[[Shared, int, int], None]] = {
    verb.__name__: verb
    for verb in (
        Shared.listener,
        Shared.pool,
        Shared.turn,
        Shared.policy,
        Shared.move,
        Shared.rule,
        Shared.monitor,
        Shared.member,
        Shared.weigh,
        Shared.batch,
        Shared.rename,
        Shared.drop,
    )
}
NUMBER = st.integers(0, 5)
OP = st.tuples(st.sampled_from(list(VERBS)), NUMBER, NUMBER)


def plans(most: int) -> st.SearchStrategy[Plan]:
    """What two to five users do, each at most so much."""
    return st.lists(st.lists(OP, min_size=1, max_size=most), min_size=2, max_size=5)
