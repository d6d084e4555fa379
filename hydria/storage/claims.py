"""Claims: which worker is in charge of a load balancer, and for how long.

A claim is (owner, epoch). The holder raises `beat` every 1.5 s; whoever has seen the same (epoch, beat) unchanged for 6 s by
its own monotonic clock may take over. Every commit of a worker begins with `hold`: it fails when the epoch is another's.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, bindparam, exists, select, update

from hydria.storage import plain, tables

PROGRESS, SUSPICION = tables.PROGRESS, tables.SUSPICION
P, ROOT = PROGRESS.c, tables.TREE["load_balancer"].c
CLAIM = (P.load_balancer_id, P.owner, P.epoch, P.beat)
ONE = P.load_balancer_id == bindparam("lb")
MINE = ONE & (P.epoch == bindparam("held"))
WANTS = (P.wanted > P.settled) | exists().where(SUSPICION.c.load_balancer_id == P.load_balancer_id)

# Statements of every step are built once.
WANTING = select(*CLAIM).where(ONE, WANTS)
TAKE = (
    update(PROGRESS)
    .where(MINE, P.beat == bindparam("beaten"), P.owner == bindparam("by"))
    .values(owner=bindparam("worker"), epoch=P.epoch + 1, beat=0)
)
HOLD = update(PROGRESS).where(MINE).values(epoch=P.epoch)
STANDING = select(P.epoch, ROOT.generation, ROOT.deleted).where(ONE, ROOT.id == P.load_balancer_id)
RELEASE = update(PROGRESS).where(MINE, P.wanted <= P.settled).values(owner="")

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
    wants = WANTS & ~P.not_before.between(now + 1, now + FAR_US)
    query = select(*CLAIM).where(wants | (P.owner != "")).limit(limit)
    return [Due(*row) for row in c.execute(query)]


def seen(c: Connection, lb_id: str) -> Due | None:
    """The claim on one load balancer as it stands."""
    row = c.execute(select(*CLAIM).where(ONE), {"lb": lb_id}).first()
    return Due(*row) if row else None


def wanting(c: Connection, lb_id: str) -> Due | None:
    """The same, but None when it wants no work."""
    row = c.execute(WANTING, {"lb": lb_id}).first()
    return Due(*row) if row else None


def claim(c: Connection, due_: Due, worker: str) -> int | None:
    """Take charge of what was seen as `due_`; the new epoch, or None when somebody was quicker."""
    seen_ = {"lb": due_.load_balancer_id, "held": due_.epoch, "beaten": due_.beat, "by": due_.owner}
    return due_.epoch + 1 if c.execute(TAKE, {**seen_, "worker": worker}).rowcount else None


def hold(c: Connection, lb_id: str, epoch: int) -> None:
    """Make sure, at the beginning of a transaction, that the claim is still ours; raises LostClaim."""
    if not c.execute(HOLD, {"lb": lb_id, "held": epoch}).rowcount:
        raise LostClaim(lb_id)


class Standing(msgspec.Struct, frozen=True):
    """The claim on a load balancer, its generation, and that of its deletion or 0."""

    epoch: int
    generation: int
    deleted: int


def standing(c: Connection, lb_id: str) -> Standing | None:
    """How a load balancer stands; None when there is no such thing."""
    row = c.execute(STANDING, {"lb": lb_id}).first()
    return Standing(*row) if row else None


def beat(c: Connection, worker: str, lb_ids: Iterable[str]) -> None:
    """Show that the worker lives, for all it holds."""
    c.execute(update(PROGRESS).where(P.owner == worker, P.load_balancer_id.in_(list(lb_ids))).values(beat=P.beat + 1))


def release(c: Connection, lb_id: str, epoch: int) -> bool:
    """Give the claim back if no more work is wanted; False when there is, and the claim stays."""
    if c.execute(RELEASE, {"lb": lb_id, "held": epoch}).rowcount:
        return True
    if plain.find(c, PROGRESS, load_balancer_id=lb_id, epoch=epoch).first() is None:
        raise LostClaim(lb_id)
    return False


def drop(c: Connection, lb_id: str, epoch: int, not_before: int = 0) -> None:
    """Give the claim back although work is left; nobody takes it before `not_before` (microseconds)."""
    plain.change(c, PROGRESS, {"load_balancer_id": lb_id, "epoch": epoch}, owner="", not_before=not_before)


def failed(c: Connection, lb_id: str, epoch: int, **why: str | None) -> int:
    """Write why a run failed (step, reason, remedy, request_id); how many have failed in a row. Needs `hold` before."""
    c.execute(
        update(PROGRESS).where(P.load_balancer_id == lb_id, P.epoch == epoch).values(attempts=P.attempts + 1, **why)
    )
    attempts: int = plain.find(c, PROGRESS, load_balancer_id=lb_id).one().attempts
    return attempts


def settle(c: Connection, lb_id: str, generation: int) -> None:
    """What is wanted up to `generation` is what runs. Needs `hold` before."""
    nothing_wrong = {"attempts": 0, "step": None, "reason": None, "remedy": None, "not_before": 0}
    plain.change(c, PROGRESS, {"load_balancer_id": lb_id}, settled=generation, **nothing_wrong)
