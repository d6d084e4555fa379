"""Objects of a tree through the API: made, shown, changed, removed."""

import pytest

from hydria.api.context import ApiSettings
from hydria.domain.lacks import Lack, Lacks
from hydria.domain.loadbalancer import LoadBalancer
from hydria.render.unsupported import LACKS
from tests.unit.api.conftest import Service, Start, paths


def pending(api: Service, tree: dict[str, str]) -> set[str]:
    """The kinds of which the object is pending."""
    statuses = {kind: api.get(path, root)["provisioning_status"] for kind, (path, root) in paths(tree).items()}
    return {kind for kind, status in statuses.items() if status.startswith("PENDING")}


def test_a_new_load_balancer_is_pending_and_has_its_vip(api: Service) -> None:
    lb = api.load_balancer(name="web", tags=["a"])
    assert (lb["provisioning_status"], lb["operating_status"]) == ("PENDING_CREATE", "OFFLINE")
    assert lb["vip_address"]
    assert lb["vip_subnet_id"] == api.subnet
    assert lb["project_id"] == lb["tenant_id"]
    assert (lb["updated_at"], lb["description"], lb["listeners"], lb["provider"]) == (None, "", [], "amphora")
    assert api.nudges.heard == [lb["id"]]


def test_what_is_settled_is_active(api: Service, tree: dict[str, str]) -> None:
    assert pending(api, tree) == set()


@pytest.mark.parametrize(
    "written,touched",
    [
        ("lb", set()),
        ("listener", {"lb"}),
        ("pool", {"lb", "listener"}),
        ("member", {"lb", "listener", "pool"}),
        ("hm", {"lb", "listener", "pool"}),
        ("policy", {"lb", "listener"}),
        ("rule", {"lb", "listener", "policy"}),
    ],
)
def test_a_change_makes_what_is_above_it_pending(
    api: Service, tree: dict[str, str], written: str, touched: set[str]
) -> None:
    path, root = paths(tree)[written]
    changed = api.ask("PUT", path, {root: {"admin_state_up": False}}).json[root]
    assert changed["provisioning_status"] == "PENDING_UPDATE"
    assert changed["admin_state_up"] is False
    assert changed["operating_status"] == "OFFLINE"
    assert pending(api, tree) == touched | {written}


def test_operating_statuses_before_anything_was_observed(api: Service, tree: dict[str, str]) -> None:
    seen = {kind: api.get(path, root)["operating_status"] for kind, (path, root) in paths(tree).items()}
    off, on = (
        dict.fromkeys(("lb", "listener", "pool", "member"), "OFFLINE"),
        dict.fromkeys(("hm", "policy", "rule"), "ONLINE"),
    )
    assert seen == off | on


def test_a_member_without_a_monitor_has_no_monitor(api: Service, tree: dict[str, str]) -> None:
    api.ask("DELETE", paths(tree)["hm"][0])
    api.settle()
    assert api.get(*paths(tree)["member"])["operating_status"] == "NO_MONITOR"


@pytest.mark.parametrize("kind", ["listener", "pool", "member", "hm", "policy", "rule"])
def test_what_is_deleted_is_pending_and_then_gone(api: Service, tree: dict[str, str], kind: str) -> None:
    path, root = paths(tree)[kind]
    assert api.ask("DELETE", path).status_code == 204
    assert api.get(path, root)["provisioning_status"] == "PENDING_DELETE"
    assert api.refused("PUT", path, {root: {"admin_state_up": True}})[0] == 409
    api.settle()
    assert api.refused("GET", path)[0] == 404


def test_a_load_balancer_with_children_is_deleted_only_with_cascade(api: Service, tree: dict[str, str]) -> None:
    path = paths(tree)["lb"][0]
    assert api.refused("DELETE", path)[0] == 400
    assert api.ask("DELETE", f"{path}?cascade=true").status_code == 204
    assert pending(api, tree) == set(tree)
    api.settle()
    assert {api.ask("GET", p).status_code for p, _ in paths(tree).values()} == {404}


def test_writes_never_wait_for_writes(api: Service) -> None:
    lb = api.load_balancer()
    for port in (80, 81, 82):
        api.make("/listeners", "listener", loadbalancer_id=lb["id"], protocol="HTTP", protocol_port=port)
    assert api.get(f"/loadbalancers/{lb['id']}", "loadbalancer")["provisioning_status"] == "PENDING_CREATE"


def test_strict_settings_give_the_409s_of_the_reference(start: Start) -> None:
    api = start(ApiSettings(strict_immutable=True))
    lb = api.load_balancer()["id"]
    listener = {"loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80}
    text = f"Load Balancer {lb} is immutable and cannot be updated."
    assert api.refused("POST", "/listeners", {"listener": listener}) == (409, text)
    text = f"Invalid state PENDING_CREATE of loadbalancer resource {lb}"
    assert api.refused("PUT", f"/loadbalancers/{lb}", {"loadbalancer": {}}) == (409, text)
    api.settle()
    assert api.ask("POST", "/listeners", {"listener": listener}).status_code == 201


def test_a_deleted_default_pool_leaves_its_listener(api: Service, tree: dict[str, str]) -> None:
    api.ask("DELETE", paths(tree)["pool"][0])
    assert api.get(*paths(tree)["listener"])["default_pool_id"] is None


def test_policies_keep_their_positions_dense(api: Service, tree: dict[str, str]) -> None:
    for name, position in (("a", 1), ("b", 99), ("c", 2)):
        api.make("/l7policies", "l7policy", listener_id=tree["listener"], action="REJECT", position=position, name=name)
    api.ask("DELETE", paths(tree)["policy"][0])
    api.settle()
    found = api.ask("GET", "/l7policies?sort=position").json["l7policies"]
    assert [(p["name"], p["position"]) for p in found] == [("a", 1), ("c", 2), ("b", 3)]


def test_a_pending_load_balancer_shows_error_after_its_deadline(api: Service) -> None:
    lb = api.load_balancer()["id"]
    api.clock.turn(16)
    shown = api.get(f"/loadbalancers/{lb}", "loadbalancer")
    assert shown["provisioning_status"] == "ERROR"
    assert shown["reason"]


def test_an_empty_change_is_fine_for_a_load_balancer_and_not_for_a_policy(api: Service, tree: dict[str, str]) -> None:
    assert api.ask("PUT", paths(tree)["lb"][0], {"loadbalancer": {}}).status_code == 200
    assert api.refused("PUT", paths(tree)["policy"][0], {"l7policy": {}})[0] == 400


def test_a_pool_keeps_the_type_of_its_persistence_when_only_the_cookie_changes(
    api: Service, tree: dict[str, str]
) -> None:
    path, root = paths(tree)["pool"]
    api.ask("PUT", path, {root: {"session_persistence": {"type": "APP_COOKIE", "cookie_name": "a"}}})
    kept = api.ask("PUT", path, {root: {"session_persistence": {"cookie_name": "b"}}}).json[root]["session_persistence"]
    assert (kept["type"], kept["cookie_name"]) == ("APP_COOKIE", "b")
    assert api.ask("PUT", path, {root: {"session_persistence": None}}).json[root]["session_persistence"] is None


def test_what_the_data_plane_cannot_do_is_refused_before_it_is_promised(start: Start) -> None:
    api = start(lacks=Lacks({LoadBalancer: (Lack("not today", ("name",), ("odd",)),)}))
    assert api.refused("POST", "/loadbalancers", {"loadbalancer": {"vip_subnet_id": api.subnet, "name": "odd"}}) == (
        501,
        "not today",
    )
    lb = api.load_balancer()["id"]
    assert api.refused("PUT", f"/loadbalancers/{lb}", {"loadbalancer": {"name": "odd"}}) == (501, "not today")
    assert api.get(f"/loadbalancers/{lb}", "loadbalancer")["name"] == ""


def test_what_is_incomplete_is_accepted_and_what_does_not_fit_is_refused(start: Start) -> None:
    api = start(lacks=LACKS)
    lb, by_round = api.load_balancer()["id"], {"lb_algorithm": "ROUND_ROBIN"}
    alone = api.make("/listeners", "listener", loadbalancer_id=lb, protocol="HTTP", protocol_port=80)["id"]
    unused = api.make("/pools", "pool", loadbalancer_id=lb, protocol="TCP", **by_round)["id"]
    api.settle()
    assert api.get(f"/listeners/{alone}", "listener")["provisioning_status"] == "ACTIVE"
    assert api.get(f"/pools/{unused}", "pool")["provisioning_status"] == "ACTIVE"
    code, text = api.refused("PUT", f"/listeners/{alone}", {"listener": {"default_pool_id": unused}})
    assert (code, "TCP" in text) == (400, True)
    datagrams = {"loadbalancer_id": lb, "protocol": "UDP", "protocol_port": 53}
    code, text = api.refused("POST", "/listeners", {"listener": datagrams})
    assert (code, "UDP" in text) == (501, True)


def test_a_member_is_reached_through_its_own_pool_only(api: Service, tree: dict[str, str]) -> None:
    other = api.make("/pools", "pool", loadbalancer_id=tree["lb"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    assert {
        api.ask(m, f"/pools/{other}/members/{tree['member']}", b).status_code
        for m, b in (("GET", None), ("DELETE", None))
    } == {404}


def test_a_wrong_child_inside_a_child_leaves_nothing(api: Service) -> None:
    lb = api.load_balancer()["id"]
    body = {"loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": [{}]}
    assert api.refused("POST", "/pools", {"pool": body})[0] == 400
    assert api.ask("GET", "/pools").json["pools"] == []
