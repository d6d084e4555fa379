"""Compute that makes nothing: a machine runs at once, and one made by another process is believed to run."""

import dataclasses
import hashlib
import threading

from hydria.drivers import faults
from hydria.drivers.compute import Machine, Order, Power
from hydria.drivers.network import Port
from hydria.kit import clock, ids

_MOST_GONE = 100_000


class NoopCompute:
    """Remembers what this process made and destroyed."""

    def __init__(self, time: clock.Clock) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._made: dict[str, Machine] = {}
        self._gone: dict[str, None] = {}

    def create(self, order: Order) -> str:
        machine = Machine(
            id=_id_of(order.name),
            name=order.name,
            power=Power.RUNNING,
            created_at=self._time.now(),
            zone=order.zone,
            image=order.image,
            flavor=order.flavor,
        )
        with self._lock:
            if machine.id in self._made or machine.id in self._gone:
                message = f"a machine named {order.name} was made before; a name is used once"
                raise faults.Refused(message)
            self._made[machine.id] = machine
        return machine.id

    def look(self, machine_id: str) -> Machine:
        with self._lock:
            unknown = Machine(id=machine_id, name=machine_id, power=Power.RUNNING, created_at=0.0)
            found = self._made.get(machine_id, unknown)
            return dataclasses.replace(found, power=Power.GONE) if machine_id in self._gone else found

    def find(self, name: str) -> Machine | None:
        with self._lock:
            return self._made.get(_id_of(name))

    def destroy(self, machine_id: str) -> None:
        with self._lock:
            self._made.pop(machine_id, None)
            self._gone[machine_id] = None
            if len(self._gone) > _MOST_GONE:
                del self._gone[next(iter(self._gone))]

    def plug(self, machine_id: str, port: Port) -> None:
        """Nothing to do."""

    def unplug(self, machine_id: str, port_id: str) -> None:
        """Nothing to do."""

    def list(self) -> list[Machine]:
        with self._lock:
            return [*self._made.values()]


def _id_of(name: str) -> str:
    return ids.text(hashlib.sha256(name.encode()).digest()[:16])
