"""What can be seen of a load balancer beside itself: its status tree and statistics."""

from typing import Any

import falcon

from hydria.api import errors, reads
from hydria.api.context import Context
from hydria.domain import kinds
from hydria.storage import shown, statistics

BELOW = (kinds.LISTENER, kinds.POOL, kinds.MEMBER, kinds.HEALTHMONITOR, kinds.L7POLICY)
Found = dict[kinds.Kind, list[shown.Shown]]


class Status:
    """The statuses of a whole tree."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response, parent_id: str) -> None:
        lb = reads.one(self._context, req.context.ask, kinds.LOADBALANCER, parent_id, "get_status")
        now = self._context.now()
        found: Found = self._context.database.read(lambda c: {k: shown.beneath(c, k, parent_id, now) for k in BELOW})
        reads.observed(self._context, [s for k in BELOW for s in found[k]])
        tree = {**_brief(lb), "listeners": [_listener(s, found) for s in found[kinds.LISTENER]]}
        errors.answer(resp, 200, {"statuses": {"loadbalancer": tree}})


def _brief(body: dict[str, Any], *more: str) -> dict[str, Any]:
    return {n: body[n] for n in ("id", "name", *more, "operating_status", "provisioning_status")}


def _listener(listener: shown.Shown, found: Found) -> dict[str, Any]:
    used = [{"id": listener.body["default_pool_id"]}] if listener.body["default_pool_id"] else []
    policies = [p.body for p in found[kinds.L7POLICY] if p.parent_id == listener.body["id"]]
    wanted = {u["id"] for u in used} | {p["redirect_pool_id"] for p in policies}
    pools = [_pool(p, found) for p in found[kinds.POOL] if p.body["id"] in wanted]
    return {**_brief(listener.body), "pools": pools}


def _pool(pool: shown.Shown, found: Found) -> dict[str, Any]:
    body: dict[str, Any] = _brief(pool.body) | {"health_monitor": None}
    for monitor in found[kinds.HEALTHMONITOR]:
        if monitor.parent_id == body["id"]:
            body["health_monitor"] = _brief(monitor.body, "type")
    members = [m.body for m in found[kinds.MEMBER] if m.parent_id == body["id"]]
    body["members"] = [_brief(m, "address", "protocol_port") for m in members]
    return body


class Statistics:
    """What passed through a load balancer or a listener."""

    def __init__(self, context: Context, kind: kinds.Kind) -> None:
        self._context = context
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response, parent_id: str) -> None:
        reads.one(self._context, req.context.ask, self._kind, parent_id, "get_stats")
        owner = reads.parent(self._context, self._kind, parent_id)
        serving = self._context.database.read(lambda c: statistics.serving(c, owner[0]) if owner else [])
        read = statistics.of_load_balancer if self._kind is kinds.LOADBALANCER else statistics.of_listener
        sums = self._context.observed.read(lambda o: read(o, parent_id, serving))
        errors.answer(resp, 200, {"stats": sums})
