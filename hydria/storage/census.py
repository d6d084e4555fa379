"""How many there are of what, for metrics: a few statements over whole tables."""

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func, select
from sqlalchemy.exc import DBAPIError

from hydria.domain import kinds
from hydria.domain.amphora import AmphoraStatus
from hydria.storage import lists, tables
from hydria.storage.database import Database, Unavailable

P, A, J, V = tables.PROGRESS, tables.AMPHORA, tables.JOURNAL, tables.VERDICT
ROOT = tables.TREE["load_balancer"]


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment in numbers. Times are microseconds since 1970."""

    load_balancers: dict[str, int]  # by provisioning status
    amphorae: dict[str, int]  # by status
    refused: int  # objects the data plane does not take
    waiting: int  # load balancers that want work
    held: int  # of those, in the hands of a worker
    failing: int  # of those, whose last run failed
    oldest_wanted_at: int | None
    certificate_ends_at: int | None  # the first to end


def take(c: Connection, now: int) -> Census:
    """Count everything."""
    wants = P.c.wanted > P.c.settled
    jobs = c.execute(select(func.count(), _sum(P.c.owner != ""), _sum(P.c.attempts > 0)).where(wants)).one()
    oldest = select(func.min(J.c.at)).join_from(P, J, J.c.load_balancer_id == P.c.load_balancer_id)
    alive = A.c.status != AmphoraStatus.DELETED
    amphorae = c.execute(select(A.c.status, func.count()).where(alive).group_by(A.c.status))
    return Census(
        load_balancers=_load_balancers(c, now),
        amphorae={str(row[0]): row[1] for row in amphorae},
        refused=c.execute(select(func.count()).select_from(V)).scalar_one(),
        waiting=jobs[0],
        held=int(jobs[1] or 0),
        failing=int(jobs[2] or 0),
        oldest_wanted_at=c.execute(oldest.where(wants, J.c.generation > P.c.settled, J.c.entry == "write")).scalar(),
        certificate_ends_at=c.execute(select(func.min(A.c.cert_expiration)).where(alive)).scalar(),
    )


def owned(db: Database) -> tuple[int, int] | None:
    """How many load balancers there are, and of how many projects; None where that cannot be read, as from a damaged file.
    Closes the database.
    """
    asked = select(func.count(), func.count(func.distinct(ROOT.c.project_id))).where(ROOT.c.deleted == 0)
    try:
        load_balancers, projects = db.read(lambda c: c.execute(asked).one())
    except (DBAPIError, Unavailable):
        return None
    finally:
        db.close()
    return load_balancers, projects


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _load_balancers(c: Connection, now: int) -> dict[str, int]:
    status = lists.provisioning(kinds.LOADBALANCER, now).label("status")
    standing = (
        select(status)
        .select_from(ROOT.join(P, P.c.load_balancer_id == ROOT.c.id).outerjoin(V, V.c.object_id == ROOT.c.id))
        .subquery()
    )
    query = select(standing.c.status, func.count()).group_by(standing.c.status)
    return {str(row[0]): row[1] for row in c.execute(query)}
