"""Tokens of a real Keystone: whose they are, when they are worth nothing, and what happens without Keystone."""

import time

import pytest

from tests.cloud.conftest import PEOPLE, SUBNET, Service
from tests.servers import keystone
from tests.system.house import LB


def test_the_versions_need_no_token_and_know_the_catalogue(service: Service) -> None:
    assert service.send("", "GET", "/")[0] == 200


def test_a_proxy_is_believed_only_where_that_is_switched_on(service: Service, older: Service) -> None:
    said = {"X-Forwarded-Host": "lb.example.org"}
    hrefs = [
        keystone.ask(s.port, "GET", "/", None, said)[1]["versions"][0]["links"][0]["href"] for s in (service, older)
    ]
    assert hrefs == [f"http://127.0.0.1:{service.port}/v2", "http://lb.example.org/v2"]


@pytest.mark.parametrize("token", ["", "garbage", "gAAAAABnotreally"])
def test_a_token_that_is_worth_nothing_is_refused_as_keystone_does(service: Service, token: str) -> None:
    code, body, headers = service.send(token, "GET", LB)
    assert (code, body["error"]["code"], body["error"]["title"]) == (401, 401, "Unauthorized")
    assert headers.get_all("WWW-Authenticate") == [f'Keystone uri="{service.keystone.url}"']
    assert headers["X-Openstack-Request-Id"].startswith("req-")


def test_who_forges_what_the_guard_says_is_nobody(service: Service) -> None:
    forged = {"X-Identity-Status": "Confirmed", "X-User-Id": "x", "X-Project-Id": "x", "X-Roles": "admin"}
    assert keystone.ask(service.port, "GET", LB, None, forged)[0] == 401
    own = {**forged, "X-Auth-Token": service.token("mary")}
    assert keystone.ask(service.port, "GET", "/v2/octavia/amphorae", None, own)[0] == 403


def test_a_revoked_token_that_was_not_seen_before_is_worth_nothing(service: Service) -> None:
    token = service.keystone.token("mary", "demo")
    service.keystone.call("DELETE", "/auth/tokens", **{"X-Subject-Token": token})
    assert service.send(token, "GET", LB)[0] == 401


def test_a_token_ends_also_where_it_was_seen_before(service: Service) -> None:
    with keystone.started(keystone.another(service.keystone, expiration=3)) as hasty:
        token = hasty.token("mary", "demo")
        began = time.monotonic()
        assert service.send(token, "GET", LB)[0] == 200
        time.sleep(max(0.0, 4.1 - (time.monotonic() - began)))
        assert service.send(token, "GET", LB)[0] == 401


def test_a_token_without_a_project_may_nothing(service: Service) -> None:
    token = service.keystone.token("mary", None)
    assert service.send(token, "GET", LB)[0] == 403
    assert service.send(token, "POST", LB, {"loadbalancer": {"name": "x"}})[0] == 403


def test_a_token_of_the_whole_system_may_nothing(service: Service) -> None:
    token = service.keystone.token("admin", None, system={"all": True})
    assert service.send(token, "GET", LB)[0] == 403


def test_projects_are_apart(service: Service) -> None:
    code, made = service.load_balancer("mary")
    path = f"{LB}/{made['loadbalancer']['id']}"
    assert (code, made["loadbalancer"]["project_id"]) == (201, service.project("mary"))
    assert [service.ask("fred", method, path, {"loadbalancer": {}})[0] for method in ("GET", "PUT", "DELETE")] == [
        403
    ] * 3
    assert service.ask("fred", "GET", LB)[1]["loadbalancers"] == []
    assert service.ask("fred", "GET", f"{LB}?project_id={service.project('mary')}")[0] == 403
    assert service.ask("fred", "GET", f"{LB}/00000000-0000-4000-8000-000000000000")[0] == 404
    assert service.ask("mary", "DELETE", path)[0] == 204


def test_the_unmodified_client_works_with_a_token_of_keystone(service: Service) -> None:
    made = service.shown("mary", f"loadbalancer create --name lb1 --vip-subnet-id {SUBNET} --wait")
    assert service.client("mary", "loadbalancer set --description words --wait lb1").returncode == 0
    shown = service.shown("mary", "loadbalancer show lb1")
    assert (shown["id"], shown["description"], shown["provisioning_status"]) == (made["id"], "words", "ACTIVE")
    service.shown("mary", "loadbalancer listener create --name li --protocol HTTP --protocol-port 80 --wait lb1")
    refused = service.client("fred", f"loadbalancer show {made['id']}")
    assert (refused.returncode, "403" in refused.stderr) == (1, True)
    assert service.shown("fred", "loadbalancer list") == []
    assert service.client("mary", "loadbalancer delete --cascade --wait lb1").returncode == 0


# Whether each may: see a load balancer of `demo`, list those of all projects, make one, read and set quotas, see amphorae.
NEW = {
    "mary": "see make quota",
    "rose": "see quota",
    "anna": "see all make quota set amphorae",
}
OLDER = NEW | {
    "olga": "see quota",
    "gus": "see all quota",
    "max": "see make quota",
    "quinn": "quota set",
    "luis": "see all make quota set amphorae",
}


def rights(service: Service, user: str, lb_id: str) -> str:
    """What a user may, tried."""
    demo, tried = service.project("mary"), service.ask
    quota = f"/v2/lbaas/quotas/{demo}"
    codes = {
        "see": tried(user, "GET", f"{LB}/{lb_id}")[0],
        "all": tried(user, "GET", f"{LB}?project_id={demo}")[0] if PEOPLE[user][0] != "demo" else 0,
        "make": service.load_balancer(user, project_id=demo)[0],
        "quota": tried(user, "GET", quota)[0],
        "set": tried(user, "PUT", quota, {"quota": {"pool": 50}})[0],
        "amphorae": tried(user, "GET", "/v2/octavia/amphorae")[0],
    }
    assert set(codes.values()) <= {0, 200, 201, 202, 403}, codes
    return " ".join(what for what, code in codes.items() if code in (200, 201, 202))


@pytest.mark.parametrize("user", PEOPLE)
def test_what_roles_give(service: Service, user: str) -> None:
    lb_id = service.load_balancer("mary")[1]["loadbalancer"]["id"]
    assert rights(service, user, lb_id) == NEW.get(user, "")


@pytest.mark.parametrize("user", PEOPLE)
def test_what_roles_give_where_the_older_ones_count(older: Service, user: str) -> None:
    lb_id = older.load_balancer("mary")[1]["loadbalancer"]["id"]
    assert rights(older, user, lb_id) == OLDER.get(user, "")


def test_without_keystone_nobody_is_let_in_but_those_who_are_known(older: Service) -> None:
    known = older.token("mary")
    assert older.send(known, "GET", LB)[0] == 200
    older.keystone.process.stop()
    try:
        code, body, headers = older.send("not seen before", "GET", LB)
        assert (code, body["faultcode"], "X-Openstack-Request-Id" in headers) == (503, "Server", True)
        assert [older.send(token, "GET", LB)[0] for token in (known, "")] == [200, 401]
        assert older.send("not seen before", "GET", "/")[0] == 200
    finally:
        older.keystone.process.start()
    assert older.send("not seen before", "GET", LB)[0] == 401
