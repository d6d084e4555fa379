"""A cloud controller of Kubernetes: it writes what has changed, once, and nothing when it looks again."""

from dataclasses import replace
from typing import Any

import pytest

from tests.clients.controller import Controller, Monitor, Service
from tests.clients.gopher import Gopher
from tests.system.house import House

NODES = {f"node-{n}": f"198.18.1.{n}" for n in (1, 2, 3)}


@pytest.fixture
def gopher(either_house: House) -> Gopher:
    return Gopher(either_house.api)


@pytest.fixture
def controller(gopher: Gopher) -> Controller:
    return Controller(gopher)


@pytest.fixture
def service(either_house: House) -> Service:
    return Service("web", either_house.subnets["demo"], monitor=Monitor())


def written(controller: Controller, service: Service, nodes: dict[str, str] = NODES) -> list[tuple[str, str]]:
    """What is written to make it so; looking again writes nothing, and nobody had to wait for another's write."""
    gopher = controller.gopher
    gopher.written.clear()
    controller.ensure(service, nodes)
    found = list(gopher.written)
    controller.ensure(service, nodes)
    assert gopher.written == found
    assert gopher.conflicts == 0
    return found


def kinds(found: list[tuple[str, str]]) -> list[str]:
    """Writes without ids."""
    return [
        f"{method} {path.split('/')[-1] if path.endswith('members') else path.split('/')[0]}" for method, path in found
    ]


def test_a_service_is_one_request_and_then_none(controller: Controller, service: Service) -> None:
    named = replace(service, name="first" * 40, more={"provider": "octavia"})
    assert kinds(written(controller, named)) == ["POST loadbalancers"]
    lb = controller.ensure(named, NODES)
    assert (lb["name"], lb["tags"], lb["provider"]) == (named.tag, [named.tag], "octavia")
    assert lb["vip_address"]
    assert len(controller.gopher.list("member", f"pools/{lb['pools'][0]['id']}/members")) == 3
    controller.delete(lb["id"])


CHANGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "ranges": ({"ranges": ("192.0.2.0/24", "198.51.100.7/32")}, ["PUT listeners"]),
    "timeouts": ({"timeouts": (1000, 2000, 3000, 4000)}, ["PUT listeners"]),
    "limit": ({"connection_limit": 10}, ["PUT listeners"]),
    "algorithm": ({"algorithm": "LEAST_CONNECTIONS"}, ["PUT pools"]),
    "monitor off": ({"monitor": None}, ["DELETE healthmonitors"]),
    "monitor slower": ({"monitor": Monitor(delay=90, max_retries=2)}, ["PUT healthmonitors"]),
    "policy": (
        {"monitor": Monitor(node_port=32000)},
        ["PUT members", "DELETE healthmonitors", "POST healthmonitors"],
    ),
    "one more port": (
        {"ports": {80: 30080, 443: 30443}},
        ["POST listeners", "POST pools", "PUT members", "POST healthmonitors"],
    ),
    "another port": (
        {"ports": {443: 30443}},
        ["POST listeners", "POST pools", "PUT members", "POST healthmonitors", "DELETE pools", "DELETE listeners"],
    ),
    "proxy": ({"proxy": True}, ["DELETE pools", "POST pools", "PUT members", "POST healthmonitors"]),
    "forwarded for": (
        {"forwarded_for": True, "ports": {8080: 30080}},
        ["POST listeners", "POST pools", "PUT members", "POST healthmonitors", "DELETE pools", "DELETE listeners"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_written_and_undone_in_as_few_requests(
    controller: Controller, service: Service, change: str
) -> None:
    values, expected = CHANGES[change]
    service = replace(service, name=change.replace(" ", "-"))
    written(controller, service)
    assert kinds(written(controller, replace(service, **values))) == expected
    assert len(written(controller, service)) >= 1
    controller.delete(controller.ensure(service, NODES)["id"])


def test_nodes_come_and_go_in_one_request(controller: Controller, service: Service) -> None:
    service = replace(service, name="nodes", affinity=True)
    written(controller, service)
    for nodes in ({**NODES, "node-4": "198.18.1.4"}, {"node-2": NODES["node-2"]}, {"node-2": "198.18.1.9"}, {}, NODES):
        assert kinds(written(controller, service, nodes)) == ["PUT members"]
    controller.delete(controller.ensure(service, NODES)["id"])


def test_two_services_share_a_load_balancer(controller: Controller, service: Service) -> None:
    owner, guest = replace(service, name="owner"), replace(service, name="guest", ports={81: 30081})
    lb = controller.ensure(owner, NODES)["id"]
    assert controller.ensure(guest, NODES, lb)["tags"] == [owner.tag, guest.tag]
    controller.gopher.written.clear()
    controller.ensure(owner, NODES)
    controller.ensure(guest, NODES, lb)
    assert controller.gopher.written == []
    controller.leave(guest, lb)
    assert controller.gopher.active(lb)["tags"] == [owner.tag]
    controller.delete(lb)
