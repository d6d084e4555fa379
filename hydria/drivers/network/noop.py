"""A network that makes nothing: every network, subnet and port exists, holds every address, and follows from its id.

API and worker are separate processes and share no memory here, so whatever one of them must know of what the other made
is computed from the id alone.
"""

import dataclasses
import hashlib
import ipaddress
import threading

from hydria.drivers import faults
from hydria.drivers.network import Port, PortOrder, Segment, Subnet
from hydria.kit import clock, ids

CIDR = "198.18.0.0/15"
_HOSTS = ipaddress.ip_network(CIDR).num_addresses - 3  # not the network, the gateway and the broadcast
_FIRST = int(ipaddress.ip_address("198.18.0.2"))
_NAMED = ("mgmt", "demo", "back")
_MOST_GONE = 100_000


class NoopNetwork:
    """Remembers what this process made and destroyed; answers for everything else by computing it."""

    def __init__(self, time: clock.Clock) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._made: dict[str, Port] = {}
        self._gone: dict[str, None] = {}

    def networks(self) -> list[Segment]:
        return [_segment(_hashed(name), name) for name in _NAMED]

    def network(self, network_id: str) -> Segment | None:
        return _segment(network_id, _name_of(network_id))

    def subnet(self, subnet_id: str) -> Subnet | None:
        return _segment(_sibling(subnet_id), _name_of(_sibling(subnet_id))).subnets[0]

    def room(self, subnet_id: str) -> int:
        return _HOSTS

    def has_qos_policy(self, policy_id: str) -> bool:
        return True

    def has_security_group(self, group_id: str) -> bool:
        return True

    def create_port(self, order: PortOrder) -> Port:
        port = dataclasses.replace(
            _derived(_hashed(order.name)),
            name=order.name,
            network_id=order.network_id,
            subnet_id=order.subnet_id or _sibling(order.network_id),
            device_id=order.device_id,
            also=order.also,
            ours=True,
            is_fiction=False,
            created_at=self._time.now(),
        )
        port = dataclasses.replace(port, address=order.address or port.address)
        with self._lock:
            if port.id in self._made or port.id in self._gone:
                message = f"a port named {order.name} was made before; a name is used once"
                raise faults.Refused(message)
            self._made[port.id] = port
        return port

    def port(self, port_id: str) -> Port | None:
        with self._lock:
            if port_id in self._gone:
                return None
            return self._made.get(port_id) or _derived(port_id)

    def find_port(self, name: str) -> Port | None:
        with self._lock:
            return self._made.get(_hashed(name))

    def list_ports(self) -> list[Port]:
        with self._lock:
            return list(self._made.values())

    def destroy_port(self, port_id: str) -> None:
        with self._lock:
            self._made.pop(port_id, None)
            self._gone[port_id] = None
            if len(self._gone) > _MOST_GONE:
                del self._gone[next(iter(self._gone))]


def _segment(network_id: str, name: str) -> Segment:
    subnet = Subnet(
        id=_sibling(network_id), name=name, network_id=network_id, cidr=CIDR, gateway="198.18.0.1", is_fiction=True
    )
    return Segment(id=network_id, name=name, subnets=(subnet,))


def _sibling(written: str) -> str:
    """The subnet of a network and the network of a subnet: one bit apart, so that each leads to the other."""
    raw = ids.raw(written)
    return ids.text(bytes((raw[0] ^ 0x80,)) + raw[1:])


def _hashed(name: str) -> str:
    return ids.text(hashlib.sha256(name.encode()).digest()[:16])


def _name_of(network_id: str) -> str:
    return next((name for name in _NAMED if _hashed(name) == network_id), f"net-{network_id[:8]}")


def _derived(port_id: str) -> Port:
    """What any process says of a port it did not make."""
    digest = hashlib.sha256(port_id.encode()).digest()
    network_id = _hashed("demo")
    return Port(
        id=port_id,
        name=port_id,
        network_id=network_id,
        subnet_id=_sibling(network_id),
        address=str(ipaddress.ip_address(_FIRST + int.from_bytes(digest[:8]) % _HOSTS)),
        mac="02:" + digest[8:13].hex(":"),
        ours=False,
        is_fiction=True,
    )
