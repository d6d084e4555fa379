"""Cables between the fabric and amphorae: one veth pair per port, named by the port at the fabric's end."""

import contextlib
import errno
import socket
import time
from collections.abc import Iterator

import pyroute2
from pyroute2.netlink.exceptions import NetlinkError

from hydria.drivers import faults
from hydria.drivers.network import Port
from hydria.drivers.network.local import namespaces, settings

MANAGEMENT = "mgmt0"
_IFA_F_NODAD = 2
_FORWARDING_S = 1.5


def attach(networks: settings.LocalNetworks, port: Port, namespace: str, name: str | None = None) -> None:
    """Give a namespace a network card with the port's MAC. Nothing happens when the port has its cable.

    The kernel makes both ends, in their namespaces, with bridge and MAC, in one message: there is no half of it.
    """
    end, there = settings.fabric_end(port.id), settings.bridge(port.network_id)

    def work(target: int) -> None:
        if index_of(end) is not None:
            return
        bridge = index_of(there)
        if bridge is None:
            message = f"the fabric has no bridge for network {port.network_id}; run `hydria up`"
            raise faults.Temporary(message)
        peer = {"ifname": name or settings.card(port.mac), "address": port.mac, "net_ns_fd": target}
        with pyroute2.IPRoute() as ip, unless(errno.EEXIST):
            ip.link("add", ifname=end, index=_index(port.id), kind="veth", master=bridge, state="up", peer=peer)
            for address in (port.address, *port.also):
                _forget_neighbour(ip, bridge, address)

    with faulty(f"port {port.id} could not be plugged"), namespaces.opened(namespace) as target:
        namespaces.inside(networks.namespace, lambda: work(target))


def detach(networks: settings.LocalNetworks, port_id: str, port: Port | None = None) -> None:
    """Take a port's cable away, both ends, wherever the other one is by now; with the port, forget its addresses."""

    def work() -> None:
        drop(settings.fabric_end(port_id))
        bridge = None if port is None else index_of(settings.bridge(port.network_id))
        if port is not None and bridge is not None:
            with pyroute2.IPRoute() as ip:
                for address in (port.address, *port.also):
                    _forget_neighbour(ip, bridge, address)

    if namespaces.exists(networks.namespace):
        with faulty(f"port {port_id} could not be unplugged"):
            namespaces.inside(networks.namespace, work)


def manage(networks: settings.LocalNetworks, port: Port, namespace: str) -> None:
    """Connect a namespace to the management network: cable, address, default route."""
    attach(networks, port, namespace, MANAGEMENT)
    subnet = next(subnet for subnet in networks.subnets() if subnet.id == port.subnet_id)

    def work() -> None:
        with pyroute2.IPRoute() as ip:
            raise_link(ip, "lo")
            give(ip, MANAGEMENT, port.address, subnet.cidr)
            raise_link(ip, MANAGEMENT)
            if subnet.gateway is not None:
                family = socket.AF_INET6 if ":" in subnet.gateway else socket.AF_INET
                ip.route("replace", family=family, dst="default", gateway=subnet.gateway)

    with faulty(f"port {port.id} could not be given its address"):
        namespaces.inside(namespace, work)
        namespaces.inside(networks.namespace, lambda: _await_forwarding(settings.fabric_end(port.id)))
        _forget_in_root(networks, port.address)


def _forget_in_root(networks: settings.LocalNetworks, address: str) -> None:
    root = index_of(networks.root_link)
    if root is not None:
        with pyroute2.IPRoute() as ip:
            _forget_neighbour(ip, root, address)


def _forget_neighbour(ip: pyroute2.IPRoute, index: int, address: str) -> None:
    """Forget the MAC of who had this address before; else its heir is not reached for seconds.

    An entry without a MAC is left alone: clients wait in it, and would be lost for a second.
    """
    known = any(found.get("lladdr") for found in ip.get_neighbours(ifindex=index, dst=address))
    if known:
        with unless(errno.ENOENT):
            ip.neigh("del", ifindex=index, dst=address)


def _await_forwarding(end: str) -> None:
    """Wait until the bridge knows that the card at the other end is up: what is sent before is lost, for a second."""
    until = time.monotonic() + _FORWARDING_S
    with pyroute2.IPRoute() as ip:
        while ip.link("get", ifname=end)[0].get("operstate") != "UP" and time.monotonic() < until:
            time.sleep(0.001)


def _index(port_id: str) -> int:
    """An interface number that no card in an amphora has: the kernel delays news of a pair whose ends share one."""
    return 1_000_000 + int(port_id.replace("-", "")[:7], 16)


def index_of(name: str) -> int | None:
    """The index of an interface of the thread's namespace."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


def raise_link(ip: pyroute2.IPRoute, name: str) -> None:
    """Set an interface up."""
    ip.link("set", index=index_of(name), state="up")


def give(ip: pyroute2.IPRoute, name: str, address: str, cidr: str) -> None:
    """Give an interface an address of a subnet; at once, without asking the neighbours (they are ours)."""
    length = int(cidr.partition("/")[2])
    flags = _IFA_F_NODAD if ":" in address else 0
    with unless(errno.EEXIST):
        ip.addr("add", index=index_of(name), address=address, prefixlen=length, flags=flags)


def drop(name: str) -> None:
    """Remove an interface of the thread's namespace, if there is one."""
    index = index_of(name)
    if index is not None:
        with pyroute2.IPRoute() as ip, unless(errno.ENODEV):
            ip.link("del", index=index)


@contextlib.contextmanager
def unless(*numbers: int) -> Iterator[None]:
    """Let these errors of the kernel pass."""
    try:
        yield
    except NetlinkError as error:
        if error.code not in numbers:
            raise


@contextlib.contextmanager
def faulty(what: str) -> Iterator[None]:
    """Errors of the kernel as a fault: what it refuses now it may grant later; every step here may be repeated."""
    try:
        yield
    except (OSError, NetlinkError) as error:
        message = f"{what}: {error}"
        raise faults.Temporary(message) from error
