"""The identity and network look-ups of one machine."""

from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from hydria.drivers.identity import local
from hydria.kit.clock import HandClock
from hydria.kit.secret import Secret
from tests.unit.api.conftest import Service, Start


@pytest.fixture
def api(start: Start, tmp_path: Path) -> Service:
    path = tmp_path / "users.json"
    admin = local.NewUser(name="admin", password=Secret(b"secret"), project="demo", roles=("admin", "member"))
    local.create_file(path, [admin, local.NewUser(name="mary", password=Secret(b"other"), project="other")])
    identity = local.LocalIdentity(path, HandClock())
    return start(identity=identity, local=identity)


def log_in(api: Service, name: str = "admin", password: str = "secret", **scope: Any) -> testing.Result:
    user = {"name": name, "domain": {"name": "Default"}, "password": password}
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    if scope:
        auth["scope"] = {"project": scope}
    return api.ask("POST", "/identity/v3/auth/tokens", {"auth": auth}, bare=True, token="")


def token(api: Service, *who: str) -> str:
    return log_in(api, *who).headers["X-Subject-Token"]


def test_who_logs_in_gets_a_token_with_a_catalog(api: Service) -> None:
    result = log_in(api)
    assert result.status_code == 201
    said = result.json["token"]
    assert (said["user"]["name"], said["project"]["name"]) == ("admin", "demo")
    urls = {s["type"]: s["endpoints"][0]["url"] for s in said["catalog"]}
    base = urls["load-balancer"]
    assert urls == {"identity": f"{base}/identity", "network": f"{base}/network", "load-balancer": base}


def test_the_token_opens_the_api(api: Service) -> None:
    good = token(api)
    assert api.ask("GET", "/loadbalancers", token=good).status_code == 200
    assert api.ask("GET", "/loadbalancers", token="x").status_code == 401


def test_a_token_given_back_opens_nothing(api: Service) -> None:
    good = token(api)
    subject = {"X-Subject-Token": good}
    path = "/identity/v3/auth/tokens"
    assert api.ask("GET", path, bare=True, token=good, headers=subject).json["token"]["user"]["name"] == "admin"
    assert api.ask("DELETE", path, bare=True, token=good, headers=subject).status_code == 204
    assert api.ask("GET", "/loadbalancers", token=good).status_code == 401


@pytest.mark.parametrize("who", [("admin", "wrong"), ("nobody", "secret")])
def test_a_wrong_password_is_401(api: Service, who: tuple[str, str]) -> None:
    result = log_in(api, *who)
    assert (result.status_code, result.json["error"]["code"]) == (401, 401)


def test_another_project_is_no_scope(api: Service) -> None:
    assert log_in(api, "mary", "other", id="x").status_code == 401


def test_a_body_that_asks_for_nothing_is_400(api: Service) -> None:
    for raw in ("", "{}", '{"auth": 1}', "[]"):
        assert api.http.simulate_post("/identity/v3/auth/tokens", body=raw).status_code == 400


def test_projects_are_seen_by_those_who_may(api: Service) -> None:
    def seen(*who: str) -> set[str]:
        result = api.ask("GET", "/identity/v3/projects", bare=True, token=token(api, *who))
        return {p["name"] for p in result.json["projects"]}

    assert seen() == {"demo", "other"}
    assert seen("mary", "other") == {"other"}
    assert api.ask("GET", "/identity/v3/projects", bare=True, token="").status_code == 401


def test_networks_and_subnets_are_found_by_name_and_id(api: Service) -> None:
    good = token(api)

    def look(path: str) -> Any:
        return api.ask("GET", f"/network/v2.0/{path}", bare=True, token=good).json

    (network,) = look("networks?name=demo")["networks"]
    (subnet,) = look("subnets?name=demo")["subnets"]
    assert subnet["network_id"] == network["id"]
    assert network["subnets"] == [subnet["id"]]
    assert look(f"networks/{network['id']}")["network"] == look(f"networks?id={network['id']}")["networks"][0]
    assert look("networks/demo")["NeutronError"]["type"] == "NotFound"
    assert look("security-groups")["security_groups"] == look("qos/policies")["policies"] == []


def test_nothing_is_looked_up_without_a_token(api: Service) -> None:
    assert api.ask("GET", "/network/v2.0/networks", bare=True, token="").status_code == 401
