"""Network: subnets that users name, and ports made for VIPs and amphorae.

The contract (`tests/contract/test_network.py` runs it on every driver):
- `create_port` is called at most once for a name; a fixed address that is taken is `Refused`; no address left is `OutOfResources`.
- `find_port` and `list_ports` see a port from the moment `create_port` may have made it.
- `destroy_port` of something absent does nothing; of a plugged port it unplugs first.
- Everything made carries the deployment's mark, and `list_ports` returns only what does.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Subnet:
    """A subnet. `gateway` is None where there is none."""

    id: str
    name: str
    network_id: str
    cidr: str
    gateway: str | None = None
    project_id: str = ""
    routes: tuple[tuple[str, str], ...] = ()  # (destination, via)
    is_fiction: bool = False  # nobody made it: it is of every network and takes every address


@dataclass(frozen=True)
class Segment:
    """A network and its subnets."""

    id: str
    name: str
    subnets: tuple[Subnet, ...]
    project_id: str = ""
    mtu: int = 1500


@dataclass(frozen=True)
class PortOrder:
    """A port to make. `name` is fresh. Without a subnet the network's first with room is used."""

    name: str
    network_id: str
    subnet_id: str | None = None
    address: str | None = None
    device_id: str = ""
    also: tuple[str, ...] = ()  # further addresses that may be used on it (VIPs)
    project_id: str = ""


@dataclass(frozen=True)
class Port:
    """A port. `address` is without prefix length."""

    id: str
    name: str
    network_id: str
    subnet_id: str
    address: str
    mac: str
    device_id: str = ""
    also: tuple[str, ...] = ()
    ours: bool = True
    created_at: float = 0.0
    more: tuple[tuple[str, str], ...] = ()  # further (subnet, address)
    qos_policy_id: str | None = None
    is_fiction: bool = False  # nobody made it: it has whatever address is asked for


class Network(Protocol):
    """Faults: Temporary, Unknown (create_port), Refused, OutOfResources."""

    def networks(self) -> list[Segment]:
        """What users may name, subnets inside."""
        ...

    def network(self, network_id: str) -> Segment | None:
        """One network."""
        ...

    def subnet(self, subnet_id: str) -> Subnet | None:
        """One subnet."""
        ...

    def room(self, subnet_id: str) -> int:
        """How many addresses a subnet has left, as far as that can be told; 0 when there is no such subnet."""
        ...

    def has_qos_policy(self, policy_id: str) -> bool:
        """Whether there is a quality-of-service policy of that id."""
        ...

    def has_security_group(self, group_id: str) -> bool:
        """Whether there is a security group of that id."""
        ...

    def create_port(self, order: PortOrder) -> Port:
        """Make a port."""
        ...

    def port(self, port_id: str) -> Port | None:
        """One port."""
        ...

    def find_port(self, name: str) -> Port | None:
        """The port with that name."""
        ...

    def list_ports(self) -> list[Port]:
        """All ports of this deployment."""
        ...

    def destroy_port(self, port_id: str) -> None:
        """Remove a port."""
        ...
