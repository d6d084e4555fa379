"""A placement's document: what a tree becomes for one amphora. Everything an amphora runs is composed here."""

import ipaddress
from collections.abc import Callable, Iterable

from hydria.control.world import External, Purpose
from hydria.domain.tree import Tree
from hydria.drivers.network import Subnet
from hydria.render import haproxy
from hydria.wire.documents import Interface, PlacementDocument, Route, digest_of

Subnets = Callable[[str], Subnet]
"""Gives the subnet of an id; raises when there is none."""


def compose(
    tree: Tree, load_balancer_id: str, epoch: int, cards: Iterable[External], subnets: Subnets
) -> PlacementDocument:
    """The whole document, without commands. The generation is the tree's."""
    files = {haproxy.FILE: haproxy.render(tree, haproxy.Node())}
    wired = interfaces(tree, cards, subnets)
    return PlacementDocument(
        load_balancer_id=load_balancer_id,
        epoch=epoch,
        generation=tree.generation,
        digest=digest_of(files, wired),
        files=files,
        interfaces=wired,
    )


def interfaces(tree: Tree, cards: Iterable[External], subnets: Subnets) -> tuple[Interface, ...]:
    """The cards of a placement: first the VIP's, then one for each subnet of members, in a lasting order."""
    found = []
    others = 0
    for card in sorted(cards, key=lambda x: (x.purpose is not Purpose.VRRP, x.created_at, x.name)):
        if not card.mac or not card.subnet_id or card.purpose not in (Purpose.VRRP, Purpose.MEMBER):
            continue
        subnet = subnets(card.subnet_id)
        if card.purpose is Purpose.VRRP:
            found.append(_vip(tree, card, subnet, subnets))
        else:
            others += 1
            routes = tuple(Route(destination=to, via=via) for to, via in subnet.routes)
            found.append(
                Interface(mac=card.mac, name=f"net{others}", addresses=(_within(card.address, subnet),), routes=routes)
            )
    return tuple(found)


def _vip(tree: Tree, card: External, subnet: Subnet, subnets: Subnets) -> Interface:
    lb = tree.loadbalancer
    more = lb.additional_vips if lb else ()
    floating = [_within(lb.vip_address, subnet)] if lb and lb.vip_address else []
    floating += [_within(v.address, subnets(v.subnet_id)) for v in more if v.address]
    gateways = (subnet, *(subnets(v.subnet_id) for v in more))
    defaults = {ipaddress.ip_address(s.gateway).version: s.gateway for s in reversed(gateways) if s.gateway}
    routes = [Route(destination=to, via=via) for to, via in subnet.routes]
    routes += [Route(destination="default", via=via) for _, via in sorted(defaults.items())]
    return Interface(
        mac=card.mac or "",
        name="vip0",
        addresses=(_within(card.address, subnet),),
        floating=tuple(floating),
        routes=tuple(routes),
    )


def _within(address: object, subnet: Subnet) -> str:
    return f"{address}/{subnet.cidr.split('/')[1]}"
