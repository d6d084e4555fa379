"""A life with the unmodified command-line client, from the first command to the last."""

from typing import Any

import pytest

from tests.clients.conftest import Client


@pytest.fixture(scope="module")
def lb(openstack: Client) -> dict[str, Any]:
    """A load balancer in the subnet named demo."""
    made: dict[str, Any] = openstack("loadbalancer create --name lb1 --vip-subnet-id demo --wait", shows=True)
    return made


@pytest.fixture(scope="module")
def listener(openstack: Client, lb: dict[str, Any]) -> dict[str, Any]:
    created = "loadbalancer listener create --name li1 --protocol HTTP --protocol-port 80 lb1"
    made: dict[str, Any] = openstack(created, shows=True)
    return made


@pytest.fixture(scope="module")
def pool(openstack: Client, listener: dict[str, Any]) -> dict[str, Any]:
    created = "loadbalancer pool create --name po1 --listener li1 --protocol HTTP --lb-algorithm ROUND_ROBIN"
    made: dict[str, Any] = openstack(created, shows=True)
    return made


def test_a_load_balancer_is_created_and_active(lb: dict[str, Any]) -> None:
    assert (lb["provisioning_status"], lb["name"]) == ("ACTIVE", "lb1")
    assert lb["vip_address"]


def test_it_is_found_by_name_and_listed(openstack: Client, lb: dict[str, Any]) -> None:
    assert openstack("loadbalancer show lb1", shows=True)["id"] == lb["id"]
    assert [found["name"] for found in openstack("loadbalancer list --name lb1", shows=True)] == ["lb1"]


def test_it_is_set_and_unset(openstack: Client, lb: dict[str, Any]) -> None:
    openstack("loadbalancer set --description words --tag a --wait lb1")
    found = openstack("loadbalancer show lb1", shows=True)
    assert (found["description"], found["tags"]) == ("words", ["a"])
    openstack("loadbalancer unset --description --all-tag --wait lb1")
    found = openstack("loadbalancer show lb1", shows=True)
    assert (found["description"], found["tags"]) == ("", [])


def test_listener_and_pool_know_each_other(listener: dict[str, Any], pool: dict[str, Any]) -> None:
    assert pool["listeners"] == [{"id": listener["id"]}]


def test_a_listener_is_set_and_unset(openstack: Client, listener: dict[str, Any]) -> None:
    openstack("loadbalancer listener set --connection-limit 200 li1")
    assert openstack("loadbalancer listener show li1", shows=True)["connection_limit"] == 200
    openstack("loadbalancer listener unset --connection-limit li1")
    assert openstack("loadbalancer listener show li1", shows=True)["connection_limit"] == -1


def test_members_come_and_go(openstack: Client, pool: dict[str, Any]) -> None:
    created = "loadbalancer member create --name m1 --address 198.18.0.9 --protocol-port 80 --subnet-id back --wait po1"
    member = openstack(created, shows=True)
    assert (member["provisioning_status"], member["operating_status"]) == ("ACTIVE", "NO_MONITOR")
    assert [m["name"] for m in openstack("loadbalancer member list po1", shows=True)] == ["m1"]
    openstack("loadbalancer member delete po1 m1")
    assert openstack("loadbalancer member list po1", shows=True) == []


@pytest.mark.parametrize("kind", ["PING", "HTTP"])
def test_health_monitors(openstack: Client, pool: dict[str, Any], kind: str) -> None:
    created = f"loadbalancer healthmonitor create --name hm1 --delay 5 --timeout 3 --max-retries 2 --type {kind} po1"
    assert openstack(created, shows=True)["type"] == kind
    openstack("loadbalancer healthmonitor delete hm1")


def test_the_trees_of_status_and_statistics(openstack: Client, pool: dict[str, Any]) -> None:
    assert "po1" in openstack("loadbalancer status show lb1")
    assert openstack("loadbalancer stats show lb1", shows=True)["bytes_in"] == 0


def test_another_project_neither_sees_nor_touches_it(openstack: Client, lb: dict[str, Any]) -> None:
    assert openstack("loadbalancer list", user="other", shows=True) == []
    assert "403" in openstack(f"loadbalancer show {lb['id']}", user="other", fails=True)


def test_it_is_deleted_with_all_it_has(openstack: Client, pool: dict[str, Any]) -> None:
    assert "400" in openstack("loadbalancer delete lb1", fails=True)
    openstack("loadbalancer delete --cascade --wait lb1")
    assert openstack("loadbalancer list", shows=True) == []
