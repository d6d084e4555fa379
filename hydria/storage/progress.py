"""How far the work on a load balancer is, for those who wait for it."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from hydria.storage import tables

P = tables.PROGRESS.c
QUERY = select(P.wanted, P.settled, P.attempts).where(P.load_balancer_id == bindparam("wanted_id"))


class Standing(NamedTuple):
    """Generations wanted and settled, and how many runs have failed in a row."""

    wanted: int
    settled: int
    attempts: int


def standing(c: Connection, load_balancer_id: str) -> Standing | None:
    """How far it is; None when there is no such load balancer any more."""
    row = c.execute(QUERY, {"wanted_id": load_balancer_id}).first()
    return Standing(*row) if row else None
