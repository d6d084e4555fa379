"""A local deployment for tests: fabric, networks, machines with a stand-in for the agent, and a look for what is left over."""

import contextlib
import dataclasses
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from hydria.drivers.compute import Order
from hydria.drivers.compute.local import driver as local_compute
from hydria.drivers.compute.local import settings as machine_settings
from hydria.drivers.network import Port, PortOrder
from hydria.drivers.network.local import book, fabric, wires
from hydria.drivers.network.local import driver as local_network
from hydria.drivers.network.local import settings as network_settings
from hydria.kit import clock, ids

STAND_IN = """
import os, socket
open("/var/lib/hydria/pid", "w").write(str(os.getpid()))
server = socket.create_server(("", 9443), backlog=64)
while True:
    server.accept()[0].close()
"""
AGENT = ("python3", "-I", "-S", "-c", STAND_IN)


@dataclasses.dataclass
class Local:
    """What a test works with."""

    networks: network_settings.LocalNetworks
    machines: machine_settings.LocalMachines
    net: local_network.LocalNetwork
    compute: local_compute.LocalCompute
    named: set[str] = dataclasses.field(default_factory=set)  # namespaces of amphorae that were ordered

    def port(self, name: str = "mgmt") -> Port:
        """A fresh port in the network of that name."""
        segment = next(segment for segment in self.networks.segments if segment.name == name)
        return self.net.create_port(PortOrder(name=ids.new(), network_id=segment.id))

    def order(self) -> Order:
        """A fresh order."""
        amphora_id = ids.new()
        self.named.add(machine_settings.namespace(amphora_id))
        files = {"/etc/hydria/amphora-agent.json": b"{}", "/etc/hydria/certs/server.pem": b"PEM"}
        return Order(name=ids.new(), amphora_id=amphora_id, management=self.port(), files=files)

    def started_by(self, script: Path) -> local_compute.LocalCompute:
        """The same driver, whose helper is started by a script."""
        machines = dataclasses.replace(self.machines, python=str(script))
        return local_compute.LocalCompute(machines, self.networks, clock.SystemClock())

    def pid(self, name: str) -> int:
        """The first process of a machine."""
        return int((self.machines.machines / name / "pid").read_text().split()[0])

    def inside(self, name: str, *command: str) -> str:
        """What a command says in a machine."""
        enter = ("nsenter", "-t", str(self.pid(name)), "-m", "-r", "-p", "-n")
        return subprocess.run((*enter, *command), check=True, capture_output=True, text=True, timeout=10).stdout

    def leftovers(self) -> list[str]:
        """Files, names, links, mounts and processes that belong to machines of this deployment."""
        state = str(self.machines.state)
        found = [str(path) for path in self.machines.state.glob("*/*")]
        found += [name for name in self.named if (Path("/run/netns") / name).exists()]
        found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if state in line]
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if state in (process / "mountinfo").read_text():
                    found.append((process / "cmdline").read_text())
        return found + self.cables()

    def cables(self) -> list[str]:
        """The fabric's ends of cables."""
        command = ("ip", "-n", self.networks.namespace, "-br", "link")
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [line for line in shown.splitlines() if line.startswith("p")]


@contextlib.contextmanager
def local(
    state: Path, agent: tuple[str, ...] = AGENT, environment: tuple[tuple[str, str], ...] = ()
) -> Iterator[Local]:
    """A deployment that is gone afterwards, with all that was made in it."""
    deployment = ids.new()
    networks = network_settings.defaults(deployment, "10.189.0.0/22", "10.189.8.0/24", "10.189.12.0/24")
    machines = machine_settings.LocalMachines(state, agent, environment)
    net = local_network.LocalNetwork(networks, book.MemoryBook(), clock.SystemClock(), wires.detach)
    compute = local_compute.LocalCompute(machines, networks, clock.SystemClock())
    fabric.up(networks)
    try:
        yield Local(networks, machines, net, compute)
    finally:
        compute.clear()
        fabric.down(networks)


def answers(address: str, within_s: float = 5.0) -> bool:
    """Whether the stand-in at that address takes a connection in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection((address, 9443), timeout=0.5).close()
            return True
        time.sleep(0.005)
    return False
