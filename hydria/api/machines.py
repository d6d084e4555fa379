"""Amphorae, for administrators."""

from typing import Any

import falcon

from hydria.api import errors, failover, idempotency, query, waiting
from hydria.api.context import Context
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.domain.attributes import Kept, attributes
from hydria.domain.demands import What
from hydria.domain.refusals import Conflict, NotFound
from hydria.domain.statuses import Provisioning
from hydria.kit import ids
from hydria.storage import amphorae, shown, statistics
from hydria.storage.database import Connection

SHOWN = tuple(a.name for a in attributes(Amphora).values() if a.kept is Kept.STORED)
TIMES = ("created_at", "updated_at", "cert_expiration")
ORDERS: dict[str, tuple[str, What, tuple[Provisioning, ...]]] = {
    "put_failover": ("failover", What.REPLACE, (Provisioning.ACTIVE,)),
    "put_config": ("configure", What.CONFIGURE, ()),
    "delete": ("delete", What.REPLACE, ()),
}
"""By action what the journal calls it, what it asks of a worker, and in which statuses of the load balancer (none: all)."""


def body(amphora: Amphora) -> dict[str, Any]:
    """An amphora as administrators see it."""
    found = {n: getattr(amphora, n) for n in SHOWN}
    return found | {n: shown.moment(found[n]) for n in TIMES}


class Amphorae:
    """All amphorae that are not gone, one of them, and what may be ordered of it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.ask.must("amphora:get_all")
        given = query.shown(req, self._context.settings)
        wanted = query.asked(given, {}, self._context.settings.page)
        found = self._context.database.read(lambda c: amphorae.page(c, SHOWN, wanted))
        errors.answer(resp, 200, query.page(req.context.url, given, wanted, "amphorae", [body(a) for a in found]))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, amphora_id: str) -> None:
        found = self._context.database.read(lambda c: _found(c, amphora_id))
        req.context.ask.must("amphora:get_one")
        errors.answer(resp, 200, {"amphora": query.only(query.shown(req, self._context.settings), body(found))})

    def on_get_stats(self, req: falcon.Request, resp: falcon.Response, amphora_id: str) -> None:
        found = self._context.database.read(lambda c: _found(c, amphora_id))
        req.context.ask.must("amphora:get_stats")
        counted = self._context.observed.read(lambda o: statistics.of_amphora(o, found.id))
        if not counted:
            message = f"Statistics of amphora {found.id} could not be found: nothing was counted there yet."
            raise NotFound(message)
        only = query.shown(req, self._context.settings)
        errors.answer(resp, 200, {"amphora_stats": [query.only(only, {"id": found.id, **one}) for one in counted]})

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, amphora_id: str) -> None:
        self._order(req, amphora_id, "delete")
        resp.status = 204

    def on_put_failover(self, req: falcon.Request, resp: falcon.Response, amphora_id: str) -> None:
        self._order(req, amphora_id, "put_failover")
        resp.status = 202

    def on_put_config(self, req: falcon.Request, resp: falcon.Response, amphora_id: str) -> None:
        self._order(req, amphora_id, "put_config")
        resp.status = 202

    def _order(self, req: falcon.Request, amphora_id: str, action: str) -> None:
        named, what, only_in = ORDERS[action]

        def work(c: Connection) -> str:
            amphora = _found(c, amphora_id)
            req.context.ask.must(f"amphora:{action}")
            if action == "delete" and amphora.status is not AmphoraStatus.ERROR:
                message = f"Amphora {amphora.id} is immutable and cannot be deleted: it is {amphora.status}, not ERROR."
                raise Conflict(message)
            if amphora.loadbalancer_id is None:
                message = f"Amphora {amphora.id} serves no load balancer."
                raise Conflict(message)
            lb_id = amphora.loadbalancer_id
            code = 204 if action == "delete" else 202
            order = failover.Order(lb_id, "", what, named, "amphora", amphora.id, only_in, code)
            try:
                failover.give(self._context, c, req.context.ask, order, [amphora.id])
            except Conflict:
                if action != "delete":
                    raise
                # Its load balancer is being deleted, and takes it along.
                idempotency.keep_plain(self._context, c, req.context.ask.once, code)
            return lb_id

        waiting.told(self._context, req.context.ask, self._context.database.write(work))


def _found(c: Connection, amphora_id: str) -> Amphora:
    found = amphorae.one(c, amphora_id) if ids.is_id(amphora_id) else None
    if found is None:
        message = f"amphora {amphora_id} could not be found."
        raise NotFound(message)
    return found
