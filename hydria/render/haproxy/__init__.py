"""haproxy's file for one load balancer: everything but what the agent puts before it.

The agent's part holds who runs haproxy, its admin socket, the process's limits and where the log goes. Only servers'
edges are logged: a frontend has no log, since formatting a line per request costs a quarter of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.types import ListenerProtocol, MonitorType, PoolProtocol
from hydria.render.haproxy import sections, servers

REVISION: int = 1
"""The renderer's revision: raised whenever an unchanged tree renders differently."""

FILE = "haproxy.cfg"
"""The file's name in a placement's document."""

UNLIMITED = 2147483647
"""A listener's connection limit where none was set; the process's own limit still holds."""


@dataclass(frozen=True)
class Node:
    """What a rendering needs to know of the amphora it is for."""

    ping: str = "/run/hydria/ping-wrapper"
    """The program that pings a member: haproxy's external check, the address is its third argument."""


def render(tree: Tree, node: Node) -> str:
    """The file. A load balancer that is down, or absent, has no frontends: haproxy runs and nothing answers."""
    parts = [sections.section("defaults")]
    for listener in frontends(tree):
        pool = default_pool(tree, listener)
        parts.append(
            sections.section(
                "frontend",
                listener=listener,
                pool=pool,
                vips=vips(tree.loadbalancer),
                mode=listener_mode(listener),
                limit=limit(listener),
            )
        )
        if pool:
            parts.append(_backend(tree, node, listener, pool))
    if any(is_pinged(tree, pool) for _, pool in backends(tree)):
        parts.insert(0, sections.section("global"))
    return "\n".join(parts)


def frontends(tree: Tree) -> list[Listener]:
    """The listeners that answer."""
    if not tree.loadbalancer or not tree.loadbalancer.admin_state_up or not vips(tree.loadbalancer):
        return []
    return [listener for listener in tree.listeners.values() if listener.admin_state_up]


def backends(tree: Tree) -> Iterator[tuple[Listener, Pool]]:
    """The (listener, pool) pairs in use."""
    for listener in frontends(tree):
        if pool := default_pool(tree, listener):
            yield listener, pool


def backend_name(listener: Listener, pool: Pool) -> str:
    """The name of a backend."""
    return f"{pool.id}:{listener.id}"


def default_pool(tree: Tree, listener: Listener) -> Pool | None:
    """The pool that gets a listener's traffic; None: clients are answered 503, or hung up on."""
    pool = tree.pools.get(listener.default_pool_id or "")
    return pool if pool and pool.admin_state_up else None


def vips(loadbalancer: LoadBalancer | None) -> list[str]:
    """The addresses that are known by now."""
    if not loadbalancer:
        return []
    more = [vip.address for vip in loadbalancer.additional_vips]
    return [address for address in (loadbalancer.vip_address, *more) if address]


def limit(listener: Listener) -> int:
    """The most connections of a listener. 0 is never written: no limit in haproxy's file, none at all on its socket."""
    return listener.connection_limit if listener.connection_limit > 0 else UNLIMITED


def listener_mode(listener: Listener) -> str:
    """What haproxy understands of the listener's protocol: requests, or bytes."""
    return "http" if listener.protocol is ListenerProtocol.HTTP else "tcp"


def backend_mode(listener: Listener, pool: Pool) -> str:
    """The same for a backend. The PROXY protocols only prepend: they carry whatever the listener speaks."""
    if pool.protocol in (PoolProtocol.PROXY, PoolProtocol.PROXYV2):
        return listener_mode(listener)
    return "http" if pool.protocol is PoolProtocol.HTTP else "tcp"


def is_pinged(tree: Tree, pool: Pool) -> bool:
    """Whether the members of a pool are checked by pinging them."""
    monitor = servers.active_monitor(tree, pool)
    return monitor is not None and monitor.type is MonitorType.PING


def _backend(tree: Tree, node: Node, listener: Listener, pool: Pool) -> str:
    return sections.section(
        "backend",
        name=backend_name(listener, pool),
        mode=backend_mode(listener, pool),
        listener=listener,
        pool=pool,
        monitor=servers.active_monitor(tree, pool),
        servers=servers.servers(tree, pool),
        node=node,
        host=vips(tree.loadbalancer)[0],
    )
