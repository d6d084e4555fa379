"""Who may do what over HTTP: what is unknown, what is another's, and which rule each request asks."""

from typing import Any

import pytest

from hydria.api import policies
from hydria.drivers.identity import Caller
from hydria.kit import ids
from tests.unit.api.conftest import FOREIGN, PROJECT, Service, Start
from tests.unit.api.everything import World

LB = "/loadbalancers"


class Asked:
    """Rules that let everybody do everything but what is forbidden, and remember what they were asked."""

    def __init__(self, *forbidden: str) -> None:
        self.forbidden: tuple[str, ...] = forbidden
        self.heard: list[tuple[str, str]] = []

    def known(self, caller: Caller) -> Caller:
        return caller

    def may(self, caller: Caller, action: str, project_id: str) -> bool:
        assert policies.PREFIX + action in {rule.name for rule in policies.actions()}, action
        self.heard.append((action, project_id))
        return action not in self.forbidden


def tree(api: Service) -> dict[str, str]:
    """A load balancer of the project with one of everything: the path of each."""
    lb = api.load_balancer()["id"]
    listener = api.make("/listeners", "listener", loadbalancer_id=lb, protocol="HTTP", protocol_port=80)["id"]
    pool = api.make("/pools", "pool", listener_id=listener, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    below = f"/pools/{pool}/members"
    member = api.make(below, "member", address="192.0.2.1", protocol_port=80)["id"]
    monitor = {"type": "PING", "delay": 5, "timeout": 3, "max_retries": 2}
    health = api.make("/healthmonitors", "healthmonitor", pool_id=pool, **monitor)["id"]
    policy = api.make("/l7policies", "l7policy", listener_id=listener, action="REJECT")["id"]
    rules = f"/l7policies/{policy}/rules"
    rule = api.make(rules, "rule", type="PATH", compare_type="EQUAL_TO", value="/a")["id"]
    return {
        "loadbalancer": f"{LB}/{lb}",
        "listener": f"/listeners/{listener}",
        "pool": f"/pools/{pool}",
        "member": f"{below}/{member}",
        "healthmonitor": f"/healthmonitors/{health}",
        "l7policy": f"/l7policies/{policy}",
        "l7rule": f"{rules}/{rule}",
    }


def root(thing: str) -> str:
    return "rule" if thing == "l7rule" else thing


def test_what_is_unknown_is_unknown_to_everybody(api: Service) -> None:
    answers = {api.ask("GET", f"{LB}/{name}", token=t).status_code for t in CALLERS for name in (ids.new(), "x")}
    assert answers == {404}


CALLERS = ("member", "reader", "foreign", "nobody", "admin")
MAY = {"GET": {"member", "reader", "admin"}, "PUT": {"member", "admin"}, "DELETE": {"member", "admin"}}


@pytest.mark.parametrize("method", MAY)
def test_everything_of_a_tree_is_its_projects(api: Service, method: str) -> None:
    for thing, path in reversed(tree(api).items()):
        codes = {}
        for token in sorted(CALLERS, key=lambda t: t in MAY[method]):
            changed = (
                {root(thing): {"name": "x"} if thing != "l7rule" else {"value": "/b"}} if method == "PUT" else None
            )
            codes[token] = api.ask(method, path, changed, token=token).status_code
            api.settle()
        allowed = {token for token, code in codes.items() if code != 403}
        assert allowed == MAY[method], (thing, codes)


def test_a_refusal_names_the_rule(api: Service) -> None:
    path = tree(api)["pool"]
    code, text = api.refused("DELETE", path, token="reader")
    assert (code, "Policy does not allow" in text, "os_load-balancer_api:pool:delete" in text) == (403, True, True)


def test_lists_are_of_the_own_project_but_for_those_who_see_all(api: Service) -> None:
    tree(api)
    for many in ("loadbalancers", "listeners", "pools", "healthmonitors", "l7policies"):
        seen = {
            t: len(api.ask("GET", f"/{many}", token=t).json[many]) for t in ("member", "reader", "foreign", "admin")
        }
        assert seen == {"member": 1, "reader": 1, "foreign": 0, "admin": 1}
        assert api.refused("GET", f"/{many}?project_id={PROJECT}", token="foreign")[0] == 403
        assert api.ask("GET", f"/{many}", token="nobody").status_code == 403


@pytest.mark.parametrize("name", ["project_id", "tenant_id"])
def test_nothing_is_made_in_another_project_but_by_an_administrator(api: Service, name: str) -> None:
    body: dict[str, Any] = {"loadbalancer": {"vip_subnet_id": api.subnet, name: FOREIGN}}
    assert [api.ask("POST", LB, body, token=t).status_code for t in ("member", "reader", "admin")] == [403, 403, 201]


def test_bad_bodies_are_told_of_before_rights(api: Service) -> None:
    assert api.refused("POST", LB, {"loadbalancer": {"nonsense": 1}}, token="nobody")[0] == 400
    assert api.refused("PUT", tree(api)["pool"], {"pool": {"nonsense": 1}}, token="foreign")[0] == 400


def test_every_request_asks_its_own_rule(start: Start) -> None:
    asked = Asked()
    api = start(policy=asked)
    for thing, path in reversed(tree(api).items()):
        above = path.rpartition("/")[0]
        for method, where in (("GET", above), ("GET", path), ("PUT", path), ("DELETE", path)):
            asked.heard.clear()
            api.ask(method, where, {root(thing): {}} if method == "PUT" and thing != "l7policy" else None)
            api.settle()
            wanted = {"GET": "get_all" if where == above else "get_one", "PUT": "put", "DELETE": "delete"}[method]
            heard = {action.removesuffix("-global") for action, _ in asked.heard}
            assert heard == ({f"{thing}:{wanted}"} if (method, thing) != ("PUT", "l7policy") else set())


PROFILE = {"name": "p", "provider_name": "amphora"}


def offered(path: str, rule: str, root: str, made: dict[str, str]) -> list[tuple[str, str, Any, str]]:
    one = f"{path}/{{{rule.replace('availability-', '').replace('-', '')}}}"
    return [
        ("GET", path, None, f"{rule}:get_all"),
        ("POST", path, {root: made}, f"{rule}:post"),
        ("GET", one, None, f"{rule}:get_one"),
        ("PUT", one, {root: {}}, f"{rule}:put"),
        ("DELETE", one, None, f"{rule}:delete"),
    ]


# Method, path, body, and the rule that decides; what a tree is made of is above.
RULED: list[tuple[str, str, Any, str]] = [
    ("GET", "/listeners/{listener}/stats", None, "listener:get_stats"),
    ("GET", "/providers", None, "provider:get_all"),
    ("GET", "/providers/amphora/flavor_capabilities", None, "provider-flavor:get_all"),
    ("GET", "/providers/amphora/availability_zone_capabilities", None, "provider-availability-zone:get_all"),
    ("GET", "/quotas", None, "quota:get_all-global"),
    ("GET", "/quotas/{quota}", None, "quota:get_one"),
    ("GET", "/quotas/{quota}/default", None, "quota:get_defaults"),
    ("PUT", "/quotas/{quota}", {"quota": {}}, "quota:put"),
    ("DELETE", "/quotas/{quota}", None, "quota:delete"),
    ("GET", "/v2/octavia/amphorae", None, "amphora:get_all"),
    ("GET", "/v2/octavia/amphorae/{amphora}", None, "amphora:get_one"),
    ("GET", "/v2/octavia/amphorae/{amphora}/stats", None, "amphora:get_stats"),
    ("DELETE", "/v2/octavia/amphorae/{amphora}", None, "amphora:delete"),
    ("PUT", "/v2/octavia/amphorae/{amphora}/config", None, "amphora:put_config"),
    ("PUT", "/v2/octavia/amphorae/{amphora}/failover", None, "amphora:put_failover"),
    *offered("/flavors", "flavor", "flavor", {"name": "n", "flavor_profile_id": ids.new()}),
    *offered("/flavorprofiles", "flavor-profile", "flavorprofile", {**PROFILE, "flavor_data": "{}"}),
    *offered(
        "/availabilityzones",
        "availability-zone",
        "availability_zone",
        {"name": "n", "availability_zone_profile_id": ids.new()},
    ),
    *offered(
        "/availabilityzoneprofiles",
        "availability-zone-profile",
        "availability_zone_profile",
        {**PROFILE, "availability_zone_data": "{}"},
    ),
]


def test_every_request_beside_a_tree_asks_its_own_rule(start: Start) -> None:
    asked = Asked()
    api = start(policy=asked)
    made = {thing: path.rpartition("/")[2] for thing, path in tree(api).items()}
    world = World(api, {"lb": made["loadbalancer"], **made, "hm": "", "policy": made["l7policy"], "rule": ""})
    for method, path, body, rule in RULED:
        asked.heard.clear()
        asked.forbidden = (rule,)
        result = api.ask(method, path.format(**world.keys), body)
        assert asked.heard[0][0] == rule, (method, path)
        assert rule in result.text or rule.endswith("-global"), (method, path)
        assert result.status_code == (200 if rule.endswith("-global") else 403), (method, path)


@pytest.mark.parametrize(
    "method,what,action",
    [
        ("GET", "/status", "get_status"),
        ("GET", "/stats", "get_stats"),
        ("GET", "/events", "get_one"),
        ("PUT", "/failover", "put_failover"),
    ],
)
def test_what_is_seen_and_ordered_of_a_load_balancer_has_rules_too(
    start: Start, method: str, what: str, action: str
) -> None:
    api = start(policy=Asked(f"loadbalancer:{action}"))
    path = f"{LB}/{api.load_balancer()['id']}{what}"
    assert f"loadbalancer:{action}" in api.refused(method, path)[1]


def test_members_in_one_go_need_all_that_is_done(start: Start) -> None:
    asked = Asked("member:delete")
    api = start(policy=asked)
    path = tree(api)["member"].rpartition("/")[0]
    body = {"members": [{"address": "192.0.2.2", "protocol_port": 80}]}
    assert [api.ask("PUT", path + more, body).status_code for more in ("", "?additive_only=true")] == [403, 202]
    assert {("member:post", PROJECT), ("member:put", PROJECT)} <= set(asked.heard)


@pytest.mark.parametrize("token,code", [("counter", 200), ("nobody", 403)])
def test_another_service_counts_members(start: Start, token: str, code: int) -> None:
    api = start()
    path = tree(api)["member"].rpartition("/")[0]
    assert api.ask("GET", path, token=token).status_code == code


def test_security_groups_of_a_vip_have_rules_of_their_own(start: Start) -> None:
    api = start(policy=Asked("loadbalancer:post:vip_sg_ids", "loadbalancer:put:vip_sg_ids"))
    groups = {"vip_sg_ids": [ids.new()]}
    made = {"vip_subnet_id": api.subnet, **groups}
    assert "post:vip_sg_ids" in api.refused("POST", LB, {"loadbalancer": made})[1]
    path = f"{LB}/{api.load_balancer()['id']}"
    assert "put:vip_sg_ids" in api.refused("PUT", path, {"loadbalancer": groups})[1]
    assert api.ask("PUT", path, {"loadbalancer": {"name": "x"}}).status_code == 200


def test_a_body_may_be_too_large(api: Service) -> None:
    answer = api.http.simulate_post(
        "/v2/lbaas/pools", body=b"x" * (4 * 1024 * 1024 + 1), headers={"X-Auth-Token": "member"}
    )
    assert (answer.status_code, answer.json["code"]) == (413, 413)
