"""Compute of the simulated cloud."""

from hydria.drivers import faults, sim
from hydria.drivers.compute import Machine, Order, Power
from hydria.drivers.network import Port
from hydria.kit import ids


class SimCompute:
    """One deployment's view of the cloud's machines."""

    def __init__(self, cloud: sim.Cloud, deployment: str) -> None:
        self._cloud = cloud
        self._deployment = deployment

    def create(self, order: Order) -> str:
        return self._cloud.do("compute.create", lambda: self._create(order))

    def look(self, machine_id: str) -> Machine:
        return self._cloud.answer("compute.look", lambda: self._look(machine_id))

    def find(self, name: str) -> Machine | None:
        return self._cloud.answer("compute.find", lambda: self._find(name))

    def destroy(self, machine_id: str) -> None:
        self._cloud.do("compute.destroy", lambda: self._destroy(machine_id), faults.Temporary)

    def plug(self, machine_id: str, port: Port) -> None:
        self._cloud.do("compute.plug", lambda: self._plug(machine_id, port))

    def unplug(self, machine_id: str, port_id: str) -> None:
        self._cloud.do("compute.unplug", lambda: self._unplug(machine_id, port_id), faults.Temporary)

    def list(self) -> list[Machine]:
        cloud = self._cloud
        return cloud.answer("compute.list", lambda: [cloud.seen(m) for m in cloud.present(self._deployment)])

    def _create(self, order: Order) -> str:
        cloud = self._cloud
        if any(machine.order.name == order.name for machine in cloud.machines.values()):
            message = f"a machine named {order.name} was made before; a name is used once"
            raise faults.Refused(message)
        if order.management.id not in cloud.ports:
            message = f"port {order.management.id} does not exist"
            raise faults.Refused(message)
        machine_id = ids.new()
        cloud.machines[machine_id] = sim.SimMachine(
            id=machine_id,
            order=order,
            owner=self._deployment,
            created_at=cloud.time.now(),
            runs_at=cloud.time.monotonic() + cloud.boot_s,
            plugged={order.management.id: order.management},
        )
        cloud.plugged(order.management.id, machine_id)
        return machine_id

    def _look(self, machine_id: str) -> Machine:
        machine = self._mine(machine_id)
        return self._cloud.seen(machine) if machine else Machine(machine_id, machine_id, Power.GONE, 0.0)

    def _find(self, name: str) -> Machine | None:
        present = self._cloud.present(self._deployment)
        return next((self._cloud.seen(machine) for machine in present if machine.order.name == name), None)

    def _destroy(self, machine_id: str) -> None:
        machine = self._mine(machine_id)
        if machine is None:
            return
        machine.gone_at = min(machine.gone_at, self._cloud.time.monotonic() + self._cloud.destroy_s)
        for port_id in machine.plugged:
            self._cloud.plugged(port_id, "")
        machine.plugged.clear()

    def _plug(self, machine_id: str, port: Port) -> None:
        machine = self._mine(machine_id)
        if machine is None or self._cloud.power(machine) is Power.GONE:
            message = f"there is no machine {machine_id}"
            raise faults.Refused(message)
        if port.id not in self._cloud.ports:
            message = f"port {port.id} does not exist"
            raise faults.Refused(message)
        if any(port.id in other.plugged for other in self._cloud.machines.values() if other is not machine):
            message = f"port {port.id} is plugged into another machine; unplug it there"
            raise faults.Refused(message)
        machine.plugged[port.id] = port
        self._cloud.plugged(port.id, machine_id)

    def _unplug(self, machine_id: str, port_id: str) -> None:
        machine = self._mine(machine_id)
        if machine is not None and port_id in machine.plugged:
            del machine.plugged[port_id]
            self._cloud.plugged(port_id, "")

    def _mine(self, machine_id: str) -> sim.SimMachine | None:
        machine = self._cloud.machines.get(machine_id)
        return machine if machine is not None and machine.owner == self._deployment else None
