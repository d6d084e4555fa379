"""Where things are in the network: the VIP's port, subnet and network, and the subnets of members."""

import ipaddress
from collections.abc import Iterable

import msgspec

from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.refusals import Invalid
from hydria.drivers.identity import Caller
from hydria.drivers.network import Network, Port, Segment, Subnet


def vip(network: Network, lb: LoadBalancer, caller: Caller) -> LoadBalancer:
    """The load balancer with the network and subnet of its VIP, as far as they are known; raises Invalid."""
    if lb.vip_port_id:
        return _on_port(network, lb)
    if lb.vip_subnet_id:
        return _in_subnet(network, lb, caller)
    if lb.vip_network_id:
        return _in_network(network, lb, caller)
    message = "A load balancer needs vip_subnet_id, vip_network_id or vip_port_id."
    raise Invalid(message)


def _on_port(network: Network, lb: LoadBalancer) -> LoadBalancer:
    port = network.port(lb.vip_port_id or "")
    if port is None:
        message = f"vip_port_id: port {lb.vip_port_id} could not be found."
        raise Invalid(message)
    if port.device_id:
        message = f"vip_port_id: port {port.id} is used by {port.device_id}."
        raise Invalid(message)
    for name, has in (
        ("vip_network_id", port.network_id),
        ("vip_subnet_id", port.subnet_id),
        ("vip_address", port.address),
    ):
        if getattr(lb, name) not in (None, has):
            message = f"{name}: port {port.id} has {has}, not {getattr(lb, name)}."
            raise Invalid(message)
    return msgspec.structs.replace(on(lb, port), vip_owned=False)


def _in_subnet(network: Network, lb: LoadBalancer, caller: Caller) -> LoadBalancer:
    subnet = _subnet(network, lb.vip_subnet_id or "", caller, "vip_subnet_id")
    if lb.vip_network_id not in (None, subnet.network_id):
        message = f"vip_subnet_id: subnet {subnet.id} belongs to network {subnet.network_id}, not {lb.vip_network_id}."
        raise Invalid(message)
    if lb.vip_address and not _holds(subnet, lb.vip_address):
        message = f"vip_address: {lb.vip_address} is not in subnet {subnet.id}, which is {subnet.cidr}."
        raise Invalid(message)
    return msgspec.structs.replace(lb, vip_network_id=subnet.network_id)


def _in_network(network: Network, lb: LoadBalancer, caller: Caller) -> LoadBalancer:
    segment = network.network(lb.vip_network_id or "")
    if segment is None or not _sees(caller, segment.project_id):
        message = f"vip_network_id: network {lb.vip_network_id} could not be found."
        raise Invalid(message)
    if lb.vip_address:
        subnet = next((s for s in segment.subnets if _holds(s, lb.vip_address)), None)
        if subnet is None:
            message = f"vip_address: no subnet of network {segment.id} has {lb.vip_address}."
            raise Invalid(message)
        return msgspec.structs.replace(lb, vip_subnet_id=subnet.id)
    return msgspec.structs.replace(lb, vip_subnet_id=_preferred(segment))


def _preferred(segment: Segment) -> str | None:
    """The subnet to be named to the driver: none when it would choose well by itself, IPv4 before IPv6."""
    if not segment.subnets:
        message = f"vip_network_id: network {segment.id} has no subnet."
        raise Invalid(message)
    fours = [s for s in segment.subnets if ipaddress.ip_network(s.cidr).version == 4]
    return fours[0].id if fours and segment.subnets[0] not in fours else None


def _holds(subnet: Subnet, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(subnet.cidr)


def on(lb: LoadBalancer, port: Port) -> LoadBalancer:
    """The load balancer with its VIP on a port."""
    return msgspec.structs.replace(
        lb, vip_address=port.address, vip_port_id=port.id, vip_subnet_id=port.subnet_id, vip_network_id=port.network_id
    )


def members(network: Network, caller: Caller, subnet_ids: Iterable[str | None]) -> None:
    """Whether the subnets that members name exist; raises Invalid."""
    for subnet_id in {s for s in subnet_ids if s}:
        _subnet(network, subnet_id, caller, "subnet_id")


def _subnet(network: Network, subnet_id: str, caller: Caller, name: str) -> Subnet:
    subnet = network.subnet(subnet_id)
    if subnet is None or not _sees(caller, subnet.project_id):
        message = f"{name}: subnet {subnet_id} could not be found."
        raise Invalid(message)
    return subnet


def _sees(caller: Caller, project_id: str) -> bool:
    """What belongs to no project is everybody's."""
    return caller.is_admin or project_id in ("", caller.project_id)
