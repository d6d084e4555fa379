"""The local network driver: ports are lines in a book; compute makes the cables."""

import dataclasses
import ipaddress
from collections.abc import Callable, Sequence

import msgspec

from hydria.drivers import faults
from hydria.drivers.network import Port, PortOrder, Segment, Subnet
from hydria.drivers.network.local import book, settings
from hydria.kit import clock, ids


class LocalNetwork:
    """`unplug` takes the cable of a port away, wherever it is; see `wires.detach`."""

    def __init__(
        self,
        networks: settings.LocalNetworks,
        ports: book.PortBook,
        time: clock.Clock,
        unplug: Callable[[settings.LocalNetworks, str, Port | None], None],
    ) -> None:
        self._networks = networks
        self._book = ports
        self._time = time
        self._unplug = unplug
        self._addresses = {subnet.id: _addresses(networks, subnet) for subnet in networks.subnets()}

    def networks(self) -> list[Segment]:
        return list(self._networks.segments)

    def network(self, network_id: str) -> Segment | None:
        return next((segment for segment in self._networks.segments if segment.id == network_id), None)

    def subnet(self, subnet_id: str) -> Subnet | None:
        return next((subnet for subnet in self._networks.subnets() if subnet.id == subnet_id), None)

    def room(self, subnet_id: str) -> int:
        used = {port.address for port in self.list_ports() if port.subnet_id == subnet_id}
        return len(set(self._addresses.get(subnet_id, ())) - used)

    def has_qos_policy(self, policy_id: str) -> bool:
        return False

    def has_security_group(self, group_id: str) -> bool:
        return False

    def create_port(self, order: PortOrder) -> Port:
        if self._book.find(order.name) is not None:
            message = f"a port named {order.name} exists; a name is used once"
            raise faults.Refused(message)
        fitting = self._fitting(order)
        for subnet in fitting:
            port = self._claim(order, subnet)
            if port is not None:
                return port
        raise self._full(order, fitting)

    def port(self, port_id: str) -> Port | None:
        return _read(self._book.get(port_id))

    def find_port(self, name: str) -> Port | None:
        return _read(self._book.find(name))

    def list_ports(self) -> list[Port]:
        return [port for port in map(_read, self._book.all()) if port is not None]

    def destroy_port(self, port_id: str) -> None:
        self._unplug(self._networks, port_id, self.port(port_id))
        self._book.remove(port_id)

    def _claim(self, order: PortOrder, subnet: Subnet) -> Port | None:
        port_id = ids.new()
        port = Port(
            id=port_id,
            name=order.name,
            network_id=subnet.network_id,
            subnet_id=subnet.id,
            address="",
            mac="02:" + ids.raw(port_id)[:5].hex(":"),
            device_id=order.device_id,
            also=order.also,
            created_at=self._time.now(),
        )
        wanted = self._addresses[subnet.id] if order.address is None else [order.address]
        address = self._book.claim(port_id, order.name, subnet.id, wanted, msgspec.json.encode(port).decode())
        return None if address is None else dataclasses.replace(port, address=address)

    def _fitting(self, order: PortOrder) -> list[Subnet]:
        fitting = [s for s in self._networks.subnets() if s.network_id == order.network_id]
        fitting = [s for s in fitting if order.subnet_id in (None, s.id)]
        if order.address is not None:
            address = ipaddress.ip_address(order.address)
            fitting = [s for s in fitting if address in ipaddress.ip_network(s.cidr)]
        if not fitting:
            message = f"no subnet of network {order.network_id} fits {order.subnet_id or order.address or 'the order'}"
            raise faults.Refused(message)
        held = order.address and self._networks.reserved(fitting[0]).get(order.address)
        if held:
            message = f"address {order.address} is taken by {held}; choose another"
            raise faults.Refused(message)
        return fitting

    def _full(self, order: PortOrder, fitting: list[Subnet]) -> faults.Refused:
        if order.address is not None:
            holder = self._book.holder(fitting[0].id, order.address)
            return faults.Refused(f"address {order.address} is taken by port {holder}; choose another")
        names = ", ".join(f"{subnet.name} ({subnet.cidr})" for subnet in fitting)
        return faults.OutOfResources(f"no address left in {names}; delete ports or add a subnet")


def _addresses(networks: settings.LocalNetworks, subnet: Subnet) -> Sequence[str]:
    """Every address a port may have, lowest first; of a vast subnet the first few thousand."""
    hosts = zip(range(_MOST_ADDRESSES), ipaddress.ip_network(subnet.cidr).hosts(), strict=False)
    reserved = networks.reserved(subnet)
    return [str(host) for _, host in hosts if str(host) not in reserved]


_MOST_ADDRESSES = 4096


def _read(entry: tuple[str, str] | None) -> Port | None:
    if entry is None:
        return None
    address, body = entry
    return dataclasses.replace(msgspec.json.decode(body, type=Port), address=address)
