"""How often a request asks the database: as often for a large tree as for a small one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.databases import heard
from tests.unit.api.conftest import Service

RULE = {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/a"}
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}


def member(number: int) -> dict[str, Any]:
    return {"address": f"192.0.2.{number + 1}", "protocol_port": 80}


def pool(number: int, size: int) -> dict[str, Any]:
    members = [member(n) for n in range(size)]
    return {
        "name": f"p{number}",
        "protocol": "HTTP",
        "lb_algorithm": "ROUND_ROBIN",
        "members": members,
        "healthmonitor": MONITOR,
    }


def tree(size: int) -> dict[str, Any]:
    """So many listeners and pools, with so many members, policies and rules each."""
    policies = [{"action": "REJECT", "rules": [{**RULE, "value": f"/{n}"}]} for n in range(size)]
    listeners = [
        {"protocol": "HTTP", "protocol_port": 80 + n, "default_pool": {"name": f"p{n}"}, "l7policies": policies}
        for n in range(size)
    ]
    return {"listeners": listeners, "pools": [pool(n, size) for n in range(size)]}


class Grown:
    """A load balancer of a size, settled, and the first of each kind in it."""

    def __init__(self, api: Service, size: int) -> None:
        self.api = api
        self.size = size
        api.load_balancer()  # the project has had one before
        made = api.load_balancer(**tree(size))
        api.settle()
        listener = made["listeners"][0]
        policy = listener["l7policies"][0]
        self.pool = made["pools"][0]["id"]
        self.lb = f"/loadbalancers/{made['id']}"
        self.of = {
            "loadbalancer": self.lb,
            "listener": f"/listeners/{listener['id']}",
            "pool": f"/pools/{self.pool}",
            "member": f"/pools/{self.pool}/members/{made['pools'][0]['members'][0]['id']}",
            "healthmonitor": f"/healthmonitors/{made['pools'][0]['healthmonitor']['id']}",
            "l7policy": f"/l7policies/{policy['id']}",
            "rule": f"/l7policies/{policy['id']}/rules/{policy['rules'][0]['id']}",
        }

    def said(self, method: str, path: str, body: Any = None) -> list[str]:
        """What the databases are told for a request, which must succeed."""
        with heard(self.api.context.database, self.api.context.observed) as statements:
            answer = self.api.ask(method, path, body)
        assert answer.status_code < 300, answer.text
        return statements


def one(kind: str) -> tuple[str, Callable[[Grown], list[str]]]:
    return f"GET one {kind}", lambda g: g.said("GET", g.of[kind])


def listed(kind: str) -> tuple[str, Callable[[Grown], list[str]]]:
    return f"GET every {kind}", lambda g: g.said("GET", g.of[kind].rpartition("/")[0])


def batch(g: Grown) -> list[str]:
    return g.said("PUT", f"/pools/{g.pool}/members", {"members": [member(100 + n) for n in range(g.size)]})


REQUESTS = dict(
    [
        *map(one, ("loadbalancer", "listener", "pool", "member", "healthmonitor", "l7policy", "rule")),
        *map(listed, ("loadbalancer", "listener", "pool", "member", "healthmonitor", "l7policy", "rule")),
        ("GET status", lambda g: g.said("GET", f"{g.lb}/status")),
        ("GET stats", lambda g: g.said("GET", f"{g.lb}/stats")),
        ("GET events", lambda g: g.said("GET", f"{g.lb}/events")),
        ("POST a tree", lambda g: g.said("POST", "/loadbalancers", {"loadbalancer": root(g)})),
        ("POST a member", lambda g: g.said("POST", f"/pools/{g.pool}/members", {"member": member(150)})),
        ("POST a pool with members", lambda g: g.said("POST", "/pools", {"pool": {**pool(99, g.size), **above(g)}})),
        ("PUT a member", lambda g: g.said("PUT", g.of["member"], {"member": {"weight": 7}})),
        ("PUT all members", batch),
        ("DELETE a pool", lambda g: g.said("DELETE", g.of["pool"])),
        ("DELETE the tree", lambda g: g.said("DELETE", f"{g.lb}?cascade=true")),
    ]
)
MOST = {
    "GET one loadbalancer": 4,
    "GET one member": 4,
    "GET every loadbalancer": 4,
    "POST a member": 22,
    "POST a tree": 32,
}


def root(g: Grown) -> dict[str, Any]:
    return {"vip_subnet_id": g.api.subnet, **tree(g.size)}


def above(g: Grown) -> dict[str, Any]:
    return {"loadbalancer_id": g.lb.rpartition("/")[2]}


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_larger_tree_takes_no_more_statements(api: Service, request_: str) -> None:
    small, large = (len(REQUESTS[request_](Grown(api, size))) for size in (1, 5))
    assert (large, large <= MOST.get(request_, 50)) == (small, True)
