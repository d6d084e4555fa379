"""Where things are in the network: the VIP's port, subnet and network, and the subnets of members."""

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hydria.domain.loadbalancer import AdditionalVip, LoadBalancer
from hydria.domain.refusals import Invalid
from hydria.drivers.identity import Caller
from hydria.drivers.network import Network, Port, Segment, Subnet


@dataclass(frozen=True)
class Limits:
    """Where VIPs may be. The networks are ids; none allowed: all are."""

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def vip(network: Network, lb: LoadBalancer, caller: Caller, ports: int) -> LoadBalancer:
    """The load balancer with the network and subnet of its VIP, where so many ports will be; raises Invalid."""
    placed = _placed(network, lb, caller, ports)
    for more in placed.additional_vips:
        _beside(network, placed, more, caller)
    guards(network, {"vip_sg_ids": lb.vip_sg_ids, "vip_qos_policy_id": lb.vip_qos_policy_id})
    return placed


def _placed(network: Network, lb: LoadBalancer, caller: Caller, ports: int) -> LoadBalancer:
    if lb.vip_port_id:
        return _on_port(network, lb)
    if lb.vip_subnet_id:
        return _in_subnet(network, lb, caller)
    if lb.vip_network_id:
        return _in_network(network, lb, caller, ports)
    message = "A load balancer needs vip_subnet_id, vip_network_id or vip_port_id."
    raise Invalid(message)


def check(limits: Limits, lb: LoadBalancer) -> None:
    """Raise Invalid when the VIP is on a network where none may be."""
    if limits.allowed and lb.vip_network_id not in limits.allowed:
        message = (
            f"vip_network_id: a VIP cannot be on network {lb.vip_network_id}; allowed are {', '.join(limits.allowed)}."
        )
        raise Invalid(message)
    if lb.vip_network_id in limits.denied:
        message = f"vip_network_id: a VIP cannot be on network {lb.vip_network_id}; use another."
        raise Invalid(message)


def families(network: Network, lb: LoadBalancer) -> set[int]:
    """The IP versions of the VIPs that a load balancer is going to have: of its addresses, else of their subnets."""
    vips = [(lb.vip_address, lb.vip_subnet_id), *((v.ip_address, v.subnet_id) for v in lb.additional_vips)]
    known = {ipaddress.ip_address(address).version for address, _ in vips if address}
    subnets = (network.subnet(subnet_id) for address, subnet_id in vips if subnet_id and not address)
    return known | {ipaddress.ip_network(s.cidr).version for s in subnets if s}


def guards(network: Network, values: Mapping[str, Any]) -> None:
    """Whether the security groups and the QoS policy that a VIP is to have exist; raises Invalid."""
    for group in values.get("vip_sg_ids") or ():
        if not network.has_security_group(group):
            message = f"vip_sg_ids: security group {group} could not be found."
            raise Invalid(message)
    policy = values.get("vip_qos_policy_id")
    if policy and not network.has_qos_policy(policy):
        message = f"vip_qos_policy_id: QoS policy {policy} could not be found."
        raise Invalid(message)


def _on_port(network: Network, lb: LoadBalancer) -> LoadBalancer:
    port = _as_asked(_unused(network, lb.vip_port_id or "", "vip_port_id"), lb)
    has = [(port.subnet_id, port.address), *port.more]
    if lb.vip_network_id not in (None, port.network_id):
        message = f"vip_network_id: port {port.id} is on network {port.network_id}, not {lb.vip_network_id}."
        raise Invalid(message)
    fit = [(s, a) for s, a in has if lb.vip_subnet_id in (None, s) and lb.vip_address in (None, a)]
    if not fit:
        listed = ", ".join(f"{a} in {s}" for s, a in has)
        message = f"vip_port_id: port {port.id} has {listed}, not what vip_subnet_id and vip_address say."
        raise Invalid(message)
    if len(has) > 1 and not (lb.vip_subnet_id or lb.vip_address):
        message = f"vip_port_id: port {port.id} has {len(has)} addresses; say which by vip_subnet_id or vip_address."
        raise Invalid(message)
    subnet_id, address = fit[0]
    placed = on(lb, dataclasses.replace(port, subnet_id=subnet_id, address=address))
    policy = lb.vip_qos_policy_id or port.qos_policy_id
    return msgspec.structs.replace(placed, vip_owned=False, vip_qos_policy_id=policy)


def _as_asked(port: Port, lb: LoadBalancer) -> Port:
    """The port; one that nobody made is where it is wanted."""
    if not port.is_fiction:
        return port
    return dataclasses.replace(
        port,
        network_id=lb.vip_network_id or port.network_id,
        subnet_id=lb.vip_subnet_id or port.subnet_id,
        address=lb.vip_address or port.address,
    )


def _unused(network: Network, port_id: str, name: str) -> Port:
    port = network.port(port_id)
    if port is None:
        message = f"{name}: port {port_id} could not be found."
        raise Invalid(message)
    if port.device_id:
        message = f"{name}: port {port.id} is used by {port.device_id}."
        raise Invalid(message)
    return port


def _beside(network: Network, lb: LoadBalancer, more: AdditionalVip, caller: Caller) -> None:
    """Whether one more VIP can be beside the first; raises Invalid."""
    subnet = _subnet(network, more.subnet_id, caller, "additional_vips")
    if subnet.network_id != lb.vip_network_id and not subnet.is_fiction:
        message = f"additional_vips: subnet {subnet.id} is not of network {lb.vip_network_id}, where the VIP is."
        raise Invalid(message)
    if more.ip_address and not _holds(subnet, more.ip_address):
        message = f"additional_vips: {more.ip_address} is not in subnet {subnet.id}, which is {subnet.cidr}."
        raise Invalid(message)
    if more.port_id:
        _unused(network, more.port_id, "additional_vips")


def _in_subnet(network: Network, lb: LoadBalancer, caller: Caller) -> LoadBalancer:
    subnet = _subnet(network, lb.vip_subnet_id or "", caller, "vip_subnet_id")
    if lb.vip_network_id not in (None, subnet.network_id) and not subnet.is_fiction:
        message = f"vip_subnet_id: subnet {subnet.id} belongs to network {subnet.network_id}, not {lb.vip_network_id}."
        raise Invalid(message)
    if lb.vip_address and not _holds(subnet, lb.vip_address):
        message = f"vip_address: {lb.vip_address} is not in subnet {subnet.id}, which is {subnet.cidr}."
        raise Invalid(message)
    network_id = lb.vip_network_id if subnet.is_fiction and lb.vip_network_id else subnet.network_id
    return msgspec.structs.replace(lb, vip_network_id=network_id)


def _in_network(network: Network, lb: LoadBalancer, caller: Caller, ports: int) -> LoadBalancer:
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
    return msgspec.structs.replace(lb, vip_subnet_id=_preferred(network, segment, ports))


def _preferred(network: Network, segment: Segment, ports: int) -> str:
    """The first subnet with room for so many ports, IPv4 before IPv6."""
    for subnet in sorted(segment.subnets, key=lambda s: ipaddress.ip_network(s.cidr).version):
        if network.room(subnet.id) >= ports:
            return subnet.id
    message = f"vip_network_id: no subnet of network {segment.id} has {ports} addresses left; use another network."
    raise Invalid(message)


def _holds(subnet: Subnet, address: str) -> bool:
    return subnet.is_fiction or ipaddress.ip_address(address) in ipaddress.ip_network(subnet.cidr)


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
