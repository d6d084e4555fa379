"""Children inside the request that makes a listener, a pool or an L7 policy."""

from typing import Any

import pytest

from tests.unit.api.conftest import PROJECT, Service

POOL: dict[str, Any] = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
HTTP = {"protocol": "HTTP", "protocol_port": 80}
MEMBERS = [{"address": f"192.0.2.{n}", "protocol_port": 80} for n in (1, 2)]
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
RULE = {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/a"}


@pytest.fixture
def lb(api: Service) -> str:
    found: str = api.load_balancer()["id"]
    return found


def test_a_listener_brings_its_pool_and_policies(api: Service, lb: str) -> None:
    policy = {"action": "REDIRECT_TO_POOL", "redirect_pool": {**POOL, "name": "other"}, "rules": [RULE]}
    pool = {**POOL, "name": "web", "members": MEMBERS, "healthmonitor": MONITOR}
    made = api.make("/listeners", "listener", loadbalancer_id=lb, **HTTP, default_pool=pool, l7policies=[policy])
    pools = {p["name"]: p for p in api.ask("GET", "/pools").json["pools"]}
    assert made["default_pool_id"] == pools["web"]["id"]
    assert (len(pools["web"]["members"]), "healthmonitor_id" in pools["web"]) == (2, True)
    shown = api.get(f"/l7policies/{made['l7policies'][0]['id']}", "l7policy")
    assert (shown["redirect_pool_id"], len(shown["rules"])) == (pools["other"]["id"], 1)


def test_a_default_pool_needs_no_name(api: Service, lb: str) -> None:
    made = api.make("/listeners", "listener", loadbalancer_id=lb, **HTTP, default_pool=POOL)
    assert api.get(f"/pools/{made['default_pool_id']}", "pool")["listeners"] == [{"id": made["id"]}]


def test_a_pool_brings_members_and_monitor_and_is_taken_into_use(api: Service, lb: str) -> None:
    listener = api.make("/listeners", "listener", loadbalancer_id=lb, **HTTP)["id"]
    made = api.make("/pools", "pool", listener_id=listener, **POOL, members=MEMBERS, healthmonitor=MONITOR)
    assert (len(made["members"]), "healthmonitor_id" in made) == (2, True)
    assert api.get(f"/listeners/{listener}", "listener")["default_pool_id"] == made["id"]


def test_a_policy_brings_its_rules(api: Service, lb: str) -> None:
    listener = api.make("/listeners", "listener", loadbalancer_id=lb, **HTTP)["id"]
    made = api.make("/l7policies", "l7policy", listener_id=listener, action="REJECT", rules=[RULE, RULE])
    assert len(made["rules"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"default_pool": {"name": "nobody"}},
        {"default_pool": {"protocol": "HTTP"}},
        {"default_pool": POOL, "default_pool_id": PROJECT},
        {"default_pool": {**POOL, "members": [{"address": "192.0.2.1"}]}},
        {"l7policies": [{"action": "REDIRECT_TO_POOL", "redirect_pool": {"name": "nobody"}}]},
    ],
)
def test_what_is_wrong_leaves_nothing(api: Service, lb: str, body: dict[str, Any]) -> None:
    code, _ = api.refused("POST", "/listeners", {"listener": {"loadbalancer_id": lb, **HTTP, **body}})
    assert (code, api.ask("GET", "/listeners").json["listeners"], api.ask("GET", "/pools").json["pools"]) == (
        400,
        [],
        [],
    )


def test_children_count_towards_the_quota(api: Service, lb: str) -> None:
    api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"member": 1}}, token="admin")
    body = {"loadbalancer_id": lb, **POOL, "members": MEMBERS}
    assert api.refused("POST", "/pools", {"pool": body})[0] == 403
    assert api.ask("GET", "/pools").json["pools"] == []
