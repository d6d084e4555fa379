"""Tags of objects, and writes that are made only of an object as it was read."""

from typing import Any

import pytest

from tests.unit.api.conftest import PROJECT, Service, paths

KINDS = ("lb", "listener", "pool", "member", "hm", "policy", "rule")


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_has_the_tag_of_its_last_write(api: Service, tree: dict[str, str], kind: str) -> None:
    path, root = paths(tree)[kind]
    before = api.ask("GET", path).headers["ETag"]
    changed = api.ask("PUT", path, {root: {"admin_state_up": False}})
    assert changed.headers["ETag"] == api.ask("GET", path).headers["ETag"] != before
    assert before.strip('"').isdecimal()


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_that_expects_another_object_changes_nothing(api: Service, tree: dict[str, str], kind: str) -> None:
    path, root = paths(tree)[kind]
    old = {"If-Match": api.ask("GET", path).headers["ETag"]}
    api.ask("PUT", path, {root: {"admin_state_up": False}})
    shown = api.get(path, root)
    code, text = api.refused("PUT", path, {root: {"admin_state_up": True}}, headers=old)
    assert (code, shown["id"] in text) == (412, True)
    assert api.refused("DELETE", f"{path}?cascade=true", headers=old)[0] == 412
    assert api.get(path, root) == shown


def test_a_write_that_expects_what_there_is_is_made(api: Service, tree: dict[str, str]) -> None:
    path, root = paths(tree)["listener"]
    for tags in ('"0", {}', "{}", "*"):
        now = api.ask("GET", path).headers["ETag"]
        assert api.ask("PUT", path, {root: {"name": tags}}, headers={"If-Match": tags.format(now)}).status_code == 200
    now = api.ask("GET", path).headers["ETag"]
    assert api.ask("DELETE", path, headers={"If-Match": now}).status_code == 204


def test_what_happens_beneath_an_object_leaves_its_tag(api: Service, tree: dict[str, str]) -> None:
    before = api.ask("GET", paths(tree)["lb"][0]).headers["ETag"]
    path, root = paths(tree)["member"]
    api.ask("PUT", path, {root: {"weight": 7}})
    assert api.ask("GET", paths(tree)["lb"][0]).headers["ETag"] == before


def test_a_tag_is_no_reason_to_answer_nothing(api: Service, tree: dict[str, str]) -> None:
    path = paths(tree)["pool"][0]
    tag = api.ask("GET", path).headers["ETag"]
    assert api.ask("GET", path, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("tags", ["3", '"3', '"3" "4"', "", 'W/"1'])
def test_what_is_no_tag_is_refused(api: Service, tree: dict[str, str], tags: str) -> None:
    path, root = paths(tree)["pool"]
    code, text = api.refused("PUT", path, {root: {"name": "n"}}, headers={"If-Match": tags})
    assert (code, text.startswith("If-Match:")) == (400, True)


def test_a_weak_tag_fits_nothing(api: Service, tree: dict[str, str]) -> None:
    path, root = paths(tree)["pool"]
    weak = "W/" + api.ask("GET", path).headers["ETag"]
    assert api.refused("PUT", path, {root: {"name": "n"}}, headers={"If-Match": weak})[0] == 412


def test_a_failover_may_depend_on_the_load_balancer_too(api: Service, tree: dict[str, str]) -> None:
    path, tag = f"/loadbalancers/{tree['lb']}", api.ask("GET", paths(tree)["lb"][0]).headers["ETag"]
    for tags, code in (('"0"', 412), (tag, 202)):
        assert api.ask("PUT", f"{path}/failover", headers={"If-Match": tags}, token="admin").status_code == code


NO_TAG = [
    ("PUT", "/pools/@pool/members", {"members": []}, "member"),
    ("POST", "/pools/@pool/members", {"member": {"address": "192.0.2.9", "protocol_port": 80}}, "member"),
    ("PUT", f"/quotas/{PROJECT}", {"quota": {"pool": 7}}, "admin"),
    ("POST", "/loadbalancers", {"loadbalancer": {}}, "member"),
]


@pytest.mark.parametrize("method, path, body, token", NO_TAG)
def test_a_write_that_expects_a_tag_of_what_has_none_is_refused(
    api: Service, tree: dict[str, str], method: str, path: str, body: dict[str, Any], token: str
) -> None:
    where, members = path.replace("@pool", tree["pool"]), f"/pools/{tree['pool']}/members"
    code, text = api.refused(method, where, body, token=token, headers={"If-Match": '"3"'})
    assert (code, text.startswith("If-Match:")) == (412, True)
    assert [m["id"] for m in api.get(members, "members")] == [tree["member"]]
    assert api.ask("PUT", members, {"members": []}, headers={"If-Match": "*"}).status_code == 202
