"""What amphorae see of load balancers, put together from the chunks they send."""

from collections.abc import Collection

from hydria.wire.datagrams import MemberState, State

MOST = 20_000
"""Members or listeners that one amphora may name of one load balancer; more are passed over."""

WORST = (MemberState.DOWN, MemberState.MAINT, MemberState.DRAIN, MemberState.UP, MemberState.NO_CHECK)
RANK = {state.value: rank for rank, state in enumerate(WORST)}


class View:
    """One load balancer as one amphora sees it. What a chunk does not name keeps its last state."""

    __slots__ = ("servers", "takes")

    def __init__(self) -> None:
        self.servers: dict[bytes, int] = {}
        self.takes: dict[bytes, bool] = {}

    def take(self, state: State) -> bool:
        """Whether a chunk changes the view."""
        changed = False
        for member, server in state.members:
            if self.servers.get(member) != server and (member in self.servers or len(self.servers) < MOST):
                self.servers[member] = server
                changed = True
        for counts in state.listeners:
            listener = counts.listener_id
            if self.takes.get(listener) is not counts.open and (listener in self.takes or len(self.takes) < MOST):
                self.takes[listener] = counts.open
                changed = True
        return changed


def joined(views: Collection[View]) -> tuple[dict[bytes, int], dict[bytes, bool]]:
    """The worst that any of them sees: servers, and whether listeners take connections."""
    servers: dict[bytes, int] = {}
    takes: dict[bytes, bool] = {}
    for view in views:
        for member, server in list(view.servers.items()):
            before = servers.get(member)
            servers[member] = server if before is None else min(before, server, key=RANK.__getitem__)
        for listener, takes_any in list(view.takes.items()):
            takes[listener] = takes.get(listener, True) and takes_any
    return servers, takes
