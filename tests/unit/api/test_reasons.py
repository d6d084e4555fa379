"""What is not as it is wanted says why to its owner, can be given back what runs, and has its journal."""

from typing import Any

import pytest

from hydria.domain import kinds
from hydria.domain.verdict import Verdict
from hydria.kit import ids
from hydria.storage import claims, journal, outcomes, worlds
from hydria.storage.database import Connection
from tests.unit.api.conftest import PROJECT, Service, paths

BY_NAME = dict(zip(("lb", "listener", "pool", "member", "hm", "policy", "rule"), kinds.KINDS, strict=True))
REASONS = ("reason", "failed_step", "request_id", "remedy")


def accept(api: Service, lb_id: str) -> None:
    """What is wanted now is what runs."""

    def work(c: Connection) -> None:
        outcomes.accept(c, lb_id, worlds.desired(c, lb_id), 1, 1)

    api.context.database.write(work)


def refuse(api: Service, lb_id: str, kind: kinds.Kind, object_id: str) -> None:
    """The data plane does not take the last write of an object."""

    def work(c: Connection) -> None:
        tree = worlds.desired(c, lb_id)
        part = tree.find(object_id)
        assert part is not None
        verdict = Verdict(
            object_id=object_id, kind=kind.table, load_balancer_id=lb_id, changed=part.changed, reason="haproxy says no"
        )
        outcomes.judge(c, lb_id, [verdict], api.context.now(), None)

    api.settle()
    api.context.database.write(work)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_refused_says_why_and_who_asked_for_it(api: Service, tree: dict[str, str], name: str) -> None:
    path, root = paths(tree)[name]
    asked = api.ask("PUT", path, {root: {"admin_state_up": False}}).headers["X-Openstack-Request-Id"]
    refuse(api, tree["lb"], BY_NAME[name], tree[name])
    shown = api.get(path, root)
    assert (shown["provisioning_status"], shown["reason"], shown["request_id"]) == ("ERROR", "haproxy says no", asked)
    assert (shown["failed_step"], "restore" in shown["remedy"]) == ("prove", True)
    (listed,) = api.get(path.rsplit("/", 1)[0], BY_NAME[name].many)
    assert listed == shown


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_late_says_which_request_waits(api: Service, tree: dict[str, str], name: str) -> None:
    path, root = paths(tree)[name]
    asked = api.ask("PUT", path, {root: {"admin_state_up": False}}).headers["X-Openstack-Request-Id"]
    assert not set(REASONS) & set(api.get(path, root))
    api.clock.turn(31)
    shown = api.get(path, root)
    assert (shown["provisioning_status"], shown["request_id"]) == ("ERROR", asked)
    assert all(shown[name] for name in REASONS)


def test_what_waits_because_a_run_has_failed_says_so(api: Service, tree: dict[str, str]) -> None:
    path, root = paths(tree)["pool"]
    api.ask("PUT", path, {root: {"name": "n"}})
    why = {"step": "Push", "reason": "no answer", "remedy": "it is tried again", "request_id": "req-1"}
    api.context.database.write(lambda c: claims.failed(c, tree["lb"], 0, **why))
    shown = api.get(path, root)
    assert (shown["provisioning_status"], [shown[n] for n in REASONS]) == (
        "PENDING_UPDATE",
        ["no answer", "Push", "req-1", "it is tried again"],
    )


CHANGES: dict[str, dict[str, Any]] = {
    "lb": {"description": "d"},
    "listener": {"connection_limit": 7, "insert_headers": {"X-Forwarded-For": "true"}},
    "pool": {"lb_algorithm": "SOURCE_IP", "session_persistence": {"type": "SOURCE_IP"}},
    "member": {"weight": 9, "monitor_port": 81},
    "hm": {"delay": 50, "url_path": "/z"},
    "policy": {"action": "REDIRECT_TO_URL", "redirect_url": "http://e.test/"},
    "rule": {"value": "/zz", "invert": True},
}


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_refused_gets_back_what_runs(api: Service, tree: dict[str, str], name: str) -> None:
    path, root = paths(tree)[name]
    accept(api, tree["lb"])
    before = api.get(path, root)
    assert api.ask("PUT", path, {root: CHANGES[name]}).status_code == 200
    refuse(api, tree["lb"], BY_NAME[name], tree[name])
    restored = api.ask("PUT", f"{path}/restore")
    assert (restored.status_code, restored.json[root]["provisioning_status"]) == (200, "PENDING_UPDATE")
    api.settle()
    after = api.get(path, root)
    assert {n for n in before if after[n] != before[n]} <= {"updated_at"}
    assert api.get(f"/loadbalancers/{tree['lb']}/events", "events")[0]["action"] == "restore"
    assert api.refused("PUT", f"{path}/restore")[0] == 409


def test_there_is_nothing_to_restore_of_what_never_ran(api: Service, tree: dict[str, str]) -> None:
    path, _ = paths(tree)["pool"]
    code, text = api.refused("PUT", f"{path}/restore")
    assert (code, "Nothing of" in text) == (409, True)
    refuse(api, tree["lb"], kinds.POOL, tree["pool"])
    code, text = api.refused("PUT", f"{path}/restore")
    assert (code, "change it or delete it" in text) == (409, True)
    assert api.refused("PUT", f"{path}/restore", token="reader")[0] == 403
    assert api.refused("PUT", f"/pools/{ids.new()}/restore")[0] == 404


def test_conflicts_say_when_to_come_again(api: Service, tree: dict[str, str]) -> None:
    result = api.ask("PUT", f"{paths(tree)['pool'][0]}/restore")
    assert (result.status_code, result.headers["Retry-After"]) == (409, "1")


def test_events_come_in_pages(api: Service, tree: dict[str, str]) -> None:
    path = f"/loadbalancers/{tree['lb']}/events"
    every = api.get(path, "events")
    numbers = [e["number"] for e in every]
    assert numbers == sorted(numbers, reverse=True)
    found, href = [], f"{path}?limit=3"
    while href:
        page = api.ask("GET", href, bare=href.startswith("http")).json
        found += page["events"]
        href = next((link["href"].partition("/lbaas")[2] for link in page["events_links"]), "")
    assert found == every
    assert api.refused("GET", f"{path}?marker=x")[0] == 400


def test_a_run_shows_its_steps(api: Service, tree: dict[str, str]) -> None:
    steps = [{"step": "Push", "ms": 1.5, "outcome": "done"}]
    entry = journal.Entry(
        at=api.context.now(),
        load_balancer_id=tree["lb"],
        project_id=PROJECT,
        generation=9,
        entry="run",
        action="converge",
        kind="load_balancer",
        object_id=tree["lb"],
        who="worker",
        request_id="req-9",
        changes=steps,
        outcome="settled",
    )
    api.context.database.write(lambda c: journal.add(c, entry))
    shown = api.get(f"/loadbalancers/{tree['lb']}/events", "events")[0]
    assert (shown["steps"], shown["changes"], shown["request_id"]) == (steps, {}, "req-9")
