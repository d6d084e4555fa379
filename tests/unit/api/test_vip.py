"""Creating a load balancer's VIP: what is refused leaves nothing, what is unknown is left to the worker."""

import dataclasses
from typing import Any

import pytest

from hydria.api.context import ApiSettings
from hydria.control.world import ExternalState, Purpose
from hydria.drivers import faults
from hydria.drivers.network import Port, PortOrder, Subnet, noop
from hydria.kit import ids
from hydria.kit.clock import HandClock
from hydria.storage import ledger
from tests.unit.api.conftest import FOREIGN, PROJECT, Service, Start


class Moody(noop.NoopNetwork):
    """A network that fails as it is told to."""

    fault: Exception | None = None
    makes_it_anyway = False

    def create_port(self, order: PortOrder) -> Port:
        if self.fault and not self.makes_it_anyway:
            raise self.fault
        port = super().create_port(order)
        if self.fault:
            raise self.fault
        return port


@pytest.fixture
def moody() -> Moody:
    return Moody(HandClock())


def create(api: Service, **values: Any) -> tuple[int, dict[str, Any]]:
    result = api.ask("POST", "/loadbalancers", {"loadbalancer": values})
    return result.status_code, result.json


def nothing_is_left(api: Service) -> bool:
    listed = api.ask("GET", "/loadbalancers").json["loadbalancers"]
    return listed == [] and api.context.database.read(ledger.every) == []


def test_the_port_of_a_vip_is_in_the_ledger(api: Service) -> None:
    lb = api.load_balancer()
    (port,) = api.context.database.read(lambda c: ledger.of(c, lb["id"]))
    assert (port.purpose, port.state, port.cloud_id) == (Purpose.VIP, ExternalState.MADE, lb["vip_port_id"])
    assert port.address == lb["vip_address"]


@pytest.mark.parametrize(
    "fault,code",
    [
        (faults.Refused("no such place"), 400),
        (faults.OutOfResources("no address left"), 409),
        (faults.Temporary("down"), 503),
    ],
)
def test_a_vip_that_cannot_be_had_leaves_nothing(start: Start, moody: Moody, fault: Exception, code: int) -> None:
    moody.fault = fault
    api = start(ApiSettings(quotas={"load_balancer": 1}), network=moody)
    status, body = create(api, vip_subnet_id=api.subnet)
    assert status == code
    assert str(fault) in body["faultstring"]
    assert nothing_is_left(api)
    moody.fault = None
    assert create(api, vip_subnet_id=api.subnet)[0] == 201


def test_a_vip_whose_making_was_not_answered_is_looked_for(start: Start, moody: Moody) -> None:
    moody.fault, moody.makes_it_anyway = faults.Unknown("no answer"), True
    api = start(network=moody)
    status, body = create(api, vip_subnet_id=api.subnet)
    assert status == 201
    assert body["loadbalancer"]["vip_address"]


def test_a_vip_nobody_knows_of_is_left_to_the_worker(start: Start, moody: Moody) -> None:
    moody.fault = faults.Unknown("no answer")
    api = start(network=moody)
    status, body = create(api, vip_subnet_id=api.subnet)
    assert (status, body["loadbalancer"]["vip_address"]) == (201, None)
    (port,) = api.context.database.read(ledger.every)
    assert port.state is ExternalState.PLANNED
    assert api.nudges.heard == []


def test_a_port_of_the_user_is_taken_and_stays_theirs(api: Service) -> None:
    port = api.context.network.create_port(PortOrder(name=ids.new(), network_id=ids.new()))
    lb = api.make("/loadbalancers", "loadbalancer", vip_port_id=port.id)
    assert (lb["vip_port_id"], lb["vip_address"], lb["vip_network_id"]) == (port.id, port.address, port.network_id)
    assert api.context.database.read(ledger.every) == []


def test_a_port_is_the_vip_of_one_load_balancer(api: Service) -> None:
    port = api.context.network.create_port(PortOrder(name=ids.new(), network_id=ids.new()))
    api.make("/loadbalancers", "loadbalancer", vip_port_id=port.id)
    assert create(api, vip_port_id=port.id)[0] == 409


class Owned(noop.NoopNetwork):
    """A network whose subnets are another project's, or absent."""

    owner: str | None = FOREIGN

    def subnet(self, subnet_id: str) -> Subnet | None:
        found = super().subnet(subnet_id)
        return dataclasses.replace(found, project_id=self.owner) if found and self.owner is not None else None


@pytest.mark.parametrize("owner,code", [(None, 400), (FOREIGN, 400), ("", 201), (PROJECT, 201)])
def test_a_subnet_must_exist_and_be_ones_own(start: Start, owner: str | None, code: int) -> None:
    network = Owned(HandClock())
    api = start(network=network)
    pool = api.make(
        "/pools", "pool", loadbalancer_id=_somewhere(api, network), protocol="TCP", lb_algorithm="ROUND_ROBIN"
    )
    network.owner = owner
    member = {"address": "192.0.2.1", "protocol_port": 80, "subnet_id": api.subnet}
    assert create(api, vip_subnet_id=api.subnet)[0] == code
    assert api.ask("POST", f"/pools/{pool['id']}/members", {"member": member}).status_code == code
    batch = api.ask("PUT", f"/pools/{pool['id']}/members", {"members": [member]}).status_code
    assert batch == (400 if code == 400 else 202)


def _somewhere(api: Service, network: Owned) -> str:
    """A load balancer that is there before the subnet changes hands."""
    network.owner = ""
    lb: str = api.load_balancer()["id"]
    return lb


def test_a_vip_needs_a_place(api: Service) -> None:
    status, body = create(api, name="x")
    assert (status, "vip_subnet_id" in body["faultstring"]) == (400, True)


def test_a_port_of_another_machine_is_refused(api: Service) -> None:
    port = api.context.network.create_port(PortOrder(name=ids.new(), network_id=ids.new(), device_id="a machine"))
    assert create(api, vip_port_id=port.id)[0] == 400
    assert nothing_is_left(api)


def test_an_address_may_be_chosen(api: Service) -> None:
    network = api.context.network.networks()[0].id
    lb = api.make("/loadbalancers", "loadbalancer", vip_network_id=network, vip_address="198.18.0.77")
    assert lb["vip_address"] == "198.18.0.77"


def test_a_provider_has_other_names_that_are_kept_and_must_be_enabled(api: Service) -> None:
    for name in ("octavia", "amphora"):
        lb = api.load_balancer(provider=name)
        assert (lb["provider"], api.get(f"/loadbalancers/{lb['id']}", "loadbalancer")["provider"]) == (name, name)
        listed = api.ask("GET", f"/loadbalancers?provider={name}").json["loadbalancers"]
        assert [found["id"] for found in listed] == [lb["id"]]
    assert create(api, vip_subnet_id=api.subnet, provider="acme")[0] == 400


def test_a_quota_that_is_met_is_403(start: Start) -> None:
    api = start(ApiSettings(quotas={"load_balancer": 1}))
    api.load_balancer()
    status, body = create(api, vip_subnet_id=api.subnet)
    assert (status, "Quota has been met" in body["faultstring"]) == (403, True)


def test_an_administrator_may_create_for_another_project(api: Service) -> None:
    other = ids.new()
    api.token = "admin"
    assert api.load_balancer(project_id=other)["project_id"] == other
    assert api.load_balancer(tenant_id=other)["project_id"] == other
    api.token = "member"
    assert create(api, vip_subnet_id=api.subnet, project_id=other)[0] == 403
    assert create(api, vip_subnet_id=api.subnet, project_id=PROJECT)[0] == 201
