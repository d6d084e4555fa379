"""The contract of compute. A driver passes by a subclass of `ComputeContract` that says how it is built."""

import abc
import dataclasses

import pytest

from hydria.drivers import compute, faults, network, sim
from hydria.drivers.compute import Order, Power
from hydria.drivers.compute import noop as compute_noop
from hydria.drivers.compute import sim as compute_sim
from hydria.drivers.network import PortOrder
from hydria.drivers.network import noop as network_noop
from hydria.drivers.network import sim as network_sim
from hydria.kit import clock, ids


@dataclasses.dataclass
class Rig:
    """A compute driver and the network it lives in."""

    compute: compute.Compute
    net: network.Network

    def port(self, name: str = "mgmt") -> network.Port:
        """A fresh port."""
        segment = next(segment for segment in self.net.networks() if segment.name == name)
        return self.net.create_port(PortOrder(name=ids.new(), network_id=segment.id))

    def order(self) -> Order:
        """A fresh order."""
        files = {"/etc/hydria/amphora-agent.json": b"{}", "/etc/hydria/certs/server.pem": b"PEM"}
        return Order(name=ids.new(), amphora_id=ids.new(), management=self.port(), files=files)


class ComputeContract(abc.ABC):
    """What holds of every driver."""

    @pytest.fixture
    @abc.abstractmethod
    def rig(self) -> Rig:
        """The driver under test."""

    def test_a_machine_runs_after_it_was_made(self, rig: Rig) -> None:
        assert rig.compute.look(rig.compute.create(rig.order())).power is Power.RUNNING

    def test_a_machine_is_found_by_its_name(self, rig: Rig) -> None:
        order = rig.order()
        machine_id = rig.compute.create(order)
        found = rig.compute.find(order.name)
        assert found is not None
        assert (found.id, found.name) == (machine_id, order.name)
        assert [machine.id for machine in rig.compute.list()] == [machine_id]

    def test_a_machine_nobody_made_is_not_found(self, rig: Rig) -> None:
        assert rig.compute.find(ids.new()) is None
        assert rig.compute.list() == []

    def test_a_name_is_used_once(self, rig: Rig) -> None:
        order = rig.order()
        rig.compute.create(order)
        with pytest.raises(faults.Refused):
            rig.compute.create(order)

    def test_a_destroyed_machine_is_gone(self, rig: Rig) -> None:
        order = rig.order()
        machine_id = rig.compute.create(order)
        rig.compute.destroy(machine_id)
        assert rig.compute.look(machine_id).power is Power.GONE
        assert rig.compute.find(order.name) is None
        assert rig.compute.list() == []

    def test_destroying_twice_does_nothing(self, rig: Rig) -> None:
        machine_id = rig.compute.create(rig.order())
        rig.compute.destroy(machine_id)
        rig.compute.destroy(machine_id)
        rig.compute.destroy(ids.new())

    def test_plugging_and_unplugging_twice_does_nothing(self, rig: Rig) -> None:
        machine_id, port = rig.compute.create(rig.order()), rig.port("demo")
        rig.compute.plug(machine_id, port)
        rig.compute.plug(machine_id, port)
        rig.compute.unplug(machine_id, port.id)
        rig.compute.unplug(machine_id, port.id)
        assert rig.compute.look(machine_id).power is Power.RUNNING

    def test_a_machine_with_ports_is_destroyed_like_any_other(self, rig: Rig) -> None:
        machine_id, port = rig.compute.create(rig.order()), rig.port("demo")
        rig.compute.plug(machine_id, port)
        rig.compute.destroy(machine_id)
        rig.compute.unplug(machine_id, port.id)
        assert rig.compute.look(machine_id).power is Power.GONE

    def test_machines_do_not_disturb_each_other(self, rig: Rig) -> None:
        first, second = rig.compute.create(rig.order()), rig.compute.create(rig.order())
        rig.compute.destroy(first)
        assert rig.compute.look(second).power is Power.RUNNING


class TestNoop(ComputeContract):
    @pytest.fixture
    def rig(self) -> Rig:
        time = clock.HandClock()
        return Rig(compute_noop.NoopCompute(time), network_noop.NoopNetwork(time))


class TestSim(ComputeContract):
    @pytest.fixture
    def rig(self) -> Rig:
        cloud = sim.Cloud(clock.HandClock())
        return Rig(compute_sim.SimCompute(cloud, "d1"), network_sim.SimNetwork(cloud, "d1"))
