"""Claims: which worker is in charge of a load balancer, and for how long.

A claim is (owner, epoch). The holder raises `beat` every 1.5 s; whoever has seen the same (epoch, beat) unchanged for 6 s by
its own monotonic clock may take over. Every commit of a worker begins with `hold`: it fails when the epoch is another's.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, exists, select, update

from hydria.storage import tables

PROGRESS = tables.PROGRESS
BEAT_S = 1.5
STALE_S = 6.0
UNSURE_S = 3.0
"""A holder whose last beat is older starts no effect."""
FAR_US = 120_000_000
"""Nobody waits so long for another try (microseconds): a `not_before` beyond it was written by a clock since set back."""


class LostClaim(Exception):
    """Another worker is in charge; stop without a trace."""


class Due(msgspec.Struct, frozen=True):
    """A load balancer that wants work."""

    load_balancer_id: str
    owner: str
    epoch: int
    beat: int


def due(c: Connection, now: int, limit: int = 1000) -> list[Due]:
    """Load balancers that want work or are held by somebody, at `now` (microseconds)."""
    p = PROGRESS.c
    suspected = exists().where(tables.SUSPICION.c.load_balancer_id == p.load_balancer_id)
    wants = ((p.wanted > p.settled) | suspected) & ~p.not_before.between(now + 1, now + FAR_US)
    query = select(p.load_balancer_id, p.owner, p.epoch, p.beat).where(wants | (p.owner != "")).limit(limit)
    return [Due(*row) for row in c.execute(query)]


def seen(c: Connection, lb_id: str) -> Due | None:
    """The claim on one load balancer as it stands."""
    p = PROGRESS.c
    row = c.execute(select(p.load_balancer_id, p.owner, p.epoch, p.beat).where(p.load_balancer_id == lb_id)).first()
    return Due(*row) if row else None


def wanting(c: Connection, lb_id: str) -> Due | None:
    """The same, but None when it wants no work."""
    p = PROGRESS.c
    suspected = exists().where(tables.SUSPICION.c.load_balancer_id == p.load_balancer_id)
    wants = (p.load_balancer_id == lb_id) & ((p.wanted > p.settled) | suspected)
    row = c.execute(select(p.load_balancer_id, p.owner, p.epoch, p.beat).where(wants)).first()
    return Due(*row) if row else None


def claim(c: Connection, due_: Due, worker: str) -> int | None:
    """Take charge of what was seen as `due_`; the new epoch, or None when somebody was quicker."""
    p = PROGRESS.c
    mine = (
        (p.load_balancer_id == due_.load_balancer_id)
        & (p.epoch == due_.epoch)
        & (p.beat == due_.beat)
        & (p.owner == due_.owner)
    )
    taken = c.execute(update(PROGRESS).where(mine).values(owner=worker, epoch=p.epoch + 1, beat=0))
    return due_.epoch + 1 if taken.rowcount else None


def hold(c: Connection, lb_id: str, epoch: int) -> None:
    """Make sure, at the beginning of a transaction, that the claim is still ours; raises LostClaim."""
    p = PROGRESS.c
    if not c.execute(
        update(PROGRESS).where(p.load_balancer_id == lb_id, p.epoch == epoch).values(epoch=epoch)
    ).rowcount:
        raise LostClaim(lb_id)


def standing(c: Connection, lb_id: str) -> tuple[int | None, bool]:
    """The epoch of the claim on a load balancer (None: there is no such thing), and whether it is being deleted."""
    p, root = PROGRESS.c, tables.TREE["load_balancer"].c
    query = select(p.epoch, root.deleted).join_from(
        PROGRESS, tables.TREE["load_balancer"], root.id == p.load_balancer_id
    )
    row = c.execute(query.where(p.load_balancer_id == lb_id)).first()
    return (row[0], bool(row[1])) if row else (None, False)


def beat(c: Connection, worker: str, lb_ids: Iterable[str]) -> None:
    """Show that the worker lives, for all it holds."""
    p = PROGRESS.c
    c.execute(update(PROGRESS).where(p.owner == worker, p.load_balancer_id.in_(list(lb_ids))).values(beat=p.beat + 1))


def release(c: Connection, lb_id: str, epoch: int) -> bool:
    """Give the claim back if no more work is wanted; False when there is, and the claim stays."""
    p = PROGRESS.c
    mine = (p.load_balancer_id == lb_id) & (p.epoch == epoch)
    if c.execute(update(PROGRESS).where(mine, p.wanted <= p.settled).values(owner="")).rowcount:
        return True
    if c.execute(select(p.epoch).where(mine)).first() is None:
        raise LostClaim(lb_id)
    return False


def drop(c: Connection, lb_id: str, epoch: int, not_before: int = 0) -> None:
    """Give the claim back although work is left; nobody takes it before `not_before` (microseconds)."""
    p = PROGRESS.c
    c.execute(
        update(PROGRESS).where(p.load_balancer_id == lb_id, p.epoch == epoch).values(owner="", not_before=not_before)
    )


def failed(c: Connection, lb_id: str, epoch: int, **why: str | None) -> int:
    """Write why a run failed (step, reason, remedy, request_id); how many have failed in a row. Needs `hold` before."""
    p = PROGRESS.c
    c.execute(
        update(PROGRESS).where(p.load_balancer_id == lb_id, p.epoch == epoch).values(attempts=p.attempts + 1, **why)
    )
    attempts: int = c.execute(select(p.attempts).where(p.load_balancer_id == lb_id)).scalar_one()
    return attempts


def settle(c: Connection, lb_id: str, generation: int) -> None:
    """What is wanted up to `generation` is what runs. Needs `hold` before."""
    p = PROGRESS.c
    nothing_wrong = {"attempts": 0, "step": None, "reason": None, "remedy": None, "not_before": 0}
    c.execute(update(PROGRESS).where(p.load_balancer_id == lb_id).values(settled=generation, **nothing_wrong))
