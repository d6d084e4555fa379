"""The fabric: a namespace that holds a bridge per network and routes between them, joined to the machine by one cable.

`up` may be called at any time, also after a crash in the middle of it; `down` too.
"""

import errno
import hashlib
import ipaddress
import itertools
import os
from pathlib import Path

import pyroute2

from hydria.drivers import faults
from hydria.drivers.network import Segment, Subnet
from hydria.drivers.network.local import namespaces, settings, wires

_UPLINK = "root"


def up(networks: settings.LocalNetworks) -> None:
    """Make what is missing. Refused when a subnet is in use on this machine already."""
    if os.geteuid() != 0:
        message = "networks of this machine can only be made by root; use sudo"
        raise faults.Refused(message)
    _refuse_clashes(networks)
    with wires.faulty("the fabric could not be made; are namespaces allowed here?"):
        namespaces.prepare()
        namespaces.make(networks.namespace)
        namespaces.inside(networks.namespace, lambda: _build(networks))
        _join(networks)


def down(networks: settings.LocalNetworks) -> None:
    """Remove all of it, with every cable in it. Amphorae are left alone: destroy them first."""
    with wires.faulty("the fabric could not be removed"):
        wires.drop(networks.root_link)
        namespaces.drop(networks.namespace)
        namespaces.tidy()


def is_up(networks: settings.LocalNetworks) -> bool:
    """Whether the fabric and its cable are there."""
    return namespaces.exists(networks.namespace) and wires.index_of(networks.root_link) is not None


def _refuse_clashes(networks: settings.LocalNetworks) -> None:
    """Subnets are nobody else's on this machine, nor each other's."""
    for one, other in itertools.combinations(networks.subnets(), 2):
        if _overlap(one.cidr, other.cidr):
            message = f"networks {one.name} ({one.cidr}) and {other.name} ({other.cidr}) overlap; choose other ranges"
            raise faults.Refused(message)
    with pyroute2.IPRoute() as ip:
        routes = [route for route in ip.get_routes(table=254) if route.get("dst")]
        names = {link["index"]: link.get("ifname") for link in ip.get_links()}
    for route in routes:
        where, used = names.get(route.get("oif")), f"{route.get('dst')}/{route['dst_len']}"
        for subnet in networks.subnets():
            if where != networks.root_link and _overlap(subnet.cidr, used):
                message = (
                    f"network {subnet.name} ({subnet.cidr}) overlaps {used}, which this machine reaches through {where}; "
                    "choose another range for it in the settings"
                )
                raise faults.Refused(message)


def _overlap(one: str, other: str) -> bool:
    mine, theirs = ipaddress.ip_network(one), ipaddress.ip_network(other, strict=False)
    return mine.version == theirs.version and mine.overlaps(theirs)


def _build(networks: settings.LocalNetworks) -> None:
    _tune()
    with pyroute2.IPRoute() as ip:
        wires.raise_link(ip, "lo")
        for segment in networks.segments:
            _bridge(ip, segment)


def _bridge(ip: pyroute2.IPRoute, segment: Segment) -> None:
    name = settings.bridge(segment.id)
    # Without a MAC of its own a bridge takes that of a port, and changes it as ports come and go.
    with wires.unless(errno.EEXIST):
        ip.link("add", ifname=name, kind="bridge", address=_mac(segment.id))
    _keep_up(ip, name)
    wires.raise_link(ip, name)
    for subnet in segment.subnets:
        if subnet.gateway is not None:
            wires.give(ip, name, subnet.gateway, subnet.cidr)


def _keep_up(ip: pyroute2.IPRoute, bridge: str) -> None:
    """A port that is always up. A bridge that loses its last one loses its carrier, and up to a second later, when there may
    be a new one, the kernel forgets all its neighbours and what waits for them.
    """
    here, there = f"k{bridge[2:]}", f"l{bridge[2:]}"
    with wires.unless(errno.EEXIST):
        ip.link("add", ifname=here, kind="veth", master=wires.index_of(bridge), peer={"ifname": there})
    for name in (here, there):
        wires.raise_link(ip, name)


def _tune() -> None:
    """Route between the bridges; answers may come back another way than questions went."""
    for key, value in (("ip_forward", "1"), ("conf/all/rp_filter", "2"), ("conf/default/rp_filter", "2")):
        Path("/proc/sys/net/ipv4", key).write_text(value)
    forwarding = Path("/proc/sys/net/ipv6/conf/all/forwarding")
    if forwarding.exists():
        forwarding.write_text("1")


def _join(networks: settings.LocalNetworks) -> None:
    subnet = networks.management_subnet
    if wires.index_of(networks.root_link) is None:
        _cable(networks)
    with pyroute2.IPRoute() as ip:
        wires.give(ip, networks.root_link, networks.host_address, subnet.cidr)
        wires.raise_link(ip, networks.root_link)
        for other in networks.subnets():
            if other != subnet and subnet.gateway is not None:
                _route(ip, other, subnet.gateway)


def _cable(networks: settings.LocalNetworks) -> None:
    """The machine's cable; the end in the fabric is made there, on its bridge."""
    bridge = settings.bridge(networks.management_subnet.network_id)

    def work(target: int) -> None:
        peer = {"ifname": networks.root_link, "address": _mac(networks.deployment), "net_ns_fd": target}
        wires.drop(_UPLINK)
        with pyroute2.IPRoute() as ip, wires.unless(errno.EEXIST):
            ip.link("add", ifname=_UPLINK, kind="veth", master=wires.index_of(bridge), state="up", peer=peer)

    with Path("/proc/self/ns/net").open("rb") as here:
        namespaces.inside(networks.namespace, lambda: work(here.fileno()))


def _route(ip: pyroute2.IPRoute, subnet: Subnet, gateway: str) -> None:
    if ipaddress.ip_address(gateway).version == ipaddress.ip_network(subnet.cidr).version:
        ip.route("replace", dst=subnet.cidr, gateway=gateway)


def _mac(seed: str) -> str:
    return "02:" + hashlib.sha256(seed.encode()).digest()[:5].hex(":")
