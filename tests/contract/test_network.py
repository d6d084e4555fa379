"""The contract of the network. A driver passes by a subclass of `NetworkContract` that says how it is built."""

import abc
import ipaddress

import pytest

from hydria.drivers import faults, network, sim
from hydria.drivers.network import Port, PortOrder, Segment
from hydria.drivers.network import noop as network_noop
from hydria.drivers.network import sim as network_sim
from hydria.drivers.network.local import book
from hydria.drivers.network.local import driver as local_network
from hydria.drivers.network.local import settings as local_settings
from hydria.kit import clock, ids


def named(net: network.Network, name: str) -> Segment:
    """The network of that name."""
    return next(segment for segment in net.networks() if segment.name == name)


def order(net: network.Network, address: str | None = None) -> PortOrder:
    """A fresh order for a port in `demo`."""
    return PortOrder(name=ids.new(), network_id=named(net, "demo").id, address=address, device_id="x")


def make(net: network.Network) -> Port:
    """A fresh port."""
    return net.create_port(order(net))


def no_cable(networks: local_settings.LocalNetworks, port_id: str, port: Port | None) -> None:
    """What there is to unplug where nothing is plugged."""


class LookupContract(abc.ABC):
    """What holds of every driver."""

    @pytest.fixture
    @abc.abstractmethod
    def net(self) -> network.Network:
        """The driver under test."""

    def test_a_network_and_its_subnets_lead_to_each_other(self, net: network.Network) -> None:
        for segment in net.networks():
            assert net.network(segment.id) == segment
            for subnet in segment.subnets:
                assert net.subnet(subnet.id) == subnet
                assert subnet.network_id == segment.id

    def test_a_port_is_in_the_subnet_that_was_named(self, net: network.Network) -> None:
        subnet = named(net, "back").subnets[0]
        port = net.create_port(PortOrder(name=ids.new(), network_id=subnet.network_id, subnet_id=subnet.id))
        assert (port.network_id, port.subnet_id) == (subnet.network_id, subnet.id)
        assert ipaddress.ip_address(port.address) in ipaddress.ip_network(subnet.cidr)
        assert port.address != subnet.gateway

    def test_a_port_is_found_by_id_and_by_name(self, net: network.Network) -> None:
        asked = order(net)
        port = net.create_port(asked)
        assert net.port(port.id) == net.find_port(asked.name) == port
        assert net.list_ports() == [port]
        assert port.ours

    def test_a_port_nobody_made_is_not_found_by_name(self, net: network.Network) -> None:
        assert net.find_port(ids.new()) is None
        assert net.list_ports() == []

    def test_ports_differ_in_address_and_mac(self, net: network.Network) -> None:
        ports = [make(net) for _ in range(5)]
        assert len({port.address for port in ports}) == len({port.mac for port in ports}) == len(ports)

    def test_a_fixed_address_is_given(self, net: network.Network) -> None:
        address = str(ipaddress.ip_network(named(net, "demo").subnets[0].cidr)[77])
        assert net.create_port(order(net, address)).address == address

    def test_what_was_asked_for_is_kept(self, net: network.Network) -> None:
        asked = PortOrder(name=ids.new(), network_id=named(net, "demo").id, device_id="lb", also=("10.9.9.9",))
        port = net.create_port(asked)
        assert (port.name, port.device_id, port.also) == (asked.name, "lb", ("10.9.9.9",))

    def test_a_destroyed_port_is_gone(self, net: network.Network) -> None:
        port = make(net)
        net.destroy_port(port.id)
        assert net.port(port.id) is None
        assert net.find_port(port.name) is None
        assert net.list_ports() == []

    def test_destroying_twice_does_nothing(self, net: network.Network) -> None:
        port = make(net)
        net.destroy_port(port.id)
        net.destroy_port(port.id)
        net.destroy_port(ids.new())

    def test_a_name_is_used_once(self, net: network.Network) -> None:
        asked = order(net)
        net.create_port(asked)
        with pytest.raises(faults.Refused):
            net.create_port(asked)


class NetworkContract(LookupContract):
    """What holds of every driver that knows which addresses are in use."""

    def test_an_unknown_network_or_subnet_is_none(self, net: network.Network) -> None:
        assert net.network(ids.new()) is None
        assert net.subnet(ids.new()) is None
        assert net.port(ids.new()) is None

    def test_a_port_in_an_unknown_network_is_refused(self, net: network.Network) -> None:
        with pytest.raises(faults.Refused):
            net.create_port(PortOrder(name=ids.new(), network_id=ids.new()))

    def test_a_taken_address_is_refused_and_its_holder_named(self, net: network.Network) -> None:
        port = make(net)
        with pytest.raises(faults.Refused, match=port.id):
            net.create_port(order(net, port.address))

    def test_the_gateway_is_nobodys(self, net: network.Network) -> None:
        with pytest.raises(faults.Refused, match="gateway"):
            net.create_port(order(net, named(net, "demo").subnets[0].gateway))

    def test_an_address_outside_the_network_is_refused(self, net: network.Network) -> None:
        with pytest.raises(faults.Refused):
            net.create_port(order(net, "192.0.2.99"))

    def test_what_was_not_made_is_not_there(self, net: network.Network) -> None:
        assert not net.has_qos_policy(ids.new())
        assert not net.has_security_group(ids.new())

    def test_a_port_takes_one_address_of_the_room(self, net: network.Network) -> None:
        subnet_id = named(net, "demo").subnets[0].id
        before = net.room(subnet_id)
        make(net)
        assert (net.room(subnet_id), net.room(ids.new())) == (before - 1, 0)

    def test_a_freed_address_can_be_had_again(self, net: network.Network) -> None:
        port = make(net)
        net.destroy_port(port.id)
        assert net.create_port(order(net, port.address)).address == port.address

    def test_a_full_subnet_says_so(self, net: network.Network) -> None:
        for _ in range(253):
            make(net)
        assert net.room(named(net, "demo").subnets[0].id) == 0
        with pytest.raises(faults.OutOfResources):
            make(net)


class TestNoop(LookupContract):
    @pytest.fixture
    def net(self) -> network.Network:
        return network_noop.NoopNetwork(clock.HandClock())


class TestSim(NetworkContract):
    @pytest.fixture
    def net(self) -> network.Network:
        return network_sim.SimNetwork(sim.Cloud(clock.HandClock()), "d1")


class TestLocal(NetworkContract):
    """Without cables; `tests/system` has the one with."""

    @pytest.fixture
    def net(self) -> network.Network:
        networks = local_settings.defaults("00000000-0000-4000-8000-000000000001")
        return local_network.LocalNetwork(networks, book.MemoryBook(), clock.HandClock(), no_cable)
