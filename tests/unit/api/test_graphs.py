"""A whole tree in one request."""

from typing import Any

import pytest

from hydria.api.context import ApiSettings
from hydria.drivers import faults
from hydria.drivers.network import Port, PortOrder, noop
from hydria.kit import ids
from hydria.kit.clock import HandClock
from hydria.storage import ledger
from tests.unit.api.conftest import Service, Start

POOL: dict[str, Any] = {"name": "web", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
MEMBERS = [{"address": f"192.0.2.{n}", "protocol_port": 80} for n in (1, 2)]
RULE = {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/a"}
HTTP = {"protocol": "HTTP", "protocol_port": 80}
TO_POOL = {"action": "REDIRECT_TO_POOL"}


def whole(api: Service, *listeners: dict[str, Any], pools: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    body = {"vip_subnet_id": api.subnet, "listeners": list(listeners), "pools": list(pools)}
    return {"loadbalancer": body}


def test_a_whole_tree_is_made_and_shown(api: Service) -> None:
    policy = {
        "action": "REDIRECT_TO_POOL",
        "redirect_pool": {**POOL, "name": "other"},
        "rules": [RULE],
    }
    listener = {**HTTP, "default_pool": {"name": "web"}, "l7policies": [policy, {"action": "REJECT"}]}
    result = api.ask(
        "POST", "/loadbalancers", whole(api, listener, pools=({**POOL, "members": MEMBERS, "healthmonitor": MONITOR},))
    )
    assert result.status_code == 201, result.text
    lb = result.json["loadbalancer"]
    (shown,) = lb["listeners"]
    pools = {p["name"]: p for p in lb["pools"]}
    assert shown["default_pool_id"] == pools["web"]["id"]
    assert [(p["position"], p["redirect_pool_id"]) for p in shown["l7policies"]] == [
        (1, pools["other"]["id"]),
        (2, None),
    ]
    assert shown["l7policies"][0]["rules"][0]["value"] == "/a"
    assert {m["address"] for m in pools["web"]["members"]} == {"192.0.2.1", "192.0.2.2"}
    assert pools["web"]["healthmonitor"]["type"] == "HTTP"
    assert lb["provisioning_status"] == shown["provisioning_status"] == "PENDING_CREATE"
    api.settle()
    assert api.get(f"/listeners/{shown['id']}", "listener")["provisioning_status"] == "ACTIVE"


def test_a_default_pool_may_be_defined_in_its_listener_and_used_by_others(api: Service) -> None:
    first, second = {**HTTP, "default_pool": POOL}, {**HTTP, "protocol_port": 81, "default_pool": {"name": "web"}}
    lb = api.ask("POST", "/loadbalancers", whole(api, second, first)).json["loadbalancer"]
    assert len(lb["pools"]) == 1
    assert {li["default_pool_id"] for li in lb["listeners"]} == {lb["pools"][0]["id"]}


@pytest.mark.parametrize(
    "code,listeners,pools",
    [
        (400, [{**HTTP, "default_pool": {"name": "missing"}}], []),
        (400, [], [POOL, POOL]),
        (400, [], [{**POOL, "name": ""}]),
        (400, [], [{**POOL, "lb_algorithm": None}]),
        (400, [], [{**POOL, "members": [{"address": "x", "protocol_port": 80}]}]),
        (400, [], [{**POOL, "members": {}}]),
        (400, [{**HTTP, "protocol": "UDP", "default_pool": POOL}], []),
        (400, [{**HTTP, "colour": "red"}], []),
        (400, [{**HTTP, "l7policies": [{"action": "REDIRECT_TO_POOL"}]}], []),
        (400, [], [{"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}]),
        (400, [], [{"name": "web", "lb_algorithm": "ROUND_ROBIN"}]),
        (400, [], [{"name": "web", "protocol": "HTTP"}]),
        (400, [{**HTTP, "default_pool": {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}}], []),
        (400, [{**HTTP, "default_pool": {**POOL, "tags": []}}], [POOL]),
        (
            400,
            [{**HTTP, "default_pool": {"name": "web", "tags": [], "description": "", "admin_state_up": True}}],
            [POOL],
        ),
        (400, [{**HTTP, "l7policies": [{**TO_POOL, "redirect_pool": {"name": "missing"}}]}], [POOL]),
        (400, [{**HTTP, "protocol": "PROMETHEUS", "default_pool": {"name": "web"}}], [POOL]),
        (400, [{**HTTP, "protocol": "PROMETHEUS", "l7policies": [{"action": "REJECT"}]}], []),
        (400, [{**HTTP, "l7policies": [{**TO_POOL, "redirect_pool": {"name": "web"}}]}], [{**POOL, "protocol": "TCP"}]),
        (400, [{**HTTP, "loadbalancer_id": ids.NIL}], []),
        (400, [{**HTTP, "default_pool_id": ids.NIL}], []),
        (400, [{**HTTP, "l7policies": [{"action": "REJECT", "listener_id": ids.NIL}]}], []),
        (400, [{**HTTP, "l7policies": [{"action": "REJECT", "rules": [{**RULE, "value": "a b"}]}]}], []),
        (400, [], [{**POOL, "listener_id": ids.NIL}]),
        (400, [], [{**POOL, "loadbalancer_id": ids.NIL}]),
        (400, [], [{**POOL, "healthmonitor": {**MONITOR, "pool_id": ids.NIL}}]),
        (400, [], [{**POOL, "healthmonitor": {**MONITOR, "type": "SCTP"}}]),
        (400, [], [{**POOL, "members": [{"address": "169.254.169.254", "protocol_port": 80}]}]),
        (400, [], [{**POOL, "members": [{"address": "::ffff:169.254.169.254", "protocol_port": 80}]}]),
        (400, [], [{**POOL, "session_persistence": {"type": "APP_COOKIE"}}]),
        (409, [HTTP, HTTP], []),
        (409, [HTTP, {**HTTP, "protocol": "TCP"}], []),
        (409, [HTTP, {**HTTP, "protocol": "PROMETHEUS"}], []),
        (409, [{**HTTP, "protocol": "SCTP"}] * 2, []),
        (409, [], [{**POOL, "members": [MEMBERS[0], MEMBERS[0]]}]),
        (409, [{**HTTP, "l7policies": [{"action": "REJECT", "rules": [RULE] * 51}]}], []),
    ],
)
def test_an_error_anywhere_leaves_nothing(api: Service, code: int, listeners: list[Any], pools: list[Any]) -> None:
    assert api.refused("POST", "/loadbalancers", whole(api, *listeners, pools=tuple(pools)))[0] == code
    assert api.ask("GET", "/loadbalancers").json["loadbalancers"] == []
    assert api.ask("GET", "/pools").json["pools"] == []
    assert api.context.database.read(ledger.every) == []


@pytest.mark.parametrize(
    "pool",
    [{"name": "web"}, {"name": "web", "description": "", "tags": []}, {**POOL}],
)
def test_a_pool_that_says_at_most_three_things_refers_to_one_that_is_defined(
    api: Service, pool: dict[str, Any]
) -> None:
    listener = {**HTTP, "default_pool": pool, "l7policies": [{**TO_POOL, "redirect_pool": pool}]}
    lb = api.ask("POST", "/loadbalancers", whole(api, listener, pools=(POOL,))).json["loadbalancer"]
    (made,), (shown,) = lb["pools"], lb["listeners"]
    assert (shown["default_pool_id"], shown["l7policies"][0]["redirect_pool_id"]) == (made["id"], made["id"])


def test_listeners_of_other_transports_share_a_port(api: Service) -> None:
    listeners = [{**HTTP, "protocol": p} for p in ("HTTP", "UDP", "SCTP")]
    assert api.ask("POST", "/loadbalancers", whole(api, *listeners)).status_code == 201


class Full(noop.NoopNetwork):
    """A network without an address left."""

    full = True

    def create_port(self, order: PortOrder) -> Port:
        if self.full:
            message = "no address left"
            raise faults.OutOfResources(message)
        return super().create_port(order)


def test_a_refused_vip_takes_the_whole_tree_and_its_quota_back(start: Start) -> None:
    network = Full(HandClock())
    api = start(ApiSettings(quotas={"load_balancer": 1, "pool": 1, "member": 2}), network=network)
    body = whole(api, pools=({**POOL, "members": MEMBERS},))
    assert api.refused("POST", "/loadbalancers", body)[0] == 409
    assert api.ask("GET", "/pools").json["pools"] == []
    network.full = False
    assert api.ask("POST", "/loadbalancers", body).status_code == 201
    assert api.refused("POST", "/loadbalancers", body)[0] == 403
