"""What is not complete yet is taken and waits; what can never work together is refused, with what is possible instead."""

from typing import Any

import pytest

from hydria.render.unsupported import LACKS
from tests.unit.api.conftest import Service, Start

POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
HTTP = {"protocol": "HTTP", "protocol_port": 80}
MONITOR = {"type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2}


@pytest.fixture
def api(start: Start) -> Service:
    """The API before a data plane of haproxy alone."""
    return start(lacks=LACKS)


def test_what_is_incomplete_is_made_and_completed_later(api: Service) -> None:
    lb = api.load_balancer()["id"]
    listener = api.make("/listeners", "listener", loadbalancer_id=lb, **HTTP)
    pool = api.make("/pools", "pool", loadbalancer_id=lb, **POOL)
    assert (listener["default_pool_id"], pool["listeners"], pool["members"]) == (None, [], [])
    api.make("/healthmonitors", "healthmonitor", pool_id=pool["id"], **MONITOR)
    api.settle()
    path = f"/listeners/{listener['id']}"
    assert api.get(path, "listener")["provisioning_status"] == "ACTIVE"
    assert api.ask("PUT", path, {"listener": {"default_pool_id": pool["id"]}}).status_code == 200
    assert api.get(f"/pools/{pool['id']}", "pool")["listeners"] == [{"id": listener["id"]}]


def test_a_policy_without_rules_is_made(start: Start) -> None:
    api = start()
    listener = api.make("/listeners", "listener", loadbalancer_id=api.load_balancer()["id"], **HTTP)["id"]
    made = api.make("/l7policies", "l7policy", listener_id=listener, action="REJECT")
    assert (made["rules"], made["provisioning_status"]) == ([], "PENDING_CREATE")


@pytest.mark.parametrize(
    "path,root,body,code,possible",
    [
        ("/listeners", "listener", {"protocol": "UDP", "protocol_port": 53}, 501, "use HTTP"),
        ("/listeners", "listener", {**HTTP, "default_pool": {**POOL, "protocol": "TCP"}}, 400, "it takes HTTP"),
        ("/pools", "pool", {**POOL, "protocol": "SCTP"}, 501, "use HTTP"),
        ("/pools", "pool", {**POOL, "lb_algorithm": "SOURCE_IP_PORT"}, 501, "use SOURCE_IP"),
        ("/pools", "pool", {**POOL, "tls_enabled": True}, 501, "use HTTPS"),
    ],
)
def test_what_is_incompatible_is_refused_with_what_is_possible(
    api: Service, path: str, root: str, body: dict[str, Any], code: int, possible: str
) -> None:
    lb = api.load_balancer()["id"]
    found = api.refused("POST", path, {root: {"loadbalancer_id": lb, **body}})
    assert (found[0], possible in found[1]) == (code, True), found
    assert api.get(path, f"{root}s") == api.get("/pools", "pools") == []


@pytest.mark.parametrize(
    "path,root,body",
    [
        ("/listeners", "listener", {**HTTP, "default_tls_container_ref": "r"}),
        ("/listeners", "listener", {**HTTP, "protocol": "TCP", "insert_headers": {"X-Forwarded-For": "true"}}),
        ("/pools", "pool", {**POOL, "healthmonitor": {**MONITOR, "url_path": "/"}}),
    ],
)
def test_no_refusal_offers_what_is_refused_in_turn(api: Service, path: str, root: str, body: dict[str, Any]) -> None:
    code, text = api.refused("POST", path, {root: {"loadbalancer_id": api.load_balancer()["id"], **body}})
    assert (code, "HTTPS" in text, "leave" in text) == (400, False, True), text
