"""Section 6 of the contract: which write is let through in which state, and what it makes of the states around it."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert

from hydria.api.context import ApiSettings
from hydria.storage import tables
from tests.unit.api.conftest import Service, Start, paths

Tree = dict[str, str]
RULE = {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/b"}
MONITOR = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}

# What is written: method, path, body, code. Everything but the first is beneath the load balancer.
WRITES: dict[str, tuple[str, str, dict[str, Any] | None, int]] = {
    "lb PUT": ("PUT", "/loadbalancers/{lb}", {"loadbalancer": {"name": "n"}}, 200),
    "listener POST": ("POST", "/listeners", {"listener": {"loadbalancer_id": "{lb}", "protocol": "TCP", "protocol_port": 81}}, 201),
    "listener PUT": ("PUT", "/listeners/{listener}", {"listener": {"name": "n"}}, 200),
    "pool POST": ("POST", "/pools", {"pool": {"loadbalancer_id": "{lb}", **POOL}}, 201),
    "pool PUT": ("PUT", "/pools/{pool}", {"pool": {"name": "n"}}, 200),
    "member POST": ("POST", "/pools/{pool}/members", {"member": {"address": "192.0.2.1", "protocol_port": 80}}, 201),
    "member PUT": ("PUT", "/pools/{pool}/members/{member}", {"member": {"weight": 7}}, 200),
    "members": ("PUT", "/pools/{pool}/members?additive_only=true", {"members": [{"address": "192.0.2.2", "protocol_port": 80}]}, 202),
    "policy POST": ("POST", "/l7policies", {"l7policy": {"listener_id": "{listener}", "action": "REJECT"}}, 201),
    "policy PUT": ("PUT", "/l7policies/{policy}", {"l7policy": {"name": "n"}}, 200),
    "rule POST": ("POST", "/l7policies/{policy}/rules", {"rule": RULE}, 201),
    "rule PUT": ("PUT", "/l7policies/{policy}/rules/{rule}", {"rule": {"value": "/c"}}, 200),
    "rule DELETE": ("DELETE", "/l7policies/{policy}/rules/{rule}", None, 204),
    "policy DELETE": ("DELETE", "/l7policies/{policy}", None, 204),
    "hm PUT": ("PUT", "/healthmonitors/{hm}", {"healthmonitor": {"delay": 6}}, 200),
    "hm DELETE": ("DELETE", "/healthmonitors/{hm}", None, 204),
    "hm POST": ("POST", "/healthmonitors", {"healthmonitor": {"pool_id": "{pool}", **MONITOR}}, 201),
    "member DELETE": ("DELETE", "/pools/{pool}/members/{member}", None, 204),
    "pool DELETE": ("DELETE", "/pools/{pool}", None, 204),
    "listener DELETE": ("DELETE", "/listeners/{listener}", None, 204),
    "lb DELETE": ("DELETE", "/loadbalancers/{lb}?cascade=true", None, 204),
}  # fmt: skip


def filled(body: Any, tree: Tree) -> Any:
    if isinstance(body, dict):
        return {name: filled(value, tree) for name, value in body.items()}
    return body.format(**tree) if isinstance(body, str) else body


def write(api: Service, tree: Tree, name: str) -> tuple[int, str]:
    method, path, body, _ = WRITES[name]
    result = api.ask(method, path.format(**tree), filled(body, tree))
    return result.status_code, result.json.get("faultstring", "") if result.content else ""


def refused(api: Service, kind: str, object_id: str, tree: Tree) -> None:
    """As if the data plane had refused an object."""
    changed = int(api.ask("GET", paths(tree)[kind][0]).headers["ETag"].strip('"'))
    table = {"lb": "load_balancer", "policy": "l7policy"}.get(kind, kind)
    row = {"object_id": object_id, "load_balancer_id": tree["lb"], "kind": table, "changed": changed, "at": 1}
    rest = {"held": False, "reason": "no", "revision": 1, "image": "", "bare": False}
    api.context.database.write(lambda c: c.execute(insert(tables.VERDICT), row | rest))


def pending(api: Service, tree: Tree) -> None:
    assert api.ask("PUT", f"/loadbalancers/{tree['lb']}", {"loadbalancer": {"name": "x"}}).status_code == 200


def deleted(api: Service, tree: Tree) -> None:
    assert write(api, tree, "lb DELETE")[0] == 204


def late(api: Service, tree: Tree) -> None:
    pending(api, tree)
    api.clock.turn(60)


STATES: dict[str, tuple[str, Callable[[Service, Tree], None]]] = {
    "active": ("ACTIVE", lambda _api, _tree: None),
    "pending": ("PENDING_UPDATE", pending),
    "late": ("ERROR", late),
    "refused": ("ERROR", lambda api, tree: refused(api, "lb", tree["lb"], tree)),
    "deleted": ("PENDING_DELETE", deleted),
}


@pytest.fixture
def strict(start: Start, tree: Tree) -> Service:
    """The same API with the refusals of the reference."""
    return start(ApiSettings(strict_immutable=True))


def words(name: str, status: str, tree: Tree) -> str:
    if name.startswith("lb"):
        return f"Invalid state {status} of loadbalancer resource {tree['lb']}"
    return f"Load Balancer {tree['lb']} is immutable and cannot be updated."


@pytest.mark.parametrize("state", STATES)
def test_strictly_a_load_balancer_must_be_active_for_a_change_and_not_pending_for_its_end(
    strict: Service, tree: Tree, state: str
) -> None:
    status, reach = STATES[state]
    reach(strict, tree)
    for name, (*_, code) in WRITES.items():
        assert strict.get(f"/loadbalancers/{tree['lb']}", "loadbalancer")["provisioning_status"] == status
        allowed = status == "ACTIVE" or (status == "ERROR" and name == "lb DELETE")
        assert write(strict, tree, name) == ((code, "") if allowed else (409, words(name, status, tree))), name
        if allowed:
            strict.settle()


@pytest.mark.parametrize("state", STATES)
def test_by_default_only_what_is_being_deleted_cannot_be_changed(api: Service, tree: Tree, state: str) -> None:
    status, reach = STATES[state]
    reach(api, tree)
    for name, (*_, code) in WRITES.items():
        wanted = (409, words(name, status, tree)) if status == "PENDING_DELETE" else (code, "")
        if name == "hm POST" and wanted[0] != 409:
            api.settle()  # a pool has one monitor, and the old one is there until its end is settled
        assert write(api, tree, name) == wanted, name


def test_strictly_a_new_load_balancer_waits_until_it_is_made(start: Start) -> None:
    api = start(ApiSettings(strict_immutable=True))
    lb = api.load_balancer()["id"]
    for name in ("lb PUT", "listener POST", "pool POST", "lb DELETE"):
        assert write(api, {"lb": lb}, name) == (409, words(name, "PENDING_CREATE", {"lb": lb}))
    api.settle()
    assert write(api, {"lb": lb}, "listener POST")[0] == 201


@pytest.mark.parametrize("kind", ["pool", "policy"])
def test_strictly_pool_and_policy_must_be_active_for_what_is_beneath_them(
    strict: Service, tree: Tree, kind: str
) -> None:
    refused(strict, kind, tree[kind], tree)
    beneath = {"pool": ("member", "hm"), "policy": ("rule",)}[kind]
    for name in (n for n in WRITES if n.startswith(beneath)):
        assert write(strict, tree, name) == (409, words(name, "ERROR", tree)), name
    for name in (n for n in WRITES if n.startswith({"pool": "rule", "policy": "member"}[kind])):
        assert write(strict, tree, name)[0] == WRITES[name][3], name
        strict.settle()
    assert write(strict, tree, f"{kind} PUT")[0] == 200


@pytest.mark.parametrize(
    "state,code", [("active", 202), ("pending", 409), ("late", 202), ("refused", 202), ("deleted", 409)]
)
@pytest.mark.parametrize("settings", [ApiSettings(), ApiSettings(strict_immutable=True)])
def test_failover_is_for_what_is_active_or_in_error(
    start: Start, tree: Tree, settings: ApiSettings, state: str, code: int
) -> None:
    api = start(settings)
    STATES[state][1](api, tree)
    result = api.ask("PUT", f"/loadbalancers/{tree['lb']}/failover", token="admin")
    assert result.status_code == code
    assert code == 202 or result.json["faultstring"] == words("lb", STATES[state][0], tree)


def test_strictly_of_writers_at_once_one_is_let_through(strict: Service, tree: Tree) -> None:
    def rename(number: int) -> int:
        body = {"listener": {"name": str(number)}}
        return strict.ask("PUT", f"/listeners/{tree['listener']}", body).status_code

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(rename, range(12))) == {200: 1, 409: 11}


ABOVE = {
    "lb": set(),
    "listener": {"lb"},
    "pool": {"lb", "listener"},
    "member": {"lb", "listener", "pool"},
    "members": {"lb", "listener", "pool"},
    "hm": {"lb", "listener", "pool"},
    "policy": {"lb", "listener"},
    "rule": {"lb", "listener", "policy"},
}
BENEATH = {"listener": {"policy", "rule"}, "pool": {"member", "hm"}, "policy": {"rule"}}
ALL = {"listener", "pool", "member", "hm", "policy", "rule"}


@pytest.mark.parametrize("name", [n for n in WRITES if n not in ("pool POST", "hm POST")])
def test_a_write_moves_states_before_it_is_answered(api: Service, tree: Tree, name: str) -> None:
    """What is written, what stands above it and, at its end, what is beneath it; the rest stays as it is."""
    assert write(api, tree, name)[0] == WRITES[name][3]
    kind, _, method = name.partition(" ")
    wanted = dict.fromkeys(paths(tree), "ACTIVE") | dict.fromkeys(ABOVE[kind], "PENDING_UPDATE")
    if method == "DELETE":
        beneath = ALL if kind == "lb" else BENEATH.get(kind, set())
        wanted |= dict.fromkeys({kind, *beneath}, "PENDING_DELETE")
    elif method == "PUT":
        wanted[kind] = "PENDING_UPDATE"
    found = {k: api.get(path, root)["provisioning_status"] for k, (path, root) in paths(tree).items()}
    assert found == wanted
    api.settle()
    left = {k for k, (path, _) in paths(tree).items() if api.ask("GET", path).status_code == 200}
    assert left == {k for k, status in wanted.items() if status != "PENDING_DELETE"}


@pytest.mark.parametrize("name", [n for n in WRITES if n.endswith("POST")])
def test_what_is_new_is_pending_and_then_active(api: Service, tree: Tree, name: str) -> None:
    if name == "hm POST":
        write(api, tree, "hm DELETE")
        api.settle()
    method, path, body, _ = WRITES[name]
    ((root, made),) = api.ask(method, path.format(**tree), filled(body, tree)).json.items()
    assert made["provisioning_status"] == "PENDING_CREATE"
    api.settle()
    assert api.get(f"{path.format(**tree)}/{made['id']}", root)["provisioning_status"] == "ACTIVE"
