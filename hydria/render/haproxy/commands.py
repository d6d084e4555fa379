"""Runtime commands: from what runs to what is wanted without a reload, where haproxy can.

Right by construction: without members and connection limits the two files must be equal, else it takes a reload; what
remains is compared in the same words as the file has. So the file, which is the truth of the next reload, is the same truth.

Capacity comes before it goes: the order of the commands never leaves a backend without a server that had one before and
has one afterwards, also when a command fails. `del server` comes last of all and changes no traffic; haproxy refuses it
while connections are attached. It may be repeated until they end; after a reload they live on in the old process.
"""

from collections.abc import Iterator

import msgspec

from hydria.domain.tree import Tree
from hydria.render import haproxy
from hydria.render.haproxy import servers

Known = dict[str, servers.Server]


def commands(old: Tree, new: Tree) -> tuple[str, ...] | None:
    """Work out what makes haproxy, as rendered from `old`, run `new`: () when it does already, None when it must reload."""
    if haproxy.render(_bare(old), haproxy.Node()) != haproxy.render(_bare(new), haproxy.Node()):
        return None
    come: list[str] = list(_limits(old, new))
    go: list[str] = []
    gone: list[str] = []
    for listener, pool in haproxy.backends(new):
        was = {server.id: server for server in servers.servers(old, old.pools[pool.id])}
        now = {server.id: server for server in servers.servers(new, pool)}
        if _needs_reload(was, now, is_pinged=haproxy.is_pinged(new, pool)):
            return None
        backend = haproxy.backend_name(listener, pool)
        come += _come(backend, was, now)
        go += _go(backend, was, now)
        gone += [f"del server {backend}/{i}" for i in was if i not in now]
    return (*come, *go, *gone)


def _bare(tree: Tree) -> Tree:
    listeners = {i: msgspec.structs.replace(listener, connection_limit=-1) for i, listener in tree.listeners.items()}
    return msgspec.structs.replace(tree, members={}, listeners=listeners)


def _limits(old: Tree, new: Tree) -> Iterator[str]:
    for listener in haproxy.frontends(new):
        limit = haproxy.limit(listener)
        if limit != haproxy.limit(old.listeners[listener.id]):
            yield f"set maxconn frontend {listener.id} {limit}"


def _needs_reload(was: Known, now: Known, *, is_pinged: bool) -> bool:
    # Deleting a server and adding it anew would leave clients without it meanwhile, and for long if the deletion fails.
    if any(now[i].settings != was[i].settings for i in now.keys() & was.keys()):
        return True
    others = [server for i, server in (was | now).items() if i not in was or i not in now]
    # An external check belongs to haproxy's first thread; made by another, as commands are, it ends the process.
    return bool(others) and (is_pinged or any(server.cookie for server in others))


def _come(backend: str, was: Known, now: Known) -> Iterator[str]:
    for i, server in now.items():
        name, before = f"{backend}/{i}", was.get(i)
        if not before:
            yield f"add server {name} {server.settings} weight {server.weight}"
        elif server.weight and server.weight != before.weight:
            yield f"set server {name} weight {server.weight}"
        # haproxy adds servers in maintenance.
        if not server.is_disabled and (not before or before.is_disabled):
            if server.is_checked:  # one that was added while haproxy ran is not checked before it is told
                yield f"enable health {name}"
            yield f"set server {name} state ready"


def _go(backend: str, was: Known, now: Known) -> Iterator[str]:
    for i, before in was.items():
        name, server = f"{backend}/{i}", now.get(i)
        if not before.is_disabled and (not server or server.is_disabled):
            yield f"set server {name} state maint"
        if server and not server.weight and before.weight:
            yield f"set server {name} weight 0"
