"""Suspicions: written by the health manager, taken away by the worker that has looked."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, insert, select

from hydria.domain.suspicions import What
from hydria.storage import tables

S = tables.SUSPICION


class Raised(msgspec.Struct, frozen=True):
    """A suspicion to write."""

    amphora_id: str
    load_balancer_id: str
    what: What
    detail: str


def standing(c: Connection) -> set[tuple[str, str, str]]:
    """What is suspected now: (amphora, load balancer, what)."""
    return {tuple(row) for row in c.execute(select(S.c.amphora_id, S.c.load_balancer_id, S.c.what))}


def write(c: Connection, found: Iterable[Raised], now: int) -> list[Raised]:
    """Write those that do not stand already; which these are. `now`: microseconds since 1970."""
    known = standing(c)
    fresh = [r for r in found if (r.amphora_id, r.load_balancer_id, r.what.value) not in known]
    if fresh:
        c.execute(insert(S), [{**msgspec.structs.asdict(r), "what": r.what.value, "at": now} for r in fresh])
    return fresh
