"""What the log of the API tells of requests: who, from where, what; and what it never holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hydria.api import accesslog
from hydria.drivers.identity import local as identities
from hydria.kit.clock import HandClock
from hydria.kit.secret import Secret
from tests.unit.api.conftest import PROJECT, Service, Start

LB = "/loadbalancers"


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as found:
        yield found


def of(lines: list[Any], event: str) -> list[Any]:
    return [line for line in lines if line["event"] == event]


def test_a_write_tells_who_for_which_project_from_where_and_how_it_ended(api: Service, lines: list[Any]) -> None:
    body = {"loadbalancer": {"vip_subnet_id": api.subnet}}
    made = api.ask("POST", f"{LB}?secret=x", body, extras={"REMOTE_ADDR": "192.0.2.1"})
    (line,) = of(lines, "api.write")
    told = {"method": "POST", "path": "/v2/loadbalancers", "status": made.status_code}
    who = {"user": "mary", "project": PROJECT, "address": "192.0.2.1", "log_level": "info"}
    assert {name: line[name] for name in (*told, *who)} == told | who
    assert line["ms"] == 0.0


def test_a_write_that_is_refused_is_told_too(api: Service, lines: list[Any]) -> None:
    api.ask("POST", LB, {"loadbalancer": {}}, token="reader")
    api.ask("POST", f"{LB}?wait=nonsense", {"loadbalancer": {}})
    assert [(x["user"], x["status"]) for x in of(lines, "api.write")] == [("rose", 403), ("mary", 400)]


def test_reads_are_told_at_debug_level(api: Service, lines: list[Any]) -> None:
    api.ask("GET", LB)
    assert [(x["user"], x["path"], x["log_level"]) for x in of(lines, "api.read")] == [
        ("mary", "/v2/loadbalancers", "debug")
    ]
    assert of(lines, "api.write") == []


def test_the_address_is_what_stands_before_the_api_says(api: Service, lines: list[Any]) -> None:
    api.ask("DELETE", f"{LB}/x", extras={"REMOTE_ADDR": "198.51.100.7"})
    assert [x["address"] for x in of(lines, "api.write")] == ["198.51.100.7"]


def test_strangers_cannot_fill_the_log(api: Service, lines: list[Any]) -> None:
    for _ in range(accesslog.AT_ONCE + 30):
        api.ask("DELETE", f"{LB}/x", token="stranger")
    assert len(of(lines, "api.write")) == accesslog.AT_ONCE
    api.ask("DELETE", f"{LB}/x")
    assert of(lines, "api.write")[-1]["user"] == "mary"
    api.clock.turn(accesslog.EVERY_S)
    api.ask("DELETE", f"{LB}/x", token="stranger")
    assert of(lines, "api.write")[-1]["unsaid"] == 30


def test_what_a_stranger_may_choose_is_cut(api: Service, lines: list[Any]) -> None:
    api.ask("PUT", "/" + "x" * 5000, token="stranger", extras={"REMOTE_ADDR": "y" * 5000})
    (line,) = of(lines, "api.write")
    assert (len(line["path"]), len(line["address"])) == (accesslog.LONGEST, accesslog.LONGEST)


def log_in(api: Service, password: str) -> int:
    user = {"name": "demo", "domain": {"id": "default"}, "password": password}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    return int(api.ask("POST", "/identity/v3/auth/tokens", body, bare=True).status_code)


def test_log_ins_are_told_and_passwords_are_not(local: Service, lines: list[Any]) -> None:
    assert (log_in(local, "sesame"), log_in(local, "guessed")) == (201, 401)
    (right,), (wrong,) = of(lines, "api.login"), of(lines, "api.login_failed")
    assert (right["name"], right["status"], right["log_level"]) == ("demo", 201, "info")
    assert (wrong["status"], wrong["log_level"], "name" in wrong) == (401, "warning", False)
    assert [x for x in lines if "sesame" in str(x) or "guessed" in str(x)] == []


@pytest.fixture
def local(start: Start, tmp_path: Path) -> Service:
    path = tmp_path / "users.json"
    identities.create_file(path, [identities.NewUser(name="demo", password=Secret(b"sesame"))])
    people = identities.LocalIdentity(path, HandClock())
    return start(identity=people, local=people)
