"""The simulated cloud lets one down in the ways it is told to."""

import pytest

from hydria.drivers import faults, sim
from hydria.drivers.compute import Order, Power
from hydria.drivers.compute.sim import SimCompute
from hydria.drivers.network import PortOrder
from hydria.drivers.network.sim import SimNetwork
from hydria.kit import clock, ids

DEMO = sim.SEGMENTS[1].id


@pytest.fixture
def cloud() -> sim.Cloud:
    return sim.Cloud(clock.HandClock())


@pytest.fixture
def net(cloud: sim.Cloud) -> SimNetwork:
    return SimNetwork(cloud, "d1")


@pytest.fixture
def machines(cloud: sim.Cloud) -> SimCompute:
    return SimCompute(cloud, "d1")


@pytest.fixture
def order(net: SimNetwork) -> Order:
    management = net.create_port(PortOrder(name=ids.new(), network_id=sim.SEGMENTS[0].id))
    return Order(name="m1", amphora_id=ids.new(), management=management, files={})


def test_a_lost_answer_hides_an_effect(cloud: sim.Cloud, net: SimNetwork) -> None:
    cloud.script("network.create_port", sim.LoseAnswer())
    with pytest.raises(faults.Unknown):
        net.create_port(PortOrder(name="p", network_id=DEMO))
    assert net.find_port("p") is not None
    assert cloud.effects == ["network.create_port"]


def test_a_lost_request_has_no_effect(cloud: sim.Cloud, net: SimNetwork) -> None:
    cloud.script("network.create_port", sim.LoseRequest())
    with pytest.raises(faults.Temporary):
        net.create_port(PortOrder(name="p", network_id=DEMO))
    assert net.find_port("p") is None
    assert cloud.effects == []


def test_a_late_effect_arrives_when_its_time_has_come(cloud: sim.Cloud, machines: SimCompute, order: Order) -> None:
    cloud.script("compute.create", sim.Late(after_s=30))
    with pytest.raises(faults.Unknown):
        machines.create(order)
    cloud.turn(29)
    assert machines.find("m1") is None
    cloud.turn(1)
    assert machines.find("m1") is not None


def test_a_late_effect_that_became_impossible_is_dropped(cloud: sim.Cloud, net: SimNetwork) -> None:
    cloud.script("network.create_port", sim.Late(after_s=5))
    with pytest.raises(faults.Unknown):
        net.create_port(PortOrder(name="late", network_id=DEMO, address="10.88.8.9"))
    net.create_port(PortOrder(name="quick", network_id=DEMO, address="10.88.8.9"))
    cloud.turn(6)
    assert [port.name for port in net.list_ports()] == ["quick"]


def test_no_room_is_said_as_often_as_scripted(cloud: sim.Cloud, net: SimNetwork) -> None:
    cloud.script("network.create_port", sim.Full(), times=2)
    for name in ("a", "b"):
        with pytest.raises(faults.OutOfResources):
            net.create_port(PortOrder(name=name, network_id=DEMO))
    assert net.create_port(PortOrder(name="c", network_id=DEMO)).name == "c"


def test_a_standing_refusal_is_forgiven(cloud: sim.Cloud, net: SimNetwork) -> None:
    cloud.script("network.create_port", sim.Refuse("quota exceeded"), times=sim.ALWAYS)
    for name in ("a", "b"):
        with pytest.raises(faults.Refused, match="quota"):
            net.create_port(PortOrder(name=name, network_id=DEMO))
    cloud.forgive()
    assert net.create_port(PortOrder(name="c", network_id=DEMO)).name == "c"


def test_a_slow_machine_builds_until_it_has_booted(cloud: sim.Cloud, machines: SimCompute, order: Order) -> None:
    cloud.boot_s = 60
    machine_id = machines.create(order)
    assert machines.look(machine_id).power is Power.BUILDING
    cloud.turn(60)
    assert machines.look(machine_id).power is Power.RUNNING


@pytest.mark.parametrize("power", [Power.OFF, Power.ERROR, Power.GONE])
def test_a_dead_machine_is_seen_as_it_died(cloud: sim.Cloud, machines: SimCompute, order: Order, power: Power) -> None:
    machine_id = machines.create(order)
    cloud.kill(machine_id, power)
    assert machines.look(machine_id).power is power


def test_a_destroyed_machine_may_linger(cloud: sim.Cloud, machines: SimCompute, order: Order) -> None:
    cloud.destroy_s = 10
    machine_id = machines.create(order)
    machines.destroy(machine_id)
    assert machines.look(machine_id).power is Power.RUNNING
    cloud.turn(10)
    assert machines.look(machine_id).power is Power.GONE


class Crash(BaseException):
    """What a killed process feels."""


def test_a_crash_after_an_effect_leaves_the_effect(cloud: sim.Cloud, net: SimNetwork) -> None:
    def crash(name: str) -> None:
        raise Crash(name)

    cloud.on_effect = crash
    with pytest.raises(Crash, match=r"network\.create_port"):
        net.create_port(PortOrder(name="p", network_id=DEMO))
    assert cloud.ports


def test_deployments_do_not_see_each_other(
    cloud: sim.Cloud, machines: SimCompute, net: SimNetwork, order: Order
) -> None:
    machine_id = machines.create(order)
    other, other_net = SimCompute(cloud, "d2"), SimNetwork(cloud, "d2")
    assert other.list() == []
    assert other_net.list_ports() == []
    assert other.look(machine_id).power is Power.GONE
    with pytest.raises(faults.Refused):
        other_net.destroy_port(order.management.id)


def test_a_users_port_is_not_ours(cloud: sim.Cloud, net: SimNetwork) -> None:
    port = cloud.foreign_port(DEMO, "10.88.8.50")
    found = net.port(port.id)
    assert found is not None
    assert not found.ours
    assert net.list_ports() == []
