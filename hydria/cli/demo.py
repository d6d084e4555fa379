"""Three back ends to balance over: each a haproxy of its own that says its name, in a namespace on the network `back`.

`/slow` is answered after 2 s, `/500` with 500, `/nope` with 404, everything else at once with 200.
"""

import contextlib
import hashlib
import ipaddress
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hydria.cli import deployment as deployments
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble
from hydria.drivers.network import Port

NAMES = ("demo-1", "demo-2", "demo-3")
PORT = 8080
CONFIG = """global
    pidfile {folder}/{name}.pid
    maxconn 500
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
    timeout tarpit 2s
frontend demo
    bind {address}:{port}
    http-request tarpit status 200 content-type text/plain string {name} if {{ path /slow }}
    http-request return status 500 content-type text/plain string {name} if {{ path /500 }}
    http-request return status 404 content-type text/plain string {name} if {{ path /nope }}
    http-request return status 200 content-type text/plain string {name}
"""
"""Every answer is the name; what differs is its code, or how long it takes."""


@dataclass(frozen=True)
class BackEnd:
    """A demo back end."""

    name: str
    address: str
    namespace: str
    folder: Path
    haproxy: str

    @property
    def pid(self) -> int:
        """Its process; 0 when it does not run."""
        try:
            pid = int((self.folder / f"{self.name}.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return 0
        return pid if self.name.encode() in command else 0

    def start(self) -> None:
        """Run it, if it does not."""
        if self.pid:
            return
        text = CONFIG.format(folder=self.folder, name=self.name, address=self.address, port=PORT)
        (self.folder / f"{self.name}.cfg").write_text(text)
        command = ("ip", "netns", "exec", self.namespace, self.haproxy, "-D", "-f", f"{self.folder}/{self.name}.cfg")
        said = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
        if said.returncode:
            remedy = "mend what haproxy says, above; ./quickstart --down; ./quickstart"
            raise Trouble(f"demo back end {self.name} does not start", remedy, said.stderr)

    def stop(self) -> None:
        """Kill it."""
        if pid := self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def back_ends(deployment: Deployment) -> list[BackEnd]:
    """The three, with the last addresses of their network: amphorae take the first."""
    subnet = next(s for s in deployment.parts.networks().subnets() if s.name == "back")
    net = ipaddress.ip_network(subnet.cidr)
    folder = deployment.settings.run / "demo"
    mark = deployment.settings.deployment[:8]
    haproxy = deployment.settings.option("haproxy_amphora", "haproxy_cmd")
    return [BackEnd(n, str(net[-2 - i]), f"hydria-{mark}-{n}", folder, haproxy) for i, n in enumerate(NAMES)]


def up(deployment: Deployment) -> list[BackEnd]:
    """Make and start what is missing."""
    networks, wires = deployment.parts.networks(), deployment.parts.wires()
    subnet = next(s for s in networks.subnets() if s.name == "back")
    found = back_ends(deployment)
    for one in found:
        one.folder.mkdir(parents=True, exist_ok=True)
        if deployments.run("ip", "-n", one.namespace, "address", "show", "eth0").returncode:
            deployments.run("ip", "netns", "delete", one.namespace)
            _make(one, networks, wires, subnet)
        one.start()
    return found


def _make(one: BackEnd, networks: object, wires: object, subnet: object) -> None:
    seed = hashlib.sha256(one.namespace.encode()).hexdigest()
    port = Port(
        id=f"{seed[:8]}-{seed[8:12]}-4{seed[13:16]}-8{seed[17:20]}-{seed[20:32]}",
        name=one.name,
        network_id=subnet.network_id,  # type: ignore[attr-defined]
        subnet_id=subnet.id,  # type: ignore[attr-defined]
        address=one.address,
        mac="02:" + ":".join(seed[i : i + 2] for i in range(0, 10, 2)),
        ours=False,
    )
    deployments.run("ip", "netns", "add", one.namespace)
    wires.detach(networks, port.id)  # type: ignore[attr-defined]
    wires.attach(networks, port, one.namespace, "eth0")  # type: ignore[attr-defined]
    prefix = subnet.cidr.split("/")[1]  # type: ignore[attr-defined]
    batch = (
        f"address add {one.address}/{prefix} dev eth0\nlink set eth0 up\nlink set lo up\n"
        f"route add default via {subnet.gateway}\n"  # type: ignore[attr-defined]
    )
    said = subprocess.run(
        ("ip", "-n", one.namespace, "-batch", "-"), input=batch, capture_output=True, text=True, check=False
    )
    if said.returncode:
        raise Trouble(f"demo back end {one.name} cannot be wired", "hydria quickstart --down, then again", said.stderr)


def down(deployment: Deployment) -> None:
    """Remove all three."""
    if not deployment.known:
        return
    for one in back_ends(deployment):
        one.stop()
        deployments.run("ip", "netns", "delete", one.namespace)
    shutil.rmtree(deployment.settings.run / "demo", ignore_errors=True)
