"""What passed through listeners: sums over the amphorae that served them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from hydria.domain.amphora import AmphoraStatus
from hydria.storage import tables

S, A = tables.STATISTICS, tables.AMPHORA
COUNTERS = ("bytes_in", "bytes_out", "request_errors", "total_connections")


def serving(c: Connection, load_balancer_id: str) -> list[str]:
    """The amphorae whose connections are open now."""
    mine = (A.c.loadbalancer_id == load_balancer_id) & (A.c.status == AmphoraStatus.ALLOCATED)
    return [row[0] for row in c.execute(select(A.c.id).where(mine))]


def of_load_balancer(observed: Connection, load_balancer_id: str, amphorae: Sequence[str]) -> dict[str, int]:
    """Sums over the listeners of a load balancer."""
    return _sums(observed, S.c.load_balancer_id == load_balancer_id, amphorae)


def of_listener(observed: Connection, listener_id: str, amphorae: Sequence[str]) -> dict[str, int]:
    """The same of one listener."""
    return _sums(observed, S.c.listener_id == listener_id, amphorae)


def of_amphora(observed: Connection, amphora_id: str) -> list[dict[str, Any]]:
    """What each listener counted on one amphora; none when nothing was heard yet."""
    names = ("listener_id", "active_connections", *COUNTERS)
    query = select(S.c.load_balancer_id, *(S.c[n] for n in names)).where(S.c.amphora_id == amphora_id)
    found = observed.execute(query.order_by(S.c.listener_id))
    return [{"loadbalancer_id": row[0], **dict(zip(names, row[1:], strict=True))} for row in found]


def _sums(observed: Connection, mine: ColumnElement[bool], amphorae: Sequence[str]) -> dict[str, int]:
    row: Any = observed.execute(select(*(func.coalesce(func.sum(S.c[n]), 0) for n in COUNTERS)).where(mine)).one()
    open_now = select(func.coalesce(func.sum(S.c.active_connections), 0)).where(mine, S.c.amphora_id.in_(amphorae))
    active = observed.execute(open_now).scalar_one()
    return {"active_connections": int(active), **{n: int(v) for n, v in zip(COUNTERS, row, strict=True)}}
