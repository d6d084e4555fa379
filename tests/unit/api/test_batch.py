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


def test_what_is_not_named_keeps_its_value(pool: Pool) -> None:
    pool.put(at(1, name="one"), at(2))
    assert (pool.members()["192.0.2.1"]["weight"], pool.members()["192.0.2.1"]["name"]) == (5, "one")


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
