"""The local network driver gives each address once and says who has it."""

import ipaddress

import pytest

from hydria.drivers import faults
from hydria.drivers.network import PortOrder
from hydria.drivers.network.local import book, driver, settings
from hydria.kit import clock, ids

NETWORKS = settings.defaults("00000000-0000-4000-8000-000000000001", mgmt="10.1.0.0/29")
MGMT, DEMO = NETWORKS.segments[0], NETWORKS.segments[1]


@pytest.fixture
def unplugged():
    return []


@pytest.fixture
def net(unplugged):
    def unplug(networks, port_id, port):
        unplugged.append((port_id, port))

    return driver.LocalNetwork(NETWORKS, book.MemoryBook(), clock.HandClock(), unplug)


def order(segment, address=None):
    return PortOrder(name=ids.new(), network_id=segment.id, address=address)


def test_gateway_and_machine_keep_their_addresses(net):
    given = [net.create_port(order(MGMT)).address for _ in range(4)]
    assert given == ["10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"]
    with pytest.raises(faults.OutOfResources, match="mgmt"):
        net.create_port(order(MGMT))


def test_the_machines_own_address_is_refused_by_name(net):
    with pytest.raises(faults.Refused, match="this machine"):
        net.create_port(order(MGMT, NETWORKS.host_address))


def test_a_port_is_unplugged_before_it_is_forgotten(net, unplugged):
    port = net.create_port(order(DEMO))
    net.destroy_port(port.id)
    assert unplugged == [(port.id, port)]


def test_macs_are_local_and_unicast(net):
    first = int(net.create_port(order(DEMO)).mac[:2], 16)
    assert first & 0b11 == 0b10


def test_names_fit_an_interface(net):
    port = net.create_port(order(DEMO))
    names = [settings.bridge(DEMO.id), settings.fabric_end(port.id), settings.card(port.mac), NETWORKS.root_link]
    assert all(len(name) <= 15 for name in names)


def test_ids_follow_from_the_deployment():
    again = settings.defaults(NETWORKS.deployment, mgmt="10.1.0.0/29")
    assert again == NETWORKS
    assert settings.defaults(ids.new()).segments[0].id != MGMT.id


def test_the_machine_is_beside_the_gateway():
    mgmt = ipaddress.ip_network(NETWORKS.management_subnet.cidr)
    assert NETWORKS.management_subnet.gateway == str(mgmt[1])
    assert NETWORKS.host_address == str(mgmt[2])
