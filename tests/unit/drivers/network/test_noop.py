"""The no-op network answers alike in every process."""

from hydria.drivers.network import PortOrder
from hydria.drivers.network.noop import NoopNetwork
from hydria.kit import clock, ids


def test_a_port_made_elsewhere_exists_with_the_same_address():
    made = NoopNetwork(clock.HandClock()).create_port(PortOrder(name=ids.new(), network_id=ids.new()))
    seen = NoopNetwork(clock.HandClock()).port(made.id)
    assert seen is not None
    assert (seen.address, seen.mac) == (made.address, made.mac)


def test_any_subnet_exists_and_leads_to_its_network_and_back():
    net, subnet_id = NoopNetwork(clock.HandClock()), ids.new()
    subnet = net.subnet(subnet_id)
    assert subnet is not None
    segment = net.network(subnet.network_id)
    assert segment is not None
    assert segment.subnets == (subnet,)


def test_an_upper_case_id_is_the_same_subnet():
    net, subnet_id = NoopNetwork(clock.HandClock()), ids.new()
    assert net.subnet(subnet_id.upper()) == net.subnet(subnet_id)
