"""Trees to render: the objects of a load balancer in few words."""

import uuid
from typing import Any, TypeVar

from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import AdditionalVip, LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool, SessionPersistence
from hydria.domain.tree import Tree
from hydria.domain.types import (
    Address,
    Algorithm,
    AsWritten,
    Cidr,
    ListenerProtocol,
    MonitorType,
    Persistence,
    PoolProtocol,
)

Kind = TypeVar("Kind", bound=Part)
HTTP = ListenerProtocol.HTTP


def name(word: str) -> str:
    """The id of the object that a test calls so."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, word))


def part(kind: type[Kind], word: str, **values: Any) -> Kind:
    """An object of a tree."""
    common: dict[str, Any] = {
        "project_id": "p",
        "load_balancer_id": name("lb"),
        "born": 1,
        "changed": 1,
        "touched": 1,
        "created_at": 1,
    }
    return kind(id=name(word), **common, **values)


def loadbalancer(vip="127.0.0.1", *more, **values) -> LoadBalancer:
    vips = [AdditionalVip(subnet_id=name("subnet"), ip_address=AsWritten(a)) for a in more]
    return part(LoadBalancer, "lb", vip_address=Address(vip), additional_vips=vips, name="a\nname", **values)


def listener(word="listener", *, protocol=HTTP, port=80, pool: str | None = "pool", cidrs=(), **values) -> Listener:
    return part(
        Listener,
        word,
        protocol=protocol,
        protocol_port=port,
        default_pool_id=name(pool) if pool else None,
        allowed_cidrs=[Cidr(c) for c in cidrs],
        loadbalancer_id=name("lb"),
        **values,
    )


def pool(
    word="pool", *, protocol=PoolProtocol.HTTP, algorithm=Algorithm.ROUND_ROBIN, keep=None, cookie=None, **values
) -> Pool:
    session = SessionPersistence(type=Persistence(keep), cookie_name=cookie) if keep else None
    return part(Pool, word, protocol=protocol, lb_algorithm=algorithm, session_persistence=session, **values)


def member(word="member", *, address="192.0.2.1", port=8080, of="pool", check: str | None = None, **values) -> Member:
    monitor = Address(check) if check else None
    return part(
        Member, word, pool_id=name(of), address=Address(address), protocol_port=port, monitor_address=monitor, **values
    )


def monitor(
    word="monitor", *, kind=MonitorType.TCP, delay=5, timeout=3, retries=2, of="pool", **values
) -> HealthMonitor:
    return part(
        HealthMonitor, word, pool_id=name(of), type=kind, delay=delay, timeout=timeout, max_retries=retries, **values
    )


def tree(*parts: Part) -> Tree:
    """A tree of these, with a load balancer if none is among them."""
    return Tree(loadbalancer=loadbalancer()).plus(*parts)
