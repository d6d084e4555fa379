"""A simulated cloud: machines, ports and networks in memory, a clock turned by hand, and every way a cloud lets one down.

`compute.sim`, `network.sim` and `amphora.sim` are its three faces. A test scripts what the next calls meet:

    cloud.script("compute.create", sim.Late(after_s=30), sim.LoseAnswer())   # the first, then the second
    cloud.script("network.create_port", sim.Refuse("quota"), times=sim.ALWAYS)

and sets `on_effect`, which is called with the call's name right after each effect, to crash there.
"""

import collections
import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hydria.drivers import faults
from hydria.drivers.compute import Machine, Order, Power
from hydria.drivers.network import Port, PortOrder, Segment, Subnet
from hydria.kit import clock, ids

T = TypeVar("T")
ALWAYS = 1_000_000_000


@dataclass(frozen=True)
class Refuse:
    """Nothing happens; the answer is no."""

    text: str = "refused by the cloud"


@dataclass(frozen=True)
class Full:
    """Nothing happens; there is no room."""


@dataclass(frozen=True)
class LoseRequest:
    """Nothing happens; no answer comes."""


@dataclass(frozen=True)
class LoseAnswer:
    """It happens; no answer comes."""


@dataclass(frozen=True)
class Late:
    """No answer comes; it happens some seconds later."""

    after_s: float


@dataclass(frozen=True)
class Slow:
    """It happens, and the clock moves on meanwhile."""

    takes_s: float


Fate = Refuse | Full | LoseRequest | LoseAnswer | Late | Slow


def segment(network_id: str, name: str, cidr: str) -> Segment:
    """A network with one subnet of its own name; the gateway is the first address."""
    gateway = str(ipaddress.ip_network(cidr)[1])
    subnet = Subnet(id=network_id[:-4] + "5b5b", name=name, network_id=network_id, cidr=cidr, gateway=gateway)
    return Segment(id=network_id, name=name, subnets=(subnet,))


SEGMENTS = (
    segment("00000000-0000-4000-8000-0000000a0000", "mgmt", "10.88.0.0/22"),
    segment("00000000-0000-4000-8000-0000000b0000", "demo", "10.88.8.0/24"),
    segment("00000000-0000-4000-8000-0000000c0000", "back", "10.88.12.0/24"),
)


@dataclass
class SimMachine:
    """A machine in the cloud, with what the cloud alone knows."""

    id: str
    order: Order
    owner: str
    created_at: float
    runs_at: float  # monotonic
    gone_at: float = float("inf")  # monotonic
    broken: Power | None = None
    silent: bool = False
    boots: int = 1
    plugged: dict[str, Port] = field(default_factory=dict)


class Cloud:
    """What all faces share. Safe to use from threads."""

    def __init__(self, time: clock.HandClock, segments: tuple[Segment, ...] = SEGMENTS) -> None:
        self.time = time
        self.segments = segments
        self.boot_s = 0.0  # how long a machine is BUILDING
        self.destroy_s = 0.0  # how long a destroyed machine lingers
        self.machines: dict[str, SimMachine] = {}
        self.ports: dict[str, tuple[str, Port]] = {}  # id -> (owner, port)
        self.qos_policies: set[str] = set()
        self.security_groups: set[str] = set()
        self.calls: collections.Counter[str] = collections.Counter()
        self.effects: list[str] = []
        self.on_effect: Callable[[str], None] = lambda name: None  # noqa: ARG005
        self.no: tuple[type[Exception], ...] = (faults.Fault,)  # what says no; anything else is a bug
        self.lock = threading.RLock()
        self._scripts: dict[str, collections.deque[Fate]] = {}
        self._standing: dict[str, Fate] = {}
        self._late: list[tuple[float, str, Callable[[], object]]] = []

    # --- what a test says ---

    def script(self, call: str, *fates: Fate, times: int = 1) -> None:
        """What the next calls of that name meet, in order; `times=ALWAYS` until `forgive`."""
        with self.lock:
            if times == ALWAYS:
                self._standing[call] = fates[-1]
            else:
                self._scripts.setdefault(call, collections.deque()).extend(fates * times)

    def forgive(self) -> None:
        """Forget all scripts; what is late still arrives."""
        with self.lock:
            self._scripts.clear()
            self._standing.clear()

    def turn(self, seconds: float) -> None:
        """Let time pass, and what is late arrive."""
        self.time.turn(seconds)
        with self.lock:
            self.settle()

    def kill(self, machine_id: str, power: Power = Power.OFF) -> None:
        """The machine dies; compute says how (OFF, ERROR or GONE)."""
        with self.lock:
            self.machines[machine_id].broken = power

    def hush(self, machine_id: str, *, silent: bool = True) -> None:
        """The machine runs and answers nobody (or answers again)."""
        with self.lock:
            self.machines[machine_id].silent = silent

    def reboot(self, machine_id: str) -> None:
        """The machine starts again: what was in its memory is lost."""
        with self.lock:
            self.machines[machine_id].broken = None
            self.machines[machine_id].boots += 1

    def foreign_port(self, network_id: str, address: str) -> Port:
        """A port that a user made; no deployment's mark."""
        with self.lock:
            return self.add_port("", PortOrder(name=f"users-{ids.new()}", network_id=network_id, address=address))

    # --- what the faces use ---

    def answer(self, call: str, answer: Callable[[], T]) -> T:
        """A call without effect."""
        with self.lock:
            self.settle()
            self.calls[call] += 1
            fate = self._next(call)
            _refuse(call, fate)
            if isinstance(fate, (LoseRequest, LoseAnswer, Late)):
                message = f"{call}: no answer"
                raise faults.Temporary(message)
            return answer()

    def do(self, call: str, effect: Callable[[], T], lost: type[faults.Fault] = faults.Unknown) -> T:
        """A call with an effect; `lost` is raised when it happened, or may happen, and no answer came."""
        message = f"{call}: no answer"
        with self.lock:
            self.settle()
            self.calls[call] += 1
            fate = self._next(call)
            _refuse(call, fate)
            if isinstance(fate, LoseRequest):
                raise faults.Temporary(message)
            if isinstance(fate, Late):
                self._late.append((self.time.monotonic() + fate.after_s, call, effect))
                raise lost(message)
            result = effect()
            self.effects.append(call)
        self.on_effect(call)
        if isinstance(fate, LoseAnswer):
            raise lost(message)
        return result

    def settle(self) -> None:
        """Let the late effects happen whose time has come; what is impossible by then does not."""
        now = self.time.monotonic()
        due = [late for late in self._late if late[0] <= now]
        self._late = [late for late in self._late if late[0] > now]
        for _, call, effect in sorted(due, key=lambda late: late[0]):
            try:
                effect()
            except self.no:
                continue
            self.effects.append(call)

    def power(self, machine: SimMachine) -> Power:
        """What compute says of a machine now."""
        now = self.time.monotonic()
        if now >= machine.gone_at:
            return Power.GONE
        if machine.broken is not None:
            return machine.broken
        return Power.RUNNING if now >= machine.runs_at else Power.BUILDING

    def seen(self, machine: SimMachine) -> Machine:
        """A machine as compute shows it."""
        order = machine.order
        return Machine(
            id=machine.id,
            name=order.name,
            power=self.power(machine),
            created_at=machine.created_at,
            zone=order.zone,
            image=order.image,
            flavor=order.flavor,
        )

    def present(self, owner: str) -> list[SimMachine]:
        """The machines of a deployment that are not gone."""
        mine = [machine for machine in self.machines.values() if machine.owner == owner]
        return [machine for machine in mine if self.power(machine) is not Power.GONE]

    def add_port(self, owner: str, order: PortOrder) -> Port:
        """Make a port, or refuse."""
        if any(port.name == order.name for _, port in self.ports.values()):
            message = f"a port named {order.name} exists; a name is used once"
            raise faults.Refused(message)
        subnet = self._subnet_for(order)
        port_id = ids.new()
        port = Port(
            id=port_id,
            name=order.name,
            network_id=subnet.network_id,
            subnet_id=subnet.id,
            address=self._address(subnet, order.address),
            mac="02:" + ids.raw(port_id)[:5].hex(":"),
            device_id=order.device_id,
            also=order.also,
            ours=bool(owner),
            created_at=self.time.now(),
        )
        self.ports[port_id] = (owner, port)
        return port

    def drop_port(self, owner: str, port_id: str) -> None:
        """Remove a port of that deployment, out of the machine it is plugged into first."""
        found = self.ports.get(port_id)
        if found is None:
            return
        if found[0] != owner:
            message = f"port {port_id} is not ours; leave it"
            raise faults.Refused(message)
        for machine in self.machines.values():
            machine.plugged.pop(port_id, None)
        del self.ports[port_id]

    def plugged(self, port_id: str, machine_id: str) -> None:
        """Write on a port whom it serves; a destroyed machine's ports serve nobody."""
        found = self.ports.get(port_id)
        if found is not None:
            self.ports[port_id] = (found[0], replace(found[1], device_id=machine_id))

    def _next(self, call: str) -> Fate | None:
        scripted = self._scripts.get(call)
        fate = scripted.popleft() if scripted else self._standing.get(call)
        if isinstance(fate, Slow):
            self.time.turn(fate.takes_s)
        return fate

    def _subnet_for(self, order: PortOrder) -> Subnet:
        subnets = [s for segment in self.segments if segment.id == order.network_id for s in segment.subnets]
        wanted = [s for s in subnets if order.subnet_id in (None, s.id)]
        if order.address is not None:
            address = ipaddress.ip_address(order.address)
            wanted = [s for s in wanted if address in ipaddress.ip_network(s.cidr)]
        if not wanted:
            message = f"no subnet of network {order.network_id} fits {order.subnet_id or order.address or 'the order'}"
            raise faults.Refused(message)
        return next((s for s in wanted if self._free(s)), wanted[0])

    def _taken(self, subnet: Subnet) -> dict[str, str]:
        taken = {port.address: port.id for _, port in self.ports.values() if port.subnet_id == subnet.id}
        return taken if subnet.gateway is None else {**taken, subnet.gateway: "the gateway"}

    def room(self, subnet: Subnet) -> int:
        """How many addresses are left."""
        return ipaddress.ip_network(subnet.cidr).num_addresses - 2 - len(self._taken(subnet))

    def _free(self, subnet: Subnet) -> str | None:
        taken = self._taken(subnet)
        hosts = ipaddress.ip_network(subnet.cidr).hosts()
        return next((str(host) for host in hosts if str(host) not in taken), None)

    def _address(self, subnet: Subnet, asked: str | None) -> str:
        if asked is None:
            free = self._free(subnet)
            if free is None:
                message = f"subnet {subnet.name} ({subnet.cidr}) has no address left"
                raise faults.OutOfResources(message)
            return free
        holder = self._taken(subnet).get(asked)
        if holder is not None:
            message = f"address {asked} is taken by {holder}"
            raise faults.Refused(message)
        return asked


def _refuse(call: str, fate: Fate | None) -> None:
    if isinstance(fate, Refuse):
        raise faults.Refused(fate.text)
    if isinstance(fate, Full):
        message = f"{call}: no room"
        raise faults.OutOfResources(message)
