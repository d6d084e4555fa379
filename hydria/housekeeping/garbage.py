"""The chore that lists what carries our mark in the cloud and destroys what is garbage."""

from collections.abc import Collection

from hydria.control import garbage
from hydria.control.garbage import Found
from hydria.drivers import faults
from hydria.drivers.compute import Compute
from hydria.drivers.network import Network
from hydria.kit import log
from hydria.kit.clock import Clock
from hydria.storage import ledger
from hydria.storage.database import Database


class Garbage:
    """Remembers between two looks what was strange at the first."""

    def __init__(self, database: Database, compute: Compute, network: Network, clock: Clock) -> None:
        self._database, self._compute, self._network, self._clock = database, compute, network, clock
        self._strange: Collection[str] = ()

    def look(self) -> garbage.Sweep:
        """One look. The cloud is listed before the ledger is read: what is planned meanwhile is never strange."""
        found = [Found(m.id, m.name, "server", m.created_at) for m in self._compute.list()]
        found += [Found(p.id, p.name, "port", p.created_at) for p in self._network.list_ports() if p.ours]
        rows = {x.name: x for x in self._database.read(ledger.every)}
        swept = garbage.sweep(rows, found, self._strange, self._clock.now())
        self._strange = swept.strange
        if swept.ask:
            log.get().error("garbage.ask", reason=swept.ask, remedy="look at `hydria doctor`, then confirm")
        for thing in sorted(swept.destroy, key=lambda f: f.kind != "server"):
            self._destroy(thing)
        self._database.write(lambda c: ledger.forget(c, swept.forget))
        return swept

    def _destroy(self, thing: Found) -> None:
        destroy = self._compute.destroy if thing.kind == "server" else self._network.destroy_port
        try:
            destroy(thing.id)
        except faults.Fault as fault:  # it is found again at the next look; the others need not wait for it
            log.get().warning("garbage.not_destroyed", kind=thing.kind, id=thing.id, name=thing.name, error=str(fault))
            return
        log.get().warning("garbage.destroyed", kind=thing.kind, id=thing.id, name=thing.name)
