"""Interfaces of a placement: what `ip` is told to bring a namespace from what it is to what a document says."""

import asyncio
import contextlib
import functools
import os
import socket
from dataclasses import dataclass

import msgspec

from hydria.agent import faults, netspace, processes
from hydria.agent.places import Places
from hydria.wire.documents import Interface, Problem

ANNOUNCE_WAITS_S = (0.0, 0.03, 0.1, 0.9)
"""Waits before each announcement: the first may meet a switch port that does not forward yet, and a client's next try is 1 s away."""

CARD_WAIT_S = 3.0
"""How long a card that was just plugged may take to show up."""


class Address(msgspec.Struct, frozen=True):
    """An address as `ip` tells it."""

    local: str = ""
    prefixlen: int = 0
    scope: str = ""


class Card(msgspec.Struct, frozen=True):
    """A card as `ip` tells it."""

    ifname: str
    address: str = ""
    link_type: str = ""
    addr_info: tuple[Address, ...] = ()


@dataclass(frozen=True)
class Wires:
    """What to tell `ip`: in the node's namespace first, then inside the placement's."""

    node: list[str]
    inside: list[str]


def node_name(mac: str) -> str:
    """The name of a card that goes back to the node: its MAC makes it unique."""
    return "hy" + mac.replace(":", "")


def plan(
    places: Places,
    wanted: tuple[Interface, ...],
    old: tuple[Interface, ...],
    node: dict[str, str],
    here: list[Card] | None,
) -> Wires:
    """What is to be told. `here` is None when the namespace does not exist yet."""
    lines = [f"netns add {places.netns}"] if here is None else []
    cards = {card.address: card for card in here or () if card.link_type == "ether"}
    missing = [interface for interface in wanted if interface.mac not in cards]
    lines += [f"link set dev {node[one.mac]} netns {places.netns} name {one.name}" for one in missing]
    inside = ["link set dev lo up"] if here is None else []
    kept = {interface.mac for interface in wanted}
    inside += [line for mac, card in cards.items() if mac not in kept for line in return_lines(card.ifname, mac)]
    before = {interface.mac: interface for interface in old}
    for interface in wanted:
        inside += _card_lines(interface, cards.get(interface.mac), before.get(interface.mac))
    return Wires(lines, inside)


def return_lines(name: str, mac: str) -> list[str]:
    """Give a card back to the node: cards belong to whoever plugged them."""
    return [f"link set dev {name} down", f"link set dev {name} netns {os.getpid()} name {node_name(mac)}"]


def _card_lines(interface: Interface, card: Card | None, before: Interface | None) -> list[str]:
    name, lines = interface.name, []
    if card and card.ifname != name:
        lines += [f"link set dev {card.ifname} down", f"link set dev {card.ifname} name {name}"]
    wanted = {key(address): address for address in (*interface.addresses, *interface.floating)}
    present = {key(f"{a.local}/{a.prefixlen}") for a in card.addr_info if a.scope == "global"} if card else set()
    lines += (
        [f"route del {r.destination} via {r.via} dev {name}" for r in before.routes if r not in interface.routes]
        if before
        else []
    )
    lines += [f"addr del {address} dev {name}" for address in sorted(present - wanted.keys())]
    lines += [
        f"addr add {address} dev {name}{' nodad' if ':' in address else ''}"
        for at, address in wanted.items()
        if at not in present
    ]
    lines.append(f"link set dev {name} mtu {interface.mtu} up")
    return lines + [f"route replace {r.destination} via {r.via} dev {name}" for r in interface.routes]


def key(address: str) -> str:
    """An address with prefix length in its one canonical form; ValueError or OSError when it is none."""
    host, _, length = address.partition("/")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    most = 128 if ":" in host else 32
    bits = int(length) if length.isascii() and length.isdecimal() else most
    if (length and str(bits) != length) or bits > most:
        raise ValueError(f"{address!r} has no prefix length")
    return f"{socket.inet_ntop(family, socket.inet_pton(family, host))}/{bits}"


def floating(wanted: tuple[Interface, ...]) -> list[tuple[str, str]]:
    """(card, address) of every VIP."""
    return [(i.name, address.partition("/")[0]) for i in wanted for address in i.floating]


def malformed(wanted: tuple[Interface, ...]) -> list[Problem]:
    """What cannot be told to `ip`: an address that is none, a name or MAC that is no single harmless word."""
    wrong = []
    for interface in wanted:
        words = (interface.name, interface.mac, *(w for r in interface.routes for w in (r.destination, r.via)))
        if not all(
            word.isascii() and word.replace(":", "").replace(".", "").replace("/", "").isalnum() for word in words
        ):
            wrong.append(
                Problem(
                    what="interface",
                    text=f"interface {interface.name!r} has a name, MAC or route that is no single word",
                )
            )
        for address in (*interface.addresses, *interface.floating):
            try:
                key(address)
            except (OSError, ValueError):
                wrong.append(Problem(what="interface", text=f"{address!r} is not an address"))
    return wrong


async def wire(places: Places, wanted: tuple[Interface, ...], old: tuple[Interface, ...]) -> None:
    """Make the namespace what a document says; safe to repeat. `Answer` 422 when a card is missing or `ip` refuses."""
    wanted = tuple(msgspec.structs.replace(i, mac=i.mac.lower()) for i in wanted)
    here = await look(places)
    have = {card.address for card in here or ()}
    node = await _wait_for([i.mac for i in wanted if i.mac not in have])
    wires = plan(places, wanted, old, node, here)
    if wires.node:
        await _tell(["ip", "-batch", "-"], wires.node)
    names = [interface.name for interface in wanted]
    await netspace.call(places.namespace, functools.partial(netspace.settle_sysctls, names))
    if wires.inside:
        await _tell(["ip", "-n", places.netns, "-batch", "-"], wires.inside)


async def announce(places: Places, wanted: tuple[Interface, ...]) -> None:
    """Tell neighbours whose the VIPs are now, and again for those that did not listen. To be run beside other work: the kernel
    takes 30 ms to close the socket.
    """
    for wait_s in ANNOUNCE_WAITS_S if floating(wanted) else ():
        await asyncio.sleep(wait_s)
        with contextlib.suppress(OSError):  # the namespace went meanwhile
            await netspace.call(places.namespace, functools.partial(netspace.announce, floating(wanted)))


async def look(places: Places) -> list[Card] | None:
    """The cards in a placement's namespace, or None when there is no namespace."""
    if not os.path.exists(places.namespace):
        return None
    ended = await processes.run(["ip", "-n", places.netns, "-j", "-d", "addr"])
    if ended.code:
        await processes.run(["ip", "netns", "del", places.netns])  # a file that is no namespace: left by a crash
        return None
    return msgspec.json.decode(ended.out or b"[]", type=list[Card])


async def unwire(places: Places) -> None:
    """Give the cards back and remove the namespace; nothing to do when it is absent."""
    here = await look(places)
    if here is None:
        return
    lines = [line for card in here if card.link_type == "ether" for line in return_lines(card.ifname, card.address)]
    if lines:
        await _tell(["ip", "-n", places.netns, "-force", "-batch", "-"], lines, forgiving=True)
    await processes.run(["ip", "netns", "del", places.netns])


async def _wait_for(macs: list[str]) -> dict[str, str]:
    deadline = asyncio.get_running_loop().time() + CARD_WAIT_S
    while missing := [mac for mac in macs if mac not in (found := netspace.cards())]:
        if asyncio.get_running_loop().time() > deadline:
            text = f"no network card has the MAC {missing[0]}; plug it or leave the interface out"
            raise faults.refused([Problem(what="interface", text=text)])
        await asyncio.sleep(0.02)
    return {mac: found[mac] for mac in macs} if macs else {}


async def _tell(argv: list[str], lines: list[str], *, forgiving: bool = False) -> None:
    ended = await processes.run(argv, ("\n".join(lines) + "\n").encode())
    if ended.code and not forgiving:
        raise faults.refused([Problem(what="interface", text=" ".join(ended.err.split()))])
