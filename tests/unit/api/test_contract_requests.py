"""Section 2 of the contract: what a request may be, which of its faults is told first, and in which shape."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from falcon import testing

from hydria.api.context import ApiSettings
from hydria.api.requests import Allowance
from hydria.kit import ids
from tests.unit.api.conftest import FOREIGN, PROJECT, Service, Start, paths
from tests.unit.api.everything import KINDS, TREE, World
from tests.unit.api.test_bad_input import counts

LISTENERS = "/v2/lbaas/listeners"


@pytest.fixture
def world(api: Service, tree: dict[str, str]) -> World:
    return World(api, tree)


def sent(api: Service, method: str, path: str, raw: bytes | str, **headers: str) -> testing.Result:
    """A body as it is."""
    return api.http.simulate_request(method, path, body=raw, headers={"X-Auth-Token": api.token, **headers})


# Bodies that are no objects beneath their root key, with the key in the place of KEY.
SHAPELESS: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b" \n",
    "cut off": b"{",
    "cut off deep inside": b'{"KEY":' * 200,
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "text": b'"KEY"',
    "an empty object": b"{}",
    "another root": b'{"other": {}}',
    "the root in capitals": b'{"KEY ": {}}',
    "a root beside the root": b'{"KEY": {}, "other": {}}',
    "a root of null": b'{"KEY": null}',
    "a root of a list": b'{"KEY": [{}]}',
    "a root of text": b'{"KEY": "x"}',
    "a root of a number": b'{"KEY": 7}',
    "something behind it": b'{"KEY": {}} x',
    "two objects": b'{"KEY": {}}{"KEY": {}}',
    "a form": b"name=x&KEY=y",
    "XML": b"<KEY/>",
    "single quotes": b"{'KEY': {}}",
    "a comma at the end": b'{"KEY": {},}',
    "a comment": b'{"KEY": {}} // x',
    "not a number": b'{"KEY": {"name": NaN}}',
    "infinity": b'{"KEY": {"name": Infinity}}',
    "too large a number": b'{"KEY": {"name": 1e999}}',
    "five thousand digits": b'{"KEY": {"name": %s}}' % (b"9" * 5000),
    "a number with a zero before it": b'{"KEY": {"name": 07}}',
    "no UTF-8": b'{"KEY": {"name": "\xff"}}',
    "UTF-16": '{"KEY": {}}'.encode("utf-16"),
    "a mark of byte order": b'\xef\xbb\xbf{"KEY": {}}',
    "half a character": b'{"KEY": {"name": "\\ud800"}}',
    "a NUL": b'{"KEY": {"name": "a\x00b"}}',
    "a NUL in words": b'{"KEY": {"name": "a\\u0000b"}}',
    "a NUL in a name": b'{"KEY": {"\\u0000": 1}}',
    "very deep": b'{"KEY": {"name": %s1%s}}' % (b'{"a":' * 20_000, b"}" * 20_000),
    "deep lists": b'{"KEY": {"name": %s%s}}' % (b"[" * 100_000, b"]" * 100_000),
}


@pytest.mark.parametrize("raw", SHAPELESS.values(), ids=SHAPELESS)
def test_a_body_without_shape_is_400_and_says_what_it_must_be(world: World, raw: bytes) -> None:
    before = counts(world.api)
    for kind in (*TREE, "flavor", "flavorprofile", "zone", "zoneprofile", "quota"):
        path, root = world.where[kind]
        for method, where in (("POST", path), ("PUT", f"{path}/{world.keys[kind]}")):
            if (kind, method) == ("quota", "POST"):
                continue
            result = sent(world.api, method, f"/v2/lbaas{where}", raw.replace(b"KEY", root.encode()))
            assert (result.status_code, result.json["faultcode"], result.json["debuginfo"]) == (400, "Client", None)
            assert root in result.json["faultstring"] or "NUL" in result.json["faultstring"], result.text
    assert counts(world.api) == before


def test_the_last_of_two_values_with_one_name_counts(api: Service, tree: dict[str, str]) -> None:
    raw = '{"listener": {"name": "a"}, "listener": {"name": "b", "name": "c"}}'
    assert sent(api, "PUT", f"{LISTENERS}/{tree['listener']}", raw).json["listener"]["name"] == "c"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "text/plain", "application/xml", "x", ""]
)
def test_the_type_of_a_body_is_not_looked_at(api: Service, tree: dict[str, str], kind: str) -> None:
    raw = '{"listener": {"name": "a"}}'
    result = sent(api, "PUT", f"{LISTENERS}/{tree['listener']}", raw, **{"Content-Type": kind})
    assert (result.status_code, result.json["listener"]["name"]) == (200, "a")


@pytest.mark.parametrize("key", [None, "k"])
def test_a_body_may_be_too_large(start: Start, tree: dict[str, str], key: str | None) -> None:
    api = start(ApiSettings(most_bytes=1000))
    where = f"{LISTENERS}/{tree['listener']}"
    answers = []
    for name in ("a" * 200, "a" * 2000):
        headers = {"X-Auth-Token": "member"} | ({"Idempotency-Key": key + name[:200]} if key else {})
        answers.append(api.http.simulate_put(where, body=f'{{"listener": {{"name": "{name}"}}}}', headers=headers))
    assert [a.status_code for a in answers] == [200, 413]
    assert set(answers[1].json) == BEFORE


def test_of_a_body_that_the_server_did_not_read_the_length_is_enough(api: Service) -> None:
    large = {"CONTENT_LENGTH": "99999999999", "wsgi.input": io.BytesIO()}
    result = api.http.simulate_post("/v2/lbaas/listeners", headers={"X-Auth-Token": "member"}, extras=large)
    assert (result.status_code, set(result.json)) == (413, BEFORE)


@pytest.mark.parametrize(
    "path,has_token,most",
    [
        ("/v2/lbaas/listeners", True, 1_000_000),
        ("/v2/lbaas/listeners", False, 0),
        ("/identity/v3/auth/tokens", False, 65536),
        ("/v2.0/../identity", False, 0),
    ],
)
def test_only_who_shows_a_token_may_send_much(path: str, has_token: bool, most: int) -> None:
    assert Allowance(1_000_000)(path, has_token=has_token) == most
    assert Allowance(1_000_000, needs_token=False)(path, has_token=has_token) >= most


@pytest.mark.parametrize(
    "accept,code",
    [
        (None, 200),
        ("", 200),
        ("*/*", 200),
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/html, application/json;q=0.5", 200),
        ("image/png, */*;q=0.1", 200),
        ("text/html", 406),
        ("text/*", 406),
        ("application/xml", 406),
        ("json", 406),
    ],
)
def test_only_json_is_served(api: Service, accept: str | None, code: int) -> None:
    result = api.ask("GET", "/loadbalancers", headers={} if accept is None else {"Accept": accept})
    assert result.status_code == code
    assert code == 200 or result.json["code"] == 406


@pytest.mark.parametrize("token", ["", "forged"])
def test_nothing_is_told_without_a_token_but_versions(world: World, token: str) -> None:
    for kind in KINDS:
        path = world.where[kind][0]
        for method, where in (("GET", path), ("POST", path), ("PUT", f"{path}/x"), ("DELETE", f"{path}/x")):
            result = world.api.ask(method, where, token=token)
            assert (result.status_code, result.json["error"].keys()) == (401, {"code", "title", "message"})
            assert (result.json["error"]["code"], result.json["error"]["title"]) == (401, "Unauthorized")
            assert "WWW-Authenticate" in result.headers
    assert world.api.ask("GET", "/", bare=True, token=token).status_code == 200
    assert world.api.ask("GET", "/v2", token=token).status_code == 401


def test_every_answer_has_a_request_id_of_its_own(start: Start) -> None:
    api = start(ApiSettings(most_bytes=100))
    lb = f"/loadbalancers/{api.load_balancer()['id']}"
    answers = [
        api.ask("GET", "/", bare=True, token=""),
        api.ask("GET", lb),
        api.ask("DELETE", lb, headers={"Idempotency-Key": "k"}),
        api.ask("DELETE", lb, headers={"Idempotency-Key": "k"}),
        api.ask("DELETE", lb),
        api.ask("POST", "/listeners", {}),
        api.ask("POST", "/listeners", {"listener": {"name": "x" * 99}}),
        api.ask("GET", "/loadbalancers", token=""),
        api.ask("GET", "/loadbalancers", token="nobody"),
        api.ask("GET", "/nothing"),
        api.ask("PATCH", "/loadbalancers"),
        api.ask("GET", "/loadbalancers", headers={"Accept": "text/html"}),
    ]
    assert [a.status_code for a in answers] == [200, 200, 204, 204, 409, 400, 413, 401, 403, 404, 405, 406]
    found = {a.headers["X-Openstack-Request-Id"] for a in answers}
    assert len(found) == len(answers)
    assert all(re.fullmatch(r"req-[0-9a-f-]{36}", i) for i in found)


MONITOR = {"type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1}
INSIDE, BEFORE = {"faultcode", "faultstring", "debuginfo"}, {"code", "title", "description"}
SHAPES: list[tuple[str, str, Any, int, set[str]]] = [
    ("POST", "/listeners", {"listener": {"colour": 1}}, 400, INSIDE),
    ("GET", "/loadbalancers?colour=red", None, 400, INSIDE),
    ("GET", "/loadbalancers?sort=colour", None, 400, INSIDE),
    ("GET", "/loadbalancers?marker=x", None, 400, INSIDE),
    ("GET", "/loadbalancers?sort=name:up", None, 400, BEFORE),
    ("GET", "/loadbalancers?limit=x", None, 400, BEFORE),
    ("GET", "/quotas/other", None, 403, INSIDE),
    ("GET", "/loadbalancers/x", None, 404, INSIDE),
    ("GET", "/pools/{pool}/members/x", None, 404, INSIDE),
    ("GET", "/l7policies/{policy}/rules/x", None, 404, INSIDE),
    ("GET", "/nothing", None, 404, BEFORE),
    ("GET", "/pools/x/members", None, 404, BEFORE),
    ("POST", "/pools/x/members", {"member": {"address": "192.0.2.1", "protocol_port": 80}}, 404, BEFORE),
    ("PUT", "/pools/x/members", {"members": []}, 404, BEFORE),
    ("PUT", f"/pools/{ids.new()}/members/x", {"member": {}}, 404, BEFORE),
    ("DELETE", f"/pools/{ids.new()}/members/x", None, 404, BEFORE),
    ("GET", "/l7policies/x/rules", None, 404, BEFORE),
    ("POST", f"/l7policies/{ids.new()}/rules", {"rule": {}}, 404, BEFORE),
    ("GET", f"/l7policies/{ids.new()}/rules/x", None, 404, BEFORE),
    ("PATCH", "/loadbalancers", None, 405, BEFORE),
    ("DELETE", "/pools/{pool}/members", None, 405, BEFORE),
    ("POST", "/healthmonitors", {"healthmonitor": MONITOR}, 409, INSIDE),
]  # fmt: skip


@pytest.mark.parametrize("row", SHAPES)
def test_a_refusal_has_one_of_two_shapes(
    api: Service, tree: dict[str, str], row: tuple[str, str, Any, int, set[str]]
) -> None:
    method, path, body, code, shape = row
    if isinstance(body, dict) and "healthmonitor" in body:
        body = {"healthmonitor": {**MONITOR, "pool_id": tree["pool"]}}
    result = api.ask(method, path.format(**tree), body)
    assert (result.status_code, result.json.keys()) == (code, shape), result.text
    if shape is INSIDE:
        assert (result.json["faultcode"], result.json["debuginfo"]) == ("Client", None)
        assert result.json["faultstring"]
    else:
        assert (result.json["code"], bool(result.json["title"]), bool(result.json["description"])) == (code, True, True)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "amphora"])
def test_a_bad_body_is_told_of_before_rights_and_before_what_is_not_there(world: World, kind: str) -> None:
    path, root = world.where[kind]
    for method, where in (("POST", path), ("PUT", f"{path}/{world.keys[kind]}"), ("PUT", f"{path}/{ids.new()}")):
        if (kind, method) != ("quota", "POST"):
            code, text = world.api.refused(method, where, {root: {"colour": "red"}}, token="nobody")
            assert (code, '"colour"' in text) == (400, True), (method, where)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "quota"])
def test_an_unknown_or_malformed_id_is_404_for_everybody(world: World, kind: str) -> None:
    path, root = world.where[kind]
    changed: dict[str, Any] = {"policy": {"name": "x"}, "rule": {"value": "/x"}}.get(kind, {})
    nil = [ids.NIL] if kind in ("flavor", "flavorprofile", "zone", "zoneprofile") else []
    for key in (ids.new(), "x", "%20", f"{ids.new()}0", *nil):
        for token in ("member", "reader", "foreign", "nobody", "admin"):
            asked: dict[str, Any] = {"GET": None, "DELETE": None}
            if kind != "amphora":
                asked["PUT"] = {root: changed}
            codes = {m: world.api.ask(m, f"{path}/{key}", body, token=token).status_code for m, body in asked.items()}
            assert set(codes.values()) == {404}, (key, token, codes)


@pytest.mark.parametrize("kind", ["member", "rule"])
def test_what_is_beneath_another_is_not_found_there(api: Service, tree: dict[str, str], kind: str) -> None:
    path, root = paths(tree)[kind]
    if kind == "member":
        pool = {"loadbalancer_id": tree["lb"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP"}
        elsewhere = path.replace(tree["pool"], api.make("/pools", "pool", **pool)["id"])
    else:
        policy = {"listener_id": tree["listener"], "action": "REJECT"}
        elsewhere = path.replace(tree["policy"], api.make("/l7policies", "l7policy", **policy)["id"])
    asked: dict[str, Any] = {"GET": None, "PUT": {root: {"tags": []}}, "DELETE": None}
    assert {api.ask(method, elsewhere, body).status_code for method, body in asked.items()} == {404}
    assert api.ask("GET", path).status_code == 200


RESET: dict[str, tuple[Any, Any]] = {
    "name": ("x", ""),
    "description": ("x", ""),
    "admin_state_up": (True, False),
    "tags": (["x"], []),
}


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("name", RESET)
def test_null_resets_and_names_are_never_null(api: Service, tree: dict[str, str], kind: str, name: str) -> None:
    path, root = paths(tree)[kind]
    if name not in api.get(path, root):
        assert (kind, name) in {
            ("rule", "name"),
            ("rule", "description"),
            ("member", "description"),
            ("hm", "description"),
        }
        return
    first, reset = RESET[name]
    for value, shown in ((first, first), (None, reset)):
        assert api.ask("PUT", path, {root: {name: value}}).json[root][name] == shown
        assert api.get(path, root)[name] == shown


@pytest.mark.parametrize("kind", TREE)
def test_a_change_of_nothing_is_fine_but_for_a_policy(api: Service, tree: dict[str, str], kind: str) -> None:
    path, root = paths(tree)[kind]
    assert api.ask("PUT", path, {root: {}}).status_code == (400 if kind == "policy" else 200)


@pytest.mark.parametrize("names", [("project_id",), ("tenant_id",), ("project_id", "tenant_id")])
def test_a_project_has_two_names(api: Service, names: tuple[str, ...]) -> None:
    made = api.load_balancer(**dict.fromkeys(names, PROJECT))
    assert made["project_id"] == made["tenant_id"] == PROJECT
    (listed,) = api.get("/loadbalancers", "loadbalancers")
    assert listed["project_id"] == listed["tenant_id"] == PROJECT


@pytest.mark.parametrize("name", ["project_id", "tenant_id"])
def test_the_project_of_a_child_is_that_of_its_load_balancer(api: Service, name: str) -> None:
    above = {"loadbalancer_id": api.load_balancer()["id"], name: FOREIGN}
    listener = api.make("/listeners", "listener", protocol="HTTP", protocol_port=80, **above)
    pool = api.make("/pools", "pool", protocol="HTTP", lb_algorithm="ROUND_ROBIN", **above)
    member = api.make(
        f"/pools/{pool['id']}/members", "member", address="192.0.2.1", protocol_port=80, **{name: FOREIGN}
    )
    assert {thing[n] for thing in (listener, pool, member) for n in ("project_id", "tenant_id")} == {PROJECT}


@pytest.mark.parametrize("kind", TREE)
def test_times_have_seconds_and_no_zone_and_a_change_has_one(api: Service, tree: dict[str, str], kind: str) -> None:
    path, root = paths(tree)[kind]
    before = api.get(path, root)
    api.clock.turn(61)
    changed = api.ask("PUT", path, {root: {"admin_state_up": True}}).json[root]
    assert (before["created_at"], changed["created_at"]) == ("2027-01-15T08:00:00", "2027-01-15T08:00:00")
    assert before["updated_at"] == "2027-01-15T08:00:00"
    assert changed["updated_at"] == "2027-01-15T08:01:01"


OTHER = ids.new()
UNKNOWN: list[tuple[str, str, Callable[[dict[str, str]], dict[str, Any]]]] = [
    ("/listeners", "listener", lambda _: {"loadbalancer_id": ids.new(), "protocol": "HTTP", "protocol_port": 81}),
    ("/pools", "pool", lambda _: {"loadbalancer_id": ids.new(), "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}),
    ("/pools", "pool", lambda _: {"listener_id": ids.new(), "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}),
    ("/healthmonitors", "healthmonitor", lambda _: {"pool_id": ids.new(), **MONITOR}),
    ("/l7policies", "l7policy", lambda _: {"listener_id": ids.new(), "action": "REJECT"}),
    ("/listeners", "listener", lambda t: {"loadbalancer_id": t["lb"], "protocol": "TCP", "protocol_port": 81, "default_pool_id": OTHER}),
    ("/l7policies", "l7policy", lambda t: {"listener_id": t["listener"], "action": "REDIRECT_TO_POOL", "redirect_pool_id": ids.new()}),
]  # fmt: skip


@pytest.mark.parametrize("path,root,values", UNKNOWN)
def test_what_a_body_refers_to_must_be_there(
    api: Service, tree: dict[str, str], path: str, root: str, values: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    before = counts(api)
    asked = values(tree)
    code, text = api.refused("POST", path, {root: asked})
    assert (code, next(v for n, v in asked.items() if n.endswith("_id") and v not in tree.values()) in text) == (
        404,
        True,
    )
    assert counts(api) == before
