"""The networks of a local deployment, and every name that follows from them."""

import ipaddress
import uuid
from dataclasses import dataclass

from hydria.drivers.network import Segment, Subnet

_LEAST_ADDRESSES = 8


@dataclass(frozen=True)
class LocalNetworks:
    """What the fabric is made of. `management` names the network that controllers and amphorae meet in."""

    deployment: str
    segments: tuple[Segment, ...]
    management: str = "mgmt"

    @property
    def namespace(self) -> str:
        """The fabric's network namespace."""
        return f"hydria-{self.deployment[:8]}"

    @property
    def root_link(self) -> str:
        """The interface that joins the machine itself to the management network."""
        return f"hy-{self.deployment[:8]}"

    @property
    def management_subnet(self) -> Subnet:
        """The management subnet; the machine's own address in it is `host_address`."""
        return next(segment for segment in self.segments if segment.name == self.management).subnets[0]

    @property
    def host_address(self) -> str:
        """Where amphorae reach the controllers: the second address of the management subnet."""
        return str(ipaddress.ip_network(self.management_subnet.cidr)[2])

    def subnets(self) -> list[Subnet]:
        """All subnets."""
        return [subnet for segment in self.segments for subnet in segment.subnets]

    def reserved(self, subnet: Subnet) -> dict[str, str]:
        """Addresses that no port may have, and who has them."""
        held = {} if subnet.gateway is None else {subnet.gateway: "the gateway"}
        return {**held, self.host_address: "this machine"} if subnet == self.management_subnet else held


def bridge(network_id: str) -> str:
    """The name of a network's bridge."""
    return f"br-{_hex(network_id)[:8]}"


def fabric_end(port_id: str) -> str:
    """The name of the end of a port's cable that is in the fabric."""
    return f"p{_hex(port_id)[:12]}"


def card(mac: str) -> str:
    """The name of a network card in an amphora before its agent renames it."""
    return "h" + mac.replace(":", "")


def segment(deployment: str, name: str, cidr: str) -> Segment:
    """A network with one subnet of the same name; the gateway is the first address. Ids follow from deployment and name."""
    root = uuid.UUID(deployment)
    network_id, subnet_id = str(uuid.uuid5(root, f"network {name}")), str(uuid.uuid5(root, f"subnet {name}"))
    net = ipaddress.ip_network(cidr)
    if net.num_addresses < _LEAST_ADDRESSES:
        message = f"network {name}: {cidr} has fewer than {_LEAST_ADDRESSES} addresses"
        raise ValueError(message)
    subnet = Subnet(id=subnet_id, name=name, network_id=network_id, cidr=str(net), gateway=str(net[1]))
    return Segment(id=network_id, name=name, subnets=(subnet,))


def defaults(
    deployment: str, mgmt: str = "10.88.0.0/22", demo: str = "10.88.8.0/24", back: str = "10.88.12.0/24"
) -> LocalNetworks:
    """Management, one network for VIPs, one for back ends."""
    cidrs = {"mgmt": mgmt, "demo": demo, "back": back}
    return LocalNetworks(deployment, tuple(segment(deployment, name, cidr) for name, cidr in cidrs.items()))


def _hex(written: str) -> str:
    return written.replace("-", "")
