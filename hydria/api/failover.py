"""What operators order of amphorae: recorded as demands in the transaction that raises the load balancer's generation."""

from collections.abc import Sequence
from dataclasses import dataclass

import falcon
import msgspec

from hydria.api import conditions, idempotency, reads, waiting, writes
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import kinds
from hydria.domain.amphora import AmphoraStatus
from hydria.domain.demands import What
from hydria.domain.statuses import Provisioning
from hydria.storage import amphorae, demands, intents, journal, shown
from hydria.storage.database import Connection

MAY_FAIL_OVER = (Provisioning.ACTIVE, Provisioning.ERROR)


@dataclass(frozen=True)
class Order:
    """One order: what is wanted of which amphorae of a load balancer, and of what the journal says it was given."""

    load_balancer_id: str
    project_id: str
    what: What
    action: str
    kind: str
    object_id: str
    only_in: Sequence[str] = ()  # provisioning statuses; none: whatever it is
    code: int = 202  # of the answer


class LoadBalancers(conditions.Tagged):
    """New amphorae for a load balancer."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_put(self, req: falcon.Request, resp: falcon.Response, parent_id: str) -> None:
        owner = reads.parent(self._context, kinds.LOADBALANCER, parent_id)
        if owner is None:
            raise writes.missing(kinds.LOADBALANCER, parent_id)
        req.context.ask.must("loadbalancer:put_failover", owner[1])
        lb_id = owner[0]
        order = Order(lb_id, owner[1], What.REPLACE, "failover", kinds.LOADBALANCER.table, lb_id, MAY_FAIL_OVER)

        def work(c: Connection) -> None:
            serving = [a.id for a in amphorae.of(c, lb_id) if a.status != AmphoraStatus.PENDING_DELETE]
            give(self._context, c, req.context.ask, order, serving)

        self._context.database.write(work)
        waiting.told(self._context, req.context.ask, lb_id)
        resp.status = 202


def give(context: Context, c: Connection, ask: Ask, order: Order, amphora_ids: Sequence[str]) -> None:
    """Record an order and the work it makes; raises Conflict when the load balancer is not in a state for it."""
    lb_id = order.load_balancer_id
    target = writes.Target(lb_id, order.project_id, kinds.LOADBALANCER, lb_id)
    found = shown.one(c, kinds.LOADBALANCER, lb_id, context.now())
    if found is None:
        raise writes.missing(kinds.LOADBALANCER, lb_id)
    status = found.body["provisioning_status"]
    if order.only_in and status not in order.only_in:
        raise writes.immutable(target, status)
    due_at = context.now() + int(context.settings.create_s * 1_000_000)
    locked = intents.lock(c, lb_id, due_at)
    if order.only_in and status == Provisioning.ACTIVE and locked.settled < locked.generation - 1:
        raise writes.immutable(target, Provisioning.PENDING_UPDATE)  # somebody was quicker
    if order.kind == kinds.LOADBALANCER.table:
        conditions.check(ask.etags, locked.load_balancer)
    if order.what is What.REPLACE:
        intents.grant(c, lb_id, due_at)
    demands.add(c, order.what, lb_id, locked.generation, amphora_ids)
    line = writes.entry(context, ask, locked, order.action, locked.load_balancer, {})
    journal.add(c, msgspec.structs.replace(line, kind=order.kind, object_id=order.object_id))
    idempotency.keep_plain(context, c, ask.once, order.code)
