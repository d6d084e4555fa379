"""Members in one go."""

from typing import Any

import pytest

from tests.unit.api.conftest import PROJECT, Service


class Pool:
    """A pool whose members are set in one go."""

    def __init__(self, api: Service) -> None:
        self.api = api
        self.lb = api.load_balancer()["id"]
        pool = {"loadbalancer_id": self.lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
        self.id = api.make("/pools", "pool", **pool)["id"]

    def put(self, *members: dict[str, Any], query: str = "") -> int:
        return self.api.ask("PUT", f"/pools/{self.id}/members{query}", {"members": list(members)}).status_code

    def members(self) -> dict[str, dict[str, Any]]:
        """Members that stay, by address."""
        found = self.api.ask("GET", f"/pools/{self.id}/members").json["members"]
        return {m["address"]: m for m in found if m["provisioning_status"] != "PENDING_DELETE"}

    def is_pending(self) -> bool:
        status: str = self.api.get(f"/loadbalancers/{self.lb}", "loadbalancer")["provisioning_status"]
        return status.startswith("PENDING")


def at(number: int, **more: Any) -> dict[str, Any]:
    return {"address": f"192.0.2.{number}", "protocol_port": 80, **more}


@pytest.fixture
def pool(api: Service) -> Pool:
    pool = Pool(api)
    assert pool.put(at(1, weight=5), at(2)) == 202
    api.settle()
    return pool


def test_members_are_made(pool: Pool) -> None:
    assert {a: m["weight"] for a, m in pool.members().items()} == {"192.0.2.1": 5, "192.0.2.2": 1}


def test_the_same_members_change_nothing(pool: Pool) -> None:
    pool.api.nudges.heard.clear()
    assert pool.put(at(2), at(1, weight=5)) == 202
    assert not pool.is_pending()
    assert pool.api.nudges.heard == []


def test_members_are_changed_added_and_removed(pool: Pool) -> None:
    before = pool.members()
    assert pool.put(at(2, weight=7), at(3)) == 202
    after = pool.members()
    assert {a: m["weight"] for a, m in after.items()} == {"192.0.2.2": 7, "192.0.2.3": 1}
    assert after["192.0.2.2"]["id"] == before["192.0.2.2"]["id"]
    pool.api.settle()
    assert set(pool.members()) == {"192.0.2.2", "192.0.2.3"}


WHOLE: dict[str, Any] = {
    "weight": 7,
    "backup": True,
    "admin_state_up": False,
    "monitor_port": 81,
    "monitor_address": "2001:DB8::0181",
    "name": "one",
    "tags": ["red"],
}
USUAL: dict[str, Any] = {
    "weight": 1,
    "backup": False,
    "admin_state_up": True,
    "monitor_port": None,
    "monitor_address": None,
}


@pytest.mark.parametrize("query", ["", "?additive_only=true"])
def test_what_a_batch_leaves_out_has_its_default_but_for_name_and_tags(pool: Pool, query: str) -> None:
    pool.put(at(1, **WHOLE), at(2))
    assert {n: pool.members()["192.0.2.1"][n] for n in WHOLE} == WHOLE
    pool.put(at(1), at(2), query=query)
    kept = {"name": "one", "tags": ["red"]}
    assert {n: pool.members()["192.0.2.1"][n] for n in WHOLE} == USUAL | kept
    pool.put(at(1, name=None, tags=None, weight=None), at(2), query=query)
    assert {n: pool.members()["192.0.2.1"][n] for n in WHOLE} == USUAL | {"name": "", "tags": []}


def test_a_batch_moves_a_member_to_the_subnet_that_it_names_anew(pool: Pool) -> None:
    here, there = pool.api.subnet, "00000000-0000-4000-8000-0000000000dd"
    before = pool.members()["192.0.2.1"]["id"]
    for asked, found in (
        ({"subnet_id": here}, here),
        ({}, here),
        ({"subnet_id": there}, there),
        ({"subnet_id": None}, there),
    ):
        assert pool.put(at(1, **asked), at(2)) == 202
        member = pool.members()["192.0.2.1"]
        assert (member["id"], member["subnet_id"]) == (before, found)


def test_a_batch_knows_a_member_by_its_address_however_it_is_written(pool: Pool) -> None:
    one, other = ({"address": a, "protocol_port": 80} for a in ("2001:DB8::0181", "2001:db8:0:0::181"))
    assert pool.put(one) == 202
    pool.api.settle()
    before = pool.members()
    assert pool.put(other) == 202
    assert (pool.members(), pool.is_pending()) == (before, False)
    assert list(before) == ["2001:DB8::0181"]
    assert pool.put(one, other) == 400


def test_the_same_whole_members_change_nothing(pool: Pool) -> None:
    pool.put(at(1, **WHOLE, subnet_id=pool.api.subnet), at(2))
    pool.api.settle()
    assert pool.put(at(2), at(1, **WHOLE)) == 202
    assert not pool.is_pending()


def test_an_additive_batch_removes_nothing(pool: Pool) -> None:
    assert pool.put(at(3), query="?additive_only=true") == 202
    assert set(pool.members()) == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}


def test_a_bad_batch_changes_nothing(pool: Pool) -> None:
    assert pool.put(at(3), at(3)) == 400
    assert pool.put(at(3), {"address": "nonsense", "protocol_port": 80}) == 400
    assert pool.put(at(3), {"address": "169.254.169.254", "protocol_port": 80}) == 400
    assert pool.api.refused("PUT", f"/pools/{pool.id}/members", {"members": 1})[0] == 400
    assert set(pool.members()) == {"192.0.2.1", "192.0.2.2"}


def test_the_quota_is_checked_on_the_growth(pool: Pool) -> None:
    pool.api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"member": 3}}, token="admin")
    assert pool.put(at(1), at(2), at(3), at(4)) == 403
    assert pool.put(at(1), at(2), at(3)) == 202


def test_five_hundred_members_at_once(pool: Pool) -> None:
    assert pool.put(*({"address": f"10.0.{i // 250}.{i % 250 + 1}", "protocol_port": 80} for i in range(500))) == 202
    assert len(pool.members()) == 500
