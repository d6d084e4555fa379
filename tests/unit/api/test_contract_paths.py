"""Section 1 of the contract: every path, what can be done there, how that is answered, and what else leads there."""

from typing import Any

import pytest

from hydria.api.context import ApiSettings
from tests.unit.api.conftest import PROJECT, Service, Start
from tests.unit.api.everything import World

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
LIST, ONE, SHOW, ORDER = {"GET", "POST"}, {"GET", "PUT", "DELETE"}, {"GET"}, {"PUT"}
PATHS: dict[str, set[str]] = {
    "/": SHOW,
    "/v2": SHOW,
    "/v2.0/lbaas": SHOW,
    "/v2/lbaas/loadbalancers": LIST,
    "/v2/lbaas/loadbalancers/{lb}": ONE,
    "/v2/lbaas/loadbalancers/{lb}/status": SHOW,
    "/v2/lbaas/loadbalancers/{lb}/statuses": SHOW,
    "/v2/lbaas/loadbalancers/{lb}/stats": SHOW,
    "/v2/lbaas/loadbalancers/{lb}/failover": ORDER,
    "/v2/lbaas/listeners": LIST,
    "/v2/lbaas/listeners/{listener}": ONE,
    "/v2/lbaas/listeners/{listener}/stats": SHOW,
    "/v2/lbaas/pools": LIST,
    "/v2/lbaas/pools/{pool}": ONE,
    "/v2/lbaas/pools/{pool}/members": {*LIST, "PUT"},
    "/v2/lbaas/pools/{pool}/members/{member}": ONE,
    "/v2/lbaas/healthmonitors": LIST,
    "/v2/lbaas/healthmonitors/{hm}": ONE,
    "/v2/lbaas/l7policies": LIST,
    "/v2/lbaas/l7policies/{policy}": ONE,
    "/v2/lbaas/l7policies/{policy}/rules": LIST,
    "/v2/lbaas/l7policies/{policy}/rules/{rule}": ONE,
    "/v2/lbaas/quotas": SHOW,
    "/v2/lbaas/quotas/{quota}": ONE,
    "/v2/lbaas/quotas/{quota}/default": SHOW,
    "/v2/lbaas/providers": SHOW,
    "/v2/lbaas/providers/amphora/flavor_capabilities": SHOW,
    "/v2/lbaas/providers/amphora/availability_zone_capabilities": SHOW,
    "/v2/lbaas/flavors": LIST,
    "/v2/lbaas/flavors/{flavor}": ONE,
    "/v2/lbaas/flavorprofiles": LIST,
    "/v2/lbaas/flavorprofiles/{flavorprofile}": ONE,
    "/v2/lbaas/availabilityzones": LIST,
    "/v2/lbaas/availabilityzones/{zone}": ONE,
    "/v2/lbaas/availabilityzoneprofiles": LIST,
    "/v2/lbaas/availabilityzoneprofiles/{zoneprofile}": ONE,
    "/v2/octavia/amphorae": SHOW,
    "/v2/octavia/amphorae/{amphora}": {"GET", "DELETE"},
    "/v2/octavia/amphorae/{amphora}/stats": SHOW,
    "/v2/octavia/amphorae/{amphora}/failover": ORDER,
    "/v2/octavia/amphorae/{amphora}/config": ORDER,
}


@pytest.fixture
def world(api: Service, tree: dict[str, str]) -> World:
    return World(api, tree)


def test_every_path_has_its_methods_and_no_others(world: World) -> None:
    for path, methods in PATHS.items():
        where = path.format(**world.keys)
        for method in set(METHODS) - methods:
            result = world.api.ask(method, where)
            assert result.status_code == 405, (method, path)
            assert methods <= set(result.headers["Allow"].split(", ")), (method, path)
        for method in methods - {"DELETE"}:  # what is deleted is no more there for the next
            code = world.api.ask(method, where).status_code
            assert code not in ((405,) if where.endswith("/stats") else (404, 405)), (method, path)


@pytest.mark.parametrize("prefix", ["/v2", "/v2.0", "/v2/lbaas", "/v2.0/lbaas"])
def test_every_path_is_below_each_prefix(world: World, prefix: str) -> None:
    """With a slash at the end too, and as a file of JSON."""
    for path in [p for p, methods in PATHS.items() if "GET" in methods and "/lbaas/" in p]:
        where = path.format(**world.keys)
        wanted = world.api.ask("GET", where)
        assert wanted.status_code == 200, where
        for end in ("", "/", ".json"):
            found = world.api.ask("GET", where.replace("/v2/lbaas", prefix) + end)
            assert (found.status_code, found.content) == (200, wanted.content), (prefix, path, end)


@pytest.mark.parametrize("prefix", ["/v2", "/v2.0"])
def test_amphorae_are_below_each_version(world: World, prefix: str) -> None:
    for end in ("", "/", ".json", f"/{world.keys['amphora']}", f"/{world.keys['amphora']}.json"):
        assert world.api.ask("GET", f"{prefix}/octavia/amphorae{end}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/", "/v2.0", "/v2.0/", "/v2/lbaas", "/v2/lbaas/", "/v2.0/lbaas", "/v2.0/lbaas/"]
)
def test_a_version_is_a_word(api: Service, path: str) -> None:
    result = api.ask("GET", path)
    assert (result.status_code, result.json) == (200, "v2")


NOWHERE = (
    "/v1",
    "/v3",
    "/v2.1/lbaas/loadbalancers",
    "/v2/lbaas/nothing",
    "/v2/amphorae",
    "/v2/lbaas/loadbalancers/x/nothing",
    "/v2/lbaas/members",
    "/v2/lbaas/rules",
    "/v2/lbaas/availabilityzones/%00",
)


@pytest.mark.parametrize("path", NOWHERE)
def test_elsewhere_is_nothing(api: Service, path: str) -> None:
    result = api.ask("GET", path, bare=True, token="admin")
    assert (result.status_code, result.json["code"], "title" in result.json) == (404, 404, True)
    assert result.json["description"] == f"There is nothing at {path.replace('%00', chr(0))}."


def test_versions_are_thirty_one_and_all_lead_to_the_same_api(api: Service) -> None:
    result = api.ask("GET", "/", bare=True, token="")
    assert [v["id"] for v in result.json["versions"]] == [f"v2.{n}" for n in range(31)]
    assert [v["status"] for v in result.json["versions"]] == ["SUPPORTED"] * 30 + ["CURRENT"]
    assert all(v.keys() == {"id", "status", "updated", "links"} for v in result.json["versions"])
    links = [link for v in result.json["versions"] for link in v["links"]]
    assert [link["rel"] for link in links] == ["self"] * 31
    assert all(link["href"].endswith("/v2") for link in links)


HEALTH = [
    (None, "text/plain; charset=utf-8"),
    ("*/*", "text/plain; charset=utf-8"),
    ("text/plain", "text/plain; charset=utf-8"),
    ("text/html", "text/html"),
    ("application/json", "application/json"),
]


@pytest.mark.parametrize("accept,kind", HEALTH)
def test_health_is_told_in_the_form_that_is_asked_for(start: Start, accept: str | None, kind: str) -> None:
    api = start(ApiSettings(healthcheck=True))
    headers = {"Accept": accept} if accept else {}
    for method, is_said in (("GET", True), ("HEAD", False)):
        result = api.http.simulate_request(method, "/healthcheck", headers=headers)
        assert (result.status_code, bool(result.content)) == (200, is_said)
        assert result.headers["Content-Type"].startswith(kind.partition(";")[0])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("is_on,code", [(True, 405), (False, 404)])
def test_health_is_only_looked_at(start: Start, method: str, is_on: bool, code: int) -> None:
    api = start(ApiSettings(healthcheck=is_on))
    assert api.http.simulate_request(method, "/healthcheck").status_code == code


# Method, path, body, code, and whether the answer says anything; from the leaves of the tree to its root.
PROFILE = {"name": "x", "provider_name": "amphora"}
DONE: list[tuple[str, str, dict[str, Any] | None, int, bool]] = [
    ("PUT", "/v2/lbaas/loadbalancers/{lb}", {"loadbalancer": {}}, 200, True),
    ("PUT", "/v2/lbaas/listeners/{listener}", {"listener": {}}, 200, True),
    ("PUT", "/v2/lbaas/pools/{pool}", {"pool": {}}, 200, True),
    ("PUT", "/v2/lbaas/pools/{pool}/members/{member}", {"member": {}}, 200, True),
    ("PUT", "/v2/lbaas/pools/{pool}/members", {"members": []}, 202, False),
    ("PUT", "/v2/lbaas/pools/{pool}/members?additive_only=true", {"members": []}, 202, False),
    ("PUT", "/v2/lbaas/healthmonitors/{hm}", {"healthmonitor": {}}, 200, True),
    ("PUT", "/v2/lbaas/l7policies/{policy}", {"l7policy": {"name": "x"}}, 200, True),
    ("PUT", "/v2/lbaas/l7policies/{policy}/rules/{rule}", {"rule": {}}, 200, True),
    ("PUT", "/v2/lbaas/quotas/{quota}", {"quota": {}}, 202, True),
    ("DELETE", "/v2/lbaas/quotas/{quota}", None, 202, False),
    ("DELETE", "/v2/lbaas/quotas/{quota}", None, 202, False),
    ("PUT", "/v2/lbaas/flavors/{flavor}", {"flavor": {}}, 200, True),
    ("PUT", "/v2/lbaas/flavorprofiles/{flavorprofile}", {"flavorprofile": {}}, 200, True),
    ("PUT", "/v2/lbaas/availabilityzones/{zone}", {"availability_zone": {}}, 200, True),
    ("PUT", "/v2/lbaas/availabilityzoneprofiles/{zoneprofile}", {"availability_zone_profile": {}}, 200, True),
    ("DELETE", "/v2/lbaas/flavors/{flavor}", None, 204, False),
    ("DELETE", "/v2/lbaas/flavorprofiles/{flavorprofile}", None, 204, False),
    ("DELETE", "/v2/lbaas/availabilityzones/{zone}", None, 204, False),
    ("DELETE", "/v2/lbaas/availabilityzoneprofiles/{zoneprofile}", None, 204, False),
    ("POST", "/v2/lbaas/flavorprofiles", {"flavorprofile": {**PROFILE, "flavor_data": "{}"}}, 201, True),
    ("PUT", "/v2/octavia/amphorae/{amphora}/config", None, 202, False),
    ("PUT", "/v2/octavia/amphorae/{amphora}/failover", None, 202, False),
    ("PUT", "/v2/lbaas/loadbalancers/{lb}/failover", None, 202, False),
    ("DELETE", "/v2/lbaas/l7policies/{policy}/rules/{rule}", None, 204, False),
    ("DELETE", "/v2/lbaas/l7policies/{policy}", None, 204, False),
    ("DELETE", "/v2/lbaas/healthmonitors/{hm}", None, 204, False),
    ("DELETE", "/v2/lbaas/pools/{pool}", None, 204, False),
    ("DELETE", "/v2/lbaas/listeners/{listener}", None, 204, False),
    ("DELETE", "/v2/lbaas/loadbalancers/{lb}", None, 204, False),
]  # fmt: skip


def test_every_write_has_its_code_and_says_something_or_nothing(world: World) -> None:
    """What is made with POST has 201 in every other test of this folder."""
    for method, path, body, code, is_said in DONE:
        result = world.api.ask(method, path.format(**world.keys), body)
        assert (result.status_code, bool(result.content)) == (code, is_said), (method, path, result.text)
        world.api.settle()


def test_a_load_balancer_with_children_is_deleted_with_cascade(world: World) -> None:
    path = f"/loadbalancers/{world.keys['lb']}"
    asked = [world.api.ask("DELETE", path + query).status_code for query in ("", "?cascade=false", "?cascade=true")]
    assert asked == [400, 400, 204]


def test_the_quota_of_a_project_that_has_none_is_the_usual_one(api: Service) -> None:
    api.token = "admin"
    shown = api.get(f"/quotas/{PROJECT}", "quota")
    usual = api.get(f"/quotas/{PROJECT}/default", "quota")
    assert shown == usual
    assert {most for name, most in usual.items() if not name.endswith("_id")} == {-1}


def test_quotas_of_what_cannot_be_a_project_are_refused(api: Service) -> None:
    api.token = "admin"
    assert [api.ask("GET", f"/quotas/no%0Aproject{rest}").status_code for rest in ("", "/default")] == [400, 400]
