"""The journal: who asked for what, and what the runs did about it."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from hydria.storage import plain, tables

JOURNAL = tables.JOURNAL
J = JOURNAL.c
REQUESTS = select(J.load_balancer_id, J.generation, J.request_id).where(
    J.load_balancer_id.in_(bindparam("roots", expanding=True)),
    J.generation.in_(bindparam("generations", expanding=True)),
    J.entry == "write",
    J.request_id.is_not(None),
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal; `changes` of a write is {attribute: [before, after]}, of a run a list of steps."""

    at: int
    load_balancer_id: str
    project_id: str
    generation: int
    entry: str  # write | run
    action: str
    kind: str
    object_id: str
    who: str
    request_id: str | None = None
    changes: Any = None
    outcome: str | None = None


def add(c: Connection, *entries: Entry) -> None:
    """Append entries."""
    plain.add(c, JOURNAL, [msgspec.structs.asdict(e) for e in entries])


def page(c: Connection, load_balancer_id: str, limit: int, before: int | None = None) -> list[tuple[int, Entry]]:
    """The newest entries of a load balancer with their numbers, newest first; only those before one of them."""
    query = select(JOURNAL).where(JOURNAL.c.load_balancer_id == load_balancer_id)
    if before is not None:
        query = query.where(JOURNAL.c.id < before)
    found = c.execute(query.order_by(JOURNAL.c.id.desc()).limit(limit)).mappings()
    return [(row["id"], Entry(**{k: v for k, v in row.items() if k != "id"})) for row in found]


def project(c: Connection, load_balancer_id: str) -> str | None:
    """Whose load balancer it is or was; None when the journal does not know it."""
    query = select(JOURNAL.c.project_id).where(JOURNAL.c.load_balancer_id == load_balancer_id)
    return c.execute(query.order_by(JOURNAL.c.id).limit(1)).scalar()


def requests(c: Connection, writes: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The request ids of writes, each known by its load balancer and generation."""
    wanted = set(writes)
    if not wanted:
        return {}
    asked = {"roots": list({lb for lb, _ in wanted}), "generations": list({g for _, g in wanted})}
    return {(row[0], row[1]): row[2] for row in c.execute(REQUESTS, asked)}


def of(c: Connection, load_balancer_id: str, limit: int = 100) -> list[Entry]:
    """The newest entries of a load balancer, newest first."""
    query = (
        select(JOURNAL).where(JOURNAL.c.load_balancer_id == load_balancer_id).order_by(JOURNAL.c.id.desc()).limit(limit)
    )
    return [Entry(**{k: v for k, v in row._mapping.items() if k != "id"}) for row in c.execute(query)]  # noqa: SLF001


def trim(c: Connection, entry: str, before: int, most: int = 1000) -> int:
    """Remove the oldest entries of a kind (`write`, `run`) from before a moment (microseconds); how many, at most a bite."""
    oldest = (
        select(JOURNAL.c.id).where(JOURNAL.c.entry == entry, JOURNAL.c.at < before).order_by(JOURNAL.c.id).limit(most)
    )
    found = list(c.execute(oldest).scalars())
    if found:
        c.execute(delete(JOURNAL).where(JOURNAL.c.id.in_(found)))
    return len(found)
